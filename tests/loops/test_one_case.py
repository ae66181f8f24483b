"""A case to which very much is sent stays small, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import itertools
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from cocmail.core import taking
from cocmail.core.case import Case, weight_of_mail
from cocmail.core.people import Address
from cocmail.ports import Arrival
from tests.loops.test_thinking import ALICE, address
from tests.loops.workplace import Workplace, workplace

LONG = "I saw it too, and it was worse than you were told.\n" * 100 + "That is the end of it."
MUCH = 20_000
_numbers = itertools.count(1)


@pytest.fixture
async def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("cocmail.core.casework.filing.MUCH", MUCH)
    async with workplace(tmp_path) as made:
        made.proofs.of.add(ALICE)
        yield made


async def flooded(work: Workplace, mails: int = 12) -> Case:
    await work.put("Eve is rude")
    await work.take_in()
    ((name,),) = work.sql('select distinct "case" from letters')
    for number in range(mails):
        to = address(work, name, "reporter:1")
        await work.put(f"{number}: {LONG}", to=to, sender=f"zoe@other{number}.example")
    await work.take_in()
    return await work.store.read_case(name)


async def write(work: Workplace, case: Case, words: str) -> None:
    to, number = address(work, case.id, "member:alice"), next(_numbers)
    head = f"From: {ALICE}\r\nTo: {to}\r\nMessage-ID: <{number}@alice.example>\r\n"
    date = f"Date: {format_datetime(work.clock.now())}\r\n"
    raw = f"{head}{date}\r\n{words}\r\n".encode()
    arrival = Arrival(raw=raw, road="lmtp", source=None, recipients=(Address(to),))
    assert await work.store.keep(arrival, work.clock.now())


async def say(work: Workplace, case: Case, words: str) -> Case:
    await write(work, case, words)
    await work.take_in()
    return await work.store.read_case(case.id)


async def test_of_what_is_set_aside_beyond_much_the_case_keeps_the_beginning(work) -> None:
    case = await flooded(work)
    whole = [a.mail for a in case.asides if not a.mail.beginning]
    short = [a.mail for a in case.asides if a.mail.beginning]
    assert len(whole) == 4
    assert len(short) == 8
    assert all("That is the end of it." in aside.text for aside in whole)
    assert all(aside.text[:1_000] == aside.text != "" for aside in short)
    assert all(aside.note.endswith(taking.ONLY_ITS_BEGINNING) for aside in short)
    assert len(case.of_role("witness")) == len({a.mail.stranger for a in case.asides} - {""}) < 12
    mails = [m.received for m in case.messages] + [*whole, *short]
    assert case.came_in == sum(map(weight_of_mail, mails)) < MUCH + 20_000


async def test_who_takes_it_in_gets_all_of_it(work) -> None:
    case = await flooded(work)
    aside = next(a.mail for a in case.asides if a.mail.beginning)
    case = await say(work, case, f"/accept {aside.number}")
    received = case.messages[-1].received
    assert received.mail == aside.mail
    assert case.parties[received.party].addresses == (aside.sender,)
    assert received.text.rstrip().endswith("That is the end of it.")
    assert taking.ONLY_ITS_BEGINNING not in received.note
    assert case.asides[aside.number - 1].settled == "taken-in"
    assert work.sql("select state from mails where id = ?", aside.mail) == [("done",)]
    told = work.sql("select count(*) from letters where party = 'member:bob'")
    case = await say(work, case, f"/accept {aside.number}")  # it isn't there twice
    assert [m.received.mail for m in case.messages].count(aside.mail) == 1
    assert work.sql("select count(*) from letters where party = 'member:bob'") == told


async def test_what_is_dropped_stays_where_it_is(work) -> None:
    case = await flooded(work)
    aside = next(a.mail for a in case.asides if a.mail.beginning)
    case = await say(work, case, f"/drop {aside.number}")
    assert case.asides[aside.number - 1].settled == "left-aside"
    assert aside.mail not in [m.received.mail for m in case.messages]
    assert LONG.encode() in (await work.store.mail_raw(aside.mail))


async def test_it_is_taken_in_where_cocmail_was_stopped_in_between(work) -> None:
    case = await flooded(work)
    aside = next(a.mail for a in case.asides if a.mail.beginning)
    read = work.intake._read

    async def stopped(raw: bytes, return_path: str | None) -> Any:
        if LONG.encode() in raw:
            raise asyncio.CancelledError
        return await read(raw, return_path)

    work.intake._read = work.intake._read_apart = stopped
    await write(work, case, f"/accept {aside.number}")
    running = asyncio.create_task(work.intake.run())
    async with asyncio.timeout(30):
        while work.sql("select road from mails where id = ?", aside.mail) != [("released",)]:
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    work.intake._read = work.intake._read_apart = read
    work.sql("update mails set next_at = 0 where state = 'waiting'")  # its lease is over
    await work.take_in()
    case = await work.store.read_case(case.id)
    assert case.messages[-1].received.mail == aside.mail
