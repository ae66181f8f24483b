"""`/lock` and `/unlock`: a member's mailbox was stolen.

Owns who may lock whom, and what undoes it. What a lock means is the audience's (core.audience): no
mail, no command, no vote, in any case. Called by the table of actions.
"""

from __future__ import annotations

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.commands import Command, Problem
from cocmail.core.letters import Kind
from cocmail.core.nearby import did_you_mean
from cocmail.core.people import Member

TO_UNDO = 2
"""So many others undo a lock."""


def _whom(turn: Turn, handle: str, word: str) -> Member:
    roster = turn.work.setting.roster
    member = roster.get(handle)
    if member is None:
        handles = [m.handle for m in roster.members]
        raise Problem(
            f"nobody on the committee has the handle {handle}",
            did_you_mean(handle, handles, f"one of {', '.join(handles)}", form=f"/{word} {{}}"),
        )
    if member.handle == turn.member.handle:
        raise Problem(
            "it takes another member to do this to you", f"another member's /{word} {handle}"
        )
    return member


def lock(turn: Turn, command: Command) -> None:
    work, committee = turn.work, turn.work.setting.committee
    member = _whom(turn, command.target, "lock")
    if member.handle in committee.locks:
        raise Problem(f"{member.handle} is locked already", f"/unlock {member.handle}")
    if any(one.by == turn.member.handle for one in committee.locks.values()):
        raise Problem("you have locked one member already", "another member's /lock")
    others = [
        m
        for m in work.setting.roster.members
        if m.handle != member.handle and m.handle not in committee.locks
    ]
    if len(others) < TO_UNDO:
        raise Problem(
            f"{TO_UNDO} others have to be left who could undo it",
            f"ask who runs the machine to take {member.handle} off the committee",
        )
    room = work.on_committee()
    room.happen(e.Locked(handle=member.handle, by=turn.member.handle))
    for other in others:
        values = {"locked": member, "author": turn.member}
        room.to_member(other, Kind.ALERT, "locked", values)
    work.lock(member.handle)
    turn.done.append(f"locked {member.handle}, whose mailbox may be stolen")
    deliberation.reconsider(work)


def unlock(turn: Turn, command: Command) -> None:
    work, committee = turn.work, turn.work.setting.committee
    member = _whom(turn, command.target, "unlock")
    lock = committee.locks.get(member.handle)
    if lock is None:
        raise Problem(f"{member.handle} isn't locked", "/lock, for a stolen mailbox")
    if turn.member.handle in lock.against:
        raise Problem(
            "your word for this counts already", f"another member's /unlock {member.handle}"
        )
    room = work.on_committee()
    room.happen(e.UnlockAsked(handle=member.handle, by=turn.member.handle))
    if len(lock.against) + 1 < TO_UNDO:
        turn.done.append(
            f"wants {member.handle} unlocked; one more member has to say /unlock {member.handle}"
        )
        return
    room.happen(e.Unlocked(handle=member.handle))
    for one in work.setting.roster.members:
        if one.handle not in committee.locks or one.handle == member.handle:
            room.to_member(one, Kind.ALERT, "unlocked", {"locked": member})
    turn.done.append(f"unlocked {member.handle}")
