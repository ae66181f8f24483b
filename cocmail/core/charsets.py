"""Bytes to text, whatever their label says.

Owns which labels are believed and in which order, and when the letters are asked instead. Refuses
to know where the bytes come from. Never raises. Called by
core.headers, core.mime, core.body, core.mail and core.opening.
"""

from __future__ import annotations

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases
from itertools import islice

from cocmail.core import rarer
from cocmail.core.central import of_central
from cocmail.core.unlabelled import CHARACTER, CLEARLY, SURELY, likely, mixed, relabelled

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
# Sets of Windows' that people write with under these labels: where they have letters and quotation
# marks, these have controls, which no text holds.
_OF_WINDOWS_FOR = {
    "iso8859-2": "cp1250",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_EURO = b"\xa4"  # of ISO 8859-15, for which the set of Windows has another sign
_SAYING_LITTLE = ("", "ascii", "utf-8", "cp1252")
_RARER = {
    "viscii": rarer.viscii,
    "viscii1.1-1": rarer.viscii,
    "csviscii": rarer.viscii,
    "euc-tw": rarer.euc_tw,
    "x-euc-tw": rarer.euc_tw,
    "iso-2022-cn": rarer.iso_2022_cn,
    "iso-2022-cn-ext": rarer.iso_2022_cn,
    "x-iso-2022-cn": rarer.iso_2022_cn,
}
_OF_WINDOWS = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|dos|ms|ms-?cp|microsoft-cp)[-_]?(\d{3,5})")
_UNKNOWN_TO_PYTHON = {
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "cswindows31j": "cp932",
    "sjis-win": "cp932",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-eucjp": "euc_jp",
    "eucjp-ms": "euc_jp",
    "eucjp-win": "euc_jp",
    "cp51932": "euc_jp",
    "iso-8859-6-i": "iso8859_6",
    "iso-8859-6-e": "iso8859_6",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "x-mac-cyrillic": "mac_cyrillic",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "cn-gb": "gb18030",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ksc_5601": "cp949",
    "koi8-ru": "koi8_u",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "latin-9": "iso8859_15",
    "x-mac-ce": "mac_latin2",
    "x-mac-centraleurroman": "mac_latin2",
    "x-mac-icelandic": "mac_iceland",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "unicode": "utf-16",
    "csunicode": "utf-16",
}
# Python keeps every name that it was ever asked for, known or not: it is asked for these alone.
_PYTHONS = frozenset(
    {
        *aliases.values(), "cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "koi8_t",
        "koi8_u", "mac_arabic", "mac_croatian", "mac_farsi", "mac_romanian", "utf_8_sig",
    }
)  # fmt: skip
_LONGEST = 100  # letters of a label and of the comment that RFC 822 lets stand behind anything
_OF_A_PAGE = re.compile(
    rb"""<(?:meta\b[^>]{0,300}?\bcharset|\?xml\b[^>]{0,100}?\bencoding)\s*=\s*["']?\s*"""
    rb"""([a-z0-9_.:-]{2,40})""",
    re.IGNORECASE,
)
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PRINTED = bytes(n in b"\t\n\r" or 0x20 <= n < 0x7F for n in range(256))
_NOBODYS = re.compile("[\x00\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff]")  # in private use, or none
_JAPANESE = re.compile(rb"\x1b(?:\$[@B]|\([BIJ])")
_KOREAN = b"\x1b$)C"
_CHINESE = re.compile(rb"~\{((?:[!-w][!-~]){1,300})~\}")
_FEW_RUNS = 40
# Other letters up to the next mark or the end of the line (RFC 1468), and two bytes of them
_SHIFTED = re.compile(rb"\x1b(\$[@AB]|\$?\([A-Z]|[.$]?[A-Z])([^\x1b\n]*)")
_PAIR = re.compile(rb"([!-~])([!-~])")
_HALF = bytes(n | 0x80 if n > 0x20 else n for n in range(128)) + bytes(range(128, 256))
# No text's, but chance's: control characters; where a byte is a letter, also signs that hardly
# anybody writes, and a capital within a word.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
_SIGN = re.compile(f"{_CONTROL.pattern}|[¢¤-¦¨-ª¬®¯±-³µ¶¸-º¼-¾×÷ƒˆ†‡•‰‹›˜™]|(?<=[a-zß-ÿ])[A-ZÀ-Þ]")
_CUT = re.compile(rb"\A[\x80-\xbf]{1,3}|[\xc2-\xf4][\x80-\xbf]{0,2}\Z")
_PIECE = 12  # bytes, from which on it is no wonder if it begins or ends within a character


def decode(data: bytes, label: str = "", *, asking: bool = True) -> str:
    """Text from bytes: UTF-8 where they are that, else what the label says, else what its letters
    say (core.unlabelled), else Windows-1252, which also stands for single bytes among UTF-8 that
    are none. The label of Western European is doubted too: programs put it on everything; and one
    of Cyrillic or Central European letters, where these are plainly another set's.

    A wrong label is the commonest fault of all; text that is whole UTF-8 is never anything else
    by chance, but for the multi-byte and stateful sets of `_LABEL_FIRST`. Even of those a text in
    16 or 32 bits a character has zero bytes: where there are none, its label is wrong. A text of
    two-byte letters is UTF-8 by chance where it is some letters short, and then they stand by
    themselves; in a word of ASCII letters they are what UTF-8 says.

    ``asking``: its letters are asked, which takes a millisecond: not for each of many pieces. A
    byte-order mark counts in a whole text alone, or where the label says so too: a name that
    begins with one isn't read otherwise than by the mail program that gets it.
    """
    if (read := _RARER.get(_plain(label))) and (data.isascii() or not _is_utf8(data)):
        return _told(read(data))
    codec = codec_of(label)
    if codec.startswith(("utf-16", "utf-32", "utf_16", "utf_32")) and b"\0" not in data:
        codec = ""
    if codec == "utf-16" and not data.startswith(tuple(bom for bom, _ in _BOMS)):
        # Unmarked it should be the one (RFC 2781 section 4.3), and mostly is the other.
        codec = "utf-16-be" if data[::2].count(0) > data[1::2].count(0) else "utf-16-le"
    if codec in ("", "ascii", "utf-8") and (asking or codec_of(label).startswith("utf-16")):
        codec = next((found for bom, found in _BOMS if _is_utf16(data, bom)), codec)
    if data.isascii() and not codec.startswith("iso2022") and _JAPANESE.search(data):
        codec = "iso2022_jp_2"
    if asking and codec in _SAYING_LITTLE and data.isascii():
        codec = _stateful(data) or codec
    if asking and not data.isascii():
        codec = _righted(data, codec)
    first = _LABEL_FIRST.match(codec) and not (_TWO_BYTES.match(codec) and _is_utf8(data))
    order = [codec, "utf-8"] if codec and first else ["utf-8", codec]
    if codec in _SAYING_LITTLE and not data.isascii():
        return _told(_doubted(data, codec, asking))
    if codec.startswith("iso2022_jp") or (data.isascii() and codec.startswith(("iso2022", "hz"))):
        order = [codec]  # its letters are other people's signs
    text = _whole(data, *order)
    if text is None and codec.startswith("iso2022_jp"):
        text = _japanese(data)
    if text is None and asking and _TWO_BYTES.match(codec):
        text = _whole(data, likely(data))  # its label can't be right
    if text is None:
        text = data.decode(codec, "replace")
    return _told(text)


def _whole(data: bytes, *codecs: str) -> str | None:
    """What it says by the first of these by which all of it is text."""
    for codec in filter(None, codecs):
        try:
            return data.decode(codec)
        except ValueError:
            continue
    return None


def _doubted(data: bytes, codec: str, asking: bool) -> str:
    """Not ASCII, under no label, or one that is on everything."""
    try:
        return data.decode("utf-8")
    except UnicodeError:
        pass
    if asking and (found := likely(data, SURELY if codec == "cp1252" else CLEARLY)):
        return data.decode(found, "replace")
    try:
        return data.decode(codec if codec == "cp1252" else "ascii")
    except UnicodeError:
        return mixed(data)


def _stateful(data: bytes) -> str:
    """Korean (RFC 1557) or Chinese (RFC 1843) in ASCII's bytes, "" where it is neither."""
    if _KOREAN in data:
        return "iso2022_kr"
    pairs = b" ".join(found[1] for found in islice(_CHINESE.finditer(data), _FEW_RUNS))
    return "hz" if likely(bytes(b | 0x80 if b > 0x20 else b for b in pairs)) == "gb18030" else ""


def of_page(data: bytes, label: str) -> str:
    """The label of a page of HTML, or where that says nothing, the page's own (HTML, section
    13.2.3.2)."""
    found = _OF_A_PAGE.search(data[:2048]) if codec_of(label) in ("", "ascii") else None
    return found[1].decode("ascii") if found else label


def of_text(data: bytes, label: str) -> str:
    """The label of a text, or what its letters say where that says nothing, or is plainly wrong."""
    if not says(label):
        return likely(data)
    codec = codec_of(label)
    right = _righted(data, codec)
    return label if right == codec else right


def _righted(data: bytes, codec: str) -> str:
    """The label's codec, or the one that is plainly meant."""
    more = _OF_WINDOWS_FOR.get(codec, "")
    told = _CONTROLS.search(data)
    fits = told and not (codec == "iso8859-15" and _EURO in data)
    if more and fits and _whole(data, more) is not None:
        return more
    central = "" if told else of_central(data, codec)  # of ISO's sets none has these bytes
    return relabelled(data, codec) or central or codec


def says(label: str) -> bool:
    """Whether it is the name of a charset for other letters than English ones."""
    return codec_of(label) not in ("", "ascii") or _plain(label) in _RARER


def strange(data: bytes, label: str = "") -> float:
    """How much of a text is nothing that texts are made of, from 0 to 1: whether it is one at all,
    or what came about when something else was decoded."""
    codec = codec_of(label)
    inner = data if len(data) < _PIECE else _CUT.sub(b"", data)
    if not inner:
        return 0.0
    if not _LABEL_FIRST.match(codec):
        foreign = len(CHARACTER.sub(b"", inner))
        if not foreign or codec in ("", "ascii", "utf-8"):
            text = mixed(inner)
            return (foreign + len(_CONTROL.findall(text))) / len(text)
    text = decode(inner, label)
    return len(_SIGN.findall(text)) / len(text) if text else 0.0


def _is_utf16(data: bytes, mark: bytes) -> bool:
    """Whether what follows this mark is what it says, and not other text with two bytes before
    it: those are, read so, letters of China or of nobody."""
    if not data.startswith(mark):
        return False
    rest = data[2:]
    pairs, odd = divmod(len(rest), 2)
    zeros = rest.count(0)
    if odd and zeros * 4 < len(rest):
        return False
    plain = rest.translate(_PRINTED)
    both = int.from_bytes(plain[::2][:pairs]) & int.from_bytes(plain[1::2])
    if both.bit_count() * 2 > pairs or (not zeros and _whole(rest, "utf-8") is not None):
        return False
    text = _whole(data[: 2 + 2 * pairs], "utf-16")
    return text is not None and len(_NOBODYS.findall(text)) * 8 <= pairs


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
        out.append(mixed(data[at : run.start()]))
        at, letters = run.end(), run[2]
        if run[1] in (b"$B", b"$@"):
            out.append(_PAIR.sub(_as_shift_jis, letters).decode("cp932", "replace"))
        elif run[1] == b"(I":
            out.append(letters.translate(_HALF).decode("cp932", "replace"))
        elif run[1].startswith(b"("):
            out.append(mixed(letters))
        else:
            out.append(run[0].decode("iso2022_jp_2", "replace"))
    out.append(mixed(data[at:]))
    return "".join(out)


def _as_shift_jis(pair: re.Match[bytes]) -> bytes:
    row, cell = pair[0]
    half = (row + 1) // 2
    first = half + (0x70 if row < 0x5F else 0xB0)
    if row % 2:
        return bytes((first, cell + (0x1F if cell < 0x60 else 0x20)))
    return bytes((first, cell + 0x7E))


def codec_of(label: str) -> str:
    """The name of Python's codec for it, "" where there is none or it is no charset."""
    label = _plain(label)
    if not _LABEL.fullmatch(label):
        return ""
    page = _OF_WINDOWS.fullmatch(label)
    known = _UNKNOWN_TO_PYTHON.get(label) or (f"cp{page[1]}" if page else label)
    known = normalize_encoding(known)
    known = aliases.get(known) or aliases.get(known.replace(".", "_"), known)
    if known not in _PYTHONS:
        return ""
    try:
        name = codecs.lookup(known).name
    except (LookupError, ValueError):
        return ""
    return "" if name.lower() in _REFUSED else _WIDER.get(name.lower(), name.lower())


def _plain(label: str) -> str:
    return label[:_LONGEST].partition("(")[0].strip().strip("\"'").lower()
