"""What was perhaps meant, where a word is none that we know.

Owns the likeness of words. Refuses to act on it: a guess is offered, never taken. Called by
whatever refuses a word.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALIKE = 0.6


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that this one resembles most; "" if it resembles none."""
    folded = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=_ALIKE)
    return folded[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str], else_: str, *, form: str = "{}") -> str:
    """What would have been right: the nearest known word in its ``form``, or ``else_``."""
    near = nearest(word, known)
    return f"did you mean {form.format(near)}?" if near else else_
