"""The intake and the outbox at work on a store of SQLite's, and a hand that damages it.

Owns what the tests of what goes wrong there share. Mail is read by the real parser, and letters
are made by the real core; only filters, signatures and the mail server are played.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cocmail import parts
from cocmail.adapters.store import load_keys, make_key_file, open_store
from cocmail.core.filtering import Judgement
from cocmail.core.mail import read
from cocmail.core.minting import Minter
from cocmail.core.people import Address
from cocmail.core.verification import (
    _BODY,
    _WHERE_PRESENT,
    UNPROVED,
    Authentication,
    Signature,
)
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.intake import Intake
from cocmail.loops.outbox import Outbox
from cocmail.ports import Arrival, Keys
from tests.promises.kit import COMMUNITY, World

SPAM = Judgement(set_aside="Its spam score is high.", urgent="", tags=(), said=())
_FIELDS = frozenset({*_WHERE_PRESENT, *_BODY, "from", "to", "cc", "subject", "date", "message-id"})
CLEAN = replace(SPAM, set_aside="")


class Sending:
    """A submission server that remembers to whom it sent."""

    def __init__(self) -> None:
        self.to: list[Address] = []

    async def send(self, return_path: str, recipient: Address, message: bytes) -> None:
        self.to.append(recipient)

    async def close(self) -> None: ...


class _Proofs:
    """Nothing is proved of anybody, but for those who are named."""

    def __init__(self) -> None:
        self.of: set[Address] = set()

    async def keys(self, raw: bytes, sender: Address, account: str = "") -> Keys:
        return {}

    async def authenticate(
        self, raw: bytes, sender: Address, account: str = "", keys: Keys | None = None
    ) -> Any:
        if sender not in self.of:
            return replace(UNPROVED, why="none")
        return Authentication(
            signature=Signature.SOUND,
            covered=_FIELDS,  # or signed as absent
            marks=(hashlib.sha256(raw).hexdigest(),),
            why="none",
        )


async def _read(raw: bytes, return_path: str | None) -> Any:
    return read(raw, return_path=return_path)


@dataclass
class Workplace:
    folder: Path
    store: Any
    minter: Minter
    deciding: Deciding
    intake: Intake
    outbox: Outbox
    sending: Sending
    proofs: _Proofs
    judgement: Judgement = CLEAN
    clock: Any = field(default_factory=parts.SystemClock)

    async def put(
        self,
        text: str,
        *,
        to: str = COMMUNITY,
        sender: str = "rae@reporter.example",
        ahead: bool = False,
        ago: timedelta = timedelta(0),
    ) -> None:
        domain = sender.strip(">").rpartition("@")[2]
        mark = f"DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=s; h=from; bh=YQ==; b=YQ==\r\n"
        head = f"{mark if ahead else ''}From: {sender}\r\nTo: {to}\r\n"
        raw = f"{head}\r\n{text}\r\n".encode()
        arrival = Arrival(raw=raw, road="lmtp", source=None, recipients=(Address(to),), ahead=ahead)
        assert await self.store.keep(arrival, self.clock.now() - ago)

    async def take_in(self) -> None:
        """Until no mail waits."""
        running = asyncio.create_task(self.intake.run())
        try:
            async with asyncio.timeout(60):
                while (await self.store.statistics()).waiting and not running.done():
                    self.deciding.bells.mail.ring()
                    await asyncio.sleep(0.02)
            if running.done():
                await running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def send_all(self) -> None:
        while await self.outbox.send_one():
            pass

    def sql(self, statement: str, *values: object) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.folder / "db")) as database, database:
            return database.execute(statement, values).fetchall()

    def damage(self, case: str) -> Callable[[], object]:
        """One bit of one event of this case, as a disk loses it, and nobody looked at it within a
        minute. Returns what mends it."""
        for (trigger,) in self.sql("select name from sqlite_master where type = 'trigger'"):
            self.sql(f"drop trigger {trigger}")
        query = 'select sequence, sealed from ledger where "case" = ? order by sequence desc'
        sequence, sealed = self.sql(query, case)[0]
        broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
        change = "update ledger set sealed = ? where sequence = ?"
        self.sql(change, broken, sequence)
        self.store._remembered.clear()
        return lambda: self.sql(change, sealed, sequence)


@contextlib.asynccontextmanager
async def workplace(folder: Path) -> AsyncIterator[Workplace]:
    clock = parts.SystemClock()
    make_key_file(folder / "key")
    keys = load_keys(folder / "key")
    minter = Minter(token_key=keys.token, lookup_key=keys.lookup, community=COMMUNITY)
    store: Any = await open_store(
        f"sqlite:///{folder / 'db'}",
        keys=keys,
        codec=parts.CaseCodec(minter),
        clock=clock,
        recipients_of=lambda raw: (),
        create=True,
    )

    def setting(committee: Any) -> Any:
        return replace(World().setting(), minter=minter, now=clock.now(), committee=committee)

    async def judge(raw: bytes, mail: Any) -> Judgement:
        return made.judgement

    nobody: Any = None
    bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
    deciding, sending, proofs = Deciding(store, setting, bells), Sending(), _Proofs()
    made = Workplace(
        folder=folder,
        store=store,
        minter=minter,
        deciding=deciding,
        intake=Intake(deciding, proofs, nobody, _read, judge, clock),
        outbox=Outbox(deciding, sending, clock),
        sending=sending,
        proofs=proofs,
    )
    try:
        yield made
    finally:
        await store.close()
