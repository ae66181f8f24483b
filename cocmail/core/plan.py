"""Sanctions in force plus what stands on the lists gives the steps from here to there.

Owns how sanctions compose and how they come off: what should stand in each place is what stood
there before any of ours (the open records, else what is observed now), overlaid with the
strictest measure in force. A converged state plans nothing, so any step may be repeated, and a
crash between any two is cured by planning again. Refuses to know how a step is carried out, when,
and who decided what. Called by loops.enforcement and, for ballots and the command line, through
plan_for.

What is written down before a change (`Plan.notes`) carries the undo. Every sanction in force
holds its own copy of the record of each place it covers, so that any of them may end first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cocmail.core.coverage import Facts, Reach, beside, persons, reaches
from cocmail.core.enforcement import (
    HOLD,
    MADE,
    OUR_BAN,
    STILL_HELD,
    STILL_OFF,
    Act,
    Ban,
    Level,
    Note,
    Observed,
    Place,
    Plan,
    ProofRow,
    Role,
    Row,
    Standing,
    Step,
    Word,
    ban_text,
    former_texts,
    from_facts,
    levels,
    made_ids,
    tags_text,
    to_facts,
    word,
)
from cocmail.core.homes import Homes
from cocmail.core.people import Address, Private
from cocmail.core.proof import proof_rows, warnings
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State

Groups = Mapping[str, tuple[str, ...]]

_ROSTERS = (Role.MEMBER, Role.NONMEMBER, Role.OWNER, Role.MODERATOR)
# Bans before removals (nobody slips back in between); a wide ban leaves before a narrow one comes
# (Mailman refuses the narrow one while the wide one stands); roles and memberships come back when
# no ban of ours is in their way.
_ORDER = (Act.UNBAN, Act.BAN, Act.TAKE_OFF, Act.MODERATE, Act.PUT_BACK, Act.PREFER)

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

STAYS = "stays"
"""Marks a record of what was left standing, for the list had no other owner."""

UNSET = "unset"
"""Marks a record of what a user prefers, all of which we may have unset to set the rest again."""

UNREAD = (
    "a sanction can't be read: what it decided stays as it is on the lists, and nothing is given"
    " back to anybody; `cocmail ledger verify` tells what is broken"
)
"""What to say while one can't: it may bear on anybody."""

DRAFT = "(preview)"
"""The id of a sanction that nobody decided yet."""


def plan(standing: Standing, groups: Groups, observed: Observed) -> Plan:
    """The steps, records and proof for all that stands."""
    return _whole(standing, groups, observed)


def plan_for(
    measure: Measure,
    addresses: Collection[Address],
    scope: Scope,
    groups: Groups,
    observed: Observed,
    standing: Standing,
    *,
    including_roles: bool = False,
) -> Plan:
    """What a sanction that nobody decided yet would change, on top of what is in force."""
    named = tuple(addresses)
    draft = Sanction(
        id=DRAFT,
        case="",
        measure=measure,
        address=named[0],
        addresses=named,
        scope=scope,
        reason=Private(""),
        state=State.PROPOSED,
        start=None,
        until=None,
        including_roles=including_roles,
    )
    with_it = replace(standing, sanctions=(*standing.sanctions, draft))
    whole = _whole(with_it, groups, observed, of=draft.id)
    return replace(whole, steps=whole.steps_of(draft.id))


def _whole(
    standing: Standing, groups: Groups, observed: Observed, *, of: str | None = None
) -> Plan:
    """Each site by itself, for nothing that stands on one tells of another. What isn't asked
    isn't planned, and what ended isn't over while it has records there."""
    planners = [_plan(standing, groups, one) for one in observed.each()]
    plans = [planner.plan() for planner in planners]
    texts = {place: text for planner in planners for place, text in planner.texts.items()}
    force = reaches(standing.sanctions, groups, observed)
    over = reaches(standing.ending, groups, observed)
    every = (*force, *over)
    keys = persons(every)
    once = {s.id for s in standing.sanctions if s.measure is Measure.REMOVE}
    notes: dict[str, tuple[Before, ...]] = {}
    rows: dict[str, tuple[ProofRow, ...]] = {}
    for one in plans:
        for note in one.notes:
            notes[note.sanction] = (*notes.get(note.sanction, ()), *note.records)
        for name, some in one.rows.items():
            rows[name] = (*rows.get(name, ()), *some)
    return Plan(
        steps=tuple(sorted((step for one in plans for step in one.steps), key=_order)),
        warnings=(
            *warnings(force, observed, groups, texts, over=over, of=of),
            *((UNREAD,) if standing.unread else ()),
        ),
        notes=tuple(
            Note(sanction=name, records=notes[name])
            # A removal has begun when what it takes from others is written down.
            for name in sorted(notes, key=lambda name: name in once)
        ),
        unread=tuple(place for one in plans for place in one.unread),
        rows=rows,
        covers={reach.id: reach.addresses for reach in force},
        beside=beside(force, observed),
        over=_over(standing.ending, plans),
        persons={reach.id: keys[reach.addresses[0]] for reach in every},
    )


def _over(ending: Iterable[Sanction], plans: Iterable[Plan]) -> dict[str, frozenset[Level]]:
    """A site that isn't asked tells nothing of what it still has to give back."""
    found = {
        sanction.id: levels(sanction.before)
        for sanction in ending
        if sanction.measure is Measure.REMOVE  # it takes once and gives nothing back
    }
    for one in plans:
        for name, some in one.over.items():
            found[name] = found.get(name, frozenset()) | some
    return found


def _plan(standing: Standing, groups: Groups, observed: Observed) -> _Planner:
    planner = _Planner(
        force=reaches(standing.sanctions, groups, observed),
        ending=tuple(
            reach
            for reach in reaches(standing.ending, groups, observed)
            if reach.sanction.measure is not Measure.REMOVE
        ),
        roles=_by_address(reaches(_of_roles(standing), groups, observed)),
        observed=observed,
        groups=groups,
        gives_back=not standing.unread,
    )
    planner.work()
    return planner


@dataclass(kw_only=True)
class _Planner:
    """One planning; thrown away afterwards."""

    force: tuple[Reach, ...]
    ending: tuple[Reach, ...]
    roles: Mapping[Address, tuple[Reach, ...]]  # of all in force, those that take roles
    observed: Observed
    groups: Groups
    gives_back: bool
    steps: list[Step] = field(default_factory=list)
    notes: dict[str, dict[Place, Facts]] = field(default_factory=dict)
    unread: dict[Place, None] = field(default_factory=dict)
    texts: dict[Place, str] = field(default_factory=dict)
    outlasted: dict[Place, str] = field(default_factory=dict)  # told for ended sanctions alone
    waiting: set[tuple[str, Level]] = field(default_factory=set)  # of ended sanctions
    banned: dict[tuple[str | None, Address], bool] = field(default_factory=dict)  # True: by ours
    freed: set[tuple[str | None, Address]] = field(default_factory=set)  # whose tags may come back
    left: set[tuple[str | None, Address]] = field(default_factory=set)  # banned by _keepers

    def __post_init__(self) -> None:
        self.all = (*self.force, *self.ending)
        self.persons = persons(self.all)
        self.homes = Homes(observed=self.observed, reaches=self.all)
        self.force = tuple(map(self.homes.of, self.force))
        self.ending = tuple(map(self.homes.of, self.ending))
        self.all = (*self.force, *self.ending)
        self.in_force, self.over = _by_address(self.force), _by_address(self.ending)
        self.people = {*self.persons, *(p.address for reach in self.all for p in reach.records)}
        self.rows: dict[Place, tuple[Row, ...]] = {}
        for row in sorted(self.observed.rows, key=lambda row: row.mode):
            self.rows[row.place] = (*self.rows.get(row.place, ()), row)
        self.bans = {(ban.list, ban.address): ban for ban in self.observed.bans}

    def plan(self) -> Plan:
        return Plan(
            steps=tuple(self.steps),
            notes=tuple(
                Note(
                    sanction=sanction,
                    records=tuple(
                        Before(
                            list=p.list, address=p.address, role=p.role, facts=facts, site=p.site
                        )
                        for p, facts in records.items()
                    ),
                )
                for sanction, records in self.notes.items()
            ),
            unread=tuple(self.unread),
            rows={
                reach.id: proof_rows(
                    reach,
                    self.rows,
                    self.observed,
                    self.texts,
                    ended=False,
                )
                for reach in self.force
            }
            | {
                reach.id: proof_rows(
                    reach,
                    self.rows,
                    self.observed,
                    self.homes.texts | self.texts | self.outlasted,
                    ended=True,
                )
                for reach in self.ending
            },
            over={reach.id: self._given_back(reach) for reach in self.ending},
        )

    def _given_back(self, reach: Reach) -> frozenset[Level]:
        """Together on a list, for an entry may stand at another address there by now."""
        if not self.gives_back:
            return frozenset()
        left = {step.level for step in self.steps if reach.id in step.sanctions}
        left |= {place.level for place in self.notes.get(reach.id, ())}
        left |= {level for name, level in self.waiting if name == reach.id}
        here = (b for b in reach.sanction.before if b.site == self.observed.site)
        return levels(here) - left

    def work(self) -> None:
        places: dict[Place, None] = {}
        for reach in self.all:
            places |= dict.fromkeys(reach.records)
        if self.observed.retired:
            self.texts |= dict.fromkeys(places, GONE_SITE)
            return
        for reach in self.force:
            places |= dict.fromkeys(self._bearing(reach))
            if reach.sanction.measure is Measure.REMOVE and self.observed.rosters:
                self._begin(reach)
        for ban in self.observed.bans:  # also where none of ours bans: theirs may bar a return
            if ban.list is not None and ban.address in self.people:
                places[self._place(ban.list, ban.address, Role.BAN)] = None
        for address in sorted(self.people, key=_tagged):
            self._ban(self._place(None, address, Role.BAN))
        for place in sorted(places, key=lambda place: _tagged(place.address)):
            if place.role is Role.BAN and place.list is not None:
                if place.list in self.observed.lists:
                    self._ban(place)
                else:
                    self.texts[place] = GONE_LIST
        for place in places:
            if place.role in (Role.BAN, Role.USER):
                continue
            if place.list not in self.observed.lists:
                self.texts[place] = GONE_LIST
            else:
                self._roster(place)
        self._users()

    def _begin(self, reach: Reach) -> None:
        """A removal takes what it finds, once: whose entries were looked at is written down; list
        by list while a group of its scope isn't known, for what it holds was not looked at yet."""
        lacks = reach.sanction.scope.lacks(self.groups)
        for address in reach.addresses:
            for name in sorted(reach.lists) if lacks else (None,):
                begun = self._place(name, address, Role.MEMBER)
                if begun not in reach.records:
                    self._note(reach, begun, None)

    def _bearing(self, reach: Reach) -> Iterator[Place]:
        """Where it may have something to do, besides the places that it has records of: a place
        where nobody stands has to be looked at only if something is to be put there."""
        always = [] if reach.everywhere else [Role.BAN]
        if reach.sanction.measure is Measure.MODERATE and self.observed.rosters:
            always.append(Role.NONMEMBER)
        if always:
            for address in reach.addresses:
                for name in sorted(reach.lists):
                    for role in always:
                        yield self._place(name, address, role)
        found = (p for p in self.rows if p.address in reach.addresses and p.list in reach.lists)
        yield from sorted(found, key=lambda p: (p.address, p.list, _ROSTERS.index(p.role)))

    def _force(self, place: Place) -> tuple[Reach, ...]:
        """Those in force that may bear on this place: the others are about somebody else."""
        return self.in_force.get(place.address, ())

    def _ending(self, place: Place) -> tuple[Reach, ...]:
        return self.over.get(place.address, ())

    def _keepers(self, place: Place) -> tuple[Reach, ...]:
        """Those in force that once changed something here, and cover this list no longer: till
        they end it stays as it is, and what else somebody makes of it is theirs."""
        return tuple(
            reach
            for reach in self._force(place)
            if place in reach.records
            and not reach.covers(place)
            and reach.sanction.measure is not Measure.REMOVE
        )

    def _all(self, place: Place) -> tuple[Reach, ...]:
        return (*self._force(place), *self._ending(place))

    def _place(self, name: str | None, address: Address, role: Role) -> Place:
        return Place(list=name, address=address, role=role, site=self.observed.site)

    # -- bans ----------------------------------------------------------------------------------

    def _ban(self, place: Place) -> None:
        claims = [
            reach
            for reach in self._force(place)
            if reach.keeps_off and reach.covers(place) and reach.everywhere is (place.list is None)
        ]
        ban = self.bans.get((place.list, place.address)) or Ban(
            list=place.list, address=place.address
        )
        recorded = [reach.records[place] for reach in self._all(place) if place in reach.records]
        ours = None in recorded
        former = ban.former if ours else ()
        if not ours and any(text in ban.former for text in former_texts(place.address)[:1]):
            ban = replace(ban, pattern=True)
        base: Facts = None
        tags_theirs = bool(ban.exact and ban.tags)  # by somebody who bans as we do
        if recorded:
            tags_theirs = not ours and any(facts and facts.get("tags") for facts in recorded)
        if not ours and (ban.exact or ban.pattern):
            base = {"exact": bool(ban.exact), "pattern": ban.pattern, "tags": tags_theirs}
        effective = bool(ban.exact or ban.pattern)
        wider = self._wider(place)
        bare, tags = ban_text(place.address), tags_text(place.address)
        missing = []
        if not effective and wider is None:
            missing.append(bare)
        above = self.bans.get((None, place.address)) if wider is False else None
        stay = above is not None and above.tags and (None, place.address) not in self.freed
        tagged = ban.tags or tags_theirs or wider or stay
        if not tagged:
            missing.append(tags)
        if claims and (missing or former):
            now = Word.BANNED if effective or wider is not None or former else Word.ABSENT
            self._step(Act.BAN, place, now, Word.BANNED, claims, bans=missing, former=former)
        for reach in claims:
            if place not in reach.records or (
                base is None and not effective and reach.records[place] is not None
            ):
                self._note(reach, place, base)
        leaving = [reach for reach in self._ending(place) if place in reach.records]
        kept = not claims and any(r.records[place] is None for r in self._keepers(place))
        stays = bool(ours and ban.exact and (kept or (leaving and not self.gives_back)))
        if claims or stays or ban.pattern or (ban.exact and not (ours and leaving)):
            self.banned[place.list, place.address] = bool(claims or (stays and ban.tags))
        if kept and ban.exact:
            self.left.add((place.list, place.address))
        if claims or kept or not leaving:
            return
        leftover = [bare] * bool(ours and ban.exact) + [tags] * bool(ban.tags and not tags_theirs)
        leftover += former
        if tags in leftover and self.gives_back:
            self.freed.add((place.list, place.address))
        if leftover:
            others = ban.pattern or wider is not None or (ban.exact and not ours)
            then = Word.BANNED if others else Word.ABSENT
            now = Word.BANNED if bare in leftover or former or others else Word.ABSENT
            self._step(Act.UNBAN, place, now, then, leaving, bans=leftover)
        if ban.pattern and not (ours and ban.exact):
            self.texts[place] = PATTERN_STAYS
        elif ban.exact and not ours:
            self.texts[place] = BAN_STAYS

    def _wider(self, place: Place) -> bool | None:
        """Whether what bans more than this place bans it too: True by ours, False by others', or
        None. A ban of ours takes in every plus-tag."""
        levels = (None,) if place.list is None else (None, place.list)
        bare = place.address.untagged
        if bare != place.address and any(self.banned.get((level, bare)) for level in levels):
            return True
        return None if place.list is None else self.banned.get((None, place.address))

    def _ban_over(self, place: Place) -> bool | None:
        """Whether a ban bars this place when all steps are done: by ours, by others', or None."""
        found = []
        for level in (None, place.list):
            for address in dict.fromkeys((place.address, place.address.untagged)):
                by_ours = self.banned.get((level, address))
                ban = self.bans.get((level, address))
                tagged = ban is not None and ban.tags and (level, address) not in self.freed
                tags = address == place.address or by_ours or tagged
                if by_ours is not None and tags:
                    found.append(by_ours or (level, address) in self.left)
        return any(found) if found else None

    # -- rosters -------------------------------------------------------------------------------

    def _roster(self, place: Place) -> None:
        off = [r for r in self._force(place) if r.takes_off(place)]
        if taken := [reach for reach in off if self._has_taken(reach, place)]:
            off = [reach for reach in off if reach not in taken]
            if place in self.rows and any(reach.records.get(place) for reach in taken):
                self.texts[place] = CAME_BACK
        hold = [reach for reach in self._force(place) if reach.holds(place)]
        if off and place.role is Role.OWNER and self._last_owner(place):
            self.texts[place] = LAST_OWNER
            self._note_stays(place, off)
            off = []
        if off:
            self._take_off(place, off, hold)
        elif hold and place.role is Role.MEMBER:
            self._hold_member(place, hold)
        elif hold:
            self._hold_nonmember(place, hold)
        else:
            self._let_go(place)

    def _has_taken(self, reach: Reach, place: Place) -> bool:
        """Whether it is a removal that took here what it found, while it still waits on another
        list: it takes once, and they may come back, and get a role that they didn't have."""
        if reach.sanction.measure is not Measure.REMOVE:
            return False
        begun = {self._place(name, place.address, Role.MEMBER) for name in (None, place.list)}
        if not (begun | {place}) & reach.records.keys():
            return False
        found = from_facts(place, reach.records.get(place))
        return not _ids(self.rows.get(place, ())) & _ids(found)

    def _note_stays(self, place: Place, off: list[Reach]) -> None:
        """When another owner comes, this role goes after all, and is to be given back."""
        seen = self.rows[place]
        for reach in off:
            old = reach.records.get(place)
            if not _stayed(old) or _ids(from_facts(place, old)) != _ids(seen):
                self._note(reach, place, {**(to_facts(seen) or {}), STAYS: True}, seen)

    def _take_off(self, place: Place, off: list[Reach], hold: list[Reach]) -> None:
        seen = self.rows.get(place, ())
        for reach in self._all(place):
            if _stayed(reach.records.get(place)):
                # It stayed until now. Gone already, it was somebody else who took it.
                self._note(reach, place, to_facts(seen), seen)
        once = [reach for reach in off if reach.sanction.measure is Measure.REMOVE]
        for reach in once:
            if seen and place not in reach.records:
                self._note(reach, place, to_facts(seen), seen)
        # A removal, once made, also takes what an earlier suspension would have given back, even
        # one that covers this list no longer.
        every = self._all(place) if once else (*off, *hold)
        base = self._base(place) if not once and self._unwritten(place, every) else ()
        for reach in every:
            if reach in once:
                continue
            if place in reach.records:
                if once and reach.records[place] is not None:
                    self._note(reach, place, None)
            elif base and reach in self._force(place):
                self._note(reach, place, to_facts(base), base)
        if seen:
            self._step(Act.TAKE_OFF, place, word(seen), Word.ABSENT, off, seen)
        elif any(place in reach.records for reach in self._ending(place)):
            self.outlasted[place] = STILL_OFF

    def _unwritten(self, place: Place, some: Iterable[Reach]) -> bool:
        return any(place not in reach.records for reach in some)

    def _hold_member(self, place: Place, hold: list[Reach]) -> None:
        seen, base = self.rows.get(place, ()), self._base(place)
        back = [r for r in self._ending(place) if place in r.records and r.took_off(place)]
        kept = self._is_kept(place, seen, back)
        if back and not kept and base and (not seen or self._half_made(place, seen, base)):
            held = tuple(replace(row, action=HOLD) for row in base)
            for reach in hold:
                if place not in reach.records or (reach.id, place) in self.homes.moved:
                    self._note(reach, place, to_facts(base))
            self._put_back(place, seen, held, [*back, *hold])
            return
        if not kept and any(place in reach.records for reach in self._ending(place)):
            self.outlasted[place] = STILL_HELD
        for reach in hold:
            old = from_facts(place, reach.records.get(place))
            if not seen:
                if old and not kept and not self._is_hidden(old):
                    # They left by themselves: when they come back they start anew.
                    self._note(reach, place, None)
            elif not old:
                self._note(reach, place, to_facts(base or seen))
            elif _ids(old) != _ids(seen):
                again = any(row.action != HOLD for row in seen)  # left and joined anew
                if not (back and again):
                    anew = tuple(row for row in old if row.member_id in _ids(seen))
                    self._note(reach, place, to_facts(_merge(seen, anew if again else old)))
        if any(row.action != HOLD for row in seen):
            held = tuple(replace(row, action=HOLD) for row in seen)
            self._step(Act.MODERATE, place, word(seen), Word.HELD, hold, held)

    def _is_hidden(self, rows: tuple[Row, ...]) -> bool:
        """Whether the entry may stand though it isn't seen: it is a user's who lost the address
        by which we look."""
        users = self.observed.users
        return any(row.user and users.get(row.address) != row.user for row in rows)

    def _hold_nonmember(self, place: Place, hold: list[Reach]) -> None:
        seen = self.rows.get(place, ())
        if self._unwritten(place, hold):
            base = self._base(place)
            for reach in hold:
                if place not in reach.records:
                    self._note(reach, place, to_facts(base))
        if any(place in reach.records for reach in self._ending(place)):
            self.outlasted[place] = STILL_HELD
        if not seen:
            # A banned address can't get a row, and needs none: its posts are discarded.
            if place.list is not None and self._ban_over(place) is None:
                row = Row(
                    list=place.list,
                    address=place.address,
                    role=place.role,
                    action=HOLD,
                    preferences={},
                    site=place.site,
                )
                self._step(Act.PUT_BACK, place, Word.ABSENT, Word.HELD, hold, (row,))
        elif any(row.action != HOLD for row in seen):
            held = tuple(replace(row, action=HOLD) for row in seen)
            self._step(Act.MODERATE, place, word(seen), Word.HELD, hold, held)

    def _let_go(self, place: Place) -> None:
        """No sanction in force bears on this place; give back what ended ones took."""
        leaving = [reach for reach in self._ending(place) if place in reach.records]
        if not leaving:
            return
        seen, base = self.rows.get(place, ()), self._base(place)
        if self._is_kept(place, seen, leaving):
            return
        if any(reach.took_off(place) for reach in leaving):
            if self._is_held_still(place, base):
                base = tuple(replace(row, action=HOLD) for row in base)
            if base and (not seen or self._half_made(place, seen, base)):
                self._put_back(place, seen, base, leaving)
            elif base and place not in self.unread and not _same(seen, base):
                self.texts[place] = ONE_OF_TWO if _within(seen, base) else THEIRS
            return
        if not seen:
            if base or any(_rows(place, reach) for reach in leaving):
                self.texts[place] = THEIRS
            return
        if not base:
            if all(row.action == HOLD for row in seen) and place.role is Role.NONMEMBER:
                for reach in leaving:  # should a backup bring it back, it is known by that
                    known = made_ids(reach.records[place])
                    made = _ids(seen) - known
                    if made and not _rows(place, reach):
                        self._note(reach, place, {MADE: sorted(made | known)})
                self._step(Act.TAKE_OFF, place, Word.HELD, Word.ABSENT, leaving, seen)
            return
        wanted = {row.mode: row.action for row in base}
        target = tuple(
            replace(row, action=wanted.get(row.mode, row.action)) if row.action == HOLD else row
            for row in seen
        )
        if any(row.action not in (HOLD, wanted.get(row.mode)) for row in seen):
            self.texts[place] = THEIRS
        if target != seen:
            self._step(Act.MODERATE, place, word(seen), word(target), leaving, target)

    def _is_kept(self, place: Place, seen: tuple[Row, ...], leaving: list[Reach]) -> bool:
        """Whether what the ended ones changed here had been changed before, by what goes on."""
        records = [_rows(place, reach) for reach in leaving]
        if not seen:
            taken = [_ids(_rows(place, r)) for r in self._keepers(place) if r.took_off(place)]
            kept = any(rows and _ids(rows) in taken for rows in records)
        else:
            kept = not any(reach.took_off(place) for reach in leaving)
            kept = kept and all(row.action == HOLD for row in seen)
            kept = kept and any(self._is_held_still(place, rows) for rows in records)
        if kept:
            self.outlasted[place] = STILL_HELD if seen else STILL_OFF
        return kept

    def _is_held_still(self, place: Place, base: tuple[Row, ...]) -> bool:
        """Whether just that is held here by what covers the list no longer."""
        held = [_actions(_rows(place, r)) for r in self._keepers(place) if not r.took_off(place)]
        return _actions(base) in held

    def _put_back(
        self, place: Place, seen: tuple[Row, ...], rows: tuple[Row, ...], serves: list[Reach]
    ) -> None:
        barred = self._ban_over(place)
        if not seen and place.address not in self.observed.known:
            self.texts[place] = GONE_ADDRESS
        elif barred is None or seen:
            if not seen:
                rows = self._verified_now(place, rows, serves)
            self._step(Act.PUT_BACK, place, word(seen), word(rows), serves, rows)
        elif barred:
            self.outlasted[place] = OUR_BAN
            ended = self._ending(place)
            self.waiting.update((reach.id, place.level) for reach in serves if reach in ended)
        else:
            self.texts[place] = OTHER_BAN

    def _verified_now(
        self, place: Place, rows: tuple[Row, ...], serves: list[Reach]
    ) -> tuple[Row, ...]:
        """Coming back verifies the address, which then is taken back: unless they verified it
        meanwhile. What counts is written down first, for afterwards nobody could tell."""
        verified = place.address not in self.observed.unverified
        if all(row.verified is verified for row in rows):
            return rows
        for reach in serves:
            recorded = from_facts(place, reach.records.get(place))
            if recorded:
                now = tuple(replace(row, verified=verified) for row in recorded)
                self._note(reach, place, to_facts(now))
        return tuple(replace(row, verified=verified) for row in rows)

    def _half_made(self, place: Place, seen: tuple[Row, ...], base: tuple[Row, ...]) -> bool:
        """Whether what stands there is a return of ours that was cut short: it isn't what it
        should be, yet carries nothing of its own."""
        if any(row.preferences is None for row in seen):
            self.unread[place] = None
            return False
        held = any(reach.sanction.measure is Measure.MODERATE for reach in self._all(place))
        wanted = {row.mode: row for row in base}
        for row in seen:
            goal = wanted.get(row.mode)
            if goal is None or not (
                row.action in (None, goal.action)
                or (held and row.action == HOLD)
                or (place.role is not Role.MEMBER and row.action == "accept")
            ):
                return False
            for name, value in (row.preferences or {}).items():
                # Mailman sets these two by itself when it makes an owner or moderator.
                fresh = place.role is not Role.MEMBER and name in (
                    "preferred_language",
                    "delivery_mode",
                )
                if (goal.preferences or {}).get(name) != value and not fresh:
                    return False
        target = base
        if any(reach.holds(place) for reach in self._force(place)):
            target = tuple(replace(row, action=HOLD) for row in base)
        # Mailman refuses the second of two entries of one address: the first has to do.
        unproven = any(row.verified and not wanted[row.mode].verified for row in seen)
        return unproven or not _within(seen, target)

    def _last_owner(self, place: Place) -> bool:
        if place not in self.rows:
            return False
        owners = self.observed.owners.get(place.list or "", ())
        return all(self._goes(replace(place, address=owner)) for owner in owners)

    def _goes(self, place: Place) -> bool:
        return any(reach.takes_off(place) for reach in self.roles.get(place.address, ()))

    def _base(self, place: Place) -> tuple[Row, ...]:
        """What stands in this place but for us. What a removal took is gone."""
        seen = self.rows.get(place, ())
        recorded = [
            reach
            for reach in self._all(place)
            if place in reach.records and reach.sanction.measure is not Measure.REMOVE
        ]
        keepers = self._keepers(place)
        recorded = [reach for reach in recorded if reach not in keepers] or recorded
        whole = [reach for reach in recorded if reach.took_off(place)]
        if whole:
            anew = self._is_anew(place, whole[0])
            if whole[0] in keepers and (seen or anew):
                return seen
            return () if anew else _rows(place, whole[0])
        if any(reach.touched(place) and reach.covers(place) for reach in self._all(place)):
            return ()
        if recorded and recorded[0] in keepers and self._is_theirs(place, seen, recorded[0]):
            return seen
        if recorded and place.role is Role.NONMEMBER:
            return () if self._is_anew(place, recorded[0]) else _rows(place, recorded[0])
        return _merge(seen, _rows(place, recorded[0])) if recorded else seen

    def _is_theirs(self, place: Place, seen: tuple[Row, ...], keeper: Reach) -> bool:
        """Whether somebody has changed by now what was held here, on a list not covered since."""
        if any(row.action != HOLD for row in seen):
            return True
        old = _ids(_rows(place, keeper)) | made_ids(keeper.records[place])
        return place.role is Role.MEMBER and not _ids(seen) <= old

    def _is_anew(self, place: Place, reach: Reach) -> bool:
        """Whether entries were recorded, and the list was made after that: it is another one, of
        the same name. Or the address is: who left Mailman left the list."""
        if self._came_back(_rows(place, reach)):
            self.outlasted[place] = LEFT_SINCE
            return True
        noted = reach.noted.get(place)
        if noted is None or place.list is None or not _rows(place, reach):
            return False
        if place.list not in self.observed.made:
            self.unread[place] = None
            return False
        made = self.observed.made[place.list]
        if made is None or made <= noted:
            return False
        self.outlasted[place] = NEW_LIST
        return True

    def _came_back(self, rows: tuple[Row, ...]) -> bool:
        """Whether Mailman forgot their address since, and knows it anew."""
        now = self.observed.registered
        return bool(rows) and all(
            row.mode == "as_address" and row.since and now.get(row.address, row.since) > row.since
            for row in rows
        )

    # -- users -----------------------------------------------------------------------------------

    def _users(self) -> None:
        """Mailman sets a user's own language as it makes an entry that is no membership. What they
        prefer is written down before that, and given back after: nothing else would tell."""
        users, owed = self.observed.users, dict[str, tuple[Reach, Place]]()
        for reach in self.all:
            for place, facts in reach.records.items():
                if place.role is Role.USER and facts:
                    owed.setdefault(str(facts["user"]), (reach, place))
        made = {
            users[step.address]: step
            for step in self.steps
            if step.act is Act.PUT_BACK and step.role is not Role.MEMBER and step.address in users
        }
        for user in {**owed, **made}:
            if user in owed:
                reach, place = owed[user]
            else:
                step = made[user]
                reach = next(one for one in self.all if one.id in step.sanctions)
                place = self._place(None, step.address, Role.USER)
            self._user(reach, place, user, makes=user in made)

    def _user(self, reach: Reach, place: Place, user: str, *, makes: bool) -> None:
        facts = reach.records.get(place)
        if user not in self.observed.own:  # whosever the address is by now
            self.unread[replace(place, user=user)] = None
            return
        now = self.observed.own[user]
        if now is None:  # is gone
            if facts:
                self._note(reach, place, None)
            return
        wanted = _but_for_us(now, facts)
        if now != wanted:
            row = Row(
                list="", address=place.address, role=place.role, user=user, preferences=wanted
            )
            self._step(Act.PREFER, place, Word.MEMBER, Word.MEMBER, [reach], (row,))
        elif facts and not makes:
            self._note(reach, place, None)
            return
        owed = {"user": user, "preferences": dict(wanted), UNSET: now != wanted}
        if owed != {UNSET: False, **(facts or {})}:
            self._note(reach, place, owed)

    # -- writing down --------------------------------------------------------------------------

    def _note(
        self, reach: Reach, place: Place, facts: Facts, exactly: tuple[Row, ...] = ()
    ) -> None:
        if any(row.preferences is None for row in exactly):
            self.unread[place] = None
        self.notes.setdefault(reach.id, {})[place] = facts

    def _step(
        self,
        act: Act,
        place: Place,
        now: Word,
        then: Word,
        serves: Iterable[Reach],
        rows: tuple[Row, ...] = (),
        bans: Iterable[str] = (),
        former: tuple[str, ...] = (),
    ) -> None:
        serves = tuple(serves)
        if not self.gives_back and _loosens(act, place, rows):
            return
        person = self.persons.get(place.address) or self.persons[serves[0].addresses[0]]
        self.steps.append(
            Step(
                act=act,
                list=place.list,
                address=place.address,
                role=place.role,
                now=now,
                then=then,
                rows=rows,
                bans=tuple(bans),
                former=former,
                site=place.site,
                person=person,
                sanctions=tuple(reach.id for reach in serves),
            )
        )


def _loosens(act: Act, place: Place, rows: tuple[Row, ...]) -> bool:
    """Whether somebody may do more after such a step than before it."""
    match act:
        case Act.UNBAN:
            return True
        case Act.TAKE_OFF:
            return place.role is Role.NONMEMBER
        case Act.PUT_BACK if place.role is not Role.NONMEMBER:
            return True
        case Act.PREFER:
            return False
    return act is not Act.BAN and any(row.action != HOLD for row in rows)


def _by_address(some: Iterable[Reach]) -> dict[Address, tuple[Reach, ...]]:
    found: dict[Address, list[Reach]] = {}
    for reach in some:
        for address in dict.fromkeys((*reach.addresses, *(p.address for p in reach.records))):
            found.setdefault(address, []).append(reach)
    return {address: tuple(reaches) for address, reaches in found.items()}


def _of_roles(standing: Standing) -> Iterable[Sanction]:
    every = {s.id: s for s in (*standing.whole, *standing.sanctions)}
    return (s for s in every.values() if s.including_roles)


def _tagged(address: Address) -> bool:
    return address.untagged != address


def _order(step: Step) -> tuple[Any, ...]:
    return (
        _ORDER.index(step.act),
        step.list is not None,
        step.address,
        step.list or "",
        step.role,
        step.site,
    )


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


def _rows(place: Place, reach: Reach) -> tuple[Row, ...]:
    return from_facts(place, reach.records[place])


def _stayed(facts: Facts) -> bool:
    return bool(facts and facts.get(STAYS))


def _ids(rows: tuple[Row, ...]) -> set[str]:
    return {row.member_id for row in rows}


def _actions(rows: tuple[Row, ...]) -> set[tuple[str, str | None]]:
    return {(row.member_id, row.action) for row in rows}


def _merge(seen: tuple[Row, ...], recorded: tuple[Row, ...]) -> tuple[Row, ...]:
    """What stands there, with the moderation that stood there before us. A `moderate` touches
    nothing else, so all else is theirs to change; what they took away is gone."""
    actions = {row.mode: row.action for row in recorded}
    return tuple(replace(row, action=actions.get(row.mode, row.action)) for row in seen)


def _within(seen: tuple[Row, ...], wanted: tuple[Row, ...]) -> bool:
    told = _told(wanted)
    return all(one in told for one in _told(seen))


def _same(seen: tuple[Row, ...], wanted: tuple[Row, ...]) -> bool:
    return _told(seen) == _told(wanted)


def _told(rows: tuple[Row, ...]) -> list[tuple[object, ...]]:
    return sorted(
        (row.mode, row.action or "", sorted((row.preferences or {}).items())) for row in rows
    )
