"""All roads walked at one time, before a sanction and after.

Owns the order: everybody's past, those who stay free to the end, the sanctions and the sweep that
makes them true, the sanctioned to the end, one more sweep. Refuses to judge (test_roads.py).
Called by test_roads and `python -m tests.roads`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cocmail.core.sanctions import Measure, Scope
from tests.roads.stage import GENERAL, MODERATED, THEIRS, Stage, Walker
from tests.roads.table import ROADS, Row, verdict
from tests.roads.ways import AGAIN, SANCTION, WAYS, Look, Way

_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Kind:
    """What somebody is under. Of the whole community it is a ban for all of Mailman, and else
    one for each list."""

    name: str
    measure: Measure
    scope: Scope = Scope()
    roles: bool = False
    without: frozenset[str] = frozenset()  # roads onto a list that it doesn't cover

    def __str__(self) -> str:
        return self.name


KINDS = (
    Kind("suspend", Measure.SUSPEND),
    Kind("ban-with-roles", Measure.BAN, roles=True),
    Kind(
        "suspend-from-lists",
        Measure.SUSPEND,
        Scope(lists=(GENERAL, MODERATED, THEIRS)),
        without=frozenset({"later", "hidden"}),
    ),
)


def walk(directory: Path) -> Mapping[Kind, dict[str, Row]]:
    """What every road really came to, under each kind of sanction."""
    with Stage(directory) as stage:
        free = {name: Walker(f"{name}.free") for name in WAYS}
        kept = {
            (kind, name): Walker(f"{name}.{kind.name}")
            for kind in KINDS
            for name in WAYS
            if name not in kind.without
        }
        free_ways = {name: WAYS[name](stage, who) for name, who in free.items()}
        kept_ways = {key: WAYS[key[1]](stage, who) for key, who in kept.items()}
        _onward(stage, [*free_ways.values(), *kept_ways.values()])
        before = {name: look() for name, look in _to_the_end(stage, free_ways).items()}
        for (kind, name), who in kept.items():
            address = who.slashed if "slash" in name else who.address
            stage.sanction(kind.measure, address, kind.scope, roles=kind.roles)
        stage.sweep()
        looks = _to_the_end(stage, kept_ways)
        after = {key: look() for key, look in looks.items()}
        stage.sweep()
        again = {key: AGAIN[key[1]](stage, who) for key, who in kept.items() if key[1] in AGAIN}
        looks |= _to_the_end(stage, again)
        later = {key: look() for key, look in looks.items()}
        found: dict[Kind, dict[str, Row]] = {kind: {} for kind in KINDS}
        for kind, name in kept:
            at_once = after[kind, name]
            how = verdict(at_once, later[kind, name])
            found[kind][name] = Row(ROADS[name].road, before[name], at_once, how)
        return found


def _onward(stage: Stage, ways: Collection[Way]) -> None:
    """To where the sanction comes."""
    going = [one for one in ways if next(one) is not SANCTION]
    while going:
        stage.through()
        going = [one for one in going if next(one) is not SANCTION]


def _to_the_end(stage: Stage, ways: Mapping[_K, Way]) -> dict[_K, Look]:
    looks: dict[_K, Look] = {}
    going = dict(ways)
    while going:
        for key, one in tuple(going.items()):
            try:
                next(one)
            except StopIteration as end:
                looks[key] = end.value
                del going[key]
        if going:
            stage.through()
    return looks
