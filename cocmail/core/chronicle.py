"""Events told to people: who did what, a line each.

Owns the words of `cocmail case show` and `cocmail ledger export`. Refuses to know how they are
printed. Called by the command line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.sanctions import Scope

_WHO = {"same": "the same person", "different": "somebody else"}
_COVERS = {"extend": "too", "separate": "no longer"}


def told(event: Any) -> tuple[str, str]:
    """(actor, text) of one event. The actor is a handle, a party, "cocmail" or an operator."""
    match event:
        case e.CaseOpened():
            return "cocmail", f"the case {event.reference} was opened"
        case e.PartyJoined():
            addresses = ", ".join(event.addresses) or "no usable address"
            return event.party, f"{event.name} <{addresses}> joined as {event.reference}"
        case e.PartyNamed():
            return event.by, f"{event.party} also has {', '.join(event.addresses)}"
        case e.PartyMoved():
            return event.party, "is reached at another address from now on"
        case e.PartySilenced():
            return event.party, "wants no mail" if event.silent else "wants mail again"
        case e.Agreed():
            return "respondent", f"agreed to {event.sanction}"
        case e.AppealOpened():
            return event.by, f"opened the appeal {event.appeal} against {event.sanction}"
        case e.AppealEnded():
            return "committee", f"the appeal {event.appeal} is {event.result}"
        case e.Received():
            return event.party, f"message {event.number} ({event.proof}): {event.text}"
        case e.Filed():
            return event.party, f"a machine's mail was filed: {event.why}"
        case e.SetAside():
            why = f"mail {event.number} from {event.sender} was set aside: {event.why}"
            return event.party, f"{why} {event.text}"
        case e.TakenIn():
            return event.by, f"took in mail {event.number} that was set aside"
        case e.LeftAside():
            return event.by, f"left mail {event.number} aside"
        case e.Recused():
            return event.by, f"{event.handle} is kept out. {event.because}".strip()
        case e.Named():
            return "cocmail", f"out, because a report names them: {', '.join(event.handles)}"
        case e.Included():
            return "committee", f"{event.handle} is in this case"
        case e.LeftOut():
            return "reporter", f"wants left out: {', '.join(event.words)}"
        case e.Escalated():
            return "cocmail", f"{len(event.guests)} people outside the committee were asked"
        case e.GuestCame():
            return event.handle, "came to help in this case"
        case e.Provisional():
            return "cocmail", f"kept out for now ({event.why}): {', '.join(event.handles)}"
        case e.Released():
            return "cocmail", f"no longer kept out: {', '.join(event.handles)}"
        case e.Proposed():
            addresses = ", ".join(event.addresses)
            what = (
                f"proposed to lift {event.sanction}"
                if event.what == "lift"
                else f"proposed that {event.sanction} covers {addresses} {_COVERS[event.what]}"
                if event.what in _COVERS
                else f"proposed {event.sanction}: {event.measure} {event.address} on "
                f"{Scope(groups=event.groups, lists=event.lists)}"
            )
            return event.by, f"{what}, because {event.because}"
        case e.Voted():
            because = f", because {event.because}" if event.because else ""
            return event.handle, f"voted {event.vote} on {event.proposal}{because}"
        case e.Decided():
            count = f"{event.approvals} approvals, {event.needed} needed"
            return "committee", f"{event.proposal} is {event.result}: {count}"
        case e.WindowOpened():
            return (
                "committee",
                f"the approvals for {event.proposal} are in; it waits for objections",
            )
        case e.WindowClosed():
            return "cocmail", f"the time for objections to {event.proposal} is over"
        case e.CounselAsked():
            return "cocmail", f"{event.proposal} waits for counsel"
        case e.CounselHeard():
            return event.by, f"counsel was heard on {event.proposal}"
        case e.Ordered():
            return event.by, f"ordered the interim measure {event.sanction}: {event.measure}"
        case e.RosterNoted():
            when = "at once" if event.at is None else f"from {event.at:%Y-%m-%d %H:%M} UTC"
            return "cocmail", f"the committee is {', '.join(s.handle for s in event.seats)}, {when}"
        case e.RosterInForce():
            return "cocmail", "the new committee is in force"
        case e.InterimOrdered():
            return event.handle, "ordered an interim measure"
        case e.PersonProposed():
            return "cocmail", "something was proposed about a person"
        case e.Locked():
            return event.by, f"locked {event.handle}"
        case e.UnlockAsked():
            return event.by, f"wants {event.handle} unlocked"
        case e.Unlocked():
            return "cocmail", f"{event.handle} is unlocked"
        case e.InForce():
            return "cocmail", f"{event.sanction} is in force"
        case e.Ended():
            return "cocmail", f"{event.sanction} has {event.how}"
        case e.BeforeNoted():
            return (
                "cocmail",
                f"noted what stood in {len(event.places)} places before {event.sanction}",
            )
        case e.Enforced():
            return "cocmail", f"{event.sanction} was read back in {len(event.lines)} places"
        case e.Drifted():
            times = sum(line.times for line in event.lines)
            return (
                "cocmail",
                f"{event.sanction} was undone by somebody {times} times in {len(event.lines)}"
                " places, and put right",
            )
        case e.PassedOn():
            return "cocmail", f"showed the members {len(event.numbers)} messages that waited"
        case e.AsidesTold():
            mails = len(event.numbers)
            return "cocmail", f"told the members of {mails} mails that were set aside"
        case e.DriftTold():
            return "cocmail", f"told the members what was undone of {event.sanction}"
        case e.WaitingDiscarded():
            posts = sum(event.posts.values())
            return "cocmail", f"what waited under {event.sanction} was discarded: {posts} posts"
        case e.Restored():
            return "cocmail", f"{event.sanction} was undone in {len(event.lines)} places"
        case e.Said():
            return event.by, f"wrote to {', '.join(event.parties)}: {event.text}"
        case e.Withheld():
            whom = ", ".join(event.parties)
            return event.by, f"text {event.number} to {whom} waits: {event.text}"
        case e.LetGo():
            return event.by, f"let text {event.number} leave"
        case e.Told():
            letters = ", ".join(f"{n.what} to {n.party}" for n in event.letters)
            return "cocmail", f"wrote: {letters}"
        case e.LetterLeft():
            return "cocmail", "the letter has left"
        case e.Undelivered():
            did_not = "did not arrive" if event.sure else "may not have arrived"
            return "cocmail", f"a mail to {event.party} {did_not}. {event.why}"
        case e.Held():
            return event.handle, "was asked to confirm"
        case e.Confirmed():
            return "cocmail", "it was confirmed"
        case e.Ran():
            return event.handle, f"commands took effect: {' '.join(event.commands)}"
        case e.Refused():
            return event.handle, f"commands were refused: {event.why}"
        case e.Closed():
            because = f", because {event.because}" if event.because else ""
            return event.by, f"closed the case as {event.outcome}{because}"
        case e.Reopened():
            return event.by, "opened the case again"
        case e.Assigned():
            return event.by, f"gave the case to {event.handle}"
        case e.Tagged():
            return event.by, f"tagged the case {event.tag}"
        case e.MarkedUrgent():
            return event.by, "marked the case as urgent"
        case e.Reminded():
            return "cocmail", f"reminded the committee ({event.what})"
        case e.WentAway():
            return event.handle, f"is away until {event.until:%Y-%m-%d %H:%M} UTC"
        case e.DigestWanted():
            return "cocmail", f"something waits for {', '.join(event.handles)}"
        case e.Digested():
            what = "got" if event.sent else "needed no"
            return "cocmail", f"{event.handle} {what} digest"
        case e.Quarantined():
            whom = ", ".join(event.handles) or "no member"
            why = f"mail {event.number} was set aside, for {whom} to see: {event.why}"
            return "cocmail", why
        case e.QuarantineOpened():
            whom = ", ".join(event.handles) or "escalate_to"
            return "cocmail", f"mail {event.number} that was set aside is for {whom} to see now"
        case e.QuarantineNarrowed():
            whom = ", ".join(event.handles) or "no member"
            why = "a case keeps somebody out, or lets them in again"
            return "cocmail", f"mail {event.number} that was set aside is for {whom} to see: {why}"
        case e.QuarantineTold():
            what = "was" if event.sent else "could not be"
            return "cocmail", f"{event.handle} {what} told of mail that is set aside"
        case e.QuarantineUntold():
            return "cocmail", f"{event.handle} is to be told of it anew: a letter was taken back"
        case e.QuarantinePutOff():
            return "cocmail", f"{event.handle} is told of mail that is set aside a little later"
        case e.QuarantineMoreAsked():
            return event.handle, "asked for the next list of mail that is set aside"
        case e.QuarantineRenumbered():
            return "cocmail", f"mail {event.number} that was set aside is {event.fresh} now"
        case e.QuarantineSettled():
            return event.by, f"{event.how} mail {event.number} that was set aside"
        case e.TermOver():
            return "cocmail", f"the time of {event.sanction} is over; it holds until a return"
        case e.Linked():
            return event.by, f"linked this case with {event.reference}"
        case e.LinkAgreed():
            return event.by, "agreed that the two cases belong together"
        case e.Absorbed():
            return event.by, f"merged another case into this, {len(event.history)} events"
        case e.MergedInto():
            return event.by, "merged this case into another"
        case e.SplitOff():
            return event.by, f"made a case of its own of message {event.number}"
        case e.Watched():
            return event.by, f"watches {event.address} near {event.near}"
        case e.WatchSeen():
            return "cocmail", f"both are on {', '.join(event.lists) or 'no list'} now"
        case e.WatchEnded():
            return "cocmail", "a watch is over"
        case e.WatchAsked():
            asked = ", ".join(f"{who} to {name}" for name, who in event.requests)
            return "cocmail", f"asks to join: {asked or 'nobody any more'}"
        case e.LeadFound():
            why = ", ".join(hint.evidence for hint in event.hints)
            return "cocmail", f"lead {event.number}: {event.address} may be {event.like} ({why})"
        case e.LeadAnswered():
            return event.by, f"said of lead {event.number} that it is {_WHO[event.answer]}"
        case e.Extended():
            return "cocmail", f"{event.sanction} covers {', '.join(event.addresses)} too"
        case e.Narrowed():
            return "cocmail", f"{event.sanction} covers {', '.join(event.addresses)} no longer"
        case e.Suggested():
            return "cocmail", f"another case may belong together with this one ({event.why})"
        case e.Kept():
            return "reporter", "wants it kept until somebody else reports the same person"
        case e.Surfaced():
            return "cocmail", f"it is kept no longer ({event.why})"
        case e.PriorNoted():
            return event.by, f"noted of {event.address}: {event.text}"
        case e.WasRead():
            return event.by, "read the case on the machine"
        case e.Happened():
            return "cocmail", f"{event.what}: {event.detail}".rstrip(": ")
    return "cocmail", str(event.kind)


def line(sequence: int, at: datetime, event: Any) -> dict[str, object]:
    """An event as `case show --json` gives it; None is an event of a forgotten case."""
    if event is None:
        return {"sequence": sequence, "at": at, "kind": "forgotten", "actor": "", "text": ""}
    actor, text = told(event)
    return {"sequence": sequence, "at": at, "kind": event.kind, "actor": actor, "text": text}
