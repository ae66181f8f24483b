"""What stands in a sanction's way is told once, not at each sweep: the case knows, over restarts.

Once it is mended, it may break anew, and then it is told again.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core import proofs
from cocmail.core.enforcement import levels
from cocmail.core.work import Result
from tests.promises.kit import MALLORY, World

LIST = "dev@lists.example"


def in_force() -> tuple[World, str]:
    world = World()
    world.report()
    name = world.propose()
    world.vote(name, "alice", "bob")
    return world, name


def told(world: World, result: Result) -> int:
    """How many letters a member gets of it."""
    before = len(world.to("member:bob", "alert"))
    world.take(result)
    return len(world.to("member:bob", "alert")) - before


def test_a_lost_group_is_told_once_until_it_is_known_again() -> None:
    world, name = in_force()

    def sweep(*groups: str) -> int:
        return told(world, proofs.groups_lost(world.case, world.setting(), name, groups))

    assert [sweep("sigs"), sweep("sigs"), sweep(), sweep()] == [1, 0, 0, 0]
    assert [sweep("sigs"), sweep("sigs")] == [1, 0]


def test_an_end_that_waits_for_what_cannot_be_read_is_told_once_until_something_is_back() -> None:
    world, name = in_force()
    places = (e.Place(list=LIST, address=MALLORY, role="member", facts={"rows": []}),)
    noted = e.BeforeNoted(sanction=name, places=places)
    world.take(Result(events=(noted, e.Ended(sanction=name, how="lifted")), letters=()))

    def sweep() -> int:
        return told(world, proofs.waits(world.case, world.setting(), name))

    assert [sweep(), sweep()] == [1, 0]
    over = levels(world.case.sanctions[name].before)
    world.take(proofs.restored(world.case, world.setting(), name, (), over, done=True))
    world.take(Result(events=(noted,), letters=()))  # as after a backup
    assert [sweep(), sweep()] == [1, 0]
