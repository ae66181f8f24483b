"""What a mail may measure before it is taken apart (mail.md, section 6).

Owns the limits and one cheap look over a mail's bytes that holds them: sizes, the header's lines,
the lines that may border parts, runs of white space under a signature. Every search in it is
linear, whoever chose the bytes. Parts and depth are counted where the borders are joined to
parts (core.mime), before anything is decoded. Refuses to know what the mail says. Called by
core.mail and by adapters that check signatures or choose where a mail is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cocmail.core import headers
from cocmail.core.headers import Header

_BORDERS_A_PART = 500  # lines that begin with -- and border nothing, as in a patch
_BLANK = b" \t"


class TooMuchError(Exception):
    """A limit was passed; its text says which and quotes nothing."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What we take apart; a mail beyond is kept whole and shown to a human."""

    size: int = 50_000_000  # bytes of all of it: memory, and time in everything that looks
    header: int = 65_536  # bytes of a header, a part's too: decoding of names, checks of signatures
    line: int = 8_192  # bytes of one line of the header: the same
    white_space: int = 10_000  # blanks in a row under a signature: checks that take their square
    parts: int = 200  # a listing nobody can read; a store of tiny blobs
    depth: int = 20  # recursion
    text: int = 200_000  # bytes of text that are shown: letters to members are made of it


@dataclass(frozen=True, kw_only=True)
class Usual:
    """Within these a mail costs some milliseconds to read, whatever it holds; beyond them it is
    read where reading can be stopped."""

    size: int = 200_000
    header: int = 16_384
    borders: int = 100
    tags: int = 2_000  # of HTML, or what begins like one
    white_space: int = 500
    page: int = 60_000  # characters of HTML, however they are encoded
    tag: int = 4_096  # of one tag


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A mail within limits, as the one look over it found it."""

    header: Header = field(repr=False)
    borders: Mapping[bytes, tuple[int, ...]] = field(repr=False)  # a line behind --: where it is
    usual: bool


def survey(raw: bytes, limits: Limits = Limits(), usual: Usual = Usual()) -> Survey:
    """Look a mail over. Raises TooMuchError where it is beyond a limit."""
    if len(raw) > limits.size:
        raise TooMuchError("It is larger than we open.")
    header = headers.split(raw, 0, header_end(len(raw), 0, limits))
    if header.body > limits.header:
        raise TooMuchError("Its header is larger than we open.")
    if any(len(line) > limits.line for line in raw[: header.body].split(b"\n")):
        raise TooMuchError("A line of its header is longer than we open.")
    if header.has("dkim-signature") and has_run(raw, limits.white_space + 1):
        raise TooMuchError("It holds more white space in a row than we check a signature over.")
    borders = _borders(raw, header.body, limits.parts * _BORDERS_A_PART)
    return Survey(
        header=header,
        borders=borders,
        usual=len(raw) <= usual.size
        and header.body <= usual.header
        and sum(map(len, borders.values())) <= usual.borders
        and raw.count(b"<") <= usual.tags
        and not has_run(raw, usual.white_space + 1),
    )


def header_end(size: int, start: int, limits: Limits) -> int:
    """As far as a header that begins at ``start`` is looked at: a line beyond the limit, so that
    what crosses it is seen to be a header's."""
    return min(size, start + limits.header + limits.line + 1)


def has_run(raw: bytes, length: int) -> bool:
    """Whether so many blanks or tabs stand in a row. A run of that length covers a multiple of
    it, so only there is it looked for."""
    for at in range(0, len(raw), length):
        if raw[at] in _BLANK:
            before, behind = raw[max(0, at - length) : at], raw[at : at + length]
            left = len(before) - len(before.rstrip(_BLANK))
            right = len(behind) - len(behind.lstrip(_BLANK))
            if left + right >= length:
                return True
    return False


def _borders(raw: bytes, start: int, most: int) -> dict[bytes, tuple[int, ...]]:
    found: dict[bytes, list[int]] = {}
    count = 0
    at = start if raw.startswith(b"--", start) else _next(raw, start)
    while at >= 0:
        count += 1
        if count > most:
            raise TooMuchError("It has more parts than we open.")
        end = raw.find(b"\n", at)
        line = raw[at + 2 : len(raw) if end < 0 else end]
        # RFC 2046 section 5.1.1: behind the delimiter white space may follow, nothing else
        found.setdefault(line.rstrip(), []).append(at)
        at = _next(raw, at + 2)
    return {line: tuple(places) for line, places in found.items()}


def _next(raw: bytes, start: int) -> int:
    found = raw.find(b"\n--", start)
    return found if found < 0 else found + 1
