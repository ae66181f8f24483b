"""One case that can't be read any more stands alone: the mail and the letters of the others go on.

What is of that case itself is kept, shown to nobody who might be kept out of it, and told to the
operator.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from cocmail.core.committee import COMMITTEE
from cocmail.loops.book import LedgerBook
from cocmail.loops.enforcement import Enforcement
from tests.loops.workplace import Workplace, workplace

ASKED = "please help, another matter"


async def reported(work: Workplace) -> str:
    """A case, whose letters still wait."""
    await work.put("Eve is rude")
    await work.take_in()
    ((case,),) = work.sql('select distinct "case" from letters')
    return str(case)


async def test_mail_to_a_damaged_case_is_set_aside_and_the_next_one_is_handled(
    tmp_path: Path,
) -> None:
    """Promise 1; and 3: whom that case keeps out can't be known, so nobody is told."""
    async with workplace(tmp_path) as work:
        case = await reported(work)
        to = work.minter.token(case=case, party="reporter:1", purpose="reply", about="", epoch=0)
        work.damage(case)
        await work.put("one more thing", to=str(work.minter.address(to)))
        await work.put(ASKED, sender="zoe@other.example")
        await work.take_in()
        assert len(await work.store.case_list()) == 2
        (aside,) = await work.store.quarantine()
        assert b"one more thing" in await work.store.mail_raw(aside.id)
        record = await work.store.read_case(aside.case)
        (item,) = record.quarantine.waiting.values()
        assert item.mail.handles == ()
        assert "can't be read" in work.deciding.trouble


async def test_mail_is_set_aside_where_not_even_that_can_be_written_down(tmp_path: Path) -> None:
    """The committee's own record is damaged: nothing can be decided, and nothing is lost."""
    async with workplace(tmp_path) as work:
        await work.deciding.configured(work.deciding.plain_setting().roster)
        work.damage(COMMITTEE)
        await work.put("Eve is rude")
        await work.put(ASKED, sender="zoe@other.example")
        await work.take_in()
        aside = await work.store.quarantine()
        assert [one.case for one in aside] == [None, None]
        assert b"Eve is rude" in await work.store.mail_raw(aside[0].id)


async def test_a_letter_of_a_damaged_case_does_not_stop_those_behind_it(tmp_path: Path) -> None:
    """Promise 3: whether a member may still know of it can't be seen, so to members it fails."""
    async with workplace(tmp_path) as work:
        case = await reported(work)
        await work.put(ASKED, sender="zoe@other.example")
        await work.take_in()
        work.damage(case)
        await work.send_all()
        assert sorted(work.sending.to) == [
            "alice@alice.example",
            "bob@bob.example",
            "carol@carol.example",
            "rae@reporter.example",
            "zoe@other.example",
        ]
        counts = (await work.store.statistics()).outbox
        assert (counts.waiting, counts.failed) == (0, 3)
        failed = work.sql("select distinct \"case\", party from letters where state = 'failed'")
        assert {one for one, _ in failed} == {case}
        assert "can't be read" in work.deciding.trouble


async def test_clocks_digests_and_a_change_of_members_go_on(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        case = await reported(work)
        await work.put(ASKED, sender="zoe@other.example")
        await work.take_in()
        await work.deciding.configured(work.deciding.plain_setting().roster)
        work.damage(case)
        await work.deciding.members_changed()
        await work.deciding.digest("alice")
        assert "can't be read" in work.deciding.trouble


async def test_a_sanction_that_cannot_be_read_undoes_nothing_and_stops_no_daemon(
    tmp_path: Path,
) -> None:
    """Whom it covers can't be known: the lists stay as they are, and `cocmail status` says why."""
    async with workplace(tmp_path) as work:
        case = await reported(work)
        work.sql("insert into index_unsettled values (?)", case)
        work.damage(case)
        nobody: Any = None  # Mailman: it isn't asked anything
        enforcement = Enforcement(
            nobody,
            LedgerBook(work.deciding),
            work.clock,
            groups={},
            sweep_every=timedelta(minutes=1),
        )
        running = asyncio.create_task(enforcement.run())
        try:
            async with asyncio.timeout(10):
                while not enforcement.counters.trouble and not running.done():
                    await asyncio.sleep(0.01)
            await asyncio.wait([running], timeout=0.3)
            assert not running.done()
            assert "seal" in enforcement.counters.trouble
        finally:
            running.cancel()
