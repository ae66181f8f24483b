"""Several venues as one: the Lists port over the Lists of each site.

Owns that all are asked side by side, that a site which doesn't answer doesn't hold up the others,
and which one a step is for. Refuses to know what a venue is: whatever fulfils the port joins by
standing in the mapping, and need not know its own site. Called by the loops through ports.Lists;
made in cocmail.servers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from cocmail.core.coverage import everybody
from cocmail.core.enforcement import Observed, Place, Question, Step
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.leads import Subscription
from cocmail.core.people import Address
from cocmail.core.sites import added, section, union
from cocmail.ports import Lists

_T = TypeVar("_T")


class Venues:
    """By the names of their sections; "" is the plain [mailman]."""

    def __init__(self, venues: Mapping[str, Lists], *, retired: Collection[str] = ()) -> None:
        """``retired``: sites that are shut down for good; nothing is asked of them."""
        self._venues = self.each = dict(venues)
        self._retired = tuple(retired)
        self._missed: set[str] = set()  # did not answer: their lists may be others by now

    # -- the port ------------------------------------------------------------------------------

    async def observe(
        self, questions: Collection[Question], *, known_lists: bool = False
    ) -> Observed:
        """Raises only if nobody answers; else whoever doesn't is `away`."""
        lists = tuple(dict.fromkeys(name for each in questions for name in each.lists))
        tagged = any(each.tagged for each in questions)
        parts: dict[str, Observed] = {}
        away: dict[str, Temporary | Permanent] = {}
        asked = {site: {a for each in questions for a in each.addresses} for site in self._venues}
        open_: dict[str, Collection[Question]] = dict.fromkeys(self._venues, questions)
        while open_:
            found = await _answers(
                {
                    site: self._venues[site].observe(
                        some, known_lists=known_lists and site not in self._missed
                    )
                    for site, some in open_.items()
                }
            )
            for site, answer in found.items():
                if isinstance(answer, Observed):
                    answer = _of(site, answer)
                    parts[site] = added(parts[site], answer) if site in parts else answer
                else:
                    away[site] = answer
                    parts.pop(site, None)
            if not parts:
                self._missed = {*away}
                _raise(away)
            # What one site links to a person, the others have not been asked about.
            named = {address for some in asked.values() for address in some}
            people = {*everybody(sorted(named), union(parts.values(), {}))}
            open_ = {}
            for site in parts:
                if new := people - asked[site]:
                    asked[site] |= new
                    one = Question(addresses=tuple(sorted(new)), lists=lists, tagged=tagged)
                    open_[site] = [one]
        self._missed = {*away}
        return self._whole(parts.values(), away)

    async def tagged(
        self, addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> tuple[Address, ...]:
        found = await self._all(lambda venue: venue.tagged(addresses), but)
        return tuple(sorted({address for some in found.values() for address in some}))

    async def read_exactly(self, observed: Observed, places: Collection[Place]) -> Observed:
        parts = {one.site: one for one in observed.each() if not one.retired}
        away = dict(observed.away)
        wanted = {
            site: [place for place in places if place.site == site]
            for site in parts
            if any(place.site == site for place in places)
        }
        found = await _answers(
            {
                site: self._venues[site].read_exactly(parts[site], some)
                for site, some in wanted.items()
            }
        )
        for site, answer in found.items():
            if isinstance(answer, Observed):
                parts[site] = answer
            else:
                away[site] = answer
                del parts[site]
        if not parts:
            _raise(away)
        return self._whole(parts.values(), away)

    async def apply(self, step: Step) -> bool:
        if step.site not in self._venues:
            raise Permanent(f"{section(step.site)} is not in the configuration")
        return await self._venues[step.site].apply(step)

    async def discard_waiting(
        self, lists: Collection[str], addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        found = await self._all(lambda venue: venue.discard_waiting(lists, addresses), but)
        for some in found.values():
            for name, count in some.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
        found = await _answers(
            {site: venue.queues(within=within) for site, venue in self._venues.items()}
        )
        return {
            site: queues
            for site, some in found.items()
            if not isinstance(some, Temporary | Permanent)
            for queues in some.values()
        }

    async def owners(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        owners: dict[str, tuple[Address, ...]] = {}
        for some in (await self._all(lambda venue: venue.owners(lists), but)).values():
            for name, theirs in some.items():
                owners[name] = tuple(dict.fromkeys((*owners.get(name, ()), *theirs)))
        return owners

    async def counts(self) -> Mapping[str, int]:
        """Of the sites that answer. Raises only if nobody does who has lists."""
        found = await _answers({site: venue.counts() for site, venue in self._venues.items()})
        away = {s: x for s, x in found.items() if isinstance(x, Temporary | Permanent)}
        known = [x for x in found.values() if not isinstance(x, Temporary | Permanent)]
        if not any(known):
            _raise(away)
        return {name: count for some in known for name, count in some.items()}

    async def rosters(self, lists: Collection[str]) -> Sequence[Subscription]:
        found = await self._all(lambda venue: venue.rosters(lists))
        return [one for some in found.values() for one in some]

    async def requests(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        found = await self._all(lambda venue: venue.requests(lists), but)
        return {name: who for some in found.values() for name, who in some.items()}

    async def version(self) -> str:
        """Of each, in one line."""
        found = await self._all(lambda venue: venue.version())
        return "; ".join(f"{section(site)}: {text}" for site, text in found.items())

    async def close(self) -> None:
        await asyncio.gather(*(venue.close() for venue in self._venues.values()))

    # -- side by side --------------------------------------------------------------------------

    def _whole(
        self, parts: Iterable[Observed], away: Mapping[str, Temporary | Permanent]
    ) -> Observed:
        gone = (Observed(site=site, retired=True) for site in self._retired)
        return union((*parts, *gone), away)

    async def _all(
        self, ask: Callable[[Lists], Awaitable[_T]], but: Collection[str] = ()
    ) -> dict[str, _T]:
        """What all answer. Raises if one doesn't, when the others have."""
        asked = {site: venue for site, venue in self._venues.items() if site not in but}
        found = await _answers({site: ask(venue) for site, venue in asked.items()})
        answers: dict[str, _T] = {}
        away: dict[str, Temporary | Permanent] = {}
        for site, answer in found.items():
            if isinstance(answer, Temporary | Permanent):
                away[site] = answer
            else:
                answers[site] = answer
        _raise(away)
        return answers


async def _answers(asked: Mapping[str, Awaitable[_T]]) -> dict[str, _T | Temporary | Permanent]:
    """What each answers, or why it doesn't."""
    found = await asyncio.gather(*asked.values(), return_exceptions=True)
    answers: dict[str, _T | Temporary | Permanent] = {}
    for site, answer in zip(asked, found, strict=True):
        if isinstance(answer, BaseException) and not isinstance(answer, Temporary | Permanent):
            raise answer
        answers[site] = answer
    return answers


def _of(site: str, observed: Observed) -> Observed:
    """The same, and whose it is."""
    return replace(
        observed,
        site=site,
        rows=tuple(replace(row, site=site) for row in observed.rows),
        bans=tuple(replace(ban, site=site) for ban in observed.bans),
        strays=frozenset(replace(place, site=site) for place in observed.strays),
    )


def _raise(away: Mapping[str, Temporary | Permanent]) -> None:
    """What a human must mend goes first."""
    for error in sorted(away.values(), key=lambda error: isinstance(error, Temporary)):
        raise error
