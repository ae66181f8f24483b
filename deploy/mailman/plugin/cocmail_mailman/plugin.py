# SPDX-License-Identifier: Apache-2.0
"""A plugin for Mailman Core that tells cocmail when something changed, so that it looks sooner.

Without it cocmail sees the same at its next sweep. It tells nothing but that something changed,
and which new memberships it holds; it reads no mail. In Mailman's own threads it only sets a flag
and compares digests: talking is done by a thread of its own, and what can't be told is dropped.
Whatever goes wrong in here stays in here: Mailman never waits for it and never sees an error of it.

Each of Mailman's processes has an instance of its own. Nothing but Mailman and the standard
library is needed, of Python 3.9 or later.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import http.client
import json
import logging
import os
import secrets
import threading
import time
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

from mailman.config import config
from mailman.config.config import external_configuration
from mailman.interfaces.action import Action
from mailman.interfaces.member import MemberRole
from mailman.interfaces.plugin import IPlugin
from sqlalchemy import event as database_event
from sqlalchemy import inspect
from zope import event
from zope.interface import implementer

log = logging.getLogger("mailman.plugins")

ASK_EVERY = 20.0  # seconds between two looks at who is to be held
BELIEVE_FOR = 60.0  # seconds; an older answer holds nobody: a sanction may be over
PATIENCE = 2.0  # seconds for an answer
AT_MOST = 1000  # memberships that wait to be told

# What can make the lists differ from what was decided, also where no event of Mailman's tells of
# it: a new or deleted row of these, such as a ban that somebody lifts, or another value there,
# such as another preferred address. All else cocmail doesn't read, and Mailman writes much of it:
# with each post that is delivered (when it was, and its number), and with each bounce.
_ROWS = {
    "Address": ("email", "user_id"),
    "Ban": (),
    "MailingList": ("_list_id", "list_name", "mail_host"),
    "Member": ("address_id", "list_id", "moderation_action", "role", "user_id"),
    "User": ("_preferred_address_id",),
}
_EVENTS = frozenset((
    "SubscriptionConfirmationNeededEvent",
    "SubscriptionInvitationNeededEvent",
    "UnsubscriptionConfirmationNeededEvent",
))  # fmt: skip


def sign(key: bytes, purpose: str, body: bytes) -> str:
    return hmac.new(key, purpose.encode() + b"\0" + body, hashlib.sha256).hexdigest()


def digest(key: bytes, address: str, where: str) -> str:
    """Of an address on a list (its posting address) or, "*", on all."""
    text = f"{address.lower()}\0{where.lower()}".encode()
    return hmac.new(key, b"held\0" + text, hashlib.sha256).hexdigest()[:32]


def _untagged(address: str) -> str:
    """Without what comes after a "+" (RFC 5233): the same mailbox."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _matters(row: object) -> bool:
    """Of one that was there before: whether what is flushed of it is what cocmail reads."""
    values = inspect(row).attrs
    return any(values[name].history.has_changes() for name in _ROWS.get(type(row).__name__, ()))


class Teller:
    """What is to be told, and the thread that tells it."""

    def __init__(self, host: str, port: int, key: bytes) -> None:
        self._host, self._port, self._key = host, port, key
        self._changed = threading.Event()
        self._held: deque = deque(maxlen=AT_MOST)  # (member id, list)
        self._told = True
        self._version = ""
        self._digests: frozenset = frozenset()
        self._believed = float("-inf")

    def start(self) -> None:
        """Once in each process: a thread doesn't outlive a fork."""
        self._changed = threading.Event()
        threading.Thread(target=self._run, name="cocmail", daemon=True).start()

    def changed(self, held: list) -> None:
        self._held.extend(held)
        self._told = False
        self._changed.set()

    def holds(self, addresses: list, where: str) -> bool:
        if not self._digests or time.monotonic() - self._believed > BELIEVE_FOR:
            return False
        mailboxes = {*addresses, *map(_untagged, addresses)}
        return any(
            digest(self._key, address, place) in self._digests
            for address in mailboxes
            for place in ("*", where)
        )

    @property
    def knows_of_some(self) -> bool:
        return bool(self._digests)

    def last_words(self) -> None:
        """A short-lived process, such as `mailman addmembers`, ends before its thread has told."""
        if not self._told:
            self._tell(0.5)

    def _run(self) -> None:
        while True:
            self._changed.clear()
            self._tell(PATIENCE)
            self._changed.wait(ASK_EVERY)

    def _tell(self, patience: float) -> None:
        changed, self._told = not self._told, True
        try:
            self._ask(changed, patience)
        except Exception as wrong:
            self._told = self._told and not changed  # at the next look
            self._believed = float("-inf")  # nobody would let go whom we held
            log.debug("cocmail was not told: %s", type(wrong).__name__)

    def _ask(self, changed: bool, patience: float) -> None:
        now = time.monotonic()
        held = list(self._held)
        said = {
            "at": time.time(),
            "nonce": secrets.token_hex(16),
            "changed": changed,
            "held": held,
            "version": self._version,
        }
        body = json.dumps(said).encode()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=patience)
        try:
            headers = {"X-Cocmail-Signature": sign(self._key, "changed", body)}
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            answer = response.read(1 << 22)
            signature = response.getheader("X-Cocmail-Signature", "")
        finally:
            connection.close()
        if response.status == 403:
            log.warning("cocmail refuses us: do both have the same key, and the same time?")
        if response.status != 200:
            raise ValueError
        # The nonce is ours: neither a stranger on that port nor an old answer is believed.
        if not hmac.compare_digest(signature, sign(self._key, said["nonce"], answer)):
            raise ValueError
        for _ in held:
            self._held.popleft()
        told = json.loads(answer)
        if "digests" in told:
            self._digests = frozenset(told["digests"])
        self._version = told["version"]
        self._believed = now


@implementer(IPlugin)
class Plugin:
    """`[plugin.cocmail_mailman] class: cocmail_mailman.plugin.Plugin` in mailman.cfg."""

    resource = None
    name = "cocmail_mailman"

    def __init__(self) -> None:
        self._teller = None
        self._of_this = threading.local()  # transaction: Mailman has one a thread

    def pre_hook(self) -> None:
        pass

    def post_hook(self) -> None:
        try:
            teller = self._configured()
        except Exception as wrong:
            log.error("the cocmail plugin does nothing: %s", wrong)
            return
        self._teller = teller
        event.subscribers.append(self._on_event)
        maker = config.db.sessionmaker.session_factory
        database_event.listen(maker, "after_flush", self._on_flush)
        database_event.listen(maker, "after_commit", self._on_commit)
        database_event.listen(maker, "after_rollback", self._on_rollback)
        os.register_at_fork(after_in_child=teller.start)
        atexit.register(teller.last_words)
        teller.start()

    def _configured(self) -> Teller:
        section = dict(config.plugin_configs)[self.name]
        said = external_configuration(section["configuration"])["cocmail"]
        url = urlsplit(said["url"])
        if url.scheme != "http" or url.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("url: should be on this machine, like http://127.0.0.1:8026")
        key = Path(said["key_file"]).read_text().strip()
        if len(key) < 32:
            raise ValueError("key_file: should hold 32 characters or more")
        return Teller(url.hostname, url.port or 80, key.encode())

    # -- in Mailman's threads: at once, and without an error ---------------------------------

    def _on_event(self, happened: object) -> None:
        try:
            name = type(happened).__name__
            if name in _EVENTS:
                self._of_this.changed = True
            elif name == "SubscriptionEvent":
                self._of_this.changed = True
                self._hold(happened.mlist, happened.member)
        except Exception as wrong:
            log.warning("the cocmail plugin: %s", type(wrong).__name__)

    def _hold(self, mailing_list: object, member: object) -> None:
        if member.role not in (MemberRole.member, MemberRole.nonmember):
            return
        if member.moderation_action is not None or not self._teller.knows_of_some:
            return
        addresses = [member.address.email]
        if member.user is not None:
            addresses += [address.email for address in member.user.addresses]
        if self._teller.holds(addresses, mailing_list.fqdn_listname):
            member.moderation_action = Action.hold
            arrived = (member.member_id.hex, mailing_list.fqdn_listname)
            self._of_this.held = [*getattr(self._of_this, "held", ()), arrived]

    def _on_flush(self, session: object, context: object) -> None:
        try:
            if any(
                type(row).__name__ in _ROWS
                for rows in (session.new, session.deleted)
                for row in rows
            ) or any(map(_matters, session.dirty)):
                self._of_this.changed = True
        except Exception as wrong:
            log.warning("the cocmail plugin: %s", type(wrong).__name__)

    def _on_commit(self, session: object) -> None:
        """Only now can cocmail see it, too."""
        try:
            if getattr(self._of_this, "changed", False):
                self._teller.changed(getattr(self._of_this, "held", []))
            self._on_rollback(session)
        except Exception as wrong:
            log.warning("the cocmail plugin: %s", type(wrong).__name__)

    def _on_rollback(self, session: object) -> None:
        self._of_this.changed, self._of_this.held = False, []
