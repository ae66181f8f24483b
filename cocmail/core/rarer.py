"""Charsets of mail that Python doesn't have: VISCII, EUC-TW, ISO-2022-CN.

Owns their letters. Refuses to know labels. Never raises. Called by core.charsets.
"""

from __future__ import annotations

import re
from functools import cache

# RFC 1456: six in the place of control characters, and the upper half.
_VISCII = dict(zip(b"\x02\x05\x06\x14\x19\x1e", "ẲẴẪỶỸỴ", strict=True)) | dict(
    enumerate(
        "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
        "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ",
        0x80,
    )
)
# CNS 11643 has Big5's characters, nearly in its order: from which of a plane's, from which of
# Big5's, and how many go on so. Made from glibc's tables.
_FIRST_PLANE = (
    "0 0 5, 6 6 8, 15 15 6, 21 23 2, 24 22 1, 29 29 44, 73 74 1, 74 73 1, 75 75 22, 98 98 1, "
    "100 100 27, 127 128 1, 128 127 1, 129 129 19, 148 149 1, 149 148 1, 150 150 4, 155 21 1, "
    "156 158 2, 160 160 1, 162 162 1, 165 165 69, 282 234 29, 312 264 1, 314 266 142, "
    "470 6101 20, 3290 471 1412, 4702 1884 424, 5126 1883 1, 5127 2308 1876, 7003 4571 1, "
    "7004 4184 387, 7391 4572 525, 7916 5286 1, 7917 5097 105, 8023 5203 83, 8106 5287 84, "
    "8190 5517 1, 8191 5371 54, 8245 5426 1, 8246 5425 1, 8247 5427 90, 8337 5518 354"
)
_SECOND_PLANE = (
    "0 6280 10, 10 6291 33, 43 6372 1, 44 6324 48, 92 6373 46, 138 6586 1, 139 6419 167, "
    "306 6587 1840, 2146 9074 1, 2147 8428 108, 2255 8537 537, 2792 8427 1, 2793 9075 100, "
    "2893 8536 1, 2894 9175 399, 3293 9575 1637, 4930 11761 1, 4931 11212 146, 5077 11899 1, "
    "5078 11358 287, 5365 12508 1, 5366 11645 116, 5482 11762 137, 5619 11900 104, "
    "5723 12425 1, 5724 12004 222, 5946 12227 198, 6144 12426 82, 6226 12509 86, "
    "6312 12226 1, 6313 12595 8, 6321 12604 153, 6474 12758 56, 6530 13114 1, 6531 12814 113, "
    "6644 12603 1, 6645 12927 142, 6787 12757 1, 6788 13069 45, 6833 13115 71, 6904 13380 1, "
    "6905 13186 194, 7099 13381 490, 7589 13914 1, 7590 13871 43, 7633 13915 1, "
    "7634 13917 11, 7645 13916 1, 7646 13928 4"
)
_PLANES = (_FIRST_PLANE, _SECOND_PLANE)
_EUC = re.compile(
    rb"\x8e([\xa1-\xb0])([\xa1-\xfe]{2})|([\xa1-\xfe]{2})|([\x00-\x7f]+)|.", re.DOTALL
)
# RFC 1922: a set is named until the end of the line, and shifted to.
_NAMED = re.compile(
    rb"\x1b\$\)([AG])|\x1b\$\*H|(\x0e)|(\x0f)|(\r?\n)|\x1bN([!-~]{2})|([^\x1b\x0e\x0f\n]+|.)"
)
_PAIRS = re.compile(rb"[!-~]{2}")
_NONE = "\ufffd"


def viscii(data: bytes) -> str:
    """Vietnamese."""
    return data.decode("latin-1").translate(_VISCII)


def euc_tw(data: bytes) -> str:
    """Traditional Chinese."""
    return "".join(_of_euc(found) for found in _EUC.finditer(data))


def _of_euc(found: re.Match[bytes]) -> str:
    plane, further, first, ascii_ = found.groups()
    if ascii_ is not None:
        return ascii_.decode("ascii")
    if further is not None:
        return _of_plane(plane[0] - 0xA1, further) if plane <= b"\xa2" else _NONE
    return _of_plane(0, first) if first is not None else _NONE


def iso_2022_cn(data: bytes) -> str:
    """Chinese of either kind."""
    out: list[str] = []
    letters, shifted = b"A", False
    for found in _NAMED.finditer(data):
        named, out_, in_, end, single, said = found.groups()
        if named is not None:
            letters = named
        elif out_ is not None or in_ is not None:
            shifted = in_ is None
        elif end is not None:
            out.append("\n")
            shifted = False
        elif single is not None:
            out.append(_of_plane(1, single))
        elif said is not None:
            out.append(_shifted(said, letters) if shifted else said.decode("ascii", "replace"))
    return "".join(out)


def _shifted(said: bytes, letters: bytes) -> str:
    pairs = _PAIRS.findall(said)
    if letters == b"G":
        return "".join(_of_plane(0, pair) for pair in pairs)
    return bytes(byte | 0x80 for byte in b"".join(pairs)).decode("gb2312", "replace")


def _of_plane(plane: int, pair: bytes) -> str:
    return _letters(plane).get(((pair[0] & 0x7F) - 0x21) * 94 + (pair[1] & 0x7F) - 0x21, _NONE)


@cache
def _letters(plane: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for run in _PLANES[plane].split(","):
        first, same, count = map(int, run.split())
        for n in range(count):
            row, cell = divmod(same + n, 157)
            big5 = bytes((row + 0xA1, cell + (0x40 if cell < 63 else 0x62)))
            found[first + n] = big5.decode("big5", "replace")
    return found
