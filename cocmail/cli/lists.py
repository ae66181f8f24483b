"""The enforcement over the real lists, for the verbs that look at them.

Owns the opening and closing. Refuses to know what a verb does with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from cocmail import parts, servers
from cocmail.cli.opened import Opened
from cocmail.loops.book import LedgerBook
from cocmail.loops.enforcement import Enforcement


@contextlib.asynccontextmanager
async def enforcement(work: Opened) -> AsyncIterator[Enforcement]:
    """The enforcement over the real lists."""
    lists = servers.lists(work.settings)
    try:
        yield Enforcement(
            lists,
            LedgerBook(work.deciding),
            parts.SystemClock(),
            groups=parts.groups(work.settings),
            sweep_every=work.settings.sweep_every,
        )
    finally:
        await lists.close()
