"""The stage: every server of the story, started in order and stopped whatever happens.

Owns the lab's servers, the daemon beside them, and how mail gets from a person into the inbox.
Knows nothing of the plot. Called by the story.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from email.utils import getaddresses
from pathlib import Path

from cocmail.demo.cast import COMMITTEE, MALLORY, publish_keys
from cocmail.demo.daemon import Daemon
from cocmail.demo.narrator import Narrator
from cocmail.demo.postoffice import PostOffice, is_ours
from cocmail.lab import community, dovecot
from cocmail.lab.dns import Dns
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.pymap_server import Pymap
from cocmail.lab.sink import Caught, Sink


class Letterbox:
    """Notes what Mailman says of the respondent at the moment when the letter to him leaves.

    The sink calls it before it answers the daemon, so nothing can have happened in between.
    """

    def __init__(self, mailman: Mailman, post_office: PostOffice | None) -> None:
        self._mailman = mailman
        self._post_office = post_office
        self.on_lists_when_told: int | None = None

    def __call__(self, caught: Caught) -> None:
        if caught.header("Cocmail-Kind") == "letter" and self.on_lists_when_told is None:
            self.on_lists_when_told = sum(
                len(community.memberships(self._mailman, address, role="member"))
                for address in MALLORY.addresses
            )
        if self._post_office is not None:
            self._post_office(caught)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What the story plays on."""

    directory: Path
    mailman: Mailman
    imap: Dovecot | Pymap
    sink: Sink
    daemon: Daemon
    letterbox: Letterbox

    def post(self, mail: bytes) -> None:
        """Brings a person's mail into the community's inbox, as their provider and our MX do."""
        headers = BytesParser().parsebytes(mail, headersonly=True)
        sender = getaddresses([str(headers["From"])])[0][1]
        fields = [*headers.get_all("To", []), *headers.get_all("Cc", [])]
        for _, recipient in getaddresses([str(field) for field in fields]):
            if is_ours(recipient):
                self.imap.deliver(mail, recipient=recipient, sender=sender)


@contextmanager
def set_up(directory: Path, narrator: Narrator, *, keep: bool) -> Iterator[Stage]:
    """Starts everything; on the way out stops it, the daemon first."""
    with ExitStack() as servers:
        narrator.say("Mailman Core with a database of its own …")
        mailman = servers.enter_context(Mailman(directory / "mailman"))
        community.make_community(mailman, MALLORY)
        narrator.say(f"… with {len(community.LISTS)} lists and some thirty members.")
        imap: Dovecot | Pymap
        if dovecot.is_installed():
            imap = servers.enter_context(Dovecot(directory / "dovecot"))
            narrator.say("Dovecot, with the committee's private inbox.")
        else:
            imap = servers.enter_context(Pymap(directory / "pymap"))
            narrator.say("pymap (Dovecot is not installed), with the committee's private inbox.")
        dns = servers.enter_context(Dns())
        publish_keys(dns)
        narrator.say("A DNS server with the DKIM keys of everybody's mail providers.")
        letterbox = Letterbox(mailman, PostOffice(imap) if keep else None)
        sink = servers.enter_context(Sink(forward=letterbox))
        narrator.say("A submission server that takes what the daemon sends.")
        daemon = Daemon(directory / "cocmail")
        daemon.install(
            committee=COMMITTEE,
            secrets={"imap.password": imap.password, "mailman.password": mailman.password},
            imap_port=imap.imap_port,
            imap_username=imap.username,
            sink_port=sink.port,
            nameserver=dns.address,
            mailman_url=mailman.url,
            mailman_username=mailman.username,
        )
        servers.callback(daemon.stop)
        daemon.start()
        narrator.say("And `cocmail run`, which knows of all these by its configuration alone.")
        yield Stage(
            directory=directory,
            mailman=mailman,
            imap=imap,
            sink=sink,
            daemon=daemon,
            letterbox=letterbox,
        )
