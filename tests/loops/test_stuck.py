"""Posts that get stuck in Mailman as people are taken off are told, and no others: what a Mailman
doesn't answer is unknown, and never none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.postfix import PostfixTable
from cocmail.adapters.venues import Venues
from cocmail.core.errors import Temporary
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from tests.loops.lab import DEV, Book, Lab, Now, enforcement

pytestmark = pytest.mark.servers


class Queues:
    """A site that says this of its stuck posts, before and after; None: nothing in time."""

    def __init__(self, lists: Any, *stuck: int | None) -> None:
        self._lists, self._stuck = lists, list(stuck)

    def __getattr__(self, name: str) -> object:
        return getattr(self._lists, name)

    async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
        said = self._stuck.pop(0)
        return {} if said is None else {"": {"shunt": said}}


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ((5, 7), (0, 0), 2),
        ((5, 5), (0, 0), 0),
        ((None, 5), (0, 0), 0),
        ((5, None), (0, 0), 0),
        ((5, 7), (9, 0), 2),  # what goes elsewhere hides nothing
        ((5, 5), (0, 3), 0),  # nobody was taken off there
        ((5, 5), (None, 3), 0),
    ],
)
async def test_only_what_got_stuck_meanwhile_is_told(
    here: tuple[int | None, ...],
    there: tuple[int | None, ...],
    told: int,
    lab: Lab,
    lists: MailmanLists,
    book: Book,
    clock: Now,
    tmp_path: Path,
) -> None:
    conduct = Address("conduct@example.org")
    other = PostfixTable(tmp_path / "table", [], conduct=conduct, delimiter="+")
    sites: dict[str, Any] = {"": Queues(lists, *here), "other": Queues(other, *there)}
    name = book.decide(Measure.SUSPEND, scope=Scope(lists=(DEV,)))
    await enforcement(Venues(sites), book, clock).sweep()
    assert len(book.proofs) == 1
    assert book.shunted == ([({name}, told)] if told else [])


async def test_a_site_that_fails_says_nothing_of_the_others(lists: MailmanLists) -> None:
    class Fails(Queues):
        async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
            raise Temporary("it is down")

    sites: dict[str, Any] = {"": lists, "down": Fails(lists), "late": Queues(lists, None)}
    found = await Venues(sites).queues(within=60)
    assert {*found} == {""}
    assert found[""]["shunt"] == 0
