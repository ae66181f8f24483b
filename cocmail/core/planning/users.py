"""What a user of Mailman prefers for all of theirs outlasts what we do.

Mailman sets a user's own language as it makes an entry that is no membership. What they prefer is
written down before that, and given back after: nothing else would tell. Owns that. Called when all
that is put back is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cocmail.core.coverage import Facts, Reach
from cocmail.core.enforcement import Act, Place, Role, Row, Word
from cocmail.core.planning.sheet import Sheet

UNSET = "unset"
"""Marks a record of what a user prefers, all of which we may have unset to set the rest again."""


def settle(sheet: Sheet) -> None:
    site = sheet.site
    users, owed = site.observed.users, dict[str, tuple[Reach, Place]]()
    for reach in site.all:
        for place, facts in reach.records.items():
            if place.role is Role.USER and facts:
                owed.setdefault(str(facts["user"]), (reach, place))
    made = {
        users[step.address]: step
        for step in sheet.steps
        if step.act is Act.PUT_BACK and step.role is not Role.MEMBER and step.address in users
    }
    for user, step in made.items():
        serves = next(reach for reach in site.all if reach.id in step.sanctions)
        owed.setdefault(user, (serves, site.place(None, step.address, Role.USER)))
    for user, (reach, place) in owed.items():
        _settle(sheet, reach, place, user, makes=user in made)


def _settle(sheet: Sheet, reach: Reach, place: Place, user: str, *, makes: bool) -> None:
    facts, own = reach.records.get(place), sheet.site.observed.own
    if user not in own:  # whosever the address is by now
        sheet.unread[replace(place, user=user)] = None
        return
    now = own[user]
    if now is None:  # is gone
        if facts:
            sheet.note(reach, place, None)
        return
    wanted = _but_for_us(now, facts)
    if now != wanted:
        row = Row(list="", address=place.address, role=place.role, user=user, preferences=wanted)
        sheet.step(Act.PREFER, place, Word.MEMBER, Word.MEMBER, [reach], (row,))
    elif facts and not makes:
        sheet.note(reach, place, None)
        return
    owed = {"user": user, "preferences": dict(wanted), UNSET: now != wanted}
    if owed != {UNSET: False, **(facts or {})}:
        sheet.note(reach, place, owed)


def _but_for_us(now: Mapping[str, object], facts: Facts) -> Mapping[str, object]:
    """What a user prefers, whom Mailman set the language of: that is taken back by unsetting all
    and then setting the rest, and may be cut short between the two. What they unset themselves
    stays so."""
    was: Any = facts["preferences"] if facts else now
    name = "preferred_language"
    if name in now:
        language = {name: was[name]} if name in was else {}
        return {**{key: now[key] for key in now if key != name}, **language}
    return {**was, **now} if facts and facts.get(UNSET) else now
