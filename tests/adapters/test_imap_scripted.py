"""Mail in by IMAP, against what no real server does on demand: faults, byte by byte."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cocmail.core.errors import Permanent, Temporary
from tests.adapters.imap_server import DRIP, HANG_UP, MAILS, Answer, Folder, Scripted, inbox, only

split = pytest.mark.parametrize("piece", [0, 1], ids=["whole", "split"])


async def test_answers_split_at_every_place(server, clock, kept, until, running):
    server.piece = 1
    for raw in MAILS[:2]:
        server.append(raw)
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: len(server.archived()) == 2)
        server.append(MAILS[2])
        await until(lambda: len(server.archived()) == 3)
    assert kept.raws == MAILS[:3]
    assert server.connections == 1


async def test_a_notice_in_one_packet_with_the_plus_of_idle_is_not_slept_through(
    server, clock, kept, until, running
):
    def late(scripted: Scripted, verb: str, rest: str) -> bytes | None:
        if verb != "IDLE" or scripted.inbox.next > 1:
            return None
        scripted.inbox.add(MAILS[0])
        return b"+ idling\r\n* 1 EXISTS\r\n"

    # The DONE that ends it comes without a command's form, and is answered as one.
    server.instead = lambda s, verb, rest: late(s, verb, rest)
    server.do_done = lambda *_: b""
    async with running(inbox(server, clock, read_timeout=1).run(kept)):
        await until(lambda: kept.raws == MAILS[:1])


@pytest.mark.parametrize("verb", ["SEARCH", "FETCH", "MOVE"])
async def test_what_is_announced_with_another_answer_is_not_slept_through(
    server, clock, kept, until, running, verb
):
    left = [1]

    def meanwhile(scripted: Scripted, heard: str, rest: str) -> bytes | None:
        if heard != verb or not left[0]:
            return None
        left[0] = 0
        usual = getattr(scripted, f"do_{verb.lower()}")(scripted.inbox, rest) or b""
        scripted.inbox.add(MAILS[1])
        return usual + b"* 2 EXISTS\r\n"

    server.append(MAILS[0])
    server.instead = meanwhile
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: len(server.archived()) == 2)
    assert server.said("IDLE") >= 1


async def test_an_end_of_file_in_idle_is_noticed(server, clock, kept, until, running):
    server.instead = only("IDLE", HANG_UP, times=2)
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: server.connections == 3)
        server.append(MAILS[0])
        await until(lambda: len(server.archived()) == 1)
        await until(lambda: adapter.trouble == "")
    assert server.said("LOGIN") == 3  # and no busy loop


@pytest.mark.parametrize("verb", ["LOGIN", "SEARCH", "FETCH", "MOVE", "IDLE"])
async def test_a_black_hole_anywhere_is_left_by_a_new_connection(
    server, clock, kept, until, running, verb
):
    server.append(MAILS[0])
    server.instead = only(verb, b"+ ", times=1)  # no answer, or none that ends
    adapter = inbox(server, clock, read_timeout=0.3, idle_for=0.3)
    async with running(adapter.run(kept)):
        await until(lambda: server.connections > 1 and len(server.archived()) == 1)
        await until(lambda: adapter.trouble == "")
    assert kept.raws == MAILS[:1]


@pytest.mark.parametrize("verb", ["LOGIN", "SEARCH", "FETCH", "IDLE"])
async def test_a_server_that_drips_is_left_by_a_new_connection(
    server, clock, kept, until, running, verb
):
    """Each byte comes in time, and the answer never ends."""
    server.append(MAILS[0])
    server.instead = only(verb, DRIP, times=1)
    adapter = inbox(server, clock, read_timeout=0.1, idle_for=0.3)
    async with running(adapter.run(kept)):
        await until(lambda: "takes too long" in adapter.trouble)
        await until(lambda: server.connections > 1 and len(server.archived()) == 1)
        await until(lambda: adapter.trouble == "")
    assert kept.raws == MAILS[:1]


async def test_a_greeting_that_drips_is_left_by_a_new_connection(
    server, clock, kept, until, running
):
    server.append(MAILS[0])
    server.greeting = DRIP
    adapter = inbox(server, clock, connect_timeout=0.1)
    async with running(adapter.run(kept)):
        await until(lambda: "takes too long" in adapter.trouble)
        server.greeting = b"* OK hello\r\n"
        await until(lambda: kept.raws == MAILS[:1])


async def test_a_large_mail_over_a_slow_line_has_the_time_that_it_needs(
    server, clock, kept, until, running
):
    """Longer than an answer of a few bytes may take: each byte that came gives it more."""
    raw = b"Subject: slow\r\n\r\n" + b"x" * 30_000
    server.append(raw)
    server.piece, server.pause = 1_000, 0.05
    adapter = inbox(server, clock, read_timeout=0.1)
    async with running(adapter.run(kept)):
        await until(lambda: kept.raws == [raw])
    assert server.connections == 1


async def test_a_message_that_vanishes_is_no_error(server, clock, kept, until, running):
    def vanish(scripted: Scripted, verb: str, rest: str) -> bytes | None:
        if verb == "FETCH" and "BODY" in rest:
            scripted.inbox.messages.pop(2, None)
        return None

    for raw in MAILS[:3]:
        server.append(raw)
    server.instead = vanish
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 2)
        await until(lambda: adapter.trouble == "")
    assert kept.raws == [MAILS[0], MAILS[2]]
    assert server.connections == 1


def about_uid_2(bad: bytes) -> Answer:
    def instead(_: Scripted, verb: str, rest: str) -> bytes | None:
        if verb == "FETCH" and "BODY" in rest and "2" in rest.split(" ")[0].split(","):
            return bad
        return None

    return instead


@pytest.mark.parametrize(
    "bad",
    [b"TAG NO can't\r\n", b"TAG BAD can't\r\n", HANG_UP, b"* 1 FETCH (UID x\r\n", b"nonsense\r\n"],
)
async def test_a_message_that_cannot_be_had_blocks_nothing(
    server, clock, kept, until, running, bad
):
    for raw in MAILS:
        server.append(raw)
    server.instead = about_uid_2(bad)
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 4)
        assert list(server.inbox.messages) == [2]
        await until(lambda: "can't hand out 1" in adapter.trouble)
        server.instead = lambda *_: None
        await until(lambda: len(server.archived()) == 5)
        await until(lambda: adapter.trouble == "")
    assert sorted(kept.raws) == sorted(MAILS)


async def test_a_message_that_is_handed_out_empty_stays_until_it_can_be_had(
    server, clock, kept, until, running
):
    def nothing(scripted: Scripted, verb: str, rest: str) -> bytes | None:
        if verb != "FETCH" or "BODY" not in rest:
            return None
        whole = b"{%d}\r\n%b" % (len(MAILS[1]), MAILS[1])
        return (
            scripted.do_fetch(scripted.inbox, rest).replace(whole, b"{0}\r\n") + b"TAG OK done\r\n"
        )

    for raw in MAILS:
        server.append(raw)
    server.instead = nothing
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 4)
        assert list(server.inbox.messages) == [2]
        server.instead = lambda *_: None
        await until(lambda: len(server.archived()) == 5, timeout=20)
    assert sorted(kept.raws) == sorted(MAILS)


async def test_what_the_store_will_not_take_stays_and_blocks_nothing(
    server, clock, kept, until, running
):
    for raw in MAILS:
        server.append(raw)
    kept.fails = lambda arrival: Temporary("the store is full") if b": 1" in arrival.raw else None
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 4)
        assert list(server.inbox.messages) == [2]
        await until(lambda: "the store is full" in adapter.trouble)
        kept.fails = lambda _: None
        await until(lambda: len(server.archived()) == 5)
        await until(lambda: adapter.trouble == "")


async def test_a_fault_of_keep_is_raised_and_not_taken_for_the_servers(server, clock, kept):
    server.append(MAILS[0])
    kept.fails = lambda _: KeyError("a fault")
    with pytest.raises(KeyError):
        await asyncio.wait_for(inbox(server, clock).run(kept), 60)
    assert list(server.inbox.messages) == [1]


async def test_nothing_is_moved_before_it_is_kept(server, clock, kept, until, running):
    commit = asyncio.Event()

    async def keep(arrival: Any) -> None:
        await commit.wait()
        await kept(arrival)

    server.append(MAILS[0])
    async with running(inbox(server, clock).run(keep)):
        await until(lambda: server.said("BODY.PEEK[]") == 1)
        assert server.said("MOVE") == 0
        commit.set()
        await until(lambda: len(server.archived()) == 1)


@split
@pytest.mark.parametrize("uidplus", [" UIDPLUS", ""])
async def test_without_move_others_deleted_mail_is_never_expunged(
    server, clock, kept, until, running, uidplus, piece
):
    server.piece = piece
    server.capabilities = "IMAP4rev1 IDLE" + uidplus
    theirs = server.append(b"Subject: theirs\r\n\r\n")
    server.inbox.deleted.add(theirs)
    server.append(MAILS[0])
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: server.archived() == MAILS[:1])
        await until(lambda: server.said("IDLE") >= 1)
        assert theirs in server.inbox.messages
        if uidplus:
            assert list(server.inbox.messages) == [theirs]
            return
        assert server.inbox.deleted == {1, 2}  # ours waits, marked, and isn't taken again
        server.inbox.messages.pop(1)
        server.inbox.deleted.discard(1)
        server.append(MAILS[1])
        await until(lambda: server.archived() == MAILS[:2])
    assert kept.raws == MAILS[:2]


@split
async def test_without_idle_it_asks_every_second(server, clock, kept, until, running, piece):
    server.piece = piece
    server.capabilities = "IMAP4rev1 MOVE UIDPLUS"
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: server.said("SEARCH") >= 1)
        server.append(MAILS[0])
        await until(lambda: len(kept.arrivals) == 1)


@split
async def test_an_idle_that_is_refused_is_done_without(server, clock, kept, until, running, piece):
    server.piece = piece
    server.instead = only("IDLE", b"TAG BAD not today\r\n")
    async with running(inbox(server, clock, poll_every=0.2).run(kept)):
        await until(lambda: server.said("SEARCH") >= 4)
        server.append(MAILS[0])
        await until(lambda: len(kept.arrivals) == 1)
    assert server.said("IDLE") <= 4


async def test_what_has_the_mailbox_s_name_now_is_read(server, clock, kept, until, running):
    """Who has a folder open has it open still where it is renamed, as Dovecot's do in IDLE."""
    server.append(MAILS[0])
    adapter = inbox(server, clock, idle_for=0.2)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 1)
        server.folders["Old"] = server.inbox
        server.folders["INBOX"] = Folder(validity=8)
        server.inbox.add(MAILS[1])
        await until(lambda: len(server.archived()) == 2)
        del server.folders["INBOX"]
        await until(lambda: "the IMAP server has no such folder" in adapter.trouble)
    assert [a.source for a in kept.arrivals] == ["imap/INBOX/7/1", "imap/INBOX/8/1"]


async def test_a_changed_uidvalidity_is_swept_anew(server, clock, kept, until, running):
    server.instead = only("MOVE", b"TAG NO can't\r\n")
    server.append(MAILS[0])
    adapter = inbox(server, clock, idle_for=0.2)
    async with running(adapter.run(kept)):
        await until(lambda: "doesn't move" in adapter.trouble)
        assert kept.calls == 1  # what is stored isn't fetched again
        server.inbox.validity = 8
        left = [1]

        def once(_: Scripted, verb: str, __: str) -> bytes | None:
            if verb == "NOOP" and left[0]:
                left[0] = 0
                return HANG_UP
            return None

        server.instead = once
        await until(lambda: len(server.archived()) == 1)
    assert [a.source for a in kept.arrivals] == ["imap/INBOX/7/1", "imap/INBOX/8/1"]


async def test_large_mail_comes_in_pieces_and_the_largest_stays_and_is_named(
    server, clock, kept, until, running
):
    fits, more = b"x" * 30_000, b"y" * 29_999
    server.append(fits)
    server.append(b"z" * 50_001)
    server.append(more)
    server.append(MAILS[0])
    adapter = inbox(server, clock, batch_bytes=5_000, piece_bytes=10_000, largest=50_000)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 3)
        await until(lambda: "more than" in adapter.trouble)
        assert list(server.inbox.messages) == [2]
        server.append(MAILS[1])
        await until(lambda: len(server.archived()) == 4)
    assert sorted(kept.raws) == sorted([fits, more, b"z" * 50_001, *MAILS[:2]])
    (left,) = [one for one in kept.arrivals if one.road == "left"]
    assert (left.source, left.raw) == ("imap/INBOX/7/2", b"z" * 50_001)
    assert kept.calls == 5, "it is told of once"


async def test_of_what_is_too_large_the_beginning_is_tried_again_and_no_more_is_fetched(
    server, clock, kept, until, running
):
    server.append(b"z" * 100_001)
    kept.fails = lambda _: Temporary("the disk is full") if kept.calls < 3 else None
    adapter = inbox(server, clock, batch_bytes=5_000, largest=50_000, longest_delay=0.1)
    async with running(adapter.run(kept)):
        await until(lambda: kept.arrivals)
        await until(lambda: "more than" in adapter.trouble)
        assert list(server.inbox.messages) == [1]
    assert [(one.road, len(one.raw)) for one in kept.arrivals] == [("left", 65_536)]


async def test_a_server_that_hands_out_less_than_was_asked_for_cuts_nothing_off(
    server, clock, kept, until, running
):
    def less(_: Scripted, verb: str, rest: str) -> bytes | None:
        part = re.search(r"<(\d+)\.(\d+)>", rest) if verb == "FETCH" else None
        if part is None:
            return None
        at = int(part[1])
        got = large[at : at + 4_000]
        return b"* 1 FETCH (UID 1 BODY[]<%d> {%d}\r\n%b)\r\nTAG OK done\r\n" % (at, len(got), got)

    large = b"".join(b"%05d\r\n" % n for n in range(4_000))
    server.append(large)
    server.instead = less
    adapter = inbox(server, clock, batch_bytes=5_000, piece_bytes=10_000, largest=50_000)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 1)
    assert kept.raws == [large]


async def test_the_archive_is_made_with_the_servers_prefix_and_separator(
    server, clock, kept, until, running
):
    server.capabilities += " NAMESPACE"
    server.separator, server.prefix = ".", "INBOX."
    server.append(MAILS[0])
    async with running(inbox(server, clock, archive="Conduct/Übergeben").run(kept)):
        await until(lambda: not server.inbox.messages)
    assert "INBOX.Conduct.&ANw-bergeben" in server.folders


async def test_an_archive_that_was_deleted_meanwhile_is_made_again(
    server, clock, kept, until, running
):
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: server.said("IDLE") == 1)
        del server.folders["Filed"]
        server.append(MAILS[0])
        await until(lambda: server.archived() == MAILS[:1])
    assert kept.calls == 1


async def test_a_refused_login_is_final_at_the_start_and_not_later(
    server, clock, kept, until, running
):
    refuse = only("LOGIN", b"TAG NO [AUTHENTICATIONFAILED] no\r\n")
    server.instead = refuse
    with pytest.raises(Permanent, match=r"\[imap\] username and password_file"):
        await asyncio.wait_for(inbox(server, clock).run(kept), 60)
    server.instead = only("LOGIN", b"TAG NO [UNAVAILABLE] later\r\n", times=1)
    adapter = inbox(server, clock, login_attempts=3, longest_delay=0.1)
    async with running(adapter.run(kept)):
        await until(lambda: server.said("IDLE") == 1)
        waiting = [True]

        def restarting(s: Scripted, verb: str, rest: str) -> bytes | None:
            if verb == "NOOP" and waiting[0]:
                waiting[0] = False
                return HANG_UP
            return refuse(s, verb, rest) if server.said("LOGIN") < 5 else None

        server.instead = restarting
        server.append(MAILS[0])
        await until(lambda: len(kept.arrivals) == 1)
    server.instead = refuse
    with pytest.raises(Permanent):
        await asyncio.wait_for(inbox(server, clock).run(kept), 60)


@split
async def test_tls_that_is_asked_for_is_never_done_without(
    server, clock, kept, until, running, piece
):
    server.piece = piece
    for security in ("starttls", "tls"):
        adapter = inbox(server, clock, security=security, connect_timeout=1, read_timeout=1)
        async with running(adapter.run(kept)):
            await until(lambda a=adapter: a.trouble.startswith("[imap] "))
    assert server.said("LOGIN") == 0


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed one for 127.0.0.1, with its key in the same file."""
    path = tmp_path / "tls.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=imap"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", f"{path}.crt"),
        ],
        check=True,
        capture_output=True,
    )
    with path.open("ab") as both:
        both.write(Path(f"{path}.crt").read_bytes())
    return path


async def test_tls_with_a_ca_of_ones_own_and_never_with_an_unknown_one(
    clock, kept, until, running, certificate
):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with Scripted().serving(tls) as server:
        adapter = inbox(server, clock, security="tls")
        async with running(adapter.run(kept)):
            await until(lambda: "certificate" in adapter.trouble)
        assert server.heard == []
        known = inbox(server, clock, security="tls", ca_file=Path(f"{certificate}.crt"))
        async with running(known.run(kept)):
            await until(lambda: server.said("IDLE") == 1)
            for number in range(3):
                server.append(MAILS[number])
                await until(lambda n=number: len(kept.arrivals) == n + 1)
            await until(lambda: len(server.archived()) == 3)
            assert known.trouble == ""
        assert server.said("LOGIN") == 1


async def test_a_server_that_is_not_there_is_trouble_and_no_end(clock, kept, until, running):
    server = Scripted()
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: adapter.trouble == "[imap] host: Connection refused; trying again")
        async with server.serving():
            server.append(MAILS[0])
            await until(lambda: len(kept.arrivals) == 1)
            await until(lambda: adapter.trouble == "")


@pytest.mark.parametrize("verb", ["LOGIN", "FETCH", "MOVE"])
async def test_stopping_waits_for_nothing_whatever_it_is_at(
    server, clock, kept, until, running, verb
):
    server.append(MAILS[0])
    server.instead = only(verb, b"+ ")
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: server.said(verb) == 1)
    await until(lambda: not [t for t in threading.enumerate() if t.name == "imap"], timeout=20)


async def test_stopping_while_the_store_hangs(server, clock, until, running):
    async def keep(_: Any) -> None:
        await asyncio.Event().wait()

    server.append(MAILS[0])
    async with running(inbox(server, clock).run(keep)):
        await until(lambda: server.said("BODY.PEEK[]") == 1)
    assert server.said("MOVE") == 0


async def test_an_idle_inbox_costs_nothing(server, clock, kept, until, running):
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: server.said("IDLE") == 1)
        heard, spent = len(server.heard), []
        # This process has other threads, and its memory to tidy up: the least of some counts.
        while len(spent) < 5 and min(spent, default=1) >= 0.05:
            before = time.process_time()
            await asyncio.sleep(1)  # it is what is measured
            spent.append(time.process_time() - before)
        print(f"idle: {min(spent) * 1000:.1f} ms of CPU in a second, with this test and its server")
        assert min(spent) < 0.05
        assert len(server.heard) == heard


async def test_each_byte_by_itself(clock, kept, until, running, certificate):
    """Over TLS, where each byte is a record of its own: no reading gets more than one."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    server = Scripted()
    server.piece = 1
    server.tokens = {"good"}
    server.capabilities += " NAMESPACE AUTH=XOAUTH2"
    server.append(MAILS[0])
    async with server.serving(tls):
        adapter = inbox(
            server, clock, security="tls", ca_file=Path(f"{certificate}.crt"),
            password=lambda: "good", authentication="xoauth2",
        )  # fmt: skip
        async with running(adapter.run(kept)):
            await until(lambda: server.said("IDLE") == 1)
            for number in (1, 2):
                server.append(MAILS[number])
                await until(lambda n=number: len(server.archived()) == n + 1)
            await until(lambda: adapter.trouble == "")
    assert kept.raws == MAILS[:3]
    assert server.connections == 1


@split
@pytest.mark.parametrize(
    "greeting", [b"* PREAUTH you are in\r\n", b"* OK hello\r\n* OK [CAPABILITY IMAP4rev1] x\r\n"]
)
async def test_who_stands_between_cannot_talk_starttls_away(
    server, clock, kept, until, running, greeting, piece
):
    server.piece = piece
    server.greeting = greeting
    server.capabilities += " STARTTLS"
    server.instead = only("STARTTLS", b"TAG OK go on\r\n* CAPABILITY IMAP4rev1\r\nTAG OK x\r\n")
    adapter = inbox(server, clock, security="starttls", connect_timeout=1, read_timeout=1)
    async with running(adapter.run(kept)):
        await until(lambda: adapter.trouble.startswith("[imap] "))
    assert server.said("LOGIN") == server.said("SELECT") == server.said("AUTHENTICATE") == 0


@split
async def test_a_server_that_answers_bad_now_and_then_is_asked_again(
    server, clock, kept, until, running, piece
):
    """Microsoft 365 lets somebody in and then says so, or that it is too busy."""
    server.piece = piece
    says = [
        ("SELECT", b"TAG BAD User is authenticated but not connected.\r\n"),
        ("SEARCH", b"TAG NO [THROTTLED] later\r\n"),
        ("SELECT", b"* BYE Session invalidated - AccessTokenExpired\r\n"),
        ("FETCH", b"TAG BAD Command Error. 12\r\n"),
        ("MOVE", b"TAG NO Server Unavailable. 15\r\n"),
    ]

    def now_and_then(_: Scripted, verb: str, __: str) -> bytes | None:
        return says.pop(0)[1] if says and says[0][0] == verb else None

    for raw in MAILS[:3]:
        server.append(raw)
    server.instead = now_and_then
    adapter = inbox(server, clock, longest_delay=0.2, idle_for=0.2, read_timeout=1)
    async with running(adapter.run(kept)):
        await until(lambda: len(server.archived()) == 3)
        await until(lambda: adapter.trouble == "")
    assert says == []
    assert sorted(kept.raws) == sorted(MAILS[:3])


_NO_NUMBER = b"{" + b"9" * 30 + b"}"


@pytest.mark.parametrize(
    ("verb", "bad"),
    [
        ("LOGIN", _NO_NUMBER),
        ("SELECT", _NO_NUMBER),
        ("IDLE", _NO_NUMBER),
        ("FETCH", b"(UID 1 BODY[] {100000000000000}"),
        ("FETCH", b"(UID 1 RFC822.SIZE " + b"(" * 100_000),
    ],
    ids=["login", "select", "idle", "all memory", "nested"],
)
async def test_whatever_a_server_says_ends_nothing_and_fills_no_memory(
    server, clock, kept, until, running, verb, bad
):
    server.append(MAILS[0])
    server.instead = only(verb, b"* 1 " + verb.encode() + b" " + bad + b"\r\n", times=1)
    adapter = inbox(server, clock, read_timeout=0.3, longest_delay=0.2, idle_for=0.2)
    async with running(adapter.run(kept)) as task:
        await until(lambda: kept.raws == MAILS[:1] and len(server.archived()) == 1)
        await until(
            lambda: task.done() or (adapter.trouble == "" and not server.instead(server, verb, ""))
        )
        assert not task.done()


async def test_so_many_mails_that_their_numbers_fill_a_megabyte(
    server, clock, kept, until, running
):
    server.inbox.next = 900_000
    server.append(MAILS[0])
    numbers = b" ".join(b"%d" % n for n in range(750_000, 900_001))
    server.instead = lambda _, verb, rest: (
        b"* SEARCH " + numbers + b"\r\n" if verb == "SEARCH" and "UNDELETED" in rest else None
    )
    async with running(inbox(server, clock).run(kept)):
        await until(lambda: kept.raws == MAILS[:1])


async def test_a_mailbox_that_can_only_be_read_is_named(server, clock, kept, until, running):
    server.instead = only("SELECT", b"* OK [UIDVALIDITY 7] x\r\nTAG OK [READ-ONLY] done\r\n")
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(
            lambda: (
                adapter.trouble == "[imap] INBOX can only be read: we must be able to move mail out"
            )
        )


async def test_who_announces_what_is_not_there_is_not_asked_without_a_rest(
    server, clock, kept, until, running
):
    server.instead = only("SEARCH", b"* SEARCH\r\n* 5 EXISTS\r\n")
    async with running(inbox(server, clock, poll_every=0.2).run(kept)):
        await until(lambda: server.said("NOOP") >= 25)
        heard, began = server.said("NOOP"), time.monotonic()
        await until(lambda: server.said("NOOP") >= heard + 5)
        assert time.monotonic() - began > 0.5


async def test_a_size_that_is_none_is_asked_for_more_and_more_seldom(
    server, clock, kept, until, running
):
    server.append(MAILS[0])
    server.instead = only("FETCH", b"* 1 FETCH (UID 1 RFC822.SIZE -5)\r\n", about="RFC822.SIZE")
    adapter = inbox(server, clock)
    async with running(adapter.run(kept)):
        await until(lambda: "can't hand out 1 of its mails" in adapter.trouble)
        assert server.said("RFC822.SIZE") < 4
