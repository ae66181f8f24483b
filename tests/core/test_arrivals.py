"""What arrives held is read as it would stand without us; a venue without rosters is bans alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cocmail.core.arrivals import Arrival, free, nobodys, to_hold, unheld
from cocmail.core.enforcement import HOLD, Act, Observed, Role, Row, Standing, to_facts
from cocmail.core.people import Address, Private
from cocmail.core.plan import plan, plan_for
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State

MAL, INFO, DEV = Address("mal@people.test"), "info@people.test", "dev@lists.test"
GROUPS = {"office": (INFO, "sig@lists.test")}
NOBODY = Standing(sanctions=(), ending=())


def sanction(measure: Measure, scope: Scope | None = None, *before: Before) -> Sanction:
    return Sanction(
        id="S1",
        case="case",
        measure=measure,
        address=MAL,
        addresses=(MAL,),
        scope=scope or Scope(),
        reason=Private("reason"),
        state=State.IN_FORCE,
        start=None,
        until=None,
        before=before,
    )


def row(role: Role = Role.MEMBER, action: str | None = HOLD) -> Row:
    return Row(list=DEV, address=MAL, role=role, member_id="m1", action=action, preferences={})


OBSERVED = Observed(lists={DEV: "dev.lists.test"}, rows=(row(),))


def test_the_undo_of_what_arrived_held_is_the_list_s_default() -> None:
    standing = Standing(sanctions=(sanction(Measure.MODERATE),), ending=())
    seen = unheld(replace(OBSERVED, sites=(OBSERVED,)), ["m1"], standing)
    assert [one.action for one in (*seen.rows, *seen.sites[0].rows)] == [None, None]
    planned = plan(standing, GROUPS, unheld(OBSERVED, ["m1"], standing))
    facts = next(b.facts for note in planned.notes for b in note.records if b.role == "member")
    assert facts == to_facts((row(action=None),))
    assert nobodys([Arrival(member_id="m1", list=DEV)], planned, standing) == ()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.NONMEMBER])
def test_what_is_written_down_is_not_new(role: Role) -> None:
    """Told late, or again, or made by ourselves: nothing is to be done once more."""
    facts = to_facts((row(role),)) if role is Role.MEMBER else None
    standing = Standing(
        sanctions=(
            sanction(Measure.MODERATE, None, Before(list=DEV, address=MAL, role=role, facts=facts)),
        ),
        ending=(),
    )
    observed = replace(OBSERVED, rows=(row(role),))
    assert unheld(observed, ["m1"], standing) == observed


def test_an_owner_s_own_hold_stays_theirs() -> None:
    assert unheld(OBSERVED, ["another"], NOBODY) == OBSERVED
    one = replace(OBSERVED, rows=(row(action="reject"),))
    assert unheld(one, ["m1"], NOBODY) == one


def test_whom_nothing_bears_on_goes_free() -> None:
    arrived = Arrival(member_id="m1", list=DEV, site="mailmans.old")
    assert nobodys([arrived], plan(NOBODY, GROUPS, OBSERVED), NOBODY) == (arrived,)
    step = free(arrived)
    assert (step.act, step.site, step.list) == (Act.MODERATE, "mailmans.old", DEV)
    assert [(one.member_id, one.action) for one in step.rows] == [("m1", None)]


def test_who_is_held_and_where() -> None:
    other = Address("other@people.test")
    on = {
        measure: to_hold([sanction(measure)], {"S1": (MAL, other)}, GROUPS) for measure in Measure
    }
    everywhere = {(MAL, "*"), (other, "*")}
    for measure in Measure:
        some = measure in (Measure.WARN, Measure.REMOVE)
        assert on[measure] == (frozenset() if some else everywhere)
    scoped = sanction(Measure.BAN, Scope(groups=("office",), lists=(DEV,)))
    assert {name for _, name in to_hold([scoped], {}, GROUPS)} == {INFO, "sig@lists.test", DEV}


@pytest.mark.parametrize("measure", list(Measure))
def test_where_there_are_no_rosters_only_bans_are_planned(measure: Measure) -> None:
    bare = Observed(lists={INFO: INFO}, rosters=False, site="postfix")
    for scope, level in ((Scope(), None), (Scope(groups=("office",)), INFO)):
        planned = plan_for(measure, [MAL], scope, GROUPS, bare, NOBODY)
        assert {step.role for step in planned.steps} <= {Role.BAN}
        assert [step.list for step in planned.steps] == [level] * measure.keeps_off
        held = f"mail to {INFO} can't be held, and still arrives"
        assert (held in planned.warnings) is (measure is Measure.MODERATE)
