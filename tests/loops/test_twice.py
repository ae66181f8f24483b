"""A mail that is handled twice is decided once: its lease ran out, or an answer of the store's was
lost on its way to us."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cocmail.cli import quarantine
from cocmail.cli.opened import Opened
from cocmail.core.errors import Permanent
from cocmail.core.mail import Unreadable
from cocmail.core.quarantine import DUE, RELEASED, is_quarantine
from cocmail.core.work import Result
from cocmail.loops.calendar import Calendar
from cocmail.loops.outbox import LEASE
from cocmail.ports import Waiting
from tests.loops.workplace import CLEAN, SPAM, Workplace, workplace


async def twice(work: Workplace) -> tuple[object, object]:
    """The same mail, for two who each think that they have it alone."""
    now = work.clock.now()
    one = await work.store.claim_mail(now, LEASE)
    other = await work.store.claim_mail(now + LEASE + timedelta(seconds=1), LEASE)
    assert one.id == other.id
    return one, other


async def test_what_is_set_aside_stays_so_and_can_be_accepted(tmp_path: Path) -> None:
    """Promise 1."""
    async with workplace(tmp_path) as work:
        work.judgement = SPAM
        await work.put("he called me a slur")
        for one in await twice(work):
            await work.intake._handle(one)
        (aside,) = await work.store.quarantine()
        assert await work.store.release_mail(aside.id)
        await work.take_in()
        assert len(await work.store.case_list()) == 1


async def test_what_is_shown_to_humans_is_not_a_report_as_well(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        await work.put("he called me a slur")
        one, other = await twice(work)
        await work.intake._keep_for_humans(one, "It is larger than we open.", None)
        work.judgement = CLEAN
        await work.intake._handle(other)
        assert len(await work.store.quarantine()) == 1
        assert await work.store.case_list() == ()


async def test_what_is_gone_is_not_said_to_be_let_in(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        work.judgement = SPAM
        await work.put("he called me a slur")
        await work.take_in()
        (aside,) = await work.store.quarantine()
        assert is_quarantine(aside.case)
        await work.store.discard_mail(aside.id)  # without a word to its record
        for case, what, about, _ in await work.store.all_due():
            assert what == DUE
            await work.deciding.aside(case, about)
        before = await work.store.statistics()
        gone = Result(events=(), letters=(), also=((aside.id, RELEASED, aside.case),))
        with pytest.raises(Permanent, match="not set aside any more"):
            await work.deciding.on(aside.case, lambda c, s: gone)
        assert (await work.store.statistics()) == before


@pytest.mark.parametrize("first", ["released", "discarded"])
@pytest.mark.parametrize("how", ["accepted", "discarded"])
async def test_what_is_gone_meanwhile_an_operator_is_not_told_to_have_seen_to(
    tmp_path: Path, first: str, how: Any
) -> None:
    async with workplace(tmp_path) as work:
        work.judgement = SPAM
        await work.put("he called me a slur")
        await work.take_in()
        nobody: Any = None
        opened = Opened(nobody, work.store, work.deciding)
        found = await quarantine._find(opened, (await work.store.quarantine())[0].id)
        seen_to = work.store.release_mail if first == "released" else work.store.discard_mail
        assert await seen_to(found.id)  # as members do it by /accept and /drop
        before = work.sql("select count(*) from ledger")
        with pytest.raises(Permanent, match=r"^it isn't set aside any more"):
            await quarantine._settle(opened, found, how, f"quarantine-{how}")
        assert work.sql("select count(*) from ledger") == before


# -- a mail that ends whoever handles it ---------------------------------------------------------


async def claimed(work: Workplace, times: int) -> Waiting:
    """So many daemons took the mail up, and ended."""
    now = work.clock.now()
    for n in range(times):
        one = await work.store.claim_mail(now + n * (LEASE + timedelta(seconds=1)), LEASE)
        assert isinstance(one, Waiting)
    assert one.attempts == times
    return one


async def test_a_mail_that_ended_the_daemon_is_read_where_it_cannot(tmp_path: Path) -> None:
    """Promise 1."""
    async with workplace(tmp_path) as work:
        asked: list[str] = []

        async def here(raw: bytes, return_path: str | None) -> Any:
            asked.append("here")
            raise SystemExit  # as a fault in a parser written in C ends a process

        async def apart(raw: bytes, return_path: str | None) -> Any:
            asked.append("apart")
            return Unreadable(why="It takes more time or memory to read than a mail gets.")

        work.intake._read, work.intake._read_apart = here, apart
        await work.put("<p>He called me a slur.")
        await work.intake._handle(await claimed(work, 3))
        assert {*asked} == {"apart"}
        (aside,) = await work.store.quarantine()
        assert aside.why == "It takes more time or memory to read than a mail gets."


async def test_what_nothing_ever_came_of_is_set_aside_unread_and_told(tmp_path: Path) -> None:
    """Promise 1."""
    async with workplace(tmp_path) as work:

        async def never(raw: bytes, return_path: str | None) -> Any:
            raise SystemExit

        work.intake._read = work.intake._read_apart = never
        await work.put("<p>He called me a slur.")
        await work.intake._handle(await claimed(work, 31))
        (aside,) = await work.store.quarantine()
        assert aside.why == "It was tried many times, and nothing came of it."
        for case, _, about, _ in await work.store.all_due():
            await work.deciding.aside(case, about)
        await work.send_all()
        assert len(work.sending.to) == 3


async def test_what_stands_in_several_records_is_told_in_one_mail(tmp_path: Path) -> None:
    """Promise 1. A record that can't be read keeps the others from nobody."""
    async with workplace(tmp_path) as work:
        work.judgement = SPAM
        for n in range(3):
            await work.put(f"he called me a slur, {n}", sender=f"rae{n}@reporter.example")
            await work.take_in()
            work.intake._placer.begin_anew()
        first, second, damaged = [one.case for one in await work.store.quarantine()]
        work.damage(damaged)
        calendar = Calendar(work.deciding, work.clock)
        await calendar.look()
        await work.send_all()
        assert len(work.sending.to) == 3, "one mail for each"
        told = [(await work.store.read_case(r)).quarantine.told for r in (first, second)]
        assert [{*one} for one in told] == [{"alice", "bob", "carol"}] * 2
        await calendar.look()
        assert {case for case, _, _, at in await work.store.due(work.clock.now())} == {damaged}
