"""The IMAP server of the lab where Dovecot is not installed: pymap, in memory, in its own process.

Owns that process. Its mail is gone when it stops; it has no LMTP, so a delivery is an APPEND with
the fields that an MX would add. Good for the demo; Dovecot is the proof. Called by the demo and
tests.
"""

import sys
from pathlib import Path

from cocmail.lab.mailbox import Mailbox
from cocmail.lab.process import LabError, Process
from cocmail.lab.server import Server
from cocmail.lab.waiting import answers, free_port


class Pymap(Server):
    """The surface of `Dovecot`, less LMTP, and for one user."""

    username = "conduct"
    password = "secret"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.imap_port = free_port()

    def _launch(self) -> Process:
        argv = [sys.executable, "-c", "from pymap.main import main; main()"]
        argv += ["--host", "127.0.0.1", "--port", str(self.imap_port), "--no-tls"]
        argv += ["dict", "--demo-user", self.username, "--demo-password", self.password]
        process = Process(argv, log=self.log, cwd=self.directory)
        process.wait_ready(lambda: answers(self.imap_port, greeting=True), timeout=60, what="pymap")
        return process

    def mailbox(self, username: str = username) -> Mailbox:
        if username != self.username:
            raise LabError(f"pymap has one user here, {self.username}")
        return Mailbox(port=self.imap_port, username=username, password=self.password)

    def deliver(self, message: bytes, *, recipient: str, sender: str = "") -> None:
        added = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
        self.mailbox().append(added + message)
