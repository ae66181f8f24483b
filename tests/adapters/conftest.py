"""What the tests of the adapters share: a Dovecot, and a stand-in for the store.

Owns their lives. Knows nothing of the adapters. Called by pytest.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailbox import Mailbox
from cocmail.ports import Arrival
from tests.adapters.imap_server import Scripted


class Kept:
    """A store that keeps arrivals in a list, by source, and can be told to fail."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.calls = 0
        self.fails: Callable[[Arrival], Exception | None] = lambda _: None

    async def __call__(self, arrival: Arrival) -> None:
        self.calls += 1
        error = self.fails(arrival)
        if error is not None:
            raise error
        if arrival.source is None or arrival.source not in {a.source for a in self.arrivals}:
            self.arrivals.append(arrival)

    @property
    def raws(self) -> list[bytes]:
        return [a.raw for a in self.arrivals]


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


Until = Callable[..., Awaitable[float]]


@pytest.fixture
def until() -> Until:
    """`await until(condition)`: how long it took, in seconds; fails after the timeout."""

    async def wait(condition: Callable[[], object], timeout: float = 60) -> float:
        start = time.monotonic()
        while not await asyncio.to_thread(condition):
            if time.monotonic() - start > timeout:
                pytest.fail(f"not within {timeout} s")
            await asyncio.sleep(0.01)
        return time.monotonic() - start

    return wait


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def kept() -> Kept:
    return Kept()


Running = Callable[[Awaitable[None]], contextlib.AbstractAsyncContextManager["asyncio.Task[None]"]]


@pytest.fixture
def running() -> Running:
    """`async with running(inbox.run(keep)) as task`: cancelled at the end, and then it ends
    at once: whatever else would end it takes a minute."""

    @contextlib.asynccontextmanager
    async def run(work: Awaitable[None]) -> AsyncIterator[asyncio.Task[None]]:
        async def body() -> None:
            await work

        task = asyncio.create_task(body())
        try:
            yield task
        finally:
            start = time.monotonic()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert time.monotonic() - start < 20

    return run


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with Dovecot(tmp_path_factory.mktemp("dovecot")) as server:
        yield server


_numbers = count(1)


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """The mailboxes of a user whom no other test knows."""
    return dovecot.mailbox(f"user{next(_numbers)}")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    """An IMAP server that a test can have say anything."""
    async with Scripted().serving() as scripted:
        yield scripted
