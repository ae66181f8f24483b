"""`/appeal`, `/grant`, `/deny`: a person says that a sanction is wrong, and the committee answers.

Owns what of it a member asks for. Refuses to know who decides and what follows (core.appeals).
Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import appeals, deliberation
from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.audience import may_know
from cocmail.core.case import Appeal
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member
from cocmail.core.work import Work


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
    """`/grant` and `/deny`: a vote on the answer to an appeal, or to a wish to return."""
    work, one = _asked(turn, command)
    if any(p.proposed.target == one.id for p in work.case.open_proposals):
        raise Problem("a vote on this is open already", "an answer to its ballot")
    deciders = appeals.deciders(work, one)
    if turn.member not in deciders:
        raise Problem(
            "you voted for the sanction, and others decide on the appeal",
            f"the same from {' or '.join(m.handle for m in deciders)}",
        )
    _propose(work, turn.member, command, one, _beside(turn, work, one))
    knowing = {m.handle for m in work.eligible}
    turn.tell_but(
        {m.handle for m in turn.work.eligible} - knowing,
        f"proposed to {command.word} the appeal {one.id}"
        if one.opened.what == "appeal"
        else f"proposed to {command.word} the wish to return {one.id}",
    )


def _asked(turn: Turn, command: Command) -> tuple[Work, Appeal]:
    """What is answered: an open appeal; else what keeps off the person who wrote, in this case or
    in one that it is linked with."""
    work = turn.work
    found = [a for a in work.case.open_appeals if command.target in ("", a.opened.sanction)]
    if found:
        return work, found[0]
    kept_off = [
        (case, s)
        for case in (work.case, *work.linked)
        if may_know(case, work.setting, turn.member)
        for s in case.sanctions.values()
        if appeals.may_ask(case, s, work.case) and command.target in ("", s.id)
    ]
    if not kept_off:
        raise Problem(
            "nobody who wrote here appeals, or could return",
            "/appeal for an appeal; or /link first, with the case of the sanction",
        )
    if len(kept_off) > 1:
        names = " or ".join(s.id for _, s in kept_off)
        raise Problem(
            f"several sanctions could be meant: {names}",
            f"/{command.word} {kept_off[0][1].id} because …",
        )
    case, sanction = kept_off[0]
    there = work if case.id == work.case.id else work.on(case)
    waiting = [a for a in there.case.open_appeals if a.opened.sanction == sanction.id]
    return there, waiting[0] if waiting else appeals.ask_to_return(
        there, sanction, turn.member.handle
    )


def _beside(turn: Turn, work: Work, one: Appeal) -> tuple[Address, ...]:
    """Where an address was added by a vote: what else is its Mailman user's, and is covered as
    such alone. It goes free with it."""
    sanction, party = work.case.sanctions[one.opened.sanction], one.opened.party
    if turn.observed is None or appeals.extension_of(work.case, sanction, party) is None:
        return ()
    decided = work.case.proposals.get(sanction.id)
    named = decided.proposed.addresses if decided else (sanction.address,)
    own = work.case.parties[party].addresses
    linked = (a for address in own for a in turn.observed.linked.get(address, ()))
    return tuple(dict.fromkeys(a for a in linked if a not in named))


def _propose(
    work: Work, member: Member, command: Command, one: Appeal, beside: tuple[Address, ...]
) -> None:
    sanction = work.case.sanctions[one.opened.sanction]
    party = work.case.parties[one.opened.party]
    proposal_id = f"P{work.fresh('proposal')}"
    work.happen(
        e.Proposed(
            proposal=proposal_id,
            what=command.word,  # type: ignore[arg-type]
            by=member.handle,
            because=command.because,
            conditions=command.conditions,
            closes=work.now + work.setting.policy.voting_period,
            sanction=sanction.id,
            target=one.id,
            addresses=beside,
            language=work.language_of(party),
        )
    )
    proposal = work.case.proposals[proposal_id]
    letter = work.preview(
        party,
        "letter-appeal",
        appeals.letter_values(work.case, one, sanction, proposal.proposed),
        proposal.proposed.language,
    )
    values = {
        "proposal": proposal.proposed,
        "closes": proposal.closes,
        "sanction": sanction,
        "appeal": one.opened,
        "letter": letter,
        "needed": deliberation.needed(work, proposal),
        "eligible": len(deliberation.voters(work, proposal)),
    }
    for voter in deliberation.voters(work, proposal):
        work.to_member(
            voter, Kind.BALLOT, "ballot-appeal", values, purpose="ballot", about=proposal.ballot
        )
