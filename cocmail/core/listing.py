"""Which of the mails that were set aside stand in a list for a member, and in which order.

Owns the choice where there are more than one mail has room for: of each kind some, so that a flood
of one kind hides nothing of another, and of a kind first what may be urgent, then what this member
hasn't seen in a list, then the newest. Refuses to know who may know of which (quarantine). Called
by casework.quarantine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cocmail.core.arrival import IN_JUNK, PERHAPS_A_PERSONS
from cocmail.core.floods import BEYOND
from cocmail.core.quarantine import LISTED, Item


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
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.mail.why, []).append(item)
    listed: list[Alike] = []
    for place, (why, those) in enumerate(sorted(found.items(), key=lambda one: len(one[1]))):
        share = max(room // (len(found) - place), min(room, 1))
        best = sorted(
            those,
            key=lambda i: (not i.mail.urgent, i.mail.mail in seen, -i.at.timestamp(), i.number),
        )[:share]
        room -= len(best)
        if best:
            listed.append(Alike(why=why, count=len(those), items=tuple(best)))
    return tuple(sorted(listed, key=_doubt))


def _doubt(group: Alike) -> tuple[bool, int, int]:
    """The less, the likelier it is a person's: what comes in numbers is rarely one's."""
    mark = 0
    if group.why.endswith(PERHAPS_A_PERSONS):
        mark = 2
    elif group.why == IN_JUNK or group.why in BEYOND:
        mark = 1
    return not group.items[0].mail.urgent, mark, group.count
