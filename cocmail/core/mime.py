"""The parts of a mail's body (RFC 2045 to 2049, 2183, 2231), within limits.

Owns the walk over multiparts, what a part says of itself, and the undoing of transfer encodings.
It is our own walk rather than the standard library's because every limit must hold while we
walk: `email` recurses as deep and splits as often as the sender likes (mail.md, section 6).
The lines that may border parts were found before, once for all depths (core.limits). Refuses to
know what the parts mean. Called by core.mail.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_to_bytes

from cocmail.core.charsets import decode
from cocmail.core.headers import Header, readable, split, unbase64
from cocmail.core.limits import Limits, Survey, TooMuchError, header_end

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+\-]{1,80}/[a-z0-9!#$&^_.+\-]{1,80}")
_CONTINUED = re.compile(r"(.+?)\*(?:(\d{1,3})(\*)?)?")
_MAX_VALUE = 8192  # of a Content-Type or Content-Disposition
IDENTITY = frozenset({"", "7bit", "8bit", "binary"})

_LINE = 40  # letters in a row that are base64 and no word
_LONG = re.compile(rb"[A-Za-z0-9+/]{%d}" % _LINE)
_BLOCK = re.compile(  # from a long line on, as far as nothing else stands between
    rb"^[A-Za-z0-9+/]{%d}[A-Za-z0-9+/=]*+[ \t\r]*+(?:\n|\Z)"
    rb"(?:[A-Za-z0-9+/=]*+[ \t\r]*+\n)*+(?:[A-Za-z0-9+/=]++[ \t\r]*+\Z)?" % _LINE,
    re.MULTILINE,
)
_SHORT = re.compile(rb"\s*([A-Za-z0-9+/]+={0,2})[ \t\r]*+(?:\n|\Z)")
_PADDED = re.compile(rb"[^=]+=*\s*")
_MOST_BLOCKS = 100
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffd]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part: a leaf, or a multipart with its children."""

    content_type: str
    declared: bool  # its header has a Content-Type
    parameters: Mapping[str, str]
    encoding: str  # Content-Transfer-Encoding, lower case
    disposition: str  # "", "inline", "attachment"
    name: str  # of the file, decoded
    start: int  # its body, in the bytes of the mail
    end: int
    parents: tuple[str, ...]  # the content types of the multiparts around it, outermost first
    opens: bool  # it begins its multipart: nothing but a delimiter stands before its header
    children: tuple[Part, ...] = ()

    def leaves(self) -> Iterator[Part]:
        if self.children:
            for child in self.children:
                yield from child.leaves()
        else:
            yield self


def walk(raw: bytes, survey: Survey, limits: Limits) -> Part:
    """The tree of parts of the mail that was looked over. Raises TooMuchError."""
    return _Walker(raw, survey.borders, limits).part(
        survey.header, survey.header.body, len(raw), (), True
    )


class _Walker:
    def __init__(
        self, raw: bytes, borders: Mapping[bytes, tuple[int, ...]], limits: Limits
    ) -> None:
        self._raw, self._borders, self._limits = raw, borders, limits
        self._left = limits.parts

    def part(
        self, header: Header, start: int, end: int, parents: tuple[str, ...], opens: bool
    ) -> Part:
        self._left -= 1
        if self._left < 0:
            raise TooMuchError("It has more parts than we open.")
        content_type, parameters = value_and_parameters(header.first("content-type"))
        declared = bool(content_type)
        if not _TYPE.fullmatch(content_type):
            # RFC 2045 section 5.2, RFC 2046 section 5.1.5
            digest = parents and parents[-1] == "multipart/digest"
            content_type = "message/rfc822" if digest else "text/plain"
        disposition, more = value_and_parameters(header.first("content-disposition"))
        children: tuple[Part, ...] = ()
        if content_type.startswith("multipart/") and parameters.get("boundary"):
            children = self._children(parameters["boundary"], start, end, (*parents, content_type))
        return Part(
            content_type=content_type,
            declared=declared,
            parameters=parameters,
            encoding=header.first("content-transfer-encoding").lower().partition(";")[0].strip(),
            disposition=disposition if disposition in ("", "inline") else "attachment",
            name=readable(more.get("filename") or parameters.get("name") or ""),
            start=start,
            end=end,
            parents=parents,
            opens=opens,
            children=children,
        )

    def _children(
        self, boundary: str, start: int, end: int, parents: tuple[str, ...]
    ) -> tuple[Part, ...]:
        if len(parents) > self._limits.depth:
            raise TooMuchError("Its parts are nested deeper than we open.")
        children: list[Part] = []
        began = -1
        first = True
        for line, last in self._delimiters(boundary, start, end):
            if began >= 0:
                children.append(self._child(began, line, parents, first))
                first = False
            elif line != start:
                first = False  # a preamble
            newline = self._raw.find(b"\n", line, end)
            began = end if newline < 0 else newline + 1
            if last:
                return tuple(children)
        if began >= 0:  # no closing delimiter: cut off on the way, and shown as far as it goes
            children.append(self._child(began, end, parents, first))
        return tuple(children)

    def _delimiters(self, boundary: str, start: int, end: int) -> list[tuple[int, bool]]:
        """(where the delimiter's line begins, whether it closes), in order"""
        mark = boundary.encode("utf-8", "surrogateescape").rstrip()
        found: list[tuple[int, bool]] = []
        for line, last in ((mark, False), (mark + b"--", True)):
            places = self._borders.get(line, ())
            first, behind = bisect_left(places, start), bisect_left(places, end)
            found += [(place, last) for place in places[first:behind]]
        return sorted(found)

    def _child(self, start: int, end: int, parents: tuple[str, ...], opens: bool) -> Part:
        # The line end before a delimiter belongs to the delimiter.
        if end > start and self._raw[end - 1 : end] == b"\n":
            end -= 1
            if end > start and self._raw[end - 1 : end] == b"\r":
                end -= 1
        header = split(self._raw, start, header_end(end, start, self._limits))
        if header.body - start > self._limits.header:
            raise TooMuchError("The header of one of its parts is larger than we open.")
        return self.part(header, header.body, end, parents, opens)


def content(raw: bytes, part: Part) -> bytes:
    """A part's bytes with its transfer encoding undone, as far as that can be done."""
    data = raw[part.start : part.end]
    if part.encoding == "base64":
        return unbase64(data)
    if part.encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    return data


def text(raw: bytes, part: Part) -> bytes:
    """A text's bytes. What is base64 only by its label, or stands between or behind it, stays as
    it is: lists and scanners of mail put their own lines below."""
    if part.encoding != "base64":
        return content(raw, part)
    data = raw[part.start : part.end]
    charset = part.parameters.get("charset", "")
    try:
        whole = binascii.a2b_base64(data.translate(None, b"\r\n").strip(), strict_mode=True)
    except binascii.Error:
        return _patchwork(data, charset)
    return whole if _LONG.search(data) or _is_text(whole, charset) else data


def _patchwork(data: bytes, charset: str) -> bytes:
    out: list[bytes] = []
    at = 0
    while len(out) < _MOST_BLOCKS and (short := _SHORT.match(data, at)) and len(short[1]) < _LINE:
        read = _unpadded(short[1], charset)
        if read == short[1]:
            break
        out.append(read)
        at = short.end()
    for block in islice(_BLOCK.finditer(data, at), _MOST_BLOCKS):
        _add(out, data[at : block.start()])
        at = block.start()
        for piece in islice(_PADDED.finditer(block[0]), _MOST_BLOCKS):
            read = _unpadded(piece[0], charset)
            if read == piece[0]:
                _add(out, read)
            else:
                out.append(read)
            at = block.start() + piece.end()
    _add(out, data[at:])
    return b"".join(out)


def _add(out: list[bytes], raw: bytes) -> None:
    """What is no base64, on lines of its own."""
    if raw:
        out += (b"\n", raw) if out and not out[-1].endswith(b"\n") else (raw,)


def _unpadded(piece: bytes, charset: str) -> bytes:
    """One piece of base64, up to its padding; itself where it is a word that looks like one."""
    read = unbase64(piece)
    letters = len(piece.translate(None, b" \t\r\n"))
    return read if letters >= _LINE or (letters % 4 == 0 and _is_text(read, charset)) else piece


def _is_text(data: bytes, charset: str) -> bool:
    return not _CONTROL.search(decode(data, charset))


def value_and_parameters(value: str) -> tuple[str, dict[str, str]]:
    """``text/plain; charset="x"`` as ("text/plain", {"charset": "x"}), both lower-cased keys."""
    value = value[:_MAX_VALUE]
    head, semicolon, rest = value.partition(";")
    found: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(semicolon + rest):
        name, text = match[1].lower(), match[2].strip()
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        continued = _CONTINUED.fullmatch(name) if "*" in name else None
        if continued is None:
            found.setdefault(name, text)
            continue
        number = int(continued[2]) if continued[2] else 0
        encoded = bool(continued[3]) or continued[2] is None
        pieces.setdefault(continued[1], {}).setdefault(number, (text, encoded))
    for name, numbered in pieces.items():
        found[name] = _joined(numbered)
    return head.strip().lower(), found


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 sections 3 and 4: numbered pieces, some of them percent-encoded."""
    charset = ""
    data = b""
    for index in sorted(numbered):
        text, encoded = numbered[index]
        if encoded and text.count("'") >= 2 and index == 0:
            charset, _, text = text.partition("'")
            text = text.partition("'")[2]
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8")
    return decode(data, charset)
