"""What a process and its children cost: processor time and memory, from Linux's /proc.

Owns the reading of it. PSS counts a page that n processes share as an n-th of it, so a tree's sum
is what the machine would gain by the tree's end. Called by benchmarks and tests.
"""

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all below it, as they are now."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def processor_seconds(pid: int) -> float:
    """User and system time of the tree so far, with that of children that have ended."""
    total = 0
    for each in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / _TICKS


def peak(pid: int) -> int:
    """How large this one process was at most, in bytes. Not `ru_maxrss` (getrusage(2)): that begins
    with the size of whoever started it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def pss(pid: int) -> float:
    """The tree's proportional set size, in bytes."""
    total = 0
    for each in tree(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return float(total)
