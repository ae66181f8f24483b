"""The rows by which a case is found again: a pure function of the folded case.

Owns what the index tables hold. Nothing private stands in them in the clear: addresses, tokens
and Message-IDs are keyed digests. Because they follow from the ledger alone they can be thrown
away and made again (`case.rows`), and a test does so. Called by the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CaseRow:
    case: str
    reference: str
    state: str  # open, closed
    opened: datetime
    urgent: bool
    assigned: str  # a handle, or ""
    messages: int


@dataclass(frozen=True)
class ReferenceRow:
    """Any reference by which people name the case: the committee's, or an outsider's own."""

    reference: str
    case: str


@dataclass(frozen=True)
class TokenRow:
    """A reply address that lives. A dead one has ``purpose`` "dead"."""

    digest: str
    case: str
    party: str  # "member:alice", "reporter:1", "respondent:1", "witness:1"
    purpose: str  # "reply", "ballot", "confirm", "return" (a return path), "dead"
    about: str  # the proposal or confirmation that it is for; "" else


@dataclass(frozen=True)
class MintedRow:
    """A Message-ID of ours, and to whom it was sent."""

    digest: str
    case: str
    party: str


@dataclass(frozen=True)
class SeenRow:
    """A signature or Message-ID that a command was run by (replays)."""

    digest: str
    case: str


@dataclass(frozen=True)
class AddressRow:
    digest: str
    case: str
    party: str


@dataclass(frozen=True)
class SanctionRow:
    sanction: str
    case: str
    state: str
    until: datetime | None


@dataclass(frozen=True)
class RecusedRow:
    """A member who learns nothing of the case."""

    case: str
    handle: str


@dataclass(frozen=True)
class UnsettledRow:
    """The case has a sanction in force, or one whose undoing isn't read back yet."""

    case: str


@dataclass(frozen=True)
class DueRow:
    case: str
    what: str
    about: str
    at: datetime


Row = (
    CaseRow
    | ReferenceRow
    | TokenRow
    | MintedRow
    | SeenRow
    | AddressRow
    | SanctionRow
    | UnsettledRow
    | RecusedRow
    | DueRow
)
