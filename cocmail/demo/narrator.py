"""What the demo says: chapters, sentences, checks that hold or don't, and tables of lists.

Owns the look and the count of checks. Knows nothing of mail or Mailman. Called by the story.
"""

import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class StoryBroke(Exception):
    """Something that had to hold did not; the text says what."""


class Narrator:
    """Tells the story; `check` ends it where something doesn't hold."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.checks = 0
        self._began = time.monotonic()
        self._chapters = 0

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        self._chapters += 1
        heading = f"[bold cyan]{self._chapters}. {escape(title)}[/] [dim]{self.elapsed:.0f} s[/]"
        self.console.print(f"\n{heading}")

    def say(self, text: str) -> None:
        self.console.print(f"   {escape(text)}")

    def quote(self, text: str, *, lines: int = 12) -> None:
        """The beginning of a mail, as a reader would see it."""
        shown = text.strip().splitlines()
        for line in shown[:lines]:
            self.console.print(f"   [dim]│ {escape(line)}[/]")
        if len(shown) > lines:
            self.console.print(f"   [dim]│ … and {len(shown) - lines} lines more[/]")

    def check(self, sentence: str, holds: bool, *, found: object = None) -> None:
        self.checks += 1
        if holds:
            self.console.print(f"   [green]✓[/] {escape(sentence)}")
            return
        self.console.print(f"   [bold red]✗ {escape(sentence)}[/]")
        raise StoryBroke(f"{sentence}: found {found!r}" if found is not None else sentence)

    def failure(self, heading: str, text: str) -> None:
        self.console.print(f"\n[bold red]{escape(heading)}:[/]")
        self.console.print(text, markup=False)

    def lists(self, title: str, columns: Mapping[str, Mapping[str, str]]) -> None:
        """A row for each mailing list, a column for each moment."""
        table = Table(title=title, title_justify="left", title_style="bold")
        table.add_column("list")
        for column in columns:
            table.add_column(column)
        rows: Sequence[str] = sorted({name for column in columns.values() for name in column})
        for name in rows:
            cells = [column.get(name, "not there") for column in columns.values()]
            table.add_row(name, *cells)
        self.console.print(table)
