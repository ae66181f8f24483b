"""The store: ledger, vault, index and outbox, on SQLite or PostgreSQL.

Owns the way in. Everything else in this package is reached through the value that ``open_store``
gives. Called by the composition root (daemon) and the command line.

    keys = load_keys(Path("cocmail.key"))          # `init`: make_key_file(path)
    codec = ...                                    # a Codec, the core's pure functions;
                                                   # digests in its rows: keys.digest(text)
    store = await open_store(
        "sqlite:////var/lib/cocmail/cocmail.db",   # or "postgresql://cocmail@host/cocmail"
        keys=keys, codec=codec, clock=clock,
        recipients_of=recipients_of,               # (raw) -> our addresses, for the IMAP road
        password_file=None,
        create=True,                               # `run`; the reading verbs leave it False
    )
    await store.lock_daemon()                      # `run` alone
    try:
        async with store.transaction() as tx: ...
    finally:
        await store.close()                        # always: SQLite's threads end with it

Digests: ``tx.token``, ``minted`` and ``cases_of_address`` take the plain text and look for
``keys.digest(text)``, so rows must hold exactly that (a Minter's ``digest`` with ``keys.lookup``
is the same); ``tx.seen`` looks for marks as they stand in SeenRow. ``keys.token`` is the key
material of reply addresses. ``SYSTEM`` is the case of events that belong to none; it exists from
the start.
"""

from __future__ import annotations

from pathlib import Path

from cocmail.adapters.store import schema
from cocmail.adapters.store.cases import SYSTEM
from cocmail.adapters.store.codec import C, Codec, E
from cocmail.adapters.store.engine import Database
from cocmail.adapters.store.ledger import Verdict
from cocmail.adapters.store.locks import Locks
from cocmail.adapters.store.mails import Recipients, SetAside
from cocmail.adapters.store.outbox import OutboxCounts
from cocmail.adapters.store.schema import Migrated
from cocmail.adapters.store.store import SqlStore
from cocmail.adapters.store.transaction import SqlTransaction
from cocmail.adapters.store.views import Entry, ListedCase, Statistics
from cocmail.adapters.vault import Keys, load_keys, make_key_file
from cocmail.ports import Clock

__all__ = [
    "SYSTEM",
    "Codec",
    "Entry",
    "Keys",
    "ListedCase",
    "Migrated",
    "OutboxCounts",
    "Recipients",
    "SetAside",
    "SqlStore",
    "SqlTransaction",
    "Statistics",
    "Verdict",
    "load_keys",
    "make_key_file",
    "migrate",
    "open_store",
]


async def open_store(
    url: str,
    *,
    keys: Keys,
    codec: Codec[E, C],
    clock: Clock,
    recipients_of: Recipients,
    password_file: Path | None = None,
    create: bool = False,
) -> SqlStore[E, C]:
    """Connect, and see that schema and key are this store's.

    ``create``: an empty store is made; otherwise it is Permanent that there is none. Raises
    Temporary where the server can't be reached, and Permanent, in one line, for all else.
    """
    database = Database(url, password_file, create=create)
    try:
        async with database.reading() as connection:
            found = await schema.standing(connection)
        if found is schema.Standing.EMPTY and create:
            async with database.deciding() as connection:
                await schema.migrate(connection, keys, clock.now())
        async with database.reading() as connection:
            await schema.require_current(connection, database.where)
            await schema.require_key(connection, keys, database.where)
    except BaseException:
        await database.close()  # else SQLite's thread outlives the refusal
        raise
    return SqlStore(
        database=database, keys=keys, codec=codec, clock=clock, recipients_of=recipients_of
    )


async def migrate(
    url: str, *, keys: Keys, clock: Clock, password_file: Path | None = None
) -> Migrated:
    """`cocmail migrate`: bring a store to this version's schema; an empty one is made.

    Raises Permanent while a daemon has the SQLite store.
    """
    database = Database(url, password_file, create=True)
    locks = Locks(database)
    try:
        if database.is_sqlite:
            await locks.hold_daemon()
        async with database.deciding() as connection:
            if await schema.standing(connection) is not schema.Standing.EMPTY:
                await schema.require_key(connection, keys, database.where)
            return await schema.migrate(connection, keys, clock.now())
    finally:
        await locks.close()
        await database.close()
