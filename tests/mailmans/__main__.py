"""`python -m tests.mailmans [NAME...]`: the contract on Mailmans of all kinds, one row each.

Owns which kinds there are, and what of the tests each runs. Refuses to know what a test asks.
Called by `make mailmans`; CI runs Mailman 3.3.10 on SQLite alone, for this takes half an hour.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cocmail.lab.postgres import Postgres

ROOT = Path(__file__).parents[2]
CONTRACT = ("tests/adapters/test_mailman.py", "tests/loops/test_enforcement.py")
FRONT = ("tests/loops/test_front.py", "tests/loops/test_venues.py")
OLDER = ("3.3.3", "3.3.8")
SECOND = "killed_in_mid_apply"  # has a Mailman to itself, which wants a database to itself
POSTGRESQL, BAD = "3.3.10 on PostgreSQL", "3.3.10, slow and half-dead"


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[Iterator[str]]:
    """A new one for each Mailman."""
    with Postgres(folder / "postgres") as postgres:
        yield (postgres.create_database(f"mailman{n}") for n in range(1000))


def run(files: tuple[str, ...], more: Mapping[str, str]) -> tuple[bool, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing"]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return not done.returncode, "; ".join([re.sub(r"=+", "", lines[-1]).strip(), *failed])


def rows(wanted: tuple[str, ...], folder: Path) -> Iterator[tuple[str, bool, str]]:
    def asked(kind: str) -> bool:
        return not wanted or kind in wanted

    for version in filter(asked, OLDER):
        place = {"COCMAIL_LAB_MAILMAN": str(ROOT / f".venv-mailman-{version}")}
        yield version, *run(CONTRACT, place)
    if asked(POSTGRESQL):
        adapter, loop = CONTRACT
        with databases(folder) as names:
            for some in ((adapter,), (loop, "-k", f"not {SECOND}"), (loop, "-k", SECOND)):
                place = {"COCMAIL_LAB_MAILMAN_DATABASE": next(names)}
                yield f"{POSTGRESQL}: {' '.join(some)}", *run(some, place)
    if asked(BAD):
        yield BAD, *run(FRONT, {"SLOW": "5", "FAULTS": "6"})


def main() -> int:
    bad = 0
    with tempfile.TemporaryDirectory(prefix="cocmail-mailmans-") as folder:
        begun = time.monotonic()
        for kind, sound, words in rows(tuple(sys.argv[1:]), Path(folder)):
            print(f"{'sound ' if sound else 'FAILED'}  {kind}: {words}", flush=True)
            bad += not sound
    print(f"{time.monotonic() - begun:.0f} s, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
