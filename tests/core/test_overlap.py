"""Where sanctions overlap, each tells of what it changed itself: what another had changed before it
is the other's to tell, for who may know of one case may be kept out of the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cocmail.core import events as e
from cocmail.core.enforcement import STILL_OFF, ProofRow, Role, Word
from cocmail.core.plan import DRAFT, plan_for
from cocmail.core.preview import of_end
from cocmail.core.proof import BAN_STANDS, BAN_STAYS
from cocmail.core.proofs import enforced, noted, restored
from cocmail.core.sanctions import Measure, Sanction, Scope, State
from cocmail.core.table import WITH_A_ROLE, limits
from cocmail.core.work import Result
from tests.core.test_plan import A1, A2, GROUPS, LISTS, OWNER, Community, T, place, row
from tests.promises.kit import MALLORY, World, text_of

Told = set[tuple[str | None, str, str, str]]


def told(rows: tuple[ProofRow, ...]) -> Told:
    return {(r.list, r.role, r.was, r.now) for r in rows}


def member() -> Community:
    """A1 and A2 are one person."""
    c = Community()
    c.both(row(LISTS[0], A1))
    c.both(row(LISTS[1], A2))
    return c


def decided(c: Community, measure: Measure, scope: Scope | None = None) -> tuple[str, Told]:
    """In force, and what its first proof tells."""
    name = c.decide(measure, A1, scope or Scope())
    return name, told(c.sweep().rows[name])


def ended(c: Community, name: str) -> tuple[ProofRow, ...]:
    """As it is read back after the end, before that is written down."""
    c.end(name)
    planned = c.plan()
    c._write(planned)
    for step in planned.steps:
        c.world.apply(step)
    rows = c.plan().rows[name]
    c.sweep()
    return rows


def test_a_moderation_beneath_a_suspension_tells_of_no_change() -> None:
    c = member()
    first, begun = decided(c, Measure.SUSPEND)
    assert (LISTS[0], "member", "member", "absent") in begun
    second, begun = decided(c, Measure.MODERATE)
    assert {one for one in begun if one[2] != one[3]} == set()
    rows = ended(c, second)
    assert {(r.role, r.was, r.now, r.note) for r in rows} == {
        ("member", "absent", "absent", STILL_OFF)
    }, "nobody was held by it"
    rows = ended(c, first)
    assert {x for x in told(rows) if x[1] == "member"} == {
        (LISTS[0], "member", "absent", "member"),
        (LISTS[1], "member", "absent", "member"),
    }
    assert c.world.told() == c.own.told()


@pytest.mark.parametrize("scope", [Scope(), Scope(lists=(LISTS[0],))])
def test_a_second_ban_tells_of_no_change_and_its_end_says_why(scope: Scope) -> None:
    c = member()
    first, _ = decided(c, Measure.BAN)
    second = c.decide(Measure.BAN, A1, scope)
    rows = c.sweep().rows[second]
    assert {(r.role, r.was, r.now, r.note) for r in rows if r.address != T} == {
        ("ban", "banned", "banned", BAN_STANDS)
    }
    rows = ended(c, second)
    assert {(r.role, r.was, r.now, r.note) for r in rows if r.address != T and r.role == "ban"} == {
        ("ban", "banned", "banned", STILL_OFF)
    }
    assert {r.note for r in rows} == {STILL_OFF}
    ended(c, first)
    assert c.world.told() == c.own.told()


def test_who_is_kept_off_by_both_comes_back_with_the_last() -> None:
    c = member()
    first, _ = decided(c, Measure.SUSPEND)
    second, begun = decided(c, Measure.BAN)
    assert not [one for one in begun if one[1] == "member"]
    ended(c, first)
    rows = ended(c, second)
    assert (LISTS[0], "member", "absent", "member") in told(rows), "that it did change"
    assert c.world.told() == c.own.told()


def test_what_another_changed_stays_told_so_after_a_crash() -> None:
    """What stood there is written down first: what a sweep that broke off did is told as ours."""
    c = member()
    name = c.decide(Measure.SUSPEND, A1, Scope())
    c.sweep(crash=3)
    assert (LISTS[0], "member", "member", "absent") in told(c.sweep().rows[name])


def test_a_role_that_the_plan_takes_is_none_that_stays() -> None:
    c = member()
    c.both(row(LISTS[0], A1, Role.OWNER))
    c.both(row(LISTS[0], OWNER, Role.OWNER))
    for roles in (True, False):
        made = plan_for(
            Measure.BAN,
            (A1,),
            Scope(),
            GROUPS,
            c.world.observed(),
            c.standing(),
            including_roles=roles,
        )
        said = limits(Measure.BAN, Scope(), made.rows.get(DRAFT, ()))
        assert (WITH_A_ROLE in said) is not roles
        at = place(LISTS[0], A1, Role.OWNER)
        assert (at in {step.place for step in made.steps}) is roles


def over(world: World) -> str:
    world.report()
    name = world.propose()
    world.vote(name, "alice", "bob")
    world.take(enforced(world.case, world.setting(), name, (), [MALLORY]))
    world.take(Result(events=(e.Ended(sanction=name, how="lifted"),), letters=()))
    return name


MEMBER = ProofRow(
    list=LISTS[0], address=MALLORY, role="member", was="absent", now="absent", note=STILL_OFF
)
BAN = ProofRow(list=None, address=MALLORY, role="ban", was="banned", now="banned", note=STILL_OFF)


def test_the_end_does_not_tell_where_another_case_took_somebody_off() -> None:
    world = World()
    name = over(world)
    rows = [replace(MEMBER, first=Word.ABSENT), replace(BAN, first=Word.BANNED)]
    made = restored(world.case, world.setting(), name, rows, (), done=True)
    text = text_of(made.letters[0])
    assert LISTS[0] not in text
    assert "another sanction" not in text
    assert BAN_STAYS in text.replace("\n", " ")
    (event,) = (x for x in made.events if isinstance(x, e.Restored))
    assert LISTS[0] not in {line.list for line in event.lines}
    own = replace(MEMBER, first=Word.MEMBER)
    made = restored(world.case, world.setting(), name, [own], (), done=True)
    assert LISTS[0] in text_of(made.letters[0]), "they know that it took them off"


def test_the_end_says_which_lines_another_sanction_of_the_case_keeps() -> None:
    world = World()
    name = over(world)
    world.say("alice", f"/sanction ban {MALLORY} because of it")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob", "carol")
    rows = [replace(MEMBER, first=Word.ABSENT), replace(BAN, first=Word.BANNED)]
    made = restored(world.case, world.setting(), name, rows, (), done=True)
    text = text_of(made.letters[0])
    assert text.count(STILL_OFF) == 2
    assert "what somebody else did, another sanction keeps or Mailman doesn't allow" in (
        " ".join(text.split())
    )


def test_a_ballot_on_the_end_does_not_tell_where_another_case_took_somebody_off() -> None:
    c = member()
    first, _ = decided(c, Measure.SUSPEND)
    second, _ = decided(c, Measure.SUSPEND)
    one, other = c.force[first], c.force[second]

    def back(sanction: Sanction, *beside: Sanction) -> set[str | None]:
        table = of_end(sanction, GROUPS, c.world.observed(), beside=beside)
        return {line.list for line in table.lines if line.role == "member"}

    assert back(one, one) == {LISTS[0], LISTS[1]}
    assert back(other, other) == set()
    lifted = replace(one, state=State.LIFTED)
    assert back(other, other, lifted) == {LISTS[0], LISTS[1]}, "of the same case"


def test_how_a_place_was_found_is_kept_in_the_ledger() -> None:
    c = member()
    decided(c, Measure.SUSPEND)
    second, _ = decided(c, Measure.SUSPEND)
    records = c.force[second].before
    found = {(b.list, b.role): b.seen for b in records}
    assert found[LISTS[0], "member"] == Word.ABSENT
    assert all(b.facts for b in records if b.role == "member"), "that is for the return"
    assert {p.seen for p in noted(second, records).places} == {b.seen for b in records}
