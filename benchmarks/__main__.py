"""`make bench`: every benchmark of this folder, one after another.

Each prints a ratio against a baseline that was measured in the same run.
"""

from __future__ import annotations

import runpy
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    print(f"\n== {path.stem}", flush=True)
    runpy.run_path(str(path), run_name="__main__")
