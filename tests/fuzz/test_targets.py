"""Every seed holds, and what hypothesis makes of their pieces; `make fuzz` looks for longer."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import placing
from tests.fuzz.targets import TARGETS, Target

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
SEEDS = [(one, path) for one in TARGETS.values() for path in one.seeds()]


@pytest.mark.parametrize(
    ("target", "path"), SEEDS, ids=[f"{one.name}-{path.name}" for one, path in SEEDS]
)
def test_every_seed_holds(target: Target, path: object) -> None:
    target.tried(path.read_bytes())  # type: ignore[attr-defined]


@pytest.mark.parametrize("told", [*placing.TOKENS, *placing.SENT])
def test_some_seed_still_leads_to_each_case(told: str) -> None:
    """Else they are stale: `tests/fuzz/placing.py` has the addresses and ids of now."""
    if told in placing.SENT and not placing.SENT[told][1].startswith("reporter"):
        return
    assert any(told.encode() in path.read_bytes() for path in TARGETS["threads"].seeds())


def made_of(target: Target) -> st.SearchStrategy[bytes]:
    """Pieces of it and other bytes, alone or in the middle of a seed."""
    piece = st.one_of(st.sampled_from(target.pieces), st.binary(max_size=6))
    several = st.builds(
        lambda head, rest: head + b"".join(rest),
        st.sampled_from(target.heads),
        st.lists(piece, max_size=25),
    )
    seeds = st.sampled_from([path.read_bytes() for path in target.seeds()])
    spliced = st.builds(_spliced, seeds, st.floats(0, 1), st.floats(0, 1), several)
    return st.one_of(several, spliced)


def _spliced(seed: bytes, one: float, other: float, new: bytes) -> bytes:
    begin, end = sorted((int(one * len(seed)), int(other * len(seed))))
    return seed[:begin] + new + seed[end:]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_whatever_is_made_of_their_pieces_holds(target: Target) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    @given(made_of(target))
    def holds(data: bytes) -> None:
        target.tried(data[: target.longest])

    holds()
