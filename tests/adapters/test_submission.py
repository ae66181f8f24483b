"""Mail out, against the lab's sink (aiosmtpd), and a server that says what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import dkim
import pytest

from cocmail.adapters.signing import Signer
from cocmail.adapters.submission import SmtpSubmission, SubmissionSettings
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address, Private
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import free_port
from tests.adapters.certificates import Authority

# The lab's sink stops its loop without waiting for connections that we have just closed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ALICE = Address("alice@example.org")
MAIL = b"From: conduct@example.org\r\nTo: alice@example.org\r\nSubject: s\r\n\r\n.dot\r\nHello\r\n"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


def to(port: int, **changes: Any) -> SmtpSubmission:
    values = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 60} | changes
    return SmtpSubmission(SubmissionSettings(**values))


async def closed(writers: list[asyncio.StreamWriter]) -> None:
    """A connection left to the garbage collector is reported in somebody else's test."""
    for writer in writers:
        writer.close()
    await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)


@contextlib.asynccontextmanager
async def scripted(
    answer: Callable[[int, str], str | None],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[tuple[int, list[str]]]:
    """An SMTP server: `answer(connection, line)` is what it says, None: it hangs up."""
    heard: list[str] = []
    connections = 0
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writers.append(writer)
        me = connections
        line = ""
        with contextlib.suppress(ConnectionError):
            while True:
                said = answer(me, line)
                if said is None:
                    break
                if said:
                    writer.write(said.encode() + b"\r\n")
                line = (await reader.readline()).decode().rstrip("\r\n")
                if not line:
                    break
                heard.append(line)
                if line == "DATA":
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    line = "."
        writer.close()

    port = free_port()
    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
    try:
        yield port, heard
    finally:
        server.close()
        await closed(writers)


def polite(line: str, **replies: str) -> str:
    verb = "greeting" if line == "" else "end" if line == "." else line.split(" ")[0].lower()
    usual = {"greeting": "220 hi", "ehlo": "250-hi\r\n250 8BITMIME", "quit": "221 bye"}
    return (usual | replies).get(verb, "250 2.0.0 ok")


async def test_many_mails_go_by_one_connection(sink: Sink) -> None:
    submission = to(sink.port)
    for number in range(20):
        await submission.send("conduct@example.org", ALICE, MAIL + b"%d\r\n" % number)
    await submission.close()
    assert len(sink.messages) == 20
    assert len(sink.connections) == 1


async def test_the_null_return_path_and_the_bytes(sink: Sink) -> None:
    submission = to(sink.port)
    await submission.send("", ALICE, MAIL)
    await submission.close()
    (caught,) = sink.messages
    assert caught.sender in ("", "<>", None)
    assert caught.data == MAIL


async def test_a_large_mail_does_not_hold_up_the_loop(sink: Sink) -> None:
    """Members' copies with what was attached. Processor time of the loop's own thread."""
    submission = to(sink.port)
    large = MAIL + (b"x" * 76 + b"\r\n") * 100_000
    before = time.thread_time()
    await submission.send("conduct@example.org", ALICE, large)
    assert time.thread_time() - before < 0.05
    sink.refusals["*"] = "550 5.1.1 unknown"
    with pytest.raises(Permanent):
        await submission.send("conduct@example.org", ALICE, large)
    await submission.close()
    assert [caught.data for caught in sink.messages] == [large]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("450 4.2.0 alice@example.org is away", Temporary),
        ("550 5.1.1 alice@example.org is unknown", Permanent),
    ],
)
async def test_a_refusal_says_who_acts_next_and_names_nobody(
    sink: Sink, reply: str, kind: type[Exception]
) -> None:
    sink.refusals["*"] = reply
    submission = to(sink.port)
    with pytest.raises(kind) as raised:
        await submission.send("conduct@example.org", ALICE, MAIL)
    assert reply[:9] in str(raised.value)
    assert "alice" not in str(raised.value)
    sink.refusals.clear()
    await submission.send("conduct@example.org", ALICE, MAIL)
    await submission.close()
    assert len(sink.messages) == 1


@pytest.mark.parametrize(
    ("reply", "kind"), [("451 4.3.0 x", Temporary), ("554 5.6.0 x", Permanent)]
)
async def test_a_refusal_after_the_data(sink: Sink, reply: str, kind: type[Exception]) -> None:
    sink.after_data = reply
    submission = to(sink.port)
    with pytest.raises(kind):
        await submission.send("", ALICE, MAIL)
    await submission.close()


@pytest.mark.parametrize("how", ["hangs up", "421"])
async def test_a_connection_that_the_server_gave_up_is_made_again(how: str) -> None:
    mails = dict.fromkeys(range(1, 9), 0)

    def answer(connection: int, line: str) -> str | None:
        if line.startswith("MAIL"):
            mails[connection] += 1
            if mails[connection] > 1:
                return None if how == "hangs up" else "421 4.4.2 you were idle"
        return polite(line)

    async with scripted(answer) as (port, _):
        submission = to(port)
        for _ in range(3):
            await submission.send("", ALICE, MAIL)
        await submission.close()
    assert mails[3] == 1


async def test_a_server_that_restarts_between_two_mails(sink: Sink) -> None:
    submission = to(sink.port)
    await submission.send("", ALICE, MAIL)
    await asyncio.to_thread(sink.stop)
    with pytest.raises(Temporary, match=r"^\[submission\] host: "):
        await submission.send("", ALICE, MAIL)
    await asyncio.to_thread(sink.start)
    await submission.send("", ALICE, MAIL)
    await submission.close()
    assert len(sink.messages) == 2


async def test_a_silent_server_is_given_up() -> None:
    async with scripted(lambda _, line: "" if line.startswith("MAIL") else polite(line)) as (
        port,
        _,
    ):
        start = time.monotonic()
        with pytest.raises(Temporary, match="no answer in time"):
            await to(port, timeout=0.3).send("", ALICE, MAIL)
        assert time.monotonic() - start < 30


async def test_smtputf8_only_where_it_is_needed_and_never_without_the_server() -> None:
    utf8 = "250-hi\r\n250-8BITMIME\r\n250 SMTPUTF8"
    async with scripted(lambda _, line: polite(line, ehlo=utf8)) as (port, heard):
        submission = to(port)
        await submission.send("", ALICE, MAIL + "nö".encode())
        await submission.send("", Address("nö@example.org"), MAIL)
        await submission.close()
    assert [line for line in heard if line.startswith(("MAIL", "RCPT"))] == [
        "MAIL FROM:<> BODY=8BITMIME",
        "RCPT TO:<alice@example.org>",
        "MAIL FROM:<> SMTPUTF8",
        "RCPT TO:<nö@example.org>",
    ]
    async with scripted(lambda _, line: polite(line)) as (port, heard):
        submission = to(port)
        with pytest.raises(Permanent, match="SMTPUTF8"):
            await submission.send("", Address("nö@example.org"), MAIL)
        await submission.close()
        assert not [line for line in heard if line.startswith("RCPT")]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (30, [True]),
        (5, [True, None]),
        (-2, [False]),
    ],
)
async def test_a_certificate_that_ends_is_told_before_and_when_it_did(
    tmp_path: Path, days: int, said: list[bool | None]
) -> None:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.certificate("127.0.0.1", days=(-9, days)))
    greeted = "250-hi\r\n250 SMTPUTF8"
    async with scripted(lambda _, line: polite(line, ehlo=greeted), tls=context) as (port, _):
        lines = await to(port, security="tls", ca_file=authority.ca_file).probe()
    assert [sound for sound, _ in lines] == said
    if days < 30:
        words = "ends in 5 days" if days > 0 else "has expired"
        assert f"[submission] host: its certificate {words}" in lines[-1][1]


async def test_a_refused_login_is_no_fault_of_the_mail() -> None:
    with Sink(username="conduct", password="right") as sink:
        wrong = to(sink.port, username="conduct", password=Private("wrong"))
        assert [sound for sound, _ in await wrong.probe()] == [False]
        with pytest.raises(Temporary, match=r"\[submission\]"):
            await wrong.send("", ALICE, MAIL)
        right = to(sink.port, username="conduct", password=lambda: "right")
        assert {sound for sound, _ in await right.probe()} == {True}
        await right.send("", ALICE, MAIL)
        await right.close()
        assert len(sink.messages) == 1


async def test_no_tls_where_it_is_asked_for_sends_nothing(sink: Sink) -> None:
    submission = to(sink.port, security="starttls")
    with pytest.raises(Temporary, match="security"):
        await submission.send("", ALICE, MAIL)
    assert sink.messages == []


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY"])
def test_a_signature_that_verifies_and_covers_what_matters(tmp_path: Path, kind: str) -> None:
    traditional = ["-traditional"] if kind.startswith("RSA") else []
    key = subprocess.run(
        ["openssl", "genrsa", *traditional, "2048"], capture_output=True, check=True
    ).stdout
    assert kind.encode() in key
    signer = Signer("example.org", "cocmail", key)
    signed = signer.sign(MAIL.replace(b"\r\n", b"\n"))
    assert signed.endswith(MAIL)
    asked = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return signer.record.encode()

    assert dkim.verify(signed, dnsfunc=dns)
    assert asked == [b"cocmail._domainkey.example.org."]
    for added in (b"From: x@example.org\r\n", b"Subject: x\r\n", b"Reply-To: x@example.org\r\n"):
        assert not dkim.verify(added + signed, dnsfunc=dns)
    start = time.monotonic()
    for _ in range(10):
        signer.sign(MAIL)
    print(f"signing: {(time.monotonic() - start) * 100:.1f} ms a mail")


def test_a_key_that_cannot_sign_is_one_line() -> None:
    for key in (b"nonsense", b""):
        with pytest.raises(Permanent, match=r"^\[signing\] key_file: [^\n]+$"):
            Signer("example.org", "cocmail", key)
