"""Sanctions as they begin, are proved, end and are undone.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import drift as drifting
from cocmail.core import events as e
from cocmail.core.case import Case, Extension
from cocmail.core.enforcement import Role
from cocmail.core.folding.common import put, sanction_of, unfit
from cocmail.core.people import Address
from cocmail.core.proof import ROLE_STAYS
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
            return _note_before(case, at, event)
        case e.Enforced():
            sanction = sanction_of(case, event)
            known_addresses = tuple(dict.fromkeys((*sanction.addresses, *event.addresses)))
            # Where another sanction had changed all, this one has records and nothing to tell.
            kept = (b.list for b in sanction.before if b.facts)
            lists = frozenset({*(line.list for line in event.lines), *kept} - {None})
            banned = any(line.role == Role.BAN for line in event.lines)
            left = (line for line in event.lines if line.note == ROLE_STAYS)
            stayed = {(line.site, line.list, line.address, line.role) for line in left}
            separated = case.separated.get(sanction.id, frozenset())
            return replace(
                case,
                sanctions=put(
                    case.sanctions,
                    sanction.id,
                    replace(
                        sanction,
                        addresses=tuple(a for a in known_addresses if a not in separated),
                        proved=sanction.proved or at,
                        added=sanction.added - {*event.addresses},
                        cleared=sanction.cleared and not banned,
                        stayed=sanction.stayed | stayed,
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
            apart = case.separated.get(sanction.id, frozenset())
            both = dict.fromkeys((*sanction.addresses, *event.addresses))
            known = tuple(a for a in both if a not in apart)
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
            sanction = sanction_of(case, event)
            sanction = replace(sanction, cleared=sanction.cleared or event.done)
            return replace(case, sanctions=put(case.sanctions, sanction.id, sanction))
        case e.Extended():
            return _extend(case, at, event)
        case e.Narrowed():
            return _narrow(case, event)
        case e.Restored():
            return _restore(case, event)
        case e.Happened():
            return _tell(case, event)
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


def _extend(case: Case, at: datetime, event: e.Extended) -> Case:
    sanction = sanction_of(case, event, State.IN_FORCE)
    wider = replace(
        sanction,
        addresses=tuple(dict.fromkeys((*sanction.addresses, *event.addresses))),
        added=sanction.added | {*event.addresses},
        cleared=False,  # the added address may have asked to join before
    )
    known = {one.address for one in case.extensions.get(sanction.id, ())}
    fresh = tuple(
        Extension(address=address, at=at, proposal=event.proposal)
        for address in event.addresses
        if address != sanction.address and address not in known
    )
    separated = case.separated.get(sanction.id, frozenset()) - {*event.addresses}
    wider = replace(wider, apart=frozenset(Address(a) for a in separated))
    return replace(
        case,
        sanctions=put(case.sanctions, sanction.id, wider),
        extensions=put(
            case.extensions, sanction.id, (*case.extensions.get(sanction.id, ()), *fresh)
        ),
        separated=put(case.separated, sanction.id, separated),
    )


def _narrow(case: Case, event: e.Narrowed) -> Case:
    sanction = sanction_of(case, event, State.IN_FORCE)
    if event.part in case.sanctions or sanction.address in event.addresses:
        raise unfit(case, event)
    part = replace(
        sanction,
        id=event.part,
        address=event.addresses[0],
        addresses=event.addresses,
        state=State.LIFTED,
        letter=None,
        added=frozenset(),
        apart=frozenset(),
        before=tuple(b for b in sanction.before if b.address in event.addresses),
    )
    narrower = replace(
        sanction,
        addresses=tuple(a for a in sanction.addresses if a not in event.addresses),
        added=sanction.added - {*event.addresses},
        before=tuple(b for b in sanction.before if b.address not in event.addresses),
    )
    left = case.extensions.get(sanction.id, ())
    separated = case.separated.get(sanction.id, frozenset()) | {*event.addresses}
    narrower = replace(narrower, apart=frozenset(Address(a) for a in separated))
    return replace(
        case,
        sanctions={**case.sanctions, sanction.id: narrower, part.id: part},
        extensions=put(
            case.extensions,
            sanction.id,
            tuple(one for one in left if one.address not in event.addresses),
        ),
        separated=put(case.separated, sanction.id, separated),
    )


def _note_before(case: Case, at: datetime, event: e.BeforeNoted) -> Case:
    sanction = sanction_of(case, event)
    places = {(p.site, p.list, p.address, p.role): p for p in event.places}
    found = (
        Before(
            list=p.list,
            address=p.address,
            role=p.role,
            facts=p.facts,
            site=p.site,
            noted=at,
            seen=p.seen,
        )
        for p in places.values()
    )
    # What is put back once more, as after a backup, is as old as it was.
    closed = {(one.at, str(one.facts)): one.noted for one in sanction.closed}
    added = tuple(replace(one, noted=closed.get((one.at, str(one.facts)), at)) for one in found)
    # A sweep that was under way may note of whom the sanction doesn't cover any more: theirs to
    # undo is the part that left.
    parts = {b.address: _part(case, sanction, b.address) for b in added}
    sanctions = case.sanctions
    for one in dict.fromkeys(parts.values()):
        held = sanctions[one]
        fresh = tuple(b for b in added if parts[b.address] == one)
        again = {b.at for b in fresh}
        kept = (b for b in held.before if b.at not in again)
        sanctions = put(sanctions, one, replace(held, before=(*kept, *fresh)))
    return replace(case, sanctions=sanctions)


def _restore(case: Case, event: e.Restored) -> Case:
    sanction = sanction_of(case, event)
    over = None if event.levels is None else {(at.site, at.list) for at in event.levels}
    given = [b for b in sanction.before if over is None or (b.site, b.list) in over]
    left = tuple(b for b in sanction.before if b not in given)
    again = {b.at for b in given}
    older = (b for b in sanction.closed if b.at not in again)
    # What was given back before, and came with a backup again, counts as it is by now.
    lines = {
        (line.site, line.list, line.address, line.role): line
        for line in (*case.given_back.get(sanction.id, ()), *event.lines)
    }
    told = sanction.told - {e.END_WAITS, e.PROVED_ENDED}
    if event.told and left:
        told |= {e.PROVED_ENDED}
    sanction = replace(sanction, before=left, closed=(*older, *given), told=told)
    return replace(
        case,
        sanctions=put(case.sanctions, sanction.id, sanction),
        given_back=put(case.given_back, sanction.id, tuple(lines.values()) if left else ()),
    )


def _tell(case: Case, event: e.Happened) -> Case:
    sanction = case.sanctions.get(event.detail)
    if sanction is None or event.what not in (e.END_WAITS, e.GROUP_LOST, e.GROUP_KNOWN):
        return case
    told = sanction.told | {event.what}
    if event.what == e.GROUP_KNOWN:
        told = sanction.told - {e.GROUP_LOST}
    return replace(case, sanctions=put(case.sanctions, sanction.id, replace(sanction, told=told)))


def _part(case: Case, sanction: Sanction, address: Address) -> str:
    """Whose a record of this address is: the sanction's, or the latest part's that left it."""
    if address not in case.separated.get(sanction.id, frozenset()):
        return sanction.id
    parts = [
        s.id
        for s in case.sanctions.values()
        if s.state is State.LIFTED
        and address in s.addresses
        and (s.measure, s.scope, s.start) == (sanction.measure, sanction.scope, sanction.start)
    ]
    return parts[-1] if parts else sanction.id
