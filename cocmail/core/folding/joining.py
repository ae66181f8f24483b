"""Cases that meet: linked, merged, split, kept and surfaced.

Owns these events' part of the fold. Refuses to know policy. Called by the package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.case import Case, Link
from cocmail.core.folding.common import put, unfit
from cocmail.core.people import Private


def joining(case: Case, at: datetime, event: Any) -> Case | None:
    """The case after this event; None where it belongs in another room."""
    match event:
        case e.Linked():
            link = Link(reference=event.reference, by=event.by)
            return replace(case, links=put(case.links, event.case, link))
        case e.LinkAgreed():
            return _agree(case, event)
        case e.MergedInto():
            return Case(id=case.id, merged_into=event.case)
        case e.SplitOff():
            return replace(case, split=case.split | {event.number})
        case e.Suggested():
            return replace(case, suggested=case.suggested | {(event.case, event.why)})
        case e.Kept():
            kept = tuple(dict.fromkeys((*case.kept, *event.about))) or (Private(""),)
            return replace(case, kept=kept, acknowledge_by=None, update_by=None)
        case e.Surfaced():
            return replace(
                case,
                kept=(),
                opened=at,
                acknowledge_by=event.acknowledge_by,
                update_by=event.update_by,
            )
    return None


def _agree(case: Case, event: e.LinkAgreed) -> Case:
    branch, link = case.branches.get(event.case), case.links.get(event.case)
    if branch is not None:
        agreed = replace(branch, agreed=True)
        return replace(case, branches=put(case.branches, event.case, agreed))
    if link is None:
        raise unfit(case, event)
    return replace(case, links=put(case.links, event.case, replace(link, agreed=True)))
