"""`make corpora`: every mail of ../shared/corpora, and of CORPORA=DIR, by both roads; ends 1 where
any was lost, raised, or is a machine's and was answered."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.corpora.mails import CORPORA, folders, not_mail
from tests.corpora.table import HEAD, ROADS, another, left_out, ours, run


def main() -> int:
    every = ours()
    beside = [left_out(CORPORA / one, ours=True) for one in folders() if not_mail(CORPORA / one)]
    if named := os.environ.get("CORPORA"):
        folder = Path(named).expanduser().resolve()
        if not folder.is_dir():
            print(f"CORPORA={named}: there is no such folder; name one with mail", file=sys.stderr)
            return 2
        every += another(folder)
        beside.append(left_out(folder))
    print(HEAD)
    trouble: list[str] = []
    for road in ROADS:
        done = run(road, every, timeout=60 + 2 * len(every))
        for one in done.rows:
            print(one, flush=True)
        for line in beside:
            print(line)
        bounces = next(one for one in done.rows if one.folder == "bounces")
        print(f"bounces and automatic replies answered: {bounces.answered} of {bounces.put}")
        print(done.shown)
        slow = done.result.longest[0][0] if done.result.longest else 0.0
        print(
            f"the loop's longest step {slow * 1000:.0f} ms, the daemon "
            f"{done.result.peak >> 20} MB, a reader {done.result.peak_of_readers >> 20} MB\n"
        )
        trouble += done.trouble
    for line in trouble:
        print(line)
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
