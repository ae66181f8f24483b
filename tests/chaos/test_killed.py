"""Killed with SIGKILL at twenty random moments while two hundred mails come in by both roads.

Every mail is stored exactly once; every reporter is acknowledged, at most once more for each
kill, and then with the same Message-ID; the ledger is whole; and the index that stands is the one
that the ledger makes. `COCMAIL_CHAOS_SEED` plays a run again.
"""

from __future__ import annotations

import asyncio
import os
import random
import smtplib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from cocmail import parts
from cocmail.adapters.store.tables import INDEX
from cocmail.config import load
from cocmail.lab.waiting import wait_until

MAILS = 200
KILLS = 20


def report(house: Any, number: int) -> bytes:
    return (
        f"From: R{number} <r{number}@r.example.net>\r\nTo: {house.address}\r\n"
        f"Subject: s{number}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <m{number}@r.example.net>\r\n\r\nreport number {number}\r\n"
    ).encode()


def push(house: Any) -> None:
    """As an MTA: what was not answered with 250 is tried again."""
    deadline = time.monotonic() + 1200
    for number in range(0, MAILS, 2):
        while True:
            try:
                house.deliver(report(house, number), house.address, f"r{number}@r.example.net")
                break
            except (OSError, smtplib.SMTPException):
                assert time.monotonic() < deadline, "the daemon never took it"
                time.sleep(0.1)


def append(house: Any, pace: random.Random) -> None:
    for number in range(1, MAILS, 2):
        house.into_inbox(report(house, number), house.address, f"r{number}@r.example.net")
        time.sleep(pace.random() * 0.25)


@contextmanager
def coming_in(house: Any, pace: random.Random) -> Iterator[None]:
    failed: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    works = (lambda: push(house), lambda: append(house, pace))
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
    assert not failed, failed


def acknowledged(house: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for caught in house.sink.messages:
        if caught.header("Cocmail-Kind") == "acknowledgement":
            found[caught.recipients[0]].append(caught.header("Message-ID"))
    return found


async def rebuild(house: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The index tables as the kills left them, and as the ledger makes them."""
    settings = load(house.configuration)
    store = await parts.store(settings, parts.keys_of(settings), parts.SystemClock())
    try:
        standing = await index(store)
        assert len(standing["index_cases"]) == MAILS
        await store.rebuild()
        return standing, await index(store)
    finally:
        await store.close()


async def index(store: Any) -> dict[str, Any]:
    async with store._database.reading() as connection:
        return {
            table.name: {tuple(row) for row in await connection.execute(select(table))}
            for table in INDEX.values()
        }


def test_twenty_kills_lose_nothing(new_house: Any) -> None:
    seed = int(os.environ.get("COCMAIL_CHAOS_SEED") or random.randrange(10**6))
    print(f"COCMAIL_CHAOS_SEED={seed}")
    moments = random.Random(seed)
    house = new_house()
    with coming_in(house, random.Random(seed + 1)):
        for _ in range(KILLS):
            time.sleep(moments.random() * 1.2)  # the moment itself is what is random
            house.kill()
            house.start()
    wait_until(lambda: len(acknowledged(house)) == MAILS, timeout=300, what="every acknowledgement")
    house.quiet()
    status = house.ask("status")
    assert status["mail"] == {**status["mail"], "received": MAILS, "waiting": 0, "quarantined": 0}
    answers = acknowledged(house)
    assert sum(map(len, answers.values())) <= MAILS + KILLS
    assert {len(set(ids)) for ids in answers.values()} == {1}
    cases = house.ask("case", "list")
    assert Counter(case["messages"] for case in cases) == {1: MAILS}
    assert house.ask("ledger", "verify")["whole"] is True
    house.stop()
    standing, rebuilt = asyncio.run(rebuild(house))
    assert rebuilt == standing
