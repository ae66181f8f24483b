"""`/original`: an attachment as it came, for the one who asks.

Owns what can be asked for: a file of a mail that this member was shown, where the community sends
files by mail at all; and anywhere, a text of which they were shown the beginning. Refuses to open
it: it is put to the answer when that leaves, to whoever may still know of the case (loops.outbox).
Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core.actions.turn import Turn
from cocmail.core.attached import fit, listed, texts
from cocmail.core.commands import Command, Problem
from cocmail.core.events import Received
from cocmail.core.letters import Kind
from cocmail.core.showing import files_for


def original(turn: Turn, command: Command) -> None:
    work, number = turn.work, command.number or 0
    every = files_for(work, turn.member)
    mine = {n: (r, place) for n, (r, place) in every.items() if place in texts(r)}
    if work.setting.copying:
        mine = every
    elif number in every.keys() - mine.keys() or not mine:
        raise Problem(
            "your community has no attachments sent by mail",
            'attachments = "copy" in [community], which is for who runs the machine to set',
        )
    if number not in mine:
        numbers = ", ".join(str(n) for n, where in mine.items() if _leaves(*where))
        raise Problem(
            f"nothing with the number {number} is attached to a mail that you were shown",
            f"/original N, where N is one of {numbers}"
            if numbers
            else "nothing: no mail that you were shown has any that could be sent",
        )
    received, place = mine[number]
    if not _leaves(received, place):
        raise Problem(
            "mail servers don't let such a file through: it is a program, or too large",
            "nothing by mail: it is kept, ask who runs the machine for it",
        )
    work.to_member(
        turn.member,
        Kind.ANSWER,
        "original",
        {"attachment": listed(received)[place - 1], "message": received.number},
        answering=turn.answering,
        originals=received.mail,
        original=place,
    )


def _leaves(received: Received, place: int) -> bool:
    """Of older ones only the names are known: whoever opens them looks again."""
    known = received.kinds[place - 1 : place]
    return not known or fit(known[0], received.sizes[place - 1])
