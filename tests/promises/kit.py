"""A committee, a case and their mail as plain values, so that the core can be asked anything.

Owns the small world of the promises' tests: three members, one community, one instant. Mail is
read by the real parser and letters are built by the real templates; only who proved what is given.
"""

from __future__ import annotations

import email
import email.policy
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from cocmail.adapters.templates import Templates
from cocmail.core import casework
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.casework import Incoming
from cocmail.core.committee import COMMITTEE
from cocmail.core.enforcement import Observed, Role, Row
from cocmail.core.files import File
from cocmail.core.folding import apply
from cocmail.core.letters import Letter
from cocmail.core.mail import Mail, read
from cocmail.core.minting import Minter
from cocmail.core.people import Address, Handle, Member, Private, Roster
from cocmail.core.policy import Policy
from cocmail.core.setting import Setting
from cocmail.core.threads import destination
from cocmail.core.verification import Authentication, Signature
from cocmail.core.work import Result
from cocmail.loops.placing import in_case
from cocmail.ports import Found

COMMUNITY = Address("conduct@example.org")
MINTER = Minter(token_key=b"t" * 32, lookup_key=b"l" * 32, community=COMMUNITY)
TEMPLATES = Templates()
REPORTER = "Ottoline Featherstone <ottoline@reporter.example>"
CONFIDED = "He pursued me through every channel and frightened my orange kitten Whiskerby."
MALLORY = Address("mallory@mail.example")
ALIAS = Address("mal@other.example")
COVER = frozenset(
    {
        "from", "to", "cc", "subject", "date", "message-id", "reply-to", "in-reply-to",
        "references", "mime-version", "content-type", "content-transfer-encoding",
    }
)  # fmt: skip
OBSERVED = Observed(
    lists={"dev@lists.example": "dev.lists.example", "sig@lists.example": "sig.lists.example"},
    linked={MALLORY: (MALLORY, ALIAS), ALIAS: (MALLORY, ALIAS)},
    known=frozenset({MALLORY, ALIAS}),
    rows=(
        Row(list="dev@lists.example", address=MALLORY, role=Role.MEMBER),
        Row(list="sig@lists.example", address=ALIAS, role=Role.MEMBER),
    ),
)
SUSPEND = f"/sanction suspend {MALLORY} for 90 days because you went on"
_numbers = itertools.count(1)


def member(handle: str) -> Member:
    return Member(
        handle=Handle(handle),
        name=Private(f"{handle.title()} Example"),
        addresses=(Address(f"{handle}@{handle}.example"),),
    )


def text_of(letter: Letter) -> str:
    parsed = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return " ".join(str(parsed.get_content()).split())


def field_of(letter: Letter, name: str) -> str:
    return str(email.message_from_bytes(letter.message, policy=email.policy.default)[name])


@dataclass
class World:
    """One case being lived through."""

    members: tuple[str, ...] = ("alice", "bob", "carol")
    policy: Policy = field(default_factory=Policy)
    now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    case: Case = field(default_factory=lambda: Case(id="case"))
    letters: list[Letter] = field(default_factory=list)
    last: Result | None = None
    beside: dict[str, Case] = field(default_factory=dict)
    files: tuple[File, ...] = ()  # attached to what is written next
    observed: Observed | None = None  # else OBSERVED
    pasts: dict[str, tuple[e.Past, ...]] = field(default_factory=dict)  # of those beside
    record: Case = field(default_factory=lambda: Case(id=COMMITTEE))  # the committee's own
    copying: bool = False  # attachments = "copy"

    @property
    def roster(self) -> Roster:
        return Roster(members=tuple(member(h) for h in self.members))

    def setting(self) -> Setting:
        return Setting(
            name="Example Community",
            address=COMMUNITY,
            delimiter="+",
            roster=self.roster,
            policy=self.policy,
            groups={},
            minter=MINTER,
            render=TEMPLATES.render,
            now=self.now,
            entropy=next(_numbers).to_bytes(32, "big"),
            committee=self.record.committee,
            copying=self.copying,
            near={n: self.beside[n] for n in self.case.links if n in self.beside},
        )

    def take(self, result: Result) -> Result:
        for event in result.events:
            self.case = apply(self.case, self.now, event)
        for other in result.elsewhere:
            for event in other.events:
                if other.case == COMMITTEE:
                    self.record = apply(self.record, self.now, event)
                elif other.case in self.beside:
                    self.beside[other.case] = apply(self.beside[other.case], self.now, event)
        self.letters += result.letters
        self.last = result
        return result

    def put_beside(self, name: str, *events: Any) -> None:
        """Another case, of which this happened."""
        case = Case(id=name)
        for event in events:
            case = apply(case, self.now, event)
        self.beside[name] = case
        self.pasts[name] = tuple(
            e.Past(at=self.now, event=Private(e.encode(one).decode())) for one in events
        )

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    # -- mail --------------------------------------------------------------------------------

    def mail(self, sender: str, to: str, text: str, *, header: str = "") -> Mail:
        number = next(_numbers)
        raw = (
            f"{header}From: {sender}\r\nTo: {to}\r\nSubject: Hello\r\n"
            f"Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <m{number}@mail.example>\r\n\r\n"
            + text.replace("\n", "\r\n")
            + "\r\n"
        ).encode()
        found = read(raw)
        assert isinstance(found, Mail)
        return found

    def incoming(
        self,
        mail: Mail,
        *,
        signature: Signature = Signature.SOUND,
        covered: frozenset[str] = COVER,
        purpose: str = "",
        about: str = "",
        replayed: bool = False,
    ) -> Incoming:
        proof = Authentication(
            signature=signature,
            covered=covered if signature is Signature.SOUND else frozenset(),
            marks=(mail.digest,),
            why="" if signature is Signature.SOUND else "It carries no sound signature.",
        )
        return Incoming(
            id=f"mail{next(_numbers)}",
            mail=mail,
            auth=proof,
            destination=destination(mail, (), COMMUNITY, "+"),
            purpose=purpose,
            about=about,
            replayed=replayed,
            observed=self.observed or OBSERVED,
            beside=self.beside,
            pasts=self.pasts,
            files=self.files,
        )

    def report(
        self,
        text: str = CONFIDED,
        *,
        to: str = COMMUNITY,
        sender: str = REPORTER,
        urgent: str = "",
    ) -> Result:
        incoming = replace(self.incoming(self.mail(sender, to, text)), urgent=urgent)
        return self.take(casework.report(self.case, self.setting(), incoming))

    def address(
        self, party: str, purpose: str = "reply", about: str = "", *, epoch: int = 0
    ) -> str:
        token = MINTER.token(
            case=self.case.id, party=party, purpose=purpose, about=about, epoch=epoch
        )
        return MINTER.address(token)

    def write(
        self,
        party: str,
        text: str,
        *,
        sender: str = "",
        purpose: str = "reply",
        about: str = "",
        header: str = "",
        **proof: Any,
    ) -> Result:
        """A mail through this party's reply address; from that party, unless told otherwise."""
        if not sender:
            role, _, name = party.partition(":")
            known = self.case.parties.get(party)
            sender = (
                member(name).address
                if role == "member"
                else str(known.addresses[0])
                if known
                else ""
            )
        mail = self.mail(sender, self.address(party, purpose, about), text, header=header)
        incoming = self.incoming(mail, purpose=purpose, about=about, **proof)
        found = Found(case=self.case.id, party=party, purpose=purpose, about=about)
        return self.take(in_case(self.case, self.setting(), incoming, found))

    def say(self, handle: str, text: str, **more: Any) -> Result:
        return self.write(f"member:{handle}", text, **more)

    def propose(
        self,
        text: str = f"/sanction suspend {MALLORY} for 90 days because you went on",
        *,
        by: str = "alice",
    ) -> str:
        self.say(by, text)
        return self.case.open_proposals[-1].id

    def vote(self, proposal: str, *handles: str, text: str = "/approve", **more: Any) -> Result:
        for handle in handles:
            result = self.say(handle, text, purpose="ballot", about=self.ballot(proposal), **more)
        return result

    def ballot(self, proposal: str) -> str:
        """What this proposal's ballots are bound to."""
        found = self.case.proposals.get(proposal)
        return found.ballot if found else proposal

    # -- what people got ---------------------------------------------------------------------

    def to(self, party: str, kind: str = "") -> list[Letter]:
        return [x for x in self.letters if x.party == party and kind in ("", x.kind)]

    def told(self, result: Result | None = None) -> set[tuple[str, str]]:
        """(party, kind) of the letters of one result."""
        found = self.last if result is None else result
        assert found is not None
        return {(x.party, x.kind.value) for x in found.letters}
