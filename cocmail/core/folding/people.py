"""Who is in a case, in which role and at which address; and who is kept out of it.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.case import Case, Party, Provisional
from cocmail.core.folding.common import member_id, put, unfit


def people(case: Case, at: datetime, event: Any) -> Case | None:
    """The case after this event; None where it belongs in another room."""
    match event:
        case e.CaseOpened():
            if case.opened is not None:
                raise unfit(case, event)
            return replace(
                case,
                reference=event.reference,
                opened=at,
                acknowledge_by=event.acknowledge_by,
                update_by=event.update_by,
            )
        case e.PartyJoined():
            if event.party in case.parties:
                raise unfit(case, event)
            party = Party(
                id=event.party,
                addresses=event.addresses,
                name=event.name,
                reference=event.reference,
                language=event.language,
            )
            return replace(case, parties=put(case.parties, event.party, party))
        case e.PartyNamed():
            known = case.parties.get(event.party)
            if known is None:
                raise unfit(case, event)
            merged = tuple(dict.fromkeys((*known.addresses, *event.addresses)))
            return replace(
                case, parties=put(case.parties, event.party, replace(known, addresses=merged))
            )
        case e.PartyMoved():
            known = _party(case, event)
            moved = tuple(dict.fromkeys((event.address, *known.addresses)))
            return replace(
                case,
                parties=put(case.parties, known.id, replace(known, addresses=moved)),
                epochs=put(case.epochs, known.id, case.epoch(known.id) + 1),
            )
        case e.PartySilenced():
            known = replace(_party(case, event), silent=event.silent)
            return replace(case, parties=put(case.parties, known.id, known))
        case e.Recused():
            party_id = f"member:{event.handle}"
            return replace(
                case,
                recused=case.recused | {event.handle},
                named=case.named - {event.handle},
                included=case.included - {event.handle},
                provisionals=_without(case, {event.handle}),
                epochs=put(case.epochs, party_id, case.epoch(party_id) + 1),
            )
        case e.Named():
            out = frozenset(event.handles) - case.recused
            epochs = {**case.epochs, **{p: case.epoch(p) + 1 for p in map(member_id, out)}}
            return replace(case, named=case.named | out, epochs=epochs)
        case e.Included():
            party_id = member_id(event.handle)
            return replace(
                case,
                recused=case.recused - {event.handle},
                named=case.named - {event.handle},
                provisionals=_without(case, {event.handle}),
                included=case.included | {event.handle},
                epochs=put(case.epochs, party_id, case.epoch(party_id) + 1),
            )
        case e.LeftOut():
            words = tuple(dict.fromkeys((*case.left_out, *event.words)))
            return replace(case, left_out=words)
        case e.Escalated():
            asked = {guest.handle: guest.address for guest in event.guests}
            return replace(case, guests={**case.guests, **asked}, escalate_by=None)
        case e.GuestCame():
            if event.handle not in case.guests:
                raise unfit(case, event)
            return replace(case, came=case.came | {event.handle})
        case e.Provisional():
            handles = frozenset(event.handles) - case.recused
            waiting = Provisional(handles=handles, until=event.until)
            return replace(case, provisionals=put(case.provisionals, event.why, waiting))
        case e.Released():
            return replace(case, provisionals=_without(case, {*event.handles}, event.why))
    return None


def _without(case: Case, handles: Collection[str], why: str = "") -> Mapping[str, Provisional]:
    """Who is still out until somebody answers: without these, for that reason or for any."""
    left = {
        for_: replace(one, handles=one.handles.difference(handles)) if why in ("", for_) else one
        for for_, one in case.provisionals.items()
    }
    return {for_: one for for_, one in left.items() if one.handles}


def _party(case: Case, event: Any) -> Party:
    known = case.parties.get(event.party)
    if known is None:
        raise unfit(case, event)
    return known
