"""Mail that belongs to no case goes into the quarantine, with the members who may hear of it.

Owns the asking who they are: those who would read it as a report, less whoever a case keeps out
whose reply address it came to. Where that can't be known, fewer. Refuses to know why it is set
aside (placing) and what they are told (casework.quarantine). Called by loops/placing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cocmail.core import casework
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.casework import Incoming, Readers
from cocmail.core.committee import COMMITTEE
from cocmail.core.errors import SoundnessError
from cocmail.core.escalation import unconcerned
from cocmail.core.mail import glimpse, recipients
from cocmail.core.minting import MOST_OURS, TOKEN, is_ours, ours_anywhere, ours_in
from cocmail.core.names import named_in_text
from cocmail.core.people import Address, Member
from cocmail.core.quarantine import MOST, is_quarantine, record_named
from cocmail.core.setting import Setting
from cocmail.core.threads import keeps, left_out, meant, named_in
from cocmail.core.wishes import wishes
from cocmail.core.work import Result
from cocmail.loops.bell import thought
from cocmail.loops.deciding import Deciding, unused
from cocmail.ports import Found, Transaction, Waiting


@dataclass(frozen=True, kw_only=True)
class MayKnow:
    """Who may know of a mail that belongs to no case."""

    members: tuple[Member, ...]
    outside: tuple[Address, ...] = ()  # where no member may
    begin: datetime | None = None  # not before: whom it keeps out can't be known
    cases: tuple[str, ...] = ()  # that it came to an address of, and that may keep more out yet


class Asides:
    """The quarantine's record that is open now. Each daemon has its own."""

    def __init__(self, deciding: Deciding, fresh: Callable[[], str]) -> None:
        self._deciding = deciding
        self._fresh = fresh
        self._record = ""
        self._mails = 0

    async def put(
        self,
        tx: Transaction,
        setting: Setting,
        waiting: Waiting,
        why: str,
        *,
        report: Incoming | None,
        urgent: bool = False,
        readable: bool = True,
    ) -> tuple[str, Result]:
        """The record, and what happens there. ``report``: the mail as a report; None where it
        can't be read. Of what is a machine's, most likely, members hear once a day."""
        found = await self.readers(tx, setting, waiting, report)
        record = self._next_record()
        tell_from = setting.now
        if report is not None and report.mail.doubtful:
            tell_from += setting.policy.acknowledge_within
        await tx.ensure_case(record)
        case = await tx.case(record) or Case(id=record)
        return record, casework.quarantined(
            case,
            setting,
            number=(await unused(tx, setting, 1))[0],
            mail=waiting.id,
            why=why,
            size=len(waiting.raw),
            readers=found.members,
            outside=found.outside,
            tell_from=tell_from,
            hidden_until=found.begin if found.members else None,
            urgent=urgent,
            readable=readable,
            cases=found.cases,
        )

    async def readers(
        self, tx: Transaction, setting: Setting, waiting: Waiting, report: Incoming | None
    ) -> MayKnow:
        """Who may know of it, of the committee as it is now."""
        reached = (*waiting.recipients, *recipients(waiting.raw))
        if report is None:
            # Wherever an address of ours stands in it: it may be in a field that can't be read.
            raw, community = waiting.raw, (setting.address, setting.delimiter)
            seen = await thought(len(raw), lambda: glimpse(raw))
            reached = (*reached, *ours_in(seen, *community))
            reached += await thought(len(raw), lambda: ours_anywhere(raw, *community))
            every = tuple(dict.fromkeys(reached))
            reached = every[:MOST_OURS]
            found = await thought(len(seen), lambda: _of_unread(seen, reached, setting))
            if len(every) > MOST_OURS:  # whom the others keep out can't be known
                found = Readers(members=())
            said = seen
        else:
            weight = report.mail.weight
            found = await thought(weight, lambda: casework.readers(setting, report))
            said = f"{report.mail.subject}\n{report.whole}"
            reached = (*reached, *report.mail.to, *report.mail.cc, *report.mail.trace_recipients)
        members, cases = await _in_its_cases(self._deciding, tx, setting, reached, found.members)
        outside: tuple[Address, ...] = ()
        look_at = partial(_waits_for_others, reached, report, setting)
        if not members and not await thought(len(said), look_at):
            author = (report.address,) if report else ()
            texts = [said, *((report.mail.claimants,) if report else ())]
            look = partial(unconcerned, setting.policy, setting.roster, author, texts)
            outside = await thought(sum(map(len, texts)), look)
        return MayKnow(members=members, outside=outside, begin=found.begin, cases=cases)

    def begin_anew(self) -> None:
        """With another record: nothing could be written down in this one."""
        self._mails = MOST

    def _next_record(self) -> str:
        if not self._record or self._mails >= MOST:
            self._record, self._mails = record_named(self._fresh()), 0
        self._mails += 1
        return self._record


def _waits_for_others(
    reached: Iterable[Address], report: Incoming | None, setting: Setting
) -> bool:
    """Nobody is to hear of it until somebody else reports the same person."""
    if keeps(reached, setting.address, setting.delimiter):
        return True
    return report is not None and (report.destination.kept or wishes(report.own).keeps)


def _of_unread(seen: str, reached: Iterable[Address], setting: Setting) -> Readers:
    """Whoever is neither left out nor seems to stand in what can be seen of it."""
    roster, community, delimiter = setting.roster, setting.address, setting.delimiter
    reached = tuple(reached)
    named = left_out(reached, community, delimiter)
    if keeps(reached, community, delimiter):
        return Readers(members=())
    unknown = any(not meant(one, roster) for one in named)  # whom it means nobody can ask here
    begin = setting.now + setting.policy.acknowledge_within if unknown else None
    whole = (word.strip(".,;:!?") for word in seen.split())
    words = " ".join(word for word in whole if "@" not in word and "." not in word)
    out = {handle for one in named for handle in meant(one, roster)}
    out |= {*named_in(words, roster), *named_in_text(seen, roster)}
    return Readers(members=roster.without(out | setting.committee.locked), begin=begin)


async def _in_its_cases(
    deciding: Deciding,
    tx: Transaction,
    setting: Setting,
    reached: Iterable[Address],
    members: tuple[Member, ...],
) -> tuple[tuple[Member, ...], tuple[str, ...]]:
    """Those of them who may know of every case that it came to an address of, and these cases."""
    details = {is_ours(one, setting.address, setting.delimiter) for one in reached}
    cases: dict[str, None] = {}
    for token in sorted(d for d in details if d and TOKEN.fullmatch(d)):
        found: Found | None = None
        try:
            found = await tx.token(token)
            if found is None or found.case == COMMITTEE or is_quarantine(found.case):
                continue
            cases[found.case] = None
            case = await deciding.case(tx, found.case)
        except SoundnessError as error:
            deciding.unread(found.case if found else "", error)
            return (), tuple(cases)  # whom that case keeps out can't be known
        members = tuple(m for m in members if case and may_know(case, setting, m))
    return members, tuple(cases)
