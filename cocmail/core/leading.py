"""A likely evasion: who in a case is looked for, and how the members hear of a find.

Owns whom a case's sanctions make somebody to look for, what is known of them, and that each find
is told once, to those who may know the case. Refuses to find (core.leads) and to act: what follows
is a member's `/same` or `/different`. Called by loops/leading and by the actions that answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cocmail.core import coverage, extending
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.case import Lead as Told
from cocmail.core.enforcement import Observed
from cocmail.core.leads import Lead, Person
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member, Private
from cocmail.core.sanctions import Measure, Sanction
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work

MOST_AT_ONCE = 10
"""Leads in one letter; what is more comes with the next look."""
MOST_OPEN = 30
"""Unanswered leads of a case: beyond that nobody is told more, for nobody reads it."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A person whom sanctions of one case keep off the lists, or hold."""

    person: Person
    sanctions: tuple[Sanction, ...]  # the strictest first

    def lists(
        self,
        names: Collection[str],
        groups: Mapping[str, tuple[str, ...]],
        address: Address | None = None,
    ) -> list[str]:
        """Those of these lists that a sanction of theirs covers, and which doesn't keep off this
        address by itself: a ban takes in every plus-tag."""
        bearing = [
            s
            for s in self.sanctions
            if not (address and s.measure.keeps_off and address.is_among(covered(s)))
        ]
        return [n for n in names if any(s.covers(n, groups) for s in bearing)]


def bears(sanction: Sanction) -> bool:
    """Whether somebody could want to get round it."""
    held = sanction.measure.keeps_off or sanction.measure is Measure.MODERATE
    return sanction.in_force and held


def suspects(case: Case) -> tuple[Suspect, ...]:
    """Who in this case is looked for; sanctions that share an address are one person's."""
    groups: list[list[Sanction]] = []
    for sanction in case.sanctions.values():
        if bears(sanction):
            own = {*covered(sanction)}
            near = [g for g in groups if any(own & {*covered(s)} for s in g)]
            groups = [g for g in groups if g not in near]
            groups.append([*(s for g in near for s in g), sanction])
    return tuple(_suspect(case, group) for group in groups)


def covered(sanction: Sanction) -> tuple[Address, ...]:
    """As the enforcement sees it: what it once touched is covered still."""
    touched = (before.address for before in sanction.before)
    return tuple(dict.fromkeys((sanction.address, *sanction.addresses, *touched)))


def _suspect(case: Case, group: list[Sanction]) -> Suspect:
    addresses = tuple(dict.fromkeys(a for s in group for a in covered(s)))
    parties = [p for p in case.of_role("respondent") if {*p.addresses} & {*addresses}]
    known = dict.fromkeys(a for p in parties for a in p.addresses if a not in addresses)
    theirs = {*addresses, *known}
    answered = (  # of this person: nobody said anything of another
        x.found.address
        for x in case.leads.values()
        if x.answer == "different" and x.found.like in theirs
    )
    apart = (a for s in group for a in case.separated.get(s.id, ()))
    return Suspect(
        person=Person(
            key=str(addresses[0]),
            covered=addresses,
            known=tuple(known),
            names=tuple(_names(case, group, {p.id for p in parties})),
            different=frozenset(Address(a) for a in (*answered, *apart)),
        ),
        sanctions=tuple(sorted(group, key=lambda s: not s.measure.keeps_off)),
    )


def _names(case: Case, group: Iterable[Sanction], parties: Collection[str]) -> list[Private]:
    """The display names that they went by: on the lists, before, and in their own mail."""
    names = dict.fromkeys(case.parties[one].name for one in parties)
    names |= dict.fromkeys(m.received.name for m in case.messages if m.received.party in parties)
    for before in (b for s in group for b in s.before):
        rows = (before.facts or {}).get("rows")
        for row in rows if isinstance(rows, list | tuple) else ():
            names[Private(row.get("display_name", ""))] = None
    return [name for name in names if name]


def found(case: Case, setting: Setting, leads: Collection[Lead], observed: Observed) -> Result:
    """What a look found of this case's people: told once each. ``observed``: the Mailman users of
    the addresses that were found."""
    work = Work(case, setting)
    looked_for = {s.person.key: s for s in suspects(case)}
    fresh: list[e.LeadFound] = []
    unanswered = sum(not x.answer for x in case.leads.values())
    for lead in leads:
        suspect = looked_for.get(lead.person)
        if suspect is None or len(fresh) >= min(MOST_AT_ONCE, MOST_OPEN - unanswered):
            continue
        lists = suspect.lists(lead.lists, setting.groups, lead.address)
        linked = observed.linked.get(lead.address, ())
        others = tuple(a for a in linked if a != lead.address and a not in suspect.person.covered)
        person = suspect.person
        settled = {*person.covered, *person.different}
        # What the next sweep covers by itself is no question.
        mine = any(lead.address in coverage.covered(s, observed) for s in suspect.sanctions)
        if (
            not lists
            or mine
            or lead.address in settled
            or was_told(work.case, suspect, lead.address)
        ):
            continue
        event = e.LeadFound(
            number=len(work.case.leads) + 1,
            address=lead.address,
            name=lead.name,
            like=person.covered[0],
            sanctions=tuple(x.id for x in suspect.sanctions),
            lists=tuple(lists),
            hints=tuple(e.Hint(evidence=c.evidence, like=c.like) for c in lead.clues),
            others=others,
        )
        # Else it is found again when somebody may know it.
        if any(not _is_named(member, event) for member in work.eligible):
            work.happen(event)
            fresh.append(event)
    more = unanswered + len(fresh) >= MOST_OPEN
    for member in work.eligible:
        if told := [x for x in fresh if not _is_named(member, x)]:
            work.to_member(member, Kind.ALERT, "lead", {"leads": told, "more": more})
    return work.result()


def _is_named(member: Member, lead: e.LeadFound) -> bool:
    """Whether the one who was found has this member's mailbox."""
    theirs = {address.untagged for address in member.addresses}
    return any(address.untagged in theirs for address in (lead.address, *lead.others))


def was_told(case: Case, suspect: Suspect, address: Address) -> bool:
    """Whether the members heard of this address and this person before."""
    theirs = suspect.person.addresses
    return any(x.found.address == address and x.found.like in theirs for x in case.leads.values())


def meant(case: Case, address: Address) -> tuple[Told, ...]:
    """The leads that a member who names this address may mean: one for each person."""
    named = [x for x in case.leads.values() if x.found.address == address]
    return tuple({extending.on_person_of(case, x.found): x for x in named}.values())


def suspect_of(case: Case, lead: e.LeadFound) -> Suspect | None:
    """The person whom the lead is about, where a sanction on them is still in force."""
    return next((s for s in suspects(case) if lead.like in s.person.addresses), None)
