"""A store in memory, behind ports.Transaction, for the play.

Owns the ledger of each case as a plain list, and finds things by the same index rows as the real
stores do (core.rows). It keeps no promise of durability: what it shows is the core.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cocmail.core import events, index
from cocmail.core.case import SYSTEM, Case
from cocmail.core.folding import apply
from cocmail.core.letters import Letter
from cocmail.core.minting import Minter
from cocmail.core.people import Address
from cocmail.core.rows import rows
from cocmail.ports import Found, Waiting


@dataclass
class Shelf:
    """Every case's events, and what follows from them."""

    minter: Minter
    now: datetime
    ledger: list[tuple[str, datetime, Any]] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    index: dict[str, frozenset[index.Row]] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    handled: set[tuple[str, str]] = field(default_factory=set)
    settled: dict[str, str] = field(default_factory=dict)  # mail -> state
    belongs: dict[str, str | None] = field(default_factory=dict)  # mail -> case
    mails: dict[str, Waiting] = field(default_factory=dict, repr=False)

    def rows(self, kind: type[Any]) -> list[Any]:
        return [row for found in self.index.values() for row in found if isinstance(row, kind)]

    def due(self) -> list[index.DueRow]:
        found = [row for row in self.rows(index.DueRow) if row.at <= self.now]
        return sorted(found, key=lambda row: (row.at, row.case, row.what, row.about))

    # -- ports.Store, as far as deciding goes --------------------------------------------------

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Shelf]:
        yield self

    async def aside_in(self) -> tuple[str, ...]:
        return tuple(case for case, room in self.cases.items() if room.quarantine.waiting)

    async def mail_aside(self, mail: str) -> Waiting | None:
        return self.mails[mail] if self.settled.get(mail) == "quarantined" else None

    # -- ports.Transaction ---------------------------------------------------------------------

    async def open_case(self, case: str) -> None:
        assert case not in self.cases
        self.cases[case] = Case(id=case)

    async def ensure_case(self, case: str) -> None:
        self.cases.setdefault(case, Case(id=case))

    async def case(self, case: str) -> Case | None:
        found = self.cases.get(case)
        return found if found is not None and any(c == case for c, _, _ in self.ledger) else None

    glance = case

    async def past(self, case: str) -> tuple[tuple[datetime, Any], ...]:
        return tuple((at, event) for name, at, event in self.ledger if name == case)

    async def record(self, case: str, new: Sequence[Any]) -> Case:
        before = self.cases.get(case, Case(id=case))
        for event in new:
            again = events.decode(events.encode(event))  # what isn't written down didn't happen
            self.ledger.append((case, self.now, again))
            if case != SYSTEM:
                before = apply(before, self.now, again)
        if case != SYSTEM:
            self.cases[case] = before
            self.index[case] = rows(before, self.minter)
        return before

    async def queue(self, letters: Sequence[Letter]) -> None:
        self.letters.extend(letters)

    async def settle_mail(
        self, mail: str, *, state: str, case: str | None, why: str = "", leased: bool = False
    ) -> bool:
        self.settled[mail], self.belongs[mail] = state, case
        return True

    async def release_mail(self, mail: str) -> bool:
        self.settled[mail] = "released"
        return True

    async def duplicate_of(self, content: str, target: str) -> str | None:
        if (content, target) in self.handled:
            return "a mail"
        self.handled.add((content, target))
        return None

    async def token(self, token: str) -> Found | None:
        digest = self.minter.digest(token)
        for row in self.rows(index.TokenRow):
            if row.digest == digest:
                return Found(case=row.case, party=row.party, purpose=row.purpose, about=row.about)
        return None

    async def minted(self, message_id: str) -> Found | None:
        digest = self.minter.digest(message_id)
        found = [r for r in self.rows(index.MintedRow) if r.digest == digest]
        return Found(case=found[0].case, party=found[0].party) if found else None

    async def seen(self, marks: Collection[str]) -> bool:
        return any(row.digest in marks for row in self.rows(index.SeenRow))

    async def reference(self, reference: str) -> str | None:
        found = [r for r in self.rows(index.ReferenceRow) if r.reference == reference]
        return found[0].case if found else None

    async def cases_of_address(self, address: Address) -> tuple[Found, ...]:
        digest = self.minter.digest(address)
        return tuple(
            Found(case=row.case, party=row.party)
            for row in self.rows(index.AddressRow)
            if row.digest == digest
        )

    async def recused_with(self, handle: str) -> frozenset[str]:
        out: dict[str, set[str]] = {}
        for row in self.rows(index.RecusedRow):
            out.setdefault(row.case, set()).add(row.handle)
        return frozenset(h for handles in out.values() if handle not in handles for h in handles)

    async def open_cases(self) -> tuple[str, ...]:
        return tuple(r.case for r in self.rows(index.CaseRow) if r.state == "open")
