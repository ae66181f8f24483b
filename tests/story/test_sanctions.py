"""Promises 8 and 9: what was decided holds on every list until it ends, and is undone exactly."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.lab import community
from cocmail.lab.waiting import wait_until

Stage = Any  # conftest's House, Case, Person


def until(condition: Any, what: str) -> None:
    wait_until(condition, timeout=60, what=what, every=0.1)


def test_warn_is_the_letter_alone_and_then_ended(house: Stage, mallory: Any) -> None:
    before = house.lists.snapshot(mallory.address)
    case = house.report()
    case.decide(f"/sanction warn {mallory.address} because of this")
    letter = house.mail(mallory, "letter", "of this")
    assert letter.recipients == (mallory.address,)
    sanction = case.becomes("ended")
    assert "lift" in case.refused(house.alice, f"/lift {sanction['id']} because of that")
    assert house.lists.snapshot(mallory.address) == before


def test_remove_is_ended_when_read_back_and_may_come_back(house: Stage, mallory: Any) -> None:
    case = house.report()
    case.decide(f"/sanction remove {mallory.address} because of this")
    case.all_hear("proof", "general")
    assert house.lists.on(mallory.address) == []
    case.becomes("ended")
    assert house.lists.rejoin("general", mallory.address) in (201, 202)
    house.call("enforce")
    assert house.lists.on(mallory.address) == ["general"]
    house.mail(case.reporter, "outcome")


def test_ban_and_lift_return_exactly(house: Stage, mallory: Any) -> None:
    """Promise 9."""
    second = house.somebody("Mallory Other")
    community.give_address(house.lists.mailman, mallory.address, second.address)
    house.lists.join("announce", second.address, preferences={"hide_address": "true"})
    both = (mallory.address, second.address)
    before = house.lists.snapshot(*both)
    case = house.report()
    case.decide(f"/sanction ban {mallory.address} because of this")
    letter = house.mail(mallory, "letter")
    for proof in case.all_hear("proof", "general"):
        for name in ("dev", "announce", "sig-node"):
            assert name in proof.text
    assert house.lists.is_out(*both)
    assert not house.mails(second), "the letter goes to the address that the sanction names"
    assert house.lists.rejoin("general", second.address) >= 400
    now = sanction = case.becomes("in-force")
    assert set(now["addresses"]) >= set(both)
    assert now["until"] is None
    assert now["from"]
    outcome = house.mail(case.reporter, "outcome")
    assert mallory.address not in outcome.text
    # And the lift, by a vote of its own.
    after = house.now()
    ballots = case.propose(f"/lift {sanction['id']} because of an apology")
    case.vote(ballots, house.alice, house.bob)
    case.all_hear("decision", "lifting", after=after)
    case.all_hear("proof", after=after)
    assert house.lists.snapshot(*both) == before
    case.becomes("lifted")
    ended = house.mail(mallory, "letter", after=after)
    assert letter.header("Message-ID") in ended.header("References").split()
    assert len(house.mails(case.reporter, "outcome")) == 1
    assert "in force" in case.refused(house.alice, f"/lift {sanction['id']} because of it")


def test_a_suspension_ends_by_itself(house: Stage, mallory: Any) -> None:
    before = house.lists.snapshot(mallory.address)
    case = house.report()
    after = house.now()
    case.decide(f"/sanction suspend {mallory.address} on all for 20s because of this")
    case.all_hear("proof", "general")
    assert house.lists.is_out(mallory.address)
    case.all_hear("proof", "undone", after=after)
    assert house.lists.snapshot(mallory.address) == before
    case.becomes("ended")
    house.mail(mallory, "letter", "over", after=after)


def test_moderate_holds_and_gives_back(house: Stage, mallory: Any) -> None:
    before = house.lists.snapshot(mallory.address)
    case = house.report()
    case.decide(f"/sanction moderate {mallory.address} permanently because of this")
    case.all_hear("proof", "general")
    for name in ("general", "dev", "sig-node"):
        assert house.lists.held(name, mallory.address) == "hold"
    after = house.now()
    ballots = case.propose(f"/lift {case.sanction()['id']} because of that")
    case.vote(ballots, house.alice, house.bob)
    case.all_hear("proof", after=after)
    assert house.lists.snapshot(mallory.address) == before


def test_leave_is_as_suspend_and_says_so(house: Stage, mallory: Any) -> None:
    case = house.report()
    case.decide(f"/sanction leave {mallory.address} permanently because we agreed on it")
    assert "agreed" in house.mail(mallory, "letter").text
    case.all_hear("proof")
    assert house.lists.is_out(mallory.address)


@pytest.mark.parametrize(
    ("scope", "gone"),
    [
        ("node", {"sig-node"}),
        ("sig-node@lists.example.org, dev", {"dev", "sig-node"}),
        ("general", {"general"}),
    ],
)
def test_scopes(house: Stage, mallory: Any, scope: str, gone: set[str]) -> None:
    before = set(house.lists.on(mallory.address))
    case = house.report()
    case.decide(f"/sanction ban {mallory.address} on {scope} because of this")
    case.all_hear("proof")
    assert set(house.lists.on(mallory.address)) == before - gone
    banned = {name for name in house.lists.names() if house.lists.banned(name, mallory.address)}
    assert banned == (gone | {"sig-node-bugs"} if scope == "node" else gone)
    lists = {name.partition("@")[0] for name in case.becomes("in-force")["lists"]}
    assert lists >= gone


def test_the_plan_of_the_command_line_changes_nothing(house: Stage, mallory: Any) -> None:
    before = house.lists.snapshot(mallory.address)
    plan = house.ask("sanction", "plan", "ban", mallory.address, "--on", "node")
    assert set(plan) >= {"steps", "warnings"}
    for step in plan["steps"]:
        assert set(step) >= {"list", "address", "role", "now", "then"}
        assert step["role"] in ("member", "nonmember", "owner", "moderator", "ban")
        assert {step["now"], step["then"]} <= {"absent", "member", "held", "banned"}
    members = [s for s in plan["steps"] if s["role"] == "member"]
    assert [(s["list"], s["now"], s["then"]) for s in members] == [
        ("sig-node@lists.example.org", "member", "absent")
    ]
    assert house.lists.snapshot(mallory.address) == before


def test_drift_is_put_right_and_a_list_made_later_is_covered(house: Stage, mallory: Any) -> None:
    """Promise 8."""
    case = house.report()
    case.decide(f"/sanction ban {mallory.address} because of this")
    case.all_hear("proof", "general")
    mailman = house.lists.mailman
    name = f"later-{mallory.address.partition('@')[0]}"
    community.make_list(mailman, community.full_name(name))
    until(lambda: house.lists.banned(name, mallory.address), "the new list's cover")
    after = house.now()
    for path in ("bans", *(f"lists/{one}.{community.DOMAIN}/bans" for one in house.lists.names())):
        mailman.api("DELETE", f"{path}/{mallory.address}")
    house.lists.rejoin("dev", mallory.address)
    until(lambda: house.lists.is_out(mallory.address), "the drift to be put right")
    case.all_hear("proof", after=after)
    until(lambda: case.sanction()["drift"] == 0, "no drift in the list")
    mailman.api("DELETE", f"lists/{name}.{community.DOMAIN}")


def test_two_sanctions_compose(house: Stage, mallory: Any) -> None:
    before = house.lists.snapshot(mallory.address)
    first, second = house.report(), house.report()
    first.decide(f"/sanction ban {mallory.address} on general because of one")
    first.all_hear("proof")
    second.decide(f"/sanction ban {mallory.address} on general, dev because of two")
    second.all_hear("proof")
    after = house.now()
    first.vote(
        first.propose(f"/lift {first.sanction()['id']} because of that"), house.alice, house.bob
    )
    first.all_hear("proof", after=after)
    assert house.lists.banned("general", mallory.address), "the other case's ban holds"
    assert house.lists.on(mallory.address) == ["sig-node"]
    after = house.now()
    second.vote(
        second.propose(f"/lift {second.sanction()['id']} because of that"), house.alice, house.bob
    )
    second.all_hear("proof", after=after)
    assert house.lists.snapshot(mallory.address) == before


def test_the_letter_leaves_before_the_lists_change(new_house: Any) -> None:
    house = new_house()
    mallory = house.somebody("Mallory Vance")
    house.lists.join("general", mallory.address)
    case = house.report()
    ballots = case.propose(f"/sanction ban {mallory.address} because of this")
    case.vote(ballots, house.bob)
    house.sink.refusals[mallory.address] = "450 4.2.0 later"
    case.say(house.carol, "/approve", to=ballots["carol"])
    case.all_hear("decision")
    assert house.call("enforce").returncode == 0
    assert house.lists.on(mallory.address) == ["general"], "they wait for the letter"
    house.sink.refusals.clear()
    house.mail(mallory, "letter")
    case.all_hear("proof")
    assert house.lists.is_out(mallory.address)


def test_mailman_is_down_while_it_is_decided(new_house: Any) -> None:
    house = new_house()
    mallory = house.somebody("Mallory Vance")
    house.lists.join("general", mallory.address)
    case = house.report()
    mailman = house.lists.mailman
    mailman.kill()
    try:
        ballots = case.propose(f"/sanction ban {mallory.address} because of this")
        assert "can't be asked" in ballots["bob"].text
        case.vote(ballots, house.bob, house.carol)
        case.all_hear("decision")
        said = case.refused(house.alice, f"/sanction ban {mallory.address} on dev because of this")
        assert "mailman" in said, "a list's name can't be looked up now"
    finally:
        mailman.start()
    case.hears(house.alice, "proof")
    assert house.lists.is_out(mallory.address)
