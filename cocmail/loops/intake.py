"""Stored mail becomes casework, one deciding transaction a mail.

Owns the order of things: read, see which addresses of ours it came to, prove the sender, look up
what must be known, then decide and write. A mail that fails is tried again and at last set aside;
it never blocks the mail behind it. Refuses to know roads and what a mail brings about (core).
Started by the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from cocmail.core import casework
from cocmail.core import events as e
from cocmail.core.arrival import Fate, arrived
from cocmail.core.audience import known_as, may_know
from cocmail.core.case import SYSTEM, Case
from cocmail.core.casework import Incoming
from cocmail.core.commands import Command, Problem, parse
from cocmail.core.committee import COMMITTEE
from cocmail.core.enforcement import Observed, Question
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.core.escalation import HELP
from cocmail.core.escrow import KEPT
from cocmail.core.files import File
from cocmail.core.filtering import Judgement, fold
from cocmail.core.floods import Rates
from cocmail.core.letters import Kind, usable_id
from cocmail.core.mail import Mail, Unreadable, author, head, weight_of
from cocmail.core.minting import is_ours
from cocmail.core.people import Address, Member, Private
from cocmail.core.quarantine import is_quarantine
from cocmail.core.returned import RETURN, UNREAD, Returned
from cocmail.core.setting import Setting
from cocmail.core.shortage import no_keys
from cocmail.core.threads import Destination, destination, meant
from cocmail.core.verification import UNPROVED, Authentication, Signature
from cocmail.core.watching import theirs
from cocmail.core.wishes import wishes
from cocmail.core.work import Result, Work
from cocmail.loops.aside import Asides
from cocmail.loops.bell import thought, until_stored, whole
from cocmail.loops.deciding import Deciding, write
from cocmail.loops.outbox import LEASE, delay
from cocmail.loops.pace import Pace
from cocmail.ports import RELEASED, Authenticator, Clock, Found, Lists, Transaction, Waiting

log = structlog.get_logger()

_LOOK_EVERY = 2.0  # for what no bell rings: delays that are over, and other processes' work
_AT_ONCE = 4
_MOST_ATTEMPTS = 12  # to check a signature
_AT_EASE = 2  # attempts; from then on it may have ended the daemon, and is read where it can't
_MOST_TRIES = 30  # whatever they came to: an hour at least
_NO_RESULT = "It was tried many times, and nothing came of it."
_MOST_BESIDE = 200  # cases looked at for one mail: of more, some stay unread
_MOST_PICTURES = 10  # mails of other people whose pictures a picture is held against
_LONGEST_DELAY = timedelta(minutes=5)
_LETTER = 500  # characters: what one costs to write, whatever it says
_COMMANDS = "commands"  # for what the marks of a mail with commands are remembered
_TOLD_AGAIN = timedelta(days=1)
_NO_KEYS = "DNS doesn't answer: signatures can't be checked, so commands wait and are asked about"

Read = Callable[[bytes, str | None], Awaitable[Mail | Unreadable]]
Unwrap = Callable[[bytes], Awaitable[Returned]]
Files = Callable[[bytes, Sequence[bytes]], Awaitable[tuple[File, ...]]]
Judge = Callable[[bytes, Mail], Awaitable[Judgement]]


@dataclass(frozen=True, kw_only=True)
class _Ahead:
    """What a mail would do, to see what must be looked up before."""

    commands: tuple[Command, ...] = ()
    addresses: tuple[Address, ...] = field(default=(), repr=False)  # whose memberships
    lists: tuple[str, ...] = ()  # and groups: whose bans
    attached: bytes | None = field(default=None, repr=False)  # the mail whose files would leave
    others: tuple[bytes, ...] = field(default=(), repr=False)  # other people's mails with files


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A mail with what had to be looked up before deciding."""

    waiting: Waiting = field(repr=False)
    mail: Mail = field(repr=False)
    commands: tuple[Command, ...] = ()  # that it would run
    destination: Destination = field(repr=False)
    auth: Authentication = UNPROVED
    observed: Observed | None = field(default=None, repr=False)
    judgement: Judgement = fold(())
    flood: str = ""  # why it is answered by nobody
    files: tuple[File, ...] = field(default=(), repr=False)  # as they would leave
    returned: Returned = UNREAD


class Intake:
    """Works through the waiting mail, a few at a time, each sender's in order."""

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
        self._new_case = new_case
        self._asides = Asides(deciding, new_case)
        self._store = deciding.store
        self._authenticator = authenticator
        self._lists = lists
        self._read = read
        self._judge = judge
        self._files = files
        self._unwrap = unwrap
        self._read_apart = read_apart or read
        self._clock = clock
        self._pace = Pace(rates or Rates())
        self._senders: dict[Address, asyncio.Lock] = {}
        self._queued: Counter[Address] = Counter()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self.trouble = ""  # for `cocmail status`
        self._told: datetime | None = None  # when the members heard of it

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._slots.acquire()
                try:
                    started = await self._start(group)
                except Temporary as error:
                    log.warning("the store can't be reached; trying again", error=str(error))
                    started = False
                if not started:
                    self._slots.release()
                    await self._deciding.bells.mail.wait(_LOOK_EVERY)

    async def _start(self, group: asyncio.TaskGroup) -> bool:
        """Claim a waiting mail and set to work on it. False if there is none."""
        waiting = await whole(self._store.claim_mail(self._clock.now(), LEASE))
        if waiting is None:
            return False
        sender = await asyncio.to_thread(author, waiting.raw)
        # A place in the queue is taken before the next mail is claimed, so that one sender's
        # mails keep their order; it is waited for after, so that only theirs do.
        turn = None if sender is None else self._queue_up(sender)
        await asyncio.sleep(0)
        group.create_task(self._one(waiting, sender, turn))
        return True

    async def _one(
        self, waiting: Waiting, sender: Address | None, turn: asyncio.Task[bool] | None
    ) -> None:
        try:
            async with self._in_turn(sender, turn):
                lease = LEASE.total_seconds()
                with contextlib.suppress(Temporary):  # else free again when its lease ends
                    await until_stored(lambda: self._handle(waiting), within=lease)
        finally:
            self._slots.release()

    def _queue_up(self, sender: Address) -> asyncio.Task[bool]:
        lock = self._senders.setdefault(sender, asyncio.Lock())
        self._queued[sender] += 1
        return asyncio.create_task(lock.acquire())

    @contextlib.asynccontextmanager
    async def _in_turn(
        self, sender: Address | None, turn: asyncio.Task[bool] | None
    ) -> AsyncIterator[None]:
        if turn is None or sender is None:
            yield
            return
        await turn
        lock = self._senders[sender]
        try:
            yield
        finally:
            lock.release()
            self._queued[sender] -= 1
            if not self._queued[sender]:
                del self._queued[sender], self._senders[sender]

    async def _handle(self, waiting: Waiting) -> None:
        read: Mail | Unreadable | None = None
        try:
            if waiting.attempts > _MOST_TRIES:
                raise Permanent(_NO_RESULT)
            read = await self._reading(waiting)(waiting.raw, waiting.return_path)
            if isinstance(read, Unreadable):
                report = await self._unread_report(waiting)
                if report is None:
                    await self._keep_for_humans(waiting, read.why, read)
                    return
                await self._decide(report)
                return
            await self._decide(await self._examine(waiting, read))
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

    def _reading(self, waiting: Waiting) -> Read:
        return self._read if waiting.attempts <= _AT_EASE else self._read_apart

    async def _again(self, waiting: Waiting, why: str) -> None:
        log.warning("a mail waits", mail=waiting.id, attempts=waiting.attempts, error=why)
        until = self._clock.now() + delay(waiting.attempts, _LONGEST_DELAY)
        await self._store.postpone_mail(waiting.id, until)

    # -- before deciding ---------------------------------------------------------------------

    async def _examine(self, waiting: Waiting, mail: Mail) -> Examined:
        setting = self._deciding.plain_setting()
        where = destination(mail, waiting.recipients, setting.address, setting.delimiter)
        auth = UNPROVED
        if mail.sender is not None and not mail.automatic:
            auth = await self._authenticator.authenticate(
                waiting.raw, mail.sender.address, waiting.account
            )
        found = await self._made(where)
        if flood := await self._flood(waiting, mail, auth, found):
            return Examined(waiting=waiting, mail=mail, destination=where, auth=auth, flood=flood)
        returned = await self._came_back(waiting, found)
        ahead = await self._ahead(waiting, mail, where)
        commands = ahead.commands
        if commands and auth.signature is Signature.UNSURE:
            if mail.sender and setting.roster.by_address(mail.sender.address):
                self.trouble = _NO_KEYS
            if waiting.attempts < _MOST_ATTEMPTS:
                raise Temporary("DNS did not answer, so a signature could not be checked")
        elif auth.signature in (Signature.SOUND, Signature.FAILED):
            self.trouble = ""
        observed = None
        if ahead.addresses:
            observed = await self._observe(ahead.addresses, ahead.lists, setting.groups)
        files: tuple[File, ...] = ()
        if ahead.attached is not None and self._files is not None:
            files = await self._files(ahead.attached, ahead.others)
        return Examined(
            waiting=waiting,
            mail=mail,
            commands=commands,
            destination=where,
            auth=auth,
            observed=observed,
            judgement=await self._judge(waiting.raw, mail),
            files=files,
            returned=returned or UNREAD,
        )

    async def _made(self, where: Destination) -> tuple[Found, ...]:
        """Where those of its reply addresses lead that we made."""
        if not where.tokens:
            return ()
        async with self._store.transaction() as tx:
            found = [await tx.token(token) for token in where.tokens]
        return tuple(one for one in found if one is not None)

    async def _came_back(self, waiting: Waiting, found: Sequence[Found]) -> Returned | None:
        """What it says of a letter; None where it didn't come to a return path of ours."""
        if not any(map(_is_return_path, found)):
            return None
        return UNREAD if self._unwrap is None else await self._unwrap(waiting.raw)

    async def _unread_report(self, waiting: Waiting) -> Examined | None:
        """A mail to a return path belongs to its case, even where only its header can be read."""
        mail = await self._reading(waiting)(head(waiting.raw), waiting.return_path)
        if isinstance(mail, Unreadable):
            return None
        setting = self._deciding.plain_setting()
        where = destination(mail, waiting.recipients, setting.address, setting.delimiter)
        returned = await self._came_back(waiting, await self._made(where))
        if returned is None:
            return None
        return Examined(waiting=waiting, mail=mail, destination=where, returned=returned)

    async def _flood(
        self, waiting: Waiting, mail: Mail, auth: Authentication, found: Sequence[Found]
    ) -> str:
        """Why this mail is one of too many; "" if it isn't, or needs no answer."""
        if mail.automatic or waiting.road == RELEASED:
            return ""
        parties = {(one.case, one.party) for one in found}
        roster = self._deciding.plain_setting().roster
        return await self._pace.too_much(waiting.id, mail, auth, parties, roster, self._clock.now())

    async def _ahead(self, waiting: Waiting, mail: Mail, where: Destination) -> _Ahead:
        if not where.tokens:
            return _Ahead()
        commands = await thought(len(mail.text), lambda: casework.looks_ahead(mail))
        if not commands:
            return _Ahead()
        async with self._store.transaction() as tx:
            found = await tx.token(where.tokens[0])
            case = await tx.case(found.case) if found else None
            if found is None or case is None:
                return _Ahead()
            held = case.held.get(found.about) if found.purpose == "confirm" else None
            wanted = parse(held.text).commands if held else commands
            attached: bytes | None = None
            others: tuple[bytes, ...] = ()
            for command in wanted:
                waits = case.withheld.get(command.number or 0)
                if command.word == "attach":
                    attached = await tx.mail_raw(held.mail) if held else waiting.raw
                elif command.word == "release" and waits and waits.mail:
                    attached = await tx.mail_raw(waits.mail)
            if attached is not None:
                others = tuple([
                    await tx.mail_raw(m.received.mail)
                    for m in case.messages
                    if m.received.attachments and not m.received.party.startswith("member:")
                ][-_MOST_PICTURES:])  # fmt: skip
        addresses: list[Address] = []
        lists: list[str] = []
        for command in wanted:
            if command.word in ("sanction", "respondent", "interim", "history", "watch"):
                addresses.extend(command.addresses)
            if command.word == "watch":
                addresses.extend(a for one in command.addresses for a in theirs(case, one))
            lists.extend(command.scope)
            if command.word == "lift" and command.target in case.sanctions:
                sanction = case.sanctions[command.target]
                addresses.extend(sanction.addresses)
                lists.extend((*sanction.scope.groups, *sanction.scope.lists))
            if command.word in ("same", "different"):
                addresses.extend(command.addresses)
                addresses.extend(
                    case.leads[n].found.address for n in command.numbers if n in case.leads
                )
        return _Ahead(
            commands=wanted,
            addresses=tuple(dict.fromkeys(addresses)),
            lists=tuple(dict.fromkeys(lists)),
            attached=attached,
            others=others,
        )

    async def _observe(
        self,
        addresses: tuple[Address, ...],
        names: tuple[str, ...],
        groups: Mapping[str, tuple[str, ...]],
    ) -> Observed | None:
        lists = tuple(name for one in names for name in groups.get(one, (one,)))
        try:
            asked = Question(addresses=addresses, lists=lists, tagged=True)
            return await self._lists.observe([asked])
        except CocmailError as error:
            # The committee can decide while Mailman is away; the ballot says that it was.
            log.warning("Mailman could not be asked for a plan", error=str(error))
            return None

    # -- deciding ----------------------------------------------------------------------------

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
            case_id, result = await self._place(tx, examined, setting)
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
            result = no_keys(record, await self._deciding.setting(tx), _NO_KEYS)
            await write(tx, COMMITTEE, result)
        self._told = now
        self._deciding.ring(result)

    async def _place(
        self, tx: Transaction, examined: Examined, setting: Setting
    ) -> tuple[str, Result]:
        """Find the case and the party, or open a case."""
        mail = examined.mail
        found = [
            (token, there)
            for token in examined.destination.tokens
            if (there := await tx.token(token)) is not None
        ]
        waiting = examined.waiting
        if waiting.road == RELEASED:  # members took it for a report
            found = [(t, there) for t, there in found if not _no_case(there.case)]
        elif not any(_is_return_path(there) for _, there in found) and (
            mail.message_id and await tx.minted(mail.message_id)
        ):
            return SYSTEM, _noted("filed", "It is mail of ours that came back.", waiting.id)
        if len(found) > 1:
            return await self._two_addresses(tx, examined, setting)
        if found and not await self._stands_alone(tx, examined, setting, found[0][1]):
            return await self._in_case(tx, examined, setting, found[0][1])
        arrival = await thought(
            mail.weight,
            lambda: arrived(
                mail,
                examined.judgement,
                setting.roster,
                junk=waiting.junk,
                flood=examined.flood,
                released=waiting.road == RELEASED,
                ours=is_ours(_address(mail), setting.address, setting.delimiter) is not None,
            ),
        )
        if arrival.fate is Fate.FILED:
            return SYSTEM, _noted("filed", arrival.why, waiting.id)
        answered = await self._answered(tx, examined, setting) if not found else None
        if answered and not await self._stands_alone(tx, examined, setting, answered):
            return await self._in_case(tx, examined, setting, answered)
        member = setting.roster.by_address(mail.sender.address) if mail.sender else None
        if member is not None and arrival.fate is Fate.REFUSED:
            return SYSTEM, self._nowhere(examined, setting, member, arrival.why)
        if arrival.fate is Fate.SET_ASIDE:
            return await self._put_aside(tx, examined, setting, arrival.why)
        incoming = await self._as_report(tx, examined, setting)
        repeated = None if waiting.road == RELEASED else await _repeated(tx, incoming, setting)
        if repeated is not None:
            return repeated
        case_id = self._new_case()
        await tx.open_case(case_id)
        case = Case(id=case_id)
        return case_id, await thought(
            _of_letters(mail.weight, setting), lambda: casework.report(case, setting, incoming)
        )

    async def _put_aside(
        self,
        tx: Transaction,
        examined: Examined,
        setting: Setting,
        why: str,
        *,
        readable: bool = True,
    ) -> tuple[str, Result]:
        return await self._asides.put(
            tx,
            setting,
            examined.waiting,
            why,
            report=await self._as_report(tx, examined, setting),
            urgent=bool(examined.judgement.urgent),
            readable=readable,
        )

    async def _as_report(self, tx: Transaction, examined: Examined, setting: Setting) -> Incoming:
        """The mail with all that a report of it depends on."""
        mail = examined.mail
        authors = await thought(len(mail.claimants), lambda: casework.authors(mail, setting.roster))
        apart = frozenset[str]()
        for one in authors:
            apart |= await tx.recused_with(one.handle)
            apart |= await self._not_let_in(tx, setting, one)
        return replace(
            _incoming(examined),
            kept_apart=apart,
            urgent=examined.judgement.urgent,
            tags=examined.judgement.tags,
            beside=await self._of_sender(tx, examined),
        )

    async def _of_sender(self, tx: Transaction, examined: Examined) -> dict[str, Case]:
        """Cases that a new report may belong together with."""
        mail = examined.mail
        names = dict.fromkeys(f.case for f in await tx.cases_of_address(Address(KEPT)))
        if mail.sender is not None:
            found = await tx.cases_of_address(mail.sender.address)
            names |= dict.fromkeys(f.case for f in found)
        wished = await thought(mail.weight, lambda: wishes(mail.whole))
        if examined.destination.kept or wished.keeps:
            names |= dict.fromkeys(await tx.open_cases())
        return await _glances(tx, names)

    async def _not_let_in(
        self, tx: Transaction, setting: Setting, author: Member
    ) -> frozenset[str]:
        """Who joined the committee after a case that this member is in, and isn't in it."""
        late = [m for m in setting.roster.members if m.since is not None]
        cases = [await tx.glance(name) for name in await tx.open_cases()] if late else []
        return frozenset(
            m.handle
            for case in cases
            if case is not None and may_know(case, setting, author)
            for m in late
            if not may_know(case, setting, m)
        )

    async def _answered(
        self, tx: Transaction, examined: Examined, setting: Setting
    ) -> Found | None:
        """The party to whom we sent a mail that this one answers, if the sender is that party."""
        mail = examined.mail
        places: dict[tuple[str, str], Found] = {}
        for message_id in (*mail.in_reply_to, *mail.references)[-50:]:
            there = await tx.minted(message_id)
            if there is not None:
                places[(there.case, there.party)] = there
        if mail.sender is None or len({case for case, _ in places}) != 1:
            return None
        for there in places.values():
            case = await tx.case(there.case)
            if case is not None and mail.sender.address in _addresses(case, setting, there.party):
                role, _, name = there.party.partition(":")
                member = known_as(case, setting, name) if role == "member" else None
                if role != "member" or (member and may_know(case, setting, member)):
                    return replace(there, purpose="reply", about="")
        return None

    async def _stands_alone(
        self, tx: Transaction, examined: Examined, setting: Setting, found: Found
    ) -> bool:
        case = await tx.case(found.case)
        return case is not None and stands_alone(case, setting, _incoming(examined), found)

    async def _in_case(
        self, tx: Transaction, examined: Examined, setting: Setting, found: Found
    ) -> tuple[str, Result]:
        case = await tx.case(found.case)
        if case is None:
            raise Permanent("a reply address leads to a case that is gone")
        incoming = replace(_incoming(examined), purpose=found.purpose, about=found.about)
        marks = casework.marks_of(incoming, setting)
        beside = await self._beside(tx, case, examined, found.party)
        replayed = bool(marks) and await tx.seen(marks)
        if examined.commands:
            # What was refused, or waits for a confirmation, must not run by itself later on.
            for mark in marks:
                replayed |= await tx.duplicate_of(mark, _COMMANDS) is not None
        incoming = replace(
            incoming,
            replayed=replayed,
            beside=beside,
            pasts=await _pasts(tx, beside, examined),
        )
        if case.links or case.suggested:
            setting = await self._deciding.setting(tx, case)
        # What was said before is looked at too, where something leaves.
        weight = _of_letters(_said(case) + examined.mail.weight, setting)
        result = await thought(weight, lambda: in_case(case, setting, incoming, found))
        if result.settled == "quarantined" and _no_case(found.case):
            return await self._put_aside(tx, examined, setting, result.why)
        return found.case, result

    async def _beside(
        self, tx: Transaction, case: Case, examined: Examined, party: str
    ) -> dict[str, Case]:
        """The other cases that commands name, or that know a person whom they name."""
        names: dict[str, None] = {}
        if party.startswith("reporter:"):  # who may name somebody whom a kept report is about
            names |= dict.fromkeys(f.case for f in await tx.cases_of_address(Address(KEPT)))
        if case.kept:
            names |= dict.fromkeys(await tx.open_cases())
        for command in examined.commands:
            if command.word in ("link", "merge"):
                found = await tx.reference(command.target)
                if found is not None:
                    names[found] = None
                    await tx.case(found)  # it is written to: its row is locked
            if command.word in ("respondent", "sanction"):
                names |= dict.fromkeys(f.case for f in await tx.cases_of_address(Address(KEPT)))
            for address in command.addresses:
                for one in (address, *_linked(examined, address)):
                    names |= dict.fromkeys(f.case for f in await tx.cases_of_address(one))
        names.pop(case.id, None)
        return await _glances(tx, names)

    # -- what belongs to no case -------------------------------------------------------------

    async def _two_addresses(
        self, tx: Transaction, examined: Examined, setting: Setting
    ) -> tuple[str, Result]:
        why = "It came to two different reply addresses."
        member = _member(examined, setting)
        if examined.mail.automatic:
            return SYSTEM, _noted("filed", why, examined.waiting.id)
        if member is None:
            return await self._put_aside(tx, examined, setting, why, readable=False)
        work = Work(Case(id=SYSTEM), setting)
        problem = Problem(
            "your mail went to two of our reply addresses, so it isn't clear where it belongs",
            "one mail to each",
        )
        _refuse(work, examined, member, problem)
        work.happen(e.Happened(what="set-aside", detail=why, mail=examined.waiting.id))
        return SYSTEM, work.result(settled="quarantined", why=why)

    def _nowhere(self, examined: Examined, setting: Setting, member: Member, why: str) -> Result:
        work = Work(Case(id=SYSTEM), setting)
        problem = Problem(
            "commands work only in an answer to a mail of a case,"
            " and this came to the public address",
            "the same as an answer to a mail of that case",
        )
        _refuse(work, examined, member, problem)
        work.happen(e.Happened(what="filed", detail=why, mail=examined.waiting.id))
        return work.result(settled="filed", why=why)

    async def _file(self, tx: Transaction, waiting: Waiting, why: str) -> None:
        await write(tx, SYSTEM, _noted("filed", why, waiting.id))
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
            self._asides.begin_anew()
            async with self._store.transaction() as tx:
                await write(tx, SYSTEM, _noted("set-aside", why, waiting.id))
                await _settle(tx, waiting, "quarantined", None, why)

    async def _keep(self, waiting: Waiting, why: str, mail: Mail | None) -> None:
        async with self._store.transaction() as tx:
            setting = await self._deciding.setting(tx)
            report: Incoming | None = None
            if mail is not None:
                where = destination(mail, waiting.recipients, setting.address, setting.delimiter)
                examined = Examined(waiting=waiting, mail=mail, destination=where)
                report = await self._as_report(tx, examined, setting)
            case, result = await self._asides.put(
                tx, setting, waiting, why, report=report, readable=False
            )
            await write(tx, case, result)
            await _settle(tx, waiting, "quarantined", case, why)


async def _settle(
    tx: Transaction, waiting: Waiting, state: str, case: str | None, why: str
) -> None:
    """Raises Temporary where it doesn't wait any more, so that nothing is decided twice."""
    if not await tx.settle_mail(waiting.id, state=state, case=case, why=why, leased=True):
        raise Temporary("it was handled meanwhile")


def _address(mail: Mail) -> Address:
    return mail.sender.address if mail.sender else Address("")


def _is_return_path(found: Found) -> bool:
    return RETURN in (found.purpose, found.about)


async def _repeated(
    tx: Transaction, incoming: Incoming, setting: Setting
) -> tuple[str, Result] | None:
    """The case of the same report, sent before by the same person, and what happens there."""

    async def first_in(case: Case | None) -> e.Received | None:
        if case is None:
            return None
        look = partial(casework.sent_before, case, setting, incoming)
        return await thought(_said(case) + incoming.mail.weight, look)

    for name, glanced in incoming.beside.items():
        if await first_in(glanced) is None:
            continue
        case = await tx.case(name)  # its row is locked
        first = await first_in(case)
        if case is not None and first is not None:
            joins = partial(casework.again, case, setting, incoming, first)
            return name, await thought(_of_letters(incoming.mail.weight, setting), joins)
    return None


def _said(case: Case) -> int:
    """Characters of all that came to it."""
    every = [m.received for m in case.messages]
    return sum(
        len(r.subject) + len(r.text) + weight_of((r.name, *r.claims, *r.attachments)) for r in every
    )


def _of_letters(characters: int, setting: Setting) -> int:
    """Of letters to every member that say so much."""
    return len(setting.roster.members) * (characters + _LETTER)


def _no_case(record: str) -> bool:
    """Whether what has this id in the ledger is a record of the committee's as a whole."""
    return record == COMMITTEE or is_quarantine(record)


def stands_alone(case: Case, setting: Setting, incoming: Incoming, found: Found) -> bool:
    """Whether a mail that keeps members out is a report of its own, whatever case it came to. In
    the case all who are there would read it, but for what its own outsiders ask, where it is sure
    that it is they, and whom they mean."""
    where = incoming.destination
    if incoming.mail.automatic or not (where.left_out or where.kept):
        return False
    known = (
        not found.party.startswith("member:")
        and found.purpose not in ("dead", "return")
        and incoming.address in _addresses(case, setting, found.party)
        and incoming.auth.signature is not Signature.FAILED
        and not casework.is_doubtful(case, found.party)
    )
    everybody = all(meant(handle, setting.roster) for handle in where.left_out)
    return not known or not everybody or (where.kept and not case.kept)


def in_case(case: Case, setting: Setting, incoming: Incoming, found: Found) -> Result:
    """Who wrote through whose reply address decides what a mail can do."""
    party = found.party
    if _is_return_path(found):
        addresses = _addresses(case, setting, party)
        return casework.came_back(case, setting, incoming, party, addresses)
    if incoming.mail.automatic:
        return casework.from_machine(case, setting, incoming, party)
    if _no_case(case.id):
        return casework.to_no_case(case, setting, incoming, party)
    if found.purpose == "dead":
        why = "It came to a reply address that is no longer in use."
        return casework.from_stranger(case, setting, incoming, party, why)
    if incoming.address not in _addresses(case, setting, party):
        why = "Its sender isn't the person whom the reply address was made for."
        return casework.from_stranger(case, setting, incoming, party, why)
    role, _, handle = party.partition(":")
    if role != "member":
        return casework.from_outsider(case, setting, incoming, party)
    member = known_as(case, setting, handle)
    if member is not None and found.purpose == HELP:
        return casework.from_guest(case, setting, incoming, member)
    if member is None or not may_know(case, setting, member):
        why = "Its sender isn't in this case."
        return casework.from_stranger(case, setting, replace(incoming, purpose="dead"), party, why)
    return casework.from_member(case, setting, incoming, member)


def _addresses(case: Case, setting: Setting, party: str) -> tuple[Address, ...]:
    role, _, name = party.partition(":")
    if role == "member":
        member = known_as(case, setting, name)
        return member.addresses if member else ()
    known = case.parties.get(party)
    if known is None:
        return ()
    # A member who reports is asked about it at the roster's address, and may have others there.
    members = filter(None, map(setting.roster.whose, known.addresses))
    return (*known.addresses, *(address for one in members for address in one.addresses))


async def _glances(tx: Transaction, names: Iterable[str]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for name in sorted(names)[-_MOST_BESIDE:]:
        other = await tx.glance(name)
        if other is not None:
            found[name] = other
    return found


async def _pasts(
    tx: Transaction, beside: Iterable[str], examined: Examined
) -> dict[str, tuple[e.Past, ...]]:
    """All that happened in those cases, where one of them is to be merged."""
    if not any(command.word == "merge" for command in examined.commands):
        return {}
    return {
        name: tuple(
            e.Past(at=at, event=Private(e.encode(event).decode()))
            for at, event in await tx.past(name)
        )
        for name in beside
    }


def _linked(examined: Examined, address: Address) -> tuple[Address, ...]:
    return examined.observed.linked.get(address, ()) if examined.observed else ()


def _member(examined: Examined, setting: Setting) -> Member | None:
    sender = examined.mail.sender
    return setting.roster.by_address(sender.address) if sender else None


def _incoming(examined: Examined) -> Incoming:
    return Incoming(
        id=examined.waiting.id,
        mail=examined.mail,
        auth=examined.auth,
        destination=examined.destination,
        observed=examined.observed,
        files=examined.files,
        returned=examined.returned,
        flood=examined.flood,
    )


def _noted(settled: str, why: str, mail: str) -> Result:
    return Result(
        events=(e.Happened(what=settled, detail=why, mail=mail),),
        letters=(),
        settled=settled,
        why=why,
    )


def _refuse(work: Work, examined: Examined, member: Member, problem: Problem) -> None:
    first = next((ln.strip() for ln in examined.mail.text.split("\n") if ln.strip()), "")
    work.to_member(
        member,
        Kind.REFUSAL,
        "refusal",
        {"line": first[:400], "why": problem.why, "right": problem.right},
        answering=usable_id(examined.mail.message_id),
    )
