"""What would stand in a place but for us: what is given back there, and what a sanction that comes
later writes down.

Owns what of it is still theirs: a list that was made again, an address that Mailman forgot, and
what somebody changed on a list that is covered no longer, start anew. Refuses to give it back.
"""

from __future__ import annotations

from dataclasses import replace

from cocmail.core.coverage import Reach
from cocmail.core.enforcement import HOLD, Place, Role, Row, Word, made_ids, word
from cocmail.core.planning.sheet import Sheet
from cocmail.core.planning.site import Site, ids
from cocmail.core.proof import LEFT_SINCE, NEW_LIST


def base(sheet: Sheet, place: Place) -> tuple[Row, ...]:
    site, seen = sheet.site, sheet.site.seen(place)
    recorded, keepers = site.recorded(place), site.keepers(place)
    recorded = [reach for reach in recorded if reach not in keepers] or recorded
    whole = [reach for reach in recorded if reach.took_off(place)]
    if whole:
        anew = _is_anew(sheet, place, whole[0])
        if whole[0] in keepers and (seen or anew):
            return seen
        return () if anew else whole[0].rows(place)
    if any(reach.touched(place) and reach.covers(place) for reach in site.bearing(place)):
        return ()
    if not recorded:
        return seen
    first = recorded[0]
    if first in keepers and _is_theirs(place, seen, first):
        return seen
    if place.role is Role.NONMEMBER:
        return () if _is_anew(sheet, place, first) else first.rows(place)
    return moderated_as(first.rows(place), seen)


def held(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(replace(row, action=HOLD) for row in rows)


def moderated_as(recorded: tuple[Row, ...], seen: tuple[Row, ...]) -> tuple[Row, ...]:
    """What stands there, with the moderation that stood there before us. A `moderate` touches
    nothing else, so all else is theirs to change; what they took away is gone."""
    actions = {row.mode: row.action for row in recorded}
    return tuple(replace(row, action=actions.get(row.mode, row.action)) for row in seen)


def is_held_still(site: Site, place: Place, rows: tuple[Row, ...]) -> bool:
    """Whether just that is held here by what covers the list no longer."""
    kept = [_actions(r.rows(place)) for r in site.keepers(place) if not r.took_off(place)]
    return _actions(rows) in kept


def _actions(rows: tuple[Row, ...]) -> set[tuple[str, str | None]]:
    return {(row.member_id, row.action) for row in rows}


def _is_theirs(place: Place, seen: tuple[Row, ...], keeper: Reach) -> bool:
    """Whether somebody has changed by now what was held here, on a list not covered since."""
    if word(seen) is Word.MEMBER:
        return True
    old = ids(keeper.rows(place)) | made_ids(keeper.records[place])
    return place.role is Role.MEMBER and not ids(seen) <= old


def _is_anew(sheet: Sheet, place: Place, reach: Reach) -> bool:
    """Whether entries were recorded, and the list was made after that: it is another one, of
    the same name. Or the address is: who left Mailman left the list."""
    rows, lists = reach.rows(place), sheet.site.observed.made
    if _came_back(sheet.site, rows):
        sheet.outlasted[place] = LEFT_SINCE
        return True
    noted = reach.noted.get(place)
    if noted is None or place.list is None or not rows:
        return False
    if place.list not in lists:
        sheet.unread[place] = None
        return False
    made = lists[place.list]
    if made is None or made <= noted:
        return False
    sheet.outlasted[place] = NEW_LIST
    return True


def _came_back(site: Site, rows: tuple[Row, ...]) -> bool:
    """Whether Mailman forgot their address since, and knows it anew."""
    now = site.observed.registered
    return bool(rows) and all(
        row.mode == "as_address" and row.since and now.get(row.address, row.since) > row.since
        for row in rows
    )
