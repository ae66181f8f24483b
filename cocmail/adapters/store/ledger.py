"""The ledger: append-only, chained, over ciphertext.

Owns the chain, its head, and the proof that both are as we left them. Refuses to know what an
event says: it chains sealed bytes, so that a destroyed key leaves the chain whole. Called by
transaction.py (append), schema.py (the empty head) and store.py (verify).

mac(n) = HMAC(chain key, mac(n-1), n, case, at, sealed). The head (count, last mac) is sealed
under a key of its own: without it a tail could be cut off and nothing would show. A whole
database that is put back to an older copy, head included, can't be told from within it; an
exported head can (`ledger verify` prints the count).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, insert, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store.tables import ledger, ledger_head, microseconds
from cocmail.adapters.vault import Keys, fingerprint
from cocmail.core.errors import SoundnessError

_GENESIS = bytes(32)
_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `cocmail ledger verify` says."""

    events: int
    whole: bool
    first_bad: int | None  # the first sequence that can't be trusted; None: all can


def _mac(keys: Keys, before: bytes, sequence: int, case: str, at: int, sealed: bytes) -> bytes:
    number, instant = str(sequence).encode(), str(at).encode()
    return fingerprint(keys.chain, before, number, case.encode(), instant, sealed)


def _seal(keys: Keys, count: int, mac: bytes) -> bytes:
    return fingerprint(keys.head, str(count).encode(), mac)


async def begin(connection: AsyncConnection, keys: Keys) -> None:
    """The head of an empty ledger."""
    head = {"id": 1, "events": 0, "mac": _GENESIS, "seal": _seal(keys, 0, _GENESIS)}
    await connection.execute(insert(ledger_head), head)


async def append(
    connection: AsyncConnection, keys: Keys, case: str, at: datetime, sealed: Sequence[bytes]
) -> tuple[list[int], bytes]:
    """Append sealed events; returns their sequences, and the chain's mac after them. The head is
    locked until the commit."""
    found = (await connection.execute(select(ledger_head).with_for_update())).one_or_none()
    # Without this look, the next event would seal a forged head as if it were ours.
    if found is None or not hmac.compare_digest(found.seal, _seal(keys, found.events, found.mac)):
        raise SoundnessError("the ledger's head is not as we left it: `cocmail ledger verify`")
    count: int = found.events
    mac: bytes = found.mac
    instant = microseconds(at)
    rows = []
    for body in sealed:
        count += 1
        mac = _mac(keys, mac, count, case, instant, body)
        rows.append({"sequence": count, "case": case, "at": at, "sealed": body, "mac": mac})
    if rows:
        await connection.execute(insert(ledger), rows)
        head = {"events": count, "mac": mac, "seal": _seal(keys, count, mac)}
        await connection.execute(update(ledger_head).values(**head))
    return list(range(count - len(rows) + 1, count + 1)), mac


async def verify(connection: AsyncConnection, keys: Keys) -> Verdict:
    """Walk the whole chain, in a reading transaction."""
    expected, mac = 1, _GENESIS
    first_bad: int | None = None
    events = 0
    # The instant as the bare number that it is: a forged one may be no instant at all.
    instant = type_coerce(ledger.c.at, BigInteger).label("instant")
    columns = (ledger.c.sequence, ledger.c.case, instant, ledger.c.sealed, ledger.c.mac)
    stream = await connection.stream(select(*columns).order_by(ledger.c.sequence))
    async for rows in stream.partitions(_BATCH):
        for row in rows:
            events += 1
            if first_bad is None and not _sound(keys, mac, expected, row):
                first_bad = expected
            mac = row.mac
            expected += 1
    if first_bad is None:
        first_bad = await _against_head(connection, keys, events, mac)
    return Verdict(events=events, whole=first_bad is None, first_bad=first_bad)


def _sound(keys: Keys, before: bytes, expected: int, row: Row[Any]) -> bool:
    # SQLite keeps any type in any column; what isn't of the right one was not written by us.
    if not (isinstance(row.case, str) and isinstance(row.sealed, bytes | memoryview)):
        return False
    if not isinstance(row.mac, bytes | memoryview) or row.sequence != expected:
        return False
    mac = _mac(keys, before, expected, row.case, row.instant, bytes(row.sealed))
    return hmac.compare_digest(mac, bytes(row.mac))


async def _against_head(
    connection: AsyncConnection, keys: Keys, events: int, mac: bytes
) -> int | None:
    heads = (await connection.execute(select(ledger_head))).all()
    if len(heads) != 1:
        return events + 1
    head = heads[0]
    if not hmac.compare_digest(head.seal, _seal(keys, head.events, head.mac)):
        return events + 1  # what stands is chained, but nobody can say that it is all
    if head.events == events and hmac.compare_digest(head.mac, mac):
        return None
    return min(int(head.events), events) + 1
