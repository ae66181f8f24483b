"""The words of one language that stand inside of letters: dates, spans, measures, roles, states.

Owns the tables of words.toml and the filters that templates reach them by. Refuses to know any
letter. A word that a table lacks is shown as the code has it. Called by adapters.templates.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cocmail.core.durations import counted

Table = Mapping[str, Any]

_LONGEST_PHRASE = 1000  # beyond it, it is somebody's text and none of ours
_SENTENCES = re.compile(r"(?<=\.) ")
_FILL = re.compile(r"\{([0-9])\}")
_GAP = re.compile(r"\\\{([0-9])\\\}")


class Words:
    """Tables of words; what a language lacks is taken from ``behind``, which is English."""

    def __init__(self, tables: Mapping[str, Table], behind: Words | None = None) -> None:
        self.tables: dict[str, Table] = dict(behind.tables) if behind else {}
        for name, table in tables.items():
            # Phrases are keyed by the English ones, so nothing stands behind them.
            self.tables[name] = {**self.tables.get(name, {}), **table}
        self._patterns = [
            (_pattern(said), str(ours)) for said, ours in self.tables.get("phrases", {}).items()
        ]

    @property
    def filters(self) -> dict[str, Callable[[Any], Any]]:
        """What templates may write behind a ``|``."""
        return {
            "when": self.when,
            "span": self.span,
            "scope": self.scope,
            "phrase": self.phrase,
            "does": self.does,
            **{name: self._lookup(table) for name, table in FILTERS.items()},
        }

    def _lookup(self, table: str) -> Callable[[Any], str]:
        return lambda word: str(self.tables.get(table, {}).get(str(word), word))

    def when(self, moment: datetime) -> str:
        """An instant as people say it, in UTC."""
        utc, dates = moment.astimezone(UTC), self.tables["dates"]
        return str(dates["form"]).format(
            day=utc.day,
            month=dates["months"][utc.month - 1],
            year=utc.year,
            time=f"{utc:%H:%M}",
        )

    def span(self, length: timedelta | float) -> str:
        """``90 days``, ``1 week``."""
        span = length if isinstance(length, timedelta) else timedelta(seconds=length)
        count, unit = counted(span)
        one, more = self.tables["spans"][unit]
        return f"{count} {one if count == 1 else more}"

    def scope(self, scope: Any) -> str:
        """The lists that are covered, as they stand behind "on"."""
        return str(self.tables["scopes"]["all"]) if str(scope) == "all" else str(scope)

    def does(self, spec: Any) -> str:
        """What a command of /help does."""
        return str(self.tables.get("commands", {}).get(spec.word, spec.does))

    def phrase(self, text: str) -> str:
        """A sentence that code builds, where this language has it; else as it is."""
        if len(text) > _LONGEST_PHRASE or not self._patterns:
            return text
        whole = self._phrase(text)
        if whole is not None:
            return whole
        return " ".join(self._phrase(one) or one for one in _SENTENCES.split(text))

    def _phrase(self, text: str) -> str | None:
        for pattern, ours in self._patterns:
            found = pattern.fullmatch(text)
            if found is not None:
                gaps = found.groups()
                return _FILL.sub(lambda gap, gaps=gaps: gaps[int(gap[1])], ours)  # type: ignore[misc]
        return None


FILTERS = {
    "measure": "measures",
    "party": "parties",
    "role": "roles",
    "change": "changes",
    "state": "states",
    "vote": "votes",
    "outcome": "outcomes",
    "kind": "kinds",
}
"""The filters that look a word up, and in which table."""

ALSO = ("when", "span", "scope", "phrase", "does")
"""The other filters of ours."""


def _pattern(said: str) -> re.Pattern[str]:
    """``{0} is an owner of {1}``: what stands in the gaps is kept."""
    return re.compile(_GAP.sub(r"(.+?)", re.escape(said)), re.DOTALL)


def read(text: str) -> dict[str, Table]:
    """The tables of a words.toml. Raises ValueError with what is wrong, in words for people."""
    data = tomllib.loads(text)
    for name, table in data.items():
        if not isinstance(table, dict):
            raise ValueError(f"{name} should be a table: write [{name}]")
    return data


def wrong(tables: Mapping[str, Table], english: Words) -> list[str]:
    """What would break a letter or never be used, one line each."""
    found: list[str] = []
    for name, table in tables.items():
        known = english.tables.get(name)
        if name in ("phrases", "commands"):
            known = None
        elif known is None:
            found.append(f"there is no table [{name}]; take it out")
            continue
        for key, value in table.items():
            if known is not None and key not in known:
                found.append(f"[{name}] {key}: there is no such word; take it out")
            elif not _fits(name, key, value):
                found.append(f"[{name}] {key}: should be {_SHAPES.get((name, key), _shape(name))}")
    return found


_SHAPES = {
    (
        "dates",
        "form",
    ): 'text with no gaps but {day}, {month}, {year} and {time}, like "{day} {month}"',
    ("dates", "months"): "a list of twelve names",
}


def _shape(table: str) -> str:
    return 'a list of two words, like ["day", "days"]' if table == "spans" else "text in quotes"


def _fits(table: str, key: str, value: Any) -> bool:
    if (table, key) == ("dates", "form"):
        try:
            return bool(str(value).format(day=1, month="", year=1, time=""))
        except (ValueError, LookupError, AttributeError):
            return False
    if (table, key) == ("dates", "months"):
        return _texts(value, 12)
    return _texts(value, 2) if table == "spans" else isinstance(value, str)


def _texts(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(one, str) and one for one in value)
    )
