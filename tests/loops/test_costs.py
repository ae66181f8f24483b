"""A converged sweep costs what the sanctions in force cost, however many lists and members there
are: counted in calls to a real Mailman, as `cocmail_sweep_calls` tells them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest

from benchmarks._crowd import crowd
from cocmail.adapters.mailman import MailmanLists
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.community import list_id
from cocmail.lab.mailman import Mailman
from cocmail.loops.leading import AGAIN_AFTER, AGAIN_AT_ONCE, Leading
from tests.loops.lab import (
    BYSTANDER,
    DEV,
    DOMAIN,
    MALLORY,
    NAMES,
    QUIET,
    USERS,
    Book,
    Lab,
    Now,
    enforcement,
)
from tests.loops.test_leading import Shelf
from tests.promises.kit import World

pytestmark = pytest.mark.servers

FEW = [f"{name}@{DOMAIN}" for name in NAMES]
MORE = [f"list{number:02}@{DOMAIN}" for number in range(55)]
NOBODY = Address("nobody@example.net")  # on no list


@pytest.fixture
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    with Mailman(tmp_path_factory.mktemp("mailman")) as running:
        yield running


def grown(lab: Lab) -> None:
    """The same people, and many more lists with many others on them."""
    for name in MORE:
        lab.api("POST", "lists", fqdn_listname=name)
    lab.mailman.stop()
    ids = list(map(list_id, (*FEW, *MORE)))
    database = lab.mailman.directory / "var/data/mailman.db"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        crowd(connection, ids, 40 * len(ids))
    lab.mailman.start()


async def test_it_makes_the_same_calls_on_five_lists_and_on_sixty(mailman: Mailman) -> None:
    lab = Lab(mailman)
    lab.api("POST", "domains", mail_host=DOMAIN)
    lab.people()
    clock = Now()
    book = Book(clock)
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    loop = enforcement(lists, book, clock)
    world = World()
    world.report()
    world.vote(world.propose(), "alice", "bob")
    leading = Leading(
        Shelf(world),  # type: ignore[arg-type]
        lists,
        clock,
        groups={},
        every=timedelta(minutes=5),
    )

    async def calls() -> list[int]:
        """Of a sweep that looks for plus-tags too, and of one that doesn't."""
        await loop.sweep()
        await leading.look()
        clock.at += timedelta(minutes=5)
        found = []
        for _ in range(2):
            before = lists._connection.calls
            assert not (await loop.sweep()).steps
            await leading.look()
            found.append(loop.counters.calls + leading.calls)
            assert found[-1] == lists._connection.calls - before
        return found

    try:
        book.decide(Measure.SUSPEND)
        one = await calls()
        book.decide(Measure.MODERATE, BYSTANDER)
        book.decide(Measure.BAN, BYSTANDER, scope=Scope(lists=(DEV, USERS)))
        book.decide(Measure.SUSPEND, MALLORY, scope=Scope(groups=("sigs",), lists=(QUIET,)))
        book.decide(Measure.LEAVE, NOBODY)
        few = await calls()
        grown(lab)
        many = await calls()
        assert sum(lab.api("GET", f"lists/{list_id(n)}")["member_count"] for n in MORE) > 1000
        assert many == few
        clock.at += AGAIN_AFTER
        await leading.look()
        assert leading.calls == 1 + AGAIN_AT_ONCE, "of sixty rosters no more than a few"
        assert few > one, "it is the sanctions that cost"
        assert max(few) <= 18, "as docs/mailman.md says"
    finally:
        await lists.close()
