"""Whoever comes into a case is shown what came until then; nobody is shown a mail twice."""

from __future__ import annotations

import pytest

from cocmail.core import events as e
from cocmail.core import showing
from cocmail.core.audience import still_for
from cocmail.core.committee import Committee
from cocmail.core.folding import apply
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.policy import Policy
from cocmail.core.verification import UNPROVED
from tests.core.house import House
from tests.promises.play.room import COMMUNITY, MALLORY

OMBUD = Address("ombud@elsewhere.example")
OTTOLINE = "Ottoline Featherstone <ottoline@quiet.example>"
BARNABY = "Barnaby Thistlewood <barnaby@hush.example>"
EVERYBODY = ("alice", "bob", "carol")
UNCLEAR = "conduct+not-zzz@example.org"
FLOOD = "More mail came from this sender within an hour than is answered."
ADDED = "He did it again on Tuesday."
STRANGE = "I write this from my phone."


def shown(house: House, handle: str, words: str) -> int:
    """In how many letters this member had these words."""
    return sum(words in text for text in house.all(f"member:{handle}"))


def kept() -> tuple[House, str]:
    house = House()
    to = "conduct+escrow@example.org"
    return house, house.report(OTTOLINE, f"It is {MALLORY} who follows me.", to=to)


def test_what_was_added_to_a_kept_report_is_read_when_it_surfaces() -> None:
    house, case = kept()
    house.answer(case, "reporter:1", ADDED)
    assert not shown(house, "alice", ADDED)
    house.report(BARNABY, f"Please look at what {MALLORY} writes to me.")
    for handle in EVERYBODY:
        assert shown(house, handle, ADDED) == 1


def test_what_came_at_once_while_a_report_was_kept_is_read_when_it_surfaces() -> None:
    house, case = kept()
    house.answer(case, "reporter:1", ADDED, flood=FLOOD)
    house.later(hours=3)
    assert not shown(house, "alice", ADDED)
    house.answer(case, "reporter:1", "Report it now.")
    house.later(hours=3)
    for handle in EVERYBODY:
        assert shown(house, handle, ADDED) == 1


def test_what_came_at_once_and_still_waits_comes_once() -> None:
    house, case = kept()
    house.answer(case, "reporter:1", ADDED, flood=FLOOD)
    house.answer(case, "reporter:1", "Report it now.")
    house.later(hours=3)
    assert shown(house, "alice", ADDED) == 1


def test_a_guest_reads_what_came_before_they_answered() -> None:
    house = House("alice", "bob", policy=Policy(escalate_to=(OMBUD,)))
    case = house.report(OTTOLINE, "Bob Quillfeather did it, and alice@alice.example knows.")
    house.answer(case, "reporter:1", ADDED)
    house.room.send(OTTOLINE.replace("quiet", "phone"), house.room.address(case, "reporter:1"),
                    STRANGE)  # fmt: skip
    help_ = house.room.address(case, "member:guest1", purpose="help")
    assert not shown(house, "guest1", ADDED)
    house.room.send(OMBUD, help_, "Yes, I help.")
    house.room.send(OMBUD, help_, "What happened?")
    for words in ("and alice@alice.example knows", ADDED, STRANGE):
        assert shown(house, "guest1", words) == 1


def test_what_was_set_aside_while_nobody_could_read_it_is_shown_after_that() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.", to=UNCLEAR)
    assert house.case(case).out == {*EVERYBODY}
    house.to_address("ottoline@phone.example", house.room.address(case, "reporter:1"), STRANGE)
    house.later(days=2)
    for handle in EVERYBODY:
        assert shown(house, handle, STRANGE) == 1


def test_the_answer_that_lets_them_in_comes_once() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.", to=UNCLEAR)
    house.answer(case, "reporter:1", "I meant nobody of you.")
    for handle in EVERYBODY:
        assert shown(house, handle, "He follows me") == 1
        assert shown(house, handle, "nobody of you") == 1


NAMING = "Ask Bob Quillfeather, who was there."


def test_who_is_named_in_what_is_set_aside_is_not_shown_it() -> None:
    """It isn't proved whose it is, so it keeps nobody out of the case."""
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    house.to_address("ottoline@phone.example", house.room.address(case, "reporter:1"), NAMING)
    for handle in ("alice", "carol"):
        assert shown(house, handle, NAMING) == 1
        assert shown(house, handle, "Not shown to bob") == 1
    assert not shown(house, "bob", NAMING)
    assert "bob" not in house.case(case).out
    house.say("bob", case, "/status")
    assert not shown(house, "bob", "Set aside, number 1")
    for command in ("accept", "drop"):
        house.say("bob", case, f"/{command} 1")
        assert not house.case(case).asides[0].settled
    house.say("alice", case, "/status")
    assert shown(house, "alice", "Set aside, number 1") == 1
    house.say("alice", case, "/accept 1")
    assert house.case(case).asides[0].settled == "taken-in"
    assert shown(house, "carol", "took in the mail") == 1
    assert not shown(house, "bob", "took in the mail")
    assert not shown(house, "bob", NAMING)


def test_who_comes_in_again_is_not_shown_it_either() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    house.say("bob", case, "/recuse")
    to = house.room.address(case, "reporter:1")
    house.to_address("ottoline@phone.example", to, NAMING)
    house.to_address("nia@phone.example", to, NAMING + " I saw him.")
    house.say("alice", case, "/accept 1")
    house.say("alice", case, "/include bob")
    house.vote(case, "alice", "carol")
    assert "bob" not in house.case(case).out
    assert shown(house, "bob", "He follows me")
    assert not shown(house, "bob", NAMING)


def test_what_names_all_of_them_is_shown_to_them() -> None:
    house = House("alice", "bob")
    case = house.report(OTTOLINE, "He follows me.")
    text = "Alice Quillfeather and bob@bob.example know of it."
    house.to_address("ottoline@phone.example", house.room.address(case, "reporter:1"), text)
    assert shown(house, "alice", text) == shown(house, "bob", text) == 1


def test_a_member_is_shown_what_is_written_in_their_name() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    text = "I agree. Bob Quillfeather"
    house.to_address("bob@bob.example", house.room.address(case, "reporter:1"), text)
    assert shown(house, "bob", text) == 1


def test_what_nobody_was_shown_is_shown_when_it_is_taken_in() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    to = house.room.address(case, "reporter:1")
    house.to_address("mallory@flood.example", to, "The first of many.")
    house.room.send("ottoline@phone.example", to, STRANGE, flood=FLOOD)
    assert not shown(house, "alice", STRANGE)
    house.say("alice", case, "/accept 2")
    for handle in EVERYBODY:
        assert shown(house, handle, STRANGE) == 1


def test_what_they_were_shown_is_not_shown_again_when_it_is_taken_in() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    house.to_address("ottoline@phone.example", house.room.address(case, "reporter:1"), STRANGE)
    house.say("alice", case, "/accept 1")
    for handle in EVERYBODY:
        assert shown(house, handle, STRANGE) == 1


def test_who_is_let_in_again_reads_what_came_meanwhile_and_no_more() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    house.answer(case, "reporter:1", "It was in spring.")
    house.say("bob", case, "/recuse")
    house.answer(case, "reporter:1", ADDED)
    house.say("alice", case, "/include bob")
    house.vote(case, "alice", "carol")
    assert "bob" not in house.case(case).out
    assert shown(house, "bob", ADDED) == 1
    assert shown(house, "bob", "in spring") == 1
    assert shown(house, "alice", ADDED) == 1


def test_a_letter_that_never_left_showed_nothing() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    sent = house.answer(case, "reporter:1", ADDED)
    (copy,) = [x for x in sent.letters if x.party == "member:bob"]
    house.say("bob", case, "/recuse")
    gone = e.Undelivered(party=copy.party, letter=copy.id, why="It was no longer for them.")
    house.room.shelf.cases[case] = apply(house.case(case), house.room.now, gone)
    house.say("alice", case, "/include bob")
    house.vote(case, "alice", "carol")
    assert ADDED in "".join(house.got("member:bob"))


def test_what_became_a_case_of_its_own_is_for_that_one_s_readers() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    house.say("bob", case, "/recuse")
    house.answer(case, "reporter:1", ADDED)
    house.say("alice", case, "/split 2")
    house.say("alice", case, "/include bob")
    house.vote(case, "alice", "carol")
    assert shown(house, "bob", "He follows me") == 2, "the report, and the mail that says so"
    assert not shown(house, "bob", ADDED)


NAMING = "Bob Quillfeather helped him."


@pytest.mark.parametrize("added", [False, True], ids=["at first", "later"])
def test_whom_a_kept_report_names_is_out_when_it_surfaces(added: bool) -> None:
    house = House()
    text = f"It is {MALLORY}." if added else f"It is {MALLORY}. {NAMING}"
    case = house.report(OTTOLINE, text, to="conduct+escrow@example.org")
    if added:
        house.answer(case, "reporter:1", NAMING)
    house.answer(case, "reporter:1", "Report it now.")
    assert shown(house, "alice", NAMING) == 1
    assert not house.all("member:bob")


def test_whom_a_report_names_is_out_when_who_was_meant_is_clear() -> None:
    house = House()
    case = house.report(OTTOLINE, NAMING, to=UNCLEAR)
    house.later(days=2)
    assert shown(house, "alice", NAMING) == 1
    assert not house.all("member:bob")
    assert house.case(case).out == {"bob"}


# -- people outside who were asked -------------------------------------------------------------


def asked(*, came: bool = True) -> tuple[House, str]:
    """Somebody outside is asked, and has come."""
    policy = Policy(approvals=3, escalate_to=(OMBUD, Address("elder@elsewhere.example")))
    house = House(policy=policy)
    case = house.report(OTTOLINE, NAMING)
    if came:
        house.room.send(OMBUD, house.room.address(case, "member:guest1", purpose="help"), "Yes.")
        assert shown(house, "guest1", NAMING) == 1
    return house, case


@pytest.mark.parametrize("came", [True, False])
def test_a_guest_whom_a_reporter_names_hears_nothing_more(came: bool) -> None:
    house, case = asked(came=came)
    help_ = house.room.address(case, "member:guest1", purpose="help")
    house.answer(case, "reporter:1", f"It was really {OMBUD} who ordered it.")
    house.room.send(OMBUD, help_, "What happened?")
    house.say("alice", case, "Oh.")
    assert house.case(case).named == {"bob", "guest1"}
    assert shown(house, "alice", "who ordered it") == 1
    assert not shown(house, "guest1", "who ordered it")
    assert not shown(house, "guest1", "Oh.")


def test_a_guest_who_is_the_respondent_hears_nothing_more() -> None:
    house, case = asked()
    house.say("alice", case, f"/respondent {OMBUD}")
    house.say("alice", case, "Oh.")
    assert not shown(house, "guest1", "respondent")
    assert not shown(house, "guest1", "Oh.")
    assert shown(house, "carol", "Oh.") == 1


def test_what_waits_to_leave_to_a_guest_is_looked_at_again() -> None:
    house, case = asked(came=False)
    setting = house.room._setting(Committee())
    assert still_for(house.case(case), setting, "guest1", Kind.ALERT)
    assert not still_for(house.case(case), setting, "guest1", Kind.MESSAGE)
    house, case = asked()
    assert still_for(house.case(case), setting, "guest1", Kind.MESSAGE)
    house.answer(case, "reporter:1", f"It was really {OMBUD} who ordered it.")
    for kind in (Kind.ALERT, Kind.MESSAGE):
        assert not still_for(house.case(case), setting, "guest1", kind)


def test_a_case_keeps_one_message_for_whoever_comes_in() -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    house.answer(case, "reporter:1", ADDED)
    house.say("alice", case, "/split 2")
    house.say("alice", case, "/split 1")
    assert "all that this case has" in house.refused()


@pytest.mark.parametrize(("times", "letters"), [(10, 11), (40, 5)])
def test_a_heap_of_mail_comes_in_few_letters(
    times: int, letters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "_ROOM", 250)
    house, case = kept()
    for number in range(times - 1):
        house.answer(case, "reporter:1", f"part {number}. {'x' * 10}")
    house.answer(case, "reporter:1", "Report it now.")
    got = house.got("member:alice")
    assert all(sum(f"part {n}." in text for text in got) == 1 for n in range(times - 1))
    assert len(got) == letters


# -- what a mail can't say of itself -----------------------------------------------------------


@pytest.mark.parametrize("line", ["-" * 40, "  " + "-" * 60 + " ", "\u2500" * 40, "_" * 30])
def test_nobody_writes_what_looks_like_the_end_of_their_words(line: str) -> None:
    house = House()
    house.report(OTTOLINE, f"Hello.\n{line}\nMessage: 2\nFrom: Zed <zed@zed.example>\n{line}")
    (copy,) = house.got("member:alice", "report")
    assert copy.count(f"| {line.strip()} ") == 2
    assert copy.replace("| " + "-" * 40, "").split().count("-" * 40) == 2  # ours, around it
    assert "Message: 2 From: Zed" in copy  # nothing of it is left out


def test_short_lines_of_dashes_are_as_they_came() -> None:
    house = House()
    house.report(OTTOLINE, "Hello.\n-- \nOttoline\n----\n")
    (copy,) = house.got("member:alice", "report")
    assert "Hello. -- Ottoline ----" in copy


@pytest.mark.parametrize(
    ("date", "told"),
    [("Sat, 21 Nov 2026 12:00:00 +0000", False), ("Mon, 1 Jan 2001 10:00:00 +0000", True),
     ("Mon, 1 Jan 2035 10:00:00 +0000", True), ("soon", True), (None, True)],
)  # fmt: skip
def test_when_a_mail_came_is_told_where_its_date_does_not_say(date: str | None, told: bool) -> None:
    house = House()
    head = "" if date is None else f"Date: {date}\r\n"
    raw = (
        f"From: {OTTOLINE}\r\nTo: {COMMUNITY}\r\n{head}Message-ID: <1@m.example>\r\n\r\nHello.\r\n"
    )
    house.last = house.room.deliver(raw.encode(), UNPROVED)
    (copy,) = house.got("member:alice", "report")
    assert ("It reached us on" in copy) is told


ODD = "=?utf-8?q?=D0=90lice_Quillfeather?= <ottoline@phone.example>"  # a Cyrillic A


@pytest.mark.parametrize(
    ("date", "came"), [("Sat, 21 Nov 2026 11:50:00 +0000", False), ("Mon, 1 Jan 2001 10:00", True)]
)
def test_what_is_set_aside_is_shown_with_all_that_a_copy_says(date: str, came: bool) -> None:
    house = House()
    case = house.report(OTTOLINE, "He follows me.")
    raw = (
        f"From: {ODD}\r\nTo: {house.room.address(case, 'reporter:1')}\r\nDate: {date}\r\n"
        "Message-ID: <odd@phone.example>\r\n\r\n"
        "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n"
    )
    house.last = house.room.deliver(raw.encode(), UNPROVED)
    (copy,) = house.got("member:alice", "message")
    house.later(days=3)
    house.room.handles += ("erin",)
    house.say("alice", case, "/accept 1")
    (later,) = [one for one in house.got("member:erin", "message") if "BEGIN PGP" in one]
    for text in (copy, later):
        assert "Its name reads like a committee member's, and the address isn't theirs." in text
        assert "It is encrypted, and cocmail can't read it." in text
        assert f"Date: {'1 January 2001' if came else '21 November 2026'}" in text
        assert ("It reached us on 21 November 2026" in text) is came
        assert "It reached us on 24 November 2026" not in text
