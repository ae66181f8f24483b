"""A person who is under a sanction asks to come back (`return = "on-request"`)."""

from __future__ import annotations

from cocmail.core.case import Case
from cocmail.core.policy import Policy
from cocmail.core.sanctions import State
from tests.core.house import SUSPEND, House
from tests.promises.play.room import MALLORY

OTTOLINE = "Ottoline Featherstone <ottoline@quiet.example>"
ASKS = "I have thought about it, and would like to come back."


def suspended(*, on_request: bool = True) -> tuple[House, str, str]:
    house = House(policy=Policy(on_request=on_request))
    case = house.report(OTTOLINE, "He follows me to every meeting.")
    house.say("alice", case, SUSPEND)
    house.vote(case, "alice", "bob")
    (sanction,) = house.case(case).sanctions
    return house, case, sanction


def state(house: House, case: str, sanction: str) -> State:
    return house.case(case).sanctions[sanction].state


def test_the_letter_says_that_they_have_to_ask() -> None:
    house, case, _ = suspended()
    (letter,) = house.all("respondent:1", "letter", case)
    assert "if the committee agrees" in letter
    assert "without your doing anything" not in letter


def test_the_committee_is_not_told_that_it_ends_by_then() -> None:
    house, case, sanction = suspended()
    decision = house.all("member:bob", "decision", case)[-1]
    assert "Then it holds on until you grant a return" in decision
    assert "It ends on" not in decision
    house.later(days=89)
    told = " ".join(house.all("member:bob", case=case))
    assert f"{sanction} ends on" not in told


def test_when_the_time_is_over_it_holds_until_it_is_granted() -> None:
    house, case, sanction = suspended()
    house.later(days=91)
    assert state(house, case, sanction) is State.IN_FORCE
    assert "answer this mail and say so" in house.all("respondent:1", "letter", case)[-1]
    assert any("it holds until you grant that" in x for x in house.all("member:bob", case=case))
    house.answer(case, "respondent:1", ASKS)
    assert "/grant and /deny" in house.got("member:bob", "message")[0]
    house.say("alice", case, "/grant provided you stay off sig for a year because you apologised")
    (ballot,) = house.got("member:carol", "ballot")
    assert "you stay off sig for a year" in ballot
    assert "wish to return" in ballot
    house.vote(case, "alice", "carol")
    assert state(house, case, sanction) is State.LIFTED
    letter = house.got("respondent:1", "letter")[0]
    assert "agrees that you return" in letter
    assert "you stay off sig for a year" in letter
    house.say("bob", case, f"/history {MALLORY}")
    assert "provided you stay off sig for a year" in house.got("member:bob", "answer")[0]


def test_a_denial_changes_nothing_and_they_may_ask_again() -> None:
    house, case, sanction = suspended()
    house.later(days=91)
    house.answer(case, "respondent:1", ASKS)
    house.say("alice", case, "/deny because it is too early")
    house.vote(case, "alice", "carol")
    assert state(house, case, sanction) is State.IN_FORCE
    assert "stands for now" in house.got("respondent:1", "letter")[0]
    house.say("alice", case, "/grant because of something else")
    assert "nobody who wrote here" in house.refused()
    house.later(days=30)
    house.answer(case, "respondent:1", ASKS)
    house.say("alice", case, "/grant because it is time")
    house.vote(case, "bob", "carol")
    assert state(house, case, sanction) is State.LIFTED


def test_by_itself_it_ends_where_nobody_has_to_ask() -> None:
    house, case, sanction = suspended(on_request=False)
    house.later(days=91)
    assert state(house, case, sanction) is State.ENDED


def test_a_mail_to_the_public_address_opens_a_case_that_suggests_to_link_it() -> None:
    house, case, sanction = suspended()
    house.later(days=91)
    asking = house.report(f"Mallory <{MALLORY}>", ASKS)
    assert asking != case
    (copy,) = house.got("member:bob", "report", asking)
    assert sanction in copy
    assert f"/link {house.ref(case)}" in copy
    house.say("bob", asking, "/grant because it is time")
    assert "/link first" in house.refused()
    house.say("bob", asking, f"/link {house.ref(case)}")
    house.say("bob", asking, "/grant because it is time")
    house.vote(case, "alice", "carol")
    assert state(house, case, sanction) is State.LIFTED
    assert [x.party for x in house.last.letters if x.kind == "letter"] == ["respondent:1"]  # type: ignore[union-attr]


def test_who_may_not_know_the_case_of_the_sanction_gets_no_hint_of_it() -> None:
    house, case, sanction = suspended()
    house.say("carol", case, "/recuse")
    asking = house.report(f"Mallory <{MALLORY}>", ASKS)
    (copy,) = house.got("member:carol", "report", asking)
    assert sanction not in copy
    assert house.ref(case) not in copy
    house.say("bob", asking, f"/link {house.ref(case)}")
    assert not house.got("member:carol")
    house.say("carol", asking, "/grant because it is time")
    assert "nobody who wrote here" in house.refused()
    house.say("bob", asking, "/grant because it is time")
    assert not house.got("member:carol")


def test_the_case_that_asks_and_the_case_of_the_sanction_are_two() -> None:
    house, case, _ = suspended()
    asking: Case = house.case(house.report(f"Mallory <{MALLORY}>", ASKS))
    assert asking.reference != house.ref(case)
    assert not asking.links
