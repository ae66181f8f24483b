"""How fast a suspension is made true, beside the usual loop and beside the bare calls.

Owns one measurement on one Mailman (REST, two workers) with 200 lists: somebody on three of them
and somebody on all are suspended in three ways, while thousands of others are subscribed too: a
find costs Mailman what its whole table does. *The usual loop* bans and then goes over
`client.lists` with `unsubscribe`, as scripts with mailmanclient do. *The bare calls* are a ban, a
find, a roster DELETE for each list found on two connections, and a find: nothing is written down
first, so nothing can be given back. *cocmail* is what follows a decision: its ledger on SQLite,
the state before, the bans, the removals, what waits, and what it reads back. Only the ratios mean
anything.

On SQLite it is done twice. Of a list's members SQLite finds all rows of the list, or all rows of
the role, by whichever index Mailman happened to make last: the usual loop, which asks each list,
takes three times as long on the one as on the other. So once each is left out. With `--analyze` it
has counted once, as an operator may make it; PostgreSQL counts by itself.

    python -m benchmarks.enforcement [--database sqlite|postgresql] [--analyze]
        [--lists N] [--memberships N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import mailmanclient
import psycopg
import urllib3

from benchmarks._crowd import Connection, crowd
from cocmail import parts, servers
from cocmail.config import load
from cocmail.core import events as e
from cocmail.core.enforcement import ProofRow
from cocmail.core.people import Address, Private
from cocmail.core.policy import LETTER_FIRST
from cocmail.core.sanctions import Measure, Sanction, Scope
from cocmail.lab import community
from cocmail.lab.mailman import Mailman
from cocmail.lab.postgres import Postgres
from cocmail.loops.bell import Bell
from cocmail.loops.book import LedgerBook
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.enforcement import Enforcement

CONFIGURATION = """
[community]
name = "Example"
address = "conduct@example.org"
[lmtp]
listen = "unix:lmtp.sock"
[submission]
port = 1
security = "none"
[mailman]
url = "{url}"
password_file = "mailman.password"
[[committee]]
handle = "alice"
name = "Alice"
addresses = ["alice@alice.example"]
"""


class Book(LedgerBook):
    """Says when a letter has left, and notes when a sanction was proved: what waits on the lists
    is looked for after that."""

    left = False
    proved = 0.0

    async def letter_left(self, letter: str) -> bool:
        return self.left

    async def note_enforced(
        self, sanction: Sanction, rows: Sequence[ProofRow], addresses: Sequence[Address]
    ) -> None:
        await super().note_enforced(sanction, rows, addresses)
        self.proved = time.perf_counter()


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds of one suspension."""

    beside: float  # what is read beside its letter, before that has left
    ours: float  # from then until it was read back and proved
    all: float  # both
    whole: float  # from the letter until all that waited was discarded


class Ours:
    """cocmail's enforcement on a store of its own, without the rest of the daemon."""

    def __init__(self, folder: Path, mailman: Mailman) -> None:
        subprocess.run(
            [sys.executable, "-m", "cocmail", "init", str(folder)], check=True, capture_output=True
        )
        secret = folder / "mailman.password"
        secret.write_text(mailman.password)
        secret.chmod(0o600)
        toml = folder / "cocmail.toml"
        toml.write_text(CONFIGURATION.format(url=mailman.url))
        self._settings = load(toml)
        self._count = 0

    async def __aenter__(self) -> Ours:
        clock, keys = parts.SystemClock(), parts.keys_of(self._settings)
        self._store = await parts.store(self._settings, keys, clock, create=True)
        texts = parts.templates(self._settings)
        setting = parts.setting_maker(self._settings, keys, clock, texts)
        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        self._book = Book(Deciding(self._store, setting, bells))
        self._lists = servers.lists(self._settings)
        self._enforcement = Enforcement(
            self._lists,
            self._book,
            clock,
            groups={},
            sweep_every=timedelta(minutes=5),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lists.close()
        await self._store.close()

    async def plan(self, who: Address) -> float:
        begun = time.perf_counter()
        planned = await self._enforcement.preview(Measure.SUSPEND, [who], Scope())
        took = time.perf_counter() - begun
        assert planned.lines
        return took

    async def suspend(self, who: Address) -> Took:
        await self._decide(who)
        self._book.left = False
        begun = time.perf_counter()
        await self._enforcement.press()  # as the daemon does after a decision
        left = time.perf_counter()
        self._book.left = True
        await self._enforcement.press()  # and when the letter has left
        proved, ended = self._book.proved, time.perf_counter()
        return Took(beside=left - begun, ours=proved - left, all=proved - begun, whole=ended - left)

    async def converged(self) -> tuple[float, int]:
        """One that finds nothing to do: seconds, and calls."""
        begun = time.perf_counter()
        planned = await self._enforcement.sweep()
        assert not planned.steps
        return time.perf_counter() - begun, self._enforcement.counters.calls

    async def _decide(self, who: Address) -> None:
        self._count += 1
        name, sanction, proposal = (f"{what}{self._count}" for what in ("case", "S", "P"))
        now = datetime.now(UTC)
        proposed = e.Proposed(
            proposal=proposal,
            what="sanction",
            by="alice",
            because=Private("for the measurement"),
            closes=now + timedelta(days=1),
            sanction=sanction,
            measure=Measure.SUSPEND,
            address=who,
            addresses=(who,),
            seconds=timedelta(days=1).total_seconds(),
        )
        opened = e.CaseOpened(reference=f"COC-{self._count}", acknowledge_by=None, update_by=None)
        decided = e.Decided(proposal=proposal, result="approved", approvals=1, needed=1)
        begun = e.InForce(
            sanction=sanction,
            start=now,
            until=now + timedelta(days=1),
            letter="letter",
            not_before=now + LETTER_FIRST,
        )
        async with self._store.transaction() as tx:
            await tx.open_case(name)
            await tx.record(name, (opened, proposed, decided, begun))


def usual(mailman: Mailman, who: Address) -> float:
    client = mailmanclient.Client(mailman.url, mailman.username, mailman.password)
    begun = time.perf_counter()
    client.bans.add(who)
    for mailing_list in client.lists:
        with suppress(ValueError):  # not a member of this one
            mailing_list.unsubscribe(who)
    return time.perf_counter() - begun


def bare(mailman: Mailman, who: Address) -> float:
    """With the client that cocmail uses, so that what the two differ in is the calls."""
    headers = urllib3.make_headers(basic_auth=f"{mailman.username}:{mailman.password}")
    headers |= {"Connection": "close", "Content-Type": "application/x-www-form-urlencoded"}
    pool = urllib3.connection_from_url(
        mailman.url, maxsize=2, block=True, retries=False, timeout=60, headers=headers
    )
    base = urlsplit(mailman.url).path.rstrip("/")

    def call(method: str, path: str, **fields: str) -> Any:
        target, form = f"{base}/{path}", urlencode(fields)
        if method == "POST":
            answer = pool.request(method, target, body=form)
        else:
            answer = pool.request(method, f"{target}?{form}")
        assert answer.status < 400, (answer.status, answer.data)
        return json.loads(answer.data) if answer.data else None

    with ThreadPoolExecutor(2) as two:
        begun = time.perf_counter()
        call("POST", "bans", email=who)
        found = call("GET", "members/find", subscriber=who).get("entries", [])
        paths = [f"lists/{entry['list_id']}/roster/member" for entry in found]
        list(two.map(lambda path: call("DELETE", path, emails=who), paths))
        left = call("GET", "members/find", subscriber=who).get("total_size")
        took = time.perf_counter() - begun
    pool.close()
    assert left == 0, left
    return took


def gone(mailman: Mailman, who: Address) -> None:
    assert not community.memberships(mailman, who, role="member"), "still on a list"
    assert community.is_banned(mailman, who)


class People:
    """Whom to suspend next, already on so many lists."""

    def __init__(self, mailman: Mailman, names: list[str]) -> None:
        self._mailman, self._names, self._count = mailman, names, 0

    def next(self, lists: int) -> Address:
        self._count += 1
        who = Address(f"somebody{self._count}@example.net")
        for name in self._names[:lists]:
            community.subscribe(self._mailman, name, who)
        return who


def line(words: str, took: list[float], against: dict[str, list[float]]) -> str:
    middle = statistics.median(took)
    ratios = "".join(
        f"; {name} takes {statistics.median(other) / middle:.2f} times that"
        for name, other in against.items()
    )
    return f"{words}: {middle:.3f} s (of {len(took)}){ratios}"


@dataclass(frozen=True, kw_only=True)
class Database:
    """What Mailman's is, and what is done to it once all are in it."""

    words: str
    afterwards: str
    postgresql: bool = False


NAME = "mailman"
SQLITE = (
    Database(
        words="on SQLite, which finds a list's members by their list",
        afterwards="DROP INDEX ix_member_role",
    ),
    Database(
        words="on SQLite, which finds a list's members by their role",
        afterwards="DROP INDEX ix_member_list_id",
    ),
)
ANALYZED = (Database(words="on SQLite, which has counted", afterwards="ANALYZE"),)
POSTGRESQL = (
    # As autovacuum does within a minute of so many new rows.
    Database(words="on PostgreSQL", postgresql=True, afterwards="VACUUM (ANALYZE)"),
)


def fill(
    mailman: Mailman, postgres: Postgres | None, lists: list[str], others: int, afterwards: str
) -> None:
    connection: Connection
    if postgres:
        with closing(psycopg.connect(postgres.url(NAME))) as connection:
            crowd(connection, lists, others)
        postgres.sql(afterwards, database=NAME)
    else:
        with closing(sqlite3.connect(mailman.directory / "var/data/mailman.db")) as connection:
            crowd(connection, lists, others)
            connection.execute(afterwards)


async def measure(scratch: Path, kind: Database, lists: int, others: int, rounds: int) -> None:
    with ExitStack() as stack:
        postgres = url = None
        if kind.postgresql:
            postgres = stack.enter_context(Postgres(scratch / "postgres", durable=True))
            url = postgres.create_database(NAME)
        mailman = stack.enter_context(Mailman(scratch / "mailman", database_url=url))
        community.make_domain(mailman)
        names = [f"list{number:03}@{community.DOMAIN}" for number in range(lists)]
        for name in names:
            community.make_list(mailman, name, send_goodbye_message=True)  # as Mailman makes it
        mailman.stop()
        fill(mailman, postgres, list(map(community.list_id, names)), others, kind.afterwards)
        mailman.start()
        people = People(mailman, names)
        async with Ours(scratch / "cocmail", mailman) as ours:
            for on, times in ((3, rounds), (lists, max(1, rounds // 2))):
                took: dict[str, list[float]] = {
                    name: [] for name in ("plan", "beside", "ours", "all", "whole", "usual", "bare")
                }
                ways: dict[str, Callable[[Mailman, Address], float]] = {
                    "usual": usual,
                    "bare": bare,
                }
                for _ in range(times):
                    for name, way in ways.items():
                        who = people.next(on)
                        took[name].append(await asyncio.to_thread(way, mailman, who))
                        gone(mailman, who)
                    who = people.next(on)
                    took["plan"].append(await ours.plan(who))
                    for name, seconds in asdict(await ours.suspend(who)).items():
                        took[name].append(seconds)
                    gone(mailman, who)
                print(f"on {on} of {lists} lists, {others} other memberships")
                against = {"the usual loop": took["usual"], "bare calls": took["bare"]}
                print(line("  cocmail suspends", took["ours"], against))
                print(line("  with what it read beside the letter", took["all"], against))
                print(line("  with what waited discarded", took["whole"], against))
                print(line("  beside the letter it reads", took["beside"], {}))
                print(line("  cocmail plans", took["plan"], {}))
                for what, words in (("ours", "cocmail"), ("all", "with what it read before, it")):
                    slower = statistics.median(took[what]) / statistics.median(took["bare"])
                    print(f"  {words} takes {slower:.2f} times the bare calls")
            seconds, calls = await ours.converged()
            print(f"a sweep of {ours._count} sanctions that hold: {seconds:.2f} s, {calls} calls")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    reader.add_argument("--analyze", action="store_true", help="SQLite, once it is filled")
    reader.add_argument("--lists", type=int, default=200)
    reader.add_argument("--memberships", type=int, default=33_000)
    reader.add_argument("--rounds", type=int, default=4)
    said = reader.parse_args()
    kinds = POSTGRESQL if said.database == "postgresql" else ANALYZED if said.analyze else SQLITE
    for kind in kinds:
        print(f"a Mailman {kind.words}")
        with tempfile.TemporaryDirectory() as scratch:
            asyncio.run(measure(Path(scratch), kind, said.lists, said.memberships, said.rounds))


if __name__ == "__main__":
    main()
