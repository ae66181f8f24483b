"""Bytes to text, whatever their label says.

Owns which labels are believed and in which order. Refuses to know where the bytes come from.
Never raises. Called by core.headers and core.mime.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

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
_TWO_BYTES = re.compile(r"gb|big5|shift|euc|johab|cp9\d\d")
_LABEL_FIRST = re.compile(r"utf-?_?(16|32)|iso-?_?2022|gb|hz|big5|shift|euc|johab|cp9\d\d")


# Two bytes that are a letter of those sets can be one of UTF-8 too: few in a row, and none of the
# three bytes that most scripts take there.
_FEW = 3
_OTHER = re.compile(r"[^\x00-\x7f]")
_ALONE = re.compile(r"(?<![A-Za-z])[\x80-\u07ff]+(?![A-Za-z])")

# What is sent under these labels is what the wider set holds (WHATWG, Encoding, section 4.2).
_WIDER = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
}
_UNKNOWN_TO_PYTHON = {
    "ks_c_5601-1987": "cp949",
    "windows-949": "cp949",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "cp-850": "cp850",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "x-mac-cyrillic": "mac_cyrillic",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "x-ms-cp932": "cp932",
    "windows-936": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "cn-gb": "gb18030",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "windows-950": "cp950",
    "ksc_5601": "cp949",
    "x-windows-949": "cp949",
    "cp-1251": "cp1251",
    "win-1251": "cp1251",
    "koi8-ru": "koi8_u",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "latin-9": "iso8859_15",
    "x-mac-ce": "mac_latin2",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    **{f"x-cp125{n}": f"cp125{n}" for n in range(9)},
}
_COMMENT = re.compile(r"\s+\(.*", re.DOTALL)  # as RFC 822 lets one stand behind anything
_OF_A_PAGE = re.compile(
    rb"""<(?:meta\b[^>]{0,300}?\bcharset|\?xml\b[^>]{0,100}?\bencoding)\s*=\s*["']?\s*"""
    rb"""([a-z0-9_.:-]{2,40})""",
    re.IGNORECASE,
)
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_JAPANESE = re.compile(rb"\x1b(?:\$[@B]|\([BIJ])")
# Other letters up to the next mark or the end of the line (RFC 1468), and two bytes of them
_SHIFTED = re.compile(rb"\x1b(\$[@AB]|\$?\([A-Z]|[.$]?[A-Z])([^\x1b\n]*)")
_PAIR = re.compile(rb"([!-~])([!-~])")
_HALF = bytes(n | 0x80 if n > 0x20 else n for n in range(128)) + bytes(range(128, 256))
# A character of UTF-8 (RFC 3629 section 4), or what is none.
_CHARACTER = re.compile(
    rb"(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    rb"|\xf4[\x80-\x8f][\x80-\xbf]{2})+"
)

# No text's, but chance's: control characters; where a byte is a letter, also signs that hardly
# anybody writes, and a capital within a word.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
_SIGN = re.compile(f"{_CONTROL.pattern}|[¢¤-¦¨-ª¬®¯±-³µ¶¸-º¼-¾×÷ƒˆ†‡•‰‹›˜™]|(?<=[a-zß-ÿ])[A-ZÀ-Þ]")
_CUT = re.compile(rb"\A[\x80-\xbf]{1,3}|[\xc2-\xf4][\x80-\xbf]{0,2}\Z")
_PIECE = 12  # bytes, from which on it is no wonder if it begins or ends within a character


def decode(data: bytes, label: str = "") -> str:
    """Text from bytes: UTF-8 where they are that, else what the label says, else Windows-1252,
    which also stands for single bytes among UTF-8 that are none.

    A wrong label is the commonest fault of all; text that is whole UTF-8 is never anything else
    by chance, but for the multi-byte and stateful sets of `_LABEL_FIRST`. Even of those a text in
    16 or 32 bits a character has zero bytes: where there are none, its label is wrong. A text of
    two-byte letters is UTF-8 by chance where it is some letters short, and then they stand by
    themselves; in a word of ASCII letters they are what UTF-8 says.
    """
    codec = _codec(label)
    if codec.startswith(("utf-16", "utf-32", "utf_16", "utf_32")) and b"\0" not in data:
        codec = ""
    if codec == "utf-16" and not data.startswith(tuple(bom for bom, _ in _BOMS)):
        # Unmarked it should be the one (RFC 2781 section 4.3), and mostly is the other.
        codec = "utf-16-be" if data[::2].count(0) > data[1::2].count(0) else "utf-16-le"
    if codec in ("", "ascii", "utf-8"):
        codec = next((found for bom, found in _BOMS if data.startswith(bom)), codec)
    if data.isascii() and not codec.startswith("iso2022") and _JAPANESE.search(data):
        codec = "iso2022_jp_2"
    first = _LABEL_FIRST.match(codec) and not (_TWO_BYTES.match(codec) and _is_utf8(data))
    order = [codec, "utf-8"] if codec and first else ["utf-8", codec]
    if codec.startswith("iso2022_jp") or (data.isascii() and codec.startswith(("iso2022", "hz"))):
        order = [codec]  # its letters are other people's signs
    for name in order:
        if not name:
            continue
        try:
            return _told(data.decode(name))
        except (UnicodeError, ValueError):
            continue
    if codec in ("", "ascii", "utf-8", "cp1252"):
        return _told(_mixed(data))
    if codec.startswith("iso2022_jp"):
        return _told(_japanese(data))
    try:
        return _told(data.decode(codec, "replace"))
    except (UnicodeError, ValueError):
        return _told(data.decode("latin-1"))


def of_page(data: bytes, label: str) -> str:
    """The label of a page of HTML, or where that says nothing, the page's own (HTML, section
    13.2.3.2)."""
    found = _OF_A_PAGE.search(data[:2048]) if _codec(label) in ("", "ascii") else None
    return found[1].decode("ascii") if found else label


def strange(data: bytes, label: str = "") -> float:
    """How much of a text is nothing that texts are made of, from 0 to 1: whether it is one at all,
    or what came about when something else was decoded."""
    codec = _codec(label)
    inner = data if len(data) < _PIECE else _CUT.sub(b"", data)
    if not inner:
        return 0.0
    if not _LABEL_FIRST.match(codec):
        foreign = len(_CHARACTER.sub(b"", inner))
        if not foreign or codec in ("", "ascii", "utf-8"):
            text = _mixed(inner)
            return (foreign + len(_CONTROL.findall(text))) / len(text)
    text = decode(inner, label)
    return len(_SIGN.findall(text)) / len(text) if text else 0.0


def _is_utf8(data: bytes) -> bool:
    """Whatever its label of two-byte letters says."""
    try:
        text = data.decode("utf-8")
    except UnicodeError:
        return False
    others = [found[0] for found in islice(_OTHER.finditer(text), _FEW + 1)]  # no more are needed
    return len(others) > _FEW or any(o > "\u07ff" for o in others) or not _ALONE.search(text)


def _told(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\0", "\ufffd")


def _japanese(data: bytes) -> str:
    """As it is sent: mail programs use letters of Windows-31J that its standard doesn't have, such
    as circled numbers and some of names (WHATWG, Encoding, section 12.2), and lists put their
    footer below, in UTF-8."""
    out: list[str] = []
    at = 0
    for run in _SHIFTED.finditer(data):
        out.append(_mixed(data[at : run.start()]))
        at, letters = run.end(), run[2]
        if run[1] in (b"$B", b"$@"):
            out.append(_PAIR.sub(_as_shift_jis, letters).decode("cp932", "replace"))
        elif run[1] == b"(I":
            out.append(letters.translate(_HALF).decode("cp932", "replace"))
        elif run[1].startswith(b"("):
            out.append(_mixed(letters))
        else:
            out.append(run[0].decode("iso2022_jp_2", "replace"))
    out.append(_mixed(data[at:]))
    return "".join(out)


def _as_shift_jis(pair: re.Match[bytes]) -> bytes:
    row, cell = pair[0]
    half = (row + 1) // 2
    first = half + (0x70 if row < 0x5F else 0xB0)
    if row % 2:
        return bytes((first, cell + (0x1F if cell < 0x60 else 0x20)))
    return bytes((first, cell + 0x7E))


def _mixed(data: bytes) -> str:
    """Two programs have written it: what is UTF-8 is read as that, the rest as Windows-1252."""
    out: list[str] = []
    at = 0
    for found in _CHARACTER.finditer(data):
        out.append(data[at : found.start()].decode("cp1252", "replace"))
        out.append(found[0].decode("utf-8", "replace"))
        at = found.end()
    out.append(data[at:].decode("cp1252", "replace"))
    return "".join(out)


def _codec(label: str) -> str:
    label = _COMMENT.sub("", label).strip().strip("\"'")
    if not _LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(_UNKNOWN_TO_PYTHON.get(label.lower(), label)).name.lower()
    except (LookupError, ValueError):
        return ""
    return "" if name in _REFUSED else _WIDER.get(name, name)
