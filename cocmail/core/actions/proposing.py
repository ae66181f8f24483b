"""`/sanction`, `/lift`, `/withdraw` and the votes: a decision is asked for, and given.

Owns what a ballot shows. Refuses to count (deliberation). Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import deliberation, speech
from cocmail.core import events as e
from cocmail.core.actions.people import keep_out_if_member, person
from cocmail.core.actions.scopes import scope_of
from cocmail.core.actions.turn import Turn
from cocmail.core.case import Proposal
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind
from cocmail.core.nearby import did_you_mean
from cocmail.core.preview import Preview, preview, where
from cocmail.core.sanctions import Measure, Sanction, State


def sanction(turn: Turn, command: Command) -> None:
    work = turn.work
    if command.measure is None:
        raise Problem("the measure is missing")
    address = command.addresses[0]
    scope = scope_of(turn, command.scope)
    addresses = person(turn, address)
    if command.until is not None and command.until <= work.now:
        raise Problem("the date after “until” has passed already", "a date to come")
    keep_out_if_member(turn, addresses)
    permanent = command.permanently
    enough_voters(turn, permanent=permanent)
    party = work.respondent(address)
    sanction_id = f"S{work.fresh('sanction')}"
    work.happen(
        e.Proposed(
            proposal=sanction_id,
            what="sanction",
            by=turn.member.handle,
            because=command.because,
            closes=work.now + work.setting.policy.voting_period,
            sanction=sanction_id,
            measure=command.measure,
            address=address,
            addresses=addresses,
            groups=scope.groups,
            lists=scope.lists,
            seconds=command.duration.total_seconds() if command.duration else None,
            until=command.until,
            permanent=permanent,
            including_roles=command.including_roles,
            language=work.language_of(party),
        )
    )
    sanction = work.case.sanctions[sanction_id]
    seen = preview(
        command.measure,
        addresses,
        scope,
        work.setting.groups,
        turn.observed,
        including_roles=command.including_roles,
    )
    ballots(turn, work.case.proposals[sanction_id], seen)
    turn.done.append(f"proposed {named(sanction)}; a ballot went to everybody who may vote")


def enough_voters(turn: Turn, *, permanent: bool) -> None:
    eligible = len(turn.work.eligible)
    enough = turn.work.setting.policy.needed(permanent=permanent, eligible=eligible)
    if eligible < enough:
        raise Problem(
            f"a decision needs {enough} approvals, and only {eligible} of you may vote in this case"
        )


def named(sanction: Sanction) -> str:
    """A sanction in a few words, for members."""
    return f"{sanction.id}: {sanction.measure} {sanction.address} on {sanction.scope}"


def ballots(turn: Turn, proposal: Proposal, seen: Preview) -> None:
    work = turn.work
    sanction = work.case.sanctions[proposal.proposed.sanction]
    lift = proposal.proposed.what == "lift"
    party = work.respondent(sanction.address)
    language = proposal.proposed.language
    letter = (
        work.preview(party, "letter-ended", deliberation.end_values(sanction, "lifted"), language)
        if lift
        else work.preview(
            party, "letter", deliberation.letter_values(work, proposal.proposed), language
        )
    )
    values = {
        "proposal": proposal.proposed,
        "sanction": sanction,
        "letter": letter,
        "preview": seen,
        # The letter can't be held as a reply is: but who votes is told what it may give away.
        "doubts": ()
        if lift
        else speech.misgivings(sanction.reason, work.case, work.setting.roster),
        "needed": deliberation.needed(work, proposal),
        "eligible": len(work.eligible),
        "earlier": [
            s
            for s in work.case.sanctions.values()
            if s.id != sanction.id and s.address in sanction.addresses and s.start is not None
        ],
    }
    for member in deliberation.voters(work, proposal):
        work.to_member(member, Kind.BALLOT, "ballot", values, purpose="ballot", about=proposal.id)


def lift(turn: Turn, command: Command) -> None:
    work = turn.work
    sanction = work.case.sanctions.get(command.target)
    if sanction is None or sanction.state is not State.IN_FORCE:
        in_force = [s.id for s in work.case.sanctions.values() if s.state is State.IN_FORCE]
        raise Problem(
            f"no sanction {command.target} is in force in this case",
            did_you_mean(
                command.target,
                in_force,
                f"/lift {in_force[0]} because …" if in_force else "/status says what is in force",
                form="/lift {} because …",
            ),
        )
    if sanction.measure in (Measure.WARN, Measure.REMOVE):
        raise Problem(f"a “{sanction.measure}” is done once and can't be lifted")
    if any(
        p.proposed.what == "lift" and p.proposed.sanction == sanction.id
        for p in work.case.open_proposals
    ):
        raise Problem("a vote on lifting it is open already", "an answer to its ballot")
    proposal_id = f"L{work.fresh('lift')}"
    proposed = e.Proposed(
        proposal=proposal_id,
        what="lift",
        by=turn.member.handle,
        because=command.because,
        closes=work.now + work.setting.policy.voting_period,
        sanction=sanction.id,
        language=work.language_of(work.respondent(sanction.address)),
    )
    work.happen(proposed)
    proposal = work.case.proposals[proposal_id]
    enough_voters(turn, permanent=deliberation.is_permanent(work, proposal))
    ballots(turn, proposal, where(sanction.addresses, turn.observed))
    turn.done.append(f"proposed to lift {named(sanction)}; a ballot went to everybody who may vote")


def vote(turn: Turn, command: Command) -> None:
    if not turn.ballot:
        raise Problem(
            "a vote counts only in an answer to your own ballot",
            "an answer to the ballot, with the same line",
        )
    proposal = turn.work.case.proposals.get(turn.ballot)
    if proposal is None or proposal.decided is not None:
        raise Problem("this vote is closed already")
    if any(line.startswith("voted") for line in turn.done):
        raise Problem(
            "there is more than one vote in this mail", "one of /approve, /object and /abstain"
        )
    turn.work.happen(
        e.Voted(
            proposal=proposal.id,
            handle=turn.member.handle,
            vote=command.word,  # type: ignore[arg-type]
            because=command.because,
        )
    )
    because = f", because {command.because}" if command.because else ""
    sanction = turn.work.case.sanctions[proposal.proposed.sanction]
    about = "lifting " if proposal.proposed.what == "lift" else ""
    turn.done.append(f"voted “{command.word}” on {about}{named(sanction)}{because}")


def withdraw(turn: Turn, command: Command) -> None:
    own = [p for p in turn.work.case.open_proposals if p.proposed.by == turn.member.handle]
    if turn.ballot:
        own = [p for p in own if p.id == turn.ballot]
    if not own:
        raise Problem("no proposal of yours is open here")
    if len(own) > 1:
        raise Problem(
            "several proposals of yours are open", "/withdraw, in an answer to that one's ballot"
        )
    deliberation.withdraw(turn.work, own[0])
    turn.done.append(f"took back the proposal {own[0].id}")
