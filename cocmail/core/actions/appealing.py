"""`/appeal`, `/grant`, `/deny`: a person says that a sanction is wrong, and the committee answers.

Owns what of it a member asks for. Refuses to know who decides and what follows (core.appeals).
Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import appeals, deliberation
from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.case import Appeal
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind


def appeal(turn: Turn, command: Command) -> None:
    work = turn.work
    found = [
        (sanction, party)
        for party in work.case.of_role("respondent")
        for sanction in appeals.appealable(work.case, party.id)
        if any(m.received.party == party.id for m in work.case.messages)
    ]
    if command.target:
        found = [(s, p) for s, p in found if s.id == command.target.upper()]
    if not found:
        raise Problem(
            "there is nothing here that an appeal could be against",
            "/appeal, once the person has answered the letter of a sanction",
        )
    if len(found) > 1:
        raise Problem(
            "this person could appeal against several sanctions",
            f"/appeal {found[0][0].id}, say",
        )
    sanction, party = found[0]
    opened = appeals.open_appeal(work, sanction, party.id, turn.member.handle)
    turn.done.append(f"opened the appeal {opened.id} against {sanction.id}")


def answer(turn: Turn, command: Command) -> None:
    """`/grant` and `/deny`: a vote on the answer."""
    work = turn.work
    found = work.case.open_appeals
    if not found:
        raise Problem("no appeal is open in this case", "/appeal opens one")
    one = found[0]
    if any(p.proposed.target == one.id for p in work.case.open_proposals):
        raise Problem("a vote on this is open already", "an answer to its ballot")
    deciders = appeals.deciders(work, one)
    if turn.member not in deciders:
        raise Problem(
            "you voted for the sanction, and others decide on the appeal",
            f"the same from {' or '.join(m.handle for m in deciders)}",
        )
    _propose(turn, command, one)
    turn.done.append(f"proposed to {command.word} the appeal {one.id}")


def _propose(turn: Turn, command: Command, one: Appeal) -> None:
    work = turn.work
    sanction = work.case.sanctions[one.opened.sanction]
    party = work.case.parties[one.opened.party]
    proposal_id = f"P{work.fresh('proposal')}"
    work.happen(
        e.Proposed(
            proposal=proposal_id,
            what=command.word,  # type: ignore[arg-type]
            by=turn.member.handle,
            because=command.because,
            closes=work.now + work.setting.policy.voting_period,
            sanction=sanction.id,
            target=one.id,
            language=work.language_of(party),
        )
    )
    proposal = work.case.proposals[proposal_id]
    letter = work.preview(
        party,
        "letter-appeal",
        appeals.letter_values(sanction, proposal.proposed),
        proposal.proposed.language,
    )
    values = {
        "proposal": proposal.proposed,
        "closes": proposal.closes,
        "sanction": sanction,
        "letter": letter,
        "needed": deliberation.needed(work, proposal),
        "eligible": len(deliberation.voters(work, proposal)),
    }
    for member in deliberation.voters(work, proposal):
        work.to_member(
            member, Kind.BALLOT, "ballot-appeal", values, purpose="ballot", about=proposal.ballot
        )
