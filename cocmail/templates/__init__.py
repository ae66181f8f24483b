"""Which languages there are: ours, and a community's own beside them.

Owns where the folders of templates are and what counts as a language's folder. Refuses to know
what stands in them (adapters.templates). Called by the configuration, which refuses a language
that nobody has, and by the adapter.
"""

from __future__ import annotations

import re
from pathlib import Path

SHIPPED = Path(__file__).parent
ENGLISH = "en"
"""What every other language falls back to."""

TAG = re.compile(r"[a-z]{2,3}(-[a-zA-Z0-9]{2,8})?")


def languages(own: Path | None = None) -> tuple[str, ...]:
    """The languages in which there is at least one template, sorted."""
    found: set[str] = set()
    for folder in (SHIPPED, own):
        if folder is None or not folder.is_dir():
            continue
        found |= {
            one.name
            for one in folder.iterdir()
            if TAG.fullmatch(one.name) and one.is_dir() and any(one.glob("*.txt"))
        }
    return tuple(sorted(found))
