"""Every road onto a list, over a whole Mailman: open before a sanction, and then as it is told.

The table (table.py) is what the security model shows; here it is held against what happens.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cocmail.core.sanctions import Measure
from tests.roads.table import GONE, OFF, ROADS, Row
from tests.roads.walk import MEASURES, walk
from tests.roads.ways import WAYS

pytestmark = [pytest.mark.servers, pytest.mark.slow]

Found = Mapping[Measure, dict[str, Row]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return walk(tmp_path_factory.mktemp("roads"))


def test_every_row_has_its_way() -> None:
    assert ROADS.keys() == WAYS.keys()


@pytest.mark.parametrize("name", ROADS)
@pytest.mark.parametrize("measure", MEASURES, ids=str)
def test_a_road_leads_where_the_table_says(name: str, measure: Measure, found: Found) -> None:
    row = found[measure][name]
    assert row.before not in (OFF, GONE), "this road was never open, so closing it shows nothing"
    assert row == ROADS[name]
