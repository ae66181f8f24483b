"""Files of the case that a letter names or carries.

Owns which file names tell on their own. Refuses to look into files: equal means byte for byte.
Called by the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cocmail.core.leaks.commonness import weight
from cocmail.core.leaks.likeness import Read, folded
from cocmail.core.leaks.terms import Leak

_EVERYBODYS = frozenset(
    folded(
        "screenshot screen shot image img photo foto bild picture scan document dokument untitled"
        " unbenannt file datei attachment anhang report meldung bericht log logs mail message"
        " nachricht signature copy kopie final new neu draft chat dsc pxl vid video notes notizen"
        " bildschirmfoto code conduct of evidence beweis proof"
    )
)


def file_leaks(
    letter: Read,
    files: Iterable[tuple[str, str]],
    attached: Iterable[tuple[str, str]],
    own: list[Read],
) -> Iterator[Leak]:
    """Files that go with the letter and are the case's, and files that it names."""
    kept = tuple(files)
    digests = {digest.lower() for _, digest in kept if digest}
    told: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name, _ in kept:
        whole = tuple(folded(name))
        stem = tuple(folded(name.rpartition(".")[0] or name))
        if _tells(stem):
            told[stem] = whole
    for text in own:
        for stem, _ in list(_named(told, text)):
            told.pop(stem, None)
    for name, digest in attached:
        stem = tuple(folded(name.rpartition(".")[0] or name))
        if digest.lower() in digests:
            yield Leak("attachment", f"A file that goes with it is one of the case: “{name}”.")
        elif stem in told:
            says = f"A file that goes with it has the name of one of the case: “{name}”."
            yield Leak("attachment", says)
    for stem, place in _named(told, letter):
        whole = told.pop(stem, ())
        if whole:
            full = tuple(letter.words[place : place + len(whole)]) == whole
            shown = letter.between(place, place + len(whole if full else stem) - 1)
            yield Leak("attachment", f"It names a file of the case: “{shown}”.")


def _named(
    told: dict[tuple[str, ...], tuple[str, ...]], text: Read
) -> Iterator[tuple[tuple[str, ...], int]]:
    """The names that stand in a text, and where."""
    starting: dict[str, list[tuple[str, ...]]] = {}
    for stem in told:
        starting.setdefault(stem[0], []).append(stem)
    for place, word in enumerate(text.words):
        for stem in starting.get(word, ()):
            if tuple(text.words[place : place + len(stem)]) == stem:
                yield stem, place


def _tells(words: tuple[str, ...]) -> bool:
    """Whether a name, without its ending, is one that only this file would have."""
    if not words or len("".join(words)) < 5 or len(words) > 40:
        return False
    digits = sum(len(word) for word in words if word.isdigit())
    rare = sum(weight(word) for word in words if word not in _EVERYBODYS and not word.isdigit())
    return digits >= 4 or rare >= 2.0 or (digits >= 2 and rare >= 1.0)
