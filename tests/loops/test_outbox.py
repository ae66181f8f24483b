"""A letter that waits to leave is looked at once more: is it still for whom it was written to?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cocmail import parts
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Private
from cocmail.core.reminders import Section
from cocmail.core.work import Work
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.outbox import Outbox
from tests.loops.workplace import Sending
from tests.promises.kit import World, member
from tests.promises.test_promises import _store


@asynccontextmanager
async def queued(folder: Path, *later: tuple[str, Any]) -> AsyncIterator[tuple[Any, Sending]]:
    """A report's letters wait; then this happens, and then they could leave."""
    result = World().report()
    async with waiting(folder, [("case", *result.events)], result.letters, *later) as found:
        yield found


@asynccontextmanager
async def waiting(
    folder: Path, first: Iterable[Any], letters: Any, *later: tuple[str, Any]
) -> AsyncIterator[tuple[Any, Sending]]:
    """This has happened, and these letters wait; then that happens, and then they could leave."""
    store = await _store(folder)
    try:
        world = World()
        async with store.transaction() as tx:
            for case, *happened in first:
                await tx.ensure_case(case)
                await tx.record(case, happened)
            await tx.queue(letters)
        for case, event in later:
            async with store.transaction() as tx:
                await tx.ensure_case(case)
                await tx.record(case, [event])

        def setting(committee: Any) -> Any:
            return replace(world.setting(), committee=committee)

        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        sending = Sending()
        outbox = Outbox(Deciding(store, setting, bells), sending, parts.SystemClock())
        while await outbox.send_one():
            pass
        yield store, sending
    finally:
        await store.close()


async def test_what_was_written_leaves(tmp_path: Path) -> None:
    async with queued(tmp_path) as (_, sending):
        assert len(sending.to) == 4  # the reporter, and three members


@pytest.mark.parametrize(
    "later",
    [
        ("case", e.Recused(handle="bob", by="reporter", because=Private(""))),
        ("case", e.Named(handles=("bob",))),
        (COMMITTEE, e.Locked(handle="bob", by="alice")),
    ],
    ids=["recused", "named", "locked"],
)
async def test_what_waits_does_not_reach_who_is_out_meanwhile(
    tmp_path: Path, later: tuple[str, Any]
) -> None:
    """Promise 3."""
    async with queued(tmp_path, later) as (store, sending):
        assert "bob@bob.example" not in sending.to
        assert {"alice@alice.example", "carol@carol.example"} < set(sending.to)
        counts = (await store.statistics()).outbox
        assert (counts.waiting, counts.failed) == (0, 0)
        async with store.transaction() as tx:
            told = [x for _, x in await tx.past("case") if isinstance(x, e.Undelivered)]
        assert [x.party for x in told] == ["member:bob"]


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (e.PartySilenced(party="reporter:1", silent=True), False),
        (e.PartyMoved(party="reporter:1", address=Address("safe@quiet.example")), True),
    ],
    ids=["no contact", "a safe address"],
)
async def test_what_waits_does_not_reach_a_reporter_where_it_is_not_safe_any_more(
    tmp_path: Path, later: Any, told: bool
) -> None:
    """Promise 2."""
    async with queued(tmp_path, ("case", later)) as (store, sending):
        assert len(sending.to) == (6 if told else 3)
        assert {a.domain for a in sending.to} == {f"{m}.example" for m in ("alice", "bob", "carol")}
        assert (await store.statistics()).outbox.waiting == 0
        async with store.transaction() as tx:
            gone = [x for _, x in await tx.past("case") if isinstance(x, e.Undelivered)]
        assert [(x.party, x.told) for x in gone] == [("reporter:1", told)]


async def test_a_digest_does_not_tell_of_a_case_that_is_shut_meanwhile(tmp_path: Path) -> None:
    """Promise 3. What it told of other cases comes with the next."""
    sent, wanted = await _digest(tmp_path, ("two", e.Named(handles=("bob",))))
    assert Address("bob@bob.example") not in sent
    assert wanted == ("one",)


async def test_a_digest_leaves_where_its_cases_are_open(tmp_path: Path) -> None:
    sent, wanted = await _digest(tmp_path, ("two", e.Named(handles=("alice",))))
    assert Address("bob@bob.example") in sent
    assert not wanted


async def _digest(folder: Path, *later: tuple[str, Any]) -> tuple[list[Address], tuple[str, ...]]:
    """A digest of two cases waits for bob; then this happens. Whom letters went to, and what bob
    is to hear of in the next digest."""
    world = World()
    opened = {
        c: e.CaseOpened(reference=f"COC-{c}", acknowledge_by=None, update_by=None)
        for c in ("one", "two")
    }
    record = Work(Case(id=COMMITTEE), world.setting())
    sections = [Section(case=c, reference=f"COC-{c}", items=()) for c in ("one", "two")]
    values = {"reference": "", "sections": sections}
    record.to_member(member("bob"), Kind.REMINDER, "digest", values)
    result = record.result()
    first = (*opened.items(), (COMMITTEE, *result.events))
    async with waiting(folder, first, result.letters, *later) as (store, sending):
        async with store.transaction() as tx:
            committee = (await tx.case(COMMITTEE)).committee
        due = committee.waiting.get("bob")
        return sending.to, due.cases if due else ()
