"""How much mail is answered: from one sender, from one domain, and in all; and how often the same
words are.

Owns the rates, and what counts together: what proves its sender counts apart from what only bears
the name, so that nobody can silence a person by writing in their name; and half of a domain's share
is kept for who hasn't written that day, so that a few accounts don't silence all others of their
provider. Two programs that answer each other without any mark of it stop here (promise 11). Refuses
to know what becomes of the mail beyond. Called by loops.pace, rows and casework.

A rate is so many at once, and then one each time as much of the time is over (the generic cell
rate algorithm of ITU-T I.371): one date is all that there is to remember of a sender.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cocmail.core.attached import kind_of
from cocmail.core.case import Case
from cocmail.core.leads.canonical import canonical
from cocmail.core.mail import Mail
from cocmail.core.people import Address

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

HEAD_START = timedelta(minutes=1)
"""By so much what bears a signature goes before other mail, unless it turns out to prove nothing;
and what people wait for before what tells the members. In a flood it overtakes; what it overtakes
doesn't wait for long."""

Key = tuple[str, str, bool]  # what counts, whose, and whether that is proved


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Mails an hour; in a day, three times as many."""

    sender: int = 20
    domain: int = 100
    everybody: int = 300
    organization: Callable[[str], str] = str
    """Who a domain belongs to: its owner has as many names in it as they like."""

    @property
    def same(self) -> int:
        """How often a day the same words of the same sender are answered: a frightened person may
        send them again."""
        return max(3, self.sender // 6)

    @property
    def member(self) -> int:
        """Mails an hour to one address, but for commands."""
        return 2 * self.sender


@dataclass(frozen=True)
class Limit:
    most: int
    within: timedelta = HOUR
    who: Key | None = None  # half of it is for those who weren't let in within a day


SAME_WORDS = "The same words came from this sender again and again within a day."
_DAYS = 3  # hours whose mails may come in a day
_CASES = 2  # so many times as much may come into cases, to all of them together
_OF_PROGRAMS = ("signature", "report")  # attached to a mail, and different each time
_SHARED = {
    "sender a day": "More mail came from this sender within a day than is answered.",
    "domain a day": "More mail came from this domain within a day than is answered.",
    "sender": "More mail came from this sender within an hour than is answered.",
    "domain": "More mail came from this domain within an hour than is answered.",
    "everybody": "More mail came within an hour than is answered.",
}
_WORDS = {
    **_SHARED,
    **{f"{what} in cases": why for what, why in _SHARED.items()},
    "words": SAME_WORDS,
    "words of several": "The same words came again and again within a day, from people whom the"
    " reply addresses weren't made for.",
    "member": "More mail came from this member within an hour than is passed on one by one.",
}

BEYOND = frozenset(_WORDS.values())
"""Why a mail that is one of too many is set aside."""


def words(mail: Mail) -> str:
    """A digest of what its writer wrote, without quotes, numbers and line breaks: by these a
    program's notice differs each time. Of the subject, where there is no text; and of what is
    attached, for photos come one a mail, under the same words."""
    lines = [line for line in mail.whole.split("\n") if not line.lstrip().startswith(">")]
    own = [_plain(" ".join(lines)) or _plain(mail.subject)]
    own += [a.digest for a in mail.attachments if not (a.form or kind_of(a) in _OF_PROGRAMS)]
    return hashlib.sha256("\n".join(own).encode("utf-8", "replace")).hexdigest()


def _plain(text: str) -> str:
    found = (word for word in text.casefold().split() if not any(c.isdigit() for c in word))
    return " ".join(word for word in found if word != "re:")


def to_the_public(
    rates: Rates, sender: Address | None, *, proved: bool, said: str = ""
) -> dict[Key, Limit]:
    """What a mail to the community's address counts for. ``said``: the digest of its words."""
    everybody = {("everybody", "", proved): Limit(rates.everybody)}
    if sender is None:
        return everybody
    whose = canonical(sender)
    domain = rates.organization(whose.rpartition("@")[2])
    who = ("known", whose, proved)
    return {
        ("sender", whose, proved): Limit(rates.sender),
        ("sender a day", whose, proved): Limit(_DAYS * rates.sender, DAY),
        **_same(whose, said, Limit(rates.same, DAY), proved=proved),
        ("domain", domain, proved): Limit(rates.domain, who=who),
        ("domain a day", domain, proved): Limit(_DAYS * rates.domain, DAY, who=who),
        **everybody,
    }


def to_a_reply_address(
    rates: Rates, party: str, sender: Address | None, *, proved: bool, said: str = ""
) -> dict[Key, Limit]:
    """One of this party's, in their own name. Only they know it: whoever writes elsewhere in their
    name takes nothing from them. Who has many of them has no more for each; and of one domain, and
    in all, there is twice as much as to the community's address."""
    own: dict[Key, Limit] = {
        ("sender", party, True): Limit(rates.sender),
        **_same(party, said, Limit(rates.same, DAY), proved=True),
    }
    every = replace(
        rates,
        sender=_CASES * rates.sender,
        domain=_CASES * rates.domain,
        everybody=_CASES * rates.everybody,
    )
    shared = to_the_public(every, sender, proved=proved)
    return own | {
        _in_cases(key): replace(limit, who=limit.who and _in_cases(limit.who))
        for key, limit in shared.items()
    }


def _in_cases(key: Key) -> Key:
    return f"{key[0]} in cases", *key[1:]


def of_strangers(rates: Rates, case: str, said: str) -> dict[Key, Limit]:
    """What a mail to a reply address of this case counts for, besides, that somebody else writes
    than the person whom it was made for: they get an address of their own with each receipt, so a
    program that has a new name for each mail would be another sender each time."""
    return {("words of several", f"{case} {said}", True): Limit(rates.same, DAY)}


def of_a_member(rates: Rates, party: str, said: str = "") -> dict[Key, Limit]:
    """What is no command, to a reply address of a member's own."""
    return {
        ("member", party, True): Limit(rates.member),
        **_same(party, said, Limit(2 * rates.same, DAY), proved=True),
    }


def _same(whose: str, said: str, limit: Limit, *, proved: bool) -> dict[Key, Limit]:
    return {("words", f"{whose} {said}", proved): limit} if said else {}


def counted(
    levels: Mapping[Key, datetime], limits: Mapping[Key, Limit], now: datetime
) -> tuple[str, dict[Key, datetime]]:
    """Why a mail that comes now is answered by nobody ("": it is), and the levels that it changes.
    What is refused counts for nothing: one sender's flood uses up nobody else's share."""
    changed: dict[Key, datetime] = {}
    for key, limit in limits.items():
        level = max(levels.get(key, now), now)
        each, room = limit.within / limit.most, limit.within
        if limit.who is not None:
            if levels.get(limit.who, now) > now:
                room = max(each, room / 2)
            changed[limit.who] = now + DAY
        if level - now > room - each:
            return _WORDS[key[0]], {}
        changed[key] = level + each
    return "", changed


def pass_on_at(case: Case) -> datetime | None:
    """When members are shown what waits in this case: within an hour, and once an hour."""
    if not case.unpassed:
        return None
    first = case.messages[case.unpassed[0] - 1].at
    return max(first, case.passed_on or first) + HOUR


def tell_at(case: Case) -> datetime | None:
    """When members are told of what was set aside in this case and they don't know of: once an
    hour at most."""
    first = min((a.mail.tell_by for a in case.asides if a.untold and a.mail.tell_by), default=None)
    if first is None or case.asides_told is None:
        return first
    return max(first, case.asides_told + HOUR)


def remembered(levels: Mapping[Key, datetime], now: datetime) -> dict[Key, datetime]:
    """Those that still count."""
    return {key: level for key, level in levels.items() if level > now}
