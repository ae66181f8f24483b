"""Cases as they were when somebody last looked: the next look reads what came since.

Owns for how long a case is kept in memory, and how much of all of them. Refuses to know whether
what it keeps still stands: each look asks the ledger, whose chain says so (transaction.py). A case
to which thousands of mails come would else be read whole for each of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Generic

from cocmail.adapters.store.codec import C
from cocmail.core.index import Row

_SECONDS = 60.0
"""From the last look: a case that was forgotten elsewhere stays in memory no longer."""
_MOST = 64_000_000  # bytes of sealed events that are behind what is kept


@dataclass(frozen=True, kw_only=True)
class Folded(Generic[C]):
    """A case as the ledger makes it up to one of its rows."""

    case: C = field(repr=False)
    sequence: int  # of that row
    mac: bytes  # the chain there: while it is the same, so is all before
    events: int
    size: int  # bytes of them, sealed
    rows: frozenset[Row] | None = field(default=None, repr=False)  # in the index; None: not asked


class Remembered(Generic[C]):
    """Use within one event loop."""

    def __init__(self) -> None:
        self._folded: dict[str, Folded[C]] = {}  # what was looked at last comes last
        self._ends: dict[str, asyncio.TimerHandle] = {}

    def get(self, case: str) -> Folded[C] | None:
        return self._folded.get(case)

    def put(self, case: str, folded: Folded[C]) -> None:
        self.drop(case)
        self._folded[case] = folded
        self._ends[case] = asyncio.get_running_loop().call_later(_SECONDS, self.drop, case)
        while sum(one.size for one in self._folded.values()) > _MOST:
            self.drop(next(iter(self._folded)))

    def drop(self, case: str) -> None:
        if self._folded.pop(case, None) is not None:
            self._ends.pop(case).cancel()

    def clear(self) -> None:
        for case in tuple(self._folded):
            self.drop(case)
