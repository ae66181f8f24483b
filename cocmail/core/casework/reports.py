"""A mail to the community's plain address opens a case.

Owns who learns of a new report, and who never does. Called by loops/placing, which also asks who
would learn of a mail that was set aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cocmail.core import events as e
from cocmail.core.audience import later
from cocmail.core.case import Case
from cocmail.core.casework.again import says_the_same
from cocmail.core.casework.filing import (
    NO_SAFE_ADDRESS,
    OWN_MATTER,
    WHO_WAS_MEANT,
    heed,
    leave_out,
    name_members,
    names_no_safe_address,
    receive,
)
from cocmail.core.casework.incoming import Incoming, authors
from cocmail.core.escalation import unasked, where_too_few
from cocmail.core.escrow import about, look_for
from cocmail.core.letters import Kind, usable_id
from cocmail.core.people import Member, Private
from cocmail.core.setting import Setting
from cocmail.core.showing import copies
from cocmail.core.threads import meant
from cocmail.core.wishes import wishes
from cocmail.core.work import Result, Work


def report(case: Case, setting: Setting, incoming: Incoming) -> Result:
    """A mail to the community's plain address opens a case."""
    work = Work(case, setting)
    begun = _begin(work, incoming)
    kept = bool(work.case.kept)
    answering = usable_id(incoming.mail.message_id)
    values = {
        "asking": begun.asking,
        "everybody": begun.everybody,
        "apart": OWN_MATTER in work.case.provisionals,
        "kept": kept,
        "again": False,
        "handles": [m.handle for m in setting.roster.members],
    }
    reporter = work.case.parties[begun.reporter]
    if not incoming.mail.automatic:
        kind = Kind.ACKNOWLEDGEMENT
        work.to_party(reporter, kind, "acknowledgement", values, answering=answering)
        if names_no_safe_address(work, incoming):
            work.to_party(reporter, Kind.MESSAGE, "not-moved", {"unproved": False})
    if values["apart"]:
        for author in authors(incoming.mail, setting.roster):
            work.ask_author(reporter, author, answering)
    look_for(work, incoming.beside.values())
    for other in incoming.beside.values():
        if says_the_same(other, setting, incoming):
            work.happen(e.Suggested(case=other.id, why="same-words"))
    if not kept:
        copies(work, beside=incoming.beside.values())
        where_too_few(work)
    return work.result()


@dataclass(frozen=True, kw_only=True)
class Readers:
    """Who would read a mail if it were a report."""

    members: tuple[Member, ...]
    begin: datetime | None = None  # not before: whom it keeps out can't be known


def readers(setting: Setting, incoming: Incoming) -> Readers:
    """Of a mail that is no report its sender isn't asked whom they meant, so that the time for
    their answer goes by."""
    work = Work(Case(id="nobody's"), setting)
    _begin(work, incoming)
    waits = work.case.provisionals.get(WHO_WAS_MEANT)
    if waits is not None:
        work.happen(e.Released(handles=tuple(sorted(waits.handles)), why=WHO_WAS_MEANT))
    return Readers(members=work.eligible, begin=waits.until if waits else None)


_FROM_THEM = Private("The report came from this member's address.")
_PERHAPS_FROM_THEM = Private("It can't be told who wrote the report, and it may be this member.")
_PERHAPS_OF_ANOTHER_CASE = Private(
    "It can't be told who wrote the report. It may be a member, and about a case that this one is"
    " kept out of."
)


@dataclass(frozen=True, kw_only=True)
class _Begun:
    reporter: str  # the party
    asking: tuple[str, ...]  # handles to leave out that resemble nobody
    everybody: bool  # is named


def _begin(work: Work, incoming: Incoming) -> _Begun:
    """The case is there, with its first message, and whoever must not read it is out."""
    policy, setting = work.setting.policy, work.setting
    work.happen(
        e.CaseOpened(
            reference=f"COC-{work.fresh('case')}",
            acknowledge_by=work.now + policy.acknowledge_within,
            update_by=work.now + policy.update_within,
        )
    )
    reachable = (incoming.address,) if incoming.address else ()
    language = setting.language_of(incoming.mail)
    reporter = work.join("reporter", reachable, incoming.name, language)
    reporter = heed(work, incoming, reporter.id)
    wanted = wishes(incoming.own)
    kept = incoming.destination.kept or wanted.keeps
    if kept:
        said = f"{incoming.mail.subject}\n{incoming.whole}"
        whom = about(said, wanted.about, (*reachable, *reporter.addresses), setting)
        work.happen(e.Kept(about=whom))
    asking = _leave_out(work, incoming)
    if incoming.urgent and not kept:
        escalate_by = work.now + policy.urgent_within
        work.happen(e.MarkedUrgent(by="cocmail", escalate_by=escalate_by))
    for tag in incoming.tags:
        work.happen(e.Tagged(by="cocmail", tag=tag))
    unsafe = NO_SAFE_ADDRESS if names_no_safe_address(work, incoming) else ""
    receive(work, incoming, reporter.id, note=unsafe)
    if incoming.address:
        _keep_apart(work, incoming)
    else:
        _keep_apart_perhaps(work, incoming)
    for other in incoming.beside.values():
        if any(s.keeps_off and incoming.address in s.addresses for s in other.sanctions.values()):
            work.happen(e.Suggested(case=other.id, why="return"))
    everybody = name_members(work, incoming)
    return _Begun(reporter=reporter.id, asking=asking, everybody=everybody)


def _keep_apart(work: Work, incoming: Incoming) -> None:
    """Who wrote it is out; who may not see it if it belongs to another case is, until they say."""
    for author in authors(incoming.mail, work.setting.roster):
        work.happen(e.Recused(handle=author.handle, by="cocmail", because=_FROM_THEM))
    apart = tuple(sorted(incoming.kept_apart - work.case.recused))
    if apart:
        work.happen(e.Provisional(handles=apart, why=OWN_MATTER, until=None))


def _keep_apart_perhaps(work: Work, incoming: Incoming) -> None:
    """Likewise where it can't be told who wrote it, so that nobody can be asked.

    Anybody may have put every member there. That must not leave nobody: where nobody outside could
    be asked either, whoever it may be from reads it, first of all who isn't kept out of a case of
    the others."""
    theirs = frozenset(m.handle for m in authors(incoming.mail, work.setting.roster))
    apart, in_it = incoming.kept_apart, {m.handle for m in later(work.case, work.setting)}
    out = theirs | apart
    if not unasked(work):
        fewer = (out, apart, apart - theirs, frozenset[str]())
        out = next((some for some in fewer if in_it - some), out)
    for handle in sorted(out - work.case.recused):
        why = _PERHAPS_FROM_THEM if handle in theirs else _PERHAPS_OF_ANOTHER_CASE
        work.happen(e.Recused(handle=handle, by="cocmail", because=why))


def _leave_out(work: Work, incoming: Incoming) -> tuple[str, ...]:
    """Keep out whom the sender wants kept out; the handles that resemble nobody."""
    nobody: list[str] = []
    if incoming.destination.left_out:
        words = tuple(Private(word) for word in incoming.destination.left_out)
        work.happen(e.LeftOut(words=words))
    for handle in incoming.destination.left_out:
        found = meant(handle, work.setting.roster)
        if not found:
            nobody.append(handle)
        for one in found:
            leave_out(work, one)
    if nobody and not any(p.startswith("member:") for p in _told(work.case)):
        handles = tuple(m.handle for m in work.eligible)
        until = work.now + work.setting.policy.acknowledge_within
        work.happen(e.Provisional(handles=handles, why=WHO_WAS_MEANT, until=until))
    return tuple(nobody)


def _told(case: Case) -> set[str]:
    return {note.party for note in case.letters}
