"""A `cocmail run` on real servers, as each benchmark of the whole daemon needs it.

Owns its configuration and its process. Called by the benchmarks of this folder.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import free_port

ADDRESS = "conduct@example.org"
_CONFIGURATION = """
[community]
name = "Example"
address = "{address}"
[imap]
port = {imap}
security = "none"
username = "conduct"
password_file = "imap.password"
[lmtp]
listen = "127.0.0.1:{lmtp}"
[submission]
port = {sink}
security = "none"
[mailman]
url = "{mailman}"
password_file = "mailman.password"
[[committee]]
handle = "alice"
name = "Alice"
addresses = ["alice@alice.example"]
[[committee]]
handle = "bob"
name = "Bob"
addresses = ["bob@bob.example"]
"""


@dataclass(frozen=True, kw_only=True)
class Running:
    pid: int
    lmtp_port: int


@contextmanager
def daemon(
    folder: Path, dovecot: Dovecot, mailman: Mailman, sink: Sink, more: str = ""
) -> Iterator[Running]:
    """Ready to work, until the end of the `with`. ``more``: of its configuration."""
    command = [sys.executable, "-m", "cocmail"]
    subprocess.run([*command, "init", str(folder)], check=True, capture_output=True)
    for name, secret in (("imap", dovecot.password), ("mailman", mailman.password)):
        (folder / f"{name}.password").write_text(secret)
        (folder / f"{name}.password").chmod(0o600)
    toml = folder / "cocmail.toml"
    lmtp = free_port()
    ports = {"imap": dovecot.imap_port, "lmtp": lmtp, "sink": sink.port}
    toml.write_text(_CONFIGURATION.format(address=ADDRESS, mailman=mailman.url, **ports) + more)
    log = folder / "log"
    with log.open("w") as written:
        process = subprocess.Popen([*command, "run", "--config", str(toml)], stderr=written)
        try:
            while "ready" not in log.read_text():
                assert process.poll() is None, log.read_text()
            yield Running(pid=process.pid, lmtp_port=lmtp)
        finally:
            process.terminate()
            process.wait(timeout=15)
