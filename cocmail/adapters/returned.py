"""What a delivery report says, in whatever form its server writes it (flufl.bounce, RFC 3464).

Owns the reading of its body. It is hostile input to parsers of others: called where it may stall
and fall (adapters.reading).
"""

from __future__ import annotations

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
_ACTION = re.compile(rb"^Action[ \t]*:[ \t]*([a-z]{1,20})", re.IGNORECASE | re.MULTILINE)

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
    said = {
        _ACTIONS[action.lower()]
        for content_type, data in parts
        if content_type in _STATUS
        for action in _ACTION.findall(data)
        if action.lower() in _ACTIONS
    }
    if said:
        return next(one for one in _WORST_FIRST if one in said)
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
            yield content_type, b"\n".join(blocks)
        elif not part.is_multipart():
            data = part.get_payload(decode=True)
            yield content_type, data if isinstance(data, bytes) else b""
