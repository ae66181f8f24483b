"""A member's mail to their own reply address: said to the committee, or commands.

Owns whether commands run at all: all of a mail's or none, verified or not. Refuses to know what a
command does (actions). Called by loops/placing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from cocmail.core import deliberation
from cocmail.core import events as e
from cocmail.core.actions import Hold, Turn, perform
from cocmail.core.body import Body
from cocmail.core.case import Case
from cocmail.core.casework.filing import put_aside, receive
from cocmail.core.casework.incoming import Incoming, marks_of
from cocmail.core.commands import COMMANDS, Command, Parsed, Problem, command_word, parse
from cocmail.core.floods import SAME_WORDS
from cocmail.core.letters import Kind, clean, usable_id
from cocmail.core.mail import Mail
from cocmail.core.people import Member, Private
from cocmail.core.policy import Unsigned
from cocmail.core.quoting import attribution
from cocmail.core.setting import Setting
from cocmail.core.showing import copies, originals, showing
from cocmail.core.verification import Signature, shortfall
from cocmail.core.work import Result, Work


def from_member(case: Case, setting: Setting, incoming: Incoming, member: Member) -> Result:
    """A mail through a member's own reply address, from an address of theirs."""
    work = Work(case, setting)
    if incoming.auth.signature is Signature.FAILED:
        return _forged(work, incoming, member)
    if incoming.purpose == "confirm" and not incoming.flood:
        return _confirmation(work, incoming, member)
    parsed = read_commands(incoming.mail)
    if incoming.flood and (parsed.problem is not None or incoming.flood == SAME_WORDS):
        # A program's: it goes on for as long as it is answered, or passed on to another one.
        party = f"member:{member.handle}"
        work.happen(e.Filed(mail=incoming.id, party=party, why=incoming.flood))
        return work.result(settled="filed", why=incoming.flood)
    if parsed.problem is not None:
        return _refuse(Work(case, setting), incoming, member, parsed.problem, parsed.problem_line)
    if not parsed.commands:
        received = receive(work, incoming, f"member:{member.handle}")
        if not received.waits:
            values = {**showing(work, received), "author": member}
            along = originals(work, received)
            work.tell(Kind.MESSAGE, "from-member", values, but=(member.handle,), originals=along)
        return work.result()
    lacking = unproved = shortfall(
        incoming.mail,
        incoming.auth,
        holding=incoming.destination.holding,
        replayed=incoming.replayed,
    )
    if incoming.mail.body is not Body.PLAIN:
        lacking = lacking or "It has no plain text of its own."
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


def from_guest(case: Case, setting: Setting, incoming: Incoming, guest: Member) -> Result:
    """Somebody outside the committee answers that they help: the case is open to them."""
    work = Work(case, setting)
    if incoming.auth.signature is Signature.FAILED:
        return _forged(work, incoming, guest)
    if guest.handle not in case.came:
        work.happen(e.GuestCame(handle=guest.handle))
        copies(work, [guest])
    received = receive(work, incoming, f"member:{guest.handle}")
    if not received.waits:
        values = {**showing(work, received), "author": guest}
        along = originals(work, received)
        work.tell(Kind.MESSAGE, "from-guest", values, but=(guest.handle,), originals=along)
    return work.result()


@dataclass
class _Stopped(Exception):
    """Nothing of this mail runs now."""

    problem: Problem | None = None
    line: Private = Private("")
    misgivings: tuple[str, ...] = ()


def read_commands(mail: Mail) -> Parsed:
    """The commands of a member's mail, or what is wrong with them."""
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
    held: e.Held | None = None,
) -> Result:
    """Run all commands, or raise _Stopped and leave nothing behind."""
    turn = Turn(
        work=work,
        member=member,
        ballot=ballot,
        confirmed=held is not None,
        observed=incoming.observed,
        beside=incoming.beside,
        pasts=incoming.pasts,
        files=incoming.files,
        attaches=any(c.word == "attach" for c in parsed.commands),
        mail=incoming.id if held is None else held.mail,
        answering=usable_id(incoming.mail.message_id),
    )
    misgivings: list[str] = []
    for command in parsed.commands:
        try:
            _same_numbers(work, incoming, member, command)
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
        receive(work, incoming, f"member:{member.handle}", proof="verified", text=text)
    work.happen(
        e.Ran(
            handle=member.handle,
            mail=incoming.id,
            commands=tuple(c.line for c in parsed.commands),
            marks=marks_of(incoming, work.setting),
        )
    )
    voted = any(COMMANDS[c.word].vote for c in parsed.commands)
    for one in (*work.eligible, *turn.beyond):
        done, whole = turn.lines_for(one.handle)
        # Words below a line that somebody must not read may be about it.
        below = rest if whole else ""
        if one.handle not in turn.hidden and (done or below):
            values = {"author": member, "done": done, "text": work.shown(below), "voted": voted}
            work.to_member(one, Kind.MESSAGE, "done", values, cases=turn.cases)
    deliberation.reconsider(work)
    return work.result()


def _same_numbers(work: Work, incoming: Incoming, member: Member, command: Command) -> None:
    """An address of a case that was merged into this one knows only that one's numbers."""
    if command.number is None or not work.case.branches:
        return
    party = f"member:{member.handle}"
    own = work.setting.minter.token(
        case=work.case.id,
        party=party,
        purpose=incoming.purpose,
        about=incoming.about,
        epoch=work.case.epoch(party),
    )
    if own not in incoming.destination.tokens:
        raise Problem(
            "two cases became one, and the numbers may have changed",
            "/status, and then the same in an answer to that",
        )


def _own_rest(rest: str) -> str:
    """The text below the commands, without a signature and a quote's attribution."""
    lines = rest.split("\n")
    cut = next((n for n, line in enumerate(lines) if line.rstrip() == "--"), len(lines))
    kept = "\n".join(lines[:cut]).strip()
    introduced = attribution(kept)
    if introduced and kept.replace("\n", " ").endswith(introduced.replace("\n", " ")):
        kept = kept[: len(kept) - len(introduced)].rstrip()
    return kept


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
    put_aside(work, incoming, f"member:{member.handle}", why)
    work.to_member(member, Kind.ALERT, "forged", {"why": why})
    return work.result(settled="quarantined", why=why)


def looks_ahead(mail: Mail) -> tuple[Command, ...]:
    """The commands that a member's mail would run, to see what must be looked up before."""
    return read_commands(mail).commands


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
        received = receive(work, incoming, f"member:{member.handle}")
        values = {**showing(work, received), "author": member}
        along = originals(work, received)
        work.tell(Kind.MESSAGE, "from-member", values, but=(member.handle,), originals=along)
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
        result = _run(work, incoming, member, parsed, held.proposal, held=held)
    except _Stopped as stopped:
        again = Work(start, work.setting)
        again.happen(e.Confirmed(confirmation=held.confirmation))
        problem = stopped.problem or Problem("it can't be done any more")
        return _refuse(again, incoming, member, problem, stopped.line)
    ran = next(x for x in result.events if isinstance(x, e.Ran))
    merged = replace(ran, marks=tuple(dict.fromkeys((*ran.marks, *held.marks))))
    return replace(result, events=tuple(merged if x is ran else x for x in result.events))
