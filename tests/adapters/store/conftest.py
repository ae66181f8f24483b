"""What the store's tests share: both databases, and a small made-up kind of event and case.

Owns the databases' lives and a hand that changes them behind the store's back. Knows nothing of
the real core: the store must not, either. Called by pytest; every test that takes ``world`` runs
once on SQLite and once on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import NullPool

from cocmail.adapters.store import SqlStore, open_store
from cocmail.adapters.store.tables import INDEX
from cocmail.adapters.vault import Keys, derive
from cocmail.core import index
from cocmail.core.people import Address
from cocmail.lab.postgres import Postgres
from cocmail.ports import Arrival

START = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)


class MovedClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


@dataclass(frozen=True, kw_only=True)
class MadeEvent:
    kind: str
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class MadeCase:
    id: str
    history: tuple[tuple[int, datetime, MadeEvent], ...]

    @property
    def words(self) -> list[str]:
        return [event.value for _, _, event in self.history if event.kind == "said"]


class MadeCodec:
    """Each kind of event makes one kind of index row."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.decoded = 0
        self.folded: list[int] = []  # how many events at once
        self.threads: set[int] = set()  # that went through a case

    def encode(self, event: MadeEvent) -> bytes:
        return json.dumps([event.kind, event.value]).encode()

    def decode(self, data: bytes) -> MadeEvent:
        self.decoded += 1
        kind, value = json.loads(data)
        return MadeEvent(kind=kind, value=value)

    def fold(
        self,
        case: str,
        events: tuple[tuple[int, datetime, MadeEvent], ...],
        before: MadeCase | None = None,
    ) -> MadeCase:
        self.folded.append(len(events))
        if len(events) > 1:
            self.threads.add(get_ident())
        return MadeCase(id=case, history=(*(before.history if before else ()), *events))

    def rows(self, case: MadeCase) -> frozenset[index.Row]:
        self.threads.add(get_ident())
        rows: dict[object, index.Row] = {}
        said = 0
        for _, at, event in case.history:
            value, digest = event.value, self.keys.digest(event.value)
            match event.kind:
                case "said":
                    said += 1
                case "opened":
                    rows["case"] = index.CaseRow(case.id, value, "open", at, False, "", 0)
                    rows["reference", value] = index.ReferenceRow(value, case.id)
                case "closed":
                    old = rows["case"]
                    assert isinstance(old, index.CaseRow)
                    rows["case"] = index.CaseRow(
                        case.id, old.reference, "closed", old.opened, True, "alice", 0
                    )
                case "token":
                    rows[digest] = index.TokenRow(digest, case.id, "reporter:1", "reply", "")
                case "dead":
                    rows[digest] = index.TokenRow(digest, case.id, "reporter:1", "dead", "")
                case "minted":
                    rows["minted", digest] = index.MintedRow(digest, case.id, "reporter:1")
                case "seen":
                    rows["seen", value] = index.SeenRow(value, case.id)
                case "address":
                    rows["address", digest] = index.AddressRow(digest, case.id, "reporter:1")
                case "sanction":
                    rows["sanction"] = index.SanctionRow(value, case.id, "in-force", at)
                case "lifted":
                    rows["sanction"] = index.SanctionRow(value, case.id, "lifted", None)
                case "recused":
                    rows["recused", value] = index.RecusedRow(case.id, value)
                case "unsettled":
                    rows["unsettled"] = index.UnsettledRow(case.id)
                case "settled":
                    del rows["unsettled"]
                case "due":
                    when = START + timedelta(hours=int(value))
                    rows["due", value] = index.DueRow(case.id, "remind", value, when)
        if said and isinstance(old := rows.get("case"), index.CaseRow):
            rows["case"] = index.CaseRow(
                old.case, old.reference, old.state, old.opened, old.urgent, old.assigned, said
            )
        return frozenset(rows.values())


@dataclass(frozen=True, kw_only=True)
class MadeLetter:
    """As core.letters.Letter, without its makers."""

    id: str
    case: str = "c1"
    kind: str = "notice"
    party: str = "reporter:1"
    to: Address = field(default=Address("rita@example.net"))
    return_path: str = "conduct+r@example.org"
    message: bytes = b"Subject: x\r\n\r\nHello\r\n"
    message_id: str = "<x@example.org>"


def recipients_of(raw: bytes) -> tuple[Address, ...]:
    """The made-up mails name their recipient in their first line."""
    first = raw.partition(b"\n")[0].strip()
    return (Address(first[3:].strip().decode()),) if first.startswith(b"To:") else ()


class World:
    """One empty database, and the hands to work on it."""

    START = START
    Event = MadeEvent
    Letter = MadeLetter
    recipients_of = staticmethod(recipients_of)

    def __init__(self, url: str, kind: str, folder: Path) -> None:
        self.url = url
        self.kind = kind
        self.folder = folder
        self.keys = derive(b"k" * 32)
        self.clock = MovedClock()
        self.codec = MadeCodec(self.keys)
        self._stores: list[SqlStore[MadeEvent, MadeCase]] = []

    async def open(self, **changed: Any) -> SqlStore[MadeEvent, MadeCase]:
        given = {
            "keys": self.keys,
            "codec": self.codec,
            "clock": self.clock,
            "recipients_of": recipients_of,
            "create": True,
        }
        store = await open_store(self.url, **(given | changed))
        self._stores.append(store)
        return store

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        self._stores.clear()

    def event(self, kind: str, value: str = "") -> MadeEvent:
        return MadeEvent(kind=kind, value=value)

    def mail(self, text: str = "hello", **changed: Any) -> Arrival:
        given = {"road": "lmtp", "source": None, "recipients": (Address("conduct@example.org"),)}
        return Arrival(raw=text.encode(), **(given | changed))

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Change or read the database behind the store's back."""
        driver = "postgresql+psycopg" if self.kind == "postgresql" else "sqlite"
        engine = create_engine(
            self.url.replace(self.url.partition(":")[0], driver, 1), poolclass=NullPool
        )
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    async def index(self, store: SqlStore[MadeEvent, MadeCase]) -> dict[str, set[Any]]:
        found = {}
        async with store._database.reading() as connection:
            for table in INDEX.values():
                rows = (await connection.execute(select(table))).all()
                found[table.name] = {tuple(row) for row in rows}
                assert len(found[table.name]) == len(rows)
        return found

    async def case(
        self, store: SqlStore[MadeEvent, MadeCase], case: str, *events: MadeEvent
    ) -> None:
        """Open a case and record events in it."""
        async with store.transaction() as tx:
            await tx.open_case(case)
            if events:
                await tx.record(case, events)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres")) as postgres:
        yield postgres


_databases = count()


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "sqlite":
        made = World(f"sqlite:///{tmp_path / 'store.db'}", "sqlite", tmp_path)
        yield made
        await made.close()
        return
    cluster: Postgres = request.getfixturevalue("cluster")
    name = f"store{next(_databases)}"
    made = World(cluster.create_database(name), "postgresql", tmp_path)
    yield made
    await made.close()
    cluster.drop_database(name)
