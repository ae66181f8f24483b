"""Mailman behind a web server that is slow, faulty, or asks us to wait; test_nginx has a real one.

`make mailmans` tries it with SLOW=5 and FAULTS=6, for longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import AsyncIterator

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.venues import Venues
from cocmail.core.errors import Temporary
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.mailman import Mailman
from tests.loops.front import Front
from tests.loops.lab import DEV, PERSON, Book, Lab, Now, enforcement, where

pytestmark = pytest.mark.servers

SLOW = float(os.environ.get("SLOW", "0.1"))  # seconds a call
FAULTS = int(os.environ.get("FAULTS", "3"))  # of 13 calls


@contextlib.asynccontextmanager
async def through(front: Front, mailman: Mailman, **more: object) -> AsyncIterator[MailmanLists]:
    facts: dict[str, object] = {"timeout": 60, **more}
    lists = MailmanLists(front.url, mailman.username, mailman.password, **facts)  # type: ignore[arg-type]
    try:
        yield lists
    finally:
        await lists.close()


async def test_a_limit_is_kept_and_nothing_is_done_twice(mailman: Mailman, lab: Lab) -> None:
    clock = Now()
    book = Book(clock)
    with Front(mailman.rest_port) as front:
        front.refuse = lambda n: (429, {"Retry-After": "1"}) if n % 20 == 0 else None
        async with through(front, mailman) as lists:
            loop = enforcement(lists, book, clock)
            book.decide(Measure.SUSPEND)
            await loop.sweep()
            assert where(lab, *PERSON) == []
            assert len(book.proofs) == 1
            assert front.asked > 20, "it was refused at least once"
            assert set(front.changes.values()) == {1}
            # Asked to stay away for an hour, we do, for ten minutes; and say so at once.
            front.refuse = lambda _: (429, {"Retry-After": "3600"})
            begun, asked = time.monotonic(), front.asked
            for _ in range(3):
                with pytest.raises(Temporary, match="asks us to wait"):
                    await lists.observe([])
            assert time.monotonic() - begun < 60
            assert front.asked == asked + 1


async def test_a_slow_mailman_is_waited_for_and_told(mailman: Mailman, lab: Lab) -> None:
    clock = Now()
    book = Book(clock)
    with Front(mailman.rest_port) as front:
        front.delay = SLOW
        async with through(front, mailman, timeout=30) as lists:
            loop = enforcement(lists, book, clock)
            book.decide(Measure.SUSPEND, scope=Scope(lists=(DEV,)))
            await loop.sweep()
            assert set(front.changes.values()) == {1}
            assert len(book.proofs) == 1
            assert ("[mailman] takes" in loop.counters.trouble) is (SLOW >= 1)


async def test_one_that_accepts_and_never_answers_doesn_t_hold_up_the_other(
    mailman: Mailman, lab: Lab
) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    lists = Venues(
        {
            "": MailmanLists(mailman.url, mailman.username, mailman.password),
            "mailmans.dead": MailmanLists(
                f"http://127.0.0.1:{port}/3.1", "u", "p", timeout=0.5, section="mailmans.dead"
            ),
        }
    )
    clock = Now()
    book = Book(clock)
    book.decide(Measure.SUSPEND)
    try:
        with pytest.raises(Temporary, match=r"\[mailmans.dead\] url\) does not answer in time"):
            await enforcement(lists, book, clock).sweep()
        assert where(lab, *PERSON) == []
        assert book.proofs == []
    finally:
        gone.set()
        server.close()
        await lists.close()


async def test_many_answers_are_502(mailman: Mailman, lab: Lab) -> None:
    before = lab.snapshot(*PERSON)
    clock = Now()
    book = Book(clock)
    with Front(mailman.rest_port) as front:
        chance = random.Random(1)
        front.refuse = lambda _: (502, {}) if chance.random() < FAULTS / 13 else None
        async with through(front, mailman) as lists:
            loop = enforcement(lists, book, clock)
            name = book.decide(Measure.SUSPEND)
            for done in (book.proofs, book.returns):
                for _ in range(60):
                    with contextlib.suppress(Temporary):
                        await loop.sweep()
                    if done:
                        break
                assert len(done) == 1
                book.end(name)
    assert lab.snapshot(*PERSON) == before


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (("/memberships", "/find"), b""),
        (("/addresses",), b'{"http_etag": "x"}'),
        (("/lists",), b"{}"),
        (("/preferences",), b'{"status": "ok"}'),
    ],
)
async def test_what_says_only_that_all_is_well_is_not_believed(
    what: tuple[str, ...], said: bytes, mailman: Mailman, lab: Lab
) -> None:
    """A web server, or half a Mailman, answers 200 with nothing of what was asked."""
    before = lab.snapshot(*PERSON)
    clock = Now()
    book = Book(clock)
    with Front(mailman.rest_port) as front:
        async with through(front, mailman) as lists:
            loop = enforcement(lists, book, clock)
            name = book.decide(Measure.SUSPEND)
            for done in (book.proofs, book.returns):
                front.instead = lambda path: said if path.endswith(what) else None
                with pytest.raises(Temporary, match="doesn't answer what was asked"):
                    await loop.sweep()
                assert done == []
                front.instead = lambda _: None
                await loop.sweep()
                assert len(done) == 1
                book.end(name)
    assert lab.snapshot(*PERSON) == before
