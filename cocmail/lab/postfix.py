"""A private Postfix: takes mail by SMTP on loopback and hands it on by LMTP, as RFC 2033 says.

Owns its configuration, queue and processes; needs root, as Postfix does. Delivers the community's
address and its plus-details to one LMTP server, refuses everybody else. Called by tests.
"""

import os
import shutil
import smtplib
import subprocess
from pathlib import Path

from cocmail.lab.process import LabError, NotInstalled, Process, room
from cocmail.lab.server import Server
from cocmail.lab.waiting import answers, free_port

MAIN = """\
compatibility_level = 3.6
queue_directory = {room}/queue
data_directory = {room}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {room}/postfix.log
maillog_file_prefixes = {room}
myhostname = mx.example.test
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
recipient_delimiter = +
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = inline:{{ {known} }}
virtual_transport = lmtp:{lmtp}
default_transport = error:nothing leaves the lab
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""

# name, type, private, unprivileged, chroot, wakeup, maxproc, command
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

DAEMONS = Path("/usr/lib/postfix/sbin")


def is_installed() -> bool:
    return (DAEMONS / "master").exists()


class Postfix(Server):
    """`with Postfix(dir, lmtp="inet:127.0.0.1:8024") as postfix: postfix.send(…)`.

    `lmtp` is as Postfix writes it: `inet:HOST:PORT`, or `unix:/path/of/socket`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        lmtp: str,
        address: str = "conduct@example.org",
        others: tuple[str, ...] = (),
        extra: str = "",
        services: str = "",
    ) -> None:
        """`others`: addresses that are delivered beside it; `extra` and `services`: more lines for
        main.cf and master.cf."""
        self._room = room()
        super().__init__(directory, room=self._room)
        self.port = free_port()
        self._configuration = self._room / "etc"
        for name in ("etc", "queue", "data"):
            (self._room / name).mkdir()
        main = MAIN.format(
            room=self._room,
            daemons=DAEMONS,
            domain=address.partition("@")[2],
            known=", ".join(f"{{ {one} = yes }}" for one in (address, *others)),
            lmtp=lmtp,
        )
        (self._configuration / "main.cf").write_text(main + extra, encoding="utf-8")
        (self._configuration / "master.cf").write_text(
            MASTER.format(port=self.port) + services, encoding="utf-8"
        )

    @property
    def log(self) -> Path:
        return self._room / "postfix.log"

    def _launch(self) -> Process:
        if not is_installed():
            raise NotInstalled("Postfix is not installed: apt install postfix")
        if os.getuid() != 0:
            raise NotInstalled("Postfix needs root to start")
        shutil.chown(self._room / "data", "postfix")
        checked = subprocess.run(  # it makes the queue's folders, too
            ["/usr/sbin/postfix", "-c", self._configuration, "check"],
            capture_output=True,
            text=True,
            check=False,
        )
        if checked.returncode:
            raise LabError(f"postfix check: {checked.stderr}")
        process = Process(
            # Not `postfix start-fg`, whose master leaves our process group.
            [DAEMONS / "master", "-c", self._configuration, "-d"],
            log=self.directory / "postfix-start.log",
            cwd=self._room,
        )
        try:
            process.wait_ready(
                lambda: answers(self.port, greeting=True), timeout=60, what="Postfix"
            )
        except LabError as failed:
            said = self.log.read_text(errors="replace") if self.log.exists() else ""
            raise LabError(f"{failed}\n{said[-2000:]}") from None
        return process

    def asked(self, sender: str, recipient: str) -> tuple[int, str]:
        """What it says to this envelope; no mail is sent."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as smtp:
            smtp.ehlo()
            smtp.mail(sender)
            code, said = smtp.rcpt(recipient)
            return code, said.decode()

    def send(self, message: bytes, *recipients: str, sender: str = "") -> dict[str, object]:
        """By SMTP; the recipients that were refused, with their replies."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as smtp:
            return dict(smtp.sendmail(sender, list(recipients), message))

    def queued(self) -> int:
        """How many messages wait for another attempt."""
        return sum(
            1
            for name in ("incoming", "active", "deferred", "maildrop")
            for path in (self._room / "queue" / name).rglob("*")
            if path.is_file()
        )
