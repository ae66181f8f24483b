"""Where a mail belongs: which of our addresses it came to, and what those say.

Owns the reading of our own addresses and the choice of the narrowest. Refuses to know the store
(the loop looks a token up) and the case. Subjects are never looked at, and neither is any id that
somebody wrote into a text. Called by loops/examining.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cocmail.core.mail import Mail
from cocmail.core.minting import TOKEN, is_ours
from cocmail.core.people import Address, Member, Roster

ESCROW = "escrow"
_NOT = re.compile(r"not(?:[^a-z0-9](.*))?", re.DOTALL)
_PIECE = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What a mail's addresses say, those of its envelope and its header together."""

    tokens: tuple[str, ...]  # the secret parts of reply addresses, each once
    left_out: tuple[str, ...]  # handles after `not-`, as written
    holding: str  # the header field that holds the reply address: "to", "cc" or ""
    kept: bool  # `conduct+escrow@`: to be read only once somebody else reports the same person
    target: str  # what the mail was handled for, the same for each copy of one mail


def destination(
    mail: Mail, envelope: tuple[Address, ...], community: Address, delimiter: str
) -> Destination:
    """Read every address of ours on this mail.

    A reply address wins over the bare one; exclusions are the union, wherever they stand.
    """
    tokens: dict[str, None] = {}
    everywhere = (*envelope, *mail.trace_recipients, *mail.to, *mail.cc)
    for address in everywhere:
        detail = is_ours(address, community, delimiter)
        if not detail:
            continue
        if TOKEN.fullmatch(detail):
            tokens[detail] = None
    excluded = left_out(everywhere, community, delimiter)
    holding = ""
    if len(tokens) == 1:
        ours = f"{community.local}{delimiter}{next(iter(tokens))}@{community.domain}"
        holding = "to" if ours in mail.to else "cc" if ours in mail.cc else ""
    return Destination(
        tokens=tuple(tokens),
        left_out=excluded,
        holding=holding,
        kept=keeps(everywhere, community, delimiter),
        target="|".join(sorted(tokens)) or "community|" + "|".join(sorted(excluded)),
    )


def left_out(addresses: Iterable[Address], community: Address, delimiter: str) -> tuple[str, ...]:
    """What stands after `not-` in any of these addresses (`conduct+not-alice+not-bob@`), however it
    was meant: `not_bob`, `not-alice-bob`, `not-alice+bob`. Who forgot whom is asked."""
    found: dict[str, None] = {}
    for address in addresses:
        begun = ""
        for part in (is_ours(address, community, delimiter) or "").split(delimiter):
            named = _NOT.fullmatch(part)
            if named or begun:
                begun = begun or part
                if pieces := _PIECE.findall((named[1] or "") if named else part):
                    found["-".join(pieces)] = None
                    begun = "-"
        if begun not in ("", "-"):
            found[begun] = None
    found.pop(ESCROW, None)
    return tuple(found)


def keeps(addresses: Iterable[Address], community: Address, delimiter: str) -> bool:
    """Whether it is to be read only once somebody else reports the same person."""
    details = ((is_ours(a, community, delimiter) or "").split(delimiter) for a in addresses)
    return any(ESCROW in detail for detail in details)


def meant(handle: str, roster: Roster) -> tuple[str, ...]:
    """Which members a handle after `not-` leaves out: the one, or those of several that are one,
    else whoever it resembles."""
    if roster.get(handle):
        return (handle,)
    pieces = _PIECE.findall(handle)
    if several := tuple(piece for piece in dict.fromkeys(pieces) if roster.get(piece)):
        return several
    read = dict.fromkeys(("".join(pieces), *pieces))
    return tuple(m.handle for m in roster.members if any(_resembles(one, m) for one in read))


def _resembles(handle: str, member: Member) -> bool:
    words = [member.handle, *re.findall(r"[a-z0-9]+", member.name.lower())]
    words += [a.local for a in member.addresses]
    return bool(difflib.get_close_matches(handle, words, n=1, cutoff=0.7)) or any(
        len(w) >= 4 and (w in handle or handle in w) for w in words if len(handle) >= 4
    )


def named_in(text: str, roster: Roster) -> tuple[str, ...]:
    """Members whose handle or a part of whose name stands as a word in a text."""
    words = set(re.findall(r"\w+", text.lower()))
    return tuple(
        m.handle
        for m in roster.members
        if m.handle in words or any(w in words for w in re.findall(r"\w{3,}", m.name.lower()))
    )
