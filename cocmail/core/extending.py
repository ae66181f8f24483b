"""A sanction comes to cover another address of its person, or one no longer.

Owns what an approved vote on that does: the sanctions' addresses, the letter, and the road back.
An address that is taken off again leaves with exactly the records of what was done to it, as a
sanction by itself that is lifted at once. Refuses to vote (deliberation). Called by deliberation
and by appeals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.sanctions import Sanction, State
from cocmail.core.work import Work


def in_force(case: Case, proposed: e.Proposed) -> tuple[Sanction, ...]:
    """The sanctions that it is about and that are still in force."""
    found = (case.sanctions.get(name) for name in proposed.sanctions)
    return tuple(s for s in found if s is not None and s.state is State.IN_FORCE)


def extend(work: Work, proposed: e.Proposed) -> None:
    """They cover the addresses too; whoever reads mail there learns that, and how to object."""
    sanctions = in_force(work.case, proposed)
    for sanction in sanctions:
        work.happen(
            e.Extended(
                sanction=sanction.id, addresses=proposed.addresses, proposal=proposed.proposal
            )
        )
    for address in proposed.addresses:
        # A party by itself: should it be somebody else after all, nothing of the person's leads
        # to them, not even a reference.
        party = work.respondent(address)
        work.to_party(
            party,
            Kind.LETTER,
            "letter-extended",
            letter_values(sanctions[0], address),
            to=address,
            language=proposed.language,
        )
    work.enforce = True


def separate(
    work: Work,
    sanctions: Iterable[Sanction],
    addresses: Collection[Address],
    by: str,
    *,
    tell: bool = True,
) -> None:
    """They cover these addresses no longer, and what was done to them is undone."""
    own = {*addresses}
    # What was covered only as the same Mailman user's goes with it.
    own |= {a for x in work.case.leads.values() if x.found.address in own for a in x.found.others}
    for sanction in sanctions:
        now = work.case.sanctions[sanction.id]
        off = tuple(a for a in now.addresses if a in own and a != now.address)
        if off and now.state is State.IN_FORCE:
            part = f"S{work.fresh('sanction')}"
            work.happen(e.Narrowed(sanction=now.id, addresses=off, part=part))
    for lead in tuple(work.case.leads.values()):
        if lead.found.address in own and lead.answer != "different":
            work.happen(e.LeadAnswered(number=lead.number, by=by, answer="different"))
    for address in dict.fromkeys(addresses) if tell else ():
        _tell_over(work, address)
    work.enforce = True


def tell_end(work: Work, sanction: Sanction) -> None:
    """The sanction is over: who had it only by a later vote learns that too."""
    for one in work.case.extensions.get(sanction.id, ()):
        still = any(
            s.state is State.IN_FORCE and one.address in s.addresses
            for s in work.case.sanctions.values()
        )
        if not still:
            _tell_over(work, one.address)


def _tell_over(work: Work, address: Address) -> None:
    values = {"address": address}
    work.to_party(work.respondent(address), Kind.LETTER, "letter-separated", values, to=address)


def letter_values(sanction: Sanction, address: Address) -> dict[str, object]:
    """What whoever reads mail at the added address learns: nothing of whom it is about, nor why,
    for it may be somebody else. The same in the ballot and when it leaves."""
    return {
        "address": address,
        "measure": sanction.measure,
        "scope": sanction.scope,
        "until": sanction.until,
    }
