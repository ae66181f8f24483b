"""Promise 13, in this room: nothing private in the clear in the database, a log or an error."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from cocmail.core.errors import CocmailError
from cocmail.core.people import Address

SECRET = "rita-the-reporter"


async def _lived(world):
    """A store that has seen the secret in every place where one can stand."""
    store = await world.open()
    address = Address(f"{SECRET}@example.net")
    arrival = world.mail(f"{SECRET} wrote", recipients=(address,), return_path=f"{SECRET}@x.org")
    await store.keep(arrival, world.START)
    mail = await store.claim_mail(world.START, timedelta(minutes=1))
    async with store.transaction() as tx:
        await tx.open_case("c1")
        kinds = ("said", "token", "minted", "address")
        await tx.record("c1", [world.event(kind, f"{SECRET}@example.net") for kind in kinds])
        await tx.settle_mail(mail.id, state="done", case="c1")
        letter = world.Letter(
            id="l1", to=address, return_path=f"r+{SECRET}@x.org", message=SECRET.encode()
        )
        await tx.queue([letter])
        assert len(await tx.cases_of_address(address)) == 1
    await store.keep(world.mail(f"{SECRET} waits"), world.START)
    return store, mail, await store.claim_letter(world.START, timedelta(minutes=1))


async def test_nothing_private_stands_in_the_clear(world) -> None:
    await _lived(world)
    if world.kind == "sqlite":
        stored = b"".join(path.read_bytes() for path in world.folder.glob("store.db*"))
    else:
        tables = world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [world.sql(f'SELECT * FROM "{name}"') for (name,) in tables]
        stored = b"\n".join(
            bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
            for table in rows
            for row in table
            for cell in row
        )
    assert len(stored) > 1000
    assert SECRET.encode() not in stored
    for key in ("wrap", "intake", "chain", "head", "lookup", "token"):
        assert getattr(world.keys, key) not in stored


async def test_nothing_private_shows_in_a_repr_or_a_log(world, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    store, mail, letter = await _lived(world)
    shown = [store, vars(store), mail, letter, world.keys, world.mail(SECRET)]
    async with store.transaction() as tx:
        await tx.case("c1")
        shown += [tx, vars(tx), await tx.token(f"{SECRET}@example.net")]
    assert SECRET not in repr(shown)
    assert world.keys.wrap not in repr(shown).encode()
    assert SECRET not in caplog.text


async def test_nothing_private_shows_in_an_error(world) -> None:
    """A unique value taken twice: PostgreSQL's own message quotes the value."""
    store, _, _ = await _lived(world)
    with pytest.raises(CocmailError) as caught:
        await world.case(store, "c2", world.event("token", f"{SECRET}@example.net"))
    error: BaseException | None = caught.value
    assert type(error).__name__ == "Temporary"
    assert SECRET not in str(error)
    assert world.keys.digest(f"{SECRET}@example.net") not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


async def test_a_sqlite_store_is_its_owners_alone(world) -> None:
    if world.kind == "postgresql":
        return
    store = await world.open()
    await store.lock_daemon()
    async with store.alone("sweep"):
        for path in world.folder.iterdir():
            assert path.stat().st_mode & 0o077 == 0, path.name
