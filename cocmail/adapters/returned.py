"""What a delivery report says, in whatever form its server writes it (flufl.bounce, RFC 3464).

Owns the reading of its body. flufl.bounce and the standard library's parser are not made for
malice: one goes through a mail some fifty times with searches that take the square of a line, the
other recurses as deep as the sender likes. So the mail is taken apart as any other (core.mime),
within its limits, and flufl.bounce gets so many short lines of it. Called where it may stall and
fall all the same (adapters.reading).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from cocmail.core import mime
from cocmail.core.headers import Header
from cocmail.core.limits import Limits, TooMuchError, survey
from cocmail.core.returned import Outcome, Returned

_OURS = re.compile(rb"<[a-z2-7]{26}@[^\s<>@]{1,255}>")  # as minting makes Message-IDs
_BEGINNING = 524_288  # bytes; below stands the letter that came back, whole where servers do that
_PARTS = 3_500  # in all: a report of more than people are shown still tells of a letter
_MOST = 50  # of them: a report is of one letter
_STATUS = ("message/delivery-status", "message/global-delivery-status")
_READ = 65_536  # bytes of a status; a report is of one letter
# A comment may stand before the word (RFC 822, which RFC 3464 section 2.1.1 follows).
_FIELD = rb"[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(?:\([^()\r\n]{0,200}\)[ \t]*){0,3}"
_ACTION = re.compile(rb"^Action" + _FIELD + rb"([a-z]{1,20})", re.IGNORECASE | re.MULTILINE)
_NEVER = re.compile(
    rb"^Status" + _FIELD + rb"5\.[0-9]{1,3}\.[0-9]{1,3}\b", re.IGNORECASE | re.MULTILINE
)  # RFC 3463 section 3.1: a permanent failure
_MAILS = ("message/rfc822", "message/global")
_DEEP = 3  # mails in mails: the letter, in the report, in what sent that on
_LINES, _LINE = 1_000, 400  # of a report that its server wrote for people; bytes of each
_ANGLES = 10  # in a line: one search of flufl.bounce's takes the cube of them
_ASKED = ("from", "subject", "x-failed-recipients", "x-mailer")  # of a header, by flufl.bounce

# RFC 3464 section 2.3.3; OpenSMTPD writes "error".
_ACTIONS = {
    b"failed": Outcome.FAILED,
    b"failure": Outcome.FAILED,
    b"error": Outcome.FAILED,
    b"delayed": Outcome.LATE,
    b"delivered": Outcome.ARRIVED,
    b"relayed": Outcome.ARRIVED,
    b"expanded": Outcome.ARRIVED,
}
_WORST_FIRST = (Outcome.FAILED, Outcome.LATE, Outcome.ARRIVED)


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A part, and what is in it."""

    content_type: str
    data: bytes = b""
    encoded: bool = False
    description: str = ""
    header: Header | None = None  # of a mail
    outside: bool = False
    pieces: tuple[_Piece, ...] = ()

    def every(self) -> Iterator[_Piece]:
        yield self
        for piece in self.pieces:
            yield from piece.every()


def returned(raw: bytes) -> Returned:
    """What it says became of the letter, and which letters it may be about."""
    raw = raw[:_BEGINNING]
    mail = _Apart().mail(raw)
    parts = [*mail.every()] if mail else []
    found: dict[str, None] = {}
    for text in (raw, *(part.data for part in parts if part.encoded)):
        for match in _OURS.finditer(text):
            if len(found) < _MOST:
                found[match[0].decode("ascii", "replace")] = None
    outcome = _outcome(mail, parts) if mail else Outcome.UNSURE
    return Returned(outcome=outcome, letters=tuple(found))


def _outcome(mail: _Piece, parts: list[_Piece]) -> Outcome:
    statuses = [part.data[:_READ] for part in parts if part.content_type in _STATUS]
    actions = [action.lower() for data in statuses for action in _ACTION.findall(data)]
    said = {_ACTIONS[action] for action in actions if action in _ACTIONS}
    if said:
        return next(one for one in _WORST_FIRST if one in said)
    if any(map(_NEVER.search, statuses)):
        return Outcome.FAILED
    try:
        late, failed = all_failures(_Shortened().message(mail))
    except Exception:  # none of its readers is made for malice
        return Outcome.UNSURE
    return Outcome.FAILED if failed else Outcome.LATE if late else Outcome.UNSURE


class _Apart:
    """A report taken apart, with the mails in it: so many parts in all."""

    def __init__(self) -> None:
        self._left = _PARTS

    def mail(self, raw: bytes, deep: int = _DEEP) -> _Piece | None:
        """None where it can't be; no other is then, for it may have cost all that is left."""
        limits = Limits(parts=self._left)
        try:
            found = survey(raw, limits)
            top = mime.walk(raw, found, limits)
        except TooMuchError:
            self._left = 0
            return None
        return self._piece(raw, top, deep, found.header)

    def _piece(
        self, raw: bytes, part: mime.Part, deep: int, header: Header | None = None
    ) -> _Piece:
        self._left -= 1
        data = b"" if part.children else mime.content(raw, part)
        pieces = tuple(self._piece(raw, child, deep) for child in part.children)
        if part.content_type in _MAILS and deep and (inner := self.mail(data, deep - 1)):
            pieces = (inner,)
        return _Piece(
            content_type=part.content_type,
            data=data,
            encoded=part.encoding not in mime.IDENTITY,
            description=part.description,
            header=header,
            outside=part.outside,
            pieces=pieces,
        )


class _Shortened:
    """A report as flufl.bounce gets it: its parts, and so many lines of them in all."""

    def __init__(self) -> None:
        self._left = _LINES

    def message(self, piece: _Piece) -> Message:
        message = Message()
        for field in piece.header.fields if piece.header else ():
            if field.name in _ASKED and field.name not in message:
                message[field.name] = field.unfolded[:_LINE]
        message["Content-Type"] = piece.content_type
        message["Content-Description"] = piece.description[:_LINE]  # Postfix says there which it is
        for one in piece.pieces:
            if not one.outside:
                message.attach(self.message(one))
        if not piece.pieces:
            message.set_payload(self._text(piece))
        return message

    def _text(self, piece: _Piece) -> str:
        if piece.content_type in _STATUS:
            return ""  # it was read already
        lines: list[bytes] = []
        at = 0
        while at < len(piece.data) and self._left > 0:
            end = piece.data.find(b"\n", at) + 1 or len(piece.data)
            line = piece.data[at:end].rstrip(b"\r\n")[:_LINE]
            lines.append(b"<".join(line.split(b"<", _ANGLES)[:_ANGLES]) + b"\n")
            at, self._left = end, self._left - 1
        return b"".join(lines).decode("ascii", "surrogateescape")
