"""At once: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from cocmail.core.errors import Temporary

MINUTE = timedelta(minutes=1)


async def test_transactions_that_decide_at_once_lose_nothing(world) -> None:
    """Each reads the case, waits a little, and writes what it read: a lost update shows."""
    stores = [await world.open(), await world.open()]
    await world.case(stores[0], "c1", world.event("said", "0"))

    async def decide(store) -> None:
        for _ in range(5):
            async with store.transaction() as tx:
                case = await tx.case("c1")
                await asyncio.sleep(0.002)
                await tx.record("c1", [world.event("said", str(len(case.words)))])

    await asyncio.gather(*(decide(store) for store in stores for _ in range(2)))
    case = await stores[0].read_case("c1")
    assert case.words == [str(n) for n in range(21)]
    assert (await stores[0].verify()).events == 21
    assert (await stores[0].verify()).whole


async def test_transactions_in_two_cases_share_one_chain(world) -> None:
    stores = [await world.open(), await world.open()]
    for name in ("c1", "c2", "c3"):
        await world.case(stores[0], name)

    async def decide(store, case: str) -> None:
        for n in range(6):
            async with store.transaction() as tx:
                await tx.record(case, [world.event("said", str(n)), world.event("due", str(n))])

    pairs = zip((stores[0], stores[1], stores[0]), ("c1", "c2", "c3"), strict=True)
    await asyncio.gather(*(decide(*pair) for pair in pairs))
    verdict = await stores[0].verify()
    assert (verdict.events, verdict.whole) == (36, True)
    before = await world.index(stores[0])
    await stores[1].rebuild()
    assert await world.index(stores[0]) == before


async def test_a_reply_address_that_dies_meanwhile_is_found_dead(world) -> None:
    """A member is recused while a mail to their old address is being looked up."""
    one, two = await world.open(), await world.open()
    await world.case(one, "c1", world.event("token", "tok"))
    locked = asyncio.Event()

    async def recuse() -> None:
        async with one.transaction() as tx:
            await tx.record("c1", [world.event("dead", "tok")])
            locked.set()
            await asyncio.sleep(0.2)

    async def look():
        await locked.wait()
        async with two.transaction() as tx:
            return await tx.token("tok")

    _, found = await asyncio.gather(recuse(), look())
    assert found.purpose == "dead"


async def test_one_mail_is_kept_once_by_many(world) -> None:
    stores = [await world.open(), await world.open()]
    kept = await asyncio.gather(
        *(store.keep(world.mail("same"), world.START) for store in stores for _ in range(8))
    )
    assert sorted(kept) == [False] * 15 + [True]


async def test_no_mail_and_no_letter_is_leased_twice(world) -> None:
    stores = [await world.open(), await world.open()]
    await world.case(stores[0], "c1")
    async with stores[0].transaction() as tx:
        await tx.queue([world.Letter(id=f"l{n}") for n in range(20)])
    for n in range(20):
        await stores[0].keep(world.mail(str(n)), world.START)

    async def work(claim) -> list[str]:
        mine = []
        while (leased := await claim(world.START, MINUTE)) is not None:
            mine.append(leased.id)
        return mine

    for claims in (
        [store.claim_mail for store in stores for _ in range(2)],
        [store.claim_letter for store in stores for _ in range(2)],
    ):
        found = await asyncio.gather(*(work(claim) for claim in claims))
        together = [name for mine in found for name in mine]
        assert len(together) == len(set(together)) == 20


async def test_a_duplicate_handled_at_once_is_tried_again(world) -> None:
    stores = [await world.open(), await world.open()]
    for n in range(2):
        await stores[0].keep(world.mail(str(n)), world.START)
    mails = [await stores[0].claim_mail(world.START, MINUTE) for _ in range(2)]

    async def handle(store, mail) -> str:
        async with store.transaction() as tx:
            if await tx.duplicate_of("content", "target") is not None:
                await tx.settle_mail(mail.id, state="filed", case=None)
                return "duplicate"
            await asyncio.sleep(0.05)
            await tx.settle_mail(mail.id, state="done", case=None)
            return "done"

    async def until_it_is(store, mail) -> str:
        while True:
            try:
                return await handle(store, mail)
            except Temporary:
                continue

    done = await asyncio.gather(*map(until_it_is, stores, mails))
    assert sorted(done) == ["done", "duplicate"]


async def test_a_cancelled_transaction_takes_all_back_and_holds_nothing(world) -> None:
    store = await world.open()
    await world.case(store, "c1", world.event("said", "one"))
    begun = asyncio.Event()

    async def stuck() -> None:
        async with store.transaction() as tx:
            await tx.record("c1", [world.event("said", "never")])
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(stuck())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.transaction() as tx:
        assert (await tx.record("c1", [world.event("said", "two")])).words == ["one", "two"]
    assert (await store.verify()).whole


async def test_cancelled_at_any_point_the_store_goes_on(world) -> None:
    store = await world.open()
    for n in range(30):
        task = asyncio.create_task(store.keep(world.mail(f"x{n}"), world.START))
        await asyncio.sleep(n * 0.0002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.keep(world.mail(f"x{n}"), world.START)
    assert (await store.statistics()).received == 30
