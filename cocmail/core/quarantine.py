"""Mail that was set aside outside every case, and who may hear of it.

Owns the fold of the quarantine's own records, and when a member is told of what is in one. Such a
record is a case of the ledger without a reference; after so many mails the next is begun, so that
a flood costs no more for each mail than a trickle. Refuses to know what a mail says: a record holds
nothing of it, not even its sender. Folded by folding, carried by a Case; what members are told is
casework.quarantine's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cocmail.core import events as e
from cocmail.core.people import Address

_PREFIX = "quarantine-"

RELEASED = "released"
"""What becomes of a mail that is accepted: it is handled as if it had just come."""
LEFT = "left"
"""The road of a mail that is larger than we take: what we have is its beginning, which tells who
may hear that it lies where it came."""
TOO_LARGE = "It is larger than 64 MB and still lies in the mailbox; only its beginning is here."
DROPPED = "dropped"
"""What becomes of one that is dropped: it is kept whole, and nobody is told of it again."""

OUTSIDE = "escalate_to"
"""Where no member may know of a mail, this stands for a handle, which it can't be."""

DUE = "set-aside"
BETWEEN = timedelta(hours=1)
"""Between two mails to one member of what is new; sooner where it can't wait."""
AGAIN = timedelta(days=1)
"""After this long a member is told again of what still waits."""

MOST = 100
"""Mails in one record."""
FEWEST = 10_000
"""The first number: five digits, however many there are. In a case none is so high."""


def record_named(fresh: str) -> str:
    """The ledger's case with this name among the quarantine's."""
    return f"{_PREFIX}{fresh}"


def is_quarantine(case: str) -> bool:
    return case.startswith(_PREFIX)


@dataclass(frozen=True, kw_only=True)
class Item:
    """A mail in the quarantine."""

    at: datetime
    mail: e.Quarantined

    @property
    def number(self) -> int:
        return self.mail.number


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a member was told last."""

    at: datetime
    numbers: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """What stands in one of the quarantine's records."""

    waiting: Mapping[int, Item] = field(default_factory=dict)  # nobody has accepted or dropped it
    numbers: frozenset[int] = frozenset()  # that were ever given
    told: Mapping[str, Told] = field(default_factory=dict)  # by handle

    def of(self, handle: str, now: datetime | None = None) -> tuple[Item, ...]:
        """What waits and this member may know of, the oldest first. ``now``: not what they may
        know of only later."""
        return tuple(
            i
            for i in self.waiting.values()
            if handle in _told_of(i)
            and (now is None or i.mail.hidden_until is None or i.mail.hidden_until <= now)
        )

    def new_to(self, handle: str, now: datetime | None = None) -> tuple[Item, ...]:
        told = self.told.get(handle)
        known = told.numbers if told else frozenset[int]()
        return tuple(item for item in self.of(handle, now) if item.number not in known)

    @property
    def handles(self) -> tuple[str, ...]:
        """Of all who may know of something that waits."""
        return tuple(sorted({h for item in self.waiting.values() for h in _told_of(item)}))

    def due(self, handle: str) -> datetime | None:
        """When this member is to be told next; None: nothing waits for them."""
        told, new = self.told.get(handle), self.new_to(handle)
        times: list[datetime] = []
        if new:
            first = min(item.mail.tell_from for item in new)
            times = [max(first, told.at + BETWEEN) if told else first]
            times += [item.mail.tell_by for item in new]
        if told and handle != OUTSIDE and len(new) < len(self.of(handle)):
            times.append(told.at + AGAIN)
        return min(times, default=None)

    def forsaken(self, members: Collection[str], outside: Collection[Address]) -> tuple[Item, ...]:
        """What waits, and none of these members or of these people outside may know of."""
        return tuple(
            item
            for item in self.waiting.values()
            if not {*item.mail.handles} & {*members} and not {*item.mail.outside} & {*outside}
        )

    def find(self, mail: str) -> Item | None:
        return next((i for i in self.waiting.values() if i.mail.mail == mail), None)


def _told_of(item: Item) -> tuple[str, ...]:
    return item.mail.handles or ((OUTSIDE,) if item.mail.outside else ())


def record(quarantine: Quarantine, at: datetime, event: Any) -> Quarantine | None:
    """The quarantine after this event; None where the event is none of it, or doesn't fit."""
    match event:
        case e.Quarantined() if event.number not in quarantine.numbers:
            item = Item(at=at, mail=event)
            return replace(
                quarantine,
                waiting={**quarantine.waiting, event.number: item},
                numbers=quarantine.numbers | {event.number},
            )
        case e.QuarantineOpened() if event.number in quarantine.waiting:
            item = quarantine.waiting[event.number]
            mail = replace(
                item.mail,
                handles=event.handles,
                outside=event.outside,
                tell_from=event.tell_from,
                tell_by=event.tell_by,
                hidden_until=event.hidden_until,
            )
            waiting = {**quarantine.waiting, event.number: replace(item, mail=mail)}
            return replace(quarantine, waiting=waiting)
        case e.QuarantineTold():
            told = Told(at=at, numbers=frozenset(event.numbers))
            return replace(quarantine, told={**quarantine.told, event.handle: told})
        case e.QuarantineSettled() if event.number in quarantine.waiting:
            waiting = {n: i for n, i in quarantine.waiting.items() if n != event.number}
            return replace(quarantine, waiting=waiting)
    return None
