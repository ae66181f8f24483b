"""What an idle daemon costs: CPU and memory (PSS) of its process tree over a minute.

The baseline is a Python that has imported nothing and sleeps, measured beside it. `SECONDS=20`
makes it shorter.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cocmail.lab.cost import processor_seconds, pss
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import free_port

SECONDS = float(os.environ.get("SECONDS", "60"))
CONFIGURATION = """
[community]
name = "Example"
address = "conduct@example.org"
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


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, Sink() as sink:
        base = Path(scratch)
        with Dovecot(base / "dovecot") as dovecot, Mailman(base / "mailman") as mailman:
            folder = base / "cocmail"
            command = [sys.executable, "-m", "cocmail"]
            subprocess.run([*command, "init", str(folder)], check=True, capture_output=True)
            for name, secret in (("imap", dovecot.password), ("mailman", mailman.password)):
                (folder / f"{name}.password").write_text(secret)
                (folder / f"{name}.password").chmod(0o600)
            toml = folder / "cocmail.toml"
            ports = {"imap": dovecot.imap_port, "lmtp": free_port(), "sink": sink.port}
            toml.write_text(CONFIGURATION.format(**ports, mailman=mailman.url))
            daemon = subprocess.Popen(
                [*command, "run", "--config", str(toml)], stderr=subprocess.PIPE, text=True
            )
            nothing = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
            try:
                assert daemon.stderr is not None
                assert "ready" in daemon.stderr.readline()
                time.sleep(3)  # the first sweep and the first look are no idling
                begun, spent = time.monotonic(), processor_seconds(daemon.pid)
                time.sleep(SECONDS)
                share = (processor_seconds(daemon.pid) - spent) / (time.monotonic() - begun)
                ours, bare = pss(daemon.pid) / 1e6, pss(nothing.pid) / 1e6
                print(f"CPU: {share:.2%} of a core over {SECONDS:.0f} s")
                print(f"memory: {ours:.0f} MB PSS, {ours / bare:.1f} times a bare Python's")
            finally:
                for process in (daemon, nothing):
                    process.terminate()
                    process.wait(timeout=15)
                daemon.stderr.close()


if __name__ == "__main__":
    main()
