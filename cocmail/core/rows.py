"""Which index rows a case has: a pure function of the folded case and the lookup key.

Owns the rule by which the index follows from the ledger. Called by the store after every event,
and when the index is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cocmail.core import floods, waiting, watching
from cocmail.core import index as i
from cocmail.core.case import SYSTEM, Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.drift import due_at
from cocmail.core.escrow import KEPT
from cocmail.core.events import LetterNote
from cocmail.core.minting import Minter
from cocmail.core.quarantine import DUE, FEWEST_ALONE, is_quarantine, reference_of
from cocmail.core.returned import RETURN
from cocmail.core.sanctions import State


def dues(case: Case) -> tuple[i.DueRow, ...]:
    """What falls due in this case, and when."""
    if case.id == COMMITTEE:
        return _of_committee(case)
    if is_quarantine(case.id):
        return _of_quarantine(case)
    found: list[i.DueRow] = []
    for proposal in case.open_proposals:
        if proposal.window is not None and not proposal.windowed:
            found.append(i.DueRow(case.id, "window", proposal.id, proposal.window))
        elif proposal.closes is not None:
            found.append(i.DueRow(case.id, "vote", proposal.id, proposal.closes))
    for sanction in case.sanctions.values():
        if sanction.id in case.over:
            continue
        if sanction.state is State.IN_FORCE and sanction.until is not None:
            found.append(i.DueRow(case.id, "end", sanction.id, sanction.until))
    for sanction in case.sanctions.values():
        if sanction.in_force and (drift := case.drifts.get(sanction.id)):
            at = due_at(drift)
            if at is not None:
                found.append(i.DueRow(case.id, "drift", sanction.id, at))
    for watch in case.watches.values():
        found.append(i.DueRow(case.id, "watch", watch.watch, watching.due_at(case, watch)))
    for item in waiting.items(case):
        at = waiting.due_at(case, item)
        if at is not None:
            found.append(i.DueRow(case.id, item.what.value, item.about, at))
    if (at := floods.pass_on_at(case)) is not None:
        found.append(i.DueRow(case.id, "pass-on", "", at))
    if (at := floods.tell_at(case)) is not None:
        found.append(i.DueRow(case.id, "tell-asides", "", at))
    if case.escalate_by is not None and case.is_open:
        found.append(i.DueRow(case.id, "untouched", "", case.escalate_by))
    for one in case.provisionals.values():
        if one.until is not None:
            found.append(i.DueRow(case.id, "release", "", one.until))
    return tuple(found)


def _of_committee(case: Case) -> tuple[i.DueRow, ...]:
    committee = case.committee
    coming = (i.DueRow(case.id, "roster", "", committee.coming.at),) if committee.coming else ()
    return coming + tuple(
        i.DueRow(case.id, "digest", handle, committee.next_digest(handle, wanted.since))
        for handle, wanted in committee.waiting.items()
    )


def _of_quarantine(case: Case) -> tuple[i.DueRow, ...]:
    aside = case.quarantine
    times = [(handle, aside.due(handle)) for handle in aside.handles]
    return tuple(i.DueRow(case.id, DUE, handle, at) for handle, at in times if at is not None)


def _tokens(case: Case, minter: Minter) -> set[i.Row]:
    found: set[i.Row] = set()
    own = tuple(n for n in case.letters if not n.origin)
    for note in _with_return_paths(own):
        alive = note.epoch == case.epoch(note.party)
        found.add(_token(case, case.id, note, note.party, minter, alive=alive))
    for branch in case.branches.values():
        for note in _with_return_paths(branch.letters):
            party = branch.places.get(note.party, note.party)
            alive = note.epoch == branch.epochs.get(note.party, 0) and branch.ours.get(
                party
            ) == case.epoch(party)
            found.add(_token(case, branch.case, note, party, minter, alive=alive))
    return found


def _with_return_paths(letters: tuple[LetterNote, ...]) -> Iterator[LetterNote]:
    yield from letters
    for note in letters:
        yield replace(note, purpose=RETURN, about="")


def _token(
    case: Case, made: str, note: LetterNote, party: str, minter: Minter, *, alive: bool
) -> i.TokenRow:
    """``made``: the case that the address was made for, which may go on in this one."""
    token = minter.token(
        case=made, party=note.party, purpose=note.purpose, about=note.about, epoch=note.epoch
    )
    purpose, about = note.purpose, note.about
    if not alive:  # what comes back to a return path still counts
        purpose, about = "dead", RETURN if purpose == RETURN else about
    return i.TokenRow(minter.digest(token), case.id, party, purpose, about)


def rows(case: Case, minter: Minter) -> frozenset[i.Row]:
    """Every index row of this case."""
    if case.id == COMMITTEE or is_quarantine(case.id):
        marks = (i.SeenRow(mark, case.id) for mark in case.marks)
        taken = (n for n in case.quarantine.numbers if n >= FEWEST_ALONE)
        numbers = (i.ReferenceRow(reference_of(n), case.id) for n in taken)
        return frozenset({*_tokens(case, minter), *dues(case), *marks, *numbers})
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
    for branch in case.branches.values():
        found |= {i.ReferenceRow(one, case.id) for one in branch.references}
    found |= _tokens(case, minter)
    found |= {i.MintedRow(minter.digest(n.message_id), case.id, n.party) for n in case.letters}
    found |= {i.SeenRow(mark, case.id) for mark in case.marks}
    found |= {i.RecusedRow(case.id, handle) for handle in case.out}
    for party in case.parties.values():
        found.add(i.ReferenceRow(party.reference, case.id))
        found |= {i.AddressRow(minter.digest(a), case.id, party.id) for a in party.addresses}
    for mark in (KEPT,) * bool(case.kept) + (watching.WATCHING,) * bool(case.watches):
        found.add(i.AddressRow(minter.digest(mark), case.id, mark))
    for sanction in case.sanctions.values():
        found.add(i.SanctionRow(sanction.id, case.id, sanction.state.value, sanction.until))
    if case.unsettled:
        found.add(i.UnsettledRow(case.id))
    found.update(dues(case))
    return frozenset(found)
