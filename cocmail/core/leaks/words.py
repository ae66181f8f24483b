"""Runs of words that a letter shares with a text whose words must not leave.

Owns when a run tells: by what its words weigh, not by how many they are. Refuses to see what the
addressee wrote, and what every letter says. Called by the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from cocmail.core.leaks.commonness import weight
from cocmail.core.leaks.likeness import Read
from cocmail.core.leaks.runs import Runs
from cocmail.core.leaks.terms import Leak

TELLS = 5.2
"""What a run must weigh to tell where it is from: four rare words, or many everyday ones."""
SHORTEST = 3
SMALLEST = 0.4  # what a word of no weight adds: many in a row, in the same order, tell too
MOST = 3
"""So many runs of one text are named; the others need the same look."""


def weights(letter: Read, covered: list[bool], own: set[str]) -> list[float]:
    """What each word of the letter tells in a run."""
    return [
        0.0 if known else max(SMALLEST, 0.0 if word in own else weight(word))
        for word, known in zip(letter.words, covered, strict=True)
    ]


def shared_runs(
    letter: Read, runs: Runs, weighed: list[float], source: list[str], what: str
) -> Iterable[Leak]:
    """The heaviest runs that the letter has in common with one text."""
    upto = [0.0, *accumulate(weighed)]
    found = sorted(
        {
            (upto[run.stop] - upto[run.start], run.start, run.stop)
            for run in runs.shared_with(source)
            if len(run) >= SHORTEST and upto[run.stop] - upto[run.start] >= TELLS
        },
        reverse=True,
    )
    named: list[tuple[int, int]] = []
    for _, start, stop in found:
        if any(start < end and begin < stop for begin, end in named):
            continue
        named.append((start, stop))
        if len(named) == MOST:
            break
    for start, stop in sorted(named):
        # A small word at the edge is there by chance.
        while weight(letter.words[start]) == 0 and stop - start > SHORTEST:
            start += 1
        while weight(letter.words[stop - 1]) == 0 and stop - start > SHORTEST:
            stop -= 1
        shown = letter.between(start, stop - 1)
        yield Leak("words", f"It holds {stop - start} words in a row of {what}: “{shown}”.")
