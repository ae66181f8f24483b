"""What ships: a built wheel, installed, brings its filters and deploy files and can find them."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    return subprocess.run(
        [str(one) for one in command], cwd=cwd, capture_output=True, text=True, check=True
    ).stdout


def test_an_installed_wheel_brings_what_init_writes(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    run(Path(sys.executable).with_name("uv"), "pip", "install", "--offline", "--no-deps",
        "--python", python, wheel)  # fmt: skip
    (packages,) = home.glob("lib/python*/site-packages")
    # The dependencies of this environment, behind the wheel's own files.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    run(home / "bin" / "cocmail", "init", tmp_path / "etc", cwd=tmp_path)
    for path in (ROOT / "cocmail" / "templates").rglob("*.t*"):  # texts and tables of words
        inside = packages / path.relative_to(ROOT)
        assert inside.read_bytes() == path.read_bytes(), path
    written = {path.name: path.read_bytes() for path in (tmp_path / "etc/filters.d").iterdir()}
    assert written == {path.name: path.read_bytes() for path in (ROOT / "filters").glob("*.py")}
    shipped = home / "share" / "cocmail" / "deploy"
    for path in (ROOT / "deploy").rglob("*"):
        if path.is_file():
            assert (shipped / path.relative_to(ROOT / "deploy")).read_bytes() == path.read_bytes()
