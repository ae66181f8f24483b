"""A sanction comes to cover another address of its person, or one no longer.

Owns what an approved vote on that does: the sanctions' addresses, the letter, and the road back.
An address that is taken off again leaves with exactly the records of what was done to it, as a
sanction by itself that is lifted at once. Refuses to vote (deliberation). Called by deliberation
and by appeals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cocmail.core import events as e
from cocmail.core.case import Case, Lead
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Sanction, State
from cocmail.core.work import Work


def in_force(case: Case, proposed: e.Proposed) -> tuple[Sanction, ...]:
    """The sanctions that it is about and that are still in force."""
    found = (case.sanctions.get(name) for name in proposed.sanctions)
    return tuple(s for s in found if s is not None and s.state is State.IN_FORCE)


def is_apart(case: Case, proposed: e.Proposed) -> bool:
    """Whether somebody whom it would cover was said since to be somebody else than its person."""
    answers: dict[Address, set[str]] = {}
    for lead in _leads(case, proposed.sanctions):
        answers.setdefault(lead.found.address, set()).add(lead.answer)
    return proposed.what == "extend" and any(
        answers.get(address, set()) == {"different"} for address in proposed.addresses
    )


def on_person_of(case: Case, lead: e.LeadFound) -> tuple[str, ...]:
    """By their ids, all sanctions on the person whom the lead is about."""
    return on_one_person(case, lead.sanctions, lead.like)


def on_one_person(
    case: Case, names: Collection[str], like: Address | None = None
) -> tuple[str, ...]:
    """These, and all others on the same person, who may have an address like this one. Whom votes
    took for two people doesn't make one of these."""
    own = {name: _own(case, sanction) for name, sanction in case.sanctions.items()}
    found, people = {*names}, {like} if like else set[Address]()
    while True:
        people = people.union(*(own[name] for name in found if name in own))
        wider = {name for name, theirs in own.items() if theirs & people}
        if wider <= found:
            return tuple(name for name in own if name in found)
        found |= wider


def _own(case: Case, sanction: Sanction) -> set[Address]:
    """Whom it was decided on: not whom a later vote took for them, nor who came with those."""
    proposal = case.proposals.get(sanction.id)
    known = proposal.proposed.addresses if proposal else sanction.addresses
    voted = {one.address for one in case.extensions.get(sanction.id, ())}
    came = {a for x in case.leads.values() if x.found.address in voted for a in x.found.others}
    return {sanction.address, *({*known} & {*sanction.addresses} - voted - came)}


def _leads(case: Case, names: Iterable[str]) -> tuple[Lead, ...]:
    """Those about the person whom these sanctions are on."""
    theirs = {*names}
    return tuple(
        lead for lead in case.leads.values() if theirs.intersection(on_person_of(case, lead.found))
    )


def extend(work: Work, proposed: e.Proposed) -> None:
    """They cover the addresses too; whoever reads mail there learns that, and how to object."""
    for sanction in in_force(work.case, proposed):
        _cover(work, sanction, proposed.addresses, proposed.proposal, proposed.language)
    work.enforce = True


def by_vote(case: Case, addresses: Collection[Address], named: Address) -> Mapping[Address, str]:
    """Who is taken for this person by a vote on what is in force, and by which vote."""
    return {
        one.address: one.proposal
        for s in case.sanctions.values()
        if s.in_force and {*s.addresses} & {*addresses}
        for one in case.extensions.get(s.id, ())
        if one.address != named
    }


def freed(case: Case, addresses: Collection[Address]) -> frozenset[Address]:
    """Who was decided to be somebody else than this person, and not decided otherwise since."""
    theirs = [s for s in case.sanctions.values() if {*s.addresses} & {*addresses}]
    apart = {Address(a) for s in theirs for a in case.separated.get(s.id, ())}
    again = {x.address for s in theirs if s.in_force for x in case.extensions.get(s.id, ())}
    return frozenset(apart - again)


def hand_on(work: Work, sanction_id: str, votes: Mapping[Address, str], language: str = "") -> None:
    """What a vote said of an address holds for this sanction too: whoever reads mail there hears
    what holds from now on, and an appeal of theirs is against that vote. Who was decided to be
    somebody else isn't covered, whatever was known when it was proposed."""
    sanction = work.case.sanctions[sanction_id]
    for address, proposal in votes.items():
        _cover(work, sanction, (address,), proposal, language)
    off = tuple(sorted(freed(work.case, (sanction.address,)) - {sanction.address, *votes}))
    if off:
        part = f"S{work.fresh('sanction')}"
        work.happen(e.Narrowed(sanction=sanction_id, addresses=off, part=part))


def is_told(measure: Measure | None) -> bool:
    """Whether an added address hears of it: of what goes on."""
    return measure is Measure.MODERATE or (measure is not None and measure.keeps_off)


def _cover(
    work: Work, sanction: Sanction, addresses: tuple[Address, ...], proposal: str, language: str
) -> None:
    work.happen(e.Extended(sanction=sanction.id, addresses=addresses, proposal=proposal))
    for address in addresses if is_told(sanction.measure) else ():
        # A party by itself: should it be somebody else after all, nothing of the person's leads
        # to them, not even a reference.
        work.to_party(
            work.respondent(address),
            Kind.LETTER,
            "letter-extended",
            letter_values(sanction, address),
            to=address,
            language=language,
        )


def separate(
    work: Work,
    sanctions: Iterable[Sanction],
    addresses: Collection[Address],
    by: str,
    *,
    tell: bool = True,
) -> None:
    """They, which are on one person, cover these addresses no longer, and what was done to them is
    undone."""
    sanctions, own = tuple(sanctions), {*addresses}
    leads = _leads(work.case, (s.id for s in sanctions))
    # What was covered only as the same Mailman user's goes with it.
    own |= {a for x in leads if x.found.address in own for a in x.found.others}
    for sanction in sanctions:
        now = work.case.sanctions[sanction.id]
        off = tuple(a for a in now.addresses if a in own and a != now.address)
        if off and now.state is State.IN_FORCE:
            part = f"S{work.fresh('sanction')}"
            work.happen(e.Narrowed(sanction=now.id, addresses=off, part=part))
    for lead in leads:
        if lead.found.address in own and lead.answer != "different":
            work.happen(e.LeadAnswered(number=lead.number, by=by, answer="different"))
    for address in dict.fromkeys(addresses) if tell else ():
        if not is_covered(work.case, address):
            _tell_over(work, address)
    work.enforce = True


def is_covered(case: Case, address: Address) -> bool:
    """Whether a sanction in force covers it, on whomever."""
    return any(
        s.state is State.IN_FORCE and address in s.addresses for s in case.sanctions.values()
    )


def tell_end(work: Work, sanction: Sanction) -> None:
    """The sanction is over: who had it only by a later vote learns that too."""
    for one in work.case.extensions.get(sanction.id, ()):
        if not is_covered(work.case, one.address):
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
        "interim": sanction.interim,
    }
