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
from urllib.parse import unquote_to_bytes

from cocmail.core.charsets import decode, strange
from cocmail.core.headers import NOT_BASE64, Header, readable, split, unbase64
from cocmail.core.limits import Limits, Survey, TooMuchError, header_end

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+\-]{1,80}/[a-z0-9!#$&^_.+\-]{1,80}")
_CONTINUED = re.compile(r"(.+?)\*(?:(\d{1,3})(\*)?)?")
_MAX_VALUE = 8192  # of a Content-Type or Content-Disposition
_MOST_NAMES = 4  # of a file, from either end: who reads only one takes the first or the last
_BEHIND = re.compile(r"[/\\][/\\. ]*\Z")  # a file's name in a folder that it isn't
IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_MARKS = re.compile(r'[()";=]|\\.', re.DOTALL)  # what may begin or end something in a value
_UUENCODED = frozenset({"uuencode", "uue", "uu"})
_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,6}[ \t][^\n]*\n", re.MULTILINE)

_LONG = re.compile(rb"[A-Za-z0-9+/]{40}")  # letters in a row that are base64 and no word
_BLOCK = re.compile(rb"(?:[A-Za-z0-9+/]{40,}+[ \t\r]*+(?:\n|\Z))++")
_WORDS = re.compile(rb"/?(?:[A-Z]?[a-z]++|[A-Z]++)(?: (?:[A-Z]?[a-z]++|[A-Z]++))*+[.,!?]?")
_PLAIN = re.compile(rb"[A-Za-z0-9 .,!?'\r\n-]+")
_PADDED = re.compile(rb"([^=]+)(=*)")
_NEITHER = bytes(set(NOT_BASE64) - set(b"="))
_CONTINUING = bytes(range(0x80, 0xC0))  # a character of UTF-8 that the line before began
_MOST_LINES = 3000  # of base64 that isn't as it should be, and of uuencode
_WHOLE_LINE = 45  # bytes: of uuencode, all but the last
_SAMPLE = 2000  # bytes: whether they are a text is seen at its beginning

_LETTERS = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
_CUSTOMARY = 600  # bytes: no program writes more for who can't read multiparts
# What they write has no other words. In English mostly, and in German and French
_THEIRS = frozenset(
    b"a able all an and any are as attachments aware be by can capable changing client consider"
    b" contains cryptographically delivery digitally does e encapsulated encoded encrypted first"
    b" following format formatted gateway handle header how if in information is it legible likely"
    b" mail mailer mailing may means message messages mime multi multipart nested not notification"
    b" of openpgp or part parts pgp plain portions properly readable reader reading remaining"
    b" report rfc s see seeing should signed since smime software some standard status support"
    b" supports text that the this to tools understand understands unreadable use using version"
    b" viewer want while will with without you your"
    b" docserver cac washington edu for info more send"  # Pine: where to ask
    b" 1847 2015 2045 2046 2049 2822 3156 4880 5322"
    b" dies diese ist eine einer mehrteilige nachricht im nicht von mehreren teilen"
    b" ce ceci est un le de dans au message plusieurs parties".split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part: a leaf, or a multipart with its children."""

    content_type: str
    declared: bool  # its header has a Content-Type
    parameters: Mapping[str, str]
    encoding: str  # Content-Transfer-Encoding, lower case, by its usual name
    disposition: str  # "", "inline", "attachment"
    name: str  # of the file, decoded
    start: int  # its body, in the bytes of the mail
    end: int
    parents: tuple[str, ...]  # the content types of the multiparts around it, outermost first
    opens: bool  # it begins its multipart: nothing but a delimiter stands before its header
    # Before the first delimiter around it or behind the one that closes: most mail programs don't
    # show it, and nobody's commands stand there.
    outside: bool = False
    children: tuple[Part, ...] = ()
    description: str = ""  # Content-Description, as it stands (RFC 2045 section 8)
    others: tuple[str, ...] = ()  # names that another mail program may take for the file's

    def leaves(self) -> Iterator[Part]:
        if self.children:
            for child in self.children:
                yield from child.leaves()
        else:
            yield self


def walk(raw: bytes, survey: Survey, limits: Limits) -> Part:
    """The tree of parts of the mail that was looked over. Raises TooMuchError."""
    return _Walker(raw, survey.borders, limits).part(
        survey.header, survey.header.body, len(raw), (), True, False
    )


class _Walker:
    def __init__(
        self, raw: bytes, borders: Mapping[bytes, tuple[int, ...]], limits: Limits
    ) -> None:
        self._raw, self._borders, self._limits = raw, borders, limits
        self._left = limits.parts
        self._charset = ""  # of the first text that says one

    def part(
        self,
        header: Header,
        start: int,
        end: int,
        parents: tuple[str, ...],
        opens: bool,
        outside: bool,
    ) -> Part:
        self._count()
        content_type, parameters = value_and_parameters(header.first("content-type"))
        declared = bool(content_type)
        if not _TYPE.fullmatch(content_type):
            # RFC 2045 section 5.2, RFC 2046 section 5.1.5
            digest = parents and parents[-1] == "multipart/digest"
            content_type = "message/rfc822" if digest else "text/plain"
        if content_type.startswith("text/"):
            self._charset = self._charset or parameters.get("charset", "")
        # A file's name that says no charset is in the text's.
        disposition, more = value_and_parameters(header.said("content-disposition", self._charset))
        _, names = value_and_parameters(header.said("content-type", self._charset))
        name = more.get("filename") or names.get("name") or ""
        called = readable(name)
        children: tuple[Part, ...] = ()
        if content_type.startswith("multipart/") and parameters.get("boundary"):
            boundary = self._boundary(header, parameters["boundary"])
            children = self._children(boundary, start, end, (*parents, content_type), outside)
        return Part(
            content_type=content_type,
            declared=declared,
            parameters=parameters,
            encoding=_encoding(header.first("content-transfer-encoding")),
            disposition=disposition if disposition in ("", "inline") else "attachment",
            name=_BEHIND.sub("", called),
            description=header.first("content-description").strip(),
            others=_others(header, self._charset, {name: called}),
            start=start,
            end=end,
            parents=parents,
            opens=opens,
            outside=outside,
            children=children,
        )

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMuchError("It has more parts than we open.")

    def _boundary(self, header: Header, boundary: str) -> str:
        """Some write brackets in it without the quotes that they need: where no line is the
        boundary without them."""
        if any(_line(boundary) + tail in self._borders for tail in (b"", b"--")):
            return boundary
        _, as_written = value_and_parameters(header.first("content-type"), comments=False)
        return as_written.get("boundary") or boundary

    def _children(
        self, boundary: str, start: int, end: int, parents: tuple[str, ...], outside: bool
    ) -> tuple[Part, ...]:
        """Its parts. RFC 2046 section 5.1.1 has what stands before, between and behind them
        ignored; somebody may have written it, so it follows them as text where it holds words.
        Delimiters behind a closing one border parts all the same: an inner multipart may bear
        the outer's boundary, and programs add parts behind the end."""
        if len(parents) > self._limits.depth:
            raise TooMuchError("Its parts are nested deeper than we open.")
        children: list[Part] = []
        beside: list[tuple[int, int]] = []
        at = start
        within, first, closed = False, True, False
        for line, last in self._delimiters(boundary, start, end):
            if last and closed and not within:
                continue
            if within:
                children.append(self._child(at, line, parents, first, outside or closed))
            else:
                beside.append((at, line))
            first = line == start and not last
            newline = self._raw.find(b"\n", line, end)
            at = end if newline < 0 else newline + 1
            within, closed = not last, closed or last
        if within:  # no closing delimiter: cut off on the way, and shown as far as it goes
            children.append(self._child(at, end, parents, first, outside or closed))
        else:
            beside.append((at, end))
        if not children:
            return ()
        closing = b"--" + _line(boundary) + b"--"
        more = (self._beside(start, end, closing, parents) for start, end in beside)
        return (*children, *(one for one in more if one))

    def _delimiters(self, boundary: str, start: int, end: int) -> list[tuple[int, bool]]:
        """(where the delimiter's line begins, whether it closes), in order"""
        mark = _line(boundary)
        found: list[tuple[int, bool]] = []
        for line, last in ((mark, False), (mark + b"--", True)):
            places = self._borders.get(line, ())
            first, behind = bisect_left(places, start), bisect_left(places, end)
            found += [(place, last) for place in places[first:behind]]
        return sorted(found)

    def _beside(
        self, start: int, end: int, closing: bytes, parents: tuple[str, ...]
    ) -> Part | None:
        """What stands beside parts, where it holds words that no program writes there."""
        said = self._raw[start:end]
        rest = said.replace(closing, b"").strip()
        if _LETTERS.search(rest) is None:
            return None
        words = {*_LETTERS.findall(rest[:_CUSTOMARY].lower())}
        if len(rest) <= _CUSTOMARY and b"mime" in words and words <= _THEIRS:
            return None
        self._count()
        start += len(said) - len(said.lstrip())
        return Part(
            content_type="text/plain",
            declared=False,
            parameters={},
            encoding="",
            disposition="",
            name="",
            start=start,
            end=start + len(said.strip()),
            parents=parents,
            opens=False,
            outside=True,
        )

    def _child(
        self, start: int, end: int, parents: tuple[str, ...], opens: bool, outside: bool
    ) -> Part:
        # The line end before a delimiter belongs to the delimiter.
        if end > start and self._raw[end - 1 : end] == b"\n":
            end -= 1
            if end > start and self._raw[end - 1 : end] == b"\r":
                end -= 1
        header = split(self._raw, start, header_end(end, start, self._limits))
        if header.body - start > self._limits.header:
            raise TooMuchError("The header of one of its parts is larger than we open.")
        return self.part(header, header.body, end, parents, opens, outside)


def _line(boundary: str) -> bytes:
    return boundary.encode("utf-8", "surrogateescape").rstrip()


def _encoding(value: str) -> str:
    """Of a Content-Transfer-Encoding. Comments are legal there (RFC 2045 section 5), quotes and
    an "x-" before a name that needs none are what programs write."""
    name = value_and_parameters(value)[0].strip('"').strip().removeprefix("x-")
    return "uuencode" if name in _UUENCODED else name


def content(raw: bytes, part: Part) -> bytes:
    """A part's bytes with its transfer encoding undone, as far as that can be done."""
    data = raw[part.start : part.end]
    if part.encoding == "base64":
        return unbase64(data)
    if part.encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if part.encoding == "uuencode":
        return _uudecoded(data)[1]
    return data


def _uudecoded(data: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands between "begin" and "end" (POSIX uuencode), and before and behind them; all as
    it is where they are missing or something else stands between them."""
    begin = _BEGIN.search(data)
    if begin is None:
        return b"", data, b""
    out: list[bytes] = []
    at, left = begin.end(), _MOST_LINES
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        line, at = data[at:end].rstrip(b"\r\n"), end
        if line.rstrip() == b"end":
            break
        if line:
            count = (line[0] - 32) & 63
            left -= count < _WHOLE_LINE
            if left < 0 or count >= len(line):  # Python would make nulls of what is missing
                return b"", data, b""
            try:  # some encoders write a letter more than the count needs
                out.append(binascii.a2b_uu(line[: 1 + (count + 2) // 3 * 4]))
            except binascii.Error:
                return b"", data, b""
    return data[: begin.start()], b"".join(out), data[at:]


def text(raw: bytes, part: Part) -> bytes:
    """A text's bytes. What is base64 only by its label, or stands between or behind it, stays as
    it is: lists and scanners of mail put their own lines below."""
    data = raw[part.start : part.end]
    if part.encoding == "uuencode":
        return b"".join(_uudecoded(data))
    if part.encoding != "base64":
        return content(raw, part)
    charset = part.parameters.get("charset", "")
    try:
        whole = binascii.a2b_base64(data.translate(None, b"\r\n").strip(), strict_mode=True)
    except binascii.Error:
        return _patchwork(data, charset)
    return whole if _LONG.search(data) or _meant(data, whole, charset, 1 / 4) else data


def _patchwork(data: bytes, charset: str) -> bytes:
    """Line by line, what can be read as base64, whatever else its lines hold, and what can't."""
    out: list[bytes] = []
    carried, gap = b"", b""  # letters of a character that is yet to end; empty lines
    within = False  # what was read last was base64
    at, left = 0, _MOST_LINES
    while at < len(data) and left > 0:
        block = _BLOCK.match(data, at)
        end = block.end() if block else data.find(b"\n", at) + 1 or len(data)
        line = data[at:end]
        at, left = end, left - 1 - line.count(b"=")
        if not line.strip():
            gap += line
            continue
        letters = line.translate(None, _NEITHER) if left > 0 else b""
        for begun in dict.fromkeys((carried, b"")) if letters.strip(b"=") else ():
            read, rest = _undone(begun + letters)
            whole = read + unbase64(rest)
            seen = whole[:3].lstrip(_CONTINUING) + whole[3:] if within else whole
            if whole and ((block and not begun) or _meant(line, seen, charset)):
                out.append(b"" if begun else unbase64(carried))
                _add(out, b"" if within else gap)
                out.append(read)
                carried, within = rest, True
                break
        else:
            out.append(unbase64(carried))
            _add(out, gap + line)
            carried, within = b"", False
        gap = b""
    out.append(unbase64(carried))
    _add(out, gap + data[at:])
    return b"".join(out)


def _add(out: list[bytes], raw: bytes) -> None:
    """What is no base64, on lines of its own."""
    if raw:
        before = next((piece for piece in reversed(out) if piece), b"\n")
        out += (b"" if before.endswith(b"\n") else b"\n", raw)


def _undone(data: bytes) -> tuple[bytes, bytes]:
    """What it says, beyond any padding, and the letters of its last, unfinished bytes."""
    out: list[bytes] = []
    letters = b""
    for run, padding in _PADDED.findall(data):
        letters += run
        over = len(letters) % 4
        if over >= 2 and over + len(padding) >= 4:
            out.append(unbase64(letters))
            letters = b""
    whole = len(letters) - len(letters) % 4
    return b"".join((*out, unbase64(letters[:whole]))), letters[whole:]


def _meant(line: bytes, read: bytes, charset: str, most: float = 1 / 8) -> bool:
    """Whether its sender meant what base64 makes of it, and not the line itself."""
    if _WORDS.fullmatch(line.strip(b"> \t\r\n")):
        return bool(_PLAIN.fullmatch(read))
    return strange(read[:_SAMPLE], charset) <= (most if len(read) >= 16 or most > 1 / 8 else 0)


def value_and_parameters(value: str, *, comments: bool = True) -> tuple[str, dict[str, str]]:
    """``text/plain; charset="x"`` as ("text/plain", {"charset": "x"}), both lower-cased keys.

    ``comments``: whether they are left out. Brackets within a value are none, though they should
    have quotes around them: ``filename=photo (1).jpg``.
    """
    value = value[:_MAX_VALUE]
    if comments and "(" in value:
        value = _without_comments(value)
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


def _without_comments(value: str) -> str:
    """Those between its words, before or behind them (RFC 2045 sections 5 and 5.1), nested or not;
    what stands within a word is none, nor what nothing closes. One pass."""
    gone: list[tuple[int, int]] = []
    later: list[tuple[int, int]] = []  # gone, unless more of the word follows
    at, began, depth = 0, 0, 0
    quoted, fresh, named = False, True, True  # fresh: of this word nothing was seen

    def ends(rest: str) -> None:
        gone.extend(() if rest.strip() else later)
        later.clear()

    for found in _MARKS.finditer(value):
        mark = found[0]
        if quoted:
            quoted = mark != '"'
        elif depth:
            depth += (mark == "(") - (mark == ")")
            if not depth:
                (gone if fresh else later).append((began, found.end()))
                at = found.end()
        elif mark == "(":
            depth, began = 1, found.start()
            if value[at:began].strip():
                later.clear()
                fresh = False
        elif mark == '"':
            quoted = True
        elif mark == ";" or (mark == "=" and not named):
            ends(value[at : found.start()])
            at, fresh, named = found.end(), True, mark == "="
    ends(value[at:])
    kept: list[str] = []
    at = 0
    for start, end in sorted(gone):
        kept += (value[at:start], " ")
        at = end
    return "".join((*kept, value[at:]))


def _others(header: Header, charset: str, taken: Mapping[str, str]) -> tuple[str, ...]:
    """Every name of the file but the one that is taken here, as it stands and as it is read:
    programs differ in which of two fields, of two parameters and of two notations they take."""
    found = [
        one
        for name, key in (("content-disposition", "filename"), ("content-type", "name"))
        for field in (*header.all(name)[:2], *header.all(name)[2:][-1:])
        for said in (field.said(charset)[:_MAX_VALUE],)
        # Few programs know comments.
        for form in dict.fromkeys((said, _without_comments(said) if "(" in said else said))
        for one in every_value(form, key)
    ]
    found = list(dict.fromkeys(found))
    some = found[:_MOST_NAMES] + found[_MOST_NAMES:][-_MOST_NAMES:]
    ours = {"", *(_BEHIND.sub("", one) for one in taken.values())}
    every = dict.fromkeys(_BEHIND.sub("", readable(one)) for one in some if one not in taken)
    return tuple(one for one in every if one not in ours)


def every_value(value: str, key: str) -> list[str]:
    """Whatever some program takes for this parameter's value: each where it stands twice or in
    both notations (RFC 2045, RFC 2231), and the first word where it isn't in quotes."""
    found: list[str] = []
    alone: list[dict[int, tuple[str, bool]]] = []
    first: dict[int, tuple[str, bool]] = {}
    last: dict[int, tuple[str, bool]] = {}
    for match in _PARAMETER.finditer(";" + value.partition(";")[2]):
        name, text = match[1].lower(), match[2].strip()
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        elif name == key and "." in (word := text.split(None, 1)[:1] or [""])[0]:
            found += word
        continued = _CONTINUED.fullmatch(name) if "*" in name else None
        if name == key:
            found.append(text)
        elif continued and continued[1] == key:
            number = int(continued[2]) if continued[2] else 0
            piece = (text, bool(continued[3]) or continued[2] is None)
            first.setdefault(number, piece)
            last[number] = piece
            if continued[2] is None:
                alone.append({0: piece})
    return found + [_joined(one) for one in (*alone[:1], *alone[-1:], first, last) if one]


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
    return decode(data, charset, asking=False)
