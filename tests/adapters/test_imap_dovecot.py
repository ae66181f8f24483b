"""Mail in by IMAP, against a real Dovecot."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.adapters.imap import ImapInbox, ImapSettings
from cocmail.core.people import Private
from cocmail.lab.mailbox import Mailbox

pytestmark = pytest.mark.servers


def settings(mailbox: Mailbox, **changes: Any) -> ImapSettings:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": mailbox.port,
        "security": "none",
        "username": mailbox.username,
        "password": Private(mailbox.password),
    }
    return ImapSettings(**(values | changes))


def mail(number: int = 1, body: bytes = b"Somebody shouted at me.") -> bytes:
    return b"From: r@example.net\r\nMessage-ID: <%d@example.net>\r\n\r\n%s\r\n" % (number, body)


async def test_what_lies_there_is_kept_whole_and_filed(mailbox, clock, kept, until, running):
    odd = b"Subject: \xff\xfe raw\r\n\r\nno final line end, 8 bit \x80\x81"
    mailbox.append_all([mail(1), odd, mail(3)])
    inbox = ImapInbox(settings(mailbox), clock)
    async with running(inbox.run(kept)):
        await until(lambda: mailbox.count("Filed") == 3)
        assert kept.raws == [mail(1), odd, mail(3)]
        assert mailbox.count() == 0
        assert inbox.trouble == ""
    sources = [a.source.split("/") for a in kept.arrivals]
    assert [s[:2] + s[3:] for s in sources] == [["imap", "INBOX", str(n)] for n in (1, 2, 3)]
    assert {a.road for a in kept.arrivals} == {"imap"}


async def test_a_mail_that_comes_while_idle_is_kept_within_two_seconds(
    mailbox, clock, kept, until, running
):
    mailbox.append(mail(0))
    async with running(ImapInbox(settings(mailbox), clock).run(kept)):
        await until(lambda: len(kept.arrivals) == 1)
        for number in range(1, 6):
            mailbox.append(mail(number))
            took = await until(lambda n=number: len(kept.arrivals) == n + 1)
            print(f"appended to kept: {took:.2f} s")
            assert took < 2
