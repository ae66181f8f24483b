"""Which versions of Mailman Core this was tried on, and what differs in them.

Owns the list of them, which docs/mailman.md shows, and the words for the operator. Refuses to ask
any Mailman. Called by loops.versions and `cocmail check`.
"""

from __future__ import annotations

import re

_TWICE = "who is on a list twice comes back twice"

DIFFERS = {
    "3.3.3": _TWICE
    + "; a subscription can't name its delivery status (cocmail sets it afterwards)",
    "3.3.4": _TWICE,
    "3.3.5": _TWICE,
    "3.3.6": "nobody can be on a list twice",
    "3.3.7": "",
    "3.3.8": "",
    "3.3.9": "with falcon 4 it has trouble of its own where it would refuse a login",
    "3.3.10": "",
}
"""What is otherwise than in the newest; docs/mailman.md says what ran on each."""


def untried(version: str) -> str:
    """What to tell the operator of this version; "" where it was tried."""
    if "Mailman" not in version or _number(version) in DIFFERS:
        return ""
    oldest, *_, newest = DIFFERS
    return f"{version} was not tried with cocmail; {oldest} to {newest} were"


def differs(version: str) -> str:
    """The same, of what differs in it; "" where nothing is known to."""
    words = DIFFERS.get(_number(version), "")
    return f"{version} differs from {[*DIFFERS][-1]}: {words}" if words else ""


def _number(version: str) -> str:
    found = re.search(r"Mailman (\d+\.\d+\.\d+)", version)
    return found[1] if found else ""
