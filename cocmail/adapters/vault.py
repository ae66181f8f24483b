"""Keys and seals: what stands between a stolen disk and a reporter.

Owns the key file, the keys that are derived from it, and how bytes are sealed under a key, and a
key under another key. Refuses to know what is sealed, in which table it lies and when it is
forgotten (adapters.store). Called by the store, and by the daemon and `init`, which load and make
the key file.

Each use has a key of its own (HKDF, RFC 5869), so that no seal made for one purpose can pass for
another; each seal also binds a context, so that it opens only in the place it was made for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cocmail.core.errors import Permanent, SoundnessError

KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D section 8.2.2: random, 96 bits
_FORMAT = b"\x01"  # the first byte of every seal, so that another cipher can come beside this one


@dataclass(frozen=True, kw_only=True)
class Keys:
    """All keys of an installation, derived from the key file. None of them can be printed."""

    wrap: bytes = field(repr=False)  # seals the key of each case
    intake: bytes = field(repr=False)  # seals the key of a mail until it belongs to a case
    chain: bytes = field(repr=False)  # the ledger's chain
    head: bytes = field(repr=False)  # the ledger's head
    lookup: bytes = field(repr=False)  # digests by which a thing is found again
    token: bytes = field(repr=False)  # reply addresses are derived with it (core)
    check: bytes = field(repr=False)  # stands in the store, to know a wrong key file by

    def digest(self, text: str) -> str:
        """The digest by which a token, Message-ID, address or mark is looked up: 64 hex digits.

        Index rows must hold exactly this; the core gets it as a pure function.
        """
        return hmac.digest(self.lookup, text.encode("utf-8", "replace"), "sha256").hex()


def derive(master: bytes) -> Keys:
    def key(use: str) -> bytes:
        info = f"cocmail/1/{use}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)

    return Keys(
        wrap=key("wrap"),
        intake=key("intake"),
        chain=key("chain"),
        head=key("head"),
        lookup=key("lookup"),
        token=key("token"),
        check=key("check"),
    )


def make_key_file(path: Path) -> None:
    """Write a new key, readable by its owner alone. Never overwrites (FileExistsError)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def load_keys(path: Path) -> Keys:
    """The keys of a key file. Raises Permanent, with one line that says what to mend."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
    except FileNotFoundError:
        raise Permanent(
            f"key_file: {path} does not exist; `cocmail init` makes one, "
            "a store that is in use needs its own back from the backup"
        ) from None
    except OSError as error:
        raise Permanent(f"key_file: {path} can't be read ({error.strerror})") from None
    if mode & 0o077:
        raise Permanent(
            f"key_file: {path} is open to others (mode {mode & 0o777:04o}); chmod 600 it"
        )
    try:
        master = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        master = b""
    if len(master) != KEY_BYTES:
        raise Permanent(
            f"key_file: {path} does not hold a key (one line, {KEY_BYTES} bytes in base64); "
            "take it from the backup"
        )
    return derive(master)


def fresh_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """Raises SoundnessError where the bytes, the key or the place is not the sealed one."""
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if sealed[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
        raise SoundnessError(f"no seal of ours where one should be ({context.partition(':')[0]})")
    try:
        return AESGCM(key).decrypt(nonce, body, context.encode())
    except InvalidTag:
        raise SoundnessError(f"a broken seal ({context.partition(':')[0]})") from None


def fingerprint(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over the parts with their lengths, so that no two lists of parts are alike."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.digest()
