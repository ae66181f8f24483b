"""Cases and people that meet, over real servers: merged, kept, watched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story.conftest import folded

# What these are about is the same on both stores; the whole dialogue is played on the other one.
pytestmark = pytest.mark.parametrize("new_store", ["sqlite"], indirect=True, scope="session")

Stage = Any  # conftest's House, Case, Person


def test_two_cases_become_one_and_every_address_still_leads_there(
    house: Stage, mallory: Any
) -> None:
    first, second = house.report(), house.report()
    ballots = second.propose(f"/sanction warn {mallory.address} because this goes too far")
    after = house.now()
    first.say(house.alice, f"/merge {second.reference}")
    first.all_hear("message", second.reference, after=after)
    # Who reported the second answers an old mail, and a member does; a vote goes on.
    house.post(second.reporter.answer(second.acknowledgement.data, "It was the teal gazebo."))
    first.all_hear("message", "teal gazebo")
    second.say(house.bob, "A plain word through an old address: the plum anvil.")
    first.hears(house.carol, "message", "plum anvil")
    for member in (house.bob, house.carol):
        second.say(member, "/approve", to=ballots[member.handle])
    first.all_hear("decision", after=after)
    house.mail(mallory, "letter", "goes too far")
    assert not house.mails(first.reporter, containing="gazebo")
    shown = house.ask("case", "show", second.reference)
    assert shown["reference"] == first.reference
    listed = [one["reference"] for one in house.ask("case", "list")]
    assert first.reference in listed
    assert second.reference not in listed
    assert house.ask("ledger", "verify")["whole"]


def test_a_message_becomes_a_case_of_its_own(house: Stage) -> None:
    case = house.report()
    house.post(case.reporter.answer(case.acknowledgement.data, "And then the jade trombone."))
    copy = case.hears(house.bob, "message", "jade trombone")
    number = copy.text.split("Message: ")[1].split()[0]
    after = house.now()
    case.say(house.bob, f"/split {number}")
    case.hears(house.alice, "message", "made a case of its own", after=after)
    own = house.mail(house.carol, "report", "jade trombone", after=after)
    assert own.header("Cocmail-Case") != case.reference
    told = house.mail(case.reporter, "message", "as a matter of its own", after=after)
    assert told.header("Cocmail-Case") not in (
        case.reference,
        own.header("Cocmail-Case"),
        case.acknowledgement.header("Cocmail-Case"),
    )


def test_a_report_is_kept_until_another_names_the_same_person(house: Stage) -> None:
    reporter, whom = house.somebody("Quill Harrow"), house.somebody("Nettle Vane")
    after = house.now()
    text = f"The ochre lantern was thrown by {whom.address}. Tell me if others report him, too."
    house.post(reporter.write(house.detail("escrow"), "Only if others", text))
    kept = house.mail(reporter, "acknowledgement", after=after)
    assert "nobody reads it until" in folded(kept.text)
    house.quiet()
    assert not house.mails(house.alice, after=after)
    other = house.report(f"It is {whom.address} again.")
    surfaced = house.mail(house.bob, "report", "ochre lantern", after=after)
    assert f"/link {other.reference}".lower() in folded(surfaced.text)
    assert len(house.mails(reporter, after=after)) == 1


def test_a_watch_tells_when_somebody_comes_near(house: Stage, mallory: Any) -> None:
    anna = house.somebody("Anna Quiet")
    house.lists.join("announce", anna.address)
    case = house.report()
    case.say(house.alice, f"/watch {mallory.address} near {anna.address}")
    case.all_hear("message", "asked for a watch")
    after = house.now()
    house.lists.join("announce", mallory.address)
    case.all_hear("alert", "announce", after=after)
    case.settle()
    assert len(case.heard(house.bob, "alert", after=after)) == 1
    assert not house.mails(mallory)
    assert not house.mails(anna)
    assert "announce" in house.lists.on(mallory.address), "a watch acts on nobody"
