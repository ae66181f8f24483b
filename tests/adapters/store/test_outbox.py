"""Letters out: queued once, sealed, leased, settled once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cocmail.core.errors import Permanent
from cocmail.core.floods import HEAD_START
from cocmail.core.people import Address

MINUTE = timedelta(minutes=1)


async def _queued(world, *ids: str):
    store = await world.open()
    await world.case(store, "c1")
    async with store.transaction() as tx:
        await tx.queue([world.Letter(id=name, message=name.encode()) for name in ids])
    return store


async def test_a_letter_comes_out_as_it_was_written(world) -> None:
    store = await _queued(world, "l1")
    letter = await store.claim_letter(world.START, MINUTE)
    assert (letter.id, letter.case, letter.kind, letter.party) == (
        "l1",
        "c1",
        "notice",
        "reporter:1",
    )
    assert (letter.recipient, letter.return_path) == (
        Address("rita@example.net"),
        "conduct+r@example.org",
    )
    assert (letter.message, letter.queued, letter.attempts) == (b"l1", world.START, 1)


async def test_the_same_letter_is_queued_once(world) -> None:
    store = await _queued(world, "l1", "l1")
    async with store.transaction() as tx:
        await tx.queue([world.Letter(id="l1", message=b"another")])
    assert (await store.claim_letter(world.START, MINUTE)).message == b"l1"
    assert await store.claim_letter(world.START, MINUTE) is None
    with pytest.raises(Permanent):
        async with store.transaction() as tx:
            await tx.queue([world.Letter(id="l2", case="never")])


async def test_order_lease_and_delay(world) -> None:
    store = await _queued(world, "b", "a", "c")
    claimed = [(await store.claim_letter(world.START, MINUTE)).id for _ in "abc"]
    assert claimed == ["b", "a", "c"]
    assert await store.claim_letter(world.START, MINUTE) is None
    await store.postpone_letter("b", world.START + 5 * MINUTE)
    again = await store.claim_letter(world.START + MINUTE, MINUTE)
    assert (again.id, again.attempts) == ("a", 2)
    assert (await store.claim_letter(world.START + MINUTE, MINUTE)).id == "c"
    due = [(await store.claim_letter(world.START + 5 * MINUTE, MINUTE)).id for _ in "acb"]
    assert due == ["a", "c", "b"]  # whose lease or delay ended first


async def test_what_people_wait_for_goes_before_what_members_are_told(world) -> None:
    """And a member's letter waits no longer for it than the head start."""
    store = await world.open()
    await world.case(store, "c1")

    async def queue(name: str, party: str) -> None:
        async with store.transaction() as tx:
            await tx.queue([world.Letter(id=name, case="c1", party=party)])

    await queue("copy", "member:alice")
    await queue("acknowledgement", "reporter:1")
    world.clock.move(seconds=HEAD_START.total_seconds() + 1)
    await queue("late", "reporter:1")
    claimed = [(await store.claim_letter(world.clock.now(), MINUTE)).id for _ in range(3)]
    assert claimed == ["acknowledgement", "copy", "late"]


async def test_settled_once_and_then_its_text_is_gone(world) -> None:
    store = await _queued(world, "l1", "l2", "l3")
    world.clock.move(hours=1)
    assert await store.letter_state("never") is None
    async with store.transaction() as tx:
        assert await tx.settle_letter("l1", state="sent")
        assert not await tx.settle_letter("l1", state="failed")
        assert await tx.settle_letter("l2", state="failed")
        assert not await tx.settle_letter("never", state="sent")
    states = [await store.letter_state(name) for name in ("l1", "l2", "l3")]
    assert states == ["sent", "failed", "waiting"]
    counted = (await store.statistics()).outbox
    assert (counted.waiting, counted.failed, counted.oldest) == (1, 1, world.START)
    assert world.sql("SELECT letter FROM letter_bodies ORDER BY letter") == [("l2",), ("l3",)]
    await store.postpone_letter("l1", world.START)
    assert (await store.claim_letter(world.clock.now(), MINUTE)).id == "l3"
    assert await store.claim_letter(world.clock.now(), MINUTE) is None
    async with store.transaction() as tx:
        await tx.settle_letter("l3", state="sent")
    assert (await store.statistics()).outbox.oldest is None


async def test_a_letter_that_cannot_be_opened_does_not_hold_up_the_next(world) -> None:
    store = await _queued(world, "l1", "l2")
    world.sql("UPDATE letter_bodies SET sealed = :x WHERE letter = 'l1'", x=b"rubbish")
    assert (await store.claim_letter(world.START, MINUTE)).id == "l2"
    assert await store.letter_state("l1") == "failed"
