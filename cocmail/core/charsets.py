"""Bytes to text, whatever their label says.

Owns which labels are believed and in which order. Refuses to know where the bytes come from.
Never raises. Called by core.headers and core.mime.
"""

from __future__ import annotations

import codecs
import re

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+()\-]{0,39}")

# Codecs of Python's that are no character sets, and UTF-7, which says with letters and signs what
# filters and people don't see (mail.md, section 6).
_REFUSED = frozenset(
    {
        "utf-7", "punycode", "idna", "unicode-escape", "unicode_escape", "raw-unicode-escape",
        "raw_unicode_escape", "undefined", "mbcs", "oem", "rot13", "rot-13", "base64", "bz2",
        "hex", "quopri", "uu", "zlib", "charmap", "palmos",
    }
)  # fmt: skip

# Where other bytes than UTF-8's can pass for UTF-8 by chance, the label comes first.
_LABEL_FIRST = re.compile(r"utf-?_?(16|32)|iso-?_?2022|gb|hz|big5|shift|euc|johab|cp9\d\d")


def decode(data: bytes, label: str = "") -> str:
    """Text from bytes: UTF-8 where they are that, else what the label says, else Windows-1252.

    A wrong label is the commonest fault of all; text that is whole UTF-8 is never anything else
    by chance, but for the multi-byte and stateful sets of `_LABEL_FIRST`.
    """
    codec = _codec(label)
    order = [codec, "utf-8"] if codec and _LABEL_FIRST.match(codec) else ["utf-8", codec]
    for name in order:
        if not name:
            continue
        try:
            return data.decode(name).replace("\0", "\ufffd")
        except (UnicodeError, ValueError):
            continue
    last = codec if codec and codec not in ("ascii", "utf-8") else "cp1252"
    try:
        text = data.decode(last, "replace")
    except (UnicodeError, ValueError):
        text = data.decode("latin-1")
    return text.replace("\0", "\ufffd")


def _codec(label: str) -> str:
    label = label.strip().strip("\"'")
    if not _LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(label).name.lower()
    except (LookupError, ValueError):
        return ""
    # WHATWG and every mail client read Latin-1 as its superset.
    return "" if name in _REFUSED else {"iso8859-1": "cp1252"}.get(name, name)
