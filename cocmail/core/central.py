"""Which charset a text of Latin letters is in that says none, or Western European: Polish, Czech,
Slovak, Hungarian, Croatian, Romanian, Turkish, Lithuanian and Latvian are told from the West's.

Owns the letters of each language beside the English ones. A text is Western where all of its
letters are one Western language's; else it is another's where those have nearly all of its words,
and it has several letters in several words that would read otherwise. Of 47,000 Western texts,
sentences from programs in thirty languages, one was misread, which was Occitan, and of 3,700 that
mix two to five of these languages seven. Of the two sets of Central Europe it tells one from the
other, against a label (`of_central`): of 56,000 texts under their own label none was misread.
Called by core.unlabelled and core.charsets.
"""

from __future__ import annotations

import re
from itertools import islice

_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_LOOKED_AT, _MOST, _LONGEST = 50_000, 200, 60  # bytes, words, bytes of a word
# Signs that stand beside words in the sets of Windows
_BESIDE = bytes.fromhex(
    "80 82 84 85 86 87 8b 91 92 93 94 95 96 97 99 9b a0 a7 a9 ab ad ae b0 b7 bb"
)
_BEFORE = bytes.fromhex("a6 ac b1 b6")  # a word, as signs
_OPENING = b"\xbf\xa1"  # in Spanish
_SIGNS = frozenset("·’‘“”«»…–—\xa0°§®©™•€\xad´¿¡†")
_WESTERN = tuple(
    map(
        frozenset,
        (
            "äöüß", "éèêëàâîïôöûùüçœæÿ", "áéíóúüñïçàèòºª", "áâãàçéêíóôõúüºª", "àèéìíîòóùú",
            "áéëïóöüèêçíâäûôî", "åäöéàüáëèæø", "æøåéèêòóôöäüáëç", "áéíóúýöæþðøå", "àèéíóòúüïçñ",
            "àáèéíïòóúüçñôâêîû", "àèìòùáéíóúâêîôûïöäë", "âêîôûáéèïöäëýù", "äöõüšž", "äöåšžéü",
        ),
    )
)  # fmt: skip
_CENTRAL = ("cp1250", "iso8859_2")
_BALTIC = ("cp1257", "iso8859_13")
_HUNGARIAN = frozenset("áéíóöőúüű")
_OTHERS = (
    (frozenset("ąćęłńóśźż"), _CENTRAL),
    (frozenset("áčďéěíňóřšťúůýž"), _CENTRAL),
    (frozenset("áäčďéíĺľňóôŕšťúýž"), _CENTRAL),
    (_HUNGARIAN, _CENTRAL),
    (frozenset("čćđšž"), _CENTRAL),
    (frozenset("ăâîşţ"), _CENTRAL),
    (frozenset("çğıöşüâîû\u0307"), ("cp1254",)),
    (frozenset("ąčęėįšųūž"), _BALTIC),
    (frozenset("āčēģīķļņšūžō"), _BALTIC),
)
_FEW, _KINDS = 4, 3  # words that would read otherwise, letters of them
_NEARLY_ALL = 0.9
_SHORT, _PLAINLY = 2, 2  # letters of a word that says little; words by which a label is wrong


def central(data: bytes) -> str:
    """Python's name of the charset, "" where it may as well be Western European."""
    words = _words(data)
    return _of_words(words) if len(words) >= _FEW else ""


def _words(data: bytes) -> list[bytes]:
    """The first that aren't ASCII, each once."""
    found = (one[0].strip(_BESIDE) for one in _WORD.finditer(data[:_LOOKED_AT]))
    words = dict.fromkeys(w for w in found if not w.isascii() and len(w) < _LONGEST)
    return [*islice(words, _MOST)]


def of_central(data: bytes, codec: str) -> str:
    """Python's name of the other of the two sets of Central Europe's letters, where nearly all
    words are some language's in that, and fewer in this one, which is the label's; else ""."""
    label = codec.replace("-", "_")
    if label not in _CENTRAL:
        return ""
    other = _CENTRAL[1 - _CENTRAL.index(label)]
    words = [word.lstrip(_BEFORE) for word in _words(data)]
    words = [word for word in words if len(word) > _SHORT and not word.isascii()]
    here, there = _most_fitting(words, label), _most_fitting(words, other)
    plainly = there - here >= _PLAINLY and there >= len(words) * _NEARLY_ALL
    return other if plainly else ""


def _most_fitting(words: list[bytes], codec: str) -> int:
    letters = [_letters(word, codec) for word in words]
    return max(
        sum(some <= language for some in letters)
        for language, codecs in _OTHERS
        if codecs is _CENTRAL
    )


def _of_words(words: list[bytes]) -> str:
    every = frozenset().union(*(_letters(word.lstrip(_OPENING), "cp1252") for word in words))
    if any(every - _SIGNS <= language for language in _WESTERN):
        return ""
    best, most = "", (0, 0)
    for language, codecs in _OTHERS:
        for codec in codecs:
            fitting = [word for word in words if _letters(word, codec) <= language]
            if len(fitting) < len(words) * _NEARLY_ALL:
                continue
            otherwise = [word for word in fitting if _tells(word, codec)]
            kinds = {pair for word in otherwise for pair in _differing(word, codec)}
            # Hungarian differs in two letters alone. One of them is Portuguese, before an e.
            least = 1 if language is _HUNGARIAN else _KINDS
            if language is _HUNGARIAN:
                otherwise = [word for word in otherwise if b"\xf5e" not in word]
            if len(otherwise) >= _FEW and len(kinds) >= least:
                best, most = max((best, most), (codec, (len(fitting), len(otherwise))), key=_second)
    return best


def _second(found: tuple[str, tuple[int, int]]) -> tuple[int, int]:
    return found[1]


def _letters(word: bytes, codec: str) -> frozenset[str]:
    return frozenset(c for c in word.decode(codec, "replace").lower() if c > "\x7f")


def _tells(word: bytes, codec: str) -> bool:
    return len(word) > 2 and bool(_differing(word, codec))


def _differing(word: bytes, codec: str) -> set[str]:
    pairs = zip(word.decode(codec, "replace"), word.decode("cp1252", "replace"), strict=True)
    return {here.lower() for here, west in pairs if here != west}
