"""Many removals are made at a pace: posts that Mailman is at go first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from cocmail.core.enforcement import Act, Place, Role, Step, Word
from cocmail.core.errors import Temporary
from cocmail.core.people import Address
from cocmail.loops.applying import apply
from cocmail.ports import Lists

WHO = Address("mal@example.net")


class Busy:
    """Lists whose posts get through after some looks, or never."""

    def __init__(self, looks: Iterator[int]) -> None:
        self._looks = looks
        self.said: list[str] = []

    async def apply(self, step: Step) -> bool:
        self.said.append("off")
        return True

    async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
        waiting = next(self._looks)
        self.said.append(f"{waiting} posts")
        return {"": {"pipeline": waiting, "shunt": 9}}


def removals(count: int) -> list[Step]:
    facts: dict[str, Any] = {"address": WHO, "role": Role.MEMBER, "person": WHO}
    return [
        Step(act=Act.TAKE_OFF, list=f"{n}@x", now=Word.MEMBER, then=Word.ABSENT, **facts)
        for n in range(count)
    ]


async def made(count: int, looks: Iterator[int], patience: float = 5.0) -> list[str]:
    lists = Busy(looks)
    steps = removals(count)
    applied = await apply(cast("Lists", lists), steps, parallel=2, patience=patience)
    assert len(applied.done) == count
    return lists.said


class Refusing:
    """Lists some of which refuse, whenever they are asked."""

    def __init__(self, *refuse: str) -> None:
        self._refuse = refuse
        self.tried: list[str | None] = []

    async def apply(self, step: Step) -> bool:
        self.tried.append(step.list)
        if step.list in self._refuse:
            raise Temporary("Mailman has trouble of its own")
        return True


async def test_lists_that_refuse_do_not_keep_the_rest_waiting_for_ever() -> None:
    """Promise 8. Three are enough to take the whole of Mailman for down; next time the others are
    tried first."""
    lists, failed, left = Refusing("0@x", "1@x", "2@x"), set[Place](), removals(20)
    for _ in range(2):
        applied = await apply(cast("Lists", lists), left, parallel=1, failed=failed)
        left = [step for step in left if step not in applied.done]
    assert [step.list for step in left] == ["0@x", "1@x", "2@x"]
    assert failed == {step.place for step in left}
    lists = Refusing()
    await apply(cast("Lists", lists), left, parallel=1, failed=failed)
    assert failed == set()


async def test_a_site_that_is_down_is_tried_a_few_times_at_each_sweep() -> None:
    lists, failed = Refusing(*(f"{n}@x" for n in range(20))), set[Place]()
    for sweep in (1, 2, 3):
        await apply(cast("Lists", lists), removals(20), parallel=1, failed=failed)
        assert len(lists.tried) == 3 * sweep


async def test_a_few_removals_wait_for_nothing() -> None:
    assert await made(20, iter(())) == ["off"] * 20


async def test_many_wait_while_posts_go_through() -> None:
    said = await made(45, iter((2, 1, 0, 0)))
    assert [words for words in said if words != "off"] == [
        "2 posts",
        "1 posts",
        "0 posts",
        "0 posts",
    ]
    assert said.index("0 posts") < 22, "the rest came after"


async def test_but_not_for_ever() -> None:
    def busy() -> Iterator[int]:
        while True:
            yield 1

    assert (await made(45, busy(), patience=0.4)).count("off") == 45
