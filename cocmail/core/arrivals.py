"""Memberships that arrive held, because Mailman's plugin knows who is under sanction.

Owns whom the plugin is to hold, and how such a row is read: as it would stand without us, for what
is written down before a change is what comes back at the end. Refuses to know how the plugin is
told. Called by loops.enforcement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cocmail.core.coverage import Facts
from cocmail.core.enforcement import (
    HOLD,
    Act,
    Observed,
    Place,
    Plan,
    Role,
    Row,
    Standing,
    Step,
    Word,
    from_facts,
)
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Sanction

EVERYWHERE = "*"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A membership that the plugin held."""

    member_id: str
    list: str  # posting address
    site: str = ""


def to_hold(
    sanctions: Iterable[Sanction],
    covers: Mapping[str, tuple[Address, ...]],
    groups: Mapping[str, tuple[str, ...]],
) -> frozenset[tuple[Address, str]]:
    """Who is to be held as soon as they come onto a list, and onto which (EVERYWHERE: any)."""
    found: set[tuple[Address, str]] = set()
    for sanction in sanctions:
        if not (sanction.measure.keeps_off or sanction.measure is Measure.MODERATE):
            continue
        lists = {*sanction.scope.lists}
        lists.update(name for group in sanction.scope.groups for name in groups.get(group, ()))
        if sanction.scope.lacks(groups):
            lists.update(before.list for before in sanction.before if before.list is not None)
        where = {EVERYWHERE} if sanction.scope.everything else lists
        addresses = (*sanction.addresses, *covers.get(sanction.id, ()))
        found.update((address, name) for address in addresses for name in where)
    return frozenset(found)


def recorded(standing: Standing) -> frozenset[str]:
    """The memberships that sanctions have records of: they are ours already."""
    return frozenset(
        row.member_id for place, facts in _records(standing) for row in from_facts(place, facts)
    )


def unheld(observed: Observed, arrived: Collection[str], standing: Standing) -> Observed:
    """The same, but what arrived held stands with its list's default, as it would without us."""
    fresh = set(arrived) - recorded(standing)
    # A nonmember row that stands where there was none before us is made by us.
    ours = {place for place, _ in _records(standing) if place.role is Role.NONMEMBER}
    if not fresh:
        return observed
    return replace(
        observed,
        sites=tuple(unheld(one, arrived, standing) for one in observed.sites),
        rows=tuple(
            replace(row, action=None)
            if row.action == HOLD and row.member_id in fresh and row.place not in ours
            else row
            for row in observed.rows
        ),
    )


def nobodys(arrived: Iterable[Arrival], planned: Plan, standing: Standing) -> tuple[Arrival, ...]:
    """Those that no sanction bears on: it ended as they came. They are to be let go."""
    ours = {row.member_id for step in planned.steps for row in step.rows} | recorded(standing)
    return tuple(one for one in arrived if one.member_id not in ours)


def _records(standing: Standing) -> Iterator[tuple[Place, Facts]]:
    for sanction in (*standing.sanctions, *standing.ending):
        for one in sanction.before:
            at = Place(list=one.list, address=one.address, role=Role(one.role), site=one.site)
            yield at, one.facts


def free(one: Arrival) -> Step:
    """What lets a membership go that arrived held."""
    row = Row(
        list=one.list,
        address=Address(""),  # not told, and not needed
        role=Role.MEMBER,
        member_id=one.member_id,
        site=one.site,
    )
    return Step(
        act=Act.MODERATE,
        list=row.list,
        address=row.address,
        role=row.role,
        now=Word.HELD,
        then=Word.MEMBER,
        rows=(row,),
        site=row.site,
    )
