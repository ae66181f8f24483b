"""Connections and transactions on SQLite and PostgreSQL.

Owns how a connection is opened and set up, and the two kinds of transaction: deciding (serial)
and reading (one snapshot). Refuses to know tables and queries. Called by the store's other rooms.

SQLite: the driver's own transactions are off, because they begin only at the first write, and
two that have read before either writes would lose an update. A deciding transaction begins
IMMEDIATE, reads included. PostgreSQL: READ COMMITTED, where deciding takes row locks (cases.py).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_

from cocmail.adapters.store.errors import translate
from cocmail.adapters.store.sqlite_cursor import OneErrandConnection
from cocmail.core.errors import Permanent, Temporary

BUSY_SECONDS = 15.0
_PAUSE = 0.01  # seconds between tries, where SQLite itself doesn't wait
_SERIAL = "cocmail_serial"


class Database:
    """One database, and the two ways to work in it. Use within one event loop."""

    def __init__(
        self,
        url: str,
        password_file: Path | None = None,
        *,
        create: bool,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._busy_seconds = busy_seconds
        self._url = _parse(url, password_file)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        make = partial(_sqlite, create=create) if self.is_sqlite else _postgresql
        self._engine = make(self._url, busy_seconds=busy_seconds)
        self._turn = asyncio.Lock()
        self._opened = False

    def __repr__(self) -> str:
        return f"<Database {self.where}>"

    @property
    def where(self) -> str:
        """The store's place, without its secrets."""
        if self.path is not None:
            return str(self.path)
        return f"{self._url.host or self._url.query.get('host', 'localhost')}/{self._url.database}"

    @property
    def path(self) -> Path | None:
        return Path(self._url.database) if self.is_sqlite and self._url.database else None

    @asynccontextmanager
    async def deciding(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that nothing else decides beside. Commits at the end, or rolls back."""
        async with self._in_turn(), self._errors(), self._engine.connect() as plain:
            connection = await plain.execution_options(**{_SERIAL: True})
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One snapshot to read from; holds nobody up."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        async with self._errors(), self._engine.connect() as plain:
            connection = await plain.execution_options(**options)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncConnection]:
        """PostgreSQL: a connection without transactions, for locks that live as long as it."""
        async with self._errors(), self._engine.connect() as plain:
            yield await plain.execution_options(isolation_level="AUTOCOMMIT")

    async def empty_log(self) -> None:
        """SQLite: move the write-ahead log into the database and cut it to nothing."""
        # Asked of the driver, because SQLAlchemy would begin a transaction, in which SQLite
        # refuses this; its AUTOCOMMIT would leave the driver's own transactions on behind it.
        async with self._in_turn(), self._errors(), self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            cursor = await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            await cursor.close()

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        # SQLite's own queue is a sleep and another try, and unfair; within the daemon we stand
        # in line instead. Its busy_timeout is for other processes.
        if not self.is_sqlite:
            yield
            return
        try:
            await asyncio.wait_for(self._turn.acquire(), self._busy_seconds)
        except TimeoutError:
            raise Temporary("the store is busy: a transaction is taking very long") from None
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            raise translate(error, where=self.where, opening=not self._opened) from None
        self._opened = True


async def insert_new(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert, or do nothing where one of the row's keys is taken: then False."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(table).on_conflict_do_nothing()
    # RETURNING, because with psycopg the rowcount of such an INSERT says 1 either way.
    key = next(iter(table.primary_key))
    return (await connection.execute(insert.returning(key), row)).first() is not None


def _parse(url: str, password_file: Path | None) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Permanent("[store] url: not of the form sqlite:///FILE or postgresql://…") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise Permanent("[store] url: sqlite:///FILE needs a file")
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend not in ("postgresql", "postgres"):
        raise Permanent(f"[store] url: {backend}: a store is sqlite:///FILE or postgresql://…")
    if password_file is not None:
        try:
            parsed = parsed.set(password=password_file.read_text().strip())
        except OSError as error:
            raise Permanent(
                f"[store] password_file: {password_file} can't be read ({error.strerror})"
            ) from None
    return parsed.set(drivername="postgresql+psycopg")


def _sqlite(url: URL, *, create: bool, busy_seconds: float) -> AsyncEngine:
    path = Path(url.database or "")
    try:
        # Made by us and not by SQLite, so that it is never readable by others; the -wal and
        # -shm files take their mode from it.
        os.close(os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600))
    except FileNotFoundError:
        mend = "make its folder" if create else "`cocmail run` makes the store"
        raise Permanent(f"[store] url: {path} does not exist; {mend}") from None
    except OSError as error:
        raise Permanent(f"[store] url: {path} can't be opened ({error.strerror})") from None
    engine = create_async_engine(
        url,
        connect_args={"isolation_level": None, "timeout": busy_seconds},
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _entry: Any, cargs: Any, cparams: Any) -> OneErrandConnection:
        made = dialect.connect(*cargs, **cparams)
        return OneErrandConnection(made.dbapi, made.driver_connection)

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        _write_ahead(cursor, busy_seconds)
        cursor.execute("PRAGMA synchronous=FULL")
        # A destroyed case key must not lie on in a free page.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        serial = connection.get_execution_options().get(_SERIAL, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if serial else "BEGIN")

    return engine


def _write_ahead(cursor: Any, seconds: float) -> None:
    """Into a new file's header this is written once, and SQLite waits for nobody who is just doing
    so: it refuses at once."""
    until = time.monotonic() + seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        await_(asyncio.sleep(_PAUSE))


def _postgresql(url: URL, *, busy_seconds: float) -> AsyncEngine:
    return create_async_engine(
        url,
        connect_args={
            "connect_timeout": 10,
            "application_name": "cocmail",
            # A black hole between us and the server must not hold a loop for hours.
            "keepalives_idle": 30,
            "tcp_user_timeout": 30_000,
            # And the server learns of our machine's end in a minute, not in hours: it keeps our
            # locks until then.
            "options": f"-c lock_timeout={int(busy_seconds * 1000)} -c tcp_keepalives_idle=30"
            " -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
        },
        pool_pre_ping=True,
        hide_parameters=True,
    )
