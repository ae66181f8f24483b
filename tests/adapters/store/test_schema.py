"""The schema: made by the migrations, equal to the tables, and refused where it is another's."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.pool import NullPool

from cocmail.adapters.store import load_keys, make_key_file, migrate
from cocmail.adapters.store.tables import metadata
from cocmail.adapters.vault import derive
from cocmail.core.errors import Permanent


def _engine(url: str) -> Any:
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)


def _snapshot(connection: Connection) -> dict[str, Any]:
    look = inspect(connection)
    found = {}
    for name in look.get_table_names():
        if name == "alembic_version":
            continue
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c["default"], c.get("identity"))
            for c in look.get_columns(name)
        ]
        found[name] = {
            "columns": columns,
            "key": look.get_pk_constraint(name),
            "unique": sorted(look.get_unique_constraints(name), key=lambda u: u["name"] or ""),
            "indexes": sorted(look.get_indexes(name), key=lambda i: i["name"] or ""),
            "foreign": look.get_foreign_keys(name),
            "checks": look.get_check_constraints(name),
        }
    return found


async def test_the_migrated_schema_is_the_tables(world, request) -> None:
    await world.open()
    await world.close()
    if world.kind == "sqlite":
        other = f"sqlite:///{world.folder / 'other.db'}"
    else:
        other = request.getfixturevalue("cluster").create_database("other")
    with _engine(other).begin() as connection:
        metadata.create_all(connection)
        wanted = _snapshot(connection)
    with _engine(world.url).begin() as connection:
        assert _snapshot(connection) == wanted
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert set(wanted) == set(metadata.tables)


async def _refusal(world, **changed: Any) -> str:
    with pytest.raises(Permanent) as caught:
        await world.open(**changed)
    said = str(caught.value)
    assert "\n" not in said
    return said


async def test_an_empty_store_is_made_by_run_and_by_nothing_else(world) -> None:
    said = await _refusal(world, create=False)
    assert "cocmail run" in said
    if world.kind == "sqlite":
        assert list(world.folder.iterdir()) == []
    store = await world.open(create=True)
    assert (await store.verify()).whole
    await world.open(create=False)


async def test_two_daemons_make_one_store(world) -> None:
    stores = await asyncio.gather(*(world.open() for _ in range(3)))
    await world.case(stores[0], "c1", world.event("said", "x"))
    assert (await stores[1].read_case("c1")).words == ["x"]


async def test_a_new_file_that_somebody_else_is_just_at_is_waited_for(world) -> None:
    """SQLite doesn't: it refuses the log to the second of two."""
    if world.kind != "sqlite":
        return
    path = world.folder / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        opening = asyncio.create_task(world.open())
        await asyncio.wait([opening], timeout=0.3)
        assert not opening.done()
        other.execute("COMMIT")
    store = await opening
    assert (await store.verify()).whole


async def test_an_older_and_a_newer_schema_are_refused(world) -> None:
    await world.open()
    await world.close()
    world.sql("UPDATE alembic_version SET version_num = '9999'")
    assert "newer schema" in await _refusal(world)
    with pytest.raises(Permanent, match="newer schema"):
        await migrate(world.url, keys=world.keys, clock=world.clock)
    world.sql("DELETE FROM alembic_version")
    assert "`cocmail migrate`" in await _refusal(world)


async def test_an_older_schema_names_migrate_which_loses_nothing(world) -> None:
    """As 0001 was: a mail's body in one piece, however large."""
    store = await world.open()
    await store.keep(world.mail("small"), world.START)
    await store.keep(world.mail("large" * 500_000), world.START)
    await world.close()
    (small, large) = world.sql(
        "SELECT mails.id, body FROM mails JOIN mail_bodies ON mail = id ORDER BY number"
    )
    rest = world.sql("SELECT piece FROM mail_pieces ORDER BY number")
    assert len(rest) == 2
    whole = b"".join(bytes(piece) for (piece,) in (large[1:], *rest))
    world.sql("UPDATE mail_bodies SET body = :whole WHERE mail = :id", whole=whole, id=large[0])
    world.sql("DROP TABLE mail_pieces")
    for table in ("mails", "letters"):
        world.sql(f"DROP INDEX ix_{table}_state_next_at_number")
        world.sql(f"CREATE INDEX ix_{table}_state_number ON {table} (state, number)")
    world.sql("UPDATE alembic_version SET version_num = '0001'")
    said = await _refusal(world)
    assert "older schema" in said
    assert "`cocmail migrate`" in said
    done = await migrate(world.url, keys=world.keys, clock=world.clock)
    assert (done.before, done.after) == ("0001", "0003")
    again = await migrate(world.url, keys=world.keys, clock=world.clock)
    assert (again.before, again.after) == ("0003", "0003")
    store = await world.open()
    assert (await store.verify()).whole
    assert await store.mail_raw(small[0]) == b"small"
    assert await store.mail_raw(large[0]) == b"large" * 500_000


async def test_a_migration_that_fails_leaves_all_as_it_was(world, monkeypatch, tmp_path) -> None:
    import shutil

    from cocmail.adapters.store import schema

    await world.open()
    await world.close()
    copied = tmp_path / "later"
    shutil.copytree(Path(schema.__file__).parent, copied)
    (copied / "migrations" / "versions" / "0004_made_up.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        "revision = '0004'\ndown_revision = '0003'\n"
        "def upgrade():\n"
        "    op.add_column('letters', sa.Column('note', sa.Text(), nullable=True))\n"
        "    1 / 0\n"
    )
    with monkeypatch.context() as patched:
        patched.setattr(schema, "__file__", str(copied / "schema.py"))
        patched.setattr(schema, "HEAD", "0004")
        with pytest.raises(ZeroDivisionError):
            await migrate(world.url, keys=world.keys, clock=world.clock)
    assert world.sql("SELECT version_num FROM alembic_version") == [("0003",)]
    with _engine(world.url).begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    await world.open()


async def test_migrate_makes_an_empty_store(world) -> None:
    done = await migrate(world.url, keys=world.keys, clock=world.clock)
    assert (done.before, done.after) == (None, "0003")
    await world.open(create=False)


async def test_another_key_is_refused(world, tmp_path: Path) -> None:
    await world.open()
    await world.close()
    make_key_file(tmp_path / "other.key")
    said = await _refusal(world, keys=load_keys(tmp_path / "other.key"))
    assert said.startswith("key_file: this is not the key of the store")
    with pytest.raises(Permanent, match="not the key"):
        await migrate(world.url, keys=derive(b"x" * 32), clock=world.clock)


def test_the_head_is_the_last_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from cocmail.adapters.store import schema

    config = Config()
    where = Path(schema.__file__).with_name("migrations")
    config.set_main_option("script_location", str(where))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD
