"""Who may not stand on a roster, and who is held there; nobody else is kept from what was theirs.

Owns what each sanction in force does to a membership, a role or a post from outside, and what it
writes down before. Refuses to give back (planning.returning).
"""

from __future__ import annotations

from dataclasses import dataclass

from cocmail.core.coverage import Facts, Reach
from cocmail.core.enforcement import (
    HOLD,
    STILL_HELD,
    STILL_OFF,
    Act,
    Place,
    Role,
    Row,
    Word,
    to_facts,
    word,
)
from cocmail.core.planning.bans import Bans
from cocmail.core.planning.base import base, held, moderated_as
from cocmail.core.planning.returning import Returns
from cocmail.core.planning.sheet import Sheet
from cocmail.core.planning.site import ids
from cocmail.core.proof import CAME_BACK, LAST_OWNER
from cocmail.core.sanctions import Measure

STAYS = "stays"
"""Marks a record of what was left standing, for the list had no other owner."""


@dataclass(kw_only=True)
class Rosters:
    sheet: Sheet
    bans: Bans

    def __post_init__(self) -> None:
        self.site = self.sheet.site
        self.returns = Returns(sheet=self.sheet, bans=self.bans)

    def settle(self, place: Place) -> None:
        in_force = self.site.in_force(place)
        off = [reach for reach in in_force if reach.takes_off(place)]
        if taken := [reach for reach in off if self.site.has_taken(reach, place)]:
            off = [reach for reach in off if reach not in taken]
            if self.site.seen(place) and any(reach.records.get(place) for reach in taken):
                self.sheet.texts[place] = CAME_BACK
        hold = [reach for reach in in_force if reach.holds(place)]
        if off and place.role is Role.OWNER and self.site.is_last_owner(place):
            self.sheet.texts[place] = LAST_OWNER
            self._note_stays(place, off)
            off = []
        if off:
            self._take_off(place, off, hold)
        elif hold and place.role is Role.MEMBER:
            self._hold_member(place, hold)
        elif hold:
            self._hold_nonmember(place, hold)
        else:
            self.returns.let_go(place)

    def _note_stays(self, place: Place, off: list[Reach]) -> None:
        """When another owner comes, this role goes after all, and is to be given back."""
        seen = self.site.seen(place)
        for reach in off:
            if not _stayed(reach.records.get(place)) or ids(reach.rows(place)) != ids(seen):
                self.sheet.note(reach, place, {**(to_facts(seen) or {}), STAYS: True}, seen)

    def _take_off(self, place: Place, off: list[Reach], hold: list[Reach]) -> None:
        seen, bearing = self.site.seen(place), self.site.bearing(place)
        once = [reach for reach in off if reach.sanction.measure is Measure.REMOVE]
        for reach in bearing:
            # It stayed until now. Gone already, it was somebody else who took it.
            stayed = _stayed(reach.records.get(place))
            if stayed or (reach in once and seen and place not in reach.records):
                self.sheet.note(reach, place, to_facts(seen), seen)
        if once:
            # A removal also takes what an earlier suspension would have given back, even one that
            # covers this list no longer.
            for reach in bearing:
                if reach not in once and reach.records.get(place) is not None:
                    self.sheet.note(reach, place, None)
        elif (new := _new(place, [*off, *hold])) and (was := base(self.sheet, place)):
            for reach in new:
                self.sheet.note(reach, place, to_facts(was), was)
        if seen:
            self.sheet.change(Act.TAKE_OFF, place, off, seen)
        elif self.site.ended(place):
            self.sheet.outlasted[place] = STILL_OFF

    def _hold_member(self, place: Place, hold: list[Reach]) -> None:
        seen, was = self.site.seen(place), base(self.sheet, place)
        ended = self.site.ended(place)
        back = [reach for reach in ended if reach.took_off(place)]
        kept = self.returns.is_kept(place, back)
        if back and not kept and self.returns.is_to_return(place, was):
            for reach in hold:
                if place not in reach.records or (reach.id, place) in self.site.homes.moved:
                    self.sheet.note(reach, place, to_facts(was))
            self.returns.put_back(place, held(was), [*back, *hold])
            return
        if ended and not kept:
            self.sheet.outlasted[place] = STILL_HELD
        again = word(seen) is Word.MEMBER  # left and joined anew
        for reach in hold:
            old = reach.rows(place)
            if not seen:
                if old and not kept and not self._is_hidden(old):
                    # They left by themselves: when they come back they start anew.
                    self.sheet.note(reach, place, None)
            elif not old:
                self.sheet.note(reach, place, to_facts(was or seen))
            elif ids(old) != ids(seen) and not (back and again):
                anew = tuple(row for row in old if row.member_id in ids(seen))
                kept_as = moderated_as(anew if again else old, seen)
                self.sheet.note(reach, place, to_facts(kept_as))
        self._hold(place, hold)

    def _is_hidden(self, rows: tuple[Row, ...]) -> bool:
        """Whether the entry may stand though it isn't seen: it is a user's who lost the address
        by which we look."""
        users = self.site.observed.users
        return any(row.user and users.get(row.address) != row.user for row in rows)

    def _hold_nonmember(self, place: Place, hold: list[Reach]) -> None:
        if new := _new(place, hold):
            facts = to_facts(base(self.sheet, place))
            for reach in new:
                self.sheet.note(reach, place, facts)
        if self.site.ended(place) and self.site.seen(place):
            self.sheet.outlasted[place] = STILL_HELD
        # A banned address can't get a row, and needs none: its posts are discarded.
        if not self.site.seen(place) and place.list and self.bans.over(place) is None:
            row = Row(
                list=place.list,
                address=place.address,
                role=place.role,
                action=HOLD,
                preferences={},
                site=place.site,
            )
            self.sheet.change(Act.PUT_BACK, place, hold, (row,))
        self._hold(place, hold)

    def _hold(self, place: Place, hold: list[Reach]) -> None:
        seen = self.site.seen(place)
        if word(seen) is Word.MEMBER:
            self.sheet.change(Act.MODERATE, place, hold, held(seen))


def _stayed(facts: Facts) -> bool:
    return bool(facts and facts.get(STAYS))


def _new(place: Place, some: list[Reach]) -> list[Reach]:
    """Those that have no record of this place yet."""
    return [reach for reach in some if place not in reach.records]
