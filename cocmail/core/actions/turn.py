"""One member's commands being run.

Owns what every command is handed. Refuses to know what a command does (the other rooms of this
package). Made by casework.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cocmail.core.case import Case
from cocmail.core.enforcement import Observed
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
    hidden: set[str] = field(default_factory=set)  # who must not hear of this mail
    done: list[str] = field(default_factory=list)  # what took effect, a line each
