"""How fast the store keeps, against SQLite alone in the same run.

Owns one measurement: durable commits of 3 KB mails, one a transaction. Only the ratio means
anything: both halves alternate in the same minutes on the same disk. Called by `make bench`.

    benchmarks/store.py [--mails N] [--dir DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cocmail.adapters.store import SqlStore, open_store
from cocmail.adapters.vault import derive
from cocmail.core.people import Address
from cocmail.ports import Arrival

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
SIZE = 3_000
ROUNDS = 5
HERE = (Address("conduct@example.org"),)


class Clock:
    def now(self) -> datetime:
        return NOW


class Words:
    """The smallest codec: an event is a text, a case is its texts, and has no rows."""

    def encode(self, event: str) -> bytes:
        return event.encode()

    def decode(self, data: bytes) -> str:
        return data.decode()

    def fold(self, case: str, events: tuple[tuple[int, datetime, str], ...]) -> tuple[str, ...]:
        return tuple(event for _, _, event in events)

    def rows(self, case: tuple[str, ...]) -> frozenset[Any]:
        return frozenset()


def bare(connection: sqlite3.Connection, mails: list[bytes]) -> float:
    begun = time.perf_counter()
    for raw in mails:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO mails (raw) VALUES (?)", (raw,))
        connection.execute("COMMIT")
    return len(mails) / (time.perf_counter() - begun)


async def kept(store: SqlStore[str, tuple[str, ...]], mails: list[bytes], at_once: int) -> float:
    arrivals = [Arrival(raw=raw, road="lmtp", source=None, recipients=HERE) for raw in mails]
    begun = time.perf_counter()
    for start in range(0, len(arrivals), at_once):
        group = arrivals[start : start + at_once]
        assert all(await asyncio.gather(*(store.keep(each, NOW) for each in group)))
    return len(mails) / (time.perf_counter() - begun)


async def worked(store: SqlStore[str, tuple[str, ...]], mails: int, case: str) -> float:
    """Claim a mail; one transaction: record two events, settle the mail."""
    async with store.transaction() as tx:
        await tx.open_case(case)
    begun = time.perf_counter()
    for number in range(mails):
        mail = await store.claim_mail(NOW, timedelta(minutes=5))
        assert mail is not None
        if number % 20 == 0:
            case = secrets.token_hex(8)
            async with store.transaction() as tx:
                await tx.open_case(case)
        async with store.transaction() as tx:
            await tx.record(case, ["received", "told"])
            await tx.settle_mail(mail.id, state="done", case=case)
    return mails / (time.perf_counter() - begun)


async def measure(folder: Path, count: int) -> None:
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE mails (id INTEGER PRIMARY KEY, raw BLOB)")
    store = await open_store(
        f"sqlite:///{folder / 'store.db'}",
        keys=derive(b"b" * 32),
        codec=Words(),
        clock=Clock(),
        recipients_of=lambda raw: (),
        create=True,
    )
    found: dict[str, list[float]] = {"bare": [], "keep": [], "keep8": [], "work": []}
    for round_ in range(ROUNDS):
        mails = [[secrets.token_bytes(SIZE) for _ in range(count // ROUNDS)] for _ in range(3)]
        found["bare"].append(bare(connection, mails[0]))
        found["keep"].append(await kept(store, mails[1], 1))
        found["keep8"].append(await kept(store, mails[2], 8))
        found["work"].append(await worked(store, count // ROUNDS, f"case{round_}"))
    await store.close()
    connection.close()
    best = {name: sorted(rates)[len(rates) // 2] for name, rates in found.items()}
    print(f"bare sqlite insert, a commit each   {best['bare']:8.0f}/s  1.00")
    for name, words in (
        ("keep", "keep, one after another           "),
        ("keep8", "keep, eight at once               "),
        ("work", "claim, record 2 events, settle    "),
    ):
        print(f"{words}  {best[name]:8.0f}/s  {best[name] / best['bare']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--dir", type=Path, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        asyncio.run(measure(Path(folder), given.mails))


if __name__ == "__main__":
    main()
