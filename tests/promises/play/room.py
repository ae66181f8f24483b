"""A committee and its cases being lived through, mail by mail, over the loop that really decides.

Owns the players: who they are, what they write, and how a mail of theirs is spoilt. Every mail
goes through loops/intake as it would in the daemon; only the servers are left out.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cocmail.adapters.returned import returned
from cocmail.adapters.templates import Templates
from cocmail.core import casework
from cocmail.core.calendar import fall_due
from cocmail.core.committee import COMMITTEE, Committee
from cocmail.core.enforcement import Observed, Role, Row
from cocmail.core.filtering import Judgement
from cocmail.core.index import DueRow
from cocmail.core.letters import Letter
from cocmail.core.mail import Mail, Unreadable, read
from cocmail.core.minting import Minter
from cocmail.core.people import Address, Handle, Member, Private, Roster
from cocmail.core.policy import Policy
from cocmail.core.quarantine import DUE
from cocmail.core.setting import Setting
from cocmail.core.threads import destination
from cocmail.core.verification import UNPROVED, Authentication, Signature
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.examining import Examined
from cocmail.loops.intake import Intake
from cocmail.loops.unseen import Unseen
from cocmail.ports import Waiting
from tests.promises.play.shelf import Shelf

COMMUNITY = Address("conduct@example.org")
HANDLES = ("alice", "bob", "carol", "dave", "erin")
LISTS = {"dev@lists.example": "dev.lists.example", "sig@lists.example": "sig.lists.example"}
COVERED = frozenset(
    {
        "from", "to", "cc", "subject", "date", "message-id", "reply-to", "in-reply-to",
        "references", "mime-version", "content-type", "content-transfer-encoding",
    }
)  # fmt: skip

# What the shipped filters say of a report.
ORDINARY = Judgement(set_aside="", urgent="", tags=(), said=(), once=True)

T = TypeVar("T")


_APART = ThreadPoolExecutor(1, "decisions")  # with a loop of its own, whoever asks


def at_once(deciding: Coroutine[Any, Any, T]) -> T:
    """Run to its end what waits for nothing but its own thoughts."""
    return _APART.submit(asyncio.run, deciding).result()


def member(handle: str) -> Member:
    return Member(
        handle=Handle(handle),
        name=Private(f"{handle.title()} Quillfeather"),
        addresses=(Address(f"{handle}@{handle}.example"),),
    )


@dataclass
class Sent:
    """A mail that somebody gave us, and what came of it."""

    id: str
    raw: bytes = field(repr=False)
    auth: Authentication = field(repr=False)
    events: tuple[tuple[str, Any], ...] = field(default=(), repr=False)
    letters: tuple[Letter, ...] = field(default=(), repr=False)


@dataclass
class Room:
    handles: tuple[str, ...] = HANDLES
    policy: Policy = field(default_factory=Policy)
    now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)
    minter: Minter = field(
        default_factory=lambda: Minter(
            token_key=b"t" * 32, lookup_key=b"l" * 32, community=COMMUNITY
        )
    )
    sent: list[Sent] = field(default_factory=list)
    _fresh: int = 0

    def __post_init__(self) -> None:
        self.shelf = Shelf(minter=self.minter, now=self.now)
        store: Any = self.shelf
        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        self.deciding = Deciding(store, self._setting, bells)
        nobody: Any = None
        numbers = itertools.count(1)
        self.intake = Intake(
            self.deciding, nobody, nobody, nobody, nobody, nobody,
            new_case=lambda: f"case{next(numbers)}",
        )  # fmt: skip
        self.unseen = Unseen(self.deciding, self.intake.readers, _read)

    # -- the world -----------------------------------------------------------------------------

    def _setting(self, committee: Committee) -> Setting:
        self._fresh += 1
        return Setting(
            name="Example Community",
            address=COMMUNITY,
            delimiter="+",
            roster=Roster(members=tuple(member(h) for h in self.handles)),
            policy=self.policy,
            groups={},
            minter=self.minter,
            render=_TEMPLATES.render,
            now=self.now,
            entropy=self._fresh.to_bytes(32, "big"),
            committee=committee,
        )

    def later(self, span: timedelta) -> None:
        """Time passes, and what falls due on the way happens in its order."""
        end = self.now + span
        while True:
            coming = [row.at for row in self._dues() if row.at <= end]
            if not coming:
                break
            self.now = self.shelf.now = max(self.now, min(coming))
            self._see_to()
        self.now = self.shelf.now = end

    def _dues(self) -> list[DueRow]:
        return self.shelf.rows(DueRow)

    def _see_to(self) -> None:
        due = self.shelf.due()
        for row in due:
            at_once(self._fall_due(row))
        for row in self.shelf.due():
            assert row not in due, f"{row.what} stays due for ever"

    async def _fall_due(self, row: DueRow) -> None:
        """As loops/calendar does it."""
        if row.case == COMMITTEE:
            await self.deciding._digest(row.about)
        elif row.what == DUE:
            await self.deciding._aside(row.case, row.about)
        else:
            await self.deciding._on(row.case, lambda c, s: fall_due(c, s, row.what, row.about))

    # -- mail ----------------------------------------------------------------------------------

    def send(
        self,
        sender: str,
        to: str,
        text: str,
        *,
        signature: Signature = Signature.SOUND,
        header: str = "",
        observed: Observed | None = None,
        judgement: Judgement = ORDINARY,
        road: str = "imap",
        flood: str = "",
    ) -> Sent:
        self._fresh += 1
        raw = (
            f"{header}From: {sender}\r\nTo: {to}\r\nSubject: Hello\r\n"
            f"Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
            f"Message-ID: <m{self._fresh}@mail.example>\r\n\r\n"
            + text.replace("\n", "\r\n")
            + "\r\n"
        ).encode()
        auth = replace(
            UNPROVED,
            signature=signature,
            covered=COVERED if signature is Signature.SOUND else frozenset(),
            marks=(f"signature-{self._fresh}",),
            why="" if signature is Signature.SOUND else "It carries no sound signature.",
        )
        return self.deliver(
            raw, auth, observed=observed, judgement=judgement, road=road, flood=flood
        )

    def deliver(
        self,
        raw: bytes,
        auth: Authentication,
        *,
        observed: Observed | None = None,
        judgement: Judgement = ORDINARY,
        road: str = "imap",
        flood: str = "",
    ) -> Sent:
        """These bytes reach us, perhaps not for the first time."""
        self._fresh += 1
        mail = read(raw)
        assert isinstance(mail, Mail)
        sent = Sent(id=f"mail{self._fresh}", raw=raw, auth=auth)
        where = destination(mail, (), COMMUNITY, "+")
        waiting = Waiting(
            id=sent.id, raw=raw, road=road, recipients=(), return_path=None, junk=False,
            received=self.now, attempts=0,
        )  # fmt: skip
        examined = Examined(
            waiting=waiting,
            mail=mail,
            commands=casework.looks_ahead(mail) if where.tokens else (),
            destination=where,
            auth=auth,
            observed=observed or OBSERVED,
            judgement=judgement,
            flood=flood,
            returned=returned(raw),
        )
        self.shelf.mails[sent.id] = waiting
        before, letters = len(self.shelf.ledger), len(self.shelf.letters)
        at_once(self.intake._decide(examined))
        sent.events = tuple((case, event) for case, _, event in self.shelf.ledger[before:])
        sent.letters = tuple(self.shelf.letters[letters:])
        self.sent.append(sent)
        return sent

    def address(self, case: str, party: str, purpose: str = "reply", about: str = "") -> str:
        """The reply address that this party was last given for this."""
        found = self.shelf.cases[case]
        made, epoch = case, found.epoch(party)
        for note in found.letters:
            if about and note.origin and (note.party, note.about) == (party, about):
                made = note.origin  # it was given in a case that goes on in this one
                epoch = found.branches[made].epochs.get(party, 0)
        token = self.minter.token(case=made, party=party, purpose=purpose, about=about, epoch=epoch)
        return str(self.minter.address(token))


async def _read(raw: bytes, return_path: str | None) -> Mail | Unreadable:
    return read(raw, return_path=return_path)


_TEMPLATES = Templates()
MALLORY, ALIAS = Address("mallory@mail.example"), Address("mal@other.example")
OBSERVED = Observed(
    lists=LISTS,
    linked={MALLORY: (MALLORY, ALIAS), ALIAS: (MALLORY, ALIAS)},
    known=frozenset({MALLORY, ALIAS}),
    rows=(
        Row(list="dev@lists.example", address=MALLORY, role=Role.MEMBER),
        Row(list="sig@lists.example", address=ALIAS, role=Role.MEMBER),
    ),
)
