#!/usr/bin/env python3
"""Makes the virtual environments that the Makefile's targets need, and only when they need making.

Owns `.venv` (of kind demo or dev), `.venv-fuzz` and `.venv-mailman`, and the stamp in each that
names the digests it was made from: no stamp means half-made, another digest means outdated, and
both are made again.
Knows nothing of apt (scripts/servers.sh) or of what is run afterwards.
Called by the Makefile: `PYTHON scripts/environment.py demo|dev|fuzz|mailman ...`; standard library
only, and in words that a Python which is too old can still read, so that it can say that it is.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
KINDS = {
    # kind: (folder, the lock, what else decides about it, what it is for)
    "demo": (".venv", "demo.txt", None, "cocmail and its demo"),
    "dev": (".venv", "dev.txt", None, "cocmail and its tests and linters"),
    "fuzz": (".venv-fuzz", "fuzz.txt", None, "cocmail and its fuzzer"),
    "mailman": (
        ".venv-mailman",
        "mailman.txt",
        "scripts/mailman_purepath.py",
        "Mailman Core for the demo and the tests",
    ),
}
OLDER = ("3.3.3", "3.3.8")  # Mailmans that `make mailmans` tries besides; docs/mailman.md
for _version in OLDER:
    KINDS["mailman-" + _version] = (
        ".venv-mailman-" + _version,
        "mailman-%s.txt" % _version,
        os.path.join("requirements", "mailman-build.txt"),
        "Mailman Core " + _version,
    )
CONTAINS = {"demo": ("demo", "dev"), "dev": ("dev",)}


def complain(sentence):
    sys.stderr.write("cocmail: %s\n" % sentence)
    raise SystemExit(1)


def check_python():
    """One clear line for a Python that can't make the environments."""
    if sys.version_info < OLDEST:
        complain(
            "Python %d.%d is too old, 3.11 or newer is needed: "
            "name one with `make PYTHON=python3.11 ...`" % sys.version_info[:2]
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        complain(
            "this Python can't make virtual environments (no ensurepip): "
            "install python%d.%d-venv, or name another with `make PYTHON=...`"
            % sys.version_info[:2]
        )


def wanted(kind):
    """The stamp of a sound environment of this kind."""
    _, lock, also, _ = KINDS[kind]
    digests = []
    for path in [os.path.join("requirements", lock)] + ([also] if also else []):
        with open(os.path.join(ROOT, path), "rb") as file:
            digests.append("%s %s" % (hashlib.sha256(file.read()).hexdigest(), path))
    return "%s\npython %d.%d\n%s\n" % (
        kind,
        sys.version_info[0],
        sys.version_info[1],
        "\n".join(digests),
    )


def stamp_path(kind):
    return os.path.join(ROOT, KINDS[kind][0], "cocmail.stamp")


def is_sound(kind):
    try:
        with open(stamp_path(kind)) as file:
            found = file.read()
    except OSError:
        return False
    python = os.path.join(ROOT, KINDS[kind][0], "bin", "python")
    return os.path.exists(python) and found in [wanted(one) for one in CONTAINS.get(kind, (kind,))]


def make(kind):
    folder, lock, _, purpose = KINDS[kind]
    place = os.path.join(ROOT, folder)
    count = sum(
        1
        for line in open(os.path.join(ROOT, "requirements", lock))  # noqa: SIM115
        if "==" in line
    )
    sys.stdout.write(
        "cocmail: making %s for %s: downloads some %d packages from the package index, "
        "pinned by hash\n" % (folder, purpose, count)
    )
    sys.stdout.flush()
    shutil.rmtree(place, ignore_errors=True)
    python = os.path.join(place, "bin", "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-input"]
    locked = pip + ["--require-hashes", "-r", os.path.join(ROOT, "requirements", lock)]
    steps = [[sys.executable, "-m", "venv", place]]
    if kind == "mailman":
        # --no-deps: Mailman asks for a package that is not to be had (see mailman.in).
        steps.append(locked + ["--no-deps"])
    elif kind.startswith("mailman-"):
        # There is no wheel of it: it is built with what the first lock brings.
        built_with = os.path.join(ROOT, "requirements", "mailman-build.txt")
        steps.append(pip + ["--require-hashes", "-r", built_with])
        steps.append(locked + ["--no-deps", "--no-build-isolation"])
    else:
        steps.append(locked)
        steps.append(pip + ["--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT])
    environment = dict(os.environ, PIP_ROOT_USER_ACTION="ignore")
    environment.pop("PYTHONPATH", None)
    for step in steps:
        done = subprocess.run(
            step,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            sys.stderr.write(done.stdout.decode("utf-8", "replace")[-4000:])
            complain("%s was not made: `%s` failed, see above" % (folder, " ".join(step)))
    if kind == "mailman":
        give_purepath(python)
    with open(stamp_path(kind), "w") as file:
        file.write(wanted(kind))


def give_purepath(python):
    """Loads scripts/mailman_purepath.py at every start of that environment's Python.

    By a .pth file: Debian's Python has a sitecustomize of its own that hides any other.
    """
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.check_output([python, "-c", script]).decode().strip()
    shutil.copy(os.path.join(ROOT, "scripts", "mailman_purepath.py"), site)
    with open(os.path.join(site, "mailman_purepath.pth"), "w") as file:
        file.write("import mailman_purepath\n")


@contextlib.contextmanager
def alone():
    """Keeps two `make`s from making one environment at the same time."""
    import fcntl

    with open(os.path.join(ROOT, ".venv.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(kinds):
    check_python()
    old = any(kind in ["mailman-" + one for one in OLDER] for kind in kinds)
    if old and sys.version_info >= (3, 13):
        complain("older Mailmans need Python 3.11 or 3.12: `make PYTHON=python3.11 mailmans`")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        complain("say which environment to make: %s" % ", ".join(sorted(KINDS)))
    with alone():
        for kind in kinds:
            if not is_sound(kind):
                make(kind)


if __name__ == "__main__":
    main(sys.argv[1:])
