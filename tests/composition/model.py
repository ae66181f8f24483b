"""What should stand on the lists: what people made of them, and the strictest measure over it.

Owns the expectation that core.plan is held against. It knows nothing of plans, steps and records,
and imports nothing of cocmail. A place is (list, address, role); what stands there is by mode
("as_address", "as_user"): (id, action, preferences). Called by test_composition.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field

Place = tuple[str, str, str]
Entry = tuple[int, str | None, tuple[tuple[str, str], ...]]
Rows = dict[Place, dict[str, Entry]]
Bans = dict[str, list[str]]  # by list; the site's under ""

FREE, HELD, OFF = range(3)
KEEPS_OFF = {"suspend", "ban", "leave"}
ROLES = ("owner", "moderator")


@dataclass
class InForce:
    measure: str
    address: str
    scope: frozenset[str] | None  # None: all lists, later ones too
    roles: bool


@dataclass
class Model:
    rows: Rows  # what stands there but for us
    bans: Bans
    people: list[set[str]]  # the addresses of each
    force: dict[int, InForce] = field(default_factory=dict)
    off: set[Place] = field(default_factory=set)  # since the last sweep
    stays: set[Place] = field(default_factory=set)  # roles that nobody else has there

    def __post_init__(self) -> None:
        self.rows, self.bans = deepcopy(self.rows), deepcopy(self.bans)

    # -- what is in force ----------------------------------------------------------------------

    def covered(self, address: str) -> set[str]:
        """All addresses of whom a sanction names, and each of these with a plus-tag."""
        mine = next(person for person in self.people if address in person)
        every = {one for person in self.people for one in person}
        tagged = {one for one in every if untagged(one) != one and untagged(one) in mine}
        return mine | {a for p in self.people if p & tagged for a in p}

    def covering(self, name: str, address: str) -> list[InForce]:
        return [
            s
            for s in self.force.values()
            if address in self.covered(s.address) and (s.scope is None or name in s.scope)
        ]

    def grip(self, place: Place) -> int:
        """The strictest that bears on this place."""
        covering = self.covering(*place[:2])
        measures = {s.measure for s in covering}
        if place[2] in ROLES:
            if place in self.stays:
                return FREE
            # Mailman gives no role to who is banned: it waits until no ban of ours is left.
            waits = place in self.off and measures & KEEPS_OFF
            return OFF if waits or any(s.roles for s in covering) else FREE
        if place[2] == "member" and measures & {*KEEPS_OFF, "remove"}:
            return OFF
        return HELD if "moderate" in measures else FREE

    # -- what happens --------------------------------------------------------------------------

    def by_hand(self, before: tuple[Rows, Bans], after: tuple[Rows, Bans]) -> None:
        """Somebody changed something, when all that is in force was true."""
        for level in {*before[1], *after[1]}:
            if level not in after[1]:
                self.bans.pop(level, None)
                continue
            old, new = set(before[1].get(level, ())), set(after[1][level])
            theirs = set(self.bans.get(level, ()))
            self.bans[level] = sorted((theirs | (new - old)) - (old - new))
        for place in {*before[0], *after[0], *self.rows}:
            if place[0] not in after[1]:
                self.rows.pop(place, None)
            elif before[0].get(place) != after[0].get(place):
                self._changed(place, after[0].get(place, {}))

    def _changed(self, place: Place, now: dict[str, Entry]) -> None:
        grip, old = self.grip(place), self.rows.get(place, {})
        if grip == OFF:
            return  # it will be put right
        if grip == HELD and place[2] == "nonmember":  # likewise, but for what isn't ours to set
            for mode in {*old} & {*now}:
                old[mode] = (*old[mode][:2], now[mode][2])
            return
        self.rows[place] = {
            # Of a post that is held all but that is theirs to change; who joins anew starts anew.
            mode: (entry[0], old[mode][1], entry[2])
            if grip == HELD and mode in old and old[mode][0] == entry[0]
            else entry
            for mode, entry in now.items()
        }
        if not now:
            del self.rows[place]

    def settled(self, before: Rows, seen: tuple[Rows, Bans]) -> list[str]:
        """What is wrong after a sweep; ``before``: as it stood when the sweep began."""
        self._owners_stay(before)
        for place in list(self.rows):
            once = [s for s in self.covering(*place[:2]) if s.measure == "remove"]
            role = place[2] in ROLES and any(s.roles for s in once) and place not in self.stays
            if once and (place[2] == "member" or role):
                del self.rows[place]
            elif place in self.off and self.grip(place) != OFF and barred(self.bans, place):
                del self.rows[place]  # a ban of somebody else's: nothing can be put back
        self.force = {n: s for n, s in self.force.items() if s.measure != "remove"}
        self.off = {place for place in self.rows if self.grip(place) == OFF}
        wrong = [*self._rows_wrong(seen), *self._bans_wrong(seen[1])]
        self._new_ids(seen[0])
        return sorted(wrong)

    def _owners_stay(self, before: Rows) -> None:
        """No list loses its last owner: where all that stand there should go, all stay."""
        self.stays = set()
        back = {
            place
            for place in self.rows
            if place[2] == "owner" and self.grip(place) != OFF and not barred(self.bans, place)
        }
        for name in {place[0] for place in before}:
            owners = {p for p in before if p[0] == name and p[2] == "owner" and before[p]}
            others = {place for place in back if place[0] == name}
            if owners and all(self._would_go(place) for place in owners | others):
                self.stays |= owners
                for place in owners - {*self.rows}:  # given while it was in force, and left
                    self.rows[place] = deepcopy(before[place])

    def _would_go(self, place: Place) -> bool:
        return any(s.roles for s in self.covering(*place[:2]))

    def _new_ids(self, seen: Rows) -> None:
        """Who was put back has another id; nothing else of what stands there is ours to know."""
        for place, entries in self.rows.items():
            now = seen.get(place, {})
            for mode in entries:
                if mode in now:
                    entries[mode] = (now[mode][0], *entries[mode][1:])

    def _rows_wrong(self, seen: tuple[Rows, Bans]) -> Iterable[str]:
        every = {*self.rows, *seen[0]}
        for person in self.people:
            every |= {(n, a, "nonmember") for n in seen[1] if n for a in person}
        for place in every:
            base, now = told(self.rows.get(place, {})), told(seen[0].get(place, {}))
            grip = self.grip(place)
            if grip == HELD and place[2] == "nonmember":
                # A row of ours; who is banned can't get one, and needs none.
                held = all(action == "hold" for action, _ in now.values())
                if not held or not (now or barred(seen[1], place)):
                    yield f"{place}: {now}, not held"
                continue
            wanted = base
            if grip == OFF:
                wanted = {}
            elif grip == HELD:
                wanted = {mode: ("hold", rest) for mode, (_, rest) in base.items()}
            if wanted != now:
                yield f"{place}: {now}, not {wanted}"

    def _bans_wrong(self, bans: Bans) -> Iterable[str]:
        for level, entries in bans.items():
            theirs = set(self.bans.get(level, ()))
            ours = {
                text
                for s in self.force.values()
                if s.measure in KEEPS_OFF and level in (s.scope or {""})
                for address in self.covered(s.address)
                for text in (address, with_tags(address))
            }
            yield from (f"ban {e} of {level or 'all'}: gone" for e in theirs - set(entries))
            yield from (f"ban {e} of {level or 'all'}: left" for e in set(entries) - theirs - ours)
            if len(entries) != len(set(entries)):
                yield f"bans of {level or 'all'}: twice"
            for address in (one for person in self.people for one in person if level):
                kept = any(s.measure in KEEPS_OFF for s in self.covering(level, address))
                for one in (address, tag(address)) if kept else ():
                    if not barred(bans, (level, one, "member")):
                        yield f"{one} may join {level}"


def told(entries: dict[str, Entry]) -> dict[str, tuple[str | None, tuple[tuple[str, str], ...]]]:
    return {mode: entry[1:] for mode, entry in entries.items()}


def barred(bans: Bans, place: Place) -> bool:
    """As Mailman looks at bans."""
    for entry in (*bans.get("", ()), *bans.get(place[0], ())):
        if entry == place[1] or (entry.startswith("^") and re.match(entry, place[1], re.I)):
            return True
    return False


def untagged(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def tag(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local}+anything@{domain}"


def with_tags(address: str) -> str:
    local, _, domain = address.partition("@")
    return rf"^{re.escape(local)}\+[^@]*@{re.escape(domain)}$"
