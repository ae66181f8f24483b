"""Several cases of one committee, and the clock that all of them share.

Owns the playing of due dates as loops/calendar plays them: what is due in a case, then the digests
that come of it. Called by the tests of reminders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cocmail.core import reminders
from cocmail.core.calendar import fall_due
from cocmail.core.case import Case
from cocmail.core.folding import apply
from cocmail.core.letters import Letter
from cocmail.core.policy import Policy
from cocmail.core.rows import dues
from cocmail.core.work import Result
from tests.promises.kit import World, text_of

START = datetime(2026, 11, 21, 12)


@dataclass
class Office:
    """A committee with its cases."""

    members: tuple[str, ...] = ("alice", "bob", "carol")
    policy: Policy = field(default_factory=Policy)
    worlds: list[World] = field(default_factory=list)
    sent: list[tuple[datetime, Letter]] = field(default_factory=list)
    digests: list[tuple[datetime, str]] = field(default_factory=list)  # when, to whom

    def __post_init__(self) -> None:
        first = World(members=self.members)
        self.now, self.record = first.now, first.record

    def do(self, world: World, act: Callable[[World], Result]) -> Result:
        world.now, world.record = self.now, self.record
        before = len(world.letters)
        result = act(world)
        self.record = world.record
        self.sent += [(self.now, x) for x in world.letters[before:]]
        return result

    def open(self) -> World:
        number = len(self.worlds) + 1
        case = Case(id=f"case{number}")
        world = World(members=self.members, policy=self.policy, case=case)
        self.worlds.append(world)
        self.do(world, lambda w: w.report(sender=f"Somebody <someone{number}@reporter.example>"))
        return world

    def say(self, world: World, handle: str, text: str, **more: str) -> Result:
        return self.do(world, lambda w: w.say(handle, text, **more))

    def vote(self, world: World, proposal: str, *handles: str) -> Result:
        return self.do(world, lambda w: w.vote(proposal, *handles))

    def propose(self, world: World, text: str = "") -> str:
        self.do(world, lambda w: (w.propose(text) if text else w.propose(), w.last)[1])  # type: ignore[arg-type,return-value]
        return world.case.open_proposals[-1].id

    def digest(self, handle: str) -> None:
        setting = self._setting()
        cases = [w.case for w in self.worlds]
        result = reminders.digest(self.record, setting, handle, cases)
        for event in result.events:
            self.record = apply(self.record, self.now, event)
        for other in result.elsewhere:
            world = next(w for w in self.worlds if w.case.id == other.case)
            for event in other.events:
                world.case = apply(world.case, self.now, event)
        self.sent += [(self.now, x) for x in result.letters]
        self.digests += [(self.now, handle)] * len(result.letters)

    def _setting(self):  # type: ignore[no-untyped-def]
        world = self.worlds[0]
        world.now, world.record = self.now, self.record
        return world.setting()

    def tick(self) -> None:
        """All that is due now, as the calendar's loop does it."""
        for _ in range(4):
            due = [(w, r) for w in self.worlds for r in dues(w.case) if r.at <= self.now]
            for world, row in due:
                self.do(
                    world,
                    lambda w, row=row: w.take(fall_due(w.case, w.setting(), row.what, row.about)),  # type: ignore[misc]
                )
            wanted = [r.about for r in dues(self.record) if r.at <= self.now]
            for handle in wanted:
                self.digest(handle)
            if not due and not wanted:
                return
        raise AssertionError("what is due stays due")

    def later(self, **span: float) -> None:
        """Time passes; whatever falls due meanwhile happens when it is due."""
        end = self.now + timedelta(**span)
        while True:
            cases = [*(w.case for w in self.worlds), self.record]
            ahead = [r.at for c in cases for r in dues(c) if r.at <= end]
            if not ahead:
                break
            self.now = max(self.now, min(ahead))
            self.tick()
        self.now = end

    def reminders(self, handle: str) -> list[tuple[datetime, Letter]]:
        return [
            (at, x) for at, x in self.sent if x.kind == "reminder" and x.party == f"member:{handle}"
        ]

    def texts(self, handle: str) -> list[str]:
        return [text_of(x) for _, x in self.reminders(handle)]
