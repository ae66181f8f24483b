"""`python -m tests.roads`: walk all roads over a real Mailman and print what they came to."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from cocmail.lab.process import NotInstalled
from tests.roads.table import ROADS, lines
from tests.roads.walk import walk


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="cocmail-roads-") as scratch:
        try:
            found = walk(Path(scratch))
        except NotInstalled as missing:
            print(f"cocmail: {missing}", file=sys.stderr)
            return 1
    differs = False
    for kind, rows in found.items():
        print(f"Under {kind}:\n", *lines(rows), "", sep="\n")
        for name, row in rows.items():
            if row != ROADS[name]:
                differs = True
                print(f"not as table.py and the docs have it: {row.road}\n")
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
