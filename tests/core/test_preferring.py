"""What a user of Mailman prefers for all their lists outlasts what Mailman sets by itself, and
stays theirs to change: promise 9."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from cocmail.core.enforcement import Act, Observed, Role, Row, Standing, to_facts
from cocmail.core.people import Address, Private
from cocmail.core.plan import plan
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State

MAL, DEV, SIG = Address("mal@example.net"), "dev@lists.example.org", "sig@lists.example.org"
OWN = {"preferred_language": "fr", "hide_address": True}
LANGUAGE = {"preferred_language": "en"}  # as Mailman sets it
Prefers = Mapping[str, object]


def entry(name: str) -> Row:
    return Row(list=name, address=MAL, role=Role.OWNER, action="accept", preferences={})


def noted(row: Row) -> Before:
    return Before(list=row.list, address=MAL, role=row.role, facts=to_facts((row,)))


@dataclass
class World:
    """Two roles are to come back, and a user prefers something."""

    prefers: dict[str, Prefers | None] = field(default_factory=lambda: {"u1": dict(OWN)})
    user: str = "u1"  # whose the address is
    refusing: str = ""
    rows: tuple[Row, ...] = ()
    halved: bool = False  # what is preferred is unset, and then no call comes through
    deaf: bool = False  # nobody's preferences can be set
    sanction: Sanction = field(
        default_factory=lambda: Sanction(
            id="S1", case="c", measure=Measure.SUSPEND, address=MAL, addresses=(MAL,),
            scope=Scope(), reason=Private(""), state=State.LIFTED, start=None, until=None,
            including_roles=True, before=(noted(entry(DEV)), noted(entry(SIG))),
        )
    )  # fmt: skip

    def observed(self, *read: str) -> Observed:
        return Observed(
            lists={DEV: DEV, SIG: SIG}, linked={MAL: (MAL,)}, known=frozenset({MAL}),
            users={MAL: self.user}, rows=self.rows, made={DEV: None, SIG: None},
            own={user: self.prefers.get(user) for user in read},
        )  # fmt: skip

    def round(self) -> bool:
        """Look, write down, change; whether anything was left to do."""
        standing = Standing(sanctions=(), ending=(self.sanction,))
        asked = plan(standing, {}, self.observed()).unread
        assert all(place.role is Role.USER for place in asked)
        planned = plan(standing, {}, self.observed(*(place.user for place in asked)))
        assert not planned.unread
        records = {b.at: b for b in self.sanction.before}
        records |= {b.at: b for note in planned.notes for b in note.records}
        self.sanction = replace(self.sanction, before=tuple(records.values()))
        for step in planned.steps:
            if step.act is Act.PREFER and not self.deaf:
                (row,) = step.rows
                assert self.prefers.get(row.user) is not None
                self.prefers[row.user] = {} if self.halved else dict(row.preferences or {})
            elif step.act is Act.PUT_BACK and step.list != self.refusing:
                self.rows = (*self.rows, *step.rows)
                self.prefers[self.user] = {**(self.prefers[self.user] or {}), **LANGUAGE}
        return bool(planned.steps or planned.notes)

    def sweep(self) -> None:
        assert not all(self.round() for _ in range(9))


def test_what_mailman_set_is_taken_back() -> None:
    world = World()
    world.sweep()
    assert world.prefers == {"u1": OWN}
    assert [row.list for row in world.rows] == [DEV, SIG]


def test_it_is_taken_back_when_the_address_moved_to_another_user_meanwhile() -> None:
    world = World(prefers={"u1": dict(OWN), "u2": {"hide_address": False}}, deaf=True)
    world.round()
    world.round()
    assert world.prefers["u1"] == OWN | LANGUAGE
    world.user, world.deaf = "u2", False
    world.sweep()
    assert world.prefers == {"u1": OWN, "u2": {"hide_address": False}}


def test_what_is_owed_to_a_user_who_is_gone_is_over() -> None:
    world = World(deaf=True)
    world.round()
    world.round()
    world.prefers, world.user, world.deaf = {"u1": None, "u2": {}}, "u2", False
    world.sweep()
    assert world.prefers == {"u1": None, "u2": {}}


@pytest.mark.parametrize("theirs", [{}, {"hide_address": True}, {"hide_address": False}])
def test_what_the_user_unset_while_a_role_waits_stays_unset(theirs: Prefers) -> None:
    world = World(refusing=SIG)
    for _ in range(4):
        world.round()
    assert world.prefers == {"u1": OWN}
    world.prefers["u1"] = theirs
    world.round()
    assert world.prefers == {"u1": theirs}
    world.refusing = ""
    world.sweep()
    assert world.prefers == {"u1": theirs}
    assert [row.list for row in world.rows] == [DEV, SIG]


def test_what_the_user_unset_before_mailman_set_anything_stays_unset() -> None:
    world = World(refusing=SIG, rows=(entry(DEV),))
    world.round()
    world.prefers["u1"] = {}
    world.refusing = ""
    world.sweep()
    assert world.prefers == {"u1": {}}


@pytest.mark.parametrize("meanwhile", [{}, {"acknowledge_posts": True}])
def test_what_we_unset_and_could_not_set_again_comes_back(meanwhile: Prefers) -> None:
    world = World(halved=True)
    world.round()
    world.round()
    assert world.prefers == {"u1": {}}
    world.prefers["u1"] = meanwhile
    world.halved = False
    world.sweep()
    assert world.prefers == {"u1": {**OWN, **meanwhile}}
