"""From an empty file, or an older schema, to this version's; and the look before any use.

Owns the schema's revision, the first rows of a new store, and the check that the key file is this
store's. Refuses to know what the tables mean. Called by `open_store` and `cocmail migrate`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cocmail.adapters.store import cases, ledger
from cocmail.adapters.store.tables import meta
from cocmail.adapters.vault import Keys
from cocmail.core.errors import Permanent

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0003"
"""The revision of this version's schema. Alembic itself is loaded only to migrate: it is large,
and a daemon that found its schema as it should be never needs it."""

_KEY_CHECK = "key_check"


class Standing(StrEnum):
    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """What `cocmail migrate` did. Equal: there was nothing to do."""

    before: str | None  # None: the store was empty
    after: str


async def standing(connection: AsyncConnection) -> Standing:
    return await connection.run_sync(_standing)


async def require_current(connection: AsyncConnection, where: str) -> None:
    """Raises Permanent for any schema but this version's."""
    found = await standing(connection)
    if found is Standing.EMPTY:
        raise Permanent(f"[store] url: {where} is empty; `cocmail run` makes the store")
    if found is Standing.OLDER:
        raise Permanent(f"[store] url: {where} has an older schema; run `cocmail migrate`")
    if found is Standing.NEWER:
        raise Permanent(
            f"[store] url: {where} has a newer schema than this cocmail knows, and `cocmail "
            "migrate` can't go back; install the version that made it"
        )


async def require_key(connection: AsyncConnection, keys: Keys, where: str) -> None:
    query = select(meta.c.value).where(meta.c.name == _KEY_CHECK)
    check = (await connection.execute(query)).scalar()
    if check is None or not hmac.compare_digest(check, keys.check):
        raise Permanent(
            f"key_file: this is not the key of the store at {where}; "
            "put back the key file that the store was made with"
        )


async def migrate(connection: AsyncConnection, keys: Keys, now: datetime) -> Migrated:
    """Bring the schema up, in the deciding transaction that is given: all of it, or nothing."""
    if connection.dialect.name == "postgresql":
        # Two daemons that meet an empty database: the second waits here, and finds it made.
        await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('cocmail schema'))"))
    found = await standing(connection)
    if found is Standing.NEWER:
        await require_current(connection, "the store")
    before = await connection.run_sync(_revision)
    if found is not Standing.CURRENT:
        await connection.run_sync(_upgrade)
    if found is Standing.EMPTY:
        row = {"name": _KEY_CHECK, "value": keys.check}
        await connection.execute(insert(meta), row)
        await ledger.begin(connection, keys)
        await cases.open_case(connection, keys, cases.SYSTEM, now)
    after = await connection.run_sync(_revision)
    return Migrated(before=before, after=after or "")


def configuration(connection: Connection) -> Config:
    """Alembic's, without a file of its own. The revisions lie in this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _standing(connection: Connection) -> Standing:
    revision = _revision(connection)
    if revision == HEAD:
        return Standing.CURRENT
    if revision is not None:
        return Standing.OLDER if revision in _known(connection) else Standing.NEWER
    if inspect(connection).has_table(meta.name):
        return Standing.NEWER  # ours in part, by no revision that we know: not ours to touch
    return Standing.EMPTY


def _known(connection: Connection) -> set[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(configuration(connection))
    return {script.revision for script in scripts.walk_revisions()}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(configuration(connection), HEAD)
