"""How much mail is answered: from one sender, from one domain, and in all.

Owns the rates, and what counts together: what proves its sender counts apart from what only bears
the name, so that nobody can silence a person by writing in their name. Refuses to know what
becomes of the mail beyond. Called by loops.intake, rows and casework.

A rate is so many at once, and then one each time as much of the hour is over (the generic cell
rate algorithm of ITU-T I.371): one date is all that there is to remember of a sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cocmail.core.case import Case
from cocmail.core.people import Address

HOUR = timedelta(hours=1)

Key = tuple[str, str, bool]  # what counts, whose, and whether that is proved


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Mails an hour."""

    sender: int = 20
    domain: int = 100
    everybody: int = 300


_WORDS = {
    "sender": "More mail came from this sender within an hour than is answered.",
    "domain": "More mail came from this domain within an hour than is answered.",
    "everybody": "More mail came within an hour than is answered.",
}


def to_the_public(rates: Rates, sender: Address | None, *, proved: bool) -> dict[Key, int]:
    """What a mail to the community's address counts for, the narrowest first."""
    everybody: dict[Key, int] = {("everybody", "", proved): rates.everybody}
    if sender is None:
        return everybody
    return {
        ("sender", sender.untagged, proved): rates.sender,
        ("domain", sender.domain, proved): rates.domain,
        **everybody,
    }


def to_a_reply_address(rates: Rates, party: str) -> dict[Key, int]:
    """One of this party's. Only they know it: whoever writes elsewhere in their name takes nothing
    from them."""
    return {("sender", party, True): rates.sender}


def counted(
    levels: Mapping[Key, datetime], limits: Mapping[Key, int], now: datetime
) -> tuple[str, dict[Key, datetime]]:
    """Why a mail that comes now is answered by nobody ("": it is), and the levels that it changes.
    What is refused counts for nothing: one sender's flood uses up nobody else's share."""
    changed: dict[Key, datetime] = {}
    for key, rate in limits.items():
        level = max(levels.get(key, now), now)
        if level - now > HOUR - HOUR / rate:
            return _WORDS[key[0]], {}
        changed[key] = level + HOUR / rate
    return "", changed


def pass_on_at(case: Case) -> datetime | None:
    """When members are shown what waits in this case: within an hour, and once an hour."""
    if not case.unpassed:
        return None
    first = case.messages[case.unpassed[0] - 1].at
    return max(first, case.passed_on or first) + HOUR


def remembered(levels: Mapping[Key, datetime], now: datetime) -> dict[Key, datetime]:
    """Those that still count."""
    return {key: level for key, level in levels.items() if level > now}
