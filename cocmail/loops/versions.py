"""Asks each Mailman for its version, once it answers, and tells the operator.

Owns when it is asked again: one that is away holds up neither the start nor what is said of the
others. Refuses to know what a version means (core.versions). Started by the daemon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from cocmail.core.errors import Permanent, Temporary
from cocmail.core.sites import section
from cocmail.core.versions import differs, untried
from cocmail.ports import Lists

log = structlog.get_logger("cocmail")

_AGAIN = 30.0  # seconds


class Versions:
    def __init__(self, sites: Mapping[str, Lists], *, again: float = _AGAIN) -> None:
        """``again``: seconds until a site that is away is asked once more."""
        self._sites, self._again = sites, again
        self._waiting = set(sites)
        self.asked = asyncio.Event()  # each has answered, or failed to, once

    async def run(self) -> None:
        """Until each has said it. Raises Permanent where a human must act before the start; what
        comes to that later, enforcement tells."""
        async with asyncio.TaskGroup() as group:
            for site, lists in self._sites.items():
                group.create_task(self._ask(site, lists))

    async def _ask(self, site: str, lists: Lists) -> None:
        while True:
            try:
                version = await lists.version()
                words = untried(version)
                tell = log.warning if words else log.info
                tell(f"{section(site)}: {words or differs(version) or version}")
                return
            except (Temporary, Permanent) as error:
                if isinstance(error, Permanent) and site in self._waiting:
                    raise
            finally:
                self._waiting.discard(site)
                if not self._waiting:
                    self.asked.set()
            await asyncio.sleep(self._again)
