"""A Dovecot of one's own: IMAP and LMTP on loopback, as root or as an ordinary user.

Owns its configuration, processes and mail folders. Any user name logs in with the one password; the
user is the local part without its plus-detail, so `conduct` reads all of `conduct+…@example.org`.
Knows nothing of who reads it. Called by the demo and tests.
"""

import grp
import os
import pwd
import shutil
import smtplib
from pathlib import Path

from cocmail.lab.mailbox import Mailbox, deliver_by_lmtp
from cocmail.lab.process import LabError, NotInstalled, Process, room
from cocmail.lab.server import Server
from cocmail.lab.waiting import answers, free_port

MAIL_UID = 5000  # needs no entry in passwd

CONFIGURATION = """\
base_dir = {room}/run
state_dir = {room}/state
log_path = {log}
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mailbox_list_index = no
mail_max_userip_connections = 100
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
auth_username_format = %Ln
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={room}/home/%n
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@lists.test
}}
"""

ORDINARY_USER = """\
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service lmtp {{
  user =
}}
service stats {{
  user = {user}
}}
"""


def is_installed() -> bool:
    return _binary() is not None and Path("/usr/lib/dovecot/lmtp").exists()


def _binary() -> str | None:
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Dovecot(Server):
    """`with Dovecot(dir) as dovecot: dovecot.mailbox().append(message)`."""

    username = "conduct"
    password = "secret"
    killed_at_close = True

    def __init__(self, directory: Path, *, more: str = "") -> None:
        """``more``: lines of configuration after ours, which take precedence; "{room}" in them is
        a folder that its processes can read."""
        self._room = self.room = room()
        super().__init__(directory, room=self._room)
        self.imap_port = free_port()
        self.lmtp_port = free_port()
        root = os.getuid() == 0
        uid, gid = (MAIL_UID, MAIL_UID) if root else (os.getuid(), os.getgid())
        for name in ("run", "state", "home"):
            (self._room / name).mkdir()
        if root:
            os.chown(self._room / "home", uid, gid)
        text = CONFIGURATION.format(
            room=self._room,
            log=self.log,
            password=self.password,
            uid=uid,
            gid=gid,
            imap=self.imap_port,
            lmtp=self.lmtp_port,
        )
        if not root:
            user, group = pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name
            text += ORDINARY_USER.format(user=user, group=group)
        text += more.replace("{room}", str(self._room))
        self._configuration = self.directory / "dovecot.conf"
        self._configuration.write_text(text, encoding="utf-8")

    def _launch(self) -> Process:
        binary = _binary()
        if binary is None or not is_installed():
            raise NotInstalled("Dovecot is not installed: apt install dovecot-imapd dovecot-lmtpd")
        process = Process(
            [binary, "-F", "-c", self._configuration],
            log=self.log,
            cwd=self.directory,
        )
        process.wait_ready(self._is_ready, timeout=60, what="Dovecot")
        return process

    def _is_ready(self) -> bool:
        return answers(self.imap_port, greeting=True) and answers(self.lmtp_port, greeting=True)

    def mailbox(self, username: str = username) -> Mailbox:
        return Mailbox(port=self.imap_port, username=username, password=self.password)

    def deliver(self, message: bytes, *, recipient: str, sender: str = "") -> None:
        """As an MX does, by LMTP: with Return-Path and Delivered-To."""
        try:
            deliver_by_lmtp(self.lmtp_port, message, recipient=recipient, sender=sender)
        except smtplib.SMTPException as refused:
            raise LabError(f"Dovecot refused a delivery: {refused}") from refused
