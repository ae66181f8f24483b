"""Whom a text names: members' addresses and full names, as people write them.

Owns when a text is taken to name somebody, so that they are kept out of it. Refuses to guess by a
first name alone. Called by casework and by escalation.
"""

from __future__ import annotations

import re
import unicodedata

from cocmail.core import inflection
from cocmail.core.normal import normalized
from cocmail.core.people import Address, Member, Roster

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
_LONG = 4  # letters from which on a name in the middle is no particle, as in Maria de la Cruz
_MOST = 4
_FULL = 3  # letters of a name in one word from which on it is taken for a full one


class _Telling(dict[int, int | None]):
    """For `str.translate`: which characters stay. Each is looked up once."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)) in ("Mn", "Cf") else code
        self[code] = kept
        return kept


_TELLING = _Telling()


def plain(text: str) -> str:
    """Without what doesn't tell two names apart: case, accents, line ends, invisible letters."""
    kept = normalized("NFKD", text).translate(_TELLING)
    return " ".join(re.sub(r"[^\w@.+-]+", " ", kept.casefold()).split())


def named_in_text(text: str, roster: Roster) -> tuple[str, ...]:
    """The handles of those whose address, or whose name of two words or more, stands in it; in
    scripts without spaces of three letters or more."""
    read = f" {plain(text)} "
    if _UNSPACED.search(read):
        read = f"{read} _ {_UNSPACED.sub(_apart, read)} "
    read = inflection.apart(read)
    # An address aside: its domain is nobody's name.
    words = " ".join(["", *(word for word in read.split() if "@" not in word), ""])
    if _BETWEEN.search(words):
        words = f"{words} _ {_BETWEEN.sub('', words)}"
    loose = " ".join(["", *re.sub(r"[^\w ]", " ", words).split(), ""])
    joined, said = _joined(loose), inflection.said(loose)
    return tuple(m.handle for m in roster.members if _names(read, loose, joined, said, m))


def _apart(run: re.Match[str]) -> str:
    return f" {run[0]} "


def _mailbox(address: Address) -> str:
    """The address, with any plus-tag."""
    local, _, domain = plain(address.untagged).rpartition("@")
    tag = r"(?:\+[\w.+-]*)?"
    return rf"(?<![\w.+-]){re.escape(local)}{tag}@{re.escape(domain)}(?![\w-])"


def _names(read: str, loose: str, joined: str, said: inflection.Said, member: Member) -> bool:
    if any(re.search(_mailbox(a), read) for a in member.addresses):
        return True
    words = re.sub(r"[^\w ]", " ", plain(member.name)).split()
    while len(words) > 2 and (words[0] in _TITLES or (words[0] < "\u0590" and len(words[0]) == 1)):
        words = words[1:]
    # Programs write the last name first; so do many people.
    orders = (words, [*words[-1:], *words[:-1]])
    ends = (" ", "s ")  # a German genitive
    if len(words) > 1 and any(
        f" {' '.join(order)}{end}" in loose
        for order in (*orders, *_in_short(words))
        for end in ends
    ):
        return True
    if inflection.stands((*orders, *_in_short(words)), said):
        return True
    name = _joined("".join(words))
    if not _UNSPACED.fullmatch(name) or (
        len(words) == 1 and (len(name) < _FULL or _KANA.fullmatch(name))
    ):
        return False
    return any(_joined("".join(order)) in joined for order in orders)


def _in_short(words: list[str]) -> list[tuple[str, str]]:
    """How people call somebody of three names or more: the first of them, and one other."""
    others = [word for word in words[1:-1] if len(word) >= _LONG] + words[-1:]
    return [pair for one in others for pair in ((words[0], one), (one, words[0]))][: 2 * _MOST]


def _joined(text: str) -> str:
    """Without spaces; Korean syllables whole, as one is the beginning of another."""
    return normalized("NFC", text.replace(" ", ""))
