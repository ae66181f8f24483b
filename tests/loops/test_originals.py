"""What is attached reaches members where the community wants it, and nobody who is kept out."""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cocmail import parts
from cocmail.adapters.reading import Reader
from cocmail.adapters.workers import DiedError, Workers
from cocmail.core import casework
from cocmail.core import events as e
from cocmail.core.errors import Permanent
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail, read
from cocmail.core.people import Address, Private
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.outbox import Outbox
from cocmail.ports import Arrival
from tests.adapters.test_files import SECRET, photo
from tests.adapters.test_files import mail as with_files
from tests.promises.kit import COMMUNITY, World
from tests.promises.test_promises import _store

FIRST = Address("alice@alice.example")  # for whose copy the files are opened
SVG = b"<svg onload='alert(1)'/>"
RAW = with_files(
    ("IMG_2041.jpg", "image/jpeg", photo()),
    ("screen\u202egnp.exe", "application/x-msdownload", b"MZ\x90" + b"\0" * 100),
    ("letter.pdf", "application/pdf", b"%PDF-1.7 \xff as it came"),
    ("hello.html", "text/html", b"<img src='http://x.example/pixel'>"),
    ("drawing.svg", "image/svg+xml", SVG),
    ("date.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"),
    ("notes.txt", "text/plain", b"notes"),
).replace(b"alice@alice.example", b"ottoline@reporter.example")
Sent = list[tuple[Address, bytes]]


class Sending:
    """A submission server; ``refuses`` a mail that holds these bytes."""

    def __init__(self, refuses: bytes = b"") -> None:
        self.sent: Sent = []
        self._refuses = refuses

    async def send(self, return_path: str, recipient: Address, message: bytes) -> None:
        if self._refuses and self._refuses in message:
            raise Permanent("no such thing here")
        self.sent.append((recipient, message))

    async def close(self) -> None: ...


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    workers = Workers(most=1)
    made = Reader(Limits(), workers)
    # It is up and warm: the outbox waits six seconds for the files, however busy the machine is.
    await made.copies(RAW)
    yield made
    workers.close()


@asynccontextmanager
async def reported(
    folder: Path,
    reader: Reader,
    *,
    decided: bool,
    leaving: bool,
    raw: bytes = RAW,
    refuses: bytes = b"",
    while_opened: Sequence[Any] = (),
    asked: str = "",
) -> AsyncIterator[Sending]:
    """A report's letters leave. ``decided``, ``leaving``: whether attachments are to be copied when
    the letters are written, and when they leave. ``asked``: what alice then writes; only the
    letters after it are those that leave then, and are in `sent`."""
    store = await _store(folder)
    try:
        world = World(copying=decided)
        found = read(raw)
        assert isinstance(found, Mail)
        await store.keep(
            Arrival(
                road="lmtp",
                source=None,
                recipients=(COMMUNITY,),
                return_path="x@x.example",
                raw=raw,
            ),
            world.now,
        )
        waiting = await store.claim_mail(world.now, timedelta(minutes=1))
        assert waiting is not None
        incoming = replace(world.incoming(found), id=waiting.id)
        result = world.take(casework.report(world.case, world.setting(), incoming))
        async with store.transaction() as tx:
            await tx.open_case("case")
            await tx.record("case", result.events)
            await tx.queue(result.letters)
            await tx.settle_mail(waiting.id, state="done", case="case")
        world.copying = leaving

        async def copies(raw: bytes, only: int) -> Any:
            found = await reader.copies(raw, only)
            async with store.transaction() as tx:
                if bool(asked) == bool(only):
                    await tx.record("case", list(while_opened))
            return found

        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        sending = Sending(refuses)
        deciding = Deciding(store, lambda c: replace(world.setting(), committee=c), bells)
        outbox = Outbox(deciding, sending, parts.SystemClock(), copies=copies)
        while await outbox.send_one():
            pass
        if asked:
            sending.sent.clear()
            world.copying = decided
            result = world.say("alice", asked)
            assert world.told() == {("member:alice", "answer")}
            async with store.transaction() as tx:
                await tx.record("case", result.events)
                await tx.queue(result.letters)
            world.copying = leaving
            while await outbox.send_one():
                pass
        yield sending
    finally:
        await store.close()


def attached(message: bytes) -> dict[str, tuple[str, bytes]]:
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert parsed["Message-ID"]
    assert parsed["Cocmail-Kind"]
    return {
        str(one.get_filename()): (one.get_content_type(), one.get_payload(decode=True))  # type: ignore[misc]
        for one in parsed.iter_attachments()  # type: ignore[attr-defined]
    }


def text(message: bytes) -> str:
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    return " ".join(parsed.get_body(("plain",)).get_content().split())  # type: ignore[attr-defined]


async def test_a_copy_has_the_originals_and_pictures_without_what_they_hide(
    tmp_path: Path, reader: Reader
) -> None:
    async with reported(tmp_path, reader, decided=True, leaving=True) as sending:
        members = [(to, m) for to, m in sending.sent if to != "ottoline@reporter.example"]
        assert len(members) == 3
        for _, message in members:
            found = attached(message)
            assert list(found) == [
                "IMG_2041.jpg",
                "letter.pdf",
                "hello.html",
                "date.ics",
                "notes.txt",
            ]
            kind, picture = found.pop("IMG_2041.jpg")
            assert kind == "image/jpeg"
            assert SECRET not in picture
            # No client shows a page, answers an invitation or runs anything by itself.
            assert {kind for kind, _ in found.values()} == {"application/octet-stream"}
            assert found["letter.pdf"][1] == b"%PDF-1.7 \xff as it came"
            assert found["notes.txt"][1] == b"notes"
            said = text(message)
            assert "- screen[U+202E]gnp.exe (a program, 1 KB): kept, not sent along" in said
            assert "- letter.pdf (a PDF, not opened, 1 KB) -" in said
            assert "without what a camera writes into them" in said
            assert 'format="flowed"' in message.decode()
        (outside,) = [m for to, m in sending.sent if to == "ottoline@reporter.example"]
        assert not attached(outside)


@pytest.mark.parametrize(("decided", "leaving"), [(False, False), (True, False), (False, True)])
async def test_under_any_other_setting_nothing_is_attached(
    tmp_path: Path, reader: Reader, decided: bool, leaving: bool
) -> None:
    async with reported(tmp_path, reader, decided=decided, leaving=leaving) as sending:
        assert len(sending.sent) == 4
        assert not any(attached(message) for _, message in sending.sent)
        if not decided:
            assert "Attachments, kept and not shown here:" in text(sending.sent[1][1])


async def test_who_is_kept_out_while_the_files_are_opened_gets_none(
    tmp_path: Path, reader: Reader
) -> None:
    """Promise 3."""
    out = e.Recused(handle="alice", by="reporter", because=Private(""))
    async with reported(
        tmp_path, reader, decided=True, leaving=True, while_opened=[out]
    ) as sending:
        reached = [to for to, _ in sending.sent]
        assert FIRST not in reached
        assert len(reached) == 3


async def test_a_server_that_refuses_a_file_gets_the_report_without_it(
    tmp_path: Path, reader: Reader
) -> None:
    async with reported(
        tmp_path, reader, decided=True, leaving=True, refuses=b'letter.pdf"'
    ) as sending:
        assert len(sending.sent) == 4
        assert not any(attached(message) for _, message in sending.sent)


class Killed(Reader):
    async def _ask(self, *_: object) -> Any:
        raise DiedError


async def test_files_that_kill_their_reader_stay_behind(tmp_path: Path, reader: Reader) -> None:
    killed = Killed(Limits(), reader._workers)
    async with reported(tmp_path, killed, decided=True, leaving=True) as sending:
        assert len(sending.sent) == 4
        assert not any(attached(message) for _, message in sending.sent)


async def test_who_asks_gets_the_picture_as_it_came_and_nobody_else(
    tmp_path: Path, reader: Reader
) -> None:
    async with reported(
        tmp_path, reader, decided=True, leaving=True, asked="/original 1"
    ) as sending:
        ((to, message),) = sending.sent
        assert to == FIRST
        assert attached(message) == {"IMG_2041.jpg": ("application/octet-stream", photo())}
        assert SECRET in photo()
        assert "exactly as it came" in text(message)
        assert "can tell where and when it was taken" in text(message)


async def test_who_is_kept_out_while_the_original_is_opened_gets_nothing(
    tmp_path: Path, reader: Reader
) -> None:
    """Promise 3."""
    out = e.Recused(handle="alice", by="reporter", because=Private(""))
    async with reported(
        tmp_path, reader, decided=True, leaving=True, while_opened=[out], asked="/original 1"
    ) as sending:
        assert sending.sent == []


async def test_no_original_leaves_once_the_community_wants_none_sent(
    tmp_path: Path, reader: Reader
) -> None:
    async with reported(
        tmp_path, reader, decided=True, leaving=False, asked="/original 1"
    ) as sending:
        ((_, message),) = sending.sent
        assert not attached(message)


async def test_no_program_leaves_as_an_original(reader: Reader) -> None:
    """Whatever the list of an older mail knew of it."""
    assert await reader.copies(RAW, 2) == ()
    assert [one.data for one in await reader.copies(RAW, 5)] == [SVG]
    assert await reader.copies(RAW, 8) == ()


@pytest.mark.parametrize("everything", [False, True])
async def test_a_text_that_was_cut_leaves_whole_for_who_asks_where_no_files_are_sent(
    tmp_path: Path, reader: Reader, everything: bool
) -> None:
    words = b"He followed me again.\r\n" * 12_000 + b"And then to my door."
    raw = (
        b"From: ottoline@reporter.example\r\nTo: conduct@example.org\r\nMIME-Version: 1.0\r\n"
        b"Message-ID: <long@reporter.example>\r\n\r\n" + words
    )
    async with reported(
        tmp_path, reader, decided=everything, leaving=False, raw=raw, asked="/original 1"
    ) as sending:
        ((to, message),) = sending.sent
        assert to == FIRST
        assert attached(message) == {"text-1.txt": ("application/octet-stream", words)}


async def test_no_other_file_leaves_for_who_asked_before_files_were_sent_no_longer(
    tmp_path: Path, reader: Reader
) -> None:
    async with reported(
        tmp_path, reader, decided=True, leaving=False, asked="/original 1"
    ) as sending:
        ((to, message),) = sending.sent
        assert to == FIRST
        assert not attached(message)
