"""What a delivery report says, in whatever form its server writes it (flufl.bounce, RFC 3464).

Owns the reading of its body. It is hostile input to parsers of others: called where it may stall
and fall (adapters.reading).
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

from flufl.bounce import all_failures

from cocmail.core.returned import Outcome, Returned

_OURS = re.compile(rb"<[a-z2-7]{26}@[^\s<>@]{1,255}>")  # as minting makes Message-IDs
_BEGINNING = 524_288  # bytes; below stands the letter that came back, whole where servers do that
_MOST = 50  # of them: a report is of one letter
_STATUS = ("message/delivery-status", "message/global-delivery-status")
_DECODED = 65_536  # bytes of a status; a report is of one letter
# A comment may stand before the word (RFC 822, which RFC 3464 section 2.1.1 follows).
_FIELD = rb"[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(?:\([^()\r\n]{0,200}\)[ \t]*){0,3}"
_ACTION = re.compile(rb"^Action" + _FIELD + rb"([a-z]{1,20})", re.IGNORECASE | re.MULTILINE)
_NEVER = re.compile(
    rb"^Status" + _FIELD + rb"5\.[0-9]{1,3}\.[0-9]{1,3}\b", re.IGNORECASE | re.MULTILINE
)  # RFC 3463 section 3.1: a permanent failure
# The parser ends a status's fields, with an empty line, where an encoded line is none.
_SOFT = re.compile(rb"=[ \t]*\r?\n(?:\r?\n)?")

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


def returned(raw: bytes) -> Returned:
    """What it says became of the letter, and which letters it may be about."""
    raw = raw[:_BEGINNING]
    message = message_from_bytes(raw)
    parts = list(_parts(message))
    found: dict[str, None] = {}
    for text in (raw, *(data for _, data in parts)):
        for match in _OURS.finditer(text):
            if len(found) < _MOST:
                found[match[0].decode("ascii", "replace")] = None
    return Returned(outcome=_outcome(message, parts), letters=tuple(found))


def _outcome(message: Message, parts: list[tuple[str, bytes]]) -> Outcome:
    statuses = [data for content_type, data in parts if content_type in _STATUS]
    actions = [action.lower() for data in statuses for action in _ACTION.findall(data)]
    said = {_ACTIONS[action] for action in actions if action in _ACTIONS}
    if said:
        return next(one for one in _WORST_FIRST if one in said)
    if any(map(_NEVER.search, statuses)):
        return Outcome.FAILED
    try:
        late, failed = all_failures(message)
    except Exception:  # none of its readers is made for malice
        return Outcome.UNSURE
    return Outcome.FAILED if failed else Outcome.LATE if late else Outcome.UNSURE


def _parts(message: Message) -> Iterator[tuple[str, bytes]]:
    """Each part's type with its text; a status is taken apart by the parser, and put together."""
    for part in message.walk():
        content_type = part.get_content_type()
        payload = part.get_payload()
        if content_type in _STATUS and isinstance(payload, list):
            blocks = [one.as_bytes() for one in payload if isinstance(one, Message)]
            yield content_type, _decoded(b"\n".join(blocks), part)
        elif not part.is_multipart():
            data = part.get_payload(decode=True)
            yield content_type, data if isinstance(data, bytes) else b""


def _decoded(data: bytes, part: Message) -> bytes:
    """A status as it was meant: RFC 6533 section 3 lets it be encoded, and gateways do it."""
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(_SOFT.sub(b"", data[:_DECODED]))
    if encoding == "base64":
        try:
            return binascii.a2b_base64(data[:_DECODED])
        except binascii.Error:
            return data
    return data
