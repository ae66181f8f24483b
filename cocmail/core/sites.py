"""Several venues side by side: what each said, as one.

Owns the union of observations, and what a site that doesn't answer means: nothing is known of it,
which is never "nobody is there". An address that one site links to a person is that person's on
every site. Refuses to plan, and to ask. Called by adapters.venues, core.plan and loops.enforcement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from cocmail.core.enforcement import Observed, Place, Standing
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure

SLOW = 1.0
"""Seconds for one call, on average; Mailman on a small machine takes a tenth of it."""


def section(site: str) -> str:
    """How the configuration calls it."""
    return f"[{site or 'mailman'}]"


def union(asked: Iterable[Observed], away: Mapping[str, Temporary | Permanent]) -> Observed:
    """Of different sites. Those of one site are put together by `added` first."""
    sites = tuple(asked)
    linked = _linked(sites)
    owners: dict[str, tuple[Address, ...]] = {}
    for one in sites:
        for name, some in one.owners.items():
            owners[name] = tuple(dict.fromkeys((*owners.get(name, ()), *some)))
    return Observed(
        lists={name: list_id for one in sites for name, list_id in one.lists.items()},
        linked=linked,
        known=frozenset[Address]().union(*(one.known for one in sites)),
        unverified=frozenset[Address]().union(*(one.unverified for one in sites)),
        since=_earliest(sites),
        rows=tuple(row for one in sites for row in one.rows),
        bans=tuple(ban for one in sites for ban in one.bans),
        owners=owners,
        strays=frozenset[Place]().union(*(one.strays for one in sites)),
        calls=sum(one.calls for one in sites),
        seconds=sum(one.seconds for one in sites),
        sites=tuple(replace(one, linked=linked, since=_earliest(sites)) for one in sites),
        away=dict(away),
    )


def added(first: Observed, second: Observed) -> Observed:
    """Two observations of one site, of other addresses each; the later tells which lists are."""
    fresh = {row.place for row in second.rows}
    bans = {(ban.list, ban.address) for ban in second.bans}
    return replace(
        second,
        linked=_linked((first, second)),
        known=first.known | second.known,
        unverified=first.unverified | second.unverified,
        since=_earliest((first, second)),
        registered={**first.registered, **second.registered},
        users={**first.users, **second.users},
        preferred={**first.preferred, **second.preferred},
        own={**first.own, **second.own},
        made={**first.made, **second.made},
        rows=(*(row for row in first.rows if row.place not in fresh), *second.rows),
        bans=(*(b for b in first.bans if (b.list, b.address) not in bans), *second.bans),
        owners={**first.owners, **second.owners},
        strays=first.strays & second.strays,
        calls=first.calls + second.calls,
        seconds=first.seconds + second.seconds,
    )


def _linked(observations: Iterable[Observed]) -> dict[Address, tuple[Address, ...]]:
    """Whoever is one person anywhere is one person everywhere."""
    groups: dict[Address, set[Address]] = {}
    for one in observations:
        for address, others in one.linked.items():
            together = {address, *others}
            for member in tuple(together):
                together |= groups.get(member, set())
            for member in together:
                groups[member] = together
    return {address: tuple(sorted(group)) for address, group in groups.items()}


def _earliest(observations: Iterable[Observed]) -> dict[Address, datetime]:
    """Who was known anywhere was known."""
    found: dict[Address, datetime] = {}
    for one in observations:
        for address, at in one.since.items():
            found[address] = min(at, found.get(address, at))
    return found


def twice(observed: Observed) -> dict[str, tuple[str, ...]]:
    """Posting addresses that several sites claim to have. A sanction holds on each of them."""
    found: dict[str, tuple[str, ...]] = {}
    for one in observed.each():
        for name in one.lists:
            found[name] = (*found.get(name, ()), one.site)
    return {name: sites for name, sites in found.items() if len(sites) > 1}


def claimed_twice(observed: Observed) -> tuple[str, ...]:
    """The same in words for the operator, one line a list."""
    return tuple(
        f"{name} is a list of {' and of '.join(section(site) for site in sites)}; what is decided"
        " holds on each, but an address can lead to one only: delete the list at the other"
        for name, sites in sorted(twice(observed).items())
    )


def slow(observed: Observed) -> tuple[str, ...]:
    """Why a sweep takes long, in words for the operator, one line a site."""
    return tuple(
        f"{section(one.site)} takes {one.seconds / one.calls:.1f} s for a call, so that a sweep"
        " takes long"
        for one in observed.each()
        if one.calls and one.seconds / one.calls >= SLOW
    )


def forgotten(standing: Standing, observed: Observed) -> Permanent | None:
    """What to say where records tell of sites that the configuration doesn't name."""
    known = {one.site for one in observed.each()} | set(observed.away)
    missing = {
        before.site
        for sanction in (*standing.sanctions, *standing.ending)
        if sanction.measure is not Measure.REMOVE
        for before in sanction.before
    } - known
    if not missing:
        return None
    named = ", ".join(section(site) for site in sorted(missing))
    return Permanent(
        f"{named} is not in the configuration any more, and sanctions have changed its lists:"
        " name it again, with retired = true if that server is shut down for good"
    )
