"""What every server of the lab that is a process has in common: its life.

Owns start, stop, kill, close and the `with`. Knows nothing of any server: each says in `_launch`
how it is started and when it is ready. Called by the rooms of Mailman, Dovecot, pymap, Postfix and
PostgreSQL.
"""

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from cocmail.lab.process import LabError, Process


class Server(ABC):
    """`with` starts it and closes it; between, `stop`, `kill` and `start` as often as one likes."""

    stop_timeout = 10.0
    killed_at_close = False
    """Where an end in order takes seconds, and what it would leave in order is thrown away."""

    def __init__(self, directory: Path, *, room: Path | None = None) -> None:
        """`room` is a scratch folder of its own, which `close` takes away."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory.resolve()
        self._own_room = room
        self._process: Process | None = None

    @abstractmethod
    def _launch(self) -> Process:
        """Starts it, and returns when it is ready."""

    @property
    def log(self) -> Path:
        return self.directory / f"{type(self).__name__.lower()}.log"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self) -> None:
        """On the same ports as before, and with the same data where it keeps any."""
        if self.running:
            raise LabError(f"this {type(self).__name__} is started already")
        self.kill()  # what a leader that died by itself left behind
        self._process = self._launch()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(timeout=self.stop_timeout)
            self._process = None

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """Ends it, for good."""
        if self.killed_at_close:
            self.kill()
        self.stop()
        if self._own_room is not None:
            shutil.rmtree(self._own_room, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
