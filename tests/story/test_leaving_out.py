"""Promise 3: whom the reporter leaves out, and who leaves, learn nothing of the case."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cocmail.lab.waiting import wait_until

Stage = Any  # conftest's House, Case, Person
CONFIDED = "He frightened my orange kitten Whiskerby"


def nothing_for(case: Any, member: Any, after: int, *, by: Any = None) -> None:
    """No mail at all, also once all that came before was handled."""
    case.settle(by)
    assert not case.house.mails(member, after=after)


@pytest.mark.parametrize("where", ["to", "cc", "misspelt"])
def test_not_bob(apart: Stage, where: str) -> None:
    after = apart.now()
    detail = apart.detail("not-bobb" if where == "misspelt" else "not-bob")
    to, cc = (apart.address, detail) if where == "cc" else (detail, None)
    case = apart.report(to=to, cc=cc, readers=(apart.alice, apart.carol))
    case.say(apart.alice, "Among us two: the pewter owl.")
    case.hears(apart.carol, "message", "pewter owl")
    ballots = case.propose("/sanction warn somebody@else.example.net because of this")
    assert set(ballots) == {"alice", "carol"}
    nothing_for(case, apart.bob, after)
    assert len(apart.mails(apart.alice, "report", after=after)) == 1, "one mail, one case"


def test_several_are_left_out(apart: Stage) -> None:
    after = apart.now()
    case = apart.report(to=apart.detail("not-alice+not-bob"), readers=(apart.carol,))
    case.say(apart.carol, "/sanction ban x@else.example.net because of this")
    refusal = case.hears(apart.carol, "refusal")
    assert "2" in refusal.text, "no majority is less than two"
    nothing_for(case, apart.alice, after, by=apart.carol)
    nothing_for(case, apart.bob, after, by=apart.carol)


def test_an_unknown_handle_waits_and_asks(apart: Stage) -> None:
    after = apart.now()
    case = apart.report(to=apart.detail("not-zebediah"), readers=())
    assert "zebediah" in case.acknowledgement.text
    for member in apart.members:
        assert not apart.mails(member, after=after)
        assert member.handle in case.acknowledgement.text
    apart.post(case.reporter.answer(case.acknowledgement.data, "I meant carol, sorry."))
    case.read_by((apart.alice, apart.bob), after=after)
    nothing_for(case, apart.carol, after)


def test_an_unknown_handle_waits_no_longer_than_acknowledge_within(new_house: Any) -> None:
    house = new_house(policy={"acknowledge_within": "2s"})
    case = house.report(to=house.detail("not-zebediah"), readers=())
    case.read_by(house.members)


def test_recuse(apart: Stage) -> None:
    mallory = apart.somebody("Mallory Vance")
    case = apart.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.vote(ballots, apart.carol)
    after = apart.now()
    case.say(apart.carol, "/recuse because we are friends")
    case.hears(apart.alice, "message", "carol", after=after)
    case.hears(apart.bob, "message", "carol", after=after)
    answered = case.hears(apart.carol, "answer", after=after)
    later = apart.now()
    # Her vote counts no longer: one more is not enough.
    case.vote(ballots, apart.bob)
    case.settle()
    assert not case.heard(apart.alice, "decision")
    # Every address of hers is dead: the copy's, the ballot's, the last answer's.
    for old in (case.copies["carol"], ballots["carol"], answered):
        apart.post(apart.carol.answer(old.data, "/status"))
    case.hears(apart.alice, "message", "/accept 3")
    apart.post(apart.carol.answer(ballots["carol"].data, "/approve"))
    case.hears(apart.alice, "message", "/accept 4")
    case.say(apart.bob, "A word without her: the plum cello.")
    case.hears(apart.alice, "message", "plum cello")
    nothing_for(case, apart.carol, later)
    case.undecided()
    ballots.pop("carol")
    case.vote(ballots, apart.alice)
    case.hears(apart.bob, "decision", "approved")
    apart.mail(mallory, "letter")
    nothing_for(case, apart.carol, later)


def test_a_recusal_that_leaves_too_few_ends_the_vote(apart: Stage) -> None:
    case = apart.report(to=apart.detail("not-bob"), readers=(apart.alice, apart.carol))
    case.propose("/sanction warn somebody@else.example.net because of this")
    case.say(apart.carol, "/recuse")
    case.hears(apart.alice, "decision")
    assert case.sanction()["state"] == "rejected"


def test_a_member_who_is_the_respondent_is_kept_out(apart: Stage) -> None:
    case = apart.report()
    case.say(apart.alice, f"/respondent {apart.bob.address}")
    case.hears(apart.carol, "message", "bob")
    after = apart.now()
    case.say(apart.alice, "He must not read this: the lilac drum.")
    case.hears(apart.carol, "message", "lilac drum")
    nothing_for(case, apart.bob, after)


def test_a_members_mail_to_the_plain_address(new_house: Any) -> None:
    house = new_house()
    house.post(house.alice.write(house.address, "About a thing", "Plainly: the khaki gong."))
    for member in (house.bob, house.carol):
        house.mail(member, "report", "khaki gong")
    assert not house.mails(house.alice, "confirmation")


@pytest.mark.parametrize("confirms", [True, False])
def test_a_members_mail_to_the_plain_address_is_kept_apart(new_house: Any, confirms: bool) -> None:
    house = new_house()
    case = house.report(to=house.detail("not-carol"), readers=(house.alice, house.bob))
    after = house.now()
    house.post(house.alice.write(house.address, "As we said", "Carelessly: the mauve flute."))
    question = house.mail(house.alice, "confirmation", after=after)
    house.mail(house.bob, "report", "mauve flute", after=after)
    nothing_for(case, house.carol, after)
    assert case.reference not in question.text
    if confirms:
        house.post(house.alice.answer(question.data, "/confirm"))
        house.mail(house.carol, "report", "mauve flute", after=after)
    else:
        house.post(house.alice.answer(question.data, "No, it is the other one."))
        nothing_for(case, house.carol, after)


def test_what_a_filter_sets_aside_is_told_to_those_who_would_read_it_as_a_report(
    apart: Stage,
) -> None:
    def junk(text: str) -> tuple[Any, str, int]:
        """A report that is marked as spam, and is told at once; who wrote it, and its number."""
        rae, after = apart.somebody("Rae Rivera"), apart.now()
        marked = {"X-Spam-Flag": "YES"}
        apart.post(rae.write(apart.detail("not-bob"), "Help", text, headers=marked))
        told = apart.mail(apart.alice, "alert", "may be urgent", after=after)
        apart.mail(apart.carol, "alert", "may be urgent", after=after)
        assert "Whiskerby" not in told.text
        assert rae.address not in told.text
        number = re.findall(r"Number (\d+)(?:(?!Number).)*may be urgent", told.text, re.S)[0]
        apart.post(apart.alice.answer(told.data, f"/{text.split()[0]} {number}"))
        return rae, number, after

    rae, _, after = junk(f"accept me: he will kill me. {CONFIDED}")
    apart.mail(rae, "acknowledgement", after=after)
    apart.mail(apart.carol, "report", "Whiskerby", after=after)

    rae, number, later = junk(f"drop me: he will kill me. {CONFIDED}")
    apart.mail(apart.carol, "message", f"dropped the mail {number}", after=later)
    dropped = [one for one in apart.ask("quarantine", "list", "--all") if one["dropped"]]
    assert not any(one["dropped"] for one in apart.ask("quarantine", "list"))
    assert apart.call("quarantine", "release", dropped[-1]["id"]).returncode == 0
    apart.mail(rae, "acknowledgement", after=later)

    unseen, last = apart.ask("status")["mail"]["unseen"], apart.now()
    marked = {"X-Spam-Flag": "YES"}
    apart.post(rae.write(apart.detail("not-zzzzzz"), "Help", "He will kill me", headers=marked))
    apart.quiet()
    assert apart.ask("status")["mail"]["unseen"] == unseen
    assert apart.ask("quarantine", "list")[-1]["members"] == 3, "all of them, when the day is over"
    assert not apart.mails(apart.alice, after=last), "nobody can ask here whom they mean"
    apart.quiet()
    assert not apart.mails(apart.bob, after=after)


def test_what_nobody_is_left_to_see_is_told_to_who_came(new_house: Any) -> None:
    house = new_house(policy={"roster_delay": "1s"})
    rae, dave = house.somebody("Rae Rivera"), house.somebody("Dave Dumont")
    for out in ("not-bob+not-carol", "not-alice+not-bob+not-carol"):
        junk = rae.write(house.detail(out), "Help", CONFIDED, headers={"X-Spam-Flag": "YES"})
        house.post(junk)
    house.mail(house.alice, "alert", "was set aside")
    house.quiet()
    status = house.ask("status")
    assert status["mail"]["unseen"] == 1
    (trouble,) = [one for one in status["trouble"] if "set aside" in one]
    assert "only whoever runs cocmail can see to a mail that is set aside" in trouble
    assert trouble in house.call("check").stdout

    house.stop()
    told = house.now()
    named = house.configuration.read_text(encoding="utf-8")
    gone, there = named.split('handle = "alice"')[0], named.split('handle = "bob"')[1]
    new = f'handle = "dave"\nname = "Dave Dumont"\naddresses = ["{dave.address}"]\n'
    changed = f'{gone}handle = "bob"{there}[[committee]]\n{new}'
    house.configuration.write_text(changed, encoding="utf-8")
    house.start()

    def for_dave() -> bool:
        return [one["members"] for one in house.ask("quarantine", "list")] == [1, 1]

    wait_until(for_dave, timeout=60, what="both for Dave to see")
    assert "Whiskerby" not in house.mail(dave, "alert", "set aside", after=told).text
    status = house.ask("status")
    assert (status["mail"]["unseen"], status["trouble"]) == (0, [])
    assert "set aside" not in house.call("check").stdout
    for member in (house.alice, house.bob, house.carol):
        assert not house.mails(member, "alert", "set aside", after=told)
