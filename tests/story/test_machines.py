"""Promise 11: the daemon never answers a machine; a bounce tells the committee."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.lab.waiting import wait_until

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


def asked(house: Any) -> tuple[Any, Any]:
    """A question to the reporter, as it left."""
    case = house.report()
    case.say(house.alice, "/reply reporter\nWhen was it?\n/end")
    return case, house.mail(case.reporter, "message", "When was it?")


def test_a_vacation_notice_and_a_delay_are_no_bounce(house: Stage) -> None:
    case, letter = asked(house)
    after = house.now()
    away = case.reporter.write(
        letter.sender, "Away", "I am away until spring.", headers={"Auto-Submitted": "auto-replied"}
    )
    late = bounce(house, letter.sender, case.reporter.address)
    late = late.replace(b"Action: failed", b"Action: delayed").replace(b"<b1@", b"<late@")
    for mail in (away, late):
        house.deliver(mail, letter.sender)
    case.settle()
    assert not case.heard(house.alice, "alert", after=after)
    assert not house.mails(case.reporter, after=after)
    house.deliver(bounce(house, letter.sender, case.reporter.address), letter.sender)
    case.all_hear("alert", "reporter 1 did not arrive", after=after)


def test_a_report_that_nobody_can_read_belongs_to_its_case(house: Stage) -> None:
    case, letter = asked(house)
    before = len(house.ask("quarantine", "list"))
    whole = bounce(house, letter.sender, case.reporter.address)
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    house.deliver(whole.replace(b"--b\r\n", part * 3000 + b"--b\r\n", 1), letter.sender)
    case.all_hear("alert", "reporter 1 did not arrive")
    cut = b"From: postmaster@mx.example.net\r\nSubject: \xff\xfe\r\n\r\n" + b"\0" * 5000
    other, second = asked(house)
    house.deliver(cut, second.sender)
    other.all_hear("alert", "reporter 1 may not have arrived")
    other.settle()
    assert len(house.ask("quarantine", "list")) == before
    assert not house.mails("postmaster@mx.example.net")


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


def answered_until_nothing_comes(house: Any, answers: dict[Any, Any], most: int) -> int:
    """Each of these people's programs answers whatever comes; how many mails came to them."""
    seen = answered = 0
    while True:
        every = house.sink.messages  # once: one more may come while we count
        new, seen = every[seen:], len(every)
        for caught in new:
            for person, answer in answers.items():
                if caught.is_for(person.address):
                    answered += 1
                    assert answered <= most, "it goes round and round"
                    house.post(answer(caught))
        if not new:
            house.quiet()
            if len(house.sink.messages) == seen:
                return answered


def test_programs_without_any_mark_stop_being_answered(new_house: Any) -> None:
    house = new_house(limits={"from_sender": 5})
    same, other = house.somebody("Una Unmarked"), house.somebody("Val Varied")
    numbers = iter("abcdefghijklmnopqrstuvwxyz" * 9)
    for person in (same, other):
        house.post(person.write(house.address, "Away", "I am away."))
    came = answered_until_nothing_comes(
        house,
        {
            same: lambda _: same.write(house.address, "Away", "I am away."),
            # Its words differ each time, and it says nothing of what it answers.
            other: lambda _: other.write(house.address, "Ticket", f"Got it: {next(numbers)}xyz"),
        },
        most=40,
    )
    # That it arrived, and that it was here before: the same words join the first report.
    assert came == 2 + 5
    assert len(house.ask("quarantine", "list")) == 1


def test_members_programs_without_any_mark_do_not_answer_each_other(new_house: Any) -> None:
    house = new_house()
    away = {
        member: lambda caught, member=member: member.answer(caught.data, f"{member.name} is away.")
        for member in (house.bob, house.carol)
    }
    case = house.report()
    answered_until_nothing_comes(house, away, most=40)
    told = case.heard(house.alice, "message", "is away")
    assert 2 <= len(told) <= 12
    # People are heard, though.
    case.say(house.bob, "I am back.")
    case.hears(house.alice, "message", "I am back.")
    case.settle(house.bob)


def test_our_own_mail_that_comes_back_opens_nothing(house: Stage) -> None:
    case, letter = asked(house)
    cases, after = len(house.ask("case", "list")), house.now()
    ours = ("from", "to", "subject", "date", "message-id", "reply-to")
    header, _, body = letter.data.partition(b"\r\n\r\n")
    fields = header.decode().replace("\r\n ", " ").split("\r\n")
    bare = [one for one in fields if one.lower().partition(":")[0] in ours]
    for left in (fields, bare, [one for one in bare if not one.startswith("Message-ID")]):
        mail = "\r\n".join(left).encode() + b"\r\n\r\n" + body
        token = case.acknowledgement.header("Reply-To")
        for address in (house.address, token):
            house.deliver(mail, address, house.address)
    # A list has put itself in our place.
    forwarder = house.somebody("Lil Listmaster")
    lines = [one.encode() for one in bare if not one.startswith("From:")]
    mail = b"\r\n".join([b"From: " + forwarder.address.encode(), *lines])
    house.deliver(mail + b"\r\n\r\n" + body, house.address, forwarder.address)
    case.settle()
    assert not house.mails(forwarder, after=after)
    assert len(house.ask("case", "list")) == cases
    assert not house.mails(house.address, after=after)
    assert not house.mails(case.reporter, after=after)


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


def test_addresses_that_only_look_like_ours_are_counted_as_the_public_one(new_house: Any) -> None:
    house = new_house(limits={"from_sender": 3})
    loud = house.somebody("Lou Loud")
    for n in "abcdefgh":
        house.post(loud.write(house.detail(n * 26), f"Number {n}", f"And {n}."))
    house.quiet()
    assert len(house.mails(loud, "acknowledgement")) == 3
    assert len(house.ask("quarantine", "list")) == 5


def test_what_is_beyond_a_limit_is_not_said_to_be_handled_when_it_is_released(
    new_house: Any,
) -> None:
    house = new_house(limits={"header_line": 2000})
    long = house.somebody("Lena Long").write(house.address, "Help", "Please.")
    long = b"X-Long: " + b"x" * 3000 + b"\r\n" + long
    house.post(long)
    house.mail(house.alice, "alert", "A line of its header is longer than we open")
    (aside,) = house.ask("quarantine", "list")
    told = house.now()
    released = house.call("quarantine", "release", aside["id"])
    assert released.returncode == 1
    (line,) = released.stderr.splitlines()
    assert "A line of its header is longer than we open." in line
    assert "stays set aside" in line
    assert "[limits]" in line
    assert f"cocmail quarantine show {aside['id']}" in line
    house.quiet()
    assert house.ask("quarantine", "list") == [aside]
    assert not house.mails(house.alice, after=told)

    house.stop()
    said = house.configuration.read_text(encoding="utf-8")
    house.configuration.write_text(said.replace("header_line = 2000", ""), encoding="utf-8")
    house.start()
    released = house.call("quarantine", "release", aside["id"])
    assert released.returncode == 0, released.stderr
    assert "set aside again" in released.stderr + released.stdout
    house.mail(house.alice, "report", after=told)


def test_of_a_mail_that_is_too_large_to_be_taken_the_members_hear(new_house: Any) -> None:
    house = new_house()
    rae = house.somebody("Rae Rivera")
    large = rae.write(house.detail("not-bob"), "Help", "My kitten Whiskerby.", sign=False)
    house.into_inbox(large + b"x" * 78 + b"\r\n", house.detail("not-bob"), rae.address)
    house.mail(rae, "acknowledgement")
    after = house.now()
    large += (b"x" * 78 + b"\r\n") * (66 * 1024 * 1024 // 80)
    house.into_inbox(large, house.detail("not-bob"), rae.address)
    for member in (house.alice, house.carol):
        told = house.mail(member, "alert", "larger than 64 MB and still lies in the mailbox")
        assert "Whiskerby" not in told.text
    assert not house.mails(rae, after=after)
    assert not house.mails(house.bob, after=after)

    def said() -> bool:
        left = "1 mail(s) of more than 64 MiB were left there"
        return any(left in one for one in house.ask("status")["trouble"])

    wait_until(said, timeout=60, what="a line of `cocmail status`")
    (aside,) = house.ask("quarantine", "list")
    released = house.call("quarantine", "release", aside["id"])
    assert released.returncode == 1
    assert "only its beginning is here" in released.stderr
    house.stop()
    house.start()
    wait_until(said, timeout=60, what="a line of `cocmail status`")
    house.into_inbox(rae.write(house.address, "Help", "Once more."), house.address, rae.address)
    house.mail(rae, "acknowledgement", after=after)
    assert len(house.mails(house.alice, "alert", after=after)) == 1
