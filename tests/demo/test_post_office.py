"""In a demo that was kept running, people with mail clients reach the daemon and each other."""

import smtplib
from pathlib import Path

from cocmail.demo.cast import ALICE, COMMUNITY
from cocmail.demo.postoffice import PostOffice, is_ours
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.sink import Sink


def test_mail_goes_to_the_inbox_signed_and_to_people_as_it_is(tmp_path: Path) -> None:
    unsigned = ALICE.client.write(COMMUNITY, "x", "y", sign=False)
    with (
        Dovecot(tmp_path) as dovecot,
        Sink(forward=PostOffice(dovecot)) as sink,
        smtplib.SMTP("127.0.0.1", sink.port, timeout=60) as client,
    ):
        for recipient in (COMMUNITY, "conduct+token@example.org", ALICE.address):
            client.sendmail(ALICE.address, [recipient], unsigned)
        inbox = dovecot.mailbox().messages()
        [own] = dovecot.mailbox("alice").messages()
    assert len(inbox) == 2
    assert all(b"DKIM-Signature" in mail for mail in inbox)
    assert own.endswith(unsigned)
    assert b"DKIM-Signature" not in own


def test_only_the_communitys_own_addresses_are_ours() -> None:
    assert is_ours("Conduct+Token@Example.org")
    assert not is_ours("conducts@example.org")
    assert not is_ours("conduct@example.org.example.net")
