"""How a case is looked after: closed, assigned, reminded of; notes and watches.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.case import Case, Lead, Prior, reminder_key
from cocmail.core.folding.common import clocks_anew, put, unfit


def tending(case: Case, at: datetime, event: Any) -> Case | None:
    """The case after this event; None where it belongs in another room."""
    match event:
        case e.Closed():
            if not case.is_open:
                raise unfit(case, event)
            return replace(case, closed=event, acknowledge_by=None, update_by=None)
        case e.Reopened():
            if case.closed is None:
                raise unfit(case, event)
            return replace(case, closed=None, update_by=event.update_by, reminded=clocks_anew(case))
        case e.Assigned():
            return replace(case, assigned=event.handle)
        case e.Tagged():
            return replace(case, tags=tuple(dict.fromkeys((*case.tags, event.tag))))
        case e.MarkedUrgent():
            return replace(case, urgent=True, escalate_by=event.escalate_by)
        case e.Reminded():
            key = reminder_key(event.what, event.about)
            return replace(case, reminded=put(case.reminded, key, event.again))
        case e.PriorNoted():
            return replace(case, priors=(*case.priors, Prior(at=at, noted=event)))
        case e.Watched():
            return replace(case, watches=put(case.watches, event.watch, event))
        case e.WatchSeen():
            seen = replace(case.watches[event.watch], lists=event.lists)
            return replace(case, watches=put(case.watches, event.watch, seen))
        case e.WatchEnded():
            watches = {k: w for k, w in case.watches.items() if k != event.watch}
            asked = {k: r for k, r in case.asked.items() if k != event.watch}
            return replace(case, watches=watches, asked=asked)
        case e.WatchAsked():
            waiting = frozenset((name, str(who)) for name, who in event.requests)
            return replace(case, asked=put(case.asked, event.watch, waiting))
        case e.LeadFound():
            if event.number in case.leads:
                raise unfit(case, event)
            lead = Lead(at=at, found=event)
            return replace(case, leads={**case.leads, event.number: lead})
        case e.LeadAnswered():
            known = case.leads.get(event.number)
            if known is None:
                raise unfit(case, event)
            answered = replace(known, answer=event.answer)
            return replace(case, leads={**case.leads, event.number: answered})
    return None
