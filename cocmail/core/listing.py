"""Which of the mails that were set aside stand in a list for a member, and in which order.

Owns the choice where there are more than one mail has room for: of each kind some, so that a flood
of one kind hides nothing of another, and of a kind first what may be urgent, then what this member
hasn't seen in a list, then the newest; and whose turn it is where more waits in a case than one
mail has room for. Refuses to know who may know of which (quarantine). Called by casework.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from cocmail.core.arrival import IN_JUNK, PERHAPS_A_PERSONS
from cocmail.core.floods import BEYOND
from cocmail.core.quarantine import LISTED, Item

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Mails that were set aside for the same reason."""

    why: str
    count: int
    items: tuple[Item, ...]  # those that are listed: at least one


def groups(
    items: Iterable[Item], seen: Collection[str] = (), room: int = LISTED
) -> tuple[Alike, ...]:
    """The kinds of these that have a place in a list of so many, what is most likely a person's
    first. ``seen``: mails that stood in a list before."""
    best = sorted(
        items, key=lambda i: (not i.mail.urgent, i.mail.mail in seen, -i.at.timestamp(), i.number)
    )
    count = Counter(item.mail.why for item in best)
    listed: dict[str, list[Item]] = {}
    for item in in_turn(best, lambda one: one.mail.why)[:room]:
        listed.setdefault(item.mail.why, []).append(item)
    found = (Alike(why=why, count=count[why], items=tuple(i)) for why, i in listed.items())
    return tuple(sorted(found, key=_doubt))


def in_turn(items: Iterable[_T], kind: Callable[[_T], Hashable]) -> list[_T]:
    """One of each kind, then the next of each: of whom there are fewest first, and of a kind in
    their order."""
    found: dict[Hashable, list[_T]] = {}
    for item in items:
        found.setdefault(kind(item), []).append(item)
    turns = [one for those in sorted(found.values(), key=len) for one in enumerate(those)]
    return [item for _, item in sorted(turns, key=lambda one: one[0])]


def _doubt(group: Alike) -> tuple[bool, int, int]:
    """The less, the likelier it is a person's: what comes in numbers is rarely one's."""
    mark = 0
    if group.why.endswith(PERHAPS_A_PERSONS):
        mark = 2
    elif group.why == IN_JUNK or group.why in BEYOND:
        mark = 1
    return not group.items[0].mail.urgent, mark, group.count
