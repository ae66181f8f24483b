"""What each hostile mail costs on its way through the real reading path: read, and its signature
checked, at once or in a process of its own, as the daemon does both; then judged by each filter
that is shipped."""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.adapters.reading import Reader, at_once
from cocmail.adapters.workers import Workers
from cocmail.core.filtering import view
from cocmail.core.limits import Limits
from cocmail.core.mail import Unreadable
from cocmail.core.people import Address
from cocmail.lab.cost import peak
from tests.hostile.mails import KEY, LARGE, MAILS

SENDER = Address("mallory@mallory.example.net")
SECONDS = 1.0  # of processor time, to read one and to judge it
BOUND = 400 << 20  # bytes that whoever reads the worst of them may have grown to
LARGEST = 450 << 20  # with the largest that we take
BOUNDS = (
    f"bounds: {SECONDS:.0f} s to read one and for all filters; "
    f"a reader of {BOUND >> 20} MB, with the largest {LARGEST >> 20} MB"
)


@dataclass(frozen=True, kw_only=True)
class Cost:
    name: str
    size: int
    seconds: float  # of processor time, ours and the process's; its start left out
    judging: float  # likewise, of all filters
    where: str  # "at once", "apart" or "beyond a limit"
    why: str  # it is set aside; "" if it is read
    memory: int  # bytes, the most that the process that read it has had since it began

    def row(self) -> str:
        size = f"{self.size / 1e6:8.2f}"
        took = f"{self.seconds * 1000:8.0f}{self.judging * 1000:9.0f}"
        return f"{self.name:<48}{size}{took}{self.memory >> 20:6}  {self.where:<8}  {self.why}"


HEAD = f"{'mail':<48}{'MB':>8}{'ms':>8}{'filters':>9}{'peak':>6}  where"
FILTERS = sorted((Path(__file__).parents[2] / "filters").glob("[0-9]*.py"))


async def costs(mails: Mapping[str, Callable[[], bytes]]) -> AsyncIterator[Cost]:
    """One after the other; once more where one took too long, since others' work may count in, and
    what is a mail's doing comes again."""
    async for cost in _costs(mails):
        if max(cost.seconds, cost.judging) > SECONDS:
            (again,) = [one async for one in _costs({cost.name: mails[cost.name]})]
            yield replace(again, memory=max(cost.memory, again.memory))
        else:
            yield cost


async def _costs(mails: Mapping[str, Callable[[], bytes]]) -> AsyncIterator[Cost]:
    """In processes that are kept."""
    workers = Workers(most=1, idle=600)
    judges = [runpy.run_path(str(path))["judge"] for path in FILTERS]
    assert len(judges) > 3
    try:
        reader = Reader(Limits(), workers)
        checker = DkimAuthenticator(
            [], [], lookup=lambda _: (KEY.encode(),), elsewhere=reader.check
        )  # every domain has a key
        for name, make in mails.items():
            raw = make()
            await reader.read(b"\r\n" * 200_000, None)  # so that there is a process
            began = _spent(workers)
            found = await reader.read(raw, None)
            await checker.authenticate(raw, SENDER)
            await reader.returned(raw)  # as if it had come to a return path
            seconds = _spent(workers) - began
            why = found.why if isinstance(found, Unreadable) else ""
            began = time.thread_time()
            if not isinstance(found, Unreadable):
                seen = view(raw, found)
                for judge in judges:
                    judge(seen)
            judging = time.thread_time() - began
            yield Cost(
                name=name,
                size=len(raw),
                seconds=seconds,
                judging=judging,
                where=_where(raw),
                why=why,
                memory=_peak(workers),
            )
    finally:
        workers.close()


def _where(raw: bytes) -> str:
    found = at_once(raw, None, Limits())
    return "apart" if found is None else "beyond" if isinstance(found, Unreadable) else "at once"


def _spent(workers: Workers) -> float:
    (one,) = workers._free
    assert one._process is not None
    stat = Path(f"/proc/{one._process.pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = int(stat[11]) + int(stat[12])  # proc(5): utime, stime
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _peak(workers: Workers) -> int:
    (one,) = workers._free
    assert one._process is not None
    return peak(one._process.pid)


def over(found: Sequence[Cost]) -> list[str]:
    """What is over a bound, a line each. A process stays as large as one mail made it: that one is
    named, and none behind it."""
    lines, before = [], 0
    for cost in found:
        bound = LARGEST if cost.name in LARGE else BOUND
        for seconds, what in ((cost.seconds, "to read"), (cost.judging, "for the filters")):
            if seconds > SECONDS:
                lines.append(f"{cost.name}: {seconds:.2f} s {what}")
        if cost.memory > max(bound, before):
            lines.append(f"{cost.name}: a reader of {cost.memory >> 20} MB")
        before = cost.memory
    return lines


async def _main() -> int:
    every = {**MAILS, **LARGE}
    found = []
    print(HEAD)
    async for cost in costs(every):
        print(cost.row(), flush=True)
        found.append(cost)
    print(BOUNDS)
    for line in over(found):
        print(f"over: {line}")
    return 1 if over(found) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
