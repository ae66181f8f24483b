"""One watched mailbox: sweep it, hand every mail over, file it, wait for more. In a thread.

Owns the order of things (stored first, moved after), what happens to a mail that can't be had just
now, delays, and the expiry of the archive. Refuses to know how mail is moved (imap_filing), what it
says, where it is stored, and asyncio: ``deliver`` blocks until the store has answered. Called by
imap.ImapInbox, which starts and stops the thread.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from cocmail.adapters.certificates import untrusted
from cocmail.adapters.imap_answers import Login, is_no, why
from cocmail.adapters.imap_filing import HOLDS_EVERYTHING, Filing
from cocmail.adapters.imap_session import (
    BROKEN,
    ImapSession,
    ImapSettings,
    LoginRefused,
    TooLarge,
    chunks,
    wait_readable,
)
from cocmail.adapters.token_command import TokenCommand
from cocmail.core.errors import Permanent, Temporary
from cocmail.ports import LEFT, Arrival, Clock

T = TypeVar("T")

_FIRST_DELAY = 0.5
_LONGEST_POSTPONEMENT = 900.0
_BEGINNING = 65_536  # bytes of a mail that is too large: its header, and some of what it says
_IN_VAIN = 20  # sweeps; others who read the same mailbox make for some
_STORE_DOWN_AFTER = 3  # batches in a row of which nothing was kept


@dataclass
class _Postponed:
    times: int
    until: float  # monotonic


class ImapWatch:
    """Watches one mailbox until stopped. `trouble` may be read from any thread."""

    def __init__(
        self,
        settings: ImapSettings,
        clock: Clock,
        deliver: Callable[[Sequence[Arrival]], Sequence[str | None]],
        *,
        junk: bool = False,
    ) -> None:
        """``deliver`` gives, for each arrival, None if it is stored, else why it isn't."""
        self._settings = settings
        self._clock = clock
        self._deliver = deliver
        self._junk = junk
        self._name = settings.junk if junk else settings.mailbox
        self._key = f"{settings.label} {'junk' if junk else 'mailbox'}"
        self.trouble = ""
        self._wake, self._waker = socket.socketpair()
        self._stop = threading.Event()
        self._session: ImapSession | None = None
        self._delay = _FIRST_DELAY
        self._ever_let_in = False
        self._refusals = 0
        self._refused_since: float | None = None  # monotonic
        self._login_delay = 0.0  # the next, in seconds; 0: the first
        self._refused: str | None = None  # the token that was refused last
        self._idle_failures = 0
        self._in_vain = 0  # sweeps in a row that brought nothing, and for which we were woken
        # What we remember of messages that are still there, by UID under this UIDVALIDITY.
        self._validity = 0
        self._filing = Filing(settings, self._key, self._filed)
        self._alone: set[int] = set()  # were being fetched when a connection broke
        self._postponed: dict[int, _Postponed] = {}
        self._too_large: set[int] = set()
        self._told: set[int] = set()  # of these, those of which the beginning is stored
        self._store_says = ""
        self._unexpired_says = ""
        self._expire_at = 0.0  # monotonic
        self._selected_at = 0.0  # monotonic

    # -- from outside the thread -------------------------------------------------------------

    def stop(self) -> None:
        """Ask the thread to end; it does so at once where it waits, else after what it is at."""
        self._stop.set()
        self._ask_no_more()
        self._waker.send(b".")

    def cut(self) -> None:
        """End the connection under it, whatever it is at."""
        self._ask_no_more()
        session = self._session
        if session is not None:
            session.cut()

    def _ask_no_more(self) -> None:
        if isinstance(self._settings.password, TokenCommand):
            self._settings.password.stop()

    def close(self) -> None:
        """Once the thread has ended."""
        self._wake.close()
        self._waker.close()

    # -- the thread --------------------------------------------------------------------------

    def run(self) -> None:
        """Until stopped. Raises Permanent where the login is refused."""
        by_password = self._settings.authentication == "password"
        while not self._stop.is_set():
            delay = 0.0
            try:
                self._connect_and_watch()
            except LoginRefused as refused:
                if self._is_final(refused.about):
                    raise Permanent(str(refused)) from None
                self.trouble = f"{refused}; trying again"
                if refused.about is not Login.CREDENTIALS or by_password:
                    delay = self._next_login_delay()
            except Temporary as wrong:
                self.trouble = str(wrong)
            except BROKEN as broken:
                label = self._settings.label
                self.trouble = f"{label} host: {said(broken, label)}; trying again"
            if not self._stop.is_set():
                wait_readable((self._wake,), delay or self._delay)
                self._delay = min(self._delay * 2, self._settings.longest_delay)

    def _is_final(self, about: Login) -> bool:
        """Whether a refused login is the end: asking on would lock the account. A token may have
        expired, so another is asked for first. Who was let in before and isn't told why not now
        may meet a busy server: that is borne with for long."""
        if about is Login.BUSY:
            return False
        now = time.monotonic()
        if self._refused_since is None:
            self._refused_since = now
        if about is Login.UNSAID and self._ever_let_in:
            return now - self._refused_since >= self._settings.login_patience
        self._refusals += 1
        if self._refusals >= self._settings.login_attempts:
            return True
        return not self._ever_let_in and self._settings.authentication == "password"

    def _next_login_delay(self) -> float:
        delay = self._login_delay or self._settings.login_delay
        self._login_delay = min(delay * 2, self._settings.longest_login_delay)
        return delay

    def _connect_and_watch(self) -> None:
        secret = self._secret()
        try:
            session = ImapSession(self._settings, secret, self._connected)
        except BaseException as wrong:
            self._session = None
            token = self._settings.authentication == "xoauth2"
            if token and isinstance(wrong, LoginRefused) and wrong.about is not Login.BUSY:
                self._refused = secret
            raise
        self._ever_let_in = True
        self._refusals = 0
        self._refused_since = None
        self._refused = None
        self._login_delay = 0.0
        try:
            self._watch(session)
        except BaseException:
            session.cut()
            raise
        else:
            session.close()
        finally:
            self._session = None
            session.release()

    def _secret(self) -> str:
        """Asked for anew at every connection. A token that was refused isn't shown again."""
        settings = self._settings
        try:
            secret = settings.secret()
        except Permanent as wrong:
            if not self._ever_let_in:
                raise
            raise Temporary(f"{wrong}; trying again") from None  # its file is being replaced, say
        if secret != self._refused:
            return secret
        words = f"the IMAP server refused the token: {settings.label} {settings.login_key}"
        if self._ever_let_in:
            raise Temporary(f"{words} should give a new one; it is asked again")
        raise Permanent(f"{words} gives no other; see username too")

    def _connected(self, session: ImapSession) -> None:
        self._session = session

    def _watch(self, session: ImapSession) -> None:
        folder = self._found(session)
        if session.holds_everything(folder):
            raise Permanent(f"{self._key}: {HOLDS_EVERYTHING}")
        self._filing.prepare(session, folder)
        self._select(session, folder)
        while not self._stop.is_set():
            if time.monotonic() - self._selected_at >= self._settings.idle_for:
                # What is open stays open where it is renamed; another may have its name by now.
                folder = self._found(session)
                self._select(session, folder)
            self._expire(session, folder)
            self._sweep(session)
            if self._stop.is_set():
                return
            self.trouble = self._what_is_left()
            self._delay = _FIRST_DELAY
            self._wait(session)

    def _found(self, session: ImapSession) -> str:
        folder = session.find(self._name)
        if folder is None:
            raise Temporary(f"{self._key}: the IMAP server has no such folder")
        return folder

    def _select(self, session: ImapSession, folder: str) -> None:
        validity = session.select(folder)
        self._selected_at = time.monotonic()
        if validity != self._validity:
            # Other numbers for the same mails (RFC 9051 section 2.3.1.1): all of it is looked at
            # anew, and the store knows by content what it has.
            self._validity = validity
            self._filing.forget()
            self._alone.clear()
            self._postponed.clear()
            self._too_large.clear()
            self._told.clear()

    # -- sweeping ----------------------------------------------------------------------------

    def _sweep(self, session: ImapSession) -> None:
        uids = session.uids()
        here = set(uids)
        self._filing.seen(here)
        self._alone &= here
        self._too_large &= here
        self._told &= here
        self._postponed = {u: p for u, p in self._postponed.items() if u in here}
        self._store_says = ""
        self._filing.again(session)
        now = time.monotonic()
        new = [
            uid
            for uid in uids
            if uid not in self._filing.waiting
            and uid not in self._too_large
            and (uid not in self._postponed or self._postponed[uid].until <= now)
        ]
        barren = 0
        for chunk in chunks(new, 500):
            sizes = self._ask(session.sizes, chunk)
            for uid in set(chunk) - sizes.keys():
                if uid not in self._postponed or self._postponed[uid].until <= now:
                    self._postpone(uid)
            for batch in self._batches(sizes):
                if self._stop.is_set():
                    return
                stored = self._take(session, batch)
                if stored:
                    self._delay = _FIRST_DELAY
                    self._in_vain = 0
                self._filing.file(session, stored)
                barren = 0 if stored else barren + 1
                if barren >= _STORE_DOWN_AFTER and self._store_says:
                    return  # the store is down: don't fetch the whole mailbox over and over
        for uid in sorted(self._too_large - self._told):
            if uid not in self._postponed or self._postponed[uid].until <= now:
                self._tell_of(session, uid)

    def _tell_of(self, session: ImapSession, uid: int) -> None:
        """It stays where it is, and its beginning is handed over instead."""
        found = self._ask(lambda only: session.beginnings(only, _BEGINNING), [uid])
        if uid not in found:
            self._postpone(uid)
            return
        (why_not,) = self._deliver([self._arrival(uid, found[uid], road=LEFT)])
        if why_not is None:
            self._postponed.pop(uid, None)
            self._told.add(uid)
        else:
            self._store_says = why_not
            self._postpone(uid, longest=self._settings.longest_delay)

    def _batches(self, sizes: Mapping[int, int]) -> Iterator[dict[int, int]]:
        """In order, bounded by bytes and number; large ones and suspects by themselves, last."""
        settings = self._settings
        batch: dict[int, int] = {}
        alone: list[int] = []
        for uid, size in sorted(sizes.items()):
            if size > settings.largest:
                self._too_large.add(uid)
            elif uid in self._alone or size > settings.batch_bytes:
                alone.append(uid)
            else:
                full = len(batch) >= settings.batch_messages
                if batch and (full or sum(batch.values()) + size > settings.batch_bytes):
                    yield batch
                    batch = {}
                batch[uid] = size
        if batch:
            yield batch
        # Those that failed least often first: what breaks the connection comes after the others.
        for uid in sorted(alone, key=self._failures):
            yield {uid: sizes[uid]}

    def _failures(self, uid: int) -> int:
        return self._postponed[uid].times + 1 if uid in self._postponed else 0

    def _take(self, session: ImapSession, sizes: Mapping[int, int]) -> list[int]:
        """Fetch these and hand them over; those that are stored now."""
        uids = list(sizes)
        if len(uids) == 1 and sizes[uids[0]] > self._settings.piece_bytes:
            bodies = self._ask(lambda only: self._pieced(session, only[0], sizes), uids)
        else:
            bodies = self._ask(session.bodies, uids)
        # Some servers say OK and hand out nothing, for a while.
        bodies = {uid: raw for uid, raw in bodies.items() if raw or not sizes[uid]}
        for uid in uids:
            if uid not in bodies and uid not in self._too_large:
                self._postpone(uid)  # vanished, or the server couldn't: the next sweep tells
        if not bodies or self._stop.is_set():
            return []
        taken = sorted(bodies)
        answers = self._deliver([self._arrival(uid, bodies[uid]) for uid in taken])
        stored = []
        for uid, why_not in zip(taken, answers, strict=True):
            self._alone.discard(uid)
            if why_not is None:
                self._postponed.pop(uid, None)
                stored.append(uid)
            else:
                self._store_says = why_not
                self._postpone(uid, longest=self._settings.longest_delay)
        return stored

    def _pieced(self, session: ImapSession, uid: int, sizes: Mapping[int, int]) -> dict[int, bytes]:
        piece, largest = self._settings.piece_bytes, self._settings.largest
        try:
            body = session.pieced(uid, size=sizes[uid], piece=piece, largest=largest)
        except TooLarge:
            self._too_large.add(uid)
            return {}
        return {} if body is None else {uid: body}

    def _arrival(self, uid: int, raw: bytes, *, road: str = "imap") -> Arrival:
        return Arrival(
            raw=raw,
            road=road,
            source=f"{self._settings.account}/{self._name}/{self._validity}/{uid}",
            recipients=(),
            junk=self._junk,
        )

    def _ask(
        self, ask: Callable[[Sequence[int]], dict[int, T]], uids: Sequence[int]
    ) -> dict[int, T]:
        """Ask about many; where the server says NO or BAD, about half, down to the one it means.

        Where the connection breaks, it may be one of these that breaks it: they are asked for one
        by one from then on, so that it is found and stands back.
        """
        try:
            return ask(uids)
        except IMAPClientError as refused:
            if isinstance(refused, IMAPClientAbortError):
                self._suspect(uids)
                raise
            if len(uids) == 1:
                self._postpone(uids[0])
                return {}
            half = len(uids) // 2
            return self._ask(ask, uids[:half]) | self._ask(ask, uids[half:])
        except BROKEN:
            self._suspect(uids)
            raise

    def _suspect(self, uids: Sequence[int]) -> None:
        if len(uids) == 1:
            self._postpone(uids[0])
        self._alone.update(uids)

    def _postpone(self, uid: int, *, longest: float = _LONGEST_POSTPONEMENT) -> None:
        times = self._postponed[uid].times + 1 if uid in self._postponed else 0
        delay = min(float(2 ** min(times, 20)), longest)
        self._postponed[uid] = _Postponed(times, time.monotonic() + delay)

    def _filed(self) -> None:
        keep = self._settings.archive_keep
        if keep is not None:
            self._expire_at = min(self._expire_at, time.monotonic() + keep.total_seconds())

    def _what_is_left(self) -> str:
        if self._store_says:
            return f"mail waits in {self._key}: {self._store_says}"
        if self._filing.says:
            return f"{self._filing.says}. Mail is read and answered all the same"
        stuck = sum(p.times > 0 for p in self._postponed.values())
        if stuck:
            return f"{self._key}: the IMAP server can't hand out {stuck} of its mails"
        if self._too_large:
            limit = self._settings.largest >> 20
            many = len(self._too_large)
            return f"{self._key}: {many} mail(s) of more than {limit} MiB were left there"
        return self._unexpired_says

    # -- the archive -------------------------------------------------------------------------

    def _expire(self, session: ImapSession, folder: str) -> None:
        """Expunge what has lain in the archive for long enough: the store is the record."""
        keep = self._settings.archive_keep
        now = time.monotonic()
        if keep is None or self._junk or now < self._expire_at:
            return
        self._filing.prepare(session, folder)  # somebody deleted it, perhaps
        archive = self._filing.archive
        if archive is None:
            self._expire_at = now + self._settings.expire_every
            return
        cutoff = self._clock.now() - keep
        self._unexpired_says = ""
        try:
            session.select(archive)
            dated = session.dated_before(cutoff.date())
            old = sorted(uid for uid, at in dated.items() if at <= cutoff)
            for chunk in chunks(old, 500):
                session.destroy(chunk)
                session.select(archive)
        except IMAPClientAbortError:
            raise
        except (IMAPClientError, Temporary) as refused:
            dated, old = {}, []  # the next time will tell
            label = self._settings.label
            no = isinstance(refused, IMAPClientError)
            because = why(refused) if no else "it doesn't open it for writing"
            self._unexpired_says = (
                f"{label} archive_keep: the IMAP server doesn't let us delete in {label} archive,"
                f' {because}; give this user the right to, or keep mail there "forever"'
            )
        rest = [at for uid, at in dated.items() if uid not in set(old)]
        wait = min((at - cutoff for at in rest), default=timedelta.max).total_seconds()
        self._expire_at = now + min(max(wait, 1.0), self._settings.expire_every)
        self._select(session, folder)

    # -- waiting -----------------------------------------------------------------------------

    def _wait(self, session: ImapSession) -> None:
        settings = self._settings
        now = time.monotonic()
        seconds = settings.idle_for
        if self._filing.says:
            seconds = min(seconds, max(0.1, self._filing.again_at - now))
        for postponed in self._postponed.values():
            seconds = min(seconds, max(0.1, postponed.until - now))
        if settings.archive_keep is not None and not self._junk:
            seconds = min(seconds, max(0.1, self._expire_at - now))
        if not session.can(b"IDLE") or self._idle_failures > 1:
            wait_readable((self._wake,), min(seconds, settings.poll_every))
            return
        if self._in_vain > _IN_VAIN:
            # It announces and announces, and there is nothing: not as fast as it can talk.
            wait_readable((self._wake,), min(seconds, settings.poll_every))
        began = time.monotonic()
        try:
            session.idle(seconds, self._wake)
        except IMAPClientError as refused:
            # It says that it has IDLE, and then doesn't: after a second time we poll.
            if not isinstance(refused, IMAPClientAbortError):
                self._idle_failures += 1
            raise
        self._idle_failures = 0
        quiet = time.monotonic() - began >= settings.poll_every
        self._in_vain = 0 if quiet else self._in_vain + 1


def said(broken: BaseException, label: str) -> str:
    """An error without anything of a mail: the system's words, or the kind of it. ``label``: the
    table of the settings, for what stands there."""
    if isinstance(broken, ssl.SSLCertVerificationError):
        return untrusted(broken, label)
    if isinstance(broken, TimeoutError):
        return "no answer in time"
    if isinstance(broken, OSError) and broken.strerror:
        return broken.strerror
    if isinstance(broken, IMAPClientAbortError):
        return "the server ended the connection"
    if isinstance(broken, IMAPClientError) and is_no(broken):
        return f"the server refuses what we ask, {why(broken)}"
    return f"the server's answer makes no sense ({type(broken).__name__})"
