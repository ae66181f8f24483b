"""Signs mail as a provider does, or as an attacker would: every tag can be chosen, and what the
signer takes for the header need not be what a reader takes for it (RFC 6376, relaxed/relaxed).

Owns its own arithmetic, so that what it makes is not judged by the library that made it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa

ALL = (
    "from", "to", "subject", "date", "message-id", "in-reply-to", "references",
    "mime-version", "content-type", "content-transfer-encoding",
)  # fmt: skip
_DIGEST_INFO = {  # RFC 8017 section 9.2
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
}


@dataclass(frozen=True, kw_only=True)
class Key:
    """An RSA key as numbers."""

    modulus: int
    private: int = field(repr=False)
    exponent: int = 65537

    def record(self, tags: str = "") -> str:
        """As DNS has it, with more tags where wanted (RFC 6376 section 3.6.1)."""
        inner = _der(0x30, _der_number(self.modulus) + _der_number(self.exponent))
        rsa_id = bytes.fromhex("300d06092a864886f70d0101010500")
        public = _der(0x30, rsa_id + _der(3, b"\0" + inner))
        return f"v=DKIM1; k=rsa; {tags}p={base64.b64encode(public).decode()}"


@functools.cache
def key(owner: str) -> Key:
    """One sound key for each owner and process."""
    del owner
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
    return Key(modulus=numbers.public_numbers.n, private=numbers.d)


@functools.cache
def weak_key(bits: int) -> Key:
    """A key that no library of today makes any more."""
    chance = random.Random(bits)
    while True:
        first, second = _prime(chance, bits // 2), _prime(chance, bits // 2)
        if (first * second).bit_length() == bits and (first - 1) * (second - 1) % 65537:
            private = pow(65537, -1, (first - 1) * (second - 1))
            return Key(modulus=first * second, private=private)


def _prime(chance: random.Random, bits: int) -> int:
    while True:
        candidate = chance.getrandbits(bits) | 1 | 3 << (bits - 2)
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7, 11)):
            return candidate


def sign(
    mail: bytes,
    by: Key,
    domain: str,
    *,
    fields: Sequence[str] = ALL,
    algorithm: str = "rsa-sha256",
    length: int | None = None,
    tags: str = "",
    selector: str = "mail",
) -> bytes:
    """The mail with a signature above it. ``length``: what of the body is signed (l=)."""
    hashed = algorithm.partition("-")[2]
    head, _, body = mail.partition(b"\r\n\r\n")
    signed = _relaxed_body(body)[:length]
    present = _fields(head)
    names = [name for name in fields if any(name == one for one, _ in present)]
    said = (
        f" v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};"
        f" {tags}{'' if length is None else f'l={length}; '}h={':'.join(names)};"
        f" bh={base64.b64encode(hashlib.new(hashed, signed).digest()).decode()}; b="
    )
    text = b""
    left = list(present)
    for name in names:  # section 5.4.2: of two, the lower one first
        at = max((n for n, (one, _) in enumerate(left) if one == name), default=None)
        if at is not None:
            text += _relaxed(*left.pop(at)) + b"\r\n"
    text += _relaxed("dkim-signature", said.encode())
    value = _rsa(hashlib.new(hashed, text).digest(), hashed, by)
    return b"DKIM-Signature:" + said.encode() + base64.b64encode(value) + b"\r\n" + mail


def now(seconds: int = 0) -> int:
    return int(time.time()) + seconds


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """By CRLF alone: a bare CR or LF is part of a value."""
    found: list[tuple[str, bytes]] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and found:
            found[-1] = (found[-1][0], found[-1][1] + b"\r\n" + line)
        else:
            name, _, value = line.partition(b":")
            found.append((name.decode("ascii", "replace").strip().lower(), value))
    return found


def _relaxed(name: str, value: bytes) -> bytes:
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")
    return name.encode() + b":" + value


def _relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _rsa(digest: bytes, hashed: str, by: Key) -> bytes:
    size = (by.modulus.bit_length() + 7) // 8
    info = _DIGEST_INFO[hashed] + digest
    padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    return pow(int.from_bytes(padded, "big"), by.private, by.modulus).to_bytes(size, "big")


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _der_number(value: int) -> bytes:
    return _der(2, b"\0" + value.to_bytes((value.bit_length() + 7) // 8, "big"))
