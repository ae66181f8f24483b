"""TLS, STARTTLS, passwords and tokens, against a real Dovecot with certificates of our own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.imap import ImapInbox, ImapSettings
from cocmail.adapters.token_command import TokenCommand
from cocmail.core.errors import Permanent
from cocmail.core.people import Private
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.waiting import answers, free_port
from tests.adapters.certificates import Authority

pytestmark = pytest.mark.servers

SECURE = """
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = plain login xoauth2
service imap-login {{
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%n {{room}}/tokens
}}
"""

MAIL = b"From: r@example.net\r\nMessage-ID: <1@example.net>\r\n\r\nSomebody shouted at me.\r\n"


class Secure:
    """A Dovecot with TLS, on both ports; a token is a password that stands in its file."""

    def __init__(self, folder: Path, certificate: Path, key: Path) -> None:
        self.imaps = free_port()
        more = SECURE.format(certificate=certificate, key=key, imaps=self.imaps)
        self.dovecot = Dovecot(folder, more=more)
        self.takes()

    def takes(self, *tokens: str) -> None:
        """These count from now on; a real one asks who gave them out."""
        new = self.dovecot.room / "tokens.new"
        new.write_text("".join(f"conduct:{{plain}}{one}::::::\n" for one in tokens))
        new.rename(self.dovecot.room / "tokens")

    def settings(self, security: str, **changes: Any) -> ImapSettings:
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.imaps if security == "tls" else self.dovecot.imap_port,
            "security": security,
            "username": "conduct",
            "password": Private("secret"),
            "longest_delay": 0.2,
        }
        return ImapSettings(**(values | changes))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


Start = Callable[..., Secure]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Start]:
    """`start(host=…, days=…)`: a server with a certificate for that host; the same one for the
    same certificate."""
    with ExitStack() as servers:

        @cache
        def started(host: str = "127.0.0.1", days: tuple[int, int] = (-1, 30)) -> Secure:
            certificate, key = authority.certificate(host, days=days)
            secure = Secure(tmp_path_factory.mktemp("secure"), certificate, key)
            servers.enter_context(secure.dovecot)
            return secure

        yield started


@pytest.fixture(scope="module")
def secure(start: Start) -> Secure:
    return start()


def deliver(secure: Secure) -> None:
    secure.dovecot.deliver(MAIL, recipient="conduct@example.org")


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_mail_comes_in_under_a_private_authority(
    secure, authority, clock, kept, until, running, security
):
    inbox = ImapInbox(secure.settings(security, ca_file=authority.ca_file), clock)
    async with running(inbox.run(kept)):
        await asyncio.to_thread(deliver, secure)
        await until(lambda: len(kept.arrivals) == 1)
        await until(lambda: inbox.trouble == "")
    assert MAIL.partition(b"\r\n\r\n")[2] in kept.raws[0]
    lines = await inbox.probe()
    assert {sound for sound, _ in lines} == {True}, lines


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("certificate", "trusted", "words"),
    [
        ({"host": "127.0.0.1"}, "nobody", "[imap] ca_file"),
        ({"host": "127.0.0.1"}, "another", "[imap] ca_file"),
        ({"host": "imap.example.org"}, "it", "is for another name than [imap] host"),
        ({"host": "127.0.0.1", "days": (-9, -2)}, "it", "has expired"),
        ({"host": "127.0.0.1", "days": (2, 9)}, "it", "isn't valid yet"),
    ],
)
async def test_a_certificate_that_proves_nothing_is_refused_and_named(
    start, authority, tmp_path, clock, kept, until, running, security, certificate, trusted, words
):
    server = start(**certificate)
    trust = {"nobody": None, "it": authority.ca_file, "another": Authority(tmp_path).ca_file}
    settings = server.settings(security, ca_file=trust[trusted])
    inbox = ImapInbox(settings, clock)
    async with running(inbox.run(kept)):
        await asyncio.to_thread(deliver, server)
        await until(lambda: words in inbox.trouble)
    assert kept.arrivals == []
    assert "Login" not in server.dovecot.log.read_text()
    ((sound, line),) = await inbox.probe()
    assert (sound, words in line) == (False, True)
    assert "\n" not in line


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("days", "words"), [(5, "ends in 5 days"), (1, "ends within two days")])
async def test_a_certificate_that_ends_soon_is_told(start, authority, clock, security, days, words):
    server = start(days=(-1, days))
    lines = await ImapInbox(server.settings(security, ca_file=authority.ca_file), clock).probe()
    assert [line for sound, line in lines if sound is None] == [
        f"[imap] host: its certificate {words}; the server needs a new one by then"
    ]
    assert False not in {sound for sound, _ in lines}


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_wrong_password_ends_it(secure, authority, clock, kept, security):
    wrong = secure.settings(security, ca_file=authority.ca_file, password=Private("wrong"))
    with pytest.raises(Permanent, match=r"^[^\n]*\[imap\] username and password_file$"):
        await asyncio.wait_for(ImapInbox(wrong, clock).run(kept), 60)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tokens_expire_and_new_ones_are_asked_for(
    start, authority, clock, kept, until, running, tmp_path, security
):
    current = tmp_path / "current"
    # A server for each: Dovecot looks once a second whether the file was changed.
    secure = start(days=(-1, 31 if security == "tls" else 32))
    one, two = f"ya29.one.{security}", f"ya29.two.{security}"
    current.write_text(f"{one}\n")
    secure.takes(one)
    program = tmp_path / "token.py"
    program.write_text(f"print(open(r'{current}').read())")
    settings = secure.settings(
        security,
        ca_file=authority.ca_file,
        password=TokenCommand((sys.executable, str(program)), "[imap] token_command"),
        authentication="xoauth2",
        login_key="token_command",
        idle_for=0.2,
    )
    inbox = ImapInbox(settings, clock)
    async with running(inbox.run(kept)):
        await asyncio.to_thread(deliver, secure)
        # Filed: killed in the middle of a move, Dovecot leaves a lock that outlasts our patience.
        mailbox = secure.dovecot.mailbox("conduct")
        await until(lambda: mailbox.count("Filed") == 1 and mailbox.count() == 0)
        secure.takes(two)
        await asyncio.to_thread(secure.dovecot.kill)  # it ends connections, as an expiry does
        secure.dovecot.start()
        await until(lambda: answers(secure.imaps))
        await until(lambda: "should give a new one" in inbox.trouble, timeout=120)
        current.write_text(f"{two}\n")
        await asyncio.to_thread(deliver, secure)
        # Dovecot makes whoever failed wait for some seconds.
        await until(lambda: len(kept.arrivals) == 2, timeout=120)
        await until(lambda: inbox.trouble == "")
    log = secure.dovecot.log.read_text()
    assert "method=XOAUTH2" in log


NAMESPACE = """
namespace inbox {
  prefix = INBOX.
  separator = .
}
"""


async def test_other_separators_prefixes_and_letters(tmp_path, clock, kept, until, running):
    def settings(dovecot: Dovecot, **names: str) -> ImapSettings:
        return ImapSettings(
            host="127.0.0.1", port=dovecot.imap_port, security="none", username="conduct",
            password=Private("secret"), **names,
        )  # fmt: skip

    with Dovecot(tmp_path, more=NAMESPACE) as dovecot:
        mailbox = dovecot.mailbox()
        with mailbox.session() as imap:  # RFC 3501 section 5.1.3: modified UTF-7
            for name in (
                "INBOX.&BBYEMAQ7BD4EMQRL-",
                "INBOX.Werbe&AOQ-.M&APw-ll &- 100%",
                "INBOX.100",
            ):
                assert imap.create(f'"{name}"')[0] == "OK"
        mailbox.append(MAIL, mailbox="INBOX.&BBYEMAQ7BD4EMQRL-")
        second = MAIL.replace(b"<1@", b"<2@")
        mailbox.append(second, mailbox='"INBOX.Werbe&AOQ-.M&APw-ll &- 100%"')
        names = {"mailbox": "Жалобы", "junk": "Werbeä/Müll & 100%", "archive": "Ablage/処理済み"}
        inbox = ImapInbox(settings(dovecot, **names), clock)
        async with running(inbox.run(kept)):
            await until(lambda: mailbox.count("INBOX.Ablage.&UeZ0Bm4IMH8-") == 2)
            await until(lambda: inbox.trouble == "")
        assert sorted(arrival.junk for arrival in kept.arrivals) == [False, True]
        assert mailbox.count("INBOX.100") == 0
        lines = await inbox.probe()
        assert {sound for sound, _ in lines} == {True}, lines
        missing = ImapInbox(settings(dovecot, mailbox="10%"), clock)  # a wildcard of LIST
        assert (
            False,
            "[imap] mailbox: the IMAP server has no such folder",
        ) in await missing.probe()
