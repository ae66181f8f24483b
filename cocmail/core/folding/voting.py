"""Proposals, votes and decisions; appeals, and what a person agreed to.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.case import Appeal, Case, Proposal
from cocmail.core.folding.common import put, sanction_of, unfit
from cocmail.core.sanctions import Sanction, Scope, State


def voting(case: Case, at: datetime, event: Any) -> Case | None:
    """The case after this event; None where it belongs in another room."""
    match event:
        case e.Proposed():
            return _propose(case, at, event)
        case e.Voted():
            proposal = case.proposals.get(event.proposal)
            if proposal is None or proposal.decided is not None or event.handle in case.recused:
                raise unfit(case, event)
            voted = replace(
                proposal,
                votes=put(proposal.votes, event.handle, event),
                used=proposal.used | {(event.handle, event.vote)},
            )
            return replace(case, proposals=put(case.proposals, proposal.id, voted))
        case e.Decided():
            return _decide(case, event)
        case e.WindowOpened():
            return _of_proposal(case, event, window=event.until)
        case e.WindowClosed():
            return _of_proposal(case, event, windowed=True)
        case e.CounselAsked():
            return _of_proposal(case, event, counsel="asked")
        case e.CounselHeard():
            return _of_proposal(case, event, counsel="heard")
        case e.Agreed():
            sanction_of(case, event)
            return replace(case, agreed=case.agreed | {event.sanction})
        case e.AppealOpened():
            sanction_of(case, event)
            appeal = Appeal(at=at, opened=event)
            return replace(case, appeals=put(case.appeals, event.appeal, appeal))
        case e.AppealEnded():
            ended = replace(case.appeals[event.appeal], result=event.result, ended=at)
            return replace(case, appeals=put(case.appeals, event.appeal, ended))
    return None


def _propose(case: Case, at: datetime, event: e.Proposed) -> Case:
    if event.proposal in case.proposals:
        raise unfit(case, event)
    proposal = Proposal(at=at, proposed=event)
    proposals = put(case.proposals, event.proposal, proposal)
    if event.what != "sanction":
        return replace(case, proposals=proposals)
    if event.measure is None or event.sanction in case.sanctions:
        raise unfit(case, event)
    sanction = Sanction(
        id=event.sanction,
        case=case.id,
        measure=event.measure,
        address=event.address,
        addresses=event.addresses,
        scope=Scope(groups=event.groups, lists=event.lists),
        reason=event.because,
        state=State.PROPOSED,
        start=None,
        until=event.until,
        including_roles=event.including_roles,
    )
    return replace(case, proposals=proposals, sanctions=put(case.sanctions, sanction.id, sanction))


def _of_proposal(case: Case, event: Any, **changed: Any) -> Case:
    proposal = case.proposals.get(event.proposal)
    if proposal is None or proposal.decided is not None:
        raise unfit(case, event)
    return replace(case, proposals=put(case.proposals, proposal.id, replace(proposal, **changed)))


def _decide(case: Case, event: e.Decided) -> Case:
    proposal = case.proposals.get(event.proposal)
    if proposal is None or proposal.decided is not None:
        raise unfit(case, event)
    decided = replace(
        case, proposals=put(case.proposals, proposal.id, replace(proposal, decided=event))
    )
    if proposal.proposed.what == "sanction" and event.result != "approved":
        sanction = case.sanctions[proposal.proposed.sanction]
        rejected = replace(sanction, state=State.REJECTED)
        decided = replace(decided, sanctions=put(case.sanctions, sanction.id, rejected))
    return decided
