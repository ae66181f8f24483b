"""A process that works for the daemon: ``python -m cocmail.adapters.worker_process MODULE …``.

Owns its limits: of memory from the start, of processor time anew for each call. Whatever goes
wrong with a call ends the process, so that nothing of it is left for the next. Reads a length and
a question from its input, writes a length and an answer, and ends with its input. Refuses to know
what can be asked: that is the module's ``JOBS``. Called by adapters.workers.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import IO


def _serve(
    jobs: Mapping[str, Callable[..., bytes]],
    questions: IO[bytes],
    answers: IO[bytes],
    seconds: int,
) -> None:
    answers.write(b"\n")
    answers.flush()
    while len(head := questions.read(8)) == 8:
        (length,) = struct.unpack("!Q", head)
        # From the daemon, which started us; never from anybody else.
        job, arguments = pickle.loads(questions.read(length))  # noqa: S301
        # Counted from the process's beginning, and ended by SIGXCPU.
        until = math.ceil(time.process_time()) + seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
        answer = jobs[job](*arguments)
        answers.write(struct.pack("!Q", len(answer)))
        answers.write(answer)
        answers.flush()


def main() -> None:
    module, seconds, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # A service manager stops us with the daemon, which still has questions; we end with them.
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold a mail
    with contextlib.suppress(
        OSError
    ):  # where the machine runs short, this goes, and not the daemon
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    # What a library prints goes nowhere, and can't be taken for an answer.
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    _serve(import_module(module).JOBS, sys.stdin.buffer, answers, seconds)


if __name__ == "__main__":
    main()
