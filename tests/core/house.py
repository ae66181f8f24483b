"""Several cases of one committee, over the loop that decides and a store in memory.

Owns the few words in which tests of cases that meet are written. Called by the tests of linking,
merging, splitting, keeping and returning.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cocmail.core.case import Case
from cocmail.core.events import CaseOpened
from cocmail.core.letters import Letter
from cocmail.core.policy import Policy
from tests.promises.play.promises import text_of
from tests.promises.play.room import COMMUNITY, MALLORY, Room, Sent, member

SUSPEND = f"/sanction suspend {MALLORY} for 90 days because you went on"


class House:
    """A committee's room, with cases by their order."""

    def __init__(self, *handles: str, policy: Policy | None = None) -> None:
        self.room = Room(handles=handles or ("alice", "bob", "carol"), policy=policy or Policy())
        self.last: Sent | None = None

    # -- what people do ------------------------------------------------------------------------

    def report(self, sender: str, text: str, *, to: str = COMMUNITY, **more: Any) -> str:
        """A report; the id of its case."""
        self.last = self.room.send(sender, to, text, **more)
        return next(case for case, x in self.last.events if isinstance(x, CaseOpened))

    def say(self, handle: str, case: str, text: str, **more: Any) -> Sent:
        to = self.room.address(case, f"member:{handle}", **more)
        self.last = self.room.send(member(handle).addresses[0], to, text)
        return self.last

    def answer(self, case: str, party: str, text: str, sender: str = "", **more: Any) -> Sent:
        known = self.case(case).parties[party]
        self.last = self.room.send(
            sender or known.addresses[0], self.room.address(case, party), text, **more
        )
        return self.last

    def to_address(self, sender: str, to: str, text: str) -> Sent:
        self.last = self.room.send(sender, to, text)
        return self.last

    def vote(self, case: str, *handles: str, text: str = "/approve") -> None:
        """On the proposal that is open in this case."""
        about = self.case(case).open_proposals[-1].ballot
        for handle in handles:
            self.say(handle, case, text, purpose="ballot", about=about)

    def later(self, **span: float) -> None:
        self.room.later(timedelta(**span))

    # -- what came of it -----------------------------------------------------------------------

    def case(self, case: str) -> Case:
        return self.room.shelf.cases[case]

    def ref(self, case: str) -> str:
        return self.case(case).reference

    def got(self, party: str, kind: str = "", case: str = "") -> list[str]:
        """The texts that a party got, of the last mail's letters."""
        assert self.last is not None
        return [text_of(x) for x in _of(self.last.letters, party, kind, case)]

    def all(self, party: str, kind: str = "", case: str = "") -> list[str]:
        return [text_of(x) for x in _of(self.room.shelf.letters, party, kind, case)]

    def refused(self) -> str:
        assert self.last is not None
        (letter,) = [x for x in self.last.letters if x.kind == "refusal"]
        return text_of(letter)


def _of(letters: Any, party: str, kind: str, case: str) -> list[Letter]:
    return [
        x for x in letters if x.party == party and kind in ("", x.kind) and case in ("", x.case)
    ]
