"""Looks at every sweep whether somebody who is watched has come near, or asks to.

Owns the looking, at the enforcement's pace: a question for each of the two, and the waiting
requests of the lists that just one of them is on, which costs a call for each of these, for Mailman
doesn't say of several lists at once whether anybody waits. Refuses to know what is told of it
(core.watching). Started by the daemon that sweeps.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from cocmail.core.case import Case
from cocmail.core.enforcement import Observed, Question
from cocmail.core.errors import Permanent, SoundnessError, Temporary
from cocmail.core.people import Address
from cocmail.core.watching import (
    WATCHING,
    asked,
    could_join,
    seen,
    still_asking,
    still_shared,
    theirs,
)
from cocmail.loops.deciding import Deciding
from cocmail.ports import Lists

log = structlog.get_logger()


class Watching:
    """Until cancelled, once every sweep."""

    def __init__(self, deciding: Deciding, lists: Lists, every: timedelta) -> None:
        self._deciding = deciding
        self._lists = lists
        self._every = every
        self.calls = 0  # to Mailman, in the last look

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except (Temporary, Permanent) as error:
                # Enforcement tells the committee of a Mailman that stays away.
                log.warning("watches could not be looked at; trying again", error=str(error))
            await asyncio.sleep(self._every.total_seconds())

    async def look(self) -> None:
        self.calls = 0
        cases = await self._cases()
        people = {
            theirs(case, one)
            for case in cases
            for watch in case.watches.values()
            for one in (watch.address, watch.near)
        }
        if not people:
            return
        questions = [Question(addresses=one, tagged=True) for one in sorted(people)]
        observed = await self._lists.observe(questions)
        self.calls = observed.calls
        for case in cases:
            for watch in case.watches.values():
                lists = still_shared(case, watch, observed)
                if set(lists) != set(watch.lists):
                    decide = partial(seen, watch_id=watch.watch, lists=lists)
                    await self._deciding.on(case.id, decide)
        await self._requests(cases, observed)

    async def _requests(self, cases: list[Case], observed: Observed) -> None:
        watches = [
            (case, watch, theirs(case, watch.address), theirs(case, watch.near))
            for case in cases
            for watch in case.watches.values()
        ]
        near = {name for *_, one, other in watches for name in could_join(observed, one, other)}
        self.calls += len(near)
        away = observed.away
        requests = await self._lists.requests(sorted(near), but=away) if near else {}
        for case, watch, *_ in watches:
            waiting = still_asking(case, watch, observed, requests)
            if {*waiting} != case.asked.get(watch.watch, frozenset()):
                ask = partial(asked, watch_id=watch.watch, waiting=waiting)
                await self._deciding.on(case.id, ask)

    async def _cases(self) -> list[Case]:
        found = []
        async with self._deciding.store.transaction() as tx:
            names = {f.case for f in await tx.cases_of_address(Address(WATCHING))}
            for name in sorted(names):
                try:
                    found.append(await tx.glance(name))
                except SoundnessError as error:
                    self._deciding.unread(name, error)
        return [case for case in found if case is not None]
