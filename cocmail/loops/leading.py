"""Looks at every sweep whether somebody on the lists may be a person under sanction.

Owns when which list's roster is read: only while a sanction keeps somebody off or holds them; then
those whose number of members has changed, a few of those that were not read for an hour, the oldest
first, for who leaves as another comes changes no number, and every list once a day, after a start
and whenever the persons change. Refuses to compare (core.leads),
to say what is told (core.leading) and to change anything on a list. Started by the daemon; only the
one that sweeps looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from cocmail.core import leading
from cocmail.core.case import Case
from cocmail.core.clock import over
from cocmail.core.enforcement import Observed, Question
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.leading import Suspect
from cocmail.core.leads import Bearers, Lead, Person, Subscription, leads, merged
from cocmail.core.people import Address
from cocmail.loops.deciding import Deciding
from cocmail.ports import Clock, Lists

log = structlog.get_logger()

WHOLE_EVERY = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)
AGAIN_AT_ONCE = 4  # rosters a look whose numbers tell nothing: so it costs as much on many lists
_AT_ONCE = 20  # rosters in memory before they are compared
_FIRST_LOOK = 1.0  # seconds between looks whether this daemon has come to be the one that sweeps

Linked = Mapping[Address, tuple[Address, ...]]


class Leading:
    """Until cancelled, once every sweep."""

    def __init__(
        self,
        deciding: Deciding,
        lists: Lists,
        clock: Clock,
        *,
        groups: Mapping[str, tuple[str, ...]],
        every: timedelta,
        mine: Callable[[], bool] = lambda: True,
        beside: Callable[[], Linked] = dict,
    ) -> None:
        """``mine``: whether this daemon is the one that sweeps. ``beside``: what the last sweep
        saw on the Mailman users of covered addresses and doesn't cover by itself, with these."""
        self._deciding, self._lists, self._clock = deciding, lists, clock
        self._groups, self._every, self._mine, self._beside = groups, every, mine, beside
        self.calls = 0  # to Mailman, in the last look
        self._forget()

    def _forget(self) -> None:
        self._counts: Mapping[str, int] = {}
        self._read: dict[str, datetime] = {}  # list → when its roster was read last
        self._persons: frozenset[Person] = frozenset()
        self._whole: datetime | None = None  # when all lists were read last
        self._bearers = Bearers(())
        self._linked: Linked = {}  # of what is known of a person and not covered
        self._seen_beside: Linked = {}
        self._left: dict[str, list[Lead]] = {}  # case → found, and not all told yet

    async def run(self) -> None:
        while True:
            if not self._mine():
                self._forget()
                self.calls = 0
                await asyncio.sleep(_FIRST_LOOK)
                continue
            try:
                await self.look()
            except (Temporary, Permanent) as error:
                # Enforcement tells the committee of a Mailman that stays away.
                log.warning("rosters could not be looked at; trying again", error=str(error))
            await asyncio.sleep(self._every.total_seconds())

    async def look(self) -> None:
        """Raises Temporary or Permanent; what was not looked at is looked at the next time."""
        self.calls = 0
        cases, _ = await self._deciding.unsettled()
        suspects = {(c.id, s.person.key): s for c in cases for s in leading.suspects(c)}
        if not suspects:
            self._forget()
            return
        self.calls += 1
        counts = await self._lists.counts()
        persons = tuple(replace(s.person, key=_key(*at)) for at, s in suspects.items())
        names = [n for n in counts if any(s.lists([n], self._groups) for s in suspects.values())]
        known = frozenset(replace(p, different=frozenset()) for p in persons)
        now, beside = self._clock.now(), self._beside()
        same = (known, beside) == (self._persons, self._seen_beside)
        if self._whole is None or over(self._whole, WHOLE_EVERY, now) or not same:
            self._bearers = Bearers(persons)
            observed = await self._users(a for p in persons for a in p.known)
            self._linked = {**observed.linked, **beside}
            reading = names
            found = await self._compare(persons, names, whole=True)
            self._whole, self._persons, self._seen_beside = now, known, beside
        else:
            changed = [n for n in names if self._counts.get(n) != counts[n]]
            reading = changed + self._due([n for n in names if n not in changed], now)
            found = await self._compare(persons, reading, whole=False)
        self._counts = counts
        self._read = {n: at for n, at in self._read.items() if n in counts}
        self._read |= dict.fromkeys(reading, now)
        for lead in found:
            case, key = _case_of(lead.person)
            self._left.setdefault(case, []).append(replace(lead, person=key))
        for one in cases:
            await self._tell(one, {k: s for (c, k), s in suspects.items() if c == one.id})

    def _due(self, names: Sequence[str], now: datetime) -> list[str]:
        """Of these, the few that were not read for longest."""
        due = [n for n in names if n not in self._read or over(self._read[n], AGAIN_AFTER, now)]
        never = datetime.min.replace(tzinfo=now.tzinfo)
        return sorted(due, key=lambda name: self._read.get(name, never))[:AGAIN_AT_ONCE]

    async def _compare(
        self, persons: Sequence[Person], names: Sequence[str], *, whole: bool
    ) -> tuple[Lead, ...]:
        """In portions, so that no more than those are held; all but those who share a name with
        many can be told at once, and of these it is known only when every list was read."""
        kept: list[Subscription] = []
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            self.calls += len(some)
            portion = await self._lists.rosters(some)
            seen = [replace(x, others=self._linked.get(x.address, ())) for x in portion]
            kept += await asyncio.to_thread(self._sift, persons, seen)
        return await asyncio.to_thread(leads, persons, merged(kept), self._bearers)

    def _sift(self, persons: Sequence[Person], seen: Sequence[Subscription]) -> list[Subscription]:
        """Those of whom anything is alike; the rest is let go."""
        self._bearers.seen(seen)
        alike = {lead.address for lead in leads(persons, seen, Bearers(()))}
        return [one for one in seen if one.address in alike]

    async def _tell(self, case: Case, suspects: Mapping[str, Suspect]) -> None:
        left = [x for x in self._left.pop(case.id, ()) if self._is_news(case, suspects, x)]
        if not left:
            return
        self._left[case.id] = left  # all of it, if anything goes wrong
        waiting = sum(not x.answer for x in case.leads.values())
        if now := left[: max(0, min(leading.MOST_AT_ONCE, leading.MOST_OPEN - waiting))]:
            observed = await self._users(x.address for x in now)
            await self._deciding.on(case.id, partial(leading.found, leads=now, observed=observed))
            self._left[case.id] = left[len(now) :]

    def _is_news(self, case: Case, suspects: Mapping[str, Suspect], lead: Lead) -> bool:
        suspect = suspects.get(lead.person)
        if suspect is None or lead.address in {*suspect.person.covered, *suspect.person.different}:
            return False
        if not suspect.lists(lead.lists, self._groups, lead.address):
            return False
        return not leading.was_told(case, suspect, lead.address)

    async def _users(self, addresses: Iterable[Address]) -> Observed:
        """The Mailman users of these addresses."""
        asked = tuple(dict.fromkeys(addresses))
        if not asked:
            return Observed()
        observed = await self._lists.observe([Question(addresses=asked)])
        self.calls += observed.calls
        return observed


def _key(case: str, person: str) -> str:
    return f"{case}\n{person}"


def _case_of(key: str) -> tuple[str, str]:
    case, _, person = key.partition("\n")
    return case, person
