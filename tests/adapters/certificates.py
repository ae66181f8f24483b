"""An authority of our own and the certificates that it gives.

Owns the making of them with `cryptography`. Knows nothing of servers. Called by the tests.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """`ca_file` is what a client is to trust."""

    def __init__(self, folder: Path, name: str = "An Authority of a Test") -> None:
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca_file = folder / f"{name.replace(' ', '-')}.pem"
        limits = x509.BasicConstraints(ca=True, path_length=0)
        made = self._sign(self._name, self._key, limits, days=(-1, 30))
        self.ca_file.write_bytes(made)

    def certificate(self, host: str, *, days: tuple[int, int] = (-1, 30)) -> tuple[Path, Path]:
        """Files with a certificate for an IP address or a name, and with its key. ``days``: valid
        from and until, from today."""
        key = ec.generate_private_key(ec.SECP256R1())
        limits = x509.BasicConstraints(ca=False, path_length=None)
        path = self._folder / f"{host}-{days[1]}.pem"
        path.write_bytes(self._sign(_name("a server"), key, limits, days=days, host=host))
        key_path = path.with_suffix(".key")
        key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return path, key_path

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        limits: x509.BasicConstraints,
        *,
        days: tuple[int, int],
        host: str = "",
    ) -> bytes:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(limits, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if limits.ca:
            usage = x509.KeyUsage(
                **dict.fromkeys(
                    ("digital_signature", "content_commitment", "key_encipherment",
                     "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
                    False,
                ),
                key_cert_sign=True,
                crl_sign=True,
            )  # fmt: skip
            made = made.add_extension(usage, critical=True)
        if host:
            names = [x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
