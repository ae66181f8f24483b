"""A real Postfix hands mail to our LMTP server, over TCP and a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from cocmail.adapters.lmtp import LmtpServer, LmtpSettings
from cocmail.core.errors import Temporary
from cocmail.lab.postfix import Postfix
from cocmail.lab.waiting import free_port

pytestmark = pytest.mark.servers

MAIL = b"From: r@example.net\r\nSubject: s\r\n\r\n.dot\r\nhello \xc3\xb6\r\n"


@pytest.mark.parametrize("road", ["tcp", "unix"])
async def test_postfix_delivers_and_tries_again_while_the_store_is_down(
    tmp_path: Path, kept, until, road
):
    port = free_port()
    postfix = Postfix(
        tmp_path, lmtp=f"inet:127.0.0.1:{port}" if road == "tcp" else f"unix:{tmp_path}/s"
    )
    # A test's scratch folder is closed to Postfix's users: its own room is not.
    socket_path = postfix.log.parent / "lmtp.sock"
    if road == "unix":
        main = postfix.log.parent / "etc" / "main.cf"
        main.write_text(main.read_text().replace(f"unix:{tmp_path}/s", f"unix:{socket_path}"))
    listen = f"127.0.0.1:{port}" if road == "tcp" else f"unix:{socket_path}"
    server = LmtpServer(LmtpSettings(listen=listen), lambda a: a.local != "conduct+refused")
    task = asyncio.create_task(server.run(kept))
    try:
        await until(lambda: server.listening)
        if road == "unix":
            os.chmod(socket_path, 0o666)  # noqa: PTH101 - Postfix isn't in our group here
        await asyncio.to_thread(postfix.start)
        kept.fails = lambda _: Temporary("the store is down")
        to = ["conduct@example.org", "conduct+a@example.org", "conduct+refused@example.org"]
        await asyncio.to_thread(postfix.send, MAIL, *to, sender="r@example.net")
        await until(lambda: kept.calls >= 1)
        assert kept.arrivals == []
        kept.fails = lambda _: None
        await until(lambda: kept.arrivals and not postfix.queued())
        got = {to for arrival in kept.arrivals for to in arrival.recipients}
        assert got == {"conduct@example.org", "conduct+a@example.org"}
        assert all(a.raw.endswith(b"\r\n\r\n.dot\r\nhello \xc3\xb6\r\n") for a in kept.arrivals)
        assert kept.arrivals[0].return_path == "r@example.net"
    finally:
        await asyncio.to_thread(postfix.close)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
