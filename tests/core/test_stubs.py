"""A plain text that says little, beside HTML that says all: people are told both, and commands
stand in the plain text alone."""

from __future__ import annotations

from dataclasses import replace

from cocmail.core.verification import UNPROVED, Signature
from tests.core.house import House
from tests.promises.play.room import COMMUNITY, COVERED, Sent

SAID = (
    "He followed me to the hotel and waited there until the morning came, and I am afraid of him"
    " now wherever I go."
)
NAMED = f"<p>{SAID}</p><p>Carol Quillfeather saw it and laughed.</p>"


def send(house: House, sender: str, to: str, plain: str, html: str) -> Sent:
    raw = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: Hello\r\nMessage-ID: <stub@mail.example>\r\n"
        "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
        f"Content-Type: text/plain\r\n\r\n{plain}\r\n--b\r\n"
        f"Content-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
    ).encode()
    auth = replace(UNPROVED, signature=Signature.SOUND, covered=COVERED, marks=("stub",), why="")
    house.last = house.room.deliver(raw, auth)
    return house.last


def test_members_read_both_and_are_told_why() -> None:
    house = House()
    send(house, "anna@quiet.example", COMMUNITY, "See the HTML.", f"<p>{SAID}</p>")
    (copy,) = house.got("member:alice", "report")
    assert SAID in " ".join(copy.split())
    assert copy.index("See the HTML.") < copy.index("He followed me")
    assert "Its plain text doesn't say all" in " ".join(copy.split())


def test_members_are_told_of_pictures_that_nothing_fetches() -> None:
    house = House()
    picture = "<img src='https://a.example/{}'>"
    send(house, "anna@quiet.example", COMMUNITY, "", picture.format(1))
    (copy,) = house.got("member:alice", "report")
    assert "It shows a picture on another server, not fetched." in " ".join(copy.split())
    assert "a.example" not in copy
    send(house, "ben@quiet.example", COMMUNITY, "Look.", picture.format(1) + picture.format(2))
    (copy,) = house.got("member:alice", "report")
    assert "It shows pictures on other servers, not fetched." in " ".join(copy.split())


def test_who_is_named_there_alone_is_out_too() -> None:
    house = House()
    send(house, "anna@quiet.example", COMMUNITY, "See the HTML.", NAMED)
    assert house.got("member:alice", "report")
    assert not house.got("member:carol")


def test_no_command_stands_there() -> None:
    house = House()
    case = house.report("anna@quiet.example", "He shouts.")
    to = house.room.address(case, "member:alice")
    html = f"<p>/close resolved</p><p>{SAID}</p><p>/tag heron</p>"
    send(house, "alice@alice.example", to, "/urgent", html)
    found = house.case(case)
    assert (found.is_open, found.urgent, found.tags) == (True, True, ())
