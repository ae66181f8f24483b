"""Who floods us is stored and not answered, and takes nobody else's share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.floods import (
    HOUR,
    Key,
    Rates,
    counted,
    remembered,
    to_a_reply_address,
    to_the_public,
)
from cocmail.core.people import Address

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RATES = Rates(sender=4, domain=8, everybody=16)
ONE, OTHER = Address("one@example.net"), Address("other@example.net")


class Gate:
    def __init__(self, rates: Rates = RATES) -> None:
        self.rates, self.now = rates, NOW
        self.levels: dict[Key, datetime] = {}

    def lets_in(self, sender: Address | None, *, proved: bool = False) -> bool:
        limits = to_the_public(self.rates, sender, proved=proved)
        why, changed = counted(self.levels, limits, self.now)
        self.levels |= changed
        return not why


def test_so_many_at_once_and_then_one_now_and_then() -> None:
    gate = Gate()
    assert [gate.lets_in(ONE) for _ in range(6)] == [True] * 4 + [False] * 2
    gate.now += HOUR / 4
    assert [gate.lets_in(ONE) for _ in range(2)] == [True, False]
    gate.now += HOUR
    assert [gate.lets_in(ONE) for _ in range(5)] == [True] * 4 + [False]


def test_a_flood_takes_nobody_else_s_share() -> None:
    gate = Gate()
    for _ in range(1000):
        gate.lets_in(ONE)
    assert gate.lets_in(OTHER)


def test_a_tag_is_no_other_sender() -> None:
    gate = Gate()
    assert sum(gate.lets_in(Address(f"one+{n}@example.net")) for n in range(9)) == 4


def test_nobody_is_silenced_in_their_own_name() -> None:
    gate = Gate()
    for n in range(1000):
        gate.lets_in(ONE)
        gate.lets_in(Address(f"n{n}@n{n}.example"))
    assert not gate.lets_in(ONE)
    assert gate.lets_in(ONE, proved=True)


def test_a_reply_address_counts_by_itself() -> None:
    gate = Gate()
    while gate.lets_in(ONE):
        pass
    for token, fits in (("one", 4), ("other", 4)):
        let_in = 0
        for _ in range(6):
            why, changed = counted(gate.levels, to_a_reply_address(RATES, token), NOW)
            gate.levels |= changed
            let_in += not why
        assert let_in == fits


def test_a_domain_and_all_together_are_bounded() -> None:
    gate = Gate()
    assert sum(gate.lets_in(Address(f"a{n}@example.net")) for n in range(50)) == 8
    gate = Gate()
    assert sum(gate.lets_in(Address(f"a@n{n}.example")) for n in range(50)) == 16
    assert not gate.lets_in(None)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1800)), max_size=60))
def test_never_more_than_twice_the_rate_in_an_hour(comes: list[tuple[str, int]]) -> None:
    gate = Gate(Rates(sender=3, domain=100, everybody=100))
    let_in: dict[str, list[datetime]] = {"a": [], "b": []}
    for who, seconds in comes:
        gate.now += timedelta(seconds=seconds)
        if gate.lets_in(Address(f"{who}@example.net")):
            let_in[who].append(gate.now)
        gate.levels = remembered(gate.levels, gate.now)
    for times in let_in.values():
        assert all(sum(at <= one < at + HOUR for one in times) <= 6 for at in times)
