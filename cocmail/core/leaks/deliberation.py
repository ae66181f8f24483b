"""Sentences that tell how members voted, or who of them thought what.

Owns the words for it, English and German. Refuses to compare: that a sentence tells of opinions in
the committee is enough. Called by the package, for letters that must not tell it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cocmail.core.leaks.likeness import Read, fold, sentences, stem
from cocmail.core.leaks.terms import Leak


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(fold(word)) for word in text.split())


_SOME = _stems(
    "one two three four five some most several majority minority half many other another others"
    " nobody everybody only except colleague colleagues"
    " eine einer eines einige zwei drei vier fünf mehrere mehrheit minderheit hälfte manche"
    " andere niemand kollege kollegin kollegen"
)
_OF_US = _stems("us member members committee colleague colleagues person people uns mitglied")
_OF_US |= _stems("mitglieder mitgliedern ausschuss komitee kollege kollegin kollegen runde leute")
_THOUGHT = _stems(
    "vote voted votes argued insisted objected disagreed abstained wanted preferred favoured"
    " doubted doubts hesitated opposed felt thought believes believed suspected demanded pushed"
    " outvoted convinced persuaded unsure sceptical skeptical reluctant"
    " stimmte stimmten gestimmt dagegen dafür enthielt enthalten wollte wollten zweifelte"
    " bezweifelt bezweifelte bestand forderte meinte fand überstimmt überzeugt skeptisch uneinig"
)
_ALONE = _stems("outvoted überstimmt abstained abstention enthaltung enthaltungen")
_NEAR = 9


def deliberation_leaks(letter: Read) -> Iterator[Leak]:
    """At most one: the first such sentence."""
    for places in sentences(letter):
        roots = [stem(letter.words[place]) for place in places]
        if _tells(roots):
            shown = letter.between(places[0], places[-1])
            says = f"It seems to tell how members voted or what they thought: “{shown}”."
            yield Leak("paraphrase", says)
            return


def _tells(roots: list[str]) -> bool:
    if not _ALONE.isdisjoint(roots):
        return True
    for place, root in enumerate(roots):
        if root in _SOME:
            near = roots[place : place + _NEAR]
            if not _OF_US.isdisjoint(near[:4]) and not _THOUGHT.isdisjoint(near):
                return True
    return False
