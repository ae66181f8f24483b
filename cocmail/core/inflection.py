"""Whole names in the forms that a sentence gives them: Slavic cases, Semitic prefixes, and a name
of one of the Latin and Cyrillic alphabets in the other.

Owns which form of a name is taken for the name. Refuses a form of one word alone, and to tell
relatives apart whose forms are the same: who is kept out wrongly comes back by a vote, who reads a
report about themselves does not forget it. Called by names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Orders = tuple[tuple[str, ...], ...]
"""A name's words, in each order that people use."""

_CYRILLIC = {
    "y": "i", "j": "i", "w": "v", "ł": "l", "đ": "d",
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "z",
    "з": "z", "и": "i", "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
    "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "c", "ш": "s",
    "щ": "s", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "ђ": "d", "ј": "i",
    "љ": "l", "њ": "n", "ћ": "c", "џ": "dz", "ѕ": "z",
}  # fmt: skip
# What languages with Latin letters write for one sound; the longer ones first
_SOUNDS = {
    "shch": "s", "tsch": "c", "tch": "c", "sch": "s", "sh": "s", "sz": "s", "zh": "z", "kh": "h",
    "ch": "c", "cz": "c", "ts": "c", "tz": "c", "ph": "f", "ck": "k", "x": "ks", "q": "k",
}  # fmt: skip
_SOUND = re.compile("|".join(_SOUNDS))
_DOUBLE = re.compile(r"([a-z])\1+")
_IS_CYRILLIC = re.compile("[\u0400-\u052f]")

_CASE = r"(?:[aeiou]{1,4}|[aeiou]{1,3}mu?|i?[eio][gh]o|i?[eo]vi)"
_CHANGED = {"k": "[kc]", "g": "(?:d?z|g)", "h": "[hs]", "t": "[tc]", "d": "dz?", "r": "rz?"}
"""What stands before a case's ending may be: Lenka, Lence; Marta, Marcie; Piotr, Piotrze."""
_LEAST = 2  # letters that stand before an ending

_HEBREW = "(?:[ובכלמהש]{1,3})?"
_ARABIC = "(?:[وفبكل]{1,2})?"
_SEMITIC = re.compile("[\u0590-\u06ff]+")
_PREFIXED = re.compile("(?<=[\u0590-\u06ff])(?=[^\\W\u0590-\u06ff])")
_ARABIC_LETTERS = {"ة": "ه", "ى": "ي", "ـ": ""}


def apart(text: str) -> str:
    """With a Hebrew or Arabic prefix apart from what it stands before in another script."""
    return _PREFIXED.sub(" ", text)


def standing(people: Sequence[Orders], text: str) -> set[int]:
    """Which of these people's names, of two words or more and in one of their orders, stand in it
    in some form: their places. Of the text nothing is left but its words, between blanks."""
    found: set[int] = set()
    for forms, reading in (
        (_prefixed, _semitic),
        (_latin_forms, _latin),
        (_cyrillic_forms, _sounds),
        (_other_forms, _of_cyrillic),
    ):
        patterns = tuple(map(forms, people))
        if any(patterns):
            found |= those(patterns, reading(text))
    return found


def those(patterns: tuple[str, ...], text: str) -> set[int]:
    """The places of those that stand in it; "" stands nowhere. Goes through the text once for all
    of them: a mail of 200 KB took as long as there are members, and nothing else ran meanwhile."""
    rest = {place: pattern for place, pattern in enumerate(patterns) if pattern}
    found: set[int] = set()
    at = 0
    while rest and (hit := _any(patterns).search(text, at)):
        here = {place for place, one in rest.items() if _any((one,)).match(text, hit.start())}
        found |= here
        rest = {place: one for place, one in rest.items() if place not in here}
        at = hit.start() + 1
    return found


@lru_cache(maxsize=4096)
def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(filter(None, patterns)))


@lru_cache(maxsize=4096)
def _prefixed(orders: Orders) -> str:
    names = [" ".join(words) for words in orders if len(words) > 1]
    return "|".join(_with_prefix(name) for name in names if _SEMITIC.search(name))


@lru_cache(maxsize=4096)
def _latin_forms(orders: Orders) -> str:
    return "|".join(_declined(_latin(name)) for name in _others(orders))


@lru_cache(maxsize=4096)
def _cyrillic_forms(orders: Orders) -> str:
    names = (name for name in _others(orders) if _IS_CYRILLIC.search(name))
    return "|".join(_declined(_sounds(name)) for name in names)


@lru_cache(maxsize=4096)
def _other_forms(orders: Orders) -> str:
    names = (name for name in _others(orders) if not _IS_CYRILLIC.search(name))
    return "|".join(_declined(_sounds(name)) for name in names)


def _others(orders: Orders) -> list[str]:
    names = (" ".join(words) for words in orders if len(words) > 1)
    return [name for name in names if not _SEMITIC.search(name)]


def _semitic(text: str) -> str:
    return _written(text, _ARABIC_LETTERS) if _SEMITIC.search(text) else ""


def _latin(text: str) -> str:
    return _written(text, _CYRILLIC)


def _of_cyrillic(text: str) -> str:
    """Its Cyrillic words, by their sounds."""
    words = text.split() if _IS_CYRILLIC.search(text) else []
    return _sounds(" ".join(["", *(w for w in words if _IS_CYRILLIC.search(w)), ""]))


def _written(text: str, letters: Mapping[str, str]) -> str:
    """`str.translate` takes five times as long."""
    for letter, other in letters.items():
        text = text.replace(letter, other)
    return text


def _sounds(text: str) -> str:
    """By sound rather than by letter; doubled letters once."""
    heard = _SOUND.sub(lambda found: _SOUNDS[found[0]], _latin(text))
    return _DOUBLE.sub(r"\1", heard)


def _with_prefix(name: str) -> str:
    words = [re.escape(_written(word, _ARABIC_LETTERS)) for word in name.split()]
    first = words[0]
    if first.startswith("ال"):
        first = f"(?:{first}|لل{first[2:]})"
    rest = "".join(f" {word}ا?" for word in words[1:])
    return f" (?:{_HEBREW}|{_ARABIC}){first}ا?{rest} "


def _declined(name: str) -> str:
    """All words that end in a consonant stand in another case, or none: Eric Hall is no Erica
    Hall, but Ericovi Hallovi is."""
    words = name.split()
    forms = {" ".join(_form(word, declined) for word in words) for declined in (False, True)}
    return "|".join(f" {form} " for form in sorted(forms))


def _form(word: str, declined: bool) -> str:
    stem = word.rstrip("aeiou")
    if not word.isalpha() or len(stem) < _LEAST:
        return re.escape(word)
    if stem != word:
        return f"(?:{re.escape(word)}|{_before(stem)}{_CASE})"
    if not declined:
        return re.escape(word)
    stems = [_before(stem)]
    if len(stem) > 3 and stem[-2] in "eo" and stem[-3] not in "aeiou":  # Pavel, Pavla
        stems.append(_before(stem[:-2] + stem[-1]))
    return f"(?:{'|'.join(stems)}){_CASE}"


def _before(stem: str) -> str:
    last = stem[-1]
    return re.escape(stem[:-1]) + _CHANGED.get(last, re.escape(last))
