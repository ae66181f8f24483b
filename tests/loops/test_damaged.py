"""One case that can't be read any more stands alone: the mail and the letters of the others go on.

What is of that case itself is kept, shown to nobody who might be kept out of it, and told to the
operator.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cocmail.core import events as e
from cocmail.core import proofs
from cocmail.core.arrivals import EVERYWHERE, Arrival
from cocmail.core.committee import COMMITTEE
from cocmail.core.enforcement import Observed, Role, Row, Standing, Step
from cocmail.core.errors import Permanent
from cocmail.core.people import Address, Private
from cocmail.core.proof import UNREAD
from cocmail.core.sanctions import Measure
from cocmail.loops.book import LedgerBook
from cocmail.loops.enforcement import Enforcement, Unread
from cocmail.loops.watching import Watching
from tests.loops.lab import DEV, MAL, PERSON, QUIET, Book, Lab, Now, where
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


async def order(work: Workplace, case: str, who: Address) -> None:
    """A suspension that one member ordered in a case of its own."""
    ordered = e.Ordered(
        sanction=f"S{case}",
        by="alice",
        because=Private("for the test"),
        measure=Measure.SUSPEND,
        address=who,
        addresses=(who,),
        groups=(),
        lists=(),
        until=work.clock.now() + timedelta(days=1),
        letter="",
    )
    async with work.store.transaction() as tx:
        await tx.open_case(case)
        opened = e.CaseOpened(reference=f"COC-{case}", acknowledge_by=None, update_by=None)
        await tx.record(case, (opened, ordered))


async def end(work: Workplace, case: str) -> None:
    async with work.store.transaction() as tx:
        await tx.record(case, (e.Ended(sanction=f"S{case}", how="lifted"),))


def enforcing(work: Workplace, lists: Any) -> Enforcement:
    return Enforcement(
        lists, LedgerBook(work.deciding), work.clock, groups={}, sweep_every=timedelta(minutes=1)
    )


@pytest.mark.servers
async def test_one_sanction_that_cannot_be_read_loosens_nothing_and_holds_up_no_other(
    tmp_path: Path, lab: Lab, lists: Any
) -> None:
    """Promises 8 and 9: whom it covers can't be known, so nobody is given anything back."""
    bert, zed = Address("bert@example.net"), Address("zed@example.net")
    for who in (bert, zed):
        lab.join(DEV, who)
    before = where(lab, *PERSON)
    async with workplace(tmp_path) as work:
        enforcement = enforcing(work, lists)
        for case, who in (("c0", zed), ("c1", MAL)):
            await order(work, case, who)
        await enforcement.sweep()
        assert where(lab, zed, *PERSON) == []
        mend = work.damage("c0")
        await end(work, "c1")
        await order(work, "c2", bert)
        for _ in range(2):
            with pytest.raises(Unread, match="nothing is given back"):
                await enforcement.sweep()
            assert where(lab, bert, zed, *PERSON) == []
            assert lab.join(QUIET, bert)[0] == lab.join(QUIET, MAL)[0] == 400
        assert (await work.store.read_case("c2")).sanctions["Sc2"].proved
        with pytest.raises(Unread):
            await enforcing(work, lists).sweep()  # as after a restart
        waits = work.sql("select party from letters where \"case\" = 'c1' and kind = 'alert'")
        assert len(waits) == len(set(waits)) > 1, "each member hears of it once"
        assert enforcement.to_hold >= {(zed, EVERYWHERE), (bert, EVERYWHERE)}
        assert "can't be read" in work.deciding.trouble
        # What is undone by hand meanwhile is put right.
        lab.api("DELETE", f"bans/{bert}")
        assert lab.join(QUIET, bert)[0] == 201
        with pytest.raises(Unread):
            await enforcement.sweep()
        assert where(lab, bert, zed) == []
        mend()
        await enforcement.sweep()
        assert where(lab, bert, zed) == []
        assert where(lab, *PERSON) == before
        assert (await work.store.read_case("c1")).sanctions["Sc1"].before == ()


async def test_nobody_whom_the_plugin_held_goes_free_while_a_case_cannot_be_read() -> None:
    """It may be what bears on them, and could be read a moment ago."""

    class Losing(Book):
        async def standing(self) -> Standing:
            found = await super().standing()
            self.unread = frozenset({"a case"})
            return found

    class Applying:
        def __init__(self) -> None:
            self.freed: list[str] = []

        async def apply(self, step: Step) -> bool:
            self.freed += [row.member_id for row in step.rows]
            return True

    lists: Any = Applying()
    for book, freed in ((Losing(Now()), []), (Book(Now()), ["m1"])):
        enforcement = Enforcement(
            lists, book, book.clock, groups={}, sweep_every=timedelta(minutes=1)
        )
        enforcement.arrived([Arrival(member_id="m1", list=DEV)])
        await enforcement.sweep()
        assert lists.freed == freed


@pytest.mark.servers
async def test_a_sanction_that_cannot_be_read_stops_no_daemon_and_is_said(
    tmp_path: Path, lab: Lab, lists: Any
) -> None:
    async with workplace(tmp_path) as work:
        for case in ("c0", "c1"):
            await order(work, case, Address("zed@example.net"))
        work.damage("c0")
        assert await trouble(enforcing(work, lists)) == UNREAD
        alerts = work.sql("select \"case\" from letters where kind = 'alert'")
        assert alerts == [], "what holds goes on, and nobody is told otherwise"


async def test_none_that_can_be_read(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        await order(work, "c0", Address("zed@example.net"))
        work.damage("c0")
        nobody: Any = None  # Mailman: it isn't asked anything
        assert await trouble(enforcing(work, nobody)) == UNREAD


async def test_trouble_that_cannot_be_written_down_stops_no_daemon(tmp_path: Path) -> None:
    """The committee's own record is damaged, and Mailman refuses us."""

    class Refusing:
        async def observe(self, *_: Any, **__: Any) -> Any:
            raise Permanent("Mailman refuses the login")

    async with workplace(tmp_path) as work:
        await work.deciding.configured(work.deciding.plain_setting().roster)
        await order(work, "c0", Address("zed@example.net"))
        work.damage(COMMITTEE)
        assert await trouble(enforcing(work, Refusing())) == "Mailman refuses the login"


async def trouble(enforcement: Enforcement) -> str:
    """What it has, once it has any; and that it goes on."""
    running = asyncio.create_task(enforcement.run())
    try:
        async with asyncio.timeout(60):
            while not enforcement.counters.trouble and not running.done():
                await asyncio.sleep(0.01)
        await asyncio.wait([running], timeout=0.3)
        assert not running.done()
    finally:
        running.cancel()
    return enforcement.counters.trouble


async def test_what_is_linked_with_a_damaged_case_goes_on(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        case = await reported(work)
        await order(work, "c0", Address("zed@example.net"))
        async with work.store.transaction() as tx:
            await tx.record("c0", (e.Suggested(case=case, why="same-person"),))
        work.damage(case)
        assert await work.deciding.on("c0", lambda c, s: proofs.shunted(c, s, 1))
        assert "can't be read" in work.deciding.trouble


async def test_the_watches_of_others_go_on(tmp_path: Path) -> None:
    amy, ben = Address("amy@example.net"), Address("ben@example.net")
    dev = "dev@lists.example"

    class Together:
        """A Mailman where both are on one list."""

        async def observe(self, *_: Any) -> Observed:
            rows = (Row(list=dev, address=who, role=Role.MEMBER) for who in (amy, ben))
            return Observed(lists={dev: "dev.lists.example"}, rows=tuple(rows))

        async def requests(self, *_: Any, **__: Any) -> Any:
            return {}

    async with workplace(tmp_path) as work:
        for case in ("c0", "c1"):
            await order(work, case, Address("zed@example.net"))
            until = work.clock.now() + timedelta(days=1)
            watched = e.Watched(
                watch=f"W{case}", by="alice", address=amy, near=ben, lists=(), until=until
            )
            async with work.store.transaction() as tx:
                await tx.record(case, (watched,))
        work.damage("c0")
        lists: Any = Together()
        await Watching(work.deciding, lists, timedelta(minutes=1)).look()
        (watch,) = (await work.store.read_case("c1")).watches.values()
        assert watch.lists == (dev,)
