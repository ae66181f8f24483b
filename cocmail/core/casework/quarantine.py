"""Mail that was set aside outside every case: who is told of it, and when.

Owns the writing down of it and what members are told. Refuses to know why a mail was set aside,
who may know of it (reports.readers), and what an answer does (gathered, actions.filing). Called by
loops/placing and by the calendar.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Handle, Member, Private
from cocmail.core.quarantine import FEWEST, OUTSIDE, Item
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work


def quarantined(
    record: Case,
    setting: Setting,
    *,
    mail: str,
    why: str,
    size: int,
    readers: Iterable[Member],
    outside: Iterable[Address] = (),
    tell_from: datetime | None = None,
    hidden_until: datetime | None = None,
    urgent: bool = False,
    readable: bool = True,
) -> Result:
    """A mail is set aside. These members, and nobody else, hear of it: at the latest when a report
    should be acknowledged, and at once where a filter finds it urgent. ``hidden_until``: they hear
    nothing before. ``outside``: people of `escalate_to`, who hear once that there is something,
    where no member may."""
    work = Work(record, setting)
    within = setting.policy.acknowledge_within
    begins = max(tell_from or work.now, hidden_until or work.now)
    handles = tuple(m.handle for m in readers)
    work.happen(
        e.Quarantined(
            number=_number(work),
            mail=mail,
            handles=handles,
            outside=() if handles else tuple(outside),
            why=why,
            size=size,
            tell_from=begins,
            tell_by=max(hidden_until or work.now, work.now if urgent else work.now + within),
            hidden_until=hidden_until,
            urgent=urgent,
            readable=readable,
        )
    )
    return work.result(settled="quarantined", why=why)


def opened(
    record: Case,
    setting: Setting,
    item: Item,
    *,
    readers: Iterable[Member],
    outside: Iterable[Address],
    hidden: bool,
) -> Result:
    """Who may know of it now, where nobody was left who could: these, if there are any. They hear
    of it as if it had just been set aside. ``hidden``: whom it keeps out can't be known, so that
    they hear nothing before the time for an answer is over."""
    work = Work(record, setting)
    handles, addresses = tuple(m.handle for m in readers), tuple(outside)
    if handles or addresses:
        within = setting.policy.acknowledge_within
        hidden_until = item.at + within if hidden and handles else None
        begins = max(hidden_until or work.now, work.now)
        work.happen(
            e.QuarantineOpened(
                number=item.number,
                handles=handles,
                outside=() if handles else addresses,
                tell_from=begins,
                tell_by=begins if item.mail.urgent else begins + within,
                hidden_until=hidden_until,
            )
        )
    return work.result()


def _number(work: Work) -> int:
    """A number that says neither how many there are nor which came first."""
    taken = work.case.quarantine.numbers
    tried = 0
    while True:
        fresh = hashlib.sha256(work.setting.entropy + tried.to_bytes(4, "big")).digest()
        number = FEWEST + int.from_bytes(fresh[:8], "big") % (9 * FEWEST)
        if number not in taken or tried > len(taken):
            return number
        tried += 1


def tell(work: Work, handle: str) -> None:
    """This member is told of what waits and they may know of, all in one mail."""
    aside = work.case.quarantine
    due = aside.due(handle)
    if due is None or due > work.now:
        return
    waiting, new = aside.of(handle, work.now), aside.new_to(handle, work.now)
    if handle == OUTSIDE:
        _tell_outside(work, new)
        return
    committee, member = work.setting.committee, work.setting.roster.get(handle)
    reachable = member is not None and handle not in committee.locked
    if not new and committee.is_away(handle, work.now):
        reachable = False
    numbers = tuple(item.number for item in waiting)
    work.happen(e.QuarantineTold(handle=handle, numbers=numbers, sent=reachable))
    if member is None or not reachable:
        return
    older = tuple(item for item in waiting if item not in new)
    kind = Kind.ALERT if new else Kind.REMINDER
    values = {"mails": (*new, *older), "fresh": len(new)}
    work.to_member(member, kind, "set-aside-alert", values)


def _tell_outside(work: Work, new: tuple[Item, ...]) -> None:
    """Nothing of the mails, and no road back to the committee: who may not know of them reads
    what comes there."""
    still = work.setting.policy.escalate_to
    numbers = tuple(item.number for item in work.case.quarantine.of(OUTSIDE))
    work.happen(e.QuarantineTold(handle=OUTSIDE, numbers=numbers, sent=bool(still)))
    for address in dict.fromkeys(a for item in new for a in item.mail.outside if a in still):
        person = Member(handle=Handle(OUTSIDE), name=Private(""), addresses=(address,))
        mails = [item.mail.mail for item in new if address in item.mail.outside]
        work.to_member(person, Kind.ALERT, "set-aside-outside", {"mails": mails})
