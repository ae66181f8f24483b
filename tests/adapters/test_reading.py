"""Unusual mail is read in a process that may stall, swell or die: the mail behind it is read all
the same, and nothing of it is left over."""

import asyncio
import base64
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cocmail.adapters.html import html_to_text
from cocmail.adapters.reading import _READ as READ
from cocmail.adapters.reading import Reader, at_once
from cocmail.adapters.workers import DiedError, Workers
from cocmail.core.errors import Temporary
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail, Unreadable, read
from cocmail.lab.waiting import wait_until

CORPORA = Path(__file__).parents[3] / "shared/corpora"
UNUSUAL = b"From: Anna <anna@example.net>\r\nSubject: x\r\n\r\n" + b"word\r\n" * 50_000


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(most=1)
    yield made
    made.close()


def pids(workers: Workers) -> list[int]:
    every = (*workers._free, *workers._busy)
    return [one._process.pid for one in every if one._process is not None]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_what_is_usual_needs_no_process(workers: Workers) -> None:
    reader = Reader(Limits(), workers)
    assert isinstance(await reader.read(b"From: a@b.example\n\nHello\n", None), Mail)
    assert isinstance(await reader.read(b"x" * 2000, None), Mail)
    beyond = await Reader(Limits(size=10), workers).read(b"x" * 11, None)
    assert beyond == Unreadable(why="It is larger than we open.")
    assert pids(workers) == []
    assert isinstance(await reader.read_apart(b"From: a@b.example\n\nHello\n", None), Mail)
    assert len(pids(workers)) == 1


@pytest.mark.parametrize(
    ("page", "usual"),
    [
        (b"<p>Help me.</p>" * 900, True),
        (b"<b>" * 2_001, False),
        (b"word " * 12_001, False),
        (b"<p " + b"a=b " * 1_100 + b">Help me.", False),
        (b"<p a='>' " + b"b " * 2_100 + b">Help me.", False),
        (b"<!-- <p a=' -->" + b"<p " + b"b " * 2_100 + b">Help me.", False),
    ],
    ids=["usual", "tags", "long", "attributes", "behind a quoted end", "behind a comment"],
)
def test_what_a_page_costs_is_seen_when_it_is_decoded(page: bytes, usual: bool) -> None:
    head = b"From: a@b.example\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
    raw = head + base64.encodebytes(page)
    assert (at_once(raw, None, Limits()) is not None) == usual


async def test_a_process_reads_as_we_do_and_is_reused(workers: Workers) -> None:
    reader = Reader(Limits(), workers)
    assert at_once(UNUSUAL, None, Limits()) is None
    found = await reader.read(UNUSUAL, "")
    assert found == read(UNUSUAL, html_to_text=html_to_text, return_path="")
    assert isinstance(found, Mail)
    assert type(found.text) is type(found.subject)
    (first,) = pids(workers)
    await reader.read(UNUSUAL, None)
    assert pids(workers) == [first]
    # Where the machine's memory runs short, it goes before the daemon does.
    assert Path(f"/proc/{first}/oom_score_adj").read_text() == "500\n"
    environment = Path(f"/proc/{first}/environ").read_bytes()
    assert {one.partition(b"=")[0] for one in environment.split(b"\0")} <= {
        b"PATH", b"LANG", b"PYTHONPATH", b"",
    }  # fmt: skip


def test_every_mail_of_the_corpora_crosses_whole() -> None:
    """What is read there is what is read here, of all that there is in the world."""
    for folder in ("malformed", "bounces", "authentication-results"):
        for path in sorted((CORPORA / folder).iterdir()):
            raw = path.read_bytes()
            found = read(raw, html_to_text=html_to_text)
            crossed = READ.validate_json(READ.dump_json(found))
            assert crossed == found, path.name


@pytest.mark.parametrize("job", ["burn", "swell", "fall", "raise", "flood", "no such job"])
async def test_whatever_a_call_does_only_its_process_ends(job: str) -> None:
    workers = Workers(most=1, seconds=2, wall=120, memory=300 << 20, jobs="tests.adapters.bad_jobs")
    try:
        reader = Reader(Limits(), workers)
        await reader.read(UNUSUAL, None)
        (first,) = pids(workers)
        with pytest.raises(DiedError):
            async with asyncio.timeout(120):
                await workers.call(job)
        assert isinstance(await reader.read(UNUSUAL, None), Mail)
        assert pids(workers) != [first]
        wait_until(lambda: gone(first), timeout=60, what="the process is gone")
    finally:
        workers.close()


async def test_a_process_that_was_killed_while_idle_costs_no_mail() -> None:
    """Promise 1: where memory runs short the kernel takes these first."""
    workers = Workers(most=2)
    try:
        reader = Reader(Limits(), workers)
        await asyncio.gather(reader.read(UNUSUAL, None), reader.read(UNUSUAL, None))
        before = pids(workers)
        assert len(before) == 2
        for one in before:
            os.kill(one, signal.SIGKILL)
        for _ in range(2):
            both = await asyncio.gather(reader.read(UNUSUAL, None), reader.read(UNUSUAL, None))
            assert [type(one) for one in both] == [Mail, Mail]
        assert not {*before} & {*pids(workers)}
    finally:
        workers.close()


async def test_what_a_process_dies_of_is_not_asked_twice(tmp_path: Path) -> None:
    workers = Workers(most=1, jobs="tests.adapters.bad_jobs")
    try:
        await Reader(Limits(), workers).read(UNUSUAL, None)
        with pytest.raises(DiedError):
            await workers.call("fall and tell", str(tmp_path / "told"))
        assert (tmp_path / "told").read_bytes() == b"x"
    finally:
        workers.close()


async def test_a_full_disk_leaves_no_half_of_what_python_would_keep() -> None:
    """With half a file of bytecode no such process would ever start again."""
    workers = Workers(most=1, jobs="tests.adapters.bad_jobs")
    try:
        assert await workers.call("keeps") == b"nothing"
    finally:
        workers.close()


async def test_where_a_process_falls_as_it_starts_the_mail_waits(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Temporary, match="no process"):
        await Reader(Limits(), workers).read(UNUSUAL, None)


async def test_an_answer_that_is_no_mail_is_none(workers: Workers) -> None:
    """Whoever broke into the process that reads can't send us what they like."""
    reader = Reader(Limits(), workers)
    await reader.read(UNUSUAL, None)

    async def lies(job: str, *arguments: object) -> bytes:
        return b'{"size": "many", "text": 5}'

    workers.call = lies  # type: ignore[method-assign]
    found = await reader.read(UNUSUAL, None)
    assert isinstance(found, Unreadable)
    assert "more time or memory" in found.why


async def test_the_end_of_all_ends_a_call_and_blames_no_mail(workers: Workers) -> None:
    reader = Reader(Limits(), workers)
    await reader.read(UNUSUAL, None)
    (pid,) = pids(workers)
    os.kill(pid, signal.SIGSTOP)
    reading = asyncio.create_task(reader.read(UNUSUAL, None))
    while not workers._busy:
        await asyncio.sleep(0)
    began = time.monotonic()
    workers.close()
    with pytest.raises(Temporary):
        await reading
    with pytest.raises(Temporary):
        await reader.read(UNUSUAL, None)
    assert time.monotonic() - began < 20  # a call may take fifty
    wait_until(lambda: gone(pid), timeout=60, what="the process is gone")


async def test_a_cancelled_call_takes_its_process_with_it(workers: Workers) -> None:
    reader = Reader(Limits(), workers)
    await reader.read(UNUSUAL, None)
    (pid,) = pids(workers)
    os.kill(pid, signal.SIGSTOP)
    reading = asyncio.create_task(reader.read(UNUSUAL, None))
    while not workers._busy:
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert isinstance(await reader.read(UNUSUAL, None), Mail)
    assert pids(workers) != [pid]


async def test_a_process_that_stands_still_is_ended_by_the_clock() -> None:
    workers = Workers(most=1)
    try:
        reader = Reader(Limits(), workers)
        await reader.read(UNUSUAL, None)
        (pid,) = pids(workers)
        workers._free[0]._wall = 0.5
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(DiedError):  # it has the whole question, so it is the question's doing
            async with asyncio.timeout(60):
                await workers.call("read", b"From: a@b.example\n\n", None, Limits())
    finally:
        workers.close()


async def test_idle_processes_end() -> None:
    workers = Workers(idle=600)
    try:
        await Reader(Limits(), workers).read(UNUSUAL, None)
        (pid,) = pids(workers)
        workers._idle = 0.01
        await Reader(Limits(), workers).read(UNUSUAL, None)
        async with asyncio.timeout(60):
            while pids(workers):
                await asyncio.sleep(0.01)
        wait_until(lambda: gone(pid), timeout=60, what="the idle process is gone")
        assert isinstance(await Reader(Limits(), workers).read(UNUSUAL, None), Mail)
    finally:
        workers.close()


async def test_where_no_process_can_be_started_the_mail_waits(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(Temporary, match="no process"):
        await Reader(Limits(), workers).read(UNUSUAL, None)
