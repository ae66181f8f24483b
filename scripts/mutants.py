"""Shows that each promise's test fails when its guard is taken out.

Owns the trial: every `tests/mutants/*.patch` begins with lines `Test: PATH[::NAME]`; the patch is
applied to a copy of the work tree, and each of those tests must fail there, having passed here
(`TESTED=1` says that they have, just now).
Knows nothing of what the patches do. Called by `make mutants [MUTANT=part-of-a-name]`; with
`PART=1/3` every third is tried, from the first on, and the others must still apply.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is compiled goes with the rest: it is for files of this size and time, which a link keeps.
LEFT_OUT = (".git", ".venv*", ".*_cache", ".hypothesis")


def tests_of(patch: Path) -> list[str]:
    lines = patch.read_text(encoding="utf-8").splitlines()
    named = [line.removeprefix("Test:").strip() for line in lines if line.startswith("Test:")]
    if not named:
        raise SystemExit(f"cocmail: {patch.name} must begin with `Test: PATH::NAME`")
    return named


def run(tests: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    environment.setdefault("COCMAIL_LAB_MAILMAN", str(ROOT / ".venv-mailman"))
    environment.setdefault("PLAYS", "150")  # enough for every mutant that the play is for
    environment["UNSHRUNK"] = "1"  # that a test fails is all that is asked here
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=600, check=False,
    )  # fmt: skip


def link(file: str, to: str) -> None:
    """In a tenth of a copy's time; git and Python put a new file in place of a changed one."""
    try:
        os.link(file, to)
    except OSError:  # the scratch folder is on another disk
        shutil.copy2(file, to)


def copy(scratch: Path) -> Path:
    folder = scratch / "tree"
    left_out = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(ROOT, folder, ignore=left_out, copy_function=link)
    return folder


def applies(patch: Path) -> str | None:
    """Why it doesn't, or None."""
    done = subprocess.run(
        ["git", "apply", "--check", "--whitespace=nowarn", str(patch)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr.strip() if done.returncode else None


def try_one(patch: Path) -> str | None:
    """What is wrong, or None when the tests caught the mutant."""
    with tempfile.TemporaryDirectory(prefix="cocmail-mutant-") as scratch:
        folder = copy(Path(scratch))
        applied = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", str(patch)],
            cwd=folder, capture_output=True, text=True,
            env=os.environ | {"GIT_CEILING_DIRECTORIES": scratch}, check=False,
        )  # fmt: skip
        if applied.returncode:
            return f"the patch no longer applies: {applied.stderr.strip()}"
        for test in tests_of(patch):
            done = run([test], folder)
            if done.returncode == 0:
                return f"{test} passes without the guard"
            if done.returncode != 1:
                return f"{test} did not run:\n{done.stdout[-2000:]}{done.stderr[-500:]}"
    return None


def main() -> int:
    part = os.environ.get("MUTANT", "")
    patches = sorted(p for p in (ROOT / "tests" / "mutants").glob("*.patch") if part in p.name)
    if not patches:
        print("cocmail: no mutants in tests/mutants")
        return 0
    if "TESTED" not in os.environ:
        sound = run(sorted({test for patch in patches for test in tests_of(patch)}), ROOT)
        if sound.returncode:
            print(f"cocmail: the tests must pass before mutants are tried\n{sound.stdout[-4000:]}")
            return 1
    survived = 0
    first, _, step = os.environ.get("PART", "1/1").partition("/")
    tried = patches[int(first) - 1 :: int(step)]
    for patch in patches:
        if patch not in tried and (wrong := applies(patch)):
            print(f"no longer applies  {patch.stem}: {wrong}")
            survived += 1
    # They start servers and wait for them, so two at once for each processor.
    with ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as several:
        for patch, wrong in zip(tried, several.map(try_one, tried), strict=True):
            survived += wrong is not None
            print(f"{'caught  ' if wrong is None else 'SURVIVED'}  {patch.stem}", flush=True)
            if wrong:
                print(f"          {wrong}")
    print(f"{len(tried) - survived} of {len(tried)} caught; {len(patches)} in all")
    return 1 if survived else 0


if __name__ == "__main__":
    raise SystemExit(main())
