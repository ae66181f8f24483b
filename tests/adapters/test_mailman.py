"""The Mailman adapter against what can go wrong: a real Mailman, and servers that misbehave.

What it does on healthy lists is in tests/loops/test_enforcement.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.enforcement import (
    Act,
    Place,
    Question,
    Role,
    Row,
    Step,
    Word,
    ban_text,
    tags_text,
)
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address
from cocmail.lab.mailman import Mailman
from cocmail.lab.waiting import free_port
from tests.adapters.certificates import Authority

pytestmark = pytest.mark.servers

SECRET = "s3cret-word"
LIST = "dev@odd.example.org"
PLAIN = Address("anna@example.net")


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    with Mailman(tmp_path_factory.mktemp("mailman")) as running:
        running.api("POST", "domains", mail_host="odd.example.org")
        running.api("POST", "lists", fqdn_listname=LIST)
        yield running


@pytest.fixture
async def lists(mailman: Mailman) -> AsyncIterator[MailmanLists]:
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    yield lists
    await lists.close()


def step(act: Act, address: Address, name: str | None = None, **more: Any) -> Step:
    facts: dict[str, Any] = {"role": Role.BAN, "now": Word.ABSENT, "then": Word.BANNED, **more}
    if act in (Act.BAN, Act.UNBAN):
        facts["bans"] = (ban_text(address), tags_text(address))
    return Step(act=act, list=name, address=address, person=address, **facts)


async def bans(lists: MailmanLists, address: Address) -> list[tuple[str | None, int, int, bool]]:
    observed = await lists.observe([Question(addresses=(address,), lists=(LIST,))])
    return [(ban.list, ban.exact, ban.tags, ban.pattern) for ban in observed.bans]


@pytest.mark.parametrize(
    "text",
    ["anna@example.net", "a+b%c@example.net", "a/b@example.net", "o'hara?#&=*@example.net"],
)
async def test_a_ban_comes_and_goes_for_every_address(text: str, lists: MailmanLists) -> None:
    address = Address(text)
    for name in (None, LIST):
        assert await lists.apply(step(Act.BAN, address, name))
        assert await bans(lists, address) == [(name, 1, 1, False)]
        assert not await lists.apply(step(Act.BAN, address, name)), "it stood there already"
        await lists.apply(step(Act.UNBAN, address, name))
        await lists.apply(step(Act.UNBAN, address, name))
        assert await bans(lists, address) == []


async def test_a_pattern_is_seen_and_never_taken_away(
    mailman: Mailman, lists: MailmanLists
) -> None:
    mailman.api("POST", "bans", email="^Anna")
    assert await bans(lists, PLAIN) == [(None, 0, 0, True)]
    await lists.apply(step(Act.UNBAN, PLAIN))
    assert await bans(lists, PLAIN) == [(None, 0, 0, True)]
    mailman.api("DELETE", "bans/%5EAnna")
    assert await bans(lists, PLAIN) == []


async def test_a_star_in_an_address_is_no_wildcard(mailman: Mailman, lists: MailmanLists) -> None:
    for who in ("star-one@example.net", "star*@example.net"):
        mailman.api(
            "POST", "members", list_id="dev.odd.example.org", subscriber=who, role="nonmember"
        )
    observed = await lists.observe([Question(addresses=(Address("star*@example.net"),))])
    assert {row.address for row in observed.rows} == {Address("star*@example.net")}


async def test_lists_that_vanish_in_between_are_no_error(lists: MailmanLists) -> None:
    gone = "gone@odd.example.org"
    row = Row(list=gone, address=PLAIN, role=Role.MEMBER, member_id="0" * 32, preferences={})
    for act in Act:
        role = Role.BAN if act in (Act.BAN, Act.UNBAN) else Role.MEMBER
        with contextlib.suppress(Temporary):  # Mailman answers 400 to a subscription there
            await lists.apply(step(act, PLAIN, gone, role=role, rows=(row,)))
    assert await lists.discard_waiting([gone], [PLAIN]) == {}
    assert await lists.owners([gone]) == {}


async def test_which_lists_there_are_may_be_read_anew_meanwhile(
    lists: MailmanLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several loops share one reading of them, and one of them is gone in the next."""
    call = lists._connection.call

    def anew(*asked: Any, **more: Any) -> Any:
        lists._list_ids = {}
        return call(*asked, **more)

    monkeypatch.setattr(lists._connection, "call", anew)
    many = {
        f"gone{number}@odd.example.org": f"gone{number}.odd.example.org" for number in range(20)
    }
    for some in ({LIST: "dev.odd.example.org"}, many):
        for ask in (
            lists.owners(some),
            lists.rosters(some),
            lists.requests(some),
            lists.discard_waiting(some, [PLAIN]),
            lists.observe([Question(addresses=(PLAIN,), lists=tuple(some))], known_lists=True),
        ):
            lists._list_ids = dict(some)
            await ask


async def test_a_wrong_password_is_one_clear_line(mailman: Mailman) -> None:
    lists = MailmanLists(mailman.url, mailman.username, SECRET)
    with pytest.raises(Permanent, match=r"\[mailman\] username and password_file") as refused:
        await lists.observe([])
    assert "\n" not in str(refused.value)
    for thing in (lists, lists._connection, lists._client, refused.value):
        assert SECRET not in repr(thing)
    await lists.close()


async def test_idle_connections_do_not_hang_mailman(mailman: Mailman) -> None:
    """Mailman's workers hold a connection until it closes: ours must all be closed."""
    several = [MailmanLists(mailman.url, mailman.username, mailman.password) for _ in range(4)]
    for lists in several:
        await lists.observe([Question(addresses=(PLAIN,))])
    async with asyncio.timeout(60):
        assert "3." in await several[0].version()
    for lists in several:
        await lists.close()


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(
    answer: Answer, timeout: float = 60, authority: Authority | None = None
) -> AsyncIterator[MailmanLists]:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await answer(reader, writer)

    secured, ca_file = None, None
    if authority is not None:
        secured, ca_file = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), authority.ca_file
        secured.load_cert_chain(*authority.certificate("127.0.0.1"))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=secured)
    port = server.sockets[0].getsockname()[1]
    url = f"http{'s' if secured else ''}://127.0.0.1:{port}/3.1"
    lists = MailmanLists(url, "restadmin", SECRET, timeout=timeout, ca_file=ca_file)
    try:
        yield lists
    finally:
        await lists.close()
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)


def saying(status: int, body: bytes = b"", kind: str = "application/json") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    return answer


async def test_no_connection_outlives_its_call(until: Any) -> None:
    """Also where a server would keep it (RFC 9112 section 9.3), as one in front of Mailman does."""
    begun = ended = 0
    body = b'{"mailman_version": "GNU Mailman 3.3.10", "http_etag": "1"}'
    head = f"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"

    async def keeping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal begun, ended
        begun += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            asked = b""
            while b"connection: close" not in asked.lower():
                asked = await reader.readuntil(b"\r\n\r\n")
                writer.write(f"{head}\r\n".encode() + body)
                await writer.drain()
        writer.close()
        ended += 1

    async with serving(keeping) as lists:
        await asyncio.gather(*(lists.version() for _ in range(6)))
        assert begun
        await until(lambda: ended == begun, timeout=20)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, b"", Temporary),
        (503, b"<html>busy anna@example.net</html>", Temporary),
        (429, b"{}", Temporary),
        (401, b"{}", Permanent),
        (301, b"", Permanent),
        (404, b"no such page, anna@example.net", Permanent),
        (200, b"<html>a web page</html>", Permanent),
        (200, b"", Temporary),
        (200, b"{}", Temporary),
        (200, b"[]", Temporary),
        (200, b'{"http_etag": "anna@example.net"}', Temporary),
        (200, b'{"http_etag": "", "start": 0, "total_size": 3}', Temporary),
        (400, b'{"description": "INSERT INTO anna@example.net"}', Permanent),
    ],
)
async def test_answers_that_are_no_answers(status: int, body: bytes, error: type) -> None:
    async with serving(saying(status, body)) as lists:
        with pytest.raises(error) as raised:
            await lists.observe([Question(addresses=(PLAIN,))])
    assert "anna" not in str(raised.value)
    assert SECRET not in str(raised.value)


async def test_a_step_that_mailman_refuses_is_tried_again_later() -> None:
    async with serving(saying(400, b'{"description": "database is locked"}')) as lists:
        with pytest.raises(Temporary) as raised:
            await lists.apply(step(Act.BAN, PLAIN))
    assert str(raised.value) == "Mailman ([mailman]) refused a call (status 400)"


async def test_silence_and_a_closed_port_are_temporary() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with serving(silent, timeout=0.3) as lists:
        assert await lists.queues(within=0.1) == {}, "unknown, which isn't none"
        async with asyncio.timeout(60):
            with pytest.raises(Temporary, match="in time"):
                await lists.version()
    lists = MailmanLists(f"http://127.0.0.1:{free_port()}/3.1", "restadmin", SECRET)
    with pytest.raises(Temporary, match="can't be reached"):
        await lists.version()
    await lists.close()


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("how", ["silent", "drop by drop", "later"])
async def test_it_ends_soon_whatever_it_waits_for(how: str, secure: bool, tmp_path: Path) -> None:
    """The daemon has ten seconds for all of its end."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(20)
        asked.set()

    async def drop_by_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        with contextlib.suppress(ConnectionError):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.1)  # it is how slow it is

    async def later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 429 X\r\nRetry-After: 15\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        asked.set()

    asked = asyncio.Event()
    answer = {"silent": silent, "drop by drop": drop_by_drop, "later": later}[how]
    authority = Authority(tmp_path) if secure else None
    async with serving(answer, timeout=30, authority=authority) as lists:
        question = asyncio.ensure_future(lists.version())
        await asked.wait()
        question.cancel()
        begun = time.monotonic()
        await lists.close()
        assert time.monotonic() - begun < 8


async def test_what_was_begun_is_finished_before_it_ends() -> None:
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def unhurried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await goes_on.wait()
        await saying(200, b'{"http_etag": "", "mailman_version": "GNU Mailman"}')(reader, writer)

    async with serving(unhurried) as lists:
        question = asyncio.ensure_future(lists.version())
        await asked.wait()
        ending = asyncio.ensure_future(lists.close())
        await asyncio.sleep(0)
        goes_on.set()
        assert await question == "GNU Mailman"
        await ending


async def test_what_is_told_of_calls_is_what_that_question_made() -> None:
    """Sweep, leads and watches ask side by side over one connection."""

    nothing = b'{"http_etag": "", "self_link": "", "start": 0, "total_size": 0}'
    async with serving(saying(200, nothing)) as lists:
        questions = [
            [Question(addresses=tuple(Address(f"p{n}@example.net") for n in range(count)))]
            for count in (1, 7, 20)
        ]
        alone = [(await lists.observe(asked)).calls for asked in questions]
        assert len({*alone}) == 3
        before = lists._connection.calls
        beside = await asyncio.gather(*map(lists.observe, questions))
        assert [one.calls for one in beside] == alone
        assert sum(alone) == lists._connection.calls - before
        assert all(one.seconds > 0 for one in beside)
        place = Place(list=None, address=PLAIN, role=Role.USER, user="7")
        read = await asyncio.gather(
            *(lists.read_exactly(beside[0], [place] if count else []) for count in (0, 1, 0))
        )
        assert [one.calls - beside[0].calls for one in read] == [0, 1, 0]
