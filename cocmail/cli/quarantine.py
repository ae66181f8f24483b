"""`cocmail quarantine list`, `show`, `release` and `discard`.

Owns their JSON. What is set aside in a case is its members' to take in (`/accept N`); the rest is
an operator's.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cocmail.adapters.store import SetAside
from cocmail.cli import output
from cocmail.cli.opened import Opened, opened
from cocmail.core import events as e
from cocmail.core.case import SYSTEM
from cocmail.core.errors import Permanent

app = typer.Typer(help="Mail that was set aside.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `quarantine list` tells it.")]


async def _find(work: Opened, mail: str) -> SetAside:
    found = next((m for m in await work.store.quarantine() if m.id == mail), None)
    if found is None:
        raise Permanent("nothing with this id is set aside; `cocmail quarantine list` shows it")
    return found


async def _note(work: Opened, what: str, mail: str) -> None:
    async with work.store.transaction() as tx:
        await tx.record(SYSTEM, [e.Happened(what=what, mail=mail)])


@app.command("list")
async def list_mail() -> None:
    """All mail that was set aside: why, when, how large."""
    async with opened() as work:
        references = {c.case: c.reference for c in await work.store.case_list()}
        found = [
            {
                "id": m.id,
                "at": m.at,
                "why": m.why,
                "size": m.size,
                "case": references.get(m.case) if m.case else None,
            }
            for m in await work.store.quarantine()
        ]
    if output.call().json:
        output.say_json(found)
    else:
        columns = ("id", "at", "why", "size", "case")
        output.table(columns, [[m[name] for name in columns] for m in found])


@app.command("show")
async def show(mail: Id) -> None:
    """One mail, as it came. That you looked is written in the ledger."""
    async with opened() as work:
        found = await _find(work, mail)
        raw = await work.store.mail_raw(mail)
        if found.case:
            await work.note_reading(found.case)
        else:
            await _note(work, "quarantine-shown", mail)
    text = raw.decode("utf-8", "replace")
    if output.call().json:
        output.say_json({"id": mail, "at": found.at, "why": found.why, "mail": text})
    elif sys.stdout.isatty():
        output.say(text)
    else:
        sys.stdout.buffer.write(raw)


@app.command("release")
async def release(mail: Id) -> None:
    """Let it in after all, past the filters, as if it had just come."""
    async with opened() as work:
        if (await _find(work, mail)).case:
            raise Permanent("it belongs to a case, whose members take it in by mail: /accept N")
        await _note(work, "quarantine-released", mail)
        await work.store.release_mail(mail)
    output.note("It is being handled now, as if it had just come.")


@app.command("discard")
async def discard(mail: Id) -> None:
    """Destroy it. That it was here, and that it was destroyed, stays in the ledger."""
    async with opened() as work:
        if (await _find(work, mail)).case:
            raise Permanent("it belongs to a case, whose members leave it aside by mail: /drop N")
        await _note(work, "quarantine-discarded", mail)
        await work.store.discard_mail(mail)
    output.note("It is destroyed.")
