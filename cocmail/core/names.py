"""Whom a text names: members' addresses and full names, as people write them.

Owns when a text is taken to name somebody, so that they are kept out of it. Refuses to guess by a
first name alone. Called by casework and by escalation.
"""

from __future__ import annotations

import re
import unicodedata

from cocmail.core.people import Address, Member, Roster


class _Telling(dict[int, int | None]):
    """For `str.translate`: which characters stay. Each is looked up once."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)) in ("Mn", "Cf") else code
        self[code] = kept
        return kept


_TELLING = _Telling()


def plain(text: str) -> str:
    """Without what doesn't tell two names apart: case, accents, line ends, invisible letters."""
    kept = unicodedata.normalize("NFKD", text).translate(_TELLING)
    return " ".join(re.sub(r"[^\w@.+-]+", " ", kept.casefold()).split())


def named_in_text(text: str, roster: Roster) -> tuple[str, ...]:
    """The handles of those whose address, or whose name of two words or more, stands in it."""
    read = f" {plain(text)} "
    # An address aside: its domain is nobody's name.
    words = " ".join(word for word in read.split() if "@" not in word)
    loose = " ".join(["", *re.sub(r"[^\w ]", " ", words).split(), ""])
    return tuple(m.handle for m in roster.members if _names(read, loose, m))


def _mailbox(address: Address) -> str:
    """The address, with any plus-tag."""
    local, _, domain = plain(address.untagged).rpartition("@")
    tag = r"(?:\+[\w.+-]*)?"
    return rf"(?<![\w.+-]){re.escape(local)}{tag}@{re.escape(domain)}(?![\w-])"


def _names(read: str, loose: str, member: Member) -> bool:
    if any(re.search(_mailbox(a), read) for a in member.addresses):
        return True
    name = " ".join(re.sub(r"[^\w ]", " ", plain(member.name)).split())
    return " " in name and f" {name} " in loose
