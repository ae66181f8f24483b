"""`/respondent`: who the case is about, and who is kept out of it by that.

Owns which addresses are taken for one person's. Refuses to know measures. Called by the table of
actions, and by proposing.
"""

from __future__ import annotations

from cocmail.core import deliberation, extending
from cocmail.core import events as e
from cocmail.core.actions.history import tell
from cocmail.core.actions.turn import Turn
from cocmail.core.audience import everybody
from cocmail.core.commands import Command
from cocmail.core.escalation import where_too_few
from cocmail.core.escrow import look_for
from cocmail.core.people import Address, Private


def respondent(turn: Turn, command: Command) -> None:
    work = turn.work
    addresses = tuple(a for a in command.addresses)
    known = next((p for a in addresses if (p := work.case.party_of(a, "respondent"))), None)
    if known is None:
        known = work.join("respondent", addresses)
    else:
        work.happen(e.PartyNamed(party=known.id, addresses=addresses, by=turn.member.handle))
    whole = tuple(dict.fromkeys(a for one in addresses for a in person(turn, one)))
    keep_out_if_member(turn, whole)
    look_for(work, turn.beside.values())
    tell(turn, whole)
    turn.done.append(f"named {', '.join(addresses)} as {known.role} {known.number}")


def keep_out_if_member(
    turn: Turn,
    addresses: tuple[Address, ...],
    because: str = "This member's address is the respondent's.",
) -> None:
    """A member, or a guest, whom the case is about decides nothing here, from this moment on."""
    for address in addresses:
        member = everybody(turn.work.case, turn.work.setting).whose(address)
        if member and member.handle not in turn.work.case.recused:
            turn.work.happen(
                e.Recused(handle=member.handle, by="cocmail", because=Private(because))
            )
            turn.done.append(f"kept {member.handle} out of this case, being named in it")
    deliberation.reconsider(turn.work)
    where_too_few(turn.work)


def person(turn: Turn, address: Address) -> tuple[Address, ...]:
    """All addresses that are known to be this person's, the named one first."""
    known = turn.work.case.party_of(address, "respondent")
    linked = turn.observed.linked.get(address, ()) if turn.observed else ()
    theirs = (known.addresses if known else (), linked, _decided(turn, address))
    freed = extending.freed(turn.work.case, (address,))
    found = dict.fromkeys(a for one in theirs for a in one if a not in freed)
    return tuple(dict.fromkeys((address, *found)))


def _decided(turn: Turn, address: Address) -> list[Address]:
    """What was decided to be theirs when a sanction in force was extended."""
    case = turn.work.case
    return [
        x.address
        for s in case.sanctions.values()
        if s.in_force and address in s.addresses
        for x in case.extensions.get(s.id, ())
    ]
