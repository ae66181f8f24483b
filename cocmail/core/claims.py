"""Whom a mail names as its sender where that can't be told from it.

Owns the reading of such lines, however they are written: rather too much is found than too little,
since it is who must not be told something, or of whom. Refuses to believe any of it. Called by
mail and speech.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BETWEEN = re.compile(r'[<>"();:]+')


def bare(value: str) -> str:
    """Without comments, quotes, escapes and the space around a dot or an @: addresses stand in it
    as they are compared (RFC 5322 sections 3.2.2, 3.2.4 and 4.4). A comment without an end stays.
    """
    out: list[str] = []
    quoted, escaped, depth, began = False, False, 0, 0
    for char in value:
        if escaped or char not in '\\"()':
            out.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = quoted if depth else not quoted
        elif quoted:
            out.append(char)
        elif char == "(":
            began = began if depth else len(out)
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                del out[began:]
    return re.sub(r" ?([@.]) ?", r"\1", " ".join("".join(out).split()))


def addresses(value: str) -> frozenset[str]:
    """Every address that it may mean."""
    words = (word for form in (value, bare(value)) for word in re.split(r'[\s<>"(),;:]+', form))
    return frozenset(word.strip("'").lower() for word in words if "@" in word.strip("'@"))


def names(value: str) -> Iterator[str]:
    """Every name that it may mean: of a list of names, each and all."""
    for piece in _BETWEEN.split(value):
        for part in (piece, *piece.split(",")):
            name = " ".join(word for word in part.split() if "@" not in word)
            if name:
                yield name
