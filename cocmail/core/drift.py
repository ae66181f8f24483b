"""What somebody undid on the lists, how often, and when the committee is to hear of it.

Owns the rule: the first time in a place is told at once, the second too ("again"), and after that
at most once a day with the count, as long as it goes on. A place that held for a week begins
anew. However many places it is, no sanction is told of at once more than five times a day; what
is held back then is told a day after the last. Nothing is hidden for ever: what isn't told yet
falls due. Refuses to know who did it, for Mailman doesn't tell. Called by the fold, proofs and
rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cocmail.core import events as e
from cocmail.core.people import Address

DAY = timedelta(days=1)
ANEW = timedelta(days=7)
AT_ONCE = 2  # tellings of one place that wait for nothing
MOST = 5  # letters at once about one sanction, in a day

PUT_RIGHT = "somebody had changed this; it was put right"
NOT_YET = "somebody changed this, and it isn't right yet; it is tried again"
NEWLY_COVERED = "covered from now on"


Place = tuple[str, str | None, Address, str]
"""Site, list, address, role."""


def _place(line: e.DriftLine) -> Place:
    return line.site, line.list, line.address, line.role


@dataclass(frozen=True, kw_only=True)
class Undone:
    """One place that somebody changed, since it last held for a week."""

    line: e.DriftLine  # as it was found last
    first: datetime
    last: datetime
    times: int
    tellings: int = 0
    untold: int = 0  # of these times

    @property
    def place(self) -> Place:
        return _place(self.line)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What somebody undid of one sanction."""

    times: int = 0  # ever, in all places
    last: datetime | None = None
    places: tuple[Undone, ...] = field(default=(), repr=False)
    letters: tuple[datetime, ...] = ()  # of the last day before the last telling

    @property
    def untold(self) -> tuple[Undone, ...]:
        return tuple(p for p in self.places if p.untold)


def found(drift: Drift, lines: Iterable[e.DriftLine], at: datetime) -> Drift:
    places = {p.place: p for p in drift.places if p.untold or at - p.last <= ANEW}
    times = drift.times
    for line in lines:
        key = _place(line)
        old = places.get(key) or Undone(line=line, first=at, last=at, times=0)
        places[key] = replace(
            old, line=line, last=at, times=old.times + line.times, untold=old.untold + line.times
        )
        times += line.times
    return replace(drift, times=times, last=at, places=tuple(places.values()))


def told(drift: Drift, at: datetime) -> Drift:
    return replace(
        drift,
        places=tuple(
            replace(p, tellings=p.tellings + 1, untold=0) if p.untold else p for p in drift.places
        ),
        letters=(*(then for then in drift.letters if at - then < DAY), at),
    )


def due_at(drift: Drift) -> datetime | None:
    """When the committee is to hear of what it hasn't heard yet; None: it knows all."""
    if not drift.untold or drift.last is None:
        return None
    today = [then for then in drift.letters if drift.last - then < DAY]
    new = any(p.tellings < AT_ONCE for p in drift.untold)
    if not drift.letters or (new and len(today) < MOST):
        return drift.last
    return max(drift.last, drift.letters[-1] + DAY)
