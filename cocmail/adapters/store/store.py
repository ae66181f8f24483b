"""The store as the daemon and the command line hold it.

Owns nothing but the joining: it opens transactions and calls the rooms beside it. Refuses to know
SQL. Fulfils ports.Store; made by ``open_store``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Generic

from sqlalchemy import and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store import ledger, lookups, mails, outbox, tables, views
from cocmail.adapters.store.codec import C, Codec, E
from cocmail.adapters.store.engine import Database
from cocmail.adapters.store.folded import Remembered
from cocmail.adapters.store.locks import Locks
from cocmail.adapters.store.tables import case_keys, ledger_head
from cocmail.adapters.store.tables import ledger as ledger_table
from cocmail.adapters.store.transaction import Loaded, SqlTransaction, load, load_unsettled
from cocmail.adapters.vault import Keys
from cocmail.core.errors import SoundnessError
from cocmail.core.index import SanctionRow
from cocmail.ports import Arrival, Clock, Queued, Waiting

_EXPORT_BATCH = 200


class SqlStore(Generic[E, C]):
    """See ports.Store for the loops' part. Use within one event loop, and close it."""

    def __init__(
        self,
        *,
        database: Database,
        keys: Keys,
        codec: Codec[E, C],
        clock: Clock,
        recipients_of: mails.Recipients,
    ) -> None:
        self._database = database
        self._keys = keys
        self._codec = codec
        self._clock = clock
        self._recipients_of = recipients_of
        self._locks = Locks(database)
        self._remembered = Remembered[C]()

    def __repr__(self) -> str:
        return f"<SqlStore {self._database.where}>"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction[E, C]]:
        """Commits at the end of the block; an exception, of whatever kind, takes all back.

        Don't call the store's other methods inside: on SQLite they wait for this very one.
        """
        async with self._database.deciding() as connection:
            yield SqlTransaction(
                connection=connection,
                keys=self._keys,
                codec=self._codec,
                clock=self._clock,
                remembered=self._remembered,
            )

    async def close(self) -> None:
        self._remembered.clear()
        await self._locks.close()
        await self._database.close()

    # -- mail in

    async def keep(self, arrival: Arrival, at: datetime) -> bool:
        async with self._database.deciding() as connection:
            return await mails.keep(connection, self._keys, arrival, at, self._recipients_of)

    async def claim_mail(self, now: datetime, lease: timedelta) -> Waiting | None:
        async with self._database.deciding() as connection:
            return await mails.claim(connection, self._keys, now, lease)

    async def postpone_mail(self, mail: str, until: datetime, *, begun: bool = True) -> bool:
        async with self._database.deciding() as connection:
            return await mails.postpone(connection, mail, until, begun=begun)

    async def quarantine(self, *, dropped: bool = False) -> tuple[mails.SetAside, ...]:
        """What is set aside; with what members dropped of it, if that is asked for."""
        async with self._database.reading() as connection:
            return await mails.quarantine(connection, dropped=dropped)

    async def aside_in(self) -> tuple[str, ...]:
        async with self._database.reading() as connection:
            return await mails.aside_in(connection)

    async def mail_aside(self, mail: str) -> Waiting | None:
        async with self._database.reading() as connection:
            return await mails.aside(connection, self._keys, mail)

    async def mail_raw(self, mail: str) -> bytes:
        """A mail's bytes. Raises Permanent where it isn't here (any more)."""
        async with self._database.reading() as connection:
            return await mails.raw(connection, self._keys, mail)

    async def release_mail(self, mail: str) -> bool:
        """A quarantined mail waits again. False where it isn't quarantined."""
        async with self._database.deciding() as connection:
            return await mails.release(connection, mail, self._clock.now())

    async def discard_mail(self, mail: str) -> bool:
        """A quarantined mail's bytes are destroyed. False where it isn't quarantined."""
        async with self._database.deciding() as connection:
            return await mails.discard(connection, mail)

    # -- mail out

    async def claim_letter(self, now: datetime, lease: timedelta) -> Queued | None:
        async with self._database.deciding() as connection:
            return await outbox.claim(connection, self._keys, now, lease)

    async def postpone_letter(self, letter: str, until: datetime) -> None:
        async with self._database.deciding() as connection:
            await outbox.postpone(connection, letter, until)

    async def letter_state(self, letter: str) -> str | None:
        async with self._database.reading() as connection:
            return await outbox.state_of(connection, letter)

    # -- what is due, and what people look at

    async def due(self, now: datetime) -> tuple[tuple[str, str, str, datetime], ...]:
        async with self._database.reading() as connection:
            return await lookups.due(connection, now)

    async def all_due(self) -> tuple[tuple[str, str, str, datetime], ...]:
        """As ``due``, with what lies in the future."""
        async with self._database.reading() as connection:
            return await lookups.due(connection, None)

    async def unsettled(self) -> tuple[tuple[C, ...], Mapping[str, SoundnessError]]:
        async with self._database.reading() as connection:
            return await load_unsettled(connection, self._keys, self._codec)

    async def past_cases(self) -> tuple[str, ...]:
        async with self._database.reading() as connection:
            return await lookups.past(connection)

    async def statistics(self) -> views.Statistics:
        async with self._database.reading() as connection:
            return await views.statistics(connection)

    async def case_list(self) -> tuple[views.ListedCase, ...]:
        async with self._database.reading() as connection:
            return await views.case_list(connection)

    async def sanction_list(self) -> tuple[SanctionRow, ...]:
        async with self._database.reading() as connection:
            return await views.sanction_list(connection)

    async def find_case(self, reference: str) -> str | None:
        """The case that any of its references names."""
        async with self._database.reading() as connection:
            return await lookups.by_reference(connection, reference)

    async def read_case(self, case: str) -> C | None:
        """A case, to look at: nothing is locked, so nothing may be decided by it."""
        async with self._database.reading() as connection:
            loaded = await self._load(connection, case)
        return None if loaded is None else loaded.case

    async def _load(self, connection: AsyncConnection, case: str) -> Loaded[C] | None:
        """Nothing is locked."""
        return await load(
            connection, self._keys, self._codec, case, lock=False, remembered=self._remembered
        )

    async def note(self, name: str, value: str) -> None:
        """Something small that `status` tells (last_sweep, drift, calls, trouble): in the clear,
        so never a name or an address."""
        async with self._database.deciding() as connection:
            await views.note(connection, name, value)

    async def notes(self) -> dict[str, str]:
        async with self._database.reading() as connection:
            return await views.notes(connection)

    # -- the ledger

    async def verify(self) -> ledger.Verdict:
        async with self._database.reading() as connection:
            return await ledger.verify(connection, self._keys)

    async def export(self, case: str | None = None) -> AsyncIterator[views.Entry[E]]:
        """The ledger's events in order, of one case or of all."""
        after = 0
        while True:
            async with self._database.reading() as connection:
                entries = await views.entries(
                    connection,
                    self._keys,
                    self._codec,
                    case=case,
                    after=after,
                    limit=_EXPORT_BATCH,
                )
            for entry in entries:
                yield entry
                after = entry.sequence
            if len(entries) < _EXPORT_BATCH:
                return

    async def rebuild(self) -> int:
        """Throw the index away and make it again from the ledger; returns how many cases."""
        async with self._database.deciding() as connection:
            # Nobody appends meanwhile; then every case is as its rows will say.
            await connection.execute(select(ledger_head).with_for_update())
            await lookups.clear(connection)
            recorded = exists().where(ledger_table.c.case == case_keys.c.case)
            query = select(case_keys.c.case).where(case_keys.c.forgotten.is_(None), recorded)
            found = (await connection.execute(query.order_by(case_keys.c.case))).scalars().all()
            for case in found:
                loaded = await self._load(connection, case)
                if loaded is not None and loaded.case is not None:
                    rows = self._codec.rows(loaded.case)
                    await lookups.apply(connection, frozenset(), rows)
        return len(found)

    async def forget(self, case: str) -> bool:
        """See SqlTransaction.forget; then the old key leaves SQLite's log file, too."""
        async with self.transaction() as transaction:
            forgotten = await transaction.forget(case)
        await self.scrub()
        return forgotten

    async def scrub(self) -> None:
        """After a ``forget`` of a transaction's: empty SQLite's write-ahead log, where the
        destroyed key could still be read. PostgreSQL's log is the operator's to expire."""
        if self._database.is_sqlite:
            await self._database.empty_log()

    # -- alone

    async def lock_daemon(self) -> None:
        """Before the loops start; held until ``close``. Raises Permanent on a SQLite store that
        another daemon has; on PostgreSQL daemons are many, and this only lets `status` see us.
        There the lock goes with its connection: call it again now and then, it costs nothing."""
        await self._locks.hold_daemon()

    async def resume(self, before: datetime) -> None:
        """No other daemon runs: what a killed one had leased waits again, at once. Leases that
        don't end before that are our own."""
        async with self._database.deciding() as connection:
            now = self._clock.now()
            for queue in (tables.mails, tables.letters):
                late = and_(
                    queue.c.state == "waiting", queue.c.next_at > now, queue.c.next_at < before
                )
                await connection.execute(update(queue).where(late).values(next_at=now))

    async def daemons(self) -> int:
        """How many daemons have this store, with ours."""
        return await self._locks.daemons()

    async def daemon_running(self) -> bool:
        return await self._locks.daemons() > 0

    def alone(self, name: str) -> AbstractAsyncContextManager[bool]:
        """``async with store.alone("sweep") as mine:``, where ``mine`` is False while another
        process is in there."""
        return self._locks.alone(name)
