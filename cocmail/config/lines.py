"""On which line of a TOML file each key stands.

Owns the walk over a text that tomllib has accepted already; tomllib itself keeps no positions.
Refuses to know what the keys mean. Keys inside inline tables and array elements are found at the
line of the key that holds them. Called by the configuration's loader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_ESCAPED = re.compile(r'\\(["\\])')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)


class Lines:
    """Where keys stand. Asked for a key that isn't there, it names its nearest holder's line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._known: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._walk()

    def find(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of this key, else of the table that should hold it, else 1."""
        for length in range(len(path), 0, -1):
            line = self._known.get(tuple(path[:length]))
            if line is not None:
                return line
        return 1

    def _walk(self) -> None:
        table: Path = ()
        while self._skip_blank():
            line = self._line()
            if self._text.startswith("[[", self._at):
                self._at += 2
                name = self._current(self._dotted())
                number = self._counts.get(name, 0)
                self._counts[name] = number + 1
                table = (*name, number)
                self._known.setdefault(name, line)
                self._known[table] = line
                self._at = self._text.index("]]", self._at) + 2
            elif self._text[self._at] == "[":
                self._at += 1
                table = self._current(self._dotted())
                self._know(table, line)
                self._at = self._text.index("]", self._at) + 1
            else:
                self._know((*table, *self._dotted()), line)
                self._at = self._text.index("=", self._at) + 1
                self._skip_value()

    def _know(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._known.setdefault(path[:length], line)
        self._known[path] = line

    def _current(self, name: Path) -> Path:
        """``[a.b]`` after ``[[a]]`` belongs to the last a (TOML 1.0, array of tables)."""
        found: Path = ()
        for key in name[:-1]:
            found = (*found, key)
            if found in self._counts:
                found = (*found, self._counts[found] - 1)
        return (*found, name[-1])

    def _dotted(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip_spaces()
            found = _KEY.match(self._text, self._at)
            if found is None:  # the text was valid, so there is always one
                return tuple(keys)
            key = found.group()
            self._at = found.end()
            keys.append(_ESCAPED.sub(r"\1", key[1:-1]) if key[0] in "\"'" else key)
            self._skip_spaces()
            if self._text[self._at : self._at + 1] != ".":
                return tuple(keys)
            self._at += 1

    def _skip_value(self) -> None:
        depth = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            string = _STRING.match(self._text, self._at) if char in "\"'" else None
            if string:
                self._at = string.end()
                continue
            if char == "#":
                self._skip_comment()
                continue
            if char == "\n" and depth == 0:
                return
            depth += (char in "[{") - (char in "]}")
            self._at += 1

    def _skip_blank(self) -> bool:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                self._skip_comment()
            elif char in " \t\r\n":
                self._at += 1
            else:
                return True
        return False

    def _skip_spaces(self) -> None:
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1

    def _skip_comment(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
