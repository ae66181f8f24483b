"""Keeps mails until it is killed, and says each time that one was kept.

Owns nothing. Run by test_mail_queue.py as a process of its own: keeper.py URL NAME.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count
from typing import Any

from cocmail.adapters.store import open_store
from cocmail.adapters.vault import derive
from cocmail.core.people import Address
from cocmail.ports import Arrival

START = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return START


async def main(url: str, name: str) -> None:
    codec: Any = None  # nothing here is an event
    store = await open_store(
        url,
        keys=derive(b"k" * 32),
        codec=codec,
        clock=Clock(),
        recipients_of=lambda raw: (),
        create=True,
    )
    for number in count():
        raw = f"mail {name}/{number}\n".encode() * 200
        arrival = Arrival(raw=raw, road="lmtp", source=None, recipients=(Address("a@b.example"),))
        assert await store.keep(arrival, START)
        print("kept", number, flush=True)


asyncio.run(main(*sys.argv[1:]))
