"""Letters out: written with the events that they tell of, sent later.

Owns the queue of letters and their states (waiting, sent, failed). Refuses to know SMTP, and what
a letter says. Called by store.py and transaction.py.

Recipient, return path and text are sealed with the case's key. Once a letter was sent its text
is destroyed here: what it said follows from the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store.cases import case_key
from cocmail.adapters.store.engine import insert_new
from cocmail.adapters.store.tables import letter_bodies, letters
from cocmail.adapters.vault import Keys, seal, unseal
from cocmail.core.errors import Permanent, SoundnessError
from cocmail.core.floods import HEAD_START
from cocmail.core.people import Address
from cocmail.ports import Queued

if TYPE_CHECKING:
    from cocmail.core.letters import Letter

_LENGTH_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class OutboxCounts:
    waiting: int
    failed: int
    oldest: datetime | None  # when the oldest waiting letter was queued


async def queue(
    connection: AsyncConnection, keys: Keys, written: Sequence[Letter], at: datetime
) -> None:
    """Add letters to the outbox. One that is there already (same id) stays as it is."""
    for letter in written:
        key = await case_key(connection, keys, letter.case)
        if key is None:
            raise Permanent(f"case {letter.case} does not exist")
        turn = at if letter.party.startswith("member:") else at - HEAD_START
        row = {
            "id": letter.id,
            "case": letter.case,
            "kind": letter.kind,
            "party": letter.party,
            "queued": at,
            "state": "waiting",
            "next_at": turn,
            "attempts": 0,
        }
        if not await insert_new(connection, letters, row):
            continue
        sealed = seal(key, _pack(letter), f"letter:{letter.id}")
        await connection.execute(insert(letter_bodies), {"letter": letter.id, "sealed": sealed})


async def claim(
    connection: AsyncConnection, keys: Keys, now: datetime, lease: timedelta
) -> Queued | None:
    """The letter whose turn it is and that nobody has a lease on."""
    query = (
        select(letters, letter_bodies.c.sealed)
        .join_from(letters, letter_bodies, letter_bodies.c.letter == letters.c.id)
        .where(letters.c.state == "waiting", letters.c.next_at <= now)
        .order_by(letters.c.next_at, letters.c.number)
        .limit(1)
        .with_for_update(skip_locked=True, of=letters)
    )
    while (row := (await connection.execute(query)).first()) is not None:
        try:
            return await _leased(connection, keys, row, now + lease)
        except SoundnessError:
            # It can't be sent, and must not hold up the letters behind it; `status` counts it.
            broken = update(letters).where(letters.c.number == row.number)
            await connection.execute(broken.values(state="failed"))
    return None


async def _leased(
    connection: AsyncConnection, keys: Keys, row: Row[Any], until: datetime
) -> Queued:
    key = await case_key(connection, keys, row.case)
    if key is None:
        raise SoundnessError("a letter's case was forgotten")
    packed = unseal(key, row.sealed, f"letter:{row.id}")
    body = _LENGTH_BYTES + int.from_bytes(packed[:_LENGTH_BYTES], "big")
    envelope = json.loads(packed[_LENGTH_BYTES:body])
    attempts = row.attempts + 1
    leased = update(letters).where(letters.c.number == row.number)
    await connection.execute(leased.values(next_at=until, attempts=attempts))
    return Queued(
        id=row.id,
        case=row.case,
        kind=row.kind,
        party=row.party,
        recipient=Address(envelope["to"]),
        return_path=envelope["return_path"],
        message=packed[body:],
        queued=row.queued,
        turn=row.next_at,
        attempts=attempts,
    )


async def postpone(connection: AsyncConnection, letter: str, until: datetime) -> None:
    waiting = and_(letters.c.id == letter, letters.c.state == "waiting")
    await connection.execute(update(letters).where(waiting).values(next_at=until))


async def settle(connection: AsyncConnection, letter: str, state: str) -> bool:
    """A waiting letter becomes "sent", "failed" or "withdrawn". False if it was not waiting."""
    waiting = and_(letters.c.id == letter, letters.c.state == "waiting")
    settled = await connection.execute(update(letters).where(waiting).values(state=state))
    if settled.rowcount == 0:
        return False
    if state != "failed":
        await connection.execute(delete(letter_bodies).where(letter_bodies.c.letter == letter))
    return True


async def state_of(connection: AsyncConnection, letter: str) -> str | None:
    return (await connection.execute(select(letters.c.state).filter_by(id=letter))).scalar()


async def counts(connection: AsyncConnection) -> OutboxCounts:
    query = select(
        letters.c.state, func.count().label("letters"), func.min(letters.c.queued).label("oldest")
    ).group_by(letters.c.state)
    found = {row.state: row for row in await connection.execute(query)}
    waiting, failed = found.get("waiting"), found.get("failed")
    return OutboxCounts(
        waiting=waiting.letters if waiting else 0,
        failed=failed.letters if failed else 0,
        oldest=waiting.oldest if waiting else None,
    )


def _pack(letter: Letter) -> bytes:
    envelope = json.dumps({"to": letter.to, "return_path": letter.return_path}).encode()
    return len(envelope).to_bytes(_LENGTH_BYTES, "big") + envelope + letter.message
