"""A case is the fold of its events.

The lifecycle: a case is made by its first event (`CaseOpened`), then it is *open*; `Closed`
closes it, `Reopened` opens it again. A closed case still takes in mail, sanctions and their
ends, because people and lists don't stop. Within it, a proposal is *open* until one `Decided`;
a sanction is *proposed* → *in-force* → *ended* or *lifted*, or *proposed* → *rejected*. An event
that doesn't fit raises SoundnessError and changes nothing: such a ledger was not written by us.

Owns what an event makes of a case, a room for each part of its life. Refuses to know policy (who
may do what next: casework) and how it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Any

from cocmail.core import events as e
from cocmail.core import quarantine
from cocmail.core.case import Case
from cocmail.core.committee import record
from cocmail.core.folding.common import unfit
from cocmail.core.folding.joining import joining
from cocmail.core.folding.people import people
from cocmail.core.folding.sanctioning import sanctioning
from cocmail.core.folding.talking import talking
from cocmail.core.folding.tending import tending
from cocmail.core.folding.voting import voting
from cocmail.core.merging import absorb

_ROOMS = (talking, people, voting, sanctioning, tending, joining)


def fold(
    case: str, history: Iterable[tuple[int, datetime, Any]], before: Case | None = None
) -> Case:
    """The case that these events, in order, make; of what those ``before`` them made."""
    begin = Case(id=case) if before is None else before
    return reduce(lambda c, entry: apply(c, entry[1], entry[2]), history, begin)


def apply(case: Case, at: datetime, event: Any) -> Case:
    """The case after this event. Raises SoundnessError where it does not fit."""
    if isinstance(event, e.Absorbed):
        past = ((n, p.at, e.decode(p.event.encode())) for n, p in enumerate(event.history))
        return absorb(case, fold(event.case, past), event)
    for room in _ROOMS:
        after = room(case, at, event)
        if after is not None:
            return after
    committee = record(case.committee, at, event)
    if committee is not None:
        return replace(case, committee=committee)
    aside = quarantine.record(case.quarantine, at, event)
    if aside is not None:
        return replace(case, quarantine=aside)
    raise unfit(case, event)
