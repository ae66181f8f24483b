"""A mail that is handled twice is decided once: its lease ran out, or an answer of the store's was
lost on its way to us."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cocmail.core.calendar import fall_due
from cocmail.core.errors import Permanent
from cocmail.core.quarantine import DUE, RELEASED, is_quarantine
from cocmail.core.work import Result
from cocmail.loops.outbox import LEASE
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
            await work.deciding.on(case, lambda c, s, w=what, a=about: fall_due(c, s, w, a))
        before = await work.store.statistics()
        gone = Result(events=(), letters=(), also=((aside.id, RELEASED),))
        with pytest.raises(Permanent, match="not set aside any more"):
            await work.deciding.on(aside.case, lambda c, s: gone)
        assert (await work.store.statistics()) == before
