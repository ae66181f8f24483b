"""What happens when something falls due.

Owns the ends of votes and sanctions and the committee's clocks. Refuses to know when it is called
(loops/calendar watches the index of due dates). Each call is one case, one due date.
"""

from __future__ import annotations

from cocmail.core import casework, deliberation
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.sanctions import State
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work


def fall_due(case: Case, setting: Setting, what: str, about: str) -> Result:
    """Do what is due. Nothing, where the case has moved on meanwhile."""
    work = Work(case, setting)
    match what:
        case "vote":
            proposal = case.proposals.get(about)
            if proposal and proposal.decided is None and proposal.proposed.closes <= work.now:
                deliberation.reconsider(work, closing=about)
        case "end":
            sanction = case.sanctions.get(about)
            if (
                sanction
                and sanction.state is State.IN_FORCE
                and sanction.until
                and sanction.until <= work.now
            ):
                deliberation.expire(work, sanction)
        case "acknowledge":
            if case.acknowledge_by and case.acknowledge_by <= work.now:
                work.happen(e.Reminded(what=what, about="", again=None))
                work.tell(Kind.REMINDER, "reminder-acknowledge", {})
        case "update":
            if case.update_by and case.update_by <= work.now:
                again = work.now + max(
                    setting.policy.update_within, setting.policy.acknowledge_within
                )
                work.happen(e.Reminded(what=what, about="", again=again))
                work.tell(Kind.REMINDER, "reminder-update", {})
        case "release":
            if case.provisional_until and case.provisional_until <= work.now:
                casework.release(work)
    return work.result()
