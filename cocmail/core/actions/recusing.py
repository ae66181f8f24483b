"""`/recuse`: a member is kept out of this case.

Owns who may take out whom. Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind


def recuse(turn: Turn, command: Command) -> None:
    if command.target and command.target != turn.member.handle:
        raise Problem(
            "keeping another member out isn't available in this version yet",
            "/recuse, for yourself",
        )
    turn.work.to_member(turn.member, Kind.ANSWER, "recused", {}, answering=turn.answering)
    turn.work.happen(
        e.Recused(handle=turn.member.handle, by=turn.member.handle, because=command.because)
    )
    turn.done.append("left this case, and hears nothing more of it")
    deliberation.reconsider(turn.work)
