"""`/reply`, `/attach`, `/release`: a member writes to people outside, in the committee's name.

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
from cocmail.core.files import File
from cocmail.core.letters import Kind, clean
from cocmail.core.people import Private
from cocmail.core.work import Work


def reply(turn: Turn, command: Command) -> None:
    work = turn.work
    parties = speech.addressees(work.case, command)
    text = clean(command.text)
    files = turn.files if turn.attaches else ()
    found = speech.leaking(text, work.case, parties, files)
    turn.spoke = "waits" if found else "left"
    if not turn.confirmed:
        doubts = speech.misgivings(text, work.case, work.setting.roster)
        if doubts or found:
            raise Hold((*doubts, *found))
    if found:
        _withhold(turn, parties, text, found, files)
        return
    _say(work, turn.member.handle, parties, text, files)
    turn.done.append(f"wrote to {_names(parties)}, in the committee's name:\n\n{text}\n")


def _withhold(
    turn: Turn,
    parties: Sequence[Party],
    text: str,
    found: tuple[str, ...],
    files: Sequence[File],
) -> None:
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
            at=work.now,
            mail=turn.mail if turn.attaches else "",
        )
    )
    values = {
        "author": turn.member,
        "waiting": work.case.withheld[number],
        "parties": tuple(parties),
    }
    for member in work.eligible:
        work.to_member(member, Kind.MESSAGE, "withheld", values, files=files)


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
    _say(work, waiting.by, parties, waiting.text, turn.files if waiting.mail else ())
    turn.done.append(
        f"let the text of {waiting.by} leave, to {_names(parties)}:\n\n{waiting.text}\n"
    )


def attach(turn: Turn, command: Command) -> None:
    """The files went with the text above; here it is seen to that they could."""
    if not turn.spoke:
        raise Problem(
            "there is no text above it that the files could go with",
            "/reply reporter, your text, /end, and then /attach",
        )
    if not turn.files:
        raise Problem("nothing is attached to your mail", "the same with a picture or a plain text")
    unfit = [file.was for file in turn.files if not file.name]
    if unfit:
        raise Problem(
            f"“{unfit[0]}” is neither a picture nor a plain text, or it is too large",
            "the same with pictures (PNG, JPEG, GIF, WebP) and plain texts alone",
        )
    if turn.spoke == "left":
        names = ", ".join(file.was for file in turn.files)
        turn.done.append(f"sent along, made anew: {names}")


def _say(
    work: Work, by: str, parties: Sequence[Party], text: str, files: Sequence[File] = ()
) -> None:
    reporter = any(p.role == "reporter" for p in parties)
    work.happen(
        e.Said(
            by=by,
            parties=tuple(p.id for p in parties),
            text=Private(text),
            update_by=work.now + work.setting.policy.update_within if reporter else None,
            files=tuple(file.was for file in files),
        )
    )
    for party in parties:
        work.to_party(party, Kind.MESSAGE, "to-outsider", {"text": text}, files=files)


def _names(parties: Sequence[Party]) -> str:
    return " and ".join(f"{p.role} {p.number}" for p in parties)
