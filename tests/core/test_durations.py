"""The two little grammars: spans of time, and instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.durations import LONGEST, parse_duration, parse_instant, short, words


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("72h", timedelta(hours=72)),
        ("7d", timedelta(days=7)),
        ("12w", timedelta(weeks=12)),
        ("90 days", timedelta(days=90)),
        ("1 week", timedelta(weeks=1)),
        (" 2\u00a0Hours ", timedelta(hours=2)),
    ],
)
def test_a_duration(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "7", "d", "0s", "-1d", "1.5d", "7 d 3 h", "2 months", "1e9d", "999999999w", "٣d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=LONGEST))
def test_both_forms_are_read_back(span: timedelta) -> None:
    span = timedelta(seconds=int(span.total_seconds()))
    assert parse_duration(short(span)) == span
    assert parse_duration(words(span)) == span


def test_people_read_the_form_that_they_would_say() -> None:
    assert [short(timedelta(hours=h)) for h in (24, 72, 168)] == ["24h", "72h", "7d"]
    assert words(timedelta(days=90)) == "90 days"
    assert words(timedelta(days=7)) == "1 week"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-03-31", datetime(2027, 3, 31, tzinfo=UTC)),
        ("2027-03-31T18:00", datetime(2027, 3, 31, 18, tzinfo=UTC)),
        ("2027-03-31 18:00:05Z", datetime(2027, 3, 31, 18, 0, 5, tzinfo=UTC)),
        ("2027-03-31T18:00+02:00", datetime(2027, 3, 31, 16, tzinfo=UTC)),
        ("2027-03-31 18:00 UTC", datetime(2027, 3, 31, 18, tzinfo=UTC)),
    ],
)
def test_an_instant(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31.3.2027",
        "2027-02-30",
        "2027-3-1",
        "2027-03-31T25:00",
        "tomorrow",
        "0001-01-01T00:00+23:00",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)
