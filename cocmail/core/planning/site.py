"""One site as it was observed: which sanctions bear on a place there, and what stands in it.

Owns the answers that every room asks for. Refuses to decide what follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cocmail.core.coverage import Groups, Reach, persons, reaches
from cocmail.core.enforcement import Observed, Place, Role, Row, Standing
from cocmail.core.homes import Homes
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure


@dataclass(kw_only=True)
class Site:
    """What stands, and what bears on it; records are in the places where their entries stand."""

    standing: Standing
    groups: Groups
    observed: Observed

    def __post_init__(self) -> None:
        standing, observed = self.standing, self.observed
        # A removal takes once and gives nothing back.
        over = (s for s in standing.ending if s.measure is not Measure.REMOVE)
        force = reaches(standing.sanctions, self.groups, observed)
        ending = reaches(over, self.groups, observed)
        self.persons = persons((*force, *ending))
        self.homes = Homes(observed=observed, reaches=(*force, *ending))
        self.force = tuple(map(self.homes.of, force))
        self.ending = tuple(map(self.homes.of, ending))
        self.all = (*self.force, *self.ending)
        self.people = {*self.persons, *(p.address for reach in self.all for p in reach.records)}
        self._force, self._ending = _by_address(self.force), _by_address(self.ending)
        mine = {s.id for s in standing.sanctions}
        others = (s for s in standing.whole if s.including_roles and s.id not in mine)
        self._others = _by_address(reaches(others, self.groups, observed))
        self.rows: dict[Place, tuple[Row, ...]] = {}
        for row in sorted(observed.rows, key=lambda row: row.mode):
            self.rows[row.place] = (*self.rows.get(row.place, ()), row)

    def place(self, name: str | None, address: Address, role: Role) -> Place:
        return Place(list=name, address=address, role=role, site=self.observed.site)

    def seen(self, place: Place) -> tuple[Row, ...]:
        return self.rows.get(place, ())

    def in_force(self, place: Place) -> tuple[Reach, ...]:
        """Those that may bear on this place: the others are about somebody else."""
        return self._force.get(place.address, ())

    def bearing(self, place: Place) -> tuple[Reach, ...]:
        """Those in force that may, and those that ended."""
        return (*self.in_force(place), *self._ending.get(place.address, ()))

    def recorded(self, place: Place) -> list[Reach]:
        """Those that have a record of this place. What a removal took is gone."""
        return [
            reach
            for reach in self.bearing(place)
            if place in reach.records and reach.sanction.measure is not Measure.REMOVE
        ]

    def ended(self, place: Place) -> list[Reach]:
        """Those of them that are over."""
        return [r for r in self._ending.get(place.address, ()) if place in r.records]

    def keepers(self, place: Place) -> list[Reach]:
        """Those of them in force, that cover this list no longer: till they end it stays as they
        made it, and what else somebody makes of it is theirs."""
        in_force = self.in_force(place)
        return [r for r in self.recorded(place) if r in in_force and not r.covers(place)]

    def has_taken(self, reach: Reach, place: Place) -> bool:
        """Whether it is a removal that took here what it found, while it still waits on another
        list: it takes once, and they may come back, and get a role that they didn't have."""
        if reach.sanction.measure is not Measure.REMOVE:
            return False
        lists = (None, place.list)
        begun = {self.place(name, place.address, Role.MEMBER) for name in lists}
        if not (begun | {place}) & reach.records.keys():
            return False
        return not ids(self.seen(place)) & ids(reach.rows(place))

    def is_last_owner(self, place: Place) -> bool:
        """Whether all owners of that list would go."""
        owners = self.observed.owners.get(place.list or "", ())
        return place in self.rows and all(
            self._goes(replace(place, address=owner)) for owner in owners
        )

    def _goes(self, place: Place) -> bool:
        """Where nobody looked, whoever may go is taken to go."""
        stay = [r for r in self.in_force(place) if self.seen(place) and self.has_taken(r, place)]
        some = (*self.in_force(place), *self._others.get(place.address, ()))
        return any(reach.takes_off(place) for reach in some if reach not in stay)


def ids(rows: tuple[Row, ...]) -> set[str]:
    return {row.member_id for row in rows}


def _by_address(some: Iterable[Reach]) -> dict[Address, tuple[Reach, ...]]:
    found: dict[Address, list[Reach]] = {}
    for reach in some:
        for address in dict.fromkeys((*reach.addresses, *(p.address for p in reach.records))):
            found.setdefault(address, []).append(reach)
    return {address: tuple(reaches) for address, reaches in found.items()}
