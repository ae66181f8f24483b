"""`/link`, `/merge` and `/split`: which messages make one case.

Owns who may join what, and that nobody learns of a case by it whom that case is kept from. Refuses
to know what a merged case is (merging) and who hears outcomes (outcomes). Called by the table of
actions.
"""

from __future__ import annotations

from dataclasses import replace

from cocmail.core import deliberation, merging, outcomes
from cocmail.core import events as e
from cocmail.core.actions.turn import Turn
from cocmail.core.audience import audience, may_know
from cocmail.core.case import Case
from cocmail.core.commands import Command, Problem
from cocmail.core.escalation import where_too_few
from cocmail.core.letters import Kind
from cocmail.core.names import named_in_text
from cocmail.core.people import Private
from cocmail.core.showing import copies
from cocmail.core.work import Work

_ONLY_HERE = Private("They are not in the case that this was split from.")


# -- /link -----------------------------------------------------------------------------------


def link(turn: Turn, command: Command) -> None:
    work = turn.work
    if _agreed_to_merge(turn, command):
        return
    other = work.on(_other(turn, command, "/link"))
    known = work.case.links.get(other.case.id)
    strangers = _strangers(turn, other.case)
    if known is None:
        for one, two in ((work, other), (other, work)):
            one.happen(
                e.Linked(case=two.case.id, reference=two.case.reference, by=turn.member.handle)
            )
        turn.tell_but(
            strangers,
            f"linked this case with {other.case.reference}; once another of you says so too,"
            " the reporters of each hear the outcomes of both",
        )
        return
    if known.agreed:
        raise Problem(
            f"this case and {other.case.reference} are linked already", "nothing: it is done"
        )
    if known.by == turn.member.handle:
        raise Problem(
            f"you linked this case with {other.case.reference} already",
            f"/link {other.case.reference} from another member, who agrees",
        )
    for one, two in ((work, other), (other, work)):
        one.happen(e.LinkAgreed(case=two.case.id, by=turn.member.handle))
    turn.tell_but(
        strangers,
        f"agreed that this case and {other.case.reference} belong together; the reporters of each"
        " hear the outcomes of both",
    )
    outcomes.catch_up(work, other)
    outcomes.catch_up(other, work)


def _other(turn: Turn, command: Command, form: str) -> Case:
    """The case that a reference names, if this member may know it. A case that they may not know
    and one that doesn't exist are told in the same words."""
    reference = command.target
    if reference in _names(turn.work.case):
        raise Problem(f"{reference} is this case itself", "the reference of another case")
    for case in turn.beside.values():
        if reference in _names(case) and may_know(case, turn.work.setting, turn.member):
            return case
    raise Problem(
        f"no case that you may know is called {reference}",
        f"{form} and the reference as it stands in a mail of that case, like COC-7F3KQ2",
    )


def _names(case: Case) -> set[str]:
    return {case.reference, *(p.reference for p in case.parties.values())}


def _strangers(turn: Turn, other: Case) -> set[str]:
    """Who is in this case, and must not learn of the other one."""
    known = audience(other, turn.work.setting)
    return {m.handle for m in turn.work.eligible if m not in known}


def _agreed_to_merge(turn: Turn, command: Command) -> bool:
    """A second member's word on a case that was merged into this one."""
    work, reference = turn.work, command.target
    branch = next((b for b in work.case.branches.values() if reference in b.references), None)
    if branch is None:
        return False
    if branch.agreed:
        raise Problem(f"{reference} goes on in this case already", "nothing: it is done")
    if branch.by == turn.member.handle:
        raise Problem(
            f"you made one case of this and {reference} already",
            f"/merge {reference} from another member, who agrees",
        )
    work.happen(e.LinkAgreed(case=branch.case, by=turn.member.handle))
    turn.done.append(
        f"agreed that {branch.references[0]} belongs to this case; all reporters of it hear the"
        " outcomes"
    )
    outcomes.catch_up(work, work)
    return True


# -- /merge ----------------------------------------------------------------------------------


def merge(turn: Turn, command: Command) -> None:
    work = turn.work
    if _agreed_to_merge(turn, command):
        return
    case = _other(turn, command, "/merge")
    _can_be_one(work.case, case)
    other, places = work.on(case), merging.places(work.case, case)
    entitled = tuple(
        m.handle
        for m in work.setting.roster.members
        if may_know(case, work.setting, m) and may_know(work.case, work.setting, m)
    )
    past = turn.pasts[case.id]
    other.happen(e.MergedInto(case=work.case.id, by=turn.member.handle))
    work.happen(
        e.Absorbed(
            case=case.id, by=turn.member.handle, places=places, entitled=entitled, history=past
        )
    )
    turn.done.append(
        f"made one case of this and {case.reference}, which goes on here: mail to either comes"
        " here, and who was kept out of either is kept out of both. Numbers of messages and of"
        " people may have changed; /status tells them. All reporters hear the outcomes of both"
        f" once another of you says /merge {case.reference}, too"
    )
    deliberation.reconsider(work)
    where_too_few(work)


def _can_be_one(case: Case, other: Case) -> None:
    """Raises Problem where a union would tell somebody what they must not know."""
    if not case.is_open:
        raise Problem("this case is closed", "/reopen first")
    if case.provisional or other.provisional:
        raise Problem(
            "it isn't clear yet who may read one of the two cases",
            "the same once the reporter, or the author, has answered",
        )
    if case.guests or other.guests:
        raise Problem(
            "people outside the committee were asked to help in one of the two cases",
            f"/link {other.reference}",
        )
    here, there = (
        {role: {a for p in one.of_role(role) for a in p.addresses}
         for role in ("reporter", "respondent")}
        for one in (case, other)
    )  # fmt: skip
    if here["reporter"] & there["respondent"] or here["respondent"] & there["reporter"]:
        raise Problem(
            "who reports in one of the two cases is reported in the other",
            f"/link {other.reference}, which tells neither of them anything",
        )


# -- /split ----------------------------------------------------------------------------------


def split(turn: Turn, command: Command) -> None:
    work, number = turn.work, command.number or 0
    outside = [m.received for m in work.case.messages if not m.received.party.startswith("member:")]
    message = next((r for r in outside if r.number == number), None)
    if message is None:
        numbers = ", ".join(str(r.number) for r in outside)
        raise Problem(
            f"no message from outside the committee has the number {number}",
            f"/split N, where N is one of {numbers}",
        )
    if number in work.case.split:
        raise Problem(f"message {number} became a case of its own already", "nothing: it is done")
    if len(outside) - len(work.case.split) == 1:
        raise Problem(
            "it is all that this case has of people outside", "/close, if nothing is to be done"
        )
    new = _own_case(work, message)
    work.happen(e.SplitOff(number=number, case=new.case.id, by=turn.member.handle))
    turn.tell_but(
        _strangers(turn, new.case),
        f"made a case of its own, {new.case.reference}, of message {number}",
    )


def _own_case(work: Work, message: e.Received) -> Work:
    setting, author = work.setting, work.case.parties[message.party]
    seed = f"split/{work.case.id}/{message.number}/{setting.entropy.hex()}"
    new = work.on(Case(id=setting.minter.digest(seed)[:32]), opens=True)
    new.happen(
        e.CaseOpened(
            reference=f"COC-{new.fresh('case')}",
            acknowledge_by=None,
            update_by=work.now + setting.policy.update_within,
        )
    )
    party = new.join("reporter", author.addresses, author.name, work.language_of(author))
    if author.silent:
        new.happen(e.PartySilenced(party=party.id, silent=True))
    # Who may not know where it stood may not know it: they would learn of that case by it.
    inside = {m.handle for m in work.eligible}
    for member in setting.roster.members:
        if member.handle not in inside:
            new.happen(e.Recused(handle=member.handle, by="cocmail", because=_ONLY_HERE))
    if work.case.left_out:
        new.happen(e.LeftOut(words=work.case.left_out))
    new.happen(replace(message, number=1, party=party.id, waits=False))
    said = f"{message.subject}\n{message.text}"
    named = tuple(h for h in named_in_text(said, setting.roster) if h in inside)
    if named and inside - {*named}:
        new.happen(e.Named(handles=named))
    new.to_party(party, Kind.MESSAGE, "split", {})
    copies(new)
    where_too_few(new)
    return new
