"""`/history` and `/note`: what is known of a person.

Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.dossier import dossier
from cocmail.core.letters import Kind
from cocmail.core.people import Address


def history(turn: Turn, command: Command) -> None:
    if not turn.work.setting.policy.history:
        raise Problem(
            "your community has switched this off",
            "history = true in [policy], which is for who runs the machine to set",
        )
    tell(turn, command.addresses[:1])


def tell(turn: Turn, asked: tuple[Address, ...]) -> None:
    """To the one who asked, and of other cases only where the community wants that."""
    work = turn.work
    beside = turn.beside.values() if work.setting.policy.history else ()
    found = dossier((work.case, *beside), work.setting, turn.member, asked, turn.observed)
    values = {
        "preview": found.preview,
        "sources": found.sources,
        "cases": found.cases,
        "priors": found.priors,
    }
    work.to_member(turn.member, Kind.ANSWER, "history", values, answering=turn.answering)


def note(turn: Turn, command: Command) -> None:
    address = command.addresses[0]
    turn.work.happen(e.PriorNoted(address=address, text=command.text, by=turn.member.handle))
    turn.done.append(f"noted of {address}: {command.text}")
