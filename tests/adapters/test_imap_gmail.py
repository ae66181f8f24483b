r"""Gmail over IMAP: folders are labels on one heap of mail, which All Mail shows.

What a folder has lost stays in All Mail until it is moved to the trash, whose name depends on the
user's language.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from cocmail.core.errors import Permanent
from tests.adapters.imap_server import MAILS, Folder, Scripted, inbox

ALL, TRASH = "[Gmail]/Alle Nachrichten", "[Gmail]/Papierkorb"


class Gmail(Scripted):
    """What all labels hold is `heap`, by X-GM-MSGID; the bytes' hash is the number here."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = "IMAP4rev1 UNSELECT IDLE NAMESPACE X-GM-EXT-1 UIDPLUS MOVE SPECIAL-USE"
        self.folders |= {ALL: Folder(), TRASH: Folder(), "Kept": Folder()}
        self.flags = {ALL: r"\All \HasNoChildren", TRASH: r"\HasNoChildren \Trash"}
        self.heap: set[bytes] = set()
        self.age = timedelta(0)

    def append(self, raw: bytes) -> int:
        self.heap.add(raw)
        return super().append(raw)

    def do_move(self, at: Folder, rest: str) -> bytes | None:
        moved = [at.messages[uid] for uid in self._uids(rest) if uid in at.messages]
        refused = super().do_move(at, rest)
        if refused is None and rest.endswith(f'"{TRASH}"'):
            self.heap.difference_update(moved)
        return refused

    def do_fetch(self, at: Folder, rest: str) -> bytes:
        asked = re.search(r"X-GM-MSGID|INTERNALDATE", rest)
        if not asked:
            return super().do_fetch(at, rest)
        out = b""
        for uid in self._uids(rest):
            if uid in at.messages:
                number = hash(at.messages[uid]) & 0xFFFFFFFF
                value = number if asked[0] == "X-GM-MSGID" else '"01-Jan-2020 10:00:00 +0000"'
                out += f"* {uid} FETCH ({asked[0]} {value} UID {uid})\r\n".encode()
        return out


@pytest.fixture(params=[0, 1], ids=["whole", "split"])
async def gmail(request) -> AsyncIterator[Gmail]:
    server = Gmail()
    server.piece = request.param
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(server.serving())
        yield server


async def test_filing_takes_the_inbox_label_off_and_each_mail_comes_once(
    gmail, clock, kept, until, running
):
    for raw in MAILS[:3]:
        gmail.append(raw)
    async with running(inbox(gmail, clock).run(kept)):
        await until(lambda: len(gmail.archived()) == 3)
        assert gmail.inbox.messages == {}
    assert kept.raws == MAILS[:3]
    assert gmail.heap == set(MAILS[:3])  # All Mail has them still: nobody looks there


async def test_what_is_over_in_the_archive_leaves_all_mail_too(gmail, clock, kept, until, running):
    theirs = b"Subject: of the operator, in the trash\r\n\r\n"
    gmail.folders[TRASH].add(theirs)
    gmail.append(MAILS[0])
    keep = timedelta(seconds=1)
    async with running(inbox(gmail, clock, archive_keep=keep).run(kept)):
        await until(lambda: not gmail.heap)
        await until(lambda: list(gmail.folders[TRASH].messages.values()) == [theirs])
        assert gmail.archived() == []
        gmail.append(MAILS[1])  # and on it goes in the inbox
        await until(lambda: len(kept.arrivals) == 2)
    assert gmail.said("EXPUNGE") >= 1


@pytest.mark.parametrize("key", ["mailbox", "junk", "archive"])
async def test_all_mail_is_no_folder_to_sweep_or_to_empty(gmail, clock, kept, key):
    adapter = inbox(gmail, clock, archive_keep=timedelta(days=1), **{key: ALL})
    with pytest.raises(Permanent, match=rf"\[imap\] {key}: this folder holds all mail"):
        await asyncio.wait_for(adapter.run(kept), 60)
    assert gmail.said("EXPUNGE") == 0
    if key != "archive":
        assert (False, f"[imap] {key}") in [
            (sound, line.partition(":")[0]) for sound, line in await adapter.probe()
        ]


async def test_filing_in_all_mail_is_to_take_the_label_off_where_nothing_is_emptied(
    gmail, clock, kept, until, running
):
    gmail.append(MAILS[0])
    async with running(inbox(gmail, clock, archive=ALL, archive_keep=None).run(kept)):
        await until(lambda: not gmail.inbox.messages)
    assert gmail.heap == {MAILS[0]}


async def test_a_check_says_that_it_is_gmail(gmail, clock):
    said = [line for _, line in await inbox(gmail, clock).probe()]
    assert "IMAP: the server has IDLE, MOVE, UIDPLUS, NAMESPACE" in said
    assert any("this is Gmail" in line for line in said)
