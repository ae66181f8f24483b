"""`/watch`: tell us when one person joins a list that another is on.

Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.watching import begin, ends, of, shared, theirs


def watch(turn: Turn, command: Command) -> None:
    work = turn.work
    address, near = command.addresses
    if address == near:
        raise Problem(
            "both addresses are the same", "/watch mallory@example.net near anna@example.org"
        )
    known = of(work.case, address, near)
    if known and not ends(work.case, known):
        raise Problem(f"{address} is watched near {near} already", "nothing: it is done")
    both = theirs(work.case, address), theirs(work.case, near)
    now = shared(turn.observed, *both) if turn.observed else ()
    until = begin(work, address, near, by=turn.member.handle, lists=now).until
    where = f"; both are on {', '.join(now)} now" if now else ""
    turn.done.append(
        f"asked for a watch until {until:%Y-%m-%d}: you all hear when {address} joins a list that"
        f" {near} is on{where}"
    )
