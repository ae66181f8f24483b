"""One member's commands being run.

Owns what every command is handed. Refuses to know what a command does (the other rooms of this
package). Made by casework.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cocmail.core.case import Case
from cocmail.core.enforcement import Observed
from cocmail.core.events import Past
from cocmail.core.files import File
from cocmail.core.people import Member
from cocmail.core.work import Work


class Hold(Exception):
    """A text for outsiders should be looked at once more."""

    def __init__(self, misgivings: tuple[str, ...]) -> None:
        super().__init__("held")
        self.misgivings = misgivings


@dataclass(kw_only=True)
class Turn:
    """One member's commands being run."""

    work: Work
    member: Member
    ballot: str  # the proposal whose ballot address the mail came through, or ""
    confirmed: bool  # the member has seen exactly what would leave
    observed: Observed | None  # what stands on the lists; None: Mailman could not be asked
    answering: str  # the member's Message-ID
    beside: Mapping[str, Case] = field(default_factory=dict, repr=False)  # by id, see Incoming
    pasts: Mapping[str, tuple[Past, ...]] = field(default_factory=dict, repr=False)  # likewise
    files: tuple[File, ...] = ()  # of the mail, as they would leave
    attaches: bool = False  # a command sends them along
    mail: str = ""  # the one that the commands stand in
    spoke: Literal["", "left", "waits"] = ""  # a text for outsiders among them
    hidden: set[str] = field(default_factory=set)  # who must not hear of this mail
    beyond: tuple[Member, ...] = ()  # who hears of it where no case says who may
    cases: dict[str, None] = field(default_factory=dict)  # that each of them must know of, too
    done: list[str] = field(default_factory=list)  # what took effect, a line each
    apart: dict[int, frozenset[str]] = field(default_factory=dict)  # who must not read that line

    def tell_but(self, handles: Iterable[str], line: str) -> None:
        """A line of what took effect, which some must not read."""
        self.apart[len(self.done)] = frozenset(handles)
        self.done.append(line)

    def lines_for(self, handle: str) -> tuple[list[str], bool]:
        """What this member may read of what took effect; and whether that is all."""
        lines = [x for n, x in enumerate(self.done) if handle not in self.apart.get(n, ())]
        return lines, len(lines) == len(self.done)
