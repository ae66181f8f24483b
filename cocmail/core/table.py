"""One table in three tenses: what a sanction would change, what it changed, what was put back.

Owns what ballots, orders, proofs and `cocmail sanction plan` show of the lists: the places, by
what happens to them; what else it touches; what it can't do. It is one value for all of them, so
that no two can tell it differently. Refuses to plan (core.plan), to read back (the loop) and to
word it: that is the templates', table.txt for all. Called by preview, proofs and the command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from cocmail.core.drift import Undone
from cocmail.core.enforcement import Act, Plan, ProofRow, Role, Word
from cocmail.core.files import File
from cocmail.core.people import Address, Private
from cocmail.core.proof import ROLE_STAYS, role_words
from cocmail.core.sanctions import Measure, Sanction, Scope

NAMED = 20
"""More places than this are summed up; the whole goes along as a file."""

FEW = 5
"""Of one kind: so many are named in a summary too."""

ARCHIVES = "what was posted stays in the archives"
OWNER_MAIL = "mail to the -owner address of a list still reaches its owners"
UNKNOWN = "an address that nobody has connected with this person is not covered"
COMES_BACK = "they can subscribe again at once"
LET_THROUGH = "who looks after a list can let a held post through"
ELSEWHERE = "other lists, and lists that are made later, are not covered"
WITH_A_ROLE = "who keeps a role can still look after that list, and accept what is held there"


class Tense(StrEnum):
    WOULD = "would"
    DID = "did"
    BACK = "back"


class Change(StrEnum):
    """What happens in a place, in the order in which people are told."""

    BANNED = "banned"
    TAKEN_OFF = "taken-off"
    HELD = "held"
    UNBANNED = "unbanned"
    RELEASED = "released"  # posts are held no longer
    PUT_BACK = "put-back"
    STAYS = "stays"  # as it is, for a reason that people should know


@dataclass(frozen=True, kw_only=True)
class Line:
    """One place: what stands there now, and then."""

    list: str | None  # None: site-wide
    address: Address = field(repr=False)
    role: str
    now: str
    then: str
    note: str = ""
    left: bool = False  # it isn't changed; the note says why
    site: str = ""
    times: int = 1

    @property
    def stands_out(self) -> bool:
        """Whether a summary names it all the same."""
        return bool(self.note) or self.role in (Role.OWNER, Role.MODERATOR)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The places in which the same happens."""

    change: Change
    now: str
    then: str
    count: int
    lines: tuple[Line, ...]  # those that are named

    @property
    def more(self) -> int:
        return self.count - len(self.lines)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Places on the lists, in one tense."""

    tense: Tense
    known: bool = True  # False: Mailman could not be asked
    addresses: tuple[Address, ...] = field(default=(), repr=False)
    lines: tuple[Line, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = field(default=(), repr=False)
    meets: tuple[Sanction, ...] = ()  # others in force on this person, as far as may be known
    limits: tuple[str, ...] = ()  # what it can't do
    whole: bool = False  # every place is named, however many there are
    file: str = ""  # where each is named, if not here

    @property
    def most(self) -> int:
        return len(self.warnings) if self.whole else NAMED

    @property
    def brief(self) -> bool:
        return not self.whole and len(self.lines) > NAMED

    @property
    def groups(self) -> tuple[Group, ...]:
        found: dict[tuple[Change, str, str], list[Line]] = {}
        for line in self.lines:
            change = self._change(line)
            same = ("", "") if change is Change.STAYS else (line.now, line.then)
            found.setdefault((change, *same), []).append(line)
        order = tuple(Change)
        return tuple(
            Group(
                change=change,
                now=now,
                then=then,
                count=len(found[change, now, then]),
                lines=self._named(found[change, now, then]),
            )
            for change, now, then in sorted(found, key=lambda k: (order.index(k[0]), *k[1:]))
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """The warnings that no line says already."""
        said = {role_words(x.address, x.role, x.list or "", x.note) for x in self.lines if x.left}
        return tuple(w for w in self.warnings if w not in said)

    @property
    def kept(self) -> int:
        """How many places are left as they are, and not as one might expect."""
        return sum(line.left for line in self.lines)

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(Counter(self._change(line).value for line in self.lines))

    def _named(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        if not self.brief or len(lines) <= FEW:
            return tuple(lines)
        return tuple(line for line in lines if line.stands_out)[:NAMED]

    @staticmethod
    def _change(line: Line) -> Change:
        if line.left or line.now == line.then:
            return Change.STAYS
        if line.role == Role.BAN:
            return Change.BANNED if line.then == Word.BANNED else Change.UNBANNED
        if line.then == Word.HELD:
            return Change.HELD
        if line.then == Word.MEMBER:
            return Change.RELEASED if line.now == Word.HELD else Change.PUT_BACK
        ours = line.role == Role.NONMEMBER and line.now == Word.HELD
        return Change.RELEASED if ours else Change.TAKEN_OFF


def planned(plan: Plan, *, left: Iterable[ProofRow] = (), **more: Any) -> Table:
    """What a plan changes. ``left``: places that it leaves as they are, and why."""
    places = {(s.site, s.list, s.address, s.role) for s in plan.steps}
    stay = (r for r in left if (r.site, r.list, r.address, r.role) not in places)
    lines = tuple(
        Line(list=s.list, address=s.address, role=s.role, now=s.now, then=s.then, site=s.site)
        for s in plan.steps
        if s.act is not Act.PREFER  # but for what Mailman itself changed as it did the others
    )
    values = {"tense": Tense.WOULD, "warnings": plan.warnings, **more}
    return Table(lines=(*lines, *(_line(r, left=True) for r in stay)), **values)


def read_back(rows: Iterable[ProofRow], *, tense: Tense, **more: Any) -> Table:
    """What was changed, or put back, as it was read back. At the end a note says why a place
    isn't as it was before."""
    lines = (_line(r, left=tense is Tense.BACK and bool(r.note)) for r in rows)
    return Table(tense=tense, lines=tuple(lines), **more)


def together(tables: Iterable[Table]) -> Table:
    """Of several sanctions on the same addresses, planned with one another: each place once."""
    every = tuple(tables)
    lines: dict[tuple[str, str | None, Address, str], Line] = {}
    for line in (line for table in every for line in table.lines):
        at = line.site, line.list, line.address, line.role
        if at not in lines or lines[at].left:
            lines[at] = line
    return replace(
        every[0],
        lines=tuple(lines.values()),
        warnings=tuple(dict.fromkeys(w for table in every for w in table.warnings)),
        meets=tuple({s.id: s for table in every for s in table.meets}.values()),
        limits=tuple(dict.fromkeys(limit for table in every for limit in table.limits)),
    )


def of_drift(undone: Iterable[Undone]) -> Table:
    """What somebody undid, and what was made of it."""
    lines = tuple(
        Line(
            list=one.line.list,
            address=one.line.address,
            role=one.line.role,
            now=one.line.was,
            then=one.line.now,
            note=one.line.note,
            left=one.line.was == one.line.now,
            times=one.untold,
            site=one.line.site,
        )
        for one in undone
    )
    return Table(tense=Tense.DID, lines=lines)


def _line(row: ProofRow, *, left: bool) -> Line:
    return Line(
        list=row.list,
        address=row.address,
        role=row.role,
        now=row.was,
        then=row.now,
        note=row.note,
        left=left or row.was == row.now,
        site=row.site,
    )


def limits(measure: Measure, scope: Scope, rows: Iterable[ProofRow]) -> tuple[str, ...]:
    """What the committee must not expect of it."""
    found = [UNKNOWN, OWNER_MAIL]
    if measure is Measure.MODERATE:
        found.append(LET_THROUGH)
    else:
        found.append(ARCHIVES)
    if measure is Measure.REMOVE:
        found.insert(0, COMES_BACK)
    if not scope.everything:
        found.append(ELSEWHERE)
    if any(row.note == ROLE_STAYS for row in rows):
        found.append(WITH_A_ROLE)
    return tuple(found)


def meeting(
    sanctions: Iterable[Sanction],
    addresses: Collection[Address],
    scope: Scope,
    groups: Mapping[str, tuple[str, ...]],
    but: str = "",
) -> tuple[Sanction, ...]:
    """Those in force on this person on some list that this scope covers too."""
    return tuple(
        s
        for s in sanctions
        if s.in_force
        and s.id != but
        and s.measure not in (Measure.WARN, Measure.REMOVE)
        and any(a.is_among({s.address, *s.addresses}) for a in addresses)
        and _share(s.scope, scope, groups)
    )


def _share(one: Scope, other: Scope, groups: Mapping[str, tuple[str, ...]]) -> bool:
    if one.everything or other.everything:
        return True
    return any(other.covers(name, groups) for name in _names(one, groups))


def _names(scope: Scope, groups: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    yield from scope.lists
    for group in scope.groups:
        yield from groups.get(group, ())


def as_file(name: str, text: str) -> File:
    """The whole table, as any mail client opens it, on a phone too."""
    return File(
        was=Private(""),
        digest="",
        name=name,
        content_type="text/plain",
        data=text.encode("utf-8"),
    )
