"""One function a command: what it does to the case, or why it can't be done.

Owns the effects of the command table and who may cause them. Refuses to know mail: casework has
seen to it that the member is verified. Each raises Problem, and then nothing of the mail runs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field

from cocmail.core import deliberation, speech
from cocmail.core import events as e
from cocmail.core.case import Proposal
from cocmail.core.commands import COMMANDS, Command, Problem
from cocmail.core.enforcement import Observed
from cocmail.core.letters import Kind, clean
from cocmail.core.people import Address, Member, Private
from cocmail.core.preview import Preview, preview, where
from cocmail.core.sanctions import Measure, Sanction, Scope, State
from cocmail.core.work import Work


class Hold(Exception):
    """A text for outsiders should be looked at once more."""

    def __init__(self, misgivings: tuple[str, ...]) -> None:
        super().__init__("held")
        self.misgivings = misgivings


@dataclass(kw_only=True)
class Turn:
    """One member's commands being run."""

    work: Work
    member: Member
    ballot: str  # the proposal whose ballot address the mail came through, or ""
    confirmed: bool  # the member has seen exactly what would leave
    observed: Observed | None  # what stands on the lists; None: Mailman could not be asked
    answering: str  # the member's Message-ID
    done: list[str] = field(default_factory=list)  # what took effect, a line each


def perform(turn: Turn, command: Command) -> None:
    """Run one command. Raises Problem or Hold."""
    _ACTIONS[command.word](turn, command)


def _reply(turn: Turn, command: Command) -> None:
    work = turn.work
    parties = speech.addressees(work.case, command)
    text = clean(command.text)
    if not turn.confirmed:
        doubts = speech.misgivings(text, work.case, work.setting.roster)
        if doubts:
            raise Hold(doubts)
    reporter = any(p.role == "reporter" for p in parties)
    work.happen(
        e.Said(
            by=turn.member.handle,
            parties=tuple(p.id for p in parties),
            text=Private(text),
            update_by=work.now + work.setting.policy.update_within if reporter else None,
        )
    )
    for party in parties:
        work.to_party(party, Kind.MESSAGE, "to-outsider", {"text": text})
    names = " and ".join(f"{p.role} {p.number}" for p in parties)
    turn.done.append(f"wrote to {names}, in the committee's name:\n\n{text}\n")


def _respondent(turn: Turn, command: Command) -> None:
    work = turn.work
    addresses = tuple(a for a in command.addresses)
    known = next((p for a in addresses if (p := work.case.party_of(a, "respondent"))), None)
    if known is None:
        known = work.join("respondent", addresses)
    else:
        work.happen(e.PartyNamed(party=known.id, addresses=addresses, by=turn.member.handle))
    _keep_out_if_member(turn, addresses)
    work.to_member(
        turn.member,
        Kind.ANSWER,
        "known",
        {
            "addresses": addresses,
            "preview": where(addresses, turn.observed),
            "sanctions": [s for s in work.case.sanctions.values() if s.address in addresses],
        },
        answering=turn.answering,
    )
    turn.done.append(f"named {', '.join(addresses)} as {known.role} {known.number}")


def _keep_out_if_member(turn: Turn, addresses: tuple[Address, ...]) -> None:
    """A member who is the respondent decides nothing here, from this moment on."""
    for address in addresses:
        member = turn.work.setting.roster.by_address(address)
        if member and member.handle not in turn.work.case.recused:
            turn.work.happen(
                e.Recused(
                    handle=member.handle,
                    by="cocmail",
                    because=Private("This member's address is the respondent's."),
                )
            )
            turn.done.append(f"kept {member.handle} out of this case, being named in it")
    deliberation.reconsider(turn.work)


def _scope(turn: Turn, names: tuple[str, ...]) -> Scope:
    """Group names and lists, by posting address, list id or an unambiguous local part."""
    groups: list[str] = []
    lists: list[str] = []
    known = dict(turn.observed.lists) if turn.observed else {}
    for name in names:
        if name in turn.work.setting.groups:
            groups.append(name)
            continue
        found = [
            posting
            for posting, list_id in known.items()
            if name in (posting, list_id) or posting.partition("@")[0] == name
        ]
        if len(found) == 1:
            lists.append(found[0])
        elif len(found) > 1:
            raise Problem(
                f"“{name}” could be {' or '.join(sorted(found))}", f"on {sorted(found)[0]}"
            )
        elif turn.observed is None:
            raise Problem(
                f"Mailman can't be asked just now, so “{name}” can't be looked up",
                "the same in a few minutes, or “on all”, or a group by name",
            )
        else:
            near = difflib.get_close_matches(
                name,
                [*turn.work.setting.groups, *known, *(p.partition("@")[0] for p in known)],
                n=1,
                cutoff=0.6,
            )
            raise Problem(
                f"no list and no group is called {name}",
                f"did you mean {near[0]}?"
                if near
                else "“on all”, a group's name, or a list's address",
            )
    return Scope(groups=tuple(dict.fromkeys(groups)), lists=tuple(dict.fromkeys(lists)))


def _person(turn: Turn, address: Address) -> tuple[Address, ...]:
    """All addresses that are known to be this person's, the named one first."""
    known = turn.work.case.party_of(address, "respondent")
    linked = turn.observed.linked.get(address, ()) if turn.observed else ()
    return tuple(dict.fromkeys((address, *(known.addresses if known else ()), *linked)))


def _propose_sanction(turn: Turn, command: Command) -> None:
    work = turn.work
    if command.measure is None:
        raise Problem("the measure is missing")
    address = command.addresses[0]
    scope = _scope(turn, command.scope)
    addresses = _person(turn, address)
    if command.until is not None and command.until <= work.now:
        raise Problem("the date after “until” has passed already", "a date to come")
    _keep_out_if_member(turn, addresses)
    permanent = command.permanently
    _enough_voters(turn, permanent=permanent)
    work.respondent(address)
    sanction_id = f"S{work.fresh('sanction')}"
    work.happen(
        e.Proposed(
            proposal=sanction_id,
            what="sanction",
            by=turn.member.handle,
            because=command.because,
            closes=work.now + work.setting.policy.voting_period,
            sanction=sanction_id,
            measure=command.measure,
            address=address,
            addresses=addresses,
            groups=scope.groups,
            lists=scope.lists,
            seconds=command.duration.total_seconds() if command.duration else None,
            until=command.until,
            permanent=permanent,
            including_roles=command.including_roles,
        )
    )
    sanction = work.case.sanctions[sanction_id]
    seen = preview(
        command.measure,
        addresses,
        scope,
        work.setting.groups,
        turn.observed,
        including_roles=command.including_roles,
    )
    _ballots(turn, work.case.proposals[sanction_id], seen)
    turn.done.append(f"proposed {_named(sanction)}; a ballot went to everybody who may vote")


def _enough_voters(turn: Turn, *, permanent: bool) -> None:
    eligible = len(turn.work.eligible)
    enough = turn.work.setting.policy.needed(permanent=permanent, eligible=eligible)
    if eligible < enough:
        raise Problem(
            f"a decision needs {enough} approvals, and only {eligible} of you may vote in this case"
        )


def _named(sanction: Sanction) -> str:
    """A sanction in a few words, for members."""
    return f"{sanction.id}: {sanction.measure} {sanction.address} on {sanction.scope}"


def _ballots(turn: Turn, proposal: Proposal, seen: Preview) -> None:
    work = turn.work
    sanction = work.case.sanctions[proposal.proposed.sanction]
    lift = proposal.proposed.what == "lift"
    party = work.respondent(sanction.address)
    letter = (
        work.preview(party, "letter-ended", {"sanction": sanction, "how": "lifted"})
        if lift
        else work.preview(party, "letter", deliberation.letter_values(work, proposal.proposed))
    )
    values = {
        "proposal": proposal.proposed,
        "sanction": sanction,
        "letter": letter,
        "preview": seen,
        # The letter can't be held as a reply is: but who votes is told what it may give away.
        "doubts": ()
        if lift
        else speech.misgivings(sanction.reason, work.case, work.setting.roster),
        "needed": deliberation.needed(work, proposal),
        "eligible": len(work.eligible),
        "earlier": [
            s
            for s in work.case.sanctions.values()
            if s.id != sanction.id and s.address in sanction.addresses and s.start is not None
        ],
    }
    for member in work.eligible:
        work.to_member(member, Kind.BALLOT, "ballot", values, purpose="ballot", about=proposal.id)


def _lift(turn: Turn, command: Command) -> None:
    work = turn.work
    sanction = work.case.sanctions.get(command.target)
    if sanction is None or sanction.state is not State.IN_FORCE:
        in_force = [s.id for s in work.case.sanctions.values() if s.state is State.IN_FORCE]
        raise Problem(
            f"no sanction {command.target} is in force in this case",
            f"/lift {in_force[0]} because …" if in_force else "/status says what is in force",
        )
    if sanction.measure in (Measure.WARN, Measure.REMOVE):
        raise Problem(f"a “{sanction.measure}” is done once and can't be lifted")
    if any(
        p.proposed.what == "lift" and p.proposed.sanction == sanction.id
        for p in work.case.open_proposals
    ):
        raise Problem("a vote on lifting it is open already", "an answer to its ballot")
    proposal_id = f"L{work.fresh('lift')}"
    proposed = e.Proposed(
        proposal=proposal_id,
        what="lift",
        by=turn.member.handle,
        because=command.because,
        closes=work.now + work.setting.policy.voting_period,
        sanction=sanction.id,
    )
    work.happen(proposed)
    proposal = work.case.proposals[proposal_id]
    _enough_voters(turn, permanent=deliberation.is_permanent(work, proposal))
    _ballots(turn, proposal, where(sanction.addresses, turn.observed))
    turn.done.append(
        f"proposed to lift {_named(sanction)}; a ballot went to everybody who may vote"
    )


def _vote(turn: Turn, command: Command) -> None:
    if not turn.ballot:
        raise Problem(
            "a vote counts only in an answer to your own ballot",
            "an answer to the ballot, with the same line",
        )
    proposal = turn.work.case.proposals.get(turn.ballot)
    if proposal is None or proposal.decided is not None:
        raise Problem("this vote is closed already")
    if any(line.startswith("voted") for line in turn.done):
        raise Problem(
            "there is more than one vote in this mail", "one of /approve, /object and /abstain"
        )
    turn.work.happen(
        e.Voted(
            proposal=proposal.id,
            handle=turn.member.handle,
            vote=command.word,  # type: ignore[arg-type]
            because=command.because,
        )
    )
    because = f", because {command.because}" if command.because else ""
    sanction = turn.work.case.sanctions[proposal.proposed.sanction]
    about = "lifting " if proposal.proposed.what == "lift" else ""
    turn.done.append(f"voted “{command.word}” on {about}{_named(sanction)}{because}")


def _withdraw(turn: Turn, command: Command) -> None:
    own = [p for p in turn.work.case.open_proposals if p.proposed.by == turn.member.handle]
    if turn.ballot:
        own = [p for p in own if p.id == turn.ballot]
    if not own:
        raise Problem("no proposal of yours is open here")
    if len(own) > 1:
        raise Problem(
            "several proposals of yours are open", "/withdraw, in an answer to that one's ballot"
        )
    deliberation.withdraw(turn.work, own[0])
    turn.done.append(f"took back the proposal {own[0].id}")


def _recuse(turn: Turn, command: Command) -> None:
    if command.target and command.target != turn.member.handle:
        raise Problem(
            "keeping another member out isn't available in this version yet",
            "/recuse, for yourself",
        )
    turn.work.to_member(turn.member, Kind.ANSWER, "recused", {}, answering=turn.answering)
    turn.work.happen(
        e.Recused(handle=turn.member.handle, by=turn.member.handle, because=command.because)
    )
    turn.done.append("left this case, and hears nothing more of it")
    deliberation.reconsider(turn.work)


def _aside(turn: Turn, command: Command) -> int:
    number = command.number or 0
    open_ones = [a.mail.number for a in turn.work.case.asides if not a.settled]
    if number not in open_ones:
        right = f"one of {', '.join(map(str, open_ones))}" if open_ones else ""
        raise Problem(f"nothing with the number {number} is set aside here", right)
    return number


def _accept(turn: Turn, command: Command) -> None:
    work = turn.work
    number = _aside(turn, command)
    aside = work.case.asides[number - 1].mail
    work.happen(e.TakenIn(number=number, by=turn.member.handle))
    work.also.append((aside.mail, "done"))
    party = (
        aside.stranger
        or work.join("witness", (aside.sender,) if aside.sender else (), aside.name).id
    )
    work.happen(
        e.Received(
            number=work.case.next_number(),
            mail=aside.mail,
            party=party,
            sender=aside.sender,
            name=aside.name,
            proof="unsigned",
            subject=aside.subject,
            text=aside.text,
            attachments=(),
            sent=None,
            message_id="",
        )
    )
    turn.done.append(f"took in the mail that was set aside as {number}")


def _drop(turn: Turn, command: Command) -> None:
    number = _aside(turn, command)
    turn.work.happen(e.LeftAside(number=number, by=turn.member.handle))
    turn.work.also.append((turn.work.case.asides[number - 1].mail.mail, "filed"))
    turn.done.append(f"left aside the mail with the number {number}")


def _assign(turn: Turn, command: Command) -> None:
    if command.target not in {m.handle for m in turn.work.eligible}:
        names = ", ".join(m.handle for m in turn.work.eligible)
        raise Problem(f"nobody in this case has the handle {command.target}", f"one of {names}")
    turn.work.happen(e.Assigned(by=turn.member.handle, handle=command.target))
    turn.done.append(f"gave this case to {command.target}")


def _tag(turn: Turn, command: Command) -> None:
    turn.work.happen(e.Tagged(by=turn.member.handle, tag=clean(command.target)[:40]))
    turn.done.append(f"tagged this case “{command.target}”")


def _urgent(turn: Turn, command: Command) -> None:
    turn.work.happen(e.MarkedUrgent(by=turn.member.handle))
    turn.done.append("marked this case as urgent")


def _close(turn: Turn, command: Command) -> None:
    work = turn.work
    if not work.case.is_open:
        raise Problem("this case is closed already")
    if work.case.open_proposals:
        raise Problem(
            "a vote is still open in this case", "the same once it is decided, or /withdraw first"
        )
    assert command.outcome is not None
    work.happen(
        e.Closed(by=turn.member.handle, outcome=command.outcome.value, because=command.because)
    )
    tell_outcome(work, "outcome-closed", {"outcome": command.outcome.value})
    because = f", because {command.because}" if command.because else ""
    turn.done.append(f"closed this case as “{command.outcome}”{because}")


def tell_outcome(work: Work, template: str, values: dict[str, object]) -> None:
    """Each reporter hears the outcome once per case, in a mail of their own."""
    told = {n.party for n in (*work.case.letters, *work.notes) if n.what == Kind.OUTCOME}
    for party in work.case.of_role("reporter"):
        if party.id not in told:
            work.to_party(party, Kind.OUTCOME, template, values)


def _reopen(turn: Turn, command: Command) -> None:
    if turn.work.case.is_open:
        raise Problem("this case is open already")
    work = turn.work
    work.happen(
        e.Reopened(by=turn.member.handle, update_by=work.now + work.setting.policy.update_within)
    )
    turn.done.append("opened this case again")


def _status(turn: Turn, command: Command) -> None:
    work = turn.work
    proposals = [
        (p, deliberation.standing_votes(work, p), deliberation.needed(work, p))
        for p in work.case.open_proposals
    ]
    values = {
        "proposals": proposals,
        "eligible": work.eligible,
        "asides": [a.mail for a in work.case.asides if not a.settled],
        "sanctions": [s for s in work.case.sanctions.values() if s.state is not State.PROPOSED],
    }
    work.to_member(turn.member, Kind.ANSWER, "status", values, answering=turn.answering)


def _help(turn: Turn, command: Command) -> None:
    specs = [s for s in COMMANDS.values() if s.available]
    turn.work.to_member(
        turn.member, Kind.HELP, "help", {"commands": specs}, answering=turn.answering
    )


def _confirm(turn: Turn, command: Command) -> None:
    raise Problem(
        "there is nothing to confirm at this address",
        "/confirm as the first line of an answer to the mail that asks for it",
    )


_ACTIONS: dict[str, Callable[[Turn, Command], None]] = {
    "reply": _reply,
    "respondent": _respondent,
    "sanction": _propose_sanction,
    "lift": _lift,
    "approve": _vote,
    "object": _vote,
    "abstain": _vote,
    "confirm": _confirm,
    "withdraw": _withdraw,
    "recuse": _recuse,
    "accept": _accept,
    "drop": _drop,
    "assign": _assign,
    "tag": _tag,
    "urgent": _urgent,
    "close": _close,
    "reopen": _reopen,
    "status": _status,
    "help": _help,
}
