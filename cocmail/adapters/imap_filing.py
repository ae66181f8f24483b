"""Out of the mailbox, into the archive: what happens to a mail once it is stored.

Owns the memory of what was copied (never twice) and what still lies in the mailbox, when a refusal
is tried again, and the words for it. Nothing here stops the mail: where the server won't, what is
stored stays where it is. Refuses to know what is stored and when the mailbox is swept. Called by
imap_watch, in its thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Set

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from cocmail.adapters.imap_answers import is_for_all, why_and_mend
from cocmail.adapters.imap_session import ImapSession, ImapSettings
from cocmail.core.errors import Permanent

HOLDS_EVERYTHING = "this folder holds all mail of the account; name one of its own"

_FIRST_PAUSE = 0.5  # seconds
_LONGEST_PAUSE = 900.0  # where it takes a command for each mail to see that none can leave
_REMEMBERED = 10_000  # UIDs that were copied and aren't in the mailbox any more


class Filing:
    """Of one mailbox. All UIDs are of one UIDVALIDITY, until `forget`."""

    def __init__(self, settings: ImapSettings, key: str, filed: Callable[[], None]) -> None:
        """``key``: how errors call the mailbox. ``filed`` is told when mail came to the archive."""
        self._settings = settings
        self._key = key
        self._filed = filed
        self._to = f"{settings.label} archive"
        self.archive: str | None = None  # as the server calls it; None: it can't be had just now
        self.says = ""  # what stands in the way, "" if nothing
        self.again_at = 0.0  # monotonic; when that is tried again
        self.waiting: set[int] = set()  # stored, and in the mailbox still
        # Not to be copied again. Who has such a number may be another mail by now (of a mailbox
        # that was put back from a backup), so it is fetched and stored all the same.
        self._copied: dict[int, None] = {}
        self._marked: set[int] = set()  # as deleted, and the server doesn't expunge them
        self._pause = _FIRST_PAUSE
        self._for_all = False
        self._mailbox = ""

    def forget(self) -> None:
        """The numbers mean other mails now."""
        self.waiting.clear()
        self._copied.clear()
        self._marked.clear()
        self.again_at = 0.0

    def seen(self, here: Set[int]) -> None:
        """These lie in the mailbox, and no others."""
        self.waiting &= here
        gone = [uid for uid in self._copied if uid not in here]
        for uid in gone[:-_REMEMBERED]:
            del self._copied[uid]

    def prepare(self, session: ImapSession, mailbox: str) -> None:
        """Find the archive, or make it. Raises Permanent where it is no folder to file in."""
        self._mailbox = mailbox
        self._prepare(session)

    def _prepare(self, session: ImapSession) -> None:
        try:
            archive = session.make(self._settings.archive)
            if archive == self._mailbox:
                raise Permanent(f"{self._to} and {self._key} are the same folder")
            if self._settings.archive_keep is not None and session.holds_everything(archive):
                raise Permanent(f"{self._to}: {HOLDS_EVERYTHING}")
            self.archive = archive
        except IMAPClientAbortError:
            raise
        except IMAPClientError as refused:
            self.archive = None
            self._refused(refused, f"make the folder {self._to}", for_all=True)

    def again(self, session: ImapSession) -> None:
        """What was refused before, once it is time for it."""
        if time.monotonic() < self.again_at:
            return
        self.says = ""
        if self.archive is None:
            self._prepare(session)
        self._out(session, sorted(self.waiting))
        self._expunge(session, sorted(self._marked))
        if not self.says:
            self._pause = _FIRST_PAUSE
            self._for_all = False

    def file(self, session: ImapSession, uids: Sequence[int]) -> None:
        """These are stored. What can't leave now is tried again later."""
        self.waiting.update(uids)
        if not (self.says and self._for_all and time.monotonic() < self.again_at):
            self._out(session, uids)

    def _out(self, session: ImapSession, uids: Sequence[int]) -> None:
        copied = [uid for uid in uids if uid in self._copied]
        copied += self._into_archive(session, [uid for uid in uids if uid not in self._copied])
        if not copied:
            return
        marked = self._each(copied, session.mark, f"mark stored mail in {self._key} as deleted")
        self._expunge(session, marked)
        here = set(marked) & session.unmarked()
        self.waiting.difference_update(set(marked) - here)
        if here:
            self._delay(for_all=True)
            self.says = (
                f"the IMAP server says that it marks stored mail in {self._key} as deleted, and"
                " doesn't; give this user the right to delete there"
            )

    def _into_archive(self, session: ImapSession, uids: Sequence[int]) -> Sequence[int]:
        """Those of them that are there now, and are here still."""
        archive = self.archive
        if not uids or archive is None:
            return []
        ask = session.move if session.can(b"MOVE") else session.copy
        try:
            ask(uids, archive)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            self._prepare(session)  # somebody deleted it, perhaps (RFC 9051: TRYCREATE)
            made = self.archive
            if made is None:
                return []
            what = f"move stored mail to {self._to}"
            uids = self._each(uids, lambda some: ask(some, made), what)
        if uids:
            self._copied.update(dict.fromkeys(uids))
            self._filed()
        if not session.can(b"MOVE"):
            return uids
        self.waiting.difference_update(uids)
        return []

    def _expunge(self, session: ImapSession, uids: Sequence[int]) -> None:
        if not uids:
            return
        try:
            session.expunge_marked(uids)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as refused:
            self._marked.update(uids)
            self._refused(refused, f"expunge stored mail from {self._key}", for_all=True)
        else:
            self._marked.difference_update(uids)

    def _each(
        self, uids: Sequence[int], ask: Callable[[Sequence[int]], None], what: str
    ) -> list[int]:
        """Those of which the server says OK. Where it says NO to many it may mean one of them."""
        done: list[int] = []
        todo = [uids]
        while todo:
            some = todo.pop()
            try:
                ask(some)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as refused:
                for_all = is_for_all(refused)
                if for_all:
                    todo.clear()
                if for_all or len(some) == 1:
                    self._refused(refused, what, for_all=for_all)
                else:
                    half = len(some) // 2
                    todo += [some[half:], some[:half]]
            else:
                done += some
        return sorted(done)

    def _refused(self, refused: BaseException, what: str, *, for_all: bool) -> None:
        self._delay(for_all=for_all)
        why = why_and_mend(refused, self._settings.label)
        self.says = f"the IMAP server doesn't {what}: {why}"

    def _delay(self, *, for_all: bool) -> None:
        now = time.monotonic()
        if now >= self.again_at:  # once for all that is refused in one go
            longest = self._settings.longest_delay if for_all else _LONGEST_PAUSE
            self.again_at = now + min(self._pause, longest)
            self._pause = min(self._pause * 2, longest)
        self._for_all = for_all
