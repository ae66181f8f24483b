"""The committee's room over real servers: interim measures, recusal, help, the roster."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.lab.waiting import wait_until
from tests.story.conftest import CONFIDED, Person

# What these are about is the same on both stores.
pytestmark = pytest.mark.parametrize("new_store", ["sqlite"], indirect=True, scope="session")

Stage = Any  # conftest's House, Case, Person


def test_an_interim_measure_holds_at_once_and_a_vote_takes_over(house: Stage, mallory: Any) -> None:
    case = house.report()
    case.say(house.alice, f"/interim suspend {mallory.address} because he threatens people now")
    case.all_hear("alert", "holds at once")
    wait_until(lambda: house.lists.is_out(mallory.address), timeout=60, what="the interim measure")
    ballots = case.propose(f"/sanction suspend {mallory.address} for 30 days because he went on")
    case.vote(ballots, house.alice, house.bob)
    states: set[bool] = set()

    def taken_over() -> bool:
        states.add(house.lists.is_out(mallory.address))
        proofs = house.mails(house.bob, "proof", case=case.reference)
        return len(proofs) >= 3  # of the interim measure, of the sanction, of the former's end

    wait_until(taken_over, timeout=60, what="the sanction in the interim measure's place")
    assert states == {True}, "there was a moment in which the person was on a list"
    assert {s["state"] for s in case.sanctions()} == {"ended", "in-force"}


def test_an_interim_measure_lapses_and_all_is_as_before(new_house: Any) -> None:
    house = new_house(policy={"interim_for": "5s"})
    person = house.somebody("Morwen Vance")
    house.lists.join("dev", person.address, name=person.name)
    before = house.lists.snapshot(person.address)
    case = house.report()
    case.say(house.alice, f"/interim suspend {person.address} because he threatens people now")
    case.hears(house.alice, "proof", "dev")  # it may be over by the time that we look ourselves
    wait_until(lambda: house.lists.snapshot(person.address) == before, timeout=60, what="the lapse")


def test_a_member_whom_the_report_names_hears_nothing(apart: Stage) -> None:
    after = apart.now()
    text = f"It was {apart.bob.name} who wrote to me at night."
    case = apart.report(text, readers=(apart.alice, apart.carol))
    case.say(apart.alice, "Among us two: the pewter owl.")
    case.hears(apart.carol, "message", "pewter owl")
    case.settle()
    assert not apart.mails(apart.bob, after=after)
    case.say(apart.alice, "/include bob")
    ballots = {m.handle: case.hears(m, "ballot", "let bob in") for m in (apart.alice, apart.carol)}
    case.vote(ballots, apart.alice, apart.carol)
    case.hears(apart.bob, "report", "let you into this case")


def test_too_few_are_left_and_one_reply_from_outside_opens_it(new_house: Any) -> None:
    helper = Person("odile@odile.example.net", "Odile Ombud")
    house = new_house(policy={"escalate_to": [helper.address]})
    helper.publish(house.servers.dns)
    after = house.now()
    case = house.report(to=house.detail("not-alice+not-bob"), readers=(house.carol,))
    asked = house.mail(helper, "alert", "If you can help", after=after)
    assert case.reference not in asked.text
    assert CONFIDED not in asked.text
    house.post(helper.answer(asked.data, "Yes, I can help."))
    house.mail(helper, "report", after=after)
    case.hears(house.carol, "message", "guest1")
    case.say(house.carol, "/sanction warn somebody@else.example.net because of this")
    hers = case.hears(house.carol, "ballot")
    theirs = house.mail(helper, "ballot", after=after)
    house.post(house.carol.answer(hers.data, "/approve"))
    house.post(helper.answer(theirs.data, "/approve"))
    case.hears(house.carol, "decision", "approved")


def test_the_roster_changes_after_the_old_committee_was_told(new_house: Any) -> None:
    house = new_house(policy={"roster_delay": "2s"})
    case = house.report()
    text = house.configuration.read_text()
    house.stop()
    cut = text.index("[[committee]]", text.index('handle = "bob"'))
    carol = text[cut:]
    house.configuration.write_text(
        text[: text.rindex("[[committee]]", 0, text.index('handle = "bob"'))] + carol
    )
    house.start()
    for one in (house.alice, house.bob, house.carol):
        house.mail(one, "alert", containing="leaves")
    case.say(house.alice, "Among us two: the pewter owl.")
    case.hears(house.carol, "message", "pewter owl")
    assert not house.mails(house.bob, "message", "pewter owl")


def test_an_appeal_is_granted_and_all_is_as_before(new_house: Any) -> None:
    house = new_house()
    person = house.somebody("Morwen Vance")
    house.lists.join("dev", person.address, name=person.name, moderation_action="hold")
    before = house.lists.snapshot(person.address)
    case = house.report()
    case.decide(f"/sanction suspend {person.address} for 30 days because you went on")
    letter = house.mail(person, "letter")
    wait_until(lambda: house.lists.is_out(person.address), timeout=60, what="the sanction")
    house.post(person.answer(letter.data, "I appeal. I was not there that day."))
    house.mail(person, "message", "arrived as an appeal")
    case.say(house.carol, "/grant because you were not there")
    ballots = {m.handle: case.hears(m, "ballot", "the appeal against") for m in house.members}
    case.vote(ballots, house.carol, house.bob)
    house.mail(person, "letter", "granted your appeal")
    wait_until(
        lambda: house.lists.snapshot(person.address) == before, timeout=60, what="the return"
    )
    assert case.sanction()["state"] == "lifted"


def test_a_safe_address_gets_everything_and_the_old_one_nothing(house: Stage) -> None:
    reporter = house.somebody("Rae Rivera")
    safe = house.somebody("Rae Elsewhere")
    after = house.now()
    mail = reporter.write(
        house.address, "Please help me", f"{CONFIDED}\n\nsafe address: {safe.address}"
    )
    house.post(mail)
    house.mail(safe, "acknowledgement", after=after)
    copy = house.mail(house.alice, "report", after=after)
    house.post(house.alice.answer(copy.data, "/reply reporter\nThank you for your trust.\n/end"))
    house.mail(safe, "message", "Thank you for your trust", after=after)
    assert not house.mails(reporter, after=after)
