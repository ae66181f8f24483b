"""One function a command: what it does to the case, or why it can't be done.

Owns the effects of the command table and who may cause them. Refuses to know mail: casework has
seen to it that the member is verified. Each raises Problem, and then nothing of the mail runs.
"""

from __future__ import annotations

from collections.abc import Callable

from cocmail.core.actions import (
    answering,
    appealing,
    filing,
    history,
    interim,
    joining,
    leads,
    leave,
    locking,
    original,
    people,
    proposing,
    recusing,
    speaking,
    tending,
    watch,
)
from cocmail.core.actions.turn import Hold, Turn
from cocmail.core.commands import Command

__all__ = ["Hold", "Turn", "perform"]


def perform(turn: Turn, command: Command) -> None:
    """Run one command. Raises Problem or Hold."""
    _ACTIONS[command.word](turn, command)


_ACTIONS: dict[str, Callable[[Turn, Command], None]] = {
    "reply": speaking.reply,
    "attach": speaking.attach,
    "release": speaking.release,
    "respondent": people.respondent,
    "sanction": proposing.sanction,
    "interim": interim.interim,
    "lift": proposing.lift,
    "lock": locking.lock,
    "unlock": locking.unlock,
    "approve": proposing.vote,
    "object": proposing.vote,
    "abstain": proposing.vote,
    "confirm": answering.confirm,
    "withdraw": proposing.withdraw,
    "recuse": recusing.recuse,
    "include": recusing.include,
    "accept": filing.accept,
    "drop": filing.drop,
    "original": original.original,
    "history": history.history,
    "note": history.note,
    "link": joining.link,
    "merge": joining.merge,
    "split": joining.split,
    "watch": watch.watch,
    "same": leads.same,
    "different": leads.different,
    "appeal": appealing.appeal,
    "grant": appealing.answer,
    "deny": appealing.answer,
    "assign": tending.assign,
    "tag": tending.tag,
    "urgent": tending.urgent,
    "close": tending.close,
    "reopen": tending.reopen,
    "status": answering.status,
    "help": answering.help_,
    "away": leave.away,
    "back": leave.back,
}
