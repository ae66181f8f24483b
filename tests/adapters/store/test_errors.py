"""A database's errors: told by who acts next, in one line, without what stood in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from cocmail.adapters.store import open_store
from cocmail.adapters.store.engine import Database
from cocmail.adapters.store.errors import translate
from cocmail.adapters.vault import derive
from cocmail.core.errors import CocmailError, Full, Permanent, SoundnessError, Temporary
from cocmail.lab.postgres import Postgres
from cocmail.lab.waiting import wait_until


async def _opened(url: str, **changed):
    return await open_store(
        url,
        keys=derive(b"k" * 32),
        codec=None,
        clock=None,
        recipients_of=None,
        **changed,
    )


async def _refusal(kind: type[CocmailError], url: str, **changed) -> str:
    with pytest.raises(kind) as caught:
        await _opened(url, **changed)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__, "the library's own words could quote a value"
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rubbish", "not of the form"),
        ("mysql://x@y/z", "sqlite:///FILE or postgresql"),
        ("sqlite://", "needs a file"),
        ("sqlite:////no/such/folder/x.db", "does not exist"),
    ],
)
async def test_urls_that_can_not_be(url: str, said: str) -> None:
    with pytest.raises(Permanent, match=said) as caught:
        await _opened(url, create=True)
    assert str(caught.value).startswith("[store] url: ")


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this is a letter to the editor\n" * 100)
    said = await _refusal(Permanent, f"sqlite:///{path}", create=True)
    assert said == f"[store] url: {path} is not a SQLite database"


async def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (x)")
    connection.close()
    said = await _refusal_plain(f"sqlite:///{path}")
    assert "[store] url" in said


async def _refusal_plain(url: str) -> str:
    with pytest.raises(Permanent) as caught:
        await _opened(url, create=True)
    return str(caught.value)


async def test_a_locked_database_is_temporary(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database(f"sqlite:///{path}", create=True, busy_seconds=0.2)
    async with database.reading():
        pass
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Temporary, match="SQLITE_BUSY"):
        async with database.deciding():
            pass
    holder.execute("ROLLBACK")
    holder.close()
    async with database.deciding():
        with pytest.raises(Temporary, match="busy"):
            async with database.deciding():
                pass
    await database.close()


def _full(path: Path) -> sqlite3.Error:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA max_page_count = 2")
    try:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    except sqlite3.Error as error:
        return error
    finally:
        connection.close()
    raise AssertionError


def test_a_full_disk_is_temporary_and_damage_is_not(tmp_path: Path) -> None:
    full = _full(tmp_path / "full.db")
    assert full.sqlite_errorname == "SQLITE_FULL"
    wrapped = DBAPIError("INSERT", {"name": "Rita"}, full)
    assert type(translate(wrapped, where="x.db", opening=False)) is Full
    for name, opening, kind in (
        ("SQLITE_IOERR_FSYNC", False, Temporary),
        ("SQLITE_CORRUPT_INDEX", False, SoundnessError),
        ("SQLITE_CANTOPEN", True, Permanent),
        ("SQLITE_READONLY_DBMOVED", False, Temporary),
        ("SQLITE_READONLY", True, Permanent),
    ):
        error = sqlite3.OperationalError("Rita's words")
        error.sqlite_errorname = name
        told = translate(DBAPIError("INSERT", None, error), where="x.db", opening=opening)
        assert type(told) is kind
        assert "Rita" not in str(told)


def test_postgresqls_full_disk_is_told_from_what_passes_sooner() -> None:
    for error, kind in (
        (psycopg.errors.DiskFull, Full),
        (psycopg.errors.OutOfMemory, Temporary),
        (psycopg.errors.TooManyConnections, Temporary),
    ):
        told = translate(DBAPIError("INSERT", None, error("Rita")), where="x", opening=False)
        assert type(told) is kind


@pytest.mark.servers
async def test_postgresqls_refusals(cluster: Postgres, tmp_path: Path) -> None:
    url = cluster.create_database("refusals")
    said = await _refusal(Permanent, url.replace("/refusals", "/nosuch"))
    assert "no such database" in said
    said = await _refusal(Permanent, url.replace("coclab@", "nobody@"))
    assert said.startswith("[store] url: 127.0.0.1/refusals: ")
    await _refusal(Temporary, "postgresql://coclab@127.0.0.1:1/refusals")
    with pytest.raises(Permanent, match="password_file"):
        await _opened(url, password_file=tmp_path / "none")


@pytest.mark.servers
async def test_a_wrong_password_is_permanent_and_a_right_one_is_read(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres") as postgres:
        url = postgres.create_database("one")
        postgres.sql("CREATE ROLE carol LOGIN SUPERUSER PASSWORD 'open sesame'")
        hba = Path(postgres.sql("SHOW hba_file"))
        hba.write_text("host all carol 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
        loaded = postgres.sql("SELECT pg_conf_load_time()")
        postgres.sql("SELECT pg_reload_conf()")  # which the server does in its own time
        wait_until(
            lambda: postgres.sql("SELECT pg_conf_load_time()") != loaded,
            timeout=60, what="the new pg_hba.conf",
        )  # fmt: skip
        url = url.replace("coclab@", "carol@")
        secret = tmp_path / "password"
        secret.write_text("wrong\n")
        said = await _refusal(Permanent, url, password_file=secret)
        assert "password_file" in said
        assert "wrong\n" not in said
        assert "no password" not in await _refusal(Permanent, url)
        secret.write_text("open sesame\n")
        from datetime import UTC, datetime

        class Clock:
            def now(self) -> datetime:
                return datetime(2026, 11, 3, tzinfo=UTC)

        store = await open_store(
            url,
            keys=derive(b"k" * 32),
            codec=None,
            clock=Clock(),
            recipients_of=None,
            password_file=secret,
            create=True,
        )
        assert "sesame" not in repr(store) + repr(vars(store))
        # The server goes away under an open store, and comes back.
        postgres.kill()
        for _ in range(2):
            with pytest.raises(Temporary):
                await store.notes()
        postgres.start()
        assert await store.notes() == {}
        await store.close()
