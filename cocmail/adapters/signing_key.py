"""Our own DKIM key, compared with what DNS says of it (RFC 6376 section 3.6).

Owns that comparison. Refuses to sign, and to know the configuration. Called by `cocmail check`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from cocmail.adapters.keys import Key, NoAnswerError, Resolver, key

_LEAST_BITS = 2048  # RFC 8301 section 3.2: signers should


async def probe(
    *, pem: str, selector: str, domain: str, nameservers: Sequence[str]
) -> list[tuple[bool, str]]:
    """(sound, line) for each thing looked at. The key is never in a line."""
    name = f"{selector}._domainkey.{domain}"
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return [(False, "[signing] key_file: no private key that can be read without a password")]
    if isinstance(private, RSAPrivateKey):
        if private.key_size < _LEAST_BITS:
            words = f"[signing] key_file: {private.key_size} bits are too few; make one of 2048"
            return [(False, words)]
        kind, ours = "rsa", _rsa(private.public_key())
    elif isinstance(private, Ed25519PrivateKey):
        kind = "ed25519"
        ours = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        return [(False, "[signing] key_file: should be an RSA or Ed25519 key")]
    try:
        published = await asyncio.to_thread(key, Resolver(nameservers), selector, domain)
    except NoAnswerError:
        return [(False, f"[signing] selector: DNS doesn't answer for {name}; see nameservers")]
    if published is None:
        return [(False, f"[signing] selector: DNS has no key at {name}; publish it there")]
    return _compare(published, kind, ours, name)


def _compare(published: Key, kind: str, ours: bytes, name: str) -> list[tuple[bool, str]]:
    if published.kind != kind or _bare(published) != ours:
        return [(False, f"[signing] key_file: isn't the key that DNS has at {name}")]
    if published.testing:
        return [(False, f"[signing] selector: the key at {name} says t=y (a test): take that out")]
    if not published.for_mail or (published.hashes and "sha256" not in published.hashes):
        return [(False, f"[signing] selector: the key at {name} isn't for our signatures (s=, h=)")]
    return [(True, f"DKIM: the key at {name} is ours")]


def _bare(published: Key) -> bytes:
    """RSA keys stand in DNS as SubjectPublicKeyInfo or PKCS #1 (RFC 6376, errata 3017)."""
    if published.kind != "rsa":
        return published.data
    try:
        found = load_der_public_key(published.data)
    except (ValueError, UnsupportedAlgorithm):
        return published.data
    return _rsa(found) if isinstance(found, RSAPublicKey) else b""


def _rsa(public: RSAPublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
