"""How a mail is shown to members, and the copy of the report that each gets.

Owns what of a message a member sees. Called by casework, by the actions and by deliberation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cocmail.core import events as e
from cocmail.core.attached import going, listed
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member
from cocmail.core.sanctions import Sanction
from cocmail.core.spelling import spelled
from cocmail.core.work import Work


def showing(work: Work, received: e.Received, *, copying: bool = True) -> dict[str, object]:
    """``copying``: the letter is told `originals` as well."""
    return {
        "received": received,
        "text": work.shown(received.text),
        "subject": spelled(work.shown(received.subject)),
        "attached": listed(received, copying=copying and work.setting.copying),
    }


def originals(work: Work, received: e.Received) -> str:
    """The mail whose attachments go along with a copy of it, where the community wants that;
    else ""."""
    wanted = work.setting.copying and any(going(received.kinds, received.sizes))
    return received.mail if wanted else ""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """Another case that may belong together with this one, for a member who may know both."""

    reference: str
    why: str  # "return", "same-person"
    sanctions: tuple[Sanction, ...] = field(default=(), repr=False)  # that hold the sender off


def copies(
    work: Work, members: Iterable[Member] | None = None, beside: Iterable[Case] = ()
) -> None:
    """The report to each member who may see it. ``beside``: cases of this transaction that it may
    belong together with."""
    first = next((m.received for m in work.case.messages), None)
    if first is None:
        return
    for member in work.eligible if members is None else members:
        values = {**showing(work, first), "hints": hints(work, member, beside)}
        along = originals(work, first)
        work.to_member(member, Kind.REPORT, "report", values, originals=along)


def hints(work: Work, member: Member, beside: Iterable[Case] = ()) -> tuple[Hint, ...]:
    """What may belong together with this case, of what this member may know."""
    known = {**work.setting.near, **{case.id: case for case in beside}}
    senders = {a for p in work.case.of_role("reporter") for a in p.addresses}
    return tuple(
        Hint(reference=case.reference, why=why, sanctions=_holding(case, senders))
        for name, why in sorted(work.case.suggested)
        if name in known and may_know(case := work.as_it_is(known[name]), work.setting, member)
    )


def _holding(case: Case, addresses: set[Address]) -> tuple[Sanction, ...]:
    return tuple(s for s in case.sanctions.values() if s.keeps_off and {*s.addresses} & addresses)
