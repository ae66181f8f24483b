"""Whether a mail says of itself that a machine wrote it: a look of the table's own.

It is small and apart from cocmail's on purpose: what judges the daemon can't ask the daemon.
"""

from __future__ import annotations

import re

_HEAD = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(.*?)(?:\r?\n[ \t]*\r?\n|\Z)", re.DOTALL)
_FOLD = re.compile(rb"\r?\n[ \t]+")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]*([^\r\n]*)", re.MULTILINE)
_MARKS = (
    (b"auto-submitted", re.compile(rb"(?!no\b)[\w-]")),  # RFC 3834 section 5
    (b"content-type", re.compile(rb"multipart/report\b")),  # RFC 6522
    (b"return-path", re.compile(rb"<[ \t]*>")),  # RFC 5321 section 4.5.5
    (b"precedence", re.compile(rb"(?:bulk|list|junk)\b")),
)


def mark(raw: bytes) -> str:
    """The first field by which it is a machine's, "" where no topmost field of these says so."""
    head = _HEAD.match(raw[:1_000_000])
    fields: dict[bytes, bytes] = {}
    for found in _FIELD.finditer(_FOLD.sub(b" ", head[1] if head else b"")):
        fields.setdefault(found[1].lower(), found[2].strip().lower())
    return next((name.decode() for name, says in _MARKS if says.match(fields.get(name, b""))), "")
