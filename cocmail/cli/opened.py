"""The store, opened for one verb.

Owns the opening and closing, and who is reading. Refuses to know what a verb does with them.
"""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from cocmail import parts
from cocmail.adapters.store import SqlStore
from cocmail.cli import output
from cocmail.config import Settings
from cocmail.core import proofs
from cocmail.core.case import Case
from cocmail.core.errors import Permanent
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding


@dataclass(frozen=True)
class Opened:
    """What a verb works with."""

    settings: Settings
    store: SqlStore[Any, Case]
    deciding: Deciding

    async def case_id(self, reference: str) -> str:
        """The case that a reference names; any of its references will do."""
        found = await self.store.find_case(reference.upper())
        if found is None:
            raise Permanent("there is no case with this reference; `cocmail case list` shows them")
        return found

    async def note_reading(self, case: str) -> None:
        """Reading a case is an event of its ledger, and its members hear of it."""
        who = getpass.getuser()
        await self.deciding.on(case, lambda c, s: proofs.was_read(c, s, who))


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Opened]:
    settings = output.settings()
    keys = parts.keys_of(settings)
    clock = parts.SystemClock()
    store = await parts.store(settings, keys, clock)
    try:
        setting = parts.setting_maker(settings, keys, clock, parts.templates(settings))
        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        yield Opened(settings, store, Deciding(store, setting, bells))
    finally:
        await store.close()
