"""A daemon on a scratch store, measured from inside, and the mail that is put to it: by LMTP, or
through a Dovecot's inbox. Mailman isn't there, as it may not be on a bad day.

Knows of the store what became of each mail. Called by the table of the corpora and by tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString, Self

import psycopg

from cocmail.lab.dns import Dns
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.process import Process
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import free_port, wait_until
from tests.hostile.mails import KEY

CONFIGURATION = """
[community]
name = "Example"
address = "conduct@example.org"
[submission]
port = {sink}
security = "none"
[authentication]
nameservers = ["{dns}"]
[mailman]
url = "http://127.0.0.1:{nobody}/3.1"
password_file = "a.password"
[lmtp]
listen = "127.0.0.1:{lmtp}"
[limits]
from_sender = 1000000
from_domain = 1000000
in_all = 1000000
"""
IMAP = """
[imap]
port = {imap}
security = "none"
username = "conduct"
password_file = "a.password"
"""
MEMBER = """
[[committee]]
handle = "{0}"
name = "{1}"
addresses = ["{0}@{0}.example"]
"""


@dataclass(kw_only=True)
class Became:
    """What became of one mail."""

    name: str
    state: str  # "done", "filed", "quarantined"; "" if it isn't there
    why: str = ""
    case: str | None = None
    answers: int = 0  # letters to anybody but a member
    seconds: float = 0.0

    @property
    def raised(self) -> bool:
        return self.why.startswith("cocmail failed on it")


@dataclass(kw_only=True)
class Result:
    """What became of all of them, and what it cost."""

    became: list[Became] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # by the server in front of us
    same: list[str] = field(default_factory=list)  # the bytes of one before, so not sent
    longest: list[tuple[float, str]] = field(default_factory=list)  # callbacks of the main loop
    callbacks: int = 0
    compiled: list[str] = field(default_factory=list)  # templates, after it was ready
    peak: int = 0  # bytes
    peak_of_readers: int = 0
    said: str = ""  # the log


class Stage:
    """`with Stage(dir, road="lmtp") as stage: stage.put({"name": raw}); stage.result()`."""

    def __init__(
        self, directory: Path, *, road: str, members: int = 2, store: str | None = None
    ) -> None:
        """``store``: the URL of an empty PostgreSQL database; None: a SQLite file."""
        self.directory, self.road, self._store = directory, road, store
        self._members = ("alice", "bob", *(f"member{n}" for n in range(3, members + 1)))
        self._stack = ExitStack()
        self._sent: list[str] = []
        self._refused: list[str] = []
        self._known: set[bytes] = set()
        self._same: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _begin(self) -> None:
        argv = [sys.executable, "-m", "cocmail"]
        home = self.directory / "cocmail"
        subprocess.run([*argv, "init", str(home)], check=True, capture_output=True)
        self.sink = self._stack.enter_context(Sink())
        dns = self._stack.enter_context(Dns())
        dns.publish("mail._domainkey.mallory.example.net", KEY)
        ports = {"sink": self.sink.port, "dns": dns.address, "nobody": free_port()}
        self._lmtp = free_port()
        text = CONFIGURATION.format(**ports, lmtp=self._lmtp)
        if self.road == "imap":
            self._dovecot = self._stack.enter_context(Dovecot(self.directory / "dovecot"))
            text += IMAP.format(imap=self._dovecot.imap_port)
        if self._store is not None:
            text += f'[store]\nurl = "{self._store}"\n'
        for handle in self._members:
            text += MEMBER.format(handle, handle.title())
        (home / "cocmail.toml").write_text(text)
        (home / "a.password").touch(mode=0o600)
        (home / "a.password").write_text(Dovecot.password)
        self.home, self._figures = home, self.directory / "figures.json"
        self._log = self.directory / "cocmail.log"
        self._process = Process(
            [sys.executable, "-m", "tests.hostile.measured", self._figures, "run"],
            log=self._log,
            cwd=self.directory,
            environment={
                **os.environ, "COCMAIL_CONFIG": str(home / "cocmail.toml"), "NO_COLOR": "1",
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
        )  # fmt: skip
        self._stack.callback(self._process.stop)
        ready = "cocmail is ready"
        self._process.wait_ready(lambda: ready in self._log.read_text(), timeout=60, what="cocmail")

    # -- mail ----------------------------------------------------------------------------------

    def put(self, mails: Iterable[tuple[str, bytes]]) -> None:
        """Send them, one after the other."""
        send = self._by_lmtp if self.road == "lmtp" else self._by_imap
        for number, (name, raw) in enumerate(mails):
            # Each from somebody else: whoever writes often is looked at for longer.
            wire = as_sent(raw.replace(b"<mallory@", b"<m%d@" % number, 1))
            if wire in self._known:  # one mail, to us
                self._same.append(name)
                continue
            self._known.add(wire)
            try:
                send(wire)
            except (smtplib.SMTPException, OSError):
                self._refused.append(name)
            else:
                self._sent.append(name)

    def _by_lmtp(self, raw: bytes) -> None:
        with smtplib.LMTP("127.0.0.1", self._lmtp, timeout=60) as lmtp:
            # Not a null one: what is a machine's must be known by itself.
            lmtp.sendmail("sender@sender.example.net", ["conduct@example.org"], raw)

    def _by_imap(self, raw: bytes) -> None:
        self._dovecot.mailbox().append(raw)

    def settled(self, timeout: float = 300) -> None:
        """Wait until all of it was worked on."""
        wait_until(
            lambda: self._counts() == (len(self._sent), 0) or not self._process.running,
            timeout=timeout, what="the end of the work",
        )  # fmt: skip

    def copies(self, count: int, *, of: str, timeout: float = 60) -> list[str]:
        """What a member reads of so many reports whose sender's address holds this."""

        def there() -> list[str] | None:
            found = [
                one.text
                for one in self.sink.messages
                if one.is_for("alice@alice.example")
                and one.header("Cocmail-Kind") == "report"
                and of in one.text
            ]
            return found if len(found) >= count else None

        return wait_until(there, timeout=timeout, what=f"{count} copies") or []

    def readers(self) -> list[int]:
        """The daemon's processes for unusual mail."""
        found = []
        for one in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                said = (one / "cmdline").read_bytes() if one.name.isdigit() else b""
                if b"worker_process" in said and self._pid_of_parent(one) == self._process.pid:
                    found.append(int(one.name))
        return found

    def _pid_of_parent(self, process: Path) -> int:
        return int((process / "stat").read_text().rpartition(") ")[2].split()[1])

    def working(self) -> bool:
        """Whether a mail is leased and not done."""
        query = "SELECT count(*) FROM mails WHERE state = 'waiting' AND attempts > 0"
        return bool(self._ask(query)[0][0])

    def taken_up(self) -> list[int]:
        """How often each mail was."""
        return [times for (times,) in self._ask("SELECT attempts FROM mails ORDER BY number")]

    def _counts(self) -> tuple[int, int]:
        query = "SELECT count(*), count(CASE WHEN state = 'waiting' THEN 1 END) FROM mails"
        ((every, waiting),) = self._ask(query)
        return int(every), int(waiting)

    def _ask(self, query: LiteralString) -> list[Any]:
        if self._store is not None:
            with psycopg.connect(self._store) as connection:
                return connection.execute(query).fetchall()
        store = sqlite3.connect(f"file:{self.home / 'cocmail.db'}?mode=ro", uri=True)
        try:
            return store.execute(query).fetchall()
        finally:
            store.close()

    def result(self) -> Result:
        """After the end of the daemon, which this brings about."""
        alive = self._process.running
        self._process.stop()
        found = Result(refused=self._refused, same=self._same, said=self._log.read_text())
        rows = self._ask('SELECT id, state, why, "case" FROM mails ORDER BY number')
        letters = self._ask("SELECT \"case\", party FROM letters WHERE party NOT LIKE 'member:%'")
        answers: dict[str, int] = {}
        for case, _ in letters:
            answers[case] = answers.get(case, 0) + 1
        figures = json.loads(self._figures.read_text()) if self._figures.exists() and alive else {}
        seconds = figures.get("mails", {})
        for name, row in zip(self._sent, rows, strict=False):
            mail, state, why, case = row
            found.became.append(
                Became(
                    name=name, state=state, why=why, case=case,
                    answers=answers.get(case, 0) if case else 0, seconds=seconds.get(mail, 0.0),
                )
            )  # fmt: skip
        found.became += [Became(name=name, state="") for name in self._sent[len(rows) :]]
        found.longest = [(took, what) for took, what in figures.get("longest", [])]
        found.callbacks = figures.get("callbacks", 0)
        found.compiled = figures.get("compiled", [])
        found.peak = figures.get("peak", 0)
        found.peak_of_readers = figures.get("peak_of_readers", 0)
        return found


def as_sent(raw: bytes) -> bytes:
    """With the line ends that mail has on its way; a bare CR stays one."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
