"""What must be looked up before a mail is decided on.

Owns the order of the questions: who sent it, whether it is one too many, what it would do, what
Mailman says of whom it names, what the filters say where that counts. Refuses to decide. Called by
loops/intake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from cocmail.core import casework
from cocmail.core.audience import addresses_of
from cocmail.core.commands import Command, parse
from cocmail.core.committee import COMMITTEE
from cocmail.core.enforcement import Observed, Question
from cocmail.core.errors import CocmailError, Temporary
from cocmail.core.files import File
from cocmail.core.filtering import Judgement, fold
from cocmail.core.floods import Rates
from cocmail.core.mail import Mail
from cocmail.core.people import Address
from cocmail.core.quarantine import is_quarantine
from cocmail.core.returned import RETURN, UNREAD, Returned
from cocmail.core.threads import Destination, destination
from cocmail.core.verification import UNPROVED, Authentication, Signature, of_sender
from cocmail.loops.bell import thought
from cocmail.loops.deciding import Deciding
from cocmail.loops.pace import Pace
from cocmail.ports import RELEASED, Authenticator, Clock, Found, Keys, Lists, Waiting

log = structlog.get_logger()

_MOST_ATTEMPTS = 12  # to check a signature
_MOST_PICTURES = 10  # mails of other people whose pictures a picture is held against
NO_KEYS = "DNS doesn't answer: signatures can't be checked, so commands wait and are asked about"

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


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The keys of a mail, which were asked for before its turn."""

    sender: Address = field(repr=False)
    keys: Awaitable[Keys]


class NotYetError(Exception):
    """A mail has a head start that it didn't earn."""


class Examiner:
    def __init__(
        self,
        deciding: Deciding,
        authenticator: Authenticator,
        lists: Lists,
        judge: Judge,
        clock: Clock,
        files: Files | None,
        unwrap: Unwrap | None,
        rates: Rates,
    ) -> None:
        self._deciding = deciding
        self._store = deciding.store
        self._authenticator = authenticator
        self._lists = lists
        self._judge = judge
        self._files = files
        self._unwrap = unwrap
        self._clock = clock
        self._pace = Pace(rates)
        self.trouble = ""  # why signatures can't be checked

    async def keys(self, waiting: Waiting, sender: Address) -> Keys:
        return await self._authenticator.keys(waiting.raw, sender, waiting.account)

    async def examine(self, waiting: Waiting, mail: Mail, asked: Asked | None = None) -> Examined:
        """Raises NotYetError, and Temporary where a signature must and can't be checked."""
        setting = self._deciding.plain_setting()
        where = destination(mail, waiting.recipients, setting.address, setting.delimiter)
        auth = UNPROVED
        if mail.sender is not None and not mail.automatic:
            sender = mail.sender.address
            keys = await asked.keys if asked is not None and asked.sender == sender else None
            proved = await self._authenticator.authenticate(
                waiting.raw, sender, waiting.account, keys
            )
            auth = of_sender(mail, proved)
        if waiting.ahead and auth.signature in (Signature.MISSING, Signature.FAILED):
            raise NotYetError
        found = await self._made(where)
        if flood := await self._flood(waiting, mail, auth, found):
            return Examined(waiting=waiting, mail=mail, destination=where, auth=auth, flood=flood)
        returned = await self._came_back(waiting, found)
        ahead = await self._ahead(waiting, mail, where)
        commands = ahead.commands
        if commands and auth.signature is Signature.UNSURE:
            if mail.sender and setting.roster.by_address(mail.sender.address):
                self.trouble = NO_KEYS
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
        judgement = fold(())
        if not _goes_into_its_case(found, where):
            judgement = await self._judge(waiting.raw, mail)
        return Examined(
            waiting=waiting,
            mail=mail,
            commands=commands,
            destination=where,
            auth=auth,
            observed=observed,
            judgement=judgement,
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
        if not any(map(is_return_path, found)):
            return None
        return UNREAD if self._unwrap is None else await self._unwrap(waiting.raw)

    async def unread_report(self, waiting: Waiting, mail: Mail) -> Examined | None:
        """Of a mail of which only the header can be read; None where it isn't what came back of a
        letter: what came to a return path belongs to its case all the same."""
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
        places = {(one.case, one.party) for one in found}
        place = places.pop() if len(places) == 1 else None
        return await self._pace.too_much(
            waiting.id,
            mail,
            auth,
            place,
            self._deciding.plain_setting().roster,
            self._clock.now(),
            stranger=place is not None and await self._is_strangers(mail, found),
        )

    async def _is_strangers(self, mail: Mail, found: Sequence[Found]) -> bool:
        """Whether somebody else writes than the one whom its reply address was made for. Of what
        comes back of a letter nobody is."""
        if any(map(is_return_path, found)):
            return False
        one, setting = found[0], self._deciding.plain_setting()
        async with self._store.transaction() as tx:
            case = await tx.glance(one.case)
        sender = mail.sender.address if mail.sender else None
        return case is not None and sender not in addresses_of(case, setting, one.party)

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
        addresses, lists = casework.to_look_up(case, wanted)
        return _Ahead(
            commands=wanted,
            addresses=addresses,
            lists=lists,
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


def no_case(record: str) -> bool:
    """Whether what has this id in the ledger is a record of the committee's as a whole."""
    return record == COMMITTEE or is_quarantine(record)


def _goes_into_its_case(found: Sequence[Found], where: Destination) -> bool:
    """Whatever filters say: they aren't waited for. What keeps somebody out may be a report."""
    apart = bool(where.left_out) or where.kept
    return len(found) == 1 and not no_case(found[0].case) and not apart


def is_return_path(found: Found) -> bool:
    """Whether only what comes back of a letter goes there."""
    return RETURN in (found.purpose, found.about)
