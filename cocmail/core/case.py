"""A case is the fold of its events.

The lifecycle: a case is made by its first event (`CaseOpened`), then it is *open*; `Closed`
closes it, `Reopened` opens it again. A closed case still takes in mail, sanctions and their
ends, because people and lists don't stop. Within it, a proposal is *open* until one `Decided`;
a sanction is *proposed* → *in-force* → *ended* or *lifted*, or *proposed* → *rejected*. An event
that doesn't fit raises SoundnessError and changes nothing: such a ledger was not written by us.

Owns what a case is at an instant. Refuses to know policy (who may do what next: casework) and
how it is stored. Values are immutable: `apply` returns the next case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Any, Literal

from cocmail.core import events as e
from cocmail.core.committee import Committee, record
from cocmail.core.errors import SoundnessError
from cocmail.core.people import Address, Private
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State

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
    provisional: frozenset[str] = frozenset()
    provisional_why: str = ""
    named: frozenset[str] = frozenset()  # out, because a report names them
    included: frozenset[str] = frozenset()  # let in by the others
    left_out: tuple[Private, ...] = ()  # words after `not-`
    appeals: Mapping[str, Appeal] = field(default_factory=dict)
    over: frozenset[str] = frozenset()  # sanctions whose time is over, until a return is granted
    agreed: frozenset[str] = frozenset()  # sanctions to which the person gave their word
    guests: Mapping[str, Address] = field(default_factory=dict)  # who was asked to help
    came: frozenset[str] = frozenset()  # those of them who did
    escalate_by: datetime | None = None
    provisional_until: datetime | None = None
    epochs: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    asides: tuple[Aside, ...] = ()
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    sanctions: Mapping[str, Sanction] = field(default_factory=dict)
    covered: Mapping[str, frozenset[str]] = field(default_factory=dict)  # sanction -> lists
    letters: tuple[e.LetterNote, ...] = ()
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
    suggested: frozenset[tuple[str, str]] = frozenset()  # (another case, why it may belong here)
    kept: tuple[Private, ...] = ()  # about whom; not empty: nobody reads it yet
    committee: Committee = field(default_factory=Committee)  # of the committee's own record alone

    @property
    def is_open(self) -> bool:
        return self.opened is not None and self.closed is None

    @property
    def out(self) -> frozenset[str]:
        """Handles of members who learn nothing of the case now."""
        return self.recused | self.provisional | self.named

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

    def next_number(self) -> int:
        return len(self.messages) + 1

    def next_party(self, role: str) -> str:
        return f"{role}:{len(self.of_role(role)) + 1}"


def fold(case: str, history: Iterable[tuple[int, datetime, Any]]) -> Case:
    """The case that these events, in order, make."""
    return reduce(lambda c, entry: apply(c, entry[1], entry[2]), history, Case(id=case))


def _unfit(case: Case, event: Any) -> SoundnessError:
    return SoundnessError(f"the event {event.kind} does not fit the case as it stands")


def _member(handle: str) -> str:
    return f"member:{handle}"


def _set(mapping: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**mapping, key: value}


def apply(case: Case, at: datetime, event: Any) -> Case:
    """The case after this event. Raises SoundnessError where it does not fit."""
    match event:
        case e.CaseOpened():
            if case.opened is not None:
                raise _unfit(case, event)
            return replace(
                case,
                reference=event.reference,
                opened=at,
                acknowledge_by=event.acknowledge_by,
                update_by=event.update_by,
            )
        case e.PartyJoined():
            if event.party in case.parties:
                raise _unfit(case, event)
            party = Party(
                id=event.party,
                addresses=event.addresses,
                name=event.name,
                reference=event.reference,
                language=event.language,
            )
            return replace(case, parties=_set(case.parties, event.party, party))
        case e.PartyNamed():
            known = case.parties.get(event.party)
            if known is None:
                raise _unfit(case, event)
            merged = tuple(dict.fromkeys((*known.addresses, *event.addresses)))
            return replace(
                case, parties=_set(case.parties, event.party, replace(known, addresses=merged))
            )
        case e.PartyMoved():
            known = _party(case, event)
            moved = tuple(dict.fromkeys((event.address, *known.addresses)))
            return replace(
                case,
                parties=_set(case.parties, known.id, replace(known, addresses=moved)),
                epochs=_set(case.epochs, known.id, case.epoch(known.id) + 1),
            )
        case e.PartySilenced():
            known = replace(_party(case, event), silent=event.silent)
            return replace(case, parties=_set(case.parties, known.id, known))
        case e.Agreed():
            _sanction(case, event)
            return replace(case, agreed=case.agreed | {event.sanction})
        case e.AppealOpened():
            _sanction(case, event)
            appeal = Appeal(at=at, opened=event)
            return replace(case, appeals=_set(case.appeals, event.appeal, appeal))
        case e.AppealEnded():
            ended = replace(case.appeals[event.appeal], result=event.result, ended=at)
            return replace(case, appeals=_set(case.appeals, event.appeal, ended))
        case e.Received():
            if event.number != case.next_number():
                raise _unfit(case, event)
            touched = event.party.startswith("member:")
            return replace(
                case,
                messages=(*case.messages, Message(at=at, received=event)),
                escalate_by=None if touched else case.escalate_by,
            )
        case e.SetAside():
            if event.number != len(case.asides) + 1:
                raise _unfit(case, event)
            return replace(case, asides=(*case.asides, Aside(at=at, mail=event)))
        case e.TakenIn() | e.LeftAside():
            if not 1 <= event.number <= len(case.asides) or case.asides[event.number - 1].settled:
                raise _unfit(case, event)
            asides = list(case.asides)
            asides[event.number - 1] = replace(asides[event.number - 1], settled=event.kind)
            return replace(case, asides=tuple(asides))
        case e.Recused():
            party_id = f"member:{event.handle}"
            return replace(
                case,
                recused=case.recused | {event.handle},
                named=case.named - {event.handle},
                included=case.included - {event.handle},
                provisional=case.provisional - {event.handle},
                epochs=_set(case.epochs, party_id, case.epoch(party_id) + 1),
            )
        case e.Named():
            out = frozenset(event.handles) - case.recused
            epochs = {**case.epochs, **{p: case.epoch(p) + 1 for p in map(_member, out)}}
            return replace(case, named=case.named | out, epochs=epochs)
        case e.Included():
            party_id = _member(event.handle)
            return replace(
                case,
                recused=case.recused - {event.handle},
                named=case.named - {event.handle},
                provisional=case.provisional - {event.handle},
                included=case.included | {event.handle},
                epochs=_set(case.epochs, party_id, case.epoch(party_id) + 1),
            )
        case e.LeftOut():
            words = tuple(dict.fromkeys((*case.left_out, *event.words)))
            return replace(case, left_out=words)
        case e.Escalated():
            asked = {guest.handle: guest.address for guest in event.guests}
            return replace(case, guests={**case.guests, **asked}, escalate_by=None)
        case e.GuestCame():
            if event.handle not in case.guests:
                raise _unfit(case, event)
            return replace(case, came=case.came | {event.handle})
        case e.Provisional():
            return replace(
                case,
                provisional=case.provisional | (frozenset(event.handles) - case.recused),
                provisional_why=event.why,
                provisional_until=event.until,
            )
        case e.Released():
            left = case.provisional - frozenset(event.handles)
            return replace(
                case,
                provisional=left,
                provisional_why=case.provisional_why if left else "",
                provisional_until=case.provisional_until if left else None,
            )
        case e.Proposed():
            return _propose(case, at, event)
        case e.Voted():
            proposal = case.proposals.get(event.proposal)
            if proposal is None or proposal.decided is not None or event.handle in case.recused:
                raise _unfit(case, event)
            voted = replace(
                proposal,
                votes=_set(proposal.votes, event.handle, event),
                used=proposal.used | {(event.handle, event.vote)},
            )
            return replace(case, proposals=_set(case.proposals, proposal.id, voted))
        case e.Decided():
            return _decide(case, event)
        case e.WindowOpened():
            return _of_proposal(case, event, window=event.until)
        case e.WindowClosed():
            return _of_proposal(case, event, windowed=True)
        case e.CounselAsked():
            return _of_proposal(case, event, counsel="asked")
        case e.CounselHeard():
            return _of_proposal(case, event, counsel="heard")
        case e.Ordered():
            return _order(case, at, event)
        case e.InForce():
            sanction = _sanction(case, event, State.PROPOSED)
            begun = replace(
                sanction,
                state=State.IN_FORCE,
                start=event.start,
                until=event.until,
                letter=event.letter,
                not_before=event.not_before,
            )
            return replace(case, sanctions=_set(case.sanctions, sanction.id, begun))
        case e.Ended():
            sanction = _sanction(case, event, State.IN_FORCE)
            return replace(
                case,
                sanctions=_set(
                    case.sanctions, sanction.id, replace(sanction, state=State(event.how))
                ),
            )
        case e.TermOver():
            _sanction(case, event, State.IN_FORCE)
            return replace(case, over=case.over | {event.sanction})
        case e.BeforeNoted():
            return _note_before(case, event)
        case e.Enforced():
            sanction = _sanction(case, event)
            known_addresses = tuple(dict.fromkeys((*sanction.addresses, *event.addresses)))
            lists = frozenset(line.list for line in event.lines if line.list is not None)
            return replace(
                case,
                sanctions=_set(
                    case.sanctions,
                    sanction.id,
                    replace(
                        sanction,
                        addresses=known_addresses,
                        proved=sanction.proved or at,
                        # A removal takes once and gives nothing back: no record is left open.
                        before=() if sanction.measure is Measure.REMOVE else sanction.before,
                    ),
                ),
                covered=_set(
                    case.covered, sanction.id, case.covered.get(sanction.id, frozenset()) | lists
                ),
            )
        case e.Restored():
            sanction = _sanction(case, event)
            return replace(
                case, sanctions=_set(case.sanctions, sanction.id, replace(sanction, before=()))
            )
        case e.Said():
            answered = any(p.startswith("reporter:") for p in event.parties)
            return replace(
                case,
                said=(*case.said, event),
                acknowledge_by=None if answered else case.acknowledge_by,
                update_by=event.update_by if answered else case.update_by,
                reminded=_clocks_anew(case) if answered else case.reminded,
            )
        case e.Withheld():
            if event.number != case.texts_withheld + 1:
                raise _unfit(case, event)
            return replace(
                case,
                texts_withheld=event.number,
                withheld={**case.withheld, event.number: event},
            )
        case e.LetGo():
            if event.number not in case.withheld:
                raise _unfit(case, event)
            waiting = {n: w for n, w in case.withheld.items() if n != event.number}
            return replace(case, withheld=waiting)
        case e.Told():
            return replace(case, letters=(*case.letters, *event.letters))
        case e.LetterLeft():
            return replace(case, left_letters=case.left_letters | {event.letter})
        case e.Held():
            return replace(case, held=_set(case.held, event.confirmation, event))
        case e.Confirmed():
            if event.confirmation not in case.held:
                raise _unfit(case, event)
            held = {k: v for k, v in case.held.items() if k != event.confirmation}
            return replace(case, held=held)
        case e.Ran():
            return replace(case, marks=case.marks | frozenset(event.marks), escalate_by=None)
        case e.Closed():
            if not case.is_open:
                raise _unfit(case, event)
            return replace(case, closed=event, acknowledge_by=None, update_by=None)
        case e.Reopened():
            if case.closed is None:
                raise _unfit(case, event)
            return replace(
                case, closed=None, update_by=event.update_by, reminded=_clocks_anew(case)
            )
        case e.Assigned():
            return replace(case, assigned=event.handle)
        case e.Tagged():
            return replace(case, tags=tuple(dict.fromkeys((*case.tags, event.tag))))
        case e.MarkedUrgent():
            return replace(case, urgent=True, escalate_by=event.escalate_by)
        case e.Reminded():
            key = reminder_key(event.what, event.about)
            return replace(case, reminded=_set(case.reminded, key, event.again))
        case e.Linked():
            link = Link(reference=event.reference, by=event.by)
            return replace(case, links=_set(case.links, event.case, link))
        case e.LinkAgreed():
            return _agree(case, event)
        case e.Absorbed():
            from cocmail.core.merging import absorb  # which is about cases, too

            past = ((n, p.at, e.decode(p.event.encode())) for n, p in enumerate(event.history))
            return absorb(case, fold(event.case, past), event)
        case e.MergedInto():
            return Case(id=case.id, merged_into=event.case)
        case e.SplitOff():
            return replace(case, split=case.split | {event.number})
        case e.Watched():
            return replace(case, watches=_set(case.watches, event.watch, event))
        case e.WatchSeen():
            seen = replace(case.watches[event.watch], lists=event.lists)
            return replace(case, watches=_set(case.watches, event.watch, seen))
        case e.WatchEnded():
            watches = {k: w for k, w in case.watches.items() if k != event.watch}
            return replace(case, watches=watches)
        case e.Suggested():
            return replace(case, suggested=case.suggested | {(event.case, event.why)})
        case e.Kept():
            kept = tuple(dict.fromkeys((*case.kept, *event.about))) or (Private(""),)
            return replace(case, kept=kept, acknowledge_by=None, update_by=None)
        case e.Surfaced():
            return replace(
                case,
                kept=(),
                opened=at,
                acknowledge_by=event.acknowledge_by,
                update_by=event.update_by,
            )
        case e.PriorNoted():
            return replace(case, priors=(*case.priors, Prior(at=at, noted=event)))
        case e.Filed() | e.Undelivered() | e.Refused() | e.WasRead() | e.Happened():
            return case
    committee = record(case.committee, at, event)
    if committee is not None:
        return replace(case, committee=committee)
    raise _unfit(case, event)


def _agree(case: Case, event: e.LinkAgreed) -> Case:
    branch, link = case.branches.get(event.case), case.links.get(event.case)
    if branch is not None:
        agreed = replace(branch, agreed=True)
        return replace(case, branches=_set(case.branches, event.case, agreed))
    if link is None:
        raise _unfit(case, event)
    return replace(case, links=_set(case.links, event.case, replace(link, agreed=True)))


def reminder_key(what: str, about: str) -> str:
    """By what a case remembers that the committee was reminded."""
    return f"{what}:{about}"


def _clocks_anew(case: Case) -> dict[str, datetime | None]:
    """The committee's clocks begin again: nobody was reminded of the new ones."""
    old = (reminder_key("acknowledge", ""), reminder_key("update", ""))
    return {key: again for key, again in case.reminded.items() if key not in old}


def _party(case: Case, event: Any) -> Party:
    known = case.parties.get(event.party)
    if known is None:
        raise _unfit(case, event)
    return known


def _sanction(case: Case, event: Any, state: State | None = None) -> Sanction:
    sanction = case.sanctions.get(event.sanction)
    if sanction is None or (state is not None and sanction.state is not state):
        raise _unfit(case, event)
    return sanction


def _propose(case: Case, at: datetime, event: e.Proposed) -> Case:
    if event.proposal in case.proposals:
        raise _unfit(case, event)
    proposal = Proposal(at=at, proposed=event)
    proposals = _set(case.proposals, event.proposal, proposal)
    if event.what != "sanction":
        return replace(case, proposals=proposals)
    if event.measure is None or event.sanction in case.sanctions:
        raise _unfit(case, event)
    sanction = Sanction(
        id=event.sanction,
        case=case.id,
        measure=event.measure,
        address=event.address,
        addresses=event.addresses,
        scope=Scope(groups=event.groups, lists=event.lists),
        reason=event.because,
        state=State.PROPOSED,
        start=None,
        until=event.until,
        including_roles=event.including_roles,
    )
    return replace(case, proposals=proposals, sanctions=_set(case.sanctions, sanction.id, sanction))


def _of_proposal(case: Case, event: Any, **changed: Any) -> Case:
    proposal = case.proposals.get(event.proposal)
    if proposal is None or proposal.decided is not None:
        raise _unfit(case, event)
    return replace(case, proposals=_set(case.proposals, proposal.id, replace(proposal, **changed)))


def _order(case: Case, at: datetime, event: e.Ordered) -> Case:
    if event.sanction in case.sanctions:
        raise _unfit(case, event)
    sanction = Sanction(
        id=event.sanction,
        case=case.id,
        measure=event.measure,
        address=event.address,
        addresses=event.addresses,
        scope=Scope(groups=event.groups, lists=event.lists),
        reason=event.because,
        state=State.IN_FORCE,
        start=at,
        until=event.until,
        interim=True,
        letter=event.letter,
        by=event.by,
    )
    return replace(case, sanctions=_set(case.sanctions, sanction.id, sanction))


def _decide(case: Case, event: e.Decided) -> Case:
    proposal = case.proposals.get(event.proposal)
    if proposal is None or proposal.decided is not None:
        raise _unfit(case, event)
    decided = replace(
        case, proposals=_set(case.proposals, proposal.id, replace(proposal, decided=event))
    )
    if proposal.proposed.what == "sanction" and event.result != "approved":
        sanction = case.sanctions[proposal.proposed.sanction]
        rejected = replace(sanction, state=State.REJECTED)
        decided = replace(decided, sanctions=_set(case.sanctions, sanction.id, rejected))
    return decided


def _note_before(case: Case, event: e.BeforeNoted) -> Case:
    sanction = _sanction(case, event)
    places = {(p.list, p.address, p.role): p for p in event.places}
    kept = tuple(b for b in sanction.before if (b.list, b.address, b.role) not in places)
    added = tuple(
        Before(list=p.list, address=p.address, role=p.role, facts=p.facts) for p in places.values()
    )
    noted = replace(sanction, before=(*kept, *added))
    return replace(case, sanctions=_set(case.sanctions, sanction.id, noted))


def until_of(proposed: e.Proposed, start: datetime) -> datetime | None:
    """When the proposed sanction ends if it starts now. None: permanent, or done once."""
    if proposed.until is not None:
        return proposed.until
    if proposed.seconds is not None:
        return start + timedelta(seconds=proposed.seconds)
    return None
