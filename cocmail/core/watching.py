"""Protective watch: a person asked to be told of, and kept safe from, another.

Owns which lists two people share, when that is told, and to whom: the members of the case, and
nobody else; and that they are asked before it ends. Refuses to act on it, for to join a list is no
wrong. Called by the action `/watch`, by loops/watching and by the calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from cocmail.core import events as e
from cocmail.core.case import Case, reminder_key
from cocmail.core.coverage import everybody
from cocmail.core.enforcement import Observed, Role
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work

LONGEST_NOTICE = timedelta(days=7)
"""So long before its end, or a tenth of its time, the members are asked about a watch."""

_QUESTION = "watch-ends"

WATCHING = "watching"
"""How the index knows a case with a watch (no address is spelt so)."""


Person = Collection[Address]
"""Somebody's addresses."""


def theirs(case: Case, address: Address) -> tuple[Address, ...]:
    """Whatever this case knows to be the same person's, and where a tag would lead (RFC 5233)."""
    known: list[Person] = [p.addresses for p in case.parties.values()]
    known += [{s.address, *s.addresses} - s.apart for s in case.sanctions.values()]
    found = {address, address.untagged}
    while more := {a for some in known if _mailboxes(some) & found for a in some} - found:
        found |= more | _mailboxes(more)
    return tuple(sorted(found))


def shared(observed: Observed, one: Person, other: Person) -> tuple[str, ...]:
    """The lists that both are on, under any address of theirs."""
    return tuple(sorted(_on(observed, one) & _on(observed, other)))


def _mailboxes(addresses: Iterable[Address]) -> set[Address]:
    return {address.untagged for address in addresses}


def _all(observed: Observed, person: Person) -> set[Address]:
    """Where mail to them arrives; with a tag it does as well."""
    return _mailboxes(everybody(person, observed))


def _on(observed: Observed, person: Person) -> set[str]:
    mailboxes = _all(observed, person)
    return {
        row.list
        for row in observed.rows
        if row.address.untagged in mailboxes and row.role is not Role.NONMEMBER
    }


Requests = Mapping[str, Collection[Address]]
"""Who waits to be let onto a list, by its posting address."""


def could_join(observed: Observed, one: Person, other: Person) -> tuple[str, ...]:
    """The lists that just one of them is on: only there a request brings them near."""
    return tuple(sorted(_on(observed, one) ^ _on(observed, other)))


def asking(
    observed: Observed, one: Person, other: Person, requests: Requests
) -> tuple[tuple[str, Address], ...]:
    """(list, who asks): one of them, under any address of theirs, where the other is."""
    pairs = ((one, _on(observed, other)), (other, _on(observed, one)))
    return tuple(
        sorted(
            (name, address)
            for who, lists in pairs
            for name in lists
            for address in {*requests.get(name, ())}
            if address.untagged in _all(observed, who)
        )
    )


def still_asking(
    case: Case, watch: e.Watched, observed: Observed, requests: Requests
) -> tuple[tuple[str, Address], ...]:
    """The same for a watch; while a site can't be asked, nothing that was known has ended."""
    one, other = theirs(case, watch.address), theirs(case, watch.near)
    now = asking(observed, one, other, requests)
    if not observed.away:
        return now
    known = case.asked.get(watch.watch, frozenset())
    return tuple(sorted({*now, *((name, Address(who)) for name, who in known)}))


def asked(
    case: Case, setting: Setting, watch_id: str, waiting: tuple[tuple[str, Address], ...]
) -> Result:
    """Who of the two waits to be let near now. Told once for each request."""
    work = Work(case, setting)
    watch, before = case.watches.get(watch_id), case.asked.get(watch_id, frozenset())
    # While nobody may know it, it is news still.
    if watch is not None and {*waiting} != before and work.eligible:
        work.happen(e.WatchAsked(watch=watch_id, requests=waiting))
        new = [one for one in waiting if one not in before]
        if new:
            work.tell(Kind.ALERT, "watch-asked", {"watch": watch, "requests": new})
    return work.result()


def still_shared(case: Case, watch: e.Watched, observed: Observed) -> tuple[str, ...]:
    """The lists that both are on now; of a site that can't be asked, those that were known."""
    now = shared(observed, theirs(case, watch.address), theirs(case, watch.near))
    if not observed.away:
        return now
    return tuple(sorted({*now, *(name for name in watch.lists if name not in observed.lists)}))


def seen(case: Case, setting: Setting, watch_id: str, lists: tuple[str, ...]) -> Result:
    """What the lists say now. Told once for each list that both have come to be on."""
    work = Work(case, setting)
    watch = case.watches.get(watch_id)
    if watch is not None and set(watch.lists) != set(lists) and work.eligible:
        work.happen(e.WatchSeen(watch=watch_id, lists=lists))
        new = [one for one in lists if one not in watch.lists]
        if new:
            work.tell(Kind.ALERT, "watch", {"watch": watch, "lists": new})
    return work.result()


def begin(
    work: Work, address: Address, near: Address, *, by: str, lists: tuple[str, ...]
) -> e.Watched:
    """A watch from now on, in place of one on the same two that was asked about."""
    lasts = work.setting.policy.watch_for
    until = work.now + lasts
    watch = e.Watched(
        watch=f"W{work.fresh('watch')}",
        address=address,
        near=near,
        by=by,
        lists=lists,
        until=until,
        asks=until - min(lasts / 10, LONGEST_NOTICE),
    )
    old = of(work.case, address, near)
    requests = work.case.asked.get(old.watch, frozenset()) if old else frozenset()
    if old:
        watch = replace(watch, lists=old.lists)  # what is new the next look tells
        work.happen(e.WatchEnded(watch=old.watch))
    work.happen(watch)
    if requests:
        told = tuple(sorted((name, Address(who)) for name, who in requests))
        work.happen(e.WatchAsked(watch=watch.watch, requests=told))
    return watch


def of(case: Case, address: Address, near: Address) -> e.Watched | None:
    pairs = {(w.address, w.near): w for w in case.watches.values()}
    return pairs.get((address, near))


def ends(case: Case, watch: e.Watched) -> datetime | None:
    """When it ends unless somebody wants it to go on; None: nobody was asked yet."""
    return case.reminded.get(_question(watch))


def due_at(case: Case, watch: e.Watched) -> datetime:
    """When its members are asked about it; once they were, when it is over."""
    return ends(case, watch) or _asks(watch)


def fall_due(work: Work, watch_id: str) -> None:
    """First the members are asked whether it should go on; when they had time to answer, it is
    over."""
    watch = work.case.watches.get(watch_id)
    if watch is None or due_at(work.case, watch) > work.now:
        return
    if ends(work.case, watch):
        work.happen(e.WatchEnded(watch=watch_id))
        work.tell(Kind.REMINDER, "watch-ended", {"watch": watch})
        return
    end = max(watch.until, work.now + (watch.until - _asks(watch)))  # we may have been away
    work.happen(e.Reminded(what=_QUESTION, about=watch_id, again=end))
    work.tell(Kind.REMINDER, "watch-ends", {"watch": watch, "ends": end})


def _asks(watch: e.Watched) -> datetime:
    return watch.asks or watch.until - LONGEST_NOTICE


def _question(watch: e.Watched) -> str:
    return reminder_key(_QUESTION, watch.watch)
