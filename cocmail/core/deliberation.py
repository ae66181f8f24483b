"""Proposals, votes and decisions.

Owns when a vote is decided and what follows at once: the letter, the sanction in force. Refuses
to know commands and mail. Called by actions (a vote came in), calendar (the period is over) and
casework (a recusal changed who may vote).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from cocmail.core import appeals, extending
from cocmail.core import events as e
from cocmail.core.case import Case, Proposal, until_of
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member
from cocmail.core.policy import LETTER_FIRST, SMALLEST_MAJORITY, Policy
from cocmail.core.sanctions import Measure, Sanction, Scope, State
from cocmail.core.showing import catch_up, originals, report_of, showing
from cocmail.core.work import Work


def is_permanent(work: Work, proposal: Proposal) -> bool:
    """Whether the permanent policy governs; ending such a sanction asks as much as making it."""
    proposed = proposal.proposed
    if proposed.what in ("lift", "grant", "deny", "extend", "separate"):
        names = proposed.sanctions or (proposed.sanction,)
        return any(_lasts(work.case.sanctions[name]) for name in names)
    return proposed.permanent


def _lasts(sanction: Sanction) -> bool:
    return sanction.until is None and (
        sanction.measure in (Measure.BAN, Measure.MODERATE, Measure.LEAVE)
    )


def voters(work: Work, proposal: Proposal) -> tuple[Member, ...]:
    """Who may vote on it, and learn of it."""
    if proposal.proposed.what == "recuse":
        return tuple(m for m in work.eligible if m.handle != proposal.proposed.target)
    if proposal.proposed.what in ("grant", "deny"):
        return appeals.deciders(work, work.case.appeals[proposal.proposed.target])
    return work.eligible


def needed(work: Work, proposal: Proposal) -> int:
    if proposal.proposed.what in ("recuse", "include"):
        return _unanimous(work, proposal)
    # A lock is no way to win a vote: who is locked out for now is counted all the same.
    locked = work.setting.committee.locked - work.case.out
    counted = {m.handle for m in work.setting.roster.members} & locked
    return work.setting.policy.needed(
        permanent=is_permanent(work, proposal),
        eligible=len(present(work, proposal)) + len(counted),
    )


def _unanimous(work: Work, proposal: Proposal) -> int:
    """All others; and never one alone, but to clear somebody whom a report only names."""
    proposed, everybody = proposal.proposed, len(present(work, proposal))
    if proposed.what == "recuse":
        return max(everybody, SMALLEST_MAJORITY)
    if proposed.target in work.case.recused:
        return max(everybody, work.setting.policy.approvals)
    return max(everybody, 1)


def present(work: Work, proposal: Proposal) -> tuple[Member, ...]:
    """The voters that a majority is counted of: not who is away, unless they voted."""
    committee = work.setting.committee
    return tuple(
        m
        for m in voters(work, proposal)
        if m.handle in proposal.votes or not committee.is_away(m.handle, work.now)
    )


def standing_votes(work: Work, proposal: Proposal) -> dict[str, e.Voted]:
    """The votes that count: of members who may vote, the last each."""
    may = {m.handle for m in voters(work, proposal)}
    return {h: v for h, v in proposal.votes.items() if h in may}


def approvals(work: Work, proposal: Proposal) -> int:
    return sum(1 for v in standing_votes(work, proposal).values() if v.vote == "approve")


def reconsider(work: Work) -> None:
    """Decide every open proposal that can be decided now."""
    _end_moot(work)
    for proposal in work.case.open_proposals:
        if work.case.proposals[proposal.id].decided:
            continue  # with one before it
        votes = standing_votes(work, proposal)
        yes = sum(1 for v in votes.values() if v.vote == "approve")
        no = sum(1 for v in votes.values() if v.vote == "object")
        enough = needed(work, proposal)
        undecided = len(voters(work, proposal)) - len(votes)
        over = proposal.closes is not None and work.is_over(proposal.closes)
        if yes >= enough:
            _approve_in_time(work, proposal, yes, no, enough, last=over or not undecided)
        elif yes + undecided < enough:
            _end(work, proposal, "rejected", yes, enough)
        elif over or (proposal.counsel == "asked" and work.is_over(proposal.proposed.closes)):
            _end(work, proposal, "expired", yes, enough)


def _end_moot(work: Work) -> None:
    """What a vote is about may be over, or turn out to be about somebody else."""
    for proposal in work.case.open_proposals:
        if proposal.proposed.what not in ("extend", "separate"):
            continue
        apart = extending.is_apart(work.case, proposal.proposed)
        if apart or not extending.in_force(work.case, proposal.proposed):
            _end(work, proposal, "expired", approvals(work, proposal), needed(work, proposal))


def _approve_in_time(
    work: Work, proposal: Proposal, yes: int, no: int, enough: int, *, last: bool
) -> None:
    """The approvals are in: at once, or after the time for objections and after counsel."""
    within = work.setting.policy.objection_within
    if within is not None and proposal.proposed.what in ("sanction", "extend"):
        if proposal.window is None:
            until = work.now + within
            work.happen(e.WindowOpened(proposal=proposal.id, until=until))
            _tell_voters(work, proposal, "objection-window", {"until": until})
            return
        if not proposal.windowed:
            return
        if no and not last:
            return  # somebody objected in time: everybody is heard first
        if no >= yes:
            _end(work, proposal, "rejected", yes, enough)
            return
    if needs_counsel(work, proposal) and proposal.counsel != "heard":
        if not proposal.counsel:
            work.happen(e.CounselAsked(proposal=proposal.id))
            _tell_voters(work, proposal, "counsel", {})
        return
    _approve(work, proposal, yes, enough)


def close_window(work: Work, proposal_id: str) -> None:
    """The time for objections to this proposal is over."""
    proposal = work.case.proposals.get(proposal_id)
    if proposal and proposal.decided is None and proposal.window and not proposal.windowed:
        work.happen(e.WindowClosed(proposal=proposal_id))
    reconsider(work)


def needs_counsel(work: Work, proposal: Proposal) -> bool:
    """Whether it lasts so long that the community wants counsel to be heard first."""
    limit, proposed = work.setting.policy.counsel_after, proposal.proposed
    if limit is None or proposed.what not in ("sanction", "extend"):
        return False
    if proposed.what == "extend":  # as long as what it extends
        ends = [s.until for s in extending.in_force(work.case, proposed)]
        return any(end is None or end - work.now > limit for end in ends)
    if proposed.permanent:
        return True
    until = until_of(proposed, work.now)
    return until is not None and until - work.now > limit


def _tell_voters(work: Work, proposal: Proposal, template: str, values: dict[str, object]) -> None:
    known = {
        "proposal": proposal.proposed,
        "sanction": work.case.sanctions.get(proposal.proposed.sanction),
        **values,
    }
    for member in voters(work, proposal):
        work.to_member(
            member, Kind.MESSAGE, template, known, purpose="ballot", about=proposal.ballot
        )


def amend(work: Work, proposal: Proposal) -> None:
    """Another proposal takes its place: its votes begin anew, in ballots of its own."""
    yes, enough = approvals(work, proposal), needed(work, proposal)
    work.happen(e.Decided(proposal=proposal.id, result="amended", approvals=yes, needed=enough))


def withdraw(work: Work, proposal: Proposal) -> None:
    _end(work, proposal, "withdrawn", approvals(work, proposal), needed(work, proposal))


def _end(work: Work, proposal: Proposal, result: str, yes: int, enough: int) -> None:
    votes = standing_votes(work, proposal)
    work.happen(
        e.Decided(proposal=proposal.id, result=result, approvals=yes, needed=enough)  # type: ignore[arg-type]
    )
    _tell(work, proposal, votes, result)


def _tell(work: Work, proposal: Proposal, votes: dict[str, e.Voted], result: str) -> None:
    decided = work.case.proposals[proposal.id]
    values = {
        "proposal": decided.proposed,
        "decided": decided.decided,
        "result": result,
        "votes": votes,
        "apart": extending.is_apart(work.case, proposal.proposed),
        "still": any(extending.is_covered(work.case, a) for a in proposal.proposed.addresses),
        "sanction": work.case.sanctions.get(proposal.proposed.sanction),
    }
    template = _DECISIONS.get(proposal.proposed.what, "decision")
    # Who decides on an appeal is not always everybody; how it ends concerns everybody.
    everybody = proposal.proposed.what in ("grant", "deny")
    for member in work.eligible if everybody else voters(work, proposal):
        work.to_member(member, Kind.DECISION, template, values)


def _approve(work: Work, proposal: Proposal, yes: int, enough: int) -> None:
    votes = standing_votes(work, proposal)
    work.happen(e.Decided(proposal=proposal.id, result="approved", approvals=yes, needed=enough))
    _EFFECTS[proposal.proposed.what](work, proposal.proposed)
    _tell(work, proposal, votes, "approved")
    _end_moot(work)


def lift(work: Work, sanction: Sanction, language: str = "") -> None:
    """The sanction ends early; the person learns of it."""
    work.happen(e.Ended(sanction=sanction.id, how="lifted"))
    extending.tell_end(work, sanction)
    party = work.respondent(sanction.address)
    work.to_party(
        party,
        Kind.LETTER,
        "letter-ended",
        end_values(sanction, "lifted"),
        to=sanction.address,
        language=language,
    )
    work.enforce = True


def expire(work: Work, sanction: Sanction) -> None:
    """The sanction's time is over; the person learns of it, and of how to return where the
    community wants to be asked."""
    party = work.respondent(sanction.address)
    if must_ask(work.setting.policy, sanction):
        work.happen(e.TermOver(sanction=sanction.id))
        values = {**end_values(sanction, "over")}
        work.to_party(party, Kind.LETTER, "letter-ended", values, to=sanction.address)
        work.tell(Kind.MESSAGE, "term-over", {"sanction": sanction})
        return
    work.happen(e.Ended(sanction=sanction.id, how="ended"))
    extending.tell_end(work, sanction)
    work.to_party(
        party,
        Kind.LETTER,
        "letter-ended",
        end_values(sanction, "ended"),
        to=sanction.address,
    )
    work.enforce = True


def must_ask(policy: Policy, sanction: Sanction) -> bool:
    """Whether the person comes back only when the committee says so."""
    kept_off = sanction.measure in (Measure.SUSPEND, Measure.LEAVE)
    return policy.on_request and kept_off and not sanction.interim


def end_values(sanction: Sanction, how: str) -> dict[str, object]:
    """What the letter at the end says; nothing that changes between the ballot and the letter."""
    return {
        "measure": sanction.measure,
        "address": sanction.address,
        "scope": sanction.scope,
        "reason": sanction.reason,
        "how": how,
    }


def letter_values(work: Work, proposed: e.Proposed) -> dict[str, object]:
    """What the respondent's letter says: the same in the ballot and when it leaves.

    A span is told as a span in the ballot; the letter that leaves gives the date as well, which
    only the deciding vote fixes.
    """
    return {
        "measure": proposed.measure,
        "address": proposed.address,
        "scope": Scope(groups=proposed.groups, lists=proposed.lists),
        "seconds": proposed.seconds,
        "until": proposed.until,
        "permanent": proposed.permanent,
        "reason": proposed.because,
    }


def takes_over(case: Case, addresses: Collection[Address]) -> tuple[Sanction, ...]:
    """The interim measures that end as soon as a vote on these addresses is in force."""
    return tuple(
        s
        for s in case.sanctions.values()
        if s.interim and s.state is State.IN_FORCE and {*s.addresses} & {*addresses}
    )


def _put_in_force(work: Work, proposed: e.Proposed) -> None:
    confirmed = takes_over(work.case, proposed.addresses)
    votes = extending.by_vote(work.case, proposed.addresses, proposed.address)
    party = work.respondent(proposed.address)
    letter = work.to_party(
        party,
        Kind.LETTER,
        "letter",
        letter_values(work, proposed),
        to=proposed.address,
        language=proposed.language,
    )
    work.happen(
        e.InForce(
            sanction=proposed.sanction,
            start=work.now,
            until=until_of(proposed, work.now),
            letter=letter,
            # What takes over from an interim measure leaves no gap, not even for its letter.
            not_before=None if confirmed else work.now + LETTER_FIRST,
        )
    )
    # Whom a vote took for the person is that, by that vote, here too.
    extending.hand_on(work, proposed.sanction, votes, proposed.language)
    for interim in confirmed:
        work.happen(e.Ended(sanction=interim.id, how="ended"))
    work.enforce = True


def _lift(work: Work, proposed: e.Proposed) -> None:
    lift(work, work.case.sanctions[proposed.sanction], proposed.language)


def _recuse(work: Work, proposed: e.Proposed) -> None:
    work.happen(e.Recused(handle=proposed.target, by="committee", because=proposed.because))


def _include(work: Work, proposed: e.Proposed) -> None:
    work.happen(e.Included(handle=proposed.target))
    member = work.setting.roster.get(proposed.target)
    first = report_of(work.case)
    if member is not None and first is not None and member in work.eligible:
        values = {**showing(work, first), "messages": len(work.case.messages)}
        along = originals(work, first)
        work.to_member(member, Kind.REPORT, "included", values, originals=along)
        catch_up(work, member)


def _separate(work: Work, proposed: e.Proposed) -> None:
    sanctions = extending.in_force(work.case, proposed)
    extending.separate(work, sanctions, proposed.addresses, proposed.by)


def _answer(work: Work, proposed: e.Proposed) -> None:
    appeals.end(work, proposed.target, proposed)


_DECISIONS = {
    "recuse": "decision-member",
    "include": "decision-member",
    "grant": "decision-appeal",
    "deny": "decision-appeal",
    "extend": "decision-extend",
    "separate": "decision-extend",
}

_EFFECTS: dict[str, Callable[[Work, e.Proposed], None]] = {
    "sanction": _put_in_force,
    "lift": _lift,
    "recuse": _recuse,
    "include": _include,
    "grant": _answer,
    "deny": _answer,
    "extend": extending.extend,
    "separate": _separate,
}
"""What an approved proposal does at once, by what it proposes."""
