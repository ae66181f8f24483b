"""`cocmail run`: the daemon.

Owns nothing but the call. Started by the service manager, or by hand.
"""

from __future__ import annotations

from cocmail import daemon
from cocmail.cli import output


async def run() -> None:
    """Run until SIGTERM; says "cocmail is ready" on stderr when it is."""
    await daemon.run(output.settings())
