"""Addresses of the community that are no Mailman lists, behind the Lists port: a table for Postfix.

Owns the table's file: how it is made, changed and read back. Refuses to know sanctions, rosters
(there are none: an address like info@ has nobody who could be taken off or held), and to protect
an address that must stay open to everybody. What answers Postfix from the table, with the daemon
or without it, is adapters.postfix_policy. Called by the enforcement loop and the command line,
through ports.Lists, and by `cocmail check` through `ask`.

A site-wide ban is an entry for all protected addresses, a ban on a "list" one for that address.
Entries that somebody wrote into the table by hand are theirs, as bans in Mailman are; what they
took out is found missing. What counts is how the table would answer Postfix.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import smtplib
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from cocmail.adapters.postfix_policy import (
    EVERY,
    PROBE,
    WORDS,
    Table,
    must_stay_open,
    same,
    tagged,
    understand,
)
from cocmail.core.enforcement import Act, Ban, Observed, Place, Question, Step, tags_text
from cocmail.core.errors import Permanent
from cocmail.core.leads import Subscription
from cocmail.core.people import Address

_HEAD = (
    "# cocmail's table for Postfix: who may not write to which address. It is kept as the",
    "# community's conduct committee decided; a line of cocmail's that goes missing comes back.",
)
_PATIENCE = 10.0  # seconds for an answer of Postfix


class PostfixTable:
    """The Lists port over one table."""

    def __init__(
        self,
        path: Path,
        protected: Collection[Address],
        *,
        conduct: Address,
        delimiter: str,
        site: str = "postfix",
    ) -> None:
        """Raises Permanent for an address to which everybody may always write."""
        if any(must_stay_open(one, conduct, delimiter) for one in protected):
            raise Permanent(
                "[postfix] addresses: the conduct address, postmaster and abuse stay open to all"
            )
        self._path, self._conduct, self._delimiter = path, conduct, delimiter
        self._protected = tuple(dict.fromkeys(protected))
        self._site = site

    def __repr__(self) -> str:
        return f"<PostfixTable [{self._site}]>"

    # -- the port ------------------------------------------------------------------------------

    async def version(self) -> str:
        return "a table for Postfix"

    async def close(self) -> None:
        return

    async def observe(
        self, questions: Collection[Question], *, known_lists: bool = False
    ) -> Observed:
        table = await asyncio.to_thread(self._read)
        asked = dict.fromkeys(a for question in questions for a in question.addresses)
        # Taken out of the configuration, an address keeps its entries until they are over.
        there = {EVERY, *map(same, self._protected)}
        left = sorted({where for _, where in table.rejected} - there)
        levels = (*map(str, self._protected), *left)
        return Observed(
            rosters=False,
            lists={one: one for one in levels},
            bans=tuple(
                Ban(list=level, address=address, exact=exact, tags=tags)
                for address in asked
                for level in (None, *levels)
                for exact in (self._stands(table, same(address), level),)
                for tags in (self._stands(table, tagged(address), level),)
                if exact or tags
            ),
        )

    async def read_exactly(self, observed: Observed, places: Collection[Place]) -> Observed:
        return observed

    async def apply(self, step: Step) -> bool:
        senders = [
            tagged(step.address) if text == tags_text(step.address) else same(step.address)
            for text in step.bans
        ]
        match step.act:
            case Act.BAN:
                return await asyncio.to_thread(self._ban, senders, step.list)
            case Act.UNBAN:
                await asyncio.to_thread(self._unban, senders, step.list)
        return True

    async def discard_waiting(
        self, lists: Collection[str], addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> Mapping[str, int]:
        return {}

    async def counts(self) -> Mapping[str, int]:
        return {}

    async def rosters(self, lists: Collection[str]) -> Sequence[Subscription]:
        return ()

    async def requests(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        return {}

    async def tagged(
        self, addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> tuple[Address, ...]:
        return ()  # a tag makes no difference here

    async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
        return {}

    async def owners(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        return {}

    # -- the table -----------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Make the table where there is none, and let it protect what is to be protected now."""
        await asyncio.to_thread(self._change, lambda lines: lines)

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def _stands(self, table: Table, sender: str, level: str | None) -> bool:
        """Whether this entry is there, and Postfix would be answered accordingly."""
        protected = [one for one in self._protected if level in (None, one)]
        sent = sender.replace("+*@", "+x@")
        return _entry(sender, level) in table.rejected and all(
            table.rejects(sent, to) for to in protected
        )

    def _ban(self, senders: list[str], level: str | None) -> bool:
        """Whether the first of these entries wasn't there already."""
        table = self._read()
        new = [one for one in senders if not self._stands(table, one, level)]
        lines = [" ".join(("reject", *_entry(one, level))) for one in new]
        self._change(lambda before: [*(line for line in before if line not in lines), *lines])
        return senders[:1] == new[:1]

    def _unban(self, senders: list[str], level: str | None) -> None:
        gone = {_entry(one, level) for one in senders}
        self._change(lambda lines: [one for one in lines if not gone & understand(one).rejected])

    def _read(self) -> Table:
        try:
            text = self._path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return Table()
        except OSError as error:
            raise self._failed("read", error) from None
        return understand(text)

    def _change(self, change: Callable[[list[str]], list[str]]) -> None:
        """Whole or not at all: whoever reads meanwhile reads the table before, or after."""
        try:
            with self._alone():
                before = self._read().lines
                theirs = [line for line in before if line not in _HEAD and not _is_ours(line)]
                after = (
                    *_HEAD,
                    f"conduct {same(self._conduct)} {self._delimiter}",
                    *(f"protect {same(one)}" for one in self._protected),
                    *change(theirs),
                )
                if after != before:
                    self._write("\n".join((*after, "")))
        except OSError as error:
            raise self._failed("written", error) from None

    def _write(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        new = Path(name)  # for its owner alone, as mkstemp makes it
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """The daemon and `cocmail enforce` must not undo each other's lines."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _failed(self, what: str, error: OSError) -> Permanent:
        why = error.strerror or type(error).__name__
        return Permanent(f"[postfix] table: {self._path} can't be {what} ({why})")

    # -- does Postfix ask? ---------------------------------------------------------------------

    async def ask(self, host: str, port: int) -> list[tuple[bool, str]]:
        """For `cocmail check`: what Postfix says to a sender whom the table always rejects. No
        mail is sent."""
        if not self.exists:
            return [
                (True, f"Postfix: there is no table yet at {self._path}; `cocmail run` makes it")
            ]
        try:
            return await asyncio.to_thread(self._ask, host, port)
        except (OSError, smtplib.SMTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return [(False, f"[postfix] server: no answer to SMTP ({why})")]

    def _ask(self, host: str, port: int) -> list[tuple[bool, str]]:
        found = []
        for one in self._protected:
            if self._rejected(host, port, one):
                found.append((True, f"Postfix: asks our table about {one}"))
            else:
                words = "Postfix doesn't ask our table; see deploy/postfix/protect-main.cf"
                found.append((False, f"[postfix] addresses: {one}: {words}"))
        if self._rejected(host, port, self._conduct):
            found.append((False, "Postfix: rejects mail to the conduct address by our table"))
        return found

    def _rejected(self, host: str, port: int, recipient: str) -> bool:
        # A connection for each: Postfix grows slow with somebody who is refused again and again.
        with smtplib.SMTP(host, port, local_hostname="localhost", timeout=_PATIENCE) as smtp:
            smtp.ehlo_or_helo_if_needed()
            smtp.mail(PROBE)
            code, said = smtp.rcpt(recipient)
        return code == 550 and WORDS.format(same(self._conduct)) in said.decode(errors="replace")


def _entry(sender: str, level: str | None) -> tuple[str, str]:
    return sender, EVERY if level is None else same(level)


def _is_ours(line: str) -> bool:
    return line.split(" ")[0] in ("conduct", "protect")
