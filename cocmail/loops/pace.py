"""How much of what comes is answered: the counts, as they stand.

Owns their memory, and what a mail counts for (core.floods). In memory: a restart begins them anew,
and each daemon has its own. Called by loops/examining.
"""

from __future__ import annotations

from datetime import datetime

from cocmail.core import casework
from cocmail.core.floods import (
    Key,
    Rates,
    counted,
    of_a_member,
    of_strangers,
    remembered,
    to_a_reply_address,
    to_the_public,
    words,
)
from cocmail.core.mail import Mail
from cocmail.core.people import Roster
from cocmail.core.verification import Authentication, Signature
from cocmail.loops.bell import thought

_MOST_LEVELS = 20_000  # before what no longer counts is dropped
_MOST_MAILS = 20_000  # that are known when they are tried again


class Pace:
    """Use within one event loop."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._levels: dict[Key, datetime] = {}
        self._clean_at = _MOST_LEVELS
        self._said: dict[str, str] = {}  # of a mail, by its id

    async def too_much(
        self,
        mail_id: str,
        mail: Mail,
        auth: Authentication,
        place: tuple[str, str] | None,
        roster: Roster,
        now: datetime,
        *,
        stranger: bool = False,
    ) -> str:
        """Why this mail is one of too many; "" if it isn't. It counts once, and stays what it is
        when it is tried again. ``place``: the case and party whose reply address it came to;
        ``stranger``: it isn't that party who writes."""
        if mail_id in self._said:
            return self._said[mail_id]
        sender = mail.sender.address if mail.sender else None
        said = await thought(mail.weight, lambda: words(mail))
        party = "/".join(place) if place else ""
        member = roster.by_address(sender) if sender else None
        proved = auth.signature is Signature.SOUND
        if not party or stranger:  # anybody can think of what looks like a reply address
            limits = to_the_public(self._rates, sender, proved=proved, said=said)
            if place is not None:
                limits |= of_strangers(self._rates, place[0], said)
        elif member is None or not party.endswith(f"/member:{member.handle}"):
            limits = to_a_reply_address(self._rates, party, sender, proved=proved, said=said)
        elif mail.text.lstrip().startswith("/") or await thought(
            len(mail.text), lambda: bool(casework.looks_ahead(mail))
        ):
            limits = {}  # a member's commands, however many
        else:
            limits = of_a_member(self._rates, party, said)
        why, changed = counted(self._levels, limits, now)
        self._levels |= changed
        self._said[mail_id] = why
        if len(self._said) > _MOST_MAILS:
            del self._said[next(iter(self._said))]
        if len(self._levels) > self._clean_at:
            self._levels = remembered(self._levels, now)
            self._clean_at = max(_MOST_LEVELS, 2 * len(self._levels))
        return why
