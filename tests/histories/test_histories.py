"""Random histories of sanctions and of changes by hand end as they should: promises 8 and 9.

`make histories N=1000 SEED=7` plays more of them; `HISTORIES=200` does it here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.histories.__main__ import play

pytestmark = [pytest.mark.servers, pytest.mark.slow]


async def test_every_sweep_makes_true_what_stands_and_the_last_end_gives_all_back(
    tmp_path: Path,
) -> None:
    assert await play(int(os.environ.get("HISTORIES", "30")), 1, tmp_path) == []
