"""The committee as a whole: what holds for its members in every case.

Owns the fold of the committee's own record (the ledger's case "committee"): who is away, and
whatever else is true of a member and not of a case. Refuses to know cases. Folded by case.apply,
carried to every decision in the Setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e

COMMITTEE = "committee"
"""The ledger's case for what belongs to the committee."""


@dataclass(frozen=True, kw_only=True)
class Committee:
    """What stands in the committee's record."""

    away: Mapping[str, datetime] = field(default_factory=dict)  # handle -> until

    def is_away(self, handle: str, now: datetime) -> bool:
        until = self.away.get(handle)
        return until is not None and now < until


def record(committee: Committee, at: datetime, event: Any) -> Committee | None:
    """The committee after this event; None where the event is none of the committee's."""
    match event:
        case e.WentAway():
            return replace(committee, away={**committee.away, event.handle: event.until})
    return None
