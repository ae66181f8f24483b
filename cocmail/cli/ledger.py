"""`cocmail ledger verify` and `ledger export [REF]`.

Owns their JSON. Exporting is reading, and is told like reading.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cocmail.cli import output
from cocmail.cli.opened import opened
from cocmail.core.case import SYSTEM
from cocmail.core.chronicle import line

app = typer.Typer(help="The ledger: is it whole, and what stands in it?", no_args_is_help=True)


@app.command("verify")
async def verify() -> None:
    """See that nothing in the ledger was changed, taken away, put in or cut off."""
    async with opened() as work:
        found = await work.store.verify()
    if output.call().json:
        said = {"events": found.events, "whole": found.whole, "first_bad": found.first_bad}
        output.say_json(said)
    elif found.whole:
        output.say(f"The ledger is whole: {found.events} events.")
    else:
        where = f"event {found.first_bad}" if found.first_bad else "its end"
        output.say(f"The ledger is NOT whole: {where} is not as it was written.")
        output.say("Stop cocmail, keep a copy of the store as it is, and compare with a backup.")
    if not found.whole:
        raise typer.Exit(1)


@app.command("export")
async def export(
    reference: Annotated[
        str | None, typer.Argument(metavar="REF", help="One case alone; else all of them.")
    ] = None,
) -> None:
    """All events in order, one JSON object a line. The members hear that you looked."""
    async with opened() as work:
        only = await work.case_id(reference) if reference else None
        for case in [only] if only else [c.case for c in await work.store.case_list()]:
            await work.note_reading(case)
        references = {c.case: c.reference for c in await work.store.case_list()}
        async for entry in work.store.export(only):
            said = line(entry.sequence, entry.at, entry.event)
            said["at"] = output.instant(entry.at)
            said["case"] = None if entry.case == SYSTEM else references.get(entry.case)
            print(json.dumps(said, ensure_ascii=False))
