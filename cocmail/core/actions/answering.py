"""`/status` and `/help`: they answer only the one who asked, and change nothing.

Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import deliberation
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import COMMANDS, Command, Problem
from cocmail.core.letters import Kind
from cocmail.core.sanctions import State


def status(turn: Turn, command: Command) -> None:
    work = turn.work
    proposals = [
        (p, deliberation.standing_votes(work, p), deliberation.needed(work, p))
        for p in work.case.open_proposals
    ]
    values = {
        "proposals": proposals,
        "eligible": work.eligible,
        "asides": [a.mail for a in work.case.asides if not a.settled],
        "sanctions": [s for s in work.case.sanctions.values() if s.state is not State.PROPOSED],
    }
    work.to_member(turn.member, Kind.ANSWER, "status", values, answering=turn.answering)


def help_(turn: Turn, command: Command) -> None:
    specs = [s for s in COMMANDS.values() if s.available]
    turn.work.to_member(
        turn.member, Kind.HELP, "help", {"commands": specs}, answering=turn.answering
    )


def confirm(turn: Turn, command: Command) -> None:
    raise Problem(
        "there is nothing to confirm at this address",
        "/confirm as the first line of an answer to the mail that asks for it",
    )
