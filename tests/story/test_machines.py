"""Promise 11: the daemon never answers a machine; a bounce tells the committee."""

from __future__ import annotations

from typing import Any

import pytest

# The store plays no part in these: once is enough.
pytestmark = pytest.mark.parametrize("new_store", ["sqlite"], indirect=True, scope="session")

Stage = Any  # conftest's House, Case, Person

MACHINES = {
    "vacation": {"Auto-Submitted": "auto-replied"},
    "exchange": {"X-Auto-Response-Suppress": "All", "Auto-Submitted": "auto-generated"},
    "list": {"List-Id": "<dev.lists.example.org>", "Precedence": "list"},
    "bulk": {"Precedence": "bulk"},
}


def bounce(house: Any, recipient: str, failed: str) -> bytes:
    """RFC 3464, as Postfix writes it."""
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nTo: {recipient}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b1@mx.example.net>\r\n"
        "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nAuto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 unknown\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("kind", MACHINES)
@pytest.mark.parametrize("where", ["plain", "case"])
def test_automatic_mail_is_filed_and_unanswered(house: Stage, kind: str, where: str) -> None:
    case = house.report()
    after = house.now()
    headers = MACHINES[kind]
    text = "I am away until the vermilion comet returns."
    if where == "plain":
        sender = house.somebody("Vera Vacation")
        house.post(sender.write(house.address, "Away", text, headers=headers))
    else:
        sender = case.reporter
        house.post(sender.answer(case.acknowledgement.data, text, headers=headers))
    case.settle()
    assert not house.mails(sender, after=after)
    assert not [m for m in house.sink.messages[after:] if "vermilion comet" in m.text
                and where == "plain"]  # fmt: skip


def test_a_members_vacation_notice_runs_nothing(house: Stage) -> None:
    case = house.report()
    after = house.now()
    mail = house.bob.answer(
        case.copies["bob"].data, "/tag absent", headers={"Auto-Submitted": "auto-replied"}
    )
    house.post(mail)
    assert "absent" not in case.settle(house.bob).text
    assert not [m for m in house.mails(house.bob, after=after) if
                m.header("Cocmail-Kind") != "answer"]  # fmt: skip


def test_a_bounce_tells_the_committee(house: Stage) -> None:
    case = house.report()
    letter = case.copies["bob"]
    after = house.now()
    house.deliver(bounce(house, letter.sender, house.bob.address), letter.sender)
    for member in (house.alice, house.carol):
        told = case.hears(member, "alert", after=after)
        assert "bob" in told.text
    case.settle()
    assert not house.mails("mailer-daemon@mx.example.net")


def test_a_bounced_question_to_the_reporter_tells_every_member(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, "/reply reporter\nWhen was it?\n/end")
    asked = house.mail(case.reporter, "message", "When was it?")
    assert house.is_ours(asked.sender)
    house.deliver(bounce(house, asked.sender, case.reporter.address), asked.sender)
    for told in case.all_hear("alert"):
        assert "reporter" in told.text


def test_what_the_mail_server_refuses_for_good_tells_the_committee(house: Stage) -> None:
    case = house.report()
    house.sink.refusals[case.reporter.address] = "550 5.1.1 unknown"
    case.say(house.alice, "/reply reporter\nWhen was it?\n/end")
    case.all_hear("alert")
    house.sink.refusals.clear()


def test_two_mailboxes_that_are_refused_do_not_tell_of_each_other_for_ever(new_house: Any) -> None:
    house = new_house()
    for member in (house.bob, house.carol):
        house.sink.refusals[member.address] = "550 5.1.1 unknown"
    case = house.report(readers=[house.alice])
    for name in ("bob", "carol"):
        case.hears(house.alice, "alert", name)
    house.quiet()
    assert len(case.heard(house.alice, "alert")) == 2
    # Their copies of the report, and what tells each of them of the other's.
    assert house.ask("status")["outbox"]["failed"] == 4


def test_a_flood_is_stored_and_answered_by_nobody(new_house: Any) -> None:
    house = new_house(limits={"from_sender": 3})
    loud = house.somebody("Lou Loud")
    for n in range(8):
        house.post(loud.write(house.address, f"Number {n}", f"And the {n}th."))
    real = house.somebody("Rita Real")
    house.post(real.write(house.address, "Help", "Please."))
    house.mail(real, "acknowledgement")
    house.quiet()
    assert len(house.mails(loud, "acknowledgement")) == 3
    aside = house.ask("quarantine", "list")
    assert [one["why"] for one in aside] == [
        "More mail came from this sender within an hour than is answered."
    ] * 5
