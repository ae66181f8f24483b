"""Every road onto a list, over a whole Mailman: open before a sanction, and then as it is told.

The table (table.py) is what the security model shows; here it is held against what happens.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.roads.table import GONE, OFF, ROADS, Row
from tests.roads.walk import KINDS, Kind, walk
from tests.roads.ways import WAYS

pytestmark = [pytest.mark.servers, pytest.mark.slow]

Found = Mapping[Kind, dict[str, Row]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return walk(tmp_path_factory.mktemp("roads"))


def test_every_row_has_its_way() -> None:
    assert ROADS.keys() == WAYS.keys()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS for name in ROADS if name not in kind.without],
    ids=str,
)
def test_a_road_leads_where_the_table_says(kind: Kind, name: str, found: Found) -> None:
    row = found[kind][name]
    assert row.before not in (OFF, GONE), "this road was never open, so closing it shows nothing"
    assert row == ROADS[name]
