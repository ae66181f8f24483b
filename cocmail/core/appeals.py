"""A person's word on a sanction of theirs: an appeal, or their agreement to leave.

Owns when an appeal is in time, who decides on it, and what an answer to it does. Refuses to know
commands and mail. Called by casework (the person's own word), by the actions (`/appeal`, `/grant`,
`/deny`) and by deliberation, when an answer is approved.
"""

from __future__ import annotations

from typing import Literal

from cocmail.core import events as e
from cocmail.core import extending
from cocmail.core.case import Appeal, Case, Extension
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member
from cocmail.core.sanctions import Measure, Sanction, State
from cocmail.core.wishes import Wishes
from cocmail.core.work import Work


def appealable(case: Case, party_id: str) -> tuple[Sanction, ...]:
    """The decided sanctions of this person that no appeal was made against."""
    addresses = {*case.parties[party_id].addresses}
    against = {
        a.opened.sanction
        for a in case.appeals.values()
        if a.opened.what == "appeal"
        # Whoever has it only by a later vote appeals against that vote.
        and _is_extended(case, a.opened.sanction, a.opened.party)
        is _is_extended(case, a.opened.sanction, party_id)
    }
    return tuple(
        s
        for s in case.sanctions.values()
        if s.start is not None
        and not s.interim
        and s.id not in against
        and s.state in (State.IN_FORCE, State.ENDED)
        and {*s.addresses} & addresses
    )


def in_time(work: Work, sanction: Sanction, party_id: str) -> bool:
    extension = extension_of(work.case, sanction, party_id)
    begun = extension.at if extension else sanction.start
    if begun is None:
        return False
    until = begun + work.setting.policy.appeal_within
    return work.now <= until or not work.is_over(until)


def _is_extended(case: Case, sanction: str, party_id: str) -> bool:
    return extension_of(case, case.sanctions[sanction], party_id) is not None


def extension_of(case: Case, sanction: Sanction, party_id: str) -> Extension | None:
    """Where this party has the sanction only by a later vote: perhaps it is somebody else."""
    own = case.parties[party_id].addresses
    return None if sanction.address in own else case.extension(sanction.id, own)


def word_of(work: Work, mail: str, party_id: str, wanted: Wishes, *, proved: bool) -> str:
    """The person answers. What members should know of it, in one line."""
    if wanted.agrees and (agreed := _agree(work, mail, party_id, proved=proved)):
        return agreed
    found = appealable(work.case, party_id)
    kept_off = returnable(work.case, {*work.case.parties[party_id].addresses})
    timely = [s for s in found if in_time(work, s, party_id)]
    if wanted.appeals and len(timely) == 1:
        open_appeal(work, timely[0], party_id, party_id)
        return "It is an appeal, and was opened as one."
    if timely:
        names = " or ".join(s.id for s in timely)
        return f"It may be an appeal against {names}: /appeal {timely[0].id} opens it."
    if found and wanted.appeals:
        return f"The time to appeal is over. You may still look at it: /appeal {found[0].id}"
    if kept_off:
        return (
            f"{kept_off[0].id} keeps this person off. If they ask to return,"
            " /grant and /deny open a vote on it."
        )
    return ""


def returnable(case: Case, addresses: set[Address]) -> tuple[Sanction, ...]:
    """What keeps the person with these addresses off the lists, or holds their posts."""
    return tuple(s for s in case.sanctions.values() if s.keeps_off and {*s.addresses} & addresses)


def may_ask(case: Case, sanction: Sanction, wrote: Case) -> bool:
    """Whether the person has written in that case since the last word on this sanction."""
    ended = (a.ended for a in case.appeals.values() if a.opened.sanction == sanction.id)
    since = max(filter(None, (sanction.start, *ended)), default=None)
    theirs = {
        p.id
        for p in (*wrote.of_role("respondent"), *wrote.of_role("reporter"))
        if {*p.addresses} & {*sanction.addresses}
    }
    return (
        sanction.keeps_off
        and since is not None
        and any(m.received.party in theirs and m.at > since for m in wrote.messages)
    )


def ask_to_return(work: Work, sanction: Sanction, by: str) -> Appeal:
    """A member takes what the person wrote for a wish to return."""
    return _open(work, sanction, work.respondent(sanction.address).id, by, "return")


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
    appeal = _open(work, sanction, party_id, by, "appeal")
    work.to_party(work.case.parties[party_id], Kind.MESSAGE, "appeal-received", {})
    values = {
        "appeal": appeal.opened,
        "sanction": sanction,
        "deciders": tuple(m.handle for m in deciders(work, appeal)),
    }
    work.tell(Kind.MESSAGE, "appeal", values)
    return appeal


def _open(
    work: Work, sanction: Sanction, party_id: str, by: str, what: Literal["appeal", "return"]
) -> Appeal:
    appeal_id = f"A{work.fresh('appeal')}"
    work.happen(
        e.AppealOpened(
            appeal=appeal_id,
            sanction=sanction.id,
            party=party_id,
            by=by,
            decide_by=work.now + work.setting.policy.update_within,
            what=what,
        )
    )
    return work.case.appeals[appeal_id]


def deciders(work: Work, appeal: Appeal) -> tuple[Member, ...]:
    """Those who didn't vote for the sanction, where there are enough of them; else everybody. A
    wish to return says nothing against what was decided, and everybody decides on it."""
    if appeal.opened.what == "return":
        return work.eligible
    opened = appeal.opened
    extension = extension_of(work.case, work.case.sanctions[opened.sanction], opened.party)
    proposal = work.case.proposals.get(extension.proposal if extension else opened.sanction)
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
    party = work.case.parties[appeal.opened.party]
    extension = extension_of(work.case, sanction, party.id)
    letter = letter_values(work.case, appeal, sanction, proposed)
    if granted and sanction.state is State.IN_FORCE and extension is not None:
        theirs = extending.on_one_person(work.case, (sanction.id,))
        bearing = [
            s for s in work.case.sanctions.values() if s.state is State.IN_FORCE and s.id in theirs
        ]
        freed = (*party.addresses, *proposed.addresses)
        extending.separate(work, bearing, freed, proposed.by, tell=False)
    elif granted and sanction.state is State.IN_FORCE:
        work.happen(e.Ended(sanction=sanction.id, how="lifted"))
        extending.tell_end(work, sanction)
        work.enforce = True
    work.to_party(
        party,
        Kind.LETTER,
        "letter-appeal",
        letter,
        to=extension.address if extension else sanction.address,
        language=proposed.language,
    )


def letter_values(
    case: Case, appeal: Appeal, sanction: Sanction, proposed: e.Proposed
) -> dict[str, object]:
    """What the answer says: the same in the ballot and when it leaves."""
    extension = extension_of(case, sanction, appeal.opened.party)
    return {
        "address": extension.address if extension else sanction.address,
        "measure": sanction.measure,
        "how": proposed.what,
        "asked": appeal.opened.what,
        "reason": proposed.because,
        "conditions": proposed.conditions,
    }
