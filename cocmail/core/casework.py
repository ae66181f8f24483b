"""A mail that belongs to a case, and what comes of it.

Owns the dialogue: who hears what when a report, an answer or a member's mail comes in. Refuses
to know where the mail came from and how it is stored; the loop has found the case and the party.
Called by loops/intake, in one deciding transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.actions import Hold, Turn, perform
from cocmail.core.case import Case
from cocmail.core.commands import COMMANDS, Command, Parsed, Problem, command_word, parse
from cocmail.core.enforcement import Observed
from cocmail.core.letters import Kind, clean, usable_id
from cocmail.core.mail import Body, Mail
from cocmail.core.people import Address, Member, Private
from cocmail.core.policy import Unsigned
from cocmail.core.quoting import attribution
from cocmail.core.setting import Setting
from cocmail.core.threads import Destination, meant, named_in
from cocmail.core.verification import Authentication, Signature, shortfall
from cocmail.core.work import Result, Work

OWN_MATTER = "own-matter"
WHO_WAS_MEANT = "who-was-meant"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A mail with all that is known of it."""

    id: str  # the vault's
    mail: Mail = field(repr=False)
    auth: Authentication
    destination: Destination = field(repr=False)
    purpose: str = ""  # what the reply address is for: reply, ballot, confirm, return, dead
    about: str = ""
    replayed: bool = False
    observed: Observed | None = field(default=None, repr=False)
    urgent: str = ""  # why a filter holds it for urgent
    tags: tuple[str, ...] = ()
    kept_apart: frozenset[str] = frozenset()  # who must not see this member's plain mail yet

    @property
    def address(self) -> Address:
        return self.mail.sender.address if self.mail.sender else Address("")

    @property
    def name(self) -> Private:
        return Private(clean(self.mail.sender.name)) if self.mail.sender else Private("")

    @property
    def text(self) -> str:
        return clean(self.mail.text)

    @property
    def proof(self) -> str:
        return "signed" if self.auth.signature is Signature.SOUND else "unsigned"


# -- a new case ------------------------------------------------------------------------------


def report(case: Case, setting: Setting, incoming: Incoming) -> Result:
    """A mail to the community's plain address opens a case."""
    work = Work(case, setting)
    policy = setting.policy
    work.happen(
        e.CaseOpened(
            reference=f"COC-{work.fresh('case')}",
            acknowledge_by=work.now + policy.acknowledge_within,
            update_by=work.now + policy.update_within,
        )
    )
    reachable = (incoming.address,) if incoming.address else ()
    reporter = work.join("reporter", reachable, incoming.name)
    author = setting.roster.by_address(incoming.address)
    if author is not None:
        why = Private("The report came from this member's address.")
        work.happen(e.Recused(handle=author.handle, by="cocmail", because=why))
    asking = _leave_out(work, incoming)
    if incoming.kept_apart - work.case.recused:
        apart = tuple(sorted(incoming.kept_apart - work.case.recused))
        work.happen(e.Provisional(handles=apart, why=OWN_MATTER, until=None))
    if incoming.urgent:
        work.happen(e.MarkedUrgent(by="cocmail"))
    for tag in incoming.tags:
        work.happen(e.Tagged(by="cocmail", tag=tag))
    _receive(work, incoming, reporter.id)
    answering = usable_id(incoming.mail.message_id)
    values = {"asking": asking, "handles": [m.handle for m in setting.roster.members]}
    work.to_party(reporter, Kind.ACKNOWLEDGEMENT, "acknowledgement", values, answering=answering)
    if work.case.provisional_why == OWN_MATTER and author is not None:
        work.ask_author(reporter, author, answering)
    _copies(work)
    return work.result()


def _leave_out(work: Work, incoming: Incoming) -> tuple[str, ...]:
    """Keep out whom the sender wants kept out; the handles that resemble nobody."""
    nobody: list[str] = []
    for handle in incoming.destination.left_out:
        found = meant(handle, work.setting.roster)
        if not found:
            nobody.append(handle)
        for one in found:
            _recuse(work, one)
    if nobody and not any(p.startswith("member:") for p in _told(work.case)):
        handles = tuple(m.handle for m in work.eligible)
        until = work.now + work.setting.policy.acknowledge_within
        work.happen(e.Provisional(handles=handles, why=WHO_WAS_MEANT, until=until))
    return tuple(nobody)


def _told(case: Case) -> set[str]:
    return {note.party for note in case.letters}


def _recuse(work: Work, handle: str) -> None:
    if handle not in work.case.recused:
        why = Private("The reporter asked for it.")
        work.happen(e.Recused(handle=handle, by="reporter", because=why))


def _receive(
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
        text=Private(incoming.text if text is None else text),
        attachments=tuple(Private(clean(a.name)) for a in mail.attachments),
        sent=mail.date,
        message_id=usable_id(mail.message_id),
        note=Private(note or _remarks(incoming)),
    )
    work.happen(received)
    return received


def _remarks(incoming: Incoming) -> str:
    """What members should know of a mail beside its text."""
    remarks: list[str] = []
    if incoming.mail.sender is None:
        remarks.append(f"It can't be answered: {incoming.mail.sender_defect}.")
    if incoming.mail.encrypted:
        remarks.append("It is encrypted, and cocmail can't read it.")
    if incoming.urgent:
        remarks.append(incoming.urgent)
    return " ".join(remarks)


def _copies(work: Work, members: Iterable[Member] | None = None) -> None:
    """The report to each member who may see it."""
    first = next((m.received for m in work.case.messages), None)
    if first is None:
        return
    for member in work.eligible if members is None else members:
        work.to_member(member, Kind.REPORT, "report", _showing(work, first))


def _showing(work: Work, received: e.Received) -> dict[str, object]:
    return {
        "received": received,
        "text": work.shown(received.text),
        "subject": work.shown(received.subject),
    }


def release(work: Work) -> None:
    """Members who were kept out for a while come in, and get the report."""
    handles = tuple(sorted(work.case.provisional))
    before = {m.handle for m in work.eligible}
    work.happen(e.Released(handles=handles))
    _copies(work, [m for m in work.eligible if m.handle not in before])


# -- an outsider's mail ----------------------------------------------------------------------


def from_outsider(case: Case, setting: Setting, incoming: Incoming, party_id: str) -> Result:
    """A mail through an outsider's reply address, from that outsider."""
    work = Work(case, setting)
    if incoming.auth.signature is Signature.FAILED:
        return _set_aside(work, incoming, party_id, incoming.auth.why)
    pending = next((a for a in case.asides if a.mail.stranger == party_id), None)
    if pending is not None and not any(
        a.settled == "taken-in" for a in case.asides if a.mail.stranger == party_id
    ):
        return _set_aside(work, incoming, party_id, pending.mail.why, stranger=party_id)
    for handle in incoming.destination.left_out:
        for one in meant(handle, setting.roster):
            _recuse(work, one)
    received = _receive(work, incoming, party_id)
    first_line = next((ln.strip().lower() for ln in incoming.text.split("\n") if ln.strip()), "")
    if work.case.provisional_why == OWN_MATTER and incoming.purpose == "confirm":
        if first_line == "/confirm":
            release(work)
            return work.result()
    elif work.case.provisional_why == WHO_WAS_MEANT and party_id == "reporter:1":
        own = "\n".join(ln for ln in incoming.text.split("\n") if not ln.lstrip().startswith(">"))
        for handle in named_in(own, setting.roster):
            _recuse(work, handle)
        release(work)
    values = {**_showing(work, received), "party": work.case.parties[party_id]}
    work.tell(Kind.MESSAGE, "from-outsider", values)
    return work.result()


def from_stranger(
    case: Case, setting: Setting, incoming: Incoming, party_id: str, why: str
) -> Result:
    """A mail to somebody else's reply address: shown to the members, never believed."""
    work = Work(case, setting)
    stranger = ""
    if incoming.address and incoming.purpose != "dead":
        joined = case.party_of(incoming.address, "witness") or work.join(
            "witness", (incoming.address,), incoming.name
        )
        stranger = joined.id
        # The same receipt as anybody gets, so that nobody learns whether they hit on a case.
        work.to_party(
            joined,
            Kind.ACKNOWLEDGEMENT,
            "acknowledgement",
            {"asking": (), "handles": [m.handle for m in setting.roster.members]},
            answering=usable_id(incoming.mail.message_id),
        )
    return _set_aside(work, incoming, party_id, why, stranger=stranger)


def _set_aside(
    work: Work, incoming: Incoming, party_id: str, why: str, stranger: str = ""
) -> Result:
    _put_aside(work, incoming, party_id, why, stranger)
    return work.result(settled="quarantined", why=why)


def _put_aside(work: Work, incoming: Incoming, party_id: str, why: str, stranger: str = "") -> None:
    aside = e.SetAside(
        number=len(work.case.asides) + 1,
        mail=incoming.id,
        party=party_id,
        stranger=stranger,
        sender=incoming.address,
        name=incoming.name,
        subject=Private(clean(incoming.mail.subject)),
        text=Private(incoming.text),
        why=why,
    )
    work.happen(aside)
    values = {"aside": aside, "text": work.shown(aside.text), "subject": work.shown(aside.subject)}
    work.tell(Kind.MESSAGE, "aside", values)


def from_machine(case: Case, setting: Setting, incoming: Incoming, party_id: str) -> Result:
    """Automatic mail is filed, and never answered. A bounce of ours is told to the others."""
    work = Work(case, setting)
    work.happen(e.Filed(mail=incoming.id, party=party_id, why=incoming.mail.automatic))
    if incoming.purpose == "return" and incoming.mail.report in ("delivery-status", ""):
        undelivered(work, party_id, "", "It came back from the recipient's mail server.")
    return work.result(settled="filed", why=incoming.mail.automatic)


def undelivered(work: Work, party_id: str, letter: str, why: str) -> None:
    """A letter did not arrive: the members learn of it, but for the one whose letter it was."""
    work.happen(e.Undelivered(party=party_id, letter=letter, why=why))
    role, _, name = party_id.partition(":")
    what = next((n.what for n in work.case.letters if n.letter == letter), "")
    if role == "owner":
        return
    values = {"role": role, "name": name, "what": what, "why": why}
    work.tell(Kind.ALERT, "undelivered", values, but=name if role == "member" else "")


# -- a member's mail -------------------------------------------------------------------------


def from_member(case: Case, setting: Setting, incoming: Incoming, member: Member) -> Result:
    """A mail through a member's own reply address, from an address of theirs."""
    work = Work(case, setting)
    if incoming.auth.signature is Signature.FAILED:
        return _forged(work, incoming, member)
    if incoming.purpose == "confirm":
        return _confirmation(work, incoming, member)
    parsed = _parse(incoming.mail)
    if parsed.problem is not None:
        return _refuse(Work(case, setting), incoming, member, parsed.problem, parsed.problem_line)
    if not parsed.commands:
        received = _receive(work, incoming, f"member:{member.handle}")
        values = {**_showing(work, received), "author": member}
        work.tell(Kind.MESSAGE, "from-member", values, but=member.handle)
        return work.result()
    lacking = unproved = shortfall(
        incoming.mail,
        incoming.auth,
        holding=incoming.destination.holding,
        replayed=incoming.replayed,
    )
    if incoming.mail.body is not Body.PLAIN:
        lacking = lacking or "It has no plain text of its own, only HTML."
    ballot = incoming.about if incoming.purpose == "ballot" else ""
    try:
        return _run(work, incoming, member, parsed, ballot, lacking=lacking)
    except _Stopped as stopped:
        work = Work(case, setting)
        if stopped.problem is not None:
            return _refuse(work, incoming, member, stopped.problem, stopped.line)
        if unproved and setting.policy.unsigned is Unsigned.REFUSE:
            problem = Problem(
                unproved[0].lower() + unproved[1:].rstrip("."), "the same in a signed mail"
            )
            return _refuse(work, incoming, member, problem, parsed.commands[0].line)
        reasons = (*((lacking,) if lacking else ()), *stopped.misgivings)
        return _hold(work, incoming, member, parsed, ballot, reasons)


@dataclass
class _Stopped(Exception):
    """Nothing of this mail runs now."""

    problem: Problem | None = None
    line: Private = Private("")
    misgivings: tuple[str, ...] = ()


def _parse(mail: Mail) -> Parsed:
    parsed = parse(clean(mail.text))
    if mail.body is Body.SEVERAL and (parsed.commands or parsed.problem):
        return Parsed(
            commands=(),
            rest=Private(""),
            problem=Problem(
                "this mail has more than one text part, so it isn't clear which one counts",
                "the same in a mail with one plain text and no attachments",
            ),
            problem_line=parsed.commands[0].line if parsed.commands else parsed.problem_line,
        )
    return parsed


def _run(
    work: Work,
    incoming: Incoming,
    member: Member,
    parsed: Parsed,
    ballot: str,
    *,
    lacking: str = "",
    confirmed: bool = False,
) -> Result:
    """Run all commands, or raise _Stopped and leave nothing behind."""
    turn = Turn(
        work=work,
        member=member,
        ballot=ballot,
        confirmed=confirmed,
        observed=incoming.observed,
        answering=usable_id(incoming.mail.message_id),
    )
    misgivings: list[str] = []
    for command in parsed.commands:
        try:
            perform(turn, command)
        except Problem as problem:
            raise _Stopped(problem, command.line) from None
        except Hold as hold:
            misgivings.extend(hold.misgivings)
    if lacking or misgivings:
        raise _Stopped(misgivings=tuple(misgivings))
    rest = _own_rest(parsed.rest)
    text = "\n".join(c.line for c in parsed.commands) + (f"\n\n{rest}" if rest else "")
    if member.handle not in work.case.recused:
        _receive(work, incoming, f"member:{member.handle}", proof="verified", text=text)
    work.happen(
        e.Ran(
            handle=member.handle,
            mail=incoming.id,
            commands=tuple(c.line for c in parsed.commands),
            marks=marks_of(incoming, work.setting),
        )
    )
    if turn.done or rest:
        values = {
            "author": member,
            "done": turn.done,
            "text": work.shown(rest),
            "voted": any(COMMANDS[c.word].vote for c in parsed.commands),
        }
        work.tell(Kind.MESSAGE, "done", values)
    deliberation.reconsider(work)
    return work.result()


def _own_rest(rest: str) -> str:
    """The text below the commands, without a signature and a quote's attribution."""
    lines = rest.split("\n")
    cut = next((n for n, line in enumerate(lines) if line.rstrip() == "--"), len(lines))
    kept = "\n".join(lines[:cut]).strip()
    introduced = attribution(kept)
    if introduced and kept.replace("\n", " ").endswith(introduced.replace("\n", " ")):
        kept = kept[: len(kept) - len(introduced)].rstrip()
    return kept


def marks_of(incoming: Incoming, setting: Setting) -> tuple[str, ...]:
    """What must not count twice: each signature, and the Message-ID."""
    digest = setting.minter.digest
    marks = [digest(f"signature {m}") for m in incoming.auth.marks]
    if incoming.mail.message_id:
        marks.append(digest(f"message-id {incoming.mail.message_id}"))
    return tuple(marks)


def _refuse(work: Work, incoming: Incoming, member: Member, problem: Problem, line: str) -> Result:
    """Nothing was done; the member is told which line, why, and what would have been right."""
    work.happen(e.Refused(handle=member.handle, mail=incoming.id, why=Private(problem.why)))
    values = {"line": clean(line)[:400], "why": problem.why, "right": problem.right}
    work.to_member(
        member, Kind.REFUSAL, "refusal", values, answering=usable_id(incoming.mail.message_id)
    )
    return work.result(why="refused")


def _forged(work: Work, incoming: Incoming, member: Member) -> Result:
    """Set aside; the committee hears of it, and so does the member in whose name it came."""
    why = incoming.auth.why
    _put_aside(work, incoming, f"member:{member.handle}", why)
    work.to_member(member, Kind.ALERT, "forged", {"why": why})
    return work.result(settled="quarantined", why=why)


def _shown_for_confirmation(parsed: Parsed) -> str:
    """Exactly what would happen, as the member wrote it."""
    shown: list[str] = []
    for command in parsed.commands:
        shown.append(command.line)
        if COMMANDS[command.word].text:
            shown.extend(f"| {line}" for line in command.text.split("\n"))
    return "\n".join(shown)


def _hold(
    work: Work,
    incoming: Incoming,
    member: Member,
    parsed: Parsed,
    ballot: str,
    reasons: tuple[str, ...],
) -> Result:
    shown = _shown_for_confirmation(parsed)
    digest = hashlib.sha256(shown.encode()).hexdigest()
    confirmation = f"C{work.fresh('confirmation')}{incoming.id[:8]}"
    work.happen(
        e.Held(
            confirmation=confirmation,
            handle=member.handle,
            mail=incoming.id,
            text=Private(incoming.text),
            digest=digest,
            proposal=ballot,
            marks=marks_of(incoming, work.setting),
        )
    )
    work.to_member(
        member,
        Kind.CONFIRMATION,
        "confirmation",
        {"shown": shown, "reasons": tuple(dict.fromkeys(reasons))},
        purpose="confirm",
        about=confirmation,
        answering=usable_id(incoming.mail.message_id),
    )
    return work.result(why="waits for a confirmation")


def _confirmation(work: Work, incoming: Incoming, member: Member) -> Result:
    """An answer to a confirmation: `/confirm` as its first line, and nothing else, confirms."""
    held = work.case.held.get(incoming.about)
    lines = [ln.strip() for ln in incoming.text.split("\n") if ln.strip()]
    if held is None or held.handle != member.handle:
        problem = Problem(
            "this confirmation was used already, or is over", "your commands once more, in the case"
        )
        return _refuse(work, incoming, member, problem, lines[0] if lines else "")
    if not lines or lines[0].lower() != "/confirm":
        if lines and command_word(lines[0]):
            problem = Problem(
                "at this address only /confirm counts",
                "/confirm as the first line, or your commands in the case",
            )
            return _refuse(work, incoming, member, problem, lines[0])
        received = _receive(work, incoming, f"member:{member.handle}")
        values = {**_showing(work, received), "author": member}
        work.tell(Kind.MESSAGE, "from-member", values, but=member.handle)
        return work.result()
    parsed = parse(held.text)
    digest = hashlib.sha256(_shown_for_confirmation(parsed).encode()).hexdigest()
    if parsed.problem is not None or digest != held.digest:
        problem = Problem(
            "what was to be confirmed reads differently now", "your commands once more"
        )
        return _refuse(work, incoming, member, problem, "/confirm")
    start = work.case
    work.happen(e.Confirmed(confirmation=held.confirmation))
    try:
        result = _run(work, incoming, member, parsed, held.proposal, confirmed=True)
    except _Stopped as stopped:
        again = Work(start, work.setting)
        again.happen(e.Confirmed(confirmation=held.confirmation))
        problem = stopped.problem or Problem("it can't be done any more")
        return _refuse(again, incoming, member, problem, stopped.line)
    ran = next(x for x in result.events if isinstance(x, e.Ran))
    merged = replace(ran, marks=tuple(dict.fromkeys((*ran.marks, *held.marks))))
    return replace(result, events=tuple(merged if x is ran else x for x in result.events))


def looks_ahead(mail: Mail) -> tuple[Command, ...]:
    """The commands that a member's mail would run, to see what must be looked up before."""
    return _parse(mail).commands
