"""Protective watch: a person asked to be told of, and kept safe from, another.

Owns which lists two people share, when that is told, and to whom: the members of the case, and
nobody else. Refuses to act on it, for to join a list is no wrong. Called by the action `/watch`,
by loops/watching and by the calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.enforcement import Observed, Role
from cocmail.core.letters import Kind
from cocmail.core.people import Address
from cocmail.core.setting import Setting
from cocmail.core.work import Result, Work

WATCHING = "watching"
"""How the index knows a case with a watch (no address is spelt so)."""


def shared(observed: Observed, one: Address, other: Address) -> tuple[str, ...]:
    """The lists that both are on, under any address of theirs."""
    return tuple(sorted(_on(observed, one) & _on(observed, other)))


def _all(observed: Observed, address: Address) -> set[Address]:
    return {address, *observed.linked.get(address, ())}


def _on(observed: Observed, address: Address) -> set[str]:
    theirs = _all(observed, address)
    return {
        row.list
        for row in observed.rows
        if row.address in theirs and row.role is not Role.NONMEMBER
    }


Requests = Mapping[str, Collection[Address]]
"""Who waits to be let onto a list, by its posting address."""


def could_join(observed: Observed, one: Address, other: Address) -> tuple[str, ...]:
    """The lists that just one of them is on: only there a request brings them near."""
    return tuple(sorted(_on(observed, one) ^ _on(observed, other)))


def asking(
    observed: Observed, one: Address, other: Address, requests: Requests
) -> tuple[tuple[str, Address], ...]:
    """(list, who asks): one of them, under any address of theirs, where the other is."""
    pairs = ((one, _on(observed, other)), (other, _on(observed, one)))
    return tuple(
        sorted(
            (name, address)
            for who, lists in pairs
            for name in lists
            for address in {*requests.get(name, ())} & _all(observed, who)
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


def still_shared(watch: e.Watched, observed: Observed) -> tuple[str, ...]:
    """The lists that both are on now; of a site that can't be asked, those that were known."""
    now = shared(observed, watch.address, watch.near)
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
