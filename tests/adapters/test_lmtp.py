"""Mail in by LMTP, spoken to over bare sockets: the replies are counted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import stat
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.lmtp import LmtpServer, LmtpSettings
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address
from cocmail.lab.waiting import free_port
from cocmail.ports import Arrival


def ours(address: Address) -> bool:
    return address.domain == "example.org"


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> str:
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 60)).decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, line: str | bytes) -> str:
        self.send(line)
        return await self.reply()

    def send(self, line: str | bytes) -> None:
        self.writer.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def begin(self, *recipients: str, sender: str = "r@example.net") -> list[str]:
        assert (await self.say(f"MAIL FROM:<{sender}>")).startswith("250 2.0.0 ")
        return [await self.say(f"RCPT TO:<{to}>") for to in recipients]

    async def data(self, raw: bytes, replies: int) -> list[str]:
        assert (await self.say("DATA")).startswith("354")
        self.writer.write(raw + b".\r\n")
        return [await self.reply() for _ in range(replies)]


class Lmtp:
    def __init__(self, keep: Any) -> None:
        self.keep = keep
        self.listen = f"127.0.0.1:{free_port()}"

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        if self.listen.startswith("unix:"):
            streams = await asyncio.open_unix_connection(self.listen[5:])
        else:
            streams = await asyncio.open_connection(*self.listen.split(":"))
        client = Client(*streams)
        try:
            assert (await client.reply()).startswith("220 ")
            assert "PIPELINING" in await client.say("LHLO test")
            yield client
        finally:
            client.writer.close()

    @contextlib.asynccontextmanager
    async def serving(self, **changes: Any) -> AsyncIterator[LmtpServer]:
        server = LmtpServer(LmtpSettings(listen=self.listen, **changes), ours)
        task = asyncio.create_task(server.run(self.keep))
        try:
            while not server.listening and not task.done():
                await asyncio.sleep(0)
            yield server
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def lmtp(kept: Any) -> Lmtp:
    return Lmtp(kept)


MAIL = b"Subject: s\r\n\r\nHello\r\n"


async def test_one_reply_for_each_recipient_that_was_accepted(lmtp: Lmtp, kept: Any) -> None:
    async with lmtp.serving(), lmtp.client() as client:
        replies = await client.begin(
            "conduct@example.org",
            "x@elsewhere.net",
            "Conduct+Token@EXAMPLE.org",
            "conduct@example.org",
        )
        assert [r[:9] for r in replies] == ["250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5"]
        replies = await client.data(MAIL, 3)
        assert replies == ["250 2.0.0 Stored"] * 3
        assert (await client.say("QUIT")).startswith("221 2.0.0")
        assert await client.reader.read() == b""
    (arrival,) = kept.arrivals
    assert arrival.raw == MAIL
    assert arrival.recipients == ("conduct@example.org", "conduct+token@example.org")
    assert (arrival.road, arrival.source, arrival.return_path) == ("lmtp", None, "r@example.net")


async def test_no_reply_says_whom_it_is_about(lmtp: Lmtp) -> None:
    async with lmtp.serving(), lmtp.client() as client:
        replies = await client.begin("mallory@elsewhere.net")
        replies.append(await client.say("DATA"))
    assert replies[1].startswith("503 5.5.1")  # RFC 2033 section 4.2
    assert "mallory" not in "".join(replies)


async def test_a_store_that_cannot_take_it_is_4xx_for_every_recipient(
    lmtp: Lmtp, kept: Any
) -> None:
    kept.fails = lambda _: Temporary("the disk is full")
    async with lmtp.serving() as server, lmtp.client() as client:
        await client.begin("conduct@example.org", "conduct+a@example.org")
        replies = await client.data(MAIL, 2)
        assert [r[:9] for r in replies] == ["451 4.3.0"] * 2
        assert "disk" not in "".join(replies)
        assert "the disk is full" in server.trouble
        kept.fails = lambda _: None
        await client.begin("conduct@example.org")
        assert await client.data(MAIL, 1) == ["250 2.0.0 Stored"]
        assert server.trouble == ""


async def test_a_fault_of_ours_is_4xx_too_and_the_conversation_goes_on(
    lmtp: Lmtp, kept: Any
) -> None:
    kept.fails = lambda _: KeyError("a line of mail")
    async with lmtp.serving() as server, lmtp.client() as client:
        await client.begin("conduct@example.org", "conduct+a@example.org")
        replies = await client.data(MAIL, 2)
        assert [r[:9] for r in replies] == ["451 4.3.0"] * 2
        assert "KeyError" in server.trouble
        assert "line of mail" not in server.trouble + "".join(replies)
        kept.fails = lambda _: None
        await client.begin("conduct@example.org")
        assert await client.data(MAIL, 1) == ["250 2.0.0 Stored"]


async def test_never_250_before_it_is_committed(lmtp: Lmtp) -> None:
    commit = asyncio.Event()

    async def keep(_: Arrival) -> None:
        await commit.wait()

    lmtp.keep = keep
    async with lmtp.serving(), lmtp.client() as client:
        await client.begin("conduct@example.org")
        answer = asyncio.create_task(client.data(MAIL, 1))
        done, _ = await asyncio.wait({answer}, timeout=0.3)
        assert not done
        commit.set()
        assert await answer == ["250 2.0.0 Stored"]


async def test_a_client_that_goes_away_does_not_tear_the_commit(lmtp: Lmtp, kept: Any) -> None:
    begun, commit, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def keep(arrival: Arrival) -> None:
        begun.set()
        await commit.wait()
        await kept(arrival)
        over.set()

    lmtp.keep = keep
    async with lmtp.serving():
        async with lmtp.client() as client:
            await client.begin("conduct@example.org")
            await client.say("DATA")
            client.writer.write(MAIL + b".\r\n")
            await begun.wait()
        commit.set()
        await asyncio.wait_for(over.wait(), 60)
    assert kept.raws == [MAIL]


async def test_stopping_finishes_what_is_being_stored_and_says_so(lmtp: Lmtp, kept: Any) -> None:
    begun, commit = asyncio.Event(), asyncio.Event()

    async def keep(arrival: Arrival) -> None:
        begun.set()
        await commit.wait()
        await kept(arrival)

    server = LmtpServer(LmtpSettings(listen=lmtp.listen), ours)
    task = asyncio.create_task(server.run(keep))
    while not server.listening:
        await asyncio.sleep(0)
    async with lmtp.client() as idle, lmtp.client() as client:
        await client.begin("conduct@example.org")
        answer = asyncio.create_task(client.data(MAIL, 1))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        commit.set()
        assert await answer == ["250 2.0.0 Stored"]
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await idle.reader.read() == b""
    assert kept.raws == [MAIL]


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: bare\r\n\r\nlf\nlf\n.\nMAIL FROM:<x@example.net>\n.\r\nmore\r\n",
        b"Subject: bare\rFrom: victim@example.org\r\n\r\ncr\r.\r\x00nul\r\n",
        b"Subject: 8bit \xff\xfe\r\n\r\n\x80" + b"a" * 300_000 + b"\r\n",
        b"",
        b"\r\n",
        b"Subject: dots\r\n\r\n..\r\n...x\r\n",
    ],
    ids=["lf", "cr-nul", "8bit-long-line", "nothing", "empty-line", "dots"],
)
async def test_the_bytes_are_kept_as_they_came(lmtp: Lmtp, kept: Any, raw: bytes) -> None:
    stuffed = b"\r\n".join(b"." + x if x.startswith(b".") else x for x in raw.split(b"\r\n"))
    async with lmtp.serving(), lmtp.client() as client:
        await client.begin("conduct@example.org")
        assert await client.data(stuffed, 1) == ["250 2.0.0 Stored"]
    assert kept.raws == [raw]


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r"]
)
async def test_only_crlf_dot_crlf_ends_a_mail_so_none_is_smuggled(
    lmtp: Lmtp, kept: Any, end: bytes
) -> None:
    second = b"MAIL FROM:<forged@example.net>\r\nRCPT TO:<conduct@example.org>\r\nDATA\r\nFrom: f"
    async with lmtp.serving(), lmtp.client() as client:
        await client.begin("conduct@example.org")
        replies = await client.data(b"Subject: s\r\n\r\nx" + end + second + b"\r\n", 1)
        assert replies == ["250 2.0.0 Stored"]
        assert (await client.say("NOOP")).startswith("250 ")
    (arrival,) = kept.arrivals
    assert b"DATA\r\nFrom: f" in arrival.raw
    assert arrival.return_path == "r@example.net"


async def test_too_large_is_552_for_each_recipient_and_the_conversation_goes_on(
    lmtp: Lmtp, kept: Any
) -> None:
    async with lmtp.serving(largest=10_000), lmtp.client() as client:
        refused = await client.say("MAIL FROM:<r@example.net> SIZE=10001")
        assert refused.startswith("552 5.3.4")
        for raw in ((b"x" * 70 + b"\r\n") * 200, b"x" * 30_000 + b"\r\n"):
            await client.begin("conduct@example.org", "conduct+a@example.org")
            replies = await client.data(raw, 2)
            assert [r[0] for r in replies] == ["5", "5"]
            assert (await client.say("RSET")).startswith("250 ")
        await client.begin("conduct@example.org")
        assert await client.data(MAIL, 1) == ["250 2.0.0 Stored"]
    assert kept.raws == [MAIL]


async def test_pipelined_and_split_at_every_place(lmtp: Lmtp, kept: Any) -> None:
    talk = (
        b"MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<conduct@example.org>\r\n"
        b"RCPT TO:<n\xc3\xb6@example.org>\r\nRCPT TO:<\xff@example.org>\r\nDATA\r\n"
    )
    async with lmtp.serving(), lmtp.client() as client:
        for at in range(1, len(talk), 9):
            client.writer.write(talk[:at])
            await client.writer.drain()
            await asyncio.sleep(0)
            client.writer.write(talk[at:])
            codes = [(await client.reply())[:3] for _ in range(5)]
            assert codes == ["250", "250", "250", "553", "354"]
            client.writer.write(MAIL + b".\r\n")
            assert [await client.reply() for _ in range(2)] == ["250 2.0.0 Stored"] * 2
    assert {a.return_path for a in kept.arrivals} == {""}
    assert kept.arrivals[0].recipients == ("conduct@example.org", "nö@example.org")


async def test_short_lines_take_no_more_memory_than_long_ones(lmtp: Lmtp, kept: Any) -> None:
    raw = b"\r\n" * 3_000_000
    async with lmtp.serving(), lmtp.client() as client:
        await client.begin("conduct@example.org")
        tracemalloc.start()
        try:
            assert await client.data(raw, 1) == ["250 2.0.0 Stored"]
            assert tracemalloc.get_traced_memory()[1] < 8 * len(raw)  # this client's own copy too
        finally:
            tracemalloc.stop()
    assert kept.arrivals[0].raw == raw


@pytest.mark.parametrize(
    "sender",
    ["a..b@docomo.ne.jp", "a.@docomo.ne.jp", '"a b"@x.org', "MAILER-DAEMON", "p=1=a@x.net"],
)
async def test_odd_senders_are_taken(lmtp: Lmtp, kept: Any, sender: str) -> None:
    async with lmtp.serving(), lmtp.client() as client:
        await client.begin("conduct@example.org", sender=sender)
        await client.data(MAIL, 1)
    assert kept.arrivals[0].return_path == sender


async def test_too_many_connections_are_told_so(lmtp: Lmtp) -> None:
    async with lmtp.serving(connections=2), lmtp.client(), lmtp.client():
        reader, writer = await asyncio.open_connection(*lmtp.listen.split(":"))
        assert (await reader.read()).startswith(b"421 4.3.2")
        writer.close()


async def test_a_silent_client_is_let_go(lmtp: Lmtp) -> None:
    async with lmtp.serving(timeout=2), lmtp.client() as client:
        await client.begin("conduct@example.org")
        await client.say("DATA")
        client.writer.write(b"Subject: never ends\r\n")
        assert await asyncio.wait_for(client.reader.read(), 60) == b""


async def test_a_unix_socket_is_closed_to_others_and_a_stale_one_is_no_hindrance(
    tmp_path: Path, lmtp: Lmtp, kept: Any
) -> None:
    path = tmp_path / "lmtp.sock"
    lmtp.listen = f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    async with lmtp.serving() as server, lmtp.client() as client:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        await client.begin("conduct@example.org")
        await client.data(MAIL, 1)
        second = LmtpServer(LmtpSettings(listen=lmtp.listen), ours)
        with pytest.raises(Permanent, match=r"\[lmtp\] listen: another server"):
            await second.run(kept)
        assert [sound for sound, _ in await server.probe()] == [True]
        await client.begin("conduct@example.org")
        assert await client.data(MAIL, 1) == ["250 2.0.0 Stored"]
    assert not path.exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: f"unix:{path}/missing/lmtp.sock",
        lambda path: f"unix:{path}/{'x' * 200}",
        lambda path: "nonsense",
        lambda path: "127.0.0.1:99999999",
        lambda path: "192.0.2.1:8024",
    ],
)
async def test_what_cannot_be_listened_on_is_one_line(
    tmp_path: Path, kept: Any, make: Callable[[Path], str]
) -> None:
    server = LmtpServer(LmtpSettings(listen=make(tmp_path)), ours)
    with pytest.raises(Permanent, match=r"^\[lmtp\] listen: [^\n]+$"):
        await server.run(kept)
    assert [sound for sound, _ in await server.probe()] == [False]


async def test_a_file_in_the_way_is_left_alone(tmp_path: Path, kept: Any) -> None:
    path = tmp_path / "precious"
    path.write_text("x")
    with pytest.raises(Permanent):
        await LmtpServer(LmtpSettings(listen=f"unix:{path}"), ours).run(kept)
    assert path.read_text() == "x"


async def test_nothing_of_a_mail_is_logged_even_at_debug(
    lmtp: Lmtp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with lmtp.serving(), lmtp.client() as client:
        await client.begin("conduct+secret@example.org", sender="r-secret@example.net")
        await client.data(b"Subject: secret\r\n\r\nsecret\r\n", 1)
    assert "secret" not in caplog.text
