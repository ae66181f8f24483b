"""Protective watch: told to the members of the case, once, and never acted on."""

from __future__ import annotations

from cocmail.core.calendar import fall_due
from cocmail.core.enforcement import Observed, Role, Row
from cocmail.core.people import Address
from cocmail.core.rows import dues
from cocmail.core.watching import asking, seen, shared, theirs
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


def test_what_they_share_already_is_said_at_once() -> None:
    world = World()
    world.report()
    world.say("alice", f"/watch {MALLORY} near {ALIAS}")
    assert "both are on dev@lists.example" in text_of(world.to("member:bob", "message")[-1])


def test_it_lapses_with_a_question() -> None:
    world, watch = watched()
    (due,) = [r for r in dues(world.case) if r.what == "watch"]
    world.now = due.at
    world.take(fall_due(world.case, world.setting(), "watch", watch))
    assert not world.case.watches
    assert "should it go on" in str(world.to("member:carol", "reminder")[-1].message)
    world.say("bob", WATCH)
    assert world.case.watches
