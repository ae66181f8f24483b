"""Makes the sanctions true on the lists, and keeps them true until they end.

Owns the sweep: what stands (the book), what is (the lists), the plan (core), the changes, and
what is read back; and when the next one comes. Refuses to know Mailman, the ledger's events and
letters, and to believe any answer but an observation. Called by the daemon (`run`) and the
command line (`sweep`, `look`, `preview`).

It is level-triggered: every sweep starts from nothing but the book and the lists, so whatever was
cut short, by a crash or by Mailman, the next sweep cures.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cocmail.core.arrivals import Arrival, free, nobodys, to_hold, unheld
from cocmail.core.coverage import questions
from cocmail.core.drift import NEWLY_COVERED, NOT_YET, PUT_RIGHT
from cocmail.core.enforcement import (
    Act,
    Observed,
    Place,
    Plan,
    ProofRow,
    Question,
    Role,
    Standing,
    Step,
    Word,
    ban_text,
    tags_text,
)
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.core.people import Address
from cocmail.core.plan import plan
from cocmail.core.preview import on_top
from cocmail.core.sanctions import Before, Measure, Sanction, Scope
from cocmail.core.sites import claimed_twice, forgotten, slow
from cocmail.core.table import Table
from cocmail.loops.applying import apply, raise_worst
from cocmail.ports import Book, Clock, Lists

_log = logging.getLogger(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0  # seconds between tries while Mailman has trouble
_LETTER_LOOK = 1.0  # seconds between looks whether a letter left
_ADDING = (Act.BAN, Act.PUT_BACK)
_MOST_ARRIVALS = 10_000  # that are remembered, so that each is seen to once
_READINGS = 3  # rows may change while we read them exactly
_WRITE_EVERY = timedelta(minutes=10)  # what is undone over and over; each event is read for ever
_WRITE_AT_ONCE = 2  # times of one place that are written down without waiting


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A place that differed from what was proved before."""

    step: Step
    note: str
    after: datetime | None  # when all was last seen as it should be
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Counters:
    """How the enforcement stands, for `cocmail status` and metrics."""

    sanctions: int = 0  # in force, or not yet all put back
    drift: int = 0  # places where the lists differ from what they should be, after the last sweep
    drift_of: Mapping[str, int] = field(default_factory=dict)  # sanction → such places
    put_right: int = 0  # places that were found changed since they were proved, in all
    last_sweep: datetime | None = None  # the last that ended well
    calls: int = 0  # to observe, in the last sweep
    trouble: str = ""


class Enforcement:
    def __init__(
        self,
        lists: Lists,
        book: Book,
        clock: Clock,
        *,
        groups: Mapping[str, tuple[str, ...]],
        sweep_every: timedelta,
        parallel: int = 2,
        tell_after: timedelta = timedelta(minutes=2),
    ) -> None:
        """``parallel``: changes at one time; ``tell_after``: how long trouble may last before the
        committee hears of it."""
        self.wake = asyncio.Event()  # set when something was decided, or a hook saw a change
        self.look_anew = False  # whether that may be a list that we don't know yet
        self.counters = Counters()
        self.to_hold: frozenset[tuple[Address, str]] = frozenset()  # for Mailman's plugin
        self._arrived: dict[Arrival, bool] = {}  # whether it was seen to
        self._put_back: set[Place] = set()  # what stands there now came by us, not by the plugin
        self._lists, self._book, self._clock = lists, book, clock
        self._groups = groups
        self._sweep_every, self._parallel, self._tell_after = sweep_every, parallel, tell_after
        self._lock = asyncio.Lock()
        self._doubtful: set[str] = set()  # lists whose own bans got in our way
        # What sweeps put right and the book doesn't have yet: sanction → place → as it was found.
        self._drifted: dict[str, dict[Place, _Found]] = {}
        self._written: dict[str, datetime] = {}  # when the book last heard of a sanction's drift
        self._often: dict[tuple[str, Place], int] = {}  # and how often of each place
        self._waiting: tuple[Sanction, ...] = ()  # their letters have not left
        self._ends: Mapping[str, datetime] = {}
        self._failing_since: datetime | None = None
        self._told = False

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        delay, due = _FIRST_DELAY, loop.time()
        while True:
            self.wake.clear()
            anew = self.look_anew or loop.time() >= due
            self.look_anew = False
            try:
                await self.sweep(known_lists=not anew)
            except (Temporary, Permanent) as error:
                await self._trouble(error)
                await self._pause(delay, {})
                delay, due = min(delay * 2, _LONGEST_DELAY), loop.time()
            else:
                delay = _FIRST_DELAY
                self._failing_since, self._told = None, False
                if anew:
                    due = loop.time() + self._sweep_every.total_seconds()
                await self._pause(due - loop.time(), self._ends)

    def arrived(self, held: Iterable[Arrival]) -> None:
        """These memberships were held by Mailman's plugin. It may tell of one several times."""
        for one in held:
            self._arrived.setdefault(one, False)
        while len(self._arrived) > _MOST_ARRIVALS:
            del self._arrived[next(iter(self._arrived))]

    async def look(self) -> Plan:
        """What a sweep would do now; changes nothing."""
        standing = await self._standing()
        return (await self._plan(standing, await self._observe(standing)))[0]

    async def preview(
        self,
        measure: Measure,
        addresses: Collection[Address],
        scope: Scope,
        *,
        including_roles: bool = False,
    ) -> Table:
        """What a sanction that nobody decided yet would change; changes nothing."""
        standing = await self._book.standing()
        asked = Question(addresses=tuple(addresses), lists=self._lists_of(scope), tagged=True)
        observed = await self._lists.observe((*questions(standing, self._groups), asked))
        return on_top(
            measure,
            addresses,
            scope,
            self._groups,
            observed,
            standing,
            including_roles=including_roles,
        )

    async def sweep(self, *, known_lists: bool = False) -> Plan:
        """One sweep: what was planned. ``known_lists``: which lists there are was seen not long
        ago. Raises Temporary or Permanent where it could not all be done; what was done stays
        done."""
        async with self._lock:
            fresh = [one for one, seen in self._arrived.items() if not seen]
            planned = await self._sweep(known_lists)
            await self._let_go([one for one in fresh if not self._arrived[one]], planned)
            return planned

    async def _sweep(self, known_lists: bool) -> Plan:
        standing = await self._standing()
        self._ends = {s.id: s.until for s in standing.sanctions if s.until is not None}
        count = len(standing.sanctions) + len(standing.ending)
        if not count and not self._waiting:
            self.to_hold = frozenset()
            self._counted(Plan(), 0, 0)
            self.counters = replace(self.counters, last_sweep=self._clock.now(), trouble="")
            return Plan()
        observed = await self._observe(standing, known_lists=known_lists)
        calls = observed.calls
        if late := "; ".join(slow(observed)):
            self.counters = replace(self.counters, trouble=late)  # told while it goes on
        planned, observed = await self._plan(standing, observed)
        if lacking := _open_to_tags(standing, planned):
            observed = await self._observe(standing, known_lists=True, open_to_tags=lacking)
            calls += observed.calls
            planned, observed = await self._plan(standing, observed)
        self.to_hold = to_hold(standing.sanctions, planned.covers, self._groups)
        now = planned
        done: list[Step] = []
        stuck: int | None = None
        errors: list[CocmailError] = []
        if planned.steps or planned.notes:
            await self._note(standing, planned)
            stuck = await self._stuck(planned.steps)
            self._put_back = {s.place for s in planned.steps if s.act is Act.PUT_BACK}
            applied = await apply(self._lists, planned.steps, parallel=self._parallel)
            self._remember(standing, applied.done)
            await self._barred(standing, applied.barred)
            _log.info("enforcement: %d of %d steps", len(applied.done), len(planned.steps))
            standing = _those(await self._standing(), _busy(standing, planned))
            read_back = await self._observe(standing, known_lists=True, again=True)
            calls += read_back.calls
            now, observed = await self._plan(standing, read_back)
            errors += applied.errors
            done = applied.done
        else:
            self._put_back = set()
        fresh = await self._settle(standing, now, observed)
        self._counted(now, count, calls)
        # A site that didn't answer: what could be done elsewhere is done, and nobody is told that
        # all of it was.
        errors += observed.away.values()
        if lost := forgotten(standing, observed):
            errors.append(lost)
        try:
            await self._discard_waiting(standing, fresh, now, observed)
            if stuck is not None:
                await self._tell_stuck(standing, done, stuck)
        except (Temporary, Permanent) as error:
            errors.append(error)
        raise_worst(errors)
        if now.steps or now.notes:
            raise Temporary("Mailman's lists are not yet as they should be after a sweep")
        trouble = "; ".join((*claimed_twice(observed), *slow(observed)))
        if trouble and trouble != self.counters.trouble:
            _log.warning("enforcement: %s", trouble)
        self.counters = replace(self.counters, last_sweep=self._clock.now(), trouble=trouble)
        return planned

    async def _let_go(self, fresh: Collection[Arrival], planned: Plan) -> None:
        """What the plugin held and no sanction bears on any more goes free."""
        if not fresh:
            return
        for one in nobodys(fresh, planned, await self._book.standing()):
            await self._lists.apply(free(one))
        self._arrived |= dict.fromkeys(fresh, True)

    # -- observing and planning ----------------------------------------------------------------

    async def _standing(self) -> Standing:
        """What the book says, without those that wait for their letters."""
        standing = await self._book.standing()
        ready: list[Sanction] = []
        waiting: list[Sanction] = []
        for sanction in standing.sanctions:
            (ready if await self._is_ready(sanction) else waiting).append(sanction)
        self._waiting = tuple(waiting)
        return replace(standing, sanctions=tuple(ready))

    async def _is_ready(self, sanction: Sanction) -> bool:
        """The letter leaves before the lists change, but nothing waits for it for ever."""
        if sanction.interim or sanction.letter is None or sanction.not_before is None:
            return True
        if self._clock.now() >= sanction.not_before or sanction.before:
            return True
        return await self._book.letter_left(sanction.letter)

    async def _observe(
        self,
        standing: Standing,
        *,
        known_lists: bool = False,
        again: bool = False,
        open_to_tags: Collection[str] = (),
    ) -> Observed:
        asked = questions(
            standing, self._groups, self._doubtful, again=again, open_to_tags=open_to_tags
        )
        observed = await self._lists.observe(asked, known_lists=known_lists)
        made = {row.member_id for row in observed.rows if row.place in self._put_back}
        for one in self._arrived:
            self._arrived[one] |= one.member_id in made
        fresh = [one.member_id for one, seen in self._arrived.items() if not seen]
        return unheld(observed, fresh, standing)

    async def _plan(self, standing: Standing, observed: Observed) -> tuple[Plan, Observed]:
        """Rows are read exactly where something depends on it, for that costs a call each."""
        planned = plan(standing, self._groups, observed)
        for _ in range(_READINGS):
            if not planned.unread:
                return planned, observed
            observed = await self._lists.read_exactly(observed, planned.unread)
            planned = plan(standing, self._groups, observed)
        raise Temporary("the lists change faster than they can be read")

    def _lists_of(self, scope: Scope) -> tuple[str, ...]:
        named = dict.fromkeys(scope.lists)
        for group in scope.groups:
            named |= dict.fromkeys(self._groups.get(group, ()))
        return tuple(named)

    async def _stuck(self, steps: Collection[Step]) -> int | None:
        """How many posts Mailman has set aside; None where these steps can't be why."""
        if all(step.act is not Act.TAKE_OFF for step in steps):
            return None
        return (await self._lists.queues()).get("shunt", 0)

    async def _tell_stuck(self, standing: Standing, done: Collection[Step], before: int) -> None:
        now = await self._stuck(done)
        if now is not None and now > before:
            names = {n for step in done if step.act is Act.TAKE_OFF for n in step.sanctions}
            theirs = [s for s in (*standing.sanctions, *standing.ending) if s.id in names]
            await self._book.note_shunted(theirs, now - before)

    # -- writing down --------------------------------------------------------------------------

    async def _note(self, standing: Standing, planned: Plan) -> None:
        sanctions = {s.id: s for s in (*standing.sanctions, *standing.ending)}
        for note in planned.notes:
            await self._book.note_before(sanctions[note.sanction], note.records)

    async def _barred(self, standing: Standing, barred: Iterable[Step]) -> None:
        """Somebody was quicker: their ban isn't ours to remove, and we must look for it."""
        sanctions = {s.id: s for s in standing.sanctions}
        for step in barred:
            if step.list is not None:
                self._doubtful.add(step.list)
            if step.act is not Act.BAN or ban_text(step.address) not in step.bans:
                continue
            facts = {"exact": True, "pattern": False, "tags": False}
            record = Before(
                list=step.list, address=step.address, role=step.role, facts=facts, site=step.site
            )
            for name in step.sanctions:
                if name in sanctions:
                    await self._book.note_before(sanctions[name], (record,))

    def _remember(self, standing: Standing, done: Collection[Step]) -> None:
        """What was put right. A step that failed counts when it is done."""
        found, after = 0, self.counters.last_sweep
        for sanction in standing.sanctions:
            if sanction.proved is not None:
                recorded = {(b.site, b.list, b.address, b.role) for b in sanction.before}
                known = {b.address for b in sanction.before}
                for step in done:
                    if sanction.id not in step.sanctions:
                        continue
                    at = (step.site, step.list, step.address, step.role)
                    adds = step.act in _ADDING or step.address not in known
                    note = NEWLY_COVERED if adds and at not in recorded else PUT_RIGHT
                    places = self._drifted.setdefault(sanction.id, {})
                    old = places.get(step.place)
                    places[step.place] = (
                        replace(old, times=old.times + 1)
                        if old
                        else _Found(step=step, note=note, after=after)
                    )
                    found += note == PUT_RIGHT
        self.counters = replace(self.counters, put_right=self.counters.put_right + found)

    def _is_to_be_written(self, sanction: str, drifted: Mapping[Place, _Found]) -> bool:
        """The first times of each place at once; then together, for it may go on for months."""
        written = self._written.get(sanction)
        return (
            written is None
            or self._clock.now() - written >= _WRITE_EVERY
            or any(self._often.get((sanction, p), 0) < _WRITE_AT_ONCE for p in drifted)
        )

    async def _settle(self, standing: Standing, now: Plan, observed: Observed) -> set[str]:
        """Prove what is read back as true, close what is all put back. Those whose ban is new."""
        fresh: set[str] = set()
        open_notes = {note.sanction for note in now.notes}
        asked = {one.site for one in observed.each()}
        for sanction in standing.sanctions:
            if sanction.measure is Measure.WARN:
                continue
            rows, covers = now.rows[sanction.id], now.covers[sanction.id]
            wrong = {step.place: step.now for step in now.steps_of(sanction.id)}
            if sanction.proved is None and (wrong or sanction.id in open_notes):
                continue
            drifted = self._drifted.get(sanction.id, {})
            if sanction.proved is not None:
                if not drifted or not {place.site for place in drifted} <= asked:
                    continue
                rows = _of_drift(rows, drifted, wrong)
            elif observed.away:
                continue  # who they are there, and on which lists, is not known
            if sanction.proved is None or self._is_to_be_written(sanction.id, drifted):
                await self._book.note_enforced(sanction, await self._owned(rows, covers), covers)
                self._wrote(sanction.id)
            if any(row.role == Role.BAN for row in rows):
                fresh.add(sanction.id)
        for sanction in standing.ending:
            if now.steps_of(sanction.id) or {sanction.id} & (open_notes | now.waiting):
                continue
            if drifted := self._drifted.get(sanction.id, {}):
                rows = _of_drift((), drifted, {})
                await self._book.note_enforced(sanction, rows, sanction.addresses)
                self._wrote(sanction.id)
            await self._book.note_restored(sanction, now.rows.get(sanction.id, ()))
        return fresh

    def _wrote(self, sanction: str) -> None:
        self._written[sanction] = self._clock.now()
        for place in self._drifted.pop(sanction, {}):
            self._often[sanction, place] = self._often.get((sanction, place), 0) + 1

    async def _discard_waiting(
        self, standing: Standing, fresh: Collection[str], now: Plan, observed: Observed
    ) -> None:
        """What waits of those who are kept off, once they are: to look for it costs two calls a
        list, and first they have to be on none."""
        for sanction in standing.sanctions:
            left = sanction.proved is not None and not sanction.cleared
            if sanction.measure.keeps_off and (left or sanction.id in fresh):
                names = [n for n in observed.lists if sanction.scope.covers(n, self._groups)]
                covers = now.covers.get(sanction.id, sanction.addresses)
                posts = await self._lists.discard_waiting(names, covers)
                if posts or left or sanction.proved is None:
                    await self._book.note_discarded(sanction, posts)

    async def _owned(
        self, rows: tuple[ProofRow, ...], covers: Collection[Address]
    ) -> tuple[ProofRow, ...]:
        """With the owners of the lists where a member was touched, who may be told; and of those
        where somebody undid something, who may know of it."""
        touched = {
            row.list
            for row in rows
            if row.list and (_is_undone(row) or (row.role == Role.MEMBER and row.was != row.now))
        }
        owners = await self._lists.owners(sorted(touched)) if touched else {}
        return tuple(
            replace(
                row,
                owners=tuple(o for o in owners[row.list] if o not in covers),
                own=bool({*owners[row.list]} & {*covers}),
            )
            if row.list is not None
            and row.list in owners
            and (_is_undone(row) or row.role == Role.MEMBER)
            else row
            for row in rows
        )

    def _counted(self, now: Plan, count: int, calls: int) -> None:
        outstanding: dict[str, int] = {}
        for step in now.steps:
            for name in step.sanctions:
                outstanding[name] = outstanding.get(name, 0) + 1
        self.counters = replace(
            self.counters,
            sanctions=count + len(self._waiting),
            drift=len(now.steps),
            drift_of=outstanding,
            calls=calls,
        )

    # -- time and trouble ----------------------------------------------------------------------

    async def _pause(self, seconds: float, ends: Mapping[str, datetime]) -> None:
        """Until ``wake``, the time, an end, or a letter that left."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        now = self._clock.now()
        for end in ends.values():
            if end > now:
                until = min(until, loop.time() + (end - now).total_seconds())
        while (left := until - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, _LETTER_LOOK) if self._waiting else left):
                    await self.wake.wait()
                return
            except TimeoutError:
                pass
            try:
                for sanction in self._waiting:
                    if await self._is_ready(sanction):
                        return
            except Temporary:
                return  # the sweep will meet it again, and deal with it

    async def _trouble(self, error: Temporary | Permanent) -> None:
        now = self._clock.now()
        self._failing_since = self._failing_since or now
        self.counters = replace(self.counters, trouble=str(error))
        _log.warning("enforcement: %s", error)
        lasted = now - self._failing_since >= self._tell_after
        if not self._told and (lasted or isinstance(error, Permanent)):
            try:
                await self._book.note_trouble(str(error))
                self._told = True
            except Temporary:
                _log.warning("enforcement: the trouble itself could not be written down")


def _busy(standing: Standing, planned: Plan) -> Standing:
    """Those that bear on whom something was changed for, or who is not proved yet: what stands of
    the others was just seen to be right."""
    changed = {name for step in planned.steps for name in step.sanctions}
    changed |= {note.sanction for note in planned.notes}
    changed |= {s.id for s in standing.sanctions if s.proved is None}
    changed |= {s.id for s in standing.ending}
    people = {planned.persons[name] for name in changed if name in planned.persons}
    return Standing(
        sanctions=tuple(s for s in standing.sanctions if planned.persons.get(s.id) in people),
        ending=tuple(s for s in standing.ending if planned.persons.get(s.id) in people),
    )


def _open_to_tags(standing: Standing, planned: Plan) -> set[str]:
    """The sanctions that were proved, and lack a ban that takes in every plus-tag: on a list that
    they cover now, for an address that was added, or because somebody took it away. Somebody may
    be there with a tag since."""
    lacking = {
        name
        for step in planned.steps
        if step.act is Act.BAN and tags_text(step.address) in step.bans
        for name in step.sanctions
    }
    return {s.id for s in standing.sanctions if s.proved is not None and s.id in lacking}


def _those(now: Standing, then: Standing) -> Standing:
    """What was decided during the sweep waits for the next one."""
    ids = {s.id for s in (*then.sanctions, *then.ending)}
    return Standing(
        sanctions=tuple(s for s in now.sanctions if s.id in ids),
        ending=tuple(s for s in now.ending if s.id in ids),
    )


def _is_undone(row: ProofRow) -> bool:
    return row.note in (PUT_RIGHT, NOT_YET)


def _of_drift(
    rows: tuple[ProofRow, ...], drifted: Mapping[Place, _Found], wrong: Mapping[Place, Word]
) -> tuple[ProofRow, ...]:
    """``wrong``: what still isn't as it should be, as it was read back."""
    by_place = {
        Place(list=r.list, address=r.address, role=Role(r.role), site=r.site): r.now for r in rows
    }
    return tuple(
        ProofRow(
            list=place.list,
            address=place.address,
            role=place.role,
            was=found.step.now,
            now=wrong.get(place) or by_place.get(place, found.step.then),
            note=NOT_YET if place in wrong else found.note,
            site=place.site,
            times=found.times,
            after=found.after,
        )
        for place, found in drifted.items()
    )
