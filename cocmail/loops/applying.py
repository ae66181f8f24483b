"""Carries a plan's steps out on the lists.

Owns in what sequence and how many at one time: people side by side, one person's mail addresses
one after another, their lists within the bound; and sites side by side, for one that is down must
not hold up another. Refuses to know why a step is there, and to
believe that it worked. Called by loops.enforcement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import groupby

from cocmail.core.enforcement import Act, Place, Role, Step
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.ports import Lists

_FEW = 20  # removals that need no care; and after so many it is looked again
_SOON = 2.0  # seconds that such a look may take: removals don't wait for a site that is away
_PAUSE = 0.2  # seconds between looks at the posts that go through
_ENOUGH = 3  # failures after which a site's rest waits for the next sweep: it is down, or slow


@dataclass(kw_only=True)
class Applied:
    done: list[Step] = field(default_factory=list)
    barred: list[Step] = field(default_factory=list)  # somebody else's ban stood there already
    errors: list[CocmailError] = field(default_factory=list)


def raise_worst(errors: Collection[CocmailError]) -> None:
    """What a human must mend goes first."""
    for error in sorted(errors, key=lambda error: not isinstance(error, Permanent)):
        raise error


class Pace:
    """Many removals wait for the posts that Mailman is at: one that goes through a list as a
    membership of it goes away gets stuck (Mailman shunts it)."""

    def __init__(self, lists: Lists, removals: int, patience: float) -> None:
        self._lists, self._count = lists, 0
        self._many = removals > _FEW
        self._patience = patience
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Until the next removal may be made. Some seconds in all, for the removals are promised
        and the posts aren't lost."""
        if not self._many:
            return
        async with self._lock:
            self._count += 1
            if self._count % _FEW:
                return
            while self._patience > 0 and await self._is_busy():
                await asyncio.sleep(_PAUSE)
                self._patience -= _PAUSE

    async def _is_busy(self) -> bool:
        queues = await self._lists.queues(within=_SOON)
        return any(each.get(name) for each in queues.values() for name in ("in", "pipeline"))


async def apply(
    lists: Lists,
    steps: Collection[Step],
    *,
    parallel: int,
    patience: float = 10.0,
    failed: set[Place] | None = None,
) -> Applied:
    """Make the steps true, in their order for each person. Steps that fail are among the errors;
    the others are done all the same, for a list that Mailman chokes on must not shield the
    others. ``patience``: seconds, in all, that many removals wait for posts to get through.
    ``failed``: where a step failed last, kept up to date: there it is tried after all others, or
    some lists that refuse would keep the rest waiting at each sweep anew."""
    failed = set() if failed is None else failed
    applied = Applied()
    pace = Pace(lists, sum(_is_removal(step) for step in steps), patience)
    sites = {
        step.site: _Site(limit=asyncio.Semaphore(parallel), pace=pace, failed=failed)
        for step in steps
    }
    last = [step for step in steps if step.place in failed]
    for some in ([step for step in steps if step not in last], last):
        people: dict[tuple[str, str], list[Step]] = {}
        for step in some:
            people.setdefault((step.site, step.person), []).append(step)
        async with asyncio.TaskGroup() as group:
            for (site, _), theirs in people.items():
                group.create_task(_person(lists, theirs, applied, sites[site]))
    return applied


@dataclass(kw_only=True)
class _Site:
    limit: asyncio.Semaphore
    pace: Pace
    failed: set[Place]
    failures: int = 0


async def _person(lists: Lists, steps: list[Step], applied: Applied, site: _Site) -> None:
    for (act, _, site_wide), some in groupby(
        steps, key=lambda step: (step.act, step.address, step.list is None)
    ):
        batch = tuple(some)
        if act is Act.PUT_BACK or site_wide:
            # Two first subscriptions of one address at one time break each other in Mailman.
            for step in batch:
                await _one(lists, step, applied, site)
        else:
            async with asyncio.TaskGroup() as group:
                for step in batch:
                    group.create_task(_one(lists, step, applied, site))


async def _one(lists: Lists, step: Step, applied: Applied, site: _Site) -> None:
    async with site.limit:
        if site.failures >= _ENOUGH:
            return
        try:
            if _is_removal(step):
                await site.pace.turn()
            if not await lists.apply(step):
                applied.barred.append(step)
            applied.done.append(step)
            site.failed.discard(step.place)
        except (Temporary, Permanent) as error:
            applied.errors.append(error)
            site.failed.add(step.place)
            site.failures += 1


def _is_removal(step: Step) -> bool:
    return step.act is Act.TAKE_OFF and step.role is Role.MEMBER
