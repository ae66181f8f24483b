"""`/reply` and `/release`: a member says something to somebody outside, in the committee's name.

Owns what is written down of it, and whose word it takes. Refuses to judge the text (speech). Called
by the table of actions.
"""

from __future__ import annotations

from collections.abc import Sequence

from cocmail.core import events as e
from cocmail.core import speech
from cocmail.core.actions.turn import Hold, Turn
from cocmail.core.case import Party
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind, clean
from cocmail.core.people import Private
from cocmail.core.work import Work


def reply(turn: Turn, command: Command) -> None:
    work = turn.work
    parties = speech.addressees(work.case, command)
    text = clean(command.text)
    found = speech.leaking(text, work.case, parties)
    if not turn.confirmed:
        doubts = speech.misgivings(text, work.case, work.setting.roster)
        if doubts or found:
            raise Hold((*doubts, *found))
    if found:
        _withhold(turn, parties, text, found)
        return
    _say(work, turn.member.handle, parties, text)
    turn.done.append(f"wrote to {_names(parties)}, in the committee's name:\n\n{text}\n")


def _withhold(turn: Turn, parties: Sequence[Party], text: str, found: tuple[str, ...]) -> None:
    """The author has seen what it seems to tell, and means it: somebody else has to, too."""
    work = turn.work
    number = work.case.texts_withheld + 1
    work.happen(
        e.Withheld(
            number=number,
            by=turn.member.handle,
            parties=tuple(p.id for p in parties),
            text=Private(text),
            why=tuple(Private(one) for one in found),
        )
    )
    values = {
        "author": turn.member,
        "waiting": work.case.withheld[number],
        "parties": tuple(parties),
    }
    work.tell(Kind.MESSAGE, "withheld", values)


def release(turn: Turn, command: Command) -> None:
    work, number = turn.work, command.number or 0
    waiting = work.case.withheld.get(number)
    if waiting is None:
        numbers = ", ".join(map(str, work.case.withheld))
        right = f"/release N, where N is one of {numbers}" if numbers else "nothing: no text waits"
        raise Problem(f"no text with the number {number} waits here", right)
    if waiting.by == turn.member.handle:
        raise Problem(
            "it is your own text, and another of you has to look at it",
            f"/release {number}, from another member",
        )
    parties = [work.case.parties[p] for p in waiting.parties]
    if any(p.silent for p in parties):
        raise Problem(
            "who it is for asked not to be written to", "nothing, until they ask for it themselves"
        )
    work.happen(e.LetGo(number=number, by=turn.member.handle))
    _say(work, waiting.by, parties, waiting.text)
    turn.done.append(
        f"let the text of {waiting.by} leave, to {_names(parties)}:\n\n{waiting.text}\n"
    )


def _say(work: Work, by: str, parties: Sequence[Party], text: str) -> None:
    reporter = any(p.role == "reporter" for p in parties)
    work.happen(
        e.Said(
            by=by,
            parties=tuple(p.id for p in parties),
            text=Private(text),
            update_by=work.now + work.setting.policy.update_within if reporter else None,
        )
    )
    for party in parties:
        work.to_party(party, Kind.MESSAGE, "to-outsider", {"text": text})


def _names(parties: Sequence[Party]) -> str:
    return " and ".join(f"{p.role} {p.number}" for p in parties)
