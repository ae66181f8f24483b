"""The one place in the lab that waits by polling: for a condition, until a deadline.

Owns the poll's pace. Knows nothing of what is waited for. Called by the lab, the demo and tests.
"""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

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


_handed_out: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on, and that this process got only once."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _handed_out:
            _handed_out.add(port)
            return port
