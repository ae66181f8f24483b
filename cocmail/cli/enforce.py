"""`cocmail enforce`: one sweep now.

Owns the choice of who sweeps: the daemon where one runs, else this process.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from cocmail.cli.lists import enforcement
from cocmail.cli.opened import Opened, opened
from cocmail.cli.sanction import say_table
from cocmail.core.errors import Temporary
from cocmail.core.table import Tense, planned
from cocmail.loops.applying import raise_worst

_PATIENCE = 90.0  # seconds in which no sweep goes on
_LOOK_EVERY = 0.2


async def enforce(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
) -> None:
    """What differs between the lists and what was decided, and put it right."""
    async with opened() as work, enforcement(work) as lists:
        if dry_run:
            say_table(planned(await lists.look()))
            raise_worst(lists.blocked)  # as the sweep would
        elif await work.store.daemon_running():
            differing = await lists.look()
            await _ask(work)
            say_table(planned(differing, tense=Tense.DID))
        else:
            say_table(planned(await lists.sweep(), tense=Tense.DID))


async def _ask(work: Opened) -> None:
    """Let the running daemon sweep, and wait until one that began after this has ended. However
    slow Mailman is, it is waited for while the daemon is at it."""
    wanted = datetime.now(UTC)
    await work.store.note("sweep_wanted", wanted.isoformat())
    idle = 0.0
    while idle < _PATIENCE:
        swept = json.loads((await work.store.notes()).get("enforcement") or "{}")
        began = swept.get("began")
        if began and datetime.fromisoformat(began) >= wanted:
            return
        if not swept.get("sweeping") or not await work.store.daemon_running():
            idle += _LOOK_EVERY
        await asyncio.sleep(_LOOK_EVERY)
    raise Temporary(
        "the daemon has not finished a sweep yet; `cocmail status` says what holds it up"
    )
