"""Which case a mail belongs to, and who may bring about what there.

Owns the finding: by reply address, by what it answers, by being the same report again; else a new
case, or the quarantine. Refuses to know what follows (casework). Called by loops/intake, in its
deciding transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from cocmail.core import casework
from cocmail.core import events as e
from cocmail.core.arrival import Fate, arrived
from cocmail.core.audience import addresses_of, known_as, may_know
from cocmail.core.case import SYSTEM, Case
from cocmail.core.casework import Incoming
from cocmail.core.commands import Problem
from cocmail.core.errors import Permanent
from cocmail.core.escalation import HELP
from cocmail.core.escrow import KEPT
from cocmail.core.letters import Kind, usable_id
from cocmail.core.mail import Mail
from cocmail.core.minting import is_ours
from cocmail.core.people import Address, Member, Private
from cocmail.core.quarantine import is_quarantine
from cocmail.core.setting import Setting
from cocmail.core.threads import destination, meant
from cocmail.core.verification import Signature
from cocmail.core.wishes import wishes
from cocmail.core.work import Result, Work
from cocmail.loops.aside import Asides, MayKnow
from cocmail.loops.bell import thought
from cocmail.loops.deciding import Deciding, considered
from cocmail.loops.examining import Examined, is_return_path, no_case
from cocmail.ports import RELEASED, Found, Transaction, Waiting

_COMMANDS = "commands"  # for what the marks of a mail with commands are remembered
_MOST_BESIDE = 200  # cases looked at for one mail: of more, some stay unread


class Placer:
    def __init__(self, deciding: Deciding, new_case: Callable[[], str]) -> None:
        self._deciding = deciding
        self._new_case = new_case
        self._asides = Asides(deciding, new_case)

    async def place(
        self, tx: Transaction, examined: Examined, setting: Setting
    ) -> tuple[str, Result]:
        """Find the case and the party, or open a case."""
        mail = examined.mail
        found = [
            (token, there)
            for token in examined.destination.tokens
            if (there := await tx.token(token)) is not None
        ]
        waiting = examined.waiting
        if waiting.road == RELEASED:  # members took it for a report
            found = [(t, there) for t, there in found if not no_case(there.case)]
        elif not any(is_return_path(there) for _, there in found) and (
            mail.message_id and await tx.minted(mail.message_id)
        ):
            return SYSTEM, noted("filed", "It is mail of ours that came back.", waiting.id)
        if len(found) > 1:
            return await self._two_addresses(tx, examined, setting)
        if found and not await self._stands_alone(tx, examined, setting, found[0][1]):
            return await self._in_case(tx, examined, setting, found[0][1])
        arrival = await thought(
            mail.weight,
            lambda: arrived(
                mail,
                examined.judgement,
                setting.roster,
                junk=waiting.junk,
                flood=examined.flood,
                released=waiting.road == RELEASED,
                ours=is_ours(_address(mail), setting.address, setting.delimiter) is not None,
            ),
        )
        if arrival.fate is Fate.FILED:
            return SYSTEM, noted("filed", arrival.why, waiting.id)
        answered = await self._answered(tx, examined, setting) if not found else None
        if answered and not await self._stands_alone(tx, examined, setting, answered):
            return await self._in_case(tx, examined, setting, answered)
        member = setting.roster.by_address(mail.sender.address) if mail.sender else None
        if member is not None and arrival.fate is Fate.REFUSED:
            return SYSTEM, self._nowhere(examined, setting, member, arrival.why)
        if arrival.fate is Fate.SET_ASIDE:
            return await self._put_aside(tx, examined, setting, arrival.why)
        incoming = await self._as_report(tx, examined, setting)
        if examined.judgement.once and waiting.road != RELEASED:
            repeated = await _repeated(tx, incoming, setting)
            if repeated is not None:
                return repeated
        case_id = self._new_case()
        await tx.open_case(case_id)
        case = Case(id=case_id)
        report = partial(casework.report, case, setting, incoming)
        # What was said before is looked at too.
        before = incoming.beside.values()
        return case_id, await considered(report, setting, *before, characters=mail.weight)

    async def _put_aside(
        self,
        tx: Transaction,
        examined: Examined,
        setting: Setting,
        why: str,
        *,
        readable: bool = True,
    ) -> tuple[str, Result]:
        return await self._asides.put(
            tx,
            setting,
            examined.waiting,
            why,
            report=await self._as_report(tx, examined, setting),
            urgent=bool(examined.judgement.urgent),
            readable=readable,
        )

    async def _as_report(self, tx: Transaction, examined: Examined, setting: Setting) -> Incoming:
        """The mail with all that a report of it depends on."""
        mail = examined.mail
        authors = await thought(len(mail.claimants), lambda: casework.authors(mail, setting.roster))
        apart = frozenset[str]()
        for one in authors:
            apart |= await tx.recused_with(one.handle)
            apart |= await self._not_let_in(tx, setting, one)
        return replace(
            _incoming(examined),
            kept_apart=apart,
            urgent=examined.judgement.urgent,
            tags=examined.judgement.tags,
            beside=await self._of_sender(tx, examined),
        )

    async def _of_sender(self, tx: Transaction, examined: Examined) -> dict[str, Case]:
        """Cases that a new report may belong together with."""
        mail = examined.mail
        names = dict.fromkeys(f.case for f in await tx.cases_of_address(Address(KEPT)))
        if mail.sender is not None:
            found = await tx.cases_of_address(mail.sender.address)
            names |= dict.fromkeys(f.case for f in found)
        wished = await thought(mail.weight, lambda: wishes(mail.own))
        if examined.destination.kept or wished.keeps:
            names |= dict.fromkeys(await tx.open_cases())
        return await _glances(tx, names)

    async def _not_let_in(
        self, tx: Transaction, setting: Setting, author: Member
    ) -> frozenset[str]:
        """Who joined the committee after a case that this member is in, and isn't in it."""
        late = [m for m in setting.roster.members if m.since is not None]
        cases = [await tx.glance(name) for name in await tx.open_cases()] if late else []
        return frozenset(
            m.handle
            for case in cases
            if case is not None and may_know(case, setting, author)
            for m in late
            if not may_know(case, setting, m)
        )

    async def _answered(
        self, tx: Transaction, examined: Examined, setting: Setting
    ) -> Found | None:
        """The party to whom we sent a mail that this one answers, if the sender is that party."""
        mail = examined.mail
        places: dict[tuple[str, str], Found] = {}
        for message_id in (*mail.in_reply_to, *mail.references)[-50:]:
            there = await tx.minted(message_id)
            if there is not None:
                places[(there.case, there.party)] = there
        if mail.sender is None or len({case for case, _ in places}) != 1:
            return None
        for there in places.values():
            case = await tx.case(there.case)
            if case is not None and mail.sender.address in addresses_of(case, setting, there.party):
                role, _, name = there.party.partition(":")
                member = known_as(case, setting, name) if role == "member" else None
                if role != "member" or (member and may_know(case, setting, member)):
                    return replace(there, purpose="reply", about="")
        return None

    async def _stands_alone(
        self, tx: Transaction, examined: Examined, setting: Setting, found: Found
    ) -> bool:
        case = await tx.case(found.case)
        return case is not None and stands_alone(case, setting, _incoming(examined), found)

    async def _in_case(
        self, tx: Transaction, examined: Examined, setting: Setting, found: Found
    ) -> tuple[str, Result]:
        aside = is_quarantine(found.case)
        read = partial(self._deciding.record, tx) if aside else tx.case
        case = await read(found.case)
        if case is None:
            raise Permanent("a reply address leads to a case that is gone")
        incoming = replace(_incoming(examined), purpose=found.purpose, about=found.about)
        marks = casework.marks_of(incoming, setting)
        beside = await self._beside(tx, case, examined, found.party)
        replayed = bool(marks) and await tx.seen(marks)
        if examined.commands:
            # What was refused, or waits for a confirmation, must not run by itself later on.
            for mark in marks:
                replayed |= await tx.duplicate_of(mark, _COMMANDS) is not None
        incoming = replace(
            incoming,
            replayed=replayed,
            beside=beside,
            pasts=await _pasts(tx, beside, examined),
        )
        if case.links or case.suggested:
            setting = await self._deciding.setting(tx, case)
        # What was said before is looked at too, where something leaves.
        decide = partial(in_case, case, setting, incoming, found)
        near = (case, *beside.values())
        result = await considered(decide, setting, *near, characters=incoming.mail.weight)
        if result.settled == "quarantined" and no_case(found.case):
            return await self._put_aside(tx, examined, setting, result.why)
        return found.case, result

    async def _beside(
        self, tx: Transaction, case: Case, examined: Examined, party: str
    ) -> dict[str, Case]:
        """The other cases that commands name, or that know a person whom they name."""
        if is_quarantine(case.id):
            if not {c.word for c in examined.commands} & {"accept", "drop"}:
                return {}
            return {one.id: one for one in await self._deciding.records(tx) if one.id != case.id}
        names: dict[str, None] = {}
        if party.startswith("reporter:"):  # who may name somebody whom a kept report is about
            names |= dict.fromkeys(f.case for f in await tx.cases_of_address(Address(KEPT)))
        if case.kept:
            names |= dict.fromkeys(await tx.open_cases())
        for command in examined.commands:
            if command.word in ("link", "merge"):
                found = await tx.reference(command.target)
                if found is not None:
                    names[found] = None
                    await tx.case(found)  # it is written to: its row is locked
            if command.word in ("respondent", "sanction"):
                names |= dict.fromkeys(f.case for f in await tx.cases_of_address(Address(KEPT)))
            for address in command.addresses:
                for one in (address, *_linked(examined, address)):
                    names |= dict.fromkeys(f.case for f in await tx.cases_of_address(one))
        names.pop(case.id, None)
        return await _glances(tx, names)

    async def kept(
        self, tx: Transaction, setting: Setting, waiting: Waiting, why: str, mail: Mail | None
    ) -> tuple[str, Result]:
        """Where a mail goes that failed. ``mail``: None where it can't be read."""
        report = await self._if_report(tx, setting, waiting, mail)
        return await self._asides.put(tx, setting, waiting, why, report=report, readable=False)

    async def readers(
        self, tx: Transaction, setting: Setting, waiting: Waiting, mail: Mail | None
    ) -> MayKnow:
        """Who may know of a mail that is set aside, now. ``mail``: as for ``kept``."""
        report = await self._if_report(tx, setting, waiting, mail)
        return await self._asides.readers(tx, setting, waiting, report)

    async def _if_report(
        self, tx: Transaction, setting: Setting, waiting: Waiting, mail: Mail | None
    ) -> Incoming | None:
        if mail is None:
            return None
        where = destination(mail, waiting.recipients, setting.address, setting.delimiter)
        examined = Examined(waiting=waiting, mail=mail, destination=where)
        return await self._as_report(tx, examined, setting)

    def begin_anew(self) -> None:
        """With another record of what is set aside: something is wrong with the one in use."""
        self._asides.begin_anew()

    async def _two_addresses(
        self, tx: Transaction, examined: Examined, setting: Setting
    ) -> tuple[str, Result]:
        why = "It came to two different reply addresses."
        member = _member(examined, setting)
        if examined.mail.automatic:
            return SYSTEM, noted("filed", why, examined.waiting.id)
        if member is None:
            return await self._put_aside(tx, examined, setting, why, readable=False)
        work = Work(Case(id=SYSTEM), setting)
        problem = Problem(
            "your mail went to two of our reply addresses, so it isn't clear where it belongs",
            "one mail to each",
        )
        _refuse(work, examined, member, problem)
        work.happen(e.Happened(what="set-aside", detail=why, mail=examined.waiting.id))
        return SYSTEM, work.result(settled="quarantined", why=why)

    def _nowhere(self, examined: Examined, setting: Setting, member: Member, why: str) -> Result:
        work = Work(Case(id=SYSTEM), setting)
        problem = Problem(
            "commands work only in an answer to a mail of a case,"
            " and this came to the public address",
            "the same as an answer to a mail of that case",
        )
        _refuse(work, examined, member, problem)
        work.happen(e.Happened(what="filed", detail=why, mail=examined.waiting.id))
        return work.result(settled="filed", why=why)


def stands_alone(case: Case, setting: Setting, incoming: Incoming, found: Found) -> bool:
    """Whether a mail that keeps members out is a report of its own, whatever case it came to. In
    the case all who are there would read it, but for what its own outsiders ask, where it is sure
    that it is they, and whom they mean."""
    where = incoming.destination
    if incoming.mail.automatic or not (where.left_out or where.kept):
        return False
    known = (
        not found.party.startswith("member:")
        and found.purpose not in ("dead", "return")
        and incoming.address in addresses_of(case, setting, found.party)
        and incoming.auth.signature is not Signature.FAILED
        and not casework.is_doubtful(case, found.party)
    )
    everybody = all(meant(handle, setting.roster) for handle in where.left_out)
    return not known or not everybody or (where.kept and not case.kept)


def in_case(case: Case, setting: Setting, incoming: Incoming, found: Found) -> Result:
    """Who wrote through whose reply address decides what a mail can do."""
    party = found.party
    taken = next((a for a in case.asides if a.mail.mail == incoming.id), None)
    if taken is not None and taken.settled == "taken-in":
        return casework.taken_in(case, setting, incoming, taken.mail)
    if is_return_path(found):
        addresses = addresses_of(case, setting, party)
        return casework.came_back(case, setting, incoming, party, addresses)
    if incoming.mail.automatic:
        addresses = addresses_of(case, setting, party)
        return casework.from_machine(case, setting, incoming, party, addresses)
    if no_case(case.id):
        return casework.to_no_case(case, setting, incoming, party)
    if found.purpose == "dead":
        why = "It came to a reply address that is no longer in use."
        return casework.from_stranger(case, setting, incoming, party, why)
    if incoming.address not in addresses_of(case, setting, party):
        why = "Its sender isn't the person whom the reply address was made for."
        return casework.from_stranger(case, setting, incoming, party, why)
    role, _, handle = party.partition(":")
    if role != "member":
        return casework.from_outsider(case, setting, incoming, party)
    member = known_as(case, setting, handle)
    if member is not None and found.purpose == HELP:
        return casework.from_guest(case, setting, incoming, member)
    if member is None or not may_know(case, setting, member):
        why = "Its sender isn't in this case."
        return casework.from_stranger(case, setting, replace(incoming, purpose="dead"), party, why)
    return casework.from_member(case, setting, incoming, member)


async def _repeated(
    tx: Transaction, incoming: Incoming, setting: Setting
) -> tuple[str, Result] | None:
    """The case of the same report, sent before by the same person, and what happens there."""

    async def first_in(case: Case | None) -> e.Received | None:
        if case is None:
            return None
        look = partial(casework.sent_before, case, setting, incoming)
        return await thought(case.weight + incoming.mail.weight, look)

    for name, glanced in incoming.beside.items():
        if await first_in(glanced) is None:
            continue
        case = await tx.case(name)  # its row is locked
        first = await first_in(case)
        if case is not None and first is not None:
            joins = partial(casework.again, case, setting, incoming, first)
            weight = incoming.mail.weight
            return name, await considered(joins, setting, case, characters=weight)
    return None


async def _glances(tx: Transaction, names: Iterable[str]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for name in sorted(names)[-_MOST_BESIDE:]:
        other = await tx.glance(name)
        if other is not None:
            found[name] = other
    return found


async def _pasts(
    tx: Transaction, beside: Iterable[str], examined: Examined
) -> dict[str, tuple[e.Past, ...]]:
    """All that happened in those cases, where one of them is to be merged."""
    if not any(command.word == "merge" for command in examined.commands):
        return {}
    return {
        name: tuple(
            e.Past(at=at, event=Private(e.encode(event).decode()))
            for at, event in await tx.past(name)
        )
        for name in beside
    }


def _address(mail: Mail) -> Address:
    return mail.sender.address if mail.sender else Address("")


def _member(examined: Examined, setting: Setting) -> Member | None:
    sender = examined.mail.sender
    return setting.roster.by_address(sender.address) if sender else None


def _linked(examined: Examined, address: Address) -> tuple[Address, ...]:
    return examined.observed.linked.get(address, ()) if examined.observed else ()


def _incoming(examined: Examined) -> Incoming:
    return Incoming(
        id=examined.waiting.id,
        mail=examined.mail,
        auth=examined.auth,
        destination=examined.destination,
        observed=examined.observed,
        files=examined.files,
        returned=examined.returned,
        flood=examined.flood,
    )


def noted(settled: str, why: str, mail: str) -> Result:
    return Result(
        events=(e.Happened(what=settled, detail=why, mail=mail),),
        letters=(),
        settled=settled,
        why=why,
    )


def _refuse(work: Work, examined: Examined, member: Member, problem: Problem) -> None:
    first = next((ln.strip() for ln in examined.mail.text.split("\n") if ln.strip()), "")
    work.to_member(
        member,
        Kind.REFUSAL,
        "refusal",
        {"line": first[:400], "why": problem.why, "right": problem.right},
        answering=usable_id(examined.mail.message_id),
    )
