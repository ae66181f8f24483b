"""What enforcement has to tell: proof to the committee, outcome to reporters, notice to owners.

Owns what follows from places being read back on the lists. Refuses to read them (enforcement).
Called by loops/book, one sanction a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.drift import NOT_YET, PUT_RIGHT, due_at
from cocmail.core.enforcement import (
    LEFT,
    OUR_BAN,
    STILL_HELD,
    STILL_OFF,
    Level,
    Past,
    Place,
    ProofRow,
    Role,
    Word,
    made_ids,
)
from cocmail.core.letters import Kind
from cocmail.core.outcomes import tell_outcome
from cocmail.core.people import Address
from cocmail.core.proof import BAN_STAYS
from cocmail.core.sanctions import Before, Measure, Sanction, State
from cocmail.core.setting import Setting
from cocmail.core.table import Table, Tense, limits, meeting, of_drift, read_back
from cocmail.core.work import Result, Work

Recalled = dict[str, tuple[Before, ...]]
"""Sanctions that are over, and what they put back that is to be put back once more."""


def _lines(rows: Sequence[ProofRow]) -> tuple[e.ProofLine, ...]:
    return tuple(
        e.ProofLine(
            list=r.list,
            address=r.address,
            role=r.role,
            was=r.was,
            now=r.now,
            note=r.note,
            site=r.site,
        )
        for r in rows
    )


def _rows(lines: Iterable[e.ProofLine]) -> Iterable[ProofRow]:
    return (
        ProofRow(
            list=line.list,
            address=line.address,
            role=line.role,
            was=line.was,
            now=line.now,
            note=line.note,
            site=line.site,
        )
        for line in lines
    )


def enforced(
    case: Case,
    setting: Setting,
    sanction_id: str,
    rows: Sequence[ProofRow],
    addresses: Sequence[Address],
) -> Result:
    """The sanction is true on the lists, as read back."""
    work = Work(case, setting)
    sanction = case.sanctions[sanction_id]
    first = sanction.proved is None
    undone = () if first else tuple(r for r in rows if r.note in (PUT_RIGHT, NOT_YET))
    proved = tuple(r for r in rows if r not in undone)
    if first or proved or sanction.added & {*addresses}:
        work.happen(
            e.Enforced(sanction=sanction_id, lines=_lines(proved), addresses=tuple(addresses))
        )
        if sanction.measure is Measure.REMOVE and sanction.state is State.IN_FORCE:
            work.happen(e.Ended(sanction=sanction_id, how="ended"))
        values = {
            "sanction": work.case.sanctions[sanction_id],
            "table": _table(work, sanction, proved, first=first),
            "first": first,
        }
        work.tell(Kind.PROOF, "proof", values)
    if undone:
        lines = tuple(_drift_line(row) for row in undone)
        work.happen(e.Drifted(sanction=sanction_id, lines=lines, addresses=tuple(addresses)))
        drift_due(work, sanction_id)
    if first:
        if not sanction.interim:  # for now is no outcome
            tell_outcome(work, "outcome", {}, sanction)
        if setting.policy.tell_owners:
            _tell_owners(work, sanction, rows)
    elif setting.policy.tell_owners:
        added = [row for row in rows if sanction.is_to_prove(row.address)]
        _tell_owners(work, work.case.sanctions[sanction_id], added)
    return work.result()


def _drift_line(row: ProofRow) -> e.DriftLine:
    return e.DriftLine(
        list=row.list,
        address=row.address,
        role=row.role,
        was=row.was,
        now=row.now,
        note=row.note if row.note == NOT_YET else "",
        times=row.times,
        after=row.after,
        owners=row.owners,
        own=row.own,
        site=row.site,
    )


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What the members hear of what somebody undid. Who it was, Mailman doesn't tell."""

    again: bool
    times: int  # since they last heard
    since: datetime | None  # when they last heard, if they did
    last: datetime
    after: datetime | None  # until when it held; None: nobody looked
    keepers: tuple[tuple[str, tuple[Address, ...], bool], ...] = field(repr=False)
    # list, who looks after it, and whether the person does


def drift_due(work: Work, sanction_id: str) -> None:
    """What somebody undid is told, if the members are to hear of it by now."""
    drift = work.case.drifts.get(sanction_id)
    when = due_at(drift) if drift else None
    if drift is None or drift.last is None or when is None or when > work.now:
        return
    untold = drift.untold
    lines = {p.line.list: p.line for p in untold if p.line.list is not None}
    telling = Telling(
        again=any(p.tellings for p in untold),
        times=sum(p.untold for p in untold),
        since=drift.letters[-1] if drift.letters else None,
        last=max(p.last for p in untold),
        after=min((p.line.after for p in untold if p.line.after), default=None),
        keepers=tuple((name, line.owners, line.own) for name, line in sorted(lines.items())),
    )
    values = {
        "sanction": work.case.sanctions[sanction_id],
        "table": of_drift(untold),
        "undone": telling,
    }
    work.happen(e.DriftTold(sanction=sanction_id))
    work.tell(Kind.PROOF, "drift", values)


def waiting_discarded(
    case: Case, setting: Setting, sanction_id: str, posts: Mapping[str, int], *, done: bool
) -> Result:
    """What waited of whom it keeps off is gone; told where it was something that they wrote.
    ``done``: no site is left where it is to be looked for."""
    work = Work(case, setting)
    work.happen(e.WaitingDiscarded(sanction=sanction_id, posts=dict(posts), done=done))
    if posts:
        values = {"sanction": work.case.sanctions[sanction_id], "posts": posts}
        work.tell(Kind.PROOF, "proof-posts", values)
    return work.result()


def restored(
    case: Case,
    setting: Setting,
    sanction_id: str,
    rows: Sequence[ProofRow],
    over: Collection[Level],
    *,
    done: bool,
) -> Result:
    """Nothing that the ended sanction took is left to be given back there, as read back. Members
    hear of it when nothing more can be ``done``: of all at once, also of what waits, and once
    where all that is left does."""
    work = Work(case, setting)
    rows = tuple(_of_this_case(work, sanction_id, row) for row in rows)
    rows = tuple(row for row in rows if not _is_another_s(row))
    sanction = case.sanctions[sanction_id]
    if not over and e.PROVED_ENDED in sanction.told:
        return work.result()
    earlier = case.given_back.get(sanction_id, ())
    work.happen(
        e.Restored(
            sanction=sanction_id,
            lines=_lines([row for row in rows if row.level in over]),
            levels=tuple(
                e.Level(list=at.list, site=at.site)
                for at in sorted(over, key=lambda at: (at.site, at.list or ""))
            ),
            told=done,
        )
    )
    if done:
        drift = case.drifts.get(sanction_id)
        values = {
            "sanction": work.case.sanctions[sanction_id],
            "table": read_back((*_rows(earlier), *rows), tense=Tense.BACK),
            "times_undone": drift.times if drift else 0,
            "again": any(
                b.role != Role.USER and b.at in {one.at for one in sanction.closed}
                for b in sanction.before
            ),
            "waits": any(row.note == OUR_BAN for row in rows),
            "keeps": any(row.note in (STILL_OFF, STILL_HELD) for row in rows),
            "stays": any(row.note == LEFT for row in rows),
        }
        work.tell(Kind.PROOF, "proof-ended", values)
    return work.result()


def past(cases: Iterable[Case]) -> Past:
    """What is to be looked for of these."""
    closed = [b for case in cases for s in case.sanctions.values() for b in s.closed]
    held = [b for b in closed if made_ids(b.facts)]
    return Past(
        lists=frozenset(b.list for b in closed if b.role == Role.BAN and b.list is not None),
        people=frozenset(b.address for b in held),
        made=frozenset(one for b in held for one in made_ids(b.facts)),
    )


def left_over(
    cases: Iterable[Case], strays: Collection[Place], rows: Collection[str] = ()
) -> dict[str, Recalled]:
    """Whose bans these are: of the sanctions that banned there, the last; and whose entries, by
    their ids. By case, those that are over and put back on that site, with what goes with them."""
    every = [sanction for case in cases for sanction in case.sanctions.values()]
    latest: dict[Place, Sanction] = {}
    for sanction in every:
        for place in _banned(sanction) & {*strays}:
            if place not in latest or _start(latest[place]) < _start(sanction):
                latest[place] = sanction
    found: dict[str, Recalled] = {}
    for sanction in every:
        places = {place for place, last in latest.items() if last is sanction}
        places |= _held(sanction, rows)
        records = tuple(b for b in _put_back(sanction) if _goes(b, sanction, places, latest))
        if records:
            found.setdefault(sanction.case, {})[sanction.id] = records
    return found


def recalled(case: Case, setting: Setting, found: Recalled) -> Result:
    """Our bans stand there again, as after a backup: what was put back on that site, or list, and
    has gone with them, is to be put back once more."""
    work = Work(case, setting)
    for name, records in found.items():
        still = _put_back(case.sanctions[name])
        if again := [b for b in records if b in still]:
            work.happen(noted(name, again))
    return work.result()


def _put_back(sanction: Sanction) -> list[Before]:
    """What a sanction that is over has put back, on the sites where nothing of it waits."""
    open_at = {b.site for b in sanction.before}
    return [b for b in sanction.closed if b.site not in open_at and not sanction.in_force]


def _goes(
    before: Before,
    sanction: Sanction,
    places: Collection[Place],
    latest: Mapping[Place, Sanction],
) -> bool:
    """Whether it goes with these places of that sanction: unless one that banned that address
    later knew what stood there by then, and gives that back. A role that such a one left standing
    goes with it, whoever had taken and given back that role before."""
    lists = {before.list} if before.role == Role.BAN else {None, before.list}
    bans = (
        Place(list=name, address=before.address, role=Role.BAN, site=before.site) for name in lists
    )
    later = [latest[at] for at in bans if at in latest and _start(sanction) < _start(latest[at])]
    if any(before.at in one.stayed for one in later):
        return True
    if before.role in (Role.OWNER, Role.MODERATOR):
        later = [one for one in later if one.including_roles]
    if later and before.role != Role.NONMEMBER:  # no ban takes such an entry
        return False
    return any(
        # An entry that was gone comes with all else of its Mailman.
        before.site == p.site and (p.role is Role.NONMEMBER or p.list in (None, before.list))
        for p in places
    )


def _banned(sanction: Sanction) -> set[Place]:
    return {
        Place(list=b.list, address=b.address, role=Role.BAN, site=b.site)
        for b in (*sanction.before, *sanction.closed)
        if b.role == Role.BAN and not (b.facts or {}).get("exact")
    }


def _held(sanction: Sanction, rows: Collection[str]) -> set[Place]:
    return {
        Place(list=b.list, address=b.address, role=Role.NONMEMBER, site=b.site)
        for b in sanction.closed
        if not made_ids(b.facts).isdisjoint(rows)
    }


def _start(sanction: Sanction) -> float:
    return sanction.start.timestamp() if sanction.start else 0.0


def noted(sanction: str, records: Iterable[Before]) -> e.BeforeNoted:
    """What stood there before we touched it, as the ledger keeps it."""
    places = tuple(
        e.Place(
            list=record.list,
            address=record.address,
            role=record.role,
            facts=None if record.facts is None else dict(record.facts),
            site=record.site,
            seen=record.seen,
        )
        for record in records
    )
    return e.BeforeNoted(sanction=sanction, places=places)


def _of_this_case(work: Work, sanction_id: str, row: ProofRow) -> ProofRow:
    """Who may know of this case may have no part in another: its sanctions aren't named here."""
    if row.note not in (STILL_OFF, STILL_HELD, OUR_BAN):
        return row
    groups = work.setting.groups
    for other in work.case.sanctions.values():
        off = other.measure.keeps_off
        held = row.note == STILL_HELD and other.measure is Measure.MODERATE
        if (
            other.in_force
            and other.id != sanction_id
            and (off or held)
            and row.address.is_among({other.address, *other.addresses})
            and (other.scope.everything if row.list is None else other.covers(row.list, groups))
        ):
            return row
    if row.role == Role.BAN and row.first == Word.BANNED:
        return replace(row, note=BAN_STAYS)  # as of one that isn't ours, so as not to tell which
    return replace(row, note=LEFT)


def _is_another_s(row: ProofRow) -> bool:
    """Whether a sanction of another case took it away before this one began, and keeps it so: it
    is told of there alone, for who may know of this case may be kept out of that one."""
    return row.note == LEFT and row.role != Role.BAN and row.first == row.now == Word.ABSENT


def _table(work: Work, sanction: Sanction, rows: Sequence[ProofRow], *, first: bool) -> Table:
    now = work.case.sanctions[sanction.id]
    if not first:
        added = tuple(sorted(sanction.added - now.added))
        return read_back(rows, tense=Tense.DID, addresses=added)
    addresses = now.addresses
    return read_back(
        rows,
        tense=Tense.DID,
        addresses=addresses,
        meets=meeting(
            work.case.sanctions.values(),
            addresses,
            sanction.scope,
            work.setting.groups,
            but=sanction.id,
        ),
        limits=limits(sanction.measure, sanction.scope, rows),
    )


def _tell_owners(work: Work, sanction: Sanction, rows: Sequence[ProofRow]) -> None:
    """The remaining owners learn what happened on their list, not why, and nothing of the case.

    Never the person, and never a member who may not know of this case: at any plus-tag of theirs.
    """
    silent = set(sanction.addresses)
    for handle in work.case.out:
        member = work.setting.roster.get(handle)
        silent.update(member.addresses if member else ())
    mailboxes = {address.untagged for address in silent}
    changes: dict[Address, list[ProofRow]] = {}
    for row in rows:
        if row.list and row.was != row.now and row.role in ("member", "owner", "moderator"):
            for owner in row.owners:
                if owner.untagged not in mailboxes:
                    changes.setdefault(owner, []).append(row)
    for owner, theirs in changes.items():
        party = work.case.party_of(owner, "owner") or work.join("owner", (owner,))
        work.to_party(party, Kind.NOTICE, "notice", {"rows": theirs})


def trouble(case: Case, setting: Setting, words: str) -> Result:
    """Mailman has failed us for long, and something decided in this case waits for it."""
    work = Work(case, setting)
    work.happen(e.Happened(what="enforcement-trouble", detail=words))
    waiting = [s for s in case.sanctions.values() if s.state is State.IN_FORCE or s.before]
    work.tell(Kind.ALERT, "enforcement-trouble", {"words": words, "sanctions": waiting})
    return work.result()


def groups_lost(case: Case, setting: Setting, sanction_id: str, groups: Collection[str]) -> Result:
    """This one is on these groups of lists, which the configuration doesn't name any more. Told
    until there are none, and then it may be told again."""
    work = Work(case, setting)
    sanction = case.sanctions[sanction_id]
    known = e.GROUP_LOST in sanction.told
    if groups and not known:
        work.happen(e.Happened(what=e.GROUP_LOST, detail=sanction_id))
        work.tell(Kind.ALERT, "group-lost", {"sanction": sanction, "groups": groups})
    elif known and not groups:
        work.happen(e.Happened(what=e.GROUP_KNOWN, detail=sanction_id))
    return work.result()


def waits(case: Case, setting: Setting, sanction_id: str) -> Result:
    """This one is over, and nothing of it can be given back before another can be read again.
    Told until something of it is."""
    work = Work(case, setting)
    sanction = case.sanctions[sanction_id]
    if e.END_WAITS not in sanction.told:
        work.happen(e.Happened(what=e.END_WAITS, detail=sanction_id))
        work.tell(Kind.ALERT, "end-waits", {"sanction": sanction})
    return work.result()


def shunted(case: Case, setting: Setting, count: int) -> Result:
    """While people were taken off the lists, posts of others got stuck in Mailman."""
    work = Work(case, setting)
    work.happen(e.Happened(what="shunted", detail=str(count)))
    work.tell(Kind.ALERT, "shunted", {"count": count})
    return work.result()


def letter_left(case: Case, setting: Setting, letter: str) -> Result:
    """The letter to a respondent has left; a warning is over with it."""
    work = Work(case, setting)
    work.happen(e.LetterLeft(letter=letter))
    for sanction in case.sanctions.values():
        if (
            sanction.letter == letter
            and sanction.measure is Measure.WARN
            and sanction.state is State.IN_FORCE
        ):
            work.happen(e.Ended(sanction=sanction.id, how="ended"))
    work.enforce = True
    return work.result()


def was_read(case: Case, setting: Setting, by: str) -> Result:
    """An operator read the case on the machine; its members hear of it."""
    work = Work(case, setting)
    work.happen(e.WasRead(by=by))
    work.tell(Kind.ALERT, "was-read", {"by": by})
    return work.result()
