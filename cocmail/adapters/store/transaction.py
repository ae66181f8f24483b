"""One deciding transaction: what is read in it still stands when it is written.

Owns the order of things inside: lock, load, append, index. Refuses to know connections and
commits (engine.py) and what an event means (codec). Handed out by store.py, used by the loops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store import cases, ledger, lookups, mails, outbox
from cocmail.adapters.store.cases import SYSTEM
from cocmail.adapters.store.codec import C, Codec, E
from cocmail.adapters.store.tables import index_unsettled
from cocmail.adapters.store.tables import ledger as ledger_table
from cocmail.adapters.vault import Keys, seal, unseal
from cocmail.core.errors import Permanent, SoundnessError
from cocmail.core.index import Row
from cocmail.core.people import Address
from cocmail.ports import Clock, Found

if TYPE_CHECKING:
    from cocmail.core.letters import Letter

T = TypeVar("T")
_MANY, _MUCH = 50, 100_000  # events, and bytes of them, that take some milliseconds to go through


@dataclass(frozen=True, kw_only=True)
class Loaded(Generic[E, C]):
    """A case as this transaction knows it: decrypted once."""

    key: bytes = field(repr=False)
    events: tuple[tuple[int, datetime, E], ...] = field(repr=False)
    case: C | None = field(repr=False)  # None: opened, but nothing is recorded yet


async def load(
    connection: AsyncConnection, keys: Keys, codec: Codec[E, C], case: str, *, lock: bool
) -> Loaded[E, C] | None:
    """Read and fold a case; None where there is none, or none any more."""
    key = await cases.case_key(connection, keys, case, lock=lock)
    if key is None:
        return None
    query = select(ledger_table).filter_by(case=case).order_by(ledger_table.c.sequence)
    return await _loaded(key, codec, case, tuple(await connection.execute(query)))


async def load_unsettled(
    connection: AsyncConnection, keys: Keys, codec: Codec[E, C]
) -> tuple[tuple[C, ...], Mapping[str, SoundnessError]]:
    """Those that can be read, and why the others can't. All of them in three queries: every sweep
    begins with this."""
    named = select(index_unsettled.c.case)
    names = (await connection.execute(named.order_by(index_unsettled.c.case))).scalars().all()
    wrapped = await cases.wrapped_of(connection, named)
    query = (
        select(ledger_table)
        .where(ledger_table.c.case.in_(named))
        .order_by(ledger_table.c.case, ledger_table.c.sequence)
    )
    rows = groupby(await connection.execute(query), key=lambda row: row.case)
    events_of = {case: tuple(some) for case, some in rows}
    found: list[C] = []
    unread: dict[str, SoundnessError] = {}
    for case in names:
        try:
            key = wrapped.get(case)
            if key is None or case not in events_of:
                raise SoundnessError(f"case {case} has lost its key or its events")
            one = await _loaded(cases.unwrapped(keys, case, key), codec, case, events_of[case])
            assert one.case is not None
            found.append(one.case)
        except SoundnessError as error:
            unread[case] = error
    return tuple(found), unread


async def _loaded(key: bytes, codec: Codec[E, C], case: str, rows: tuple[Any, ...]) -> Loaded[E, C]:
    def read() -> Loaded[E, C]:
        events = tuple(
            (row.sequence, row.at, codec.decode(unseal(key, row.sealed, f"event:{case}")))
            for row in rows
        )
        return Loaded(key=key, events=events, case=codec.fold(case, events) if events else None)

    return await _thought(len(rows), sum(len(row.sealed) for row in rows), read)


async def _thought(events: int, size: int, think: Callable[[], T]) -> T:
    """A long case is gone through in a thread: the loop goes on."""
    large = events > _MANY or size > _MUCH
    return await asyncio.to_thread(think) if large else think()


class SqlTransaction(Generic[E, C]):
    """Fulfils ports.Transaction. Lives only inside ``Store.transaction()``."""

    def __init__(
        self, *, connection: AsyncConnection, keys: Keys, codec: Codec[E, C], clock: Clock
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._codec = codec
        self._clock = clock
        self._loaded: dict[str, Loaded[E, C] | None] = {}
        self._pairs: set[tuple[str, str]] = set()

    # -- cases

    async def open_case(self, case: str) -> None:
        key = await cases.open_case(self._connection, self._keys, case, self._clock.now())
        self._loaded[case] = Loaded(key=key, events=(), case=None)

    async def case(self, case: str) -> C | None:
        loaded = await self._load(case)
        return None if loaded is None else loaded.case

    async def glance(self, case: str) -> C | None:
        if case in self._loaded:
            return await self.case(case)
        loaded = await load(self._connection, self._keys, self._codec, case, lock=False)
        return None if loaded is None else loaded.case

    async def past(self, case: str) -> tuple[tuple[datetime, E], ...]:
        loaded = await self._load(case)
        return () if loaded is None else tuple((at, event) for _, at, event in loaded.events)

    async def ensure_case(self, case: str) -> None:
        if await self._load(case) is None:
            await self.open_case(case)

    async def record(self, case: str, events: Sequence[E]) -> C:
        """All events of one call have one instant, the clock's now.

        What belongs to no case is only appended: nobody asks what it folds to, and it grows for
        as long as cocmail runs.
        """
        if case == SYSTEM:
            await self._append(case, await self._system_key(), events)
            return self._codec.fold(case, ())
        before = await self._load(case)
        if before is None:
            raise Permanent(f"case {case} does not exist")
        new = await self._append(case, before.key, events)
        folded = self._codec.fold(case, new, before.case)
        whole = (*before.events, *new)
        self._loaded[case] = Loaded(key=before.key, events=whole, case=folded)
        was, is_ = await _thought(
            len(whole), 0, lambda: (self._rows(before.case), self._codec.rows(folded))
        )
        await lookups.apply(self._connection, was, is_)
        return folded

    async def forget(self, case: str) -> bool:
        """Destroy the case's key and all that leads to it; the chain stays whole. Record a
        system event beside it: nothing happens that is not in the ledger."""
        self._loaded[case] = None
        return await cases.forget(self._connection, case, self._clock.now())

    # -- queues

    async def queue(self, letters: Sequence[Letter]) -> None:
        await outbox.queue(self._connection, self._keys, letters, self._clock.now())

    async def settle_letter(self, letter: str, *, state: str) -> bool:
        return await outbox.settle(self._connection, letter, state)

    async def settle_mail(
        self, mail: str, *, state: str, case: str | None, why: str = "", leased: bool = False
    ) -> bool:
        settled = await mails.settle(
            self._connection, self._keys, mail, state=state, case=case, why=why, leased=leased
        )
        if settled:
            for content, target in sorted(self._pairs):
                await mails.note_handled(self._connection, content, target, mail)
            self._pairs.clear()
        return settled

    async def release_mail(self, mail: str) -> bool:
        return await mails.release(self._connection, mail, self._clock.now())

    async def discard_mail(self, mail: str) -> bool:
        """A mail that was set aside, or dropped then, is destroyed; that it was here stays known.
        False where it is neither."""
        return await mails.discard(self._connection, mail)

    async def mail_raw(self, mail: str) -> bytes:
        return await mails.raw(self._connection, self._keys, mail)

    async def duplicate_of(self, content: str, target: str) -> str | None:
        """The pair is written with the mail that this transaction settles; where another daemon
        wrote it meanwhile, that raises Temporary, and the next try finds it here."""
        found = await mails.handled_by(self._connection, content, target)
        if found is None:
            self._pairs.add((content, target))
        return found

    # -- lookups: by the keyed digest of the plain text; marks are digests already

    async def token(self, token: str) -> Found | None:
        digest = self._keys.digest(token)
        return await self._settled(lambda: lookups.token(self._connection, digest))

    async def minted(self, message_id: str) -> Found | None:
        digest = self._keys.digest(message_id)
        return await self._settled(lambda: lookups.minted(self._connection, digest))

    async def seen(self, marks: Collection[str]) -> bool:
        return await lookups.seen(self._connection, marks)

    async def reference(self, reference: str) -> str | None:
        return await lookups.by_reference(self._connection, reference)

    async def cases_of_address(self, address: Address) -> tuple[Found, ...]:
        return await lookups.by_address(self._connection, self._keys.digest(address))

    async def sanction_case(self, sanction: str) -> str | None:
        return await lookups.by_sanction(self._connection, sanction)

    async def recused_with(self, handle: str) -> frozenset[str]:
        return await lookups.recused_with(self._connection, handle)

    async def open_cases(self) -> tuple[str, ...]:
        return await lookups.open_cases(self._connection)

    async def aside_in(self) -> tuple[str, ...]:
        return await mails.aside_in(self._connection)

    # -- inside

    async def _append(
        self, case: str, key: bytes, events: Sequence[E]
    ) -> tuple[tuple[int, datetime, E], ...]:
        at = self._clock.now()
        sealed = [seal(key, self._codec.encode(e), f"event:{case}") for e in events]
        numbers = await ledger.append(self._connection, self._keys, case, at, sealed)
        return tuple((number, at, event) for number, event in zip(numbers, events, strict=True))

    async def _system_key(self) -> bytes:
        key = await cases.case_key(self._connection, self._keys, SYSTEM)
        if key is None:
            raise Permanent("the store has no place for what belongs to no case")
        return key

    async def _load(self, case: str) -> Loaded[E, C] | None:
        if case not in self._loaded:
            self._loaded[case] = await load(
                self._connection, self._keys, self._codec, case, lock=True
            )
        return self._loaded[case]

    def _rows(self, case: C | None) -> frozenset[Row]:
        return frozenset() if case is None else self._codec.rows(case)

    async def _settled(self, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """On PostgreSQL the case can change between the look and its lock (an address dies when
        a member is recused), so what was found is looked at again under the lock."""
        found = await look()
        if found is None or self._connection.dialect.name == "sqlite":
            return found
        await self._load(found.case)
        again = await look()
        return again if again is not None and again.case == found.case else None
