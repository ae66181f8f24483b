"""Thousands of people in a Mailman that does not run, written into its SQLite file.

Owns one shortcut: Mailman itself takes in some 180 memberships a second, and a find costs what
the whole `member` table does, so that a small Mailman flatters every program that asks for a find.
Called by benchmarks/enforcement.py.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from cocmail.core.people import Address

_MEMBER, _NONMEMBER = 1, 4  # mailman.interfaces.member.MemberRole


def crowd(database: Path, lists: Sequence[str], memberships: int, *, each: int = 6) -> None:
    """So many ``memberships`` of people who are on ``each`` of the ``lists`` (List-Ids), half of
    them with an address of theirs and half as a user; and a nonmember for each of them."""
    now = datetime(2026, 1, 1).isoformat(" ")
    with closing(sqlite3.connect(database)) as connection, connection:
        insert = _Inserts(connection)
        for number in range(memberships // each):
            mailbox = Address(f"crowd{number}@people{number % 40}.example.org")
            user = insert(
                "user", _user_id=uuid.uuid4().hex, _created_on=now,
                is_server_owner=False, preferences_id=insert("preferences"),
            )  # fmt: skip
            address = insert(
                "address", email=mailbox, display_name=f"Somebody {number}", verified_on=now,
                registered_on=now, user_id=user, preferences_id=insert("preferences"),
            )  # fmt: skip
            connection.execute(
                'UPDATE "user" SET _preferred_address_id = ? WHERE id = ?', (address, user)
            )
            whose = {"user_id": user} if number % 2 else {"address_id": address}
            for turn in range(each + 1):
                nonmember = turn == each
                insert(
                    "member", _member_id=uuid.uuid4().hex,
                    **({"address_id": address} if nonmember else whose),
                    role=_NONMEMBER if nonmember else _MEMBER,
                    list_id=lists[(number * 7 + turn) % len(lists)],
                    preferences_id=insert("preferences"),
                    bounce_score=0, total_warnings_sent=0, last_warning_sent=now,
                )  # fmt: skip


class _Inserts:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, table: str, **values: object) -> int:
        """The new row's id."""
        names = ", ".join(values)
        marks = ", ".join("?" for _ in values)
        sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})' if values else ""
        found = self._connection.execute(
            sql or f'INSERT INTO "{table}" DEFAULT VALUES', tuple(values.values())
        )
        assert found.lastrowid is not None
        return found.lastrowid
