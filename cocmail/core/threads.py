"""Where a mail belongs: which of our addresses it came to, and what those say.

Owns the reading of our own addresses and the choice of the narrowest. Refuses to know the store
(the loop looks a token up) and the case. Subjects are never looked at, and neither is any id that
somebody wrote into a text. Called by loops/examining.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cocmail.core.mail import Mail
from cocmail.core.minting import TOKEN, is_ours
from cocmail.core.people import Address, Member, Roster

ESCROW = "escrow"
_WORDS = ("not", "no", "without", "except", "nicht", "kein", "ohne")
_NOT = re.compile(
    rf"(?:.*?[^a-z0-9])??(?:{'|'.join(_WORDS)}|but|keine|ausser|außer)(?:[^a-z0-9](.*))?", re.DOTALL
)
_BEGINS = re.compile("|".join(_WORDS))
_PIECE = re.compile(r"[a-z0-9]+")
_SHORTEST = 3  # letters that a likeness to a handle takes


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
    """Whom these addresses leave out (`conduct+not-alice+not-bob@`), however it is written:
    `not_bob`, `not-alice+bob`, `ohne-bob`, `all-but-bob`. What only begins so (`notbob`) stays as
    it is. Who forgot whom is asked, and gets `not`."""
    found: dict[str, None] = {}
    for address in addresses:
        detail = is_ours(address, community, delimiter)
        if not detail or TOKEN.fullmatch(detail):
            continue
        begun = False
        named: list[str] = []
        for part in detail.split(delimiter):
            apart = _NOT.fullmatch(part)
            if part == ESCROW or not (apart or begun or _BEGINS.match(part)):
                continue
            begun = True
            if pieces := _PIECE.findall((apart[1] or "") if apart else part):
                named.append("-".join(pieces))
        found |= dict.fromkeys(named or (["not"] if begun else []))
    return tuple(found)


def keeps(addresses: Iterable[Address], community: Address, delimiter: str) -> bool:
    """Whether it is to be read only once somebody else reports the same person."""
    details = ((is_ours(a, community, delimiter) or "").split(delimiter) for a in addresses)
    return any(ESCROW in detail for detail in details)


def meant(handle: str, roster: Roster) -> tuple[str, ...]:
    """Which members a handle after `not-` leaves out: the one, or those of several that are one or
    nearly one, else whoever it resembles."""
    if roster.get(handle):
        return (handle,)
    pieces = {piece: _readings(piece) for piece in _PIECE.findall(handle)}
    known: list[str] = [m.handle for m in roster.members]
    if any({*read} & {*known} for read in pieces.values()):
        found = {one for read in pieces.values() for one in _handles(read, known)}
        return tuple(one for one in known if one in found)
    read = ("".join(pieces), *(one for read in pieces.values() for one in read))
    return tuple(m.handle for m in roster.members if any(_resembles(one, m) for one in read))


def _readings(piece: str) -> tuple[str, ...]:
    """As it is, and without the word that it may begin with: `notbob`."""
    return (piece, *(piece.removeprefix(w) for w in _WORDS if piece.startswith(w) and piece != w))


def _handles(read: tuple[str, ...], known: Sequence[str]) -> set[str]:
    if same := {*read} & {*known}:
        return same
    long = [one for one in read if len(one) >= _SHORTEST]
    close = (difflib.get_close_matches(one, known, n=len(known), cutoff=0.7) for one in long)
    return {handle for some in close for handle in some} | {h for h in known if _at_an_end(h, read)}


def _at_an_end(handle: str, read: Iterable[str]) -> bool:
    return len(handle) >= _SHORTEST and any(
        one.startswith(handle) or one.endswith(handle) for one in read
    )


def _resembles(handle: str, member: Member) -> bool:
    words = [member.handle, *re.findall(r"[a-z0-9]+", member.name.lower())]
    words += [a.local for a in member.addresses]
    return (
        bool(difflib.get_close_matches(handle, words, n=1, cutoff=0.7))
        or _at_an_end(member.handle, (handle,))
        or any(len(w) >= 4 and (w in handle or handle in w) for w in words if len(handle) >= 4)
    )


def named_in(text: str, roster: Roster) -> tuple[str, ...]:
    """Members whose handle or a part of whose name stands as a word in a text."""
    words = set(re.findall(r"\w+", text.lower()))
    return tuple(
        m.handle
        for m in roster.members
        if m.handle in words or any(w in words for w in re.findall(r"\w{3,}", m.name.lower()))
    )
