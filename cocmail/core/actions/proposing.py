"""`/sanction`, `/lift`, `/withdraw` and the votes: a decision is asked for, and given.

Owns what a ballot shows. Refuses to count (deliberation). Called by the table of actions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cocmail.core import deliberation, extending, speech
from cocmail.core import events as e
from cocmail.core.actions.people import keep_out_if_member, person
from cocmail.core.actions.scopes import scope_of
from cocmail.core.actions.turn import Hold, Turn
from cocmail.core.case import Proposal
from cocmail.core.commands import Command, Problem
from cocmail.core.dossier import Earlier, dossier
from cocmail.core.escrow import look_for
from cocmail.core.guards import guards, must_be_said, require_seen, unseen
from cocmail.core.letters import Kind
from cocmail.core.nearby import did_you_mean
from cocmail.core.people import Address
from cocmail.core.preview import of_end, preview
from cocmail.core.sanctions import Measure, Sanction, State
from cocmail.core.table import Table, meeting
from cocmail.core.work import Work


def sanction(turn: Turn, command: Command) -> None:
    work = turn.work
    if command.measure is None:
        raise Problem("the measure is missing")
    address = command.addresses[0]
    scope = scope_of(turn, command.scope)
    addresses = person(turn, address)
    if command.until is not None and command.until <= work.now:
        raise Problem("the date after “until” has passed already", "a date to come")
    amended = _to_amend(turn, addresses)
    found = guards(addresses, work.setting, (work.case, *turn.beside.values()), turn.observed)
    must_be_said(found, command.including)
    keep_out_if_member(turn, addresses)
    permanent = command.permanently
    enough_voters(turn, permanent=permanent)
    party = work.respondent(address)
    look_for(work, turn.beside.values())
    if amended:
        deliberation.amend(work, amended)
    sanction_id = f"S{work.fresh('sanction')}"
    work.on_committee().happen(e.PersonProposed(person=work.setting.minter.digest(address)))
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
            including=command.including,
            replaces=amended.id if amended else "",
            unseen=unseen(addresses, work.setting, turn.observed) is not None,
            language=work.language_of(party),
        )
    )
    sanction = work.case.sanctions[sanction_id]
    over = {s.id for s in deliberation.takes_over(work.case, addresses)}
    seen = preview(
        command.measure,
        addresses,
        scope,
        work.setting.groups,
        turn.observed,
        including_roles=command.including_roles,
        beside=(
            replace(s, state=State.ENDED) if s.id in over else s
            for s in work.case.sanctions.values()
        ),
    )
    ballots(turn, work.case.proposals[sanction_id], seen, tuple(g.text for g in found))
    if amended:
        turn.done.append(
            f"amended {amended.id}: it is now {named(sanction)}; a new ballot went to everybody"
            " who may vote, and the votes begin anew"
        )
    else:
        turn.done.append(f"proposed {named(sanction)}; a ballot went to everybody who may vote")


def _to_amend(turn: Turn, addresses: tuple[Address, ...]) -> Proposal | None:
    """The open proposal about this person in whose ballot's answer the command came."""
    proposal = turn.work.case.of_ballot(turn.ballot)
    if proposal is None or proposal.proposed.what != "sanction":
        return None
    if not {*proposal.proposed.addresses} & {*addresses}:
        return None
    if proposal.decided is not None:
        raise Problem(
            "this vote is closed already", "the same in an answer to another mail of the case"
        )
    if proposal.proposed.by != turn.member.handle:
        raise Problem(
            f"only {proposal.proposed.by}, who proposed it, can amend it",
            "a proposal of your own, in an answer to another mail of the case",
        )
    return proposal


def enough_voters(turn: Turn, *, permanent: bool) -> None:
    eligible = len(turn.work.eligible)
    enough = turn.work.setting.policy.needed(permanent=permanent, eligible=eligible)
    if eligible < enough:
        raise Problem(
            f"a decision needs {enough} approvals,"
            f" and only {eligible} of you may vote in this case",
            "more of you in this case; /status says who is in it",
        )


def named(sanction: Sanction) -> str:
    """A sanction in a few words, for members."""
    return f"{sanction.id}: {sanction.measure} {sanction.address} on {sanction.scope}"


def ballots(turn: Turn, proposal: Proposal, seen: Table, guarded: tuple[str, ...] = ()) -> None:
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
        # The letter can't be held as a reply is: but who votes is told what it may give away.
        "doubts": ()
        if lift
        else speech.misgivings(sanction.reason, work.case, work.setting.roster),
        "guarded": guarded,
        "added": ()
        if lift or not extending.is_told(sanction.measure)
        else tuple(extending.by_vote(work.case, sanction.addresses, sanction.address)),
        "orders": () if lift else deliberation.takes_over(work.case, sanction.addresses),
        "rivals": [
            p.id
            for p in work.case.open_proposals
            if p.id != proposal.id
            and p.proposed.what == "sanction"
            and {*p.proposed.addresses} & {*sanction.addresses}
        ],
        "counsel": deliberation.needs_counsel(work, proposal),
        "window": work.setting.policy.objection_within if not lift else None,
        "needed": deliberation.needed(work, proposal),
        "eligible": len(work.eligible),
        "earlier": [
            s
            for s in work.case.sanctions.values()
            if s.id != sanction.id and s.address in sanction.addresses and s.start is not None
        ],
    }
    beside = turn.beside.values() if work.setting.policy.history else ()
    for member in deliberation.voters(work, proposal):
        seen_by = (*beside, work.case)
        known = dossier(seen_by, work.setting, member, sanction.addresses, turn.observed)
        elsewhere = [one for one in known.cases if one.reference != work.case.reference]
        theirs = {
            **values,
            "cases": elsewhere,
            "priors": known.priors,
            "table": _with(seen, sanction, elsewhere, work),
        }
        work.to_member(
            member, Kind.BALLOT, "ballot", theirs, purpose="ballot", about=proposal.ballot
        )


def _with(table: Table, sanction: Sanction, cases: Iterable[Earlier], work: Work) -> Table:
    """With what it meets of other cases that this voter may know."""
    others = (s for one in cases for s in one.sanctions)
    found = meeting(others, table.addresses, sanction.scope, work.setting.groups)
    return replace(table, meets=(*table.meets, *found))


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
    if sanction.interim:
        deliberation.lift(work, sanction)
        turn.done.append(f"ended the interim measure {named(sanction)}, because {command.because}")
        return
    if sanction.measure in (Measure.WARN, Measure.REMOVE):
        raise Problem(
            f"a “{sanction.measure}” is done once and can't be lifted",
            "nothing: it is over already",
        )
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
    seen = of_end(sanction, work.setting.groups, turn.observed, beside=work.case.sanctions.values())
    ballots(turn, proposal, seen)
    turn.done.append(f"proposed to lift {named(sanction)}; a ballot went to everybody who may vote")


def vote(turn: Turn, command: Command) -> None:
    if not turn.ballot:
        raise Problem(
            "a vote counts only in an answer to your own ballot",
            "an answer to the ballot, with the same line",
        )
    proposal = _being_voted_on(turn)
    if any(line.startswith("voted") for line in turn.done):
        raise Problem(
            "there is more than one vote in this mail", "one of /approve, /object and /abstain"
        )
    _not_used_before(turn, proposal, command.word)
    if command.word == "approve" and proposal.proposed.unseen:
        require_seen(proposal.proposed.addresses, turn.work.setting, turn.observed)
    if proposal.proposed.what == "recuse":
        turn.hidden.add(proposal.proposed.target)
    turn.work.happen(
        e.Voted(
            proposal=proposal.id,
            handle=turn.member.handle,
            vote=command.word,  # type: ignore[arg-type]
            because=command.because,
        )
    )
    because = f", because {command.because}" if command.because else ""
    turn.done.append(f"voted “{command.word}” on {_what(turn.work, proposal)}{because}")


def _being_voted_on(turn: Turn) -> Proposal:
    work = turn.work
    proposal = work.case.of_ballot(turn.ballot)
    if proposal is None or turn.member not in deliberation.voters(work, proposal):
        raise Problem("this vote is closed already", "/status says which votes are open")
    if proposal.decided is not None and proposal.decided.result == "amended":
        raise Problem(
            "this proposal was amended, and the votes begin anew",
            "your vote in an answer to the newest ballot",
        )
    over = proposal.closes is not None and work.is_over(proposal.closes)
    if proposal.decided is not None or over:
        raise Problem("this vote is closed already", "/status says which votes are open")
    return proposal


def _not_used_before(turn: Turn, proposal: Proposal, choice: str) -> None:
    """A ballot counts once for each choice: going back to one is confirmed first."""
    standing = proposal.votes.get(turn.member.handle)
    if standing is not None and standing.vote == choice:
        return
    if (turn.member.handle, choice) in proposal.used and not turn.confirmed:
        raise Hold(("You had voted so before, and then voted otherwise.",))


def _what(work: Work, proposal: Proposal) -> str:
    """What is voted on, in a few words for members."""
    proposed = proposal.proposed
    if proposed.sanction not in work.case.sanctions:
        return f"{proposed.what} {proposed.target}"
    if proposed.what in ("extend", "separate"):
        return f"{proposed.proposal}: {proposed.what} {', '.join(proposed.addresses)}"
    about = "lifting " if proposed.what == "lift" else ""
    return f"{about}{named(work.case.sanctions[proposed.sanction])}"


def counsel(turn: Turn, command: Command) -> None:
    """`/confirm counsel`: somebody who knows the law was heard, and it may take effect."""
    work = turn.work
    waiting = [p for p in work.case.open_proposals if p.counsel == "asked"]
    if turn.ballot:
        waiting = [p for p in waiting if p.ballot == turn.ballot]
    if not waiting:
        raise Problem("no decision waits for counsel here", "/status says which votes are open")
    if len(waiting) > 1:
        raise Problem(
            "several decisions wait for counsel", "/confirm counsel, in an answer to that ballot"
        )
    work.happen(e.CounselHeard(proposal=waiting[0].id, by=turn.member.handle))
    turn.done.append(f"confirmed that counsel was heard on {_what(work, waiting[0])}")
    deliberation.reconsider(work)


def withdraw(turn: Turn, command: Command) -> None:
    own = [p for p in turn.work.case.open_proposals if p.proposed.by == turn.member.handle]
    if turn.ballot:
        own = [p for p in own if p.ballot == turn.ballot]
    if not own:
        raise Problem("no proposal of yours is open here", "/status says which votes are open")
    if len(own) > 1:
        raise Problem(
            "several proposals of yours are open", "/withdraw, in an answer to that one's ballot"
        )
    deliberation.withdraw(turn.work, own[0])
    turn.done.append(f"took back the proposal {own[0].id}")
