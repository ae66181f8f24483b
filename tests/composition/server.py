"""A list server in memory, with Mailman's manners as far as they were found by trying.

Owns memberships as an address and as a user, roles, moderation, bans of the site and of lists
(exact, and patterns), lists that come and go, and addresses that get another user. It applies a
step as adapters.mailman does. Refuses to know sanctions. Called by test_composition.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cocmail.core.enforcement import (
    Act,
    Ban,
    Observed,
    Role,
    Row,
    Step,
    ban_text,
    tags_text,
)
from cocmail.core.people import Address
from tests.composition.model import Bans, Entry, Place, Rows, barred


@dataclass
class Server:
    lists: list[str]
    people: list[set[str]]
    rows: Rows = field(default_factory=dict)
    bans: Bans = field(default_factory=dict)
    ids: int = 0
    made: int = 0  # lists, ever: a name is not used twice

    def __post_init__(self) -> None:
        self.bans = {"": [], **{name: [] for name in self.lists}}

    # -- what anybody may do -------------------------------------------------------------------

    def subscribe(
        self,
        place: Place,
        mode: str = "as_address",
        action: str | None = None,
        preferences: tuple[tuple[str, str], ...] = (),
    ) -> bool:
        """False: who is banned gets no row, of whatever role."""
        if barred(self.bans, place) or place[0] not in self.lists:
            return False
        self.ids += 1
        self.rows.setdefault(place, {}).setdefault(mode, (self.ids, action, preferences))
        return True

    def unsubscribe(self, place: Place) -> None:
        self.rows.pop(place, None)

    def change(self, place: Place, mode: str, entry: Entry) -> None:
        self.rows[place][mode] = entry

    def ban(self, text: str, level: str) -> bool:
        """False: it is banned already, by whatever entry."""
        if level not in self.bans or barred(self.bans, (level, text, "")):
            return False
        self.bans[level].append(text)
        return True

    def unban(self, text: str, level: str) -> None:
        if text in self.bans.get(level, ()):
            self.bans[level].remove(text)

    def make(self, name: str) -> None:
        self.lists.append(name)
        self.bans[name] = []

    def delete(self, name: str) -> None:
        self.lists.remove(name)
        del self.bans[name]
        for place in [p for p in self.rows if p[0] == name]:
            del self.rows[place]

    # -- what the enforcement sees and does ----------------------------------------------------

    def observed(self) -> Observed:
        every = [Address(one) for person in self.people for one in sorted(person)]
        owners: dict[str, tuple[Address, ...]] = {}
        for (name, address, role), entries in sorted(self.rows.items()):
            if role == "owner" and entries:
                owners[name] = (*owners.get(name, ()), Address(address))
        bans = [self._bans(level, address) for level in self.bans for address in every]
        return Observed(
            lists={name: name.replace("@", ".") for name in self.lists},
            linked={
                Address(one): tuple(map(Address, sorted(person)))
                for person in self.people
                for one in person
            },
            known=frozenset(every),
            rows=tuple(
                Row(
                    list=name,
                    address=Address(address),
                    role=Role(role),
                    mode=mode,
                    member_id=str(number),
                    action=action,
                    preferences=dict(preferences),
                )
                for (name, address, role), entries in self.rows.items()
                for mode, (number, action, preferences) in entries.items()
            ),
            bans=tuple(one for one in bans if one.exact or one.tags or one.pattern),
            owners=owners,
        )

    def _bans(self, level: str, address: Address) -> Ban:
        entries = self.bans[level]
        known = (ban_text(address), tags_text(address), tags_text(address.untagged))
        others = [entry for entry in entries if entry.startswith("^") and entry not in known]
        return Ban(
            list=level or None,
            address=address,
            exact=entries.count(known[0]),
            tags=entries.count(known[1]),
            pattern=barred({"": others}, ("", str(address), "")),
        )

    def apply(self, step: Step) -> None:
        place = (step.list or "", str(step.address), str(step.role))
        if step.act is Act.BAN:
            for text in step.bans:
                assert self.ban(text, place[0]), f"Mailman answers 400 to {text}"
        elif step.act is Act.UNBAN:
            for text in step.bans:
                self.unban(text, place[0])
        elif step.act is Act.TAKE_OFF:
            self.unsubscribe(place)
        elif step.act is Act.MODERATE:
            for row in step.rows:
                number, _, preferences = self.rows[place][row.mode]
                self.change(place, row.mode, (number, row.action, preferences))
        else:
            for row in step.rows:
                there = self.rows.get(place, {})
                assert row.mode in there or self.subscribe(place, row.mode), "Mailman answers 400"
                number = self.rows[place][row.mode][0]
                preferences = tuple(sorted((k, str(v)) for k, v in (row.preferences or {}).items()))
                self.change(place, row.mode, (number, row.action, preferences))
