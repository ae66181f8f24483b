"""Who of the committee may know of a case.

Owns the one rule that every mail, count and answer goes by (promise 3). Refuses to know who votes
on what (deliberation). Called by work and by loops/placing.
"""

from __future__ import annotations

from dataclasses import replace

from cocmail.core.case import SYSTEM, Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Handle, Member, Private, Roster
from cocmail.core.quarantine import OUTSIDE, is_quarantine
from cocmail.core.setting import Setting


def may_know(case: Case, setting: Setting, member: Member) -> bool:
    """Whether this member may learn anything of this case now."""
    if case.merged_into or case.kept or is_quarantine(case.id):
        return False  # of the quarantine each mail has an audience of its own
    if member.handle in case.out | setting.committee.locked:
        return False
    if member.handle in case.guests:
        return member.handle in case.came
    # Who joined the committee later enters an older case only by the others' word.
    joined_before = member.since is None or case.opened is None or member.since <= case.opened
    return joined_before or member.handle in case.included


def audience(case: Case, setting: Setting) -> tuple[Member, ...]:
    """Who may know of this case now: members, and guests who came."""
    return tuple(m for m in everybody(case, setting).members if may_know(case, setting, m))


def everybody(case: Case, setting: Setting) -> Roster:
    """Members and this case's guests: whoever could be in it, and be kept out of it."""
    return Roster(members=(*setting.roster.members, *guests(case)))


def later(case: Case, setting: Setting) -> tuple[Member, ...]:
    """Who may know of it once it is kept no longer, and who is out for a while is in again."""
    return audience(replace(case, kept=(), provisionals={}), setting)


def still_for(case: Case, setting: Setting, handle: str, kind: Kind) -> bool:
    """Whether a letter that was written to this member may still leave: in the moments since,
    they may have been kept out of the case, or their mailbox be taken for stolen. An answer to
    what they asked when they could leaves, so that who left hears that they did; and a guest is
    asked before they come."""
    if handle in setting.committee.locked:
        return False
    if case.id in (SYSTEM, COMMITTEE):
        return True
    if is_quarantine(case.id) and handle == OUTSIDE:
        return True
    member = known_as(case, setting, handle)
    if member is None:
        return False
    if kind is Kind.ALERT and handle in case.guests and handle not in case.came:
        return handle not in case.out
    return kind.answers or is_quarantine(case.id) or may_know(case, setting, member)


def guests(case: Case) -> tuple[Member, ...]:
    """Those outside the committee who were asked to help in this case."""
    return tuple(_guest(handle, case) for handle in case.guests)


def known_as(case: Case, setting: Setting, handle: str) -> Member | None:
    """The member, or this case's guest, with this handle."""
    return _guest(handle, case) if handle in case.guests else setting.roster.get(handle)


def addresses_of(case: Case, setting: Setting, party: str) -> tuple[Address, ...]:
    """From where this party of the case writes: who does so from elsewhere isn't they."""
    role, _, name = party.partition(":")
    if role == "member":
        member = known_as(case, setting, name)
        return member.addresses if member else ()
    known = case.parties.get(party)
    if known is None:
        return ()
    # A member who reports is asked about it at the roster's address, and may have others there.
    members = filter(None, map(setting.roster.whose, known.addresses))
    return (*known.addresses, *(address for one in members for address in one.addresses))


def _guest(handle: str, case: Case) -> Member:
    address = case.guests[handle]
    return Member(handle=Handle(handle), name=Private(address), addresses=(address,))
