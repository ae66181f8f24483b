"""Measures, scopes and times: what the committee can decide, as values.

Owns the words of a sanction and what they mean for a list. Refuses to know Mailman's calls
(adapters) and how to get from what is to what should be (enforcement). Called by commands,
casework and enforcement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cocmail.core.people import Address, Private


class Measure(StrEnum):
    """What can be done to a person."""

    WARN = "warn"  # the letter alone
    MODERATE = "moderate"  # their posts are held
    REMOVE = "remove"  # taken off, may come back
    SUSPEND = "suspend"  # taken off and kept off, ends
    BAN = "ban"  # taken off and kept off, permanent
    LEAVE = "leave"  # as suspend, by agreement

    @property
    def keeps_off(self) -> bool:
        return self in (Measure.SUSPEND, Measure.BAN, Measure.LEAVE)


class State(StrEnum):
    """Where a sanction stands (the `state` of `cocmail sanction list --json`)."""

    PROPOSED = "proposed"
    IN_FORCE = "in-force"
    ENDED = "ended"  # its time was over, or it was done once and read back
    LIFTED = "lifted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The lists that a sanction covers.

    ``lists`` are posting addresses (``sig-node@lists.example.org``), lower case. Both empty
    means all lists, those made later included. A group keeps its name, so that a list added to
    the group by the operator is covered from then on.
    """

    groups: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return not self.groups and not self.lists

    def covers(self, posting_address: str, groups: Mapping[str, tuple[str, ...]]) -> bool:
        if self.everything or posting_address in self.lists:
            return True
        return any(posting_address in groups.get(name, ()) for name in self.groups)

    def lacks(self, groups: Collection[str]) -> tuple[str, ...]:
        """Its groups that aren't among these: what they hold is not known, which is never
        nothing."""
        return tuple(name for name in self.groups if name not in groups)

    def __str__(self) -> str:
        return "all" if self.everything else ", ".join((*self.groups, *self.lists))


@dataclass(frozen=True, kw_only=True)
class Sanction:
    """A measure on a person, in a scope, for a time, for a reason, decided in a case."""

    id: str  # for people to say and for /lift: random, like "S7K2QD"
    case: str  # the case's internal id
    measure: Measure
    address: Address  # the address that the sanction names; the letter goes there
    addresses: tuple[Address, ...]  # all that are known to be this person's, the named one first
    scope: Scope
    reason: Private
    state: State
    start: datetime | None  # when it took effect
    until: datetime | None  # when it ends; None: permanent
    including_roles: bool = False
    interim: bool = False
    by: str = ""  # who ordered it, where it is interim
    not_before: datetime | None = None  # the lists wait for the letter until then (60 s at most)
    letter: str | None = None  # the outbox id of that letter; None: nothing to wait for
    proved: datetime | None = None  # when it was first read back as true on the lists
    # Decided to be covered too, and not yet read back as true for them.
    added: frozenset[Address] = field(default=frozenset(), repr=False)
    cleared: bool = False  # what waited of theirs was discarded since a ban of it came
    told: frozenset[str] = frozenset()  # what its members heard of it, and still holds
    # Decided to be somebody else's: not covered, whatever Mailman links them to.
    apart: frozenset[Address] = field(default=frozenset(), repr=False)
    # Which roles it left standing, as proved: places as of Before.at.
    stayed: frozenset[tuple[str, str | None, Address, str]] = field(default=frozenset(), repr=False)
    before: tuple[Before, ...] = field(default=(), repr=False)  # open; a place's last counts
    closed: tuple[Before, ...] = field(default=(), repr=False)  # those that were all put back

    @property
    def in_force(self) -> bool:
        return self.state is State.IN_FORCE

    def covers(self, posting_address: str, groups: Mapping[str, tuple[str, ...]]) -> bool:
        """Where a group of its scope isn't known any more, it holds on where it did."""
        if self.scope.covers(posting_address, groups):
            return True
        lost = self.scope.lacks(groups)
        return bool(lost) and any(before.list == posting_address for before in self.before)

    @property
    def is_new(self) -> bool:
        """Whether something of it was decided and is not proved yet."""
        return self.proved is None or bool(self.added)

    def is_to_prove(self, address: Address) -> bool:
        """Whether it was decided for this address and is not proved yet. With an added one goes
        whoever is found to be the same person."""
        if self.proved is None:
            return True
        proved = {self.address, *self.addresses} - self.added
        return bool(self.added) and address not in proved

    @property
    def keeps_off(self) -> bool:
        """Whether it was decided, holds, and is what a person would ask to return from."""
        done_once = self.measure in (Measure.WARN, Measure.REMOVE)
        return self.in_force and not self.interim and not done_once


@dataclass(frozen=True, kw_only=True)
class Before:
    """What stood in one place on Mailman before the first sanction of ours touched it.

    ``facts`` is the adapter's exact record, enough to put it back; None: nothing stood there.
    """

    list: str | None  # posting address; None: site-wide
    address: Address
    role: str  # member, nonmember, owner, moderator, ban
    facts: Mapping[str, object] | None = field(repr=False)
    site: str = ""  # as of enforcement.Place
    noted: datetime | None = None  # when; None: not yet, or it isn't known
    # How its sanction found it (enforcement.Word), which another of ours may have made of it: for
    # telling alone. "": by its facts.
    seen: str = ""

    @property
    def at(self) -> tuple[str, str | None, Address, str]:
        """Which place it is of."""
        return self.site, self.list, self.address, self.role
