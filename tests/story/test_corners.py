"""Corners of the interface: how commands are read, and where they may stand."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.lab.correspondent import Attachment

# The store plays no part in these: once is enough.
pytestmark = pytest.mark.parametrize("new_store", ["sqlite"], indirect=True, scope="session")

Stage = Any  # conftest's House, Case, Person


def test_a_command_is_its_paragraph_however_it_was_wrapped(house: Stage, mallory: Any) -> None:
    case = house.report()
    after = house.now()
    case.say(
        house.alice,
        f"/Sanction\u00a0SUSPEND {mallory.name} <{mallory.address}>\non all until 2099-12-31\n"
        "because you didn\u2019t stop \u2014 and\nwent on\n\nWhat do you think?",
    )
    ballot = case.hears(house.bob, "ballot", after=after)
    text = " ".join(ballot.text.split())
    assert "stop - and went on" in text.replace("\u2014", "-")
    assert "2099" in text
    assert "What do you think" not in ballot.text, "that is for the committee"
    case.hears(house.bob, "message", "What do you think?")
    sanction = case.sanction()
    assert sanction["person"] == mallory.address
    assert sanction["state"] == "proposed"


def test_a_command_beside_an_attachment_runs(house: Stage) -> None:
    case = house.report()
    image = Attachment(name="logo.png", content=b"\x89PNG\r\n", kind="image/png")
    case.say(house.alice, "/tag pictured", attachments=[image])
    case.hears(house.bob, "message", "pictured")


def test_a_command_in_two_text_parts_is_refused(house: Stage) -> None:
    case = house.report()
    second = Attachment(name="", content=b"/tag two\n", kind="text/plain")
    mail = house.alice.answer(
        case.copies["alice"].data, "/tag one", attachments=[second], sign=False
    )
    house.post(house.alice.sign(mail.replace(b"Content-Disposition: attachment", b"X-Was: it")))
    case.hears(house.alice, "refusal")
    assert "tag one" not in case.settle().text


def test_the_reply_address_may_stand_in_cc(house: Stage) -> None:
    case = house.report()
    house.post(house.alice.write(
        "somebody@elsewhere.example.net", "Cc", "/tag copied",
        cc=case.copies["alice"].header("Reply-To"),
    ))  # fmt: skip
    case.hears(house.bob, "message", "copied")


def test_a_command_whose_signed_fields_do_not_hold_our_address_is_asked_about(house: Stage) -> None:
    """Promise 5: a signed mail re-addressed by its envelope."""
    case = house.report()
    mail = house.alice.write("somebody@elsewhere.example.net", "Hello", "/tag readdressed")
    house.deliver(mail, case.copies["alice"].header("Reply-To"), house.alice.address)
    case.hears(house.alice, "confirmation", "/tag readdressed")
    assert not case.heard(house.bob, "message", "readdressed")


def test_a_reply_beside_a_command_that_fails_does_not_leave(house: Stage) -> None:
    """Promise 6."""
    case = house.report()
    case.refused(house.alice, "/reply reporter\nHello there.\n/end\n\n/accept 5")
    assert not house.mails(case.reporter, "message")
    assert len(case.heard(house.bob)) == 1


def test_a_reporter_may_leave_a_member_out_later(apart: Stage) -> None:
    case = apart.report()
    reply_to = case.acknowledgement.header("Reply-To")
    apart.post(case.reporter.answer(
        case.acknowledgement.data, "Not for Bob any more: the ivory tuba.",
        to=f"{reply_to}, {apart.detail('not-bob')}",
    ))  # fmt: skip
    case.hears(apart.carol, "message", "ivory tuba")
    case.settle()
    assert not apart.mails(apart.bob, containing="ivory tuba")
    assert not apart.mails(apart.bob, "report", "ivory tuba")
