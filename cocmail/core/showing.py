"""How a mail is shown to members, and what each gets who comes in.

Owns what of a message a member sees, and that nobody misses one: by whom a mail was seen stands in
the notes of the letters that showed it. Called by casework, by the actions and by deliberation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cocmail.core import events as e
from cocmail.core.attached import going, listed
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.letters import Kind
from cocmail.core.people import Address, Member
from cocmail.core.sanctions import Sanction
from cocmail.core.spelling import spelled
from cocmail.core.work import Work

_SINGLY = 10  # mails: of what somebody missed; more make no heap of letters
MOST_ASIDES = 200  # mails: told of in one mail
_SHORTEST_BEGINNING = 200  # letters
_LONGEST_CLAIM = 400  # letters
_ROOM = 60_000  # characters of messages in one mail
_USUAL = timedelta(days=1)  # from when a mail says that it was written until it comes


def showing(work: Work, received: e.Received, *, copying: bool = True) -> dict[str, object]:
    """Thought out once, however many are shown it. ``copying``: the letter is told `originals` as
    well."""
    key = f"{received.number} {received.mail} {copying}"
    if key not in work.shows:
        work.shows[key] = _showing(work, received, copying=copying)
    return work.shows[key]


def _showing(work: Work, received: e.Received, *, copying: bool) -> dict[str, object]:
    wanted = work.setting.copying
    first = _files_before(work.case, received) + 1
    return {
        "received": received,
        "came": _came(work, received),
        "text": work.shown(received.text),
        "subject": spelled(work.shown(received.subject)),
        "claims": _claims(work, received),
        "attached": listed(received, copying=copying and wanted, first=first, every=wanted),
    }


def _came(work: Work, one: e.Received | e.SetAside) -> datetime | None:
    """When it reached us, where its own date doesn't tell: anybody writes there what they like.
    What was taken in reached us when it was set aside."""
    case = work.case
    known = [(a.mail.mail, a.at) for a in case.asides]
    known += [(m.received.mail, m.at) for m in case.messages]
    at = next((at for mail, at in known if mail == one.mail), work.setting.now)
    return None if one.sent and abs(at - one.sent) < _USUAL else at


def _claims(work: Work, one: e.Received | e.SetAside) -> list[str]:
    return [spelled(work.shown(claim))[:_LONGEST_CLAIM] for claim in one.claims]


def _files_before(case: Case, received: e.Received) -> int:
    return sum(len(m.received.attachments) for m in case.messages[: received.number - 1])


def files_for(work: Work, member: Member) -> dict[int, tuple[e.Received, int]]:
    """What is attached to the mails that this member was shown, by its number in the case: the
    message, and the file's place there. What became a case of its own is asked for in that."""
    seen, case = work.shown_to(member), work.case
    return {
        _files_before(case, received) + place: (received, place)
        for received in (m.received for m in case.messages)
        if received.mail in seen and received.number not in case.split
        for place in range(1, len(received.attachments) + 1)
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
    why: str  # "return", "same-person", "same-words"
    sanctions: tuple[Sanction, ...] = field(default=(), repr=False)  # that hold the sender off


def copies(
    work: Work, members: Iterable[Member] | None = None, beside: Iterable[Case] = ()
) -> None:
    """The report to each member who may see it, and what came after it. ``beside``: cases of this
    transaction that it may belong together with."""
    first = report_of(work.case)
    for member in work.eligible if members is None else members:
        if first is not None and first.mail not in work.shown_to(member):
            values = {**showing(work, first), "hints": hints(work, member, beside)}
            along = originals(work, first)
            work.to_member(member, Kind.REPORT, "report", values, originals=along)
        catch_up(work, member)


def report_of(case: Case) -> e.Received | None:
    """The first message from outside that didn't become a case of its own."""
    return next(iter(_from_outside(case)), None)


def _from_outside(case: Case) -> list[e.Received]:
    """What became a case of its own has an audience of its own."""
    received = [m.received for m in case.messages if m.received.number not in case.split]
    return [r for r in received if not r.party.startswith("member:")]


def catch_up(work: Work, member: Member) -> None:
    """What came from outside and this member wasn't shown: while they were kept out, or while
    nobody could read it."""
    case = work.case
    seen = work.shown_to(member) | case.hidden_from(member.handle)
    missed = [
        r for r in _from_outside(case) if r.mail not in seen and r.number not in case.unpassed
    ]
    if len(missed) <= _SINGLY:
        for received in missed:
            _hand_on(work, received, member)
        missed = []
    while missed:
        fitting = fit(missed)
        values = {"several": together(work, fitting), "more": 0}
        work.to_member(member, Kind.MESSAGE, "from-outsiders", values)
        shown = {received.number for received in fitting}
        missed = [received for received in missed if received.number not in shown]
    asides = [
        a.mail
        for a in case.asides
        if not a.settled
        and not a.untold
        and a.mail.mail not in seen
        and may_be_told(a.mail, member)
    ]
    if len(asides) <= _SINGLY:
        for aside in asides:
            work.to_member(member, Kind.MESSAGE, "aside", showing_aside(work, aside))
        return
    for start in range(0, len(asides), MOST_ASIDES):
        part = asides[start : start + MOST_ASIDES]
        values = {"beginnings": beginnings(work, part), "more": 0}
        work.to_member(member, Kind.MESSAGE, "asides", values)


def fit(messages: Iterable[e.Received]) -> list[e.Received]:
    """Of these messages as many as one mail has room for, in the order of their numbers: of each
    party the first, and then what fits beside."""
    fitting: list[e.Received] = []
    begun, done, size = set[str](), set[str](), 0
    for received in messages:
        length = len(received.text) if received.party in begun else 0
        if received.party in done or size + length > _ROOM:
            done.add(received.party)
            continue
        size += length
        begun.add(received.party)
        fitting.append(received)
    return sorted(fitting, key=lambda received: received.number)


def together(work: Work, messages: Iterable[e.Received]) -> list[dict[str, object]]:
    """These messages, for one mail."""
    return [
        {
            **showing(work, received, copying=False),
            "party": work.case.parties.get(received.party),
        }
        for received in messages
    ]


def hand_on(work: Work, received: e.Received) -> None:
    """An outsider's message, to each member who may see it and didn't."""
    for member in work.eligible:
        if received.mail not in work.shown_to(member) | work.case.hidden_from(member.handle):
            _hand_on(work, received, member)


def _hand_on(work: Work, received: e.Received, member: Member) -> None:
    values = {**showing(work, received), "party": work.case.parties[received.party]}
    along = originals(work, received)
    work.to_member(member, Kind.MESSAGE, "from-outsider", values, originals=along)


def showing_aside(work: Work, aside: e.SetAside) -> dict[str, object]:
    key = f"aside {aside.mail}"
    if key not in work.shows:
        work.shows[key] = _showing_aside(work, aside)
    return work.shows[key]


def _showing_aside(work: Work, aside: e.SetAside) -> dict[str, object]:
    inside = {m.handle for m in work.eligible}
    return {
        "aside": aside,
        "came": _came(work, aside),
        "unseen_by": [handle for handle in aside.named if handle in inside],
        "text": work.shown(aside.text),
        "subject": spelled(work.shown(aside.subject)),
        "claims": _claims(work, aside),
        "attached": listed(aside),
    }


def may_be_told(aside: e.SetAside, member: Member) -> bool:
    """Whether this member is shown it, of those who may know of the case: not if it names them,
    and not what their own program wrote, which would be answered."""
    own = aside.program and aside.party == f"member:{member.handle}"
    return not own and member.handle not in aside.named


def beginnings(work: Work, asides: Sequence[e.SetAside]) -> list[dict[str, object]]:
    """Of each mail that was set aside as much as one mail has room for, so that none of them
    keeps another from being seen."""
    room = max(_ROOM // len(asides), _SHORTEST_BEGINNING)
    return [
        {
            **shown,
            "text": (text := str(shown["text"]))[:room],
            "subject": str(shown["subject"])[:_LONGEST_CLAIM],
            "cut": len(text[room:]),
        }
        for shown in (showing_aside(work, aside) for aside in asides)
    ]


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
