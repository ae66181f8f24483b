"""A server's process: started in a group of its own, waited for, and never left behind.

Owns process groups, the parent-death signal (by util-linux's `setpriv`, where it is installed), the
log file, and scratch folders that another user may enter. Knows nothing of any server.
Called by the other rooms of the lab.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cocmail.lab.waiting import NotInTime, wait_until


class LabError(Exception):
    """A server could not be started; the text has the end of its log."""


class NotInstalled(LabError):
    """The server isn't here, or we may not start it; the text says what would help."""


def log_tail(log: Path, lines: int = 25) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def room(owner: int | None = None) -> Path:
    """A scratch folder with a path short enough for Unix sockets, which its owner can enter.

    A test's own scratch folder is closed to the users that servers run as, and its path too long.
    COCMAIL_LAB_ROOMS names another place than /tmp.
    """
    path = Path(tempfile.mkdtemp(prefix="coclab-", dir=os.environ.get("COCMAIL_LAB_ROOMS", "/tmp")))
    path.chmod(0o711)
    if owner is not None and os.getuid() == 0:
        os.chown(path, owner, -1)
    return path


def unprivileged(*names: str) -> pwd.struct_passwd | None:
    """Whom to run as: None when we are no root ourselves, else the first of these users."""
    if os.getuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LabError("no unprivileged user here, not even nobody")


class Process:
    """One server process in a group of its own, with everything it starts."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path,
        environment: Mapping[str, str] | None = None,
        user: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        self._stop_signal = stop_signal
        setpriv = shutil.which("setpriv") or shutil.which("setpriv", path="/usr/bin:/bin")
        prefix: list[str] = []
        if setpriv:
            prefix = [setpriv, "--pdeathsig", stop_signal.name.removeprefix("SIG")]
            if user is not None:
                prefix += ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid)]
                prefix += ["--clear-groups"]
            prefix += ["--"]
        elif user is not None:
            raise LabError("setpriv (of util-linux) is needed to start a server as another user")
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*prefix, *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=None if environment is None else dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Looks without reaping, so that the group's number stays ours until it is empty."""
        if self._popen.returncode is not None:
            return False
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._popen.pid, options) is None

    def wait_ready(self, ready: Callable[[], bool], *, timeout: float, what: str) -> None:
        """Until `ready`; raises with the end of the log if it dies or takes too long."""
        try:
            wait_until(lambda: ready() or not self.running, timeout=timeout, what=what)
        except NotInTime as late:
            self.kill()
            raise LabError(f"{late}; its log ends:\n{log_tail(self.log)}") from None
        except BaseException:
            self.kill()
            raise
        if not self.running:
            self.kill()
            raise LabError(f"{what} did not start; its log ends:\n{log_tail(self.log)}")

    def wait(self, *, timeout: float) -> int:
        """Until it ends by itself: its exit status."""
        try:
            return self._popen.wait(timeout)
        except BaseException:
            self.kill()
            raise

    def stop(self, *, timeout: float = 10) -> None:
        """Asks it to end, and kills what is left of its group after that."""
        if self._popen.returncode is not None:
            return
        if self.running:
            os.kill(self.pid, self._stop_signal)
            with contextlib.suppress(NotInTime):  # the group is killed below, whatever it does
                wait_until(lambda: not self.running, timeout=timeout, what="its end")
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, at once; nobody of it lives when this returns."""
        if self._popen.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        # Whom it started is waited for by others, and holds ports, locks and memory until then.
        with contextlib.suppress(NotInTime):
            wait_until(lambda: not _lives(self.pid), timeout=30, what="the end of its group")


def _lives(group: int) -> bool:
    """Where there is a /proc: who has died and wasn't waited for doesn't live."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its = stat.read_text().rpartition(") ")[2].split()[:3]
            if int(its) == group and state not in "ZX":
                return True
    return False
