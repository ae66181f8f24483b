"""Mail that was set aside for a case: how much of it the case keeps, and how it is taken in.

Owns that a case stays small enough to be thought about, whatever is sent to it: once very much
came, it keeps only the beginning of what is set aside, and the mail lies in the store, whole.
Refuses to know who may take it in (actions.filing). Called by casework and by the actions.
"""

from __future__ import annotations

from dataclasses import replace

from cocmail.core import events as e
from cocmail.core.people import Private
from cocmail.core.showing import hand_on
from cocmail.core.work import Work

MUCH = 1_000_000
"""Characters of mail in a case, from which on it keeps beginnings."""
ONLY_ITS_BEGINNING = (
    "Only its beginning stands here, since very much came to this case. With /accept all comes."
)
_BEGINNING = 1_000  # characters of a text; of the rest less
_LINES = 10  # names of attachments, and what else is said of a sender


def beginning_of(aside: e.SetAside) -> e.SetAside:
    """The same, where it is long: as much of it as tells what it is."""
    some = slice(_LINES)
    short = replace(
        aside,
        name=_first(aside.name),
        subject=_first(aside.subject),
        text=_first(aside.text),
        claims=tuple(map(_first, aside.claims[some])),
        claimants=_first(aside.claimants),
        attachments=tuple(map(_first, aside.attachments[some])),
        digests=aside.digests[some],
        kinds=aside.kinds[some],
        sizes=aside.sizes[some],
        missing=aside.missing[some],
        shown=aside.shown if len(aside.text) <= _BEGINNING else (),
        also=tuple(tuple(map(_first, names[some])) for names in aside.also[some]),
    )
    if short == aside:
        return aside
    note = Private(" ".join(filter(None, (aside.note, ONLY_ITS_BEGINNING))))
    return replace(short, note=note, beginning=True)


def _first(text: Private) -> Private:
    return Private(text[:_BEGINNING])


def take_in(work: Work, aside: e.SetAside) -> None:
    """It becomes a message, whose sender isn't proved."""
    party = (
        aside.stranger
        or work.join("witness", (aside.sender,) if aside.sender else (), aside.name).id
    )
    received = e.Received(
        number=work.case.next_number(),
        mail=aside.mail,
        party=party,
        sender=aside.sender,
        name=aside.name,
        proof="unsigned",
        subject=aside.subject,
        text=aside.text,
        attachments=aside.attachments,
        sent=aside.sent,
        message_id="",
        note=aside.note,
        digests=aside.digests,
        kinds=aside.kinds,
        sizes=aside.sizes,
        missing=aside.missing,
        shown=aside.shown,
        also=aside.also,
        claims=aside.claims,
        claimants=aside.claimants,
    )
    work.happen(received)
    hand_on(work, received)  # too much came at once when it did, or they weren't here yet
