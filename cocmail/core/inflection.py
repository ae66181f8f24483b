"""Whole names in the forms that a sentence gives them: Slavic cases, Semitic prefixes, and a name
of one of the Latin and Cyrillic alphabets in the other.

Owns which form of a name is taken for the name. Refuses a form of one word alone, and to tell
relatives apart whose forms are the same: who is kept out wrongly comes back by a vote, who reads a
report about themselves does not forget it. Called by names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_CYRILLIC = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "z",
        "з": "z", "и": "i", "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
        "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "c", "ш": "s",
        "щ": "s", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "ђ": "d", "ј": "i",
        "љ": "l", "њ": "n", "ћ": "c", "џ": "dz", "ѕ": "z",
        "y": "i", "j": "i", "w": "v", "ł": "l", "đ": "d",
    }
)  # fmt: skip
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
_ARABIC_LETTERS = str.maketrans({"ة": "ه", "ى": "ي", "ـ": ""})


@dataclass(frozen=True, slots=True)
class Said:
    """A text without case, accents and signs, its words between blanks, as it is looked through."""

    latin: str
    semitic: str
    cyrillic: str  # its Cyrillic words, by their sounds
    sounds: str  # all of it


def said(text: str) -> Said:
    words = text.split() if _IS_CYRILLIC.search(text) else []
    cyrillic = " ".join(["", *(w for w in words if _IS_CYRILLIC.search(w)), ""])
    semitic = _SEMITIC.search(text)
    return Said(
        latin=_latin(text),
        semitic=text.translate(_ARABIC_LETTERS) if semitic else "",
        cyrillic=_sounds(cyrillic),
        sounds=_sounds(text),
    )


def apart(text: str) -> str:
    """With a Hebrew or Arabic prefix apart from what it stands before in another script."""
    return _PREFIXED.sub(" ", text)


def stands(orders: Iterable[Sequence[str]], text: Said) -> bool:
    """Whether a name of two words or more, in one of these orders, stands in it in some form."""
    return any(_stands(tuple(words), text) for words in orders if len(words) > 1)


def _stands(words: tuple[str, ...], text: Said) -> bool:
    name = " ".join(words)
    if _SEMITIC.search(name):
        return bool(_with_prefix(name).search(text.semitic))
    elsewhere = text.sounds if _IS_CYRILLIC.search(name) else text.cyrillic
    return bool(
        _declined(_latin(name)).search(text.latin)
        or (elsewhere.strip() and _declined(_sounds(name)).search(elsewhere))
    )


def _latin(text: str) -> str:
    return text.translate(_CYRILLIC)


def _sounds(text: str) -> str:
    """By sound rather than by letter; doubled letters once."""
    heard = _SOUND.sub(lambda found: _SOUNDS[found[0]], text.translate(_CYRILLIC))
    return _DOUBLE.sub(r"\1", heard)


@lru_cache(maxsize=4096)
def _with_prefix(name: str) -> re.Pattern[str]:
    words = [re.escape(word.translate(_ARABIC_LETTERS)) for word in name.split()]
    first = words[0]
    if first.startswith("ال"):
        first = f"(?:{first}|لل{first[2:]})"
    rest = "".join(f" {word}ا?" for word in words[1:])
    return re.compile(f" (?:{_HEBREW}|{_ARABIC}){first}ا?{rest} ")


@lru_cache(maxsize=4096)
def _declined(name: str) -> re.Pattern[str]:
    """All words that end in a consonant stand in another case, or none: Eric Hall is no Erica
    Hall, but Ericovi Hallovi is."""
    words = name.split()
    forms = {" ".join(_form(word, declined) for word in words) for declined in (False, True)}
    return re.compile(f" (?:{'|'.join(sorted(forms))}) ")


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
