"""Filters are asked about the mail that they can hold back, and not about what goes into a case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cocmail.core.filtering import Judgement
from cocmail.core.returned import RETURN
from tests.loops.workplace import SPAM, Workplace, workplace

RAE = "rae@reporter.example"


async def asked_about(work: Workplace, to: str, *, sender: str = RAE) -> int:
    """How often a filter was asked about this mail, once it was decided."""
    intake: Any = work.intake
    judge, asked = intake._examiner._judge, []

    async def judging(raw: bytes, mail: Any) -> Judgement:
        asked.append(raw)
        return await judge(raw, mail)  # type: ignore[no-any-return]

    intake._examiner._judge = judging
    await work.put("one more thing", to=to, sender=sender)
    await work.take_in()
    intake._examiner._judge = judge
    return len(asked)


async def case_of(work: Workplace) -> str:
    await work.put("Eve is rude")
    await work.take_in()
    ((case,),) = work.sql('select distinct "case" from letters')
    return str(case)


def address(work: Workplace, case: str, party: str, purpose: str = "reply") -> str:
    token = work.minter.token(case=case, party=party, purpose=purpose, about="", epoch=0)
    return str(work.minter.address(token))


@pytest.mark.parametrize(
    ("party", "purpose", "sender"),
    [
        ("reporter:1", "reply", RAE),
        ("reporter:1", "reply", "zoe@other.example"),
        ("member:alice", "reply", "alice@alice.example"),
        ("member:alice", RETURN, "daemon@mx.alice.example"),
    ],
)
async def test_no_filter_holds_up_what_goes_into_its_case(
    tmp_path: Path, party: str, purpose: str, sender: str
) -> None:
    async with workplace(tmp_path) as work:
        case = await case_of(work)
        to = address(work, case, party, purpose)
        assert await asked_about(work, to, sender=sender) == 0
        assert len(await work.store.case_list()) == 1


async def test_filters_are_asked_about_all_that_may_be_a_report(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        assert await asked_about(work, "conduct@example.org") == 1
        ((case,),) = work.sql('select distinct "case" from letters')
        to = address(work, case, "member:alice")
        both = f"{to}, conduct+not-bob@example.org"  # it may be a report of its own
        assert await asked_about(work, both, sender="alice@alice.example") == 1
        two = f"{to}, {address(work, case, 'reporter:1')}"
        assert await asked_about(work, two, sender="zoe@other.example") == 1
        assert await asked_about(work, "conduct+abcdefghijklmnopqrst@example.org") == 1
        work.judgement = SPAM
        await work.put("buy", sender="zoe@other.example")
        await work.take_in()
        record = (await work.store.quarantine())[-1].case
        to = address(work, record, "member:alice")
        assert await asked_about(work, to, sender="zoe@other.example") == 1
