"""Reply addresses, Message-IDs and digests, made by keyed MACs.

Owns how a secret address is derived (so that a later mail can repeat it while the store holds
only its digest) and how a Message-ID of ours is known again. Refuses to know who may use them
(threads). A keyed MAC is a pure function, so this is core; the keys come from the store.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field

from cocmail.core.people import Address

_TOKEN_BYTES = 16  # 128 bits, 26 letters of base 32: brute force by mail is out of reach
TOKEN = re.compile(r"[a-z2-7]{26}")
MOST_OURS = 1000
"""Addresses of ours in one mail, which are looked up one by one; nobody who means well names so
many."""
_AT_ONCE, _LONGEST = 1 << 20, 1000  # bytes of a mail that are looked at, of an address of ours

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that a tired eye mistakes for another


@dataclass(frozen=True, kw_only=True)
class Minter:
    """The keys, and the address that everything is made from."""

    token_key: bytes = field(repr=False)
    lookup_key: bytes = field(repr=False)
    community: Address
    delimiter: str = "+"

    def _mac(self, *parts: str) -> bytes:
        # Each part's length goes first, so that no two lists of parts make the same bytes.
        data = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return hmac.digest(self.token_key, data, hashlib.sha256)

    def token(self, *, case: str, party: str, purpose: str, about: str, epoch: int) -> str:
        """The secret part of a reply address: lower-case letters and digits, 128 bits."""
        mac = self._mac("token", case, party, purpose, about, str(epoch))
        return base64.b32encode(mac[:_TOKEN_BYTES]).decode("ascii").rstrip("=").lower()

    def address(self, detail: str) -> Address:
        """The community's address with this detail (RFC 5233)."""
        return Address(f"{self.community.local}{self.delimiter}{detail}@{self.community.domain}")

    def letter_id(self, fresh: str, serial: int) -> str:
        """The outbox's id of the transaction's n-th letter; `fresh` is the transaction's own."""
        mac = self._mac("letter", fresh, str(serial))
        return base64.b32encode(mac[:15]).decode("ascii").lower()

    def message_id(self, letter: str) -> str:
        """The Message-ID of a letter (RFC 5322 section 3.6.4): it tells nothing, and is ours."""
        mac = self._mac("message-id", letter)
        left = base64.b32encode(mac[:_TOKEN_BYTES]).decode("ascii").rstrip("=").lower()
        return f"<{left}@{self.community.domain}>"

    def digest(self, text: str) -> str:
        """The keyed digest by which the store finds a token, an address or a Message-ID."""
        return hmac.new(
            self.lookup_key, text.encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()


def say(entropy: bytes, what: str, length: int) -> str:
    """Letters for people to say, from fresh random bytes (a reference, a sanction's id)."""
    block = hashlib.sha256(entropy + what.encode()).digest()
    return "".join(_ALPHABET[b % len(_ALPHABET)] for b in block[:length])


def is_ours(text: str, community: Address, delimiter: str) -> str | None:
    """The detail if this address is the community's ("" for the bare one), else None."""
    address = Address(text)
    if address.domain != community.domain:
        return None
    if address.local == community.local:
        return ""
    head = community.local + delimiter
    return address.local[len(head) :] if address.local.startswith(head) else None


def ours_in(text: str, community: Address, delimiter: str) -> tuple[Address, ...]:
    """Every address of ours that stands in a text, whatever it is part of."""
    pattern = re.compile(
        re.escape(community.local)
        + rf"(?:{re.escape(delimiter)}[a-z0-9_{re.escape(delimiter)}-]*)?@"
        + re.escape(community.domain),
        re.IGNORECASE,
    )
    return tuple(dict.fromkeys(Address(found) for found in pattern.findall(text)))


def ours_anywhere(raw: bytes, community: Address, delimiter: str) -> tuple[Address, ...]:
    """The same of a mail's bytes, however many; of more than `MOST_OURS` some."""
    found: dict[Address, None] = {}
    for at in range(0, len(raw), _AT_ONCE):
        piece = raw[at : at + _AT_ONCE + _LONGEST]
        if community.local.encode() in piece.lower():
            text = piece.decode("utf-8", "replace")
            found |= dict.fromkeys(ours_in(text, community, delimiter))
        if len(found) > MOST_OURS:
            break
    return tuple(found)


def hide_tokens(text: str, community: Address, delimiter: str) -> str:
    """The text with every reply address of ours made unusable, for showing it to others."""
    pattern = re.compile(
        re.escape(community.local + delimiter) + r"[a-z2-7]{26}@" + re.escape(community.domain),
        re.IGNORECASE,
    )
    return pattern.sub(f"{community.local}{delimiter}…@{community.domain}", text)
