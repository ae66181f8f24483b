"""Mail that was set aside outside every case: who is told of it, and when.

Owns the writing down of it and what members are told, in one mail for each and for all records.
Refuses to know why a mail was set aside, who may know of it (reports.readers), which stand in a
list (listing) and what an answer does (gathered, actions.filing). Called by loops/aside and, when
it is due, by loops/deciding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from cocmail.core import events as e
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.files import File
from cocmail.core.letters import Kind
from cocmail.core.listing import Alike, groups
from cocmail.core.people import Address, Handle, Member, Private
from cocmail.core.quarantine import ATTACHED, BETWEEN, FEWEST_ALONE, LISTED, OUTSIDE, Item
from cocmail.core.setting import Setting
from cocmail.core.table import as_file
from cocmail.core.work import Result, Work


def quarantined(
    record: Case,
    setting: Setting,
    *,
    number: int,
    mail: str,
    why: str,
    size: int,
    readers: Iterable[Member],
    outside: Iterable[Address] = (),
    tell_from: datetime | None = None,
    hidden_until: datetime | None = None,
    urgent: bool = False,
    readable: bool = True,
    cases: Iterable[str] = (),
) -> Result:
    """A mail is set aside, under a ``number`` that no other has. These members, and nobody else,
    hear of it: at the latest when a report should be acknowledged, and at once where a filter finds
    it urgent. ``hidden_until``: they hear nothing before. ``outside``: people of `escalate_to`, who
    hear once that there is something, where no member may. ``cases``: those that it came to an
    address of."""
    work = Work(record, setting)
    within = setting.policy.acknowledge_within
    begins = max(tell_from or work.now, hidden_until or work.now)
    handles = tuple(m.handle for m in readers)
    work.happen(
        e.Quarantined(
            number=number,
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
            cases=tuple(cases),
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
    cases: Iterable[str] = (),
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
                cases=tuple(cases),
            )
        )
    return work.result()


def asked_again(record: Case, setting: Setting, cases: Mapping[str, Case | None]) -> Result:
    """Who may know of what waits by now, where one of these ``cases`` keeps somebody out since it
    came, or lets them in again. None: it can't be read, so that nobody can tell whom it keeps
    out."""
    work = Work(record, setting)
    for item in record.quarantine.waiting.values():
        its = [cases[name] for name in item.mail.cases if name in cases]
        left = tuple(
            handle
            for handle in item.audience
            if (member := setting.roster.get(handle)) is None
            or all(case is not None and may_know(case, setting, member) for case in its)
        )
        if left != item.mail.handles:
            work.happen(e.QuarantineNarrowed(number=item.number, handles=left))
    return work.result()


def tell(
    record: Case,
    setting: Setting,
    handle: str,
    others: Iterable[Case] = (),
    fresh: Iterable[int] = (),
) -> Result:
    """What is due in this record for this member."""
    work = Work(record, setting)
    _tell(work, handle, others, fresh)
    return work.result()


def _tell(work: Work, handle: str, others: Iterable[Case], fresh: Iterable[int]) -> None:
    """This member is told of what waits in this record and in the ``others``, and they may know
    of, all in one mail. ``fresh``: numbers that nothing has, for mails of an earlier version, whose
    numbers mails of other records may have too."""
    due = work.case.quarantine.due(handle)
    if due is None or due > work.now:
        return
    rooms = (work, *map(work.on, others))
    told = [r.case.quarantine.told.get(handle) for r in rooms]
    soon = max((one.at for one in told if one), default=work.now - BETWEEN) + BETWEEN
    if soon > work.now and not work.case.quarantine.presses(handle, work.now):
        work.happen(e.QuarantinePutOff(handle=handle, until=soon))
        return
    rooms = tuple(r for r in rooms if r is work or r.case.quarantine.of(handle, work.now))
    new = tuple(i for r in rooms for i in r.case.quarantine.new_to(handle, work.now))
    if handle == OUTSIDE:
        _note(rooms, handle, (), sent=bool(work.setting.policy.escalate_to))
        _tell_outside(work, new)
        return
    committee, member = work.setting.committee, work.setting.roster.get(handle)
    if (
        member is None
        or handle in committee.locked
        or (not new and committee.is_away(handle, work.now))
        or not _waiting(rooms, handle)
    ):
        _note(rooms, handle, (), sent=False)
        return
    seen = {i.mail.mail for r in rooms for i in r.case.quarantine.listed_to(handle)}
    mails = [i.mail.mail for one in groups(_waiting(rooms, handle), seen) for i in one.items]
    _renumber(rooms, {*mails}, fresh)
    waiting = _waiting(rooms, handle)
    listed = groups(waiting, seen)
    # Each is announced once, in time; a mail of an earlier version has no number of its own here.
    left = [one for one in new if one.mail.mail not in mails and one.number >= FEWEST_ALONE]
    attached = groups(left, room=ATTACHED)
    placed = {one.mail.mail for group in attached for one in group.items}
    still_new = {one.mail.mail for one in left} - placed
    _note(rooms, handle, mails, sent=True, still_new=still_new)
    values = {
        "alike": listed,
        "mails": [item for one in listed for item in one.items],
        "fresh": len(new),
        "total": len(waiting),
        "more": len(waiting) - len(mails),
        "further": attached,
    }
    kind = Kind.ALERT if new else Kind.REMINDER
    shown = [i for one in (*listed, *attached) for i in one.items]
    cases = dict.fromkeys(name for item in shown for name in item.mail.cases)
    files = _file(work, member, attached)
    work.to_member(member, kind, "set-aside-alert", values, files=files, cases=cases)


def _file(work: Work, member: Member, attached: tuple[Alike, ...]) -> tuple[File, ...]:
    if not attached:
        return ()
    _, text = work.setting.render("set-aside-file", {"alike": attached}, member.language)
    return (as_file("set-aside.txt", text),)


def _waiting(rooms: Iterable[Work], handle: str) -> tuple[Item, ...]:
    return tuple(i for r in rooms for i in r.case.quarantine.of(handle, r.now))


def _renumber(rooms: Iterable[Work], mails: Collection[str], fresh: Iterable[int]) -> None:
    """Those of these mails whose number another record may have get one of their own."""
    unused = iter(fresh)
    for room in rooms:
        for item in tuple(room.case.quarantine.waiting.values()):
            if item.mail.mail in mails and item.number < FEWEST_ALONE:
                number = next(unused, None)
                if number is not None:
                    room.happen(e.QuarantineRenumbered(number=item.number, fresh=number))


def _note(
    rooms: Iterable[Work],
    handle: str,
    mails: Collection[str],
    *,
    sent: bool,
    still_new: Collection[str] = (),
) -> None:
    """They know of all that waits for them, but for what is ``still_new``; these stood in the
    list."""
    known = {*mails, *still_new}
    rooms = tuple(rooms)
    audiences = [{*i.mail.handles} for i in _waiting(rooms, handle)]
    fellows = tuple(sorted(set[str].intersection(*audiences))) if audiences else ()
    for room in rooms:
        mine = room.case.quarantine.of(handle, room.now)
        room.happen(
            e.QuarantineTold(
                handle=handle,
                numbers=tuple(i.number for i in mine if i.mail.mail in mails),
                counted=tuple(i.number for i in mine if i.mail.mail not in known),
                sent=sent,
                fellows=fellows,
            )
        )


def _tell_outside(work: Work, new: tuple[Item, ...]) -> None:
    """Nothing of the mails, and no road back to the committee: who may not know of them reads
    what comes there."""
    still = work.setting.policy.escalate_to
    for address in dict.fromkeys(a for item in new for a in item.mail.outside if a in still):
        person = Member(handle=Handle(OUTSIDE), name=Private(""), addresses=(address,))
        mails = [item.mail.mail for item in new if address in item.mail.outside]
        values = {"mails": mails[:LISTED], "count": len(mails), "more": len(mails[LISTED:])}
        work.to_member(person, Kind.ALERT, "set-aside-outside", values)
