"""Protective watch: a person asked to be told of, and kept safe from, another.

Owns which lists two people share, when that is told, and to whom: the members of the case, and
nobody else. Refuses to act on it, for to join a list is no wrong. Called by the action `/watch`,
by loops/watching and by the calendar.
"""

from __future__ import annotations

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
    first, second = ({a, *observed.linked.get(a, ())} for a in (one, other))

    def on(addresses: set[Address]) -> set[str]:
        return {
            row.list
            for row in observed.rows
            if row.address in addresses and row.role is not Role.NONMEMBER
        }

    return tuple(sorted(on(first) & on(second)))


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
