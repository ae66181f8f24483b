"""A statement on SQLite in one errand to the driver's thread, where SQLAlchemy makes four.

Owns that shortcut and nothing else: aiosqlite's thread makes the cursor, runs the statement,
fetches all rows and closes the cursor before it answers. Each errand costs about as much as the
statement, so this more than halves a transaction's time (benchmarks/store.py). Refuses to know
any statement. Called by engine.py, through SQLAlchemy's ``do_connect`` event; streaming results
keep SQLAlchemy's own cursor.
"""

from __future__ import annotations

import collections
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)
from sqlalchemy.util import await_

Done = tuple[Any, int, Any, list[Any]]  # description, rowcount, lastrowid, rows


class OneErrandCursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ("_done",)

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor: Any = None  # for the base class: there is nothing to close
        self._soft_closed_memoized: Any = {}
        self._rows = collections.deque()
        self._done: Done = (None, -1, None, [])

    @property
    def description(self) -> Any:
        return self._done[0]

    @property
    def rowcount(self) -> int:
        return self._done[1]

    @property
    def lastrowid(self) -> Any:
        return self._done[2]

    async def _async_soft_close(self) -> None:
        return

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        return self._errand(lambda cursor: cursor.execute(operation, parameters or ()))

    def executemany(self, operation: Any, seq_of_parameters: Sequence[Any]) -> Any:
        return self._errand(lambda cursor: cursor.executemany(operation, seq_of_parameters))

    def _errand(self, ask: Callable[[sqlite3.Cursor], object]) -> None:
        driver: Any = self._connection

        def run() -> Done:
            cursor = driver._conn.cursor()
            try:
                ask(cursor)
                rows = cursor.fetchall() if cursor.description else []
                return cursor.description, cursor.rowcount, cursor.lastrowid, rows
            finally:
                cursor.close()

        try:
            self._done = await_(driver._execute(run))
        except Exception as error:
            # SQLAlchemy's own translation; it always raises.
            self._adapt_connection._handle_exception(error)
        self._rows = collections.deque(self._done[3])


class OneErrandConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls = OneErrandCursor
