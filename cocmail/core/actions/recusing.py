"""`/recuse` and `/include`: a member is kept out of this case, or let in.

Owns who may take out whom, and whom nobody can let in. What the others decide follows by their vote
(deliberation); whom it is about hears nothing of a vote to take them out. Called by the table of
actions.
"""

from __future__ import annotations

from typing import Literal

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.audience import may_know
from cocmail.core.case import Proposal
from cocmail.core.commands import Command, Problem
from cocmail.core.escalation import where_too_few
from cocmail.core.letters import Kind
from cocmail.core.nearby import did_you_mean
from cocmail.core.people import Member, Private, Roster
from cocmail.core.threads import meant


def recuse(turn: Turn, command: Command) -> None:
    if command.target and command.target != turn.member.handle:
        _propose_recusal(turn, command)
        return
    turn.work.to_member(turn.member, Kind.ANSWER, "recused", {}, answering=turn.answering)
    turn.work.happen(
        e.Recused(handle=turn.member.handle, by=turn.member.handle, because=command.because)
    )
    turn.done.append("left this case, and hears nothing more of it")
    deliberation.reconsider(turn.work)
    where_too_few(turn.work)


def _propose_recusal(turn: Turn, command: Command) -> None:
    work = turn.work
    handles = [m.handle for m in work.eligible]
    if command.target not in handles:
        raise Problem(
            f"nobody in this case has the handle {command.target}",
            did_you_mean(
                command.target, handles, f"one of {', '.join(handles)}", form="/recuse {}"
            ),
        )
    if len(handles) < 3:
        raise Problem(
            "two others have to agree, and in this case there is only you",
            "/recuse, for yourself",
        )
    turn.hidden.add(command.target)
    proposal = _propose(turn, "recuse", command)
    for member in deliberation.voters(work, proposal):
        values = {"proposal": proposal.proposed, "closes": proposal.closes}
        work.to_member(
            member, Kind.BALLOT, "ballot-recuse", values, purpose="ballot", about=proposal.ballot
        )
    turn.done.append(f"proposed to keep {command.target} out of this case, who hears nothing of it")


def include(turn: Turn, command: Command) -> None:
    work = turn.work
    handle = command.target
    member = work.setting.roster.get(handle)
    handles = [m.handle for m in work.setting.roster.members]
    if member is None:
        raise Problem(
            f"nobody on the committee has the handle {handle}",
            did_you_mean(handle, handles, f"one of {', '.join(handles)}", form="/include {}"),
        )
    if may_know(work.case, work.setting, member):
        raise Problem(f"{handle} is in this case already", "/status says who is in it")
    if handle in work.setting.committee.locked:
        raise Problem(f"{handle} is locked out of everything now", f"/unlock {handle}")
    for party in work.case.parties.values():
        if {*party.addresses} & {*member.addresses} and party.role != "owner":
            raise Problem(
                f"{handle} is the {party.role} here, and can't be let in",
                "a case is never open to the people it is about",
            )
    if any(p.proposed.what == "include" and p.proposed.target == handle
           for p in work.case.open_proposals):  # fmt: skip
        raise Problem("a vote on this is open already", "an answer to its ballot")
    proposal = _propose(turn, "include", command)
    if len(deliberation.voters(work, proposal)) < deliberation.needed(work, proposal):
        needed = deliberation.needed(work, proposal)
        raise Problem(
            f"{needed} members in this case have to agree, and you are fewer",
            "the people of escalate_to, whom this is told to",
        )
    values = {
        "proposal": proposal.proposed,
        "closes": proposal.closes,
        "why": why_out(turn, member),
        "needed": deliberation.needed(work, proposal),
    }
    for voter in deliberation.voters(work, proposal):
        work.to_member(
            voter, Kind.BALLOT, "ballot-include", values, purpose="ballot", about=proposal.ballot
        )
    turn.done.append(f"proposed to let {handle} into this case")


def why_out(turn: Turn, member: Member) -> tuple[str, ...]:
    """Why this member is not in the case, for those who vote on it."""
    case = turn.work.case
    found: list[str] = []
    if member.handle in case.named:
        found.append("A report names them.")
    if member.handle in case.recused:
        found.append("They were taken out of this case, or left it.")
    if member.handle not in case.out:
        found.append("They joined the committee after this case was opened.")
    alone = Roster(members=(member,))
    if any(meant(word, alone) for word in case.left_out):
        found.append("The reporter asked to leave somebody out who is called so.")
    return tuple(found)


def _propose(turn: Turn, what: Literal["recuse", "include"], command: Command) -> Proposal:
    work = turn.work
    proposal_id = f"P{work.fresh('proposal')}"
    work.happen(
        e.Proposed(
            proposal=proposal_id,
            what=what,
            by=turn.member.handle,
            because=command.because or Private(""),
            closes=work.now + work.setting.policy.voting_period,
            target=command.target,
        )
    )
    return work.case.proposals[proposal_id]
