"""A database's errors, told by who acts next.

Owns the translation of SQLAlchemy's, sqlite3's and psycopg's exceptions into core.errors, once.
Refuses to pass on their texts: PostgreSQL quotes values in them, and a value can be a name.
Called by engine.py, around every statement of the store.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cocmail.core.errors import CocmailError, Full, Permanent, SoundnessError, Temporary

if TYPE_CHECKING:
    import psycopg

_SQLITE_NOT_OURS = {"SQLITE_NOTADB"}
_SQLITE_CORRUPT = {"SQLITE_CORRUPT"}
_SQLITE_REFUSED = {"SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH"}

# PostgreSQL's manual, appendix A: the classes of SQLSTATE that pass by themselves.
_PASSING = {"08", "40", "53", "55", "57", "58"}
_DISK_FULL = "53100"  # of its class alone; memory and connections pass sooner
_REFUSED = {"28", "3D", "42"}

# libpq gives no SQLSTATE for a refused connection; these are the server's own words.
_REFUSALS = (
    ("password authentication failed", "the password is wrong ([store] password_file)"),
    ("no password supplied", "the server wants a password ([store] password_file)"),
    ("no pg_hba.conf entry", "the server's pg_hba.conf does not let us in"),
    ("authentication failed", "the server does not take our login"),
    ("permission denied", "the login has no right to this database"),
    ("does not exist", "there is no such database or role"),
)


def translate(error: DBAPIError | PoolTimeout, *, where: str, opening: bool) -> CocmailError:
    """``where`` names the store without its secrets; ``opening``: nothing has worked there yet."""
    if isinstance(error, PoolTimeout):
        return Temporary("the store is busy: no connection came free")
    if isinstance(error, IntegrityError):
        # Somebody else wrote the same key meanwhile; decided anew, it will be seen.
        return Temporary("the store: a value that must be unique was taken meanwhile")
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, where=where, opening=opening)
    # Not imported for SQLite's sake: it is large.
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(cause, psycopg.Error):
        return _postgresql(cause, where=where)
    return Permanent(f"[store] url: {where}: {type(cause).__name__}")


def _sqlite(cause: sqlite3.Error, *, where: str, opening: bool) -> CocmailError:
    # Extended codes say more after the second underscore: SQLITE_IOERR_FSYNC.
    name = "_".join(getattr(cause, "sqlite_errorname", "SQLITE_UNKNOWN").split("_")[:2])
    if name in _SQLITE_NOT_OURS:
        return Permanent(f"[store] url: {where} is not a SQLite database")
    if name in _SQLITE_CORRUPT:
        return SoundnessError(f"[store] url: {where} is damaged (SQLITE_CORRUPT); restore a backup")
    if opening and name in _SQLITE_REFUSED:
        return Permanent(f"[store] url: {where} can't be opened and written ({name})")
    if name == "SQLITE_ERROR":
        return Permanent(f"[store] url: {where} does not have the tables it should ({name})")
    kind = Full if name == "SQLITE_FULL" else Temporary
    return kind(f"the store at {where} can't take it now ({name})")


def _postgresql(cause: psycopg.Error, *, where: str) -> CocmailError:
    code = cause.sqlstate
    if code is None:
        said = str(cause)
        for words, meaning in _REFUSALS:
            if words in said:
                return Permanent(f"[store] url: {where}: {meaning}")
        return Temporary(f"the store at {where} can't be reached now")
    if code[:2] in _PASSING:
        kind = Full if code == _DISK_FULL else Temporary
        return kind(f"the store at {where} can't take it now (SQLSTATE {code})")
    if code.startswith("XX"):
        return SoundnessError(f"[store] url: {where} is damaged (SQLSTATE {code})")
    if code[:2] in _REFUSED:
        return Permanent(f"[store] url: {where} refuses us (SQLSTATE {code})")
    return Permanent(f"[store] url: {where}: SQLSTATE {code}")
