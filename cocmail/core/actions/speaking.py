"""`/reply`: a member says something to somebody outside, in the committee's name.

Owns what is written down of it. Refuses to judge the text (speech). Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core import speech
from cocmail.core.actions.turn import Hold, Turn
from cocmail.core.commands import Command
from cocmail.core.letters import Kind, clean
from cocmail.core.people import Private


def reply(turn: Turn, command: Command) -> None:
    work = turn.work
    parties = speech.addressees(work.case, command)
    text = clean(command.text)
    if not turn.confirmed:
        doubts = speech.misgivings(text, work.case, work.setting.roster)
        if doubts:
            raise Hold(doubts)
    reporter = any(p.role == "reporter" for p in parties)
    work.happen(
        e.Said(
            by=turn.member.handle,
            parties=tuple(p.id for p in parties),
            text=Private(text),
            update_by=work.now + work.setting.policy.update_within if reporter else None,
        )
    )
    for party in parties:
        work.to_party(party, Kind.MESSAGE, "to-outsider", {"text": text})
    names = " and ".join(f"{p.role} {p.number}" for p in parties)
    turn.done.append(f"wrote to {names}, in the committee's name:\n\n{text}\n")
