"""What came to a return path of ours, and whether a letter did not arrive.

Owns what such a mail can mean (RFC 3464 section 2.3.3: an action) and what its own header adds to
that. Refuses to read bodies (adapters.returned) and to say who hears of it (casework.outsiders).
Called by casework.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from cocmail.core.mail import Mail
from cocmail.core.people import Address

RETURN = "return"
"""The purpose of a return path; of one that is no longer in use, what it was for."""


class Outcome(StrEnum):
    """What became of the letter."""

    FAILED = "failed"  # it was given up
    LATE = "late"  # it is still being tried
    ARRIVED = "arrived"  # what answers is with the one whom it was for
    UNSURE = "unsure"  # nothing in it can be read for certain


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a body says."""

    outcome: Outcome = Outcome.UNSURE
    letters: tuple[str, ...] = field(default=(), repr=False)  # Message-IDs that could be ours


UNREAD = Returned()

# RFC 8098: it was shown, or thrown away unread. RFC 5965: its reader calls it spam.
_OF_READERS = ("disposition-notification", "feedback-report")


def outcome(returned: Returned, mail: Mail, addresses: Collection[Address]) -> Outcome:
    """``addresses``: of the one whom the letter was for."""
    if mail.report in _OF_READERS:
        return Outcome.ARRIVED
    if mail.report != "delivery-status" and mail.sender and mail.sender.address in addresses:
        return Outcome.ARRIVED  # RFC 3834 section 3.1: their own automatic reply
    return returned.outcome
