"""Where a mail is read: at once what is usual, in a process of its own what isn't.

Owns that choice, what a process can be asked, and how its answer crosses back: as JSON that is
checked, since whoever broke into the reader must not get further. Refuses to know what a mail
says. Called by loops/intake, by adapters.authentication, and (the jobs) by worker_process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter

from cocmail.adapters.authentication import Rules, answered, proved
from cocmail.adapters.files import as_it_came, copied, sendable
from cocmail.adapters.html import html_to_text
from cocmail.adapters.returned import returned
from cocmail.adapters.workers import DiedError, Workers
from cocmail.core.errors import Permanent
from cocmail.core.files import File
from cocmail.core.limits import Limits, TooMuchError, Usual, survey
from cocmail.core.mail import Mail, Unreadable, read
from cocmail.core.markup import opened
from cocmail.core.people import Address
from cocmail.core.returned import UNREAD, Returned
from cocmail.core.verification import Authentication
from cocmail.ports import Keys

_T = TypeVar("_T")
_FILES_FAIL = "Its files take more time or memory to open than a mail gets."

_BYTES = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
_READ: TypeAdapter[Mail | Unreadable] = TypeAdapter(Mail | Unreadable, config=_BYTES)
_PROVED: TypeAdapter[Authentication] = TypeAdapter(Authentication)
_RETURNED: TypeAdapter[Returned] = TypeAdapter(Returned)
_FILES: TypeAdapter[tuple[File, ...]] = TypeAdapter(tuple[File, ...], config=_BYTES)


class _UnusualError(Exception):
    """A page costs more than what is read at once may."""


def _read(raw: bytes, return_path: str | None, limits: Limits) -> bytes:
    found = read(raw, limits, html_to_text=html_to_text, return_path=return_path)
    return _READ.dump_json(found)


def _check(raw: bytes, sender: Address, known: Keys, rules: Rules) -> bytes:
    return _PROVED.dump_json(proved(raw, sender, answered(known), rules))


def _returned(raw: bytes) -> bytes:
    return _RETURNED.dump_json(returned(raw))


def _files(raw: bytes, others: Sequence[bytes]) -> bytes:
    return _FILES.dump_json(sendable(raw, others))


def _copies(raw: bytes, only: int, limits: Limits) -> bytes:
    return _FILES.dump_json(as_it_came(raw, only, limits) if only else copied(raw, limits))


JOBS: Mapping[str, Callable[..., bytes]] = {
    "read": _read,
    "check": _check,
    "returned": _returned,
    "files": _files,
    "copies": _copies,
}
"""What a process can be asked."""


class Reader:
    """Reads mail, whatever it does to whoever reads it."""

    def __init__(self, limits: Limits, workers: Workers) -> None:
        self._limits, self._workers = limits, workers

    async def read(self, raw: bytes, return_path: str | None) -> Mail | Unreadable:
        """A mail's values. Raises Temporary where there is no room for a process."""
        found = await asyncio.to_thread(at_once, raw, return_path, self._limits)
        return await self.read_apart(raw, return_path) if found is None else found

    async def read_apart(self, raw: bytes, return_path: str | None) -> Mail | Unreadable:
        """The same, in a process of its own, however usual it is."""
        try:
            return await self._ask(_READ, "read", raw, return_path, self._limits)
        except DiedError:
            return Unreadable(why="It takes more time or memory to read than a mail gets.")

    async def check(self, raw: bytes, sender: Address, known: Keys, rules: Rules) -> Authentication:
        """See adapters.authentication."""
        try:
            return await self._ask(_PROVED, "check", raw, sender, known, rules)
        except DiedError as error:
            raise TooMuchError(
                "Its signature takes more time or memory to check than a mail gets."
            ) from error

    async def returned(self, raw: bytes) -> Returned:
        """What a mail to a return path says. Raises Temporary where there is no room for a
        process."""
        if len(raw) > self._limits.size:
            return UNREAD
        try:
            return await self._ask(_RETURNED, "returned", raw)
        except DiedError:
            return UNREAD

    async def files(self, raw: bytes, others: Sequence[bytes]) -> tuple[File, ...]:
        """The files of a member's mail as they would leave. Raises Permanent."""
        try:
            return await self._ask(_FILES, "files", raw, tuple(others))
        except DiedError as error:
            raise Permanent(_FILES_FAIL) from error

    async def copies(self, raw: bytes, only: int = 0) -> tuple[File, ...]:
        """What is attached to a mail as members get it; or as it came, the file at this place
        only. Raises Permanent, Temporary."""
        try:
            return await self._ask(_FILES, "copies", raw, only, self._limits)
        except DiedError as error:
            raise Permanent(_FILES_FAIL) from error

    async def _ask(self, kind: TypeAdapter[_T], job: str, *arguments: object) -> _T:
        answer = await self._workers.call(job, *arguments)
        try:
            # Long texts take some time; what doesn't fit was written by somebody who broke in.
            return await asyncio.to_thread(kind.validate_json, answer)
        except ValueError as error:
            raise DiedError from error


def at_once(raw: bytes, return_path: str | None, limits: Limits) -> Mail | Unreadable | None:
    """The mail's values where it is a usual one, or beyond a limit; else None."""
    try:
        if not survey(raw, limits).usual:
            return None
    except TooMuchError as error:
        return Unreadable(why=str(error))
    try:
        return read(raw, limits, html_to_text=_usual_page, return_path=return_path)
    except _UnusualError:
        return None


def _usual_page(markup: str) -> str:
    """Its text. An encoded page doesn't show from outside what it costs."""
    usual = Usual()
    if (
        len(markup) > usual.page
        or markup.count("<") > usual.tags
        or any(len(tag) > usual.tag for tag in opened(markup))
    ):
        raise _UnusualError
    return html_to_text(markup)
