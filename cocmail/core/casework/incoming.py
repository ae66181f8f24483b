"""A mail with all that is known of it when it is decided on.

Owns the gathering. Made by loops/placing, read by the other rooms of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cocmail.core.case import Case
from cocmail.core.enforcement import Observed
from cocmail.core.events import Past
from cocmail.core.files import File
from cocmail.core.letters import clean
from cocmail.core.mail import Mail
from cocmail.core.names import named_in_text
from cocmail.core.people import Address, Member, Private, Roster
from cocmail.core.returned import UNREAD, Returned
from cocmail.core.setting import Setting
from cocmail.core.threads import Destination
from cocmail.core.verification import Authentication, Signature


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A mail with all that is known of it."""

    id: str  # the vault's
    mail: Mail = field(repr=False)
    auth: Authentication
    destination: Destination = field(repr=False)
    purpose: str = ""  # what the reply address is for: reply, ballot, confirm, return, dead
    about: str = ""
    replayed: bool = False
    returned: Returned = UNREAD  # what it says of a letter, where it came to a return path
    observed: Observed | None = field(default=None, repr=False)
    urgent: str = ""  # why a filter holds it for urgent
    flood: str = ""  # why it is answered by nobody: more came than is
    tags: tuple[str, ...] = ()
    # Other cases that the commands name, or that know a person whom they name; never this one.
    beside: Mapping[str, Case] = field(default_factory=dict, repr=False)
    pasts: Mapping[str, tuple[Past, ...]] = field(default_factory=dict, repr=False)  # likewise
    files: tuple[File, ...] = ()  # that a command would send along
    kept_apart: frozenset[str] = frozenset()  # who must not see this member's plain mail yet

    @property
    def address(self) -> Address:
        return self.mail.sender.address if self.mail.sender else Address("")

    @property
    def name(self) -> Private:
        return Private(clean(self.mail.sender.name)) if self.mail.sender else Private("")

    @property
    def text(self) -> str:
        return clean(self.mail.text)

    @property
    def own(self) -> str:
        """What its writer says to people."""
        return clean(self.mail.own)

    @property
    def whole(self) -> str:
        """All that it says to people; commands stand in ``text`` alone."""
        return clean(self.mail.whole)

    @property
    def proof(self) -> str:
        return "signed" if self.auth.signature is Signature.SOUND else "unsigned"


def authors(mail: Mail, roster: Roster) -> tuple[Member, ...]:
    """The member who wrote this plain mail, whatever plus-tag is on the address; where its sender
    can't be told, each who may have. They are kept out of what it opens, and nobody speaks for
    them by it."""
    if mail.sender is not None:
        member = roster.whose(mail.sender.address)
        return () if member is None else (member,)
    named = named_in_text(mail.claimants, roster)
    return tuple(m for m in roster.members if m.handle in named)


def marks_of(incoming: Incoming, setting: Setting) -> tuple[str, ...]:
    """What must not count twice: each signature, and the Message-ID."""
    digest = setting.minter.digest
    marks = [digest(f"signature {m}") for m in incoming.auth.marks]
    if incoming.mail.message_id:
        marks.append(digest(f"message-id {incoming.mail.message_id}"))
    return tuple(marks)
