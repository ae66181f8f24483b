"""A mail as values: what the core needs to know of it, taken from its bytes within limits.

Owns the reading of headers and bodies. Refuses to know whose mail it is or what it wants: that
is for threads, verification and commands. Called by loops/intake, and by adapters that need
one field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cocmail.core.people import Address, Mailbox, Private


class Body(StrEnum):
    """What a mail's text is made of."""

    PLAIN = "plain"  # exactly one text/plain part that isn't an attachment
    HTML = "html"  # text/html alone
    SEVERAL = "several"  # more than one text/plain part
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that isn't the mail's text."""

    name: Private
    content_type: str
    size: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that could be read. Everything private hides itself in its repr."""

    size: int
    digest: str  # SHA-256 (hex) of the mail without the trace fields above its own header
    sender: Mailbox | None  # the one mailbox of the one From field; None where there isn't one
    sender_defect: str  # why sender is None, in words for people, else ""
    subject: Private  # decoded
    date: datetime | None
    message_id: str  # with its angle brackets, "" where there is none
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: Address | None  # the topmost of Delivered-To, X-Original-To, Envelope-To
    trace_recipients: tuple[Address, ...]  # every address in any of these three fields
    null_return_path: bool  # Return-Path: <>
    automatic: str  # why this is a machine's mail ("" if a person's): RFC 3834 and kin
    report: str  # report-type of multipart/report, "" if none (RFC 6522)
    body: Body
    text: Private = field(repr=False)  # the whole text as people read it, format=flowed undone
    attachments: tuple[Attachment, ...]
    encrypted: bool  # PGP/MIME, S/MIME or an inline armour
    counts: Mapping[str, int]  # lower-case field name -> how often it stands
    plain_opening: bool  # body reads the same without trusting Content-Type and C-T-E


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A mail that is kept whole and shown to a human, unread by us."""

    why: str  # one line that quotes nothing of the mail
