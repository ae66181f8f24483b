"""The composition root: builds the adapters, runs the loops in one TaskGroup, stops in order.

Owns what is started, in which order, and how it ends. Refuses to decide or to talk to anybody.
Called by `cocmail run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog

from cocmail import logs, notify, parts, servers
from cocmail.adapters import filters, metrics
from cocmail.adapters.store import SqlStore
from cocmail.adapters.templates import Templates
from cocmail.config import Settings
from cocmail.config.values import LogFormat
from cocmail.core.arrivals import Arrival as Held
from cocmail.core.case import Case
from cocmail.core.errors import Full, Temporary
from cocmail.core.filtering import Judgement, view
from cocmail.core.mail import Mail, signed
from cocmail.core.shortage import disk_nearly_full
from cocmail.loops.bell import Bell, Flurry, whole
from cocmail.loops.book import LedgerBook
from cocmail.loops.calendar import Calendar
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.enforcement import Enforcement
from cocmail.loops.intake import Intake
from cocmail.loops.leading import Leading
from cocmail.loops.outbox import LEASE, Outbox
from cocmail.loops.unseen import Unseen
from cocmail.loops.versions import Versions
from cocmail.loops.watching import Watching
from cocmail.ports import Arrival, Keep

log = structlog.get_logger("cocmail")

_NOTE_EVERY = 2.0
_LEADER_EVERY = 2.0
_REFUSED_BY = 2.0  # seconds that a refused login has to be told before we say that we are ready


class Daemon:
    """All of it, for one community."""

    def __init__(
        self, settings: Settings, store: SqlStore[Any, Case], keys: Any, letters: Templates
    ) -> None:
        clock = parts.SystemClock()
        self._settings = settings
        self._store = store
        self._clock = clock
        self._bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
        setting = parts.setting_maker(settings, keys, clock, letters)
        self._deciding = Deciding(store, setting, self._bells)
        self.imaps = servers.imaps(settings, clock)
        self.lmtp = servers.lmtp(settings)
        self._submission = servers.submission(settings)
        self._lists = servers.lists(settings)
        self._filters = filters.Filters(filters.load(settings.filters.directories))
        self._sweeps = False
        self._calendar = Calendar(self._deciding, clock)
        self._enforcement = Enforcement(
            self._lists,
            LedgerBook(self._deciding),
            clock,
            groups=parts.groups(settings),
            sweep_every=settings.sweep_every,
        )
        self._enforcement.wake = self._bells.enforcement.event
        self._postfix = servers.postfix(settings)
        self._flurry = Flurry(self._bells.enforcement)
        self._hooks = servers.hooks(settings, self._changed, lambda: self._enforcement.to_hold)
        self._watching = Watching(self._deciding, self._lists, settings.sweep_every)
        self._leading = Leading(
            self._deciding,
            self._lists,
            clock,
            groups=parts.groups(settings),
            every=settings.sweep_every,
            mine=lambda: self._sweeps,
            beside=lambda: self._enforcement.beside,
        )
        self._room = servers.room(settings)
        self._told_of_disk = False
        self._workers = servers.workers(settings)
        reader = servers.reader(settings, self._workers)
        self._outbox = Outbox(self._deciding, self._submission, clock, copies=reader.copies)
        self._intake = Intake(
            self._deciding,
            servers.authenticator(settings, reader),
            self._lists,
            reader.read,
            self._judge,
            clock,
            files=reader.files,
            unwrap=reader.returned,
            read_apart=reader.read_apart,
            rates=servers.rates(settings),
        )
        self._unseen = Unseen(self._deciding, self._intake.readers, reader.read_apart)

    async def _judge(self, raw: bytes, mail: Mail) -> Judgement:
        judgement = await self._filters.judge(view(raw, mail))
        for one in judgement.said:
            if one.broken:
                log.error(
                    "a filter is broken, and sets mail aside", filter=one.name, what=one.fault
                )
        return judgement

    async def _keep(self, arrival: Arrival) -> None:
        self._room.require(len(arrival.raw))
        arrival = replace(arrival, ahead=signed(arrival.raw))
        try:
            await whole(self._store.keep(arrival, self._clock.now()))
        except Full:
            if not self._room.trouble:  # elsewhere it can be told only once there is room
                log.error("the store's disk is full; mail waits where it comes from")
            self._room.refused(len(arrival.raw))
            raise
        self._room.taken(len(arrival.raw))
        self._bells.mail.ring()

    def _changed(self, held: tuple[Held, ...]) -> None:
        """Mailman's plugin tells that something changed, and what it holds."""
        self._enforcement.arrived(held)
        self._enforcement.look_anew = True  # it may be a new list
        self._flurry.touch()

    async def run(self, ready: Callable[[], None]) -> None:
        """Until cancelled. Raises Permanent where a human must act."""
        versions = Versions(self._lists.each)
        if self._postfix is not None:
            await self._postfix.prepare()
        try:
            async with asyncio.TaskGroup() as group:
                # A refused login is told now, not after the first vote.
                group.create_task(versions.run())
                group.create_task(self._read_until_stopped())
                group.create_task(self._inherit())
                group.create_task(self._roster())
                group.create_task(self._intake.run())
                group.create_task(self._outbox.run())
                group.create_task(self._calendar.run())
                group.create_task(self._unseen.run())
                group.create_task(self._enforce())
                group.create_task(self._watching.run())
                group.create_task(self._leading.run())
                group.create_task(self._note())
                group.create_task(_heartbeat())
                group.create_task(self._measure())
                for inbox in (*self.imaps, self.lmtp):
                    if inbox is not None:
                        group.create_task(_receive(inbox.run, self._keep))
                for hook in self._hooks:
                    group.create_task(hook.run())
                await self._until_receiving()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_REFUSED_BY):
                        await versions.asked.wait()
                ready()
        finally:
            await self._submission.close()
            await self._filters.close()
            await self._lists.close()

    async def _read_until_stopped(self) -> None:
        """What is being read at the end isn't waited for: it is read after the next start."""
        try:
            await asyncio.Event().wait()
        finally:
            self._workers.close()

    async def _roster(self) -> None:
        """The committee learns of a change of itself before it counts."""
        while True:
            with contextlib.suppress(Temporary):
                return await self._deciding.configured(self._settings.roster)
            await asyncio.sleep(_NOTE_EVERY)

    async def _inherit(self) -> None:
        """What a killed daemon had leased is ours as soon as no other has the store: at once, but
        for PostgreSQL, which must first notice that one is gone."""
        before = self._clock.now()
        while self._clock.now() < before + LEASE:
            with contextlib.suppress(Temporary):
                if await self._store.daemons() == 1:
                    await whole(self._store.resume(before + LEASE))
                    return
            await asyncio.sleep(_NOTE_EVERY)

    async def _measure(self) -> None:
        """Figures for whoever scrapes them, where the operator wants any."""
        if self._settings.metrics is None:
            return
        stop = metrics.serve(*self._settings.metrics.place, metrics.Figures(self._figures))
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(stop)

    @property
    def _calls(self) -> int:
        """To look at the lists, in the last sweep, with the leads and watches that go with it."""
        return self._enforcement.counters.calls + self._leading.calls + self._watching.calls

    async def _figures(self) -> dict[str, float]:
        counters, found = self._enforcement.counters, await self._store.statistics()
        figures: dict[str, float] = {
            "cocmail_mail_received_total": found.received,
            "cocmail_mail_waiting": found.waiting,
            "cocmail_mail_quarantined": found.quarantined,
            "cocmail_outbox_waiting": found.outbox.waiting,
            "cocmail_outbox_failed": found.outbox.failed,
        }
        if self._sweeps:
            figures |= {
                "cocmail_sanctions": counters.sanctions,
                "cocmail_drift": counters.drift,
                "cocmail_put_right_total": counters.put_right,
                "cocmail_sweep_calls": self._calls,
            }
            if counters.last_sweep:
                at = counters.last_sweep.timestamp()
                figures["cocmail_last_sweep_timestamp_seconds"] = at
        return figures

    async def _until_receiving(self) -> None:
        while self.lmtp is not None and not self.lmtp.listening:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _enforce(self) -> None:
        """One daemon at a time sweeps; on SQLite there is but one."""
        while True:
            try:
                async with self._store.alone("enforcement") as mine:
                    self._sweeps = mine
                    if mine:
                        await self._enforcement.run()
            except Temporary as error:
                log.warning("enforcement was interrupted; it begins anew", error=str(error))
            await asyncio.sleep(_LEADER_EVERY)

    async def _note(self) -> None:
        """Write down, for `cocmail status`, how it stands; and see whether a sweep is wanted."""
        last: dict[str, str] = {}
        while True:
            with contextlib.suppress(Temporary):
                # On PostgreSQL this lock goes with its connection, and `status` looks for it.
                await whole(self._store.lock_daemon())
                await whole(self._note_once(last))
            await asyncio.sleep(_NOTE_EVERY)

    async def _note_once(self, last: dict[str, str]) -> None:
        await self._tell_of_the_disk()
        counters = self._enforcement.counters
        swept, began, sweeping = counters.last_sweep, counters.began, self._enforcement.sweeping
        now = {
            "enforcement": json.dumps(
                {
                    "sanctions": counters.sanctions,
                    "drift": counters.drift,
                    "drift_of": dict(counters.drift_of),
                    "calls": self._calls,
                    "last_sweep": swept.isoformat() if swept else None,
                    "began": began.isoformat() if began else None,
                    "sweeping": sweeping.isoformat() if sweeping else None,
                    "trouble": counters.trouble,
                }
            ),
            "imap": "; ".join(filter(None, (inbox.trouble for inbox in self.imaps))),
            "lmtp": self.lmtp.trouble if self.lmtp else "",
            "submission": self._outbox.trouble,
            "store": self._deciding.trouble,
            "dns": self._intake.trouble,
            "disk": self._room.trouble,
            "clock": self._calendar.trouble,
            "hook": "; ".join(filter(None, (hook.trouble for hook in self._hooks))),
        }
        if not self._sweeps:
            del now["enforcement"]  # another daemon's word counts
        for name, value in now.items():
            if last.get(name) != value:
                await self._store.note(name, value)
                last[name] = value
        if not self._sweeps and self._bells.enforcement.event.is_set():
            self._bells.enforcement.event.clear()
            await self._store.note("sweep_wanted", self._clock.now().isoformat())
        asked = (await self._store.notes()).get("sweep_wanted", "")
        # By the command line, or by another daemon.
        if last.setdefault("sweep_wanted", asked) != asked:
            last["sweep_wanted"] = asked
            self._enforcement.look_anew = True
            self._bells.enforcement.ring()

    async def _tell_of_the_disk(self) -> None:
        """Once each time that it comes to it, whoever starts us meanwhile; on a full disk as soon
        as it can be written."""
        self._room.look()
        if not self._room.trouble:
            self._told_of_disk = False
        elif not self._told_of_disk:
            if not (await self._store.notes()).get("disk"):
                await self._deciding.on_committee(disk_nearly_full)
            self._told_of_disk = True  # even if it can't be noted


async def _receive(run: Callable[[Keep], Awaitable[None]], keep: Keep) -> None:
    await run(keep)


async def _heartbeat() -> None:
    every = notify.watchdog_seconds()
    while every is not None:
        notify.notify("WATCHDOG=1")
        await asyncio.sleep(every)


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Daemon]:
    """The daemon with its store, which it has for itself where it is SQLite."""
    keys = parts.keys_of(settings)
    letters = parts.templates(settings)
    parts.require_sound(letters)
    letters.make_ready()
    store = await parts.store(settings, keys, parts.SystemClock(), create=True)
    try:
        await store.lock_daemon()
        yield Daemon(settings, store, keys, letters)
    finally:
        await store.close()


async def run(settings: Settings) -> None:
    """`cocmail run`: until SIGTERM or SIGINT."""
    logs.configure(as_json=settings.log.format is LogFormat.JSON)
    async with opened(settings) as daemon:
        unused = settings.unused()
        if unused:
            log.warning("set, and not in use in this version: " + ", ".join(unused))
        running = asyncio.ensure_future(daemon.run(_ready))
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, _stop, running)
        with contextlib.suppress(asyncio.CancelledError):
            await running


def _ready() -> None:
    # What is there now stays: looking through it for garbage would hold up the loop for as long
    # as reading a mail.
    gc.collect()
    gc.freeze()
    print("cocmail is ready", file=sys.stderr, flush=True)
    notify.notify("READY=1")


def _stop(running: asyncio.Future[None]) -> None:
    notify.notify("STOPPING=1")
    running.cancel()
