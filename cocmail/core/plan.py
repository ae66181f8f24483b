"""Sanctions in force plus what stands on the lists gives the steps from here to there.

Owns how sanctions compose and how they come off: what should stand in each place is what stood
there before any of ours (the open records, else what is observed now), overlaid with the
strictest measure in force. A converged state plans nothing, so any step may be repeated, and a
crash between any two is cured by planning again. Here is which places are looked at, in what
order, and what the sites come to together; what is done in one place is in core.planning. Refuses
to know how a step is carried out, when, and who decided what. Called by loops.enforcement and, for
ballots and the command line, through plan_for.

What is written down before a change (`Plan.notes`) carries the undo. Every sanction in force
holds its own copy of the record of each place it covers, so that any of them may end first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from cocmail.core.coverage import Groups, Reach, beside, persons, reaches
from cocmail.core.enforcement import (
    Act,
    Level,
    Note,
    Observed,
    Place,
    Plan,
    ProofRow,
    Role,
    Standing,
    Step,
    levels,
)
from cocmail.core.people import Address, Private
from cocmail.core.planning import users
from cocmail.core.planning.bans import Bans
from cocmail.core.planning.rosters import Rosters
from cocmail.core.planning.sheet import Sheet
from cocmail.core.planning.site import Site
from cocmail.core.proof import GONE_LIST, GONE_SITE, UNREAD, warnings
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State

_ROSTERS = (Role.MEMBER, Role.NONMEMBER, Role.OWNER, Role.MODERATOR)
# Bans before removals (nobody slips back in between); a wide ban leaves before a narrow one comes
# (Mailman refuses the narrow one while the wide one stands); roles and memberships come back when
# no ban of ours is in their way.
_ORDER = (Act.UNBAN, Act.BAN, Act.TAKE_OFF, Act.MODERATE, Act.PUT_BACK, Act.PREFER)

DRAFT = "(preview)"
"""The id of a sanction that nobody decided yet."""


def plan(standing: Standing, groups: Groups, observed: Observed) -> Plan:
    """The steps, records and proof for all that stands."""
    return _plan(standing, groups, observed)


def plan_for(
    measure: Measure,
    addresses: Collection[Address],
    scope: Scope,
    groups: Groups,
    observed: Observed,
    standing: Standing,
    *,
    including_roles: bool = False,
) -> Plan:
    """What a sanction that nobody decided yet would change, on top of what is in force."""
    named = tuple(addresses)
    draft = Sanction(
        id=DRAFT,
        case="",
        measure=measure,
        address=named[0],
        addresses=named,
        scope=scope,
        reason=Private(""),
        state=State.PROPOSED,
        start=None,
        until=None,
        including_roles=including_roles,
    )
    with_it = replace(standing, sanctions=(*standing.sanctions, draft))
    whole = _plan(with_it, groups, observed, of=draft.id)
    return replace(whole, steps=whole.steps_of(draft.id))


def _plan(standing: Standing, groups: Groups, observed: Observed, *, of: str | None = None) -> Plan:
    """Each site by itself, for nothing that stands on one tells of another. What isn't asked
    isn't planned, and what ended isn't over while it has records there."""
    sheets = [
        _filled(Site(standing=standing, groups=groups, observed=one)) for one in observed.each()
    ]
    force = reaches(standing.sanctions, groups, observed)
    over = reaches(standing.ending, groups, observed)
    every = (*force, *over)
    keys = persons(every)
    once = {s.id for s in standing.sanctions if s.measure is Measure.REMOVE}
    notes: dict[str, tuple[Before, ...]] = {}
    rows: dict[str, tuple[ProofRow, ...]] = {}
    for sheet in sheets:
        for name, records in sheet.records().items():
            notes[name] = (*notes.get(name, ()), *records)
        for name, some in sheet.proof().items():
            rows[name] = (*rows.get(name, ()), *some)
    texts = {place: text for sheet in sheets for place, text in sheet.texts.items()}
    return Plan(
        steps=tuple(sorted((step for sheet in sheets for step in sheet.steps), key=_order)),
        warnings=(
            *warnings(force, observed, groups, texts, over=over, of=of),
            *((UNREAD,) if standing.unread else ()),
        ),
        notes=tuple(
            Note(sanction=name, records=notes[name])
            # A removal has begun when what it takes from others is written down.
            for name in sorted(notes, key=lambda name: name in once)
        ),
        unread=tuple(place for sheet in sheets for place in sheet.unread),
        rows=rows,
        covers={reach.id: reach.addresses for reach in force},
        beside=beside(force, observed),
        over=_over(standing, sheets),
        persons={reach.id: keys[reach.addresses[0]] for reach in every},
    )


def _over(standing: Standing, sheets: list[Sheet]) -> dict[str, frozenset[Level]]:
    """A site that isn't asked tells nothing of what it still has to give back."""
    found = {
        sanction.id: levels(sanction.before)
        for sanction in standing.ending
        if sanction.measure is Measure.REMOVE  # it takes once and gives nothing back
    }
    for sheet in sheets:
        for reach in sheet.site.ending:
            found[reach.id] = found.get(reach.id, frozenset()) | sheet.given_back(reach)
    return found


def _filled(site: Site) -> Sheet:
    """Wide bans are settled before those of one list, and all of them before the rosters, to
    which nobody comes back past a ban."""
    sheet, observed = Sheet(site=site), site.observed
    places = {place: None for reach in site.all for place in reach.records}
    if observed.retired:
        sheet.texts |= dict.fromkeys(places, GONE_SITE)
        return sheet
    for reach in site.force:
        places |= dict.fromkeys(_to_look_at(site, reach))
        if reach.sanction.measure is Measure.REMOVE and observed.rosters:
            _begin(sheet, reach)
    for ban in observed.bans:  # also where none of ours bans: theirs may bar a return
        if ban.list is not None and ban.address in site.people:
            places[site.place(ban.list, ban.address, Role.BAN)] = None
    of_lists = [place for place in places if place.list is not None]
    gone = [place for place in of_lists if place.list not in observed.lists]
    sheet.texts |= dict.fromkeys(gone, GONE_LIST)
    there = [place for place in of_lists if place.list in observed.lists]
    bans = Bans(sheet=sheet)
    wide = [site.place(None, address, Role.BAN) for address in site.people]
    narrow = [place for place in there if place.role is Role.BAN]
    for some in (wide, narrow):
        for place in sorted(some, key=_is_tagged):
            bans.settle(place)
    rosters = Rosters(sheet=sheet, bans=bans)
    for place in there:
        if place.role is not Role.BAN:
            rosters.settle(place)
    users.settle(sheet)
    return sheet


def _begin(sheet: Sheet, reach: Reach) -> None:
    """A removal takes what it finds, once: whose entries were looked at is written down; list
    by list while a group of its scope isn't known, for what it holds was not looked at yet."""
    lacks = reach.sanction.scope.lacks(sheet.site.groups)
    for address in reach.addresses:
        for name in sorted(reach.lists) if lacks else (None,):
            begun = sheet.site.place(name, address, Role.MEMBER)
            if begun not in reach.records:
                sheet.note(reach, begun, None)


def _to_look_at(site: Site, reach: Reach) -> Iterator[Place]:
    """Where it may have something to do, besides the places that it has records of: a place
    where nobody stands has to be looked at only if something is to be put there."""
    always = [] if reach.everywhere else [Role.BAN]
    if reach.sanction.measure is Measure.MODERATE and site.observed.rosters:
        always.append(Role.NONMEMBER)
    if always:
        for address in reach.addresses:
            for name in sorted(reach.lists):
                for role in always:
                    yield site.place(name, address, role)
    found = (p for p in site.rows if p.address in reach.addresses and p.list in reach.lists)
    yield from sorted(found, key=lambda p: (p.address, p.list, _ROSTERS.index(p.role)))


def _is_tagged(place: Place) -> bool:
    return place.address.untagged != place.address


def _order(step: Step) -> tuple[Any, ...]:
    return (
        _ORDER.index(step.act),
        step.list is not None,
        step.address,
        step.list or "",
        step.role,
        step.site,
    )
