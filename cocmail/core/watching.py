"""Protective watch: a person asked to be told of, and kept safe from, another.

Owns which lists two people share, when that is told, and to whom: the members of the case, and
nobody else. Refuses to act on it, for to join a list is no wrong. Called by the action `/watch`,
by loops/watching and by the calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.coverage import everybody
from cocmail.core.enforcement import Observed, Role
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work

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


def asked(
    case: Case, setting: Setting, watch_id: str, waiting: tuple[tuple[str, Address], ...]
) -> Result:
    """Who of the two waits to be let near now. Told once for each request."""
    work = Work(case, setting)
    watch, before = case.watches.get(watch_id), case.asked.get(watch_id, frozenset())
    if watch is not None and {*waiting} != before:
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
    if watch is not None and set(watch.lists) != set(lists):
        work.happen(e.WatchSeen(watch=watch_id, lists=lists))
        new = [one for one in lists if one not in watch.lists]
        if new:
            work.tell(Kind.ALERT, "watch", {"watch": watch, "lists": new})
    return work.result()


def over(work: Work, watch_id: str) -> None:
    """Its time is over: the members are told, and may go on with it."""
    watch = work.case.watches.get(watch_id)
    if watch is not None and watch.until <= work.now:
        work.happen(e.WatchEnded(watch=watch_id))
        work.tell(Kind.REMINDER, "watch-ended", {"watch": watch})
