"""What the store must be told about events and cases, as one value.

Owns the Protocol by which the daemon hands in the core's pure functions. Refuses to know what an
event or a case is: the store never looks inside one. Called by transaction.py, index.py and
views.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, TypeVar

from cocmail.core.index import Row

E = TypeVar("E")
"""An event of the core."""

C = TypeVar("C")
"""A case of the core: the fold of its events."""


class Codec(Protocol[E, C]):
    """Pure: the same values in, the same values out, for ever; the index is remade with it."""

    def encode(self, event: E) -> bytes: ...

    def decode(self, data: bytes) -> E: ...

    def fold(
        self, case: str, events: tuple[tuple[int, datetime, E], ...], before: C | None = None
    ) -> C:
        """The case, from (sequence, at, event), in the ledger's order; ``before``: what the events
        before these made of it."""
        ...

    def rows(self, case: C) -> frozenset[Row]:
        """The case's index rows; digests in them are made by ``Keys.digest``."""
        ...
