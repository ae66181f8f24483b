"""What should stand on the lists, told plainly: what stands but for us, and the strictest measure.

Owns the expectation that random histories are held against. Refuses to know how the enforcement
gets there: no plans, no records, nothing of cocmail at all. Called by history.py with what was
read of Mailman after each change by hand and after each sweep.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Place = tuple[str, str, str]  # list, address, role
Entry = dict[str, Any]

FREE, HELD, OFF = range(3)
KEEPS_OFF = ("suspend", "ban", "leave")


@dataclass
class Seen:
    """Mailman at one time. In `bans`, the site's are under ""."""

    rows: dict[Place, Entry]
    bans: dict[str, list[str]]
    people: dict[str, Entry]
    ids: dict[Place, str]


@dataclass
class InForce:
    measure: str
    address: str
    lists: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()  # neither: all lists, later ones too
    roles: bool = False  # owner and moderator, too
    added: set[str] = field(default_factory=set)  # by a later vote
    fresh: set[str] = field(default_factory=set)  # decided, and not yet made true
    known: set[str] = field(default_factory=set)  # whom it was made true for
    apart: set[str] = field(default_factory=set)  # said to be somebody else
    done: set[str] = field(default_factory=set)  # lists on which it was made true
    taken: set[tuple[str, str]] = field(default_factory=set)  # list, whom: by a removal, once

    def __post_init__(self) -> None:
        self.fresh.add(self.address)

    @property
    def everywhere(self) -> bool:
        return not self.lists and not self.groups


@dataclass
class Model:
    stands: Seen  # but for us
    users: list[set[str]]  # the addresses of each person
    groups: dict[str, frozenset[str]]  # of lists, as the configuration has them
    follows: bool = True  # a link that comes later; not where both were known before
    force: dict[int, InForce] = field(default_factory=dict)
    off: set[Place] = field(default_factory=set)  # as of the last sweep
    last: dict[Place, Entry] = field(default_factory=dict)  # as it stood after that
    touched: bool = False  # by somebody's hand, or for good by a removal

    def __post_init__(self) -> None:
        self.stands = deepcopy(self.stands)

    # -- what happens --------------------------------------------------------------------------

    def by_hand(self, before: Seen, after: Seen) -> None:
        """Somebody changed something; what we have in force was true before."""
        self.touched |= before != after
        self.stands.people = deepcopy(after.people)
        for level in after.bans:
            old, new = set(before.bans.get(level, ())), set(after.bans[level])
            others = set(self.stands.bans.get(level, ()))
            self.stands.bans[level] = sorted((others | (new - old)) - (old - new))
        for place in {*before.rows, *after.rows}:
            anew = before.ids.get(place) != after.ids.get(place)
            if anew or before.rows[place] != after.rows[place]:
                self._changed(place, after.rows.get(place), anew)
        for place in [p for p in self.stands.rows if p[0] not in after.bans]:
            del self.stands.rows[place]
        for level in [level for level in self.stands.bans if level not in after.bans]:
            del self.stands.bans[level]

    def _changed(self, place: Place, now: Entry | None, anew: bool) -> None:
        rows, grip = self.stands.rows, self.grip(place)
        if grip == OFF or (grip == HELD and place[2] == "nonmember"):
            return  # it will be put right
        old = rows.pop(place, None)
        if now is not None:
            rows[place] = deepcopy(now)
            if grip == HELD and not anew and old is not None:
                rows[place] = acting(now, old.get("moderation_action"))

    def add(self, number: int, address: str) -> bool:
        """A vote takes that one for the person too. False: there is nothing of the kind."""
        one = self.force.get(number)
        if one is None or address in {one.address, *one.added}:
            return False
        one.added.add(address)
        one.fresh.add(address)
        one.apart.discard(address)
        return True

    def take_away(self, number: int, address: str) -> set[str]:
        """A vote says that it is somebody else: who goes, with whoever came only with it."""
        one = self.force.get(number)
        if one is None or address not in one.added:
            return set()
        one.added.remove(address)
        off = {address}
        if one.address not in self.person(address):
            off |= self.person(address) - one.added
        one.fresh -= off
        one.known -= off
        one.apart |= off
        return off

    # -- what should be ------------------------------------------------------------------------

    def person(self, address: str) -> set[str]:
        return next(user for user in self.users if address in user)

    def covered(self, one: InForce) -> set[str]:
        """All addresses of whom it is about."""
        linked = {*one.fresh, *(one.known if self.follows else ())}
        theirs = one.known.union(*map(self.person, linked))
        return theirs - (one.apart - {one.address})

    def reaches(self, one: InForce, mailing_list: str) -> bool:
        if one.everywhere or mailing_list in one.lists:
            return True
        if self.lacks(one) and mailing_list in one.done:
            return True  # a group that nobody knows any more: it holds where it did
        return any(mailing_list in self.groups.get(name, ()) for name in one.groups)

    def lacks(self, one: InForce) -> bool:
        return not one.groups <= self.groups.keys()

    def is_left(self, mailing_list: str) -> bool:
        """Whether it was taken out of a group on which something is in force. What that did there
        stays until it ends, but isn't looked after."""
        return any(self._left(one, mailing_list) for one in self.force.values())

    def _left(self, one: InForce, mailing_list: str) -> bool:
        once = one.measure == "remove"  # it keeps nobody off
        return not once and mailing_list in one.done and not self.reaches(one, mailing_list)

    def covering(self, mailing_list: str, address: str, *, left: bool = False) -> list[InForce]:
        return [
            s
            for s in self.force.values()
            if address in self.covered(s)
            and (mailing_list, address) not in s.taken
            and (self.reaches(s, mailing_list) or (left and self._left(s, mailing_list)))
        ]

    def grip(self, place: Place, *, left: bool = False) -> int:
        """The strictest measure in force that bears on this place."""
        mailing_list, address, role = place
        covering = self.covering(mailing_list, address, left=left)
        measures = {s.measure for s in covering}
        if _is_role(place):
            # Mailman gives no role to who is banned: it comes back when no ban of ours is left.
            waits = place in self.off and measures & {*KEEPS_OFF}
            return OFF if waits or any(s.roles for s in covering) else FREE
        if role == "member" and measures & {*KEEPS_OFF, "remove"}:
            return OFF
        return HELD if "moderate" in measures else FREE

    def swept(self, seen: Seen) -> list[str]:
        """What is wrong after a sweep, as lines."""
        rows = self.stands.rows
        for place in list(rows):
            once = [s for s in self.covering(*place[:2]) if s.measure == "remove"]
            if once and (place[2] == "member" or (_is_role(place) and any(s.roles for s in once))):
                del rows[place]
                self.touched = True
            elif place in self.off and self.grip(place) != OFF and barred(self.stands, place):
                del rows[place]  # a ban of somebody else's keeps them off: nothing is put back
                self.touched = True
        for one in self.force.values():
            if not self.lacks(one):
                one.known |= self.covered(one)
                one.fresh.clear()
            now = {name for name in seen.bans if name and self.reaches(one, name)}
            one.done |= now
            if one.measure == "remove":
                one.taken |= {(name, address) for name in now for address in self.covered(one)}
        self.force = {n: s for n, s in self.force.items() if s.measure != "remove" or self.lacks(s)}
        wrong = [*self._rows_wrong(seen), *self._bans_wrong(seen), *self._people_wrong(seen)]
        self.off = {
            place
            for place in rows
            if self.grip(place) == OFF or (self.is_left(place[0]) and place not in seen.rows)
        }
        self.last = seen.rows
        return wrong

    def _rows_wrong(self, seen: Seen) -> list[str]:
        wrong = []
        every = {*self.stands.rows, *seen.rows}
        every |= {
            (name, address, "nonmember")
            for name in seen.bans
            for user in self.users
            for address in user
            if name
        }
        for place in sorted(every):
            found = self._row_wrong(place, seen, self.grip(place))
            if self.is_left(place[0]) and seen.rows.get(place) == self.last.get(place):
                continue
            if found and self._row_wrong(place, seen, self.grip(place, left=True)):
                wrong.append(f"{told(place)}: {found}")
        return wrong

    def _row_wrong(self, place: Place, seen: Seen, grip: int) -> str:
        base, now = self.stands.rows.get(place), seen.rows.get(place)
        wanted = base
        if grip == OFF:
            wanted = None
        elif grip == HELD and base is not None:
            wanted = acting(base, "hold")
        elif grip == HELD and place[2] == "nonmember":
            # A row of ours; who is banned can't get one, and needs none.
            if now is None:
                return "" if barred(seen, place) else "not held"
            return "" if now.get("moderation_action") == "hold" else f"{now}, not held"
        return differing(wanted, now) if wanted != now else ""

    def _bans_wrong(self, seen: Seen) -> list[str]:
        wrong = []
        for level, entries in seen.bans.items():
            theirs = set(self.stands.bans.get(level, ()))
            ours = {
                text
                for s in self.force.values()
                if s.measure in KEEPS_OFF
                and (not level if s.everywhere else self.reaches(s, level) or level in s.done)
                for address in self.covered(s)
                for text in (address, _with_tags(address))
            }
            wrong += [f"ban {e} of {level or 'all'}: gone" for e in theirs - set(entries)]
            wrong += [f"ban {e} of {level or 'all'}: left" for e in set(entries) - theirs - ours]
            if len(entries) != len(set(entries)):
                wrong.append(f"bans of {level or 'all'}: twice")
            for user in self.users:
                for address in user:
                    kept = any(s.measure in KEEPS_OFF for s in self.covering(level, address))
                    if level and kept and not barred(seen, (level, address, "member")):
                        wrong.append(f"{address} may join {level}")
        return sorted(wrong)

    def _people_wrong(self, seen: Seen) -> list[str]:
        every = sorted({*self.stands.people, *seen.people})
        pairs = [(a, self.stands.people.get(a), seen.people.get(a)) for a in every]
        return [f"{who}: {differing(old, now)}" for who, old, now in pairs if old != now]


def _with_tags(address: str) -> str:
    local, _, domain = address.partition("@")
    return rf"^{re.escape(local)}\+[^@]*@{re.escape(domain)}$"


def _is_role(place: Place) -> bool:
    return place[2] in ("owner", "moderator")


def barred(seen: Seen, place: Place) -> bool:
    """Whether a ban covers the address there, as Mailman looks at bans."""
    for entry in (*seen.bans.get("", ()), *seen.bans.get(place[0], ())):
        if entry == place[1] or (entry.startswith("^") and re.match(entry, place[1])):
            return True
    return False


def acting(entry: Mapping[str, Any], action: str | None) -> Entry:
    """Mailman leaves the key out where the list's default counts."""
    rest = {key: value for key, value in entry.items() if key != "moderation_action"}
    return deepcopy(rest if action is None else {**rest, "moderation_action": action})


def told(place: Place) -> str:
    mailing_list, address, role = place
    return f"{address} as {role} of {mailing_list}"


def differing(wanted: Entry | None, now: Entry | None) -> str:
    if wanted is None or now is None:
        return "should be there" if now is None else "should not be there"
    keys = sorted(key for key in {*wanted, *now} if wanted.get(key) != now.get(key))
    return ", ".join(f"{key} {now.get(key)!r} for {wanted.get(key)!r}" for key in keys)
