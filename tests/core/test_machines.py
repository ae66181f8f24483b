"""Mail of machines, over the loop that decides: what comes back, and what goes round."""

from __future__ import annotations

import base64
import time
from collections import Counter, deque

import pytest

from cocmail.adapters.returned import returned
from cocmail.core import events as e
from cocmail.core.filtering import Judgement
from cocmail.core.letters import Letter
from cocmail.core.mail import Mail, read
from cocmail.core.returned import Outcome, outcome
from cocmail.core.verification import UNPROVED
from tests.core.house import House
from tests.corpora.mails import CORPORA, mails
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


def set_aside() -> Judgement:
    return Judgement(set_aside="A filter says so.", urgent="", tags=(), said=())


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


def test_what_a_reporter_may_have_written_is_shown_and_their_program_shown_once() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    doubtful = "X-Auto-Response-Suppress: DR\r\n"
    house.answer(case, "reporter:1", "It was on Monday.", header=doubtful)
    assert "It was on Monday." in house.got("member:bob")[0]
    house.answer(case, "reporter:1", "And on Tuesday.", header=doubtful)
    assert house.last is not None
    assert not house.last.letters
    house.answer(case, "reporter:1", "He is at my door.", header=doubtful)
    house.later(hours=1)  # of these words nobody heard, and they were a person's
    (told,) = [text for text in house.all("member:bob") if "And on Tuesday." in text]
    assert "He is at my door." in told
    assert "/accept 2" in told
    house.later(hours=23)
    house.answer(case, "reporter:1", "And on Friday.", header=doubtful)
    assert "And on Friday." in house.got("member:bob")[0]
    house.say("alice", case, "/accept 1\n\n/accept 2\n\n/accept 3\n\n/accept 4")
    house.answer(case, "reporter:1", "And today.", header=doubtful)
    assert "And today." in house.got("member:bob")[0]


@pytest.mark.parametrize(
    ("party", "sender", "header"),
    [
        ("reporter:1", "", "Auto-Submitted: auto-replied\r\n"),
        ("reporter:1", "m@mallory.example", "X-Loop: x\r\n"),
        ("member:alice", "alice@alice.example", "Auto-Submitted: auto-replied\r\n"),
        ("member:alice", "m@mallory.example", "X-Loop: x\r\n"),
    ],
)
def test_any_other_machine_is_filed(party: str, sender: str, header: str) -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    sender = sender or "rae@reporter.example"
    sent = house.room.send(sender, house.room.address(case, party), "I am away.", header=header)
    assert not sent.letters
    assert not house.case(case).asides


def _sent_on(house: House, case: str, letter: Letter, word: str) -> Sent:
    """A delivery report that alice got, and sends on from her own mail program."""
    raw = (
        f"From: alice@alice.example\r\nTo: {house.room.address(case, 'member:alice')}\r\n"
        f"Subject: Fwd: Delivery report\r\nMessage-ID: <{word}@alice.example>\r\n"
        "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="m"\r\n\r\n'
        f"--m\r\nContent-Type: text/plain\r\n\r\n{word}: my mail to him came back.\r\n--m\r\n"
    ).encode()
    return came(house, raw + dsn(letter).partition(b"MIME-Version: 1.0\r\n")[2] + b"--m--\r\n")


def test_a_delivery_report_that_a_member_sends_on_is_shown() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    (letter,) = [x for x in house.room.shelf.letters if x.party == "member:bob"]
    told = _sent_on(house, case, letter, "first").letters
    assert {x.party for x in told} == {"member:bob", "member:carol"}
    assert all("my mail to him came back" in text_of(x) for x in told)
    assert "delivery report" in text_of(told[0])
    house.say("bob", case, "/accept 1")
    assert not _sent_on(house, case, letter, "second").letters, "two programs would go on for ever"
    house.later(hours=24)
    assert _sent_on(house, case, letter, "third").letters


def test_what_a_member_may_have_written_reaches_nobody_once_they_are_out() -> None:
    """Promise 3: neither does it tell them that the case goes on."""
    house = House()
    case = house.report(RAE, "He went on.")
    to = house.room.address(case, "member:alice")
    house.say("alice", case, "/recuse")
    header = "X-Loop: x\r\n"
    sent = house.room.send("alice@alice.example", to, "May I?", header=header)
    assert not sent.letters
    assert not house.case(case).asides


def test_members_programs_do_not_go_on_for_ever() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    leaving, count = deque(house.room.shelf.letters), 0
    while leaving:
        letter = leaving.popleft()
        handle = letter.party.removeprefix("member:")
        if letter.case == case and handle in ("alice", "bob"):
            count += 1
            assert count < 20, "each answer brings the next"
            to = house.room.address(case, letter.party)
            text, header = f"I am away, {count}.", "X-Loop: x\r\n"
            answer = house.room.send(f"{handle}@{handle}.example", to, text, header=header)
            leaving.extend(answer.letters)
            if answer.letters:
                number = len(house.case(case).asides)
                leaving.extend(house.say("carol", case, f"/accept {number}").letters)


# -- what comes back to a return path -------------------------------------------------------------


def asked(house: House) -> tuple[str, Letter]:
    """A question to the reporter has left."""
    case = house.report(RAE, "He went on.")
    house.say("alice", case, "/reply reporter\nWhen was it?\n/end")
    assert house.last is not None
    (letter,) = [x for x in house.last.letters if x.party == "reporter:1"]
    return case, letter


def to_return_path(letter: Letter, header: str, text: str = "I am away.") -> bytes:
    return (
        f"{header}To: {letter.return_path}\r\nMessage-ID: <{len(header)}@mx.example.net>\r\n"
        f"MIME-Version: 1.0\r\n\r\n{text}\r\n"
    ).encode()


NULL = "Return-Path: <>\r\n"
QUIET = {
    "their vacation notice": f"{NULL}From: {RAE}\r\nAuto-Submitted: auto-replied\r\n",
    "one without a null path": f"From: {RAE}\r\nAuto-Submitted: auto-replied\r\n",
    "a read receipt": "From: Other <other@reporter.example>\r\nContent-Type: multipart/report;"
    " report-type=disposition-notification; boundary=b\r\n",
    "a complaint": "From: Loop <complaints@provider.example>\r\nContent-Type: multipart/report;"
    " report-type=feedback-report; boundary=b\r\n",
}
UNSURE = {
    "a report in words alone": f"{NULL}From: postmaster@mx.example.net\r\nSubject: Zustellung\r\n",
    "a challenge": f"{NULL}From: Guard <challenge@guard.example>\r\n"
    "Auto-Submitted: auto-replied\r\nSubject: Please confirm that you are a person\r\n",
    "a report that can't be taken apart": f"{NULL}From: MAILER-DAEMON\r\nContent-Type:"
    " multipart/report; report-type=delivery-status; boundary=never\r\n",
}


@pytest.mark.parametrize("kind", QUIET)
def test_their_automatic_reply_is_no_bounce(kind: str) -> None:
    house = House()
    _, letter = asked(house)
    sent = came(house, to_return_path(letter, QUIET[kind]))
    assert [type(x) for _, x in sent.events] == [e.Filed]
    assert not sent.letters


def test_what_they_write_to_a_return_path_themselves_is_shown() -> None:
    """Promise 1: a gateway or a ticket system answers whom the envelope names. The letter is
    there, so nobody hears that it isn't."""
    house = House()
    _, letter = asked(house)

    def writes(text: str) -> Sent:
        header = f"From: {RAE}\r\nSubject: Re: {text}\r\n"
        sent = came(house, to_return_path(letter, header, text))
        assert house.room.shelf.settled[sent.id] == "quarantined"
        assert not any(isinstance(x, e.Undelivered) for _, x in sent.events)
        return sent

    told = writes("He is at my door.").letters
    assert {x.party for x in told} == {"member:alice", "member:bob", "member:carol"}
    assert all("He is at my door." in text_of(x) for x in told)
    assert not any("did not arrive" in text_of(x) for x in told)
    assert not writes("And he rang.").letters
    assert not writes("He went.").letters
    house.later(hours=1)
    (one,) = [text for text in house.all("member:bob") if "And he rang." in text]
    assert "He went." in one


def test_what_they_may_have_written_to_a_return_path_is_told_within_a_day() -> None:
    """Promise 1: their program says so, and a person may have chosen the subject."""
    house = House()
    _, letter = asked(house)
    header = f"From: {RAE}\r\nSubject: Automatische Antwort: Urlaub\r\n"
    sent = came(house, to_return_path(letter, header, "He is at my door."))
    assert house.room.shelf.settled[sent.id] == "quarantined"
    assert not sent.letters
    house.later(hours=23)
    assert not any("He is at my door." in text for text in house.all("member:bob"))
    house.later(hours=1)
    assert sum("He is at my door." in text for text in house.all("member:bob")) == 1
    assert not any("did not arrive" in text for text in house.all("member:bob"))


def test_members_programs_without_any_mark_do_not_go_on_for_ever() -> None:
    """Promise 11: they answer whom the envelope names."""
    house = House()
    case = house.report(RAE, "He went on.")
    leaving, count = deque(house.room.shelf.letters), 0
    while leaving:
        letter = leaving.popleft()
        handle = letter.party.removeprefix("member:")
        if letter.case == case and handle in ("alice", "bob") and letter.return_path:
            count += 1
            assert count < 20, "each answer brings the next"
            header = (
                f"From: {handle}@{handle}.example\r\nSubject: {count}\r\nX-Count: {count * 'x'}\r\n"
            )
            leaving.extend(came(house, to_return_path(letter, header, "I'm not in.")).letters)


@pytest.mark.parametrize("kind", UNSURE)
def test_what_cannot_be_read_may_mean_that_it_did_not_arrive(kind: str) -> None:
    house = House()
    case, letter = asked(house)
    sent = came(house, to_return_path(letter, UNSURE[kind], "Ihre Nachricht konnte nicht."))
    assert {x.party for x in sent.letters} == {"member:alice", "member:bob", "member:carol"}
    assert all("to reporter 1 may not have arrived" in text_of(x) for x in sent.letters)
    assert {name for name, _ in sent.events} == {case}


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_is_late_or_there_is_not_told_as_lost(action: str) -> None:
    house = House()
    _, letter = asked(house)
    assert not came(house, dsn(letter, action=action)).letters
    # The end of it is.
    assert len(came(house, dsn(letter)).letters) == 3


def test_each_letter_to_somebody_outside_is_told_of_once() -> None:
    house = House()
    case, letter = asked(house)
    told = came(house, dsn(letter)).letters
    assert all("(message) to reporter 1 did not arrive" in text_of(x) for x in told)
    assert not came(house, dsn(letter).replace(b"<failed", b"<again")).letters
    house.say("alice", case, "/reply reporter\nOr where?\n/end")
    assert house.last is not None
    (second,) = [x for x in house.last.letters if x.party == "reporter:1"]
    assert len(came(house, dsn(second)).letters) == 3


def test_a_letter_of_an_address_that_changed_since_is_told_of() -> None:
    house = House()
    case, letter = asked(house)
    house.answer(case, "reporter:1", "Safe address: rae@safe.example")
    assert house.case(case).parties["reporter:1"].addresses[0] == "rae@safe.example"
    assert house.case(case).epoch("reporter:1") > 0
    assert len(came(house, dsn(letter)).letters) == 3


def test_a_stranger_at_a_return_path_is_shown_and_gets_no_receipt() -> None:
    house = House()
    _, letter = asked(house)
    raw = to_return_path(letter, "From: Sam <sam@elsewhere.example>\r\nSubject: Hm\r\n")
    sent = came(house, raw)
    assert house.room.shelf.settled[sent.id] == "quarantined"
    assert {x.party for x in sent.letters} == {"member:alice", "member:bob", "member:carol"}
    again = came(house, raw.replace(b"Subject: Hm", b"Subject: Hm hm"))
    assert not again.letters
    assert house.room.shelf.settled[again.id] == "quarantined"


@pytest.mark.parametrize("marked", [True, False])
def test_an_altered_key_leads_nowhere(marked: bool) -> None:
    house = House()
    _, letter = asked(house)
    token = letter.return_path.partition("+")[2].partition("@")[0]
    altered = letter.return_path.replace(token, token[1:] + ("a" if token[-1] != "a" else "b"))
    raw = dsn(letter, to=altered)
    if not marked:
        raw = raw.replace(b"Return-Path: <>\r\n", b"")
    sent = came(house, raw)
    assert [(name, type(x)) for name, x in sent.events] == [("system", e.Happened)]
    assert not sent.letters


def test_of_what_was_set_aside_nobody_hears_who_may_not() -> None:
    """Promise 3."""
    house = House("alice", "bob", "carol", "dave")
    house.room.send(
        RAE, "conduct+not-dave@example.org", "Something", judgement=set_aside(), road="imap"
    )
    house.later(days=2)
    told = [x for x in house.room.shelf.letters if x.party == "member:bob"]
    assert told
    sent = came(house, dsn(told[0]))
    assert {x.party for x in sent.letters} == {"member:alice", "member:carol"}
    assert not came(house, dsn(told[0]).replace(b"<failed", b"<again")).letters


def test_a_digest_that_came_back_is_told_without_a_case() -> None:
    house = House()
    cases = [house.report(f"{n}@reporter.example", "He went on.") for n in ("one", "two")]
    house.later(days=20)
    (digest, *_) = [
        x for x in house.room.shelf.letters if x.party == "member:bob" and x.case == "committee"
    ]
    sent = came(house, dsn(digest))
    assert {x.party for x in sent.letters} == {"member:alice", "member:carol"}
    assert not any(house.ref(case) in text_of(x) for case in cases for x in sent.letters)
    assert not came(house, dsn(digest).replace(b"<failed", b"<again")).letters


def test_real_reports() -> None:
    """Of reports that real servers wrote, none is taken for an arrival, but complaints."""
    found: Counter[tuple[bool, Outcome]] = Counter()
    for name, raw in mails(CORPORA / "bounces"):
        mail = read(raw)
        assert isinstance(mail, Mail)
        found[name.startswith("arf"), outcome(returned(raw), mail, ())] += 1
    assert found[False, Outcome.ARRIVED] == 0
    assert found[False, Outcome.FAILED] >= 238
    assert found[False, Outcome.LATE] <= 12
    assert found[True, Outcome.FAILED] == 0


def _status(text: str, encoding: str = "7bit", kind: str = "delivery-status") -> Outcome:
    body = text.encode()
    if encoding == "base64":
        body = base64.encodebytes(body)
    elif encoding == "quoted-printable":
        body = body.replace(b"failed", b"fai=\nled").replace(b"Action: ", b"Action:=20")
    head = (
        "From: MAILER-DAEMON@x.example\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: message/{kind}\nContent-Transfer-Encoding: {encoding}\n\n"
    )
    return returned(head.encode() + body + b"\n--b--\n").outcome


@pytest.mark.parametrize("kind", ["delivery-status", "global-delivery-status"])
@pytest.mark.parametrize("encoding", ["7bit", "base64", "quoted-printable"])
def test_a_status_is_read_in_any_encoding(encoding: str, kind: str) -> None:
    """RFC 6533 section 3; and what gateways do."""
    about = "Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; a@x.example\n"
    words = {"failed": Outcome.FAILED, "delayed": Outcome.LATE}
    words |= dict.fromkeys(("delivered", "relayed", "expanded"), Outcome.ARRIVED)
    for word, meaning in words.items():
        status = f"{about}Action: {word}\nStatus: 5.1.1\n"
        assert _status(status, encoding, kind) is meaning, word


def test_a_status_is_read_with_comments_and_without_an_action() -> None:
    about = "Reporting-MTA: dns; x.example\n\nFinal-Recipient: x-unknown; a\n"
    assert _status(f"{about}Action: (really) failed\n") is Outcome.FAILED
    assert _status(f"{about}Action: (failed) delayed\n") is Outcome.LATE
    assert _status(f"{about}Status: 5.1.10\n") is Outcome.FAILED
    assert _status(f"{about}Status: 2.1.5\n") is not Outcome.FAILED
    assert _status(f"{about}Action: (5.1.1) relayed\nStatus: 5.1.10\n") is Outcome.ARRIVED


def test_a_report_without_end_is_read_as_far_as_reports_go() -> None:
    raw = (
        b"From: a@b.example\r\nSubject: Undelivered\r\n\r\n" + b"a@b.example: failed\r\n" * 400_000
    )
    began = time.process_time()
    assert returned(raw).outcome is Outcome.UNSURE
    assert time.process_time() - began < 2


def test_what_a_members_program_writes_again_is_told_after_a_day_and_not_to_them() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    doubtful = "X-Auto-Response-Suppress: DR\r\n"
    alice = house.room.address(case, "member:alice")
    for text in ("I am here.", "I am here, too."):
        house.last = house.room.send("alice@alice.example", alice, text, header=doubtful)
    assert not house.last.letters
    house.later(hours=23)
    assert not any("I am here, too." in text for text in house.all("member:bob"))
    house.later(hours=1)
    assert sum("I am here, too." in text for text in house.all("member:bob")) == 1
    assert not any("I am here" in text for text in house.all("member:alice"))


# -- what is set aside in a case waits for somebody --------------------------------------------

WAITS = "waits for one of you"
STRANGER = "viv@elsewhere.example"


def strange(house: House, case: str, text: str, **more: str) -> None:
    house.room.send(STRANGER, house.room.address(case, "reporter:1"), text, **more)


def reminded(house: House, handle: str) -> list[str]:
    return [text for text in house.all(f"member:{handle}", "reminder") if WAITS in text]


def test_what_nobody_accepts_or_drops_in_a_case_is_reminded_of_each_day() -> None:
    """Promise 1."""
    house = House()
    case = house.report(RAE, "He went on.")
    house.say("alice", case, "/reply reporter\nThank you.\n/end")
    strange(house, case, "I saw it.")
    strange(house, case, "It was Bob Quillfeather.")
    house.later(hours=23)
    assert not reminded(house, "alice")
    house.later(hours=1)
    assert [len(reminded(house, h)) for h in ("alice", "bob", "carol")] == [1, 1, 1]
    assert "number 1, 2." in reminded(house, "alice")[0]
    assert "number 1." in reminded(house, "bob")[0], "he isn't told of what names him"
    house.say("alice", case, "/drop 1")
    house.later(hours=24)
    assert [len(reminded(house, h)) for h in ("alice", "bob", "carol")] == [2, 1, 2]
    house.say("alice", case, "/accept 2")
    house.later(days=10)
    assert len(reminded(house, "alice")) == 2
    strange(house, case, "I saw it, too.")
    house.later(hours=23)
    assert len(reminded(house, "alice")) == 2
    house.later(hours=1)
    assert len(reminded(house, "alice")) == 3


def test_who_is_kept_out_is_not_reminded_of_what_was_set_aside() -> None:
    """Promise 3."""
    house = House()
    case = house.report(RAE, "He went on.")
    strange(house, case, "I saw it.")
    house.say("bob", case, "/recuse")
    house.say("alice", case, "/close resolved")
    house.later(days=3)
    assert [len(reminded(house, h)) for h in ("alice", "bob", "carol")] == [3, 0, 3]


def test_what_is_set_aside_in_several_cases_is_reminded_of_in_one_mail() -> None:
    house = House()
    cases = [house.report(f"r{n}@reporter.example", "He went on.") for n in range(3)]
    for case in cases:
        house.say("alice", case, "/reply reporter\nThank you.\n/end")
        strange(house, case, f"I saw it in {case}.")
    house.later(days=5)
    assert len(house.all("member:carol", "reminder")) <= 6
    assert reminded(house, "carol")[-1].count(WAITS) == 3


def test_a_trickle_into_one_case_keeps_nothing_of_another_untold() -> None:
    house = House()
    one, other = (house.report(f"r{n}@reporter.example", "He went on.") for n in range(2))
    strange(house, one, "The first.")
    strange(house, other, "The first there.")
    strange(house, other, "The other case.", flood="More came.")
    for n in range(12):
        strange(house, one, f"On and on, {n:02}.", flood="More came.")
        house.later(minutes=5)
    assert any("The other case." in text for text in house.all("member:bob", case=other))
    house.later(hours=1)
    told = "".join(house.all("member:bob", case=one))
    assert all(f"On and on, {n:02}." in told for n in range(12))


def test_who_comes_in_later_sees_all_that_waits() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    house.say("bob", case, "/recuse")
    for n in range(25):
        strange(house, case, f"I saw it, {n:02}.")
    before = len(house.all("member:bob"))
    house.say("alice", case, "/include bob")
    house.vote(case, "alice", "carol")
    told = "".join(house.all("member:bob")[before:])
    assert all(f"I saw it, {n:02}." in told for n in range(25))
    assert len(house.all("member:bob")) - before < 10


def test_what_a_reporter_s_own_program_may_have_written_is_not_called_another_s() -> None:
    house = House()
    case = house.report(RAE, "He went on.")
    strange(house, case, "I saw it.")
    doubtful = "X-Auto-Response-Suppress: DR\r\n"
    for _ in range(2):
        house.answer(case, "reporter:1", "It was on Monday.", header=doubtful)
    house.later(hours=1)
    told = house.all("member:bob")
    assert [sum(f"{head}, number {n}" in text for text in told) for head, n in HEADS] == [1, 1, 1]


HEADS = (("Other sender", 1), ("Perhaps automatic mail", 2), ("Perhaps automatic mail", 3))
