"""Alone where one must be alone, and seen by `status`."""

from __future__ import annotations

import asyncio

import pytest

from cocmail.core.errors import Permanent, Temporary


async def test_status_sees_a_daemon(world) -> None:
    daemon, looking = await world.open(), await world.open()
    assert not await looking.daemon_running()
    await daemon.lock_daemon()
    assert await looking.daemon_running()
    await daemon.lock_daemon()
    assert await looking.daemon_running()
    await daemon.close()
    assert not await looking.daemon_running()


async def test_a_second_daemon_on_one_sqlite_is_refused(world) -> None:
    one, two = await world.open(), await world.open()
    await one.lock_daemon()
    if world.kind == "postgresql":
        await two.lock_daemon()
        return
    with pytest.raises(Permanent) as caught:
        await two.lock_daemon()
    assert str(caught.value).startswith("[store] url: another cocmail runs on ")
    await one.close()
    await two.lock_daemon()


async def test_status_looking_never_refuses_a_daemon(world) -> None:
    store = await world.open()

    async def look() -> None:
        for _ in range(300):
            await store.daemon_running()
            await asyncio.sleep(0)

    looking = asyncio.gather(look(), look())
    daemon = await world.open()
    await daemon.lock_daemon()
    await looking


async def test_a_daemons_lock_that_went_with_its_connection_is_taken_anew(world) -> None:
    if world.kind == "sqlite":
        return  # the kernel holds it as long as the process lives
    daemon, looking = await world.open(), await world.open()
    await daemon.lock_daemon()
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    async with asyncio.timeout(60):
        while await looking.daemon_running():
            await asyncio.sleep(0.01)
    await daemon.lock_daemon()
    assert await looking.daemon_running()


async def test_a_daemon_whose_lock_is_lost_stops_all_the_same(world) -> None:
    if world.kind == "sqlite":
        return  # the kernel holds it as long as the process lives
    daemon = await world.open()
    await daemon.lock_daemon()
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await daemon.close()


async def test_one_sweep_at_a_time(world) -> None:
    one, two = await world.open(), await world.open()
    async with one.alone("sweep") as first:
        async with two.alone("sweep") as second, two.alone("other") as other:
            assert (first, second, other) == (True, False, True)
        async with two.alone("sweep") as again:
            assert not again
    async with two.alone("sweep") as now:
        assert now
    with pytest.raises(ZeroDivisionError):
        async with one.alone("sweep"):
            raise ZeroDivisionError
    async with two.alone("sweep") as free:
        assert free


async def test_daemons_are_counted(world) -> None:
    one, looking = await world.open(), await world.open()
    assert await looking.daemons() == 0
    await one.lock_daemon()
    assert await looking.daemons() == await one.daemons() == 1
    if world.kind == "postgresql":
        await looking.lock_daemon()
        assert await one.daemons() == 2


async def test_whoever_loses_the_lock_with_its_connection_stops(world) -> None:
    """Else two would sweep: the other can have the lock by now."""
    if world.kind == "sqlite":
        return  # the kernel holds it as long as the process lives
    store = await world.open()

    async def sweep() -> None:
        async with store.alone("sweep") as mine:
            assert mine
            world.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            await asyncio.wait_for(asyncio.Event().wait(), 60)

    with pytest.raises(Temporary):
        await sweep()
    free = False  # once the server is done with the connection that it says it ends
    async with asyncio.timeout(60):
        while not free:
            async with store.alone("sweep") as free:
                pass
