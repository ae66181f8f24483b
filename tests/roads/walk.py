"""All roads walked at one time, before a sanction and after.

Owns the order: everybody's past, those who stay free to the end, the sanctions and the sweep that
makes them true, the sanctioned to the end, one more sweep. Refuses to judge (test_roads.py).
Called by test_roads and `python -m tests.roads`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from cocmail.core.sanctions import Measure
from tests.roads.stage import Stage, Walker
from tests.roads.table import ROADS, Row, verdict
from tests.roads.ways import SANCTION, WAYS, Look, Way

_K = TypeVar("_K")

MEASURES = (Measure.SUSPEND, Measure.BAN)


def walk(directory: Path) -> Mapping[Measure, dict[str, Row]]:
    """What every road really came to, under each measure."""
    with Stage(directory) as stage:
        free = {name: Walker(f"{name}.free") for name in WAYS}
        kept = {(m, name): Walker(f"{name}.{m.value}") for m in MEASURES for name in WAYS}
        free_ways = {name: WAYS[name](stage, who) for name, who in free.items()}
        kept_ways = {key: WAYS[key[1]](stage, who) for key, who in kept.items()}
        _onward(stage, [*free_ways.values(), *kept_ways.values()])
        before = {name: look() for name, look in _to_the_end(stage, free_ways).items()}
        for (measure, name), who in kept.items():
            stage.sanction(measure, who.slashed if "slash" in name else who.address)
        stage.sweep()
        looks = _to_the_end(stage, kept_ways)
        after = {key: look() for key, look in looks.items()}
        stage.sweep()
        later = {key: look() for key, look in looks.items()}
        return {
            measure: {
                name: Row(
                    ROADS[name].road,
                    before[name],
                    after[measure, name],
                    verdict(after[measure, name], later[measure, name]),
                )
                for name in ROADS
            }
            for measure in MEASURES
        }


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
