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
from cocmail.core.spelling import spelled

Table = Mapping[str, Any]

_LONGEST_PHRASE = 1000  # beyond it, it is somebody's text and none of ours
_SENTENCES = re.compile(r"(?<=\.) ")
_LEAST = 8  # letters that must stand before what changes
FILL = re.compile(r"\{([0-9])(?::([a-z]+))?\}")
GAP = re.compile(r"\{[0-9]\}")
_NAMED = re.compile(r"([A-Z0-9]+): ([a-z]+) (\S+) on (.+)")
_PEOPLE = re.compile(r"\b(reporter|respondent|witness) ([0-9]+)\b")


class Words:
    """Tables of words; what a language lacks is taken from ``behind``, which is English."""

    def __init__(self, tables: Mapping[str, Table], behind: Words | None = None) -> None:
        self.tables: dict[str, Table] = dict(behind.tables) if behind else {}
        for name, table in tables.items():
            # Phrases are keyed by the English ones, so nothing stands behind them.
            self.tables[name] = {**self.tables.get(name, {}), **table}
        # The most exact first: “voted on lifting” before “voted on”.
        phrases = sorted(
            self.tables.get("phrases", {}).items(), key=lambda pair: -len(GAP.sub("", pair[0]))
        )
        self._patterns = [
            (said.partition("{")[0], pattern(said), str(ours)) for said, ours in phrases
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
            "spelled": spelled,
            **{name: self._lookup(table) for name, table in FILTERS.items()},
        }

    def _lookup(self, table: str) -> Callable[[Any], str]:
        return lambda word: str(self.tables.get(table, {}).get(str(word), word))

    def when(self, moment: datetime) -> str:
        """An instant as people say it, in UTC."""
        if not isinstance(moment, datetime):
            raise TypeError("there is not always a time here: put {% if … %} around it")
        utc, dates = moment.astimezone(UTC), self.tables["dates"]
        return str(dates["form"]).format(
            day=utc.day,
            month=dates["months"][utc.month - 1],
            year=utc.year,
            time=f"{utc:%H:%M}",
        )

    def span(self, length: timedelta | float) -> str:
        """``90 days``, ``1 week``."""
        if not isinstance(length, timedelta | int | float):
            raise TypeError("there is not always a span here: put {% if … %} around it")
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

    def named(self, said: str) -> str:
        """A sanction in a few words, as the code names it for members, in this language's."""
        found = _NAMED.fullmatch(said)
        if found is None:
            return said
        sanction, measure, address, scope = found.groups()
        return str(self.tables["sanctions"]["named"]).format(
            id=sanction,
            measure=self.tables["measures"].get(measure, measure),
            address=address,
            scope=self.scope(scope),
        )

    def people(self, said: str) -> str:
        """``reporter 1 and reporter 2``, in this language's words."""
        parties = self.tables["parties"]
        known = _PEOPLE.sub(lambda one: f"{parties.get(one[1], one[1])} {one[2]}", said)
        return known.replace(" and ", f" {self.tables['sanctions']['and']} ")

    def phrase(self, text: str) -> str:
        """A sentence that code builds, where this language has it; else as it is."""
        if not self._patterns:
            return text
        whole = self._phrase(text)
        if whole is not None:
            return whole
        if len(text) > _LONGEST_PHRASE:
            return text
        if text[:1].islower() and not text.endswith("."):  # a sentence inside of another
            sentence = self._phrase(f"{text[0].upper()}{text[1:]}.")
            if sentence is not None:
                return sentence[:1].lower() + sentence[1:].rstrip(".")
        return " ".join(self._phrase(one) or one for one in _SENTENCES.split(text))

    def _phrase(self, text: str) -> str | None:
        long = len(text) > _LONGEST_PHRASE
        for begins, pattern, ours in self._patterns:
            # A long text is somebody's own; a phrase before it is known by how it begins.
            if not text.startswith(begins) or (long and len(begins) < _LEAST):
                continue
            found = pattern.fullmatch(text)
            if found is not None:
                return self._filled(ours, found.groups())
        return None

    def _filled(self, ours: str, gaps: tuple[str, ...]) -> str:
        def gap(found: re.Match[str]) -> str:
            value, how = gaps[int(found[1])], found[2]
            return value if how is None else str(self.readings[how](value))

        return FILL.sub(gap, ours)

    @property
    def readings(self) -> dict[str, Callable[[Any], Any]]:
        """What may stand in a phrase behind the colon of a gap: ``{0:measure}``."""
        return {**self.filters, "named": self.named, "people": self.people}


FILTERS = {
    "measure": "measures",
    "party": "parties",
    "role": "roles",
    "change": "changes",
    "heading": "headings",
    "state": "states",
    "vote": "votes",
    "outcome": "outcomes",
    "kind": "kinds",
    "group": "groups",
    "part": "parts",
}
"""The filters that look a word up, and in which table."""

ALSO = ("when", "span", "scope", "phrase", "does", "spelled")
"""The other filters of ours."""


def pattern(said: str) -> re.Pattern[str]:
    """``{0} is an owner of {1}``: what stands in the gaps is kept."""
    return re.compile("(.*?)".join(map(re.escape, GAP.split(said))), re.DOTALL)


def read(text: str) -> dict[str, Table]:
    """The tables of a words.toml. Raises ValueError with what is wrong, in words for people."""
    data = tomllib.loads(text)
    for name, table in data.items():
        if not isinstance(table, dict):
            raise ValueError(f"{name} should be a table: write [{name}]")
    return data
