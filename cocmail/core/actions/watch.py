"""`/watch`: tell us when one person joins a list that another is on.

A member whom it is to look for is kept out of the case. Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core.actions.people import keep_out_if_member
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
    keep_out_if_member(turn, both[0], "Somebody asked to be kept safe from this member.")
    now = shared(turn.observed, *both) if turn.observed else ()
    until = begin(work, address, near, by=turn.member.handle, lists=now).until
    where = f"; both are on {', '.join(now)} now" if now else ""
    turn.done.append(
        f"asked for a watch until {until:%Y-%m-%d}: you all hear when {address} joins a list that"
        f" {near} is on{where}"
    )
