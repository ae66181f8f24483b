"""Who is speaking: what a mail's signatures prove, and whether it is enough for a command.

Owns the rule "Verified" of the interface. Refuses to know DNS or cryptography: an adapter
brings an Authentication. Called by casework.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Signature(StrEnum):
    """What checking the signatures of the From domain came to."""

    SOUND = "sound"  # an aligned signature passes, by our own check or a trusted result
    MISSING = "missing"  # nothing aligned that could be checked (none, or no key was found)
    FAILED = "failed"  # a key was found, no aligned signature passes, no trusted result says pass
    UNSURE = "unsure"  # DNS did not answer: try again


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """What is proved of a mail's sender."""

    signature: Signature
    covered: frozenset[str]  # lower-case names of fields every instance of which is signed
    marks: tuple[str, ...]  # a digest of each signature, to see a replay
    why: str  # one line for people, quoting nothing of the mail


UNPROVED = Authentication(
    signature=Signature.MISSING,
    covered=frozenset(),
    marks=(),
    why="It carries no signature.",
)
