"""`make bench`: every benchmark of this folder, one after another.

Each prints a ratio against a baseline that was measured in the same run. Ends with 1 where one of
them did; the others run all the same.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

failed = False
for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    print(f"\n== {path.stem}", flush=True)
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            print(ended.code, flush=True)
            failed = True
sys.exit(failed)
