"""What sweeps put right on the lists and the book doesn't have yet.

Owns that memory: each place as it was found, how often, and when it is to be written down; for
somebody may undo a thing every second, and each event is read for ever. Refuses to know who hears
of it (core.drift does). Called by loops.enforcement and loops.proving.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cocmail.core.clock import over
from cocmail.core.drift import NEWLY_COVERED, NOT_YET, PUT_RIGHT
from cocmail.core.enforcement import Act, Place, ProofRow, Role, Step, Word, from_facts
from cocmail.core.people import Address
from cocmail.core.sanctions import Before, Sanction
from cocmail.ports import Clock

Held = tuple[str, str | None, Address, str]
"""As Before.at."""

_ADDING = (Act.BAN, Act.PUT_BACK)
_WRITE_EVERY = timedelta(minutes=10)
_WRITE_AT_ONCE = 2  # times of one place that are written down without waiting


@dataclass(frozen=True, kw_only=True)
class Found:
    """A place that differed from what was proved before."""

    step: Step
    note: str
    after: datetime | None  # when all was last seen as it should be
    times: int = 1


class Undone:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[str, dict[Place, Found]] = {}  # by sanction
        self._written: dict[str, datetime] = {}  # when the book last heard of a sanction's
        self._often: dict[tuple[str, Place], int] = {}  # and how often of each place

    def remember(
        self, sanctions: Iterable[Sanction], done: Iterable[Step], after: datetime | None
    ) -> int:
        """What was put right, and in how many places. A step that failed counts when it is
        done; nobody undid what shows only because another sanction is over."""
        count, done, sanctions = 0, tuple(done), tuple(sanctions)
        in_force = {sanction.id for sanction in sanctions}
        freed = {(step.site, step.address.untagged) for step in done if step.act is Act.UNBAN}
        for sanction in sanctions:
            if sanction.proved is None:
                continue
            recorded = {b.at: b for b in sanction.before}
            seen = {b.address for b in sanction.before}
            known = {sanction.address, *sanction.addresses}
            places = self._found.setdefault(sanction.id, {})
            for step in done:
                ours = step.former or step.act is Act.PREFER  # spelt anew, or set by Mailman for us
                if sanction.id not in step.sanctions or ours:
                    continue
                if sanction.is_to_prove(step.address):
                    continue
                at = (step.site, step.list, step.address, step.role)
                adds = (step.act in _ADDING or step.address not in seen) and at not in recorded
                held_by = max(sanction.proved, after or sanction.proved)
                adds = adds or _is_new(sanction, step, recorded, held_by)
                note = NEWLY_COVERED if adds or step.address not in known else PUT_RIGHT
                shows = not in_force.issuperset(step.sanctions)
                if note == PUT_RIGHT and (shows or (step.site, step.address.untagged) in freed):
                    continue
                old = places.get(step.place)
                places[step.place] = (
                    replace(old, times=old.times + (old.note == PUT_RIGHT))
                    if old
                    else Found(step=step, note=note, after=after)
                )
                count += note == PUT_RIGHT
        return count

    def of(self, sanction: str) -> Mapping[Place, Found]:
        return self._found.get(sanction, {})

    def is_due(self, sanction: str, places: Collection[Place]) -> bool:
        """The first times of each place at once; then together, for it may go on for months."""
        written = self._written.get(sanction)
        return (
            written is None
            or over(written, _WRITE_EVERY, self._clock.now())
            or any(self._often.get((sanction, p), 0) < _WRITE_AT_ONCE for p in places)
        )

    def wrote(self, sanction: str, places: Collection[Place]) -> None:
        """What is on a site that is away is written when that is back."""
        self._written[sanction] = self._clock.now()
        for place in tuple(places):
            del self._found[sanction][place]
            self._often[sanction, place] = self._often.get((sanction, place), 0) + 1


def _is_new(
    sanction: Sanction, step: Step, recorded: Mapping[Held, Before], held_by: datetime
) -> bool:
    """Whether what stands there is theirs by right: the sanction hasn't borne on that list before,
    or that site; or they came onto a list, held by a sanction that lets them. ``held_by``: when
    all was as it should be. What was noted since then was begun and, for all we know, never held,
    for Mailman may refuse."""
    known = {at: b for at, b in recorded.items() if b.noted is None or b.noted <= held_by}
    keeps_off = sanction.measure.keeps_off
    level = None if keeps_off and sanction.scope.everything else step.list
    role = Role.BAN if keeps_off else Role.NONMEMBER
    if step.role is not Role.BAN and (step.site, level, step.address, role) not in known:
        return True
    here = (step.site, step.list, step.address, step.role)
    if step.act is Act.BAN:
        return here not in known
    if step.act is not Act.MODERATE or step.role is not Role.MEMBER:
        return False
    before = known.get(here)
    was = from_facts(step.place, before.facts if before else None)
    return not {row.member_id for row in was} & {row.member_id for row in step.rows}


def rows_of(
    found: Mapping[Place, Found],
    rows: Iterable[ProofRow] = (),
    wrong: Mapping[Place, Word] | None = None,
) -> tuple[ProofRow, ...]:
    """As a proof tells it. ``rows``: how the places stand now; ``wrong``: what still isn't as it
    should be, as it was read back."""
    by_place = {
        Place(list=r.list, address=r.address, role=Role(r.role), site=r.site): r.now for r in rows
    }
    wrong = wrong or {}
    return tuple(
        ProofRow(
            list=place.list,
            address=place.address,
            role=place.role,
            was=one.step.now,
            now=wrong.get(place) or by_place.get(place, one.step.then),
            note=NOT_YET if place in wrong else one.note,
            site=place.site,
            times=one.times,
            after=one.after,
        )
        for place, one in found.items()
    )
