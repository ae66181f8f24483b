"""What enforcement has to tell: proof to the committee, outcome to reporters, notice to owners.

Owns what follows from places being read back on the lists. Refuses to read them (enforcement).
Called by loops/book, one sanction a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.enforcement import ProofRow
from cocmail.core.letters import Kind
from cocmail.core.outcomes import tell_outcome
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Sanction, State
from cocmail.core.setting import Setting
from cocmail.core.table import Table, Tense, limits, meeting, read_back
from cocmail.core.work import Result, Work


def _lines(rows: Sequence[ProofRow]) -> tuple[e.ProofLine, ...]:
    return tuple(
        e.ProofLine(
            list=r.list,
            address=r.address,
            role=r.role,
            was=r.was,
            now=r.now,
            note=r.note,
            site=r.site,
        )
        for r in rows
    )


def enforced(
    case: Case,
    setting: Setting,
    sanction_id: str,
    rows: Sequence[ProofRow],
    addresses: Sequence[Address],
) -> Result:
    """The sanction is true on the lists, as read back."""
    work = Work(case, setting)
    sanction = case.sanctions[sanction_id]
    first = sanction.proved is None
    work.happen(e.Enforced(sanction=sanction_id, lines=_lines(rows), addresses=tuple(addresses)))
    if sanction.measure is Measure.REMOVE and sanction.state is State.IN_FORCE:
        work.happen(e.Ended(sanction=sanction_id, how="ended"))
    values = {
        "sanction": work.case.sanctions[sanction_id],
        "table": _table(work, sanction, rows, first=first),
        "first": first,
    }
    work.tell(Kind.PROOF, "proof", values)
    if first:
        if not sanction.interim:  # for now is no outcome
            tell_outcome(work, "outcome", {}, sanction)
        if setting.policy.tell_owners:
            _tell_owners(work, sanction, rows)
    return work.result()


def restored(case: Case, setting: Setting, sanction_id: str, rows: Sequence[ProofRow]) -> Result:
    """The ended sanction's places are as they should be now, as read back."""
    work = Work(case, setting)
    work.happen(e.Restored(sanction=sanction_id, lines=_lines(rows)))
    sanction = work.case.sanctions[sanction_id]
    values = {"sanction": sanction, "table": read_back(rows, tense=Tense.BACK)}
    work.tell(Kind.PROOF, "proof-ended", values)
    return work.result()


def _table(work: Work, sanction: Sanction, rows: Sequence[ProofRow], *, first: bool) -> Table:
    if not first:
        return read_back(rows, tense=Tense.DID)
    addresses = work.case.sanctions[sanction.id].addresses
    return read_back(
        rows,
        tense=Tense.DID,
        addresses=addresses,
        meets=meeting(
            work.case.sanctions.values(),
            addresses,
            sanction.scope,
            work.setting.groups,
            but=sanction.id,
        ),
        limits=limits(sanction.measure, sanction.scope, rows),
    )


def _tell_owners(work: Work, sanction: Sanction, rows: Sequence[ProofRow]) -> None:
    """The remaining owners learn what happened on their list, not why, and nothing of the case.

    Never the person, and never a member who may not know of this case.
    """
    silent = set(sanction.addresses)
    for handle in work.case.out:
        member = work.setting.roster.get(handle)
        silent.update(member.addresses if member else ())
    changes: dict[Address, list[ProofRow]] = {}
    for row in rows:
        if row.list and row.was != row.now and row.role in ("member", "owner", "moderator"):
            for owner in row.owners:
                if owner not in silent:
                    changes.setdefault(owner, []).append(row)
    for owner, theirs in changes.items():
        party = work.case.party_of(owner, "owner") or work.join("owner", (owner,))
        work.to_party(party, Kind.NOTICE, "notice", {"rows": theirs})


def trouble(case: Case, setting: Setting, words: str) -> Result:
    """Mailman has failed us for long, and something decided in this case waits for it."""
    work = Work(case, setting)
    work.happen(e.Happened(what="enforcement-trouble", detail=words))
    waiting = [s for s in case.sanctions.values() if s.state is State.IN_FORCE or s.before]
    work.tell(Kind.ALERT, "enforcement-trouble", {"words": words, "sanctions": waiting})
    return work.result()


def letter_left(case: Case, setting: Setting, letter: str) -> Result:
    """The letter to a respondent has left; a warning is over with it."""
    work = Work(case, setting)
    work.happen(e.LetterLeft(letter=letter))
    for sanction in case.sanctions.values():
        if (
            sanction.letter == letter
            and sanction.measure is Measure.WARN
            and sanction.state is State.IN_FORCE
        ):
            work.happen(e.Ended(sanction=sanction.id, how="ended"))
    work.enforce = True
    return work.result()


def was_read(case: Case, setting: Setting, by: str) -> Result:
    """An operator read the case on the machine; its members hear of it."""
    work = Work(case, setting)
    work.happen(e.WasRead(by=by))
    work.tell(Kind.ALERT, "was-read", {"by": by})
    return work.result()
