"""The committee as a whole: what holds for its members in every case.

Owns the fold of the committee's own record (the ledger's case "committee"): who is away, and
whatever else is true of a member and not of a case. Refuses to know cases. Folded by case.apply,
carried to every decision in the Setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cocmail.core import events as e

COMMITTEE = "committee"
"""The ledger's case for what belongs to the committee."""

DIGEST_EVERY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a member is to hear of in the next digest."""

    since: datetime
    cases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Committee:
    """What stands in the committee's record."""

    away: Mapping[str, datetime] = field(default_factory=dict)  # handle -> until
    digested: Mapping[str, datetime] = field(default_factory=dict)  # handle -> the last digest
    waiting: Mapping[str, Waiting] = field(default_factory=dict)  # handle -> what the next is for

    def is_away(self, handle: str, now: datetime) -> bool:
        until = self.away.get(handle)
        return until is not None and now < until

    def next_digest(self, handle: str, now: datetime) -> datetime:
        """When this member can have a digest, at the earliest."""
        last = self.digested.get(handle)
        free = now if last is None else max(now, last + DIGEST_EVERY)
        return max(free, self.away.get(handle, free))


def record(committee: Committee, at: datetime, event: Any) -> Committee | None:
    """The committee after this event; None where the event is none of the committee's."""
    match event:
        case e.WentAway():
            return replace(committee, away={**committee.away, event.handle: event.until})
        case e.DigestWanted():
            waiting = dict(committee.waiting)
            for handle in event.handles:
                before = waiting.get(handle, Waiting(since=at, cases=()))
                cases = tuple(dict.fromkeys((*before.cases, event.case)))
                waiting[handle] = replace(before, cases=cases)
            return replace(committee, waiting=waiting)
        case e.Digested():
            waiting = {h: w for h, w in committee.waiting.items() if h != event.handle}
            digested = {**committee.digested, event.handle: at} if event.sent else None
            return replace(committee, waiting=waiting, digested=digested or committee.digested)
    return None
