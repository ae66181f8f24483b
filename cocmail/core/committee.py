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

A_DAY = DIGEST_EVERY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a member is to hear of in the next digest."""

    since: datetime
    cases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Coming:
    """A committee that isn't in force yet."""

    seats: tuple[e.Seat, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A member whose mailbox is taken for stolen."""

    by: str
    against: tuple[str, ...] = ()  # who wants it undone


@dataclass(frozen=True, kw_only=True)
class Committee:
    """What stands in the committee's record."""

    away: Mapping[str, datetime] = field(default_factory=dict)  # handle -> until
    digested: Mapping[str, datetime] = field(default_factory=dict)  # handle -> the last digest
    waiting: Mapping[str, Waiting] = field(default_factory=dict)  # handle -> what the next is for

    seats: tuple[e.Seat, ...] = ()  # in force; empty: nothing was recorded yet
    since: Mapping[str, datetime] = field(default_factory=dict)  # who wasn't there from the first
    coming: Coming | None = None
    locks: Mapping[str, Lock] = field(default_factory=dict)
    interims: tuple[tuple[str, datetime], ...] = ()  # who ordered one, in the last day
    proposed: tuple[tuple[str, datetime], ...] = ()  # about whom, in the last day

    @property
    def locked(self) -> frozenset[str]:
        return frozenset(self.locks)

    def interims_of(self, handle: str, now: datetime) -> int:
        """How many interim measures this member ordered within a day."""
        return sum(1 for who, at in self.interims if who == handle and now - at < A_DAY)

    def people(self, now: datetime) -> frozenset[str]:
        """About whom something was proposed within a day, as keyed digests."""
        return frozenset(who for who, at in self.proposed if now - at < A_DAY)

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
        case e.RosterNoted():
            if event.at is None:
                return _seat(committee, event.seats, at)
            return replace(committee, coming=Coming(seats=event.seats, at=event.at))
        case e.RosterInForce():
            coming = committee.coming
            return _seat(committee, coming.seats, coming.at) if coming else committee
        case e.InterimOrdered():
            return replace(committee, interims=_of_a_day(committee.interims, event.handle, at))
        case e.PersonProposed():
            return replace(committee, proposed=_of_a_day(committee.proposed, event.person, at))
        case e.Locked():
            return replace(committee, locks={**committee.locks, event.handle: Lock(by=event.by)})
        case e.UnlockAsked():
            lock = committee.locks[event.handle]
            against = tuple(dict.fromkeys((*lock.against, event.by)))
            return replace(
                committee,
                locks={**committee.locks, event.handle: replace(lock, against=against)},
            )
        case e.Unlocked():
            locks = {h: lock for h, lock in committee.locks.items() if h != event.handle}
            return replace(committee, locks=locks)
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


def _of_a_day(
    before: tuple[tuple[str, datetime], ...], who: str, at: datetime
) -> tuple[tuple[str, datetime], ...]:
    return (*((w, then) for w, then in before if at - then < A_DAY), (who, at))


def _seat(committee: Committee, seats: tuple[e.Seat, ...], at: datetime) -> Committee:
    before = {seat.handle for seat in committee.seats}
    since = {
        seat.handle: committee.since.get(seat.handle, at)
        for seat in seats
        if before and (seat.handle not in before or seat.handle in committee.since)
    }
    return replace(committee, seats=seats, since=since, coming=None)
