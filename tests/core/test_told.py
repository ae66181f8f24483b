"""What stands in the way of a sanction, or of its end, is told once and not at each sweep: the case
knows, over restarts. Once it is mended, it may break anew, and then it is told again."""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core import proofs
from cocmail.core.enforcement import OUR_BAN, Level, ProofRow, levels
from cocmail.core.work import Result
from tests.promises.kit import MALLORY, World

LISTS = ("dev@lists.example", "users@lists.example")


def in_force() -> tuple[World, str]:
    world = World()
    world.report()
    name = world.propose()
    world.vote(name, "alice", "bob")
    return world, name


def over() -> tuple[World, str]:
    """Lifted, and nothing of it is put back yet."""
    world, name = in_force()
    world.take(proofs.enforced(world.case, world.setting(), name, (), [MALLORY]))
    world.take(Result(events=(noted(name), e.Ended(sanction=name, how="lifted")), letters=()))
    return world, name


def noted(name: str) -> e.BeforeNoted:
    places = (e.Place(list=one, address=MALLORY, role="owner", facts={"rows": []}) for one in LISTS)
    return e.BeforeNoted(sanction=name, places=tuple(places))


def told(world: World, result: Result, kind: str = "alert") -> int:
    """How many letters a member gets of it."""
    before = len(world.to("member:bob", kind))
    world.take(result)
    return len(world.to("member:bob", kind)) - before


def test_a_lost_group_is_told_once_until_it_is_known_again() -> None:
    world, name = in_force()

    def sweep(*groups: str) -> int:
        return told(world, proofs.groups_lost(world.case, world.setting(), name, groups))

    assert [sweep("sigs"), sweep("sigs"), sweep(), sweep()] == [1, 0, 0, 0]
    assert [sweep("sigs"), sweep("sigs")] == [1, 0]


def test_an_end_that_waits_for_what_cannot_be_read_is_told_once_until_something_is_back() -> None:
    world, name = over()

    def sweep() -> int:
        return told(world, proofs.waits(world.case, world.setting(), name))

    assert [sweep(), sweep()] == [1, 0]
    whole = levels(world.case.sanctions[name].before)
    world.take(proofs.restored(world.case, world.setting(), name, (), whole, done=True))
    world.take(Result(events=(noted(name),), letters=()))  # as after a backup
    assert [sweep(), sweep()] == [1, 0]


def test_an_end_of_which_all_waits_for_another_sanction_is_told_once_and_again_when_that_ends() -> (
    None
):
    world, name = over()
    first, second = LISTS

    def sweep(*back: str, done: bool = True) -> int:
        rows = [
            ProofRow(
                list=one,
                address=MALLORY,
                role="owner",
                was="absent",
                now="member" if one in back else "absent",
                note="" if one in back else OUR_BAN,
            )
            for one in {b.list for b in world.case.sanctions[name].before}
        ]
        at = [Level(list=one) for one in back]
        made = proofs.restored(world.case, world.setting(), name, rows, at, done=done)
        return told(world, made, "proof")

    assert [sweep(), sweep()] == [1, 0]
    assert sweep(first, done=False) == 0, "there is more to do"
    assert [sweep(), sweep()] == [1, 0], "what came back meanwhile they have not heard of"
    assert sweep(second) == 1
    assert not world.case.unsettled
