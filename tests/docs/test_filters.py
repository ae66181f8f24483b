"""The page that makes a filter in ten minutes, followed: its code, its mail, its commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cocmail.adapters.filters import load
from cocmail.cli import main
from cocmail.core import filtering

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/filters.md").read_text()


def block(after: str) -> str:
    """The first block behind these words."""
    found = re.search(r"^```\w+\n(.*?)^```$", PAGE.partition(after)[2], re.DOTALL | re.MULTILINE)
    assert found is not None
    return found.group(1)


def command(begins: str) -> list[str]:
    found = re.search(rf"^    ({re.escape(begins)}.*)$", PAGE, re.MULTILINE)
    assert found is not None
    return found.group(1).split()


def test_the_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "etc")]) == 0
    monkeypatch.setenv("COCMAIL_CONFIG", str(tmp_path / "etc/cocmail.toml"))
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "50-conference.py"
    mine.write_text(block("`50-conference.py`:"))
    mine.chmod(0o644)
    (tmp_path / "mail.eml").write_text(block("`mail.eml`:"))
    (tmp_path / "test_conference.py").write_text(block("`test_conference.py`, beside it:"))

    capsys.readouterr()
    assert main(command("cocmail filters try")[1:]) == 0
    told = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines()) + "\n"
    assert told == block("and changes nothing:")

    def tested() -> str:
        tests = [sys.executable, *command("python -m pytest")[1:], "-p", "no:cacheprovider"]
        return subprocess.run(tests, capture_output=True, text=True, check=False).stdout

    assert "2 passed" in tested()
    mine.write_text(mine.read_text().replace("main hall", "aisle"))
    assert "1 failed, 1 passed" in tested()  # the test can fail

    shutil.copy(mine, tmp_path / "etc/filters.d")
    assert command("install -m 644")[3:] == [mine.name, "/etc/cocmail/filters.d/"]
    assert [one.name for one in load([tmp_path / "etc/filters.d"])][-1] == "50-conference"
    assert main(command("cocmail filters list")[1:]) == 0
    assert "50-conference" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted((ROOT / "filters").glob("*.py")), ids=lambda one: one.name)
def test_every_shipped_filter_is_told(path: Path) -> None:
    assert f"| `filters/{path.name}` |" in PAGE


def test_all_that_a_filter_sees_and_says_is_told() -> None:
    seen = {*filtering.Incoming.__dataclass_fields__, *filtering.Attached.__dataclass_fields__}
    for name in (*sorted(seen - {"fields"}), "header", "all"):
        assert re.search(rf"`{name}[`(]", PAGE), name
    for verdict in filtering.Verdict.__subclasses__():
        assert f"`{verdict.__name__}(" in PAGE, verdict
