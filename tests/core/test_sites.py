"""Several sites: a plan over them is each one's own plan, and what isn't known is never "absent".

The two sites here have lists of the same names, so that nothing but the site tells their places
apart. Each is also swept by itself, with a book of its own, and the two ways have to agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.enforcement import (
    Act,
    Level,
    Observed,
    Plan,
    Role,
    Standing,
    Step,
    levels,
    tags_text,
)
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.plan import plan, plan_for
from cocmail.core.preview import where
from cocmail.core.proof import GONE_SITE
from cocmail.core.sanctions import Before, Measure, Sanction, Scope
from cocmail.core.sites import added, claimed_twice, forgotten, slow, union
from cocmail.core.watching import still_shared
from tests.core import test_plan as one_site
from tests.core.test_plan import (
    A1,
    A2,
    GROUPS,
    LINKED,
    LISTS,
    THEIRS,
    Community,
    World,
    operations,
    row,
)

SITES = ("", "mailmans.second")
AWAY = Temporary("away")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def seen(site: str, world: World, *, knows_links: bool = True) -> Observed:
    """What one site says by itself; the second doesn't know whose address is whose."""
    observed = world.observed()
    return replace(
        observed,
        linked=observed.linked if knows_links else {a: (a,) for a in observed.linked},
        site=site,
        rows=tuple(replace(one, site=site) for one in observed.rows),
        bans=tuple(replace(one, site=site) for one in observed.bans if one.exact or one.tags),
    )


def plain(step: Step) -> Step:
    """As a world that knows of no other takes it."""
    return replace(step, site="", rows=tuple(replace(one, site="") for one in step.rows))


def noted(book: dict[str, Sanction], planned: Plan) -> None:
    for note in planned.notes:
        if note.sanction in book:
            old = book[note.sanction]
            records = {(b.site, b.list, b.address, b.role): b for b in (*old.before, *note.records)}
            book[old.id] = replace(old, before=tuple(records.values()))


@dataclass
class Both:
    """Two communities, swept one by one, and the same two swept as one."""

    alone: dict[str, Community] = field(
        default_factory=lambda: {site: one_site.start() for site in SITES}
    )
    together: dict[str, Community] = field(
        default_factory=lambda: {site: one_site.start() for site in SITES}
    )
    force: dict[str, Sanction] = field(default_factory=dict)
    ending: dict[str, Sanction] = field(default_factory=dict)

    def observed(self, away: str | None) -> Observed:
        asked = [
            seen(site, self.together[site].world, knows_links=site == "")
            for site in SITES
            if site != away
        ]
        found = union(asked, {} if away is None else {away: AWAY})
        # The links are known already, by what was proved before.
        return found if away is None else _linked(found)

    def perform(self, site: str, op: tuple[object, ...]) -> None:
        ending = {who for s in self.ending.values() for who in THEIRS[s.address]}
        if op[0] == "foreign" and op[1] in ending:
            return  # spelt as ours, where ours may still have to go: nobody can tell them apart
        if op[0] in ("decide", "end"):
            for each in SITES:
                one_site.perform(self.alone[each], op)
                one_site.perform(self.together[each], op)
            first = self.alone[""]
            for name in first.force.keys() - self.force.keys():
                self.force[name] = first.force[name]
            for name in first.ending.keys() & self.force.keys():
                self.ending[name] = self.force.pop(name)
        elif op[0] != "refuse":  # here it is a whole site that doesn't answer
            one_site.perform(self.alone[site], op)
            one_site.perform(self.together[site], op)

    def sweep(self, crash: int | None, away: str | None) -> None:
        planned = self._plan(away)
        self._agrees(planned, away)
        self._note(planned)
        done = planned.steps[:crash]
        for step in done:
            self.together[step.site].world.apply(plain(step))
        for site in SITES:
            if site != away:
                self._alone(site, sum(step.site == site for step in done))
        if crash is not None and crash < len(planned.steps):
            return
        self._note(self._plan(away))  # what came back has another id
        for site in SITES:
            if site != away:
                self._alone(site, 0)
        again = self._plan(away)
        assert not again.steps
        assert not again.notes
        if away is None:
            self.force = {
                name: one for name, one in self.force.items() if one.measure is not Measure.REMOVE
            }
        self._close(again.over)
        for each in (*self.alone.values(), *self.together.values()):
            each.force = {n: one for n, one in each.force.items() if n in self.force}
            each.ending = {n: one for n, one in each.ending.items() if n in self.ending}

    def _plan(self, away: str | None) -> Plan:
        standing = Standing(
            sanctions=tuple(self.force.values()), ending=tuple(self.ending.values())
        )
        return plan(standing, GROUPS, self.observed(away))

    def _note(self, planned: Plan) -> None:
        for book in (self.force, self.ending):
            noted(book, planned)

    def _close(self, over: Mapping[str, frozenset[Level]]) -> None:
        for name, one in self.ending.items():
            left = tuple(b for b in one.before if not levels([b]) <= over[name])
            self.ending[name] = replace(one, before=left)
            for site in SITES:
                mine = self.alone[site].ending
                lists = {level.list for level in over[name] if level.site == site}
                left = tuple(b for b in mine[name].before if b.list not in lists)
                mine[name] = replace(mine[name], before=left)
        self.ending = {name: one for name, one in self.ending.items() if one.before}

    def _agrees(self, planned: Plan, away: str | None) -> None:
        for site in SITES:
            mine = [plain(step) for step in planned.steps if step.site == site]
            if site == away:
                assert not mine, "nothing is planned where nobody could look"
                continue
            assert mine == list(self.alone[site].plan().steps)

    def _alone(self, site: str, count: int) -> None:
        community = self.alone[site]
        planned = community.plan()
        for book in (community.force, community.ending):
            noted(book, planned)
        for step in planned.steps[:count]:
            community.world.apply(step)


def _linked(observed: Observed) -> Observed:
    sites = tuple(replace(one, linked=LINKED) for one in observed.sites)
    return replace(observed, linked=LINKED, sites=sites)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(SITES),
            operations,
            st.one_of(st.none(), st.integers(0, 6)),
            st.sampled_from([None, None, None, *SITES]),
        ),
        max_size=12,
    )
)
def test_a_plan_over_two_sites_is_each_one_s_own(
    history: list[tuple[str, tuple[object, ...], int | None, str | None]],
) -> None:
    both = Both()
    for site, op, crash, away in history:
        both.perform(site, op)
        both.sweep(crash, away)
    while both.force:
        both.perform("", ("end", 0))
        both.sweep(1, None)
        both.sweep(None, None)
    both.sweep(None, None)
    for site in SITES:
        assert both.together[site].world.told() == both.alone[site].world.told()
        assert both.together[site].world.bans == both.together[site].own.bans


def suspended(*before: Before) -> Sanction:
    c = one_site.start()
    name = c.decide(Measure.SUSPEND, A1, Scope())
    return replace(c.force[name], before=before)


def test_somebody_else_s_ban_on_one_and_ours_on_the_other() -> None:
    first, second = World(), World()
    second.bans[None, A1] = 1
    found = union([seen("", first), seen("mailmans.b", second)], {})
    planned = plan(Standing(sanctions=(suspended(),), ending=()), GROUPS, found)
    bans = {(s.site, text) for s in planned.steps if s.act is Act.BAN for text in s.bans}
    ours = {("", A1), ("", A2), ("mailmans.b", A2)}
    tags = {(site, tags_text(a)) for site in ("", "mailmans.b") for a in (A1, A2)}
    assert bans == ours | tags
    book = {"S1": suspended()}
    noted(book, planned)
    for step in planned.steps:
        {"": first, "mailmans.b": second}[step.site].apply(plain(step))
    found = union([seen("", first), seen("mailmans.b", second)], {})
    planned = plan(Standing(sanctions=(), ending=tuple(book.values())), GROUPS, found)
    bans = {(s.site, text) for s in planned.steps if s.act is Act.UNBAN for text in s.bans}
    assert bans == ours | tags


def test_an_address_that_one_site_links_is_covered_on_the_other() -> None:
    one = Observed(linked={A1: (A1, A2), A2: (A1, A2)}, known=frozenset({A1, A2}))
    other = World()
    other.put(row(LISTS[0], A2))
    found = union([one, seen("mailmans.b", other, knows_links=False)], {})
    planned = plan(Standing(sanctions=(suspended(),), ending=()), GROUPS, found)
    assert (LISTS[0], A2, Role.MEMBER, "mailmans.b") in {
        (s.list, s.address, s.role, s.site) for s in planned.steps
    }
    assert {A1, A2} <= set(planned.covers["S1"])


def test_of_a_site_that_is_away_nothing_is_said() -> None:
    there = Before(list=LISTS[0], address=A1, role="member", facts=None, site="mailmans.b")
    found = union([seen("", World())], {"mailmans.b": AWAY})
    planned = plan(Standing(sanctions=(), ending=(suspended(there),)), GROUPS, found)
    assert planned.over["S1"] == frozenset()
    assert planned.rows["S1"] == ()
    told = plan_for(
        Measure.SUSPEND,
        [A1],
        Scope(lists=("x@y.example",)),
        GROUPS,
        found,
        Standing(sanctions=(), ending=()),
    )
    assert told.warnings == (
        "[mailmans.b] can't be asked just now: what stands on its lists isn't told here",
        "this person has 3 addresses: mal@example.net, mallory@example.net, mal+dev@example.net",
    )
    assert "[mailmans.b]" in where([A1], found).warnings[0]
    watch = e.Watched(watch="W", address=A1, near=A2, by="a", lists=("l@b.example",), until=NOW)
    assert still_shared(Case(id="c"), watch, found) == ("l@b.example",)
    assert still_shared(Case(id="c"), watch, replace(found, away={})) == ()


def test_a_site_that_the_configuration_forgot_is_asked_for() -> None:
    there = Before(list=None, address=A1, role="ban", facts=None, site="mailmans.old")
    standing = Standing(sanctions=(), ending=(suspended(there),))
    found = union([seen("", World())], {})
    missing = forgotten(standing, found)
    assert isinstance(missing, Permanent)
    assert "[mailmans.old]" in str(missing)
    assert plan(standing, GROUPS, found).over["S1"] == frozenset()
    retired = union([seen("", World()), Observed(site="mailmans.old", retired=True)], {})
    planned = plan(standing, GROUPS, retired)
    assert forgotten(standing, retired) is None
    assert planned.over["S1"] == levels([there])
    assert planned.steps == ()
    assert [row.note for row in planned.rows["S1"]] == [GONE_SITE]


def test_a_retired_site_gets_nothing() -> None:
    found = union([seen("", World()), Observed(site="mailmans.old", retired=True)], {})
    planned = plan(Standing(sanctions=(suspended(),), ending=()), GROUPS, found)
    assert {step.site for step in planned.steps} == {""}
    assert {b.site for note in planned.notes for b in note.records} == {""}


def test_a_list_that_two_sites_claim_is_told_and_covered_on_both() -> None:
    worlds = {site: World() for site in SITES}
    for world in worlds.values():
        world.put(row(LISTS[0], A1))
    found = union([seen(site, world) for site, world in worlds.items()], {})
    assert len(claimed_twice(found)) == len(LISTS)
    assert "[mailman] and of [mailmans.second]" in claimed_twice(found)[0]
    planned = plan(Standing(sanctions=(suspended(),), ending=()), GROUPS, found)
    assert {step.site for step in planned.steps if step.list == LISTS[0]} == set(SITES)


def test_two_observations_of_one_site_are_one() -> None:
    world = World()
    world.put(row(LISTS[0], A1))
    world.bans[None, A2] = 1
    whole = seen("", world)
    halves = [
        replace(
            whole,
            linked={a: (a,)},
            known=frozenset({a}),
            rows=tuple(r for r in whole.rows if r.address == a),
            bans=tuple(b for b in whole.bans if b.address == a),
        )
        for a in (A1, A2)
    ]
    both = added(*halves)
    assert (both.rows, both.bans, both.known) == (whole.rows, whole.bans, {A1, A2})


def test_what_was_written_before_there_were_sites_is_of_the_plain_one() -> None:
    words = '{"list":null,"address":"a@b.example","role":"ban","facts":null}'
    old = f'{{"sanction":"S","places":[{words}],"kind":"before-noted"}}'
    event = e.decode(old.encode())
    assert event.places[0].site == ""
    assert e.decode(e.encode(event)) == event


def test_a_record_of_one_site_doesn_t_replace_another_s() -> None:
    from cocmail.core.folding.sanctioning import sanctioning

    case = Case(id="c", sanctions={"S1": suspended()})
    for site in SITES:
        at = e.Place(list=None, address=A1, role="ban", facts=None, site=site)
        case = sanctioning(case, NOW, e.BeforeNoted(sanction="S1", places=(at,))) or case
    assert {b.site for b in case.sanctions["S1"].before} == set(SITES)


def test_what_is_put_back_once_more_is_as_old_as_it_was() -> None:
    """Else a list that was made again meanwhile would count as the one that it was of."""
    from cocmail.core.folding.sanctioning import sanctioning

    at = e.Place(list="dev@x.example", address=A1, role="member", facts={"rows": []})
    old = Before(list=at.list, address=A1, role=at.role, facts=at.facts, noted=NOW)
    case = Case(id="c", sanctions={"S1": replace(suspended(), before=(), closed=(old,))})
    later = NOW + timedelta(days=9)
    other = replace(at, list="users@x.example")
    event = e.BeforeNoted(sanction="S1", places=(at, other))
    found = sanctioning(case, later, event) or case
    assert {b.list: b.noted for b in found.sanctions["S1"].before} == {
        at.list: NOW,
        other.list: later,
    }


def test_a_slow_site_is_named() -> None:
    quick = Observed(calls=20, seconds=2.0)
    late = Observed(site="mailmans.b", calls=20, seconds=100.0)
    assert slow(union([quick, late], {})) == (
        "[mailmans.b] takes 5.0 s for a call, so that a sweep takes long",
    )
