"""Logging in with a token (XOAUTH2): asked for at every connection, shown once, told to nobody."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.imap import ImapInbox
from cocmail.adapters.token_command import TokenCommand
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Private
from tests.adapters.imap_server import HANG_UP, MAILS, Scripted, inbox, only

KEY = "[imap] token_command"
Program = Callable[[str], tuple[str, ...]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A Python program of these lines, as an operator would name it."""

    def written(text: str) -> tuple[str, ...]:
        path = tmp_path / "token.py"
        path.write_text(text)
        return (sys.executable, str(path))

    return written


@pytest.fixture
def counting(program: Program, tmp_path: Path) -> TokenCommand:
    """ya29.1, ya29.2, ya29.3, one a call."""
    lines = f"p = r'{tmp_path / 'calls'}'; open(p, 'a').write('x')\n"
    lines += "print('ya29.%d' % len(open(p).read()))"
    return TokenCommand(program(lines), KEY)


def by_token(server: Scripted, clock: Any, source: Any, **changes: Any) -> ImapInbox:
    server.capabilities += " AUTH=XOAUTH2"
    values = {"password": source, "authentication": "xoauth2", "login_key": "token_command"}
    return inbox(server, clock, **(values | changes))


async def test_a_token_is_asked_for_at_every_connection(
    server, clock, kept, until, running, counting
):
    server.tokens = {"ya29.1", "ya29.2", "ya29.3"}
    server.instead = only("IDLE", HANG_UP, times=2)
    async with running(by_token(server, clock, counting).run(kept)):
        await until(lambda: server.connections == 3)
        server.append(MAILS[0])
        await until(lambda: len(server.archived()) == 1)
    assert server.shown == ["ya29.1", "ya29.2", "ya29.3"]
    assert server.said("LOGIN") == 0


async def test_an_expired_token_is_asked_for_again_and_shown_once(
    server, clock, kept, until, running
):
    now = [Private("old")]
    asked: list[int] = []

    def source() -> Private:
        asked.append(server.connections)
        return now[0]

    server.tokens = {"old"}
    adapter = by_token(server, clock, source, longest_delay=0.05)
    async with running(adapter.run(kept)):
        await until(lambda: server.said("IDLE") == 1)
        server.tokens = set()  # it expires, and the server ends the connection
        server.instead = only("NOOP", HANG_UP, times=1)
        server.append(MAILS[0])
        await until(lambda: "should give a new one" in adapter.trouble)
        assert "[imap] token_command" in adapter.trouble
        assert "old" not in adapter.trouble
        refused, so_far = server.connections, len(asked)
        await until(lambda: len(asked) > so_far + 3)
        assert server.connections == refused
        now[0], server.tokens = Private("new"), {"new"}
        await until(lambda: len(server.archived()) == 1)
        await until(lambda: adapter.trouble == "")
    assert server.shown == ["old", "old", "new"]
    assert server.answer == b"\r\n"  # and not the token once more


async def test_a_token_that_had_expired_before_the_start_is_asked_for_once_more(
    server, clock, kept, until, running, counting
):
    server.tokens = {"ya29.2"}
    server.append(MAILS[0])
    async with running(by_token(server, clock, counting).run(kept)):
        await until(lambda: len(server.archived()) == 1)
    assert server.shown == ["ya29.1", "ya29.2"]


async def test_a_refused_token_without_another_ends_it_with_one_line(server, clock, kept):
    adapter = by_token(server, clock, lambda: Private("stale"))
    with pytest.raises(
        Permanent, match=r"^[^\n]*\[imap\] token_command[^\n]*username[^\n]*$"
    ) as end:
        await asyncio.wait_for(adapter.run(kept), 60)
    assert "stale" not in str(end.value)
    assert server.shown == ["stale"]


async def test_ever_new_tokens_that_are_refused_are_not_shown_for_ever(
    server, clock, kept, counting
):
    adapter = by_token(server, clock, counting, login_attempts=3, longest_delay=0.05)
    with pytest.raises(Permanent, match=r"refused the login: see \[imap\] username and token_"):
        await asyncio.wait_for(adapter.run(kept), 60)
    assert server.shown == ["ya29.1", "ya29.2", "ya29.3"]


async def test_a_token_is_not_shown_to_a_server_that_takes_none(server, clock, kept):
    adapter = inbox(server, clock, password=lambda: "t", authentication="xoauth2")
    with pytest.raises(Permanent):
        await asyncio.wait_for(adapter.run(kept), 60)
    assert server.said("AUTHENTICATE") == 0
    lines = await adapter.probe()
    assert lines[0][0] is False
    assert "no AUTH=XOAUTH2" in lines[0][1]


async def test_a_file_that_is_gone_for_a_moment_ends_nothing(server, clock, kept, until, running):
    there = [True]

    def read() -> str:
        if not there[0]:
            raise Permanent("imap.token: there is no such file")
        return "good"

    server.tokens = {"good"}
    adapter = by_token(server, clock, read, longest_delay=0.05)
    async with running(adapter.run(kept)):
        await until(lambda: server.said("IDLE") == 1)
        there[0] = False
        server.instead = only("NOOP", HANG_UP, times=1)
        server.append(MAILS[0])
        await until(lambda: adapter.trouble == "imap.token: there is no such file; trying again")
        there[0] = True
        await until(lambda: len(server.archived()) == 1)
    there[0] = False
    with pytest.raises(Permanent, match="no such file"):
        await by_token(server, clock, read).run(kept)


# -- the program -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("import sys; print('ya29.secret'); sys.exit(3)", "status 3"),
        ("pass", "one line, the token"),
        ("print('two ya29.secret'); print('lines')", "one line, the token"),
        ("print('ya29.secret\\x01auth=Bearer other')", "one line, the token"),
        ("while True: print('ya29.secret' * 1000)", "too much"),
        ("import time; print('ya29.secret', flush=True); time.sleep(600)", "within"),
        (
            "import os, time; print('ya29.secret', flush=True); os.close(1); time.sleep(600)",
            "within",
        ),
    ],
)
def test_what_a_program_does_wrong_is_said_without_what_it_said(program, lines, words):
    seconds = 1 if words == "within" else 60
    began = time.monotonic()
    with pytest.raises(Temporary, match=words) as wrong:
        TokenCommand(program(lines), KEY, seconds=seconds)()
    assert str(wrong.value).startswith(KEY)
    assert "ya29" not in str(wrong.value)
    assert time.monotonic() - began < 50


def test_a_program_that_is_not_there_is_named_at_once() -> None:
    with pytest.raises(Permanent, match=r"^\[imap\] token_command: .*no such file"):
        TokenCommand(("/nowhere/token",), KEY)()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False  # since we asked
    return "Z" not in stat.rpartition(")")[2].split()[0]


async def test_stopping_ends_the_program_and_what_it_started(
    server, clock, kept, until, running, program, tmp_path
):
    pid = tmp_path / "pid"
    lines = f"""
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(r"{pid}.new").write_text(str(child.pid))
pathlib.Path(r"{pid}.new").rename(r"{pid}")
time.sleep(600)
"""
    async with running(by_token(server, clock, TokenCommand(program(lines), KEY)).run(kept)):
        await until(pid.exists)
    await until(lambda: not _alive(int(pid.read_text())), timeout=20)
    assert server.connections == 0


def test_a_token_hides_itself(program) -> None:
    token = TokenCommand(program("print('ya29.secret')"), KEY)()
    assert token == "ya29.secret"
    assert "ya29" not in repr(token)


@pytest.mark.parametrize("words", ["LOGINDISABLED", "STARTTLS LOGINDISABLED AUTH=SCRAM-SHA-256"])
async def test_a_password_is_not_said_where_the_server_forbids_it(server, clock, kept, words):
    server.capabilities += f" {words}"
    server.instead = only("AUTHENTICATE", b"TAG NO [PRIVACYREQUIRED] no\r\n")
    with pytest.raises(Permanent):
        await asyncio.wait_for(inbox(server, clock).run(kept), 60)
    assert server.said("LOGIN") == 0
    assert not any("secret" in line for line in server.heard)
