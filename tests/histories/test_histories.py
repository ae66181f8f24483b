"""Random histories of sanctions and of changes by hand end as they should: promises 8 and 9.

`make histories N=1000 SEED=7` plays more of them; `HISTORIES=200` does it here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.lab.mailman import Mailman
from tests.histories.__main__ import play
from tests.histories.history import BO, LATER, LISTS, MAL, Community, Played, Step

pytestmark = [pytest.mark.servers, pytest.mark.slow]

DEV, NODE, WEB = LISTS
SUSPENDED, HELD = (("decide", "1", what, MAL, "sigs") for what in ("suspend", "moderate"))
ALSO = ("decide", "2", "suspend", MAL, WEB)
LOST, NARROWER = ("groups", ""), ("groups", NODE)
ONE, TWO = ("lift", "1"), ("lift", "2")
SELDOM = (  # what chance finds seldom
    (HELD, LOST, ("action", MAL, WEB, "accept"), ONE),
    (SUSPENDED, LOST, ("slip", MAL, WEB), ONE),
    (SUSPENDED, LOST, ("same", "1", BO), ("different", "1", BO), ONE),
    (SUSPENDED, NARROWER, ALSO, ONE, TWO),
    (HELD, NARROWER, ALSO, TWO, ONE),
    (LOST, ("decide", "1", "remove", MAL, f"sigs,{DEV}"), ("join", MAL, DEV), ("groups", NODE)),
    (SUSPENDED, ("create", LATER), ("groups", f"{NODE},{LATER}"), ("groups", WEB), ONE),
)


async def test_every_sweep_makes_true_what_stands_and_the_last_end_gives_all_back(
    tmp_path: Path,
) -> None:
    assert await play(int(os.environ.get("HISTORIES", "30")), 1, tmp_path) == []


async def test_what_is_on_a_group_that_changes_comes_off_as_it_should(tmp_path: Path) -> None:
    with Mailman(tmp_path) as mailman:
        community = Community(mailman)
        lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=10)
        try:
            for words in SELDOM:
                for seed in (1, 4):  # Mailman came to know everybody later, or knew them before
                    steps = [Step(one) for one in words]
                    assert await Played(community, lists, seed).play(steps) == [], words
        finally:
            await lists.close()
