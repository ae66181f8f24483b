"""`python -m tests.histories N SEED`: plays N random histories, from SEED on.

Owns the Mailman that they are played on and how a failure is told: its seed, and its steps made
fewer. Refuses to know what a history is. Called by `make histories` and test_histories.py.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from cocmail.adapters.mailman import MailmanLists
from cocmail.lab.mailman import Mailman
from tests.histories.history import Community, Played, history, shortened


async def play(count: int, seed: int, folder: Path, *, most: int = 1) -> list[str]:
    """What failed, as text; `most`: failures after which it stops."""
    failed: list[str] = []
    with Mailman(folder) as mailman:
        community = Community(mailman)
        lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=10)
        try:
            for one in range(seed, seed + count):
                steps = history(one)
                if not await Played(community, lists, one).play(steps):
                    continue
                fewer, wrong = await shortened(community, lists, one, steps)
                lines = [f"seed {one}: make histories N=1 SEED={one}", *map(str, fewer), *wrong]
                failed.append("\n  ".join(lines))
                if len(failed) >= most:
                    break
        finally:
            await lists.close()
    return failed


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cocmail-histories-") as folder:
        failed = asyncio.run(play(count, seed, Path(folder), most=5))
    for failure in failed:
        print(failure)
    took = time.monotonic() - began
    print(f"{count} histories from seed {seed} on, {took:.0f} s: {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
