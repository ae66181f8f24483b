"""What every verb shares: how it was called, its settings and store, and how it prints.

Owns the one form of tables and of JSON. Refuses to know any verb. People get Rich tables, from
which control characters are taken out, because what is shown can come from a mail; programs get
JSON with instants in ISO 8601, UTC.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cocmail.config import Settings, find, load


@dataclass(kw_only=True)
class Call:
    """What stood on the command line for every verb alike."""

    config: Path | None = None
    json: bool = False
    debug: bool = False


_call: ContextVar[Call] = ContextVar("call")


def begin() -> Call:
    """A new call, before anything is parsed."""
    call = Call()
    _call.set(call)
    return call


def call() -> Call:
    """How this verb was called."""
    found = _call.get(None)
    return begin() if found is None else found


def settings() -> Settings:
    """The settings of the file that counts. Raises ConfigurationError."""
    return load(find(call().config))


def note(line: str) -> None:
    """A remark to people beside what a program reads: to stderr."""
    print(_one_line(line), file=sys.stderr)


def say(line: str) -> None:
    print(_printable(line))


def say_json(value: Any) -> None:
    print(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def instant(moment: datetime | None) -> str | None:
    """``2026-11-21T01:30:00Z``"""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table for people. Cells are text as it is: no markup, no control characters."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        # A pipe has no width; a folded cell would hide from grep what stands in it.
        console = Console(file=sys.stdout, highlight=False, width=10_000)
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(_one_line(_cell(one))) for one in row))
    console.print(made)


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return instant(value) or "-"
        case list() | tuple() | set() | frozenset():
            return ", ".join(_cell(one) for one in value)
    return str(value)


def _one_line(text: str) -> str:
    return _printable(" ".join(text.split()))


def _printable(text: str) -> str:
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _plain(value: object) -> object:
    match value:
        case datetime():
            return instant(value)
        case Path():
            return str(value)
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"a {type(value).__name__} has no JSON")
