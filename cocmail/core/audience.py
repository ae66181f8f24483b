"""Who of the committee may know of a case.

Owns the one rule that every mail, count and answer goes by (promise 3). Refuses to know who votes
on what (deliberation). Called by work and by loops/intake.
"""

from __future__ import annotations

from cocmail.core.case import Case
from cocmail.core.people import Member
from cocmail.core.setting import Setting


def may_know(case: Case, setting: Setting, member: Member) -> bool:
    """Whether this member may learn anything of this case now."""
    return member.handle not in case.out | setting.committee.locked


def audience(case: Case, setting: Setting) -> tuple[Member, ...]:
    """The members who may know of this case now."""
    return tuple(m for m in setting.roster.members if may_know(case, setting, m))
