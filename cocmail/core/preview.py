"""What a sanction would change, told before anything is changed.

Owns the values that ballots, answers and `cocmail sanction plan` show. Refuses to plan: that is
core.plan. Other cases' sanctions don't enter a ballot's preview, for it would tell of them.
Called by actions and by the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cocmail.core.coverage import everybody
from cocmail.core.enforcement import Observed, Row, Standing, Step
from cocmail.core.people import Address
from cocmail.core.plan import plan_for
from cocmail.core.sanctions import Measure, Scope


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A plan for people; ``known`` False: Mailman could not be asked."""

    known: bool
    addresses: tuple[Address, ...] = field(default=(), repr=False)
    rows: tuple[Row, ...] = ()  # where the person stands now
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = field(default=(), repr=False)


def where(addresses: Collection[Address], observed: Observed | None) -> Preview:
    """Where a person stands on the lists, under every address of theirs."""
    if observed is None:
        return Preview(known=False, addresses=tuple(addresses))
    everyone = everybody(addresses, observed)
    rows = tuple(r for r in observed.rows if r.address in everyone)
    return Preview(known=True, addresses=everyone, rows=rows)


def preview(
    measure: Measure,
    addresses: Collection[Address],
    scope: Scope,
    groups: Mapping[str, tuple[str, ...]],
    observed: Observed | None,
    *,
    including_roles: bool,
) -> Preview:
    """What this measure would change for these addresses."""
    if observed is None:
        return Preview(known=False, addresses=tuple(addresses))
    everyone = everybody(addresses, observed)
    plan = plan_for(
        measure,
        everyone,
        scope,
        groups,
        observed,
        Standing(sanctions=(), ending=()),
        including_roles=including_roles,
    )
    return Preview(
        known=True,
        addresses=everyone,
        rows=tuple(r for r in observed.rows if r.address in everyone),
        steps=plan.steps,
        warnings=plan.warnings,
    )
