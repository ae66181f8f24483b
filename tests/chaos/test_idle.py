"""A daemon that has worked and now has nothing to do costs next to nothing.

A minute of it is `python benchmarks/idle.py`; this is shorter, and looks after some work, when
all that work loads is loaded (but for filters, whose process ends by itself when it is idle).
"""

from __future__ import annotations

import time
from typing import Any

from cocmail.lab.cost import processor_seconds, pss, tree

SECONDS = 10.0


def test_an_idle_daemon(new_house: Any) -> None:
    house = new_house(mailman={"sweep_every": "5m"}, filters={"directories": []})
    house.report().settle()
    house.quiet()
    pid = house._process.pid
    assert tree(pid) == [pid]
    shares: list[float] = []
    while len(shares) < 3 and min(shares, default=1) >= 0.01:
        begun, spent = time.monotonic(), processor_seconds(pid)
        time.sleep(SECONDS)  # what is measured
        shares.append((processor_seconds(pid) - spent) / (time.monotonic() - begun))
    memory = pss(pid) / 1e6
    print(f"{min(shares):.2%} of a core, {memory:.0f} MB PSS")
    assert memory < 120
    assert min(shares) < 0.01  # a machine at its limits counts others' work in, too
