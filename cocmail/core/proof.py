"""What enforcement tells people: the rows of a proof, the warnings of a plan.

Owns their words. Refuses to decide anything. Called by core.plan, which is called for the proof
with what was read back, and by its rooms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cocmail.core.coverage import Facts, Reach
from cocmail.core.enforcement import (
    STILL_OFF,
    Observed,
    Place,
    ProofRow,
    Role,
    Row,
    Word,
    from_facts,
    made_ids,
    word,
)
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure
from cocmail.core.sites import section

ROLE_STAYS = "this role stays"
BAN_STANDS = "banned already, before this"
"""By whomever: another case's sanction isn't told of."""

THEIRS = "somebody changed this meanwhile; theirs stands"
GONE_LIST = "this list no longer exists"
NEW_LIST = "this list was deleted and made again; nothing of the old one was put back"
GONE_SITE = "its server was shut down; nothing was put back"
GONE_ADDRESS = "Mailman no longer knows this address; nothing was put back"
LEFT_SINCE = "they left Mailman meanwhile, and came back; nothing was put back"
ONE_OF_TWO = "they were on this list twice; Mailman takes one entry back"
OTHER_BAN = "a ban that isn't ours keeps them off; nothing was put back"
BAN_STAYS = "this ban was there before; it stays"
PATTERN_STAYS = "a pattern that isn't ours still bans this address"
CAME_BACK = "they subscribed again since"
LAST_OWNER = "the list would be left without an owner; the role stays"

UNREAD = (
    "a sanction can't be read: what it decided stays as it is on the lists, and nothing is given"
    " back to anybody; `cocmail ledger verify` tells what is broken"
)
"""What to say while one can't: it may bear on anybody."""

_ROLES = (Role.OWNER, Role.MODERATOR)


def proof_rows(
    reach: Reach,
    rows: Mapping[Place, tuple[Row, ...]],
    observed: Observed,
    texts: Mapping[Place, str],
    goes: Collection[Place] = (),
    *,
    ended: bool,
) -> tuple[ProofRow, ...]:
    """A row for each place that the sanction has a record of, and for each role that it left. What
    was there is as this sanction found it: its record also holds what others of ours had changed
    before. ``goes``: what the plan takes off yet."""
    found: list[ProofRow] = []

    def add(place: Place, was: str, now: Word, note: str, first: str = "") -> None:
        found.append(
            ProofRow(
                list=place.list,
                address=place.address,
                role=place.role,
                was=was,
                now=now,
                note=texts.get(place, note),
                site=place.site,
                first=first,
            )
        )

    for place in sorted(reach.records, key=_place_order):
        facts = reach.records[place]
        if place.role is Role.USER:
            continue
        now = stands(place, rows, observed)
        base = word(from_facts(place, facts))
        if place.role is Role.BAN:
            base = Word.BANNED if facts else Word.ABSENT
        before = reach.seen.get(place) or base
        if ended:
            if not _is_told(place, facts, base, now, texts.get(place, "")):
                continue
            add(place, _made(reach, place, now, texts.get(place, "")), now, "", before)
            continue
        gone = now is Word.ABSENT or reach.sanction.measure is Measure.REMOVE
        on_roster = place.role not in (Role.BAN, Role.NONMEMBER)
        if on_roster and gone and Word.ABSENT in (base, before):
            continue
        add(place, before, now, BAN_STANDS if before == now == Word.BANNED else "")
    if not ended:
        for place in sorted(rows, key=_place_order):
            stays = place not in reach.records and place not in goes
            if place.role in _ROLES and reach.covers(place) and stays:
                add(place, word(rows[place]), word(rows[place]), ROLE_STAYS)
    return tuple(found)


def stands(place: Place, rows: Mapping[Place, tuple[Row, ...]], observed: Observed) -> Word:
    """How a place is told to people, as it is observed."""
    if place.role is not Role.BAN:
        return word(rows.get(place, ()))
    levels = {(None, place.address), (place.list, place.address)}
    banned = any(
        (ban.exact or ban.pattern) and (ban.list, ban.address) in levels for ban in observed.bans
    )
    return Word.BANNED if banned else Word.ABSENT


def _is_told(place: Place, facts: Facts, base: Word, now: Word, note: str) -> bool:
    """Whether the end has to do with a place. Who was banned was never held as a nonmember: no
    entry of ours is known there."""
    if place.role is Role.BAN or base is not Word.ABSENT or now is not Word.ABSENT:
        return True
    return place.role is Role.NONMEMBER and bool(note or made_ids(facts))


def _made(reach: Reach, place: Place, now: Word, note: str) -> Word:
    """What the sanction had made of a place while it was in force, or what another keeps it at."""
    if place.role is Role.BAN:
        return Word.BANNED
    if note == STILL_OFF:
        return now
    return Word.ABSENT if reach.took_off(place) else Word.HELD


def _place_order(place: Place) -> tuple[str, bool, str, str]:
    return (place.address, place.list is not None, place.list or "", place.role)


def untold(observed: Observed) -> Iterable[str]:
    """What an observation leaves open, for whoever reads a plan made of it."""
    for site in sorted(observed.away):
        yield f"{section(site)} can't be asked just now: what stands on its lists isn't told here"


def warnings(
    force: Iterable[Reach],
    observed: Observed,
    groups: Mapping[str, tuple[str, ...]],
    texts: Mapping[Place, str],
    *,
    over: Iterable[Reach] = (),
    of: str | None = None,
) -> tuple[str, ...]:
    """What the committee should know before it decides. For people: they hold addresses.
    ``over``: what ended, and isn't undone yet."""
    said = dict.fromkeys(untold(observed))
    every = tuple(force)
    records = [
        (place, facts) for reach in (*every, *over) for place, facts in reach.records.items()
    ]
    ours = {place for place, facts in records if place.role is Role.BAN and facts is None}
    taken = {place.address for place, facts in records if facts is not None}
    for reach in every:
        if of is None or reach.id == of:
            said |= dict.fromkeys(_warnings(reach, observed, groups, texts, ours, taken))
    return tuple(said)


def role_words(address: Address, role: str, name: str, note: str) -> str:
    """What becomes of a role of theirs, in a sentence. ``note``: why it stays, if it does."""
    article = "an owner" if role == Role.OWNER else "a moderator"
    if note == ROLE_STAYS:
        return f"{address} is {article} of {name}; this role stays"
    if note:
        return f"{address} is {article} of {name}: {note}"
    return f"{address} is {article} of {name}, and will be no longer"


def _warnings(
    reach: Reach,
    observed: Observed,
    groups: Mapping[str, tuple[str, ...]],
    texts: Mapping[Place, str],
    ours: Collection[Place],
    taken: Collection[Address],
) -> Iterable[str]:
    """``ours``: the bans that we made; ``taken``: addresses that we took off some list."""
    sanction = reach.sanction
    named: set[str] = set(sanction.scope.lists)
    for group in sanction.scope.groups:
        if group not in groups:
            yield f"there is no group of lists named {group}"
        named.update(groups.get(group, ()))
    for name in sorted(named - set(observed.lists)):
        if not observed.away:
            yield f"there is no list {name}"
    if len(reach.addresses) > 1:
        yield f"this person has {len(reach.addresses)} addresses: {', '.join(reach.addresses)}"
    mine: set[Address] = set(reach.addresses)
    here = [row for row in observed.rows if row.address in mine]
    somewhere = any(row.role is not Role.NONMEMBER for row in here) or mine & {*taken}
    if not somewhere and not reach.records and not observed.away:
        yield f"{sanction.address} was found on no list"
    for address in sorted(mine):
        if address.untagged not in mine:
            yield f"{address.untagged}, the address without its tag, is not covered"
    for row in sorted(here, key=lambda row: (row.list, row.address, row.role)):
        if row.role not in _ROLES or row.list not in reach.lists:
            continue
        stays = texts.get(row.place, "") if sanction.including_roles else ROLE_STAYS
        yield role_words(row.address, row.role, row.list, stays)
        if row.role is Role.OWNER and not set(observed.owners.get(row.list, ())) - mine:
            yield f"{row.list} has no other owner"
    if sanction.measure is Measure.MODERATE:
        bare = {name for one in observed.each() if not one.rosters for name in one.lists}
        for name in sorted(bare & reach.lists):
            yield f"mail to {name} can't be held, and still arrives"
    if sanction.measure.keeps_off and not reach.records:
        for ban in sorted(observed.bans, key=lambda ban: (ban.list or "", ban.address)):
            at = Place(list=ban.list, address=ban.address, role=Role.BAN, site=ban.site)
            if at in ours:
                continue
            if ban.address in mine and (ban.list is None or ban.list in reach.lists):
                where = f"on {ban.list}" if ban.list else "from every list"
                if ban.site and not ban.list:
                    where += f" of {section(ban.site)}"
                yield (
                    f"{ban.address} is banned {where} already; how long that ban stays doesn't"
                    " depend on this"
                )
