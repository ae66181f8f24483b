"""Whom a text names: members' addresses and full names, as people write them.

Owns when a text is taken to name somebody, so that they are kept out of it. Refuses to guess by a
first name alone. Called by casework and by escalation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache

from cocmail.core import inflection
from cocmail.core.normal import normalized
from cocmail.core.people import Address, Roster

# Scripts that put no space between words, and Korean, whose particles stand at a name's end
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_KANA = re.compile("[\u3040-\u30ff]+")  # alone it spells common words
# An initial or a patronymic between the words of a name; not what is a word of one letter
_BETWEEN = re.compile(
    r" (?:(?:[^\W\d_]\.){1,3}|[b-df-hj-np-tvwxz]|[а-я]{2,}(?:вич|вн|ич)[а-я]{0,3})(?= )"
)
_TITLES = frozenset(("dr", "prof", "mr", "mrs", "ms", "mx", "herr", "frau"))
_SIGN = re.compile(r"[^\w ]")
_LONG = 4  # letters from which on a name in the middle is no particle, as in Maria de la Cruz
_MOST = 4
_FULL = 3  # letters of a name in one word from which on it is taken for a full one


def plain(text: str) -> str:
    """Without what doesn't tell two names apart: case, accents, line ends, invisible letters."""
    kept = normalized("NFKD", text)
    if not kept.isascii():
        untold = "".join(c for c in set(kept) if unicodedata.category(c) in ("Mn", "Cf"))
        kept = re.sub(f"[{untold}]", "", kept) if untold else kept
    return " ".join(re.sub(r"[^\w@.+-]+", " ", kept.casefold()).split())


def named_in_text(text: str, roster: Roster) -> tuple[str, ...]:
    """The handles of those whose address, or whose name of two words or more, stands in it; in
    scripts without spaces of three letters or more."""
    read = f" {plain(text)} "
    if _UNSPACED.search(read):
        read = f"{read} _ {_UNSPACED.sub(_apart, read)} "
    read = inflection.apart(read)
    every = read.split()
    people = roster.members
    addresses = tuple(_mailboxes(one.addresses) for one in people)
    odd = any(" " in one for one in addresses)  # of signs that were left out
    written = read if odd else " ".join(dict.fromkeys(word for word in every if "@" in word))
    # An address aside: its domain is nobody's name.
    words = " ".join(["", *(word for word in every if "@" not in word), ""])
    if _BETWEEN.search(words):
        words = f"{words} _ {_BETWEEN.sub('', words)}"
    apart = _SIGN.sub(" ", words).split()
    loose = " ".join(["", *apart, ""])
    orders = tuple(_orders(str(one.name)) for one in people)
    found = inflection.those(addresses, written)
    found |= inflection.standing(orders, loose)
    known, joined = frozenset(apart), _joined(loose)
    return tuple(
        one.handle
        for place, one in enumerate(people)
        if place in found or _stands(orders[place], loose, known) or _runs_in(orders[place], joined)
    )


def _apart(run: re.Match[str]) -> str:
    return f" {run[0]} "


@lru_cache(maxsize=4096)
def _mailboxes(addresses: tuple[Address, ...]) -> str:
    """One of them, with any plus-tag."""
    found = []
    for address in addresses:
        local, _, domain = plain(address.untagged).rpartition("@")
        tag = r"(?:\+[\w.+-]*)?"
        found.append(rf"(?<![\w.+-]){re.escape(local)}{tag}@{re.escape(domain)}(?![\w-])")
    return "|".join(found)


@lru_cache(maxsize=4096)
def _orders(name: str) -> inflection.Orders:
    words = _SIGN.sub(" ", plain(name)).split()
    while len(words) > 2 and (words[0] in _TITLES or (words[0] < "\u0590" and len(words[0]) == 1)):
        words = words[1:]
    # Programs write the last name first; so do many people.
    return tuple(words), (*words[-1:], *words[:-1]), *_in_short(words)


def _stands(orders: inflection.Orders, loose: str, known: Set[str]) -> bool:
    """As it is, or in a German genitive. Only where its words are known is it looked for."""
    return any(
        all(word in known for word in (*order[:-1], order[-1] + end))
        and f" {' '.join(order)}{end} " in loose
        for order in orders
        for end in ("", "s")
        if len(order) > 1
    )


def _runs_in(orders: inflection.Orders, joined: str) -> bool:
    """In a script that puts no space between words."""
    name = _joined("".join(orders[0]))
    if not _UNSPACED.fullmatch(name) or (
        len(orders[0]) == 1 and (len(name) < _FULL or _KANA.fullmatch(name))
    ):
        return False
    return any(_joined("".join(order)) in joined for order in orders[:2])


def _in_short(words: list[str]) -> list[tuple[str, str]]:
    """How people call somebody of three names or more: the first of them, and one other."""
    others = [word for word in words[1:-1] if len(word) >= _LONG] + words[-1:]
    return [pair for one in others for pair in ((words[0], one), (one, words[0]))][: 2 * _MOST]


def _joined(text: str) -> str:
    """Without spaces; Korean syllables whole, as one is the beginning of another."""
    return normalized("NFC", text.replace(" ", ""))
