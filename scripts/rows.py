"""Makes anew what the docs repeat of the code: `make rows`, after a setting, command or letter.

Owns the writing of those tables and of deploy/cocmail.toml; the tests in tests/docs and
tests/core/test_wrong_uses.py say when it is needed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cocmail.adapters.template_check import rows as letters  # noqa: E402
from cocmail.adapters.templates import Templates  # noqa: E402
from cocmail.config.sample import row, sample, settings  # noqa: E402
from cocmail.core.commands import COMMANDS  # noqa: E402


def replaced(page: str, begins: str, rows: Iterable[str]) -> None:
    """The lines of a page that begin so, which stand together, become these rows."""
    path = ROOT / "docs" / page
    lines = path.read_text(encoding="utf-8").splitlines()
    there = [n for n, line in enumerate(lines) if line.startswith(begins)]
    assert there == list(range(there[0], there[-1] + 1)), f"{page}: the rows are torn apart"
    lines[there[0] : there[-1] + 1] = rows
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def commands() -> Iterable[str]:
    for spec in COMMANDS.values():
        cells = (f"`{spec.form.partition(', then the text')[0]}`", spec.does,
                 f"`{spec.example.splitlines()[0]}`")  # fmt: skip
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield "| `/end` | ends a text that `/reply` began | `/end` |"


if __name__ == "__main__":
    (ROOT / "deploy" / "cocmail.toml").write_text(sample(), encoding="utf-8")
    replaced("operator.md", "| `[", map(row, settings()))
    replaced("letters.md", "| `", letters(Templates()))
    replaced("committee.md", "| `/", commands())
    subprocess.run([sys.executable, "-m", "tests.core.wrong_uses"], cwd=ROOT, check=True)
