"""The calendar over a real store: what is due in several cases becomes one mail a day."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from cocmail.adapters.store import load_keys, make_key_file, open_store
from cocmail.core.case import Case
from cocmail.core.committee import Committee
from cocmail.core.setting import Setting
from cocmail.loops.bell import Bell
from cocmail.loops.calendar import Calendar
from cocmail.loops.deciding import Bells, Deciding, write
from cocmail.parts import CaseCodec
from tests.promises.kit import MINTER, SUSPEND, World

ANSWER = "/reply reporter\nThank you for writing to us.\n/end"


class Moved:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Stage:
    """A store, and a calendar that looks into it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.steady = folder, Moved(), 0.0
        make_key_file(folder / "key")
        self.keys = load_keys(folder / "key")
        self.minter = replace(MINTER, token_key=self.keys.token, lookup_key=self.keys.lookup)

    async def open(self) -> None:
        self.store = await open_store(
            f"sqlite:///{self.folder}/s.db", keys=self.keys, codec=CaseCodec(self.minter),
            clock=self.clock, recipients_of=lambda raw: (), create=True,
        )  # fmt: skip
        self.begin()

    def begin(self) -> None:
        """As a daemon does."""
        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        self.deciding = Deciding(self.store, self.setting, bells)
        self.calendar = Calendar(self.deciding, self.clock, lambda: self.steady)

    def setting(self, committee: Committee) -> Setting:
        at = self.clock.at
        return replace(World(now=at).setting(), committee=committee, minter=self.minter)

    async def told(self) -> list[EmailMessage]:
        """What was queued, and not looked at before."""
        found, late = [], self.clock.at + timedelta(days=999)
        while (letter := await self.store.claim_letter(late, timedelta(days=9999))) is not None:
            found.append(email.message_from_bytes(letter.message, policy=email.policy.default))
        return found

    def passes(self, time: timedelta, *, says: timedelta | None = None) -> None:
        self.steady += time.total_seconds()
        self.clock.at += time if says is None else says


async def three_silent_cases(folder: Path) -> None:
    stage = Stage(folder)
    await stage.open()
    store, clock, calendar = stage.store, stage.clock, stage.calendar
    references = []
    for name in ("a", "b", "c"):
        world = World(case=Case(id=name), now=clock.at)
        async with store.transaction() as tx:
            await tx.open_case(name)
            await write(tx, name, world.report())
            await write(tx, name, world.say("alice", ANSWER))
        references.append(world.case.reference)
    await stage.told()
    stage.passes(timedelta(days=14))
    assert await calendar.look() == 6  # three clocks, then three members' digests
    told = await stage.told()
    assert len(told) == 3
    for mail in told:
        assert mail["Cocmail-Kind"] == "reminder"
        assert mail["Cocmail-Case"] is None
        assert all(one in mail.get_content() for one in references)
        token = str(mail["Reply-To"]).partition("+")[2].partition("@")[0]
        async with store.transaction() as tx:
            found = await tx.token(token)
        assert found is not None
        assert (found.case, found.purpose) == ("committee", "reply")
    assert await calendar.look() == 0
    due = await store.all_due()
    await store.rebuild()
    assert await store.all_due() == due
    assert (await store.verify()).whole
    await store.close()


def test_three_silent_cases_are_one_mail_to_each_member(tmp_path: Path) -> None:
    asyncio.run(three_silent_cases(tmp_path))


YEAR, HOUR = timedelta(days=365), timedelta(hours=1)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A suspension in force, and a vote that is open."""
    one = Stage(tmp_path)
    await one.open()
    world = World(case=Case(id="a"), now=one.clock.at)
    async with one.store.transaction() as tx:
        await tx.open_case("a")
        await write(tx, "a", world.report())
        await write(tx, "a", world.say("alice", SUSPEND))
        ballot = world.case.open_proposals[-1]
        for handle in ("alice", "bob"):
            await write(tx, "a", world.vote(ballot.id, handle))
        await write(tx, "a", world.say("alice", SUSPEND.replace("90", "80")))
    await one.calendar.look()
    await one.told()
    yield one
    await one.store.close()


async def kept(stage: Stage) -> tuple[bool, bool]:
    """Whether the suspension is in force, and whether the vote is open."""
    async with stage.store.transaction() as tx:
        case = await tx.case("a")
    assert case is not None
    return any(s.in_force for s in case.sanctions.values()), bool(case.open_proposals)


async def test_a_clock_that_leaps_ends_nothing_and_is_told_once(stage: Stage) -> None:
    """Promise 8. It is set right before the day is over, and all is as before."""
    stage.passes(HOUR, says=YEAR)
    for _ in range(3):
        assert await stage.calendar.look() == 0
        stage.passes(HOUR)
    assert await kept(stage) == (True, True)
    told = await stage.told()
    assert [(m["Cocmail-Kind"], "clock" in m["Subject"]) for m in told] == [("alert", True)] * 3
    assert "It says 21 November 2027, 12:00 UTC." in told[0].get_content()
    assert "be about 21 November 2026, 13:00 UTC." in told[0].get_content()
    assert "by itself in 22h" in stage.calendar.trouble
    # A restart confirms nothing, nor is it told again.
    stage.begin()
    assert await stage.calendar.look() == 0
    assert stage.calendar.trouble
    stage.passes(HOUR, says=-YEAR)
    assert await stage.calendar.look() == 0
    assert not stage.calendar.trouble
    assert await kept(stage) == (True, True)
    assert not await stage.told()


async def test_what_a_clock_says_for_a_day_is_believed(stage: Stage) -> None:
    """Or what should end would hold for ever, where the machine stood still for so long."""
    stage.passes(HOUR, says=YEAR)
    assert await stage.calendar.look() == 0
    stage.passes(timedelta(hours=23))
    assert await stage.calendar.look() == 0
    assert await kept(stage) == (True, True)
    stage.passes(HOUR)
    assert await stage.calendar.look()
    assert await kept(stage) == (False, False)
    assert not stage.calendar.trouble


async def test_a_machine_that_was_off_for_months_ends_what_is_over(stage: Stage) -> None:
    stage.begin()
    stage.passes(timedelta(0), says=timedelta(days=92))
    assert await stage.calendar.look()
    assert await kept(stage) == (False, False)


async def test_while_the_clock_is_not_believed_no_command_closes_a_vote(stage: Stage) -> None:
    async with stage.store.transaction() as tx:
        case = await tx.case("a")
        assert case is not None
        assert not (await stage.deciding.setting(tx, case)).doubtful
    stage.passes(HOUR, says=YEAR)
    await stage.calendar.look()
    world = World(case=case, now=stage.clock.at)
    setting = world.setting()
    async with stage.store.transaction() as tx:
        doubtful = (await stage.deciding.setting(tx, case)).doubtful
    world.setting = lambda: replace(setting, doubtful=doubtful)  # type: ignore[method-assign]
    open_ = world.case.open_proposals[-1]
    world.vote(open_.id, "alice")
    assert [p.id for p in world.case.open_proposals] == [open_.id]
    world.vote(open_.id, "bob")
    assert world.case.sanctions[open_.id].in_force
