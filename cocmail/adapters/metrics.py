"""Figures for Prometheus: how many, how long ago; never whose.

Owns their names and the page that a scraper reads, on loopback unless the operator says else.
Refuses to know where a figure comes from. Made by the daemon where `[metrics]` stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cocmail.core.errors import Permanent

METRICS = {
    "cocmail_mail_received_total": "mails that ever came",
    "cocmail_mail_waiting": "mails that wait to be handled",
    "cocmail_mail_quarantined": "mails that are set aside",
    "cocmail_outbox_waiting": "letters that wait to leave",
    "cocmail_outbox_failed": "letters that could not be delivered",
    "cocmail_sanctions": "sanctions in force, or not yet all put back",
    "cocmail_drift": "places that differ from what was decided, after the last sweep",
    "cocmail_put_right_total": "places that somebody had changed and a sweep put right",
    "cocmail_sweep_calls": "calls to look at the lists in the last sweep, leads and watches too",
    "cocmail_last_sweep_timestamp_seconds": "when the last sweep ended well, in Unix time",
}
"""What each is called, and what it counts. All start anew with the daemon, but for the queues."""

_PATIENCE = 5.0  # seconds that a scraper waits for the store


class Figures(Collector):
    """Reads the figures when a scraper asks, in its thread, from the daemon's loop."""

    def __init__(self, read: Callable[[], Awaitable[Mapping[str, float]]]) -> None:
        self._read = read
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterable[Metric]:
        asked = asyncio.run_coroutine_threadsafe(self._ask(), self._loop)
        found = asked.result(timeout=_PATIENCE)
        for name, words in METRICS.items():
            if name in found:
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                yield kind(name, words, value=found[name])

    async def _ask(self) -> Mapping[str, float]:
        return await self._read()


def serve(host: str, port: int, figures: Figures) -> Callable[[], None]:
    """Until what it returns is called. Raises Permanent where it can't listen."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError:
        raise Permanent(
            "[metrics] listen: something else listens there already, or it is no address of this"
            " machine"
        ) from None

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
