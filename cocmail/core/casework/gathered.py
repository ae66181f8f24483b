"""A mail to an address of a record that is no case: an answer to a digest, or to what was told of
the quarantine.

Owns what such an answer can do: nothing but accept or drop what was set aside; else it is refused
in plain words. Refuses to guess which case was meant. Called by loops/placing.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.casework.incoming import Incoming
from cocmail.core.casework.members import from_member, read_commands
from cocmail.core.commands import Problem
from cocmail.core.letters import Kind, clean, usable_id
from cocmail.core.people import Private
from cocmail.core.quarantine import OUTSIDE, is_quarantine
from cocmail.core.setting import Setting
from cocmail.core.verification import Signature
from cocmail.core.work import Result, Work

_OF_QUARANTINE = {"accept", "drop"}
_ABOUT_SEVERAL = Problem(
    "it answers a mail about several cases, so it isn't clear which one you mean",
    "the same as an answer to any mail of that case",
)
_ABOUT_QUARANTINE = Problem(
    "it answers a mail about what was set aside, where only /accept and /drop count",
    "/accept or /drop, with a number",
)


def to_no_case(case: Case, setting: Setting, incoming: Incoming, party: str) -> Result:
    """Done, or answered by a refusal, if it is the member's own; else kept for humans, and not
    answered."""
    work = Work(case, setting)
    aside = is_quarantine(case.id)
    if party == f"member:{OUTSIDE}":  # no member may know of what it answers
        why = "It answered a mail whose answers nobody reads."
        work.happen(e.Happened(what="filed", detail=why, mail=incoming.id))
        return work.result(settled="filed", why=why)
    member = setting.roster.get(party.removeprefix("member:"))
    if (
        member is None
        or member.handle in setting.committee.locked
        or incoming.purpose not in ("reply", "confirm")
        or incoming.address not in member.addresses
        or incoming.auth.signature is Signature.FAILED
    ):
        why = "It came to an address that belongs to no case, from somebody else."
        work.happen(e.Happened(what="set-aside", detail=why, mail=incoming.id))
        return work.result(settled="quarantined", why=why)
    if incoming.flood:  # a program's, which would answer the refusal
        work.happen(e.Happened(what="filed", detail=incoming.flood, mail=incoming.id))
        return work.result(settled="filed", why=incoming.flood)
    first = next((ln.strip() for ln in incoming.text.split("\n") if ln.strip()), "")
    if incoming.purpose == "confirm":
        fits = first.lower() == "/confirm"
    else:
        parsed = read_commands(incoming.mail)
        words = {command.word for command in parsed.commands}
        fits = aside and words <= _OF_QUARANTINE and bool(words or parsed.problem)
    if fits:
        return from_member(case, setting, incoming, member)
    problem = _ABOUT_QUARANTINE if aside else _ABOUT_SEVERAL
    work.happen(e.Refused(handle=member.handle, mail=incoming.id, why=Private(problem.why)))
    values = {"line": clean(first)[:400], "why": problem.why, "right": problem.right}
    work.to_member(
        member, Kind.REFUSAL, "refusal", values, answering=usable_id(incoming.mail.message_id)
    )
    return work.result(settled="filed", why="It answered no mail of a case.")
