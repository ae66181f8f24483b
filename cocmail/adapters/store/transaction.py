"""One deciding transaction: what is read in it still stands when it is written.

Owns the order of things inside: lock, load, append, index. Refuses to know connections and
commits (engine.py) and what an event means (codec). Handed out by store.py, used by the loops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store import cases, ledger, lookups, mails, outbox
from cocmail.adapters.store.cases import SYSTEM
from cocmail.adapters.store.codec import C, Codec, E
from cocmail.adapters.store.folded import Folded, Remembered
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
class Loaded(Generic[C]):
    """A case as this transaction knows it."""

    key: bytes = field(repr=False)
    folded: Folded[C] | None = field(repr=False)  # None: opened, but nothing is recorded yet

    @property
    def case(self) -> C | None:
        return None if self.folded is None else self.folded.case


async def load(
    connection: AsyncConnection,
    keys: Keys,
    codec: Codec[E, C],
    case: str,
    *,
    lock: bool,
    remembered: Remembered[C],
) -> Loaded[C] | None:
    """Read and fold a case, or what came to it since it was remembered; None where there is none,
    or none any more."""
    key = await cases.case_key(connection, keys, case, lock=lock)
    if key is None:
        remembered.drop(case)
        return None
    before = remembered.get(case)
    query = select(ledger_table).filter_by(case=case).order_by(ledger_table.c.sequence)
    rows: Sequence[Any] = ()
    if before is not None:
        since = query.where(ledger_table.c.sequence >= before.sequence)
        last, *rows = (await connection.execute(since)).all() or (None,)
        if last is None or last.mac != before.mac:
            before = None  # that was taken back, or is another's ledger
    if before is None:
        rows = (await connection.execute(query)).all()
    folded = await _folded(key, codec, case, rows, before)
    if folded is not None:
        remembered.put(case, folded)
    return Loaded(key=key, folded=folded)


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
            one = await _folded(cases.unwrapped(keys, case, key), codec, case, events_of[case])
            assert one is not None
            found.append(one.case)
        except SoundnessError as error:
            unread[case] = error
    return tuple(found), unread


async def _folded(
    key: bytes,
    codec: Codec[E, C],
    case: str,
    rows: Sequence[Any],
    before: Folded[C] | None = None,
) -> Folded[C] | None:
    """What these rows of the ledger make of it; None where there are none at all."""
    if not rows:
        return before

    def read() -> C:
        return codec.fold(case, _opened(key, codec, case, rows), before.case if before else None)

    size = sum(len(row.sealed) for row in rows)
    return Folded(
        case=await _thought(len(rows), size, read),
        sequence=rows[-1].sequence,
        mac=rows[-1].mac,
        events=len(rows) + (before.events if before else 0),
        size=size + (before.size if before else 0),
    )


def _opened(
    key: bytes, codec: Codec[E, C], case: str, rows: Sequence[Any]
) -> tuple[tuple[int, datetime, E], ...]:
    return tuple(
        (row.sequence, row.at, codec.decode(unseal(key, row.sealed, f"event:{case}")))
        for row in rows
    )


async def _thought(events: int, size: int, think: Callable[[], T]) -> T:
    """What is long is gone through in a thread: the loop goes on."""
    large = events > _MANY or size > _MUCH
    return await asyncio.to_thread(think) if large else think()


class SqlTransaction(Generic[E, C]):
    """Fulfils ports.Transaction. Lives only inside ``Store.transaction()``."""

    def __init__(
        self,
        *,
        connection: AsyncConnection,
        keys: Keys,
        codec: Codec[E, C],
        clock: Clock,
        remembered: Remembered[C],
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._codec = codec
        self._clock = clock
        self._remembered = remembered
        self._loaded: dict[str, Loaded[C] | None] = {}
        self._pairs: set[tuple[str, str]] = set()

    # -- cases

    async def open_case(self, case: str) -> None:
        key = await cases.open_case(self._connection, self._keys, case, self._clock.now())
        self._loaded[case] = Loaded(key=key, folded=None)

    async def case(self, case: str) -> C | None:
        loaded = await self._load(case)
        return None if loaded is None else loaded.case

    async def glance(self, case: str) -> C | None:
        if case in self._loaded:
            return await self.case(case)
        loaded = await self._look(case, lock=False)
        return None if loaded is None else loaded.case

    async def past(self, case: str) -> tuple[tuple[datetime, E], ...]:
        loaded = await self._load(case)
        if loaded is None:
            return ()
        query = select(ledger_table).filter_by(case=case).order_by(ledger_table.c.sequence)
        rows = (await self._connection.execute(query)).all()
        size = sum(len(row.sealed) for row in rows)
        read = partial(_opened, loaded.key, self._codec, case, rows)
        return tuple((at, event) for _, at, event in await _thought(len(rows), size, read))

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
        new, size, mac = await self._append(case, before.key, events)
        if not new:
            return self._codec.fold(case, (), before.case)
        was = before.folded

        def think() -> tuple[frozenset[Row], Folded[C]]:
            folded = self._codec.fold(case, new, before.case)
            return self._rows(was), Folded(
                case=folded,
                rows=self._codec.rows(folded),
                sequence=new[-1][0],
                mac=mac,
                events=len(new) + (was.events if was else 0),
                size=size + (was.size if was else 0),
            )

        old, is_ = await _thought(len(new) + (was.events if was else 0), size, think)
        self._loaded[case] = Loaded(key=before.key, folded=is_)
        self._remembered.put(case, is_)  # should this be taken back, the next look sees it
        await lookups.apply(self._connection, old, self._rows(is_))
        return is_.case

    async def forget(self, case: str) -> bool:
        """Destroy the case's key and all that leads to it; the chain stays whole. Record a
        system event beside it: nothing happens that is not in the ledger."""
        self._loaded[case] = None
        self._remembered.drop(case)
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
    ) -> tuple[tuple[tuple[int, datetime, E], ...], int, bytes]:
        """The events in their places, their size sealed, and the chain's end."""
        at = self._clock.now()
        sealed = [seal(key, self._codec.encode(e), f"event:{case}") for e in events]
        numbers, mac = await ledger.append(self._connection, self._keys, case, at, sealed)
        new = tuple((number, at, event) for number, event in zip(numbers, events, strict=True))
        return new, sum(map(len, sealed)), mac

    async def _system_key(self) -> bytes:
        key = await cases.case_key(self._connection, self._keys, SYSTEM)
        if key is None:
            raise Permanent("the store has no place for what belongs to no case")
        return key

    async def _load(self, case: str) -> Loaded[C] | None:
        if case not in self._loaded:
            self._loaded[case] = await self._look(case, lock=True)
        return self._loaded[case]

    async def _look(self, case: str, *, lock: bool) -> Loaded[C] | None:
        return await load(
            self._connection, self._keys, self._codec, case, lock=lock, remembered=self._remembered
        )

    def _rows(self, folded: Folded[C] | None) -> frozenset[Row]:
        if folded is None:
            return frozenset()
        return self._codec.rows(folded.case) if folded.rows is None else folded.rows

    async def _settled(self, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """On PostgreSQL the case can change between the look and its lock (an address dies when
        a member is recused), so what was found is looked at again under the lock."""
        found = await look()
        if found is None or self._connection.dialect.name == "sqlite":
            return found
        await self._load(found.case)
        again = await look()
        return again if again is not None and again.case == found.case else None
