"""Mail of machines, over the loop that decides: what comes back, and what goes round."""

from __future__ import annotations

from collections import deque

from cocmail.core.letters import Letter
from cocmail.core.verification import UNPROVED
from tests.core.house import House
from tests.promises.play.promises import text_of
from tests.promises.play.room import Sent, member

RAE = "Rae <rae@reporter.example>"


def dsn(letter: Letter, *, action: str = "failed", to: str = "") -> bytes:
    """What a mail server sends back (RFC 3464)."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\n"
        f"To: {to or letter.return_path}\r\nSubject: Delivery report\r\n"
        f"Message-ID: <{action}.{letter.id}@mx.example.net>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nAbout your mail.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.to}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n".encode()
        + letter.message
        + b"\r\n--b--\r\n"
    )


def came(house: House, raw: bytes) -> Sent:
    return house.room.deliver(raw, UNPROVED)


def until_nothing_comes(house: House, *broken: str) -> int:
    """Everything that leaves for these members comes back; how many came back."""
    addresses = {member(handle).addresses[0] for handle in broken}
    leaving, count = deque(house.room.shelf.letters), 0
    while leaving:
        letter = leaving.popleft()
        if letter.to in addresses and letter.return_path:
            count += 1
            assert count < 50, "each bounce brings the next"
            leaving.extend(came(house, dsn(letter)).letters)
    return count


def test_two_broken_mailboxes_do_not_tell_of_each_other_for_ever() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    until_nothing_comes(house, "bob", "carol")
    told = [t for t in house.all("member:alice", "alert", case) if "did not arrive" in t]
    assert len([t for t in told if "member bob" in t]) == 1
    assert len([t for t in told if "member carol" in t]) == 1


def test_after_a_day_it_is_told_again() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    (letter,) = [x for x in house.room.shelf.letters if x.party == "member:bob"]
    assert came(house, dsn(letter)).letters
    house.later(hours=23)
    assert not came(house, dsn(letter).replace(b"<failed.", b"<second.")).letters
    house.later(hours=1)
    house.say("alice", case, "What do you think?")
    assert house.last is not None
    (next_one,) = [x for x in house.last.letters if x.party == "member:bob"]
    assert {x.party for x in came(house, dsn(next_one)).letters} == {"member:alice", "member:carol"}


def test_whoever_knows_a_return_path_cannot_bury_the_committee() -> None:
    house = House()
    house.report(RAE, "He went on.")
    (letter,) = [x for x in house.room.shelf.letters if x.party == "member:bob"]
    many = [came(house, dsn(letter).replace(b"<failed", b"<n%d" % n)).letters for n in range(20)]
    assert sum(map(len, many)) == 2


def test_a_bounce_is_told_to_nobody_who_is_out() -> None:
    """Promise 3."""
    house = House("alice", "bob", "carol", "dave")
    case = house.report(RAE, "He went on.")
    house.say("dave", case, "/recuse")
    house.say("alice", case, "/reply reporter\nWhen was it?\n/end")
    assert house.last is not None
    (letter,) = [x for x in house.last.letters if x.party == "reporter:1"]
    told = came(house, dsn(letter)).letters
    assert {x.party for x in told} == {"member:alice", "member:bob", "member:carol"}
    assert all("reporter 1 did not arrive" in text_of(x) for x in told)
