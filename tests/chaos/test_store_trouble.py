"""The store's own trouble: PostgreSQL restarted under the daemon, a disk that is full.

Meanwhile no mail is said to be stored that isn't; after it all goes on by itself.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import smtplib
from pathlib import Path
from typing import Any

import pytest

from cocmail.lab.waiting import wait_until

SENDER = "bounces@example.net"
FULL = 4096  # bytes that any file may have while the disk is "full"


def delivered(house: Any, mail: bytes) -> bool:
    """As an MTA: what isn't answered with 250 stays in the queue."""
    try:
        house.deliver(mail, house.address, SENDER)
    except (OSError, smtplib.SMTPException) as error:
        code = getattr(error, "smtp_code", 400)
        assert 400 <= code < 500, "mail was refused for good"
        return False
    return True


def nothing_is_lost(house: Any, count: int) -> None:
    house.quiet()
    status = house.ask("status")
    assert status["running"] is True
    assert status["mail"] == {
        **status["mail"], "received": count, "waiting": 0, "quarantined": 0
    }  # fmt: skip
    assert status["outbox"]["failed"] == 0
    assert len(house.ask("case", "list")) == count
    assert house.ask("ledger", "verify")["whole"] is True


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
def test_postgresql_is_restarted_and_killed(new_house: Any, postgres: Any) -> None:
    house = new_house()
    people = [house.somebody("Rae Reporter") for _ in range(6)]
    mails = [p.write(house.address, "Hello", f"I need to tell {p.address}.") for p in people]
    for number, end in enumerate((postgres.stop, postgres.kill)):
        before, pushed, pulled = mails[3 * number : 3 * number + 3]
        assert delivered(house, before)
        end()
        assert not delivered(house, pushed)
        house.into_inbox(pulled, house.address, SENDER)
        wait_until(
            lambda: "can't be reached" in house.said() or "can't take it" in house.said(),
            timeout=60, what="a line in the log",
        )  # fmt: skip
        assert house.running
        postgres.start()
        wait_until(lambda m=pushed: delivered(house, m), timeout=60, what="a 250")
        for person in people[3 * number : 3 * number + 3]:
            house.mail(person, "acknowledgement")
    wait_until(lambda: house.ask("status")["running"], timeout=60, what="its lock, taken anew")
    nothing_is_lost(house, len(mails))


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_the_disk_is_full(new_house: Any) -> None:
    """No file can grow past a limit that is set on the running daemon from outside."""
    house = new_house()
    people = [house.somebody("Rae Reporter") for _ in range(3)]
    long = "I need to tell you of something, at length.\n" * 2000
    mails = [person.write(house.address, "Hello", long) for person in people]
    before, pushed, pulled = mails
    assert delivered(house, before)
    pid = house._process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL, hard))
    assert not delivered(house, pushed)
    house.into_inbox(pulled, house.address, SENDER)
    wait_until(
        lambda: house.ask("status")["mail"] and house.running,
        timeout=60,
        what="a daemon that lives",
    )
    assert house.servers.dovecot.mailbox(house.user).count() == 1
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    wait_until(lambda: delivered(house, pushed), timeout=60, what="a 250")
    for person in people:
        house.mail(person, "acknowledgement")
    assert Path(f"/proc/{pid}").exists(), "it is the same daemon"
    nothing_is_lost(house, len(mails))


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)
def test_the_disk_is_nearly_full(new_house: Any, tmp_path: Path) -> None:
    """Another program takes the room, and gives it back; votes and letters go on meanwhile."""
    free = shutil.disk_usage(tmp_path).free >> 20
    some = min(free // 3, 2048)  # megabytes, more than the other tests take and give
    house = new_house(limits={"disk_free": free - some})
    people = [house.somebody("Rae Reporter") for _ in range(3)]
    mails = [person.write(house.address, "Hello", "I need to tell you.") for person in people]
    before, pushed, pulled = mails
    assert delivered(house, before)
    for one in house.members:
        house.mail(one, "report")
    hog = tmp_path / "hog"
    with hog.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, (some + some // 2) << 20)
    try:
        assert not delivered(house, pushed)
        house.into_inbox(pulled, house.address, SENDER)
        for one in house.members:
            house.mail(one, "alert", containing="nearly full")
        wait_until(
            lambda: any("disk is nearly full" in words for words in house.ask("status")["trouble"]),
            timeout=60, what="a word in the status",
        )  # fmt: skip
        assert not delivered(house, pushed)
        assert house.servers.dovecot.mailbox(house.user).count() == 1
    finally:
        hog.unlink()
    wait_until(lambda: delivered(house, pushed), timeout=60, what="a 250")
    for person in people:
        house.mail(person, "acknowledgement")
    wait_until(lambda: not house.ask("status")["trouble"], timeout=60, what="no trouble any more")
    nothing_is_lost(house, len(mails))
    for one in house.members:
        told = [m for m in house.mails(one, "alert") if "nearly full" in m.text]
        assert len(told) == 1


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
def test_postgresqls_disk_is_full(new_house: Any, postgres: Any) -> None:
    """Its own refusal, from a trigger; a disk of its own can't be filled without rights."""
    house = new_house()
    database = re.search(r"/(story\d+)", house.configuration.read_text()).group(1)
    people = [house.somebody("Rae Reporter") for _ in range(2)]
    pushed, pulled = [p.write(house.address, "Hello", "I need to tell you.") for p in people]
    postgres.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$",
        database=database,
    )
    for table in ("mails", "ledger"):
        postgres.sql(
            f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()",
            database=database,
        )
    assert not delivered(house, pushed)
    house.into_inbox(pulled, house.address, SENDER)
    assert "the store's disk is full" in house.said()
    assert not any(house.mails(one, "alert") for one in house.members)
    postgres.sql("DROP TRIGGER full_disk ON ledger", database=database)
    for one in house.members:
        house.mail(one, "alert", containing="nearly full")
    wait_until(
        lambda: any("disk is full" in words for words in house.ask("status")["trouble"]),
        timeout=60, what="a word in the status",
    )  # fmt: skip
    assert not delivered(house, pushed)
    assert house.servers.dovecot.mailbox(house.user).count() == 1
    postgres.sql("DROP TRIGGER full_disk ON mails", database=database)
    wait_until(lambda: delivered(house, pushed), timeout=60, what="a 250")
    for person in people:
        house.mail(person, "acknowledgement")
    wait_until(lambda: not house.ask("status")["trouble"], timeout=60, what="no trouble any more")
    nothing_is_lost(house, len(people))
    for one in house.members:
        assert len([m for m in house.mails(one, "alert") if "nearly full" in m.text]) == 1
