"""Cases: recorded all or nothing, indexed by what changed, forgotten for good."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from threading import get_ident

import pytest

from cocmail.adapters.store import SYSTEM, folded
from cocmail.core.errors import Permanent
from cocmail.core.people import Address


def _all_kinds(world):
    kinds = (
        ("opened", "COC-7F3KQ2"),
        ("said", "she wrote"),
        ("token", "tok"),
        ("minted", "<m@example.org>"),
        ("seen", "mark"),
        ("address", "rita@example.net"),
        ("sanction", "S7K2QD"),
        ("recused", "alice"),
        ("unsettled", ""),
        ("due", "5"),
    )
    return [world.event(kind, value) for kind, value in kinds]


async def test_a_case_is_the_fold_of_its_events(world) -> None:
    store = await world.open()
    async with store.transaction() as tx:
        assert await tx.case("c1") is None
        await tx.open_case("c1")
        first = await tx.record("c1", [world.event("said", "one")])
        assert first.words == ["one"]
        world.clock.move(seconds=1)
        assert (await tx.record("c1", [world.event("said", "two")])).words == ["one", "two"]
        assert (await tx.case("c1")).words == ["one", "two"]
    assert world.codec.decoded == 0, "what this transaction wrote it need not decrypt"
    other = await world.open()
    async with other.transaction() as tx:
        case = await tx.case("c1")
        assert await tx.case("c1") is case
    assert world.codec.decoded == 2
    assert case.words == ["one", "two"]
    assert [at - world.START for _, at, _ in case.history] == [timedelta(0), timedelta(seconds=1)]


async def test_what_is_appended_costs_the_same_however_long_the_case_is(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *[world.event("said", str(n)) for n in range(200)])
    store = await world.open()
    world.codec.folded.clear()
    async with store.transaction() as tx:
        await tx.case("c1")
        for n in range(200, 203):
            case = await tx.record("c1", [world.event("said", str(n))])
    assert world.codec.folded == [200, 1, 1, 1]
    assert case.words == [str(n) for n in range(203)]
    assert await world.index(store)
    assert (await store.read_case("c1")).words == case.words


async def test_a_long_case_is_gone_through_beside_the_loop(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *[world.event("said", str(n)) for n in range(200)])
    await world.case(store, "c2", world.event("said", "long " * 100_000), world.event("said", ""))
    store = await world.open()
    for case in ("c1", "c2"):
        world.codec.threads.clear()
        assert await store.read_case(case)
        assert world.codec.threads
        assert get_ident() not in world.codec.threads
    world.codec.threads.clear()
    async with store.transaction() as tx:
        await tx.record("c1", [world.event("said", "one")])
    assert world.codec.threads
    assert get_ident() not in world.codec.threads


async def test_only_what_came_since_is_read_and_folded(world) -> None:
    store, other = await world.open(), await world.open()
    await world.case(store, "c1", *[world.event("said", str(n)) for n in range(60)])
    world.codec.folded.clear()
    for n in range(60, 63):
        async with store.transaction() as tx:
            await tx.case("c1")
            await tx.record("c1", [world.event("said", str(n))])
    assert world.codec.folded == [1, 1, 1]
    assert world.codec.decoded == 0
    async with other.transaction() as tx:  # as another daemon would
        await tx.record("c1", [world.event("said", "63"), world.event("said", "64")])
    world.codec.folded.clear()
    world.codec.decoded = 0
    async with store.transaction() as tx:
        glanced = await tx.glance("c1")
        case = await tx.record("c1", [world.event("said", "65")])
        past = await tx.past("c1")
    assert glanced.words == [str(n) for n in range(65)]
    assert case.words == [event.value for _, event in past] == [str(n) for n in range(66)]
    assert world.codec.folded == [2, 1]
    assert await world.index(store)
    assert (await store.verify()).whole


async def test_what_was_taken_back_is_not_remembered(world) -> None:
    store, other = await world.open(), await world.open()
    await world.case(store, "c1", world.event("said", "one"))

    async def fails() -> None:
        async with store.transaction() as tx:
            await tx.record("c1", [world.event("said", "never"), world.event("token", "never")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert (await store.read_case("c1")).words == ["one"]
    with pytest.raises(ZeroDivisionError):
        await fails()
    async with other.transaction() as tx:  # in the places that the other had in the ledger
        await tx.record("c1", [world.event("said", "two"), world.event("said", "three")])
    async with store.transaction() as tx:
        assert (await tx.case("c1")).words == ["one", "two", "three"]
        await tx.record("c1", [world.event("token", "tok")])
        assert (await tx.token("tok")).case == "c1"


async def test_what_is_forgotten_is_not_remembered(world, monkeypatch) -> None:
    store, other = await world.open(), await world.open()
    for case in ("c1", "c2", "c3"):
        await world.case(store, case, world.event("said", "secret"))
    await store.forget("c1")
    await other.forget("c2")
    assert await store.read_case("c2") is None
    assert not {"c1", "c2"} & store._remembered._folded.keys()
    monkeypatch.setattr(folded, "_SECONDS", 0.0)  # or nobody looks any more
    await store.read_case("c3")
    while store._remembered._folded:
        await asyncio.sleep(0)


async def test_no_more_is_remembered_than_there_is_room_for(world, monkeypatch) -> None:
    store = await world.open()
    monkeypatch.setattr(folded, "_MOST", 2_000)
    for case in ("c1", "c2", "c3"):
        await world.case(store, case, world.event("said", "x" * 800))
    assert (await store.read_case("c2")).words == ["x" * 800]
    assert [*store._remembered._folded] == ["c3", "c2"]
    await world.case(store, "large", world.event("said", "x" * 2_000))
    assert not store._remembered._folded
    assert (await store.read_case("large")).words == ["x" * 2_000]


async def test_an_exception_takes_all_back(world) -> None:
    store = await world.open()
    await world.case(store, "c1", world.event("opened", "COC-1"))
    before = await world.index(store)

    async def fails_late() -> None:
        async with store.transaction() as tx:
            await tx.record("c1", _all_kinds(world))
            await tx.open_case("c2")
            await tx.queue([world.Letter(id="l1")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_late()
    assert await world.index(store) == before
    assert await store.letter_state("l1") is None
    assert (await store.verify()).events == 1
    async with store.transaction() as tx:
        assert await tx.case("c2") is None


async def test_an_id_is_used_once(world) -> None:
    store = await world.open()
    await world.case(store, "c1")
    for taken in ("c1", SYSTEM):
        with pytest.raises(Permanent):
            await world.case(store, taken)
    with pytest.raises(Permanent):
        async with store.transaction() as tx:
            await tx.record("never", [world.event("said", "x")])


async def test_everything_is_found_again(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *_all_kinds(world))
    await world.case(store, "c2", world.event("opened", "COC-2"), world.event("recused", "bob"))
    async with store.transaction() as tx:
        found = await tx.token("tok")
        assert (found.case, found.party, found.purpose) == ("c1", "reporter:1", "reply")
        assert await tx.token("other") is None
        assert (await tx.minted("<m@example.org>")).case == "c1"
        assert await tx.minted("<other@example.org>") is None
        assert await tx.seen(["nothing", "mark"])
        assert not await tx.seen(["nothing"])
        assert not await tx.seen([])
        assert await tx.reference("COC-7F3KQ2") == "c1"
        assert await tx.reference("COC-NONE") is None
        assert [f.case for f in await tx.cases_of_address(Address("Rita@example.net"))] == ["c1"]
        assert await tx.sanction_case("S7K2QD") == "c1"
        assert await tx.open_cases() == ("c1", "c2")
        assert await tx.recused_with("alice") == {"bob"}
        assert await tx.recused_with("bob") == {"alice"}
        assert await tx.recused_with("carol") == {"alice", "bob"}
    found, unread = await store.unsettled()
    assert ([case.words for case in found], unread) == ([["she wrote"]], {})
    at = world.START + timedelta(hours=5)
    assert await store.due(at - timedelta(microseconds=1)) == ()
    assert await store.due(at) == (("c1", "remind", "5", at),) == await store.all_due()
    listed = {case.case: case for case in await store.case_list()}
    assert (listed["c1"].reference, listed["c1"].messages, listed["c1"].due) == (
        "COC-7F3KQ2",
        1,
        at,
    )
    assert listed["c2"].due is None
    assert [(row.sanction, row.until) for row in await store.sanction_list()] == [
        ("S7K2QD", world.START)
    ]
    assert (await store.statistics()).sanctions == 1


async def test_only_what_changed_is_written(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *_all_kinds(world))
    # A row that the fold does not account for stays, unless its case's rows were written anew.
    world.sql("UPDATE index_seen SET digest = 'put there by hand'")
    async with store.transaction() as tx:
        await tx.record("c1", [world.event(k, v) for k, v in _CHANGES])
    found = await world.index(store)
    assert {row[0] for row in found["index_seen"]} == {"put there by hand"}
    assert found["index_unsettled"] == set()
    async with store.transaction() as tx:
        assert (await tx.token("tok")).purpose == "dead"
        assert await tx.open_cases() == ()
        assert await tx.sanction_case("S7K2QD") == "c1"


_CHANGES = (("dead", "tok"), ("settled", ""), ("closed", ""), ("lifted", "S7K2QD"))


async def test_the_index_made_again_from_the_ledger_is_the_same(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *_all_kinds(world))
    await world.case(store, "c2", world.event("opened", "COC-2"), world.event("token", "t2"))
    await world.case(store, "c3", world.event("opened", "COC-3"), world.event("token", "t3"))
    async with store.transaction() as tx:
        await tx.record("c1", [world.event(k, v) for k, v in _CHANGES])
        await tx.record("c2", [world.event("dead", "t2"), world.event("due", "2")])
    await store.forget("c3")
    before = await world.index(store)
    assert before["index_cases"]
    world.sql("DELETE FROM index_tokens")
    world.sql("UPDATE index_cases SET state = 'open', messages = 99")
    world.sql("INSERT INTO index_unsettled VALUES ('nobody')")
    assert await world.index(store) != before
    assert await store.rebuild() == 2
    assert await world.index(store) == before
    await store.rebuild()
    assert await world.index(store) == before


async def test_a_forgotten_case_is_gone_and_the_chain_is_whole(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *_all_kinds(world))
    await world.case(store, "c2", world.event("said", "stays"))
    await store.keep(world.mail("the report"), world.START)
    mail = await store.claim_mail(world.START, timedelta(minutes=1))
    async with store.transaction() as tx:
        await tx.settle_mail(mail.id, state="done", case="c1")
        await tx.queue([world.Letter(id="l1", case="c1"), world.Letter(id="l2", case="c2")])
    wrapped = bytes(world.sql("SELECT wrapped FROM case_keys WHERE \"case\" = 'c1'")[0][0])

    assert await store.forget("c1")
    assert not await store.forget("c1")
    assert not await store.forget("never")
    verdict = await store.verify()
    assert (verdict.whole, verdict.events) == (True, 11)
    assert await store.read_case("c1") is None
    entries = [entry async for entry in store.export()]
    assert [entry.event is None for entry in entries] == [True] * 10 + [False]
    found = await world.index(store)
    assert not any("c1" in row for rows in found.values() for row in rows)
    assert await store.letter_state("l1") is None
    assert await store.letter_state("l2") == "waiting"
    with pytest.raises(Permanent):
        await store.mail_raw(mail.id)
    assert not await store.keep(world.mail("the report"), world.START), "the server still has it"
    with pytest.raises(Permanent):
        await world.case(store, "c1")
    with pytest.raises(Permanent):
        await store.forget(SYSTEM)
    async with store.transaction() as tx:
        assert await tx.case("c1") is None
        await tx.record("c2", [world.event("said", "more")])
    assert (await store.verify()).whole
    if world.kind == "sqlite":
        files = b"".join(p.read_bytes() for p in world.folder.glob("store.db*"))
        assert wrapped not in files, "the destroyed key lies in no free page and no log"


async def test_small_notes_for_status(world) -> None:
    store = await world.open()
    assert await store.notes() == {}
    await store.note("drift", "0")
    await store.note("drift", "2")
    await store.note("last_sweep", world.START.isoformat())
    assert (await store.statistics()).notes == {
        "drift": "2",
        "last_sweep": world.START.isoformat(),
    }
