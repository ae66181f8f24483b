"""A header block as values: fields, addresses, encoded words.

Owns the splitting of a header into fields and what may be read from one field, strictly where
identity hangs on it (`one_mailbox`) and leniently where it doesn't (`addresses`). Everything here
is linear in its input and raises for no bytes: `email.policy.default` is neither (mail.md,
section 6). Refuses to know bodies. Called by core.mail, core.mime and adapters that check
signatures.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cocmail.core.charsets import decode, of_text, says
from cocmail.core.people import Address, Mailbox, Private, is_address

# RFC 5322 section 2.2; section 4.5 lets old mail have white space before the colon.
_FIELD = re.compile(rb"([!-9;-~]+)([ \t]*):")
_ENCODED_WORD = re.compile(r"=\?([!->@-~]{1,60})\?([bBqQ])\?([^?\s]*(?: [^?\s]*)*)\?=")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\x80-\x9f]+")
_MAX_ADDRESSES = 1000
_MAX_IDS = 200
_MAX_VALUE = 16_384  # what we decode for people of one field

# What hops on the way to us put on top of a mail.
TRACE = frozenset(
    {
        "received",
        "return-path",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "authentication-results",
        "arc-seal",
        "arc-message-signature",
        "arc-authentication-results",
        "received-spf",
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as it stands: the value has its folding still in it."""

    name: str  # lower case
    value: bytes
    start: int  # where the field begins in the bytes that were split
    end: int
    loose: bool  # white space stood before the colon

    @property
    def unfolded(self) -> str:
        """The value on one line, decoded as UTF-8 where it is that, else as Latin-1."""
        try:
            return self._joined.decode("utf-8").strip()
        except UnicodeDecodeError:
            return self._joined.decode("latin-1").strip()

    def said(self, charset: str) -> str:
        """The value for people: what is neither encoded (RFC 2047) nor UTF-8 (RFC 6532) is in the
        body's charset, as old programs write it."""
        return reread(self.unfolded, self.value, charset)

    @property
    def _joined(self) -> bytes:
        return self.value.replace(b"\r\n", b"").replace(b"\n", b"")


@dataclass(frozen=True, slots=True)
class Header:
    """All fields in order, and where the body begins."""

    fields: tuple[Field, ...]
    body: int
    tricky: bool  # a bare CR or a NUL: two readers may see two different headers
    broken: bool  # it ended at a line that is no field

    def all(self, name: str) -> list[Field]:
        return [field for field in self.fields if field.name == name]

    def first(self, name: str) -> str:
        """The unfolded value of the topmost field of this name, "" if there is none."""
        return next((field.unfolded for field in self.fields if field.name == name), "")

    def said(self, name: str, charset: str) -> str:
        """The same for people, in this charset where it says none."""
        return next((field.said(charset) for field in self.fields if field.name == name), "")

    def has(self, *names: str) -> bool:
        return any(field.name in names for field in self.fields)


def split(raw: bytes, start: int = 0, end: int | None = None) -> Header:
    """Split the header that begins at ``start``. It ends at the first empty line or, as most
    readers have it, before the first line that can't belong to a header."""
    stop = len(raw) if end is None else end
    fields: list[Field] = []
    name, loose, began, value = "", False, -1, start
    position, body, broken = start, stop, False

    def finish(upto: int) -> None:
        if began >= 0:
            fields.append(Field(name, raw[value:upto], began, upto, loose))

    while position < stop:
        newline = raw.find(b"\n", position, stop)
        after = stop if newline < 0 else newline + 1
        if raw[position : position + 1] == b"\n" or raw[position : position + 2] == b"\r\n":
            finish(position)
            body, began = after, -1
            break
        if raw[position] in b" \t":
            position = after  # a continuation; with no field before it, nothing
            continue
        found = _FIELD.match(raw, position, after)
        if found is None:
            finish(position)
            began = -1
            # "From " and ">From " are an mbox's separator, not the mail's.
            if not fields and raw[position : position + 6].lstrip(b">")[:5] == b"From ":
                position = after
                continue
            body, broken = position, True
            break
        finish(position)
        name, loose = found[1].decode("ascii").lower(), bool(found[2])
        began, value = position, found.end()
        position = after
    else:
        finish(stop)
    block = raw[start:body]
    tricky = b"\0" in block or block.count(b"\r") != block.count(b"\r\n")
    return Header(tuple(fields), body, tricky, broken)


def reread(unfolded: str, value: bytes, charset: str) -> str:
    """A field's value, or a piece of it, as `unfolded` gives it, in this charset where it was
    taken for Latin-1."""
    if value.isascii():
        return decode(unfolded.encode("ascii"), charset) if b"\x1b" in value else unfolded
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return decode(unfolded.encode("latin-1"), charset)
    return unfolded


def readable(text: str, *, most: int = _MAX_VALUE) -> str:
    """A header value for people: encoded words decoded (RFC 2047), on one line. Of more letters
    than ``most`` the first."""
    text = text[:most]
    out: list[str] = []
    run: list[tuple[str, bytes]] = []  # encoded words that touch: a character may span them
    at = 0
    known: dict[str, str] = {}
    words = [(found, *_told(found, known)) for found in _ENCODED_WORD.finditer(text)]
    together: dict[str, list[bytes]] = {}
    for _, charset, data in words:
        together.setdefault(charset, []).append(data)
    right = {charset: of_text(b" ".join(every), charset) for charset, every in together.items()}

    def flush() -> None:
        while run:
            charset, data = run[0]
            count = 1
            while count < len(run) and run[count][0] == charset:
                data += run[count][1]
                count += 1
            out.append(decode(data, right[charset], asking=False))
            del run[:count]

    for found, charset, data in words:
        between = text[at : found.start()]
        if not (run and not between.strip()):
            flush()
            out.append(between)
        run.append((charset, data))
        at = found.end()
    flush()
    out.append(text[at:])
    return " ".join(_CONTROL.sub(" ", "".join(out)).split())


def _told(word: re.Match[str], known: dict[str, str]) -> tuple[str, bytes]:
    """Its charset, "" where it names none, and its bytes. ``known``: charsets of words before."""
    charset = word[1].partition("*")[0].lower()  # RFC 2231 section 5: a language may follow
    if charset not in known:
        known[charset] = charset if says(charset) else ""
    return known[charset], _word(word[2].lower(), word[3])


def _word(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8")
    if encoding == "q":
        return binascii.a2b_qp(data, header=True)
    return unbase64(data)


NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)


def unbase64(data: bytes) -> bytes:
    """As much of it as can be decoded (RFC 2045 section 6.8: other characters are ignored)."""
    clean = data.translate(None, NOT_BASE64)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


# What a From value is made of (RFC 5322 section 3.2). A comment is taken where no reader, however
# simple, finds another address or another end in it; within another it may stand twice deep. An
# encoded word, which should have coded it, may hold what divides addresses for whoever doesn't
# know such words: no quote, escape or angle, nor a bracket by itself.
_PIECE = re.compile(
    r"""(?P<space>[ \t]+)
    |(?P<comment>\((?:[^()<>@"\\]|\((?:[^()<>@"\\]|\([^()<>@"\\]*+\))*+\))*+\))
    |(?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<angle><[^<>]*>)
    |(?P<encoded>=\?[A-Za-z0-9*_.:+-]{1,60}\?[qQ]\?
        (?:[^ \t?()<>"\\]|\([^ \t?()<>"\\@]*+\))*+\?=)
    |(?P<word>[^ \t()<>\[\]:;,"\\]+)
    |(?P<bracket>\[[^()<>\[\]@:;,"\\]*\])
    |(?P<comma>,)""",
    re.VERBOSE | re.DOTALL,
)
# Behind an "@" that an encoded word should have coded: it would be an address to some.
_DOTTED = re.compile(r"@[^@]*\.")
_QUOTED_LOCAL = re.compile(r'"([^"\\@\s()<>\[\],:;]{1,64})"(@[^"@]+)')
_BEFORE = ("", " ", "\t", "<", ",", ";", ":", ")")
_PHRASE = ("word", "quoted", "encoded", "bracket")
# Controls, but for the tab and those that ISO-2022 escapes with: some readers take one for the end
# of a line, of a text or of an address, and find another sender behind or before it.
_NO_SENDERS = re.compile(r"[\x00-\x08\x0a-\x0d\x10-\x1a\x1c-\x1f\x7f]")
NOT_IN_A_HEADER = "its header holds characters that no header may hold"
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


def one_mailbox(text: str, say: Callable[[str], str] = str) -> tuple[Mailbox | None, str]:
    """The one mailbox of a From value, or None and why not, in words for people. ``say``: how its
    name is read, which changes nothing else.

    Strict, because two readers must not see two senders: one addr-spec in RFC 5322's dot-atom
    form (quotes around its local part may say the same), alone or in angle brackets behind a
    phrase, and comments around it. Another address may stand as a name in quotes or in an encoded
    word, where no reader takes it for the sender's.

    Names as programs write them are read where the address in angle brackets at the end stays the
    only one that any reader finds: an encoded word with a comma, colon, semicolon or brackets that
    it didn't code, a word in square brackets, a comment in a comment, a comma behind all. An
    encoded word with a plain "@" has to some readers an address: one with a dot behind the "@",
    coded or not, and one that `addresses` finds are refused; of any other the sender is
    ``doubtful``, may be answered, and no signature proves them (core.verification).
    """
    if _NO_SENDERS.search(text):
        return None, NOT_IN_A_HEADER
    pieces = _pieces(text)
    comments = " ".join(said[1:-1] for kind, said in pieces if kind == "comment")
    while pieces and pieces[-1][0] == "space":
        pieces.pop()
    if pieces[1:] and pieces[-1][0] == "comma":
        pieces.pop()
    match [(kind, said) for kind, said in pieces if kind not in ("space", "comment")]:
        case [("word", address)]:
            return _mailbox(readable(say(comments)), address)
        case [("quoted", local), ("word", domain)] if local + domain in text:
            return _mailbox(readable(say(comments)), local + domain)
        case [*phrase, ("angle", angle)] if all(kind in _PHRASE for kind, _ in phrase):
            name = comments if not phrase else "".join(_unquoted(*one) for one in pieces)
            box, why = _mailbox(readable(say(name)), angle[1:-1])
            coded = [said for kind, said in phrase if kind == "encoded" and "@" in said]
            if box is not None and coded:
                dotted = any(_DOTTED.search(one + " " + readable(one)) for one in coded)
                if dotted or addresses([text]) != (box.address,):
                    return None, "its From holds more than one address, or an odd name"
                box = replace(box, doubtful=True)
            again = [said for kind, said in phrase if kind == "word" and "@" in said]
            # Some programs write the address once more as the name; another one ("a@x <b@y>") is
            # somebody's trick or mistake.
            if box is None or all(_is_the_same(word, box) for word in again):
                return box, why
            return None, "its From holds more than one address, or an odd name"
    return None, "its From is not one plain address"


def _pieces(text: str) -> list[tuple[str, str]]:
    """Kind and text of each piece; what can't be one stands as "other", and ends it."""
    pieces: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        found = _PIECE.match(text, position) if len(text) <= _MAX_VALUE else None
        if found is None:
            return [*pieces, ("other", text[position:])]
        pieces.append((found.lastgroup or "", found[0]))
        position = found.end()
    return pieces


def _unquoted(kind: str, said: str) -> str:
    if kind == "quoted":
        return _QUOTED_PAIR.sub(r"\1", said[1:-1])
    return "" if kind == "angle" else said


def _is_the_same(word: str, box: Mailbox) -> bool:
    again, _ = _mailbox("", word.strip("'"))
    return again is not None and again.address == box.address


def _mailbox(name: str, address: str) -> tuple[Mailbox | None, str]:
    address = _unquoted_local(address.strip())
    # An encoded word is no part of an address, and who decodes it reads another one.
    if not is_address(address) or _ENCODED_WORD.search(address):
        return None, "its From is not one plain address"
    # The Kelvin sign and its like fold to plain letters: no address becomes another's by folding.
    if address.lower().isascii() != address.isascii():
        return None, "its From holds a letter that looks like another"
    return Mailbox(name=Private(name), address=Address(address)), ""


def _unquoted_local(address: str) -> str:
    """Quotes that need not be there change nothing (RFC 5321 section 4.1.2)."""
    found = _QUOTED_LOCAL.fullmatch(address)
    return found[1] + found[2] if found else address


def addresses(values: Sequence[str]) -> tuple[Address, ...]:
    """The addresses of these fields, in order, each once; names and comments never count."""
    found: dict[Address, None] = {}
    for value in values:
        for piece in _plain(value):
            inside = piece.rpartition("<")[2].partition(">")[0] if "<" in piece else piece
            inside = inside.strip()
            # A group's name stands before a colon (RFC 5322 section 3.4).
            if "<" not in piece and ":" in inside:
                inside = inside.rpartition(":")[2].strip()
            if is_address(inside) and inside.lower().isascii() == inside.isascii():
                found.setdefault(Address(inside))
                if len(found) >= _MAX_ADDRESSES:
                    return tuple(found)
    return tuple(found)


def _plain(value: str) -> list[str]:
    """Split at commas and semicolons, quoted strings and comments left out."""
    pieces: list[str] = []
    current: list[str] = []
    quoted, depth, escaped = False, 0, False
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = char != '"'
        elif depth:
            depth += (char == "(") - (char == ")")
        elif char == '"':
            quoted = True
            # Quotes around a local part, where it begins
            local = _QUOTED_LOCAL.match(value, at) if value[at - 1 : at] in _BEFORE else None
            if local:
                current.append(local[1])
        elif char == "(":
            depth = 1
        elif char in ",;":
            pieces.append("".join(current))
            current = []
        else:
            current.append(char)
    pieces.append("".join(current))
    return pieces


def message_ids(value: str) -> tuple[str, ...]:
    """The ids of a Message-ID, In-Reply-To or References value, with their brackets."""
    found = _MESSAGE_ID.findall(value)
    return tuple(found if len(found) <= _MAX_IDS else found[:1] + found[1 - _MAX_IDS :])


def instant(value: str) -> datetime | None:
    """A Date value in UTC (RFC 5322 section 3.3), None where it isn't one."""
    try:
        when = parsedate_to_datetime(value[:200])
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
