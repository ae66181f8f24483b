"""A report comes in: what the reporter hears, and what each member gets."""

from __future__ import annotations

from email import message_from_bytes
from email.utils import parseaddr
from typing import Any

from cocmail.lab.correspondent import Attachment
from tests.adapters.test_files import SECRET, photo

Stage = Any  # conftest's House, Case, Person


def test_the_acknowledgement(house: Stage) -> None:
    case = house.report()
    ack = case.acknowledgement
    assert ack.sender in ("", "<>"), "the envelope sender of an automatic answer is null"
    assert parseaddr(ack.header("From"))[1] == house.address
    assert ack.header("Auto-Submitted").startswith("auto-replied")
    assert ack.header("X-Auto-Response-Suppress") == "All"
    assert ack.header("Precedence").lower() not in ("bulk", "list", "junk")
    assert ack.message.get_content_type() == "text/plain"
    assert ack.header("In-Reply-To") == message_from_bytes(case.mail)["Message-ID"]
    local = parseaddr(ack.header("Reply-To"))[1].partition("@")[0]
    assert local.startswith(f"{house.user}+")
    assert len(local) <= 64
    assert len(local.partition("+")[2]) >= 25, "at least 128 bits in letters and digits"
    assert ack.header("Cocmail-Case") in ack.text
    found = ack.data.decode().lower()
    for told in ("whiskerby", "pursued", "please help me", "rivera"):
        assert told not in found.replace(case.reporter.address, ""), told
    for member in house.members:
        assert member.address not in found
        assert member.name.lower() not in found
    for said in ("police", "encrypted", "+not-"):
        assert said in found


def test_the_acknowledgement_is_given_once(house: Stage) -> None:
    case = house.report()
    house.post(case.reporter.answer(case.acknowledgement.data, "Also: he has a green umbrella."))
    case.all_hear("message", "a green umbrella")
    case.settle()
    assert len(house.mails(case.reporter)) == 1


def test_each_member_gets_a_copy_with_a_reply_to_of_their_own(house: Stage) -> None:
    case = house.report()
    copies = case.copies.values()
    assert len({copy.header("Reply-To") for copy in copies} | {
        case.acknowledgement.header("Reply-To")}) == 4  # fmt: skip
    assert len({copy.header("Message-ID") for copy in copies}) == 3
    assert {copy.header("Cocmail-Case") for copy in copies} == {case.reference}
    for copy in copies:
        assert len(copy.recipients) == 1
        assert house.is_ours(copy.sender), "bounces come to a return path of ours"
        assert copy.sender != house.address
        assert copy.header("Auto-Submitted").startswith("auto-")
        assert copy.header("X-Auto-Response-Suppress") == "All"


def test_outsiders_have_references_of_their_own(house: Stage) -> None:
    case = house.report()
    outside = case.acknowledgement.header("Cocmail-Case")
    assert outside != case.reference
    shown = house.ask("case", "show", outside)
    assert shown["reference"] == case.reference
    assert house.ask("case", "show", outside.lower())["reference"] == case.reference


def test_a_case_is_one_conversation_for_each_recipient_by_itself(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, "Let us look at the archives together.")
    later = case.hears(house.bob, "message", "archives")
    seen = later.header("References").split()
    assert case.copies["bob"].header("Message-ID") in seen
    others = {case.copies[m].header("Message-ID") for m in ("alice", "carol")}
    others.add(str(message_from_bytes(case.mail)["Message-ID"]))
    others.add(case.acknowledgement.header("Message-ID"))
    assert not others & set(seen)
    case.say(house.alice, "/reply reporter\nWhen was it?\n/end")
    asked = house.mail(case.reporter, "message", "When was it?")
    assert case.acknowledgement.header("Message-ID") in asked.header("References").split()


def test_two_reports_are_two_cases_whatever_they_quote(house: Stage) -> None:
    """Promise 2: never by subject, never because somebody put an id in it."""
    case = house.report()
    other = house.somebody("Quill Quotewell")
    after = house.now()
    house.post(other.write(
        house.address, f"Re: [{case.reference}] Conduct case",
        f"About {case.reference}: the violet teapot.",
        in_reply_to=case.copies["alice"].header("Message-ID"),
        references=case.copies["alice"].header("Message-ID"),
    ))  # fmt: skip
    copy = house.mail(house.alice, "report", "violet teapot", after=after)
    assert copy.header("Cocmail-Case") != case.reference


def test_an_answer_without_the_reply_address_is_threaded_by_our_message_id(house: Stage) -> None:
    case = house.report()
    house.post(case.reporter.write(
        house.address, "no matter", "It was on a Tuesday, by the yellow canoe.",
        in_reply_to=case.acknowledgement.header("Message-ID"),
    ))  # fmt: skip
    case.all_hear("message", "yellow canoe")


def test_a_mail_to_several_of_our_addresses_is_handled_once(house: Stage) -> None:
    case = house.report()
    after = house.now()
    reply_to = case.copies["alice"].header("Reply-To")
    house.post(house.alice.answer(
        case.copies["alice"].data, "For us alone: the purple ladder.",
        to=f"{reply_to}, {house.address}",
    ))  # fmt: skip
    case.hears(house.bob, "message", "purple ladder")
    house.quiet()
    assert len(house.mails(house.bob, containing="purple ladder", after=after)) == 1
    assert not house.mails(house.bob, "report", after=after)


def test_two_reply_addresses_are_set_aside(house: Stage) -> None:
    first, second = house.report(), house.report()
    before = len(house.ask("quarantine", "list"))
    after = house.now()
    addresses = [case.copies["alice"].header("Reply-To") for case in (first, second)]
    house.post(house.alice.write(addresses, "Both", "To both of them: the copper kettle."))
    house.quiet()
    assert not [m for m in house.sink.messages[after:] if "copper kettle" in m.text
                and not m.is_for(house.alice.address)]  # fmt: skip
    assert len(house.ask("quarantine", "list")) > before


def test_what_cannot_be_understood_is_kept_and_shown_to_a_human(house: Stage) -> None:
    """Promise 1."""
    before = house.ask("quarantine", "list")
    garbage = b"From: nobody\r\nTo: " + house.address.encode() + b"\r\n" + b"\xff\x00" * 50
    house.deliver(garbage, house.address)
    case = house.report()  # the mail behind it isn't blocked
    house.quiet()
    found = house.ask("quarantine", "list")
    listed = house.ask("case", "list")
    assert len(found) > len(before) or len(listed) > 1
    assert case.reference in {one["reference"] for one in listed}


def test_the_copies_of_a_community_that_wants_what_is_attached(new_house: Stage) -> None:
    house = new_house(community={"attachments": "copy"})
    reporter, after = house.somebody("Rae Rivera"), house.now()
    files = [
        Attachment(name="what-he-wrote.pdf", content=b"%PDF-1.7 \xff", kind="application/pdf"),
        Attachment(name="where.jpg", content=photo(), kind="image/jpeg"),
    ]
    to = house.detail("not-bob")
    house.post(reporter.write(to, "Help", "It is attached.", attachments=files))
    for member in (house.alice, house.carol):
        copy = house.mail(member, "report", after=after)
        found = {x.get_filename(): x.get_content() for x in copy.message.iter_attachments()}
        assert found.keys() == {"what-he-wrote.pdf", "where.jpg"}
        assert found["what-he-wrote.pdf"] == b"%PDF-1.7 \xff"
        assert SECRET not in found["where.jpg"]
    assert not house.mail(reporter, "acknowledgement", after=after).message.is_multipart()
    house.quiet()
    assert not house.mails(house.bob, "report", after=after)
    assert "as it came: /original 2" in copy.text
    house.post(house.carol.answer(copy.data, "/original 2"))
    answer = house.mail(house.carol, "answer", after=after)
    (picture,) = answer.message.iter_attachments()
    assert (picture.get_filename(), picture.get_content()) == ("where.jpg", photo())
    house.quiet()
    assert not house.mails(house.alice, "answer", after=after)
    assert not house.mails(house.bob, after=after)
