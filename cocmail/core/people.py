"""Addresses, persons and the committee.

Owns what an address is, when two are the same, and who is on the committee. Refuses to know
where an address came from or whether its owner proved it (see verification). Called by every
other room.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

from pydantic_core import core_schema

Handle = NewType("Handle", str)
"""A member's short name in commands and addresses: ``[a-z0-9]+``."""

_ADDRESS = re.compile(
    r"[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f]+@[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9.\-\u0080-\uffff]*[A-Za-z0-9\u0080-\uffff])?"
)
_MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the brackets


class Private(str):
    """Text that belongs to somebody: a name, an address, a line of mail. Its repr hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()}>"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class Address(Private):
    """A mail address in the one form that we compare: domain and local part in lower case.

    RFC 5321 section 2.4 lets local parts differ by case; Mailman and every provider that
    matters fold them, and a ban in capitals bans nobody, so we fold them too.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Address:
        return super().__new__(cls, text.strip().lower())

    @property
    def local(self) -> str:
        return self.rpartition("@")[0]

    @property
    def domain(self) -> str:
        return self.rpartition("@")[2]

    @property
    def untagged(self) -> Address:
        """Without its plus-tag (RFC 5233), where it has one: the same mailbox."""
        local, tag, _ = self.local.partition("+")
        return Address(f"{local}@{self.domain}") if local and tag else self

    def is_among(self, addresses: Collection[Address]) -> bool:
        """Whether it is one of these, or one of these with a plus-tag."""
        return self in addresses or self.untagged in addresses


def is_address(text: str) -> bool:
    """Whether the whole text is one plain address (RFC 5321 dot-atom form, SMTPUTF8 allowed)."""
    return (
        len(text) <= _MAX_ADDRESS
        and _ADDRESS.fullmatch(text) is not None
        and not any(map(str.isspace, text))  # beyond ASCII, too
    )


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A display name, perhaps empty, and an address (RFC 5322 section 3.4)."""

    name: Private
    address: Address
    doubtful: bool = False  # some reader may find another address in its name


@dataclass(frozen=True, kw_only=True)
class Member:
    """Someone on the committee."""

    handle: Handle
    name: Private
    addresses: tuple[Address, ...]
    language: str = ""  # that we write to them in; "": the community's
    since: datetime | None = None  # on the committee; None: from the beginning

    @property
    def address(self) -> Address:
        """Where we write to this member: the first address of the roster."""
        return self.addresses[0]


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The committee as it stands."""

    members: tuple[Member, ...] = field(repr=False)

    def get(self, handle: str) -> Member | None:
        return next((m for m in self.members if m.handle == handle), None)

    def by_address(self, address: Address) -> Member | None:
        return next((m for m in self.members if address in m.addresses), None)

    def whose(self, address: Address) -> Member | None:
        """Whose mailbox this is, with any plus-tag. Nobody speaks for a member by it: see
        by_address."""
        mailbox = address.untagged
        return next((m for m in self.members if mailbox in {a.untagged for a in m.addresses}), None)

    def without(self, handles: Iterable[str]) -> tuple[Member, ...]:
        out = frozenset(handles)
        return tuple(m for m in self.members if m.handle not in out)
