"""A report that is kept until somebody else reports the same person.

Owns when two reports name the same person, and what follows: the kept one is shown to the members,
with a suggestion, and nobody outside is told anything. Refuses to guess: an address, or a name that
the reporter gave for this, has to stand in the other report. Called by casework and by the actions
that name a respondent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.escalation import where_too_few
from cocmail.core.names import plain
from cocmail.core.people import Address, Private
from cocmail.core.setting import Setting
from cocmail.core.showing import copies
from cocmail.core.work import Work

KEPT = "kept"
"""How the index knows a case that is kept (no address is spelt so)."""

_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")


def about(
    text: str, names: Iterable[str], own: Iterable[Address], setting: Setting
) -> tuple[Private, ...]:
    """Whom a report that is kept is about: the names and addresses that its author gave for this,
    and the addresses in its text. Not the author's own, nor a member's; nor any of the community's
    domain, for lists are there, and two reports that name a list are not about one person."""
    others = {str(a) for a in own} | {str(a) for m in setting.roster.members for a in m.addresses}
    found = [
        _mailbox(a)
        for a in _ADDRESS.findall(text.casefold())
        if a not in others and not _ours(a, setting)
    ]
    return tuple(Private(one) for one in dict.fromkeys((*found, *(plain(n) for n in names))) if one)


def _ours(address: str, setting: Setting) -> bool:
    domain, own = address.rpartition("@")[2], setting.address.domain
    return f".{domain}".endswith(f".{own}") or f".{own}".endswith(f".{domain}")


def _mailbox(address: str) -> str:
    """The address without what one mailbox can be written with."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def meets(kept: Case, other: Case) -> bool:
    """Whether another reporter's words, or a respondent of theirs, name whom this is about."""
    authors = {a for p in kept.of_role("reporter") for a in p.addresses}
    texts = [
        f"{m.received.subject}\n{m.received.text}"
        for m in other.messages
        if m.received.party.startswith("reporter:")
        and m.received.sender not in authors
        and _mailbox(m.received.sender) not in kept.kept  # the person themself reports nobody
    ]
    named = {_mailbox(a) for p in other.of_role("respondent") for a in p.addresses}
    named |= {_mailbox(a) for text in texts for a in _ADDRESS.findall(text.casefold())}
    words = [re.sub(r"[^\w ]", " ", plain(text)).split() for text in texts]
    loose = [" ".join(["", *one, ""]) for one in words]
    return any(
        one in named if "@" in one else any(f" {one} " in text for text in loose)
        for one in kept.kept
        if one
    )


def look_for(work: Work, others: Iterable[Case]) -> None:
    """Somebody is named in the case at hand: what was kept about them is kept no longer."""
    for other in others:
        if other.id == work.case.id or other.merged_into:
            continue
        ours = bool(work.case.kept) and meets(work.case, other)
        theirs = bool(other.kept) and meets(other, work.case)
        if not ours and not theirs:
            continue
        there = work.on(other)
        work.happen(e.Suggested(case=other.id, why="same-person"))
        there.happen(e.Suggested(case=work.case.id, why="same-person"))
        if theirs:
            surface(there, "same-person", beside=work.case)
        if ours:
            surface(work, "same-person", beside=there.case)


def surface(work: Work, why: Literal["same-person", "asked"], beside: Case | None = None) -> None:
    """The members read it from now on. Its reporter is told nothing by it."""
    policy = work.setting.policy
    work.happen(
        e.Surfaced(
            why=why,
            acknowledge_by=work.now + policy.acknowledge_within,
            update_by=work.now + policy.update_within,
        )
    )
    copies(work, beside=() if beside is None else (beside,))
    where_too_few(work)
