"""How many may know of mail that is set aside and belongs to no case.

Owns the counting, and the line for whoever runs the machine where nobody may. Called by `cocmail
quarantine list`, `status` and `check`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from cocmail import parts
from cocmail.adapters.store import SetAside, SqlStore
from cocmail.config import Settings
from cocmail.core.case import Case
from cocmail.core.committee import COMMITTEE, Committee
from cocmail.core.errors import SoundnessError
from cocmail.core.quarantine import is_quarantine
from cocmail.core.roster import in_force


@dataclass(frozen=True)
class Known:
    members: int = 0
    outside: int = 0  # people of `escalate_to`, where no member may


def of_case(found: SetAside) -> bool:
    return found.case is not None and not is_quarantine(found.case)


async def known_to(
    store: SqlStore[Any, Case], settings: Settings, aside: Iterable[SetAside]
) -> dict[str, Known]:
    """By the ids of those that wait. Where a record can't be read, nobody is told of it."""
    aside = tuple(aside)
    record = await _read(store, COMMITTEE)
    committee = record.committee if record else Committee()
    roster = in_force(committee, settings.roster, parts.SystemClock().now())
    members = {m.handle for m in roster.members} - committee.locked
    outside = {*parts.policy(settings).escalate_to}
    known: dict[str, Known] = {}
    for name in sorted({m.case for m in aside if m.case and is_quarantine(m.case)}):
        room = await _read(store, name)
        for item in room.quarantine.waiting.values() if room else ():
            mail = item.mail
            known[mail.mail] = Known(len(members & {*mail.handles}), len(outside & {*mail.outside}))
    return {m.id: known.get(m.id, Known()) for m in aside if not of_case(m) and not m.dropped}


async def _read(store: SqlStore[Any, Case], name: str) -> Case | None:
    try:
        return await store.read_case(name)
    except SoundnessError:
        return None


def for_nobody(known: Collection[Known]) -> str:
    """Mail that only whoever runs the machine can see to; "" where there is none."""
    count = sum(1 for one in known if not one.members and not one.outside)
    if not count:
        return ""
    mails = "a mail that is" if count == 1 else f"{count} mails that are"
    return (
        f"only whoever runs cocmail can see to {mails} set aside:"
        " `cocmail quarantine list` tells which, with 0 members"
    )
