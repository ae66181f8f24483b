"""The same words in a row in two texts.

Owns the search for common runs: an automaton of all runs of the letter, which reads every other
text once. Refuses to know what a run tells (words) and whose texts they are.

Bound: a letter of n words has at most 2n states and 3n steps between them; a text of m words is
read in m steps forward and at most m back. Repeated words change nothing about that. `Runs.steps`
counts them. Called by the other rooms of this package.
"""

from __future__ import annotations

from collections.abc import Iterator


class Runs:
    """All runs of words of one text (its suffix automaton)."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.steps = 0
        self._next: list[dict[str, int]] = [{}]
        self._back: list[int] = [-1]
        self._longest: list[int] = [0]
        self._end: list[int] = [0]  # one place (the first) after the state's runs
        self._whole: list[int] = []  # the state of the text up to each word
        for word in words:
            self._grow(word)

    def _grow(self, word: str) -> None:
        last = self._whole[-1] if self._whole else 0
        new = self._state({}, self._longest[last] + 1, len(self._whole) + 1)
        self._whole.append(new)
        state = last
        while state >= 0 and word not in self._next[state]:
            self._next[state][word] = new
            state = self._back[state]
            self.steps += 1
        if state < 0:
            self._back[new] = 0
            return
        ahead = self._next[state][word]
        if self._longest[ahead] == self._longest[state] + 1:
            self._back[new] = ahead
            return
        twin = self._state(dict(self._next[ahead]), self._longest[state] + 1, self._end[ahead])
        self._back[twin] = self._back[ahead]
        self._back[ahead] = self._back[new] = twin
        while state >= 0 and self._next[state].get(word) == ahead:
            self._next[state][word] = twin
            state = self._back[state]
            self.steps += 1

    def _state(self, ahead: dict[str, int], longest: int, end: int) -> int:
        self._next.append(ahead)
        self._back.append(0)
        self._longest.append(longest)
        self._end.append(end)
        self.steps += len(ahead)
        return len(self._next) - 1

    def _walk(self, words: list[str]) -> Iterator[tuple[int, int]]:
        """For each word of another text: the state, and how many words up to it stand here."""
        state = length = 0
        for word in words:
            ahead = self._next[state].get(word)
            while ahead is None and state:
                state = self._back[state]
                length = self._longest[state]
                ahead = self._next[state].get(word)
                self.steps += 1
            state, length = (0, 0) if ahead is None else (ahead, length + 1)
            self.steps += 1
            yield state, length

    def shared_with(self, words: list[str]) -> Iterator[range]:
        """The places, here, of the runs that stand in the other text too and can't go on there.
        As many as the other text has words, at most."""
        state = length = 0
        for following, reach in self._walk(words):
            if length and reach != length + 1:
                yield range(self._end[state] - length, self._end[state])
            state, length = following, reach
        if length:
            yield range(self._end[state] - length, self._end[state])

    def covered_by(self, texts: list[list[str]], least: int) -> list[bool]:
        """Which words here stand in a run of ``least`` words or more of one of these texts."""
        reach = [0] * len(self._next)
        for words in texts:
            for state, length in self._walk(words):
                reach[state] = max(reach[state], length)
        shortest_first = sorted(range(1, len(self._next)), key=self._longest.__getitem__)
        for state in reversed(shortest_first):
            back = self._back[state]
            if reach[state]:
                reach[back] = max(reach[back], self._longest[back])
        for state in shortest_first:
            reach[state] = max(reach[state], reach[self._back[state]])
        covered = [False] * len(self.words)
        left = 0
        for place in range(len(self.words) - 1, -1, -1):
            here = reach[self._whole[place]]
            left = max(left - 1, here if here >= least else 0)
            covered[place] = left > 0
        return covered
