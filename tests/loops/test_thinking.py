"""What takes long to decide is thought about beside the main loop, whatever asks for it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cocmail.core import events as e
from cocmail.core.calendar import fall_due
from cocmail.core.work import Result
from tests.loops.workplace import SPAM, Workplace, workplace

SAID = "I saw it too, and it was worse than you were told.\n" * 20
ALICE = "alice@alice.example"


@dataclass
class Watched:
    """Where letters are written from now on, and that time is two days later."""

    work: Workplace
    in_the_loop: int = 0
    beside: int = 0

    def __post_init__(self) -> None:
        deciding: Any = self.work.deciding
        self._setting, self._loop = deciding._setting, threading.get_ident()
        deciding._setting = self._watched

    def _watched(self, committee: Any) -> Any:
        setting = self._setting(committee)
        later = setting.now + timedelta(days=2)
        return replace(setting, now=later, render=self._rendering(setting.render))

    def _rendering(self, render: Callable[..., str]) -> Callable[..., str]:
        def rendering(*args: Any, **more: Any) -> str:
            if threading.get_ident() == self._loop:
                self.in_the_loop += 1
            else:
                self.beside += 1
            return render(*args, **more)

        return rendering


async def case_with_asides(work: Workplace) -> str:
    """What it says itself is little, and five mails were set aside in it that say much."""
    await work.put("Eve is rude")
    await work.take_in()
    ((case,),) = work.sql('select distinct "case" from letters')
    for number in range(5):
        to = address(work, case, "reporter:1")
        await work.put(SAID, to=to, sender=f"zoe@other{number}.example")
    await work.take_in()
    found = await work.store.read_case(case)
    assert len(found.asides) == 5
    return str(case)


def address(work: Workplace, case: str, party: str) -> str:
    token = work.minter.token(case=case, party=party, purpose="reply", about="", epoch=0)
    return str(work.minter.address(token))


async def by_mail(work: Workplace) -> Watched:
    case = await case_with_asides(work)
    watched = Watched(work)
    to = address(work, case, "member:alice")
    await work.put("/reply reporter\nWe read it.", to=to, sender=ALICE)
    await work.take_in()
    return watched


async def by_the_calendar(work: Workplace) -> Watched:
    case = await case_with_asides(work)
    watched = Watched(work)
    await work.deciding.on(case, lambda c, s: fall_due(c, s, "acknowledge", ""))
    return watched


async def in_a_digest(work: Workplace) -> Watched:
    case = await case_with_asides(work)
    wanted = e.DigestWanted(case=case, handles=("alice",))
    await work.deciding.on_committee(lambda c, s: Result(events=(wanted,), letters=()))
    watched = Watched(work)
    await work.deciding.digest("alice")
    return watched


async def of_the_quarantine(work: Workplace) -> Watched:
    work.judgement = SPAM
    for number in range(40):
        await work.put(f"buy {number}", sender=f"zoe@other{number}.example")
    await work.take_in()
    record = (await work.store.quarantine())[0].case
    watched = Watched(work)
    await work.deciding.aside(record, "alice")
    return watched


@pytest.mark.parametrize("by", [by_mail, by_the_calendar, in_a_digest, of_the_quarantine])
async def test_letters_are_written_beside_the_loop_where_much_was_set_aside(
    tmp_path: Path, by: Callable[[Workplace], Awaitable[Watched]]
) -> None:
    async with workplace(tmp_path) as work:
        watched = await by(work)
    assert watched.beside
    assert not watched.in_the_loop
