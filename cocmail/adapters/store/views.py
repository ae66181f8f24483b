"""What people look at: `status`, the lists, and the ledger's export.

Owns the reading queries that decide nothing. Refuses to write, and to hold anybody up: each is
one snapshot. Called by store.py, for the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store import mails, outbox
from cocmail.adapters.store.cases import case_key
from cocmail.adapters.store.codec import C, Codec, E
from cocmail.adapters.store.engine import insert_new
from cocmail.adapters.store.tables import index_cases, index_due, index_sanctions, ledger, state
from cocmail.adapters.vault import Keys, unseal
from cocmail.core.index import SanctionRow
from cocmail.core.waiting import NOTICES


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """The queues, as `cocmail status` tells them."""

    received: int
    waiting: int
    quarantined: int
    oldest_mail: datetime | None  # when the oldest waiting mail came
    outbox: outbox.OutboxCounts
    sanctions: int  # in force
    notes: Mapping[str, str]  # see Store.note


@dataclass(frozen=True, kw_only=True)
class ListedCase:
    """A line of `cocmail case list`."""

    case: str
    reference: str
    state: str
    opened: datetime
    urgent: bool
    assigned: str
    messages: int
    due: datetime | None


@dataclass(frozen=True, kw_only=True)
class Entry(Generic[E]):
    """One event of the ledger. ``event`` is None where its case was forgotten."""

    sequence: int
    case: str
    at: datetime
    event: E | None


async def statistics(connection: AsyncConnection) -> Statistics:
    counts = await mails.counts(connection)
    in_force = select(func.count()).select_from(index_sanctions).filter_by(state="in-force")
    return Statistics(
        received=sum(counts.values()),
        waiting=counts.get("waiting", 0),
        quarantined=counts.get("quarantined", 0),
        oldest_mail=await mails.oldest_waiting(connection),
        outbox=await outbox.counts(connection),
        sanctions=(await connection.execute(in_force)).scalar_one(),
        notes=await notes(connection),
    )


async def case_list(connection: AsyncConnection) -> tuple[ListedCase, ...]:
    due = (
        select(index_due.c.case, func.min(index_due.c.at).label("due"))
        # A deadline; not the day on which people are told of one.
        .where(index_due.c.what.not_in(NOTICES))
        .group_by(index_due.c.case)
        .subquery()
    )
    query = (
        select(index_cases, due.c.due)
        .join_from(index_cases, due, due.c.case == index_cases.c.case, isouter=True)
        .order_by(index_cases.c.opened, index_cases.c.case)
    )
    rows = (await connection.execute(query)).mappings()
    return tuple(ListedCase(**row) for row in rows)


async def sanction_list(connection: AsyncConnection) -> tuple[SanctionRow, ...]:
    query = select(index_sanctions).order_by(index_sanctions.c.case, index_sanctions.c.sanction)
    rows = await connection.execute(query)
    return tuple(SanctionRow(row.sanction, row.case, row.state, row.until) for row in rows)


async def entries(
    connection: AsyncConnection,
    keys: Keys,
    codec: Codec[E, C],
    *,
    case: str | None,
    after: int,
    limit: int,
) -> list[Entry[E]]:
    """The next events of the ledger after a sequence, of one case or of all."""
    query = select(ledger).where(ledger.c.sequence > after)
    if case is not None:
        query = query.where(ledger.c.case == case)
    rows = (await connection.execute(query.order_by(ledger.c.sequence).limit(limit))).all()
    opened = {name: await case_key(connection, keys, name) for name in {row.case for row in rows}}
    found = []
    for row in rows:
        key = opened[row.case]
        event = None
        if key is not None:
            event = codec.decode(unseal(key, row.sealed, f"event:{row.case}"))
        found.append(Entry(sequence=row.sequence, case=row.case, at=row.at, event=event))
    return found


async def notes(connection: AsyncConnection) -> dict[str, str]:
    rows = await connection.execute(select(state).order_by(state.c.name))
    return {row.name: row.value for row in rows}


async def note(connection: AsyncConnection, name: str, value: str) -> None:
    changed = state.update().where(state.c.name == name).values(value=value)
    if (await connection.execute(changed)).rowcount == 0:
        await insert_new(connection, state, {"name": name, "value": value})
