"""The DKIM signature of what we send (RFC 6376), by dkimpy.

Owns the key and the choice of what is signed. Refuses to know what a letter says and where it goes.
Called by submission, just before a letter leaves, and by `cocmail check` for the record that
should be in DNS.
"""

from __future__ import annotations

import base64
import re

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from cocmail.core.errors import Permanent

_SIGNED = (
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "reply-to"),
    *("mime-version", "content-type", "content-transfer-encoding", "auto-submitted"),
)
_LEAST_RSA = 1024  # RFC 8301 section 3.2


class Signer:
    """Signs with one key, rsa-sha256 or ed25519-sha256 (RFC 8463), relaxed/relaxed."""

    def __init__(self, domain: str, selector: str, key: bytes) -> None:
        """``key``: PEM, as openssl writes it. Raises Permanent where it is not fit for this."""
        self.domain = domain
        self.selector = selector
        try:
            private = serialization.load_pem_private_key(key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Permanent(
                "[signing] key_file: not a private key in PEM without a password"
            ) from None
        public = private.public_key()
        if isinstance(private, RSAPrivateKey):
            if private.key_size < _LEAST_RSA:
                raise Permanent("[signing] key_file: the RSA key is too short; make one of 2048")
            self._algorithm = b"rsa-sha256"
            # dkimpy reads nothing newer than PKCS#1.
            self._key = private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
            kind, shown = (
                "rsa",
                public.public_bytes(
                    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
                ),
            )
        elif isinstance(private, Ed25519PrivateKey):
            self._algorithm = b"ed25519-sha256"
            self._key = base64.b64encode(private.private_bytes_raw())
            kind, shown = "ed25519", private.public_key().public_bytes_raw()
        else:
            raise Permanent("[signing] key_file: DKIM knows RSA and Ed25519 keys only")
        self.record = f"v=DKIM1; k={kind}; p={base64.b64encode(shown).decode()}"
        """What stands in DNS, as TXT, at `selector._domainkey.domain`."""
        self.sign(b"From: a@example.org\r\n\r\n")  # what can't sign is told at the start

    def sign(self, message: bytes) -> bytes:
        """The message, its lines ended by CRLF, with a signature at its top."""
        message = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
        there = {
            line.partition(b":")[0].strip().lower().decode("ascii", "replace")
            for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")
        }
        # A field that is named once more than it stands can't be added later (section 8.15).
        names = [name for name in _SIGNED if name in there or name in {"in-reply-to", "reply-to"}]
        names += ["from", "to", "subject"]
        try:
            field = dkim.sign(
                message,
                self.selector.encode("ascii"),
                self.domain.encode("idna"),
                self._key,
                signature_algorithm=self._algorithm,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[name.encode("ascii") for name in names],
            )
        except dkim.NaClNotFoundError:
            raise Permanent(
                "[signing] key_file: Ed25519 needs PyNaCl here; an RSA key needs nothing"
            ) from None
        except (dkim.DKIMException, UnicodeError) as wrong:
            raise Permanent(f"[signing] can't sign ({type(wrong).__name__})") from None
        return bytes(field) + message
