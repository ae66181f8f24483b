"""The process, its roads and its command line, as an operator has them."""

from __future__ import annotations

import smtplib
import time
from datetime import datetime
from typing import Any

from cocmail.lab.process import room
from cocmail.lab.waiting import free_port, wait_until

Stage = Any  # conftest's House, Case, Person


def instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    assert found.utcoffset() is not None
    assert found.utcoffset().total_seconds() == 0  # type: ignore[union-attr]
    return found


def test_it_says_that_it_is_ready_and_ends_in_time(new_house: Any) -> None:
    house = new_house()
    assert "cocmail is ready\n" in house.said()
    assert house.ask("status")["running"] is True
    case = house.report()
    began = time.monotonic()
    house.stop()
    assert time.monotonic() - began < 10
    standing = house.ask("status")
    assert standing["running"] is False
    # What was decided is there after a restart.
    house.start()
    case.say(house.alice, "Again: the slate bassoon.")
    case.hears(house.bob, "message", "slate bassoon")
    assert len(house.mails(case.reporter)) == 1


def test_a_second_daemon(new_house: Any) -> None:
    """Refused on one SQLite, with one line; on PostgreSQL the two share the work."""
    house = new_house(lmtp=None)
    if "sqlite" in house.configuration.read_text():
        done = house.call("run")
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert house.report().reference
        return
    first = house._process
    house.start()
    try:
        for _ in range(3):
            case = house.report()
            case.settle()
            assert len(house.mails(case.reporter)) == 1
    finally:
        first.stop(timeout=12)


def test_a_refused_login_ends_it_with_one_line(new_house: Any) -> None:
    house = new_house(started=False)
    (house.directory / "imap.password").write_text("wrong")
    done = house.call("run")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "password" in done.stderr.lower() or "login" in done.stderr.lower()


def test_lmtp_on_tcp_and_imap_are_one_road(new_house: Any) -> None:
    house = new_house()
    rae = house.somebody("Rae Rivera")
    mail = rae.write(house.address, "Twice", "By both roads: the teal xylophone.")
    house.deliver(mail, house.address, rae.address)
    house.servers.dovecot.mailbox(house.user).append(mail)
    house.mail(rae, "acknowledgement")
    house.mail(house.alice, "report", "teal xylophone")
    house.quiet()
    assert len(house.mails(rae)) == 1
    assert len(house.ask("case", "list")) == 1


def test_a_second_mailbox_and_a_provider_that_changes_bodies(new_house: Any) -> None:
    """Of the second mailbox alone its provider's own results count; of the other our check."""
    user = f"work{free_port()}"
    second = {"only_results_of": "microsoft", "username": user, "archive": "Old"}
    house = new_house(**{"imaps.work": second})
    work = house.servers.dovecot.mailbox(user)
    case = house.report()
    results = (
        b"Received: from a.outlook.test by b.outlook.test; Fri, 6 Nov 2026 10:00:00 +0000\r\n"
        b"Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n"
        b" smtp.mailfrom=alice.example; dkim=pass (signature was verified)\r\n"
        b" header.d=alice.example;dmarc=pass action=none header.from=alice.example\r\n"
    )

    def changed(text: str) -> bytes:
        mail = house.alice.answer(case.copies["alice"].data, f"{text}\n\nRegards, Alice")
        assert mail.count(b"Regards, Alice") == 1
        return results + mail.replace(b"Regards, Alice", b"Regards,  Alice ")

    after = house.now()
    work.append(changed("/assign bob"))
    case.hears(house.carol, "message", "bob", after=after)
    wait_until(lambda: work.count("Old") == 1, timeout=60, what="it to be filed")
    house.servers.dovecot.mailbox(house.user).append(changed("/assign carol"))
    case.hears(house.alice, "alert", after=after)
    assert house.ask("case", "show", case.reference)["assigned"] == "bob"
    assert house.ask("status")["trouble"] == []


def test_lmtp_on_a_unix_socket(new_house: Any) -> None:
    folder = room()
    path = folder / "lmtp.sock"
    house = new_house(lmtp={"listen": f"unix:{path}"}, imap=None)
    rae = house.somebody("Rae Rivera")
    with smtplib.LMTP(str(path)) as lmtp:
        lmtp.ehlo()
        assert lmtp.mail(rae.address)[0] == 250
        assert lmtp.rcpt(house.address)[0] == 250
        assert 500 <= lmtp.rcpt("other@elsewhere.example")[0] < 600
        code, _ = lmtp.data(rae.write(house.address, "Hello", "The olive marimba."))
        assert code == 250
    house.mail(house.alice, "report", "olive marimba")
    house.mail(rae, "acknowledgement")
    house.stop()
    folder.joinpath("lmtp.sock").unlink(missing_ok=True)
    folder.rmdir()


def test_submission_is_down_for_a_while(new_house: Any) -> None:
    house = new_house()
    rae = house.somebody("Rae Rivera")
    house.sink.stop()
    house.post(rae.write(house.address, "Help", "While it is down: the taupe fiddle."))
    wait_until(lambda: house.ask("status")["outbox"]["waiting"] == 4, timeout=60,
               what="four letters that wait")  # fmt: skip
    assert house.ask("status")["outbox"]["oldest"]
    assert house.ask("status")["outbox"]["failed"] == 0
    house.sink.start()
    house.mail(rae, "acknowledgement")
    for member in house.members:
        house.mail(member, "report", "taupe fiddle")
    assert len(house.mails(rae)) == 1


def test_the_shapes_of_the_json(house: Stage, mallory: Any) -> None:
    case = house.report()
    case.propose(f"/sanction suspend {mallory.address} for 3 days because of this")

    def swept() -> Any:
        found = house.ask("status")
        return found if found["enforcement"]["last_sweep"] else None

    status = wait_until(swept, timeout=60, what="a first sweep", every=0.5)
    assert set(status["mail"]) >= {"received", "waiting", "quarantined"}
    assert set(status["outbox"]) >= {"waiting", "failed", "oldest"}
    assert set(status["enforcement"]) >= {"sanctions", "drift", "last_sweep", "calls"}
    instant(status["enforcement"]["last_sweep"])
    due = [d for d in status["due"] if d["case"] == case.reference]
    assert due
    for one in due:
        assert set(one) >= {"case", "what", "at"}
        instant(one["at"])
    (listed,) = [c for c in house.ask("case", "list") if c["reference"] == case.reference]
    keys = {"reference", "state", "opened", "urgent", "assigned", "messages", "due"}
    assert set(listed) >= keys
    assert listed["state"] == "open"
    assert listed["urgent"] is False
    assert listed["assigned"] is None
    instant(listed["opened"])
    shown = house.ask("case", "show", case.reference)
    assert set(shown) >= keys | {"events"}
    assert shown["events"]
    for event in shown["events"]:
        assert set(event) >= {"sequence", "at", "kind", "actor", "text"}
        instant(event["at"])
    case.all_hear("alert", "read")  # reading a case is told to its members
    sanction = case.sanction()
    assert set(sanction) >= {
        "id", "case", "person", "addresses", "measure", "scope", "state", "from", "until",
        "lists", "drift",
    }  # fmt: skip
    assert sanction["scope"] == "all"
    assert house.ask("sanction", "show", sanction["id"])["id"] == sanction["id"]
    dry = house.ask("enforce", "--dry-run")
    assert set(dry) >= {"steps", "warnings"}
    verified = house.ask("ledger", "verify")
    assert verified["whole"] is True
    assert verified["events"] > 10
    assert verified["first_bad"] is None
    for one in house.ask("quarantine", "list"):
        assert set(one) >= {"id", "at", "why", "size", "case"}


def test_wrong_use_is_2_and_a_failure_1_in_one_line(house: Stage) -> None:
    for words, code in (
        (("case", "show", "COC-XXXXXX"), 1),
        (("sanction", "show", "SNONE"), 1),
        (("nonsense",), 2),
        (("case", "show"), 2),
        (("sanction", "plan", "exile", "a@b.example"), 2),
    ):
        done = house.call(*words)
        assert done.returncode == code, words
        assert "Traceback" not in done.stderr


def test_promise_13_no_name_address_or_text_in_the_log(house: Stage, mallory: Any) -> None:
    """The stage checks it again for everybody at its end."""
    reporter = house.somebody("Persephone Quicksilver")
    case = house.report("She said gobbledygookish things.", reporter=reporter)
    case.say(house.alice, f"/respondent {mallory.address}")
    case.hears(house.bob, "message", mallory.address)
    house.sink.refusals[mallory.address] = f"550 5.1.1 <{mallory.address}> unknown"
    case.say(house.alice, "/reply respondent\nPlease write to us.\n/end")
    case.all_hear("alert")
    house.sink.refusals.clear()
    house.deliver(b"\xff\xfe garbage gobbledygookish\r\n\r\nwhat", house.address)
    case.settle()
    said = house.said().lower()
    for secret in ("persephone", "quicksilver", "gobbledygook", mallory.address, mallory.name,
                   *(m.address for m in house.members)):  # fmt: skip
        assert secret.lower() not in said, secret
