"""A mail becomes a message of its case, or is set aside for it; and who hears of it.

Owns what is written down of a mail and how it is shown. Called by the other rooms of this package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cocmail.core import events as e
from cocmail.core.attached import facts, kind_of
from cocmail.core.audience import everybody, later
from cocmail.core.body import Below
from cocmail.core.case import Case, Party
from cocmail.core.casework.incoming import Incoming, authors
from cocmail.core.escalation import unasked, where_too_few
from cocmail.core.floods import HOUR, tell_at
from cocmail.core.letters import Kind, clean, usable_id
from cocmail.core.listing import in_turn
from cocmail.core.minting import is_ours
from cocmail.core.names import named_in_text
from cocmail.core.people import Address, Private
from cocmail.core.setting import Setting
from cocmail.core.showing import MOST_ASIDES, beginnings, copies, may_be_told, showing_aside
from cocmail.core.spelling import remark
from cocmail.core.taking import MUCH, beginning_of, take_in
from cocmail.core.wishes import wishes
from cocmail.core.work import Result, Work

OWN_MATTER = "own-matter"
WHO_WAS_MEANT = "who-was-meant"
NO_SAFE_ADDRESS = (
    "It seems to name a safe address that cocmail can't read or can't write to, so the address was"
    " not taken."
)


def receive(
    work: Work,
    incoming: Incoming,
    party: str,
    *,
    proof: str = "",
    note: str = "",
    text: str | None = None,
) -> e.Received:
    mail = incoming.mail
    received = e.Received(
        number=work.case.next_number(),
        mail=incoming.id,
        party=party,
        sender=incoming.address,
        name=incoming.name,
        proof=proof or incoming.proof,
        subject=Private(clean(mail.subject)),
        text=Private(incoming.whole if text is None else text),
        sent=mail.date,
        message_id=usable_id(mail.message_id),
        note=_remarks(work, incoming, note),
        language=work.setting.language_of(mail),
        waits=bool(incoming.flood),
        claims=mail.claims,
        claimants=Private(clean(mail.claimants)),
        **facts(mail.attachments),
    )
    work.happen(received)
    return received


def _remarks(work: Work, incoming: Incoming, *before: str) -> Private:
    """What members should know of a mail beside its text."""
    remarks = [one for one in before if one]
    if incoming.mail.sender is None:
        remarks.append(f"It can't be answered: {incoming.mail.sender_defect}.")
    elif odd := remark(incoming.mail.sender, work.setting.roster):
        remarks.append(odd)
    if incoming.mail.sender is not None and _wants_answers_elsewhere(work.setting, incoming):
        remarks.append("It asks for answers at another address; they go to the one that wrote.")
    kinds = {kind_of(one) for one in incoming.mail.attachments}
    below = incoming.mail.below
    if Below.SIGNED in below:
        remarks.append("It has words within a signature (S/MIME), which cocmail doesn't check.")
    if Below.HTML in below:
        remarks.append("Its plain text doesn't say all; below it stands what its HTML says.")
    if Below.FILE in below and incoming.text.strip():
        remarks.append("Below its own text stands what came with it as text in a file.")
    elif Below.FILE in below:
        remarks.append("It has no text of its own; what stands here is attached to it.")
    if Below.OUTSIDE in below:
        remarks.append(
            "At the end stands what is written outside its parts; most mail programs don't show it."
        )
    if incoming.mail.elsewhere == 1:
        remarks.append("It shows a picture on another server, not fetched.")
    elif incoming.mail.elsewhere:
        remarks.append("It shows pictures on other servers, not fetched.")
    if incoming.mail.automatic:
        remarks += [incoming.mail.automatic, "Its sender wasn't told that it arrived."]
    if incoming.mail.encrypted:
        remarks.append("It is encrypted, and cocmail can't read it.")
    elif incoming.mail.partly_encrypted:
        remarks.append("A part of it is encrypted, and cocmail can't read that part.")
    elif not incoming.whole.strip() and kinds & {"encrypted", "signed"}:
        remarks.append("Its words are within its signature, and cocmail can't read them there.")
    elif not incoming.whole.strip() and kinds:
        remarks.append(
            "It has no text that cocmail can read; there may be words in what came along."
        )
    if incoming.urgent:
        remarks.append(incoming.urgent)
    return Private(" ".join(remarks))


def _wants_answers_elsewhere(setting: Setting, incoming: Incoming) -> bool:
    """By its Reply-To (RFC 5322 section 3.6.2), which anybody can write, and many a form, list or
    program does: who is answered there may be somebody else. A safe address is asked for in words
    (core.wishes)."""
    return any(
        one != incoming.address and is_ours(one, setting.address, setting.delimiter) is None
        for one in incoming.mail.reply_to
    )


def release(work: Work, why: str) -> None:
    """Members who were kept out for a while come in, where nothing else keeps them out, and get
    what came until then."""
    waiting = work.case.provisionals.get(why)
    before = {m.handle for m in work.eligible}
    work.happen(e.Released(handles=tuple(sorted(waiting.handles)) if waiting else (), why=why))
    copies(work, [m for m in work.eligible if m.handle not in before])
    where_too_few(work)


def heed(work: Work, incoming: Incoming, party_id: str) -> Party:
    """What a reporter asks for to be safe holds from this mail on."""
    wanted, safe = wishes(incoming.own), safe_address(work, incoming)
    if safe is not None and safe not in work.case.parties[party_id].addresses[:1]:
        work.happen(e.PartyMoved(party=party_id, address=safe))
    if wanted.silent is not None and wanted.silent != work.case.parties[party_id].silent:
        work.happen(e.PartySilenced(party=party_id, silent=wanted.silent))
    return work.case.parties[party_id]


def safe_address(work: Work, incoming: Incoming) -> Address | None:
    """Where they ask to be written to, if we can: not to ourselves, nor to a member."""
    safe, setting = wishes(incoming.own).safe, work.setting
    if safe is None or is_ours(safe, setting.address, setting.delimiter) is not None:
        return None
    return None if everybody(work.case, setting).whose(safe) else safe


def names_no_safe_address(work: Work, incoming: Incoming) -> bool:
    """Whether they name a safe address that we can't read, or can't write to; or one stands in a
    file of theirs alone, which somebody else may have written."""
    wanted = wishes(incoming.whole)
    return wanted.unread or (wanted.safe is not None and safe_address(work, incoming) is None)


def name_members(work: Work, incoming: Incoming) -> bool:
    """Who is named in a reporter's words is out, until the others clear them: of those who read
    it now, and of those who will.

    True: everybody is named, and nobody outside could be asked. Naming everybody must not leave
    nobody, so the reporter is asked whom to leave out, and not for ever.
    """
    said = f"{incoming.mail.subject}\n{incoming.whole}"
    case, setting = work.case, work.setting
    in_it = {m.handle for m in later(case, setting)} | (case.guests.keys() - case.out)
    named = tuple(h for h in named_in_text(said, everybody(case, setting)) if h in in_it)
    if not named:
        return False
    if in_it - {*named} or unasked(work):
        work.happen(e.Named(handles=named))
        return False
    if WHO_WAS_MEANT in case.provisionals:
        return False  # the reporter is asked already
    until = work.now + work.setting.policy.acknowledge_within
    work.happen(e.Provisional(handles=named, why=WHO_WAS_MEANT, until=until))
    return True


def set_aside(
    work: Work,
    incoming: Incoming,
    party_id: str,
    why: str,
    stranger: str = "",
    *,
    tell_in: timedelta | None = None,
) -> Result:
    put_aside(work, incoming, party_id, why, stranger, tell_in=tell_in)
    return work.result(settled="quarantined", why=why)


def put_aside(
    work: Work,
    incoming: Incoming,
    party_id: str,
    why: str,
    stranger: str = "",
    *,
    tell_in: timedelta | None = None,
) -> None:
    """``tell_in``: the members are told of it only then, with all else that waits for that; so is
    what came too fast, within an hour."""
    case, setting = work.case, work.setting
    theirs = {m.handle for m in authors(incoming.mail, setting.roster)}  # it bears their name
    said = f"{incoming.mail.subject}\n{incoming.whole}"
    named = {*named_in_text(said, everybody(case, setting))}
    named -= theirs | {party_id.removeprefix("member:")}
    if not {m.handle for m in work.eligible} - named:
        named = set()  # somebody has to see it
    if incoming.flood:
        tell_in = max(tell_in or HOUR, HOUR)
    aside = e.SetAside(
        number=len(work.case.asides) + 1,
        mail=incoming.id,
        party=party_id,
        stranger=stranger,
        sender=incoming.address,
        name=incoming.name,
        subject=Private(clean(incoming.mail.subject)),
        text=Private(incoming.whole),
        why=why,
        named=tuple(sorted(named)),
        claims=incoming.mail.claims,
        claimants=Private(clean(incoming.mail.claimants)),
        sent=incoming.mail.date,
        note=_remarks(work, incoming),
        tell_by=work.now + min(tell_in, setting.policy.acknowledge_within) if tell_in else None,
        program=bool(incoming.mail.automatic),
        **facts(incoming.mail.attachments),
    )
    if work.case.came_in > MUCH:
        aside = beginning_of(aside)
    work.happen(aside)
    if aside.tell_by is None:
        for member in work.eligible:
            if may_be_told(aside, member):
                work.to_member(member, Kind.MESSAGE, "aside", showing_aside(work, aside))


def taken_in(case: Case, setting: Setting, incoming: Incoming, aside: e.SetAside) -> Result:
    """A mail that a member took in and of which the case had only the beginning: all of it."""
    work = Work(case, setting)
    whole = replace(
        aside,
        name=incoming.name,
        subject=Private(clean(incoming.mail.subject)),
        text=Private(incoming.whole),
        note=_remarks(work, incoming),
        claims=incoming.mail.claims,
        claimants=Private(clean(incoming.mail.claimants)),
        **facts(incoming.mail.attachments),
    )
    take_in(work, whole)
    return work.result()


def tell_asides(work: Work) -> None:
    """What was set aside, and nobody heard of, is told to each member in one mail."""
    at = tell_at(work.case)
    if at is None or at > work.now:
        return
    untold = [a.mail for a in work.case.asides if a.untold]
    # Whoever has many names has one address of ours.
    by_sender = in_turn(untold, lambda aside: (aside.party, aside.sender))
    those = {a.number for a in in_turn(by_sender, lambda aside: aside.party)[:MOST_ASIDES]}
    now = [aside for aside in untold if aside.number in those]
    rest = [aside for aside in untold if aside.number not in those]
    work.happen(e.AsidesTold(numbers=tuple(aside.number for aside in now)))
    for member in work.eligible:
        theirs = [aside for aside in now if may_be_told(aside, member)]
        more = sum(may_be_told(aside, member) for aside in rest)
        if theirs:
            values = {"beginnings": beginnings(work, theirs), "more": more}
            work.to_member(member, Kind.MESSAGE, "asides", values)


def leave_out(work: Work, handle: str) -> None:
    if handle not in work.case.recused:
        why = Private("The reporter asked for it.")
        work.happen(e.Recused(handle=handle, by="reporter", because=why))
