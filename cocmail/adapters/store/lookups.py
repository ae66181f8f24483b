"""The index: bring it up by what changed, and find a case through it.

Owns the index tables' contents and the lookups by token, Message-ID, mark, address, reference
and time. Refuses to know how rows follow from a case (core, through the Codec). Called by
transaction.py, store.py and views.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store.tables import (
    INDEX,
    index_addresses,
    index_cases,
    index_due,
    index_minted,
    index_recused,
    index_references,
    index_sanctions,
    index_seen,
    index_tokens,
)
from cocmail.core.index import Row
from cocmail.ports import Found


async def apply(connection: AsyncConnection, before: frozenset[Row], after: frozenset[Row]) -> None:
    """Write the difference, and nothing where there is none."""
    # Out with the old first: a token that dies keeps its key.
    for kind, gone in _by_kind(before - after).items():
        table = INDEX[kind]
        key = list(table.primary_key)
        match = [column == bindparam(f"old_{column.name}") for column in key]
        values = [{f"old_{c.name}": getattr(row, c.name) for c in key} for row in gone]
        await connection.execute(delete(table).where(*match), values)
    for kind, come in _by_kind(after - before).items():
        names = [field.name for field in fields(kind)]
        values = [{name: getattr(row, name) for name in names} for row in come]
        await connection.execute(insert(INDEX[kind]), values)


async def clear(connection: AsyncConnection) -> None:
    for table in INDEX.values():
        await connection.execute(delete(table))


async def token(connection: AsyncConnection, digest: str) -> Found | None:
    row = (await connection.execute(select(index_tokens).filter_by(digest=digest))).first()
    if row is None:
        return None
    return Found(case=row.case, party=row.party, purpose=row.purpose, about=row.about)


async def minted(connection: AsyncConnection, digest: str) -> Found | None:
    rows = (await connection.execute(select(index_minted).filter_by(digest=digest).limit(2))).all()
    # One Message-ID that leads to two places leads nowhere.
    return Found(case=rows[0].case, party=rows[0].party) if len(rows) == 1 else None


async def seen(connection: AsyncConnection, marks: Collection[str]) -> bool:
    query = select(index_seen.c.digest).where(index_seen.c.digest.in_(marks)).limit(1)
    return bool(marks) and (await connection.execute(query)).first() is not None


async def by_address(connection: AsyncConnection, digest: str) -> tuple[Found, ...]:
    query = select(index_addresses).filter_by(digest=digest)
    rows = await connection.execute(query.order_by(index_addresses.c.case, index_addresses.c.party))
    return tuple(Found(case=row.case, party=row.party) for row in rows)


async def by_reference(connection: AsyncConnection, reference: str) -> str | None:
    query = select(index_references.c.case).filter_by(reference=reference)
    return (await connection.execute(query)).scalar()


async def by_sanction(connection: AsyncConnection, sanction: str) -> str | None:
    query = select(index_sanctions.c.case).filter_by(sanction=sanction)
    return (await connection.execute(query)).scalar()


async def open_cases(connection: AsyncConnection) -> tuple[str, ...]:
    query = select(index_cases.c.case).filter_by(state="open")
    return await _names(connection, query.order_by(index_cases.c.opened, index_cases.c.case))


async def recused_with(connection: AsyncConnection, handle: str) -> frozenset[str]:
    """Who is recused in any case that this member is not recused from."""
    own = select(index_recused.c.case).filter_by(handle=handle)
    query = select(index_recused.c.handle).where(index_recused.c.case.not_in(own)).distinct()
    return frozenset((await connection.execute(query)).scalars())


async def past(connection: AsyncConnection) -> tuple[str, ...]:
    """Cases with a sanction that ended or was lifted."""
    query = select(index_sanctions.c.case).where(index_sanctions.c.state.in_(("ended", "lifted")))
    return await _names(connection, query.distinct().order_by(index_sanctions.c.case))


async def due(
    connection: AsyncConnection, until: datetime | None
) -> tuple[tuple[str, str, str, datetime], ...]:
    """(case, what, about, at), earliest first; all that there is where ``until`` is None."""
    query = select(index_due)
    if until is not None:
        query = query.where(index_due.c.at <= until)
    rows = await connection.execute(query.order_by(*(index_due.c[n] for n in _DUE_ORDER)))
    return tuple((row.case, row.what, row.about, row.at) for row in rows)


_DUE_ORDER = ("at", "case", "what", "about")


async def _names(connection: AsyncConnection, query: Select[str]) -> tuple[str, ...]:
    return tuple((await connection.execute(query)).scalars())


def _by_kind(rows: Iterable[Row]) -> dict[type[Row], list[Any]]:
    kinds: dict[type[Row], list[Any]] = {}
    for row in rows:
        kinds.setdefault(type(row), []).append(row)
    return kinds
