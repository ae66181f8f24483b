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
from cocmail.core.quarantine import (
    DROPPED,
    FEWEST,
    FEWEST_ALONE,
    RELEASED,
    Item,
    is_quarantine,
)
from cocmail.core.taking import take_in
from cocmail.core.work import Work

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
    if aside.beginning:
        work.settle(aside.mail, RELEASED)  # it is read once more (casework.taken_in)
    else:
        work.settle(aside.mail, "done")
        take_in(work, aside)
    turn.tell_but(aside.named, f"took in the mail that was set aside as {number}")


def drop(turn: Turn, command: Command) -> None:
    if is_quarantine(turn.work.case.id):
        told = _listed(turn) if command.target == EVERY else ()
        for room, item in told or (_item(turn, command),):
            _settle(turn, room, item, "dropped")
        if told:
            _ask_for_more(turn)
        return
    if command.target == EVERY:
        raise Problem("in a case it takes the number", "/drop 1")
    number = _aside(turn, command)
    turn.work.happen(e.LeftAside(number=number, by=turn.member.handle))
    aside = turn.work.case.asides[number - 1].mail
    turn.work.settle(aside.mail, "filed")
    turn.tell_but(aside.named, f"left aside the mail with the number {number}")


def _rooms(turn: Turn) -> tuple[Work, ...]:
    """The records in which something may wait for them: first the one whose mail they answer."""
    others = (turn.work.on(one) for name, one in turn.beside.items() if is_quarantine(name))
    return (turn.work, *others)


def _item(turn: Turn, command: Command) -> tuple[Work, Item]:
    """What waits in the quarantine under this number, whichever mail told of it; the same answer
    where nothing does, and where it isn't for this member."""
    mine: list[int] = []
    for place, room in enumerate(_rooms(turn)):
        aside, number = room.case.quarantine, command.number or 0
        if place == 0:  # one of an earlier version is known by it only where it was told
            number = aside.named(number)
        for item in aside.of(turn.member.handle, room.now):
            if place and item.number < FEWEST_ALONE:
                continue
            if item.number == number:
                return room, item
            mine.append(item.number)
    raise _not_here(command, mine)


def _listed(turn: Turn) -> tuple[tuple[Work, Item], ...]:
    """What stood in the last list that this member got and still waits: nobody drops what they
    haven't seen."""
    handle = turn.member.handle
    return tuple(
        (room, item)
        for place, room in enumerate(_rooms(turn))
        if (told := room.case.quarantine.told.get(handle)) is not None
        and (place == 0 or told.together)
        for item in room.case.quarantine.of(handle, room.now)
        if item.number in told.numbers
    )


def _ask_for_more(turn: Turn) -> None:
    """Who has done with a list gets the next one, if there is any."""
    handle = turn.member.handle
    for room in _rooms(turn):
        if room.case.quarantine.unlisted_to(handle):
            room.happen(e.QuarantineMoreAsked(handle=handle))
            return


def _let_in(turn: Turn, command: Command) -> None:
    room, item = _item(turn, command)
    if not item.mail.readable:
        raise Problem(
            f"cocmail could not make a case of the mail {item.number}",
            f"ask who runs the machine for it: cocmail quarantine show {item.mail.mail}",
        )
    _settle(turn, room, item, "accepted")


def _settle(turn: Turn, room: Work, item: Item, how: Literal["accepted", "dropped"]) -> None:
    room.happen(e.QuarantineSettled(number=item.number, by=turn.member.handle, how=how))
    room.settle(item.mail.mail, RELEASED if how == "accepted" else DROPPED)
    setting = turn.work.setting
    members = setting.roster.without(setting.committee.locked)
    turn.beyond = tuple(members)
    turn.cases |= dict.fromkeys(item.mail.cases)
    others = [m.handle for m in members if m.handle not in item.mail.handles]
    turn.tell_but(
        others,
        f"accepted the mail {item.number}, which was set aside: it is a report now"
        if how == "accepted"
        else f"dropped the mail {item.number}, which was set aside: it stays where it is",
    )
