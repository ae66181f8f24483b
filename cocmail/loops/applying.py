"""Carries a plan's steps out on the lists.

Owns in what sequence and how many at one time: people side by side, one person's mail addresses
one after another, their lists within the bound. Refuses to know why a step is there, and to
believe that it worked. Called by loops.enforcement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import groupby

from cocmail.core.enforcement import Act, Step
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.ports import Lists

_ENOUGH = 3  # failures after which the rest waits for the next sweep: Mailman is down, or slow


@dataclass(kw_only=True)
class Applied:
    done: int = 0
    barred: list[Step] = field(default_factory=list)  # somebody else's ban stood there already
    errors: list[CocmailError] = field(default_factory=list)

    def raise_worst(self) -> None:
        for error in self.errors:
            if isinstance(error, Permanent):
                raise error
        if self.errors:
            raise self.errors[0]


async def apply(lists: Lists, steps: Collection[Step], *, parallel: int) -> Applied:
    """Make the steps true, in their order for each person. Steps that fail are among the errors;
    the others are done all the same, for a list that Mailman chokes on must not shield the
    others."""
    applied = Applied()
    limit = asyncio.Semaphore(parallel)
    people: dict[str, list[Step]] = {}
    for step in steps:
        people.setdefault(step.person, []).append(step)
    async with asyncio.TaskGroup() as group:
        for theirs in people.values():
            group.create_task(_person(lists, theirs, applied, limit))
    return applied


async def _person(
    lists: Lists, steps: list[Step], applied: Applied, limit: asyncio.Semaphore
) -> None:
    for (act, _, site_wide), some in groupby(
        steps, key=lambda step: (step.act, step.address, step.list is None)
    ):
        batch = tuple(some)
        if act is Act.PUT_BACK or site_wide:
            # Two first subscriptions of one address at one time break each other in Mailman.
            for step in batch:
                await _one(lists, step, applied, limit)
        else:
            async with asyncio.TaskGroup() as group:
                for step in batch:
                    group.create_task(_one(lists, step, applied, limit))


async def _one(lists: Lists, step: Step, applied: Applied, limit: asyncio.Semaphore) -> None:
    async with limit:
        if len(applied.errors) >= _ENOUGH:
            return
        try:
            if not await lists.apply(step):
                applied.barred.append(step)
            applied.done += 1
        except (Temporary, Permanent) as error:
            applied.errors.append(error)
