"""The roads onto a list, as the security model tells of them.

Owns each road's title and what it comes to: before a sanction, after it, and when it is closed.
Refuses to know how a road is walked (ways.py) and to be right by itself: test_roads walks every
one, and tests/docs compares the page.
"""

from __future__ import annotations

from dataclasses import dataclass

ON, OFF = "on the list", "not on the list"
DELIVERED, HELD, GONE = "delivered", "held for an owner", "discarded"
REACHES = "reaches the owners"

AT_ONCE, NEXT_SWEEP, NOT_STOPPED = (
    "closed at once",
    "closed at the next sweep",
    "not stopped by Mailman",
)
HEAD = ("road", "before a sanction", "after it", "how")


@dataclass(frozen=True, slots=True)
class Row:
    """`after`: at once, before any other sweep than the one that made the sanction true."""

    road: str
    before: str
    after: str
    how: str


def verdict(at_once: str, after_a_sweep: str) -> str:
    closed = (OFF, GONE)
    if at_once in closed:
        return AT_ONCE
    return NEXT_SWEEP if after_a_sweep in closed else NOT_STOPPED


def lines(rows: dict[str, Row]) -> list[str]:
    """The table as the page has it."""
    cells = [HEAD, ("---",) * len(HEAD)]
    cells += [(row.road, row.before, row.after, row.how) for row in rows.values()]
    return [f"| {' | '.join(one)} |" for one in cells]


def _closed(road: str, before: str = ON) -> Row:
    return Row(road, before, OFF if before == ON else GONE, AT_ONCE)


def _swept(road: str) -> Row:
    return Row(road, ON, ON, NEXT_SWEEP)


def _open(road: str, outcome: str) -> Row:
    return Row(road, outcome, outcome, NOT_STOPPED)


# By the name of the function in ways.py that walks it.
ROADS: dict[str, Row] = {
    "rest": _closed("Subscribing by REST, as the web pages do"),
    "join": _closed("Subscribing by mail to `-join`"),
    "request": _closed("A mail to `-request` from another mailbox: `join address=` theirs"),
    "confirm": _closed("Confirming a request older than the ban"),
    "invite": _closed("An invitation after the ban"),
    "invited": _closed("Accepting an invitation older than the ban"),
    "waiting": _closed("A waiting request older than the ban, which an owner accepts"),
    "owner": _closed("An owner subscribes them by REST"),
    "role": _closed("An owner makes them a moderator"),
    "later": _closed("A list that was made after the ban"),
    "linked": _closed("Another address of the same Mailman user"),
    "preferred": _closed("Such an address made the preferred one, and subscribed as the user"),
    "deleted": _closed("Such an address, after they deleted their Mailman user"),
    "capitals": _closed("Their address in capitals"),
    "slash": _closed("An address with a `/` in it"),
    "added": _swept("An address added to the user after the ban"),
    "older": _open("An address that Mailman knew before, added to the user after the ban", ON),
    "prefers": _swept("Such a new address made the preferred one, and subscribed as the user"),
    "moved": _swept("A membership of such a new address, moved to the banned one"),
    "hidden": _swept("A membership as a user who had no preferred address at the time of the ban"),
    "lifted": _swept("Somebody who may lift the ban does so, and subscribes them"),
    "tag": _closed("Their address with a plus-tag, subscribed"),
    "tag_before": _closed("Such an address, on the list from before"),
    "stranger": _open("An address that nobody knows, subscribed", ON),
    "post": _closed("A post as a member from before", DELIVERED),
    "post_capitals": _closed("The same with the address in capitals", DELIVERED),
    "post_slash": _closed("The same from an address with a `/` in it", DELIVERED),
    "post_nonmember": _closed("A post as a nonmember", HELD),
    "post_sender": _closed("A member's post with their address only in Sender", DELIVERED),
    "post_reply": _closed("The same, only in Reply-To", DELIVERED),
    "post_envelope": _closed("The same, only in the envelope", DELIVERED),
    "post_two": _closed("The same, as the second of two in From", DELIVERED),
    "post_linked": _closed("A nonmember's post from another address of the same user", HELD),
    "post_added": Row("The same, from one added after the ban", HELD, HELD, NEXT_SWEEP),
    "post_forged": _open("A post in a member's name, with their own address nowhere", DELIVERED),
    "post_held": _closed("A held post older than the ban, which an owner accepts", DELIVERED),
    "post_held_tag": _closed("The same from their address with a plus-tag", DELIVERED),
    "post_own": _closed(
        "Such a post, accepted by mail by themselves, who were an owner", DELIVERED
    ),
    "post_approved": _open(
        "A post with `Approved:` and the list's moderators' password", DELIVERED
    ),
    "post_tag": _closed("A post from their address with a plus-tag", HELD),
    "to_owner": _open("Mail to `-owner`", REACHES),
}
