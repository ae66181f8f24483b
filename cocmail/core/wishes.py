"""What people outside ask for in a line of their own: a safe address, no contact, an appeal.

Owns the few lines that are read as wishes, in our languages; everything else is text for people.
Refuses to know what follows from them. Called by casework.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cocmail.core.normal import normalized
from cocmail.core.people import Address, is_address

_SAFE = re.compile(
    r"(?:safe|secure) (?:e-?mail |mail )?add?ress?|sichere (?:e-?mail-?|mail-?)?adresse"
)
_NAMES_SAFE = re.compile(
    rf"(?:(?:my|the|please use|use|meine|die)(?: my)? )?(?:{_SAFE.pattern})"
    r"(?: (?:is|ist|lautet))?(?:\s*[:=–—-]+|\s|$)(.*)"
)
_BESIDE = re.compile(r"[\s<>()\[\],;\"'“”„«»*`|]+|mailto:")  # what an address stands between
_MARKS = " \t-*•·\"'“”„«»_`"
_AN_EXAMPLE = re.compile(r"\b(?:you|sie)@example\.net\b")  # of our letters and pages
_SILENT = re.compile(r"(?:no contact|kein kontakt)(?: please| bitte)?\.?")
_SPEAK = re.compile(r"(?:contact|kontakt)(?: please| bitte)?\.?")
_KEEP = re.compile(
    r"(?:please )?(?:keep (?:this|it) until others report(?: too)?"
    r"|(?:only )?tell me if (?:others|anybody else|somebody else|anyone else|someone else)"
    r" (?:also )?reports? [^\n]{1,120}?(?:,? (?:too|as well))?)[.!]?"
    r"|(?:bitte )?(?:erst lesen, wenn andere (?:das )?auch melden"
    r"|aufheben, bis andere (?:das )?auch melden"
    r"|(?:nur )?bescheid geben, wenn andere [^\n]{1,120} auch melden)[.!]?"
)
_NOW = re.compile(r"(?:please )?report it now\.?|(?:bitte )?jetzt melden\.?")
_ABOUT = re.compile(r"(?:about|betrifft)\s*:\s*(.{3,120})")
_APPEAL = re.compile(r"(?:i (?:want to |would like to )?appeal|appeal|(?:ich erhebe )?einspruch)\b")
_AGREE = re.compile(r"(?:(?:yes,? )?i agree|(?:ja,? )?ich stimme zu)\b")


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a mail's own lines ask for."""

    safe: Address | None = field(default=None, repr=False)
    unread: bool = False  # a safe address is named, and which one isn't clear
    silent: bool | None = None  # None: nothing is said of it
    appeals: bool = False
    agrees: bool = False
    keeps: bool = False  # to be read only once somebody else reports the same person
    now: bool = False  # to be read after all
    about: tuple[str, ...] = field(default=(), repr=False)  # whom it is about, as they say


def wishes(text: str) -> Wishes:
    """Read the lines that stand alone, and the first for a word of the respondent's. Quotes are
    somebody else's words."""
    lines = [" ".join(line.split()).casefold() for line in text.split("\n")]
    own = [line for line in lines if line and not line.startswith(">")]
    safe, unread = _safe(own)
    silent = None
    for line in own:
        if _SILENT.fullmatch(line):
            silent = True
        elif _SPEAK.fullmatch(line):
            silent = False
    # Only as the first line: one that is overlooked would bury a report.
    first = own[0] if own else ""
    return Wishes(
        safe=safe,
        unread=unread,
        silent=silent,
        appeals=_APPEAL.match(first) is not None,
        agrees=_AGREE.match(first) is not None,
        keeps=_KEEP.fullmatch(first) is not None,
        now=_NOW.fullmatch(first) is not None,
        about=tuple(found[1] for line in own if (found := _ABOUT.fullmatch(line))),
    )


def _safe(own: Sequence[str]) -> tuple[Address | None, bool]:
    """The first safe address that the lines name, an earlier mail's standing below; else whether
    they name one that can't be read."""
    unread = False
    for number, line in enumerate(own):
        if not _SAFE.search(line) or _AN_EXAMPLE.search(line):
            continue
        found = _NAMES_SAFE.fullmatch(normalized("NFKC", line).strip(_MARKS))
        following = own[number + 1 : number + 2] if found and not found[1].strip() else []
        for rest in (found[1], *following) if found else ():
            if address := _alone(rest):
                return address, False
        unread = unread or bool(found) or "@" in line
    return None, unread


def _alone(text: str) -> Address | None:
    """The one address of a text that holds nothing else."""
    words = {
        word.strip(_MARKS).rstrip(".!?:") for word in _BESIDE.split(text) if word.strip(_MARKS)
    }
    only = words.pop() if len(words) == 1 else ""
    return Address(only) if is_address(only) else None
