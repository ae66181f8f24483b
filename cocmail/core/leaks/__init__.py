"""Whether a letter tells its addressee what must not be told: who reported, or what members said.

Owns the look at a letter before it leaves: names, addresses, words in a row, light paraphrase,
files. Refuses to prove anything: it is a help for whoever wrote the letter, and what is retold in
words of one's own passes. Refuses to know a case, a role or a member; it does no I/O. Called by
speech.

Bound: every text is read once. The letter's runs of words are an automaton of at most two states
a word (runs); a source's words are looked up in it, and in at most 32 sentences of the letter each
(paraphrase). So time grows with the sources' length, and memory with the letter's and the longest
source's; words that repeat themselves change nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable

from cocmail.core.leaks.commonness import COURTESIES
from cocmail.core.leaks.deliberation import deliberation_leaks
from cocmail.core.leaks.files import file_leaks
from cocmail.core.leaks.likeness import greeted, read
from cocmail.core.leaks.paraphrase import Sentences
from cocmail.core.leaks.persons import address_leaks, name_leaks
from cocmail.core.leaks.runs import Runs
from cocmail.core.leaks.terms import A_MEMBERS_MESSAGE, Leak, Secrets, Source
from cocmail.core.leaks.words import shared_runs, weights

__all__ = ["A_MEMBERS_MESSAGE", "Leak", "Secrets", "Source", "leaks"]

_OWN_RUN = 3
"""So many words in a row of the addressee's own are theirs, wherever else they stand."""


def leaks(
    text: str, secrets: Secrets, attached: Iterable[tuple[str, str]] = ()
) -> tuple[Leak, ...]:
    """What of the secrets a letter would tell; () where nothing was found.

    ``attached`` are the files that go with the letter: name and hex SHA-256. Names come first,
    then addresses, words, sentences and files. A sentence whose words were found in a row isn't
    named a second time."""
    letter = read(text)
    own = [read(one) for one in secrets.own]
    runs = Runs(letter.words)
    theirs = runs.covered_by([one.words for one in own], 2)
    known = [*(one.words for one in own), *COURTESIES]
    covered = runs.covered_by(known, _OWN_RUN)
    vocabulary = greeted(letter).union(*(one.words for one in own))
    weighed = weights(letter, covered, vocabulary)
    letters = Sentences(letter, covered, vocabulary)

    found = [
        *name_leaks(letter, secrets.names, own, theirs),
        *address_leaks(letter, secrets.addresses, own, theirs),
    ]
    close: list[Leak] = []
    for source in secrets.sources:
        other = read(source.text)
        in_a_row = list(shared_runs(letter, runs, weighed, other.words, source.what))
        found += in_a_row
        if not in_a_row:
            close += letters.close_to(other, source.what)
    if any(source.what == A_MEMBERS_MESSAGE for source in secrets.sources) and not close:
        close += deliberation_leaks(letter)
    return tuple(
        dict.fromkeys([*found, *close, *file_leaks(letter, secrets.attachments, attached, own)])
    )
