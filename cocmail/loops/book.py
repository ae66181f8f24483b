"""The enforcement's view of the ledger: each call is one transaction.

Owns the translation between sanctions as the sweep sees them and the events of their cases.
Refuses to know lists. Called by loops/enforcement, made by the daemon.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from cocmail.core import proofs
from cocmail.core.case import Case
from cocmail.core.enforcement import Level, Past, Place, ProofRow, Standing
from cocmail.core.errors import SoundnessError
from cocmail.core.people import Address
from cocmail.core.sanctions import Before, Measure, Sanction, State
from cocmail.core.work import Result
from cocmail.loops.bell import whole
from cocmail.loops.deciding import Deciding


class LedgerBook:
    """ports.Book, on the store."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    async def standing(self) -> Standing:
        return await whole(self._standing())

    async def _standing(self) -> Standing:
        sanctions: list[Sanction] = []
        ending: list[Sanction] = []
        cases, unread = await self._deciding.unsettled()
        for case in cases:
            for sanction in case.sanctions.values():
                if sanction.state is State.IN_FORCE and sanction.measure is not Measure.WARN:
                    asked = sanction.id in case.over  # has no end of its own
                    sanctions.append(replace(sanction, until=None) if asked else sanction)
                elif sanction.state in (State.ENDED, State.LIFTED) and sanction.before:
                    ending.append(sanction)
        begun = sorted(sanctions, key=_start)
        return Standing(
            sanctions=tuple(begun),
            ending=tuple(sorted(ending, key=_start)),
            past=bool(await self._deciding.store.past_cases()),
            unread=unread,
        )

    async def note_before(self, sanction: Sanction, records: Sequence[Before]) -> None:
        noted = proofs.noted(sanction.id, records)
        await self._deciding.on(sanction.case, lambda c, s: Result(events=(noted,), letters=()))

    async def note_enforced(
        self, sanction: Sanction, rows: Sequence[ProofRow], addresses: Sequence[Address]
    ) -> None:
        await self._deciding.on(
            sanction.case, lambda c, s: proofs.enforced(c, s, sanction.id, rows, addresses)
        )

    async def note_discarded(
        self, sanction: Sanction, posts: Mapping[str, int], *, done: bool
    ) -> None:
        await self._deciding.on(
            sanction.case,
            lambda c, s: proofs.waiting_discarded(c, s, sanction.id, posts, done=done),
        )

    async def note_restored(
        self,
        sanction: Sanction,
        rows: Sequence[ProofRow],
        over: Collection[Level],
        *,
        done: bool,
    ) -> None:
        await self._deciding.on(
            sanction.case,
            lambda c, s: proofs.restored(c, s, sanction.id, rows, over, done=done),
        )

    async def past(self) -> Past:
        return proofs.past(await self._past())

    async def recall(self, strays: Collection[Place], rows: Collection[str]) -> bool:
        found = False
        for case_id, theirs in proofs.left_over(await self._past(), strays, rows).items():
            decide = partial(proofs.recalled, found=theirs)
            made = await self._deciding.on(case_id, decide)
            found |= bool(made and made.events)
        return found

    async def _past(self) -> list[Case]:
        cases = []
        for case_id in await self._deciding.store.past_cases():
            try:
                async with self._deciding.store.transaction() as tx:
                    cases.append(await tx.glance(case_id))
            except SoundnessError as error:
                self._deciding.unread(case_id, error)
        return [case for case in cases if case is not None]

    async def note_shunted(self, sanctions: Collection[Sanction], count: int) -> None:
        for case_id in dict.fromkeys(sanction.case for sanction in sanctions):
            await self._deciding.on(case_id, lambda c, s: proofs.shunted(c, s, count))

    async def note_trouble(self, words: str) -> None:
        for case in (await self._deciding.unsettled())[0]:
            await self._deciding.on(case.id, lambda c, s: proofs.trouble(c, s, words))

    async def note_groups_lost(self, sanction: Sanction, groups: Collection[str]) -> None:
        await self._deciding.on(
            sanction.case, lambda c, s: proofs.groups_lost(c, s, sanction.id, groups)
        )

    async def note_waiting(self, sanction: Sanction) -> None:
        await self._deciding.on(sanction.case, lambda c, s: proofs.waits(c, s, sanction.id))

    async def letter_left(self, letter: str) -> bool:
        """Also true of a letter that can't be delivered: waiting longer would change nothing."""
        return await self._deciding.store.letter_state(letter) in ("sent", "failed", None)


def _start(sanction: Sanction) -> tuple[datetime | None, str]:
    assert sanction.start is not None
    return sanction.start, sanction.id
