"""What an IMAP server means by a NO: its response code (RFC 5530), in words of ours.

Owns which refusals are about a login's password, which are about the whole of what was asked for
(and not one mail of it), and what would mend each. Refuses to know what was asked, and never
repeats the server's own text, which may hold a name. Called by imap_session, imap_filing and
imap_watch.
"""

from __future__ import annotations

import re
from enum import Enum

_NO = re.compile(r"[\w ]+ (failed|command error): ")  # as the two libraries write it
_CODE = re.compile(r"\[([A-Z][A-Z-]{0,30})")

# RFC 5530 section 3, with OVERQUOTA of RFC 9208, THROTTLED of Microsoft's and Yahoo's.
_MEANS = {
    "OVERQUOTA": ("the account is full", "empty the archive, or lower {label} archive_keep"),
    "NOPERM": ("this user may not", "give it the right to, at the server"),
    "CANNOT": ("it never can, by this name or in this place", "name another {label} archive"),
    "LIMIT": ("a limit of the account is reached", "remove folders or mail there"),
    "TRYCREATE": ("it says that the folder isn't there", "name another {label} archive"),
    "NONEXISTENT": ("it says that the folder isn't there", "name another {label} archive"),
    "READ-ONLY": ("the folder can only be read", "give this user the right to write there"),
    "INUSE": ("another program has the folder locked", "see which one"),
    "UNAVAILABLE": ("a part of it is down", "if it stays so, ask who runs it"),
    "THROTTLED": ("it wants to be asked less often", "see which other programs use the account"),
    "CORRUPTION": ("its storage is damaged", "ask who runs it"),
    "SERVERBUG": ("it has a fault of its own", "ask who runs it"),
    "CONTACTADMIN": ("it says no more than whom to ask", "ask who runs it"),
}


def response_code(refused: BaseException) -> str:
    """ "" where it has none."""
    found = _CODE.search(str(refused))
    return found[1] if found else ""


def is_no(refused: BaseException) -> bool:
    """Whether it is a NO, or a BAD, and not an answer that can't be read."""
    return bool(_NO.match(str(refused)))


def why(refused: BaseException) -> str:
    """Why it says NO, as it tells us."""
    code = response_code(refused)
    words = _MEANS[code][0] if code in _MEANS else "it doesn't say why"
    return f"{words} ({code})" if code else words


def why_and_mend(refused: BaseException, label: str) -> str:
    """Why, and what would mend it. ``label``: the table of the settings."""
    _, mend = _MEANS.get(response_code(refused), ("", "see with a mail program whether it can"))
    return f"{why(refused)}; {mend.format(label=label)}"


def is_for_all(refused: BaseException) -> bool:
    """Whether it would say the same of any other mail."""
    return response_code(refused) in _MEANS


# -- logins ----------------------------------------------------------------------------------


class Login(Enum):
    """What a refused login is about."""

    CREDENTIALS = 1
    BUSY = 2  # anything else, so the same password may do later
    UNSAID = 3


_CREDENTIALS = {
    "AUTHENTICATIONFAILED": "",
    "AUTHORIZATIONFAILED": " (this user may not use that mailbox)",
    "EXPIRED": " (the password has expired)",
    "PRIVACYREQUIRED": " (it wants TLS)",
}

_OVER = "this account is over a limit of connections or traffic; see which other programs use it"
_DOWN = "it can't check logins just now"
_BUSY = {
    "LIMIT": _OVER,
    "OVERQUOTA": _OVER,
    "THROTTLED": _OVER,
    "INUSE": "another program has the mailbox locked",
    "UNAVAILABLE": _DOWN,
    "SERVERBUG": _DOWN,
    "CORRUPTION": _DOWN,
    "CONTACTADMIN": "ask who runs it",
}

# Gmail's and Microsoft's say so in words alone, or with an ALERT, which any refusal may have.
_BUSY_WORDS = re.compile(
    r"too many|unavailable|try(ing)? again|temporar|throttl|exceed|\blimit|\bbusy|\blater\b", re.I
)


def login(refused: BaseException) -> tuple[Login, str]:
    """And why, as far as it tells us."""
    code = response_code(refused)
    if code in _CREDENTIALS:
        return Login.CREDENTIALS, _CREDENTIALS[code]
    if code in _BUSY:
        return Login.BUSY, f"{_BUSY[code]} ({code})"
    if _BUSY_WORDS.search(str(refused)):
        return Login.BUSY, "it is busy, or this account has too many connections"
    return Login.UNSAID, ""  # a code that we don't know is to be ignored (RFC 9051 section 7.1)
