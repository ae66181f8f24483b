"""A submission server that keeps every message it is given, with its envelope.

Owns its SMTP listener and what it caught. Can refuse recipients, be down, ask for a password, and
hand each message on. Knows nothing of what the messages mean. Called by the demo and tests.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from cocmail.lab.process import LabError
from cocmail.lab.waiting import NotInTime, free_port


@dataclass(frozen=True, kw_only=True)
class Caught:
    """One message as it was submitted."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)
    at: float

    @cached_property
    def message(self) -> EmailMessage:
        parsed = BytesParser(policy=policy.default).parsebytes(self.data)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def header(self, name: str) -> str:
        """That field's text, empty where it is missing."""
        return str(self.message.get(name, ""))

    @cached_property
    def text(self) -> str:
        """The text/plain body."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""

    def is_for(self, address: str) -> bool:
        return address.lower() in (recipient.lower() for recipient in self.recipients)


class _Handler:
    def __init__(self, sink: "Sink") -> None:
        self._sink = sink

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self._sink.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        refusal = self._sink.refusals.get(address.lower()) or self._sink.refusals.get("*")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self._sink.connections.add(session.peer)
        return self._sink.catch(
            Caught(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                data=bytes(envelope.content),
                at=time.monotonic(),
            )
        )


class Sink:
    """`with Sink() as sink: caught = sink.wait_for(lambda c: c.is_for("alice@example.org"))`.

    `refusals` maps a recipient, or "*", to the reply it gets, such as "450 4.2.0 later".
    `after_data`, where it is set, is the reply to every message, which is then not kept.
    """

    def __init__(
        self,
        *,
        username: str | None = None,
        password: str | None = None,
        forward: Callable[[Caught], None] | None = None,
    ) -> None:
        self.port = free_port()
        self.refusals: dict[str, str] = {}
        self.after_data: str | None = None
        self.connections: set[tuple[str, int]] = set()
        self.login = (username, password) if username is not None else None
        self._forward = forward
        self._caught: list[Caught] = []
        self._changed = threading.Condition()
        self._controller: Controller | None = None

    @property
    def messages(self) -> list[Caught]:
        """All that was caught so far, in order."""
        with self._changed:
            return list(self._caught)

    def catch(self, caught: Caught) -> str:
        if self.after_data:
            return self.after_data
        if self._forward is not None:
            self._forward(caught)
        with self._changed:
            self._caught.append(caught)
            self._changed.notify_all()
        return "250 2.0.0 OK"

    def wait_for(
        self,
        predicate: Callable[[Caught], bool],
        timeout: float = 10,
        *,
        after: int = 0,
        what: str = "a message",
    ) -> Caught:
        """The first message from the `after`th on that fits; waits for it to come."""
        return self.wait_for_all(predicate, 1, timeout, after=after, what=what)[0]

    def wait_for_all(
        self,
        predicate: Callable[[Caught], bool],
        count: int,
        timeout: float = 10,
        *,
        after: int = 0,
        what: str = "messages",
    ) -> list[Caught]:
        """At least `count` messages that fit."""
        found: list[Caught] = []

        def enough() -> bool:
            found[:] = [one for one in self._caught[after:] if predicate(one)]
            return len(found) >= count

        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                raise NotInTime(f"waited {timeout:g} s in vain for {what}")
        return found

    def clear(self) -> None:
        with self._changed:
            self._caught.clear()

    def start(self) -> None:
        """Also after `stop`, which is how it is down for a while; on the same port."""
        if self._controller is not None:
            raise LabError("this sink is started already")
        self._controller = Controller(
            _Handler(self),
            hostname="127.0.0.1",
            port=self.port,
            ready_timeout=60,
            authenticator=self._authenticate if self.login else None,
            auth_require_tls=False,
        )
        self._controller.start()

    def _authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        assert self.login is not None
        username, password = self.login
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        sound = (data.login.decode(), data.password.decode()) == (username, password)
        return AuthResult(success=sound, handled=False)

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
