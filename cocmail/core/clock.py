"""Clocks that were set: what they may not hold up, and what they may not bring about.

Owns when a clock is believed. What ends by one that has gone wrong doesn't come back: sanctions
would end, and votes close, all in one moment. Refuses to know what time it is. Called by the loops
that do something now and then, and by the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LEAP = timedelta(days=1)
"""So far ahead of the time that passed no clock goes by itself: it was set, or the machine stood
still."""
ABSENCE = timedelta(weeks=26)
"""Between two daemons nobody knows what passed. A machine may be off for months; that the clock is
wrong is likelier than that it was off for longer."""
HOLD = timedelta(days=1)
"""For so long what is due waits: then nobody has set the clock back, and it is believed."""


@dataclass(frozen=True, kw_only=True)
class Believed:
    """What time it is, as far as that is believed."""

    at: datetime
    held: timedelta | None = None  # for how long the clock has said a later one; None: it doesn't


def believed(last: Believed | None, now: datetime, passed: timedelta | None) -> Believed:
    """What is believed when the clock says this. ``passed``: since the last look, by what nobody
    sets; None: that was an earlier daemon's, and it isn't known."""
    if last is None:
        return Believed(at=now)
    at = last.at + (passed or timedelta())
    unknown = passed is None and last.held is None
    if now - at <= (ABSENCE if unknown else LEAP):
        return Believed(at=now)
    held = timedelta() if last.held is None else last.held + (passed or timedelta())
    return Believed(at=at, held=held) if held < HOLD else Believed(at=now)


def over(since: datetime, span: timedelta, now: datetime) -> bool:
    """Whether so much time has passed since then; also where then lies ahead, for then the clock
    was set back, and how much has passed nobody knows."""
    return not since <= now < since + span
