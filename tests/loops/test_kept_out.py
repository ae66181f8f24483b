"""Mail that was set aside outside every case, and a member whom a case keeps out since it came."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from cocmail.core import events as e
from cocmail.core.committee import Committee as Record
from cocmail.core.people import Address, Private
from cocmail.core.quarantine import BETWEEN
from cocmail.core.setting import Setting
from cocmail.loops.calendar import Calendar
from cocmail.loops.unseen import Unseen
from cocmail.ports import Arrival
from tests.loops.workplace import Workplace, workplace

ALICE, BOB, CAROL = (f"{name}@{name}.example" for name in ("alice", "bob", "carol"))
RAE, ZOE = "rae@reporter.example", "zoe@other.example"


@dataclass
class Committee:
    """Two reports, and what more rae wrote to the addresses of both cases: it is set aside."""

    work: Workplace
    sent: dict[str, list[EmailMessage]] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)

    async def begin(self) -> None:
        async def send(return_path: str, recipient: Address, message: bytes) -> None:
            mail = email.message_from_bytes(message, policy=email.policy.default)
            self.sent.setdefault(str(recipient), []).append(mail)
            self.paths[str(mail["Message-ID"])] = return_path

        self.work.sending.send = send  # type: ignore[method-assign]
        for who, text in ((RAE, "he called me a slur"), (ZOE, "another matter")):
            await self.work.put(text, sender=who)
            await self.work.take_in()
            self.cases[who] = (set(map(str, await self._names())) - {*self.cases.values()}).pop()
        await self.work.send_all()
        to = [str(self.sent[who][-1]["Reply-To"]) for who in (RAE, ZOE)]
        self.sent.clear()
        raw = f"From: {RAE}\r\nTo: {', '.join(to)}\r\nSubject: x\r\n\r\nmore\r\n".encode()
        await self.take(raw, *to)
        (waiting,) = await self.work.store.quarantine()
        self.record = str(waiting.case)

    async def _names(self) -> list[str]:
        return [one.case for one in await self.work.store.case_list()]

    async def take(self, raw: bytes, *to: str) -> None:
        reached = tuple(map(Address, to))
        arrival = Arrival(raw=raw, road="lmtp", source=None, recipients=reached)
        await self.work.store.keep(arrival, self.work.clock.now())
        await self.work.take_in()

    async def keep_out(self, *handles: str, of: str = RAE) -> None:
        out = [e.Recused(handle=h, by="reporter", because=Private("")) for h in handles]
        async with self.work.store.transaction() as tx:
            await tx.record(self.cases[of], out)

    async def tell(self) -> None:
        """What is due, to the outbox."""
        await Calendar(self.work.deciding, self.work.clock).look()

    async def item(self) -> e.Quarantined:
        async with self.work.store.transaction() as tx:
            room = await tx.case(self.record)
        (item,) = room.quarantine.waiting.values()
        found: e.Quarantined = item.mail
        return found

    async def drops(self, who: str, number: int, *, sends: bool = True) -> None:
        to = str(self.sent.pop(who)[-1]["Reply-To"])
        self.work.proofs.of.add(Address(who))
        mark = f"DKIM-Signature: v=1; a=rsa-sha256; d={who.partition('@')[2]}; s=s; h=from"
        fields = f"To: {to}\r\nSubject: Re\r\nMessage-ID: <q{who}>\r\n"
        head = f"{mark}; bh=YQ==; b=YQ==\r\nFrom: {who}\r\n{fields}"
        date = self.work.clock.now().strftime("%a, %d %b %Y %H:%M:%S +0000")
        await self.take(f"{head}Date: {date}\r\n\r\n/drop {number}\r\n".encode(), to)
        if sends:
            await self.work.send_all()

    def texts(self, who: str) -> str:
        return "".join(str(one.get_content()) for one in self.sent.get(who, ()))


@pytest.fixture
async def committee(tmp_path: Path) -> AsyncIterator[Committee]:
    async with workplace(tmp_path) as work:
        made = Committee(work)
        await made.begin()
        yield made


@pytest.mark.parametrize("of", [RAE, ZOE])
async def test_whom_a_case_keeps_out_since_is_not_told(committee: Committee, of: str) -> None:
    assert (await committee.item()).handles == ("alice", "bob", "carol")
    await committee.keep_out("bob", of=of)
    await committee.tell()
    await committee.work.send_all()
    assert {*committee.sent} == {ALICE, CAROL}
    assert (await committee.item()).handles == ("alice", "carol")
    due = await committee.work.store.due(committee.work.clock.now())
    assert "bob" not in [about for case, _, about, _ in due if case == committee.record]


async def test_what_was_written_before_does_not_leave(committee: Committee) -> None:
    await committee.tell()
    await committee.keep_out("bob")
    await committee.work.send_all()
    assert {*committee.sent} == {ALICE, CAROL}


async def test_what_a_list_that_did_not_leave_told_of_beside_is_news_still(
    committee: Committee,
) -> None:
    raw = b"From: conduct@example.org\r\nTo: conduct@example.org\r\nSubject: x\r\n\r\nx\r\n"
    await committee.take(raw, "conduct@example.org")
    await committee.tell()
    await committee.keep_out("bob")
    await committee.work.send_all()
    assert {*committee.sent} == {ALICE, CAROL}
    async with committee.work.store.transaction() as tx:
        (room,) = await committee.work.deciding.records(tx)
    assert [len(room.quarantine.new_to(handle)) for handle in ("alice", "bob")] == [0, 1]
    soon = room.quarantine.told["bob"].at + BETWEEN
    assert room.quarantine.due("bob") == soon


async def test_who_was_told_and_is_kept_out_since_drops_nothing(committee: Committee) -> None:
    await committee.tell()
    await committee.work.send_all()
    number = (await committee.item()).number
    assert str(number) in committee.texts(BOB)
    await committee.keep_out("bob")
    await committee.drops(BOB, number)
    assert len(await committee.work.store.quarantine()) == 1
    assert "waits here, or not any more" in " ".join(committee.texts(BOB).split())
    assert (await committee.item()).handles == ("alice", "carol")
    del committee.sent[BOB]
    await committee.drops(ALICE, number)
    assert await committee.work.store.quarantine() == ()
    assert str(number) in committee.texts(CAROL)
    assert BOB not in committee.sent


async def test_who_is_let_in_again_is_told_once_of_what_still_waits(committee: Committee) -> None:
    work = committee.work
    await committee.keep_out("bob")
    await committee.tell()
    await work.send_all()
    assert {*committee.sent} == {ALICE, CAROL}
    async with work.store.transaction() as tx:
        await tx.record(committee.cases[RAE], [e.Included(handle="bob")])
        await work.deciding.records(tx)  # as where anybody is told, or answers
    committee.sent.clear()
    for _ in range(3):
        await committee.tell()
        await work.send_all()
    assert (await committee.item()).handles == ("alice", "bob", "carol")
    assert len(committee.sent[BOB]) == 1
    assert str((await committee.item()).number) in committee.texts(BOB)
    await committee.drops(BOB, (await committee.item()).number)
    assert await work.store.quarantine() == ()


async def test_who_is_kept_out_by_then_hears_of_nothing_that_was_done(committee: Committee) -> None:
    await committee.tell()
    await committee.work.send_all()
    number = (await committee.item()).number
    await committee.drops(ALICE, number, sends=False)
    assert await committee.work.store.quarantine() == ()
    await committee.keep_out("bob")
    committee.sent.clear()
    await committee.work.send_all()
    assert {*committee.sent} == {ALICE, CAROL}


async def test_who_is_kept_out_by_then_hears_of_no_list_that_did_not_arrive(
    committee: Committee,
) -> None:
    await committee.tell()
    await committee.work.send_all()
    (to_carol,) = committee.sent[CAROL]
    committee.sent.clear()
    await committee.keep_out("bob")
    path = committee.paths[str(to_carol["Message-ID"])]
    raw = b"Return-Path: <>\r\nAuto-Submitted: auto-replied\r\nFrom: mailer@carol.example\r\n"
    await committee.take(raw + f"To: {path}\r\nSubject: gone\r\n\r\ngone\r\n".encode(), path)
    await committee.work.send_all()
    assert {*committee.sent} == {ALICE}


async def test_where_all_are_kept_out_it_is_asked_anew(committee: Committee) -> None:
    """Of the people of `escalate_to`, or the operator hears."""
    work, elder = committee.work, Address("elder@elsewhere.example")
    plain = work.deciding._setting

    def with_elder(record: Record) -> Setting:
        setting = plain(record)
        return replace(setting, policy=replace(setting.policy, escalate_to=(elder,)))

    work.deciding._setting = with_elder  # type: ignore[method-assign]
    unseen = Unseen(work.deciding, work.intake.readers, work.intake._read)
    await unseen.look()
    await committee.keep_out("alice", "bob", "carol")
    await committee.tell()
    assert (await committee.item()).handles == ()
    await unseen.look()
    item = await committee.item()
    assert (item.handles, item.outside) == ((), (elder,))
