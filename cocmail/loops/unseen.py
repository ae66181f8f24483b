"""Mail that was set aside, and of which nobody who may know is there any more.

Owns the asking anew who may know of it, of the committee and of `escalate_to` as they are now, and
that the operator hears where still nobody may. Refuses to know the rule (aside) and what they are
told (casework.quarantine). Started by the daemon, which reads the configuration at its start; so it
looks then, and whenever the committee has changed since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from cocmail.core import casework
from cocmail.core.errors import CocmailError, Permanent, SoundnessError, Temporary
from cocmail.core.mail import Mail
from cocmail.core.people import Address
from cocmail.core.quarantine import Item, is_quarantine
from cocmail.core.setting import Setting
from cocmail.loops.aside import MayKnow
from cocmail.loops.bell import whole
from cocmail.loops.deciding import Deciding, write
from cocmail.loops.intake import Read
from cocmail.ports import LEFT, Transaction, Waiting

log = structlog.get_logger()

_LOOK_EVERY = 5.0
_ASK_AGAIN = timedelta(hours=1)  # where nobody may: a case can let in whom it kept out for a while

Readers = Callable[[Transaction, Setting, Waiting, Mail | None], Awaitable[MayKnow]]


class Unseen:
    """``read``: where a mail can't do harm, whatever it did before."""

    def __init__(self, deciding: Deciding, readers: Readers, read: Read) -> None:
        self._deciding = deciding
        self._store = deciding.store
        self._readers = readers
        self._read = read
        self._asked: object = None  # those of whom it was asked last
        self._again: datetime | None = None  # when it is asked of them again

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Temporary as error:
                log.warning("the store can't be reached; trying again", error=str(error))
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> None:
        """Ask of every such mail, unless nobody came, went or was kept out since it was asked."""
        async with self._store.transaction() as tx:
            setting = await self._deciding.setting(tx)
        audiences = self._deciding.audiences
        people = (setting.roster, setting.committee.locked, setting.policy.escalate_to, audiences)
        again = self._again is not None and self._again <= setting.now
        if people == self._asked and not again:
            return
        left = 0
        for record in filter(is_quarantine, await self._store.aside_in()):
            try:
                async with self._store.transaction() as tx:
                    room = await tx.glance(record)
                items = room.quarantine.forsaken(*_who(setting)) if room else ()
                for item in items:
                    left += not await self._found(record, item)
            except Permanent as error:
                # One record that can't be read must not stop the others.
                log.error("mail that is set aside was not looked at", error=str(error))
                if isinstance(error, SoundnessError):
                    self._deciding.unread(record, error)
        if left:
            log.warning("nobody may know of mail that is set aside", mails=left)
        self._asked = people
        self._again = setting.now + _ASK_AGAIN if left else None

    async def _found(self, record: str, item: Item) -> bool:
        """Whether somebody may know of it now, or it is seen to."""
        waiting = await self._store.mail_aside(item.mail.mail)
        if waiting is None:
            return True
        read = await self._read(waiting.raw, waiting.return_path)
        mail = read if isinstance(read, Mail) and waiting.road != LEFT else None
        try:
            return await whole(self._ask(record, item.number, waiting, mail))
        except CocmailError:
            raise
        except Exception as error:
            # What failed on it when it came fails again: then it is taken for one that can't be
            # read. The text of an unforeseen exception can hold a line of it.
            log.error("a mail is taken for unreadable", mail=waiting.id, error=type(error).__name__)
            return await whole(self._ask(record, item.number, waiting, None))

    async def _ask(self, record: str, number: int, waiting: Waiting, mail: Mail | None) -> bool:
        async with self._store.transaction() as tx:
            room = await tx.case(record)
            setting = await self._deciding.setting(tx)
            items = room.quarantine.forsaken(*_who(setting)) if room else ()
            item = next((one for one in items if one.number == number), None)
            if room is None or item is None:
                return True
            found = await self._readers(tx, setting, waiting, mail)
            result = casework.opened(
                room,
                setting,
                item,
                readers=found.members,
                outside=found.outside,
                hidden=found.begin is not None,
                cases=found.cases,
            )
            await write(tx, record, result)
        return bool(result.events)


def _who(setting: Setting) -> tuple[frozenset[str], tuple[Address, ...]]:
    members = frozenset[str](m.handle for m in setting.roster.members)
    return members - setting.committee.locked, setting.policy.escalate_to
