"""What is known of a person, for one member.

Owns what a member may see of it: of cases that they may know, and of the others nothing, not even
a number. Called by the actions that answer about a person, and by those that make ballots.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from cocmail.core.audience import may_know
from cocmail.core.case import Case, Prior
from cocmail.core.enforcement import Observed
from cocmail.core.people import Address, Member
from cocmail.core.preview import Preview, where
from cocmail.core.sanctions import Sanction
from cocmail.core.setting import Setting


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A case in which this person is the respondent."""

    reference: str
    outcome: str  # "" while it is open
    sanctions: tuple[Sanction, ...] = field(repr=False)
    conditions: tuple[str, ...] = field(default=(), repr=False)  # of a return


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """A person, as one member may know them."""

    preview: Preview
    sources: tuple[tuple[Address, str], ...] = field(repr=False)  # "mailman", "mail" or "member"
    cases: tuple[Earlier, ...]
    priors: tuple[Prior, ...] = field(repr=False)


def dossier(
    cases: Iterable[Case],
    setting: Setting,
    member: Member,
    asked: Collection[Address],
    observed: Observed | None,
) -> Dossier:
    """``cases``: those that know the person, or may; what this member may not know is left out."""
    linked = [a for one in asked for a in observed.linked.get(one, ())] if observed else []
    addresses = dict.fromkeys((*asked, *linked))
    known = [case for case in cases if may_know(case, setting, member)]
    for case in known:
        for party in case.of_role("respondent"):
            if {*party.addresses} & {*addresses}:
                addresses |= dict.fromkeys(party.addresses)
    wrote = {m.received.sender for case in known for m in case.messages}
    return Dossier(
        preview=where(tuple(addresses), observed),
        sources=tuple((a, _source(a, observed, wrote)) for a in addresses),
        cases=tuple(one for case in known if (one := _earlier(case, {*addresses}))),
        priors=tuple(p for case in known for p in case.priors if p.noted.address in addresses),
    )


def _source(address: Address, observed: Observed | None, wrote: Collection[Address]) -> str:
    """How we know of an address: from Mailman, from a mail that came from it, or by a member."""
    if observed is not None and address in observed.known:
        return "mailman"
    return "mail" if address in wrote else "member"


def _earlier(case: Case, addresses: set[Address]) -> Earlier | None:
    """What this case says of them; None where they are no respondent in it."""
    if not any({*party.addresses} & addresses for party in case.of_role("respondent")):
        return None
    sanctions = tuple(
        s for s in case.sanctions.values() if s.start is not None and {*s.addresses} & addresses
    )
    return Earlier(
        reference=case.reference,
        outcome=case.closed.outcome if case.closed else "",
        sanctions=sanctions,
        conditions=tuple(
            p.proposed.conditions
            for p in case.proposals.values()
            if p.proposed.conditions
            and p.decided is not None
            and p.decided.result == "approved"
            and p.proposed.sanction in {s.id for s in sanctions}
        ),
    )
