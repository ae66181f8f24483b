"""A decision by mail reaches Postfix's table as the lists, and Mailman's plugin is heard."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from cocmail.adapters.hook import digest, sign
from cocmail.adapters.postfix_policy import understand
from cocmail.core.people import Address
from cocmail.lab.waiting import free_port, wait_until
from tests.adapters.test_mailman_plugin import KEY, message, say

INFO = "info@example.org"


@pytest.fixture(scope="session")
def new_store() -> Any:
    """One is enough: no venue knows of a store."""
    return lambda: "sqlite:///cocmail.db"


def test_a_suspension_keeps_them_from_addresses_that_are_no_lists(new_house: Any) -> None:
    port = free_port()
    house = new_house(
        started=False,
        postfix={"addresses": [INFO, "jobs@example.org"], "server": f"127.0.0.1:{free_port()}"},
        mailman={"hook": f"127.0.0.1:{port}", "hook_key_file": "hook.key", "sweep_every": "1h"},
    )
    key = house.directory / "hook.key"
    key.touch(mode=0o600)
    key.write_bytes(KEY + b"\n")
    house.start()
    table = house.directory / "postfix.table"

    def rejected(who: str, where: str = INFO) -> bool:
        return understand(table.read_text()).rejects(who, where)

    mallory = house.somebody("Mallory Vance")
    house.lists.join("general", mallory.address, name=mallory.name)
    assert not rejected(mallory.address)
    case = house.report()
    plan = house.ask("sanction", "plan", "suspend", mallory.address)
    rows = [(row["site"], row["list"], row["role"], row["then"]) for row in plan["steps"]]
    assert ("postfix", None, "ban", "banned") in rows
    held = house.ask("sanction", "plan", "moderate", mallory.address)
    assert f"mail to {INFO} can't be held, and still arrives" in held["warnings"]
    case.decide(f"/sanction suspend {mallory.address} on all for 90 days because of this")
    for proof in case.all_hear("proof", "general"):
        assert "all protected addresses" in proof.text
    house.stop()
    assert rejected(mallory.address)
    assert rejected(mallory.address, "jobs@example.org")
    assert not rejected(mallory.address, house.address)
    assert not rejected(mallory.address, house.address.replace("@", "+x@"))

    def last_sweep() -> Any:
        return house.ask("status")["enforcement"]["last_sweep"]

    def told(changed: bool) -> bytes:
        body = message(secrets.token_hex(16), changed=changed)
        status, answer, _ = say(port, body, sign(KEY, "changed", body))
        assert status == 200
        return answer

    # Somebody empties the table after the sweep of a start. The next one is an hour away; it comes
    # by a signed word that something changed, not by one that asks.
    before = last_sweep()
    house.start()
    wait_until(lambda: last_sweep() != before, timeout=60, what="the sweep of the start")
    sanction = case.becomes("in-force")
    theirs = digest(KEY, Address(mallory.address), "*").encode()
    wait_until(lambda: theirs in told(False), timeout=60, what="who is to be held")
    table.write_text("")
    told(True)
    wait_until(lambda: rejected(mallory.address), timeout=60, what="the table, made anew")
    assert say(port, message("x"), "forged")[0] == 403
    wait_until(
        lambda: any("refused" in words for words in house.ask("status")["trouble"]),
        timeout=60, what="a refused message in the status",
    )  # fmt: skip
    after = house.now()
    ballots = case.propose(f"/lift {sanction['id']} because of an apology")
    case.vote(ballots, house.alice, house.bob)
    case.all_hear("proof", after=after)
    assert not rejected(mallory.address)
    assert mallory.address not in table.read_text()
