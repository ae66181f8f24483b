"""`/interim`: one member acts at once, in danger, and for a short time.

Owns the limits of it. Refuses to know what confirms or ends it (proposing, deliberation). Called by
the table of actions.
"""

from __future__ import annotations

from datetime import datetime

from cocmail.core import events as e
from cocmail.core import extending
from cocmail.core.actions.people import person
from cocmail.core.actions.proposing import named
from cocmail.core.actions.scopes import scope_of
from cocmail.core.actions.turn import Turn
from cocmail.core.audience import everybody
from cocmail.core.commands import Command, Problem
from cocmail.core.enforcement import Role
from cocmail.core.guards import guards, require_seen
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.preview import preview
from cocmail.core.sanctions import Measure, Sanction, Scope

MOST_A_DAY = 2
ORDERED = (Measure.MODERATE, Measure.SUSPEND)
"""What one member may order: it can be undone exactly, and it ends."""


def interim(turn: Turn, command: Command) -> None:
    work = turn.work
    measure, address = command.measure, command.addresses[0]
    if measure not in ORDERED:
        raise Problem(
            f"one member alone can't order “{measure}”",
            f"/interim suspend {address} because …, or /sanction for a vote",
        )
    scope = scope_of(turn, command.scope)
    addresses = person(turn, address)
    _limits(turn, addresses)
    require_seen(addresses, work.setting, turn.observed)
    found = guards(addresses, work.setting, (work.case, *turn.beside.values()), turn.observed)
    votes = extending.by_vote(work.case, addresses, address)
    until = work.now + work.setting.policy.interim_for
    party = work.respondent(address)
    letter = work.to_party(
        party,
        Kind.LETTER,
        "letter-interim",
        _letter(measure, address, scope, until, command.because),
        to=address,
    )
    sanction_id = f"S{work.fresh('sanction')}"
    work.happen(
        e.Ordered(
            sanction=sanction_id,
            by=turn.member.handle,
            because=command.because,
            measure=measure,
            address=address,
            addresses=addresses,
            groups=scope.groups,
            lists=scope.lists,
            until=until,
            letter=letter,
        )
    )
    extending.hand_on(work, sanction_id, votes)
    work.on_committee().happen(e.InterimOrdered(handle=turn.member.handle))
    for other in list(work.case.sanctions.values()):
        if other.interim and other.in_force and other.id != sanction_id and _same(other, addresses):
            work.happen(e.Ended(sanction=other.id, how="ended"))  # the renewal takes its place
    sanction = work.case.sanctions[sanction_id]
    seen = preview(
        measure,
        addresses,
        scope,
        work.setting.groups,
        turn.observed,
        including_roles=False,
        beside=(s for s in work.case.sanctions.values() if s.id != sanction_id),
    )
    values = {
        "sanction": sanction,
        "author": turn.member,
        "table": seen,
        "guarded": tuple(g.text for g in found),
    }
    work.tell(Kind.ALERT, "interim", values)
    work.enforce = True
    turn.done.append(f"ordered the interim measure {named(sanction)}")


def _letter(
    measure: Measure, address: Address, scope: Scope, until: datetime, reason: str
) -> dict[str, object]:
    return {
        "measure": measure,
        "address": address,
        "scope": scope,
        "until": until,
        "reason": reason,
    }


def _same(sanction: Sanction, addresses: tuple[Address, ...]) -> bool:
    return bool({*sanction.addresses} & {*addresses})


def _limits(turn: Turn, addresses: tuple[Address, ...]) -> None:
    """Raises Problem where one member may not go on alone."""
    work, setting = turn.work, turn.work.setting
    vote = "/sanction … for a vote"
    if turn.observed is None:
        raise Problem(
            "Mailman can't be asked just now, so it can't be seen whom this would concern",
            "the same in a few minutes",
        )
    for address in addresses:
        if everybody(work.case, setting).whose(address):
            raise Problem(f"{address} belongs to a member of the committee", vote)
    owned = [
        row.list
        for row in turn.observed.rows
        if row.address in addresses and row.role in (Role.OWNER, Role.MODERATOR)
    ]
    if owned:
        raise Problem(f"this person looks after the list {owned[0]}", vote)
    if setting.committee.interims_of(turn.member.handle, work.now) >= MOST_A_DAY:
        raise Problem(
            f"you ordered {MOST_A_DAY} interim measures within a day already",
            f"another member's /interim, or {vote}",
        )
    before = [s for s in work.case.sanctions.values() if s.interim and _same(s, addresses)]
    if len(before) > 1:
        raise Problem("the interim measure was renewed once already", vote)
    if before and before[0].by == turn.member.handle:
        raise Problem(
            "you ordered this interim measure yourself, and another member has to renew it",
            f"another member's /interim, or {vote}",
        )
