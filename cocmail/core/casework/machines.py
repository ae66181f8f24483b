"""Mail of machines in a case, and letters of ours that did not arrive.

Owns what is believed of a machine and who hears of a letter that didn't arrive. A machine gets no
answer, whatever it writes (promise 11). Called by loops/placing and, where our mail server would
not take a letter, by loops/outbox.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from cocmail.core import events as e
from cocmail.core.arrival import PERHAPS_A_PERSONS
from cocmail.core.audience import known_as, may_know
from cocmail.core.case import Case
from cocmail.core.casework.filing import put_aside, set_aside
from cocmail.core.casework.incoming import Incoming
from cocmail.core.committee import COMMITTEE
from cocmail.core.floods import HOUR
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member
from cocmail.core.quarantine import is_quarantine
from cocmail.core.returned import Outcome, outcome
from cocmail.core.setting import Setting
from cocmail.core.verification import Signature
from cocmail.core.work import Result, Work

UNWANTED = "They wanted no more mail by when it could leave."
MOVED = "They wanted to be reached elsewhere by when it could leave; it can be written again."
_TOLD_AGAIN = timedelta(days=1)  # that mail to one and the same does not arrive
_FOR_SERVERS = "It came to an address that only mail servers write to."


def from_machine(
    case: Case, setting: Setting, incoming: Incoming, party_id: str, addresses: Collection[Address]
) -> Result:
    """Automatic mail to the reply address of a party who has these addresses is filed, and never
    answered. What they may have written all the same is set aside, and shown: at once where it is
    the first of a day, and from somebody outside always, once one was taken in; else in one mail
    with what else waits. A member's program would answer another's without end, so theirs waits
    for a day."""
    work = Work(case, setting)
    if incoming.address in addresses and _may_be_theirs(case, setting, incoming, party_id):
        why = f"{incoming.mail.automatic} {PERHAPS_A_PERSONS}"
        return _perhaps_theirs(work, incoming, party_id, why)
    work.happen(e.Filed(mail=incoming.id, party=party_id, why=incoming.mail.automatic))
    return work.result(settled="filed", why=incoming.mail.automatic)


def _perhaps_theirs(work: Work, incoming: Incoming, party_id: str, why: str) -> Result:
    shown = any(
        (aside.mail.party, aside.mail.why) == (party_id, why)
        and aside.at > work.now - _TOLD_AGAIN
        and (aside.settled != "taken-in" or party_id.startswith("member:"))
        for aside in work.case.asides
    )
    wait = _TOLD_AGAIN if party_id.startswith("member:") else HOUR
    return set_aside(work, incoming, party_id, why, tell_in=wait if shown else None)


def _may_be_theirs(
    case: Case,
    setting: Setting,
    incoming: Incoming,
    party_id: str,
    *,
    at_return_path: bool = False,
) -> bool:
    if not incoming.mail.doubtful or incoming.auth.signature is Signature.FAILED:
        return False
    role, _, handle = party_id.partition(":")
    if role != "member":
        return incoming.purpose == "reply" or at_return_path
    member = known_as(case, setting, handle)
    in_a_case = case.id != COMMITTEE and not is_quarantine(case.id)
    return in_a_case and member is not None and may_know(case, setting, member)


def came_back(
    case: Case,
    setting: Setting,
    incoming: Incoming,
    party_id: str,
    addresses: Collection[Address],
) -> Result:
    """A mail to the return path of a letter to this party, who has these addresses. It is never
    answered, whatever it is: people don't see this address. But their mail system may write there
    what they said in answer, so what bears no mark of a machine is shown; and within a day what
    bears one that a person's mail can bear, from their own address."""
    work = Work(case, setting)
    why = incoming.mail.automatic or _FOR_SERVERS
    meaning = outcome(incoming.returned, incoming.mail, addresses)
    ids = incoming.returned.letters
    # The last of them: a letter names those before it.
    theirs = [n.letter for n in case.letters if n.party == party_id and n.message_id in ids]
    letter = theirs[-1] if theirs else ""
    if meaning is Outcome.UNSURE and not incoming.mail.automatic:
        # Somebody may have written it: it is shown, but no oftener than others are told of.
        told = _is_news(work, party_id, letter)
        put_aside(work, incoming, party_id, why, tell_in=None if told else _TOLD_AGAIN)
        work.happen(e.Undelivered(party=party_id, letter=letter, why=why, told=told, sure=False))
        return work.result(settled="quarantined", why=why)
    if meaning is not Outcome.FAILED and not incoming.mail.automatic:
        return _perhaps_theirs(work, incoming, party_id, why)
    own = incoming.address in addresses and meaning is Outcome.ARRIVED
    if own and _may_be_theirs(case, setting, incoming, party_id, at_return_path=True):
        why = f"{why} {PERHAPS_A_PERSONS}"
        return set_aside(work, incoming, party_id, why, tell_in=_TOLD_AGAIN)
    work.happen(e.Filed(mail=incoming.id, party=party_id, why=why))
    if meaning is Outcome.FAILED:
        undelivered(work, party_id, letter, "It came back from the recipient's mail server.")
    elif meaning is Outcome.UNSURE:
        undelivered(
            work,
            party_id,
            letter,
            "A program answered it, and cocmail can't read what it says.",
            sure=False,
        )
    return work.result(settled="filed", why=why)


def unwanted(case: Case, made_in: str, party_id: str, to: Address, kind: Kind) -> str:
    """Why a letter to somebody outside must not leave any more, for what they wrote since; "": it
    may. ``made_in``: the case that it was written in, which may go on in this one."""
    branch = case.branches.get(made_in)
    party = case.parties.get(branch.places.get(party_id, party_id) if branch else party_id)
    if party is None or kind is Kind.CONFIRMATION:  # that one asks a member
        return ""
    if party.silent:
        return UNWANTED
    return MOVED if party.role == "reporter" and to != party.addresses[0] else ""


def taken_back(work: Work, party_id: str, letter: str, why: str) -> None:
    """A letter to somebody outside didn't leave. Where they can be written to elsewhere, the
    members learn of it, who may want to say it again."""
    if why == MOVED:
        undelivered(work, party_id, letter, why)
    else:
        work.happen(e.Undelivered(party=party_id, letter=letter, why=why))


def undelivered(work: Work, party_id: str, letter: str, why: str, *, sure: bool = True) -> None:
    """A letter did not arrive: the members learn of it, but for the one whose letter it was."""
    note = next((n for n in work.case.letters if n.letter == letter), None)
    party_id = note.party if note else party_id  # it may have moved here with its case
    role, _, name = party_id.partition(":")
    what = note.what if note else ""
    told = role != "owner" and _is_news(work, party_id, letter)
    work.happen(e.Undelivered(party=party_id, letter=letter, why=why, told=told, sure=sure))
    if not told:
        return
    values = {"role": role, "name": name, "what": what, "why": why, "sure": sure}
    letters = work.case.letters if is_quarantine(work.case.id) else ()
    cases = dict.fromkeys(one for n in letters if n.party == party_id for one in n.cases)
    for member in _who_may_know(work, party_id):
        if role != "member" or member.handle != name:
            work.to_member(member, Kind.ALERT, "undelivered", values, cases=cases)


def _who_may_know(work: Work, party_id: str) -> Iterable[Member]:
    """Of what was set aside, each mail has an audience of its own: whoever may know of all that
    stood in the letter."""
    if not is_quarantine(work.case.id):
        return work.eligible
    quarantine = work.case.quarantine
    told = quarantine.told.get(party_id.removeprefix("member:"))
    if told is None:
        return ()
    if told.fellows is not None:
        members = work.setting.roster.without(work.setting.committee.locked)
        return [m for m in members if m.handle in told.fellows]
    items = [quarantine.waiting.get(number) for number in told.numbers]
    members = work.setting.roster.without(work.setting.committee.locked)
    return [m for m in members if all(i is not None and m.handle in i.mail.handles for i in items)]


def _is_news(work: Work, party_id: str, letter: str) -> bool:
    """Each letter to somebody outside is told of once. Of a member, and where it isn't known which
    letter it was, once a day: what tells of it doesn't arrive either where two mailboxes are
    broken, and without end each would tell of the other. Whoever knows a return path could send
    as many bounces to it as they like, too."""
    if letter and letter in work.case.bounced:
        return False
    if letter and not party_id.startswith("member:"):
        return True
    last = work.case.unreached.get(party_id)
    return last is None or work.now - last >= _TOLD_AGAIN
