"""Mail in by IMAP, where the server says NO: to the archive, to a login, to taking mail away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from cocmail.core.errors import Permanent
from tests.adapters.imap_server import HANG_UP, MAILS, Answer, Folder, Scripted, inbox, only

# -- the archive -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("[OVERQUOTA] Quota", "the account is full (OVERQUOTA); empty the archive, or lower"),
        ("[NOPERM] no", "this user may not (NOPERM); give it the right"),
        ("[CANNOT] bad name", "(CANNOT); name another [imap] archive"),
        ("conduct@example.org can't", "it doesn't say why; see with a mail program"),
    ],
)
async def test_an_archive_that_cannot_be_made_stops_no_mail(
    server, clock, kept, until, running, code, mend
):
    server.append(MAILS[0])
    server.instead = only("CREATE", f"TAG NO {code}\r\n".encode())
    adapter = inbox(server, clock, idle_for=0.2)
    async with running(adapter.run(kept)):
        await until(lambda: kept.raws == MAILS[:1])
        await until(lambda: mend in adapter.trouble)
        assert "[imap] archive" in adapter.trouble
        assert adapter.trouble.endswith(". Mail is read and answered all the same")
        assert "conduct@" not in adapter.trouble
        server.append(MAILS[1])
        await until(lambda: kept.raws == MAILS[:2])
        assert sorted(server.inbox.messages) == [1, 2]
        server.instead = lambda *_: None
        await until(lambda: len(server.archived()) == 2)
        await until(lambda: adapter.trouble == "")
    assert kept.calls == 2
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer", [b"TAG NO [SERVERBUG] fault\r\n", b"TAG OK [READ-ONLY] done\r\n"]
)
async def test_an_archive_that_cannot_be_emptied_stops_no_mail(
    server, clock, kept, until, running, answer
):
    server.append(MAILS[0])
    server.folders["Filed"] = Folder()
    server.instead = only("SELECT", answer, about="Filed")
    adapter = inbox(server, clock, archive_keep=timedelta(days=14))
    async with running(adapter.run(kept)):
        await until(lambda: server.archived() == MAILS[:1])
        await until(lambda: adapter.trouble.startswith("[imap] archive_keep: the IMAP server"))
    assert kept.raws == MAILS[:1]
    assert server.connections == 1


async def test_what_cannot_be_moved_is_stored_once_and_moved_when_there_is_room(
    server, clock, kept, until, running
):
    server.capabilities = "IMAP4rev1 MOVE UIDPLUS"
    for raw in MAILS[:3]:
        server.append(raw)
    server.instead = only("MOVE", b"TAG NO [OVERQUOTA] Quota exceeded\r\n")
    adapter = inbox(server, clock, poll_every=0.02)
    async with running(adapter.run(kept)):
        await until(lambda: "the account is full (OVERQUOTA)" in adapter.trouble)
        assert "lower [imap] archive_keep" in adapter.trouble
        searched = server.said("SEARCH")
        server.append(MAILS[3])
        await until(lambda: server.said("SEARCH") > searched + 20)
        assert len(kept.raws) == 4
        assert server.said("MOVE") < 10, "not at each sweep"
        server.instead = lambda *_: None
        await until(lambda: sorted(server.archived()) == MAILS[:4])
        await until(lambda: adapter.trouble == "")
    assert kept.calls == server.said("BODY.PEEK") + 2 == 4, "three in one batch, each once"


async def test_one_mail_that_cannot_be_moved_holds_up_no_other(server, clock, kept, until, running):
    def not_2(_: Scripted, verb: str, rest: str) -> bytes | None:
        two = verb == "MOVE" and "2" in rest.split(" ")[0].split(",")
        return b"TAG NO can't\r\n" if two else None

    for raw in MAILS:
        server.append(raw)
    server.instead = not_2
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 4)
        await until(lambda: "doesn't move stored mail to [imap] archive" in adapter.trouble)
    assert list(server.inbox.messages) == [2]


# -- without MOVE ----------------------------------------------------------------------------


@pytest.mark.parametrize("uidplus", ["", " UIDPLUS"])
@pytest.mark.parametrize(
    ("verb", "answer", "words"),
    [
        ("STORE", b"TAG NO [NOPERM] Permission denied\r\n", "mark stored mail in [imap] mailbox"),
        ("STORE", b"TAG NO can't\r\n", "mark stored mail in [imap] mailbox as deleted: it doesn't"),
        ("STORE", b"TAG OK done\r\n", "says that it marks stored mail"),
        ("EXPUNGE", b"TAG NO [NOPERM] Permission denied\r\n", "(NOPERM); give it the right"),
    ],
)
async def test_what_was_copied_is_never_copied_again(
    server, clock, kept, until, running, verb, answer, words, uidplus
):
    server.capabilities = "IMAP4rev1" + uidplus
    for raw in MAILS:
        server.append(raw)
    server.instead = only(verb, answer)
    adapter = inbox(server, clock, poll_every=0.02)
    async with running(adapter.run(kept)):
        await until(lambda: words in adapter.trouble)
        tried = server.said(verb)
        await until(lambda: server.said(verb) > tried)  # it is tried again, though
        searched = server.said("UNDELETED")
        await until(lambda: server.said("UNDELETED") > searched + 20)
        assert words in adapter.trouble
        assert server.archived() == MAILS
        server.instead = only("NOOP", HANG_UP, times=1) if verb == "STORE" else lambda *_: None
        await until(lambda: not server.inbox.messages)
        await until(lambda: adapter.trouble == "")
    assert server.archived() == kept.raws == MAILS
    assert server.said("BODY.PEEK") == 1


async def test_who_has_the_number_of_a_mail_that_was_copied_is_stored_too(
    server, clock, kept, until, running
):
    """A mailbox that was put back from a backup gives numbers out anew."""
    server.capabilities = "IMAP4rev1 UIDPLUS"
    server.append(MAILS[0])
    adapter = inbox(server, clock, poll_every=0.02)
    seen: list[bytes] = []

    async def keep(arrival) -> None:
        seen.append(arrival.raw)

    async with running(adapter.run(keep)):
        await until(lambda: not server.inbox.messages)
        server.inbox.next = 1
        server.append(MAILS[1])
        await until(lambda: len(seen) == 2 and not server.inbox.messages)
    assert seen == MAILS[:2]


# -- logins ----------------------------------------------------------------------------------

BUSY = [
    "[ALERT] Too many simultaneous connections. (Failure)",
    "[THROTTLED] slow down",
    "[OVERQUOTA] Account exceeded command or bandwidth limits",
    "Server Unavailable. 15",
    "[LIMIT] x",
]
quick = {"login_delay": 0.05, "longest_login_delay": 0.2, "longest_delay": 0.05}


def refused(say: str) -> Answer:
    return only("LOGIN", f"TAG NO {say}\r\n".encode())


async def let_out(server: Scripted, say: str) -> None:
    """The connection ends, and all logins are refused from then on."""
    no, left = refused(say), [1]

    def instead(scripted: Scripted, verb: str, rest: str) -> bytes | None:
        if verb == "NOOP" and left[0]:
            left[0] = 0
            return HANG_UP
        return no(scripted, verb, rest)

    server.instead = instead
    server.append(MAILS[0])


@pytest.mark.parametrize("say", BUSY)
async def test_a_busy_server_ends_nothing_at_the_start(server, clock, kept, until, running, say):
    server.append(MAILS[0])
    server.instead = refused(say)
    adapter = inbox(server, clock, **quick)
    async with running(adapter.run(kept)) as task:
        await until(lambda: task.done() or server.said("LOGIN") > 7)
        assert not task.done()
        assert adapter.trouble.startswith("[imap] host: the IMAP server lets us in later: ")
        assert "password" not in adapter.trouble
        server.instead = lambda *_: None
        await until(lambda: kept.raws == MAILS[:1])
        await until(lambda: adapter.trouble == "")


@pytest.mark.parametrize("say", [*BUSY, "LOGIN failed.", "[ALERT] no", "[WHAT] x"])
async def test_after_a_good_login_only_what_is_about_the_password_ends_it(
    server, clock, kept, until, running, say
):
    adapter = inbox(server, clock, **quick)
    async with running(adapter.run(kept)) as task:
        await until(lambda: server.said("IDLE") == 1)
        await let_out(server, say)
        await until(lambda: task.done() or server.said("LOGIN") > 8)
        assert not task.done()
        assert "[imap] " in adapter.trouble
        server.instead = lambda *_: None
        await until(lambda: kept.raws == MAILS[:1])


@pytest.mark.parametrize(
    ("say", "changes"),
    [
        ("[AUTHENTICATIONFAILED] no", {}),
        ("[EXPIRED] no", {}),
        ("LOGIN failed.", {"login_patience": 0.5}),
    ],
)
async def test_a_password_that_was_changed_ends_it_after_a_while(
    server, clock, kept, until, say, changes
):
    adapter = inbox(server, clock, **(quick | changes))
    running = asyncio.create_task(adapter.run(kept))
    await until(lambda: server.said("IDLE") == 1)
    await let_out(server, say)
    with pytest.raises(Permanent, match=r"see \[imap\] username and password_file"):
        await asyncio.wait_for(running, 60)
    if not changes:
        assert server.said("LOGIN") == 1 + 5


@pytest.mark.parametrize("say", ["[EXPIRED] no", "LOGIN failed.", "[ALERT] Web login required"])
async def test_a_refusal_at_the_start_ends_it(server, clock, kept, say):
    server.instead = refused(say)
    with pytest.raises(Permanent, match=r"see \[imap\] username and password_file"):
        await asyncio.wait_for(inbox(server, clock).run(kept), 60)
    assert server.said("LOGIN") == 1


async def test_refused_logins_come_more_and_more_seldom(server, clock, kept, until, running):
    server.instead = refused("[LIMIT] x")
    adapter = inbox(server, clock, login_delay=0.3, longest_delay=0.01)
    began = asyncio.get_running_loop().time()
    async with running(adapter.run(kept)):
        await until(lambda: server.said("LOGIN") == 4)
    assert asyncio.get_running_loop().time() - began >= 0.3 + 0.6 + 1.2


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (b"* BYE Too many connections\r\n", "turns us away at the door: it is busy"),
        (b"* BYE [UNAVAILABLE] later\r\n", "turns us away at the door: it can't check logins"),
        (b"* BYE go\r\n", "turns us away at the door: it doesn't say why"),
        (b"* PREAUTH you are in\r\n", "lets in whoever connects there (PREAUTH)"),
    ],
)
async def test_a_greeting_that_is_none_is_told_as_it_is(
    server, clock, kept, until, running, greeting, words
):
    server.append(MAILS[0])
    server.greeting = greeting
    adapter = inbox(server, clock, **quick)
    async with running(adapter.run(kept)):
        await until(lambda: words in adapter.trouble)
        assert adapter.trouble.count("[imap]") == 1
        ((sound, line),) = await adapter.probe()
        assert (sound, line.count("[imap]")) == (False, 1)
        server.greeting = b"* OK hello\r\n"
        await until(lambda: kept.raws == MAILS[:1])
    assert server.said("LOGIN") == 1


async def test_a_mailbox_that_is_not_opened_is_named_with_the_reason(
    server, clock, kept, until, running
):
    server.instead = only("SELECT", b"TAG NO [NOPERM] Permission denied\r\n")
    adapter = inbox(server, clock)
    words = "[imap] INBOX: the IMAP server doesn't open it, this user may not (NOPERM); trying"
    async with running(adapter.run(kept)):
        await until(lambda: words in adapter.trouble)
