"""The mail within an opaque signature (S/MIME, RFC 8551 section 3.5.2): signed, and not encrypted.

Owns where its bytes stand (RFC 5652 section 5, in BER, X.690 section 8). Refuses to check the
signature: whoever reads the words learns that nobody did. Never raises, and takes the time
of so many pieces at most. Called by core.body, core.mail and core.attached.
"""

from __future__ import annotations

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # its OID
_SEQUENCE, _OCTETS, _IN_PIECES, _HELD = 0x30, 0x04, 0x24, 0xA0
_ENDS = b"\0\0"  # what began without a length
_DEEPEST = 10
# Pieces that any may have, and bytes that each has where they are more: programs write a thousand.
_FEW, _PIECE = 64, 256
_BEFORE = 512  # bytes of what stands before the content and says what it is
_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")


def is_smime(content_type: str, name: str) -> bool:
    """By what it says of itself: signed or encrypted."""
    return content_type in _TYPES or name.lower().endswith(".p7m")


def is_signed(begins: bytes) -> bool:
    """By its first bytes."""
    return begins[:1] == b"\x30" and _SIGNED_DATA in begins[:18]


def within(data: bytes) -> bytes | None:
    """What is signed; None where it isn't there or can't be found."""
    try:
        info, _ = _enter(data, 0, _SEQUENCE)
        if not data.startswith(_SIGNED_DATA, info):
            return None
        held, _ = _enter(data, info + len(_SIGNED_DATA), _HELD)
        version, _ = _enter(data, held, _SEQUENCE)
        content, _ = _enter(data, _behind(data, _behind(data, version)), _SEQUENCE)
        at, _ = _enter(data, _behind(data, content), _HELD)
        pieces: list[bytes] = []
        _octets(data, at, pieces, 0)
        return b"".join(pieces)
    except (IndexError, ValueError):
        return None


def _enter(data: bytes, at: int, tag: int | None = None) -> tuple[int, int | None]:
    """Where what it holds begins and ends; None: only marks tell where."""
    if tag is not None and data[at] != tag:
        raise ValueError
    size = data[at + 1]
    begin = at + 2
    if size == 0x80:
        return begin, None
    if size > 0x80:
        count = size - 0x80
        if count > 8 or begin + count > len(data):
            raise ValueError
        size = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + size > len(data):
        raise ValueError
    return begin, begin + size


def _behind(data: bytes, at: int, deep: int = 0) -> int:
    """Where the next one begins."""
    begin, end = _enter(data, at)
    if end is not None:
        return end
    if deep > _DEEPEST:
        raise ValueError
    while not data.startswith(_ENDS, begin):
        if begin > at + _BEFORE:
            raise ValueError
        begin = _behind(data, begin, deep + 1)
    return begin + len(_ENDS)


def _octets(data: bytes, at: int, pieces: list[bytes], deep: int) -> int:
    """Takes a string, whole or in pieces; gives where the next thing begins."""
    begin, end = _enter(data, at)
    if data[at] == _OCTETS and end is not None:
        pieces.append(data[begin:end])
        return end
    pieces.append(b"")  # counted, too
    if data[at] != _IN_PIECES or deep > _DEEPEST:
        raise ValueError
    while begin < end if end is not None else not data.startswith(_ENDS, begin):
        if len(pieces) > _FEW + len(data) // _PIECE:
            raise ValueError
        begin = _octets(data, begin, pieces, deep + 1)
    return begin if end is not None else begin + len(_ENDS)
