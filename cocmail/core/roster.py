"""The committee as it is in force, and how a change of it comes into force.

Owns the rule that a change is told to the old committee first: who joins, and what new addresses
somebody has, counts only after a delay; who leaves is out at once. Refuses to know where the
configuration comes from. Called by the setting of each transaction, and by loops/deciding when the
daemon starts and when the delay is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.committee import Committee
from cocmail.core.escalation import where_too_few
from cocmail.core.letters import Kind
from cocmail.core.people import Handle, Member, Roster
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work

DUE = "roster"


def in_force(committee: Committee, configured: Roster, now: datetime) -> Roster:
    """The members who count now."""
    if not committee.seats:
        return configured
    coming = committee.coming
    arrived = coming is not None and coming.at <= now
    seats = coming.seats if coming is not None and arrived else committee.seats
    before = {seat.handle for seat in committee.seats}
    members: list[Member] = []
    for seat in seats:
        named = configured.get(seat.handle)
        if named is None:
            continue  # who left is out at once
        since = committee.since.get(seat.handle)
        if coming is not None and arrived and seat.handle not in before:
            since = coming.at
        members.append(
            Member(
                handle=Handle(seat.handle),
                name=seat.name,
                addresses=tuple(a for a in named.addresses if a in seat.addresses)
                or seat.addresses,
                language=named.language,
                since=since,
            )
        )
    return Roster(members=tuple(members))


def noted(record: Case, setting: Setting, configured: Roster) -> Result:
    """The daemon starts with this committee in its configuration."""
    work, committee = Work(record, setting), record.committee
    seats = tuple(
        e.Seat(handle=m.handle, name=m.name, addresses=m.addresses) for m in configured.members
    )
    if not committee.seats:
        work.happen(e.RosterNoted(seats=seats, at=None))
        return work.result()
    if seats == (committee.coming.seats if committee.coming else committee.seats):
        return work.result()
    old = committee.seats
    at = None if seats == old else work.now + setting.policy.roster_delay
    work.happen(e.RosterNoted(seats=seats, at=at))
    values = {
        "joining": _only(seats, old),
        "leaving": _only(old, seats),
        "changed": tuple(s for s in seats if s.handle in {o.handle for o in old} and s not in old),
        "at": at,
    }
    for seat in old:
        if seat.handle not in committee.locks:
            _tell(work, seat, "roster", values)
    return work.result()


def fall_due(record: Case, setting: Setting) -> Result:
    """The delay is over."""
    work, coming = Work(record, setting), record.committee.coming
    if coming is not None and coming.at <= work.now:
        work.happen(e.RosterInForce())
        handles = tuple(seat.handle for seat in coming.seats)
        for seat in coming.seats:
            if seat.handle not in record.committee.locks:
                _tell(work, seat, "roster-in-force", {"handles": handles})
    return work.result()


def members_changed(case: Case, setting: Setting) -> Result:
    """Votes of who left count no longer, and perhaps too few are left."""
    work = Work(case, setting)
    deliberation.reconsider(work)
    where_too_few(work)
    return work.result()


def _only(seats: tuple[e.Seat, ...], others: tuple[e.Seat, ...]) -> tuple[e.Seat, ...]:
    handles = {seat.handle for seat in others}
    return tuple(seat for seat in seats if seat.handle not in handles)


def _tell(work: Work, seat: e.Seat, template: str, values: Mapping[str, object]) -> None:
    member = Member(handle=Handle(seat.handle), name=seat.name, addresses=seat.addresses)
    work.to_member(member, Kind.ALERT, template, values)
