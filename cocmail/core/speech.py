"""What members say to people outside: to whom, and whether the text is fit to leave.

Owns the look at a text before it leaves (the commonest leak of every help desk). Refuses to send
anything: a text that doesn't pass waits for the member's own `/confirm`. Called by actions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cocmail.core import claims
from cocmail.core.attached import every_name
from cocmail.core.case import Case, Party
from cocmail.core.commands import Command, Problem, command_word
from cocmail.core.files import File
from cocmail.core.leaks import A_MEMBERS_MESSAGE, Secrets, Source, leaks
from cocmail.core.people import Roster
from cocmail.core.quoting import attribution, header_block, shared_run, signature

RUN_OF_WORDS = 6
"""So many words in a row, the same as in another message of the case, are taken for a quote."""


def addressees(case: Case, command: Command) -> tuple[Party, ...]:
    """The parties that a `/reply` means. Raises Problem where that isn't clear."""
    role = "reporter" if command.target.startswith("reporter") else "respondent"
    parties = case.of_role(role)
    if not parties:
        if role == "respondent":
            raise Problem("nobody is named as respondent yet", "/respondent mallory@example.net")
        raise Problem("this case has no reporter to write to")
    if all(p.silent for p in parties):
        raise Problem(
            f"this {role} asked not to be written to", "nothing, until they ask for it themselves"
        )
    reachable = tuple(p for p in parties if p.addresses and not p.silent)
    if not reachable:
        raise Problem("there is no address to write to: their mail came without a usable one")
    if command.target == "reporters":
        return reachable
    if command.number is None:
        if len(parties) > 1:
            numbers = ", ".join(p.number for p in parties)
            raise Problem(
                f"this case has {len(parties)} {role}s, and it isn't said which",
                f"/reply {role} N, where N is one of {numbers}"
                + (
                    "; or /reply reporters, each in a mail of their own"
                    if role == "reporter"
                    else ""
                ),
            )
        return reachable
    chosen = tuple(p for p in reachable if p.number == str(command.number))
    if not chosen:
        numbers = ", ".join(p.number for p in reachable)
        raise Problem(
            f"there is no {role} {command.number}", f"/reply {role} N, where N is one of {numbers}"
        )
    return chosen


def texts_of(case: Case) -> Iterable[str]:
    """Every message of the case: what came in, what was set aside, what went out."""
    for message in case.messages:
        yield message.received.text
    for aside in case.asides:
        yield aside.mail.text
    for said in case.said:
        yield said.text


def leaking(
    text: str, case: Case, parties: Iterable[Party], files: Sequence[File] = ()
) -> tuple[str, ...]:
    """What this text seems to tell these people that they must not know: who reported, or what
    the members said among themselves; () if nothing was found."""
    attached = [(file.was, file.digest) for file in files]
    found = [
        leak.says for party in parties for leak in leaks(text, secrets_of(case, party), attached)
    ]
    found += [f"A picture that goes with it looks like “{f.like}”." for f in files if f.like]
    return tuple(dict.fromkeys(found))


def secrets_of(case: Case, party: Party) -> Secrets:
    """What this person must not learn from us; their own words, and ours to them, are no secret."""
    others = [p for p in case.parties.values() if p.id != party.id and p.role != "owner"]
    # A reporter named the reported person to us; anybody else must not learn who reported.
    hidden = [p for p in others if party.role != "reporter" or p.role != "respondent"]
    own = [m.received for m in case.messages if m.received.party == party.id]
    foreign = [m.received for m in case.messages if m.received.party != party.id]
    known = {a for p in case.parties.values() if p not in hidden for a in p.addresses}
    claimed = [c for c in _claimed(case, party) if not (at := claims.addresses(c)) or at - known]
    return Secrets(
        names=(*(p.name for p in hidden if p.name), *(n for c in claimed for n in claims.names(c))),
        addresses=(
            *(a for p in hidden for a in p.addresses),
            *(a for c in claimed for a in sorted(claims.addresses(c) - known)),
        ),
        sources=tuple(Source(text=f"{r.subject}\n{r.text}", what=_what(r.party)) for r in foreign),
        attachments=tuple(
            (str(name), digest)
            for r in foreign
            for names, digest in zip(every_name(r), r.digests, strict=False)
            for name in names
        ),
        own=(
            *(f"{r.subject}\n{r.text}" for r in own),
            *(s.text for s in case.said if party.id in s.parties),
            *(s.reason for s in case.sanctions.values() if {*s.addresses} & {*party.addresses}),
        ),
    )


def _claimed(case: Case, party: Party) -> Iterable[str]:
    """What others' mail says of its sender, where that can't be told: whose it may be."""
    mails = [m.received.claims for m in case.messages if m.received.party != party.id]
    asides = [a.mail.claims for a in case.asides]
    return dict.fromkeys(c.partition(": ")[2] for said in (*mails, *asides) for c in said)


def _what(party: str) -> str:
    role = party.partition(":")[0]
    if role == "member":
        return A_MEMBERS_MESSAGE
    return "a report" if role == "reporter" else "another person's message"


def misgivings(text: str, case: Case, roster: Roster) -> tuple[str, ...]:
    """Why this text should be looked at once more before it leaves; () if nothing stands out."""
    found: list[str] = []
    if header_block(text):
        found.append("It holds what looks like the head of another mail.")
    if attribution(text):
        found.append("It holds a line that introduces a quote.")
    if signature(text, [m.name for m in roster.members]):
        found.append("It holds what looks like a signature.")
    if any(command_word(line) for line in text.split("\n")):
        found.append("It holds a line that looks like a command; /end goes before it.")
    if any(shared_run(text, other, words=RUN_OF_WORDS) for other in texts_of(case)):
        found.append("It holds words from another message of this case.")
    lowered = text.lower()
    if any(a in lowered for m in roster.members for a in m.addresses) or any(
        m.name and re.search(rf"\b{re.escape(m.name)}\b", text, re.IGNORECASE)
        for m in roster.members
    ):
        found.append("It holds a committee member's name or address.")
    return tuple(found)
