"""What is asked of the leak check, and what it answers.

Owns the three values that callers make and get. Refuses to know how anything is found. Called by
the rooms of this package; others import these names from `cocmail.core.leaks`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

A_MEMBERS_MESSAGE = "a member's message"
"""The ``what`` of a source in which members deliberate. Where there is one, a sentence that tells
how members voted or who of them thought what is a leak too."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text that the addressee must not be able to recognise."""

    text: str = field(repr=False)
    what: str  # for people: "a report", "a member's message"


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that must not leave, and what the addressee knows anyway."""

    names: tuple[str, ...] = field(default=(), repr=False)
    addresses: tuple[str, ...] = field(default=(), repr=False)
    sources: tuple[Source, ...] = ()
    attachments: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """File name and hex SHA-256."""
    own: tuple[str, ...] = field(default=(), repr=False)
    """Texts that the addressee wrote or was already sent: their words are no leak."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that shouldn't leave."""

    kind: Literal["name", "address", "words", "paraphrase", "attachment"]
    says: str = field(repr=False)  # one plain sentence for the member who wrote the letter
