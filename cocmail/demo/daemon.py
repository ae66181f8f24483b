"""The daemon as a stranger has it: `cocmail init`, `run`, and the reading commands' JSON.

Owns its process and its configuration file. Knows of cocmail what docs/interface.md says.
Called by the stage and the story.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cocmail.demo.cast import COMMUNITY, Member
from cocmail.demo.narrator import StoryBroke
from cocmail.lab.process import Process, log_tail

CONFIGURATION = """\
# Written by `cocmail demo`: everything on loopback, in this folder.
[community]
name = "Example Community"
address = "{community}"

[store]
url = "sqlite:///cocmail.db"
key_file = "cocmail.key"

[imap]
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{imap_username}"
password_file = "imap.password"

[submission]
host = "127.0.0.1"
port = {sink_port}
security = "none"

[authentication]
nameservers = ["{nameserver}"]

[mailman]
url = "{mailman_url}"
username = "{mailman_username}"
password_file = "mailman.password"
sweep_every = "3s"

[mailman.groups]
node = ["sig-node@lists.example.org", "sig-node-bugs@lists.example.org"]

[policy]
approvals = 2

[filters]
directories = ["filters.d"]
"""

MEMBER = """
[[committee]]
handle = "{handle}"
name = "{name}"
addresses = ["{address}"]
"""


class Daemon:
    """One cocmail in one folder."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.configuration = directory / "cocmail.toml"
        self.log = directory / "cocmail.log"
        self._process: Process | None = None

    @property
    def _environment(self) -> dict[str, str]:
        return dict(os.environ, COCMAIL_CONFIG=str(self.configuration), NO_COLOR="1")

    def install(
        self, *, committee: Sequence[Member], secrets: dict[str, str], **places: object
    ) -> None:
        """`cocmail init` for the key and the filters, then a configuration of our own."""
        self._call("init", str(self.directory))
        text = CONFIGURATION.format(community=COMMUNITY, **places)
        for member in committee:
            fields = {"handle": member.handle, "name": member.name, "address": member.address}
            text += MEMBER.format(**fields)
        self.configuration.write_text(text, encoding="utf-8")
        for name, secret in secrets.items():
            path = self.directory / name
            path.touch(mode=0o600)
            path.write_text(f"{secret}\n", encoding="utf-8")

    def start(self) -> None:
        argv = [sys.executable, "-m", "cocmail", "run"]
        process = Process(argv, log=self.log, cwd=self.directory, environment=self._environment)
        process.wait_ready(self._said_ready, timeout=60, what="cocmail")
        self._process = process

    def _said_ready(self) -> bool:
        return "cocmail is ready" in self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(timeout=12)
            self._process = None

    def log_tail(self) -> str:
        return log_tail(self.log)

    def ask(self, *words: str) -> Any:
        """What `cocmail WORDS --json` answers."""
        return json.loads(self._call(*words, "--json"))

    def _call(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cocmail", *words],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self._environment,
            timeout=120,
            check=False,
        )
        if done.returncode:
            said = " ".join(words)
            complaint = (done.stderr or done.stdout).strip()
            raise StoryBroke(f"`cocmail {said}` ended {done.returncode}: {complaint}")
        return done.stdout
