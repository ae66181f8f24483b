"""A ballot and an order show every address that is known to be the person's: all are looked up."""

from __future__ import annotations

import pytest

from cocmail.core.casework import to_look_up
from cocmail.core.commands import parse
from cocmail.core.people import Address
from tests.promises.kit import MALLORY, World

OTHER = Address("mallory@work.example")


@pytest.mark.parametrize(
    "command",
    [
        f"/sanction suspend {MALLORY} for 90 days because of it",
        f"/interim suspend {MALLORY} because it can't wait",
        f"/history {MALLORY}",
    ],
)
def test_every_address_that_the_case_knows_is_looked_up(command: str) -> None:
    """Mailman may not know that they are one person's; the lists that they are on with another
    address would not stand in the plan, nor that they own one."""
    world = World()
    world.report()
    world.say("alice", f"/respondent {MALLORY} {OTHER}")
    addresses, _ = to_look_up(world.case, parse(command).commands)
    assert {MALLORY, OTHER} <= {*addresses}
