"""A bell between the loops of one daemon: work may be there, look now.

Owns nothing that must not be lost: every loop also looks by itself, so that work from another
daemon, or from the command line, is found as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from cocmail.core.errors import Temporary

log = structlog.get_logger()

T = TypeVar("T")
_LONG = 5_000  # characters


class Bell:
    """Rung by one loop, waited for by another."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def ring(self) -> None:
        self.event.set()

    async def wait(self, seconds: float) -> None:
        """Until it rings, or until so many seconds have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.event.wait()
        self.event.clear()


class Flurry:
    """Rings a bell once things are quiet, or after a while: many changes are one sweep."""

    def __init__(self, bell: Bell, *, quiet: float = 0.3, longest: float = 1.0) -> None:
        """Seconds: without a change before it rings, and that the first may wait for the last."""
        self._bell, self._quiet, self._longest = bell, quiet, longest
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0

    def touch(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._until = loop.time() + self._longest
        else:
            self._timer.cancel()
        self._timer = loop.call_at(min(loop.time() + self._quiet, self._until), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._bell.ring()


AGAIN_AFTER = 1.0  # seconds
_GRACE = 8.0  # seconds; the service manager is promised an end within ten


async def thought(length: int, think: Callable[[], T]) -> T:
    """What takes long over so many characters is thought about in a thread: the loop goes on."""
    return think() if length <= _LONG else await asyncio.to_thread(think)


async def whole(unit: Coroutine[Any, Any, T]) -> T:
    """Run one unit of work; when we are stopped in the middle, finish it first."""
    task = asyncio.ensure_future(unit)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=_GRACE)
        task.cancel()
        raise


async def until_stored(unit: Callable[[], Coroutine[Any, Any, T]], *, within: float) -> T:
    """Run one unit of work on something that we hold a lease on; where the store can't be reached,
    once more every second, but no longer than ``within`` (seconds: the lease). Raises Temporary
    then; the thing is free again when its lease ends."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while True:
        try:
            return await whole(unit())
        except Temporary as error:
            log.warning("the store can't be reached; trying again", error=str(error))
            if loop.time() + AGAIN_AFTER >= until:
                raise
        await asyncio.sleep(AGAIN_AFTER)
