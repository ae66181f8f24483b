"""`/away` and `/back`: a member takes leave of the committee for a while.

Owns how long one can be away. Refuses to know what follows from it (reminders, deliberation): it
stands in the committee's record, and the others see it in their /status. Called by the table of
actions.
"""

from __future__ import annotations

from datetime import timedelta

from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind

LONGEST = timedelta(days=366)


def away(turn: Turn, command: Command) -> None:
    now = turn.work.now
    until = command.until or now + (command.duration or timedelta())
    soon = f"/away until {now + timedelta(days=14):%Y-%m-%d}"
    if until <= now:
        raise Problem("the date after “until” has passed already", soon)
    if until > now + LONGEST:
        raise Problem("nobody can be away for more than a year at once", soon)
    _note(turn, e.WentAway(handle=turn.member.handle, until=until))


def back(turn: Turn, command: Command) -> None:
    if not turn.work.setting.committee.is_away(turn.member.handle, turn.work.now):
        raise Problem("you are not away", "nothing: you get reminders, and you count")
    _note(turn, e.WentAway(handle=turn.member.handle, until=turn.work.now))


def _note(turn: Turn, event: e.WentAway) -> None:
    turn.work.on_committee().happen(event)
    until = event.until if event.until > turn.work.now else None
    turn.work.to_member(
        turn.member, Kind.ANSWER, "away", {"until": until}, answering=turn.answering
    )
