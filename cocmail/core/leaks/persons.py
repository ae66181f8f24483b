"""Names and addresses in a letter, as people write them and as they hide them.

Owns which part of a name or address tells on its own. Refuses to take a word for a name only
because it is spelled like one. Called by the package.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cocmail.core.leaks.commonness import is_plain, is_word, language, weight, words_in
from cocmail.core.leaks.likeness import Read, folded, sentences, stem
from cocmail.core.leaks.terms import Leak

_TITLES = words_in(
    "mr mrs ms mx miss dr prof professor sir madam herr herrn frau van von der den de da del di la"
    " le el al bin ibn ter zu zur vom und and jr sr"
)
_AT = words_in("at dot punkt klammeraffe")
_NOBODYS = words_in(
    "info contact kontakt mail email admin hello hallo list lists owner dev team office noreply"
    " reply post postmaster webmaster support conduct community abuse security help board"
)
_ACCUSES = frozenset(
    stem(word)
    for word in words_in(
        "reported reporter complained complainant complaint accused accuses informed"
        " meldete gemeldet beschwert beschwerde angezeigt hinweisgeber hinweisgeberin"
    )
)
_WHAT_PEOPLE_DO = words_in(
    "s said says told tells wrote writes was is has had asked asks felt feels thinks thought wants"
    " wanted reported sagt sagte schreibt schrieb war ist hat hatte meldete fragt fragte"
)
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]{2,}")
_PARAGRAPH = re.compile(r"\n[ \t>|]*\n")
_TOGETHER = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_][^\W\d_]){3,40}(?![^\W_])")


@dataclass(frozen=True, slots=True)
class _Sign:
    """Words in a row that tell who is meant."""

    words: tuple[str, ...] = field(repr=False)
    kind: str  # "name", "part", "address" or "local"
    cased: bool = False  # tells only with a capital: it is a word, too
    bridged: bool = False  # an address: " at ", " dot " may stand between the words

    @property
    def initial(self) -> bool:
        """Whether one of its words is just a letter."""
        return self.kind == "part" and any(len(word) == 1 for word in self.words)


def name_leaks(
    letter: Read, names: Iterable[str], own: list[Read], covered: list[bool]
) -> Iterator[Leak]:
    """Names, whole or in part. Where the addressee used it, only one that is said to report."""
    tongue = language(letter.words)
    signs = {sign for name in names for sign in _of_name(name, tongue)}
    for sign, shown in _found(signs, letter, own, covered):
        if sign.kind == "name":
            says = f"It names somebody who must not be named: “{shown}”."
        else:
            says = f"It holds a part of a name that must not be told: “{shown}”."
        yield Leak("name", says)


def address_leaks(
    letter: Read, addresses: Iterable[str], own: list[Read], covered: list[bool]
) -> Iterator[Leak]:
    """Addresses, whole or their first part."""
    signs = {sign for address in addresses for sign in _of_address(address)}
    for sign, shown in _found(signs, letter, own, covered):
        if sign.kind == "address":
            says = f"It holds an address that must not be told: “{shown}”."
        else:
            says = f"It holds a part of an address that must not be told: “{shown}”."
        yield Leak("address", says)


def _of_name(name: str, tongue: str) -> Iterator[_Sign]:
    pieces = [tuple(folded(piece)) for piece in name.replace(",", " ").split()]
    pieces = [piece for piece in pieces if piece and not _TITLES.issuperset(piece)]
    if not pieces or sum(map(len, pieces)) > 12 or "@" in name:
        return
    whole = tuple(word for piece in pieces for word in piece)
    joined = "".join(whole)
    if len(whole) > 1 and (len(joined) > 3 or _HAN.fullmatch(joined)):
        yield _Sign(whole, "name")
        yield _Sign((joined,), "name")
        yield _Sign(tuple(word for piece in (pieces[-1], *pieces[:-1]) for word in piece), "name")
    if len(pieces) > 1:
        first, last = pieces[0], pieces[-1]
        yield _Sign((*first, *last), "name")
        yield _Sign((first[0][0], *last), "part", cased=True)
        yield _Sign((*last, first[0][0]), "part", cased=True)
        if len(first[0]) > 1:
            yield _Sign((*first, last[0][0]), "part", cased=True)
    if len(whole) > 2 and all(len(word) == 1 for word in whole):
        yield _Sign(whole[:2], "part")  # a family name of two signs
    for piece in pieces:
        spelled = "".join(piece)
        if len(spelled) < 2 or (len(piece) == 1 and is_plain(spelled)):
            continue
        common = (len(piece) == 1 and is_word(spelled, tongue)) or len(spelled) < 3
        if common:
            for title in ("herr", "herrn", "frau", "mr", "mrs", "ms", "mx"):
                yield _Sign((title, *piece), "part")
        if common and tongue == "de" and not is_word(spelled, "en") and len(spelled) > 2:
            continue  # a German noun has a capital anyway
        yield _Sign(piece, "part", cased=common)
        if len(piece) > 1 and len(spelled) > 4:
            yield _Sign((spelled,), "part")
            for half in piece:
                if len(half) > 3:
                    yield _Sign((half,), "part", cased=is_word(half, tongue))


def _of_address(address: str) -> Iterator[_Sign]:
    local, _, domain = address.rpartition("@")
    name, host = tuple(folded(local)), tuple(folded(domain))
    if not name or not host:
        return
    yield _Sign((*name, *host), "address", bridged=True)
    yield _Sign(("".join(name) + "at" + "dot".join(host),), "address")
    joined = "".join(name)
    rare = [word for word in name if weight(word) >= 1.2 and word not in _NOBODYS]
    if len(joined) >= 5 and rare and (len(name) > 1 or len(joined) >= 6 or not joined.isalpha()):
        yield _Sign(name, "local")
        if len(name) > 1:
            yield _Sign((joined,), "local")


def _found(
    signs: Iterable[_Sign], letter: Read, own: list[Read], covered: list[bool]
) -> Iterator[tuple[_Sign, str]]:
    """Each sign that stands in the letter, and how it is written there; the longer ones first,
    and none within another."""
    starting: dict[str, list[_Sign]] = defaultdict(list)
    for sign in sorted(signs, key=lambda one: (one.words, one.kind, one.cased)):
        starting[sign.words[0]].append(sign)
    used = {sign for text in own for _, _, sign in _matches(starting, text)}
    spelled = {sign.words for sign in used}
    spelled |= {(word,) for words in spelled for word in words}
    taken = [False] * len(letter.words)
    told: set[str] = set()
    accusing = _accusing(letter, covered)
    hits = sorted(_matches(starting, letter), key=lambda hit: (hit[0] - hit[1], hit[0]))
    for first, last, sign in hits:
        if any(taken[first:last]):
            continue
        if sign.words in spelled and not accusing[first]:
            continue
        taken[first:last] = [True] * (last - first)
        shown = letter.between(first, last - 1)
        if shown.casefold() not in told:
            told.add(shown.casefold())
            yield sign, shown
    for apart in _TOGETHER.finditer(letter.text):
        joined = "".join(folded(re.sub(r"[ .\-_]", "", apart.group())))
        for sign in starting.get(joined, ()):
            if sign.words == (joined,) and sign.words not in spelled and joined not in told:
                told.add(joined)
                yield sign, apart.group()


def _accusing(letter: Read, covered: list[bool]) -> list[bool]:
    """Which words stand in a sentence that says that somebody reported, in words that aren't the
    addressee's."""
    found = [False] * len(letter.words)
    for places in sentences(letter):
        if any(stem(letter.words[p]) in _ACCUSES for p in places):
            fresh = not all(covered[p] for p in places)
            for place in places:
                found[place] = fresh
    return found


def _matches(starting: dict[str, list[_Sign]], text: Read) -> Iterator[tuple[int, int, _Sign]]:
    begins = {places[0] for places in sentences(text)} if starting else set()
    for place, word in enumerate(text.words):
        for first in (word, word[:-1]) if word.endswith("s") and len(word) > 3 else (word,):
            for sign in starting.get(first, ()):
                last = _follow(sign, text, place)
                if not last:
                    continue
                if sign.cased and not _has_capitals(text, place, last, begins):
                    continue
                # “… Benedikt”, and a new paragraph that begins with “A …”, is no initial.
                written = text.text[text.starts[place] : text.ends[last - 1]]
                if sign.initial and _PARAGRAPH.search(written):
                    continue
                yield place, last, sign


def _follow(sign: _Sign, text: Read, place: int) -> int:
    """Where the sign ends that begins here; 0 if it doesn't. Its last word may have an s."""
    first = text.words[place]
    if first != sign.words[0] and len(sign.words) > 1:
        return 0
    for position, wanted in enumerate(sign.words[1:], 1):
        place += 1
        bridge = 0
        while (
            sign.bridged
            and bridge < 2
            and place < len(text.words)
            and text.words[place] in _AT
            and text.words[place] != wanted
        ):
            place += 1
            bridge += 1
        # An initial or a middle name between the first and the last of a name.
        if not sign.bridged and place + 1 < len(text.words) and text.words[place] != wanted:
            between = text.words[place]
            if sign.kind == "name" and (len(between) == 1 or between in _TITLES):
                place += 1
        if place >= len(text.words):
            return 0
        here = text.words[place]
        ends = position == len(sign.words) - 1 and here == wanted + "s"
        if here != wanted and not ends:
            return 0
    return place + 1


def _has_capitals(text: Read, first: int, last: int, begins: set[int]) -> bool:
    """Whether the words are written like a name: with capitals that no sentence asks for."""
    if not all(text.as_written(place)[:1].isupper() for place in range(first, last)):
        return False
    following = text.words[last] if last < len(text.words) else ""
    return last - first > 1 or first not in begins or following in _WHAT_PEOPLE_DO
