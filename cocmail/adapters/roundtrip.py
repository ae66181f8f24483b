"""A mail to ourselves, to see whether a plus-detail comes through.

Owns the two probe mails of `cocmail check --probe` and the search for them: one has its detail in
To, the other in the envelope alone, as a Bcc has. Refuses to touch any other mail. They say
Auto-Submitted, so a daemon that is faster than we are files them and answers nothing. Called by
`cocmail check`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from cocmail.adapters.imap_session import BROKEN, ImapSession, ImapSettings
from cocmail.core.errors import CocmailError
from cocmail.core.people import Address
from cocmail.ports import Submission

_TRACE = (b"delivered-to:", b"x-original-to:", b"envelope-to:")


async def probe(
    *,
    submission: Submission,
    inboxes: Sequence[ImapSettings],
    address: Address,
    delimiter: str,
    seconds: float = 60,
) -> list[tuple[bool, str]]:
    """(sound, line) for To and for Bcc. Looks into each of ``inboxes``, and takes its own mails
    away again."""
    mark = secrets.token_hex(8)
    wanted = {kind: f"probe{mark}{kind}" for kind in ("to", "bcc")}
    for kind, detail in wanted.items():
        target = Address(f"{address.local}{delimiter}{detail}@{address.domain}")
        shown = target if kind == "to" else address
        try:
            await submission.send(address, target, _mail(address, shown, f"{mark}.{kind}"))
        except CocmailError as refused:
            return [(False, f"plus-addressing: the probe could not be sent: {refused}")]
    try:
        found = await asyncio.to_thread(_look, inboxes, mark, wanted, seconds)
    except CocmailError as wrong:
        return [(False, f"plus-addressing: {wrong}")]
    except BROKEN:
        return [(False, "plus-addressing: the IMAP server broke off while we looked")]
    return [_said(kind, found.get(kind), seconds) for kind in wanted]


def _said(kind: str, seen: bool | None, seconds: float) -> tuple[bool, str]:
    place = "To" if kind == "to" else "Bcc"
    if seen is None:
        return False, (
            f"plus-addressing: a mail with a detail in {place} did not arrive within"
            f" {seconds:.0f} s; the mail server should know recipient_delimiter"
        )
    if not seen:
        return False, (
            f"plus-addressing: a detail in {place} arrives, but nothing says which; the mail"
            " server should add Delivered-To with the whole address (see deploy/)"
        )
    return True, f"plus-addressing: a detail in {place} survives"


def _mail(sender: Address, shown: Address, mark: str) -> bytes:
    lines = (
        f"From: {sender}",
        f"To: {shown}",
        f"Date: {format_datetime(datetime.now(UTC))}",
        f"Message-ID: <{mark}.probe@{sender.domain}>",
        "Subject: cocmail check",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "A mail of `cocmail check --probe` to itself. It may be deleted.",
        "",
    )
    return "\r\n".join(lines).encode()


def _look(
    inboxes: Sequence[ImapSettings], mark: str, wanted: dict[str, str], seconds: float
) -> dict[str, bool]:
    """For each mail that arrived, whether its detail can be seen. Deletes these mails."""
    with contextlib.ExitStack() as ending:
        places: list[tuple[ImapSession, str]] = []
        for inbox in inboxes:
            session = ImapSession(inbox)
            ending.callback(session.release)
            ending.callback(session.close)
            # A daemon that runs moves them to the archive within seconds.
            names = [inbox.mailbox, inbox.archive, *([inbox.junk] if inbox.junk else [])]
            found = (session.find(name) for name in names)
            places += [(session, folder) for folder in found if folder is not None]
        seen: dict[str, bool] = {}
        deadline = time.monotonic() + seconds
        while len(seen) < len(wanted) and time.monotonic() < deadline:
            for session, folder in places:
                _look_into(session, folder, mark, wanted, seen)
            time.sleep(0.5)
        return seen


def _look_into(
    session: ImapSession, folder: str, mark: str, wanted: dict[str, str], seen: dict[str, bool]
) -> None:
    session.select(folder)
    ours: list[int] = []
    # They are new, so they are among the last: nobody's old mail is read for this.
    for uid, raw in session.bodies(session.uids()[-20:]).items():
        header = raw.partition(b"\r\n\r\n")[0].lower().splitlines()
        kind = next((k for k in wanted if _is(header, f"{mark}.{k}.probe@")), None)
        if kind is not None:
            ours.append(uid)
            seen[kind] = seen.get(kind, False) or _shows(header, wanted[kind])
    session.expunge(ours)


def _is(header: Iterable[bytes], mark: str) -> bool:
    return any(line.startswith(b"message-id:") and mark.encode() in line for line in header)


def _shows(header: Iterable[bytes], detail: str) -> bool:
    fields = (*_TRACE, b"to:")
    return any(line.startswith(fields) and detail.encode() in line for line in header)
