"""The ledger: whatever is done to the database behind our back, verify finds it and says where."""

from __future__ import annotations

import pytest

from cocmail.adapters.store import SYSTEM
from cocmail.core.errors import SoundnessError

EVENTS = 7


async def _filled(world):
    store = await world.open()
    await world.case(store, "c1", *(world.event("said", f"one {n}") for n in range(3)))
    await world.case(store, "c2", *(world.event("said", f"two {n}") for n in range(3)))
    async with store.transaction() as tx:
        await tx.record(SYSTEM, [world.event("said", "the daemon started")])
    verdict = await store.verify()
    assert (verdict.events, verdict.whole, verdict.first_bad) == (EVENTS, True, None)
    return store


async def test_sequences_have_no_gap_and_export_gives_the_events_back(world) -> None:
    store = await _filled(world)
    entries = [entry async for entry in store.export()]
    assert [entry.sequence for entry in entries] == list(range(1, EVENTS + 1))
    assert [entry.case for entry in entries] == ["c1"] * 3 + ["c2"] * 3 + [SYSTEM]
    assert {entry.at for entry in entries} == {world.START}
    only = [entry async for entry in store.export("c2")]
    assert [entry.event.value for entry in only] == ["two 0", "two 1", "two 2"]


async def test_a_long_ledger_is_exported_and_verified_whole(world) -> None:
    store = await world.open()
    await world.case(store, "c1", *(world.event("said", str(n)) for n in range(1200)))
    assert [e.event.value async for e in store.export()] == [str(n) for n in range(1200)]
    assert (await store.verify()).whole


TAMPERED = {
    "changed payload": (["UPDATE ledger SET sealed = mac WHERE sequence = 3"], 3),
    "changed instant": (["UPDATE ledger SET at = at + 1 WHERE sequence = 3"], 3),
    "absurd instant": (["UPDATE ledger SET at = 9000000000000000000 WHERE sequence = 3"], 3),
    "moved to another case": (["UPDATE ledger SET \"case\" = 'c2' WHERE sequence = 3"], 3),
    "changed mac": (["UPDATE ledger SET mac = sealed WHERE sequence = 3"], 3),
    "missing first": (["DELETE FROM ledger WHERE sequence = 1"], 1),
    "missing in the middle": (["DELETE FROM ledger WHERE sequence = 4"], 4),
    "missing, and the gap closed": (
        [
            "DELETE FROM ledger WHERE sequence = 4",
            "UPDATE ledger SET sequence = 4 WHERE sequence = 5",
            "UPDATE ledger SET sequence = 5 WHERE sequence = 6",
            "UPDATE ledger SET sequence = 6 WHERE sequence = 7",
        ],
        4,
    ),
    "reordered": (
        [
            "UPDATE ledger SET sequence = 100 WHERE sequence = 2",
            "UPDATE ledger SET sequence = 2 WHERE sequence = 3",
            "UPDATE ledger SET sequence = 3 WHERE sequence = 100",
        ],
        2,
    ),
    "a copy inserted": (
        [
            "UPDATE ledger SET sequence = -sequence WHERE sequence >= 4",
            "UPDATE ledger SET sequence = 1 - sequence WHERE sequence < 0",
            'INSERT INTO ledger SELECT 4, "case", at, sealed, mac FROM ledger WHERE sequence = 2',
        ],
        4,
    ),
    "appended without the key": (
        ['INSERT INTO ledger SELECT 8, "case", at, sealed, mac FROM ledger WHERE sequence = 7'],
        8,
    ),
    "put before the first": (
        ['INSERT INTO ledger SELECT 0, "case", at, sealed, mac FROM ledger WHERE sequence = 7'],
        1,
    ),
    "tail cut": (["DELETE FROM ledger WHERE sequence = 7"], 7),
    "long tail cut": (["DELETE FROM ledger WHERE sequence > 2"], 3),
    "all cut": (["DELETE FROM ledger"], 1),
    "tail cut and the head set back": (
        [
            "DELETE FROM ledger WHERE sequence = 7",
            "UPDATE ledger_head SET events = 6, mac = (SELECT mac FROM ledger WHERE sequence = 6)",
        ],
        7,
    ),
    "head's count": (["UPDATE ledger_head SET events = 6"], 8),
    "head's mac": (["UPDATE ledger_head SET mac = seal"], 8),
    "head's seal": (["UPDATE ledger_head SET seal = mac"], 8),
    "no head": (["DELETE FROM ledger_head"], 8),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_verify_finds(world, how: str) -> None:
    store = await _filled(world)
    statements, first_bad = TAMPERED[how]
    for statement in statements:
        world.sql(statement)
    verdict = await store.verify()
    assert not verdict.whole
    assert verdict.first_bad == first_bad


@pytest.mark.parametrize("how", ["head's count", "head's mac", "no head"])
async def test_nothing_is_appended_to_a_head_that_is_not_ours(world, how: str) -> None:
    """Else the next event would seal the forgery as if it were ours."""
    store = await _filled(world)
    for statement in TAMPERED[how][0]:
        world.sql(statement)
    with pytest.raises(SoundnessError):
        async with store.transaction() as tx:
            await tx.record("c1", [world.event("said", "more")])
    assert not (await store.verify()).whole


async def test_a_changed_event_is_not_folded_into_a_case(world) -> None:
    store = await _filled(world)
    await store.close()
    world.sql("UPDATE ledger SET sealed = mac WHERE sequence = 3")
    store = await world.open()
    with pytest.raises(SoundnessError):
        await store.read_case("c1")
    assert (await store.read_case("c2")).words == ["two 0", "two 1", "two 2"]


async def test_another_key_verifies_nothing(world) -> None:
    from cocmail.adapters.store import ledger
    from cocmail.adapters.vault import derive

    store = await _filled(world)
    async with store._database.reading() as connection:
        verdict = await ledger.verify(connection, derive(b"other" * 7))
    assert verdict.first_bad == 1
