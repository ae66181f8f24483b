"""Too few members may act in a case, or nobody did: people outside the committee are asked.

Owns whom to ask, and that they learn nothing of the case before they answer. From their answer on
they are guests: they read and decide in this one case as members do (audience). Refuses to know how
it came to that. Called by casework, by deliberation's effects and by the calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from cocmail.core import events as e
from cocmail.core.audience import known_as
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.names import named_in_text
from cocmail.core.people import Address, Handle, Member, Private, Roster
from cocmail.core.policy import Policy
from cocmail.core.work import Work

HELP = "help"
"""The purpose of the reply address by which a guest comes in."""


def where_too_few(work: Work, *, again: bool = False) -> None:
    """After anything that takes members out of a case. ``again``: the last who could read it."""
    if (
        work.case.is_open
        and not work.case.kept
        and len(work.eligible) < work.setting.policy.approvals
    ):
        escalate(work, "too-few", again=again)


def escalate(work: Work, why: Literal["too-few", "untouched"], *, again: bool = False) -> None:
    """Ask each of `escalate_to`, once a case, who has no part in it. ``again``: those too who were
    asked and haven't come."""
    guests = work.case.guests
    if (guests and not again) or (why == "too-few" and _others_come(work)):
        if work.case.escalate_by:
            work.happen(e.Escalated(why=why, guests=()))
        return
    asked = tuple(
        e.Guest(handle=f"guest{number}", address=address)
        for number, address in enumerate(unasked(work), start=len(guests) + 1)
    )
    if not asked and not guests and not work.case.escalate_by:
        return
    if asked or work.case.escalate_by:
        work.happen(e.Escalated(why=why, guests=asked))
    for handle in to_come(work.case):
        member = known_as(work.case, work.setting, handle)
        assert member is not None
        work.to_member(member, Kind.ALERT, "escalation", {"why": why}, purpose=HELP)


def _others_come(work: Work) -> bool:
    """Who is out for a while may be in again: nobody outside is asked meanwhile, unless nobody
    reads it, and only an answer would let anybody in, which may never come."""
    waiting = work.case.provisionals.values()
    return any(one.until for one in waiting) or (bool(waiting) and bool(work.eligible))


def to_come(case: Case) -> tuple[str, ...]:
    """The guests who were asked and can still come."""
    return tuple(h for h in case.guests if h not in case.came | case.out)


def unasked(work: Work) -> tuple[Address, ...]:
    """Whom of `escalate_to` nothing ties to this case, and nobody has asked yet."""
    asked = {*work.case.guests.values()}
    return tuple(a for a in fit(work, work.setting.policy) if a not in asked)


def fit(work: Work, policy: Policy) -> tuple[Address, ...]:
    """Whom of `escalate_to` nothing ties to this case, also of what was set aside for it: who
    comes in is shown all of it."""
    case = work.case
    mails: list[e.Received | e.SetAside] = [m.received for m in case.messages]
    mails += [a.mail for a in case.asides]
    parties = [a for p in case.parties.values() for a in p.addresses]
    senders = [one.sender for one in mails if one.sender]
    texts = [f"{one.name}\n{one.subject}\n{one.text}\n{one.claimants}" for one in mails]
    return unconcerned(policy, work.setting.roster, (*parties, *senders), texts)


def unconcerned(
    policy: Policy, roster: Roster, parties: Iterable[Address], texts: Collection[str]
) -> tuple[Address, ...]:
    """Whom of `escalate_to` neither these addresses nor these texts name."""
    theirs = {a.untagged for a in parties}
    free = [
        address
        for address in dict.fromkeys(policy.escalate_to)
        if address.untagged not in theirs and not roster.whose(address)
    ]
    asked = Roster(
        members=tuple(
            Member(handle=Handle(address), name=Private(""), addresses=(address,))
            for address in free
        )
    )
    named = {handle for text in texts for handle in named_in_text(text, asked)}
    return tuple(address for address in free if address not in named)
