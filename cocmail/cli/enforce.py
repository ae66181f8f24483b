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

_PATIENCE = 90.0  # seconds
_LOOK_EVERY = 0.2


async def enforce(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what differs.")] = False,
) -> None:
    """What differs between the lists and what was decided, and put it right."""
    async with opened() as work, enforcement(work) as lists:
        if dry_run:
            say_table(planned(await lists.look()))
        elif await work.store.daemon_running():
            differing = await lists.look()
            await _ask(work)
            say_table(planned(differing, tense=Tense.DID))
        else:
            say_table(planned(await lists.sweep(), tense=Tense.DID))


async def _ask(work: Opened) -> None:
    """Let the running daemon sweep, and wait until it has."""
    wanted = datetime.now(UTC)
    await work.store.note("sweep_wanted", wanted.isoformat())
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                swept = json.loads((await work.store.notes()).get("enforcement") or "{}")
                last = swept.get("last_sweep")
                if last and datetime.fromisoformat(last) >= wanted:
                    return
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise Temporary(
            "the daemon has not finished a sweep yet; `cocmail status` says what holds it up"
        ) from None
