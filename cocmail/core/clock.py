"""Clocks that were set: what they may not hold up.

Owns that. Refuses to know what time it is. Called by the loops that do something now and then.
"""

from __future__ import annotations

from datetime import datetime, timedelta


def over(since: datetime, span: timedelta, now: datetime) -> bool:
    """Whether so much time has passed since then; also where then lies ahead, for then the clock
    was set back, and how much has passed nobody knows."""
    return not since <= now < since + span
