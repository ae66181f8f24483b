"""Sanctions as they begin, are proved, end and are undone.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import drift as drifting
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.enforcement import Role
from cocmail.core.folding.common import put, sanction_of, unfit
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State


def sanctioning(case: Case, at: datetime, event: Any) -> Case | None:
    """The case after this event; None where it belongs in another room."""
    match event:
        case e.Ordered():
            return _order(case, at, event)
        case e.InForce():
            sanction = sanction_of(case, event, State.PROPOSED)
            begun = replace(
                sanction,
                state=State.IN_FORCE,
                start=event.start,
                until=event.until,
                letter=event.letter,
                not_before=event.not_before,
            )
            return replace(case, sanctions=put(case.sanctions, sanction.id, begun))
        case e.Ended():
            sanction = sanction_of(case, event, State.IN_FORCE)
            return replace(
                case,
                sanctions=put(
                    case.sanctions, sanction.id, replace(sanction, state=State(event.how))
                ),
            )
        case e.TermOver():
            sanction_of(case, event, State.IN_FORCE)
            return replace(case, over=case.over | {event.sanction})
        case e.BeforeNoted():
            return _note_before(case, event)
        case e.Enforced():
            sanction = sanction_of(case, event)
            known_addresses = tuple(dict.fromkeys((*sanction.addresses, *event.addresses)))
            lists = frozenset(line.list for line in event.lines if line.list is not None)
            return replace(
                case,
                sanctions=put(
                    case.sanctions,
                    sanction.id,
                    replace(
                        sanction,
                        addresses=known_addresses,
                        proved=sanction.proved or at,
                        # A removal takes once and gives nothing back: no record is left open.
                        before=() if sanction.measure is Measure.REMOVE else sanction.before,
                    ),
                ),
                covered=put(
                    case.covered, sanction.id, case.covered.get(sanction.id, frozenset()) | lists
                ),
            )
        case e.Drifted():
            sanction = sanction_of(case, event)
            known = tuple(dict.fromkeys((*sanction.addresses, *event.addresses)))
            drift = drifting.found(case.drifts.get(sanction.id, drifting.Drift()), event.lines, at)
            cleared = sanction.cleared and all(line.role != Role.BAN for line in event.lines)
            sanction = replace(sanction, addresses=known, cleared=cleared)
            return replace(
                case,
                sanctions=put(case.sanctions, sanction.id, sanction),
                drifts=put(case.drifts, sanction.id, drift),
            )
        case e.DriftTold():
            if event.sanction not in case.drifts:
                raise unfit(case, event)
            drift = drifting.told(case.drifts[event.sanction], at)
            return replace(case, drifts=put(case.drifts, event.sanction, drift))
        case e.WaitingDiscarded():
            sanction = replace(sanction_of(case, event), cleared=True)
            return replace(case, sanctions=put(case.sanctions, sanction.id, sanction))
        case e.Restored():
            sanction = sanction_of(case, event)
            return replace(
                case, sanctions=put(case.sanctions, sanction.id, replace(sanction, before=()))
            )
    return None


def _order(case: Case, at: datetime, event: e.Ordered) -> Case:
    if event.sanction in case.sanctions:
        raise unfit(case, event)
    sanction = Sanction(
        id=event.sanction,
        case=case.id,
        measure=event.measure,
        address=event.address,
        addresses=event.addresses,
        scope=Scope(groups=event.groups, lists=event.lists),
        reason=event.because,
        state=State.IN_FORCE,
        start=at,
        until=event.until,
        interim=True,
        letter=event.letter,
        by=event.by,
    )
    return replace(case, sanctions=put(case.sanctions, sanction.id, sanction))


def _note_before(case: Case, event: e.BeforeNoted) -> Case:
    sanction = sanction_of(case, event)
    places = {(p.site, p.list, p.address, p.role): p for p in event.places}
    kept = tuple(b for b in sanction.before if (b.site, b.list, b.address, b.role) not in places)
    added = tuple(
        Before(list=p.list, address=p.address, role=p.role, facts=p.facts, site=p.site)
        for p in places.values()
    )
    noted = replace(sanction, before=(*kept, *added))
    return replace(case, sanctions=put(case.sanctions, sanction.id, noted))
