"""A member's text becomes commands, or what is wrong with it.

Owns the command table (the parser, `/help` and the committee's page are made from it) and the
grammar of a mail's top. Refuses to know the case: whether a command is allowed, or its list
exists, is casework's question. Called by casework and by loops/examining, which looks ahead to see
whose memberships must be read before deciding.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cocmail.core import forms
from cocmail.core.forms import Command, Outcome, Problem, as_meant
from cocmail.core.nearby import did_you_mean
from cocmail.core.normal import composed
from cocmail.core.people import Private
from cocmail.core.quoting import own_text

__all__ = ["COMMANDS", "Command", "Outcome", "Parsed", "Problem", "Spec", "command_word", "parse"]

_PHONE = 50  # characters of a line
_WORD = re.compile(r"/([a-z]+)(?=\s|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A row of the command table."""

    word: str
    form: str  # how to write it
    does: str  # one plain line
    example: str
    parse: Callable[[str, str], Command] = field(repr=False)  # (the words after it, the line)
    vote: bool = False
    answer: bool = False  # answers only the one who asked, changes nothing
    text: bool = False  # a text for outsiders follows

    @property
    def short(self) -> str:
        """The form, for a line of a phone."""
        head = self.form.partition(", then the text")[0]
        if len(head) <= _PHONE:
            return head
        return head[: head.rindex(" [", 0, _PHONE)] + " …"


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a member's mail says: commands and the text that goes to the committee."""

    commands: tuple[Command, ...]
    rest: Private = field(repr=False)  # own text outside the commands, quotes left out
    problem: Problem | None = None  # where one is, no command may run
    problem_line: Private = Private("")


def _spec(
    word: str,
    form: str,
    does: str,
    example: str,
    parse: Callable[[str, str], Command],
    **more: bool,
) -> Spec:
    return Spec(word=word, form=form, does=does, example=example, parse=parse, **more)


_TABLE = (
    _spec(
        "reply",
        "/reply reporter [N] | reporters | respondent, then the text, then /end",
        "writes to a person outside; only the text up to /end leaves, signed by the committee",
        "/reply reporter\nThank you. May we name the meeting?\n/end",
        forms.reply,
        text=True,
    ),
    _spec(
        "attach",
        "/attach",
        "sends the pictures and plain texts of your mail along with the text above it",
        "/attach",
        forms.bare("attach"),
    ),
    _spec(
        "release",
        "/release N",
        "lets a text of another member leave, which seems to tell what it must not",
        "/release 1",
        forms.numbered("release", "/release 1"),
    ),
    _spec(
        "respondent",
        "/respondent ADDRESS [ADDRESS …]",
        "names the reported person and their addresses; answers with what is known of them",
        "/respondent mallory@example.net",
        forms.respondent,
    ),
    _spec(
        "sanction",
        "/sanction MEASURE ADDRESS [on SCOPE] [for DURATION | until DATE | permanently]"
        " [including roles] because REASON",
        "opens a vote on a measure: warn, moderate, remove, suspend, ban or leave",
        forms.SANCTION,
        forms.sanction,
    ),
    _spec(
        "interim",
        "/interim MEASURE ADDRESS [on SCOPE] because REASON",
        "acts at once, in danger; lapses by itself unless a vote confirms it",
        forms.INTERIM,
        forms.interim,
    ),
    _spec(
        "lift",
        "/lift SANCTION because REASON",
        "opens a vote to end a sanction early",
        "/lift S7K2QD because the person apologised",
        forms.lift,
    ),
    _spec(
        "approve",
        "/approve",
        "votes yes; only in an answer to your ballot",
        "/approve",
        forms.bare("approve"),
        vote=True,
    ),
    _spec(
        "object",
        "/object [because …]",
        "votes no; only in an answer to your ballot",
        "/object because two weeks are enough",
        forms.bare_because("object", "/object because …"),
        vote=True,
    ),
    _spec(
        "abstain",
        "/abstain",
        "votes neither; only in an answer to your ballot",
        "/abstain",
        forms.bare("abstain"),
        vote=True,
    ),
    _spec(
        "confirm",
        "/confirm [counsel]",
        "as the first line of an answer to a mail that asks for it; or says that counsel was heard",
        "/confirm",
        forms.confirm,
    ),
    _spec(
        "withdraw", "/withdraw", "takes your own proposal back", "/withdraw", forms.bare("withdraw")
    ),
    _spec(
        "recuse",
        "/recuse [HANDLE] [because …]",
        "takes you out of this case, or asks the others to vote on keeping a member out",
        "/recuse because we are friends",
        forms.handle("recuse", "/recuse", optional=True, reason=True),
    ),
    _spec(
        "include",
        "/include HANDLE",
        "asks the others to vote on letting a member in, or back in",
        "/include bob",
        forms.handle("include", "/include bob"),
    ),
    _spec(
        "accept",
        "/accept N",
        "takes in mail that was set aside: into its case, or as a report of its own",
        "/accept 1",
        forms.numbered("accept", "/accept 1"),
    ),
    _spec(
        "drop",
        "/drop N | all",
        "leaves mail that was set aside where it is",
        "/drop 1",
        forms.numbered("drop", "/drop 1", every=True),
    ),
    _spec(
        "assign",
        "/assign HANDLE",
        "says who looks after this case",
        "/assign bob",
        forms.handle("assign", "/assign bob"),
    ),
    _spec(
        "tag",
        "/tag WORD",
        "puts a word on this case",
        "/tag moderation",
        forms.one_word("tag", "/tag WORD", "one word"),
    ),
    _spec("urgent", "/urgent", "marks this case as urgent", "/urgent", forms.bare("urgent")),
    _spec(
        "link",
        "/link REF",
        "says that another case belongs together with this; two of you have to say it",
        "/link COC-7F3KQ2",
        forms.reference("link"),
    ),
    _spec(
        "merge",
        "/merge REF",
        "makes one case of two: the other goes on in this one",
        "/merge COC-7F3KQ2",
        forms.reference("merge"),
    ),
    _spec(
        "split",
        "/split N",
        "makes a case of its own of message N",
        "/split 3",
        forms.numbered("split", "/split 3"),
    ),
    _spec(
        "watch",
        "/watch ADDRESS near ADDRESS",
        "tells you when the first joins a list that the second is on",
        "/watch mallory@example.net near anna@example.org",
        forms.watch,
    ),
    _spec(
        "same",
        "/same N | ADDRESS [N | ADDRESS …]",
        "says that a lead is the person: opens a vote on covering that address too",
        "/same 1",
        forms.lead("same"),
    ),
    _spec(
        "different",
        "/different N | ADDRESS [N | ADDRESS …]",
        "says that a lead is somebody else: you are not asked again",
        "/different 1",
        forms.lead("different"),
    ),
    _spec(
        "appeal",
        "/appeal [SANCTION]",
        "takes what the reported person answered for an appeal",
        "/appeal S7K2QD",
        forms.appeal,
    ),
    _spec(
        "grant",
        "/grant [SANCTION] [provided CONDITIONS] because REASON",
        "opens a vote on granting an appeal, or a wish to return: the sanction ends",
        "/grant because you were not there",
        forms.answer("grant"),
    ),
    _spec(
        "deny",
        "/deny [SANCTION] because REASON",
        "opens a vote on denying an appeal, or a wish to return: the sanction stands",
        "/deny because we heard nothing new",
        forms.answer("deny"),
    ),
    _spec(
        "lock",
        "/lock HANDLE",
        "stops mail to and commands from a member whose mailbox was stolen",
        "/lock bob",
        forms.handle("lock", "/lock bob"),
    ),
    _spec(
        "unlock",
        "/unlock HANDLE",
        "undoes a lock; two members have to say it",
        "/unlock bob",
        forms.handle("unlock", "/unlock bob"),
    ),
    _spec(
        "close",
        "/close OUTCOME [because …]",
        "closes the case: sanctioned, resolved, no-violation, out-of-scope or withdrawn",
        "/close resolved",
        forms.close,
    ),
    _spec("reopen", "/reopen", "opens a closed case again", "/reopen", forms.bare("reopen")),
    _spec(
        "status",
        "/status",
        "tells you how this case stands",
        "/status",
        forms.bare("status"),
        answer=True,
    ),
    _spec(
        "original",
        "/original N",
        "sends you alone an attachment exactly as it came; copies say the number",
        "/original 1",
        forms.numbered("original", "/original 1"),
        answer=True,
    ),
    _spec(
        "history",
        "/history ADDRESS",
        "tells you what is known of a person, in the cases that you may know",
        "/history mallory@example.net",
        forms.history,
        answer=True,
    ),
    _spec(
        "note",
        "/note ADDRESS TEXT",
        "keeps what you were told of this person's earlier behaviour, for the committee",
        "/note mallory@example.net was asked to leave the Example Conference in 2024",
        forms.note,
    ),
    _spec(
        "away",
        "/away until DATE",
        "stops your reminders in all cases, and counts you out of majorities, for a while",
        "/away until 2026-12-24",
        forms.away,
    ),
    _spec("back", "/back", "ends your being away", "/back", forms.bare("back")),
    _spec(
        "help",
        "/help [COMMAND]",
        "sends you this list, or how to write one command",
        "/help sanction",
        forms.help_,
        answer=True,
    ),
)


class Group(StrEnum):
    """The parts of `/help`, in their order."""

    TALK = "talk"
    DECIDE = "decide"
    PEOPLE = "people"
    CASE = "case"
    YOU = "you"


_GROUPS = {
    Group.TALK: "reply release attach",
    Group.DECIDE: "sanction interim lift approve object abstain withdraw confirm appeal grant deny"
    " same different",
    Group.PEOPLE: "respondent history note watch recuse include lock unlock",
    Group.YOU: "status help away back",
}
"""What isn't here is about the case."""


def group_of(spec: Spec) -> Group:
    """The part of `/help` in which a command stands."""
    return next((g for g, words in _GROUPS.items() if spec.word in words.split()), Group.CASE)


COMMANDS: dict[str, Spec] = {spec.word: spec for spec in _TABLE}
"""The command table, by word. `/end` is no command: it ends a text for outsiders."""


# -- the top of a mail -----------------------------------------------------------------------


def command_word(line: str) -> str:
    """The command's word if the line begins with one that exists (or `/end`), else ""."""
    found = _WORD.match(as_meant(line))
    word = found.group(1).lower() if found else ""
    return word if word in COMMANDS or word == "end" else ""


def no_command(word: str) -> Problem:
    """What the sender of an unknown command is told."""
    right = did_you_mean(word, COMMANDS, "/help lists the commands", form="/{}")
    return Problem(f"there is no command /{word}", right)


@dataclass(kw_only=True)
class _Paragraph:
    lines: list[str]
    text: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        return " ".join(self.lines)


def _split(lines: list[str]) -> tuple[list[_Paragraph], list[str]]:
    """The command paragraphs at the top, and the own lines below them."""
    paragraphs: list[_Paragraph] = []
    index = 0
    current: _Paragraph | None = None
    while index < len(lines):
        line = as_meant(lines[index]).rstrip()
        found = _WORD.match(line)
        if found and found.group(1).lower() == "end":
            raise Problem(
                "“/end” ends a text that /reply begins, and none is open here",
                "/reply reporter, then your text on the lines below, then /end",
            )
        if line.startswith("/"):
            current = _Paragraph(lines=[line])
            paragraphs.append(current)
            if (
                found
                and COMMANDS.get(found.group(1).lower())
                and COMMANDS[found.group(1).lower()].text
            ):
                index = _outsiders_text(lines, index + 1, current)
                current = None
                continue
        elif not line.strip():
            current = None
        elif current is not None:
            current.lines.append(line.strip())
        else:
            break
        index += 1
    return paragraphs, lines[index:]


def _outsiders_text(lines: list[str], index: int, paragraph: _Paragraph) -> int:
    while index < len(lines):
        line = lines[index]
        index += 1
        if as_meant(line).strip().lower() == "/end":
            break
        paragraph.text.append(line.rstrip())
    return index


MOST = 100
"""Commands in a mail: so that none holds up the mail behind it."""

LONGEST = 20_000
"""Characters of a command, but for a text that it takes along: likewise."""


def _one(paragraph: _Paragraph) -> Command:
    line = paragraph.line
    found = _WORD.match(line)
    word = found.group(1).lower() if found else line.split(maxsplit=1)[0].lstrip("/")
    spec = COMMANDS.get(word)
    if found is None or spec is None:
        raise no_command(word)
    words = " ".join(line[found.end() :].split())
    if not spec.text and len(words) > LONGEST:
        raise Problem(
            f"this command has more than {LONGEST:,} characters",
            "a shorter one; longer words can be a plain reply, which stays with the committee",
        )
    command = spec.parse(words, line)
    if spec.text:
        text = (
            "\n".join([*([command.text] if command.text else []), *paragraph.text])
            .strip("\n")
            .strip()
        )
        if not text:
            raise Problem(
                "the text is missing",
                "/reply reporter, then your text on the lines below, then /end",
            )
        command = replace(command, text=Private(text))
    return command


def parse(text: str) -> Parsed:
    """Read the top of a member's mail.

    ``text`` is the whole plain text with format=flowed undone. Where anything is wrong,
    ``problem`` says so and no command may run.
    """
    own = own_text(composed(text))
    lines = list(itertools.dropwhile(lambda line: not line.strip(), own.before))
    if lines:
        lines[0] = lines[0].lstrip()
    rest: list[str] = [*lines, *own.after]
    try:
        if not lines or not as_meant(lines[0]).strip().startswith("/"):
            _no_stray_command(rest)
            return Parsed(commands=(), rest=Private("\n".join(rest).strip()))
        paragraphs, below = _split(lines)
        if len(paragraphs) > MOST:
            raise Problem(f"this mail has more than {MOST} commands", "fewer in each mail")
        rest = [*below, *own.after]
    except Problem as problem:
        return Parsed(
            commands=(), rest=Private(""), problem=problem, problem_line=Private(_stray(rest))
        )
    commands: list[Command] = []
    for paragraph in paragraphs:
        try:
            commands.append(_one(paragraph))
        except Problem as problem:
            return Parsed(
                commands=(), rest=Private(""), problem=problem, problem_line=Private(paragraph.line)
            )
    if _stray(rest):
        return Parsed(
            commands=(), rest=Private(""), problem=_STRAY, problem_line=Private(_stray(rest))
        )
    return Parsed(commands=tuple(commands), rest=Private("\n".join(rest).strip()))


_STRAY = Problem(
    "a command stands below other text; commands are the very first lines of a mail",
    "put every command at the top, each in a paragraph of its own, and other text below them",
)


def _stray(lines: list[str]) -> str:
    return next((line.strip() for line in lines if command_word(line)), "")


def _no_stray_command(lines: list[str]) -> None:
    if _stray(lines):
        raise _STRAY
