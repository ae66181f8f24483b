"""What a sanction, or its end, would change, told before anything is changed.

Owns the values that ballots, orders and answers show. Refuses to plan: that is core.plan; and to
word them: core.table says what a table is. Sanctions of other cases don't enter a ballot's plan,
for it would tell of them; those of its own case do. Called by actions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from cocmail.core.coverage import everybody
from cocmail.core.enforcement import Observed, ProofRow, Row, Standing, Step, Word
from cocmail.core.people import Address
from cocmail.core.plan import DRAFT, plan, plan_for
from cocmail.core.proof import untold
from cocmail.core.sanctions import Measure, Sanction, Scope, State
from cocmail.core.table import Table, Tense, limits, meeting, planned, together


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Where a person stands; ``known`` False: Mailman could not be asked."""

    known: bool
    addresses: tuple[Address, ...] = field(default=(), repr=False)
    rows: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()  # what could not be asked


def where(addresses: Collection[Address], observed: Observed | None) -> Preview:
    """Where a person stands on the lists, under every address of theirs."""
    if observed is None:
        return Preview(known=False, addresses=tuple(addresses))
    everyone = everybody(addresses, observed)
    rows = tuple(r for r in observed.rows if r.address in everyone)
    return Preview(known=True, addresses=everyone, rows=rows, warnings=tuple(untold(observed)))


def preview(
    measure: Measure,
    addresses: Collection[Address],
    scope: Scope,
    groups: Mapping[str, tuple[str, ...]],
    observed: Observed | None,
    *,
    including_roles: bool,
    beside: Iterable[Sanction] = (),
) -> Table:
    """What this measure would change for these addresses. ``beside``: the case's sanctions."""
    if observed is None:
        return Table(tense=Tense.WOULD, known=False, addresses=tuple(addresses))
    theirs, everyone = tuple(beside), everybody(addresses, observed)
    standing = Standing(
        sanctions=meeting(theirs, everyone, scope, groups), ending=_undone(theirs, everyone)
    )
    return on_top(
        measure, addresses, scope, groups, observed, standing, including_roles=including_roles
    )


def _undone(sanctions: Iterable[Sanction], addresses: Collection[Address]) -> tuple[Sanction, ...]:
    """Those on the person that ended, and that the lists still show."""
    over = (s for s in sanctions if s.state in (State.ENDED, State.LIFTED) and s.before)
    return tuple(s for s in over if any(a.is_among({*s.addresses}) for a in addresses))


def on_top(
    measure: Measure,
    addresses: Collection[Address],
    scope: Scope,
    groups: Mapping[str, tuple[str, ...]],
    observed: Observed,
    standing: Standing,
    *,
    including_roles: bool,
) -> Table:
    """The same, on top of all that stands."""
    everyone = everybody(addresses, observed)
    made = plan_for(
        measure,
        everyone,
        scope,
        groups,
        observed,
        standing,
        including_roles=including_roles,
    )
    return planned(
        made,
        left=made.rows.get(DRAFT, ()),
        addresses=everyone,
        meets=meeting(standing.sanctions, everyone, scope, groups),
        limits=limits(measure, scope, made.rows.get(DRAFT, ())),
    )


def of_extension(
    sanctions: Collection[Sanction],
    addresses: Collection[Address],
    groups: Mapping[str, tuple[str, ...]],
    observed: Observed | None,
    *,
    beside: Iterable[Sanction],
) -> Table:
    """What it would change that these sanctions cover the addresses too. ``beside``: the case's
    sanctions."""
    if observed is None:
        return Table(tense=Tense.WOULD, known=False, addresses=tuple(addresses))
    everyone = everybody(addresses, observed)
    named = {one.id for one in sanctions}  # they may cover who is on the same Mailman user
    others = tuple(s for s in meeting(beside, everyone, Scope(), groups) if s.id not in named)
    fresh = tuple(
        replace(
            one,
            address=everyone[0],
            addresses=everyone,
            state=State.PROPOSED,
            start=None,
            proved=None,
            apart=frozenset(),
            before=(),
        )
        for one in sanctions
    )
    return together(
        on_top(
            one.measure,
            everyone,
            one.scope,
            groups,
            observed,
            Standing(sanctions=(*others, *(s for s in fresh if s.id != one.id)), ending=()),
            including_roles=one.including_roles,
        )
        for one in fresh
    )


def of_end(
    sanction: Sanction,
    groups: Mapping[str, tuple[str, ...]],
    observed: Observed | None,
    *,
    beside: Iterable[Sanction] = (),
) -> Table:
    """What the end of a sanction would put back. ``beside``: the case's sanctions."""
    if observed is None:
        return Table(tense=Tense.WOULD, known=False, addresses=sanction.addresses)
    others = meeting(beside, sanction.addresses, sanction.scope, groups, but=sanction.id)
    over = replace(sanction, state=State.LIFTED)
    made = plan(Standing(sanctions=others, ending=(over,)), groups, observed)
    elsewhere = _taken_elsewhere(sanction, beside)
    steps = (s for s in made.steps_of(sanction.id) if _where(s) not in elsewhere)
    left = (r for r in made.rows.get(sanction.id, ()) if r.note and _where(r) not in elsewhere)
    return planned(
        replace(made, steps=tuple(steps), warnings=tuple(untold(observed))),
        left=tuple(left),
        addresses=sanction.addresses,
        meets=others,
    )


def _where(one: Step | ProofRow) -> tuple[str, str | None, Address, str]:
    return one.site, one.list, one.address, one.role


def _taken_elsewhere(
    sanction: Sanction, beside: Iterable[Sanction]
) -> set[tuple[str, str | None, Address, str]]:
    """Where the person was on a list, and a sanction of another case had taken them off before
    this one looked: who may know of this case may be kept out of that one. The proof of the end
    tells what truly came back."""
    own = (one for one in beside if one.id != sanction.id)
    known = {b.at for one in own for b in one.before if b.seen != Word.ABSENT}
    taken = {b.at for b in sanction.before if b.facts and b.seen == Word.ABSENT}
    return taken - known
