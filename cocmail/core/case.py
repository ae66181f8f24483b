"""A case as it stands, as values.

Owns what a case is at an instant. Refuses to know what made it so (folding), policy and how it is
stored. Values are immutable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal

from cocmail.core import events as e
from cocmail.core.committee import Committee
from cocmail.core.drift import Drift
from cocmail.core.mail import weight_of
from cocmail.core.people import Address, Private
from cocmail.core.quarantine import Quarantine
from cocmail.core.sanctions import Measure, Sanction, State

SYSTEM = "system"
"""The ledger's case for what belongs to no case."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """A person's place in the case; committee members are parties only by their handle."""

    id: str  # "reporter:1"
    addresses: tuple[Address, ...]
    name: Private
    reference: str
    language: str = ""  # that we write to them in; "": the community's
    silent: bool = False  # wants no mail from us

    @property
    def role(self) -> str:
        return self.id.partition(":")[0]

    @property
    def number(self) -> str:
        return self.id.partition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Appeal:
    """What a person says against a sanction of theirs, until the committee has answered."""

    at: datetime
    opened: e.AppealOpened
    result: str = ""
    ended: datetime | None = None

    @property
    def id(self) -> str:
        return self.opened.appeal


@dataclass(frozen=True, kw_only=True)
class Message:
    at: datetime
    received: e.Received


@dataclass(frozen=True, kw_only=True)
class Aside:
    at: datetime
    mail: e.SetAside
    settled: str = ""  # "taken-in", "left-aside"
    told: bool = False  # of one that waited for it

    @property
    def untold(self) -> bool:
        return self.mail.tell_by is not None and not self.told and not self.settled


@dataclass(frozen=True, kw_only=True)
class Proposal:
    at: datetime
    proposed: e.Proposed
    votes: Mapping[str, e.Voted] = field(default_factory=dict)
    used: frozenset[tuple[str, str]] = frozenset()  # (handle, choice): what a ballot was used for
    decided: e.Decided | None = None
    window: datetime | None = None  # until when an objection keeps the vote open
    windowed: bool = False  # that time is over
    counsel: Literal["", "asked", "heard"] = ""

    @property
    def id(self) -> str:
        return self.proposed.proposal

    @property
    def closes(self) -> datetime | None:
        """When the vote is over. None: it waits for counsel, however long that takes."""
        if self.counsel == "asked":
            return None
        return max(self.proposed.closes, self.window or self.proposed.closes)

    @property
    def ballot(self) -> str:
        """What a ballot address is bound to: this proposal, in exactly these terms."""
        return f"{self.id}.{hashlib.sha256(e.encode(self.proposed)).hexdigest()[:16]}"


@dataclass(frozen=True, kw_only=True)
class Link:
    """Another case that belongs together with this one."""

    reference: str
    by: str
    agreed: bool = False  # a second member said so too


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A case that goes on in this one: whose addresses of then lead where now."""

    case: str
    by: str
    references: tuple[str, ...]  # of the case and of its parties
    places: Mapping[str, str]  # a party there -> the party here
    epochs: Mapping[str, int]  # of the parties there, when it ended
    ours: Mapping[str, int]  # of the parties here, then; only where the addresses live on
    letters: tuple[e.LetterNote, ...] = ()  # as they were written there
    sanctions: frozenset[str] = frozenset()
    came: frozenset[str] = frozenset()  # parties here that weren't here before
    agreed: bool = False


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What a member was told of a person's earlier behaviour."""

    at: datetime
    noted: e.PriorNoted


@dataclass(frozen=True, kw_only=True)
class Lead:
    """Somebody who may be a person under sanction, and what a member said to it."""

    at: datetime
    found: e.LeadFound
    answer: str = ""  # "same", "different"; "": nobody has answered

    @property
    def number(self) -> int:
        return self.found.number


@dataclass(frozen=True, kw_only=True)
class Extension:
    """An address that a sanction covers by a later vote."""

    address: Address
    at: datetime
    proposal: str


@dataclass(frozen=True, kw_only=True)
class Provisional:
    """Members who are out until a question is answered, or until a time."""

    handles: frozenset[str]
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case as it stands."""

    id: str
    reference: str = ""
    opened: datetime | None = None
    closed: e.Closed | None = None
    urgent: bool = False
    assigned: str = ""
    tags: tuple[str, ...] = ()
    acknowledge_by: datetime | None = None
    update_by: datetime | None = None
    parties: Mapping[str, Party] = field(default_factory=dict)
    recused: frozenset[str] = frozenset()
    provisionals: Mapping[str, Provisional] = field(default_factory=dict)  # by why
    named: frozenset[str] = frozenset()  # out, because a report names them
    included: frozenset[str] = frozenset()  # let in by the others
    left_out: tuple[Private, ...] = ()  # words after `not-`
    appeals: Mapping[str, Appeal] = field(default_factory=dict)
    over: frozenset[str] = frozenset()  # sanctions whose time is over, until a return is granted
    agreed: frozenset[str] = frozenset()  # sanctions to which the person gave their word
    guests: Mapping[str, Address] = field(default_factory=dict)  # who was asked to help
    came: frozenset[str] = frozenset()  # those of them who did
    escalate_by: datetime | None = None
    epochs: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    came_in: int = 0  # characters of all messages, and of all that was set aside
    unpassed: tuple[int, ...] = ()  # numbers of those that the members were not shown yet
    passed_on: datetime | None = None  # when such were shown last
    asides: tuple[Aside, ...] = ()
    asides_told: datetime | None = None  # when the members were last told of those that waited
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    sanctions: Mapping[str, Sanction] = field(default_factory=dict)
    covered: Mapping[str, frozenset[str]] = field(default_factory=dict)  # sanction -> lists
    drifts: Mapping[str, Drift] = field(default_factory=dict)  # sanction -> what somebody undid
    given_back: Mapping[str, tuple[e.ProofLine, ...]] = field(default_factory=dict)
    # sanction -> what is back already, while the rest of it waits
    letters: tuple[e.LetterNote, ...] = ()
    bounced: frozenset[str] = frozenset()  # letters that the members know did not arrive
    lost: frozenset[str] = frozenset()  # letters that did not arrive, or never left
    unreached: Mapping[str, datetime] = field(default_factory=dict)
    # party -> when the members were last told that a mail to them did not arrive
    said: tuple[e.Said, ...] = ()
    withheld: Mapping[int, e.Withheld] = field(default_factory=dict)  # texts that wait
    texts_withheld: int = 0  # ever
    held: Mapping[str, e.Held] = field(default_factory=dict)  # confirmations that can still come
    marks: frozenset[str] = frozenset()
    reminded: Mapping[str, datetime | None] = field(default_factory=dict)  # key -> when again
    left_letters: frozenset[str] = frozenset()
    links: Mapping[str, Link] = field(default_factory=dict)  # by the other case's id
    branches: Mapping[str, Branch] = field(default_factory=dict)  # likewise: what was merged in
    merged_into: str = ""  # then this is a stub: the case goes on there
    split: frozenset[int] = frozenset()  # messages that became cases of their own
    priors: tuple[Prior, ...] = ()
    watches: Mapping[str, e.Watched] = field(default_factory=dict)  # with the lists as last seen
    asked: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    # watch -> the requests (list, who asks) that were told and still wait
    leads: Mapping[int, Lead] = field(default_factory=dict)
    extensions: Mapping[str, tuple[Extension, ...]] = field(default_factory=dict)  # by sanction
    separated: Mapping[str, frozenset[str]] = field(default_factory=dict)  # taken off again
    suggested: frozenset[tuple[str, str]] = frozenset()  # (another case, why it may belong here)
    kept: tuple[Private, ...] = ()  # about whom; not empty: nobody reads it yet
    committee: Committee = field(default_factory=Committee)  # of the committee's own record alone
    quarantine: Quarantine = field(default_factory=Quarantine)  # of the quarantine's alone

    def hidden_from(self, handle: str) -> frozenset[str]:
        """Mails that name this member, and aren't proved to be from whom they say: no reason to
        keep the member out of the case, and nothing for them to read."""
        return frozenset(a.mail.mail for a in self.asides if handle in a.mail.named)

    @property
    def is_open(self) -> bool:
        return self.opened is not None and self.closed is None

    @property
    def provisional(self) -> frozenset[str]:
        """Who is out until somebody answers; who waits for two answers, until both are there."""
        return frozenset[str]().union(*(one.handles for one in self.provisionals.values()))

    @property
    def out(self) -> frozenset[str]:
        """Handles of members who learn nothing of the case now."""
        return self.recused | self.provisional | self.named

    @property
    def weight(self) -> int:
        """Characters that whoever decides on it may go through: all that it keeps of mails."""
        ours = [one.text for one in self.said]
        ours += [one.text for one in self.withheld.values()]
        ours += [one.text for one in self.held.values()]
        waiting = (item.mail.why for item in self.quarantine.waiting.values())
        return self.came_in + weight_of(ours) + weight_of(waiting)

    def epoch(self, party: str) -> int:
        return self.epochs.get(party, 0)

    def of_role(self, role: str) -> tuple[Party, ...]:
        return tuple(p for p in self.parties.values() if p.role == role)

    def party_of(self, address: Address, role: str) -> Party | None:
        return next((p for p in self.of_role(role) if address in p.addresses), None)

    def of_ballot(self, ballot: str) -> Proposal | None:
        """The proposal that a ballot address was made for."""
        found = self.proposals.get(ballot.partition(".")[0])
        return found if found is not None and found.ballot == ballot else None

    @property
    def open_appeals(self) -> tuple[Appeal, ...]:
        return tuple(a for a in self.appeals.values() if not a.result)

    @property
    def open_proposals(self) -> tuple[Proposal, ...]:
        return tuple(p for p in self.proposals.values() if p.decided is None)

    @property
    def unsettled(self) -> bool:
        """Whether the enforcement has something to hold or to put back."""
        return any(
            (s.state is State.IN_FORCE and s.measure is not Measure.WARN) or s.before
            for s in self.sanctions.values()
        )

    def extension(self, sanction: str, addresses: Collection[str]) -> Extension | None:
        """By what later vote the sanction covers one of these addresses."""
        found = self.extensions.get(sanction, ())
        return next((one for one in found if one.address in addresses), None)

    def next_number(self) -> int:
        return len(self.messages) + 1

    def next_party(self, role: str) -> str:
        return f"{role}:{len(self.of_role(role)) + 1}"


def weight_of_mail(mail: e.Received | e.SetAside) -> int:
    """Characters of it that the case keeps."""
    lines = (mail.name, *mail.claims, *mail.attachments, *chain(*mail.also))
    return len(mail.subject) + len(mail.text) + len(mail.claimants) + weight_of(lines)


def reminder_key(what: str, about: str) -> str:
    """By what a case remembers that the committee was reminded."""
    return f"{what}:{about}"


def until_of(proposed: e.Proposed, start: datetime) -> datetime | None:
    """When the proposed sanction ends if it starts now. None: permanent, or done once."""
    if proposed.until is not None:
        return proposed.until
    if proposed.seconds is not None:
        return start + timedelta(seconds=proposed.seconds)
    return None
