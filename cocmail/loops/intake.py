"""Stored mail becomes casework, one deciding transaction a mail.

Owns the order of things: read, examine, place, write; and each sender's mails in theirs. A mail
that fails is tried again and at last set aside; it never blocks the mail behind it. Refuses to
know roads and what a mail brings about (core). Started by the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from cocmail.core.case import SYSTEM, Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.core.floods import HEAD_START, Rates
from cocmail.core.mail import Mail, Unreadable, author, head, signed
from cocmail.core.people import Address
from cocmail.core.quarantine import TOO_LARGE
from cocmail.core.shortage import no_keys
from cocmail.core.verification import Signature
from cocmail.loops.bell import until_stored, whole
from cocmail.loops.deciding import Deciding, write
from cocmail.loops.examining import (
    NO_KEYS,
    Asked,
    Examined,
    Examiner,
    Files,
    Judge,
    NotYetError,
    Unwrap,
)
from cocmail.loops.outbox import LEASE, delay
from cocmail.loops.placing import Placer, noted
from cocmail.ports import LEFT, MOST_ASKING, Authenticator, Clock, Lists, Transaction, Waiting

log = structlog.get_logger()

_LOOK_EVERY = 2.0  # for what no bell rings: delays that are over, and other processes' work
_AT_ONCE = 4  # are decided beside each other
_LARGE = 1 << 20  # bytes; beyond, a mail isn't held while DNS is waited for
_AT_EASE = 2  # attempts; from then on it may have ended the daemon, and is read where it can't
_MOST_TRIES = 30  # whatever they came to: an hour at least
_NO_RESULT = "It was tried many times, and nothing came of it."
_LONGEST_DELAY = timedelta(minutes=5)
_TOLD_AGAIN = timedelta(days=1)

Read = Callable[[bytes, str | None], Awaitable[Mail | Unreadable]]
_Row = tuple[Address, bool]  # a sender's mails with a head start, or without: what is forged in
# somebody's name, and bears no signature, keeps nothing waiting that does


class Intake:
    """Works through the waiting mail, a few at a time, and each sender's two rows one by one.

    A slot is for deciding alone. Who waits for DNS has none, and takes it afterwards; who waits for
    their sender's turn isn't here at all, but in the store, out of the others' way."""

    def __init__(
        self,
        deciding: Deciding,
        authenticator: Authenticator,
        lists: Lists,
        read: Read,
        judge: Judge,
        clock: Clock,
        files: Files | None = None,
        unwrap: Unwrap | None = None,
        read_apart: Read | None = None,
        new_case: Callable[[], str] = lambda: secrets.token_hex(16),
        rates: Rates | None = None,
    ) -> None:
        self._deciding = deciding
        self._store = deciding.store
        self._examiner = Examiner(
            deciding, authenticator, lists, judge, clock, files, unwrap, rates or Rates()
        )
        self._placer = Placer(deciding, new_case)
        self.readers = self._placer.readers
        self._read = read
        self._read_apart = read_apart or read
        self._clock = clock
        self._at_work: set[_Row] = set()
        self._behind: dict[_Row, dict[str, datetime]] = {}  # mails, and when they came
        self._places = asyncio.Semaphore(MOST_ASKING)  # of these some have a slot
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._told: datetime | None = None  # when the members heard of trouble

    @property
    def trouble(self) -> str:
        """Why signatures can't be checked, for `cocmail status`."""
        return self._examiner.trouble

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._places.acquire()
                await self._slots.acquire()
                try:
                    found = await self._claimed()
                except Temporary as error:
                    log.warning("the store can't be reached; trying again", error=str(error))
                    found = None
                if found is None:
                    self._slots.release()
                    self._places.release()
                    await self._deciding.bells.mail.wait(_LOOK_EVERY)
                else:
                    group.create_task(self._one(*found))
                    del found  # else it stands in memory until the next one comes

    async def _claimed(self) -> tuple[Waiting, _Row | None] | None:
        """A waiting mail, and the row whose turn it then is. None if there is none."""
        while (waiting := await whole(self._claim())) is not None:
            sender = await asyncio.to_thread(author, waiting.raw)
            if sender is None:
                return waiting, None
            # It came by itself, its lease being over: it is in the row where it was before.
            known = waiting.id in self._behind.get((sender, True), {})
            row = (sender, waiting.ahead or known)
            behind = self._behind.setdefault(row, {})
            place = behind.pop(waiting.id, waiting.received - waiting.ahead * HEAD_START)
            if row not in self._at_work and all(place <= other for other in behind.values()):
                self._at_work.add(row)
                return waiting, row
            # A lease: where nobody lives to call it, it comes by itself.
            until = self._clock.now() + LEASE
            behind[waiting.id] = place
            await self._store.postpone_mail(waiting.id, until, begun=False)
            if row not in self._at_work:
                await self._call_next(row)
        return None

    async def _claim(self) -> Waiting | None:
        return await self._store.claim_mail(self._clock.now(), LEASE)

    async def _one(self, waiting: Waiting, row: _Row | None) -> None:
        """With a place and a slot, both of which it gives back."""
        try:
            asked = None
            if row is not None and signed(waiting.raw):
                sender = row[0]
                self._slots.release()
                if len(waiting.raw) > _LARGE:
                    waiting = replace(waiting, raw=head(waiting.raw), whole=False)
                keys = asyncio.create_task(self._examiner.keys(waiting, sender))
                try:
                    await asyncio.wait([keys])
                finally:
                    keys.cancel()
                asked = Asked(sender=sender, keys=keys)
                await self._slots.acquire()
            try:
                lease = LEASE.total_seconds()
                with contextlib.suppress(Temporary):  # else free again when its lease ends
                    await until_stored(lambda: self._handle(waiting, asked), within=lease)
            finally:
                self._slots.release()
        finally:
            self._places.release()
            if row is not None:
                self._at_work.discard(row)
        if row is not None:
            with contextlib.suppress(Temporary):
                await whole(self._call_next(row))

    async def _call_next(self, row: _Row) -> None:
        """The first mail of a row that went back and still waits has its turn. It stays in the row
        until it comes: nothing that is newer there goes past it."""
        behind = self._behind.get(row, {})
        while behind:
            mail = min(behind, key=behind.__getitem__)
            if await self._store.postpone_mail(mail, behind[mail]):
                self._deciding.bells.mail.ring()
                return
            behind.pop(mail, None)
        if row not in self._at_work:
            self._behind.pop(row, None)

    async def _handle(self, waiting: Waiting, asked: Asked | None = None) -> None:
        read: Mail | Unreadable | None = None
        try:
            if not waiting.whole:
                async with self._store.transaction() as tx:
                    raw = await tx.mail_raw(waiting.id)
                waiting = replace(waiting, raw=raw, whole=True)
            if waiting.attempts > _MOST_TRIES:
                raise Permanent(_NO_RESULT)
            if waiting.road == LEFT:
                await self._keep_for_humans(waiting, TOO_LARGE, None)
                return
            read = await self._reading(waiting)(waiting.raw, waiting.return_path)
            if isinstance(read, Unreadable):
                report = await self._unread_report(waiting)
                if report is None:
                    await self._keep_for_humans(waiting, read.why, read)
                    return
                await self._decide(report)
                return
            await self._decide(await self._examiner.examine(waiting, read, asked))
        except NotYetError:
            await self._store.postpone_mail(waiting.id, waiting.received)
            self._deciding.bells.mail.ring()
        except Temporary as error:
            await self._again(waiting, str(error))
        except CocmailError as error:
            log.error("a mail was set aside", mail=waiting.id, error=str(error))
            await self._keep_for_humans(waiting, str(error), read)
        except Exception as error:
            # Whatever a mail does to us, it is kept and the next one is handled. The text of an
            # unforeseen exception can hold a line of the mail, so only its kind is said.
            log.error("a mail was set aside", mail=waiting.id, error=type(error).__name__)
            why = f"cocmail failed on it ({type(error).__name__})."
            await self._keep_for_humans(waiting, why, read)

    async def _unread_report(self, waiting: Waiting) -> Examined | None:
        mail = await self._reading(waiting)(head(waiting.raw), waiting.return_path)
        return (
            None
            if isinstance(mail, Unreadable)
            else await self._examiner.unread_report(waiting, mail)
        )

    def _reading(self, waiting: Waiting) -> Read:
        return self._read if waiting.attempts <= _AT_EASE else self._read_apart

    async def _again(self, waiting: Waiting, why: str) -> None:
        log.warning("a mail waits", mail=waiting.id, attempts=waiting.attempts, error=why)
        until = self._clock.now() + delay(waiting.attempts, _LONGEST_DELAY)
        await self._store.postpone_mail(waiting.id, until)

    async def _decide(self, examined: Examined) -> None:
        waiting, mail = examined.waiting, examined.mail
        async with self._store.transaction() as tx:
            setting = await self._deciding.setting(tx)
            before = await tx.duplicate_of(mail.digest, examined.destination.target)
            if before == waiting.id:
                return  # its lease ran out, or we weren't told that it was written down
            if before is not None:
                await self._file(tx, waiting, "The same mail was here before.")
                return
            case_id, result = await self._placer.place(tx, examined, setting)
            await write(tx, case_id, result)
            place = None if case_id == SYSTEM else case_id
            await _settle(tx, waiting, result.settled, place, result.why)
        self._deciding.ring(result)
        if self.trouble and examined.commands and examined.auth.signature is Signature.UNSURE:
            await self._tell_of_dns()

    async def _tell_of_dns(self) -> None:
        """The members hear, once a day at most, why their commands are asked about."""
        now = self._clock.now()
        if self._told is not None and now < self._told + _TOLD_AGAIN:
            return
        async with self._store.transaction() as tx:
            await tx.ensure_case(COMMITTEE)
            record = await tx.case(COMMITTEE) or Case(id=COMMITTEE)
            result = no_keys(record, await self._deciding.setting(tx), NO_KEYS)
            await write(tx, COMMITTEE, result)
        self._told = now
        self._deciding.ring(result)

    async def _file(self, tx: Transaction, waiting: Waiting, why: str) -> None:
        await write(tx, SYSTEM, noted("filed", why, waiting.id))
        await _settle(tx, waiting, "filed", None, why)

    async def _keep_for_humans(
        self, waiting: Waiting, why: str, read: Mail | Unreadable | None
    ) -> None:
        """Kept whole, set aside, and shown to humans: the members who may know hear of it."""
        try:
            if isinstance(read, Mail):
                await self._keep(waiting, why, read)
                return
        except Temporary:
            raise
        except Exception as error:
            # What failed on it fails again: then it is taken for one that can't be read.
            log.error("a mail is taken for unreadable", mail=waiting.id, error=type(error).__name__)
        try:
            await self._keep(waiting, why, None)
        except Temporary:
            raise
        except Exception as error:
            # It must not block the mail behind it: an operator finds it, and `status` counts it.
            log.error("nobody is told of a mail", mail=waiting.id, error=type(error).__name__)
            self._placer.begin_anew()
            async with self._store.transaction() as tx:
                await write(tx, SYSTEM, noted("set-aside", why, waiting.id))
                await _settle(tx, waiting, "quarantined", None, why)

    async def _keep(self, waiting: Waiting, why: str, mail: Mail | None) -> None:
        async with self._store.transaction() as tx:
            setting = await self._deciding.setting(tx)
            case, result = await self._placer.kept(tx, setting, waiting, why, mail)
            await write(tx, case, result)
            await _settle(tx, waiting, "quarantined", case, why)


async def _settle(
    tx: Transaction, waiting: Waiting, state: str, case: str | None, why: str
) -> None:
    """Raises Temporary where it doesn't wait any more, so that nothing is decided twice."""
    if not await tx.settle_mail(waiting.id, state=state, case=case, why=why, leased=True):
        raise Temporary("it was handled meanwhile")
