"""The pages of the commands, held to the code: their heads, and each wrong use that they tell of.

Owns the reading and the making anew of `docs/commands/*.md`. A page's table is the test's data: a
row says what a member writes and where, and the core is asked what it answers. Run
`python -m tests.core.wrong_uses` after a change: it makes heads and answers anew, and leaves what
people wrote. A new row needs its first two cells only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cocmail.core import casework
from cocmail.core.case import Case
from cocmail.core.casework import Incoming
from cocmail.core.commands import COMMANDS, Spec
from cocmail.core.enforcement import Observed, Role, Row
from cocmail.core.events import (
    CaseOpened,
    Escalated,
    Guest,
    PartyJoined,
    PartySilenced,
    Provisional,
    Quarantined,
    Refused,
)
from cocmail.core.files import File
from cocmail.core.leading import found as lead_found
from cocmail.core.leading import suspects
from cocmail.core.leads import Bearers, Subscription, leads
from cocmail.core.mail import Mail, read
from cocmail.core.people import Address, Private
from cocmail.core.policy import Policy
from cocmail.core.quarantine import record_named
from cocmail.core.setting import Setting
from cocmail.core.work import Result
from tests.promises.kit import World, text_of

PAGES = Path(__file__).parents[2] / "docs" / "commands"
GUIDE = PAGES.parent / "committee.md"
LINKS = "Each command has a page, with every wrong use and what would have been right:"
TABLE = "## What is refused, and what would be right"
HEAD = "| you write | where | what is wrong | what would be right |"
MALLORY = Address("mallory@example.net")
AMARA = Address("amara@members.example.net")
SAMPLE = "S7K2QD"
_ID = re.compile(r"\bS[2-9A-HJ-NP-Z]{6}\b")
_LISTS = ("sig-node", "sig-node-bugs", "dev", "general")
OBSERVED = Observed(
    lists={
        **{f"{name}@lists.example.org": f"{name}.lists.example.org" for name in _LISTS},
        "general@chat.example.org": "general.chat.example.org",
    },
    linked={MALLORY: (MALLORY,), AMARA: (AMARA,)},
    known=frozenset({MALLORY, AMARA}),
    rows=(
        Row(list="dev@lists.example.org", address=MALLORY, role=Role.MEMBER),
        Row(list="dev@lists.example.org", address=AMARA, role=Role.OWNER),
    ),
)
SUSPEND = f"/sanction suspend {MALLORY} for 90 days because you went on"


class Example(World):
    """The world of the pages: its lists and groups have the guide's names."""

    away = False

    def incoming(self, mail: Mail, **more: Any) -> Incoming:
        observed = None if self.away else OBSERVED
        return replace(super().incoming(mail, **more), observed=observed)

    def setting(self) -> Setting:
        return replace(super().setting(), groups={"node": ("sig-node@lists.example.org",)})


def _reported() -> Example:
    world = Example()
    world.report()
    return world


def _open() -> Example:
    world = _reported()
    world.propose(SUSPEND)
    return world


def _perhaps_a_list() -> Example:
    world = _mailman_away()
    world.propose(SUSPEND.replace(MALLORY, "mallory@example.org"))
    return world


def _two_open() -> Example:
    world = _open()
    world.propose(SUSPEND.replace("90 days", "30 days"))
    return world


def _done(text: str = SUSPEND) -> Example:
    world = _reported()
    world.vote(world.propose(text), "alice", "bob")
    return world


def _two_reporters() -> Example:
    world = _reported()
    joined = PartyJoined(
        party="reporter:2",
        addresses=(Address("nia@elsewhere.example"),),
        name=Private("Nia"),
        reference="COC-2K7QF3",
    )
    world.take(Result(events=(joined,), letters=()))
    return world


def _after(first: Callable[[], Example], *lines: str) -> Callable[[], Example]:
    def made() -> Example:
        world = first()
        for line in lines:
            world.say("alice", line)
        return world

    return made


def _mailman_away() -> Example:
    world = _reported()
    world.away = True
    return world


PLACES: dict[str, Callable[[], Example]] = {
    "in a case": _reported,
    "in your ballot": _open,
    "while a vote is open": _open,
    "while two votes of yours are open": _two_open,
    "in the ballot of a closed vote": _done,
    "in the ballot on mallory@example.org, while Mailman is away": lambda: _perhaps_a_list(),
    "while a suspension is in force": _done,
    "after a removal": lambda: _done(f"/sanction remove {MALLORY} because you went on"),
    "while a lift is being voted on": lambda: _lifting(),
    "in a closed case": _after(_reported, "/close resolved"),
    "while Mailman is away": _mailman_away,
    "with two leads": lambda: _lead()(),
    "while a vote on lead 1 is open": lambda: _lead("/same 1")(),
    "after lead 1 was said to be somebody else": lambda: _lead("/different 1")(),
    "when lead 1 is covered": lambda: _covered(),
    "with leads to two people": lambda: _led_to_two(),
    "with one address in leads to two people": lambda: _led_from_one(),
    "when the sanction is over": lambda: _led_and_over(),
    "with two reporters": _two_reporters,
    "with the respondent named": _after(_reported, f"/respondent {MALLORY}"),
}
"""Where a command can be written, by the words of the pages."""


def _lead(*lines: str) -> Callable[[], Example]:
    """With two leads, of which these commands were said."""

    def made() -> Example:
        world = _done()
        _looked(world, "ma11ory@example.net", "mal1ory@example.net")
        for line in lines:
            world.say("alice", line)
        return world

    return made


def _looked(world: Example, *addresses: str) -> None:
    persons = [s.person for s in suspects(world.case)]
    seen = [Subscription(address=Address(a), lists=("dev@lists.example.org",)) for a in addresses]
    found = leads(persons, seen, Bearers(persons))
    world.take(lead_found(world.case, world.setting(), found, Observed()))


def _covered() -> Example:
    world = _lead("/same 1")()
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    return world


def _led_to_two() -> Example:
    world = _lead()()
    other = SUSPEND.replace(MALLORY, "robin@example.net")
    world.vote(world.propose(other), "alice", "bob")
    _looked(world, "r0bin@example.net")
    return world


def _led_from_one() -> Example:
    world = _led_to_two()
    again = replace(world.case.leads[3].found, number=4, address=world.case.leads[1].found.address)
    world.take(Result(events=(again,), letters=()))
    return world


def _led_and_over() -> Example:
    world = _lead()()
    sanction = next(s.id for s in world.case.sanctions.values() if s.in_force)
    world.say("alice", f"/lift {sanction} because it is over")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    return world


def _lifting() -> Example:
    world = _done()
    world.say("alice", f"/lift {next(iter(world.case.sanctions))} because it is over")
    return world


def _alone() -> Example:
    world = _reported()
    world.say("bob", "/recuse")
    world.say("carol", "/recuse")
    return world


def _without_history() -> Example:
    world = Example(policy=Policy(history=False))
    world.report()
    return world


def _wants(wish: str) -> Example:
    world = _reported()
    world.write("reporter:1", wish)
    return world


def _answered(sanctions: int, *lines: str) -> Example:
    four = ("alice", "bob", "carol", "dave")
    world = Example(members=four[: 3 if lines else 4])
    world.report()
    for days in (90, 30)[:sanctions]:
        world.vote(world.propose(SUSPEND.replace("90", str(days))), "alice", "bob")
    world.write("respondent:1", "I appeal." if sanctions == 1 else "I was not there.")
    for line in lines:
        world.say("alice", line)
    return world


def _bob_left(world: Example, *lines: str) -> Example:
    if not world.case.opened:
        world.report()
    world.say("bob", "/recuse")
    for line in lines:
        world.say("alice", line)
    return world


def _interim(*also: tuple[str, str]) -> Callable[[], Example]:
    def made() -> Example:
        world = _reported()
        for handle, address in (("alice", MALLORY), *also):
            world.say(handle, f"/interim suspend {address} because it can't wait")
        return world

    return made


def _of_two() -> Example:
    world = Example(members=("alice", "bob"))
    world.report()
    return world


def _voted() -> Example:
    world = _open()
    world.vote(world.case.open_proposals[0].id, "alice")
    return world


def _amended() -> Example:
    world = _open()
    other = SUSPEND.replace("90 days", "30 days")
    world.say("alice", other, purpose="ballot", about=world.case.open_proposals[0].ballot)
    return world


def _others() -> Example:
    world = _reported()
    world.say("bob", SUSPEND)
    return world


def _counsel() -> Example:
    world = Example(policy=Policy(counsel_after=timedelta(days=30)))
    world.report()
    for address in (MALLORY, "mal@other.example"):
        world.vote(world.propose(SUSPEND.replace(MALLORY, address)), "alice", "bob")
    return world


OTHER = "COC-7F3KQ2"


def _beside(*more: Any, first: Callable[[], Example] = _reported) -> Callable[[], Example]:
    """Beside another case, of which this happened, too."""

    def made() -> Example:
        world = first()
        opened = CaseOpened(reference=OTHER, acknowledge_by=None, update_by=None)
        nia = PartyJoined(
            party="reporter:1",
            addresses=(Address("nia@elsewhere.example"),),
            name=Private("Nia"),
            reference="COC-2K7QF3",
        )
        world.put_beside("other", opened, nia, *more)
        return world

    return made


def _in(world: Example) -> Example:
    world.case = replace(world.case, reference=OTHER)
    return world


def _both(line: str, *handles: str) -> Callable[[], Example]:
    def made() -> Example:
        world = _beside()()
        for handle in handles:
            world.say(handle, line)
        return world

    return made


def _wrote_twice() -> Example:
    world = _reported()
    world.write("reporter:1", "One more thing: it was on the list dev.")
    return world


def _split() -> Example:
    world = _wrote_twice()
    world.say("alice", "/split 2")
    return world


def _wishes_to_return() -> Example:
    world = _answered(2)
    world.later(days=1)
    world.write("respondent:1", "May I come back?")
    return world


_REPORTED_BACK = PartyJoined(
    party="respondent:1",
    addresses=(Address("ottoline@reporter.example"),),
    name=Private(""),
    reference="COC-9M3TEF",
)
_HELPED = Escalated(
    why="too-few", guests=(Guest(handle="guest1", address=Address("ombud@help.example")),)
)
_WAITS = Provisional(handles=("carol",), why="who-was-meant", until=None)


def _waits(handle: str, *wishes: str) -> Callable[[], Example]:
    def made() -> Example:
        world = _reported()
        world.write("reporter:1", "My name is Ottoline Featherstone.")
        world.say(handle, f"/respondent {MALLORY}")
        world.say(handle, "/reply respondent\nOttoline Featherstone told us of you.\n/end")
        (held,) = world.case.held
        world.write(f"member:{handle}", "/confirm", purpose="confirm", about=held)
        for wish in wishes:
            world.write("respondent:1", wish)
            silenced = PartySilenced(party="respondent:1", silent=True)
            world.take(Result(events=(silenced,), letters=()))
        return world

    return made


class _WithAFile(Example):
    def incoming(self, mail: Mail, **more: Any) -> Incoming:
        file = File(was=Private("setup.exe"), digest="0" * 64)
        return replace(super().incoming(mail, **more), files=(file,))


def _program() -> Example:
    world = _WithAFile()
    world.report()
    return world


def _set_aside(*numbers: int) -> Callable[[], Example]:
    """Mail that no case was made of; the last is one that can't be read."""

    def made() -> Example:
        world = Example()
        world.case = Case(id=record_named("sample"))
        waiting = tuple(
            Quarantined(
                number=number, mail="5f0c2a9e31b87d46", handles=world.members,
                why="It lay in the spam folder.", size=1_200, tell_from=world.now,
                tell_by=world.now,
                readable=number != numbers[-1],
            )
            for number in numbers
        )  # fmt: skip
        world.take(Result(events=waiting, letters=()))
        return world

    return made


def _with_files(copying: bool = True) -> Callable[[], Example]:
    """A report with a picture, a program and one more picture."""

    def made() -> Example:
        world = Example(copying=copying)
        files = "".join(
            f"--b\nContent-Type: image/png; name={name}\n\nx\n"
            for name in ("evening.png", "screen.exe", "morning.png")
        )
        raw = (
            "From: ottoline@reporter.example\nTo: conduct@example.org\nMIME-Version: 1.0\n"
            f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nI was there.\n{files}--b--\n"
        )
        incoming = world.incoming(read(raw.encode()))
        world.take(casework.report(world.case, world.setting(), incoming))
        return world

    return made


PLACES |= {
    "with three attachments, the second a program": _with_files(),
    "where attachments aren't sent by mail": _with_files(copying=False),
    "about mail of no case": _set_aside(48213, 90177),
    "when no mail waits any more": _set_aside(),
    "with a program attached": _program,
    "while your text waits": _waits("alice"),
    "while bob's text waits for somebody who wants no mail": _waits("bob", "No contact"),
    f"beside the case {OTHER}": _beside(),
    f"in {OTHER}": lambda: _in(_reported()),
    f"after your /link {OTHER}": _both(f"/link {OTHER}", "alice"),
    f"after two of you linked {OTHER}": _both(f"/link {OTHER}", "alice", "bob"),
    f"after your /merge {OTHER}": _both(f"/merge {OTHER}", "alice"),
    f"after two of you merged {OTHER}": _both(f"/merge {OTHER}", "alice", "bob"),
    f"in a closed case, beside {OTHER}": _beside(first=_after(_reported, "/close resolved")),
    f"while {OTHER} waits for its reporter": _beside(_WAITS),
    f"where somebody from outside helps in {OTHER}": _beside(_HELPED),
    f"where {OTHER} is about this case's reporter": _beside(_REPORTED_BACK),
    "after message 2 became a case of its own": _split,
    "when the reporter wrote twice": _wrote_twice,
    "when the person under two sanctions wrote again": _wishes_to_return,
    "while mallory@example.net is watched": _after(
        _reported, "/watch mallory@example.net near anna@example.org"
    ),
    "when all but you are out": _alone,
    "after bob left the case": lambda: _bob_left(Example(members=("alice", "bob"))),
    "while bob's return is voted on": lambda: _bob_left(_reported(), "/include bob"),
    "where history is switched off": lambda: _without_history(),
    "when the reporter wants no mail": lambda: _wants("No contact"),
    "when the person answered two sanctions": lambda: _answered(2),
    "while an appeal is open, of four, when you voted for the sanction": lambda: _answered(1),
    "while the answer to an appeal is voted on": lambda: _answered(1, "/deny because of that"),
    "when bob is the respondent": _after(_reported, "/respondent bob@bob.example"),
    "while your interim measure is in force": _interim(),
    "after an interim measure was renewed": _interim(("bob", MALLORY)),
    "after two interim measures of yours": _interim(("alice", "mal@other.example")),
    "in a committee of two": _of_two,
    "while bob is locked": _after(_reported, "/lock bob"),
    "after your word to unlock bob": _after(_reported, "/lock bob", "/unlock bob"),
    "in your ballot, after you approved": _voted,
    "in the ballot of an amended proposal": _amended,
    "in the ballot of bob's proposal": _others,
    "while two decisions wait for counsel": _counsel,
}


class Runs(Exception):
    """What a row tells of is no wrong use (any more)."""


@dataclass(frozen=True, kw_only=True)
class WrongUse:
    """A row of a page."""

    line: str  # “ / ” between two paragraphs of a mail
    place: str
    why: str
    right: str

    def row(self) -> str:
        cells = (f"`{self.line}`", self.place, self.why, self.right)
        return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def ask(line: str, place: str) -> tuple[str, str]:
    """What the core answers: (what is wrong, what would be right). Raises where it runs."""
    world = PLACES[place]()
    sanctions = list(world.case.sanctions)
    if sanctions:
        line = line.replace(SAMPLE, sanctions[0]).replace(SAMPLE[:-1], sanctions[0][:-1])
    more: dict[str, Any] = {}
    if "ballot" in place:
        more = {"purpose": "ballot", "about": world.case.proposals[sanctions[0]].ballot}
    before = len(world.letters)
    result = world.say("alice", line.replace(" ⏎ ", "\n\n"), **more)
    refused = [x for x in result.events if isinstance(x, Refused)]
    letters = [x for x in world.letters[before:] if x.kind == "refusal"]
    if not refused:
        raise Runs(f"{line}, {place}, isn't refused")
    text = text_of(letters[0])
    why = refused[0].why
    _, _, after = text.partition(f"What is wrong: {' '.join(why.split())}.")
    right = after.partition("The commands are told by")[0].strip()
    right = right.removeprefix("What would be right:").strip()
    return _said(why, sanctions), _said(right, sanctions)


def _said(text: str, sanctions: list[str]) -> str:
    """Without the ids of chance."""
    for one in sanctions:
        text = text.replace(one, SAMPLE).replace(one[:-1], SAMPLE[:-1])
    return _ID.sub(SAMPLE, text)


def head(spec: Spec) -> str:
    """The part of a page that follows from the command table."""
    example = "\n".join(f"    {line}" for line in spec.example.splitlines())
    does = spec.does[0].upper() + spec.does[1:]
    return f"# /{spec.word}\n\n{does}.\n\n    {spec.form}\n\nFor example:\n\n{example}\n"


def rows(word: str) -> list[WrongUse]:
    """The wrong uses that a page tells of."""
    text = (PAGES / f"{word}.md").read_text(encoding="utf-8")
    found = []
    for line in text.partition(TABLE)[2].splitlines():
        if line.startswith("| `"):
            cells = [c.strip().replace("¦", "|") for c in line.replace("\\|", "¦").split("|")][1:]
            cells += [""] * 4
            found.append(
                WrongUse(line=cells[0].strip("`"), place=cells[1], why=cells[2], right=cells[3])
            )
    return found


def whole(word: str) -> str:
    """A page as it should be."""
    path = PAGES / f"{word}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else "\n## Who may, and what follows\n"
    prose = "## " + text.partition(TABLE)[0].partition("## ")[2].strip()
    prose = "\n".join(line.rstrip() for line in prose.splitlines())
    table = []
    for one in rows(word) if path.exists() else []:
        try:
            why, right = ask(one.line, one.place)
        except Runs as reason:
            print(f"cocmail: /{word}: a row is gone: {reason}")
            continue
        table.append(replace(one, why=why, right=right).row())
    answers = "\n".join([HEAD, "|---|---|---|---|", *table])
    return f"{head(COMMANDS[word])}\n{prose}\n\n{TABLE}\n\n{answers}\n"


def links() -> str:
    """The line of the committee's guide that leads to all pages."""
    return f"{LINKS} {', '.join(f'[/{word}](commands/{word}.md)' for word in COMMANDS)}."


if __name__ == "__main__":
    for name in COMMANDS:
        made = whole(name)
        (PAGES / f"{name}.md").write_text(made, encoding="utf-8")
    guide = GUIDE.read_text(encoding="utf-8").splitlines()
    guide = [links() if line.startswith(LINKS) else line for line in guide]
    GUIDE.write_text("\n".join(guide) + "\n", encoding="utf-8")
