"""`/history`: what is known of a person, told to the one who asks.

Owns what a member may see of other cases: those that they may know, and of the others nothing, not
even a number. Called by the table of actions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cocmail.core.actions.turn import Turn
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.preview import where
from cocmail.core.sanctions import Sanction


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A case in which this person is the respondent."""

    reference: str
    outcome: str  # "" while it is open
    sanctions: tuple[Sanction, ...] = field(repr=False)


def history(turn: Turn, command: Command) -> None:
    work = turn.work
    if not work.setting.policy.history:
        raise Problem(
            "your community has switched this off",
            "history = true in [policy], which is for who runs the machine to set",
        )
    asked = command.addresses[0]
    linked = turn.observed.linked.get(asked, ()) if turn.observed else ()
    cases = [
        case
        for case in (work.case, *turn.beside.values())
        if may_know(case, work.setting, turn.member)
    ]
    addresses = {asked, *linked}
    values = {
        "preview": where((asked,), turn.observed),
        "cases": [one for case in cases if (one := _earlier(case, addresses))],
    }
    work.to_member(turn.member, Kind.ANSWER, "history", values, answering=turn.answering)


def _earlier(case: Case, addresses: set[Address]) -> Earlier | None:
    """What this case says of them; None where they are no respondent in it."""
    if not any({*party.addresses} & addresses for party in case.of_role("respondent")):
        return None
    return Earlier(
        reference=case.reference,
        outcome=case.closed.outcome if case.closed else "",
        sanctions=tuple(
            s for s in case.sanctions.values() if s.start is not None and {*s.addresses} & addresses
        ),
    )
