"""What looking for leads costs a real Mailman, and what it sees: counted in calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.venues import Venues
from cocmail.core.errors import Temporary
from cocmail.core.leading import MOST_OPEN
from cocmail.core.people import Address
from cocmail.lab import community
from cocmail.lab.mailman import Mailman
from cocmail.loops.leading import AGAIN_AFTER, AGAIN_AT_ONCE, WHOLE_EVERY, Leading
from tests.promises.kit import MALLORY, World

pytestmark = pytest.mark.servers

NAMES = ("dev", "sig", "talk", "announce", "quiet")
LISTS = tuple(f"{name}@lists.example" for name in NAMES)
LIKE = Address("ma11ory@mail.example")


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    with Mailman(tmp_path_factory.mktemp("mailman")) as running:
        community.make_domain(running, "lists.example")
        for name in LISTS:
            community.make_list(running, name)
            community.subscribe(running, name, f"anna@{name.partition('@')[0]}.example")
        yield running


class Shelf:
    """One world's case, as the loop finds it in a store; nothing is decided elsewhere."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, self

    async def unsettled(self) -> tuple[tuple[Any, ...], frozenset[str]]:
        return (self.world.case,) if self.world.case.unsettled else (), frozenset()

    async def on(self, name: str, decide: Any) -> None:
        self.world.take(decide(self.world.case, self.world.setting()))


class Now:
    def __init__(self, world: World) -> None:
        self.world = world

    def now(self) -> Any:
        return self.world.now


async def test_it_costs_one_call_while_nothing_changes(mailman: Mailman) -> None:
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    world = World()
    world.report()
    beside: dict[Address, tuple[Address, ...]] = {}
    loop = Leading(
        Shelf(world),  # type: ignore[arg-type]
        Venues({"": lists}),
        Now(world),
        groups={},
        every=timedelta(minutes=5),
        beside=lambda: beside,
    )

    async def calls() -> int:
        before = lists._connection.calls
        await loop.look()
        assert loop.calls == lists._connection.calls - before
        return loop.calls

    try:
        assert await calls() == 0, "nobody is under sanction"
        text = f"/sanction suspend {MALLORY} for 90 days because of it"
        world.vote(world.propose(text), "alice", "bob")
        assert await calls() == 1 + len(LISTS)
        assert await calls() == 1
        community.subscribe(mailman, LISTS[0], "ben@dev.example")
        assert await calls() == 2, "the one list whose number changed"
        assert not world.case.leads
        community.subscribe(mailman, LISTS[0], LIKE)
        # The numbers, a roster, and whose else it is: the address and the user's, their rows.
        assert await calls() <= 2 + 6
        (lead,) = world.case.leads.values()
        assert lead.found.address == LIKE
        assert lead.found.lists == (LISTS[0],)
        assert await calls() == 1
        # Who leaves as another comes changes no number: a few are read again after an hour.
        swapped = Address("mall0ry@mail.example")
        community.unsubscribe(mailman, LISTS[1], "anna@sig.example")
        community.subscribe(mailman, LISTS[1], swapped)
        assert await calls() == 1
        world.now += AGAIN_AFTER
        assert await calls() >= 1 + AGAIN_AT_ONCE
        assert [x.found.address for x in world.case.leads.values()] == [LIKE, swapped]
        # The first list was read for its number, and at the same instant as the others.
        assert await calls() == 1 + len(LISTS) - AGAIN_AT_ONCE
        assert await calls() == 1
        world.now += WHOLE_EVERY
        assert await calls() == 1 + len(LISTS), "all of them, once a day"
        world.now -= WHOLE_EVERY
        assert await calls() > 1, "the clock was set back: when they were read is not known"
        assert await calls() == 1
        # A sweep saw somebody on the user of a covered address, whom it doesn't cover by itself.
        beside = {Address("ben@dev.example"): (MALLORY,)}
        await loop.look()
        *_, lead = world.case.leads.values()
        assert (lead.found.address, lead.found.hints[0].evidence) == ("ben@dev.example", "user")
        assert await calls() == 1
    finally:
        await lists.close()


class Failing:
    """The lists; who somebody is can't be asked, once."""

    def __init__(self, lists: Venues) -> None:
        self._lists, self.fails = lists, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lists, name)

    async def observe(self, *asked: Any, **more: Any) -> Any:
        if self.fails:
            self.fails = False
            raise Temporary("Mailman went away")
        return await self._lists.observe(*asked, **more)


async def test_what_was_found_is_not_forgotten(mailman: Mailman) -> None:
    """Neither when a call fails before it is told, nor when more was found than is told at once."""
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    world = World()
    world.report()
    text = f"/sanction suspend {MALLORY} for 90 days because of it"
    world.vote(world.propose(text), "alice", "bob")
    failing = Failing(Venues({"": lists}))
    loop = Leading(
        Shelf(world),  # type: ignore[arg-type]
        failing,  # type: ignore[arg-type]
        Now(world),
        groups={},
        every=timedelta(minutes=5),
    )
    crowd = [f"ma11ory+{n}@mail.example" for n in range(MOST_OPEN + 5)]
    try:
        for who in crowd:
            community.subscribe(mailman, LISTS[2], who)
        with pytest.raises(Temporary):
            await loop.look()
        assert not world.case.leads
        for _ in range(4):
            await loop.look()
        assert len(world.case.leads) == MOST_OPEN
        world.say("alice", "/different 1 2 3")
        for _ in range(2):
            await loop.look()
        assert len(world.case.leads) == MOST_OPEN + 3
        world.say("alice", "/different 4 5 6 7 8 9")
        for _ in range(2):
            await loop.look()
        found = {str(x.found.address) for x in world.case.leads.values()}
        assert {*crowd} <= found
    finally:
        await lists.close()
