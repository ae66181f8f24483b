"""Dovecot and pymap have one surface; Dovecot keeps its mail over a restart."""

from pathlib import Path

import pytest

from cocmail.lab.dovecot import Dovecot
from cocmail.lab.pymap_server import Pymap

MAIL = b"From: a@example.net\r\nSubject: x\r\n\r\n8-bit: \xff\xfe\r\n"


@pytest.mark.parametrize("server", [Dovecot, Pymap])
def test_mail_that_goes_in_is_there_byte_for_byte(
    server: type[Dovecot] | type[Pymap], tmp_path: Path
) -> None:
    with server(tmp_path) as imap:
        mailbox = imap.mailbox()
        mailbox.append(MAIL)
        imap.deliver(MAIL, recipient="conduct+token@example.org", sender="a@example.net")
        appended, delivered = mailbox.messages()
        assert mailbox.count("Nowhere") == 0
    assert appended == MAIL
    assert delivered.endswith(MAIL)
    assert b"Delivered-To: conduct+token@example.org\r\n" in delivered


def test_dovecot_keeps_mail_and_ports_over_a_kill(tmp_path: Path) -> None:
    with Dovecot(tmp_path) as dovecot:
        dovecot.mailbox().append(MAIL)
        dovecot.kill()
        dovecot.start()
        assert dovecot.mailbox().messages() == [MAIL]
        assert dovecot.mailbox("somebody-else").messages() == []
