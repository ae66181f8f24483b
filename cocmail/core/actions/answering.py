"""`/status` and `/help`: they answer only the one who asked, and change nothing.

Called by the table of actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.actions.proposing import counsel
from cocmail.core.actions.turn import Turn
from cocmail.core.audience import may_know
from cocmail.core.case import Proposal
from cocmail.core.commands import COMMANDS, Command, Group, Problem, group_of, no_command
from cocmail.core.letters import Kind
from cocmail.core.reminders import pending
from cocmail.core.sanctions import State
from cocmail.core.work import Work

_SHOWN = 8  # of the messages from outside: the last ones, which fit a phone


@dataclass(frozen=True, kw_only=True)
class Vote:
    """An open vote as it stands."""

    proposal: e.Proposed
    votes: Mapping[str, e.Voted]
    approvals: int
    needed: int
    missing: tuple[str, ...]  # handles
    closes: datetime | None  # None: it waits for counsel, however long that takes
    objections: datetime | None  # it is approved, and objections are heard until then


@dataclass(frozen=True, kw_only=True)
class Present:
    """A member who is in the case."""

    handle: str
    away: datetime | None  # until then


def status(turn: Turn, command: Command) -> None:
    work = turn.work
    values = {
        "items": pending(work.case, work.setting, turn.member),
        "proposals": [
            _vote(work, p)
            for p in work.case.open_proposals
            if turn.member in deliberation.voters(work, p)
        ],
        "eligible": [_present(work, m.handle) for m in work.eligible],
        "linked": [
            other.reference for other in work.linked if may_know(other, work.setting, turn.member)
        ],
        "merged": [b.references[0] for b in work.case.branches.values()],
        "from_outside": [
            m for m in work.case.messages if not m.received.party.startswith("member:")
        ][-_SHOWN:],
        "locked_out": sorted(work.setting.committee.locked - work.case.out),
        "asides": [
            a.mail
            for a in work.case.asides
            if not a.settled and turn.member.handle not in a.mail.named
        ],
        "sanctions": [s for s in work.case.sanctions.values() if s.state is not State.PROPOSED],
    }
    work.to_member(turn.member, Kind.ANSWER, "status", values, answering=turn.answering)


def _vote(work: Work, proposal: Proposal) -> Vote:
    votes = deliberation.standing_votes(work, proposal)
    voters = [m.handle for m in deliberation.voters(work, proposal)]
    return Vote(
        proposal=proposal.proposed,
        votes=votes,
        approvals=deliberation.approvals(work, proposal),
        needed=deliberation.needed(work, proposal),
        missing=tuple(h for h in voters if h not in votes),
        closes=proposal.closes,
        objections=None if proposal.windowed else proposal.window,
    )


def _present(work: Work, handle: str) -> Present:
    committee = work.setting.committee
    away = committee.away[handle] if committee.is_away(handle, work.now) else None
    return Present(handle=handle, away=away)


def help_(turn: Turn, command: Command) -> None:
    if command.target:
        spec = COMMANDS.get(command.target)
        if spec is None:
            raise no_command(command.target)
        values: dict[str, object] = {"spec": spec}
        turn.work.to_member(
            turn.member, Kind.HELP, "help-command", values, answering=turn.answering
        )
        return
    groups = [(g.value, [s for s in COMMANDS.values() if group_of(s) is g]) for g in Group]
    turn.work.to_member(
        turn.member, Kind.HELP, "help", {"groups": groups}, answering=turn.answering
    )


def confirm(turn: Turn, command: Command) -> None:
    if command.target == "counsel":
        counsel(turn, command)
        return
    raise Problem(
        "there is nothing to confirm at this address",
        "/confirm as the first line of an answer to the mail that asks for it",
    )
