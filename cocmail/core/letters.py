"""What we say to whom: from a text to a complete mail.

Owns the kinds of mail, their header fields and their form (RFC 5322, 3676, 3834). Refuses to
know when something is said (casework) and how it is sent (outbox). The texts themselves are
templates, handed in as a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

from cocmail.core.files import File
from cocmail.core.people import Address
from cocmail.core.quoting import in_lines

Render = Callable[[str, Mapping[str, Any], str], tuple[str, str]]
"""(template's name, its values, a language or "") → (subject, text)."""


class Kind(StrEnum):
    """The `Cocmail-Kind` of a mail."""

    ACKNOWLEDGEMENT = "acknowledgement"
    REPORT = "report"
    MESSAGE = "message"
    BALLOT = "ballot"
    DECISION = "decision"
    LETTER = "letter"
    OUTCOME = "outcome"
    PROOF = "proof"
    NOTICE = "notice"
    ALERT = "alert"
    REMINDER = "reminder"
    ANSWER = "answer"
    REFUSAL = "refusal"
    CONFIRMATION = "confirmation"
    HELP = "help"

    @property
    def answers(self) -> bool:
        """Whether it is an automatic answer: then its envelope sender is null (RFC 3834 §3.3)."""
        return self in (
            Kind.ACKNOWLEDGEMENT,
            Kind.ANSWER,
            Kind.REFUSAL,
            Kind.CONFIRMATION,
            Kind.HELP,
        )


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail of ours, ready to leave."""

    id: str
    case: str
    kind: Kind
    party: str
    to: Address
    return_path: str = field(repr=False)  # "" is the null path
    message: bytes = field(repr=False)
    message_id: str


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What stands in a mail's header beside its text."""

    community_name: str
    community: Address
    to: Address
    reply_to: Address
    return_path: str
    reference: str
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    at: datetime


_WIDTH = 72
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")


def one_line(text: str, most: int = 120) -> str:
    """A header value: no line breaks or controls, so that nothing can be injected by it."""
    clean = " ".join(_UNSAFE.sub(" ", text).split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def clean(text: str) -> str:
    """Text that can be shown and stored: line ends are LF, controls and lone surrogates gone."""
    return _UNSAFE.sub("\ufffd", in_lines(text))


def usable_id(message_id: str) -> str:
    """The Message-ID if it can stand in a header of ours, else ""."""
    return message_id if _MESSAGE_ID.fullmatch(message_id) else ""


def flowed(text: str) -> str:
    """format=flowed (RFC 3676): long lines get soft breaks, so a phone wraps them anew.

    A line that begins with "/" is indented: answered by a client that doesn't mark quotes, it
    must not read as a command of the one who answers.
    """
    out: list[str] = []
    for line in clean(text).split("\n"):
        line = line.rstrip() if line != "-- " else line
        if line.startswith("/"):
            line = "  " + line
        out.extend(_soft(line))
    return "\n".join(out).strip("\n") + "\n"


def _soft(line: str) -> list[str]:
    pieces: list[str] = []
    start, end = 0, len(line.rstrip())
    while len(line) - start > _WIDTH:
        first = line[start : start + _WIDTH]
        cut = line.rfind(" ", start + len(first) - len(first.lstrip()) + 1, start + _WIDTH)
        if cut < 0:
            cut = line.find(" ", start + _WIDTH)
        if cut < 0 or cut >= end:
            break
        pieces.append(line[start : cut + 1])
        start = cut + 1
        while line.startswith(" ", start):
            start += 1
    pieces.append(line[start:])
    # Space-stuffing (RFC 3676 section 4.4): these would be read as quotes or be changed by mail.
    return [" " + p if p.startswith((" ", ">", "From ")) else p for p in _no_slash(pieces)]


def _no_slash(pieces: list[str]) -> list[str]:
    """A soft break must not bring a "/" to the start of a line: join that word back."""
    joined: list[list[str]] = []
    for piece in pieces:
        if joined and piece.startswith("/"):
            joined[-1].append(piece)
        else:
            joined.append([piece])
    return ["".join(one) for one in joined]


def build(
    kind: Kind,
    envelope: Envelope,
    subject: str,
    text: str,
    files: Iterable[File] = (),
) -> bytes:
    """The mail as bytes, CRLF, 7-bit safe, without a signature."""
    message = EmailMessage(policy=SMTP)
    message["From"] = HeaderAddress(
        display_name=one_line(envelope.community_name),
        username=envelope.community.local,
        domain=envelope.community.domain,
    )
    message["To"] = _to(envelope.to)
    message["Reply-To"] = _to(envelope.reply_to)
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(envelope.at.astimezone(UTC))
    message["Message-ID"] = envelope.message_id
    if usable_id(envelope.in_reply_to):
        message["In-Reply-To"] = envelope.in_reply_to
    references = [r for r in dict.fromkeys(envelope.references) if usable_id(r)]
    if references:
        message["References"] = " ".join(references)
    message["Auto-Submitted"] = "auto-replied" if kind.answers else "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Cocmail-Kind"] = kind.value
    if envelope.reference:  # a mail that belongs to no case has none
        message["Cocmail-Case"] = envelope.reference
    body = flowed(text)
    ascii_only = body.isascii()
    message.set_content(
        body,
        charset="us-ascii" if ascii_only else "utf-8",
        cte="7bit" if ascii_only and _short(body) else "quoted-printable",
    )
    message.set_param("format", "flowed")
    _attach(message, files)
    return message.as_bytes()


def with_files(message: bytes, files: Iterable[File]) -> bytes:
    """A mail of ours with these at its end. Its header stays as it is, but for its type."""
    parsed = message_from_bytes(message, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    _attach(parsed, files)
    return parsed.as_bytes()


def _attach(message: EmailMessage, files: Iterable[File]) -> None:
    for file in files:
        maintype, _, subtype = file.content_type.partition("/")
        if maintype == "text":  # a client that isn't told the charset shows umlauts as it likes
            said = file.data.decode("utf-8")
            message.add_attachment(said, subtype=subtype, charset="utf-8", filename=file.name)
        else:
            message.add_attachment(
                file.data, maintype=maintype, subtype=subtype, filename=file.name
            )


def _short(body: str) -> bool:
    return all(len(line) <= 900 for line in body.split("\n"))


def _to(address: Address) -> Any:
    if str(address).isascii():
        return HeaderAddress(username=address.local, domain=address.domain)
    return str(address)
