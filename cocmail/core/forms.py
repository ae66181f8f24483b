"""What stands after a command's word: one small parser a form.

Owns the reading of words as they are meant (addresses as mail clients write them, curly quotes,
long dashes) and what each form needs. Refuses to know the case, and where in a mail a command
may stand. Called by the command table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cocmail.core.durations import (
    meant_duration,
    meant_instant,
    parse_duration,
    parse_instant,
)
from cocmail.core.nearby import did_you_mean
from cocmail.core.people import Address, Private, is_address
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
    including: tuple[str, ...] = ()  # roles, shared, many
    because: Private = Private("")
    conditions: Private = Private("")  # of a return
    target: str = ""  # reporter, reporters, respondent; or a handle, id, word, reference
    number: int | None = None
    numbers: tuple[int, ...] = ()  # where there may be several; ``number`` is the first
    text: Private = field(default=Private(""), repr=False)
    outcome: Outcome | None = None

    @property
    def including_roles(self) -> bool:
        return "roles" in self.including


# -- reading words as they are meant ---------------------------------------------------------

_AS_MEANT = str.maketrans(
    {
        "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2009": " ", "\u200b": None, "\ufeff": None,
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    }
)  # fmt: skip
# From where a word begins, and never back: else a long word takes the square of its length.
_AUTOLINK = re.compile(
    r"(?<![^\s<>,;@])([^\s<>,;@]++@[^\s<>,;@]++)\s?<mailto:[^<>\s]*+>", re.IGNORECASE
)
_NAMED = re.compile(r"(?:\"[^\"]{0,200}\"|[^\s<>,;@][^<>,;@]{0,200}?)\s*<([^<>\s@]+@[^<>\s]+)>")
_BRACKETED = re.compile(r"<(?:mailto:)?([^<>\s@]+@[^<>\s]+)>", re.IGNORECASE)
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
    if word.startswith("^") or "*" in word:
        raise Problem(f"“{word}” is a pattern, which could hit others", example)
    if word.lower() in _CLAUSES:
        raise Problem("the person's address is missing", example)
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


_LONGEST_NUMBER = 8  # digits: what is longer is no number of ours


def _number(word: str) -> int | None:
    """None where it is none. Not `isdigit`, for which “²” is one, and `int` raises; nor of any
    length, for `int` raises there too."""
    return int(word) if word.isdecimal() and len(word) <= _LONGEST_NUMBER else None


# -- one parser a form -----------------------------------------------------------------------


def bare(word: str) -> Callable[[str, str], Command]:
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


def bare_because(word: str, form: str, *, needed: bool = False) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        return Command(word=word, line=Private(line), because=_because(words, form, needed=needed))

    return parse


def handle(
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


EVERY = "all"


def numbered(word: str, form: str, *, every: bool = False) -> Callable[[str, str], Command]:
    """``every``: "all" may stand for the number."""

    def parse(words: str, line: str) -> Command:
        if every and words.lower() == EVERY:
            return Command(word=word, line=Private(line), target=EVERY)
        number = _number(words.lstrip("#"))
        if number is None:
            raise Problem("the number is missing", form)
        return Command(word=word, line=Private(line), number=number)

    return parse


def one_word(word: str, form: str, what: str) -> Callable[[str, str], Command]:
    def parse(words: str, line: str) -> Command:
        if not words or " " in words:
            raise Problem(f"{what} is missing" if not words else f"only {what} belongs here", form)
        return Command(word=word, line=Private(line), target=words)

    return parse


def reference(word: str) -> Callable[[str, str], Command]:
    form = f"/{word} COC-7F3KQ2"

    def parse(words: str, line: str) -> Command:
        named = words.strip(".,;:[]()<>").upper()
        if not named or " " in named:
            said = "only a reference belongs here" if named else "a reference is missing"
            raise Problem(said, form)
        return Command(word=word, line=Private(line), target=named)

    return parse


def note(words: str, line: str) -> Command:
    form = "/note mallory@example.net was asked to leave the Example Conference in 2024"
    address, rest = _address_and_rest(words, form)
    if not rest.strip():
        raise Problem("what is to be noted is missing", form)
    return Command(word="note", line=Private(line), addresses=(address,), text=Private(rest))


def answer(word: str) -> Callable[[str, str], Command]:
    """`/grant` and `/deny`: [SANCTION] [provided CONDITIONS] because REASON."""
    form = f"/{word} because …"

    def parse(words: str, line: str) -> Command:
        head, _, rest = words.partition(" ")
        target = "" if head.lower().rstrip(":,") in ("because", "provided") else head.upper()
        rest = rest if target else words
        conditions = ""
        if rest.lower().startswith("provided "):
            said = re.match(r"provided (.*?),? (because[:,]? .*)", rest, re.IGNORECASE)
            if said is None:
                raise Problem("the reason is missing", f"/{word} provided … because …")
            conditions, rest = said[1].strip(), said[2]
        if conditions and word == "deny":
            raise Problem("a denial takes no conditions", form)
        because = _because(rest.strip(), form, needed=True)
        return Command(
            word=word,
            line=Private(line),
            target=target,
            conditions=Private(conditions),
            because=because,
        )

    return parse


def reply(words: str, line: str) -> Command:
    form = "/reply reporter, /reply reporters or /reply respondent, then the text"
    head, _, rest = words.partition(" ")
    target = head.lower().rstrip(":,")
    if target not in ("reporter", "reporters", "respondent"):
        raise Problem("it doesn't say to whom", form)
    number = None
    first, _, after = rest.strip().partition(" ")
    if target in ("reporter", "respondent"):
        number = _number(first.rstrip(":"))
        rest = rest if number is None else after
    return Command(
        word="reply", line=Private(line), target=target, number=number, text=Private(rest.strip())
    )


_MOST = 4_000
"""Characters of addresses or numbers in one command."""


def _several(words: str, form: str) -> str:
    if len(words) > _MOST:
        raise Problem("this names too many at once", f"fewer in one command: {form}")
    return words.replace(",", " ").replace(";", " ").strip()


def respondent(words: str, line: str) -> Command:
    form = "/respondent mallory@example.net"
    found: list[Address] = []
    rest = _several(words, form)
    while rest:
        address, rest = _address_and_rest(rest, form)
        if address not in found:
            found.append(address)
    if not found:
        raise Problem("the address is missing", form)
    return Command(word="respondent", line=Private(line), addresses=tuple(found))


def history(words: str, line: str) -> Command:
    address, rest = _address_and_rest(words, "/history mallory@example.net")
    _nothing_more(rest, "/history mallory@example.net")
    return Command(word="history", line=Private(line), addresses=(address,))


def watch(words: str, line: str) -> Command:
    form = "/watch mallory@example.net near anna@example.org"
    first, rest = _address_and_rest(words, form)
    head, _, rest = rest.partition(" ")
    if head.lower() != "near":
        raise Problem("it doesn't say near whom", form)
    second, rest = _address_and_rest(rest, form)
    _nothing_more(rest, form)
    return Command(word="watch", line=Private(line), addresses=(first, second))


def lead(word: str) -> Callable[[str, str], Command]:
    """`/same` and `/different`: leads by their numbers or addresses."""
    form = f"/{word} 1"

    def parse(words: str, line: str) -> Command:
        rest = _several(words, form)
        numbers: list[int] = []
        found: list[Address] = []
        while rest:
            head, _, after = rest.partition(" ")
            number = _number(head.lstrip("#"))
            if number is not None:
                numbers.append(number)
                rest = after.strip()
            elif head.lower() == "and":
                rest = after.strip()
            else:
                address, rest = _address_and_rest(rest, form)
                found.append(address)
        if not numbers and not found:
            raise Problem("it doesn't say which lead", form)
        return Command(
            word=word,
            line=Private(line),
            addresses=tuple(dict.fromkeys(found)),
            numbers=tuple(dict.fromkeys(numbers)),
            number=numbers[0] if numbers else None,
        )

    return parse


SANCTION = "/sanction suspend mallory@example.net on all for 90 days because …"
INTERIM = "/interim moderate mallory@example.net because …"
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
        raise Problem(f"“{ends[0]}” and “{ends[1]}” can't stand together", SANCTION)
    if measure is Measure.SUSPEND and (not ends or ends == ["permanently"]):
        raise Problem(
            "a suspension needs an end; without one it is a ban",
            "/sanction suspend mallory@example.net for 90 days because …,"
            " or /sanction ban mallory@example.net because …",
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
        names = [m.value for m in Measure]
        said = f"“{head}” is not a measure" if head else "the measure is missing"
        right = did_you_mean(head, names, form)
        raise Problem(f"{said}; the measures are {', '.join(names)}", right) from None


INCLUDING = ("roles", "shared", "many")


def _including(words: list[str]) -> tuple[str, ...]:
    said = tuple(w for w in re.split(r"[\s,;]+", " ".join(words).lower()) if w and w != "and")
    wrong = [w for w in said if w not in INCLUDING]
    if wrong:
        names = ", ".join(INCLUDING)
        raise Problem(
            f"“{wrong[0]}” can't follow “including”; what can is {names}",
            "… including roles because …",
        )
    return said


def sanction(words: str, line: str) -> Command:
    measure, rest = _measure_and_rest(words, SANCTION)
    address, rest = _address_and_rest(rest, SANCTION)
    found, reason = _clauses(rest, SANCTION)
    scope = _list_names(found["on"], SANCTION) if "on" in found else ()
    including = _including(found.get("including", []))
    if found.get("permanently"):
        raise Problem("only “because” can follow “permanently”", SANCTION)
    _needs_end(measure, found)
    duration = until = None
    if "for" in found:
        try:
            duration = parse_duration(" ".join(found["for"]))
        except ValueError as error:
            said = meant_duration(" ".join(found["for"]))
            right = f"did you mean “for {said}”?" if said else "for 90 days, for 12 weeks"
            raise Problem(f"the time after “for” {error}", right) from None
    if "until" in found:
        try:
            until = parse_instant(" ".join(found["until"]))
        except ValueError as error:
            said = meant_instant(" ".join(found["until"]))
            right = f"did you mean “until {said}”?" if said else "until 2027-03-31"
            raise Problem(f"the date after “until” {error}", right) from None
    if not reason:
        raise Problem("the reason is missing; it is what the person will read", SANCTION)
    return Command(
        word="sanction",
        line=Private(line),
        measure=measure,
        addresses=(address,),
        scope=scope,
        duration=duration,
        until=until,
        permanently="permanently" in found or measure is Measure.BAN,
        including=including,
        because=Private(reason),
    )


def interim(words: str, line: str) -> Command:
    measure, rest = _measure_and_rest(words, INTERIM)
    address, rest = _address_and_rest(rest, INTERIM)
    found, reason = _clauses(rest, INTERIM)
    if any(k in found for k in ("for", "until", "permanently")):
        raise Problem("an interim measure takes no time; it lapses by itself", INTERIM)
    if measure is Measure.BAN:
        raise Problem("a ban can't be ordered by one member", INTERIM)
    if not reason:
        raise Problem("the reason is missing", INTERIM)
    return Command(
        word="interim",
        line=Private(line),
        measure=measure,
        addresses=(address,),
        scope=_list_names(found["on"], INTERIM) if "on" in found else (),
        because=Private(reason),
    )


def confirm(words: str, line: str) -> Command:
    if words.lower().rstrip(".") not in ("", "counsel"):
        raise Problem("there is more in this paragraph than the command takes", "/confirm")
    return Command(word="confirm", line=Private(line), target=words.lower().rstrip("."))


def appeal(words: str, line: str) -> Command:
    head, _, rest = words.partition(" ")
    _nothing_more(rest, "/appeal S7K2QD")
    return Command(word="appeal", line=Private(line), target=head.upper())


def lift(words: str, line: str) -> Command:
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


def help_(words: str, line: str) -> Command:
    head, _, rest = words.partition(" ")
    _nothing_more(rest, "/help, or /help sanction")
    return Command(word="help", line=Private(line), target=head.lower().lstrip("/"))


def away(words: str, line: str) -> Command:
    form = "/away until 2026-12-24"
    head, _, rest = words.partition(" ")
    if head.lower() not in ("until", "for") or not rest.strip():
        raise Problem("it doesn't say until when", form)
    try:
        if head.lower() == "until":
            return Command(word="away", line=Private(line), until=parse_instant(rest))
        return Command(word="away", line=Private(line), duration=parse_duration(rest))
    except ValueError as error:
        said = (meant_instant if head.lower() == "until" else meant_duration)(rest)
        right = f"did you mean /away {head.lower()} {said}?" if said else form
        raise Problem(f"the time after “{head.lower()}” {error}", right) from None


def close(words: str, line: str) -> Command:
    names = [o.value for o in Outcome]
    form = "/close resolved"
    head, _, rest = words.partition(" ")
    try:
        outcome = Outcome(head.lower())
    except ValueError:
        said = f"“{head}” is not an outcome" if head else "the outcome is missing"
        right = did_you_mean(head, names, form, form="/close {}")
        raise Problem(f"{said}; the outcomes are {', '.join(names)}", right) from None
    return Command(
        word="close",
        line=Private(line),
        outcome=outcome,
        because=_because(rest.strip(), form, needed=False),
    )
