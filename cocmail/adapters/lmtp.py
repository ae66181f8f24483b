"""Mail in by LMTP (RFC 2033): the `Inbox` port over aiosmtpd, on TCP or a Unix socket.

Owns the socket, its limits, and the conversation: who may be written to, one reply for each
recipient, 250 only after `keep` returned. Refuses to know what a mail says: the bytes are kept as
they came, after undoing the dots (RFC 5321 section 4.5.2). Called by the daemon, and by
`cocmail check` through `probe`.

Bare CR, bare LF and NUL in a mail are kept, not refused: Postfix delivers such mail, and a report
must not bounce for it. They can't smuggle a second mail in (RFC 5321 section 2.3.8): aiosmtpd ends
lines, and so the data, at CRLF alone. Whoever reads such a mail treats it as unproved.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import stat
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, AnyStr, Final

from aiosmtpd.lmtp import LMTP

from cocmail.core.errors import CocmailError, Permanent
from cocmail.core.people import Address, is_address
from cocmail.ports import Arrival, Keep

# They write senders and recipients at INFO, and every line of every report at DEBUG.
for _name in ("mail.log", "mail.debug"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

_NOT_KEPT: Final = "451 4.3.0 Not stored; try again later"
_BARE_REPLY: Final = re.compile(r"([245])(\d\d) (?![245]\.\d)")
_CODES: Final = {"552": "5.3.4", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1"}
_END: Final = b"\r\n.\r\n"
_LARGE: Final = 1 << 20
_UNIX: Final = "unix:"


@dataclass(frozen=True, kw_only=True)
class LmtpSettings:
    """Where to listen, and how much to take. Times are in seconds, sizes in bytes."""

    listen: str  # "127.0.0.1:8024", "[::1]:8024" or "unix:/run/cocmail/lmtp.sock"
    largest: int = 64 << 20
    connections: int = 50
    recipients: int = 200  # RFC 5321 section 4.5.3.1.8 wants 100
    timeout: float = 300  # for a command, and for all of DATA
    grace: float = 3  # at the end, for what is under way


class LmtpServer:
    """Listens until cancelled."""

    def __init__(
        self, settings: LmtpSettings, accepts: Callable[[Address], bool], keep: Keep | None = None
    ) -> None:
        self._settings = settings
        self._accepts = accepts
        self._keep = keep
        self._connections: set[_Conversation] = set()
        self._transactions: set[asyncio.Future[None]] = set()
        self._keeping: set[asyncio.Task[None]] = set()
        self._trouble = ""
        self._listening = False

    @property
    def trouble(self) -> str:
        return self._trouble

    @property
    def listening(self) -> bool:
        """Whether a connection would be answered now."""
        return self._listening

    async def run(self, keep: Keep | None = None) -> None:
        """Until cancelled. Raises Permanent where it can't listen."""
        self._keep = keep or self._keep
        sock = _listen(self._settings.listen)
        try:
            loop = asyncio.get_running_loop()
            if sock.family == socket.AF_UNIX:
                server = await loop.create_unix_server(self._conversation, sock=sock)
            else:
                server = await loop.create_server(self._conversation, sock=sock)
            self._listening = True
            try:
                await loop.create_future()
            finally:
                self._listening = False
                server.close()
                await self._hang_up()
        finally:
            sock.close()
            _forget(self._settings.listen)

    async def _hang_up(self) -> None:
        """Finish what is being stored, and say so, before the connections end."""
        under_way = self._transactions | self._keeping
        if under_way:
            await asyncio.wait(under_way, timeout=self._settings.grace)
        for connection in list(self._connections):
            connection.hang_up()
        for keeping in self._keeping:
            keeping.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    def _conversation(self) -> asyncio.Protocol:
        if len(self._connections) >= self._settings.connections:
            return _Busy()
        return _Conversation(self)

    # -- what a conversation asks ------------------------------------------------------------

    async def transact(self, arrival: Arrival) -> str:
        """The reply, the same for every recipient: they are stored together or not at all."""
        assert self._keep is not None
        # A client that goes away must not tear a commit in two: it is shielded.
        keeping = asyncio.ensure_future(self._keep(arrival))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._kept)
        try:
            await asyncio.shield(keeping)
        except CocmailError as wrong:
            self._trouble = f"LMTP: mail waits at the sender: {wrong}"
            return _NOT_KEPT
        self._trouble = ""
        return "250 2.0.0 Stored"

    def _kept(self, keeping: asyncio.Future[None]) -> None:
        self._keeping.discard(keeping)
        if not keeping.cancelled():
            keeping.exception()  # whoever waited may be gone

    async def probe(self) -> list[tuple[bool, str]]:
        """For `cocmail check`: whether we could listen, or (likely) already do."""
        listen = self._settings.listen
        try:
            family, address = _parse(listen)
            with socket.socket(family) as sock:
                sock.settimeout(2)
                sock.connect(address)
            return [(True, "LMTP: something listens at [lmtp] listen already: cocmail, we hope")]
        except (ConnectionError, FileNotFoundError):
            pass
        except OSError as wrong:
            return [(False, f"[lmtp] listen: {wrong.strerror or 'no answer'}")]
        except Permanent as wrong:
            return [(False, str(wrong))]
        try:
            _listen(listen).close()
        except Permanent as wrong:
            return [(False, str(wrong))]
        _forget(listen)
        return [(True, "LMTP: [lmtp] listen can be listened on")]


class _Handler:
    """aiosmtpd's hooks, which it finds by their names."""

    def __init__(self, server: LmtpServer, settings: LmtpSettings) -> None:
        self._server = server
        self._settings = settings

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # RFC 2033 section 5: a server must offer both. Commands are read one by one anyway.
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self._settings.recipients:
            return "452 4.5.3 Too many recipients"
        if not _sound(address) or not is_address(address):
            return "553 5.1.3 Not an address"
        if not self._server._accepts(Address(address)):
            return "550 5.1.1 Not one of ours"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        sender = envelope.mail_from
        return await self._server.transact(
            Arrival(
                raw=envelope.original_content,
                road="lmtp",
                source=None,
                recipients=tuple(dict.fromkeys(Address(to) for to in envelope.rcpt_tos)),
                return_path="" if sender == "<>" else _readable(sender),
            )
        )


class _Conversation(LMTP):
    """aiosmtpd's LMTP, with what RFC 2033 asks for beyond it."""

    # Its own would be shared by all, and grows with every LHLO.
    command_size_limits: dict[str, int] = defaultdict(lambda: 2048)  # noqa: RUF012

    def __init__(self, owner: LmtpServer) -> None:
        settings = owner._settings
        # A mail without line ends is odd, and may be a report: a line may be as long as a mail.
        self.line_length_limit = settings.largest + 2
        super().__init__(
            _Handler(owner, settings),
            data_size_limit=settings.largest,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),  # getfqdn would ask the DNS, and wait
            ident="cocmail LMTP",
            timeout=settings.timeout,
            loop=asyncio.get_running_loop(),
        )
        self._owner = owner
        self._greeting = False
        self._replies = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._owner._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner._connections.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()  # what was written is still sent

    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        self._greeting = True
        try:
            await super().smtp_LHLO(arg)
        finally:
            self._greeting = False

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """aiosmtpd's own keeps each line by itself, which takes many times the memory of short
        ones, and handles all that has come at once, which stalls the loop for as long."""
        assert self.envelope is not None
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos or arg:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        over = self._owner_transaction()
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            data = await self._data()
            status = "552 Error: Too much mail data"
            if data is not None:
                self.envelope.content = self.envelope.original_content = data
                status = await self._call_handler_hook("DATA")
            self.envelope = self._create_envelope()
            await self.push(status)
        finally:
            self._owner._transactions.discard(over)
            over.set_result(None)

    async def _data(self) -> bytes | None:
        """A mail's bytes, dots undone (RFC 5321 section 4.5.2); None where there are too many,
        which are read to their end all the same."""
        data = bytearray(b"\r\n")  # of the DATA command: with it the first line is like any other
        limit, much = self._owner._settings.largest + len(_END), False
        seen = 0
        while (end := data.find(_END, seen)) < 0:
            much = much or len(data) > limit
            if much:
                del data[: -len(_END)]
            seen = max(0, len(data) - len(_END))
            try:
                came = await self._reader.read(1 << 26)  # all that is there
            except asyncio.CancelledError:  # the connection is lost
                self._writer.close()
                raise
            data += came
        # What a client sent ahead is its next command (RFC 2920); nothing else is there to read.
        self._reader.feed_data(bytes(data[end + len(_END) :]))
        del data[end + 2 :]
        if much or len(data) > limit:
            return None
        if len(data) <= _LARGE:
            return _undotted(data)
        return await asyncio.to_thread(_undotted, data)

    def _owner_transaction(self) -> asyncio.Future[None]:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owner._transactions.add(over)
        return over

    async def push(self, status: AnyStr) -> None:
        """Send a reply: with an enhanced code (RFC 2034 section 3), and, to the end of the data,
        once for each recipient that was accepted (RFC 2033 section 4.2), whatever it is."""
        reply = status if isinstance(status, str) else status.decode("utf-8")
        if not self._greeting and not reply.startswith("220"):
            reply = _BARE_REPLY.sub(
                lambda m: f"{m[0]}{_CODES.get(m[1] + m[2], m[1] + '.0.0')} ", reply, count=1
            )
        replies, self._replies = self._replies, 1
        if reply.startswith("354"):
            assert self.envelope is not None
            self._replies = len(self.envelope.rcpt_tos)
        await super().push("\r\n".join([reply] * replies))

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: aiosmtpd would show it to the client, and write it to the log."""
        self._owner._trouble = f"LMTP: mail waits at the sender: a fault ({type(error).__name__})"
        self.envelope = self._create_envelope()
        return _NOT_KEPT


def _undotted(data: bytearray) -> bytes:
    return bytes(memoryview(data.replace(b"\r\n.", b"\r\n"))[2:])


class _Busy(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 Too many connections; try again later\r\n")
        transport.close()


def _sound(address: str) -> bool:
    """Whether the octets were UTF-8 (aiosmtpd carries others as surrogates)."""
    try:
        address.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _readable(address: str) -> str:
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _parse(listen: str) -> tuple[socket.AddressFamily, Any]:
    if listen.startswith(_UNIX):
        return socket.AF_UNIX, listen.removeprefix(_UNIX)
    host, _, port = listen.rpartition(":")
    try:
        if not 0 < int(port) < 1 << 16:
            raise ValueError
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (ValueError, OverflowError, OSError):
        raise Permanent('[lmtp] listen: neither "host:port" nor "unix:/path"') from None
    return found[0][0], found[0][4]


def _listen(listen: str) -> socket.socket:
    family, address = _parse(listen)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_UNIX:
            _remove_stale(Path(address))
            before = os.umask(0o117)  # never open to others, not even for an instant
            try:
                sock.bind(address)
            finally:
                os.umask(before)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
        sock.listen(128)
        sock.setblocking(False)
    except OSError as wrong:
        sock.close()
        raise Permanent(f"[lmtp] listen: {wrong.strerror or 'the path is too long'}") from None
    except BaseException:
        sock.close()
        raise
    return sock


def _forget(listen: str) -> None:
    if listen.startswith(_UNIX):
        Path(listen.removeprefix(_UNIX)).unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """A socket that a killed daemon left behind; nothing else, and none that is in use."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise Permanent("[lmtp] listen: there is a file at that path which is no socket")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
            else:
                raise Permanent("[lmtp] listen: another server listens at that path")
