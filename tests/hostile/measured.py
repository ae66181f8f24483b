"""`cocmail run`, measured from inside: ``python -m tests.hostile.measured FILE run``.

How long each callback of the main loop took of its thread's own processor time, how long each
mail was worked on, which templates were compiled meanwhile, and how large the process grew.
Written to FILE at the end, as JSON.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment

from cocmail import daemon
from cocmail.lab.cost import peak
from cocmail.loops.intake import Intake
from cocmail.ports import Waiting

_KEPT = 30  # of the longest callbacks


class Measure:
    def __init__(self) -> None:
        self.longest: list[tuple[float, str]] = []
        self.count = 0
        self.mails: dict[str, float] = {}
        self.compiled: list[str] = []

    def install(self) -> None:
        run: Callable[[Any], None] = asyncio.Handle._run

        def measured(handle: Any) -> None:
            what = _what(handle)
            began = time.thread_time()
            run(handle)
            took = time.thread_time() - began
            self.count += 1
            if len(self.longest) < _KEPT or took > self.longest[0][0]:
                heapq.heappush(self.longest, (took, what))
                if len(self.longest) > _KEPT:
                    heapq.heappop(self.longest)

        compile_it: Callable[..., Any] = Environment.compile

        def compiling(environment: Environment, source: Any, name: str, *args: Any) -> Any:
            self.compiled.append(name)
            return compile_it(environment, source, name, *args)

        def ready() -> None:  # what it costs to start is no mail's doing
            asyncio.Handle._run = measured  # type: ignore[method-assign]
            Environment.compile = compiling  # type: ignore[assignment,method-assign]
            say_ready()

        say_ready, daemon._ready = daemon._ready, ready
        handle_mail = Intake._handle

        async def timed(intake: Intake, waiting: Waiting, *more: Any) -> None:
            began = time.perf_counter()
            try:
                await handle_mail(intake, waiting, *more)
            finally:
                self.mails[waiting.id] = time.perf_counter() - began

        Intake._handle = timed  # type: ignore[method-assign]

    def write(self, path: Path) -> None:
        found = {
            "callbacks": self.count,
            "longest": sorted(self.longest, reverse=True),
            "mails": self.mails,
            "compiled": self.compiled,
            "peak": peak(os.getpid()),
            # Ours was counted in when they began, if it was more: never too little.
            "peak_of_readers": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10,
        }
        path.write_text(json.dumps(found))


def _what(handle: Any) -> str:
    """Where a task goes on, innermost last; else the callback's name."""
    callback = handle._callback
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return getattr(callback, "__qualname__", type(callback).__name__)
    names: list[str] = []
    coroutine: Any = task.get_coro()
    while coroutine is not None and hasattr(coroutine, "cr_await"):
        names.append(coroutine.__name__)
        coroutine = coroutine.cr_await
    return " > ".join(names[-5:])


def main() -> None:
    out = Path(sys.argv[1])
    sys.argv[:] = ["cocmail", *sys.argv[2:]]
    measure = Measure()
    measure.install()
    from cocmail.cli import main as cocmail

    try:
        cocmail()
    finally:
        measure.write(out)


if __name__ == "__main__":
    main()
