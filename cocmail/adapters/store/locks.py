"""Who is alone: the one daemon of a SQLite store, the one sweep of any store.

Owns the named locks. Refuses to know what is done under them. Called by store.py.

SQLite: an flock(2) on a file beside the database, which the kernel lets go with the process.
PostgreSQL: a session's advisory lock, which the server lets go with the connection; daemons share
theirs, so that `status` sees that there is one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store.engine import Database
from cocmail.core.errors import Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLASS = zlib.crc32(b"cocmail") & 0x7FFFFFFF
DAEMON = "daemon"
_TRIES = 10  # `status` looks by taking the lock for an instant: that must refuse nobody
_BETWEEN = 0.05
_LOOK_EVERY = 2.0  # whether a PostgreSQL session, and so its lock, still lives


class Locks:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = AsyncExitStack()
        self._holds = False
        self._session: AsyncConnection | None = None

    async def hold_daemon(self) -> None:
        """Until ``close``. Raises Permanent where another daemon has this SQLite store.

        May be called again: on PostgreSQL that takes the lock anew where its connection was lost.
        """
        path = self._path(DAEMON)
        if path is None:
            await self._hold_shared()
            return
        if self._holds:
            return
        for _ in range(_TRIES):
            descriptor = _try(path, fcntl.LOCK_EX)
            if descriptor is not None:
                self._held.callback(os.close, descriptor)
                self._holds = True
                return
            await asyncio.sleep(_BETWEEN)
        raise Permanent(
            f"[store] url: another cocmail runs on {self._database.where}; "
            "stop it, or use PostgreSQL for more than one daemon"
        )

    async def daemons(self) -> int:
        """How many daemons have this store, with ours; on SQLite there is one at most."""
        path = self._path(DAEMON)
        if path is None:
            look = text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND classid = :class AND objid = :name AND objsubid = 2"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            async with self._database.reading() as connection:
                found: int = (await connection.execute(look, _pg_key(DAEMON))).scalar_one()
            return found
        if not path.exists():
            return 0
        descriptor = _try(path, fcntl.LOCK_SH)
        if descriptor is None:
            return 1
        os.close(descriptor)
        return 0

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """True for one process at a time; False, at once, for the others. On PostgreSQL the
        block is left with Temporary where the lock was lost with its connection."""
        path = self._path(name)
        if path is None:
            async with self._database.session() as connection:
                key = _pg_key(name)
                take = text("SELECT pg_try_advisory_lock(:class, :name)")
                taken = bool((await connection.execute(take, key)).scalar_one())
                if not taken:
                    yield False
                    return
                try:
                    async with _watched(connection):
                        yield True
                finally:
                    await _give(connection, "pg_advisory_unlock", name)
            return
        with _flock(path) as taken:
            yield taken

    async def close(self) -> None:
        with suppress(Temporary):  # the lock went with its connection
            await self._held.aclose()

    async def _hold_shared(self) -> None:
        if self._session is not None:
            try:
                await self._session.execute(text("SELECT 1"))
            except DBAPIError:
                self._session = None
                await self._held.aclose()
            else:
                return
        session = await self._held.enter_async_context(self._database.session())
        take = text("SELECT pg_advisory_lock_shared(:class, :name)")
        await session.execute(take, _pg_key(DAEMON))
        self._held.push_async_callback(_give, session, "pg_advisory_unlock_shared", DAEMON)
        self._session = session

    def _path(self, name: str) -> Path | None:
        path = self._database.path
        if path is None:
            return None
        suffix = ".lock" if name == DAEMON else f".{name}.lock"
        return path.with_name(path.name + suffix)


@asynccontextmanager
async def _watched(session: AsyncConnection) -> AsyncIterator[None]:
    """The block, for as long as the session lives; then Temporary, in the block's place."""
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await over.wait()
                    return
            try:
                await session.execute(text("SELECT 1"))
            except DBAPIError:
                raise Temporary("the store: a lock was lost with its connection") from None

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            try:
                yield
            finally:
                over.set()
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _give(session: AsyncConnection, unlock: str, name: str) -> None:
    """The connection goes back to the pool and lives on, and when it is closed the server sees
    that when it likes: so would the lock."""
    if not session.invalidated:
        await session.execute(text(f"SELECT {unlock}(:class, :name)"), _pg_key(name))


@contextmanager
def _flock(path: Path) -> Iterator[bool]:
    descriptor = _try(path, fcntl.LOCK_EX)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _try(path: Path, mode: int) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Permanent(f"[store] url: {path} can't be made ({error.strerror})") from None
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _pg_key(name: str) -> dict[str, int]:
    return {"class": _CLASS, "name": zlib.crc32(name.encode()) & 0x7FFFFFFF}
