"""What language somebody's mail asks for, and which of ours that is.

Owns the reading of language tags (RFC 3282 for the fields, RFC 5646 for the tags) and the choice
among those we have (RFC 4647 section 3.4: a tag that isn't there is tried with less at its end).
Refuses to know templates. Called by core.mail and core.setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MAX_VALUE = 1000  # of one field; a person reads a handful of languages
_MAX_TAGS = 20
_COMMENT = re.compile(r"\([^()]*\)")
_TAG = re.compile(r"([a-z]{2,8}(?:-[a-z0-9]{1,8}){0,4})(?:\s*;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?")


def tags(value: str) -> tuple[str, ...]:
    """The tags of a field, lower case, the most wanted first. What is no tag is passed over."""
    found: list[tuple[float, str]] = []
    for piece in _COMMENT.sub(" ", value[:_MAX_VALUE]).lower().split(",")[:_MAX_TAGS]:
        one = _TAG.fullmatch(piece.strip())
        if one is None:
            continue
        wanted = 1.0 if one[2] is None else float(one[2])
        if wanted > 0:
            found.append((-wanted, one[1]))
    ordered = [tag for _, tag in sorted(found, key=lambda pair: pair[0])]
    return tuple(dict.fromkeys(ordered))


def choose(wanted: Iterable[str], have: Iterable[str]) -> str:
    """The first wanted language that we have, spelled as we have it; "" if there is none."""
    ours = {one.lower(): one for one in have}
    for tag in wanted:
        pieces = tag.lower().split("-")
        while pieces:
            if "-".join(pieces) in ours:
                return ours["-".join(pieces)]
            pieces.pop()
    return ""
