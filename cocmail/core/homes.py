"""Where an entry that was recorded would stand by now, had nobody touched it.

Owns what follows from a user who prefers another address, or lost one: an entry as user stands at
the address that the user prefers. Refuses to plan. Called by planning.site.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from cocmail.core.coverage import Facts, Reach
from cocmail.core.enforcement import Observed, Place, Row, from_facts, to_facts
from cocmail.core.people import Address

PREFERS = "they prefer this address in Mailman by now, and are on the list with it"
BY_ADDRESS = "they were on this list through their Mailman account; now with this address alone"


@dataclass(kw_only=True)
class Homes:
    """What is known of where entries stand now."""

    observed: Observed
    reaches: Collection[Reach]
    texts: dict[Place, str] = field(default_factory=dict)
    """For people, where an entry comes back otherwise than it was."""
    moved: set[tuple[str, Place]] = field(default_factory=set)
    """Of these sanctions the record is of another place."""

    def __post_init__(self) -> None:
        self._seen = {row.member_id: row.place for row in self.observed.rows}

    def of(self, reach: Reach) -> Reach:
        """The same, each record in the place where its entries stand now."""
        moved: dict[Place, list[Row]] = {}
        kept: dict[Place, Facts] = {}
        noted, found = dict(reach.noted), dict(reach.seen)
        for place, facts in reach.records.items():
            rows = from_facts(place, facts)
            now = [self._now(place, row) for row in rows]
            stays = _one_a_mode(row for row in now if row.place == place)
            if stays or not rows:
                kept[place] = facts if stays == rows else {**(facts or {}), **_facts(stays)}
            for row in now:
                if row.place != place:
                    moved.setdefault(row.place, []).append(row)
                    if place in reach.noted:
                        noted.setdefault(row.place, reach.noted[place])
                    if place in reach.seen:
                        found.setdefault(row.place, reach.seen[place])
        for place, come in moved.items():
            there = from_facts(place, kept.get(place))
            whole = _one_a_mode((*there, *come))
            if len(whole) > len(there):
                kept[place] = {**(kept.get(place) or {}), **_facts(whole)}
                self.moved.add((reach.id, place))
        return replace(reach, records=kept, noted=noted, seen=found)

    def _now(self, place: Place, row: Row) -> Row:
        seen = self._seen.get(row.member_id)
        if seen is not None and row.member_id:
            same = (seen.list, seen.role) == (place.list, place.role)
            moved = same and seen.address != row.address
            return replace(row, address=seen.address, since=None) if moved else row
        if row.mode != "as_user" or row.user not in self.observed.preferred:
            return row
        prefers = self.observed.preferred[row.user]
        if prefers is not None and self.observed.users.get(prefers) != row.user:
            prefers = None  # it was moved to somebody else, which Mailman doesn't look at
        if prefers == place.address:
            return row
        if prefers is not None and self._is_covered(place, prefers):
            verified = prefers not in self.observed.unverified
            now = replace(row, address=prefers, verified=verified, since=None)
            self.texts[now.place] = PREFERS
            return now
        self.texts[place] = BY_ADDRESS
        return replace(row, mode="as_address", user="")

    def _is_covered(self, place: Place, prefers: Address) -> bool:
        """Whether all sanctions that took the entry cover that address as well: by another one
        nobody comes back past a sanction that is still in force."""
        return all(prefers in one.addresses for one in self.reaches if place in one.records)


def _one_a_mode(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Mailman has no more; what was recorded so goes before what has become so."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.mode not in found or row.user:
            found[row.mode] = row
    return tuple(found.values())


def _facts(rows: tuple[Row, ...]) -> Mapping[str, object]:
    return to_facts(rows) or {}
