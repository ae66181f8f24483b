"""The command line for tests that ask it hundreds of things: one process for each call, as ever,
but forked from one that has loaded cocmail already, for loading took most of each call's time.

Owns that process, and a call's arguments, environment, output and exit status. Refuses to know
any verb. That each of them begins by itself, from nothing, is what tests/cli tries. Called by the
story's stage, which is chaos's too; `python -m tests.story.verbs` is the process.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIMEOUT = 120.0


class Verbs:
    """`verbs.call(("status", "--json"), environment)`, for as long as `loaded` lasts."""

    def __init__(self, process: subprocess.Popen[str], room: Path) -> None:
        self._process = process
        self._out, self._err = room / "out", room / "err"

    def call(
        self, words: tuple[str, ...], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert self._process.stdin
        assert self._process.stdout
        asked = [words, dict(environment), str(self._out), str(self._err)]
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], TIMEOUT)[0]:
            raise subprocess.TimeoutExpired(words, TIMEOUT)
        status = int(self._process.stdout.readline())
        out, err = (one.read_text("utf-8") for one in (self._out, self._err))
        return subprocess.CompletedProcess(words, status, out, err)


@contextlib.contextmanager
def loaded() -> Iterator[Verbs]:
    with (
        tempfile.TemporaryDirectory(prefix="cocmail-verbs-") as room,
        subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        yield Verbs(process, Path(room))


def _serve() -> list[str]:
    """Until nobody asks any more; in a child: the words of its call."""
    for line in sys.stdin:
        words, environment, out, err = json.loads(line)
        child = os.fork()
        if not child:
            os.environ.clear()
            os.environ.update(environment)
            for path, onto in ((os.devnull, 0), (out, 1), (err, 2)):
                how = os.O_RDONLY if onto == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                os.dup2(os.open(path, how, 0o600), onto)
            return list(words)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    sys.exit()


if __name__ == "__main__":
    from cocmail.cli.main import VERBS, main

    for verb in VERBS:
        if verb != "demo":
            import_module(f"cocmail.cli.{verb}")
    gc.freeze()
    sys.exit(main(_serve()))
