"""What must be looked up on the lists before a member's commands are decided.

Owns whose memberships a ballot, an order or an answer will show: all that the case knows to be
theirs, for a plan that was made without one of their addresses would not show what happens to it.
Refuses to look. Called by loops/examining.
"""

from __future__ import annotations

from collections.abc import Iterable

from cocmail.core.case import Case
from cocmail.core.commands import Command
from cocmail.core.people import Address
from cocmail.core.watching import theirs

_ABOUT_A_PERSON = ("sanction", "respondent", "interim", "history", "watch")


def to_look_up(
    case: Case, commands: Iterable[Command]
) -> tuple[tuple[Address, ...], tuple[str, ...]]:
    """Whose memberships, and which groups' and lists' bans."""
    addresses: list[Address] = []
    lists: list[str] = []
    for command in commands:
        if command.word in _ABOUT_A_PERSON:
            addresses.extend(command.addresses)
            addresses.extend(a for one in command.addresses for a in theirs(case, one))
        lists.extend(command.scope)
        if command.word == "lift" and command.target in case.sanctions:
            sanction = case.sanctions[command.target]
            addresses.extend(sanction.addresses)
            lists.extend((*sanction.scope.groups, *sanction.scope.lists))
        if command.word in ("same", "different"):
            addresses.extend(command.addresses)
            addresses.extend(
                case.leads[n].found.address for n in command.numbers if n in case.leads
            )
        if command.word == "approve":
            unseen = [p.proposed for p in case.open_proposals if p.proposed.unseen]
            addresses.extend(a for one in unseen for a in one.addresses)
        if command.word == "grant":
            asked = [case.parties[a.opened.party] for a in case.open_appeals]
            addresses.extend(a for party in asked for a in party.addresses)
    return tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(lists))
