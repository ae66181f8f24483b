"""`make fuzz`: look for bytes for which something doesn't hold, each target for a bounded time.

Prints a table and ends 1 where something was found; what was found lies in `.fuzz/` then, to become
a seed with its mending. SECONDS=20 for each target; TARGETS="parser limits" for some.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target

FOUND = Path(".fuzz")
_HEAD = f"{'target':<12}{'seeds':>7}{'inputs':>10}{'a second':>10}{'ways':>8}  found"
_WAYS = re.compile(r"cov: (\d+)")
_RUNS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_RATE = re.compile(r"stat::average_exec_per_sec:\s+(\d+)")
_ENDS = 180  # seconds that a run may take to end beyond its time


def main() -> int:
    seconds = int(os.environ.get("SECONDS") or 20)
    names = (os.environ.get("TARGETS") or " ".join(TARGETS)).split()
    print(_HEAD, flush=True)
    told = [_run(TARGETS[name], seconds) for name in names]
    for one in filter(None, told):
        print(f"\n{one}")
    return int(any(told))


def _run(target: Target, seconds: int) -> str:
    """Prints a row; what was found, with where and why, "" if nothing."""
    with tempfile.TemporaryDirectory(prefix="cocmail-fuzz-") as scratch:
        room = Path(scratch)
        (room / "new").mkdir()
        (room / "found").mkdir()
        words = filter(None, (*target.heads, *target.pieces))
        (room / "pieces").write_text("".join(map(_word, words)))
        command = [
            *(sys.executable, "-m", "tests.fuzz.fuzzer", target.name, str(room / "new")),
            *(str(target.seeds_at), f"-dict={room / 'pieces'}", f"-max_len={target.longest}"),
            *(f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=1500"),
            *("-print_final_stats=1", f"-artifact_prefix={room / 'found'}/"),
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + _ENDS,
            check=False,
        )
        said = done.stdout + done.stderr
        found = sorted((room / "found").iterdir())
        for one in found:
            FOUND.mkdir(exist_ok=True)
            (FOUND / f"{target.name}-{one.name[:24]}").write_bytes(one.read_bytes())
    failed = bool(found) or done.returncode != 0
    row = f"{target.name:<12}{len(list(target.seeds())):>7}"
    row += f"{_last(_RUNS, said):>10}{_last(_RATE, said):>10}{_last(_WAYS, said):>8}"
    print(row + ("  yes" if failed else "  nothing"), flush=True)
    if not failed:
        return ""
    where = ", ".join(str(FOUND / f"{target.name}-{one.name[:24]}") for one in found)
    why = done.stdout.partition("=== Uncaught Python exception: ===")[2].strip()
    return f"{target.name}: {where or 'no input was kept'}\n{why[-3000:] or said[-3000:]}"


def _word(piece: bytes) -> str:
    """A line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in piece) + '"\n'


def _last(pattern: re.Pattern[str], text: str) -> str:
    return next(reversed(pattern.findall(text)), "?")


if __name__ == "__main__":
    sys.exit(main())
