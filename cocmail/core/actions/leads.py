"""`/same` and `/different`: what a member says to a lead.

Owns what follows from it: a vote, or that nobody is asked again. Refuses to count (deliberation)
and to extend a sanction (core.extending). Called by the table of actions.
"""

from __future__ import annotations

from collections.abc import Collection

from cocmail.core import deliberation, extending
from cocmail.core import events as e
from cocmail.core.actions.people import keep_out_if_member
from cocmail.core.actions.proposing import enough_voters
from cocmail.core.actions.turn import Turn
from cocmail.core.case import Lead, Party, Proposal
from cocmail.core.commands import Command, Problem
from cocmail.core.escrow import look_for
from cocmail.core.guards import guards, unseen
from cocmail.core.leading import Suspect, meant, suspect_of
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Private
from cocmail.core.preview import of_extension
from cocmail.core.sanctions import Sanction
from cocmail.core.table import Table, Tense
from cocmail.core.work import Work


def same(turn: Turn, command: Command) -> None:
    """It is the same person: a vote on covering the address too."""
    work = turn.work
    leads = _meant(turn, command)
    suspect = _looked_for(work, leads)
    addresses = tuple(dict.fromkeys(x.found.address for x in leads))
    if done := [a for a in addresses if all(a.is_among(s.addresses) for s in suspect.sanctions)]:
        raise Problem(f"{done[0]} is covered already", "nothing: it is done")
    _nothing_open(work, addresses, {s.id for s in suspect.sanctions})
    found = guards(addresses, work.setting, (work.case, *turn.beside.values()), turn.observed)
    keep_out_if_member(turn, addresses)
    for lead in leads:
        work.happen(e.LeadAnswered(number=lead.number, by=turn.member.handle, answer="same"))
    proposal = _propose(turn, "extend", suspect.sanctions, addresses)
    enough_voters(turn, permanent=deliberation.is_permanent(work, proposal))
    look_for(work, turn.beside.values())
    _ballots(turn, proposal, leads, tuple(g.text for g in found))
    turn.done.append(
        f"proposed that {_named(suspect.sanctions)} covers {', '.join(addresses)} too;"
        " a ballot went to everybody who may vote"
    )


def different(turn: Turn, command: Command) -> None:
    """It is somebody else: never asked again; a vote, where a sanction covers it by now."""
    work = turn.work
    leads = _meant(turn, command)
    addresses = tuple(dict.fromkeys(x.found.address for x in leads))
    people = {extending.on_person_of(work.case, x.found) for x in leads}
    theirs = {name for person in people for name in person}
    _nothing_open(work, addresses, theirs)
    covering = tuple(
        s
        for s in work.case.sanctions.values()
        if s.id in theirs and s.in_force and work.case.extension(s.id, addresses) is not None
    )
    if covering and len(people) > 1:
        raise Problem(*_TWO_PEOPLE)
    if covering:
        linked = turn.observed.linked if turn.observed else {}
        others = (a for one in addresses for a in linked.get(one, ()))
        addresses = tuple(dict.fromkeys((*addresses, *others)))
        proposal = _propose(turn, "separate", covering, addresses)
        enough_voters(turn, permanent=deliberation.is_permanent(work, proposal))
        _ballots(turn, proposal, leads)
        turn.done.append(
            f"proposed that {_named(covering)} covers {', '.join(addresses)} no longer;"
            " a ballot went to everybody who may vote"
        )
        return
    if all(x.answer == "different" for x in leads):
        raise Problem(f"{addresses[0]} was said to be somebody else", "nothing: it is done")
    for lead in leads:
        work.happen(e.LeadAnswered(number=lead.number, by=turn.member.handle, answer="different"))
    turn.done.append(
        f"said that {', '.join(addresses)} is somebody else; nothing was done, and you are not"
        " asked again"
    )


def _meant(turn: Turn, command: Command) -> tuple[Lead, ...]:
    case = turn.work.case
    named: list[tuple[str, Lead | None]] = [(str(n), case.leads.get(n)) for n in command.numbers]
    for address in command.addresses:
        found = meant(case, address)
        if len(found) > 1:
            ways = ", ".join(f"/{command.word} {x.number}" for x in found)
            words = f"{address} is in leads to {len(found)} different people"
            raise Problem(words, f"the one that you mean, by its number: {ways}")
        named.append((str(address), found[0] if found else None))
    leads: list[Lead] = []
    for name, lead in named:
        if lead is None:
            waiting = [str(x.number) for x in case.leads.values() if not x.answer]
            right = f"/{command.word} {waiting[0]}" if waiting else _BY_ITSELF
            raise Problem(f"you were not asked about {name} in this case", right)
        leads.append(lead)
    return tuple(leads)


_BY_ITSELF = "/sanction … for a measure of its own"


def _looked_for(work: Work, leads: tuple[Lead, ...]) -> Suspect:
    found = [suspect_of(work.case, x.found) for x in leads]
    suspect = found[0]
    if suspect is None or None in found:
        raise Problem(
            "no sanction on the person is in force any more", "nothing: or /sanction, for a new one"
        )
    if any(one is not None and one.person.key != suspect.person.key for one in found):
        raise Problem(*_TWO_PEOPLE)
    return suspect


_TWO_PEOPLE = "these are leads to two different people", "one command for each of the two"


def _nothing_open(work: Work, addresses: tuple[Address, ...], sanctions: Collection[str]) -> None:
    for proposal in work.case.open_proposals:
        proposed = proposal.proposed
        about = proposed.what in ("extend", "separate") and {*proposed.sanctions} & {*sanctions}
        if about and {*proposed.addresses} & {*addresses}:
            raise Problem("a vote on this is open already", "an answer to its ballot")


def _propose(
    turn: Turn, what: str, sanctions: tuple[Sanction, ...], addresses: tuple[Address, ...]
) -> Proposal:
    work = turn.work
    proposal_id = f"E{work.fresh('extension')}"
    work.happen(
        e.Proposed(
            proposal=proposal_id,
            what=what,  # type: ignore[arg-type]
            by=turn.member.handle,
            because=Private(""),
            closes=work.now + work.setting.policy.voting_period,
            sanction=sanctions[0].id,
            sanctions=tuple(s.id for s in sanctions),
            address=sanctions[0].address,
            addresses=addresses,
            unseen=what == "extend" and unseen(addresses, work.setting, turn.observed) is not None,
            language=work.setting.language,
        )
    )
    return work.case.proposals[proposal_id]


def _ballots(
    turn: Turn, proposal: Proposal, leads: tuple[Lead, ...], guarded: tuple[str, ...] = ()
) -> None:
    work, proposed = turn.work, proposal.proposed
    sanctions = tuple(work.case.sanctions[name] for name in proposed.sanctions)
    values: dict[str, object]
    if proposed.what == "extend":
        address = proposed.addresses[0]
        # Nobody joins the case before it is decided.
        party = Party(id="", addresses=(address,), name=Private(""), reference="")
        values = {
            "letter": "\n\n".join(
                work.preview(
                    party,
                    "letter-extended",
                    extending.letter_values(sanction, address),
                    proposed.language,
                )
                for sanction in sanctions
                if extending.is_told(sanction.measure)
            ),
            "table": of_extension(
                sanctions,
                proposed.addresses,
                work.setting.groups,
                turn.observed,
                beside=work.case.sanctions.values(),
            ),
        }
    else:
        values = {"letter": "", "table": Table(tense=Tense.WOULD, known=False)}
    values |= {
        "proposal": proposed,
        "closes": proposal.closes,
        "leads": [x.found for x in leads],
        "covering": sanctions,
        "guarded": guarded,
        "counsel": deliberation.needs_counsel(work, proposal),
        "window": work.setting.policy.objection_within,
        "needed": deliberation.needed(work, proposal),
        "eligible": len(work.eligible),
    }
    for member in deliberation.voters(work, proposal):
        work.to_member(
            member, Kind.BALLOT, "ballot-extend", values, purpose="ballot", about=proposal.ballot
        )


def _named(sanctions: tuple[Sanction, ...]) -> str:
    return ", ".join(s.id for s in sanctions)
