"""What clocks that were set may not hold up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cocmail.core.clock import over

THEN = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_time_is_over_once_it_has_passed_and_when_it_has_not_begun() -> None:
    soon = timedelta(seconds=1)
    assert not over(THEN, DAY, THEN)
    assert not over(THEN, DAY, THEN + DAY - soon)
    assert over(THEN, DAY, THEN + DAY)
    assert over(THEN, DAY, THEN - soon), "the clock was set back"
