"""Whom and what each sanction covers, seen against what stands on the lists.

Owns the reach of one sanction (addresses, lists, what it takes away, what it has touched before)
and which people are one person. Refuses to know how sanctions compose. Called by core.plan with
its rooms, and core.proof.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cocmail.core.enforcement import (
    Observed,
    Place,
    Question,
    Role,
    Row,
    Standing,
    from_facts,
)
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Sanction

Facts = Mapping[str, object] | None
Groups = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One sanction against what is observed."""

    sanction: Sanction
    addresses: tuple[Address, ...] = field(repr=False)
    lists: frozenset[str]  # those that exist now and are in its scope
    records: Mapping[Place, Facts] = field(repr=False)
    noted: Mapping[Place, datetime] = field(default_factory=dict, repr=False)  # when, if known
    seen: Mapping[Place, str] = field(default_factory=dict, repr=False)  # as Before.seen

    @property
    def id(self) -> str:
        return self.sanction.id

    @property
    def keeps_off(self) -> bool:
        return self.sanction.measure.keeps_off

    @property
    def everywhere(self) -> bool:
        return self.sanction.scope.everything

    def rows(self, place: Place) -> tuple[Row, ...]:
        """What stood there, by its record."""
        return from_facts(place, self.records.get(place))

    def covers(self, place: Place) -> bool:
        return place.address in self.addresses and (place.list is None or place.list in self.lists)

    def takes_off(self, place: Place) -> bool:
        """Whether nothing may stand in this place while it is in force."""
        if not self.covers(place):
            return False
        if place.role is Role.MEMBER:
            return self.keeps_off or self.sanction.measure is Measure.REMOVE
        return place.role in (Role.OWNER, Role.MODERATOR) and self.sanction.including_roles

    def holds(self, place: Place) -> bool:
        return (
            self.sanction.measure is Measure.MODERATE
            and place.role in (Role.MEMBER, Role.NONMEMBER)
            and self.covers(place)
        )

    def took_off(self, place: Place) -> bool:
        """Whether its record of this place is of something that it took away whole."""
        return self.keeps_off or place.role in (Role.OWNER, Role.MODERATOR)

    def touched(self, place: Place) -> bool:
        """Whether it had this address off this list before: what stands there without a record
        came later, and is not to be given back."""
        if place.role in (Role.NONMEMBER, Role.BAN):
            return False
        if place.role is not Role.MEMBER and not self.sanction.including_roles:
            return False
        if self.sanction.measure is Measure.MODERATE:  # it notes the nonmember of every place
            at = replace(place, role=Role.NONMEMBER)
            return place.role is not Role.MEMBER and at in self.records
        if not self.keeps_off:
            return False
        level = None if self.everywhere else place.list
        return replace(place, list=level, role=Role.BAN) in self.records


def reaches(sanctions: Iterable[Sanction], groups: Groups, observed: Observed) -> tuple[Reach, ...]:
    """On the site that was observed: a list of one has no records on another."""
    return tuple(_reach(one, groups, observed) for one in sanctions if _acts(one))


def _reach(sanction: Sanction, groups: Groups, observed: Observed) -> Reach:
    records = {
        Place(list=b.list, address=b.address, role=Role(b.role), site=b.site): b
        for b in sanction.before
        if observed.sites or b.site == observed.site
    }
    return Reach(
        sanction=sanction,
        addresses=covered(sanction, observed),
        lists=frozenset(name for name in observed.lists if sanction.covers(name, groups)),
        records={place: before.facts for place, before in records.items()},
        noted={place: b.noted for place, b in records.items() if b.noted is not None},
        seen={place: b.seen for place, b in records.items() if b.seen},
    )


def everybody(addresses: Iterable[Address], observed: Observed) -> tuple[Address, ...]:
    """These, with every other address of the same Mailman users. One with a plus-tag is the same
    mailbox, so it is theirs too."""
    found = dict.fromkeys(addresses)
    for address in tuple(found):
        found |= dict.fromkeys(observed.linked.get(address, ()))
    for tagged in observed.linked:
        if "+" in tagged and tagged not in found and tagged.is_among(found):
            found |= dict.fromkeys(observed.linked[tagged])
    return tuple(found)


def covered(sanction: Sanction, observed: Observed) -> tuple[Address, ...]:
    """The named one first. Once covered, always covered: an address that was moved to another
    user meanwhile still carries our records.

    Every link is followed when it is decided, of an address that is added later too. After that
    only where nobody else can have been: a user with an address that Mailman knew before, and that
    wasn't theirs then, may be somebody's to whom a covered address was moved. That is for humans
    to say (core.leading).
    """
    named = (sanction.address, *sanction.addresses)
    theirs = tuple(_named(sanction))
    decided = named if sanction.proved is None else sanction.added
    known = {*theirs, *everybody(decided, observed)}

    def is_older(address: Address) -> bool:
        at = observed.since.get(address)
        return bool(at and sanction.start and at < sanction.start) and not address.is_among(known)

    def is_doubtful(address: Address) -> bool:
        return any(map(is_older, observed.linked.get(address, ()))) and not address.is_among(known)

    return tuple(
        a
        for a in everybody(theirs, observed)
        if a in named or not (a.is_among(sanction.apart) or is_doubtful(a))
    )


def beside(force: Iterable[Reach], observed: Observed) -> Mapping[Address, tuple[Address, ...]]:
    """Who is on a Mailman user with somebody's covered address, and isn't covered with it: with
    the covered addresses on that user."""
    found: dict[Address, set[Address]] = {}
    for reach in force:
        own = {*reach.addresses}
        for address in {*everybody(own, observed)} - own:
            found.setdefault(address, set()).update(own & {*observed.linked.get(address, ())})
    return {address: tuple(sorted(theirs)) for address, theirs in found.items()}


def pressing(
    standing: Standing, linked: Mapping[Address, Collection[Address]] | None = None
) -> Standing:
    """What was decided and isn't true yet, and what bears on the same people. ``linked``: as it
    was observed."""
    new = {s.id for s in standing.sanctions if s.is_new and _acts(s)}
    return bearing(standing, new | {s.id for s in standing.ending}, linked)


def bearing(
    standing: Standing,
    names: Collection[str],
    linked: Mapping[Address, Collection[Address]] | None = None,
) -> Standing:
    """These, and all else that bears on the same people, for what is in force on one person is
    planned together."""
    every = (*standing.sanctions, *standing.ending)
    mailboxes = {s.id: _mailboxes(s) for s in every if _acts(s)}
    chosen = {name for name in names if name in mailboxes}
    people = {other.untagged for others in (linked or {}).values() for other in others}
    while True:
        people = people.union(*(mailboxes[name] for name in chosen))
        wider = {name for name, theirs in mailboxes.items() if theirs & people} if chosen else set()
        if wider == chosen:
            break
        chosen = wider
    return replace(
        standing,
        sanctions=tuple(s for s in standing.sanctions if s.id in chosen),
        ending=tuple(s for s in standing.ending if s.id in chosen),
    )


def questions(
    standing: Standing, groups: Groups, doubtful: Iterable[str] = ()
) -> tuple[Question, ...]:
    """What has to be observed to plan for these sanctions. ``doubtful``: lists whose own bans
    are to be read although no sanction of ours bans there."""
    asked = []
    for sanction in (*standing.sanctions, *standing.ending):
        if not _acts(sanction):
            continue
        lists = {before.list for before in sanction.before if before.role == Role.BAN}
        if sanction.measure.keeps_off:
            lists.update(sanction.scope.lists)
            for name in sanction.scope.groups:
                lists.update(groups.get(name, ()))
        lists.update(doubtful)
        asked.append(
            Question(
                addresses=tuple(dict.fromkeys(_named(sanction))),
                lists=tuple(sorted(name for name in lists if name is not None)),
                users=() if sanction.in_force else _users(sanction),
            )
        )
    return tuple(asked)


def forgotten_groups(in_force: Iterable[Sanction], groups: Groups) -> str:
    """What to say where these are on groups that the configuration doesn't name; "": they aren't.
    It tells of their cases."""
    lost = {name for s in in_force if _acts(s) for name in s.scope.lacks(groups)}
    if not lost:
        return ""
    named = ", ".join(sorted(lost))
    return (
        f"{named} is not in [mailman.groups] any more, and sanctions in force are on it: name it"
        " again, with its lists, or lift them; until then they hold where they did, and nothing"
        " is proved"
    )


def _acts(sanction: Sanction) -> bool:
    """Whether it changes anything on a list."""
    return sanction.measure is not Measure.WARN


def _named(sanction: Sanction) -> Iterator[Address]:
    yield sanction.address
    yield from sanction.addresses
    yield from (before.address for before in sanction.before)


def _mailboxes(sanction: Sanction) -> set[Address]:
    return {address.untagged for address in _named(sanction)}


def _users(sanction: Sanction) -> tuple[str, ...]:
    """Who was on lists through their user, and so comes back."""
    found: dict[str, None] = {}
    for before in sanction.before:
        rows = (before.facts or {}).get("rows")
        for row in rows if isinstance(rows, list | tuple) else ():
            if user := row.get("user"):
                found[str(user)] = None
    return tuple(found)


def persons(all_reaches: Iterable[Reach]) -> dict[Address, str]:
    """A key for each address, equal for the addresses of one person: whoever shares a sanction
    or a Mailman user is changed in one sequence."""
    keys: dict[Address, str] = {}
    for reach in all_reaches:
        old = {keys[a] for a in reach.addresses if a in keys}
        key = min({*old, *map(str, reach.addresses)})
        for address, other in keys.items():
            if other in old:
                keys[address] = key
        keys |= dict.fromkeys(reach.addresses, key)
    return keys
