"""`cocmail case list` and `case show REF`.

Owns their JSON. Reading a case is an event of its ledger, and its members hear of it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from cocmail.cli import output
from cocmail.cli.opened import opened
from cocmail.core.chronicle import line

app = typer.Typer(help="Look at cases.", no_args_is_help=True)


@app.command("list")
async def list_cases() -> None:
    """All cases, a line each."""
    async with opened() as work:
        found = [
            {
                "reference": c.reference,
                "state": c.state,
                "opened": c.opened,
                "urgent": c.urgent,
                "assigned": c.assigned or None,
                "messages": c.messages,
                "due": c.due,
            }
            for c in await work.store.case_list()
        ]
    if output.call().json:
        output.say_json(found)
        return
    columns = ("reference", "state", "opened", "urgent", "assigned", "messages", "due")
    output.table(columns, [[c[name] for name in columns] for c in found])


@app.command("show")
async def show(
    reference: Annotated[str, typer.Argument(metavar="REF", help="Any of the case's references.")],
) -> None:
    """One case with all that happened. Its members hear that you looked."""
    async with opened() as work:
        case_id = await work.case_id(reference)
        await work.note_reading(case_id)
        listed = next(c for c in await work.store.case_list() if c.case == case_id)
        events = [line(x.sequence, x.at, x.event) async for x in work.store.export(case_id)]
    shown = {
        "reference": listed.reference,
        "state": listed.state,
        "opened": listed.opened,
        "urgent": listed.urgent,
        "assigned": listed.assigned or None,
        "messages": listed.messages,
        "due": listed.due,
        "events": events,
    }
    if output.call().json:
        output.say_json(shown)
        return
    output.say(f"{listed.reference}, {listed.state}, opened {output.instant(listed.opened)}")
    output.table(
        ("", "at", "event", "who", "what"),
        [(x["sequence"], x["at"], x["kind"], x["actor"], x["text"]) for x in events],
    )
