"""What ended sanctions took is given back: as it was, if nobody changed it since.

Owns the ways back onto a roster, and when somebody else's change stands. Refuses to decide who is
taken off or held (planning.rosters).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from cocmail.core.coverage import Reach
from cocmail.core.enforcement import (
    HOLD,
    MADE,
    OUR_BAN,
    STILL_HELD,
    STILL_OFF,
    Act,
    Place,
    Role,
    Row,
    Word,
    made_ids,
    to_facts,
    word,
)
from cocmail.core.planning.bans import Bans
from cocmail.core.planning.base import base, held, is_held_still
from cocmail.core.planning.sheet import Sheet
from cocmail.core.planning.site import ids
from cocmail.core.proof import GONE_ADDRESS, ONE_OF_TWO, OTHER_BAN, THEIRS
from cocmail.core.sanctions import Measure

# Mailman sets these two by itself when it makes an owner or moderator.
_FRESH = ("preferred_language", "delivery_mode")


@dataclass(kw_only=True)
class Returns:
    sheet: Sheet
    bans: Bans

    def __post_init__(self) -> None:
        self.site = self.sheet.site

    def let_go(self, place: Place) -> None:
        """No sanction in force bears on this place; give back what ended ones took."""
        leaving = self.site.ended(place)
        if not leaving:
            return
        seen, was = self.site.seen(place), base(self.sheet, place)
        if self.is_kept(place, leaving):
            return
        if any(reach.took_off(place) for reach in leaving):
            if is_held_still(self.site, place, was):
                was = held(was)
            if self.is_to_return(place, was):
                self.put_back(place, was, leaving)
            elif was and place not in self.sheet.unread and _told(seen) != _told(was):
                self.sheet.texts[place] = ONE_OF_TWO if _within(seen, was) else THEIRS
        elif not seen:
            if was or any(reach.rows(place) for reach in leaving):
                self.sheet.texts[place] = THEIRS
        elif was:
            self._free(place, was, leaving)
        elif word(seen) is Word.HELD and place.role is Role.NONMEMBER:
            for reach in leaving:  # should a backup bring it back, it is known by that
                known = made_ids(reach.records[place])
                made = ids(seen) - known
                if made and not reach.rows(place):
                    self.sheet.note(reach, place, {MADE: sorted(made | known)})
            self.sheet.change(Act.TAKE_OFF, place, leaving, seen)

    def _free(self, place: Place, was: tuple[Row, ...], leaving: list[Reach]) -> None:
        seen, wanted = self.site.seen(place), {row.mode: row.action for row in was}
        target = tuple(
            replace(row, action=wanted.get(row.mode, row.action)) if row.action == HOLD else row
            for row in seen
        )
        if any(row.action not in (HOLD, wanted.get(row.mode)) for row in seen):
            self.sheet.texts[place] = THEIRS
        if target != seen:
            self.sheet.change(Act.MODERATE, place, leaving, target)

    def is_kept(self, place: Place, leaving: Collection[Reach]) -> bool:
        """Whether what the ended ones changed here had been changed before, by what goes on."""
        seen, records = self.site.seen(place), [reach.rows(place) for reach in leaving]
        if not seen:
            keepers = self.site.keepers(place)
            taken = [ids(r.rows(place)) for r in keepers if r.took_off(place)]
            kept = any(rows and ids(rows) in taken for rows in records)
        else:
            kept = (
                not any(reach.took_off(place) for reach in leaving)
                and word(seen) is Word.HELD
                and any(is_held_still(self.site, place, rows) for rows in records)
            )
        if kept:
            self.sheet.outlasted[place] = STILL_HELD if seen else STILL_OFF
        return kept

    def is_to_return(self, place: Place, was: tuple[Row, ...]) -> bool:
        return bool(was) and (not self.site.seen(place) or self._is_half_made(place, was))

    def put_back(self, place: Place, rows: tuple[Row, ...], serves: Collection[Reach]) -> None:
        seen, barred = self.site.seen(place), self.bans.over(place)
        if not seen and place.address not in self.site.observed.known:
            self.sheet.texts[place] = GONE_ADDRESS
        elif barred is None or seen:
            if not seen:
                rows = self._verified_now(place, rows, serves)
            self.sheet.change(Act.PUT_BACK, place, serves, rows)
        elif barred:
            self.sheet.outlasted[place] = OUR_BAN
            ended = self.site.ended(place)
            self.sheet.waiting.update((r.id, place.level) for r in serves if r in ended)
        else:
            self.sheet.texts[place] = OTHER_BAN

    def _verified_now(
        self, place: Place, rows: tuple[Row, ...], serves: Collection[Reach]
    ) -> tuple[Row, ...]:
        """Coming back verifies the address, which then is taken back: unless they verified it
        meanwhile. What counts is written down first, for afterwards nobody could tell."""
        verified = place.address not in self.site.observed.unverified
        if all(row.verified is verified for row in rows):
            return rows
        for reach in serves:
            now = tuple(replace(row, verified=verified) for row in reach.rows(place))
            if now:
                self.sheet.note(reach, place, to_facts(now))
        return tuple(replace(row, verified=verified) for row in rows)

    def _is_half_made(self, place: Place, was: tuple[Row, ...]) -> bool:
        """Whether what stands there is a return of ours that was cut short: it isn't what it
        should be, yet carries nothing of its own."""
        seen = self.site.seen(place)
        if any(row.preferences is None for row in seen):
            self.sheet.unread[place] = None
            return False
        bearing = self.site.bearing(place)
        moderated = any(reach.sanction.measure is Measure.MODERATE for reach in bearing)
        made = place.role is not Role.MEMBER
        wanted = {row.mode: row for row in was}
        for row in seen:
            goal = wanted.get(row.mode)
            if goal is None or not (
                row.action in (None, goal.action)
                or (moderated and row.action == HOLD)
                or (made and row.action == "accept")
            ):
                return False
            for name, value in (row.preferences or {}).items():
                same = (goal.preferences or {}).get(name) == value
                if not same and not (made and name in _FRESH):
                    return False
        twice = len({row.mode for row in seen}) < len(seen)
        # Mailman refuses the second of two entries of one address: the first has to do.
        unproven = any(row.verified and not wanted[row.mode].verified for row in seen)
        holds = any(reach.holds(place) for reach in self.site.in_force(place))
        return twice or unproven or not _within(seen, held(was) if holds else was)


def _within(seen: tuple[Row, ...], wanted: tuple[Row, ...]) -> bool:
    told = _told(wanted)
    return all(one in told for one in _told(seen))


def _told(rows: tuple[Row, ...]) -> list[tuple[object, ...]]:
    return sorted(
        (row.mode, row.action or "", sorted((row.preferences or {}).items())) for row in rows
    )
