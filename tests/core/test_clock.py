"""What clocks that were set may not hold up, and what they may not bring about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cocmail.core.clock import ABSENCE, HOLD, LEAP, Believed, believed, over

THEN = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)


def test_a_time_is_over_once_it_has_passed_and_when_it_has_not_begun() -> None:
    soon = timedelta(seconds=1)
    assert not over(THEN, DAY, THEN)
    assert not over(THEN, DAY, THEN + DAY - soon)
    assert over(THEN, DAY, THEN + DAY)
    assert over(THEN, DAY, THEN - soon), "the clock was set back"


def test_what_a_clock_says_of_the_time_that_passed_is_believed() -> None:
    last = Believed(at=THEN)
    assert believed(None, THEN, None) == last
    for passed, says in ((HOUR, HOUR), (HOUR, -YEAR), (YEAR, YEAR), (HOUR, HOUR + LEAP)):
        assert believed(last, THEN + says, passed) == Believed(at=THEN + says)


def test_a_leap_is_held_until_the_clock_is_set_back_or_for_a_day() -> None:
    last = believed(Believed(at=THEN), THEN + HOUR + YEAR, HOUR)
    assert last == Believed(at=THEN + HOUR, held=timedelta())
    last = believed(last, THEN + 2 * HOUR + YEAR, HOUR)
    assert last == Believed(at=THEN + 2 * HOUR, held=HOUR)
    assert believed(last, THEN + 3 * HOUR, HOUR) == Believed(at=THEN + 3 * HOUR)
    last = believed(last, THEN + 25 * HOUR + YEAR, HOLD - HOUR)
    assert last == Believed(at=THEN + 25 * HOUR + YEAR)
    assert believed(last, THEN + 26 * HOUR + YEAR, HOUR).held is None, "and that goes on"


@pytest.mark.parametrize(
    ("away", "held"), [(HOUR, None), (ABSENCE, None), (ABSENCE + HOUR, timedelta())]
)
def test_a_machine_may_be_off_for_months(away: timedelta, held: timedelta | None) -> None:
    assert believed(Believed(at=THEN), THEN + away, None).held == held


def test_a_restart_confirms_no_clock() -> None:
    last = Believed(at=THEN, held=HOUR)
    assert believed(last, THEN + 30 * DAY, None) == last
    assert believed(last, THEN + HOUR, None) == Believed(at=THEN + HOUR)
