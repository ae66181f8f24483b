"""What is due happens, within two seconds; while the clock isn't believed, nothing is due.

Owns the looking at the index of due dates, and at the clock. Refuses to know what is due
(core.calendar) and when a clock is believed (core.clock). Started by the daemon; several daemons
may look, for a due date that was seen to is no longer due, and each looks at its machine's clock.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from cocmail.core import quarantine, roster
from cocmail.core.calendar import fall_due
from cocmail.core.clock import HOLD, Believed, believed, over
from cocmail.core.committee import COMMITTEE
from cocmail.core.errors import Permanent, SoundnessError, Temporary
from cocmail.core.shortage import clock_leapt
from cocmail.loops.bell import whole
from cocmail.loops.deciding import Deciding
from cocmail.ports import Clock

log = structlog.get_logger()

_LOOK_EVERY = 1.0
_NOTE = "believed"
_NOTE_EVERY = timedelta(minutes=10)


class Calendar:
    """Looks once a second."""

    def __init__(
        self, deciding: Deciding, clock: Clock, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """``steady``: seconds, by what nobody sets."""
        self._deciding = deciding
        self._clock = clock
        self._steady = steady
        self._believed: Believed | None = None
        self._looked = 0.0  # when that was, by what nobody sets
        self._noted: Believed | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with the clock, in one line; "" if nothing."""
        last = self._believed
        if last is None or last.held is None:
            return ""
        return (
            "the clock is far ahead of the time that has passed, so nothing ends by it: set it"
            " right; if it is right, what is due goes on by itself in"
            f" {math.ceil((HOLD - last.held) / timedelta(hours=1))}h"
        )

    async def run(self) -> None:
        while True:
            try:
                await whole(self.look())
            except Temporary as error:
                log.warning("the store can't be reached; trying again", error=str(error))
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> int:
        """See to everything that is due now; how many there were."""
        if not await self._believes():
            return 0
        seen = await self._round()
        # What waits in a case can make a digest due: that one shouldn't wait for the next look.
        return seen + await self._round() if seen else 0

    async def _believes(self) -> bool:
        """Whether it is as late as the clock says."""
        store, now, steady = self._deciding.store, self._clock.now(), self._steady()
        last, passed = self._believed, None
        if last is None:
            last = _read((await store.notes()).get(_NOTE, ""))
        else:
            passed = timedelta(seconds=steady - self._looked)
        found = believed(last, now, passed)
        self._deciding.doubts_clock = found.held is not None
        if found.held is not None and (last is None or last.held is None):
            log.error("the clock is far ahead of the time that has passed; what is due waits")
            try:
                await self._deciding.on_committee(partial(clock_leapt, believed=found.at))
            except Permanent as error:
                log.error("the members could not be told of the clock", error=str(error))
        noted = self._noted
        if (
            noted is None
            or (noted.held is None) is not (found.held is None)
            or over(noted.at, _NOTE_EVERY, found.at)
        ):
            await store.note(_NOTE, _written(found))
            self._noted = found
        self._believed, self._looked = found, steady
        return found.held is None

    async def _round(self) -> int:
        found = await self._deciding.store.due(self._clock.now())
        for case, what, about, _at in found:
            try:
                await self._see_to(case, what, about)
            except Permanent as error:
                # One case that can't be read must not stop the clocks of the others.
                log.error("what is due could not be done", what=what, error=str(error))
                if isinstance(error, SoundnessError):
                    self._deciding.unread(case, error)
        return len(found)

    async def _see_to(self, case: str, what: str, about: str) -> None:
        if case == COMMITTEE and what == roster.DUE:
            await self._deciding.roster_due()
        elif case == COMMITTEE:
            await self._deciding.digest(about)
        elif what == quarantine.DUE:
            await self._deciding.aside(case, about)
        else:
            await self._deciding.on(case, lambda c, s: fall_due(c, s, what, about))


def _written(one: Believed) -> str:
    held = None if one.held is None else one.held.total_seconds()
    return json.dumps({"at": one.at.isoformat(), "held": held})


def _read(text: str) -> Believed | None:
    if not text:
        return None
    one = json.loads(text)
    held = None if one["held"] is None else timedelta(seconds=one["held"])
    return Believed(at=datetime.fromisoformat(one["at"]), held=held)
