"""Spans of time and instants, as people write them in the configuration and in mail.

Owns the two little grammars: ``90s 30m 72h 7d 12w`` (in mail also ``90 days``, ``1 week``), and
ISO 8601 instants, UTC where no offset stands. Refuses to know what time it is. Called by the
configuration, by commands and by letters.

Errors are ValueErrors whose text is one plain line that says what would have been right; it
never repeats what was written, because that can come from a mail.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from cocmail.core.nearby import nearest

LONGEST = timedelta(days=36525)
"""A hundred years. Beyond it dates overflow, and "permanently" is what is meant."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WORDS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
    "w": ("w", "wk", "wks", "week", "weeks"),
}
_UNIT = {word: unit for unit, words in _WORDS.items() for word in words}
_NAMES = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))

_DAYS_OF = {"month": 30, "months": 30, "year": 365, "years": 365}
_COUNTS = {"a": "1", "an": "1", "one": "1", "two": "2", "three": "3", "four": "4", "six": "6"}
_NUMBER_AND_WORD = re.compile(rf"([0-9]{{1,10}}|{'|'.join(_COUNTS)}) ?([a-z]+)")
_LONGEST_COUNT = 6
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

_DURATION = re.compile(r"([0-9]{1,10}) ?([a-z]+)")
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?(z|utc|[+-]\d{2}(?::?\d{2})?)?)?"
)


def parse_duration(text: str) -> timedelta:
    """A span of at least one second and at most a hundred years. Raises ValueError."""
    found = _DURATION.fullmatch(" ".join(text.lower().split()))
    unit = _UNIT.get(found.group(2)) if found else None
    if found and found.group(2) in ("month", "months", "year", "years"):
        raise ValueError('months and years differ in length: say it in days, like "90 days"')
    if found is None or unit is None:
        raise ValueError("should be a number and a unit, like 90s, 30m, 72h, 7d or 12w")
    seconds = int(found.group(1)) * _SECONDS[unit]
    if seconds < 1:
        raise ValueError("should be at least 1s")
    if seconds > LONGEST.total_seconds():
        raise ValueError("should not be more than a hundred years")
    return timedelta(seconds=seconds)


def parse_instant(text: str) -> datetime:
    """An instant in UTC. A date alone is the moment that day begins. Raises ValueError."""
    found = _INSTANT.fullmatch(" ".join(text.lower().split()))
    if found is None:
        raise ValueError("should be a date like 2027-03-31, or with a time: 2027-03-31T18:00Z")
    day, time, offset = found.groups()
    zone = "+00:00" if offset in (None, "z", "utc") else offset
    try:
        instant = datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no date or time of day that exists") from None
    return instant


def meant_duration(text: str) -> str:
    """What was perhaps meant by a text that is no span; "" if that can't be told."""
    found = _NUMBER_AND_WORD.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return ""
    count, word = _COUNTS.get(found.group(1), found.group(1)), found.group(2)
    near = nearest(word, (*_UNIT, *_DAYS_OF)) if len(word) > 1 else ""
    if near in _DAYS_OF:
        near, count = "days", str(int(count) * _DAYS_OF[near])
    if not near or int(count) < 1 or len(count) > _LONGEST_COUNT:
        return ""
    one = near if near.endswith("s") or near in _SECONDS or count == "1" else f"{near}s"
    return f"{count} {one}"


def meant_instant(text: str) -> str:
    """What was perhaps meant by a text that is no date; "" if that can't be told."""
    plain = text.lower().replace(",", " ").split()
    pieces = [p for one in plain for p in re.split(r"[./-]", one) if p and p != "of"]
    pieces = [re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", p) for p in pieces]
    numbers = [_month(p) if p.isalpha() else p for p in pieces]
    named = any(p.isalpha() for p in pieces)
    if len(numbers) != 3 or not all(n.isdecimal() and len(n) <= 4 for n in numbers):
        return ""
    first, second, third = (int(n) for n in numbers)
    if len(numbers[0]) == 4:
        year, month, day = first, second, third
    elif len(numbers[2]) == 4:
        year, month, day = third, second, first
        if named and pieces[0].isalpha():
            month, day = first, second
        elif not named and "." not in text and first <= 12 and second <= 12 and first != second:
            return ""  # 03/04/2027 is two days, and we don't guess which
        elif month > 12:
            month, day = day, month
    else:
        return ""
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return ""
    day = min(day, monthrange(year, month)[1])
    return f"{year:04}-{month:02}-{day:02}"


def _month(word: str) -> str:
    """A month's name as its number; "" where it is none."""
    found = [n for n, name in enumerate(_MONTHS, 1) if len(word) >= 3 and name.startswith(word)]
    if not found:
        near = nearest(word, _MONTHS)
        found = [_MONTHS.index(near) + 1] if near else []
    return str(found[0]) if found else ""


def short(span: timedelta) -> str:
    """A form that the configuration would read back as this: ``90d``, ``72h`` or ``5m``."""
    seconds = int(span.total_seconds())
    for unit in ("d", "h", "m"):
        # People say 72h and 7d.
        if seconds % _SECONDS[unit] == 0 and (unit != "d" or seconds > 3 * 86400):
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


def counted(span: timedelta) -> tuple[int, str]:
    """How many of what, for people: ``(90, "day")``. Weeks only up to three of them."""
    seconds = int(span.total_seconds())
    for name, length in _NAMES:
        count, rest = divmod(seconds, length)
        if count and not rest and not (name == "week" and count > 3):
            return count, name
    return seconds, "second"


def words(span: timedelta) -> str:
    """In English: ``90 days``, ``1 week``, ``36 hours``."""
    count, name = counted(span)
    return f"{count} {name}" + ("" if count == 1 else "s")
