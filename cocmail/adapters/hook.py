"""Where Mailman's plugin tells us that something changed: a door on loopback.

Owns the socket, the one kind of message, and who is believed: who signs with the shared key, now,
and not twice. Refuses to know what a change means, and to answer anybody else with more than 403.
Called by the daemon. The other side is deploy/mailman/plugin.

A message is JSON, POSTed by HTTP/1.1 under an HMAC: `at`, `nonce`, `changed`, `held` (memberships
that the plugin holds: member id and list) and `version`. The answer is signed together with the
message's nonce, so that neither a stranger on our port nor an old answer is believed: `version`,
and where that is new `digests`, keyed ones of who is to be held where. No address is in either.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Any

from cocmail.core.arrivals import Arrival
from cocmail.core.errors import Permanent
from cocmail.core.people import Address

_LARGEST = 1 << 18  # octets of a message: a thousand memberships are about 80 kB
_LINES = 50
_PATIENCE = 5.0  # seconds for a whole message
_MOST = 64  # conversations at one time: each process of Mailman has one now and then
_HOUR = 3600.0
_COUNTED = 1000  # messages that were refused within an hour; whether there were more says no more
_AGE = 60.0  # seconds that two clocks on one machine, and a slow message, may be apart


Changed = Callable[[tuple[Arrival, ...]], None]
ToHold = Callable[[], Collection[tuple[Address, str]]]
"""Who is to be held, and on which list (its posting address; "*": on all)."""


class Hook:
    """Listens until cancelled."""

    def __init__(
        self,
        listen: tuple[str, int],
        key: bytes,
        changed: Changed,
        to_hold: ToHold,
        *,
        site: str = "",
        seconds: Callable[[], float] = time.time,
    ) -> None:
        """``seconds``: since 1970, by the clock that is the plugin's too."""
        self._listen, self._key, self._site = listen, key, site
        self._section = site or "mailman"
        self._changed, self._to_hold = changed, to_hold
        self._nonces: dict[str, float] = {}  # of the last minutes: each message counts once
        self._open = 0
        self.listening = False
        self._seconds = seconds
        self._refused: deque[float] = deque(maxlen=_COUNTED)  # when

    def __repr__(self) -> str:
        return "<Hook>"

    @property
    def refused(self) -> int:
        """Messages of the last hour that weren't signed as they should be, or came again. Anybody
        on this machine can send one, so they mustn't be trouble for ever."""
        since = self._seconds() - _HOUR
        return sum(1 for at in self._refused if at > since)

    @property
    def trouble(self) -> str:
        """What is wrong, in one line; "" if nothing."""
        count = self.refused
        if not count:
            return ""
        return (
            f"[{self._section}] hook: messages refused within the last hour: {count}; has"
            " Mailman's plugin the same key, and the same time?"
        )

    async def run(self) -> None:
        """Until cancelled. Raises Permanent where it can't listen."""
        host, port = self._listen
        if not (host == "localhost" or ip_address(host).is_loopback):
            raise Permanent(f"[{self._section}] hook: should be on this machine")
        try:
            server = await asyncio.start_server(self._converse, host, port, limit=1 << 14)
        except OSError as wrong:
            why = wrong.strerror or "can't be listened on"
            raise Permanent(f"[{self._section}] hook: {why}") from None
        self.listening = True
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.listening = False
            server.close()

    # -- one conversation ----------------------------------------------------------------------

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _MOST:
                async with asyncio.timeout(_PATIENCE):
                    writer.write(await self._reply(reader))
                    await writer.drain()
        except (OSError, TimeoutError, ValueError, KeyError, TypeError, EOFError):
            pass  # whoever it was says it again, or the next sweep sees it
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _reply(self, reader: asyncio.StreamReader) -> bytes:
        begin = (await reader.readline()).split()
        if not begin:
            raise EOFError  # it hung up, as a process does that ends while it connects
        fields: dict[str, str] = {}
        for _ in range(_LINES):
            line = (await reader.readline()).decode("latin-1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        length = fields.get("content-length", "")
        if begin[:1] != [b"POST"] or not length.isdecimal() or int(length) > _LARGEST:
            return self._refuse()
        body = await reader.readexactly(int(length))
        said = self._believed(body, fields.get("x-cocmail-signature", ""))
        if said is None:
            return self._refuse()
        held = tuple(
            Arrival(member_id=one, list=name, site=self._site) for one, name in said.get("held", ())
        )
        if said.get("changed") or held:
            self._changed(held)
        return self._answer(said)

    def _believed(self, body: bytes, signature: str) -> dict[str, Any] | None:
        if not hmac.compare_digest(signature.encode(), sign(self._key, "changed", body).encode()):
            return None
        # Signed: from here on it is the plugin that speaks, be it again.
        said = json.loads(body)
        now, at, nonce = self._seconds(), float(said["at"]), str(said["nonce"])
        self._nonces = {one: when for one, when in self._nonces.items() if when > now - _AGE}
        if abs(now - at) > _AGE or nonce in self._nonces:
            return None
        # A message from a clock ahead of ours is good for longer than one of now.
        self._nonces[nonce] = max(now, at)
        return dict(said)

    def _refuse(self) -> bytes:
        self._refused.append(self._seconds())
        return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def _answer(self, said: dict[str, Any]) -> bytes:
        digests = sorted(digest(self._key, who, where) for who, where in self._to_hold())
        version = hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16]
        told: dict[str, Any] = {"version": version}
        if said.get("version") != version:
            told["digests"] = digests
        body = json.dumps(told).encode()
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Cocmail-Signature: {sign(self._key, str(said['nonce']), body)}\r\n\r\n"
        )
        return head.encode() + body


def sign(key: bytes, purpose: str, body: bytes) -> str:
    return hmac.new(key, purpose.encode() + b"\0" + body, hashlib.sha256).hexdigest()


def digest(key: bytes, address: Address, where: str) -> str:
    """Of an address on a list, or "*" on all; as the plugin makes it."""
    text = f"{address}\0{where}".lower().encode()
    return hmac.new(key, b"held\0" + text, hashlib.sha256).hexdigest()[:32]
