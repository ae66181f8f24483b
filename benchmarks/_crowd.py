"""Thousands of people in a Mailman that does not run, written into its database.

Owns one shortcut: Mailman itself takes in some 180 memberships a second, and a find costs what
the whole `member` table does, so that a small Mailman flatters every program that asks for a find.
Called by benchmarks/enforcement.py.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

import psycopg

from cocmail.core.people import Address

Connection = sqlite3.Connection | psycopg.Connection[Any]

_MEMBER, _NONMEMBER = 1, 4  # mailman.interfaces.member.MemberRole
_TABLES = ("preferences", "user", "address", "member")  # each after what it refers to


def crowd(connection: Connection, lists: Sequence[str], memberships: int, *, each: int = 6) -> None:
    """So many ``memberships`` of people who are on ``each`` of the ``lists`` (List-Ids), half of
    them with an address of theirs and half as a user; and a nonmember for each of them."""
    now = datetime(2026, 1, 1).isoformat(" ")
    new = _Rows(connection)
    preferred = []
    for number in range(memberships // each):
        mailbox = Address(f"crowd{number}@people{number % 40}.example.org")
        user = new(
            "user", _user_id=uuid.uuid4().hex, _created_on=now,
            is_server_owner=False, preferences_id=new("preferences"),
        )  # fmt: skip
        address = new(
            "address", email=mailbox, display_name=f"Somebody {number}", verified_on=now,
            registered_on=now, user_id=user, preferences_id=new("preferences"),
        )  # fmt: skip
        preferred.append((address, user))
        as_user: dict[str, int | None] = {"user_id": user, "address_id": None}
        as_address: dict[str, int | None] = {"user_id": None, "address_id": address}
        for turn in range(each + 1):
            nonmember = turn == each
            new(
                "member", _member_id=uuid.uuid4().hex,
                **(as_user if number % 2 and not nonmember else as_address),
                role=_NONMEMBER if nonmember else _MEMBER,
                list_id=lists[(number * 7 + turn) % len(lists)],
                preferences_id=new("preferences"),
                bounce_score=0, total_warnings_sent=0, last_warning_sent=now,
            )  # fmt: skip
    new.insert()
    new.many('UPDATE "user" SET _preferred_address_id = ? WHERE id = ?', preferred)
    connection.commit()


class _Rows:
    """What is to be inserted, all at once: one by one it takes a minute on PostgreSQL."""

    def __init__(self, connection: Connection) -> None:
        self._cursor: Any = connection.cursor()
        self._is_postgresql = isinstance(connection, psycopg.Connection)
        self._rows: dict[str, list[dict[str, object]]] = defaultdict(list)
        self._ids = {table: count(self._last(table) + 1) for table in _TABLES}

    def __call__(self, table: str, **values: object) -> int:
        """The new row's id. All of a table's have the same columns."""
        number = next(self._ids[table])
        self._rows[table].append({"id": number, **values})
        return number

    def insert(self) -> None:
        for table in _TABLES:
            if rows := self._rows[table]:
                marks = ", ".join("?" for _ in rows[0])
                sql = f'INSERT INTO "{table}" ({", ".join(rows[0])}) VALUES ({marks})'
                self.many(sql, [tuple(row.values()) for row in rows])
            if self._is_postgresql:
                self._cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), %s)",
                    (max(self._last(table), 1),),
                )

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self._cursor.executemany(sql.replace("?", "%s") if self._is_postgresql else sql, rows)

    def _last(self, table: str) -> int:
        self._cursor.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"')
        return int(self._cursor.fetchone()[0])
