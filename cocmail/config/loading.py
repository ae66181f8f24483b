"""From a file to settings, or to everything that is wrong with it.

Owns the reading, and the words for each kind of mistake. Every table is read by itself, so that
all mistakes of a file are said at once. No message repeats a value: values are people's
addresses. Called by the command line and by tests.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cocmail.config.checks import Draft, Problem, problems
from cocmail.config.errors import ConfigurationError
from cocmail.config.lines import Lines
from cocmail.config.settings import Settings
from cocmail.config.tables import (
    Authentication,
    CommitteeMember,
    Community,
    Filters,
    Imap,
    Limits,
    Lmtp,
    Log,
    Mailman,
    Metrics,
    Policy,
    Postfix,
    Signing,
    Store,
    Submission,
    Table,
)

DEFAULT = Path("/etc/cocmail/cocmail.toml")
VARIABLE = "COCMAIL_CONFIG"

TABLES: Mapping[str, type[Table]] = {
    "community": Community,
    "store": Store,
    "imap": Imap,
    "lmtp": Lmtp,
    "submission": Submission,
    "signing": Signing,
    "authentication": Authentication,
    "mailman": Mailman,
    "postfix": Postfix,
    "policy": Policy,
    "limits": Limits,
    "filters": Filters,
    "metrics": Metrics,
    "log": Log,
}
"""The tables that stand at most once. Beside them: NAMED, and [[committee]]."""

NAMED: Mapping[str, type[Table]] = {"mailmans": Mailman, "imaps": Imap}
"""Those that stand once for each name: [mailmans.NAME] and [imaps.NAME]."""

_T = TypeVar("_T", bound=Table)


def find(path: Path | None = None) -> Path:
    """Which file counts: the one that is named, else $COCMAIL_CONFIG, else the one in /etc."""
    if path is not None:
        return path
    named = os.environ.get(VARIABLE)
    return Path(named) if named else DEFAULT


def load(path: Path) -> Settings:
    """Raises ConfigurationError with a line for every mistake in the file."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: there is no such file; name it with --config or ${VARIABLE},"
            " or make one with `cocmail init DIR`"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: this isn't text in UTF-8; save it as UTF-8") from None
    except OSError as error:
        why = (error.strerror or "can't be read").lower()
        raise ConfigurationError(f"{path}: {why}; cocmail must be able to read it") from None
    return parse(text.removeprefix("\ufeff"), path)


def parse(text: str, path: Path) -> Settings:
    """The same from a text; relative paths in it are relative to ``path``'s folder."""
    text = text.replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax(path, error)) from None
    reading = _Reading(data, path.absolute().parent)
    settings = reading.settings(path)
    if settings is not None:
        return settings
    lines = Lines(text)
    said = {(lines.find(at), f"{_label(at, data)}: {words}") for at, words in reading.wrong}
    raise ConfigurationError(*(f"{path}:{line}: {words}" for line, words in sorted(said)))


_WITH_FILES = ("store", "filters")


class _Reading:
    """One file being read: the tables that are sound, and what is wrong with the others."""

    def __init__(self, data: dict[str, Any], base: Path) -> None:
        self.wrong: list[Problem] = []
        self._base = base
        self._present = frozenset(data)
        self._tables: dict[str, Table] = {}
        self._named: dict[str, dict[str, Any]] = {name: {} for name in NAMED}
        self._committee: dict[int, CommitteeMember] = {}
        # A table that is left out still names files beside this one.
        for name, value in ({name: {} for name in _WITH_FILES} | data).items():
            self._read(name, value)

    def settings(self, path: Path) -> Settings | None:
        draft = Draft(
            tables=self._tables,
            mailmans=self._named["mailmans"],
            imaps=self._named["imaps"],
            committee=self._committee,
            present=self._present,
        )
        self.wrong += problems(draft)
        if self.wrong:
            return None
        tables: dict[str, Any] = {**self._tables, **self._named}
        return Settings(
            source=path,
            committee=tuple(self._committee.values()),
            **tables,
        )

    def _read(self, name: str, value: Any) -> None:
        if name == "committee":
            self._read_committee(value)
        elif name in NAMED:
            self._read_named(name, value)
        elif name not in TABLES:
            self.wrong.append(((name,), _unknown_table(name, value)))
        elif not isinstance(value, dict):
            self.wrong.append(((name,), f"should be a table: write [{name}]"))
        else:
            table = self._table(TABLES[name], value, (name,))
            if table is not None:
                self._tables[name] = table

    def _read_committee(self, value: Any) -> None:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.wrong.append((("committee",), "should be a table a member: write [[committee]]"))
            return
        if not value:
            self.wrong.append((("committee",), "should name at least one member"))
        for place, one in enumerate(value):
            member = self._table(CommitteeMember, one, ("committee", place))
            if member is not None:
                self._committee[place] = member

    def _read_named(self, table: str, value: Any) -> None:
        words = f"write [{table}.NAME]"
        if not isinstance(value, dict) or not value:
            self.wrong.append(((table,), f"should be a table each: {words}"))
            return
        for name, one in value.items():
            if not isinstance(one, dict):
                self.wrong.append(((table, name), f"should be a table: {words}"))
                continue
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
                mend = "its name should be lower-case letters, digits and dashes"
                self.wrong.append(((table, name), mend))
            server = self._table(NAMED[table], one, (table, name))
            if server is not None:
                self._named[table][name] = server

    def _table(self, kind: type[_T], value: Any, at: tuple[str | int, ...]) -> _T | None:
        try:
            return kind.model_validate(_tuples(value), context={"base": self._base})
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        # A list whose members are wrong counts as empty too; that is not what is to be mended.
        inside = {one["loc"][:-1] for one in details}
        self.wrong += [
            ((*at, *one["loc"]), _words(kind, one))
            for one in details
            if not (one["type"] == "too_short" and one["loc"] in inside)
        ]
        unknown = {one["loc"] for one in details if one["type"] == "extra_forbidden"}
        if not unknown or len(unknown) < len(details):
            return None
        # Only keys that nobody knows: without them the table can still be compared with others.
        known = {key: one for key, one in value.items() if (key,) not in unknown}
        return self._table(kind, known, at)


def _tuples(value: Any) -> Any:
    """TOML's lists as tuples, so that settings are frozen all through."""
    if isinstance(value, list):
        return tuple(_tuples(one) for one in value)
    if isinstance(value, dict):
        return {key: _tuples(one) for key, one in value.items()}
    return value


# -- words -----------------------------------------------------------------------------------


def _label(at: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    """``[policy] approvals`` or ``[[committee]] handle``."""
    if at[0] == "committee":
        table, rest = "[[committee]]", [part for part in at[1:] if isinstance(part, str)]
    elif at[0] in NAMED and len(at) > 1:
        table, rest = f"[{at[0]}.{at[1]}]", [p for p in at[2:] if isinstance(p, str)]
    else:
        is_key = at[0] in data and not isinstance(data[str(at[0])], dict | list)
        table = str(at[0]) if is_key and at[0] not in TABLES else f"[{at[0]}]"
        rest = [part for part in at[1:] if isinstance(part, str)]
    return " ".join((table, ".".join(rest))) if rest else table


def _syntax(path: Path, error: tomllib.TOMLDecodeError) -> str:
    found = re.search(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    if found is None:
        return f"{path}:1: not TOML: {error}"
    what = " ".join(found.group(1).split())
    if "Cannot declare" in what or "Cannot overwrite" in what or "Cannot mutate" in what:
        what = "this table or key stands here a second time; keep one of them"
    elif "Invalid value" in what:
        what = 'this is no value; text stands in quotes, like "text"'
    return f"{path}:{found.group(2)}: not TOML, at column {found.group(3)}: {what}"


def _unknown_table(name: str, value: Any) -> str:
    near = difflib.get_close_matches(name, [*TABLES, *NAMED, "committee"], n=1)
    if near:
        return f"there is no such table; did you mean {near[0]}?"
    homes = [table for table, kind in TABLES.items() if name in _keys(kind)]
    if homes and not isinstance(value, dict):
        return f"stands outside of any table; it belongs under [{homes[0]}]"
    return "there is no such table or setting; take it out"


def _keys(kind: type[Table]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()]


def _unknown_key(kind: type[Table], key: str) -> str:
    keys = _keys(kind)
    if f"{key}_file" in keys:
        return f"secrets are never written in this file; write it into one and name it: {key}_file"
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"there is no such setting; did you mean {near[0]}?"
    homes = [table for table, other in TABLES.items() if key in _keys(other)]
    if homes:
        return f"there is no such setting here; it belongs under [{homes[0]}]"
    if key in ("password", "passwd", "secret", "key", "token"):
        return "there is no such setting, and secrets are never written in this file; take it out"
    return "there is no such setting; take it out"


_PLAIN = {
    "string_type": "should be text in quotes",
    "int_type": "should be a whole number, without quotes",
    "int_from_float": "should be a whole number",
    "bool_type": "should be true or false, without quotes",
    "tuple_type": "should be a list, in [ ]",
    "dict_type": "should be a table",
    "too_short": "should not be empty",
}


def _words(kind: type[Table], error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(kind, str(error["loc"][-1]))
        case "missing":
            field = next(f for n, f in kind.model_fields.items() if n == error["loc"][-1])
            return f"missing: {field.description}"
        case "value_error":
            return str(context["error"])
        case "enum":
            return "should be " + str(context["expected"]).replace("'", '"')
        case "greater_than_equal":
            return f"should be at least {context['ge']}"
        case "less_than_equal":
            return f"should be at most {context['le']}"
        case known if known in _PLAIN:
            return _PLAIN[known]
    return error["msg"]
