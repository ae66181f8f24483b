"""Who may, how many votes, how long: the community's rules, as values.

Owns the arithmetic of a vote. Refuses to know the case. Called by casework and by letters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from cocmail.core.people import Address

SMALLEST_MAJORITY = 2
LETTER_FIRST = timedelta(seconds=60)
"""How long changes on the lists wait for the letter to leave, at most."""


class Unsigned(StrEnum):
    """What happens to commands whose mail proves too little."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The `[policy]` of the configuration, with `[authentication] unsigned`."""

    approvals: int = 2
    approvals_permanent: int | str = "majority"
    voting_period: timedelta = timedelta(days=7)
    interim_for: timedelta = timedelta(hours=72)
    acknowledge_within: timedelta = timedelta(hours=24)
    update_within: timedelta = timedelta(days=14)
    appeal_within: timedelta = timedelta(days=30)
    urgent_within: timedelta = timedelta(hours=4)
    escalate_to: tuple[Address, ...] = field(default=(), repr=False)
    roster_delay: timedelta = timedelta(hours=24)
    objection_within: timedelta | None = None  # how long an approved sanction waits
    counsel_after: timedelta | None = None
    tell_owners: bool = True
    on_request: bool = False  # a sanctioned person returns when the committee says so
    history: bool = True
    watch_for: timedelta = timedelta(days=365)  # a protective watch
    unsigned: Unsigned = Unsigned.CONFIRM

    def needed(self, *, permanent: bool, eligible: int) -> int:
        """How many approvals make a decision, of ``eligible`` members who are not recused.

        A number is never lowered by a recusal, an absence or a departure; no majority is less
        than two.
        """
        rule = self.approvals_permanent if permanent else self.approvals
        if rule == "majority":
            return max(eligible // 2 + 1, SMALLEST_MAJORITY)
        if rule == "two-thirds":
            return max(-(-2 * eligible // 3), SMALLEST_MAJORITY)
        return int(rule)
