"""Mail that was set aside outside every case, and who may hear of it.

Owns the fold of the quarantine's own records, and when a member is told of what is in one. Such a
record is a case of the ledger without a reference; after so many mails the next is begun, so that
a flood costs no more for each mail than a trickle. Refuses to know what a mail says: a record holds
nothing of it, not even its sender. Folded by folding, carried by a Case; what members are told is
casework.quarantine's.
"""

from __future__ import annotations

import hashlib
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
LISTED = 100
"""Mails in one list that a member gets, of all records together; more are counted."""
ATTACHED = 1_000
"""Lines in a file with such a list, of what is new and has no room in it; of more in the next."""
FEWEST = 10_000
"""The first number that ever was: in a case none is so high."""
FEWEST_ALONE = 100_000
"""From here on no two records have the same number. Those below are of an earlier version."""


def record_named(fresh: str) -> str:
    """The ledger's case with this name among the quarantine's."""
    return f"{_PREFIX}{fresh}"


def is_quarantine(case: str) -> bool:
    return case.startswith(_PREFIX)


def drawn(entropy: bytes, tried: int) -> int:
    """A number that says neither how many there are nor which came first. It may be taken."""
    fresh = hashlib.sha256(entropy + tried.to_bytes(4, "big")).digest()
    room: int = 9 * FEWEST_ALONE * 10 ** (tried // 20)
    return FEWEST_ALONE + int.from_bytes(fresh[:16], "big") % room


def reference_of(number: int) -> str:
    """By what the index knows that a number is taken. Nobody can write it where a case is meant."""
    return f"{_PREFIX}number {number}"


@dataclass(frozen=True, kw_only=True)
class Item:
    """A mail in the quarantine. Who may know of it is what its cases leave of its ``audience``."""

    at: datetime
    mail: e.Quarantined
    audience: tuple[str, ...] = ()  # the members that it was for when that was last asked anew

    @property
    def number(self) -> int:
        return self.mail.number


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a member was told of one record."""

    at: datetime  # the last time
    numbers: frozenset[int]  # that were listed then
    listed: frozenset[int]  # ever
    known: frozenset[int]  # listed or counted, ever
    more: datetime | None = None  # since when they want to see what was only counted
    fellows: tuple[str, ...] | None = None  # who may know of all that was told in that mail

    @property
    def together(self) -> bool:
        """Whether that mail told of all records; those of an earlier version told of one."""
        return self.fellows is not None


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """What stands in one of the quarantine's records."""

    waiting: Mapping[int, Item] = field(default_factory=dict)  # nobody has accepted or dropped it
    numbers: frozenset[int] = frozenset()  # that were ever given
    told: Mapping[str, Told] = field(default_factory=dict)  # by handle
    put_off: Mapping[str, datetime] = field(default_factory=dict)  # by handle: what is new
    former: Mapping[int, int] = field(default_factory=dict)  # a number of then -> the one of now

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
        known = told.known if told else frozenset[int]()
        return tuple(item for item in self.of(handle, now) if item.number not in known)

    def listed_to(self, handle: str) -> tuple[Item, ...]:
        """What this member saw in a list."""
        told = self.told.get(handle)
        return tuple(i for i in self.of(handle) if told and i.number in told.listed)

    def unlisted_to(self, handle: str) -> tuple[Item, ...]:
        """What this member knows to be there, and saw in no list."""
        told = self.told.get(handle)
        known = told.known - told.listed if told else frozenset[int]()
        return tuple(i for i in self.of(handle) if i.number in known)

    @property
    def cases(self) -> frozenset[str]:
        """Those that something that waits came to an address of."""
        return frozenset(name for item in self.waiting.values() for name in item.mail.cases)

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
            others = (told.at + BETWEEN if told else None, self.put_off.get(handle))
            times = [max(filter(None, (first, *others))), self._latest(new)]
        if told and handle != OUTSIDE and len(new) < len(self.of(handle)):
            times.append(told.at + AGAIN)
        if told and told.more and self.unlisted_to(handle):
            times.append(told.more)
        return min(times, default=None)

    def presses(self, handle: str, now: datetime) -> bool:
        """Whether what is due can't wait until a while after another mail to them."""
        told, new = self.told.get(handle), self.new_to(handle)
        again = told is not None and len(new) < len(self.of(handle)) and told.at + AGAIN <= now
        more = told is not None and told.more is not None and bool(self.unlisted_to(handle))
        return again or more or (bool(new) and self._latest(new) <= now)

    @staticmethod
    def _latest(new: Collection[Item]) -> datetime:
        return min(item.mail.tell_by for item in new)

    def forsaken(self, members: Collection[str], outside: Collection[Address]) -> tuple[Item, ...]:
        """What waits, and none of these members or of these people outside may know of."""
        return tuple(
            item
            for item in self.waiting.values()
            if not {*item.mail.handles} & {*members} and not {*item.mail.outside} & {*outside}
        )

    def named(self, number: int) -> int:
        """The number that this one is now."""
        return self.former.get(number, number)

    def find(self, mail: str) -> Item | None:
        return next((i for i in self.waiting.values() if i.mail.mail == mail), None)


def _told_of(item: Item) -> tuple[str, ...]:
    return item.mail.handles or ((OUTSIDE,) if item.mail.outside else ())


def record(quarantine: Quarantine, at: datetime, event: Any) -> Quarantine | None:
    """The quarantine after this event; None where the event is none of it, or doesn't fit."""
    match event:
        case e.Quarantined() if event.number not in quarantine.numbers:
            item = Item(at=at, mail=event, audience=event.handles)
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
                cases=event.cases,
            )
            item = replace(item, mail=mail, audience=event.handles)
            return replace(quarantine, waiting={**quarantine.waiting, event.number: item})
        case e.QuarantineNarrowed() if event.number in quarantine.waiting:
            item = quarantine.waiting[event.number]
            item = replace(item, mail=replace(item.mail, handles=event.handles))
            return replace(quarantine, waiting={**quarantine.waiting, event.number: item})
        case e.QuarantineTold():
            before, numbers = quarantine.told.get(event.handle), frozenset(event.numbers)
            known = before.known if before else frozenset[int]()
            told = Told(
                at=at,
                numbers=numbers,
                listed=numbers | (before.listed if before else frozenset()),
                known=numbers.union(event.counted, known),
                fellows=event.fellows,
            )
            return replace(quarantine, told={**quarantine.told, event.handle: told})
        case e.QuarantineUntold() if event.handle in quarantine.told:
            # All of it is news again: more than one list may not have left.
            told = replace(quarantine.told[event.handle], numbers=frozenset(), known=frozenset())
            return replace(quarantine, told={**quarantine.told, event.handle: told})
        case e.QuarantinePutOff():
            return replace(quarantine, put_off={**quarantine.put_off, event.handle: event.until})
        case e.QuarantineMoreAsked() if event.handle in quarantine.told:
            told = replace(quarantine.told[event.handle], more=at)
            return replace(quarantine, told={**quarantine.told, event.handle: told})
        case e.QuarantineRenumbered() if event.number in quarantine.waiting:
            return _renumbered(quarantine, event.number, event.fresh)
        case e.QuarantineSettled() if event.number in quarantine.waiting:
            waiting = {n: i for n, i in quarantine.waiting.items() if n != event.number}
            return replace(quarantine, waiting=waiting)
    return None


def _renumbered(quarantine: Quarantine, number: int, fresh: int) -> Quarantine:
    def moved(numbers: frozenset[int]) -> frozenset[int]:
        return numbers | {fresh} if number in numbers else numbers

    return replace(
        quarantine,
        waiting={
            (fresh if n == number else n): (
                replace(i, mail=replace(i.mail, number=fresh)) if n == number else i
            )
            for n, i in quarantine.waiting.items()
        },
        numbers=quarantine.numbers | {fresh},
        told={
            handle: replace(
                told,
                numbers=moved(told.numbers),
                listed=moved(told.listed),
                known=moved(told.known),
            )
            for handle, told in quarantine.told.items()
        },
        former={**quarantine.former, number: fresh},
    )
