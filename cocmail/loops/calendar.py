"""What is due happens, within two seconds.

Owns the looking at the index of due dates. Refuses to know what is due (core.calendar). Started by
the daemon; several daemons may look, for a due date that was seen to is no longer due.
"""

from __future__ import annotations

import asyncio

import structlog

from cocmail.core import quarantine, roster
from cocmail.core.calendar import fall_due
from cocmail.core.committee import COMMITTEE
from cocmail.core.errors import Permanent, SoundnessError, Temporary
from cocmail.loops.bell import whole
from cocmail.loops.deciding import Deciding
from cocmail.ports import Clock

log = structlog.get_logger()

_LOOK_EVERY = 1.0


class Calendar:
    """Looks once a second."""

    def __init__(self, deciding: Deciding, clock: Clock) -> None:
        self._deciding = deciding
        self._clock = clock

    async def run(self) -> None:
        while True:
            try:
                await whole(self.look())
            except Temporary as error:
                log.warning("the store can't be reached; trying again", error=str(error))
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> int:
        """See to everything that is due now; how many there were."""
        seen = await self._round()
        # What waits in a case can make a digest due: that one shouldn't wait for the next look.
        return seen + await self._round() if seen else 0

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
