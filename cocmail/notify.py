"""Words to the service manager: ready, alive, stopping (sd_notify(3)).

Owns the datagram. Does nothing where no service manager listens. Called by the daemon.
"""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    if where.startswith("@"):
        where = "\0" + where[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), where)
        except OSError:
            return  # the manager will see by itself that we are silent


def watchdog_seconds() -> float | None:
    """How often the service manager wants to hear of us; None: it doesn't."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    wanted = os.environ.get("WATCHDOG_USEC", "")
    return int(wanted) / 2_000_000 if wanted.isdigit() and int(wanted) > 0 else None
