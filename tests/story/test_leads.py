"""Promises 8 and 10: who comes back at another address is a lead, and a vote makes it hold."""

from __future__ import annotations

from typing import Any

from cocmail.lab import community
from tests.story.conftest import Person, folded

Stage = Any  # conftest's House


def somebody(house: Stage, address: str, name: str) -> Person:
    """Somebody at a provider whose rules are known."""
    person = Person(address, name)
    person.publish(house.servers.dns)
    house.people.append(person)
    return person


def test_a_lead_is_told_once_voted_on_and_comes_off_exactly(house: Stage) -> None:
    mark = f"q{house.now()}z{id(house) % 9973}"
    # The Mailman is shared: who was here before under the same name would be a lead as well.
    mallory = somebody(house, f"mallory.{mark}@gmail.com", f"Mallory {mark.title()}")
    back = somebody(house, f"mal.lory{mark}+again@googlemail.com", "An Innocent Name")
    house.lists.join("general", mallory.address, name=mallory.name)
    both = (mallory.address, back.address)
    case = house.report()
    case.decide(f"/sanction suspend {mallory.address} for 90 days because of this")
    case.all_hear("proof", "general")
    house.lists.join("dev", back.address, name=back.name, preferences={"hide_address": "true"})
    came = house.lists.snapshot(back.address)
    alerts = case.all_hear("alert", back.address)
    assert "same mailbox" in folded(alerts[0].text)
    case.settle()
    assert len(case.heard(house.bob, "alert", back.address)) == 1
    assert house.lists.snapshot(back.address) == came, "a lead acts on nobody"
    # The answer, in a reply to the alert; and the vote.
    after = house.now()
    case.say(house.alice, "/same 1", to=alerts[0])
    ballots = {m.handle: case.hears(m, "ballot", after=after) for m in house.members}
    assert "absent" in ballots["bob"].text
    case.vote(ballots, house.alice)
    assert house.lists.snapshot(back.address) == came, "nor does one vote"
    case.vote(ballots, house.bob)
    case.all_hear("proof", back.address, after=after)
    assert house.lists.is_out(*both)
    assert house.lists.rejoin("dev", back.address) >= 400
    letter = house.mail(back, "letter", "appeal", after=after)
    for told in (mallory.address, case.reference, "of this", case.reporter.address):
        assert told.lower() not in letter.data.decode().lower()
    assert not house.mails(mallory, "letter", after=after)
    sanction = case.sanction()
    assert set(both) <= set(sanction["addresses"])
    # And the end: everything as it was.
    after = house.now()
    ballots = case.propose(f"/lift {sanction['id']} because of an apology")
    case.vote(ballots, house.alice, house.bob)
    case.all_hear("proof", after=after)
    assert house.lists.snapshot(back.address) == came
    assert house.lists.on(mallory.address) == ["general"]
    house.mail(back, "letter", "no longer", after=after)


def test_who_is_watched_and_asks_to_join_is_told_of(house: Stage, mallory: Any) -> None:
    anna = house.somebody("Anna Quiet")
    house.lists.join("announce", anna.address)
    case = house.report()
    case.say(house.alice, f"/watch {mallory.address} near {anna.address}")
    case.all_hear("message", "asked for a watch")
    after = house.now()
    status, _ = house.lists.mailman.api(
        "POST", "members", list_id=community.list_id(community.full_name("announce")),
        subscriber=mallory.address, pre_verified=True, pre_confirmed=False,
    )  # fmt: skip
    assert status == 202
    case.all_hear("alert", "request to join", after=after)
    case.settle()
    assert len(case.heard(house.bob, "alert", after=after)) == 1
    assert house.lists.on(mallory.address) != [], "a watch acts on nobody"
    assert "announce" not in house.lists.on(mallory.address)
