"""A member's text becomes commands, or what is wrong with it.

Owns the command table (the parser, `/help` and the committee's page are made from it) and the
grammar of a mail's top. Refuses to know the case: whether a command is allowed, or its list
exists, is casework's question. Called by casework and by loops/intake, which looks ahead to see
whose memberships must be read before deciding.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cocmail.core.durations import parse_duration, parse_instant
from cocmail.core.people import Address, Private, is_address
from cocmail.core.quoting import own_text
from cocmail.core.sanctions import Measure


class Outcome(StrEnum):
    """How a case is closed."""

    SANCTIONED = "sanctioned"
    RESOLVED = "resolved"
    NO_VIOLATION = "no-violation"
    OUT_OF_SCOPE = "out-of-scope"
    WITHDRAWN = "withdrawn"


class Problem(Exception):
    """One command that was not understood: which, why, and what would have been right."""

    def __init__(self, why: str, right: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.right = right


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command as it was meant. Which fields are set depends on the word."""

    word: str
    line: Private = field(repr=False)  # as written, on one line, to be shown
    addresses: tuple[Address, ...] = ()
    measure: Measure | None = None
    scope: tuple[str, ...] = ()  # empty: all; else group names and lists, lower case
    duration: timedelta | None = None
    until: datetime | None = None
    permanently: bool = False
    including_roles: bool = False
    because: Private = Private("")
    target: str = ""  # reporter, reporters, respondent; or a handle, id, word, reference
    number: int | None = None
    text: Private = field(default=Private(""), repr=False)
    outcome: Outcome | None = None


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
    available: bool = True  # False: a later version brings it


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a member's mail says: commands and the text that goes to the committee."""

    commands: tuple[Command, ...]
    rest: Private = field(repr=False)  # own text outside the commands, quotes left out
    problem: Problem | None = None  # where one is, no command may run
    problem_line: Private = Private("")


# -- reading words as they are meant ---------------------------------------------------------

_AS_MEANT = str.maketrans(
    {
        "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2009": " ", "\u200b": None, "\ufeff": None,
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    }
)  # fmt: skip
_AUTOLINK = re.compile(r"([^\s<>,;]+@[^\s<>,;]+)\s?<mailto:[^<>\s]*>", re.IGNORECASE)
_NAMED = re.compile(r"(?:\"[^\"]{0,200}\"|[^\s<>,;@][^<>,;@]{0,200}?)\s*<([^<>\s@]+@[^<>\s]+)>")
_BRACKETED = re.compile(r"<(?:mailto:)?([^<>\s@]+@[^<>\s]+)>", re.IGNORECASE)
_WORD = re.compile(r"/([a-z]+)(?=\s|$)", re.IGNORECASE)
_HANDLE = re.compile(r"[a-z0-9]+")


def as_meant(text: str) -> str:
    """No-break spaces, curly quotes and long dashes become what the writer's keyboard meant."""
    return text.translate(_AS_MEANT)


def _plain_addresses(words: str) -> str:
    """``Name <a@b>`` and ``a@b<mailto:a@b>`` become ``a@b``."""
    words = _AUTOLINK.sub(r"\1", words)
    return _BRACKETED.sub(r"\1", words)


def _address(word: str, example: str) -> Address:
    word = word.strip("<>,;")
    if word.lower().startswith("mailto:"):
        word = word[7:]
    if not is_address(word):
        raise Problem(f"“{word}” is not a mail address", example)
    return Address(word)


def _address_and_rest(words: str, example: str) -> tuple[Address, str]:
    words = _AUTOLINK.sub(r"\1", words)
    named = re.match(_NAMED.pattern + r"(?=\s|$)", words)
    first = words.split(maxsplit=1)
    if named and not (first and is_address(first[0].strip("<>"))):
        return _address(named.group(1), example), words[named.end() :].strip()
    words = _plain_addresses(words)
    first = words.split(maxsplit=1)
    if not first:
        raise Problem("the person's address is missing", example)
    return _address(first[0], example), first[1] if len(first) > 1 else ""


def _nothing_more(words: str, form: str) -> None:
    if words:
        raise Problem(
            "there is more in this paragraph than the command takes",
            f"{form}, alone in its paragraph; leave an empty line before any other text",
        )


# -- one parser a form -----------------------------------------------------------------------


def _bare(word: str) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        _nothing_more(words, f"/{word}")
        return Command(word=word, line=Private(line))

    return parse


def _because(words: str, form: str, *, needed: bool) -> Private:
    if not words:
        if needed:
            raise Problem("the reason is missing", form)
        return Private("")
    head, _, reason = words.partition(" ")
    if head.lower().rstrip(":,") != "because" or not reason.strip():
        raise Problem("after the command comes “because” and the reason", form)
    return Private(reason.strip())


def _bare_because(word: str, form: str, *, needed: bool = False) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        return Command(word=word, line=Private(line), because=_because(words, form, needed=needed))

    return parse


def _handle(
    word: str, form: str, *, optional: bool = False, reason: bool = False
) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        head, _, rest = words.partition(" ")
        if optional and (not head or head.lower() == "because"):
            return Command(
                word=word, line=Private(line), because=_because(words, form, needed=False)
            )
        handle = head.lower().lstrip("@")
        if not _HANDLE.fullmatch(handle):
            raise Problem("the member's handle is missing", form)
        if not reason:
            _nothing_more(rest.strip(), form)
            return Command(word=word, line=Private(line), target=handle)
        because = _because(rest.strip(), form, needed=False)
        return Command(word=word, line=Private(line), target=handle, because=because)

    return parse


def _numbered(word: str, form: str) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        if not words.lstrip("#").isdigit():
            raise Problem("the number is missing", form)
        return Command(word=word, line=Private(line), number=int(words.lstrip("#")))

    return parse


def _one_word(word: str, form: str, what: str) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        if not words or " " in words:
            raise Problem(f"{what} is missing" if not words else f"only {what} belongs here", form)
        return Command(word=word, line=Private(line), target=words)

    return parse


def _reply(words: str, line: str) -> Command:
    form = "/reply reporter, /reply reporters or /reply respondent, then the text"
    head, _, rest = words.partition(" ")
    target = head.lower().rstrip(":,")
    if target not in ("reporter", "reporters", "respondent"):
        raise Problem("it doesn't say to whom", form)
    number = None
    first, _, after = rest.strip().partition(" ")
    if target == "reporter" and first.rstrip(":").isdigit():
        number, rest = int(first.rstrip(":")), after
    return Command(
        word="reply", line=Private(line), target=target, number=number, text=Private(rest.strip())
    )


def _respondent(words: str, line: str) -> Command:
    form = "/respondent mallory@example.net"
    found: list[Address] = []
    rest = words.replace(",", " ").replace(";", " ")
    while rest:
        address, rest = _address_and_rest(rest, form)
        if address not in found:
            found.append(address)
    if not found:
        raise Problem("the address is missing", form)
    return Command(word="respondent", line=Private(line), addresses=tuple(found))


def _history(words: str, line: str) -> Command:
    address, rest = _address_and_rest(words, "/history mallory@example.net")
    _nothing_more(rest, "/history mallory@example.net")
    return Command(word="history", line=Private(line), addresses=(address,))


def _watch(words: str, line: str) -> Command:
    form = "/watch mallory@example.net near anna@example.org"
    first, rest = _address_and_rest(words, form)
    head, _, rest = rest.partition(" ")
    if head.lower() != "near":
        raise Problem("it doesn't say near whom", form)
    second, rest = _address_and_rest(rest, form)
    _nothing_more(rest, form)
    return Command(word="watch", line=Private(line), addresses=(first, second))


_SANCTION = "/sanction suspend mallory@example.net on all for 90 days because …"
_INTERIM = "/interim moderate mallory@example.net because …"
_CLAUSES = ("on", "for", "until", "permanently", "including", "because")


def _list_names(words: list[str], form: str) -> tuple[str, ...]:
    names = tuple(n.lower() for n in re.split(r"[\s,;]+", " ".join(words)) if n)
    names = tuple(n for n in names if n != "and")
    if not names:
        raise Problem("after “on” come “all”, a group or lists", form)
    if "all" in names:
        if len(names) > 1:
            raise Problem("“all” stands alone, or lists are named", form)
        return ()
    return names


def _clauses(words: str, form: str) -> tuple[dict[str, list[str]], str]:
    """Split ``on … for … because …`` into its clauses; the reason keeps its spelling."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    rest = words.split()
    for index, word in enumerate(rest):
        key = word.lower().rstrip(":,")
        if key in _CLAUSES:
            if key in found:
                raise Problem(f"“{key}” stands twice", form)
            found[key] = current = []
            if key == "because":
                reason = " ".join(rest[index + 1 :])
                return found, reason
        elif current is None:
            raise Problem(f"“{word}” is not expected here", form)
        else:
            current.append(word)
    return found, ""


def _needs_end(measure: Measure, found: dict[str, list[str]]) -> None:
    ends = [k for k in ("for", "until", "permanently") if k in found]
    if len(ends) > 1:
        raise Problem(f"“{ends[0]}” and “{ends[1]}” can't stand together", _SANCTION)
    if measure is Measure.SUSPEND and (not ends or ends == ["permanently"]):
        raise Problem(
            "a suspension needs an end; without one it is a ban",
            "/sanction suspend mallory@example.net for 90 days because …, or /sanction ban mallory@example.net because …",
        )
    if measure in (Measure.MODERATE, Measure.LEAVE) and not ends:
        raise Problem(
            f"“{measure}” needs an end, or “permanently”",
            f"/sanction {measure} mallory@example.net for 90 days because …",
        )
    if measure in (Measure.BAN, Measure.WARN, Measure.REMOVE) and ends:
        other = (
            " (a suspension ends: /sanction suspend … for 90 days)"
            if measure is Measure.BAN
            else ""
        )
        raise Problem(
            f"“{measure}” takes no time{other}",
            f"/sanction {measure} mallory@example.net because …",
        )


def _measure_and_rest(words: str, form: str) -> tuple[Measure, str]:
    head, _, rest = words.strip().partition(" ")
    try:
        return Measure(head.lower()), rest.strip()
    except ValueError:
        names = ", ".join(m.value for m in Measure)
        said = f"“{head}” is not a measure" if head else "the measure is missing"
        raise Problem(f"{said}; the measures are {names}", form) from None


def _sanction(words: str, line: str) -> Command:
    measure, rest = _measure_and_rest(words, _SANCTION)
    address, rest = _address_and_rest(rest, _SANCTION)
    found, reason = _clauses(rest, _SANCTION)
    scope = _list_names(found["on"], _SANCTION) if "on" in found else ()
    if found.get("including", ["roles"]) != ["roles"]:
        raise Problem("only “roles” can follow “including”", "… including roles because …")
    if found.get("permanently"):
        raise Problem("only “because” can follow “permanently”", _SANCTION)
    _needs_end(measure, found)
    duration = until = None
    if "for" in found:
        try:
            duration = parse_duration(" ".join(found["for"]))
        except ValueError as error:
            raise Problem(f"the time after “for” {error}", "for 90 days, for 12 weeks") from None
    if "until" in found:
        try:
            until = parse_instant(" ".join(found["until"]))
        except ValueError as error:
            raise Problem(f"the date after “until” {error}", "until 2027-03-31") from None
    if not reason:
        raise Problem("the reason is missing; it is what the person will read", _SANCTION)
    return Command(
        word="sanction",
        line=Private(line),
        measure=measure,
        addresses=(address,),
        scope=scope,
        duration=duration,
        until=until,
        permanently="permanently" in found or measure is Measure.BAN,
        including_roles="including" in found,
        because=Private(reason),
    )


def _interim(words: str, line: str) -> Command:
    measure, rest = _measure_and_rest(words, _INTERIM)
    address, rest = _address_and_rest(rest, _INTERIM)
    found, reason = _clauses(rest, _INTERIM)
    if any(k in found for k in ("for", "until", "permanently")):
        raise Problem("an interim measure takes no time; it lapses by itself", _INTERIM)
    if measure is Measure.BAN:
        raise Problem("a ban can't be ordered by one member", _INTERIM)
    if not reason:
        raise Problem("the reason is missing", _INTERIM)
    return Command(
        word="interim",
        line=Private(line),
        measure=measure,
        addresses=(address,),
        scope=_list_names(found["on"], _INTERIM) if "on" in found else (),
        because=Private(reason),
    )


def _lift(words: str, line: str) -> Command:
    form = "/lift S7K2QD because …"
    head, _, rest = words.partition(" ")
    if not head or head.lower() == "because":
        raise Problem("which sanction is missing; /status names them", form)
    return Command(
        word="lift",
        line=Private(line),
        target=head.upper(),
        because=_because(rest.strip(), form, needed=True),
    )


def _close(words: str, line: str) -> Command:
    names = ", ".join(o.value for o in Outcome)
    form = "/close resolved"
    head, _, rest = words.partition(" ")
    try:
        outcome = Outcome(head.lower())
    except ValueError:
        said = f"“{head}” is not an outcome" if head else "the outcome is missing"
        raise Problem(f"{said}; the outcomes are {names}", form) from None
    return Command(
        word="close",
        line=Private(line),
        outcome=outcome,
        because=_because(rest.strip(), form, needed=False),
    )


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
    _spec("reply", "/reply reporter [N] | reporters | respondent, then the text, then /end",
          "writes to a person outside; only the text up to /end leaves, signed by the committee",
          "/reply reporter\nThank you. May we name the meeting?\n/end", _reply, text=True),
    _spec("respondent", "/respondent ADDRESS [ADDRESS …]",
          "names the reported person and their addresses; answers with what is known of them",
          "/respondent mallory@example.net", _respondent),
    _spec("sanction", "/sanction MEASURE ADDRESS [on SCOPE] [for DURATION | until DATE | permanently] because REASON",
          "opens a vote on a measure: warn, moderate, remove, suspend, ban or leave",
          _SANCTION, _sanction),
    _spec("interim", "/interim MEASURE ADDRESS [on SCOPE] because REASON",
          "acts at once, in danger; lapses by itself unless a vote confirms it",
          _INTERIM, _interim, available=False),
    _spec("lift", "/lift SANCTION because REASON", "opens a vote to end a sanction early",
          "/lift S7K2QD because the person apologised", _lift),
    _spec("approve", "/approve", "votes yes; only in an answer to your ballot", "/approve",
          _bare("approve"), vote=True),
    _spec("object", "/object [because …]", "votes no; only in an answer to your ballot",
          "/object because two weeks are enough", _bare_because("object", "/object because …"), vote=True),
    _spec("abstain", "/abstain", "votes neither; only in an answer to your ballot", "/abstain",
          _bare("abstain"), vote=True),
    _spec("confirm", "/confirm", "as the first line of an answer to a mail that asks for it", "/confirm",
          _bare("confirm")),
    _spec("withdraw", "/withdraw", "takes your own proposal back", "/withdraw", _bare("withdraw")),
    _spec("recuse", "/recuse [HANDLE] [because …]", "takes you out of this case, for good",
          "/recuse because we are friends", _handle("recuse", "/recuse", optional=True, reason=True)),
    _spec("include", "/include HANDLE", "brings a member back into this case", "/include bob",
          _handle("include", "/include bob"), available=False),
    _spec("accept", "/accept N", "takes in mail that was set aside for this case", "/accept 1",
          _numbered("accept", "/accept 1")),
    _spec("drop", "/drop N", "leaves mail that was set aside for this case where it is", "/drop 1",
          _numbered("drop", "/drop 1")),
    _spec("assign", "/assign HANDLE", "says who looks after this case", "/assign bob",
          _handle("assign", "/assign bob")),
    _spec("tag", "/tag WORD", "puts a word on this case", "/tag moderation", _one_word("tag", "/tag WORD", "one word")),
    _spec("urgent", "/urgent", "marks this case as urgent", "/urgent", _bare("urgent")),
    _spec("link", "/link REF", "links this case with another", "/link COC-7F3KQ2",
          _one_word("link", "/link COC-7F3KQ2", "a reference"), available=False),
    _spec("merge", "/merge REF", "makes one case of two", "/merge COC-7F3KQ2",
          _one_word("merge", "/merge COC-7F3KQ2", "a reference"), available=False),
    _spec("split", "/split N", "makes a case of its own of message N", "/split 3",
          _numbered("split", "/split 3"), available=False),
    _spec("watch", "/watch ADDRESS near ADDRESS", "tells you when the first joins a list that the second is on",
          "/watch mallory@example.net near anna@example.org", _watch, available=False),
    _spec("grant", "/grant because …", "opens a vote to grant an appeal or a return",
          "/grant because …", _bare_because("grant", "/grant because …", needed=True), available=False),
    _spec("deny", "/deny because …", "opens a vote to deny an appeal or a return",
          "/deny because …", _bare_because("deny", "/deny because …", needed=True), available=False),
    _spec("lock", "/lock HANDLE", "stops mail to and commands from a member whose mailbox was stolen",
          "/lock bob", _handle("lock", "/lock bob"), available=False),
    _spec("close", "/close OUTCOME [because …]",
          "closes the case: sanctioned, resolved, no-violation, out-of-scope or withdrawn",
          "/close resolved", _close),
    _spec("reopen", "/reopen", "opens a closed case again", "/reopen", _bare("reopen")),
    _spec("status", "/status", "tells you how this case stands", "/status", _bare("status"), answer=True),
    _spec("history", "/history ADDRESS", "tells you what is known of a person",
          "/history mallory@example.net", _history, available=False, answer=True),
    _spec("help", "/help", "sends you this list", "/help", _bare("help"), answer=True),
)  # fmt: skip

COMMANDS: dict[str, Spec] = {spec.word: spec for spec in _TABLE}
"""The command table, by word. `/end` is no command: it ends a text for outsiders."""


# -- the top of a mail -----------------------------------------------------------------------


def command_word(line: str) -> str:
    """The command's word if the line begins with one that exists (or `/end`), else ""."""
    found = _WORD.match(as_meant(line))
    word = found.group(1).lower() if found else ""
    return word if word in COMMANDS or word == "end" else ""


def _nearest(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.6)
    return f"did you mean /{near[0]}?" if near else "/help lists the commands"


@dataclass(kw_only=True)
class _Paragraph:
    line: str
    text: list[str] = field(default_factory=list)


def _split(lines: list[str]) -> tuple[list[_Paragraph], list[str]]:
    """The command paragraphs at the top, and the own lines below them."""
    paragraphs: list[_Paragraph] = []
    index = 0
    current: _Paragraph | None = None
    while index < len(lines):
        line = as_meant(lines[index]).rstrip()
        found = _WORD.match(line)
        if found and found.group(1).lower() == "end":
            raise Problem("“/end” ends a text that /reply begins, and none is open here")
        if line.startswith("/"):
            current = _Paragraph(line=line)
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
            current.line += " " + line.strip()
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


def _one(paragraph: _Paragraph) -> Command:
    found = _WORD.match(paragraph.line)
    word = found.group(1).lower() if found else paragraph.line.split()[0].lstrip("/")
    spec = COMMANDS.get(word)
    if found is None or spec is None:
        raise Problem(f"there is no command /{word}", _nearest(word))
    words = " ".join(paragraph.line[found.end() :].split())
    command = spec.parse(words, paragraph.line)
    if not spec.available:
        raise Problem(f"/{word} isn't available in this version yet")
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
    own = own_text(unicodedata.normalize("NFC", text))
    lines = list(own.before)
    while lines and not lines[0].strip():
        lines.pop(0)
    if lines:
        lines[0] = lines[0].lstrip()
    rest: list[str] = [*lines, *own.after]
    try:
        if not lines or not as_meant(lines[0]).strip().startswith("/"):
            _no_stray_command(rest)
            return Parsed(commands=(), rest=Private("\n".join(rest).strip()))
        paragraphs, below = _split(lines)
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
