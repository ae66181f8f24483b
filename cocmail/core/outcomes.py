"""What a reporter hears at the end.

Owns that each hears it once per case, in a mail of their own; that the reporters of a linked or
merged case hear it only once a second member agreed that the two belong together; and that nobody
hears it who is reported themself. Called by the actions and by proofs.
"""

from __future__ import annotations

from cocmail.core.case import Case, Party
from cocmail.core.letters import Kind
from cocmail.core.sanctions import Sanction
from cocmail.core.work import Work


def tell_outcome(
    work: Work, template: str, values: dict[str, object], sanction: Sanction | None = None
) -> None:
    """Each reporter hears the outcome once per case, in a mail of their own. ``sanction``: what
    was decided, where it is not the case that was closed."""
    _tell(work, work, template, values, sanction)
    for other, link in work.case.links.items():
        linked = work.setting.near.get(other)
        if link.agreed and linked is not None and not linked.merged_into:
            _tell(work.on(linked), work, template, values, sanction)


def catch_up(work: Work, decided: Work) -> None:
    """A second member agreed: the reporters of ``work`` hear what was decided already."""
    proved = [s for s in decided.case.sanctions.values() if s.proved is not None and not s.interim]
    for sanction in proved:
        _tell(work, decided, "outcome", {}, sanction)
    if decided.case.closed is not None:
        _tell(work, decided, "outcome-closed", {"outcome": decided.case.closed.outcome}, None)


def _tell(
    work: Work,
    decided: Work,
    template: str,
    values: dict[str, object],
    sanction: Sanction | None,
) -> None:
    told = {n.party for n in (*work.case.letters, *work.notes) if n.what == Kind.OUTCOME}
    for party in work.case.of_role("reporter"):
        if party.id in told or _is_reported(party, decided.case):
            continue
        if work is decided and not _hears(work.case, party, sanction):
            continue
        work.to_party(party, Kind.OUTCOME, template, values)


def _is_reported(party: Party, case: Case) -> bool:
    """A throwaway victim may be the respondent: then it is the letter that tells them."""
    reported = {a for p in case.of_role("respondent") for a in p.addresses}
    reported |= {a for s in case.sanctions.values() for a in s.addresses}
    return bool({*party.addresses} & reported)


def _hears(case: Case, party: Party, sanction: Sanction | None) -> bool:
    """Whether nobody has to agree first: the party and what was decided are of one case, or it
    was agreed that the cases which they came from are one."""
    whence = {b.case for b in case.branches.values() if party.id in b.places.values()}
    if any(case.branches[name].agreed for name in whence) or not case.branches:
        return True
    own = party.id in {p for p in case.parties if p not in _moved(case)}
    if sanction is None:
        return own
    theirs = {b.case for b in case.branches.values() if sanction.id in b.sanctions}
    return bool(theirs & whence) if theirs else own


def _moved(case: Case) -> set[str]:
    """Parties that came with a case which was merged into this one, and weren't here before."""
    return {place for b in case.branches.values() for place in b.came}
