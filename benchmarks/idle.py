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

from benchmarks._daemon import daemon
from cocmail.lab.cost import processor_seconds, pss
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Sink

SECONDS = float(os.environ.get("SECONDS", "60"))


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, Sink() as sink:
        base = Path(scratch)
        with (
            Dovecot(base / "dovecot") as dovecot,
            Mailman(base / "mailman") as mailman,
            daemon(base / "cocmail", dovecot, mailman, sink) as running,
        ):
            nothing = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
            try:
                time.sleep(3)  # the first sweep and the first look are no idling
                begun, spent = time.monotonic(), processor_seconds(running.pid)
                time.sleep(SECONDS)
                share = (processor_seconds(running.pid) - spent) / (time.monotonic() - begun)
                ours, bare = pss(running.pid) / 1e6, pss(nothing.pid) / 1e6
                print(f"CPU: {share:.2%} of a core over {SECONDS:.0f} s")
                print(f"memory: {ours:.0f} MB PSS, {ours / bare:.1f} times a bare Python's")
            finally:
                nothing.terminate()
                nothing.wait(timeout=15)


if __name__ == "__main__":
    main()
