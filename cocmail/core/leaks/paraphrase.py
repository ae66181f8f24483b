"""A sentence of the letter that says much the same as one whose words must not leave.

Owns light paraphrase: the telling words of one sentence, in other order, inflected, or with
synonyms between them, close together in the letter. Refuses to understand: what is retold in words
of one's own leaves unseen. Called by the package.

Bound: each word of a source is looked up in at most `CROWDED` sentences of the letter; a word that
stands in more of them tells nothing there. `Sentences.steps` counts the look-ups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from cocmail.core.leaks.commonness import weight
from cocmail.core.leaks.likeness import Read, sentences, stem
from cocmail.core.leaks.synonyms import CONCEPTS
from cocmail.core.leaks.terms import Leak

CROWDED = 32
ENOUGH = 2.9
"""What the shared words must weigh where they are the whole of a sentence, here or there."""
MORE = 5.0
"""What they must weigh more, the less of the sentence they are."""
LEAST_SHARE = 0.25
FEWEST = 3
MOST_OF_IT = 0.8  # where so much of a sentence is shared, two telling words are enough
NEIGHBOURS = 0.8  # what they must weigh more where they stand in two sentences
SYNONYM = 0.8  # what a synonym counts
MOST = 3

_Told = dict[str, tuple[float, str]]
"""What is told, by its concept: how much it weighs, and the stem that was written."""
_Shared = dict[str, float]


class Sentences:
    """The letter's sentences, to be compared with others'."""

    def __init__(self, letter: Read, covered: list[bool], own: set[str]) -> None:
        self.steps = 0
        self._letter = letter
        self._own = {_concept(stem(word)) for word in own}
        self._places = sentences(letter)
        self._told = [
            self._concepts([letter.words[place] for place in places if not covered[place]])
            for places in self._places
        ]
        self._whole = [sum(heavy for heavy, _ in told.values()) for told in self._told]
        where: dict[str, list[int]] = defaultdict(list)
        for number, told in enumerate(self._told):
            for concept in told:
                where[concept].append(number)
        self._where = {one: found for one, found in where.items() if len(found) <= CROWDED}

    def _concepts(self, words: list[str]) -> _Told:
        found: _Told = {}
        for word in words:
            root = stem(word)
            concept = _concept(root)
            heavy = weight(word) * (0.15 if concept in self._own else 1.0)
            if heavy and heavy > found.get(concept, (0.0, ""))[0]:
                found[concept] = heavy, root
        return found

    def close_to(self, source: Read, what: str) -> Iterable[Leak]:
        """The sentences that come closest to one of a text's, or to two of its neighbours."""
        best: dict[tuple[int, int], float] = {}
        before: dict[int, _Shared] = {}
        for places in sentences(source):
            told = self._concepts([source.words[place] for place in places])
            shared = self._shared(told)
            whole = sum(heavy for heavy, _ in told.values())
            for there, surplus in self._closest(shared, before, whole):
                best[there] = max(best.get(there, 0.0), surplus)
            before = shared
        named: list[tuple[int, int]] = []
        for first, last in sorted(best, key=lambda one: (-best[one], one)):
            if len(named) < MOST and not any(a <= last and first <= b for a, b in named):
                named.append((first, last))
        for first, last in sorted(named):
            shown = self._letter.between(self._places[first][0], self._places[last][-1])
            yield Leak("paraphrase", f"It comes close to a sentence of {what}: “{shown}”.")

    def _shared(self, told: _Told) -> dict[int, _Shared]:
        """What each sentence of the letter shares with a sentence of a source."""
        shared: dict[int, _Shared] = defaultdict(dict)
        for concept, (heavy, root) in told.items():
            for number in self._where.get(concept, ()):
                here, written = self._told[number][concept]
                shared[number][concept] = min(here, heavy) * (1 if written == root else SYNONYM)
                self.steps += 1
        return shared

    def _closest(
        self, shared: dict[int, _Shared], before: dict[int, _Shared], whole: float
    ) -> Iterable[tuple[tuple[int, int], float]]:
        for number, found in shared.items():
            joined = before.get(number, {}) | found
            surplus = max(
                _surplus(found, whole),
                _surplus(joined, self._whole[number]),
            )
            if surplus >= 0:
                yield (number, number), surplus
            elif number + 1 in shared:
                surplus = _surplus(found | shared[number + 1], whole) - NEIGHBOURS
                if surplus >= 0:
                    yield (number, number + 1), surplus


def _surplus(found: _Shared, whole: float) -> float:
    """By how much the shared words weigh more than is needed; less than 0 if they don't."""
    telling = sum(1 for heavy in found.values() if heavy >= 0.8)
    share = sum(found.values()) / whole
    fewest = FEWEST - 1 if share >= MOST_OF_IT else FEWEST
    if telling < fewest or len(found) < FEWEST or share < LEAST_SHARE:
        return -1.0
    return sum(found.values()) - ENOUGH - MORE * (1 - share)


def _concept(root: str) -> str:
    return CONCEPTS.get(root, root)
