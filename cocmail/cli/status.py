"""`cocmail status`: is it alive, and how do its queues stand?

Owns the JSON of `status`. Called by operators and by monitoring; exit 0 also where nothing runs.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cocmail.cli import output
from cocmail.cli.opened import Opened, opened
from cocmail.cli.unseen import for_nobody, known_to


async def status() -> None:
    """Is it alive: queues, the oldest waiting mail, the last sweep, drift, what is due."""
    settings = output.settings()
    if settings.store.sqlite is not None and not settings.store.sqlite.exists():
        _print(_nothing())
        return
    async with opened() as work:
        _print(await _standing(work))


def _nothing() -> dict[str, Any]:
    return {
        "running": False,
        "mail": {"received": 0, "waiting": 0, "quarantined": 0, "unseen": 0, "oldest": None},
        "outbox": {"waiting": 0, "failed": 0, "oldest": None},
        "enforcement": {"sanctions": 0, "drift": 0, "last_sweep": None, "calls": 0},
        "due": [],
        "trouble": [],
    }


async def _standing(work: Opened) -> dict[str, Any]:
    found = await work.store.statistics()
    swept = json.loads(found.notes.get("enforcement") or "{}")
    last = swept.get("last_sweep")
    references = {c.case: c.reference for c in await work.store.case_list()}
    known = await known_to(work.store, work.settings, await work.store.quarantine())
    running = await work.store.daemon_running()
    troubles = {
        name: found.notes.get(name, "")
        for name in ("store", "imap", "lmtp", "submission", "dns", "disk", "clock", "hook")
    }
    troubles["mailman"] = swept.get("trouble", "")
    return {
        "running": running,
        "mail": {
            "received": found.received,
            "waiting": found.waiting,
            "quarantined": found.quarantined,
            "unseen": sum(1 for one in known.values() if not one.members),
            "oldest": found.oldest_mail,
        },
        "outbox": {
            "waiting": found.outbox.waiting,
            "failed": found.outbox.failed,
            "oldest": found.outbox.oldest,
        },
        "enforcement": {
            "sanctions": found.sanctions,
            "drift": swept.get("drift", 0),
            "last_sweep": datetime.fromisoformat(last) if last else None,
            "calls": swept.get("calls", 0),
        },
        "due": [
            {"case": references.get(case), "what": what, "at": at}
            for case, what, _about, at in await work.store.all_due()
        ],
        "trouble": [
            *([words for words in troubles.values() if words] if running else []),
            *filter(None, (for_nobody(known.values()),)),
        ],
    }


def _print(standing: dict[str, Any]) -> None:
    if output.call().json:
        output.say_json(standing)
        return
    mail, outbox, lists = standing["mail"], standing["outbox"], standing["enforcement"]
    output.say("cocmail is running" if standing["running"] else "cocmail is not running")
    for words in standing["trouble"]:
        output.say(f"Trouble: {words}")
    output.table(
        ("", ""),
        [
            ("mail received", mail["received"]),
            ("mail waiting", mail["waiting"]),
            ("oldest waiting mail", mail["oldest"]),
            ("mail set aside", mail["quarantined"]),
            ("of it, for no member to see", mail["unseen"]),
            ("letters waiting", outbox["waiting"]),
            ("oldest waiting letter", outbox["oldest"]),
            ("letters that failed", outbox["failed"]),
            ("sanctions in force", lists["sanctions"]),
            ("places that differ on the lists", lists["drift"]),
            ("last sweep of the lists", lists["last_sweep"]),
            ("calls in the last sweep", lists["calls"]),
        ],
    )
    if standing["due"]:
        output.table(
            ("case", "due", "at"),
            [(d["case"], d["what"], d["at"]) for d in standing["due"]],
            title="Due",
        )
