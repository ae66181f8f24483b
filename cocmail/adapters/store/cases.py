"""The keys of cases: open, lock, unwrap, forget.

Owns the table of case keys. A case's row is also what a deciding transaction locks on
PostgreSQL. Refuses to know what is sealed with a key. Called by the store's other rooms.

Forgetting destroys the key and everything that could lead back to the case, and leaves the row:
an id is never used twice, and the chain goes on over bytes that nobody can read any more.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store.tables import (
    INDEX,
    case_keys,
    letter_bodies,
    letters,
    mail_bodies,
    mail_pieces,
    mails,
)
from cocmail.adapters.vault import Keys, fresh_key, seal, unseal
from cocmail.core.errors import Permanent

SYSTEM = "system"
"""The case of events that belong to no case. Made with the store."""


async def open_case(connection: AsyncConnection, keys: Keys, case: str, at: datetime) -> bytes:
    """Make a case's key. Raises Permanent where the id was ever used."""
    if (await connection.execute(select(case_keys.c.case).filter_by(case=case))).first():
        raise Permanent(f"case {case} exists")
    key = fresh_key()
    wrapped = seal(keys.wrap, key, f"case:{case}")
    await connection.execute(insert(case_keys).values(case=case, wrapped=wrapped, opened=at))
    return key


async def case_key(
    connection: AsyncConnection, keys: Keys, case: str, *, lock: bool = False
) -> bytes | None:
    """The case's key; None where there is no such case, or where it was forgotten.

    ``lock``: nobody else decides in this case until the transaction ends.
    """
    query = select(case_keys.c.wrapped).where(case_keys.c.case == case)
    wrapped = (await connection.execute(query.with_for_update() if lock else query)).scalar()
    return None if wrapped is None else unwrapped(keys, case, wrapped)


async def wrapped_of(
    connection: AsyncConnection, which: Select[tuple[str]]
) -> dict[str, bytes | None]:
    """Their keys by their names, as they lie there; None: forgotten."""
    query = select(case_keys.c.case, case_keys.c.wrapped).where(case_keys.c.case.in_(which))
    return {row.case: row.wrapped for row in await connection.execute(query)}


def unwrapped(keys: Keys, case: str, wrapped: bytes) -> bytes:
    return unseal(keys.wrap, wrapped, f"case:{case}")


async def forget(connection: AsyncConnection, case: str, at: datetime) -> bool:
    """Destroy a case's key, its mail, its letters and its index rows. False: no such case.

    Digests of mail stay, so that a mail that the server still holds is not taken in again.
    """
    if case == SYSTEM:
        raise Permanent("the system's own record can't be forgotten")
    gone = await connection.execute(
        update(case_keys)
        .where(case_keys.c.case == case, case_keys.c.wrapped.is_not(None))
        .values(wrapped=None, forgotten=at)
    )
    if gone.rowcount == 0:
        return False
    theirs = select(mails.c.id).where(mails.c.case == case)
    for table in (mail_bodies, mail_pieces):
        await connection.execute(delete(table).where(table.c.mail.in_(theirs)))
    await connection.execute(
        update(mails)
        .where(mails.c.case == case)
        .values(wrapped=None, why="", source=None, state="discarded")
    )
    queued = select(letters.c.id).where(letters.c.case == case)
    await connection.execute(delete(letter_bodies).where(letter_bodies.c.letter.in_(queued)))
    await connection.execute(delete(letters).where(letters.c.case == case))
    for table in INDEX.values():
        await connection.execute(delete(table).where(table.c.case == case))
    return True
