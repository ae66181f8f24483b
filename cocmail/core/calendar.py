"""What happens when something falls due.

Owns the ends of votes and sanctions and the committee's clocks. Refuses to know when it is called
(loops/calendar watches the index of due dates). Each call is one case, one due date.
"""

from __future__ import annotations

from cocmail.core import casework, deliberation, proofs, reminders, watching
from cocmail.core.case import Case
from cocmail.core.escalation import escalate
from cocmail.core.sanctions import State
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work


def fall_due(case: Case, setting: Setting, what: str, about: str) -> Result:
    """Do what is due. Nothing, where the case has moved on meanwhile."""
    work = Work(case, setting)
    match what:
        case "vote":
            proposal = case.proposals.get(about)
            if proposal and proposal.decided is None:
                deliberation.reconsider(work)
        case "untouched":
            if case.escalate_by and case.escalate_by <= work.now:
                escalate(work, "untouched")
        case "window":
            deliberation.close_window(work, about)
        case "end":
            sanction = case.sanctions.get(about)
            if (
                sanction
                and sanction.state is State.IN_FORCE
                and sanction.until
                and sanction.until <= work.now
            ):
                deliberation.expire(work, sanction)
        case "drift":
            proofs.drift_due(work, about)
        case "watch":
            watching.fall_due(work, about)
        case "pass-on":
            casework.pass_on(work)
        case "tell-asides":
            casework.tell_asides(work)
        case "release":
            for why, one in case.provisionals.items():
                if one.until and one.until <= work.now:
                    casework.release(work, why)
        case _:
            reminders.fall_due(work, what, about)
    return work.result()
