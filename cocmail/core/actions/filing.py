"""`/accept` and `/drop`: mail that was set aside, for this case or for none.

Owns that nobody can name mail of the quarantine that they may not know of. Called by the table of
actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.forms import EVERY
from cocmail.core.quarantine import DROPPED, FEWEST, RELEASED, Item, is_quarantine
from cocmail.core.showing import hand_on

_MOST_NAMED = 5  # numbers of what could have been meant


def _aside(turn: Turn, command: Command) -> int:
    number = command.number or 0
    handle = turn.member.handle
    open_ones = [
        a.mail.number for a in turn.work.case.asides if not a.settled and handle not in a.mail.named
    ]
    if number not in open_ones:
        raise _not_here(command, () if number >= FEWEST else open_ones)
    return number


def _not_here(command: Command, here: Sequence[int]) -> Problem:
    """The same whether it never was, isn't any more, or isn't for this member."""
    numbers = ", ".join(map(str, here[:_MOST_NAMED]))
    return Problem(
        "no mail that you were told of waits here any more"
        if command.target == EVERY
        else f"no mail with the number {command.number} waits here, or not any more",
        f"/{command.word} N, where N is one of {numbers}"
        if numbers
        else "nothing more, if somebody has seen to it already;"
        " else the same as an answer to the mail that told you of it",
    )


def accept(turn: Turn, command: Command) -> None:
    work = turn.work
    if is_quarantine(work.case.id):
        _let_in(turn, command)
        return
    number = _aside(turn, command)
    aside = work.case.asides[number - 1].mail
    work.happen(e.TakenIn(number=number, by=turn.member.handle))
    work.also.append((aside.mail, "done"))
    party = (
        aside.stranger
        or work.join("witness", (aside.sender,) if aside.sender else (), aside.name).id
    )
    received = e.Received(
        number=work.case.next_number(),
        mail=aside.mail,
        party=party,
        sender=aside.sender,
        name=aside.name,
        proof="unsigned",
        subject=aside.subject,
        text=aside.text,
        attachments=aside.attachments,
        sent=aside.sent,
        message_id="",
        note=aside.note,
        digests=aside.digests,
        kinds=aside.kinds,
        sizes=aside.sizes,
        missing=aside.missing,
        claims=aside.claims,
        claimants=aside.claimants,
    )
    work.happen(received)
    hand_on(work, received)  # too much came at once when it did, or they weren't here yet
    turn.tell_but(aside.named, f"took in the mail that was set aside as {number}")


def drop(turn: Turn, command: Command) -> None:
    if is_quarantine(turn.work.case.id):
        told = _told_of(turn) if command.target == EVERY else ()
        for item in told or (_item(turn, command),):
            _settle(turn, item, "dropped")
        return
    if command.target == EVERY:
        raise Problem("in a case it takes the number", "/drop 1")
    number = _aside(turn, command)
    turn.work.happen(e.LeftAside(number=number, by=turn.member.handle))
    aside = turn.work.case.asides[number - 1].mail
    turn.work.also.append((aside.mail, "filed"))
    turn.tell_but(aside.named, f"left aside the mail with the number {number}")


def _item(turn: Turn, command: Command) -> Item:
    """What waits in the quarantine under this number; the same answer where nothing does, and
    where it isn't for this member."""
    mine = turn.work.case.quarantine.of(turn.member.handle, turn.work.now)
    found = next((item for item in mine if item.number == command.number), None)
    if found is None:
        raise _not_here(command, [item.number for item in mine])
    return found


def _told_of(turn: Turn) -> tuple[Item, ...]:
    """What this member was told of and still waits: nobody drops what they haven't seen."""
    aside = turn.work.case.quarantine
    handle = turn.member.handle
    new = aside.new_to(handle)
    return tuple(item for item in aside.of(handle, turn.work.now) if item not in new)


def _let_in(turn: Turn, command: Command) -> None:
    item = _item(turn, command)
    if not item.mail.readable:
        raise Problem(
            f"cocmail could not make a case of the mail {item.number}",
            f"ask who runs the machine for it: cocmail quarantine show {item.mail.mail}",
        )
    _settle(turn, item, "accepted")


def _settle(turn: Turn, item: Item, how: Literal["accepted", "dropped"]) -> None:
    work = turn.work
    work.happen(e.QuarantineSettled(number=item.number, by=turn.member.handle, how=how))
    work.also.append((item.mail.mail, RELEASED if how == "accepted" else DROPPED))
    members = work.setting.roster.without(work.setting.committee.locked)
    turn.beyond = tuple(members)
    others = [m.handle for m in members if m.handle not in item.mail.handles]
    turn.tell_but(
        others,
        f"accepted the mail {item.number}, which was set aside: it is a report now"
        if how == "accepted"
        else f"dropped the mail {item.number}, which was set aside: it stays where it is",
    )
