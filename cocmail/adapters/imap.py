"""Mail in by IMAP: the `Inbox` port over IMAPClient.

Owns the threads, one for each watched mailbox (IMAPClient blocks, and IDLE watches one mailbox a
connection), and the bridge from a thread to the main loop, where `keep` runs. Refuses to know IMAP
(imap_session) and the order of a sweep (imap_watch). Called by the daemon, and by `cocmail check`
through `probe`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Final

from cocmail.adapters.certificates import ends_soon
from cocmail.adapters.imap_session import BROKEN, ImapSession, LoginRefused
from cocmail.adapters.imap_session import ImapSettings as ImapSettings
from cocmail.adapters.imap_watch import ImapWatch, said
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.ports import Arrival, Clock, Keep

_GRACE: Final = 1.0  # to finish what a thread is at, before its connection is cut
_LAST: Final = 0.7  # and then, before we stop waiting for it


class KeepFailed(Exception):
    """What `keep` raised and shouldn't have, on its way through the thread."""


class ImapInbox:
    """A mailbox, and a spam folder where there is one, swept until cancelled."""

    def __init__(self, settings: ImapSettings, clock: Clock) -> None:
        names = [settings.mailbox, settings.archive, *([settings.junk] if settings.junk else [])]
        if len({name.upper() if name.upper() == "INBOX" else name for name in names}) < len(names):
            raise Permanent(f"{settings.label} mailbox, archive and junk must be different folders")
        self._settings = settings
        self._clock = clock
        self._watches: list[ImapWatch] = []

    @property
    def trouble(self) -> str:
        return next((watch.trouble for watch in self._watches if watch.trouble), "")

    async def run(self, keep: Keep) -> None:
        """Until cancelled, which ends the threads within two seconds. Raises Permanent."""
        bridge = _Bridge(keep)
        roles = [False, True] if self._settings.junk else [False]
        self._watches = [
            ImapWatch(self._settings, self._clock, bridge.deliver, junk=junk) for junk in roles
        ]
        ends = [bridge.start(watch) for watch in self._watches]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._stop(bridge, ends)
        for end in ends:
            if end.done():
                try:
                    end.result()
                except KeepFailed as failed:
                    raise failed.__cause__ or failed from None

    async def _stop(self, bridge: _Bridge, ends: Sequence[asyncio.Future[None]]) -> None:
        for watch in self._watches:
            watch.stop()
        _, late = await asyncio.wait(ends, timeout=_GRACE)
        if late:
            bridge.abandon()
            for watch in self._watches:
                watch.cut()
            _, late = await asyncio.wait(ends, timeout=_LAST)
        # A thread that is still resolving a name or connecting ends by itself, and tells nobody.
        bridge.closed = True
        for watch, end in zip(self._watches, ends, strict=True):
            if end not in late:
                end.exception()  # whoever was cancelled doesn't ask for it
                watch.close()

    def _probe(self) -> list[tuple[bool | None, str]]:
        settings = self._settings
        label = settings.label
        where = f"{label} host"
        try:
            session = ImapSession(settings)
        except LoginRefused as refused:
            return [(False, str(refused))]
        except CocmailError as wrong:
            words = str(wrong)
            return [(False, words if words.startswith(label) else f"{where}: {words}")]
        except BROKEN as broken:
            return [(False, f"{where}: {said(broken, label)}")]
        lines: list[tuple[bool | None, str]] = [
            (True, "IMAP: logged in"),
            *ends_soon(where, session.certificate),
        ]
        try:
            for key, name in (("mailbox", settings.mailbox), ("junk", settings.junk)):
                if not name:
                    continue
                found = session.find(name)
                if found is None:
                    lines.append((False, f"{label} {key}: the IMAP server has no such folder"))
                elif session.holds_everything(found):
                    words = "this folder holds all mail of the account; name another"
                    lines.append((False, f"{label} {key}: {words}"))
                else:
                    session.select(found)
                    lines.append((True, f"IMAP: {label} {key} can be read and written"))
            there = session.find(settings.archive) is not None
            lines.append((True, f"IMAP: {label} archive {'is there' if there else 'will be made'}"))
            lines += _capabilities(session)
        except CocmailError as wrong:
            lines.append((False, str(wrong)))
        except BROKEN as broken:
            lines.append((False, f"{where}: {said(broken, label)}"))
        finally:
            session.close()
            session.release()
        return lines

    async def probe(self) -> list[tuple[bool | None, str]]:
        """For `cocmail check`: (sound, line); None: a warning. Changes nothing on the server."""
        return await asyncio.to_thread(self._probe)


def _capabilities(session: ImapSession) -> list[tuple[bool, str]]:
    """What the server can do that changes what we do, and what we do without it."""
    names = ("IDLE", "MOVE", "UIDPLUS", "NAMESPACE")
    there = [name for name in names if session.can(name.encode())]
    lines = [(True, f"IMAP: the server has {', '.join(there) or 'no extensions that we use'}")]
    for name, without in (
        ("IDLE", "we ask for new mail every second"),
        ("MOVE", "mail is copied, then expunged"),
        ("UIDPLUS", "expunging waits while others have mail marked as deleted"),
    ):
        if name not in there:
            lines.append((True, f"IMAP: no {name} here: {without}"))
    if session.can(b"X-GM-EXT-1"):
        words = "folders are labels; what leaves the archive goes to the trash, and from there"
        lines.append((True, f"IMAP: this is Gmail: {words}"))
    return lines


class _Bridge:
    """Between the threads and the loop."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        self._abandon = asyncio.Event()
        self.closed = False

    def start(self, watch: ImapWatch) -> asyncio.Future[None]:
        """A future that ends as the thread does. A daemon thread, so that one which hangs in
        name resolution doesn't keep the process from ending (executors join theirs)."""
        end: asyncio.Future[None] = self._loop.create_future()

        def tell(error: BaseException | None) -> None:
            if end.done():
                return
            if error is None:
                end.set_result(None)
            else:
                end.set_exception(error)

        def body() -> None:
            error: BaseException | None = None
            try:
                watch.run()
            except BaseException as raised:  # it is raised again in `run`, where it belongs
                error = raised
            if not self.closed:
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    self._loop.call_soon_threadsafe(tell, error)

        threading.Thread(target=body, name="imap", daemon=True).start()
        return end

    def abandon(self) -> None:
        """Stop waiting for the store: what isn't answered by now counts as not kept."""
        self._abandon.set()

    def deliver(self, arrivals: Sequence[Arrival]) -> Sequence[str | None]:
        """In a thread: for each, None once it is committed, or why it isn't."""
        answer = asyncio.run_coroutine_threadsafe(self._all(arrivals), self._loop)
        try:
            error = answer.exception()
        except CancelledError:
            return ["stopping"] * len(arrivals)
        if error is not None:
            raise KeepFailed from error  # not to be taken for the server's
        return answer.result()

    async def _all(self, arrivals: Sequence[Arrival]) -> list[str | None]:
        work = asyncio.ensure_future(self._one_by_one(arrivals))
        leave = asyncio.ensure_future(self._abandon.wait())
        try:
            await asyncio.wait({work, leave}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leave.cancel()
            if not work.done():
                work.cancel()
        return await work

    async def _one_by_one(self, arrivals: Sequence[Arrival]) -> list[str | None]:
        answers: list[str | None] = []
        for arrival in arrivals:
            try:
                await self._keep(arrival)
            except (Temporary, Permanent) as wrong:
                answers.append(str(wrong))
            else:
                answers.append(None)
        return answers
