"""What somebody undoes is told once, then at a pace, and never hidden for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cocmail.core import events as e
from cocmail.core import proofs
from cocmail.core.calendar import fall_due
from cocmail.core.drift import DAY, MOST, NEWLY_COVERED, PUT_RIGHT, Drift, due_at, found, told
from cocmail.core.enforcement import ProofRow
from cocmail.core.people import Address
from cocmail.core.rows import dues
from tests.promises.kit import MALLORY, World, text_of

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISTS = tuple(f"list-{n}@lists.example" for n in range(40))
OLU = Address("olu@owner.example")


def line(name: str = LISTS[0], times: int = 1) -> e.DriftLine:
    return e.DriftLine(
        list=name, address=MALLORY, role="member", was="member", now="absent", times=times
    )


def row(name: str = "dev@lists.example", times: int = 1, note: str = PUT_RIGHT) -> ProofRow:
    return ProofRow(
        list=name, address=MALLORY, role="member", was="member", now="absent", note=note,
        times=times, owners=(OLU,), own=True,
    )  # fmt: skip


def in_force() -> tuple[World, str]:
    world = World()
    world.report()
    name = world.propose()
    world.vote(name, "alice", "bob")
    world.take(proofs.enforced(world.case, world.setting(), name, (), [MALLORY]))
    return world, name


def undo(world: World, name: str, *rows: ProofRow) -> list[str]:
    """The letters that a member gets for it."""
    before = len(world.to("member:bob", "proof"))
    world.take(proofs.enforced(world.case, world.setting(), name, rows or (row(),), [MALLORY]))
    return [text_of(x) for x in world.to("member:bob", "proof")[before:]]


def pass_by(world: World, **span: float) -> list[str]:
    """What a member hears while time passes and nothing else happens."""
    before = len(world.to("member:bob", "proof"))
    end = world.now + timedelta(**span)
    while coming := [d for d in dues(world.case) if d.what == "drift" and d.at <= end]:
        world.now = max(world.now, min(d.at for d in coming))
        world.take(fall_due(world.case, world.setting(), "drift", coming[0].about))
    world.now = end
    return [text_of(x) for x in world.to("member:bob", "proof")[before:]]


def test_the_first_time_says_what_is_known_and_whom_to_ask() -> None:
    world, name = in_force()
    (text,) = undo(world, name)
    assert f"no longer matched {name}" in text
    assert "Taken off, member -> absent (1): - dev@lists.example: mallory@mail.example" in text
    assert "Mailman doesn't tell who did it" in text
    assert f"- dev@lists.example: {OLU}, and the person themself" in text
    assert not world.to("owner:1")
    assert not [x for x in world.letters if OLU in str(x.to) and x.kind == "proof"]


def test_a_tug_of_war_is_told_twice_and_then_once_a_day_with_the_count() -> None:
    world, name = in_force()
    heard: list[str] = []
    for _ in range(2 * 24 * 60):  # somebody's script puts the person back every minute
        heard += undo(world, name)
        heard += pass_by(world, minutes=1)
    assert len(heard) == 3
    assert "was found changed again: once" in heard[1]
    assert "was found changed again: 1439 times" in heard[2]
    (last,) = pass_by(world, days=30)
    assert "was found changed again: 1439 times" in last
    assert world.case.drifts[name].times == 2 * 24 * 60


def test_what_was_not_told_yet_is_told_when_it_stops() -> None:
    world, name = in_force()
    assert len(undo(world, name)) == 1
    assert len(undo(world, name)) == 1
    assert undo(world, name) == []
    assert undo(world, name, row(times=4)) == []
    (text,) = pass_by(world, days=2)
    assert "was found changed again: 5 times" in text
    assert pass_by(world, days=30) == []


def test_a_place_that_held_for_a_week_begins_anew() -> None:
    world, name = in_force()
    for _ in range(3):
        undo(world, name)
    pass_by(world, days=9)
    (text,) = undo(world, name)
    assert "no longer matched" in text


def test_the_status_and_the_end_tell_the_count() -> None:
    world, name = in_force()
    undo(world, name, row(times=3))
    world.say("alice", "/status")
    text = text_of(world.to("member:alice", "answer")[-1])
    assert "Undone by somebody, and put right: 3 times, last found 21 November 2026" in text
    world.take(proofs.restored(world.case, world.setting(), name, (), (), done=True))
    assert "undid it 3 times" in text_of(world.to("member:alice", "proof")[-1])


def test_what_is_covered_from_now_on_is_no_drift() -> None:
    world, name = in_force()
    (text,) = undo(world, name, row(note=NEWLY_COVERED))
    assert "covers more now" in text
    assert name not in world.case.drifts


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 39), st.integers(1, 3000)), max_size=60))
def test_nobody_is_flooded_and_nothing_is_hidden(history: list[tuple[int, int]]) -> None:
    """(list, minutes that pass then): whatever somebody undoes, at most so many letters in a day,
    and all of it is told a day after the last at the latest."""
    drift, now, letters = Drift(), START, list[datetime]()
    count = heard = 0

    def until(then: datetime) -> None:
        nonlocal drift, heard
        while (due := due_at(drift)) is not None and due <= then:
            letters.append(due)
            heard += sum(p.untold for p in drift.untold)
            drift = told(drift, due)

    for number, minutes in history:
        drift = found(drift, [line(LISTS[number])], now)
        count += 1
        until(now)
        assert letters, "the first is told at once"
        now += timedelta(minutes=minutes)
        until(now)
    until(now + DAY)
    assert heard == count == drift.times
    for one in letters:
        assert len([x for x in letters if one <= x < one + DAY]) <= MOST + 1
