"""What all tests share: a server that this machine doesn't have skips a test, except in CI; the
order of the files; no clock for examples.

`make test` installs them where it may, and names what it could not. In CI nothing may be skipped,
so there a missing server is a failure. `TURN=N` halves what is told on two databases.
"""

import os
from collections.abc import Generator
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, settings

from cocmail.lab.process import NotInstalled

HERE = Path(__file__).parent

# Others are at work on the same processors: how long one example took says nothing of it, nor how
# long it took to think of some.
settings.register_profile(
    "shared",
    parent=settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# To make a failing example short may take minutes; no example is left out.
UNSHRUNK = [
    phase for phase in settings.default.phases if phase not in (Phase.shrink, Phase.explain)
]
settings.register_profile("unshrunk", parent=settings.get_profile("shared"), phases=UNSHRUNK)
settings.load_profile("unshrunk" if os.environ.get("UNSHRUNK") else "shared")

# Folders with long files, the longest first. A worker takes a whole file: were one of these the
# last, the other workers would have nothing to do for minutes.
LONG = (
    "histories", "chaos", "roads", "story", "promises", "loops", "hostile", "cli", "lab", "letters",
    "corpora",
)  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if turn := os.environ.get("TURN"):  # CI's
        _on_one_store(config, items, int(turn))
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.relative_to(HERE).parts[0], len(LONG)))


def _on_one_store(config: pytest.Config, items: list[pytest.Item], turn: int) -> None:
    """Of what is told on SQLite and on PostgreSQL, each on one of them; at the next turn the other.
    What the two must have in common is held for both (adapters/store)."""
    told: dict[str, list[pytest.Item]] = {}
    for item in items:
        if store := getattr(item, "callspec", None) and item.callspec.params.get("new_store"):
            told.setdefault(item.nodeid.replace(store, "", 1), []).append(item)
    left_out = {
        both[(crc32(name.encode()) + turn) % 2] for name, both in told.items() if len(both) == 2
    }
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def _skipping(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    except NotInstalled as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


pytest_runtest_setup = pytest.hookimpl(wrapper=True)(_skipping)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(_skipping)
