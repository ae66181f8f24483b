"""`/accept` and `/drop`: mail that was set aside for this case.

Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem


def _aside(turn: Turn, command: Command) -> int:
    number = command.number or 0
    open_ones = [a.mail.number for a in turn.work.case.asides if not a.settled]
    if number not in open_ones:
        right = (
            f"one of {', '.join(map(str, open_ones))}"
            if open_ones
            else "/status says what is set aside"
        )
        raise Problem(f"nothing with the number {number} is set aside here", right)
    return number


def accept(turn: Turn, command: Command) -> None:
    work = turn.work
    number = _aside(turn, command)
    aside = work.case.asides[number - 1].mail
    work.happen(e.TakenIn(number=number, by=turn.member.handle))
    work.also.append((aside.mail, "done"))
    party = (
        aside.stranger
        or work.join("witness", (aside.sender,) if aside.sender else (), aside.name).id
    )
    work.happen(
        e.Received(
            number=work.case.next_number(),
            mail=aside.mail,
            party=party,
            sender=aside.sender,
            name=aside.name,
            proof="unsigned",
            subject=aside.subject,
            text=aside.text,
            attachments=(),
            sent=None,
            message_id="",
        )
    )
    turn.done.append(f"took in the mail that was set aside as {number}")


def drop(turn: Turn, command: Command) -> None:
    number = _aside(turn, command)
    turn.work.happen(e.LeftAside(number=number, by=turn.member.handle))
    turn.work.also.append((turn.work.case.asides[number - 1].mail.mail, "filed"))
    turn.done.append(f"left aside the mail with the number {number}")
