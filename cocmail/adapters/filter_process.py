"""The process in which filters run: ``python -m cocmail.adapters.filter_process``.

Owns the running of somebody else's function on one mail at a time. It is a process of its own
because a regular expression that never ends can't be stopped in a thread, and would stop the
daemon with it. Reads one JSON object a line (the sources first, then questions), writes one a
line, ends with its input. Called by adapters.filters.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import IO, Any

from cocmail.core.filtering import Incoming, Once, SetAside, Tag, Urgent, fault, unpacked

_MEMORY = 1 << 30  # bytes of address space


def _load(path: str, source: str) -> Callable[[Incoming], object]:
    module = ModuleType("filter")
    module.__file__ = path
    # The operator's own file, read once and found trustworthy by adapters.filters.
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102
    judge: Callable[[Incoming], object] = module.__dict__["judge"]
    return judge


def _answer(judge: Callable[[Incoming], object], mail: Incoming) -> dict[str, str]:
    match verdict := judge(mail):
        case _ if wrong := fault(verdict):
            return {"broken": wrong}
        case SetAside(why=why):
            return {"set aside": why}
        case Urgent(why=why):
            return {"urgent": why}
        case Tag(word=word):
            return {"tag": word}
        case Once():
            return {"once": ""}
        case _:
            return {"pass": ""}


def serve(questions: IO[str], answers: IO[str]) -> None:
    """Until the questions end."""
    sources: dict[str, str] = json.loads(questions.readline())
    filters: dict[str, Callable[[Incoming], object]] = {}
    answers.write(json.dumps("ready") + "\n")
    answers.flush()
    for line in questions:
        asked: dict[str, Any] = json.loads(line)
        path = asked["filter"]
        try:
            if path not in filters:
                filters[path] = _load(path, sources[path])
            answer = _answer(filters[path], unpacked(asked["mail"]))
        # A filter is a stranger's code and may raise anything; its message may quote the mail,
        # so only the kind of error is told.
        except (Exception, SystemExit) as error:
            answer = {"broken": f"raised {type(error).__name__}"}
        answers.write(json.dumps([asked["number"], answer]) + "\n")
        answers.flush()


def main() -> None:
    # A service manager stops us with the daemon, which still has questions; we end with them.
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    # What a filter prints goes nowhere, and can't be taken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
