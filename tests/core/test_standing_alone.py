"""A mail that keeps somebody out doesn't go to a case where they would read it."""

from __future__ import annotations

import pytest

from cocmail.core import events as e
from cocmail.core.verification import Signature
from tests.core.house import House
from tests.promises.play.promises import text_of
from tests.promises.play.room import COMMUNITY, Sent

NOT_BOB, ESCROW = "conduct+not-bob@example.org", "conduct+escrow@example.org"
RAE = "rae@reporter.example"
SECRET = "SECRET: it happened again"


def readers(sent: Sent) -> set[str]:
    return {letter.party for letter in sent.letters if "SECRET" in text_of(letter)}


def opened(sent: Sent) -> bool:
    return any(isinstance(event, e.CaseOpened) for _, event in sent.events)


def answering(house: House, case: str, party: str) -> dict[str, str]:
    last = next(n.message_id for n in house.case(case).letters if n.party == party)
    return {"header": f"In-Reply-To: {last}\r\nReferences: {last}\r\n"}


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def case(house: House) -> str:
    return house.report(RAE, "Eve is rude")


def test_a_member_s_reply_whose_address_was_edited(house: House, case: str) -> None:
    threaded = answering(house, case, "member:alice")
    sent = house.room.send("alice@alice.example", NOT_BOB, SECRET, **threaded)
    assert opened(sent)
    assert readers(sent) == {"member:carol"}


def test_a_member_s_reply_with_a_copy_to_it(house: House, case: str) -> None:
    to = f"{house.room.address(case, 'member:alice')}, {NOT_BOB}"
    sent = house.room.send("alice@alice.example", to, SECRET)
    assert opened(sent)
    assert readers(sent) == {"member:carol"}


def test_of_whom_it_is_not_sure_that_they_are_the_reporter(house: House, case: str) -> None:
    to = f"{house.room.address(case, 'reporter:1')}, {NOT_BOB}"
    for sender, signature in (("rae@other.example", Signature.SOUND), (RAE, Signature.FAILED)):
        sent = house.room.send(sender, to, SECRET, signature=signature)
        assert opened(sent)
        assert readers(sent) == {"member:alice", "member:carol"}
    assert house.case(case).out == frozenset()


def test_the_reporter_can_keep_somebody_out_of_their_own_case(house: House, case: str) -> None:
    threaded = answering(house, case, "reporter:1")
    sent = house.room.send(RAE, NOT_BOB, SECRET, **threaded)
    assert not opened(sent)
    assert readers(sent) == {"member:alice", "member:carol"}
    assert house.case(case).out == {"bob"}


def test_whom_nobody_can_tell_waits_for_an_answer(house: House, case: str) -> None:
    threaded = answering(house, case, "reporter:1")
    sent = house.room.send(RAE, "conduct+not-zzz@example.org", SECRET, **threaded)
    assert opened(sent)
    assert readers(sent) == set()


@pytest.mark.parametrize("copy", [True, False])
def test_what_is_to_be_kept_is_kept(house: House, case: str, copy: bool) -> None:
    threaded = answering(house, case, "reporter:1")
    to = f"{house.room.address(case, 'reporter:1')}, {ESCROW}" if copy else ESCROW
    sent = house.room.send(RAE, to, f"{SECRET}, mallory@mail.example", **threaded)
    assert opened(sent)
    assert readers(sent) == set()


def test_what_is_added_to_a_kept_report_stays_with_it(house: House) -> None:
    kept = house.report(RAE, "It was mallory@mail.example", to=ESCROW)
    to = f"{house.room.address(kept, 'reporter:1')}, {ESCROW}"
    sent = house.room.send(RAE, to, SECRET)
    assert not opened(sent)
    assert readers(sent) == set()


def test_without_such_an_address_an_answer_stays_an_answer(house: House, case: str) -> None:
    threaded = answering(house, case, "reporter:1")
    sent = house.room.send(RAE, COMMUNITY, SECRET, **threaded)
    assert not opened(sent)
    assert readers(sent) == {"member:alice", "member:bob", "member:carol"}
