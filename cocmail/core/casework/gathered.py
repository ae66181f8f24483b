"""A mail to an address of the committee's own record: an answer to a digest, which is of no case.

Owns the plain refusal of it. Refuses to guess which case was meant. Called by loops/intake.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.casework.incoming import Incoming
from cocmail.core.commands import Problem
from cocmail.core.letters import Kind, clean, usable_id
from cocmail.core.people import Private
from cocmail.core.setting import Setting
from cocmail.core.verification import Signature
from cocmail.core.work import Result, Work


def to_no_case(case: Case, setting: Setting, incoming: Incoming, party: str) -> Result:
    """Answered by a refusal if it is the member's own; else kept for humans, and not answered."""
    work = Work(case, setting)
    member = setting.roster.get(party.removeprefix("member:"))
    if (
        member is None
        or incoming.purpose != "reply"
        or incoming.address not in member.addresses
        or incoming.auth.signature is Signature.FAILED
    ):
        why = "It came to an address that belongs to no case, from somebody else."
        work.happen(e.Happened(what="set-aside", detail=why, mail=incoming.id))
        return work.result(settled="quarantined", why=why)
    problem = Problem(
        "it answers a mail about several cases, so it isn't clear which one you mean",
        "the same as an answer to any mail of that case",
    )
    first = next((ln.strip() for ln in incoming.text.split("\n") if ln.strip()), "")
    work.happen(e.Refused(handle=member.handle, mail=incoming.id, why=Private(problem.why)))
    values = {"line": clean(first)[:400], "why": problem.why, "right": problem.right}
    work.to_member(
        member, Kind.REFUSAL, "refusal", values, answering=usable_id(incoming.mail.message_id)
    )
    return work.result(settled="filed", why="It answered a digest.")
