"""A person's word on a sanction of theirs: an appeal, or their agreement to leave.

Owns when an appeal is in time, who decides on it, and what an answer to it does. Refuses to know
commands and mail. Called by casework (the person's own word), by the actions (`/appeal`, `/grant`,
`/deny`) and by deliberation, when an answer is approved.
"""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.case import Appeal, Case
from cocmail.core.letters import Kind
from cocmail.core.people import Member
from cocmail.core.sanctions import Measure, Sanction, State
from cocmail.core.wishes import Wishes
from cocmail.core.work import Work


def appealable(case: Case, party_id: str) -> tuple[Sanction, ...]:
    """The decided sanctions of this person that no appeal was made against."""
    addresses = {*case.parties[party_id].addresses}
    against = {a.opened.sanction for a in case.appeals.values()}
    return tuple(
        s
        for s in case.sanctions.values()
        if s.start is not None
        and not s.interim
        and s.id not in against
        and s.state in (State.IN_FORCE, State.ENDED)
        and {*s.addresses} & addresses
    )


def in_time(work: Work, sanction: Sanction) -> bool:
    return (
        sanction.start is not None
        and work.now <= sanction.start + work.setting.policy.appeal_within
    )


def word_of(work: Work, mail: str, party_id: str, wanted: Wishes, *, proved: bool) -> str:
    """The person answers. What members should know of it, in one line."""
    if wanted.agrees and (agreed := _agree(work, mail, party_id, proved=proved)):
        return agreed
    found = appealable(work.case, party_id)
    timely = [s for s in found if in_time(work, s)]
    if wanted.appeals and len(timely) == 1:
        open_appeal(work, timely[0], party_id, party_id)
        return "It is an appeal, and was opened as one."
    if timely:
        names = " or ".join(s.id for s in timely)
        return f"It may be an appeal against {names}: /appeal {timely[0].id} opens it."
    if found and wanted.appeals:
        return f"The time to appeal is over. You may still look at it: /appeal {found[0].id}"
    return ""


def _agree(work: Work, mail: str, party_id: str, *, proved: bool) -> str:
    addresses = {*work.case.parties[party_id].addresses}
    asked = [
        s
        for s in work.case.sanctions.values()
        if s.measure is Measure.LEAVE and s.start is not None and {*s.addresses} & addresses
    ]
    if not asked:
        return ""
    if not proved:
        return (
            "It says that this person agrees, but it isn't proved whose mail this is, so nothing"
            " was recorded."
        )
    for sanction in asked:
        if sanction.id not in work.case.agreed:
            work.happen(e.Agreed(sanction=sanction.id, mail=mail))
    return "This person's agreement to leave is recorded."


def open_appeal(work: Work, sanction: Sanction, party_id: str, by: str) -> Appeal:
    appeal_id = f"A{work.fresh('appeal')}"
    work.happen(
        e.AppealOpened(
            appeal=appeal_id,
            sanction=sanction.id,
            party=party_id,
            by=by,
            decide_by=work.now + work.setting.policy.update_within,
        )
    )
    appeal = work.case.appeals[appeal_id]
    work.to_party(work.case.parties[party_id], Kind.MESSAGE, "appeal-received", {})
    values = {
        "appeal": appeal.opened,
        "sanction": sanction,
        "deciders": tuple(m.handle for m in deciders(work, appeal)),
    }
    work.tell(Kind.MESSAGE, "appeal", values)
    return appeal


def deciders(work: Work, appeal: Appeal) -> tuple[Member, ...]:
    """Those who didn't vote for the sanction, where there are enough of them; else everybody."""
    proposal = work.case.proposals.get(appeal.opened.sanction)
    votes = proposal.votes if proposal else {}
    fresh = tuple(
        m for m in work.eligible if m.handle not in votes or votes[m.handle].vote != "approve"
    )
    return fresh if len(fresh) >= work.setting.policy.approvals else work.eligible


def end(work: Work, appeal_id: str, proposed: e.Proposed) -> None:
    """The committee's answer is approved; the person hears it in the committee's words."""
    appeal = work.case.appeals[appeal_id]
    granted = proposed.what == "grant"
    work.happen(e.AppealEnded(appeal=appeal_id, result="granted" if granted else "denied"))
    sanction = work.case.sanctions[appeal.opened.sanction]
    if granted and sanction.state is State.IN_FORCE:
        work.happen(e.Ended(sanction=sanction.id, how="lifted"))
        work.enforce = True
    work.to_party(
        work.case.parties[appeal.opened.party],
        Kind.LETTER,
        "letter-appeal",
        letter_values(sanction, proposed),
        to=sanction.address,
        language=proposed.language,
    )


def letter_values(sanction: Sanction, proposed: e.Proposed) -> dict[str, object]:
    """What the answer says: the same in the ballot and when it leaves."""
    return {
        "address": sanction.address,
        "measure": sanction.measure,
        "how": proposed.what,
        "reason": proposed.because,
    }
