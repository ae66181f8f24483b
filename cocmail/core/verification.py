"""Who is speaking: what a mail's signatures prove, and whether it is enough for a command.

Owns the rule "Verified" of the interface. Refuses to know DNS or cryptography: an adapter
brings an Authentication. Called by casework.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from cocmail.core.mail import Mail


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
    # Lower-case names of fields every instance of which is signed, and of fields that are signed
    # as absent (RFC 6376 section 3.5, h=).
    covered: frozenset[str]
    marks: tuple[str, ...]  # a digest of each signature, to see a replay
    why: str  # one line for people, quoting nothing of the mail


UNPROVED = Authentication(
    signature=Signature.MISSING,
    covered=frozenset(),
    marks=(),
    why="It carries no signature.",
)


def of_sender(mail: Mail, auth: Authentication) -> Authentication:
    """What it proves of this very sender: nothing, where some reader, and the server that signed
    may be one, takes another for the sender. Such a mail is worth what any unsigned one is."""
    if mail.sender is None or not mail.sender.doubtful or auth.signature is not Signature.SOUND:
        return auth
    return replace(auth, signature=Signature.MISSING, why="Its From can be read in two ways.")


# What a signature must cover whenever it stands (interface.md, "Verified").
_WHERE_PRESENT = ("reply-to", "in-reply-to", "references", "mime-version")
_BODY = ("content-type", "content-transfer-encoding")
_NAMES = {
    "from": "From",
    "to": "To",
    "cc": "Cc",
    "subject": "Subject",
    "date": "Date",
    "message-id": "Message-ID",
    "reply-to": "Reply-To",
    "in-reply-to": "In-Reply-To",
    "references": "References",
    "mime-version": "MIME-Version",
    "content-type": "Content-Type",
    "content-transfer-encoding": "Content-Transfer-Encoding",
}


def shortfall(mail: Mail, auth: Authentication, *, holding: str, replayed: bool) -> str:
    """What a mail lacks to be verified, as one sentence for its sender; "" if nothing.

    ``holding``: the field that holds our address, "to" or "cc", or "" where neither does.
    ``replayed``: its signature or its Message-ID was seen before. That it came to an address
    made for this member, from an address of theirs, is the caller's to see.
    """
    auth = of_sender(mail, auth)
    if auth.signature is not Signature.SOUND:
        return auth.why
    if mail.sender is None:
        return f"Its sender can't be told: {mail.sender_defect}."
    if not holding:
        return "Neither its To nor its Cc holds the address that it was sent to."
    if not mail.message_id:
        return "It has no Message-ID."
    for name in _NAMES:  # RFC 5322 section 3.6: a reader may take either of two
        if mail.counts.get(name, 0) > 1:
            return f"Its {_NAMES[name]} line stands more than once."
    needed = ["from", holding, "subject", "date", "message-id"]
    needed += [name for name in _WHERE_PRESENT if mail.counts.get(name, 0)]
    for name in needed:
        if name not in auth.covered:
            return f"Its signature doesn't cover the {_NAMES[name]} line."
    if not auth.covered.issuperset(_BODY) and not mail.plain_opening:
        open_ended = [name for name in _BODY if name not in auth.covered]
        present = [name for name in open_ended if mail.counts.get(name, 0)]
        # Absent and not signed as absent: somebody may have taken it away.
        return f"Its signature doesn't cover the {_NAMES[(present or open_ended)[0]]} line."
    if replayed:
        return "It, or its signature, was here before."
    return ""
