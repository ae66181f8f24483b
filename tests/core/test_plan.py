"""The planner against a plain model of what should stand on the lists.

The model keeps what people and owners made of the lists (`own`), and lays the sanctions in force
over it. The planner knows only what it observes and what it wrote down. Over any history of
sanctions, ends, hand-made changes and crashes the two agree, and when the last sanction is over
the lists are what people made of them: promises 8 and 9.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cocmail.core.coverage import questions
from cocmail.core.enforcement import (
    HOLD,
    OUR_BAN,
    Act,
    Ban,
    Observed,
    Place,
    Plan,
    Role,
    Row,
    Standing,
    Step,
    ban_text,
    from_facts,
    levels,
    tags_text,
    to_facts,
)
from cocmail.core.people import Address, Private
from cocmail.core.plan import plan, plan_for
from cocmail.core.proof import CAME_BACK, LAST_OWNER, LEFT_SINCE
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State
from cocmail.core.sites import union

A1, A2, B, T = (Address(f"{name}@example.net") for name in ("mal", "mallory", "bert", "mal+dev"))
OWNER = Address("owner@example.org")
LISTS = tuple(f"{name}@lists.example.org" for name in ("dev", "users", "sig", "bugs"))
GROUPS = {"sigs": LISTS[2:]}
LINKED = {A1: (A1, A2), A2: (A1, A2), B: (B,), T: (T,)}
THEIRS = {A1: (A1, A2, T), A2: (A1, A2, T), B: (B,), T: (T,)}  # whom a sanction on one covers
SCOPES = (Scope(), Scope(groups=("sigs",)), Scope(lists=LISTS[:1]), Scope(lists=LISTS[1:3]))


def place(name: str | None, address: Address, role: Role) -> Place:
    return Place(list=name, address=address, role=role)


def row(name: str, address: Address, role: Role = Role.MEMBER, **more: object) -> Row:
    facts: dict[str, object] = {"preferences": {}, **more}
    return Row(list=name, address=address, role=role, **facts)


@dataclass
class World:
    """A mailing list manager with Mailman's manners."""

    lists: tuple[str, ...] = LISTS
    rows: dict[Place, tuple[Row, ...]] = field(default_factory=dict)
    bans: dict[tuple[str | None, str], int] = field(default_factory=dict)  # as they are spelt
    ids: int = 0

    def put(self, new: Row) -> None:
        self.ids += 1
        new = replace(new, member_id=str(self.ids))
        both = (*self.rows.get(new.place, ()), new)
        self.rows[new.place] = tuple(sorted(both, key=lambda r: r.mode))

    def banned(self, name: str | None, text: str) -> bool:
        texts = {text, tags_text(Address(text).untagged)} if Address(text) == T else {text}
        return any(self.bans.get((level, one)) for level in (None, name) for one in texts)

    def banned_with_a_tag(self, name: str, address: Address) -> bool:
        one = address.replace("@", "+anything@")
        patterns = (text for level, text in self.bans if level in (None, name) and text[0] == "^")
        return any(re.match(pattern, one) for pattern in patterns)

    def observed(self) -> Observed:
        owners: dict[str, tuple[Address, ...]] = {}
        for at in self.rows:
            if at.role is Role.OWNER and at.list:
                owners[at.list] = (*owners.get(at.list, ()), at.address)
        return Observed(
            lists={name: name.replace("@", ".") for name in self.lists},
            linked=LINKED,
            known=frozenset(LINKED),
            rows=tuple(r for rows in self.rows.values() for r in rows if r.list in self.lists),
            bans=tuple(
                Ban(
                    list=level,
                    address=address,
                    exact=self.bans.get((level, ban_text(address)), 0),
                    tags=self.bans.get((level, tags_text(address)), 0),
                )
                for level in (None, *self.lists)
                for address in LINKED
            ),
            owners=owners,
        )

    def apply(self, step: Step) -> None:
        at, key = step.place, (step.list, step.address)
        if step.act is Act.BAN:
            for text in step.bans:
                assert not self.banned(step.list, text), "Mailman answers 400"
                self.bans[step.list, text] = 1
        elif step.act is Act.UNBAN:
            for text in step.bans:
                del self.bans[step.list, text]
        elif step.act is Act.TAKE_OFF:
            self.rows.pop(at, None)
        elif step.act is Act.MODERATE:
            actions = {r.mode: r.action for r in step.rows}
            self.rows[at] = tuple(replace(r, action=actions[r.mode]) for r in self.rows[at])
        else:
            there = {r.mode for r in self.rows.get(at, ())}
            assert there or not self.banned(*key), "Mailman answers 400"
            for wanted in step.rows:
                if wanted.mode not in there:
                    self.put(replace(wanted, action=None, preferences={}))
            wanted_rows = {r.mode: r for r in step.rows}
            self.rows[at] = tuple(
                replace(wanted_rows[r.mode], member_id=r.member_id) for r in self.rows[at]
            )

    def told(self) -> object:
        return (
            {
                at: sorted((r.mode, r.action, sorted((r.preferences or {}).items())) for r in rows)
                for at, rows in self.rows.items()
                if rows
            },
            set(self.bans),
        )


@dataclass
class Community:
    """A world, its book of sanctions, and the model beside them."""

    world: World = field(default_factory=World)
    own: World = field(default_factory=World)  # the model: no sanction ever touches it
    force: dict[str, Sanction] = field(default_factory=dict)
    ending: dict[str, Sanction] = field(default_factory=dict)
    count: int = 0
    refusing: str | None = None  # a list that lets nothing be changed for now

    def both(self, new: Row) -> None:
        self.world.put(new)
        self.own.put(new)

    def decide(self, measure: Measure, address: Address, scope: Scope, roles: bool = False) -> str:
        self.count += 1
        name = f"S{self.count}"
        self.force[name] = Sanction(
            id=name,
            case="c",
            measure=measure,
            address=address,
            addresses=(address,),
            scope=scope,
            reason=Private(""),
            state=State.IN_FORCE,
            start=None,
            until=None,
            including_roles=roles,
        )
        for at in list(self.own.rows):
            if measure is Measure.REMOVE and at.role is Role.OWNER and self._off(at, name):
                others = [o for o in self.own.rows if (o.list, o.role) == (at.list, at.role)]
                if not all(self._off(o) for o in others):
                    del self.own.rows[at]
            if self._off(at) and at.role is Role.OWNER and self.own.banned(at.list, at.address):
                others = [o for o in self.own.rows if (o.list, o.role) == (at.list, at.role)]
                if not all(self._off(o) for o in others):
                    self.own.rows.pop(at, None)
            if at.role is Role.MEMBER and (self._off(at) or self._off(at, name)):
                foreign = self.own.banned(at.list, at.address)
                if measure is Measure.REMOVE and self._off(at, name):
                    del self.own.rows[at]
                elif foreign:
                    del self.own.rows[at]  # nobody can give it back: that ban isn't ours
        return name

    def end(self, name: str) -> None:
        self.ending[name] = self.force.pop(name)

    def standing(self) -> Standing:
        return Standing(sanctions=tuple(self.force.values()), ending=tuple(self.ending.values()))

    def plan(self) -> Plan:
        return plan(self.standing(), GROUPS, self.world.observed())

    def _write(self, planned: Plan) -> None:
        for note in planned.notes:
            book = self.force if note.sanction in self.force else self.ending
            old = book[note.sanction]
            records = {(b.list, b.address, b.role): b for b in (*old.before, *note.records)}
            book[note.sanction] = replace(old, before=tuple(records.values()))

    def sweep(self, crash: int | None = None) -> Plan:
        planned = self.plan()
        assert not planned.unread
        self._write(planned)
        for number, step in enumerate(planned.steps):
            if crash is not None and number >= crash:
                return planned
            if step.list is None or step.list != self.refusing:
                self.world.apply(step)
        self._write(self.plan())  # what came back has another id
        again = self.plan()
        refused = [step for step in again.steps if step.list and step.list == self.refusing]
        assert list(again.steps) == refused, "a converged state plans nothing"
        assert not again.notes
        undone = {name for step in refused for name in step.sanctions}
        self.force = {
            n: s for n, s in self.force.items() if s.measure is not Measure.REMOVE or n in undone
        }
        for name, over in again.over.items():
            old = self.ending[name]
            left = tuple(b for b in old.before if not levels([b]) <= over)
            self.ending[name] = replace(old, before=left)
        self.ending = {n: s for n, s in self.ending.items() if s.before}
        return again

    # -- the model -----------------------------------------------------------------------------

    def _covering(self, at: Place, only: str | None = None) -> list[Sanction]:
        return [
            s
            for s in self.force.values()
            if (only is None or s.id == only)
            and at.address in THEIRS.get(s.address, ())
            and (at.list is None or s.scope.covers(at.list, GROUPS))
        ]

    def _off(self, at: Place, only: str | None = None) -> bool:
        """A removal takes once, as it is decided: then ``only`` that is asked for."""
        if at.role is Role.MEMBER:
            return any(
                s.measure.keeps_off or (only and s.measure is Measure.REMOVE)
                for s in self._covering(at, only)
            )
        return at.role in (Role.OWNER, Role.MODERATOR) and any(
            s.including_roles for s in self._covering(at, only)
        )

    def check(self) -> None:
        for name in self.world.lists:
            if name == self.refusing:
                continue
            for address in LINKED:
                banned = self.world.banned(name, address)
                tagged = self.world.banned_with_a_tag(name, address)
                at = place(name, address, Role.MEMBER)
                covering = self._covering(at)
                assert banned == (
                    self.own.banned(name, address) or any(s.measure.keeps_off for s in covering)
                )
                assert tagged == any(s.measure.keeps_off for s in covering)
                held = any(s.measure is Measure.MODERATE for s in covering)
                seen, own = self.world.rows.get(at, ()), self.own.rows.get(at, ())
                if self._off(at):
                    assert not seen
                else:
                    assert [r.action for r in seen] == [HOLD if held else r.action for r in own]
                seen = self.world.rows.get(place(name, address, Role.NONMEMBER), ())
                own = self.own.rows.get(place(name, address, Role.NONMEMBER), ())
                if held:
                    assert banned or seen
                    assert all(r.action == HOLD for r in seen)
                else:
                    assert [r.action for r in seen] == [r.action for r in own]


def start() -> Community:
    community = Community()
    odd = {"delivery_status": "by_user", "hide_address": False}
    community.both(row(LISTS[0], A1, mode="as_user", preferences=odd, action="accept"))
    community.both(row(LISTS[0], A1, preferences={"delivery_mode": "plaintext_digests"}))
    community.both(row(LISTS[1], A2, action="hold"))
    community.both(row(LISTS[2], A2, preferences=odd))
    community.both(row(LISTS[2], B, action="defer"))
    community.both(row(LISTS[3], A1, Role.NONMEMBER, action="accept"))
    community.both(row(LISTS[0], A1, Role.OWNER, action="accept"))
    community.both(row(LISTS[0], OWNER, Role.OWNER, action="accept"))
    community.both(row(LISTS[1], A1, Role.OWNER, action="accept"))  # the only one there
    return community


addresses = st.sampled_from([A1, A2, B, T])
operations = st.one_of(
    st.tuples(
        st.just("decide"),
        st.sampled_from([m for m in Measure if m is not Measure.WARN]),
        addresses,
        st.sampled_from(SCOPES),
        st.booleans(),
    ),
    st.tuples(st.just("end"), st.integers(0, 5)),
    st.tuples(st.just("join"), addresses, st.sampled_from(LISTS)),
    st.tuples(st.just("part"), addresses, st.sampled_from(LISTS)),
    st.tuples(st.just("unban"), addresses, st.sampled_from([None, *LISTS])),
    st.tuples(st.just("smuggle"), addresses, st.sampled_from(LISTS)),
    st.tuples(st.just("release"), addresses, st.sampled_from(LISTS)),
    st.tuples(st.just("foreign"), addresses, st.sampled_from([None, *LISTS])),
    st.tuples(st.just("list"), st.just(None)),
    st.tuples(st.just("refuse"), st.sampled_from([None, *LISTS])),
)


def perform(c: Community, op: tuple[object, ...]) -> None:
    if op[0] not in ("decide", "end", "refuse") and op[-1] is not None and op[-1] == c.refusing:
        return
    match op:
        case ("decide", Measure() as measure, Address() as who, Scope() as scope, bool() as roles):
            # Banned by others too and not taken off yet, they stay as it ends: not in the model.
            if c.refusing is None or not c.own.bans:
                c.decide(measure, who, scope, roles)
        case ("end", int() as number):
            lasting = sorted(n for n, s in c.force.items() if s.measure is not Measure.REMOVE)
            if lasting:
                c.end(lasting[number % len(lasting)])
        case ("join", Address() as who, str() as name):
            at = place(name, who, Role.MEMBER)
            if not c.world.rows.get(at) and not c.world.banned(name, who):
                c.both(row(name, who))
        case ("part", Address() as who, str() as name):
            at = place(name, who, Role.MEMBER)
            if c.world.rows.pop(at, None):
                c.own.rows.pop(at, None)
        case ("unban", Address() as who, None | str() as level):
            if not c.own.bans.get((level, who)):
                c.world.bans.pop((level, who), None)
        case ("smuggle", Address() as who, str() as name):
            at = place(name, who, Role.MEMBER)
            if c._off(at) and not c.world.rows.get(at):
                c.world.put(row(name, who, preferences={"hide_address": True}))
        case ("release", Address() as who, str() as name):
            at = place(name, who, Role.MEMBER)
            if any(s.measure is Measure.MODERATE for s in c._covering(at)):
                seen = c.world.rows.get(at, ())
                c.world.rows[at] = tuple(replace(r, action="accept") for r in seen)
        case ("foreign", Address() as who, None | str() as level):
            # A ban of the whole site would reach the list where an end still waits.
            bearing = (*c.force.values(), *(c.ending.values() if level is None else ()))
            touched = any(who in THEIRS[s.address] for s in bearing)
            if not touched and not c.world.banned(level, who):
                c.world.bans[level, who] = c.own.bans[level, who] = 1
        case ("list", None):
            c.world.lists = c.own.lists = (*c.world.lists, f"new{len(c.world.lists)}@l.example")
        case ("refuse", None | str() as name):
            c.refusing = name


# An end that still waits on one list leaves alone what people do meanwhile where it is over.
LEFT_MEANWHILE: list[tuple[tuple[object, ...], int | None]] = [
    (("decide", Measure.SUSPEND, A1, Scope(), False), None),
    (("refuse", LISTS[1]), None),
    (("end", 0), None),
    (("part", A2, LISTS[2]), None),
    (("foreign", A1, LISTS[0]), None),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(operations, st.one_of(st.none(), st.integers(0, 4))), max_size=14))
@example(LEFT_MEANWHILE)
def test_any_history_agrees_with_the_model_and_comes_off_clean(
    history: list[tuple[tuple[object, ...], int | None]],
) -> None:
    c = start()
    for op, crash in history:
        perform(c, op)
        if crash is not None:
            c.sweep(crash)
        c.sweep()
        c.check()
    c.refusing = None
    c.sweep()
    c.check()
    for name in list(c.force):
        c.end(name)
        c.sweep(1)
        c.sweep()
        c.check()
    assert c.world.told() == c.own.told()


def test_a_removal_that_waits_on_one_list_takes_nobody_twice_off_another() -> None:
    c = start()
    perform(c, ("refuse", LISTS[0]))
    perform(c, ("decide", Measure.REMOVE, A1, Scope(), False))
    c.sweep()
    assert not c.world.rows.get(place(LISTS[1], A2, Role.MEMBER))
    for who in (A1, A2):  # where they were, and where they weren't
        perform(c, ("join", who, LISTS[1]))
    now = c.sweep()
    c.check()
    c.refusing = None
    proof = c.sweep().rows["S1"]
    c.check()
    assert c.world.told() == c.own.told()
    assert now.steps
    assert {(r.address, r.list, r.now) for r in proof if r.note == CAME_BACK} == {
        (A2, LISTS[1], "member")
    }


@pytest.mark.parametrize("measure", [Measure.SUSPEND, Measure.MODERATE])
def test_a_removal_that_waits_takes_nothing_from_what_is_decided_after_it(measure: Measure) -> None:
    c = start()
    perform(c, ("refuse", LISTS[0]))
    perform(c, ("decide", Measure.REMOVE, A1, Scope(), False))
    c.sweep()
    perform(c, ("join", A2, LISTS[1]))  # where they were held by hand before
    later = c.decide(measure, A2, Scope(lists=(LISTS[1],)))
    for _ in range(2):
        c.sweep()
        c.check()
    c.end(later)
    c.sweep()
    c.check()
    came = c.world.rows[place(LISTS[1], A2, Role.MEMBER)]
    assert [(r.action, r.preferences) for r in came] == [(None, {})]


def test_a_removal_has_begun_when_what_it_takes_from_others_is_written_down() -> None:
    """It would be given back else, by what is cut short between the two."""
    c = start()
    c.decide(Measure.REMOVE, A1, Scope())
    c.decide(Measure.SUSPEND, A1, Scope())
    assert [note.sanction for note in c.plan().notes] == ["S2", "S1"]


def test_a_removal_that_waits_takes_a_role_once() -> None:
    c = start()
    perform(c, ("refuse", LISTS[1]))
    perform(c, ("decide", Measure.REMOVE, A1, Scope(), True))
    c.sweep()
    given = row(LISTS[0], A1, Role.OWNER, action="accept")
    assert not c.world.rows.get(given.place)
    c.both(given)
    c.sweep()
    assert c.world.rows[given.place]


def test_a_removal_that_waits_takes_no_role_that_was_given_since() -> None:
    """Nobody decided on what they didn't have; what they had goes, when another owner comes."""
    c = start()
    perform(c, ("refuse", LISTS[2]))
    perform(c, ("decide", Measure.REMOVE, A1, Scope(), True))
    c.sweep()
    only = row(LISTS[1], A1, Role.OWNER, action="accept")
    assert c.world.rows.get(only.place), "nobody else owns that list"
    given = [
        row(LISTS[1], A2, Role.MODERATOR, action="accept"),
        row(LISTS[3], A2, Role.OWNER, action="accept"),
        row(LISTS[3], OWNER, Role.OWNER, action="accept"),
        row(LISTS[1], OWNER, Role.OWNER, action="accept"),
    ]
    for one in given:
        c.both(one)
    c.own.rows.pop(only.place)
    c.sweep()
    assert all(c.world.rows.get(one.place) for one in given)
    assert not c.world.rows.get(only.place)
    c.refusing = None
    c.sweep()
    assert c.world.told() == c.own.told()


def owners(c: Community, name: str) -> set[Address]:
    return {
        at.address
        for at, rows in c.world.rows.items()
        if rows and at.role is Role.OWNER and at.list == name
    }


def test_who_keeps_a_role_that_a_waiting_removal_does_not_take_is_an_owner_who_stays() -> None:
    """The other one goes: nobody else would have kept the list from being left."""
    c = start()
    perform(c, ("refuse", LISTS[2]))
    perform(c, ("decide", Measure.REMOVE, B, Scope(), True))
    c.sweep()
    c.both(row(LISTS[1], B, Role.OWNER, action="accept"))
    perform(c, ("decide", Measure.SUSPEND, A1, Scope(lists=(LISTS[1],)), True))
    told = c.sweep().rows["S2"]
    assert owners(c, LISTS[1]) == {B}
    assert LAST_OWNER not in {r.note for r in told}
    c.refusing = None
    c.sweep()
    assert owners(c, LISTS[1]) == {B}
    c.end("S2")
    c.sweep()
    assert c.world.told() == c.own.told()


def test_a_role_that_a_waiting_removal_still_takes_leaves_no_list_without_an_owner() -> None:
    """It waits for another owner; and whose roles weren't looked at is taken to go."""
    c = start()
    c.both(row(LISTS[3], B, Role.OWNER, action="accept"))
    perform(c, ("refuse", LISTS[2]))
    perform(c, ("decide", Measure.REMOVE, B, Scope(), True))
    c.sweep()
    assert owners(c, LISTS[3]) == {B}
    c.both(row(LISTS[3], A1, Role.OWNER, action="accept"))
    perform(c, ("decide", Measure.SUSPEND, A1, Scope(lists=(LISTS[3],)), True))
    everything, asked = c.standing(), c.world.observed()
    theirs = tuple(r for r in asked.rows if r.address != B)
    alone = replace(everything, sanctions=(c.force["S2"],), whole=everything.sanctions)
    for standing in (alone, everything):
        planned = plan(standing, GROUPS, replace(asked, rows=theirs))
        assert not [step for step in planned.steps if step.role is Role.OWNER]
    c.sweep()
    assert owners(c, LISTS[3]) == {A1, B}


def test_a_removal_takes_also_what_a_suspension_has_of_a_list_that_left_its_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    c = start()
    suspended = c.decide(Measure.SUSPEND, A1, Scope(groups=("sigs",)))
    c.sweep()
    left = next(name for name in GROUPS["sigs"] if c.own.rows.get(place(name, A2, Role.MEMBER)))
    others = tuple(name for name in GROUPS["sigs"] if name != left)
    monkeypatch.setitem(GROUPS, "sigs", others)
    c.decide(Measure.REMOVE, A1, Scope(lists=(left,)))
    c.sweep()
    c.end(suspended)
    c.sweep()
    assert not c.world.rows.get(place(left, A2, Role.MEMBER))


LEFT = LISTS[2]


def leaves_its_group(c: Community, measure: Measure, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sanction on a group that no longer has a list which it was on; the sanction."""
    name = c.decide(measure, A1, Scope(groups=("sigs",)))
    c.sweep()
    monkeypatch.setitem(GROUPS, "sigs", tuple(one for one in GROUPS["sigs"] if one != LEFT))
    c.sweep()
    return name


def stands(c: Community, at: Place) -> list[tuple[str | None, object]]:
    return [(one.action, one.preferences) for one in c.world.rows.get(at, ())]


@pytest.mark.parametrize("who", [A1, A2])
@pytest.mark.parametrize("second", [Measure.SUSPEND, Measure.MODERATE])
@pytest.mark.parametrize("first", [Measure.SUSPEND, Measure.MODERATE])
def test_what_somebody_made_of_a_list_that_left_its_group_is_given_back_there(
    first: Measure, second: Measure, who: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a later sanction that is on it: not what stood there before the earlier one."""
    c = start()
    earlier = leaves_its_group(c, first, monkeypatch)
    for level, text in list(c.world.bans):
        if level == LEFT:
            del c.world.bans[level, text]
    at = place(LEFT, who, Role.MEMBER)
    c.world.rows.pop(at, None)
    c.world.put(row(LEFT, who, action="accept"))
    c.sweep()
    later = c.decide(second, A1, Scope())
    c.sweep()
    assert stands(c, at) == ([] if second is Measure.SUSPEND else [(HOLD, {})])
    for name in (later, earlier):
        c.end(name)
        c.sweep()
        assert stands(c, at) == [("accept", {})]


def test_a_role_waits_for_a_ban_of_ours_on_a_list_that_left_its_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    c = start()
    for who in (A1, OWNER):
        c.both(row(LEFT, who, Role.OWNER, action="accept"))
    first = leaves_its_group(c, Measure.SUSPEND, monkeypatch)
    second = c.decide(Measure.SUSPEND, A1, Scope(), roles=True)
    c.sweep()
    at = place(LEFT, A1, Role.OWNER)
    assert not c.world.rows.get(at)
    c.end(second)
    told = {(r.list, r.role): r.note for r in c.sweep().rows[second]}
    assert told[LEFT, Role.OWNER] == OUR_BAN
    c.end(first)
    c.sweep()
    assert c.world.rows.get(at)
    assert c.world.told() == c.own.told()


@pytest.mark.parametrize("scope", [Scope(), Scope(lists=(LEFT,))])
@pytest.mark.parametrize("second", [Measure.SUSPEND, Measure.MODERATE])
@pytest.mark.parametrize("first", [Measure.SUSPEND, Measure.MODERATE])
def test_a_list_that_left_its_group_stays_as_it_is_until_that_sanction_ends(
    first: Measure, second: Measure, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 9: another one that comes and goes takes nothing of it away."""
    c = start()
    earlier = leaves_its_group(c, first, monkeypatch)
    before = copy.deepcopy(c.world.told())
    later = c.decide(second, A1, scope)
    c.sweep()
    c.end(later)
    c.sweep()
    assert c.world.told() == before
    assert not c.ending
    c.end(earlier)
    c.sweep()
    assert c.world.told() == c.own.told()


def test_who_is_kept_off_a_list_that_left_its_group_does_not_come_back_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    c = start()
    earlier = leaves_its_group(c, Measure.SUSPEND, monkeypatch)
    for level, text in list(c.world.bans):
        if level == LEFT:
            del c.world.bans[level, text]
    later = c.decide(Measure.SUSPEND, A1, Scope())
    held = c.decide(Measure.MODERATE, A1, Scope())
    c.sweep()
    c.end(later)
    c.sweep()
    at = place(LEFT, A2, Role.MEMBER)
    assert not c.world.rows.get(at)
    c.end(earlier)
    c.sweep()
    assert [one.action for one in c.world.rows[at]] == [HOLD]
    c.end(held)
    c.sweep()
    assert c.world.told() == c.own.told()


def test_who_has_a_tag_comes_back_at_once_under_a_ban_without_it() -> None:
    """The ban of every tag was ours, and goes; the bare one is theirs, and stays."""
    c = start()
    c.both(row(LISTS[2], T))
    perform(c, ("foreign", A1, LISTS[2]))
    perform(c, ("decide", Measure.SUSPEND, A1, Scope(lists=(LISTS[2],)), False))
    c.sweep()
    perform(c, ("end", 0))
    assert (Act.PUT_BACK, T) in {(step.act, step.address) for step in c.plan().steps}
    c.sweep()
    c.check()


def test_a_ban_of_every_tag_that_goes_with_a_wider_sanction_comes_on_the_lists_at_once() -> None:
    """Theirs is the bare ban of all lists, ours that of its tags."""
    c = start()
    perform(c, ("foreign", A1, None))
    perform(c, ("decide", Measure.SUSPEND, A1, Scope(), False))
    perform(c, ("decide", Measure.SUSPEND, A1, Scope(lists=(LISTS[2],)), False))
    c.sweep()
    c.end("S1")
    c.sweep()
    c.check()


def test_facts_survive_the_ledger() -> None:
    rows = (row(LISTS[0], A1, mode="as_user", preferences={"hide_address": True}, action="hold"),)
    assert from_facts(rows[0].place, to_facts(rows)) == rows
    assert to_facts(()) is None


def test_a_half_made_return_is_finished_and_a_return_of_theirs_stands() -> None:
    c = start()
    name = c.decide(Measure.SUSPEND, A1, Scope())
    c.sweep()
    c.end(name)
    c.world.bans.clear()
    c.world.put(row(LISTS[2], A2))  # cut short: nothing of its own
    c.world.put(row(LISTS[1], A2, preferences={"hide_address": True}))  # somebody's own
    proof = c.sweep().rows[name]
    assert c.world.rows[place(LISTS[2], A2, Role.MEMBER)][0].preferences == {
        "delivery_status": "by_user",
        "hide_address": False,
    }
    assert [r.note for r in proof if r.list == LISTS[1] and r.role == "member"] == [
        "somebody changed this meanwhile; theirs stands"
    ]


def test_the_last_owner_stays_and_everybody_is_told() -> None:
    c = start()
    told = plan_for(
        Measure.BAN, [A2], Scope(), GROUPS, c.world.observed(), c.standing(), including_roles=True
    )
    roles = [(s.list, s.now, s.then) for s in told.steps if s.role is Role.OWNER]
    assert roles == [(LISTS[0], "member", "absent")]
    assert f"{LISTS[1]} has no other owner" in told.warnings
    assert any("3 addresses" in words for words in told.warnings)


def test_two_owners_under_a_sanction_each_do_not_leave_together() -> None:
    c = start()
    c.world.put(row(LISTS[1], B, Role.OWNER))
    for who in (A1, B):
        c.decide(Measure.SUSPEND, who, Scope(), roles=True)
    told = c.sweep()
    owners = {at.address for at in c.world.rows if at.list == LISTS[1] and at.role is Role.OWNER}
    assert owners == {A1, B}
    for rows in told.rows.values():
        assert LAST_OWNER in {r.note for r in rows if r.list == LISTS[1]}


def test_who_is_planned_for_alone_does_not_leave_a_list_to_who_would_go_as_well() -> None:
    c = start()
    c.world.put(row(LISTS[1], B, Role.OWNER))
    names = [c.decide(Measure.SUSPEND, who, Scope(), roles=True) for who in (A1, B)]
    c.sweep()
    one = Standing(sanctions=(c.force[names[0]],), ending=())
    role = place(LISTS[1], A1, Role.OWNER)
    taken = [s.place for s in plan(one, GROUPS, c.world.observed()).steps]
    assert taken == [role]
    told = plan(replace(one, whole=tuple(c.force.values())), GROUPS, c.world.observed())
    assert not told.steps


def test_a_preview_tells_words_and_changes_nothing() -> None:
    c = start()
    told = plan_for(Measure.SUSPEND, [B], Scope(), GROUPS, c.world.observed(), c.standing())
    assert [(s.list, s.role, s.now, s.then) for s in told.steps] == [
        (None, "ban", "absent", "banned"),
        (LISTS[2], "member", "member", "absent"),
    ]
    nobody = Address("nobody@example.net")
    told = plan_for(Measure.REMOVE, [nobody], Scope(), GROUPS, c.world.observed(), c.standing())
    assert told.warnings == ("nobody@example.net was found on no list",)
    assert told.steps == ()
    told = plan_for(Measure.BAN, [T], Scope(), GROUPS, c.world.observed(), c.standing())
    assert "mal@example.net, the address without its tag, is not covered" in told.warnings


@pytest.mark.parametrize(
    "text", ["a/b@example.net", "a+b/c@example.net", "^.*|x@evil.example", "^mal@example.net"]
)
def test_a_ban_that_mailman_would_misread_is_a_pattern_for_just_that_address(text: str) -> None:
    for pattern, whom in (
        (ban_text(Address(text)), text),
        (tags_text(Address(text)), text.replace("@", "+x@")),
    ):
        assert pattern.startswith("^")
        assert "/" not in pattern
        assert re.match(pattern, whom)
        for other in (A1, B, "x@evil.example"):
            assert not re.match(pattern, other)


def test_questions_grow_with_sanctions_and_scopes() -> None:
    c = start()
    c.decide(Measure.SUSPEND, A1, Scope())
    c.decide(Measure.BAN, B, Scope(groups=("sigs",)))
    asked = questions(c.standing(), GROUPS)
    assert [(q.addresses, q.lists) for q in asked] == [
        ((A1,), ()),
        ((B,), tuple(sorted(LISTS[2:]))),
    ]


def test_planning_does_not_change_what_it_was_given() -> None:
    c = start()
    c.decide(Measure.MODERATE, A1, Scope())
    before = copy.deepcopy((c.standing(), c.world.observed()))
    c.plan()
    assert (c.standing(), c.world.observed()) == before
    assert Before(list=None, address=A1, role="ban", facts=None).facts is None


def test_who_joined_a_list_that_was_made_again_and_left_its_group_is_given_back_there() -> None:
    """Promise 9. A suspension of the group's lists still has a record of the old list."""
    name, early, late = LISTS[0], datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
    old = to_facts((row(name, A1, member_id="old"),))
    first = Sanction(
        id="S1", case="c", measure=Measure.SUSPEND, address=A1, addresses=(A1,),
        scope=Scope(groups=("sigs",)), reason=Private(""), state=State.IN_FORCE, start=early,
        until=None,
        before=tuple(
            Before(list=name, address=A1, role=role, facts=facts, noted=early)
            for role, facts in (("ban", None), ("member", old))
        ),
    )  # fmt: skip
    second = replace(first, id="S2", scope=Scope(), before=())
    new = row(name, A1, member_id="new")
    observed = Observed(
        lists={one: one for one in LISTS}, linked={A1: (A1,)}, known=frozenset({A1}),
        rows=(new,), made={name: late},
    )  # fmt: skip
    planned = plan(Standing(sanctions=(first, second), ending=()), GROUPS, observed)
    noted = {
        record.list: record.facts
        for note in planned.notes
        for record in note.records
        if (note.sanction, record.role, record.list) == ("S2", "member", name)
    }
    assert noted == {name: to_facts((new,))}


@pytest.mark.parametrize("mode", ["as_address", "as_user"])
def test_who_left_a_mailman_and_came_back_is_given_nothing_back_whatever_another_knows(
    mode: str,
) -> None:
    """Promise 9. An entry as user goes with the user, not with the address."""
    name, early, late = LISTS[0], datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)
    entry = row(name, A1, member_id="old", since=early, mode=mode, user="u", site="one")
    ended = Sanction(
        id="S1", case="c", measure=Measure.SUSPEND, address=A1, addresses=(A1,), scope=Scope(),
        reason=Private(""), state=State.ENDED, start=early, until=None,
        before=(
            Before(list=name, address=A1, role="member", facts=to_facts((entry,)), site="one"),
        ),
    )  # fmt: skip
    here = Observed(
        site="one", lists={name: name}, linked={A1: (A1,)}, known=frozenset({A1}),
        users={A1: "u"}, preferred={"u": A1}, since={A1: late}, registered={A1: late},
    )  # fmt: skip
    other = replace(here, site="two", lists={}, since={A1: early}, registered={A1: early})
    planned = plan(Standing(sanctions=(), ending=(ended,)), {}, union((here, other), {}))
    assert [step.act for step in planned.steps] == [Act.PUT_BACK] * (mode == "as_user")
    assert [r.note for r in planned.rows["S1"]] == [LEFT_SINCE if mode == "as_address" else ""]
