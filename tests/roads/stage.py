"""One Mailman with mail flowing, a sink behind it, and the enforcement over it.

Owns what the roads are walked on: the lists, the mail in and what came out, and the wait until
all mail so far is through (Mailman's queues keep their order, so a mail of each kind sent last
comes out last). Refuses to know the roads (ways.py). Called by walk.py.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab import community
from cocmail.lab.mailbox import deliver_by_lmtp
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Caught, Sink
from cocmail.lab.waiting import wait_until
from cocmail.loops.enforcement import Enforcement
from tests.loops.lab import Book, Now
from tests.roads.table import DELIVERED, GONE, HELD, OFF, ON, REACHES

HOST = "lists.example.org"
HOME, GENERAL, MODERATED, THEIRS = (
    f"{name}@{HOST}" for name in ("home", "general", "moderated", "theirs")
)
READER, FRIEND, OWNER = (f"{name}@members.example.net" for name in ("reader", "friend", "owner"))
PASSWORD = "of-the-list"
PATIENCE = 120
_EVERY_STEP = ("pre_verified", "pre_confirmed", "pre_approved")


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody who walks one road, with an address that no other walker has."""

    name: str

    @property
    def address(self) -> str:
        return f"{self.name}@example.net"

    @property
    def second(self) -> str:
        return f"{self.name}.second@example.net"

    @property
    def tagged(self) -> str:
        return f"{self.name}+tag@example.net"

    @property
    def slashed(self) -> str:
        return f"{self.name}/x@example.net"


class Stage:
    def __init__(self, directory: Path) -> None:
        self.sink = Sink(forward=self._hand_back)
        self.mailman = Mailman(directory, full=True, sink_port=self.sink.port)
        self._numbers = itertools.count(1)
        self._outbox: list[tuple[bytes, str, str]] = []  # mail, recipient, envelope sender
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.sink)
            stack.enter_context(self.mailman)
            self._runner = stack.enter_context(asyncio.Runner())
            self._people()
            clock = Now()
            self.book = Book(clock)
            at = self.mailman
            self._lists = MailmanLists(at.url, at.username, at.password, timeout=60)
            stack.callback(lambda: self._runner.run(self._lists.close()))
            self._enforcement = Enforcement(
                self._lists, self.book, clock, groups={}, sweep_every=timedelta(minutes=5)
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _people(self) -> None:
        community.make_domain(self.mailman, HOST)
        for name in (HOME, GENERAL, MODERATED, THEIRS):
            policy = "moderate" if name == MODERATED else "confirm"
            community.make_list(self.mailman, name, subscription_policy=policy)
            community.subscribe(self.mailman, name, READER)
            community.subscribe(self.mailman, name, OWNER, role="owner")
            path = f"lists/{community.list_id(name)}/config"
            self.call("PATCH", path, moderator_password=PASSWORD)
        community.subscribe(self.mailman, GENERAL, FRIEND)

    # -- the sanction --------------------------------------------------------------------------

    def sanction(self, measure: Measure, address: str, scope: Scope, *, roles: bool) -> None:
        self.book.clock.at = datetime.now(UTC)  # whom Mailman knew before counts
        self.book.decide(measure, Address(address), scope=scope, including_roles=roles)

    def sweep(self) -> None:
        self._runner.run(self._enforcement.sweep())

    # -- REST ----------------------------------------------------------------------------------

    def call(self, method: str, path: str, **data: Any) -> Any:
        """What nobody may refuse."""
        status, body = self.mailman.api(method, path, **data)
        assert status < 400, (method, path, status, body)
        return body

    def ask(self, method: str, path: str, **data: Any) -> Any:
        """What Mailman may well refuse; the road's end tells. A fault of its own is no refusal:
        it is asked again, lest a road look closed."""
        answers: list[Any] = []

        def answered() -> bool:
            status, body = self.mailman.api(method, path, **data)
            answers.append(body)
            return status < 500 and "sqlite" not in str(body).lower()

        wait_until(answered, timeout=60, what=f"Mailman to do {method} {path}", every=0.2)
        return answers[-1]

    def subscribe(
        self, name: str, who: str, *, by: tuple[str, ...] = _EVERY_STEP, **more: Any
    ) -> Any:
        """`by`: the steps that whoever asks need not take any more."""
        steps = dict.fromkeys(_EVERY_STEP, False) | dict.fromkeys(by, True)
        facts = {"list_id": community.list_id(name), "subscriber": who, **steps, **more}
        return self.ask("POST", "members", send_welcome_message=False, **facts)

    def user(self, address: str) -> str:
        """Whose address it is; they are on the home list, so Mailman knows them."""
        return str(self.call("GET", f"users/{quote(address)}")["user_id"])

    def add_address(self, user: str, address: str) -> None:
        community.give_address(self.mailman, user, address)

    def prefer(self, user: str, address: str) -> None:
        self.call("POST", f"users/{user}/preferred_address", email=address)

    def lift(self, name: str, who: str) -> None:
        """Whichever ban it is, the community's or the list's."""
        for where in ("", f"lists/{community.list_id(name)}/"):
            self.ask("DELETE", f"{where}bans/{quote(who)}")

    def is_on(self, name: str, who: str, role: str = "member") -> str:
        narrower = {"list_id": community.list_id(name), "role": role}
        return ON if community.memberships(self.mailman, who, **narrower) else OFF

    def accept_held(self, name: str, message_id: str) -> None:
        for entry in self._held(name):
            if entry["message_id"] == message_id:
                path = f"lists/{community.list_id(name)}/held/{entry['request_id']}"
                self.call("POST", path, action="accept")

    def _held(self, name: str) -> list[dict[str, Any]]:
        path = f"lists/{community.list_id(name)}/held"
        return list(self.call("GET", path).get("entries", []))

    # -- mail ----------------------------------------------------------------------------------

    def mail(
        self, to: str, sender: str, *, subject: str = "", envelope: str = "", **fields: str
    ) -> str:
        """The Message-ID. It leaves with the next `through`, for calls and mail that change
        Mailman's SQLite at one time are in each other's way. `fields`: more of its header."""
        number = next(self._numbers)
        message = EmailMessage()
        message["Message-ID"] = message_id = f"<{number}@example.net>"
        message["From"], message["To"] = sender, to
        message["Subject"] = subject or f"The weather, {number}"
        for name, value in fields.items():
            message[name.replace("_", "-")] = value
        message.set_content("It will be fine tomorrow, they say.\n")
        data = message.as_bytes().replace(b"\n", b"\r\n")
        self._outbox.append((data, to, envelope or sender))
        return message_id

    def confirm(self, name: str, who: str) -> None:
        """They answer what asks them to confirm, if something does."""
        local = name.partition("@")[0]
        pattern = re.compile(rf"{local}-confirm\+[0-9a-f]+@{re.escape(HOST)}")
        for caught in self.sink.messages:
            if caught.is_for(who) and (found := pattern.search(_text(caught))):
                self.mail(found[0], who, subject="Re: yes")
                return

    def accept_by_mail(self, name: str, who: str, message_id: str) -> None:
        """As the notice of a held post tells its owners to."""
        for caught in self.sink.messages:
            text = _text(caught)
            found = re.search(r"^Subject: confirm ([0-9a-f]+)", text, re.MULTILINE)
            if caught.is_for(who) and message_id in text and found:
                to = name.replace("@", "-request@")
                self.mail(to, who, subject=f"Re: confirm {found[1]}", Approved=PASSWORD)
                return

    def _hand_back(self, caught: Caught) -> None:
        """As an MTA does with mail that a list sends to a list's own address."""
        for recipient in caught.recipients:
            if recipient.endswith(f"@{HOST}"):
                port = self.mailman.lmtp_port
                deliver_by_lmtp(port, caught.data, recipient=recipient, sender=caught.sender)

    def came_of(self, name: str, message_id: str) -> str:
        """What became of a post."""
        if self._reached(READER, message_id):
            return DELIVERED
        held = any(entry["message_id"] == message_id for entry in self._held(name))
        return HELD if held else GONE

    def reached_owner(self, message_id: str) -> str:
        return REACHES if self._reached(OWNER, message_id) else GONE

    def _reached(self, who: str, message_id: str) -> bool:
        return any(
            caught.is_for(who) and caught.header("Message-ID") == message_id
            for caught in self.sink.messages
        )

    def through(self) -> None:
        """All mail so far is sent, and was handled: it, and what the lists sent for it."""
        after = len(self.sink.messages)
        post = self.mail(GENERAL, READER)
        self._send()
        self.sink.wait_for(
            lambda one: one.header("Message-ID") == post and one.is_for(FRIEND),
            PATIENCE, after=after, what="a post to come through",
        )  # fmt: skip
        # Then this, for what a post before made Mailman write stands before it in its queue.
        asking = f"asking{next(self._numbers)}@members.example.net"
        self.mail(GENERAL.replace("@", "-request@"), asking, subject="help")
        self._send()
        self.sink.wait_for(
            lambda one: one.is_for(asking), PATIENCE, after=after, what="an answer to a command"
        )

    def _send(self) -> None:
        for data, to, sender in self._outbox:
            deliver_by_lmtp(self.mailman.lmtp_port, data, recipient=to, sender=sender)
        self._outbox.clear()


def _text(caught: Caught) -> str:
    return caught.data.decode("utf-8", "replace").replace("\r\n", "\n")
