"""Mail of people who aren't on the committee to a reply address of a case.

Owns what is believed of them. Called by loops/placing.
"""

from __future__ import annotations

from dataclasses import replace

from cocmail.core import appeals
from cocmail.core import events as e
from cocmail.core.case import Case, Party
from cocmail.core.casework.filing import (
    NO_SAFE_ADDRESS,
    OWN_MATTER,
    WHO_WAS_MEANT,
    heed,
    leave_out,
    name_members,
    names_no_safe_address,
    receive,
    release,
    set_aside,
)
from cocmail.core.casework.incoming import Incoming
from cocmail.core.escalation import where_too_few
from cocmail.core.escrow import about, look_for, surface
from cocmail.core.floods import HOUR, pass_on_at
from cocmail.core.letters import Kind, usable_id
from cocmail.core.listing import in_turn
from cocmail.core.minting import is_ours
from cocmail.core.setting import Setting
from cocmail.core.showing import fit, hand_on, together
from cocmail.core.threads import meant, named_in
from cocmail.core.verification import Signature
from cocmail.core.wishes import wishes
from cocmail.core.work import Result, Work

_UNPROVED = (
    "It names a safe address, but it isn't proved whose mail this is, so the address was not taken."
)
_NOT_MOVED = (NO_SAFE_ADDRESS, _UNPROVED)


def from_outsider(case: Case, setting: Setting, incoming: Incoming, party_id: str) -> Result:
    """A mail through an outsider's reply address, from that outsider."""
    work = Work(case, setting)
    if incoming.auth.signature is Signature.FAILED:
        return set_aside(work, incoming, party_id, incoming.auth.why)
    if is_doubtful(case, party_id):
        why = next(a.mail.why for a in case.asides if a.mail.stranger == party_id)
        return set_aside(work, incoming, party_id, why, stranger=party_id)
    for handle in incoming.destination.left_out:
        for one in meant(handle, setting.roster):
            leave_out(work, one)
    epoch = work.case.epoch(party_id)
    note = _wishes(work, incoming, party_id)
    received = receive(work, incoming, party_id, note=note)
    if work.case.epoch(party_id) > epoch and not incoming.flood:
        # Nothing that they had before is an address of theirs any more: this one is.
        work.to_party(work.case.parties[party_id], Kind.MESSAGE, "moved", {})
    elif note in _NOT_MOVED and not incoming.flood:
        values = {"unproved": note == _UNPROVED}
        work.to_party(work.case.parties[party_id], Kind.MESSAGE, "not-moved", values)
    asked = (
        WHO_WAS_MEANT in work.case.provisionals
        and party_id == "reporter:1"
        and incoming.purpose != "confirm"  # that answers another question
    )
    if party_id.startswith("reporter:") and not asked:
        before = work.eligible
        name_members(work, incoming)
        where_too_few(work, again=bool(before) and not work.eligible)
    if work.case.kept:
        if asked:
            _answered(work, incoming)
        return _of_kept(work, incoming, party_id)
    if party_id.startswith("reporter:"):
        look_for(work, incoming.beside.values())
    first_line = next((ln.strip().lower() for ln in incoming.text.split("\n") if ln.strip()), "")
    if OWN_MATTER in work.case.provisionals and incoming.purpose == "confirm":
        if first_line == "/confirm":
            release(work, OWN_MATTER)
            return work.result()
    elif asked:
        _answered(work, incoming)
    if not received.waits:
        hand_on(work, received)
    return work.result()


def is_doubtful(case: Case, party_id: str) -> bool:
    """Whether all that this party wrote was set aside, and members have taken none of it in."""
    theirs = [a for a in case.asides if a.mail.stranger == party_id]
    return bool(theirs) and not any(a.settled == "taken-in" for a in theirs)


def _answered(work: Work, incoming: Incoming) -> None:
    """The reporter says whom they meant: all others come in."""
    own = "\n".join(ln for ln in incoming.text.split("\n") if not ln.lstrip().startswith(">"))
    for handle in named_in(own, work.setting.roster):
        leave_out(work, handle)
    release(work, WHO_WAS_MEANT)


def pass_on(work: Work) -> None:
    """What waited because too much came at once is shown in one mail, as far as it has room, in
    turn: one's flood hides nothing of another's."""
    at, numbers = pass_on_at(work.case), work.case.unpassed
    if at is None or at > work.now:
        return
    if not work.eligible:
        work.happen(e.PassedOn(numbers=numbers))  # whoever comes in is shown them (copies)
        return
    waiting = [work.case.messages[n - 1].received for n in numbers]
    fitting = fit(in_turn(waiting, lambda received: received.party))
    several = together(work, fitting)
    work.happen(e.PassedOn(numbers=tuple(received.number for received in fitting)))
    more = len(numbers) - len(fitting)
    work.tell(Kind.MESSAGE, "from-outsiders", {"several": several, "more": more})


def _of_kept(work: Work, incoming: Incoming, party_id: str) -> Result:
    """The reporter adds to what is kept, or wants it read after all."""
    wanted = wishes(incoming.own)
    if party_id.startswith("reporter:") and wanted.now:
        surface(work, "asked")
        return work.result()
    own = work.case.parties[party_id].addresses
    work.happen(e.Kept(about=about(incoming.whole, wanted.about, own, work.setting)))
    look_for(work, incoming.beside.values())
    return work.result()


def _wishes(work: Work, incoming: Incoming, party_id: str) -> str:
    """What this person asks for is done; and what members should know of it."""
    wanted, sound = wishes(incoming.own), incoming.auth.signature is Signature.SOUND
    role = party_id.partition(":")[0]
    if role == "respondent":
        return appeals.word_of(work, incoming.id, party_id, wanted, proved=sound)
    if role != "reporter":
        return ""
    if names_no_safe_address(work, incoming):
        heed(work, incoming, party_id)
        return NO_SAFE_ADDRESS
    if wanted.safe is None and wanted.silent is None:
        return ""
    known = work.case.parties[party_id].addresses[:1]
    if wanted.safe is not None and wanted.safe not in known and not sound:
        return _UNPROVED
    party = heed(work, incoming, party_id)
    return (
        "From now on nothing is written to this person, as they ask."
        if party.silent
        else "From now on this person is written to at the address that they ask for."
        if wanted.safe
        else ""
    )


def from_stranger(
    case: Case, setting: Setting, incoming: Incoming, party_id: str, why: str
) -> Result:
    """A mail to somebody else's reply address: shown to the members, never believed."""
    work = Work(case, setting)
    stranger = ""
    if incoming.address and incoming.purpose != "dead":
        joined = case.party_of(incoming.address, "witness")
        if joined is None and not incoming.flood:  # else a program brings in thousands
            language = setting.language_of(incoming.mail)
            joined = work.join("witness", (incoming.address,), incoming.name, language)
        stranger = joined.id if joined else ""
        # The same receipt as anybody gets, so that nobody learns whether they hit on a case.
        ours = is_ours(incoming.address, setting.address, setting.delimiter) is not None
        if joined is not None and not incoming.flood and not ours:
            _receipt(work, joined, incoming)
    if not any(aside.at > work.now - HOUR for aside in case.asides):
        incoming = replace(incoming, flood="")  # members see that more comes
    return set_aside(work, incoming, party_id, why, stranger=stranger)


def _receipt(work: Work, party: Party, incoming: Incoming) -> None:
    work.to_party(
        party,
        Kind.ACKNOWLEDGEMENT,
        "acknowledgement",
        {
            "asking": (),
            "everybody": False,
            "apart": False,
            "kept": False,
            "again": False,
            "handles": [m.handle for m in work.setting.roster.members],
        },
        answering=usable_id(incoming.mail.message_id),
    )
