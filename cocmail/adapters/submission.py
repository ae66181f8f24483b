"""Mail out: the `Submission` port over aiosmtplib (RFC 6409).

Owns one connection, kept for many mails and let go when idle, and what an SMTP reply means for who
acts next. Refuses to know what a letter says and when to try again (loops/outbox). No error here
holds an address or a server's words: the code, and the enhanced code (RFC 3463), say enough.
Called by the outbox's loop, and by `cocmail check` through `probe`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiosmtplib

from cocmail.adapters.certificates import ends_soon, untrusted
from cocmail.adapters.signing import Signer as Signer
from cocmail.core.errors import Away, CocmailError, Permanent, Temporary
from cocmail.core.people import Address, Private

_ABOUT_LOGIN = frozenset({530, 534, 535, 538, 454})  # RFC 4954 section 6
_LARGE = 1_000_000  # bytes; going through the lines of more takes too long
_NO_MESSAGE = -1  # aiosmtplib's code for what is no SMTP


@dataclass(frozen=True, kw_only=True)
class SubmissionSettings:
    """Where mail is handed over, and as whom. Times are in seconds."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str | None = field(default=None, repr=False)
    password: Callable[[], str] | Private | None = field(default=None, repr=False)
    ca_file: Path | None = None  # None: the system's authorities
    connect_timeout: float = 15
    timeout: float = 60  # for each reply
    idle: float = 20  # a connection that isn't used for so long is closed


class SmtpSubmission:
    """Hands mails over, one after another."""

    def __init__(self, settings: SubmissionSettings, signer: Signer | None = None) -> None:
        self._settings = settings
        self._signer = signer
        self._client: aiosmtplib.SMTP | None = None
        self._lock = asyncio.Lock()
        self._let_go: asyncio.TimerHandle | None = None

    async def send(self, return_path: str, recipient: Address, message: bytes) -> None:
        """Hand one message over, from ``return_path`` ("": the null one).

        Raises Away where no connection can be made, Temporary where trying this mail again may
        help, Permanent where the server won't have it.
        """
        if self._signer is not None:
            # Some milliseconds of RSA: not on the loop's thread.
            message = await asyncio.to_thread(self._signer.sign, message)
        if len(message) > _LARGE:
            await asyncio.to_thread(asyncio.run, self._apart(return_path, recipient, message))
            return
        async with self._lock:
            if self._let_go is not None:
                self._let_go.cancel()
                self._let_go = None
            try:
                await self._hand_over(return_path, recipient, message)
            except BaseException:
                # After an error nobody knows what the server still has to say.
                await self._quit()
                raise
            self._let_go = asyncio.get_running_loop().call_later(self._settings.idle, self._drop)

    async def _apart(self, return_path: str, recipient: Address, message: bytes) -> None:
        """On a loop, and over a connection, of its own: the client goes through every line, which
        would hold up the daemon's."""
        other = SmtpSubmission(self._settings)
        try:
            await other._hand_over(return_path, recipient, message)
        finally:
            await other.close()

    async def _hand_over(self, return_path: str, recipient: Address, message: bytes) -> None:
        client = self._client
        if client is not None and client.is_connected:
            try:
                await self._begin(client, return_path, recipient, message)
            except (Temporary, aiosmtplib.SMTPServerDisconnected):
                # The server may have closed what we kept open (RFC 5321 section 3.8): once more,
                # with a new connection. Nothing of this mail was sent yet.
                await self._quit()
                client = None
        else:
            client = None
        try:
            if client is None:
                client = self._client = await self._connect()
                await self._begin(client, return_path, recipient, message)
            try:
                await client.rcpt(str(recipient), encoding=_encoding(client))
            except aiosmtplib.SMTPResponseException as refused:
                raise _meaning(refused, "the recipient") from None
            try:
                await client.data(message)
            except aiosmtplib.SMTPResponseException as refused:
                raise _meaning(refused, "the mail") from None
        except (aiosmtplib.SMTPException, OSError) as broken:
            raise Temporary(f"[submission] host: {_said(broken)}") from None
        except ValueError:
            raise Permanent("the address can't be written in SMTP") from None

    async def _begin(
        self, client: aiosmtplib.SMTP, return_path: str, recipient: Address, message: bytes
    ) -> None:
        header = message.partition(b"\r\n\r\n" if b"\r\n\r\n" in message else b"\n\n")[0]
        wants_utf8 = not (return_path + recipient).isascii() or not header.isascii()
        options = []
        if client.supports_extension("size"):
            lines = message.count(b"\n") - message.count(b"\r\n")
            options.append(f"SIZE={len(message) + lines}")
        if client.supports_extension("8bitmime") and not message.isascii():
            options.append("BODY=8BITMIME")
        if wants_utf8:
            if not client.supports_extension("smtputf8"):
                raise Permanent("the submission server can't take SMTPUTF8 mail (RFC 6531)")
            options.append("SMTPUTF8")
        try:
            await client.mail(
                return_path, options=options, encoding="utf-8" if wants_utf8 else "ascii"
            )
        except aiosmtplib.SMTPResponseException as refused:
            raise _meaning(refused, "the sender") from None
        except ValueError:
            raise Permanent("the return path can't be written in SMTP") from None

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        context = None
        if settings.security != "none":
            try:
                context = ssl.create_default_context(
                    cafile=str(settings.ca_file) if settings.ca_file is not None else None
                )
            except OSError:
                raise Away("[submission] ca_file can't be read") from None
        password = settings.password
        secret = password() if callable(password) else password
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=_own_name(),
            timeout=settings.timeout,
            use_tls=settings.security == "tls",
            start_tls=False,
            tls_context=context,
        )
        try:
            await client.connect(timeout=settings.connect_timeout)
            client.timeout = settings.timeout
            if settings.security == "starttls":
                await client.ehlo()
                if not client.supports_extension("starttls"):
                    raise aiosmtplib.SMTPNotSupported("STARTTLS")
                await client.starttls()
            if settings.username is not None:
                await client.login(settings.username, secret or "")
            else:
                await client.ehlo()
        except aiosmtplib.SMTPAuthenticationError as refused:
            client.close()
            raise Away(
                f"[submission] username and password_file: the login is refused {_codes(refused)}"
            ) from None
        except aiosmtplib.SMTPNotSupported:
            client.close()
            raise Away(
                "[submission] security, username: the server offers no such TLS or login"
            ) from None
        except aiosmtplib.SMTPResponseException as refused:
            client.close()
            raise Away(f"[submission] host: the server says {_codes(refused)}") from None
        except (aiosmtplib.SMTPException, OSError) as broken:
            client.close()
            raise Away(f"[submission] host: {_said(broken)}") from None
        except BaseException:
            client.close()
            raise
        return client

    async def _quit(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            if client.is_connected:
                await client.quit(timeout=2)
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            client.close()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def close(self) -> None:
        """Say goodbye."""
        async with self._lock:
            if self._let_go is not None:
                self._let_go.cancel()
                self._let_go = None
            await self._quit()

    async def probe(self) -> list[tuple[bool | None, str]]:
        """For `cocmail check`: connects and logs in, and sends nothing. None: a warning."""
        try:
            client = await self._connect()
        except CocmailError as wrong:
            return [(False, str(wrong))]
        except ValueError:
            return [(False, "[submission] host, username: not usable")]
        lines: list[tuple[bool | None, str]] = [
            (True, "submission: connected" + (", logged in" if self._settings.username else "")),
            *ends_soon("[submission] host", client.get_transport_info("peercert")),
        ]
        if not client.supports_extension("smtputf8"):
            lines.append((True, "submission: no SMTPUTF8, so none to addresses beyond ASCII"))
        self._client = client
        await self.close()
        return lines


def _encoding(client: aiosmtplib.SMTP) -> str:
    return "utf-8" if client.supports_extension("smtputf8") else "ascii"


def _codes(refused: aiosmtplib.SMTPResponseException) -> str:
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)", refused.message)
    return f"{refused.code} {enhanced[0]}" if enhanced else str(refused.code)


def _meaning(refused: aiosmtplib.SMTPResponseException, what: str) -> CocmailError:
    """RFC 5321 section 4.2.1: 5 is for good, unless it is about us and not about this mail."""
    if refused.code in _ABOUT_LOGIN:
        return Temporary(f"[submission] username: the server wants a login ({_codes(refused)})")
    text = f"the submission server refused {what} ({_codes(refused)})"
    return Permanent(text) if 500 <= refused.code <= 599 else Temporary(text)


def _said(broken: BaseException) -> str:
    if isinstance(broken, ssl.SSLCertVerificationError):
        return untrusted(broken, "[submission]")
    if isinstance(broken, TimeoutError):
        return "no answer in time"
    cause = broken.__cause__ or broken.__context__
    for error in (broken, cause):
        if isinstance(error, ssl.SSLCertVerificationError):
            return untrusted(error, "[submission]")
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
    return "the connection broke"


def _own_name() -> str:
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]+", name) else "localhost"
