"""Letters leave: one at a time, over one connection that is kept.

Owns the retrying: a server that is away keeps all letters waiting, in their order; what it says of
one letter keeps that one alone. A crash between sending and marking sends the same letter once
more, with the same Message-ID. Refuses to know what a letter says. Started by the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import timedelta
from typing import Any

import structlog

from cocmail.core import casework, proofs
from cocmail.core import events as e
from cocmail.core.attached import texts
from cocmail.core.audience import may_know, still_for
from cocmail.core.case import SYSTEM, Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.errors import Away, Permanent, SoundnessError, Temporary
from cocmail.core.files import File
from cocmail.core.letters import Kind, with_files
from cocmail.core.quarantine import is_quarantine
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work
from cocmail.loops.bell import until_stored, whole
from cocmail.loops.deciding import Deciding
from cocmail.ports import Clock, Queued, Submission, Transaction

log = structlog.get_logger()

Copies = Callable[[bytes, int], Awaitable[tuple[File, ...]]]
"""(a mail, the place of the one file that is wanted as it came or 0) → what goes along."""

LEASE = timedelta(minutes=2)
_FIRST_DELAY = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(minutes=10)
_GIVE_UP = timedelta(days=5)  # RFC 5321 section 4.5.4.1: at least four to five days
_LONGEST_ABSENCE = timedelta(minutes=1)  # between looks whether the server is back
_OPENING = 6.0  # seconds for the attachments of a mail: letters behind it wait, and so does SIGTERM
_WITHDRAWN = "It was no longer for them when it could leave."
_UNREAD = "its case can't be read, so whether it is still for them can't be known"
_NO_RECORD = "the committee's record can't be read"
_LOOK_EVERY = 2.0  # for what no bell rings: delays that are over, and other processes' work


def delay(attempts: int, longest: timedelta = _LONGEST_DELAY) -> timedelta:
    """How long to wait after the n-th failed try: 1 s, 2 s, 4 s, … never more than `longest`."""
    return min(_FIRST_DELAY * float(2 ** min(attempts - 1, 20)), longest)


class Outbox:
    """Sends what is queued, for as long as it runs."""

    def __init__(
        self,
        deciding: Deciding,
        submission: Submission,
        clock: Clock,
        *,
        copies: Copies | None = None,
    ) -> None:
        self._copies = copies
        # The last mail's: other members get it too.
        self._opened: tuple[tuple[str, int], tuple[File, ...]] = (("", 0), ())
        self._deciding = deciding
        self._submission = submission
        self._clock = clock
        self._refusals = 0  # in a row, of a server that was away
        self.trouble = ""

    async def run(self) -> None:
        while True:
            try:
                if not await whole(self.send_one()):
                    await self._deciding.bells.outbox.wait(_LOOK_EVERY)
                if self._refusals:
                    pause = delay(self._refusals, _LONGEST_ABSENCE)
                    await asyncio.sleep(pause.total_seconds())
            except Temporary as error:
                log.warning("the store can't be reached; trying again", error=str(error))
                await self._deciding.bells.outbox.wait(_LOOK_EVERY)

    async def send_one(self) -> bool:
        """Send one letter that is due. False if there is none."""
        store = self._deciding.store
        letter = await store.claim_letter(self._clock.now(), LEASE)
        if letter is None:
            return False
        within = LEASE.total_seconds()
        whole = await until_stored(lambda: self._with_originals(letter), within=within)
        # Last of all: while its attachments were opened, its reader may have been kept out.
        withdrawn = await until_stored(lambda: self._withdrawn(letter), within=within)
        settled = withdrawn or await self._send(letter, whole)
        # It is sent, or isn't: what must not be lost now is that we know.
        await until_stored(settled, within=within)
        return True

    async def _with_originals(self, letter: Queued) -> bytes:
        """The letter as it leaves: to a member, with what was attached to the mail that it shows,
        where the community wants that; a text that wasn't shown whole, to who asked for it, in any
        case. What can't be opened stays behind."""
        copying = self._deciding.plain_setting().copying
        if not copying and letter.kind != Kind.ANSWER:
            return letter.message
        if self._copies is None or not letter.party.startswith("member:") or letter.case == SYSTEM:
            return letter.message
        async with self._deciding.store.transaction() as tx:
            known = await self._known(tx, letter)
            note = _note(known[0], letter) if known else None
            leaves = note and known and (copying or _is_text(known[0], note))
            wanted = (note.originals, note.original) if note and leaves else ("", 0)
            mail, only = wanted
            raw = b""
            if mail and wanted != self._opened[0]:
                with contextlib.suppress(Permanent):  # it is gone
                    raw = await tx.mail_raw(mail)
        if not mail:
            return letter.message
        if wanted != self._opened[0]:
            self._opened = (wanted, await self._open(raw, only))
        files = self._opened[1]
        return (
            await asyncio.to_thread(with_files, letter.message, files) if files else letter.message
        )

    async def _open(self, raw: bytes, only: int) -> tuple[File, ...]:
        assert self._copies is not None
        try:
            async with asyncio.timeout(_OPENING):
                return await self._copies(raw, only) if raw else ()
        except (Permanent, TimeoutError) as error:
            log.warning("a copy leaves without its attachments", error=str(error))
            return ()

    async def _send(self, letter: Queued, whole: bytes) -> Callable[[], Coroutine[Any, Any, None]]:
        """How to write down what came of it."""
        away, self._refusals = self._refusals, 0
        try:
            try:
                await self._submission.send(letter.return_path, letter.recipient, whole)
            except Permanent:
                if whole is letter.message:
                    raise
                # A scanner, or a limit of size: what is told must not wait for what is attached.
                await self._submission.send(letter.return_path, letter.recipient, letter.message)
        except Away as error:
            self.trouble = why = str(error)
            self._refusals = away + 1
            return lambda: self._not_now(letter, why)
        except Temporary as error:
            self.trouble = why = str(error)
            return lambda: self._later(letter, why)
        except Permanent as error:
            why = str(error)
            return lambda: self._failed(letter, why)
        self.trouble = ""
        return lambda: self._sent(letter)

    async def _withdrawn(self, letter: Queued) -> Callable[[], Coroutine[Any, Any, None]] | None:
        """How to write down that this letter is no longer for whom it was written to; None: it
        still is."""
        role, _, handle = letter.party.partition(":")
        kind = Kind(letter.kind)
        async with self._deciding.store.transaction() as tx:
            if role != "member":
                there = await self._known(tx, letter)
                to = (letter.party, letter.recipient, kind)
                why = casework.unwanted(there[0], letter.case, *to) if there else ""
                return (lambda: self._take_back(letter, why)) if why else None
            try:
                setting = await self._deciding.setting(tx)
            except SoundnessError as error:
                # All letters to members depend on it: they wait until it was seen to.
                self._deciding.unread(COMMITTEE, error)
                return lambda: self._later(letter, _NO_RECORD)
            try:
                # What belongs to no case has a record that only grows: it is never folded.
                found = letter.case != SYSTEM
                case = await self._deciding.case(tx, letter.case) if found else None
            except SoundnessError as error:
                self._deciding.unread(letter.case, error)
                return lambda: self._failed(letter, _UNREAD)
            case = case or Case(id=letter.case)
            note = _note(case, letter)
            told = note.cases if note else ()
            known = [x for x in told if await self._is_known(tx, setting, x, handle)]
        if note and note.original:
            kind = Kind.MESSAGE  # an answer that is somebody's mail: for who may know of it now
        if still_for(case, setting, handle, kind) and len(known) == len(told):
            return None
        return lambda: self._withdraw(letter, case.id, known)

    async def _is_known(self, tx: Transaction, setting: Setting, name: str, handle: str) -> bool:
        """Whether this member may know of a case that a digest, or a list of what is set aside,
        tells of."""
        member = setting.roster.get(handle)
        try:
            case = await self._deciding.case(tx, name)
        except SoundnessError as error:
            self._deciding.unread(name, error)
            return False
        return case is not None and member is not None and may_know(case, setting, member)

    async def _known(self, tx: Transaction, letter: Queued) -> tuple[Case, Setting] | None:
        """The letter's case, where it can be read: what came of the letter is settled anyway."""
        try:
            case = await self._deciding.case(tx, letter.case) if letter.case != SYSTEM else None
            return (case, await self._deciding.setting(tx)) if case is not None else None
        except SoundnessError as error:
            self._deciding.unread(letter.case, error)
            return None

    async def _withdraw(self, letter: Queued, case: str, known: Iterable[str]) -> None:
        """``known``: the cases of a digest that its reader may know still: the next tells them."""
        handle = letter.party.removeprefix("member:")
        async with self._deciding.store.transaction() as tx:
            if await tx.settle_letter(letter.id, state="withdrawn"):
                gone = e.Undelivered(party=letter.party, letter=letter.id, why=_WITHDRAWN)
                named = known if case == COMMITTEE else ()
                again = [e.DigestWanted(case=name, handles=(handle,)) for name in named]
                await tx.record(case, [gone, *again])
                if is_quarantine(case):
                    await self._untold(tx, handle)

    async def _untold(self, tx: Transaction, handle: str) -> None:
        """What waits, in all records, is news to this member still: it may be for nobody else."""
        for name in filter(is_quarantine, await tx.aside_in()):
            try:
                room = await tx.case(name)
            except SoundnessError as error:
                self._deciding.unread(name, error)
                continue
            if room is not None and handle in room.quarantine.told:
                await tx.record(name, [e.QuarantineUntold(handle=handle)])

    async def _take_back(self, letter: Queued, why: str) -> None:
        result: Result | None = None
        async with self._deciding.store.transaction() as tx:
            if not await tx.settle_letter(letter.id, state="withdrawn"):
                return
            if known := await self._known(tx, letter):
                work = Work(*known)
                casework.taken_back(work, letter.party, letter.id, why)
                result = work.result()
                await tx.record(known[0].id, result.events)
                await tx.queue(result.letters)
        if result is not None:
            self._deciding.ring(result)

    async def _not_now(self, letter: Queued, why: str) -> None:
        """The letter has done nothing to be behind the others when the server is back."""
        if self._clock.now() - letter.queued > _GIVE_UP:
            await self._failed(letter, why)
            return
        log.warning("letters wait", error=why)
        await self._deciding.store.postpone_letter(letter.id, letter.turn)

    async def _later(self, letter: Queued, why: str) -> None:
        if self._clock.now() - letter.queued > _GIVE_UP:
            await self._failed(letter, why)
            return
        log.warning("a letter waits", kind=letter.kind, attempts=letter.attempts, error=why)
        until = self._clock.now() + delay(letter.attempts)
        await self._deciding.store.postpone_letter(letter.id, until)

    async def _sent(self, letter: Queued) -> None:
        result: Result | None = None
        async with self._deciding.store.transaction() as tx:
            settled = await tx.settle_letter(letter.id, state="sent")
            told = settled and letter.kind == Kind.LETTER
            if told and (known := await self._known(tx, letter)):
                result = proofs.letter_left(*known, letter.id)
                await tx.record(known[0].id, result.events)
        if result is not None:
            self._deciding.ring(result)

    async def _failed(self, letter: Queued, why: str) -> None:
        log.error("a letter could not be delivered", kind=letter.kind, error=why)
        result: Result | None = None
        async with self._deciding.store.transaction() as tx:
            if not await tx.settle_letter(letter.id, state="failed"):
                return
            if known := await self._known(tx, letter):
                result = _undelivered(*known, letter)
                await tx.record(known[0].id, result.events)
                await tx.queue(result.letters)
        if result is not None:
            self._deciding.ring(result)


def _note(case: Case, letter: Queued) -> e.LetterNote | None:
    return next((n for n in case.letters if n.letter == letter.id), None)


def _is_text(case: Case, note: e.LetterNote) -> bool:
    """Whether it sends a text that wasn't shown whole."""
    mails = [m.received for m in case.messages if m.received.mail == note.originals]
    return any(note.original in texts(received) for received in mails)


def _undelivered(case: Case, setting: Setting, letter: Queued) -> Result:
    work = Work(case, setting)
    casework.undelivered(work, letter.party, letter.id, "Our mail server would not take it.")
    work.enforce = letter.kind == Kind.LETTER
    return work.result()
