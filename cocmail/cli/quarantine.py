"""`cocmail quarantine list`, `show`, `release` and `discard`.

Owns their JSON. What is set aside in a case is its members' to take in (`/accept N`); of the rest
the members who may know of it hear, too, and what none of them may know is an operator's alone.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from cocmail import servers
from cocmail.adapters.store import SetAside
from cocmail.cli import output
from cocmail.cli.opened import Opened, opened
from cocmail.cli.unseen import known_to, of_case
from cocmail.config import Settings
from cocmail.core import events as e
from cocmail.core.case import SYSTEM
from cocmail.core.errors import Permanent
from cocmail.core.mail import Unreadable

app = typer.Typer(help="Mail that was set aside.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `quarantine list` tells it.")]


async def _find(work: Opened, mail: str) -> SetAside:
    found = next((m for m in await work.store.quarantine(dropped=True) if m.id == mail), None)
    if found is None:
        raise Permanent("nothing with this id is set aside; `cocmail quarantine list` shows it")
    return found


async def _note(work: Opened, what: str, mail: str) -> None:
    async with work.store.transaction() as tx:
        await tx.record(SYSTEM, [e.Happened(what=what, mail=mail)])


async def _settle(
    work: Opened, found: SetAside, how: Literal["accepted", "discarded"], what: str
) -> None:
    """In one transaction, so that members are not told of what is gone. Raises Permanent where a
    member was faster."""
    async with work.store.transaction() as tx:
        room = await tx.case(found.case) if found.case else None
        item = room.quarantine.find(found.id) if room else None
        if found.case and item:
            seen_to = e.QuarantineSettled(number=item.number, by="operator", how=how)
            await tx.record(found.case, [seen_to])
        await tx.record(SYSTEM, [e.Happened(what=what, mail=found.id)])
        if not await (tx.release_mail if how == "accepted" else tx.discard_mail)(found.id):
            raise Permanent(
                "it isn't set aside any more: somebody saw to it just now; nothing was done"
            )


@app.command("list")
async def list_mail(
    every: Annotated[
        bool, typer.Option("--all", help="With what members dropped, which is kept.")
    ] = False,
) -> None:
    """All mail that was set aside: why, when, how large, and how many members know of it."""
    async with opened() as work:
        references = {c.case: c.reference for c in await work.store.case_list()}
        aside = await work.store.quarantine(dropped=every)
        known = await known_to(work.store, work.settings, aside)
        found = [
            {
                "id": m.id,
                "at": m.at,
                "why": m.why,
                "size": m.size,
                "case": references.get(m.case) if m.case else None,
                "members": known[m.id].members if m.id in known else None,
                "dropped": m.dropped,
            }
            for m in aside
        ]
    if output.call().json:
        output.say_json(found)
    else:
        columns = ("id", "at", "why", "size", "case", "members", "dropped")
        output.table(columns, [[m[name] for name in columns] for m in found])


@app.command("show")
async def show(mail: Id) -> None:
    """One mail, as it came. That you looked is written in the ledger."""
    async with opened() as work:
        found = await _find(work, mail)
        raw = await work.store.mail_raw(mail)
        if found.case and of_case(found):
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
        found = await _find(work, mail)
        if of_case(found):
            raise Permanent("it belongs to a case, whose members take it in by mail: /accept N")
        if found.left:
            raise Permanent(
                "it stays set aside: only its beginning is here; all of it lies in the mailbox that"
                " [imap] or a table [imaps.NAME] names, for a mail client to open"
            )
        if beyond := await _beyond(work.settings, await work.store.mail_raw(mail)):
            raise Permanent(
                f"it stays set aside: {beyond} `cocmail quarantine show {mail}` has it as it came;"
                " where a limit in [limits] is raised and cocmail started again, it can be released"
            )
        await _settle(work, found, "accepted", "quarantine-released")
    output.note(
        "It is being handled now, as if it had just come. If that fails, it is set aside again."
    )


async def _beyond(settings: Settings, raw: bytes) -> str:
    """Why the daemon would not read this mail; "" where it would."""
    workers = servers.workers(settings)
    try:
        read = await servers.reader(settings, workers).read(raw, None)
    finally:
        workers.close()
    return read.why if isinstance(read, Unreadable) else ""


@app.command("discard")
async def discard(mail: Id) -> None:
    """Destroy it. That it was here, and that it was destroyed, stays in the ledger."""
    async with opened() as work:
        found = await _find(work, mail)
        if of_case(found):
            raise Permanent("it belongs to a case, whose members leave it aside by mail: /drop N")
        await _settle(work, found, "discarded", "quarantine-discarded")
    output.note("It is destroyed.")
