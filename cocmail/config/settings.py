"""All settings of one cocmail.toml, as one frozen value.

Owns which tables there are, and what this version doesn't use yet. Refuses to know how a file is
read (loading) and whether tables agree with each other (checks). Handed to the daemon and to
every verb of the command line.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from cocmail.config.tables import (
    Authentication,
    CommitteeMember,
    Community,
    Filters,
    Imap,
    Limits,
    Lmtp,
    Log,
    Mailman,
    Metrics,
    Policy,
    Postfix,
    Signing,
    Store,
    Submission,
    Table,
)
from cocmail.core.people import Member, Roster


class NotYet(NamedTuple):
    """A setting that is accepted and does nothing in this version, unless set to ``harmless``."""

    table: str
    key: str
    harmless: object


NOT_YET: tuple[NotYet, ...] = ()
"""Which settings later changes bring into use. Take a row out when its setting works."""


class Settings(Table):
    """Everything that an operator can say. Secrets are not in here: only their files' names."""

    source: Path = Field(description="the file that this was read from")
    community: Community
    store: Store = Field(default_factory=Store)
    imap: Imap | None = None
    imaps: dict[str, Imap] = Field(default_factory=dict)
    lmtp: Lmtp | None = None
    submission: Submission
    signing: Signing | None = None
    authentication: Authentication = Field(default_factory=Authentication)
    mailman: Mailman | None = None
    mailmans: dict[str, Mailman] = Field(default_factory=dict)
    postfix: Postfix | None = None
    policy: Policy = Field(default_factory=Policy)
    limits: Limits = Field(default_factory=Limits)
    filters: Filters = Field(default_factory=Filters)
    metrics: Metrics | None = None
    log: Log = Field(default_factory=Log)
    committee: tuple[CommitteeMember, ...]

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(entry.member for entry in self.committee)

    @property
    def roster(self) -> Roster:
        return Roster(members=self.members)

    @property
    def accounts(self) -> dict[str, Imap]:
        """Every mailbox by its table, which is what mail from it is stored under: "imap" or
        "imaps.NAME"."""
        plain = {"imap": self.imap} if self.imap else {}
        return plain | {f"imaps.{name}": one for name, one in self.imaps.items()}

    @property
    def sites(self) -> dict[str, Mailman]:
        """Every Mailman by the site that it is in the ledger: "" or "mailmans.NAME"."""
        plain = {"": self.mailman} if self.mailman else {}
        return plain | {f"mailmans.{name}": one for name, one in self.mailmans.items()}

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group names are one name space: a group may hold lists of several Mailmans."""
        found: dict[str, tuple[str, ...]] = {}
        for server in self.sites.values():
            for name, lists in server.groups.items():
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), *map(str, lists))))
        return found

    @property
    def sweep_every(self) -> timedelta:
        """All are looked at in one sweep, as often as the one that asks for it most."""
        return min(server.sweep_every for server in self.sites.values())

    def unused(self) -> tuple[str, ...]:
        """Keys that somebody set and that are not yet in use, as ``[policy] escalate_to``."""
        return tuple(f"[{entry.table}] {entry.key}" for entry in NOT_YET if _is_set(self, entry))


def _is_set(settings: Settings, entry: NotYet) -> bool:
    table: Table = getattr(settings, entry.table)
    names = {field.alias or name: name for name, field in type(table).model_fields.items()}
    name = names[entry.key]
    return name in table.model_fields_set and getattr(table, name) != entry.harmless
