"""Mail in: kept once, worked off in order, leased, never in the way of the mail behind it."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cocmail.adapters.vault import fresh_key, seal
from cocmail.core.errors import Permanent
from cocmail.core.floods import HEAD_START
from cocmail.core.people import Address
from cocmail.lab.waiting import wait_until

MINUTE = timedelta(minutes=1)
MEGABYTE = 1 << 20
SEALED = len(seal(fresh_key(), b"", "body:"))  # bytes that a seal adds
HERE = Address("conduct@example.org")


async def test_what_was_kept_comes_out_as_it_was(world) -> None:
    store = await world.open()
    arrival = world.mail("raw\r\n\x00\xff", return_path="", junk=True)
    assert await store.keep(arrival, world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    assert (mail.raw, mail.road, mail.recipients) == (arrival.raw, "lmtp", (HERE,))
    assert (mail.return_path, mail.junk, mail.attempts) == ("", True, 1)
    assert mail.received == world.START
    assert await store.mail_raw(mail.id) == arrival.raw


@pytest.mark.parametrize("size", [MEGABYTE - 1, MEGABYTE, 2 * MEGABYTE, 3 * MEGABYTE + 7])
async def test_a_large_mail_is_kept_in_pieces_and_leaves_none_behind(world, size: int) -> None:
    store = await world.open()
    await world.case(store, "c1")
    texts = [letter + "x" * (size - SEALED - 1) for letter in "abc"]
    for text in texts:
        assert await store.keep(world.mail(text), world.START)
    for text in texts[:2]:
        mail = await store.claim_mail(world.START, MINUTE)
        assert mail.raw == text.encode()
        assert await store.mail_raw(mail.id) == text.encode()
        async with store.transaction() as tx:
            aside = {"state": "quarantined", "case": None, "why": "large"}
            done = {"state": "done", "case": "c1"}
            await tx.settle_mail(mail.id, **(aside if text == texts[0] else done))
    lengths = world.sql(
        "SELECT length(body) FROM mail_bodies UNION ALL SELECT length(piece) FROM mail_pieces"
    )
    assert sum(n for (n,) in lengths) == 3 * size
    assert max(n for (n,) in lengths) <= MEGABYTE
    (aside,) = await store.quarantine()
    assert await store.discard_mail(aside.id)
    assert await store.forget("c1")
    left = world.sql("SELECT DISTINCT mail FROM mail_pieces")
    assert len(left) == (size > MEGABYTE)
    assert (await store.claim_mail(world.START, MINUTE)).raw == texts[2].encode()


async def test_a_mail_that_lacks_a_piece_is_set_aside(world) -> None:
    store = await world.open()
    await store.keep(world.mail("x" * 3 * MEGABYTE), world.START)
    await store.keep(world.mail("two"), world.START)
    world.sql("DELETE FROM mail_pieces WHERE number = 2")
    assert (await store.claim_mail(world.START, MINUTE)).raw == b"two"
    (aside,) = await store.quarantine()
    assert "seal" in aside.why


async def test_a_mail_is_kept_once(world) -> None:
    store = await world.open()
    there = Address("conduct+abc@example.org")
    keep = store.keep

    def imap(text: str, source: str):
        return world.mail(text, road="imap", source=source, recipients=())

    assert await keep(world.mail("a", recipients=(HERE, there)), world.START)
    assert not await keep(world.mail("a", recipients=(there, HERE, HERE)), world.START)
    assert await keep(world.mail("a", recipients=(HERE,)), world.START)
    assert await keep(world.mail("b", recipients=(HERE, there)), world.START)
    # IMAP: the same delivery, whatever its bytes; the same bytes, whatever their delivery.
    x = "From: a@b.example\nMessage-ID: <x@b.example>\n\nx"
    assert await keep(imap(x, "me/INBOX/1/7"), world.START)
    assert not await keep(imap(f"{x}, changed since", "me/INBOX/1/7"), world.START)
    assert not await keep(imap(x, "me/INBOX/2/1"), world.START)
    assert await keep(imap("y", "me/INBOX/2/2"), world.START)
    # By whatever road they came.
    text = f"To: {HERE}\n\nhello"
    assert await keep(world.mail(text), world.START)
    assert not await keep(imap(text, "me/INBOX/2/3"), world.START)
    assert await keep(imap(f"To: {there}\n\nhello", "me/INBOX/2/4"), world.START)
    assert not await keep(world.mail(f"To: {there}\n\nhello", recipients=(there,)), world.START)
    assert (await store.statistics()).received == 7


async def test_a_number_that_is_given_anew_loses_no_mail(world) -> None:
    """As by a mail server that was put back to last week's backup."""
    store = await world.open()
    for text in ("From: a@b.example\n\none", "From: a@b.example\n\ntwo", "three"):
        arrival = world.mail(text, road="imap", source="me/INBOX/1/7", recipients=())
        assert await store.keep(arrival, world.START)
        assert not await store.keep(arrival, world.START)
    assert (await store.statistics()).received == 3


async def test_first_come_first_served(world) -> None:
    store = await world.open()
    for text in "abc":
        assert await store.keep(world.mail(text), world.START)
    claimed = [(await store.claim_mail(world.START, MINUTE)).raw for _ in "abc"]
    assert claimed == [b"a", b"b", b"c"]
    assert await store.claim_mail(world.START, MINUTE) is None


async def test_what_goes_ahead_overtakes_what_came_a_little_earlier(world) -> None:
    """And nothing waits longer for it than the head start."""
    store = await world.open()
    await store.keep(world.mail("first"), world.START)
    await store.keep(world.mail("ahead", ahead=True), world.START + HEAD_START / 2)
    await store.keep(world.mail("late", ahead=True), world.START + HEAD_START * 1.5)
    now = world.START + 2 * HEAD_START
    claimed = [(await store.claim_mail(now, MINUTE)).raw for _ in range(3)]
    assert claimed == [b"ahead", b"first", b"late"]


async def test_a_lease_ends_and_a_delay_holds(world) -> None:
    store = await world.open()
    await store.keep(world.mail(), world.START)
    first = await store.claim_mail(world.START, MINUTE)
    assert await store.claim_mail(world.START + MINUTE - timedelta(seconds=1), MINUTE) is None
    again = await store.claim_mail(world.START + MINUTE, MINUTE)
    assert (again.id, again.attempts) == (first.id, 2)
    await store.postpone_mail(first.id, world.START + 9 * MINUTE)
    assert await store.claim_mail(world.START + 8 * MINUTE, MINUTE) is None
    assert (await store.claim_mail(world.START + 9 * MINUTE, MINUTE)).attempts == 3


async def test_what_went_back_unread_was_not_tried(world) -> None:
    store = await world.open()
    await store.keep(world.mail(), world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    assert await store.postpone_mail(mail.id, world.START + MINUTE, begun=False)
    assert await store.claim_mail(world.START, MINUTE) is None
    assert (await store.claim_mail(world.START + MINUTE, MINUTE)).attempts == 1
    async with store.transaction() as tx:
        await tx.settle_mail(mail.id, state="filed", case=None)
    assert not await store.postpone_mail(mail.id, world.START)


async def test_a_mail_is_settled_once(world) -> None:
    store = await world.open()
    await world.case(store, "c1")
    await world.case(store, "c2")
    await store.keep(world.mail("report"), world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    async with store.transaction() as tx:
        assert await tx.settle_mail(mail.id, state="done", case="c1")
        assert not await tx.settle_mail(mail.id, state="filed", case="c2")
        assert not await tx.settle_mail("never", state="done", case=None)
        assert await tx.mail_raw(mail.id) == b"report"
    await store.postpone_mail(mail.id, world.START)
    assert await store.claim_mail(world.START + 99 * MINUTE, MINUTE) is None
    counted = await store.statistics()
    assert (counted.received, counted.waiting, counted.quarantined) == (1, 0, 0)


async def test_a_settled_mail_is_under_its_cases_key_and_its_body_is_not_sealed_again(world):
    store = await world.open()
    await world.case(store, "c1")
    await store.keep(world.mail("report"), world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    body = world.sql("SELECT body FROM mail_bodies")
    wrapped = world.sql("SELECT wrapped FROM mails")
    async with store.transaction() as tx:
        await tx.settle_mail(mail.id, state="done", case="c1")
    assert world.sql("SELECT body FROM mail_bodies") == body
    assert world.sql("SELECT wrapped FROM mails") != wrapped
    world.sql("UPDATE case_keys SET wrapped = NULL WHERE \"case\" = 'c1'")
    with pytest.raises(Exception, match="forgotten"):
        await store.mail_raw(mail.id)


async def test_settling_into_a_case_that_is_not_there_settles_nothing(world) -> None:
    store = await world.open()
    await store.keep(world.mail(), world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    with pytest.raises(Permanent):
        async with store.transaction() as tx:
            await tx.settle_mail(mail.id, state="done", case="never")
    assert (await store.statistics()).waiting == 1


async def test_the_quarantine(world) -> None:
    store = await world.open()
    await world.case(store, "c1")
    for text in ("one", "two", "three"):
        await store.keep(world.mail(text), world.START)
    mails = [await store.claim_mail(world.START, MINUTE) for _ in range(3)]
    async with store.transaction() as tx:
        await tx.settle_mail(mails[0].id, state="quarantined", case=None, why="not understood")
        await tx.settle_mail(mails[1].id, state="quarantined", case="c1", why="two addresses")
    listed = await store.quarantine()
    assert [(m.id, m.why, m.size, m.case) for m in listed] == [
        (mails[0].id, "not understood", 3, None),
        (mails[1].id, "two addresses", 3, "c1"),
    ]
    assert await store.mail_raw(mails[1].id) == b"two"
    assert (await store.statistics()).quarantined == 2
    assert await store.aside_in() == ("c1",)
    assert await store.mail_aside(mails[1].id) == replace(mails[1], attempts=1)
    assert await store.mail_aside(mails[2].id) is None, "it still waits"

    assert await store.release_mail(mails[1].id)
    assert not await store.release_mail(mails[1].id)
    assert not await store.release_mail(mails[2].id)
    again = await store.claim_mail(world.clock.now(), MINUTE)
    assert (again.raw, again.attempts) == (b"two", 1)

    assert await store.discard_mail(mails[0].id)
    assert not await store.discard_mail(mails[0].id)
    assert not await store.discard_mail(again.id)
    with pytest.raises(Permanent):
        await store.mail_raw(mails[0].id)
    assert world.sql("SELECT count(*) FROM mail_bodies") == [(2,)]
    assert not await store.keep(world.mail("one"), world.START), "it is not taken in again"
    assert await store.quarantine() == ()


async def test_what_is_not_here_whole_is_not_let_in_and_hides_no_other(world) -> None:
    store = await world.open()
    beginning = replace(world.mail("one"), road="left")
    assert await store.keep(beginning, world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    assert mail.road == "left"
    async with store.transaction() as tx:
        await tx.settle_mail(mail.id, state="quarantined", case=None, why="large")
    (aside,) = await store.quarantine()
    assert aside.left
    assert not await store.release_mail(mail.id)
    assert not await store.keep(beginning, world.START)
    assert await store.keep(world.mail("one"), world.START), "a mail of just these bytes is another"


async def test_what_members_dropped_is_kept_and_can_still_be_let_in(world) -> None:
    store = await world.open()
    await store.keep(world.mail("one"), world.START)
    mail = await store.claim_mail(world.START, MINUTE)
    async with store.transaction() as tx:
        await tx.settle_mail(mail.id, state="quarantined", case=None, why="spam")
        await tx.settle_mail(mail.id, state="dropped", case=None)
    assert await store.quarantine() == ()
    (kept,) = await store.quarantine(dropped=True)
    assert (kept.id, kept.dropped) == (mail.id, True)
    async with store.transaction() as tx:
        assert await tx.release_mail(mail.id)
    again = await store.claim_mail(world.clock.now(), MINUTE)
    assert (again.raw, again.road) == (b"one", "released")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE mail_bodies SET body = envelope WHERE mail = :id",
        "UPDATE mail_bodies SET envelope = body WHERE mail = :id",
        "UPDATE mails SET wrapped = NULL WHERE id = :id",
        "DELETE FROM mail_bodies WHERE mail = :id",
    ],
)
async def test_a_mail_that_cannot_be_opened_does_not_block_the_mail_behind_it(world, damage):
    store = await world.open()
    await world.case(store, "c1")
    await store.keep(world.mail("one"), world.START)
    await store.keep(world.mail("two"), world.START)
    first = await store.claim_mail(world.START, timedelta(0))
    world.sql(damage, id=first.id)
    assert (await store.claim_mail(world.START, MINUTE)).raw == b"two"
    (aside,) = await store.quarantine()
    assert aside.id == first.id
    assert "seal" in aside.why
    async with store.transaction() as tx:
        await tx.settle_mail(first.id, state="quarantined", case="c1", why="a human looked")
    assert (await store.quarantine())[0].case == "c1"


async def test_duplicates_by_content_and_target(world) -> None:
    store = await world.open()
    for text in ("one", "two", "three"):
        await store.keep(world.mail(text), world.START)
    one, two, three = [await store.claim_mail(world.START, MINUTE) for _ in range(3)]
    async with store.transaction() as tx:
        assert await tx.duplicate_of("content", "target") is None
        assert await tx.duplicate_of("content", "target") is None
        await tx.settle_mail(one.id, state="done", case=None)
    async with store.transaction() as tx:
        assert await tx.duplicate_of("content", "target") == one.id
        assert await tx.duplicate_of("content", "elsewhere") is None
        assert await tx.duplicate_of("other", "target") is None
        await tx.settle_mail(two.id, state="quarantined", case=None)
    async with store.transaction() as tx:
        assert await tx.duplicate_of("content", "elsewhere") == two.id
    await store.release_mail(two.id)
    async with store.transaction() as tx:
        assert await tx.duplicate_of("content", "elsewhere") is None, "itself, released"

    async def fails_late() -> None:
        async with store.transaction() as tx:
            await tx.duplicate_of("new", "target")
            await tx.settle_mail(three.id, state="done", case=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_late()
    async with store.transaction() as tx:
        assert await tx.duplicate_of("new", "target") is None


def _over(world) -> None:
    """PostgreSQL does what it was last told by somebody who is dead, in its own time."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    if world.kind == "postgresql":
        wait_until(
            lambda: world.sql(f"{others} AND pid <> pg_backend_pid()") == [(0,)],
            timeout=60, what="the end of the keeper's connections",
        )  # fmt: skip


@pytest.mark.servers
async def test_what_keep_returned_for_survives_sigkill(world) -> None:
    """The store's own process says "kept" and is killed in the middle of the next."""
    script = Path(__file__).with_name("keeper.py")
    counted = 0
    for round_ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(script),
            world.url,
            str(round_),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        said = 0
        while said < 20 + 7 * round_:
            line = await asyncio.wait_for(process.stdout.readline(), 120)
            assert line.startswith(b"kept ")
            said += 1
        process.send_signal(signal.SIGKILL)
        said += len((await process.stdout.read()).split(b"\n")) - 1
        await process.wait()
        await asyncio.to_thread(_over, world)
        store = await world.open()
        received = (await store.statistics()).received
        assert counted + said <= received <= counted + said + 1
        counted = received
        assert (await store.verify()).whole
        await world.close()
    store = await world.open()
    raws = set()
    while (mail := await store.claim_mail(world.START, MINUTE)) is not None:
        raws.add(mail.raw)
    assert len(raws) == counted
