"""While a sanction can't be read, nobody gets back anything: promise 8.

It may bear on anybody. What is decided on others is made true and kept true all the same, what is
over waits, and once it can be read again all comes off clean: promise 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocmail.core.enforcement import HOLD, Place, Plan, Role, Standing, tags_text
from cocmail.core.plan import plan
from cocmail.core.proof import UNREAD
from cocmail.core.sanctions import Measure, Sanction
from tests.core import test_plan as sound
from tests.core.test_plan import A1, GROUPS, LINKED, LISTS, SCOPES, THEIRS, B, T, operations, place

BARRED = {Role.OWNER: (0, 1), Role.MODERATOR: (0, 1), Role.NONMEMBER: (0, 0), Role.MEMBER: (0, 2)}
"""How far nobody is barred by a row that isn't held, and by no row."""


@dataclass
class Damaged(sound.Community):
    """A community that loses sight of a sanction."""

    unread: dict[str, Sanction] = field(default_factory=dict)

    def damage(self, number: int) -> None:
        every = {**self.force, **self.ending}
        if every:
            name = sorted(every)[number % len(every)]
            self.unread = {name: every[name]}

    def end_one(self, number: object) -> None:
        """Of those that can be read: who could end another?"""
        assert isinstance(number, int)
        known = sorted(self.force.keys() - self.unread.keys())
        if lasting := [n for n in known if self.force[n].measure is not Measure.REMOVE]:
            self.end(lasting[number % len(lasting)])

    def standing(self) -> Standing:
        found = super().standing()
        return replace(found, unread=frozenset({"c"} if self.unread else ()))

    def plan(self) -> Plan:
        """A ban of every tag is told with the address without one; where nobody asks for that, it
        is a pattern (adapters.mailman)."""
        observed, standing = self.world.observed(), self.standing()
        asked = {a for s in (*standing.sanctions, *standing.ending) for a in THEIRS[s.address]}
        if A1 not in asked:
            tagged = {ban.list for ban in observed.bans if ban.address == A1 and ban.tags}
            bans = (
                replace(ban, pattern=ban.address == T and ban.list in tagged)
                for ban in observed.bans
            )
            observed = replace(observed, bans=tuple(bans))
        return plan(standing, GROUPS, observed)

    def sweep(self, crash: int | None = None) -> Plan:
        in_force = self.unread.keys() & self.force.keys()
        for name in self.unread:
            (self.force if name in in_force else self.ending).pop(name)
        over, before = {*self.ending}, self.bars()
        planned = super().sweep(crash)
        if self.unread:
            after = self.bars()
            loose = [at for at, far in before.items() if after.get(at, 0) < far]
            assert not loose, "somebody got something back"
            assert over == {*self.ending}, "what is over waits"
            assert UNREAD in planned.warnings
        for name, sanction in self.unread.items():
            (self.force if name in in_force else self.ending)[name] = sanction
        return planned

    def bars(self) -> dict[object, int]:
        """How far somebody is barred from each place."""
        found: dict[object, int] = {("ban", *at): 1 for at in self.world.bans}
        for name in self.world.lists:
            for address in LINKED:
                for role, (free, absent) in BARRED.items():
                    rows = self.world.rows.get(at := place(name, address, role), ())
                    held = 1 if all(row.action == HOLD for row in rows) else free
                    found[at] = held if rows else absent
        return found

    def concerns(self, op: tuple[object, ...]) -> bool:
        """Whether it is about somebody whom the unread sanction bears on: what is decided on them
        meanwhile, or done by hand, can't be told apart. Somebody's own ban where an end waits goes
        with it."""
        bearing = [*self.unread.values(), *(self.ending.values() if op[0] == "foreign" else ())]
        return any(who in THEIRS[s.address] for s in bearing for who in op[1:] if who in THEIRS)

    def holds(self) -> None:
        """What is in force, and can be read."""
        bars = self.bars()
        lists = [name for name in self.world.lists if name != self.refusing]
        for at in [place(name, who, Role.MEMBER) for name in lists for who in LINKED]:
            covering = [s for s in self._covering(at) if s.id not in self.unread]
            off = any(s.measure.keeps_off for s in covering)
            held = any(s.measure is Measure.MODERATE for s in covering)
            assert not off or self.world.banned(at.list, at.address)
            assert bars[at] >= 2 * off or at.list is None
            assert bars[at] >= held
            nonmember = bars[Place(list=at.list, address=at.address, role=Role.NONMEMBER)]
            assert nonmember or self.world.banned(at.list, at.address) or not held


steps = st.lists(st.tuples(operations, st.one_of(st.none(), st.integers(0, 4))), max_size=6)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 5), steps)
def test_nothing_is_loosened_until_it_can_be_read_again(
    before: list[tuple[tuple[object, ...], int | None]],
    number: int,
    meanwhile: list[tuple[tuple[object, ...], int | None]],
) -> None:
    c = Damaged(**vars(sound.start()))
    for op, crash in before:
        sound.perform(c, op)
        if crash is not None:
            c.sweep(crash)
        c.sweep()
    c.damage(number)
    for op, crash in meanwhile:
        if c.concerns(op):
            continue
        if op[0] == "end":
            c.end_one(*op[1:])
        else:
            sound.perform(c, op)
        if crash is not None:
            c.sweep(crash)
        c.sweep()
        c.holds()
    c.unread, c.refusing = {}, None
    c.sweep()
    c.check()
    for name in list(c.force):
        c.end(name)
        c.sweep()
        c.check()
    assert c.world.told() == c.own.told()


def test_a_ban_that_waits_to_go_bans_for_a_narrower_sanction() -> None:
    """Mailman takes no ban below it, and a ban of theirs would stay for ever."""
    c = Damaged(**vars(sound.start()))
    c.decide(Measure.SUSPEND, A1, SCOPES[0])
    wide = c.decide(Measure.SUSPEND, B, SCOPES[0])
    c.sweep()
    c.damage(0)
    c.end(wide)
    narrow = c.decide(Measure.SUSPEND, B, SCOPES[2])
    c.sweep()
    c.holds()
    # By hand: the half of the ban that is for B with any tag.
    del c.world.bans[None, tags_text(B)]
    c.sweep()
    assert c.world.banned_with_a_tag(LISTS[0], B)
    c.unread = {}
    c.sweep()
    c.check()
    c.end(narrow)
    c.sweep()
    c.check()


def test_no_ban_is_made_below_one_of_what_cannot_be_read() -> None:
    """Mailman refuses it, at each sweep."""
    c = Damaged(**vars(sound.start()))
    for scope in SCOPES[:2]:
        c.decide(Measure.SUSPEND, B, scope)
    c.sweep()
    c.damage(0)
    c.sweep()
    c.holds()
    c.unread = {}
    for name in list(c.force):
        c.sweep()
        c.check()
        c.end(name)
    c.sweep()
    c.check()


def test_where_a_ban_of_every_tag_is_another_s_nobody_with_one_is_held() -> None:
    """Mailman makes no entry of who is banned; none is needed."""
    c = Damaged(**vars(sound.start()))
    c.decide(Measure.SUSPEND, A1, SCOPES[0])
    c.decide(Measure.MODERATE, A1, SCOPES[0])
    c.sweep()
    c.damage(0)
    sound.perform(c, ("list", None))
    c.sweep()
    c.holds()
