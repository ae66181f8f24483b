"""`/assign`, `/tag`, `/urgent`, `/close`, `/reopen`: a case is looked after.

Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import clean
from cocmail.core.nearby import did_you_mean
from cocmail.core.outcomes import tell_outcome


def assign(turn: Turn, command: Command) -> None:
    if command.target not in {m.handle for m in turn.work.eligible}:
        names = [m.handle for m in turn.work.eligible]
        right = did_you_mean(command.target, names, f"one of {', '.join(names)}")
        raise Problem(f"nobody in this case has the handle {command.target}", right)
    turn.work.happen(e.Assigned(by=turn.member.handle, handle=command.target))
    turn.done.append(f"gave this case to {command.target}")


def tag(turn: Turn, command: Command) -> None:
    turn.work.happen(e.Tagged(by=turn.member.handle, tag=clean(command.target)[:40]))
    turn.done.append(f"tagged this case “{command.target}”")


def urgent(turn: Turn, command: Command) -> None:
    turn.work.happen(e.MarkedUrgent(by=turn.member.handle))
    turn.done.append("marked this case as urgent")


def close(turn: Turn, command: Command) -> None:
    work = turn.work
    if not work.case.is_open:
        raise Problem("this case is closed already", "/reopen, to go on with it")
    if work.case.open_proposals:
        raise Problem(
            "a vote is still open in this case", "the same once it is decided, or /withdraw first"
        )
    assert command.outcome is not None
    work.happen(
        e.Closed(by=turn.member.handle, outcome=command.outcome.value, because=command.because)
    )
    tell_outcome(work, "outcome-closed", {"outcome": command.outcome.value})
    because = f", because {command.because}" if command.because else ""
    turn.done.append(f"closed this case as “{command.outcome}”{because}")
    for branch in work.case.branches.values():
        if not branch.agreed and work.case.of_role("reporter"):
            turn.done.append(
                f"left open whether who reported {branch.references[0]} hears it; another of you"
                f" can say /merge {branch.references[0]}"
            )


def reopen(turn: Turn, command: Command) -> None:
    if turn.work.case.is_open:
        raise Problem("this case is open already", "nothing: you can go on with it")
    work = turn.work
    work.happen(
        e.Reopened(by=turn.member.handle, update_by=work.now + work.setting.policy.update_within)
    )
    turn.done.append("opened this case again")
