"""Protective watch: told to the members of the case, once, and never acted on."""

from __future__ import annotations

from datetime import timedelta

from cocmail.core.calendar import fall_due
from cocmail.core.enforcement import Observed, Role, Row
from cocmail.core.people import Address
from cocmail.core.rows import dues
from cocmail.core.watching import LONGEST_NOTICE, asked, asking, seen, shared, theirs
from tests.promises.kit import ALIAS, MALLORY, OBSERVED, SUSPEND, World, text_of

ANNA = Address("anna@quiet.example")
WATCH = f"/watch {MALLORY} near {ANNA}"


def on(*rows: tuple[str, Address, Role]) -> Observed:
    return Observed(
        lists=OBSERVED.lists,
        linked=OBSERVED.linked,
        known=OBSERVED.known,
        rows=tuple(Row(list=x, address=a, role=r) for x, a, r in rows),
    )


def watched() -> tuple[World, str]:
    world = World()
    world.report()
    world.say("alice", WATCH)
    (watch,) = world.case.watches
    return world, watch


def test_they_share_a_list_under_any_address() -> None:
    both = on(("dev@lists.example", ALIAS, Role.MEMBER), ("dev@lists.example", ANNA, Role.OWNER))
    assert shared(both, [MALLORY], [ANNA]) == ("dev@lists.example",)
    post = on(("dev@lists.example", ALIAS, Role.NONMEMBER), ("dev@lists.example", ANNA, Role.OWNER))
    assert shared(post, [MALLORY], [ANNA]) == ()


def test_a_tag_hides_nobody() -> None:
    tagged = Address(MALLORY.replace("@", "+n@"))
    dev = "dev@lists.example"
    both = on((dev, tagged, Role.MEMBER), (dev, ANNA, Role.MEMBER))
    assert shared(both, [MALLORY], [ANNA]) == (dev,)
    assert shared(both, [ANNA], [Address("other+n@mail.example")]) == ()
    there = on((dev, ANNA, Role.MEMBER))
    assert asking(there, [MALLORY], [ANNA], {dev: (tagged, ANNA)}) == ((dev, tagged),)


def test_whatever_the_case_knows_as_theirs_is_watched() -> None:
    world, _ = watched()
    assert theirs(world.case, MALLORY) == (MALLORY,)
    third = Address("mal+work@third.example")
    world.say("alice", f"/respondent {MALLORY} {third}")
    assert {MALLORY, third, third.untagged} == {*theirs(world.case, MALLORY)}
    assert {*theirs(world.case, third.untagged)} == {*theirs(world.case, MALLORY)}
    assert theirs(world.case, ANNA) == (ANNA,)
    world.vote(world.propose(SUSPEND), "alice", "bob")
    assert ALIAS in theirs(world.case, MALLORY), "the sanction covers it"


def test_it_is_told_once_a_list_to_the_members_of_the_case() -> None:
    world, watch = watched()
    world.say("carol", "/recuse")
    world.take(seen(world.case, world.setting(), watch, ("dev@lists.example",)))
    assert world.told() == {("member:alice", "alert"), ("member:bob", "alert")}
    assert "dev@lists.example" in text_of(world.to("member:bob", "alert")[-1])
    assert not world.take(seen(world.case, world.setting(), watch, ("dev@lists.example",))).letters
    world.take(seen(world.case, world.setting(), watch, ()))
    assert not world.told()
    world.take(seen(world.case, world.setting(), watch, ("dev@lists.example",)))
    assert world.told(), "they left, and came again"
    assert not world.case.sanctions


def test_a_member_whom_it_is_to_look_for_is_kept_out() -> None:
    world = World()
    world.report()
    world.say("alice", f"/watch bob+x@bob.example near {ANNA}")
    assert {*world.case.recused} == {"bob"}
    assert {party for party, _ in world.told()} == {"member:alice", "member:carol"}
    (watch,) = world.case.watches
    world.take(seen(world.case, world.setting(), watch, ("dev@lists.example",)))
    assert {party for party, _ in world.told()} == {"member:alice", "member:carol"}
    world.say("alice", f"/watch {MALLORY} near carol@carol.example")
    assert {*world.case.recused} == {"bob"}, "who asks for it may be a member"


def test_what_is_seen_while_nobody_may_know_it_is_told_later() -> None:
    world, watch = watched()
    for handle in world.members:
        world.say(handle, "/recuse")
    requests = (("sig@lists.example", ALIAS),)
    for _ in range(2):
        for result in (
            seen(world.case, world.setting(), watch, ("dev@lists.example",)),
            asked(world.case, world.setting(), watch, requests),
        ):
            assert not world.take(result).events
    world.members = (*world.members, "dora")
    world.take(seen(world.case, world.setting(), watch, ("dev@lists.example",)))
    assert world.told() == {("member:dora", "alert")}
    world.take(asked(world.case, world.setting(), watch, requests))
    assert world.told() == {("member:dora", "alert")}


def test_it_tells_of_a_request_of_either() -> None:
    there = on(("dev@lists.example", ANNA, Role.MEMBER), ("sig@lists.example", ALIAS, Role.MEMBER))
    requests = {"dev@lists.example": (ALIAS,), "sig@lists.example": (ANNA,)}
    assert asking(there, [MALLORY], [ANNA], requests) == (
        ("dev@lists.example", ALIAS),
        ("sig@lists.example", ANNA),
    )


def test_what_they_share_already_is_said_at_once() -> None:
    world = World()
    world.report()
    world.say("alice", f"/watch {MALLORY} near {ALIAS}")
    assert "both are on dev@lists.example" in text_of(world.to("member:bob", "message")[-1])


def asked_about(world: World, watch: str) -> None:
    """The day comes on which its members are asked whether it should go on."""
    (due,) = [r for r in dues(world.case) if r.what == "watch"]
    assert world.case.watches[watch].until - due.at == LONGEST_NOTICE
    world.now = due.at - timedelta(seconds=1)
    assert not world.take(fall_due(world.case, world.setting(), "watch", watch)).events
    world.now = due.at
    world.take(fall_due(world.case, world.setting(), "watch", watch))
    text = text_of(world.to("member:carol", "reminder")[-1])
    assert "If it should go on" in text
    assert WATCH in text
    assert f"{world.case.watches[watch].until:%d %B %Y}" in text
    assert not world.take(fall_due(world.case, world.setting(), "watch", watch)).letters


def test_it_lapses_with_a_question_first() -> None:
    world, watch = watched()
    asked_about(world, watch)
    (due,) = [r for r in dues(world.case) if r.what == "watch"]
    assert due.at == world.case.watches[watch].until, "they have time to answer"
    world.now = due.at
    world.take(fall_due(world.case, world.setting(), "watch", watch))
    assert not world.case.watches
    assert "it is over" in text_of(world.to("member:carol", "reminder")[-1])
    world.say("bob", WATCH)
    assert world.case.watches


def test_one_member_s_answer_makes_it_go_on_and_tells_nothing_twice() -> None:
    world, watch = watched()
    dev, waits = ("dev@lists.example",), (("sig@lists.example", ALIAS),)
    world.take(seen(world.case, world.setting(), watch, dev))
    world.take(asked(world.case, world.setting(), watch, waits))
    asked_about(world, watch)
    world.say("bob", WATCH)
    (longer,) = world.case.watches.values()
    assert longer.until == world.now + world.policy.watch_for
    assert not world.take(seen(world.case, world.setting(), longer.watch, dev)).letters
    assert not world.take(asked(world.case, world.setting(), longer.watch, waits)).letters
    (due,) = [r for r in dues(world.case) if r.what == "watch"]
    assert due.at == longer.until - LONGEST_NOTICE, "they are asked again"
    world.say("carol", WATCH)
    assert longer.watch in world.case.watches, "it is watched already"


def test_a_question_that_is_late_leaves_time_to_answer() -> None:
    world, watch = watched()
    world.now = world.case.watches[watch].until + timedelta(days=30)
    world.take(fall_due(world.case, world.setting(), "watch", watch))
    assert watch in world.case.watches
    (due,) = [r for r in dues(world.case) if r.what == "watch"]
    assert due.at == world.now + LONGEST_NOTICE
