"""Somebody with a mail client: writes and answers mail as clients do, DKIM-signed by a provider.

Owns the shape of such mail and its signature. Knows nothing of cases and commands: the text is the
caller's. Called by the demo and tests.
"""

import base64
import email.utils
import functools
import itertools
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cocmail.lab.dns import Dns

SIGNED_FIELDS = (
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Reply-To",
)
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class DkimKey:
    """An RSA-2048 key: the private half in PEM, the public one as DNS has it."""

    private: bytes = field(repr=False)
    record: str


def make_key() -> DkimKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    return DkimKey(private=private, record=record)


@functools.cache
def key_of_domain(domain: str) -> DkimKey:
    """One key a domain and process: making one takes a tenth of a second."""
    return make_key()


@dataclass(frozen=True, kw_only=True)
class Attachment:
    name: str
    content: bytes = field(repr=False)
    kind: str = "application/octet-stream"


class Correspondent:
    """`Correspondent("alice@example.org", "Alice", dkim_key=key_of_domain("example.org"))`."""

    def __init__(
        self,
        address: str,
        name: str = "",
        *,
        dkim_key: DkimKey | None = None,
        selector: str = "mail",
        domain: str | None = None,
        canonicalize: tuple[bytes, bytes] = (b"relaxed", b"simple"),
    ) -> None:
        self.address = address
        self.name = name
        self.dkim_key = dkim_key
        self.selector = selector
        self.domain = domain or address.rpartition("@")[2]
        self.canonicalize = canonicalize

    def publish(self, dns: Dns) -> None:
        """Puts the public key where a verifier looks for it."""
        assert self.dkim_key is not None, "this correspondent has no key"
        dns.publish(f"{self.selector}._domainkey.{self.domain}", self.dkim_key.record)

    def write(
        self,
        to: str | Iterable[str],
        subject: str,
        text: str,
        *,
        cc: str | None = None,
        in_reply_to: str | None = None,
        references: str | None = None,
        sign: bool = True,
        html: str | None = None,
        attachments: Iterable[Attachment] = (),
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> bytes:
        """A whole message, CRLF-ended; signed unless there is no key or `sign` is False.

        `headers` are further fields; one of a name that stands already replaces it.
        """
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = email.utils.formataddr((self.name, self.address))
        mail["To"] = to if isinstance(to, str) else ", ".join(to)
        if cc:
            mail["Cc"] = cc
        mail["Subject"] = subject
        mail["Date"] = email.utils.formatdate(localtime=True)
        domain = self.address.rpartition("@")[2]
        mail["Message-ID"] = f"<{time.time_ns():x}.{next(_numbers)}@{domain}>"
        if in_reply_to:
            mail["In-Reply-To"] = in_reply_to
        if references:
            mail["References"] = references
        mail.set_content(text)
        if html is not None:
            mail.add_alternative(html, subtype="html")
        for attachment in attachments:
            main, _, sub = attachment.kind.partition("/")
            mail.add_attachment(
                attachment.content, maintype=main, subtype=sub, filename=attachment.name
            )
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            del mail[name]
            mail[name] = value
        written = mail.as_bytes()
        return self.sign(written) if sign and self.dkim_key is not None else written

    def sign(self, message: bytes, fields: Iterable[str] = SIGNED_FIELDS) -> bytes:
        """The message with a DKIM signature above it, over those of `fields` that it has."""
        assert self.dkim_key is not None, "this correspondent has no key"
        present = {name.lower() for name in BytesParser().parsebytes(message, headersonly=True)}
        signature: bytes = dkim.sign(
            message,
            self.selector.encode(),
            self.domain.encode(),
            self.dkim_key.private,
            canonicalize=self.canonicalize,
            include_headers=[name.encode() for name in fields if name.lower() in present],
        )
        return signature + message

    def answer(
        self,
        received: bytes,
        text: str,
        *,
        to: str | None = None,
        quote: bool = True,
        sign: bool = True,
        html: str | None = None,
        attachments: Iterable[Attachment] = (),
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> bytes:
        """What a client's Reply button makes: to its Reply-To, top-posted above the quoted text."""
        original = BytesParser(policy=policy.default).parsebytes(received)
        assert isinstance(original, EmailMessage)
        subject = str(original["Subject"] or "")
        message_id = str(original["Message-ID"] or "").strip()
        references = " ".join([*str(original["References"] or "").split(), message_id])
        if quote:
            text = f"{text}\n\n{_quoted(original)}"
        return self.write(
            to or str(original["Reply-To"] or original["From"]),
            subject if subject.lower().startswith("re:") else f"Re: {subject}",
            text,
            in_reply_to=message_id,
            references=references.strip(),
            sign=sign,
            html=html,
            attachments=attachments,
            headers=headers,
        )


def _quoted(original: EmailMessage) -> str:
    body = original.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    who = original["From"]
    lines = [f"> {line}".rstrip() for line in text.splitlines()]
    return "\n".join([f"On {original['Date']}, {who} wrote:", *lines, ""])
