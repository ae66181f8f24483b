"""Makes the sanctions true on the lists, and keeps them true until they end.

Owns the sweep: what stands (the book), what is (the lists), the plan (core), the changes, and
what is read back; and when the next one comes. Refuses to know Mailman, the ledger's events and
letters, and to believe any answer but an observation; what the book hears is loops.proving's.
Called by the daemon (`run`) and the command line (`sweep`, `look`, `preview`).

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
from cocmail.core.clock import over
from cocmail.core.coverage import bearing, forgotten_groups, pressing, questions
from cocmail.core.enforcement import (
    HOLD,
    Act,
    Note,
    Observed,
    Place,
    Plan,
    Question,
    Role,
    Row,
    Standing,
    Step,
    tags_text,
)
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.core.events import GROUP_LOST
from cocmail.core.people import Address
from cocmail.core.plan import plan
from cocmail.core.preview import on_top
from cocmail.core.proof import UNREAD
from cocmail.core.sanctions import Measure, Sanction, Scope
from cocmail.core.sites import claimed_twice, forgotten, slow
from cocmail.core.table import Table
from cocmail.loops.applying import apply, raise_worst
from cocmail.loops.proving import Owners, Proving
from cocmail.loops.undone import Undone
from cocmail.ports import Book, Clock, Lists

_log = logging.getLogger(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0  # seconds between tries while Mailman has trouble
_LETTER_LOOK = 1.0  # seconds between looks whether a letter left
_BANS = (Act.UNBAN, Act.BAN)
_MOST_ARRIVALS = 10_000  # that are remembered, so that each is seen to once
_LOOK_BACK = timedelta(days=1)
_PATIENCE = 15.0  # seconds for a Mailman that is slow to say which posts are stuck
_FORESEEN = timedelta(minutes=1)  # as long as the lists wait for a letter
_READINGS = 5  # what is read shows what else is to be, and rows may change meanwhile


@dataclass(kw_only=True)
class _Made:
    """What it came to, to make some sanctions true."""

    planned: Plan
    now: Plan  # what is still to be done, as it was read back
    observed: Observed
    calls: int
    errors: list[CocmailError]

    def check(self) -> None:
        """Raises unless all is as it should be."""
        raise_worst(self.errors)
        if self.now.steps or self.now.notes:
            raise Temporary("Mailman's lists are not yet as they should be after a sweep")


@dataclass(frozen=True, kw_only=True)
class _Foreseen:
    """What was read of the rows of those whose letters are still to leave."""

    names: frozenset[str] = frozenset()  # their sanctions
    at: datetime | None = None
    rows: Mapping[tuple[Place, str], Mapping[str, object]] = field(default_factory=dict, repr=False)
    # a place and a membership's id there → its preferences

    def fill(self, observed: Observed, now: datetime) -> Observed:
        """With it, where that isn't too old."""
        if not self.rows or self.at is None or over(self.at, _FORESEEN, now):
            return observed
        read = ((r, self.rows.get((r.place, r.member_id))) for r in observed.rows)
        return replace(
            observed,
            sites=tuple(self.fill(one, now) for one in observed.sites),
            rows=tuple(replace(row, preferences=known) for row, known in read),
        )


@dataclass(kw_only=True)
class _Turn:
    """What one round of changes came to."""

    standing: Standing  # of whom it was read back
    done: list[Step]
    errors: list[CocmailError]
    observed: Observed
    owners: Owners  # of the lists that somebody was taken off
    calls: int  # to observe
    stuck: Mapping[str, int]  # site → posts that Mailman had set aside before it
    again: bool  # somebody was found to be on a list with a tag


@dataclass(frozen=True, kw_only=True)
class Counters:
    """How the enforcement stands, for `cocmail status` and metrics."""

    sanctions: int = 0  # in force, or not yet all put back
    drift: int = 0  # places where the lists differ from what they should be, after the last sweep
    drift_of: Mapping[str, int] = field(default_factory=dict)  # sanction → such places
    put_right: int = 0  # places that were found changed since they were proved, in all
    last_sweep: datetime | None = None  # the last that ended well
    began: datetime | None = None  # when the last that saw every list and ended well began
    calls: int = 0  # to observe, in the last sweep
    trouble: str = ""


class Unread(Permanent):
    """All is made true but for what can't be read; that waits for a human."""


class Enforcement:
    def __init__(
        self,
        lists: Lists,
        book: Book,
        clock: Clock,
        *,
        groups: Mapping[str, tuple[str, ...]],
        sweep_every: timedelta,
        parallel: int = 4,
        tell_after: timedelta = timedelta(minutes=2),
    ) -> None:
        """``parallel``: changes that are asked for at one time; there are fewer connections to each
        Mailman, and none of them waits for us. ``tell_after``: how long trouble may last before the
        committee hears of it."""
        self.wake = asyncio.Event()  # set when something was decided, or a hook saw a change
        self.look_anew = False  # whether that may be a list that we don't know yet
        self.counters = Counters()
        self.sweeping: datetime | None = None  # since when, while it does
        self.blocked: tuple[CocmailError, ...] = ()  # why what was looked at can't all be done
        self.to_hold: frozenset[tuple[Address, str]] = frozenset()  # for Mailman's plugin
        self.beside: Mapping[Address, tuple[Address, ...]] = {}  # for leads: as Plan.beside
        self._arrived: dict[Arrival, bool] = {}  # whether it was seen to
        self._put_back: set[Place] = set()  # what stands there now came by us, not by the plugin
        self._lists, self._book, self._clock = lists, book, clock
        self._groups = groups
        self._sweep_every, self._parallel, self._tell_after = sweep_every, parallel, tell_after
        self._lock = asyncio.Lock()
        self._recalled: set[Place | str] = set()  # bans and rows, left over from before, seen to
        self._failed: set[Place] = set()  # where a step failed last
        self._looked_back: datetime | None = None  # for those of lists, and
        self._past_rows: frozenset[str] = frozenset()  # entries that we made, by their ids
        self._sought_tags: datetime | None = None  # of whoever is held
        self._doubtful: set[str] = set()  # lists whose own bans got in our way
        self._undone = Undone(clock)
        self._proving = Proving(lists, book, self._undone, groups)
        self._waiting: tuple[Sanction, ...] = ()  # their letters have not left
        self._foreseen = _Foreseen()
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
                if not anew:
                    await self.press()
                await self.sweep(known_lists=not anew)
            except Unread as error:
                self._say(error)
            except (Temporary, Permanent) as error:
                await self._trouble(error)
                await self._pause(delay, {})
                delay, due = min(delay * 2, _LONGEST_DELAY), loop.time()
                continue
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
        """What a sweep would do now; changes nothing. What a sweep would say besides stands in
        the warnings, and what it would fail of in ``blocked`` too."""
        standing = await self._standing()
        planned, observed = await self._plan(standing, await self._observe(standing))
        lost = forgotten(standing, observed)
        self.blocked = (*observed.away.values(), *((lost,) if lost else ()))
        groups = forgotten_groups(standing.sanctions, self._groups)
        said = (*map(str, self.blocked), *claimed_twice(observed), *((groups,) if groups else ()))
        return replace(planned, warnings=tuple(dict.fromkeys((*planned.warnings, *said))))

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
            self.sweeping = began = self._clock.now()
            try:
                planned = await self._sweep(known_lists)
                if not known_lists:
                    self.counters = replace(self.counters, began=began)
                await self._let_go([one for one in fresh if not self._arrived[one]], planned)
            finally:
                self.sweeping = None
            return planned

    async def _sweep(self, known_lists: bool) -> Plan:
        standing = await self._standing()
        self._ends = {s.id: s.until for s in standing.sanctions if s.until is not None}
        count = len(standing.sanctions) + len(standing.ending)
        if not count and not self._waiting and not standing.past:
            self.to_hold = self.to_hold if standing.unread else frozenset()
            self.beside = {}
            self._counted(Plan(), 0, 0)
            await self._require_read(standing)
            self.counters = replace(self.counters, last_sweep=self._clock.now(), trouble="")
            return Plan()
        past = await self._past(standing)
        tags = None if known_lists else self._tags(standing)
        also = [question for question in (past, tags) if question is not None]
        observed = await self._observe(standing, *also, known_lists=known_lists)
        if late := "; ".join(slow(observed)):
            self.counters = replace(self.counters, trouble=late)  # told while it goes on
        made = await self._make_true(standing, observed, standing, known_lists=known_lists)
        self.to_hold = to_hold(standing.sanctions, made.planned.covers, self._groups) | (
            self.to_hold if standing.unread else frozenset()
        )
        self.beside = made.planned.beside
        await self._recall(standing, made.planned, observed, looked_back=past is not None)
        self._counted(made.now, count, made.calls)
        made.check()
        await self._require_read(standing)
        lost = await self._lost_groups(standing)
        trouble = "; ".join((*claimed_twice(made.observed), *slow(made.observed), *lost))
        if trouble and trouble != self.counters.trouble:
            _log.warning("enforcement: %s", trouble)
        self.counters = replace(self.counters, last_sweep=self._clock.now(), trouble=trouble)
        return made.planned

    def _tags(self, standing: Standing) -> Question | None:
        """Who is held may come onto a list with a plus-tag later: no ban is in the way. To look for
        that is dear, so not as often as somebody else joins a list."""
        now = self._clock.now()
        held = [s for s in standing.sanctions if s.measure is Measure.MODERATE and s.proved]
        last = self._sought_tags
        if not held or (last and not over(last, self._sweep_every / 2, now)):
            return None
        self._sought_tags = now
        addresses = {a for s in held for a in (s.address, *s.addresses) if a == a.untagged}
        return Question(addresses=tuple(sorted(addresses)), tagged=True)

    async def _lost_groups(self, standing: Standing) -> list[str]:
        """Of what is on groups that the configuration doesn't name, each case hears."""
        for sanction in standing.sanctions:
            lost = sanction.scope.lacks(self._groups)
            if bool(lost) is not (GROUP_LOST in sanction.told):
                await self._book.note_groups_lost(sanction, lost)
        words = forgotten_groups(standing.sanctions, self._groups)
        return [words] if words else []

    async def _require_read(self, standing: Standing) -> None:
        """While a sanction can't be read, what is over waits; its members hear of it."""
        if standing.unread:
            for sanction in standing.ending:
                await self._book.note_waiting(sanction)
            raise Unread(UNREAD)

    async def _past(self, standing: Standing) -> Question | None:
        """Now and then it is looked for what no sanction bears on any more: the bans of lists, and
        who was held."""
        last = self._looked_back
        if standing.unread or not standing.past:
            return None
        if last and not over(last, _LOOK_BACK, self._clock.now()):
            return None
        self._past_rows = (past := await self._book.past()).made
        return Question(addresses=tuple(sorted(past.people)), lists=tuple(sorted(past.lists)))

    async def _recall(
        self, standing: Standing, planned: Plan, observed: Observed, *, looked_back: bool
    ) -> None:
        """Mailman set back to a backup has the bans of sanctions that ended since. Once for each
        of them: somebody who wants it there is not fought."""
        if standing.unread:
            return  # they may be of what can't be read
        ours = {a for some in planned.covers.values() for a in some}
        ours |= {a for s in self._waiting for a in (s.address, *s.addresses)}
        strays = {p for p in observed.strays if p.address not in ours} - self._recalled
        strays -= {
            Place(list=b.list, address=b.address, role=Role(b.role), site=b.site)
            for sanction in standing.ending
            for b in sanction.before  # those that just went, or are still to go
        }
        rows = {
            row.member_id
            for row in observed.rows
            if row.member_id in self._past_rows - self._recalled
            and row.action == HOLD  # else it is somebody's by now
            and row.address not in ours
        }
        if (strays or rows) and standing.past and await self._book.recall(strays, rows):
            self.wake.set()
        self._recalled |= strays | rows
        if looked_back and not observed.away:
            self._looked_back = self._clock.now()

    async def press(self) -> None:
        """What was decided and isn't true yet, without a look at all that was made true before.
        Raises as `sweep`."""
        async with self._lock:
            while True:
                whole = await self._standing()
                standing = pressing(whole)
                if standing.sanctions or standing.ending:
                    standing, observed, _ = await self._widened(whole, standing)
                    made = await self._make_true(standing, observed, whole, known_lists=True)
                    made.check()
                if not await self._foresee(whole):
                    return

    async def _foresee(self, whole: Standing) -> bool:
        """What stands there of those whose letter is still to leave is read beside that, so that
        after it nothing is left but the changes. Whether anything was read: the letter may have
        left by now."""
        names = frozenset(s.id for s in self._waiting)
        last = self._foreseen
        if not names or (
            names == last.names and last.at and not over(last.at, _FORESEEN, self._clock.now())
        ):
            return False
        every = (*whole.sanctions, *self._waiting)
        whole = replace(whole, sanctions=every, whole=every)
        now, read = self._clock.now(), tuple[Row, ...]()
        try:
            standing, observed, _ = await self._widened(whole, bearing(whole, names))
            read = (await self._plan(standing, observed))[1].rows
        except (Temporary, Permanent):
            pass  # it will be met again when the letter has left, and dealt with
        rows = {(r.place, r.member_id): r.preferences for r in read if r.preferences is not None}
        self._foreseen = _Foreseen(names=names, at=now, rows=rows)
        return True

    async def _widened(
        self, whole: Standing, standing: Standing, *also: Question
    ) -> tuple[Standing, Observed, int]:
        """With all that bears on the people who are found to be meant: what another sanction made
        of them isn't what stood there before. And the calls that it took."""
        calls = 0
        while True:
            observed = await self._observe(standing, *also, known_lists=True)
            calls += observed.calls
            named = {s.id for s in (*standing.sanctions, *standing.ending)}
            wider = bearing(whole, named, observed.linked)
            if wider == standing:
                return standing, observed, calls
            standing = wider

    async def _make_true(
        self, standing: Standing, observed: Observed, whole: Standing, *, known_lists: bool
    ) -> _Made:
        """Plan, note, change, read back and prove. ``whole``: all that is to be true by then."""
        observed, self._foreseen = self._foreseen.fill(observed, self._clock.now()), _Foreseen()
        planned, observed = await self._plan(standing, observed)
        calls = observed.calls
        # Who comes back while we are at it is held already.
        self.to_hold |= to_hold(standing.sanctions, planned.covers, self._groups)
        now, done, errors = planned, list[Step](), list[CocmailError]()
        owners: Owners = {}
        seek, sought = _unsought(standing, planned), set[Address]()
        noted = list[Note]()
        stuck: Mapping[str, int] = {}
        self._put_back = set()
        while now.steps or now.notes or seek:
            away = observed.away
            turn = await self._turn(standing, now, seek, away, whole)
            done += turn.done
            errors += turn.errors
            owners = {**owners, **turn.owners}
            stuck = {**turn.stuck, **stuck}
            standing, tried = turn.standing, {s.place for s in now.steps}
            noted += now.notes
            sought |= set() if away else seek  # there they were not looked for
            now, observed = await self._plan(standing, turn.observed)
            calls += turn.calls + observed.calls - turn.observed.calls
            seek = _unsought(standing, now) - sought
            # What was tried and didn't help waits for the next sweep; what shows only now doesn't.
            if (
                turn.errors
                or observed.away
                or not (
                    turn.again
                    or seek
                    or {s.place for s in now.steps} - tried
                    or any(note not in noted for note in now.notes)
                )
            ):
                break
        if errors:
            await self._proving.note(standing, now.as_preferred)
        fresh = await self._proving.settle(standing, now, observed, owners)
        # A site that didn't answer: what could be done elsewhere is done, and nobody is told that
        # all of it was.
        errors += observed.away.values()
        if lost := forgotten(standing, observed):
            errors.append(lost)
        errors += await self._proving.discard_waiting(
            standing, fresh, now, observed, known_lists=known_lists
        )
        try:
            stuck_now = await self._stuck(done)
            fresh_ones = (count - stuck.get(site, count) for site, count in stuck_now.items())
            if new := sum(max(count, 0) for count in fresh_ones):
                await self._proving.tell_stuck(standing, done, new)
        except (Temporary, Permanent) as error:
            errors.append(error)
        return _Made(planned=planned, now=now, observed=observed, calls=calls, errors=errors)

    async def _turn(
        self,
        standing: Standing,
        planned: Plan,
        seek: Collection[Address],
        away: Collection[str],
        whole: Standing,
    ) -> _Turn:
        """Carry the plan out and read it back. ``seek``: who may be on a list with a plus-tag.
        Nobody comes onto one so once the bans stand, so it is looked for after them; while it is,
        SQLite lets nobody write, so it is beside what only reads."""
        stuck, _ = await asyncio.gather(
            self._stuck(planned.steps), self._proving.note(standing, planned)
        )
        self._put_back |= {s.place for s in planned.steps if s.act is Act.PUT_BACK}
        bans = [step for step in planned.steps if step.act in _BANS]
        rest = [step for step in planned.steps if step.act not in _BANS]
        at_once, failed = self._parallel, self._failed
        applied = [await apply(self._lists, bans, parallel=at_once, failed=failed)]
        applied.append(await apply(self._lists, rest, parallel=at_once, failed=failed))
        done = [step for each in applied for step in each.done]
        found = self._undone.remember(standing.sanctions, done, self.counters.last_sweep)
        self.counters = replace(self.counters, put_right=self.counters.put_right + found)
        barred = [step for each in applied for step in each.barred]
        self._doubtful |= {step.list for step in barred if step.list is not None}
        await self._proving.barred(standing, barred)
        _log.info("enforcement: %d of %d steps", len(done), len(planned.steps))
        touched = {s.list for s in done if s.act is Act.TAKE_OFF and s.role is Role.MEMBER}
        whole = _those(await self._standing(), whole)
        standing = _those(whole, _busy(standing, planned))
        sought, (standing, observed, calls), owners = await asyncio.gather(
            self._lists.tagged(seek, but=away),
            self._widened(whole, standing),
            self._owners({name for name in touched if name is not None}, away),
        )
        tagged = [a for a in sought if a not in observed.linked]
        if tagged:
            more = Question(addresses=tuple(tagged))
            standing, observed, further = await self._widened(whole, standing, more)
            calls += further
        return _Turn(
            standing=standing,
            done=done,
            errors=[error for each in applied for error in each.errors],
            observed=observed,
            owners=owners,
            calls=calls,
            stuck=stuck,
            again=bool(tagged),
        )

    async def _owners(self, touched: Collection[str], away: Collection[str]) -> Owners:
        """Beside what is read back, for that takes long. Who falls meanwhile is asked again for
        the proof, or is away by then."""
        try:
            return await self._lists.owners(sorted(touched), but=away)
        except (Temporary, Permanent):
            return {}

    async def _let_go(self, fresh: Collection[Arrival], planned: Plan) -> None:
        """What the plugin held and no sanction bears on any more goes free."""
        if not fresh:
            return
        standing = await self._book.standing()
        if standing.unread:
            return  # it may be what bears on them
        for one in nobodys(fresh, planned, standing):
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
        return replace(standing, sanctions=tuple(ready), whole=tuple(ready))

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
        *also: Question,
        known_lists: bool = False,
    ) -> Observed:
        """What the plugin held is looked at by whoever it is of: perhaps with a plus-tag."""
        held = tuple(one.member_id for one, seen in self._arrived.items() if not seen)
        arrived = Question(addresses=(), members=held)
        asked = (*questions(standing, self._groups, self._doubtful), *also, arrived)
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

    async def _stuck(self, steps: Collection[Step]) -> Mapping[str, int]:
        """How many posts each Mailman has set aside, where these steps can be why and it says."""
        sites = {step.site for step in steps if step.act is Act.TAKE_OFF}
        if not sites:
            return {}
        queues = await self._lists.queues(within=_PATIENCE)
        return {site: each.get("shunt", 0) for site, each in queues.items() if site in sites}

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

    def _say(self, error: Temporary | Permanent) -> None:
        self.counters = replace(self.counters, trouble=str(error))
        _log.warning("enforcement: %s", error)

    async def _trouble(self, error: Temporary | Permanent) -> None:
        now = self._clock.now()
        self._failing_since = self._failing_since or now
        self._say(error)
        lasted = over(self._failing_since, self._tell_after, now)
        if not self._told and (lasted or isinstance(error, Permanent)):
            try:
                await self._book.note_trouble(str(error))
                self._told = True
            except (Temporary, Permanent):
                _log.warning("enforcement: the trouble itself could not be written down")


def _busy(standing: Standing, planned: Plan) -> Standing:
    """Those that bear on whom something was changed for, or who is not proved yet: what stands of
    the others was just seen to be right."""
    changed = {name for step in planned.steps for name in step.sanctions}
    changed |= {note.sanction for note in planned.notes}
    changed |= {s.id for s in standing.sanctions if s.is_new}
    changed |= {s.id for s in standing.ending}
    people = {planned.persons[name] for name in changed if name in planned.persons}
    return replace(
        standing,
        sanctions=tuple(s for s in standing.sanctions if planned.persons.get(s.id) in people),
        ending=tuple(s for s in standing.ending if planned.persons.get(s.id) in people),
    )


def _unsought(standing: Standing, planned: Plan) -> set[Address]:
    """Who may be on a list with a plus-tag since before it was banned: those of a sanction that
    was never proved, and of one that lacks a ban of every tag, on a list that it covers now, for
    an address that was added, or because somebody took it away."""
    lacking = {
        name
        for step in planned.steps
        if step.act is Act.BAN and tags_text(step.address) in step.bans
        for name in step.sanctions
    }
    covered = {
        address
        for s in standing.sanctions
        if s.in_force and (s.is_new or s.id in lacking)
        for address in planned.covers.get(s.id, ())
    }
    return {a for a in covered if a == a.untagged or a.untagged not in covered}


def _those(now: Standing, then: Standing) -> Standing:
    """What was decided during the sweep waits for the next one."""
    ids = {s.id for s in (*then.sanctions, *then.ending)}
    return replace(
        now,
        sanctions=tuple(s for s in now.sanctions if s.id in ids),
        ending=tuple(s for s in now.ending if s.id in ids),
    )
