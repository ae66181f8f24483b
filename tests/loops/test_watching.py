"""A protective watch over a real Mailman: what it sees, and what it costs, counted in calls."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.venues import Venues
from cocmail.core.errors import Temporary
from cocmail.core.people import Address
from cocmail.lab import community
from cocmail.lab.mailman import Mailman
from cocmail.loops.watching import Watching
from tests.promises.kit import MALLORY, World, text_of

pytestmark = pytest.mark.servers

DEV, TALK, QUIET = (f"{name}@lists.example" for name in ("dev", "talk", "quiet"))
ANNA = Address("anna@quiet.example")
TAGGED = Address(MALLORY.replace("@", "+n@"))
OTHER = Address("mal@third.example")


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    with Mailman(tmp_path_factory.mktemp("mailman")) as running:
        community.make_domain(running, "lists.example")
        for name in (DEV, TALK, QUIET):
            community.make_list(running, name)
            community.subscribe(running, name, ANNA)
        running.api("PATCH", f"lists/{QUIET}/config", subscription_policy="moderate")
        yield running


class Shelf:
    """One world's case, as the loop finds it in a store; nothing is decided elsewhere."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, self

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        yield self

    async def cases_of_address(self, _: Address) -> list[Any]:
        return [SimpleNamespace(case=self.world.case.id)] if self.world.case.watches else []

    async def glance(self, _: str) -> Any:
        return self.world.case

    async def on(self, name: str, decide: Any) -> None:
        self.world.take(decide(self.world.case, self.world.setting()))


class Away:
    async def observe(self, *_: Any, **__: Any) -> Any:
        raise Temporary("away")

    requests = observe


async def test_who_comes_with_a_tag_or_at_another_address_is_told(mailman: Mailman) -> None:
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    world = World()
    world.report()
    loop = Watching(Shelf(world), Venues({"": lists}), timedelta(minutes=5))  # type: ignore[arg-type]

    async def told() -> list[str]:
        before, calls = len(world.letters), lists._connection.calls
        await loop.look()
        assert loop.calls == lists._connection.calls - calls
        return [text_of(x) for x in world.letters[before:] if x.party == "member:bob"]

    async def ask(tag: str, who: str = TAGGED) -> None:
        status, _ = mailman.api(
            *("POST", "members"),
            **{"list_id": "quiet.lists.example", "subscriber": who.replace("+n", tag)},
            pre_verified=True,
            pre_confirmed=True,
        )
        assert status == 202

    try:
        assert await told() == []
        world.say("alice", f"/respondent {MALLORY} {OTHER}")
        world.say("alice", f"/watch {MALLORY} near {ANNA}")
        assert await told() == []
        community.subscribe(mailman, DEV, TAGGED)
        (text,) = await told()
        assert DEV in text
        assert await told() == []
        community.subscribe(mailman, TALK, OTHER)
        (text,) = await told()
        assert TALK in text
        await ask("+m")
        await ask("", "else@third.example")
        (text,) = await told()
        assert "A request to join quiet@lists.example waits" in text
        assert "else@" not in text
        assert await told() == []
        assert loop.calls <= 21, "what docs/mailman.md says of it"
        # Another Mailman that is away holds up nothing here, and what was told stays told.
        both = Venues({"": lists, "mailmans.away": Away()})  # type: ignore[dict-item]
        loop = Watching(Shelf(world), both, timedelta(minutes=5))  # type: ignore[arg-type]
        assert await told() == []
        await ask("+o")
        (text,) = await told()
        assert "A request to join quiet@lists.example waits" in text
        assert text.count("+m@") == 0
    finally:
        await lists.close()
