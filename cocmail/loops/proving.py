"""What the book hears of a sweep: what stood before, what was read back, what is over.

Owns what is proved and when, with the owners who may be told; that nothing is proved which wasn't
read back, or whose lists nobody knows; and that what waits of somebody is discarded when they are
on no list. Refuses to plan and to change a list. Called by loops.enforcement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from cocmail.core.drift import NEWLY_COVERED, NOT_YET, PUT_RIGHT
from cocmail.core.enforcement import (
    Act,
    Observed,
    Place,
    Plan,
    ProofRow,
    Role,
    Standing,
    Step,
    ban_text,
    levels,
)
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address
from cocmail.core.sanctions import Before, Measure, Sanction
from cocmail.loops.undone import Undone, rows_of
from cocmail.ports import Book, Lists

Owners = Mapping[str, tuple[Address, ...]]


class Proving:
    def __init__(
        self, lists: Lists, book: Book, undone: Undone, groups: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._lists, self._book, self._undone, self._groups = lists, book, undone, groups
        self._looked: set[tuple[str, str, str]] = set()
        # Sanction, site and list where what waited was discarded, while it couldn't be everywhere.

    async def note(self, standing: Standing, planned: Plan) -> None:
        """What stands there, before it is changed."""
        sanctions = {s.id: s for s in (*standing.sanctions, *standing.ending)}
        for note in planned.notes:
            await self._book.note_before(sanctions[note.sanction], note.records)

    async def barred(self, standing: Standing, barred: Iterable[Step]) -> None:
        """Somebody was quicker: their ban isn't ours to remove."""
        sanctions = {s.id: s for s in standing.sanctions}
        for step in barred:
            if step.act is not Act.BAN or ban_text(step.address) not in step.bans:
                continue
            facts = {"exact": True, "pattern": False, "tags": False}
            record = Before(
                list=step.list, address=step.address, role=step.role, facts=facts, site=step.site
            )
            for name in step.sanctions:
                if name in sanctions:
                    await self._book.note_before(sanctions[name], (record,))

    async def settle(
        self, standing: Standing, now: Plan, observed: Observed, owners: Owners
    ) -> set[str]:
        """Prove what is read back as true, close what is put back. Those whose ban is new.
        ``owners``: of lists that were just asked for theirs."""
        fresh: set[str] = set()
        open_notes = {note.sanction for note in now.notes}
        asked = {one.site for one in observed.each()}
        for sanction in standing.sanctions:
            if sanction.measure is Measure.WARN or sanction.scope.lacks(self._groups):
                continue
            rows, covers = now.rows[sanction.id], now.covers[sanction.id]
            wrong = {step.place: step.now for step in now.steps_of(sanction.id)}
            new = _newly_true(sanction, rows, wrong)
            # Away: who they are there, and on which lists, is not known.
            if sanction.id in open_notes or observed.away:
                new = None
            if new is None:
                covers = tuple(a for a in covers if not sanction.is_to_prove(a))
            found = self._undone.of(sanction.id)
            undone = {
                place: one
                for place, one in found.items()
                # What never held there is told once it does.
                if place.site in asked and not (place in wrong and one.note == NEWLY_COVERED)
            }
            if new is None and not undone:
                continue
            told = (*rows_of(undone, rows, wrong), *(new or ()))
            if new is not None or self._undone.is_due(sanction.id, undone):
                owned = await self._owned(told, covers, owners, observed.away)
                await self._book.note_enforced(sanction, owned, covers)
                if undone:
                    self._undone.wrote(sanction.id, undone)
            if any(row.role == Role.BAN for row in told):
                fresh.add(sanction.id)
        # What one of a person's sanctions still has to write down, it takes from the ended ones.
        unwritten = {now.persons.get(name) for name in open_notes}
        for sanction in standing.ending:
            if now.persons.get(sanction.id) in unwritten:
                continue
            over = now.over.get(sanction.id, frozenset())
            left = levels(sanction.before) - over
            done = not now.steps_of(sanction.id) and {level.site for level in left} <= asked
            # Where nothing is over and nothing is to be done, all waits for another sanction.
            if not over and (standing.unread or not done):
                continue
            if found := self._undone.of(sanction.id):
                proved = tuple(a for a in sanction.addresses if not sanction.is_to_prove(a))
                await self._book.note_enforced(sanction, rows_of(found), proved)
                self._undone.wrote(sanction.id, found)
            rows = now.rows.get(sanction.id, ())
            await self._book.note_restored(sanction, rows, over, done=done)
        return fresh

    async def discard_waiting(
        self,
        standing: Standing,
        fresh: Collection[str],
        now: Plan,
        observed: Observed,
        *,
        known_lists: bool,
    ) -> list[Temporary | Permanent]:
        """What waits of those who are kept off, once they are, site by site: to look for it costs
        two calls a list, and first they have to be on none there. A site that is away has its
        turn when it is back, and a list that wasn't known when its site is asked for them anew.
        What went wrong holds up nobody else's."""
        errors: list[Temporary | Permanent] = []
        for sanction in standing.sanctions:
            if sanction.scope.lacks(self._groups):
                continue
            anew = sanction.id in fresh
            left = sanction.proved is None or not sanction.cleared
            if sanction.measure.keeps_off and (left or anew):
                if anew:
                    self._looked = {at for at in self._looked if at[0] != sanction.id}
                posts, failed = await self._discard(sanction, now, observed)
                errors += failed
                open_ = failed or observed.away or now.steps_of(sanction.id)
                done = not open_ and not known_lists
                if done:
                    self._looked = {at for at in self._looked if at[0] != sanction.id}
                if posts or (done and left):
                    await self._book.note_discarded(sanction, posts, done=done)
        return errors

    async def _discard(
        self, sanction: Sanction, now: Plan, observed: Observed
    ) -> tuple[Mapping[str, int], list[Temporary | Permanent]]:
        """How many posts of theirs, where it wasn't looked before."""
        covers = now.covers.get(sanction.id, sanction.addresses)
        open_at = {step.site for step in now.steps_of(sanction.id)}
        posts: dict[str, int] = {}
        errors: list[Temporary | Permanent] = []
        for one in observed.each():
            if one.site in open_at:
                continue
            names = [
                name
                for name in one.lists
                if sanction.scope.covers(name, self._groups)
                and (sanction.id, one.site, name) not in self._looked
            ]
            try:
                found = await self._lists.discard_waiting(names, covers, but=observed.away)
            except (Temporary, Permanent) as error:
                errors.append(error)
                continue
            for name, count in found.items():
                posts[name] = posts.get(name, 0) + count
            self._looked |= {(sanction.id, one.site, name) for name in names}
        return posts, errors

    async def tell_stuck(self, standing: Standing, done: Collection[Step], count: int) -> None:
        """So many posts of others got stuck in Mailman meanwhile."""
        names = {n for step in done if step.act is Act.TAKE_OFF for n in step.sanctions}
        theirs = [s for s in (*standing.sanctions, *standing.ending) if s.id in names]
        await self._book.note_shunted(theirs, count)

    async def _owned(
        self,
        rows: tuple[ProofRow, ...],
        covers: Collection[Address],
        owners: Owners,
        away: Collection[str],
    ) -> tuple[ProofRow, ...]:
        """With the owners of the lists where a member was touched, who may be told; and of those
        where somebody undid something, who may know of it."""
        touched = {
            row.list
            for row in rows
            if row.list and (_is_undone(row) or (row.role == Role.MEMBER and row.was != row.now))
        }
        if lacking := touched - owners.keys():
            owners = {**owners, **await self._lists.owners(sorted(lacking), but=away)}
        return tuple(
            replace(
                row,
                owners=tuple(o for o in owners[row.list] if o not in covers),
                own=bool({*owners[row.list]} & {*covers}),
            )
            if row.list in touched
            and row.list in owners
            and (_is_undone(row) or row.role == Role.MEMBER)
            else row
            for row in rows
        )


def _newly_true(
    sanction: Sanction, rows: Iterable[ProofRow], wrong: Collection[Place]
) -> tuple[ProofRow, ...] | None:
    """What was decided and not proved yet, as it was read back: perhaps nothing was to be
    changed for it. None: there is nothing of the kind, or it isn't true yet."""
    if not sanction.is_new or any(sanction.is_to_prove(place.address) for place in wrong):
        return None
    if sanction.proved is None:
        return tuple(rows)
    return tuple(
        replace(row, note=row.note or NEWLY_COVERED)
        for row in rows
        if sanction.is_to_prove(row.address)
    )


def _is_undone(row: ProofRow) -> bool:
    return row.note in (PUT_RIGHT, NOT_YET)
