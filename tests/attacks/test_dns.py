"""DNS goes away, or is made to: no key can be asked for, so nothing is proved and nothing runs.

The mail is kept and tried again; when that lasts, its author is asked, and the members and the
operator hear of it, once a day at most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.store import load_keys, make_key_file, open_store
from cocmail.core.case import Case
from cocmail.core.policy import Unsigned
from cocmail.core.setting import Setting
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding, write
from cocmail.loops.intake import Intake
from cocmail.loops.outbox import LEASE
from cocmail.parts import CaseCodec
from cocmail.ports import Arrival
from tests.attacks.kit import Post, key, no_judgement, reading
from tests.attacks.signer import sign
from tests.promises.kit import MINTER, World, text_of

BOBS = "mail._domainkey.bob.example"
TRIES = 12


@pytest.fixture
def post() -> Post:
    return Post()


def given_up(post: Post, text: str = "/approve") -> str:
    """A mail of bob's that is tried until we stop; what became of it."""
    became = post.arrives(post.signed(text))
    sent = post.room.sent[-1]
    for _ in range(TRIES - 1):
        assert became == "waits"
        assert not post.letters()
        became = post.again(sent)
    return became


def test_while_dns_is_away_a_command_waits(post: Post) -> None:
    post.records[BOBS], record = None, post.records[BOBS]
    assert post.arrives(post.signed("/approve")) == "waits"
    sent = post.room.sent[-1]
    assert post.again(sent) == "waits"
    assert (post.votes(), post.letters(), post.waits) == ({}, set(), [sent.id, sent.id])
    assert "DNS" in post.room.intake.trouble
    post.records[BOBS] = record
    assert post.again(sent) == "ran"
    assert post.votes() == {"bob": "approve"}
    assert post.room.intake.trouble == ""


def test_a_forgery_gains_nothing_by_an_outage(post: Post) -> None:
    post.records[BOBS], record = None, post.records[BOBS]
    assert post.arrives(sign(post.written("/approve"), key("eve"), "bob.example")) == "waits"
    sent = post.room.sent[-1]
    post.records[BOBS] = record
    assert post.again(sent) == "set aside"
    assert ("member:bob", "alert") in post.letters()
    assert post.votes() == {}


def test_when_it_lasts_the_members_are_told_once_a_day(post: Post) -> None:
    post.records[BOBS], record = None, post.records[BOBS]
    alerts = {(f"member:{handle}", "alert") for handle in post.room.handles}
    asked = {("member:bob", "confirmation")}
    assert given_up(post) == "asked"
    assert post.letters() == alerts | asked
    assert post.votes() == {}
    assert given_up(post, "/object") == "asked"
    assert post.letters() == asked
    post.room.now += timedelta(days=1)
    assert given_up(post, "/abstain") == "asked"
    assert post.letters() == alerts | asked
    assert "DNS" in post.room.intake.trouble
    post.records[BOBS] = record
    assert post.arrives(post.signed("/approve")) == "ran"
    assert post.votes() == {"bob": "approve"}
    assert post.room.intake.trouble == ""


def test_when_what_tells_of_it_comes_back_the_others_hear(post: Post) -> None:
    post.records[BOBS] = None
    assert given_up(post) == "asked"
    room = post.room
    (alert,) = [x for x in room.shelf.letters if (x.party, x.kind) == ("member:carol", "alert")]
    before = len(room.shelf.letters)
    bounce = (
        f"From: mailer-daemon@carol.example\r\nTo: {alert.return_path}\r\nReturn-Path: <>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nNo such person.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; carol.example\r\n\r\nFinal-Recipient: rfc822;carol@carol.example"
        "\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    ).encode()
    post.arrives(bounce)
    told = {(x.party, x.kind.value) for x in room.shelf.letters[before:]}
    assert told == {("member:alice", "alert"), ("member:bob", "alert")}
    assert "carol" in text_of(room.shelf.letters[-1])


def test_where_unsigned_is_refused_an_outage_refuses_too() -> None:
    post = Post(unsigned=Unsigned.REFUSE)
    post.records[BOBS] = None
    assert given_up(post) == "refused"
    assert ("member:carol", "alert") in post.letters()
    assert post.votes() == {}


def test_nobody_outside_can_raise_the_alarm(post: Post) -> None:
    """A reporter's own domain can be made to answer nothing."""
    post.records["mail._domainkey.ada.example"] = None
    mail = post.written(
        "/approve",
        sender="ada@ada.example",
        to=post.room.address(post.case, "reporter:1"),
    )
    assert post.arrives(sign(mail, key("ada"), "ada.example")) == "waits"
    sent = post.room.sent[-1]
    while (became := post.again(sent)) == "waits":
        assert len(post.waits) < TRIES
    assert became == "told"
    assert {kind for _, kind in post.letters()} == {"message"}
    assert (post.votes(), post.room.intake.trouble) == ({}, "")


class Moved:
    """A clock that a test sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


async def test_what_waits_for_dns_is_kept_by_a_real_store(tmp_path: Path) -> None:
    made = Post()
    made.records[BOBS], record = None, made.records[BOBS]
    clock = Moved(World().now)
    make_key_file(tmp_path / "key")
    keys = load_keys(tmp_path / "key")
    minter = replace(MINTER, token_key=keys.token, lookup_key=keys.lookup)
    store = await open_store(
        f"sqlite:///{tmp_path}/s.db", keys=keys, codec=CaseCodec(minter),
        clock=clock, recipients_of=lambda raw: (), create=True,
    )  # fmt: skip

    class Ours(World):
        def setting(self) -> Setting:
            return replace(super().setting(), minter=minter)

    try:
        world = Ours(case=Case(id="a"))
        async with store.transaction() as tx:
            await tx.open_case("a")
            await write(tx, "a", world.report())
        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        lists: Any = None
        deciding = Deciding(store, lambda _: replace(world.setting(), now=clock.at), bells)
        intake = Intake(deciding, made, lists, reading, no_judgement, clock)
        token = minter.token(case="a", party="member:bob", purpose="reply", about="", epoch=0)
        raw = made.signed("/assign carol", to=str(minter.address(token)))
        arrival = Arrival(raw=raw, road="lmtp", source=None, recipients=())
        assert await store.keep(arrival, clock.at)

        async def turn() -> bool:
            waiting = await store.claim_mail(clock.at, LEASE)
            if waiting is not None:
                assert waiting.raw == raw
                await intake._handle(waiting)
            return waiting is not None

        assert await turn()
        assert (await store.statistics()).waiting == 1
        assert not await turn(), "not before its time"
        clock.at += timedelta(minutes=5)
        assert await turn()
        assert (await store.statistics()).waiting == 1
        made.records[BOBS] = record
        clock.at += timedelta(minutes=5)
        assert await turn()
        assert (await store.statistics()).waiting == 0
        found = await store.read_case("a")
        assert found is not None
        assert found.assigned == "carol"
    finally:
        await store.close()
