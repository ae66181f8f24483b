"""One deciding transaction: the core's result is written down, whole or not at all.

Owns the writing of a Result and the bells that follow. Refuses to decide. Called by every loop
that asks the core something.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import structlog

from cocmail.core import casework, reminders, roster
from cocmail.core.case import Case
from cocmail.core.committee import COMMITTEE, Committee
from cocmail.core.errors import Permanent, SoundnessError
from cocmail.core.people import Roster
from cocmail.core.quarantine import (
    FEWEST_ALONE,
    LISTED,
    RELEASED,
    drawn,
    is_quarantine,
    reference_of,
)
from cocmail.core.setting import Setting
from cocmail.core.work import Result
from cocmail.loops.bell import Bell, thought, whole
from cocmail.ports import Store, Transaction

log = structlog.get_logger()

_UNREAD = "what is kept of a case can't be read: `cocmail ledger verify` tells what is broken"
_MOST_LINKED = 20
"""Cases that one is linked with: more are not heard of."""
_MOST_CASES = 200
"""That one digest looks through: those that something fell due in, then the oldest open ones."""

_LETTER = 500  # characters: what one costs to write, whatever it says

T = TypeVar("T")
Decide = Callable[[Case, Setting], Result]


@dataclass(frozen=True, kw_only=True)
class Bells:
    """One for each loop that others wake."""

    mail: Bell
    outbox: Bell
    enforcement: Bell


class Deciding:
    """The store, the setting of this instant, and the bells."""

    def __init__(self, store: Store, setting: Callable[[Committee], Setting], bells: Bells) -> None:
        self.store = store
        self._setting = setting
        self.bells = bells
        self._unread: set[str] = set()
        self.doubts_clock = False  # for the calendar to say
        self.audiences = 0  # how often others may know of what is set aside than before

    def unread(self, case: str, error: SoundnessError) -> None:
        """This case can't be read: the operator hears of it, and the others go on."""
        if case not in self._unread:
            log.error("a case can't be read", case=case, error=str(error))
            self._unread.add(case)

    @property
    def trouble(self) -> str:
        """For `cocmail status`, until the daemon starts anew."""
        return _UNREAD if self._unread else ""

    async def unsettled(self) -> tuple[tuple[Case, ...], frozenset[str]]:
        """Those that enforcement has something to do for, and the ids of those of them that can't
        be read."""
        cases, broken = await self.store.unsettled()
        for name, error in broken.items():
            self.unread(name, error)
        return cases, frozenset(broken)

    def plain_setting(self) -> Setting:
        """The world at this instant, for what doesn't depend on the committee."""
        return self._setting(Committee())

    async def setting(self, tx: Transaction, case: Case | None = None) -> Setting:
        """The world at this instant, with the committee as its record says, and the cases that
        the one at hand is, or may be, linked with."""
        room = await tx.glance(COMMITTEE)
        setting = self._setting(room.committee if room else Committee())
        near = {}
        names = {*case.links, *(name for name, _ in case.suggested)} if case else ()
        for name in sorted(names)[:_MOST_LINKED]:
            try:
                other = await tx.case(name)
            except SoundnessError as error:
                self.unread(name, error)
                continue
            if other is not None:
                near[name] = other
        return replace(setting, near=near, doubtful=self.doubts_clock)

    async def case(self, tx: Transaction, case_id: str) -> Case | None:
        """The case with this id, or the one that it goes on in."""
        case = await tx.case(case_id)
        while case is not None and case.merged_into:
            case = await tx.case(case.merged_into)
        return case

    async def on(self, case_id: str, decide: Decide) -> Result | None:
        """Decide on one case in a transaction of its own. None if the case is gone.

        Stopped in the middle, it is finished first: a transaction that is torn away from its
        connection can hold the store's lock for longer than we have.
        """
        return await whole(self._on(case_id, decide))

    async def _on(self, case_id: str, decide: Decide) -> Result | None:
        async with self.store.transaction() as tx:
            case = await self.case(tx, case_id)
            if case is None:
                return None
            setting = await self.setting(tx, case)
            result = await considered(partial(decide, case, setting), setting, case)
            await write(tx, case.id, result)
        self.ring(result)
        return result

    async def digest(self, handle: str) -> None:
        """What waits for this member in all cases, in a transaction on the committee's record."""
        await whole(self._digest(handle))

    async def _digest(self, handle: str) -> None:
        async with self.store.transaction() as tx:
            record = await tx.case(COMMITTEE)
            if record is None:
                return
            wanted = record.committee.waiting.get(handle)
            named = (*(wanted.cases if wanted else ()), *await tx.open_cases())
            cases: list[Case] = []
            for case_id in tuple(dict.fromkeys(named))[:_MOST_CASES]:
                try:
                    case = await tx.glance(case_id)
                except SoundnessError as error:
                    self.unread(case_id, error)
                    continue
                if case is not None:
                    cases.append(case)
            setting = await self.setting(tx)
            digest = partial(reminders.digest, record, setting, handle, cases)
            result = await considered(digest, setting, *cases)
            await write(tx, COMMITTEE, result)
        self.ring(result)

    async def aside(self, record: str, handle: str) -> None:
        """What is set aside in no case waits for this member, in this record and perhaps in
        others: in one transaction on all of them."""
        await whole(self._aside(record, handle))

    async def _aside(self, record: str, handle: str) -> None:
        async with self.store.transaction() as tx:
            room = await self.record(tx, record)
            setting = await self.setting(tx)
            due = room.quarantine.due(handle) if room else None
            if room is None or due is None or due > setting.now:
                return  # they were told with what waits in another
            others = tuple(one for one in await self.records(tx) if one.id != record)
            shared = sum(n < FEWEST_ALONE for r in (room, *others) for n in r.quarantine.waiting)
            fresh = await unused(tx, setting, min(shared, LISTED))
            tell = partial(casework.tell, room, setting, handle, others, fresh)
            result = await considered(tell, setting, room, *others)
            await write(tx, record, result)
        self.ring(result)

    async def records(self, tx: Transaction) -> tuple[Case, ...]:
        """The records of the quarantine in which something waits, but for those that can't be
        read; nobody else writes in them now."""
        found: list[Case] = []
        for name in filter(is_quarantine, await tx.aside_in()):
            try:
                room = await self.record(tx, name)
            except SoundnessError as error:
                self.unread(name, error)
                continue
            if room is not None:
                found.append(room)
        return tuple(found)

    async def record(self, tx: Transaction, name: str) -> Case | None:
        """This record of the quarantine, with those alone in it who may know of what waits there by
        the cases that it came to addresses of, as they are now: who was kept out since it was last
        looked at is out, who was let in again is in."""
        room = await tx.case(name)
        if room is None or not room.quarantine.cases:
            return room
        cases = {case: await self._looked_at(tx, case) for case in sorted(room.quarantine.cases)}
        result = casework.asked_again(room, await self.setting(tx), cases)
        if not result.events:
            return room
        self.audiences += 1
        await write(tx, name, result)
        return await tx.case(name)

    async def _looked_at(self, tx: Transaction, name: str) -> Case | None:
        """This case, or the one that it goes on in; None: it is gone, or can't be read."""
        try:
            case = await tx.glance(name)
            while case is not None and case.merged_into:
                case = await tx.glance(case.merged_into)
        except SoundnessError as error:
            self.unread(name, error)
            return None
        return case

    async def on_committee(self, decide: Decide) -> Result:
        """Decide on the committee's own record."""
        return await whole(self._on_committee(decide))

    async def _on_committee(self, decide: Decide) -> Result:
        async with self.store.transaction() as tx:
            await tx.ensure_case(COMMITTEE)
            record = await tx.case(COMMITTEE) or Case(id=COMMITTEE)
            setting = await self.setting(tx)
            result = await considered(partial(decide, record, setting), setting, record)
            await write(tx, COMMITTEE, result)
        self.ring(result)
        return result

    async def configured(self, committee: Roster) -> None:
        """The daemon starts with this committee in its configuration."""
        result = await self.on_committee(lambda c, s: roster.noted(c, s, committee))
        if result.letters:
            await self.members_changed()

    async def roster_due(self) -> None:
        await self.on_committee(roster.fall_due)
        await self.members_changed()

    async def members_changed(self) -> None:
        """Look at every open case: somebody may be there no longer."""
        async with self.store.transaction() as tx:
            names = await tx.open_cases()
        for name in names:
            try:
                await self.on(name, roster.members_changed)
            except SoundnessError as error:
                self.unread(name, error)

    def ring(self, result: Result) -> None:
        if result.letters:
            self.bells.outbox.ring()
        if any(state == RELEASED for _, state, _ in result.also):
            self.bells.mail.ring()
        if result.enforce:
            self.bells.enforcement.ring()


async def considered(
    think: Callable[[], T], setting: Setting, *cases: Case, characters: int = 0
) -> T:
    """What may make a letter to every member, of all that these cases hold and of so many
    characters more: in the loop only where that is little."""
    said = characters + sum(case.weight for case in cases)
    return await thought(len(setting.roster.members) * (said + _LETTER), think)


async def unused(tx: Transaction, setting: Setting, count: int) -> tuple[int, ...]:
    """Numbers for mail that is set aside which no such mail has or had."""
    found: list[int] = []
    for tried in itertools.count():
        if len(found) >= count:
            break
        number = drawn(setting.entropy, tried)
        if number not in found and await tx.reference(reference_of(number)) is None:
            found.append(number)
    return tuple(found)


async def write(tx: Transaction, case_id: str, result: Result) -> None:
    # What ends elsewhere goes first: an address that moves here must have left there.
    for other in result.elsewhere:
        if other.opens or other.case == COMMITTEE:
            await tx.ensure_case(other.case)
        if other.events:
            await tx.record(other.case, other.events)
    if result.events:
        await tx.record(case_id, result.events)
    if result.letters:
        await tx.queue(result.letters)
    for mail, state, belongs in result.also:
        if state == RELEASED:
            if not await tx.release_mail(mail):
                raise Permanent("the mail that was to be let in is not set aside any more")
        else:
            await tx.settle_mail(mail, state=state, case=belongs)
