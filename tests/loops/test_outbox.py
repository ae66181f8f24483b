"""A letter that waits to leave is looked at once more: is it still for whom it was written to?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cocmail import parts
from cocmail.core import events as e
from cocmail.core.committee import COMMITTEE
from cocmail.core.people import Private
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.outbox import Outbox
from tests.loops.workplace import Sending
from tests.promises.kit import World
from tests.promises.test_promises import _store


@asynccontextmanager
async def queued(folder: Path, *later: tuple[str, Any]) -> AsyncIterator[tuple[Any, Sending]]:
    """A report's letters wait; then this happens, and then they could leave."""
    store = await _store(folder)
    try:
        world = World()
        result = world.report()
        async with store.transaction() as tx:
            await tx.open_case("case")
            await tx.record("case", result.events)
            await tx.queue(result.letters)
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
