"""Nothing waits unseen: who is reminded of what, at once or in the day's one digest.

Owns the choice between the two, and what a digest says. Refuses to know what waits (waiting) and
when it is called (loops/calendar, by due dates). Who may not know of a case never hears of it
here either: each mail goes by the audience at the time of sending.

A thing that falls due is told at once where it can't wait for a digest: the case is urgent, a
reporter waits for a first answer, an interim measure lapses, or the next digest would leave less
than an hour. Else it waits for the member's next digest, of which there is one in twenty-four
hours at most; so the first thing of a day comes at once too, and all else of that day together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.committee import DIGEST_EVERY
from cocmail.core.letters import Kind
from cocmail.core.people import Member
from cocmail.core.setting import Setting
from cocmail.core.showing import may_be_told
from cocmail.core.waiting import Item, What, due_at, items
from cocmail.core.work import Result, Work

SHORTEST_NOTICE = timedelta(hours=1)

_TEXTS = {What.ACKNOWLEDGE: "reminder-acknowledge", What.UPDATE: "reminder-update"}


@dataclass(frozen=True, kw_only=True)
class Section:
    """One case of a digest."""

    case: str
    reference: str
    items: tuple[Item, ...]


def pending(case: Case, setting: Setting, member: Member) -> tuple[Item, ...]:
    """What waits for this member in this case now; nothing, where they may not know of it."""
    return tuple(
        _as_for(case, item, member)
        for item in items(case)
        if item.waits(setting.now) and member in _concerned(Work(case, setting), item)
    )


def fall_due(work: Work, what: str, about: str) -> None:
    """Something waits from now on, or still does: those whom it waits for are told, or will be."""
    item = next((i for i in items(work.case) if (i.what, i.about) == (what, about)), None)
    when = due_at(work.case, item) if item else None
    if item is None or when is None or when > work.now:
        return
    first = item.key not in work.case.reminded
    again = _again(work, item)
    work.happen(e.Reminded(what=item.what, about=about, again=work.now + again if again else None))
    if not item.waits(work.now):
        return
    later: list[str] = []
    for member in _concerned(work, item):
        if _reachable(work.setting, member) and _at_once(work, item, member, first=first):
            _remind(work, member, (_as_for(work.case, item, member),))
        else:
            later.append(member.handle)
    listed = work.setting.committee.waiting
    later = [h for h in later if h not in listed or work.case.id not in listed[h].cases]
    if later:
        work.on_committee().happen(e.DigestWanted(case=work.case.id, handles=tuple(later)))


def digest(record: Case, setting: Setting, handle: str, cases: Iterable[Case]) -> Result:
    """A member's digest, of the cases in which something waits for them: one mail, or none.

    Where that is a single case it is an ordinary reminder in it.
    """
    work = Work(record, setting)
    due = record.committee.waiting.get(handle)
    if due is None or record.committee.next_digest(handle, due.since) > work.now:
        return work.result()
    member = setting.roster.get(handle)
    found: list[tuple[Case, tuple[Item, ...]]] = []
    if member is not None and _reachable(setting, member):
        found = [(c, waits) for c in cases if (waits := pending(c, setting, member))]
    work.happen(e.Digested(handle=handle, sent=bool(found)))
    if member is None or not found:
        return work.result()
    if len(found) == 1:
        _remind(work.on(found[0][0]), member, found[0][1])
    else:
        sections = [Section(case=c.id, reference=c.reference, items=waits) for c, waits in found]
        values = {"reference": "", "sections": sections}
        work.to_member(member, Kind.REMINDER, "digest", values)
    return work.result()


def _concerned(work: Work, item: Item) -> tuple[Member, ...]:
    """Those for whom it waits, of those who may know of the case."""
    if item.what is What.VOTE:
        proposal = work.case.proposals[item.about]
        voters = deliberation.voters(work, proposal)
        return tuple(
            m
            for m in voters
            if m.handle not in proposal.votes and may_know(work.case, work.setting, m)
        )
    if item.what is What.ASIDE:
        return tuple(m for m in work.eligible if _as_for(work.case, item, m).numbers)
    return work.eligible


def _as_for(case: Case, item: Item, member: Member) -> Item:
    """The item with the numbers of what this member was told of, and not of what names them."""
    if item.what is not What.ASIDE:
        return item
    told = (a.mail for a in case.asides if not a.settled and not a.untold)
    return replace(item, numbers=tuple(a.number for a in told if may_be_told(a, member)))


def _reachable(setting: Setting, member: Member) -> bool:
    """Whether they get reminders now at all."""
    return not setting.committee.is_away(member.handle, setting.now)


def _at_once(work: Work, item: Item, member: Member, *, first: bool) -> bool:
    if work.case.urgent or item.what is What.INTERIM or (first and item.what is What.ACKNOWLEDGE):
        return True
    if work.setting.roster.get(member.handle) is None:
        return True  # a guest of this one case has no digest
    if item.until is None:
        return False
    next_one = work.setting.committee.next_digest(member.handle, work.now)
    return next_one > max(item.until - SHORTEST_NOTICE, work.now)


def _again(work: Work, item: Item) -> timedelta | None:
    policy = work.setting.policy
    if item.what in (What.ACKNOWLEDGE, What.ASIDE):
        return DIGEST_EVERY
    if item.what is What.UPDATE:
        return max(policy.update_within, policy.acknowledge_within)
    return None


def _remind(work: Work, member: Member, waits: tuple[Item, ...]) -> None:
    """An ordinary reminder in the case."""
    alone = _TEXTS.get(waits[0].what) if len(waits) == 1 else None
    values = {} if alone else {"items": waits}
    work.to_member(member, Kind.REMINDER, alone or "reminder", values)
