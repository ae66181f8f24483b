"""How every verb behaves, seen from outside: exit status, one line for an error, no traceback."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cocmail.cli import main
from cocmail.config import load
from cocmail.core.errors import Permanent


def cocmail(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k != "COCMAIL_CONFIG"}
    return subprocess.run(
        [sys.executable, "-m", "cocmail", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=kept | environment,
    )


def one_line(ended: subprocess.CompletedProcess[str], status: int) -> str:
    assert ended.returncode == status, ended
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_wrong_use_is_one_line_and_2() -> None:
    assert "No such command" in one_line(cocmail("enforec"), 2)
    assert "DIR" in one_line(cocmail("init"), 2)
    assert "--nope" in one_line(cocmail("init", "x", "--nope"), 2)
    assert cocmail().returncode == 2


def test_a_missing_configuration_is_one_line_and_1(tmp_path: Path) -> None:
    named = tmp_path / "none.toml"
    assert str(named) in one_line(cocmail("migrate", "--config", named), 1)
    assert str(named) in one_line(cocmail("--config", named, "migrate"), 1)
    assert str(named) in one_line(cocmail("migrate", COCMAIL_CONFIG=str(named)), 1)


def test_a_file_may_be_called_like_a_verb(tmp_path: Path) -> None:
    assert cocmail("init", tmp_path).returncode == 0
    ended = subprocess.run(
        [sys.executable, "-m", "cocmail", "--config", "run", "migrate"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert "run: there is no such file" in one_line(ended, 1)


def test_init_check_of_every_mistake_and_migrate(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    assert cocmail("init", folder).returncode == 0
    toml = folder / "cocmail.toml"
    assert json.loads(cocmail("migrate", "--config", toml, "--json").stdout)["before"] is None
    assert cocmail("migrate", "--config", toml).returncode == 0
    text = toml.read_text().replace("approvals = 2", "approvals = 0").replace("993", "0")
    toml.write_text(text)
    ended = cocmail("migrate", "--config", toml)
    assert ended.returncode == 1
    assert [line.split(": ")[1] for line in ended.stderr.splitlines()] == [
        "[imap] port",
        "[policy] approvals",
    ]


def test_init_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    assert main(["init", str(folder)]) == 0
    assert load(folder / "cocmail.toml").committee
    assert stat.S_IMODE((folder / "cocmail.key").stat().st_mode) == 0o600
    kept = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        path.write_text(f"mine: {path.name}")
        kept[path] = path.read_bytes()
    ended = cocmail("init", folder, "--json")
    assert ended.returncode == 0
    assert json.loads(ended.stdout) == {
        "written": [],
        "left": [
            str(path)
            for path in sorted(
                kept, key=lambda one: (one.parent != folder, one.suffix != ".toml", one.name)
            )
        ],
    }
    assert {path: path.read_bytes() for path in kept} == kept


def test_init_brings_the_shipped_filters(tmp_path: Path) -> None:
    from cocmail.cli.shipped import shipped

    assert main(["init", str(tmp_path)]) == 0
    names = {path.name for path in shipped("filters") if path.suffix == ".py"}
    assert {path.name for path in (tmp_path / "filters.d").iterdir()} == names


def test_init_where_nothing_may_be_written() -> None:
    assert "name a folder" in one_line(cocmail("init", "/proc/cocmail"), 1)


def test_a_fault_of_ours_is_one_line_that_holds_no_mail(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from cocmail.cli import main, init\n"
        "def broken(*a):\n    raise RuntimeError('mallory@example.net said')\n"
        "init.sample = broken\n"
        "sys.exit(main(['init', sys.argv[1], *sys.argv[2:]]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", "import cocmail.cli.init\n" + script, str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=False,
    )
    line = one_line(ended, 1)
    assert "RuntimeError" in line
    assert "mallory" not in line
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "import cocmail.cli.init\n" + script,
            str(tmp_path / "y"),
            "--debug",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in ended.stderr


def test_what_a_verb_loads_is_not_searched_for_garbage(tmp_path: Path) -> None:
    script = (
        "import gc, sys\n"
        "from cocmail.__main__ import main\n"
        "early = []\n"
        "def looks(phase, found):\n"
        "    if not hasattr(sys.modules.get('cocmail.cli.init'), 'init'):\n"
        "        early.append(phase)\n"
        "gc.callbacks.append(looks)\n"
        "assert main() == 0\n"
        "print(early, gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, "init", str(tmp_path / "x"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.splitlines()[-1:] == ["[] True True"], ended


def test_a_group_of_errors_is_said_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from cocmail.cli import init

    def broken() -> str:
        raise ExceptionGroup("two", [Permanent("one"), ExceptionGroup("x", [Permanent("two")])])

    monkeypatch.setattr(init, "sample", broken)
    assert main(["init", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "cocmail: one\ncocmail: two\n"


def test_tables_show_no_markup_and_no_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from cocmail.cli import output

    output.table(("a", "b"), [("[bold]x", "\x1b[31mred\nline"), (None, True)])
    shown = capsys.readouterr().out
    assert "[bold]x" in shown
    assert "\x1b" not in shown
    assert "yes" in shown
