"""Whose mail is taken next, while much of it waits."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.core.people import Address
from cocmail.loops.outbox import LEASE
from tests.loops.workplace import Workplace, workplace

FLOOD = 20
AT_ONCE = 4  # mails that are worked on beside each other


async def test_only_what_is_proved_goes_ahead(tmp_path: Path) -> None:
    """Promise 1: a field that looks like a signature takes nobody past the others."""
    async with workplace(tmp_path) as work:
        work.proofs.of = {Address("rae@reporter.example")}
        for number in range(FLOOD):
            await work.put("buy", sender=f"somebody@flood{number}.example")
        await work.put("buy", sender="somebody@forged.example", ahead=True)
        await work.put("help me", sender="rae@reporter.example", ahead=True)
        await work.take_in()
        order = decided(work)
        assert len(order) == FLOOD + 2
        reporter, forged = order.index(FLOOD + 2), order.index(FLOOD + 1)
        assert reporter <= AT_ONCE
        assert forged >= FLOOD - AT_ONCE


class SlowDns:
    """Has no key, and says so of some domains only when it is let."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> Sequence[bytes]:
        self.asked.append(name)
        if "slow" in name:
            assert self.answers.wait(60)
        return ()


@contextlib.asynccontextmanager
async def slow_dns(work: Workplace) -> AsyncIterator[SlowDns]:
    """Until it is let answer, at the end at the latest."""
    dns, intake = SlowDns(), work.intake
    any_intake: Any = intake
    any_intake._examiner._authenticator = DkimAuthenticator([], [], lookup=dns)
    try:
        yield dns
    finally:
        dns.answers.set()


@contextlib.asynccontextmanager
async def at_work(work: Workplace) -> AsyncIterator[None]:
    running = asyncio.create_task(work.intake.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def until_decided(work: Workplace, cases: int) -> None:
    async with asyncio.timeout(30):
        while len(await work.store.case_list()) < cases:
            await asyncio.sleep(0.02)


async def until_asked(dns: SlowDns, word: str) -> None:
    async with asyncio.timeout(60):
        while not any(word in name for name in dns.asked):
            await asyncio.sleep(0.02)


def decided(work: Workplace) -> list[int]:
    """The numbers of the mails that became cases, in the order in which they did."""
    rows = work.sql(
        "select mails.number from ledger join mails using (\"case\") where state = 'done' "
        'group by "case" order by min(sequence)'
    )
    return [number for (number,) in rows]


async def test_who_waits_for_dns_holds_up_nobody(tmp_path: Path) -> None:
    """Promise 1: everybody can have a domain whose keys take their time."""
    async with workplace(tmp_path) as work, slow_dns(work) as dns:
        for number in range(12):
            await work.put("buy", sender=f"somebody@slow{number}.example", ahead=True)
        await work.put("help me", ahead=True)
        async with at_work(work):
            await until_decided(work, 1)
            assert decided(work) == [13]
            dns.answers.set()
            await until_decided(work, 13)
        assert (await work.store.statistics()).waiting == 0
        assert sorted(decided(work)) == list(range(1, 14))


async def test_who_waits_for_their_senders_turn_holds_up_nobody(tmp_path: Path) -> None:
    """Promise 1: one sender's mails are decided in their order, and others' meanwhile; a stop
    loses none."""
    async with workplace(tmp_path) as work, slow_dns(work) as dns:
        for number in range(6):
            await work.put("buy" * (1 + number), sender="somebody@slow.example", ahead=True)
        await work.put("help me", ahead=True)
        async with at_work(work):
            await until_decided(work, 1)
            assert decided(work) == [7]
            await until_asked(dns, "slow")  # by a thread, which may begin late
            assert len([name for name in dns.asked if "slow" in name]) == 1
        assert (await work.store.statistics()).waiting == 6
        await work.store.resume(work.clock.now() + LEASE + timedelta(minutes=1))
        dns.answers.set()
        async with at_work(work):
            await until_decided(work, 7)
        assert (await work.store.statistics()).waiting == 0
        assert decided(work) == [7, 1, 2, 3, 4, 5, 6]


async def test_what_is_forged_in_a_sender_s_name_does_not_hold_up_their_signed_mail(
    tmp_path: Path,
) -> None:
    """Promise 1: anybody can write a thousand mails with another's From."""
    async with workplace(tmp_path) as work:
        work.proofs.of = {Address("rae@reporter.example")}
        intake: Any = work.intake
        read, here = intake._read, asyncio.Event()

        async def reading(raw: bytes, return_path: str | None) -> Any:
            if b"forged" in raw:
                await here.wait()
            return await read(raw, return_path)

        intake._read = reading
        for number in range(6):
            await work.put("forged" * (1 + number), ago=timedelta(seconds=90))
        await work.put("help me", ahead=True)
        async with at_work(work):
            await until_decided(work, 1)
            assert decided(work) == [7]
            here.set()
            await until_decided(work, 7)
        assert decided(work) == [7, 1, 2, 3, 4, 5, 6], "each row in its order"


async def test_a_row_that_somebody_else_works_off_stops_nobody(tmp_path: Path) -> None:
    """Mails that wait for their turn go to whoever claims them, and what is gone is passed over."""
    async with workplace(tmp_path) as work, slow_dns(work) as dns:
        for number in range(4):
            await work.put("buy" * (1 + number), sender="somebody@slow.example", ahead=True)
        await work.put("help me", ahead=True)
        async with at_work(work):
            await until_decided(work, 1)
            (second,) = work.sql("select id from mails where number = 2")
            async with work.store.transaction() as tx:
                assert await tx.settle_mail(second[0], state="filed", case=None, why="")
            dns.answers.set()
            await until_decided(work, 4)
        assert decided(work) == [5, 1, 3, 4]


async def test_a_turn_that_is_waited_for_is_no_attempt(tmp_path: Path) -> None:
    """Promise 1: else the last of many is taken for one that nothing comes of."""
    async with workplace(tmp_path) as work, slow_dns(work) as dns:
        for number in range(4):
            await work.put("buy" * (1 + number), sender="somebody@slow.example", ahead=True)
        await work.put("help me", ahead=True)
        async with at_work(work):
            await until_decided(work, 1)
            assert work.sql("select attempts from mails where number in (2, 3, 4)") == [(0,)] * 3
            dns.answers.set()
            await until_decided(work, 5)


async def test_a_large_mail_is_not_held_while_dns_is_waited_for(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work, slow_dns(work) as dns:
        intake: Any = work.intake
        authenticator, read = intake._examiner._authenticator, intake._read
        asked, seen = [], []

        async def keys(raw: bytes, sender: Address, account: str = "") -> Any:
            asked.append(len(raw))
            return await DkimAuthenticator.keys(authenticator, raw, sender, account)

        async def reading(raw: bytes, return_path: str | None) -> Any:
            seen.append(len(raw))
            return await read(raw, return_path)

        authenticator.keys, intake._read = keys, reading
        await work.put("word\r\n" * 300_000, ahead=True)
        await work.take_in()
        assert max(asked) < 1000
        assert min(seen) > 1_800_000
        assert len(decided(work)) == 1
        assert len(dns.asked) == 2, "with a head start, and without"
