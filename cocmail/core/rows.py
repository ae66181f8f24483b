"""Which index rows a case has: a pure function of the folded case and the lookup key.

Owns the rule by which the index follows from the ledger. Called by the store after every event,
and when the index is rebuilt.
"""

from __future__ import annotations

from cocmail.core import index as i
from cocmail.core import waiting
from cocmail.core.case import SYSTEM, Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.minting import Minter
from cocmail.core.sanctions import State


def dues(case: Case) -> tuple[i.DueRow, ...]:
    """What falls due in this case, and when."""
    if case.id == COMMITTEE:
        return _of_committee(case)
    found: list[i.DueRow] = []
    for proposal in case.open_proposals:
        if proposal.window is not None and not proposal.windowed:
            found.append(i.DueRow(case.id, "window", proposal.id, proposal.window))
        elif proposal.closes is not None:
            found.append(i.DueRow(case.id, "vote", proposal.id, proposal.closes))
    for sanction in case.sanctions.values():
        if sanction.state is State.IN_FORCE and sanction.until is not None:
            found.append(i.DueRow(case.id, "end", sanction.id, sanction.until))
    for item in waiting.items(case):
        at = waiting.due_at(case, item)
        if at is not None:
            found.append(i.DueRow(case.id, item.what.value, item.about, at))
    if case.escalate_by is not None and case.is_open:
        found.append(i.DueRow(case.id, "untouched", "", case.escalate_by))
    if case.provisional and case.provisional_until is not None:
        found.append(i.DueRow(case.id, "release", "", case.provisional_until))
    return tuple(found)


def _of_committee(case: Case) -> tuple[i.DueRow, ...]:
    committee = case.committee
    coming = (i.DueRow(case.id, "roster", "", committee.coming.at),) if committee.coming else ()
    return coming + tuple(
        i.DueRow(case.id, "digest", handle, committee.next_digest(handle, wanted.since))
        for handle, wanted in committee.waiting.items()
    )


def _tokens(case: Case, minter: Minter) -> set[i.Row]:
    addresses = {(n.party, n.purpose, n.about, n.epoch) for n in case.letters}
    addresses |= {(party, "return", "", epoch) for party, _, _, epoch in addresses}
    found: set[i.Row] = set()
    for party, purpose, about, epoch in addresses:
        token = minter.token(case=case.id, party=party, purpose=purpose, about=about, epoch=epoch)
        alive = epoch == case.epoch(party)
        found.add(
            i.TokenRow(minter.digest(token), case.id, party, purpose if alive else "dead", about)
        )
    return found


def rows(case: Case, minter: Minter) -> frozenset[i.Row]:
    """Every index row of this case."""
    if case.id == COMMITTEE:
        return frozenset({*_tokens(case, minter), *dues(case)})
    if case.id == SYSTEM or case.opened is None:
        return frozenset()
    found: set[i.Row] = {
        i.CaseRow(
            case.id,
            case.reference,
            "open" if case.is_open else "closed",
            case.opened,
            case.urgent,
            case.assigned,
            len(case.messages),
        ),
        i.ReferenceRow(case.reference, case.id),
    }
    found |= _tokens(case, minter)
    found |= {i.MintedRow(minter.digest(n.message_id), case.id, n.party) for n in case.letters}
    found |= {i.SeenRow(mark, case.id) for mark in case.marks}
    found |= {i.RecusedRow(case.id, handle) for handle in case.out}
    for party in case.parties.values():
        found.add(i.ReferenceRow(party.reference, case.id))
        found |= {i.AddressRow(minter.digest(a), case.id, party.id) for a in party.addresses}
    for sanction in case.sanctions.values():
        found.add(i.SanctionRow(sanction.id, case.id, sanction.state.value, sanction.until))
    if case.unsettled:
        found.add(i.UnsettledRow(case.id))
    found.update(dues(case))
    return frozenset(found)
