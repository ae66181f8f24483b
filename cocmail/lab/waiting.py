"""The one place in the lab that waits by polling: for a condition, until a deadline.

Owns the poll's pace, and which ports are whose. Knows nothing of what is waited for. Called by the
lab, the demo and tests.
"""

import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")


class NotInTime(Exception):
    """The condition did not come true; the text says which."""


def wait_until(condition: Callable[[], T], *, timeout: float, what: str, every: float = 0.02) -> T:
    """The first truthy value of `condition`, which is asked every `every` seconds for `timeout`."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise NotInTime(f"waited {timeout:g} s in vain for {what}")
        time.sleep(every)


def answers(port: int, *, greeting: bool = False) -> bool:
    """Does something listen on this loopback port (and greet, where servers speak first)?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return bool(connection.recv(1)) if greeting else True
    except OSError:
        return False


# Below what Linux gives out by itself, to servers and to whoever connects: from 32768 on.
_FIRST: Final = 20_000
_MANY: Final = 100
_BLOCKS: Final = 127
_ports: list[int] = []
_locks: list[int] = []  # of our blocks, for as long as this process lives


def free_port() -> int:
    """A loopback port that nobody listens on, and that no other process gets here meanwhile: its
    server may take seconds to come up, be away for a while, or be none at all."""
    while True:
        if not _ports:
            _ports.extend(_block())
        port = _ports.pop(0)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue  # somebody else's, or a connection of before is still in the way
        return port


def _block() -> range:
    """Ports that are this process's own until it ends."""
    for number in range(_BLOCKS):
        path = Path(tempfile.gettempdir()) / f"coclab-ports-{number}"
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError:
            continue  # another user's
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        _locks.append(lock)
        return range(_FIRST + number * _MANY, _FIRST + (number + 1) * _MANY)
    raise NotInTime("every port of the lab is taken: does an old run go on?")
