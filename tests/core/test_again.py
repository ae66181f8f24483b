"""The same report, sent twice by one person: one case, one honest answer, and nobody's report goes
where somebody else wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cocmail.core.events import CaseOpened, Received
from cocmail.core.verification import Signature
from tests.core.house import House
from tests.promises.play.room import COMMUNITY, ORDINARY

ANNA, BERT = "Anna <anna@quiet.example>", "Bert <bert@hush.example>"
ALONE = replace(ORDINARY, once=False)
TEXT = "He follows me to every meeting, and yesterday he stood at my door."


def reports(house: House, *mails: tuple[str, str], **more: object) -> list[str]:
    """The cases that these came to open or to join."""
    cases = []
    for sender, text in mails:
        house.last = house.room.send(sender, COMMUNITY, text, **more)  # type: ignore[arg-type]
        cases += [case for case, event in house.last.events if isinstance(event, Received)]
    return cases


def opened(house: House) -> int:
    return sum(isinstance(event, CaseOpened) for _, _, event in house.room.shelf.ledger)


def test_the_same_words_of_the_same_person_join_the_first() -> None:
    house = House()
    first, second = reports(house, (ANNA, TEXT), (ANNA, TEXT.replace(" ", "\n  ", 3) + "\n\n"))
    assert (first, opened(house)) == (second, 1)
    (answer,) = house.got("reporter:1", "acknowledgement")
    assert "the same as a message of yours before" in answer
    for handle in ("alice", "bob", "carol"):
        (told,) = house.got(f"member:{handle}")
        assert "It says the same as message 1, word for word" in told
        assert "/split 2" in told


def test_the_sender_is_told_once() -> None:
    house = House()
    reports(house, *[(ANNA, TEXT)] * 4)
    assert opened(house) == 1
    assert len(house.all("reporter:1", "acknowledgement")) == 2
    assert not house.got("reporter:1")
    assert house.got("member:alice")


def test_two_people_who_say_the_same_report_twice() -> None:
    house = House()
    first, second = reports(house, (ANNA, TEXT), (BERT, TEXT))
    assert first != second
    assert "the same as" not in house.got("reporter:1", "acknowledgement")[0]


def test_who_says_what_another_reporter_of_the_case_said_reports_it_too() -> None:
    house = House()
    case, other = reports(house, (ANNA, TEXT), (BERT, "He shouted at me on the stairs, too."))
    house.say("alice", case, f"/merge {house.ref(other)}")
    assert reports(house, (BERT, "He shouted at me on the stairs, too.")) == [case]
    (third,) = reports(house, (BERT, TEXT))
    assert third not in (case, other)


def test_members_hear_that_an_unsigned_one_says_the_same() -> None:
    house = House()
    first, second = reports(house, (ANNA, TEXT), (ANNA, TEXT), signature=Signature.MISSING)
    assert first != second
    for handle in ("alice", "bob", "carol"):
        (told,) = house.got(f"member:{handle}", "report")
        assert f"{house.ref(first)} says the same, from the same address" in told
        assert f"/merge {house.ref(first)}" in told
    assert house.ref(first) not in house.got("reporter:1", "acknowledgement")[0]
    house.say("alice", second, f"/merge {house.ref(first)}")
    assert house.case(first).merged_into == second


def test_who_is_kept_out_of_the_first_does_not_hear_that_there_is_one() -> None:
    house = House()
    unsigned = Signature.MISSING
    house.last = house.room.send(ANNA, "conduct+not-carol@example.org", TEXT, signature=unsigned)
    first = next(iter({case for case, _ in house.last.events}))
    house.say("bob", first, "/recuse bob")
    reports(house, (ANNA, TEXT), signature=unsigned)
    assert house.got("member:alice", "report")[0].count(house.ref(first)) == 2
    for handle in ("bob", "carol"):
        (told,) = house.got(f"member:{handle}", "report")
        assert house.ref(first) not in told
        assert "says the same" not in told


@pytest.mark.parametrize("second", [(BERT, TEXT), (ANNA, TEXT + " Again.")])
def test_of_other_people_s_words_or_of_other_words_nothing_is_said(
    second: tuple[str, str],
) -> None:
    house = House()
    reports(house, (ANNA, TEXT), second, signature=Signature.MISSING)
    assert "says the same" not in house.got("member:alice", "report")[0]


def test_a_case_is_no_hint_of_itself() -> None:
    house = House()
    first, second = reports(house, (ANNA, TEXT), (ANNA, TEXT), signature=Signature.MISSING)
    house.say("alice", first, f"/merge {house.ref(second)}")
    assert not house.case(first).suggested


def test_where_no_filter_asks_for_it_each_mail_is_a_report() -> None:
    house = House()
    first, second = reports(house, (ANNA, TEXT), (ANNA, TEXT), judgement=ALONE)
    assert first != second


@pytest.mark.parametrize("other", ["He follows me to every meeting.", TEXT + " Again."])
def test_other_words_are_another_report(other: str) -> None:
    house = House()
    first, second = reports(house, (ANNA, TEXT), (ANNA, other))
    assert first != second


@pytest.mark.parametrize("unproved", [Signature.MISSING, Signature.FAILED, Signature.UNSURE])
@pytest.mark.parametrize("which", [0, 1])
def test_nobody_makes_a_report_vanish_in_somebody_s_name(which: int, unproved: Signature) -> None:
    """Neither does a forged mail lay out a case for a true one to fall into, nor join one."""
    house = House()
    signatures = [Signature.SOUND, Signature.SOUND]
    signatures[which] = unproved
    cases = [reports(house, (ANNA, TEXT), signature=one)[0] for one in signatures]
    assert cases[0] != cases[1]


@pytest.mark.parametrize("tos", [
    (COMMUNITY, "conduct+not-carol@example.org"), ("conduct+not-carol@example.org", COMMUNITY),
    (COMMUNITY, "conduct+escrow@example.org"), ("conduct+escrow@example.org", COMMUNITY),
])  # fmt: skip
def test_what_others_may_read_is_another_report(tos: tuple[str, str]) -> None:
    house = House()
    for to in tos:
        house.last = house.room.send(ANNA, to, TEXT)
    assert opened(house) == 2


def test_one_that_leaves_out_the_same_joins_and_leaves_them_out() -> None:
    house = House()
    for _ in range(2):
        house.last = house.room.send(ANNA, "conduct+not-carol@example.org", TEXT)
    assert opened(house) == 1
    assert house.got("member:alice")
    assert not house.all("member:carol")


def test_after_a_week_or_a_closed_case_it_is_another() -> None:
    house = House()
    (first,) = reports(house, (ANNA, TEXT))
    house.room.later(timedelta(days=8))
    (second,) = reports(house, (ANNA, TEXT))
    assert second != first
    house.say("alice", second, "/close resolved")
    (third,) = reports(house, (ANNA, TEXT))
    assert third not in (first, second)


def test_members_can_make_a_case_of_it() -> None:
    house = House()
    case, _ = reports(house, (ANNA, TEXT), (ANNA, TEXT))
    house.say("alice", case, "/split 2")
    assert opened(house) == 2
    assert reports(house, (ANNA, TEXT))[0] in house.room.shelf.cases


def test_a_committee_member_s_mail_is_asked_about_as_ever() -> None:
    house = House()
    mail = ("alice@alice.example", TEXT)
    first, second = reports(house, mail, mail)
    assert first != second
