"""One connection to an IMAP server, and what we ask of it: blocking, for a thread of its own.

Owns the connection (TLS, login, sockets' timeouts), the capabilities that change how we ask, the
names of folders, and the bytes of messages. Refuses to know when to sweep, what happens to a mail,
and what to do when anything fails (imap_watch): it raises what IMAPClient raises, except for a
refused login and a folder that isn't opened. Called by imap_watch, imap_filing and imap's probe.
"""

from __future__ import annotations

import contextlib
import imaplib
import logging
import select
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
)
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.tls import IMAP4_TLS

from cocmail.adapters.imap_answers import Login, login, response_code, why
from cocmail.core.errors import CocmailError, Permanent, Temporary
from cocmail.core.people import Private

# At DEBUG both libraries write every line of every report to the log.
for _name in ("imapclient", "imapclient.imapclient", "imapclient.imaplib"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

BROKEN = (
    IMAPClientError,
    OSError,  # with ssl.SSLError and TimeoutError
    # What the two libraries raise on an answer that is no IMAP: they index, unpack, decode and
    # assert without looking first.
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,  # a literal of more bytes than there are
    RecursionError,
    MemoryError,
)
"""Everything that talking to a server can raise: the connection is of no more use then."""


_LINES = 16 << 20  # bytes: the numbers of two million mails
_ANSWER = 96 << 20  # bytes: a mail of the largest, and what a server may get wrong of its size

_TIMES = 10  # so much longer than for a piece of it we wait for the whole of an answer,
_SLOWEST = 4096  # and a second more for each so many bytes of it
_PIECE = 1 << 16


class TooLarge(Exception):
    """A message is larger than we take, and than its RFC822.SIZE said."""


class Unbounded(OSError):
    """What the server says to one command doesn't end."""

    def __init__(self) -> None:
        super().__init__(0, "the server's answer is larger than any that we ask for")


class Endless(OSError):
    """What the server says to one command comes, but not as fast as any server's."""

    def __init__(self) -> None:
        super().__init__(0, "the server's answer takes too long")


class _Bounded(imaplib.IMAP4):
    """Reads what comes for one command, counted before there is room made for it, and within a
    time that grows with it. The socket's own timeout is for each piece."""

    _from: Any = None
    _buffer = bytearray()

    def _new_tag(self) -> Any:
        self.begin()
        return super()._new_tag()  # type: ignore[misc]

    def open(self, *where: Any, **more: Any) -> None:
        self.patience = _TIMES * self._timeout
        super().open(*where, **more)
        self.begin()

    def begin(self) -> None:
        """What comes now is another answer."""
        self._lines = self._bytes = self._came = 0
        self._since = time.monotonic()

    @property
    def ahead(self) -> bytearray:
        """What came and wasn't read. What came before TLS isn't read after it."""
        if self._from is not self.sock:
            self._from, self._buffer = self.sock, bytearray()
        return self._buffer

    def more(self) -> bytes:
        """What comes next, b"" at the end."""
        if time.monotonic() - self._since > self.patience + self._came / _SLOWEST:
            raise Endless
        data: bytes = self.sock.recv(_PIECE)
        self._came += len(data)
        return data

    def readline(self) -> bytes:
        ahead, looked = self.ahead, 0
        while (end := ahead.find(b"\n", looked)) < 0:
            looked = len(ahead)
            if self._lines + looked > _LINES:
                raise Unbounded
            data = self.more()
            if not data:
                break
            ahead += data
        line = bytes(ahead[: end + 1] if end >= 0 else ahead)
        del ahead[: len(line)]
        self._lines += len(line)
        if self._lines > _LINES:
            raise Unbounded
        return line

    def read(self, size: int) -> bytes:
        self._bytes += size
        if self._bytes > _ANSWER:
            raise Unbounded
        ahead = self.ahead
        while len(ahead) < size and (data := self.more()):
            ahead += data
        body = bytes(ahead[:size])
        del ahead[:size]
        return body


class _Plain(_Bounded, IMAP4WithTimeout): ...  # type: ignore[misc]


class _Tls(_Bounded, IMAP4_TLS): ...  # type: ignore[misc]


class _Client(IMAPClient):  # type: ignore[misc]
    def _create_IMAP4(self) -> Any:  # noqa: N802, IMAPClient's
        seconds = self._timeout.connect
        tls: Any = _Tls
        imap = (
            tls(self.host, self.port, self.ssl_context, seconds)
            if self.ssl
            else _Plain(self.host, self.port, seconds)
        )
        imap.patience = _TIMES * self._timeout.read
        return imap


class LoginRefused(CocmailError):
    """The server says no. Whether that is final is for imap_watch to say."""

    def __init__(self, words: str, about: Login = Login.CREDENTIALS) -> None:
        super().__init__(words)
        self.about = about


@dataclass(frozen=True, kw_only=True)
class ImapSettings:
    """Where the mail is, and how to ask for it. Times are in seconds, sizes in bytes."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str = field(repr=False)
    password: Callable[[], str] | Private = field(repr=False)  # asked anew at every login
    authentication: Literal["password", "xoauth2"] = "password"  # xoauth2: password is the token
    login_key: str = "password_file"  # the setting that the password or token comes from
    mailbox: str = "INBOX"
    archive: str = "Filed"
    archive_keep: timedelta | None = timedelta(days=14)  # None: forever
    junk: str = ""
    ca_file: Path | None = None  # None: the system's authorities
    account: str = "imap"  # the first word of Arrival.source; never changes once mail was kept

    connect_timeout: float = 10
    read_timeout: float = 60
    idle_for: float = 240  # RFC 2177 says under 29 minutes; NAT boxes forget sooner
    poll_every: float = 1  # where the server has no IDLE
    expire_every: float = 900
    longest_delay: float = 30  # between two attempts to connect
    login_attempts: int = 5  # with what the server calls wrong, once we had been let in before
    login_patience: float = 86_400  # with what it refuses without saying why, likewise
    login_delay: float = 2  # after a first refusal; it doubles
    longest_login_delay: float = 900
    batch_bytes: int = 4 << 20
    batch_messages: int = 50
    piece_bytes: int = 8 << 20  # a mail above this is fetched in pieces of this
    largest: int = 64 << 20  # a mail above this stays where it is

    @property
    def label(self) -> str:
        """How errors call the table that this came from."""
        return f"[{self.account}]"

    def secret(self) -> str:
        """The password or token, as it is now. Raises what the asking does."""
        return self.password if isinstance(self.password, str) else self.password()


class ImapSession:
    """A logged-in connection. Not thread-safe, except for `cut`."""

    def __init__(
        self,
        settings: ImapSettings,
        secret: str | None = None,
        connected: Callable[[ImapSession], None] = lambda _: None,
    ) -> None:
        """``secret``: what to log in with; None: what the settings say now. ``connected`` is told
        as soon as there is something to `cut`: before the login."""
        self._settings = settings
        # Before there is a connection: servers close one on which nobody logs in for some time.
        secret = settings.secret() if secret is None else secret
        context = _context(settings) if settings.security != "none" else None
        self._client: Any = _greeted(settings, context)
        try:
            connected(self)
            if self._client._imap.state == "AUTH":
                raise Temporary(
                    f"{settings.label} host and port: the IMAP server lets in whoever connects"
                    " there (PREAUTH), so whose mail that is can't be told; name a port that asks"
                    " for a login"
                )
            self._client.normalise_times = False  # aware, not local and naive
            self._tune()
            if settings.security == "starttls":
                self._client.starttls(context)
                self._client.socket().settimeout(settings.read_timeout)
            self._login(secret)
            # RFC 9051 section 6.2.3: what it can do may differ before and after the login.
            self._capabilities = frozenset(self._client.capabilities())
        except BaseException:
            self.cut()
            self.release()
            raise

    def can(self, capability: bytes) -> bool:
        return capability in self._capabilities

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """The server's, as ssl tells it; None: without TLS."""
        sock = self._client.socket()
        return sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None

    def _tune(self) -> None:
        sock = self._client.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A black hole under an idle connection is noticed by keepalive, under a command by
        # TCP_USER_TIMEOUT or by the read timeout. Not every system has these.
        for option, value in (
            ("TCP_KEEPIDLE", 60),
            ("TCP_KEEPINTVL", 15),
            ("TCP_KEEPCNT", 4),
            ("TCP_USER_TIMEOUT", 30_000),
        ):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def _login(self, secret: str) -> None:
        settings = self._settings
        client = self._client
        try:
            if settings.authentication == "xoauth2":
                self._token_login(secret)
            elif (settings.username + secret).isascii() and not client.has_capability(
                "LOGINDISABLED"
            ):
                client.login(settings.username, secret)
            else:  # LOGIN carries ASCII only (RFC 3501 section 9); SASL PLAIN is UTF-8 (RFC 4616)
                client.plain_login(settings.username, secret)
        except IMAPClientAbortError:
            raise
        except CapabilityError:
            raise LoginRefused(
                "the IMAP server takes no password over this connection:"
                f" see {settings.label} security"
            ) from None
        except LoginError as refused:
            # IMAPClient makes a LoginError of a lost connection, too.
            if isinstance(refused.__context__, IMAPClientAbortError):
                raise Temporary("the IMAP server hung up during the login") from None
            about, because = login(refused)
            if about is Login.BUSY:
                words = f"{settings.label} host: the IMAP server lets us in later: {because}"
                raise LoginRefused(words, about) from None
            raise LoginRefused(
                f"the IMAP server refused the login{because}: see {settings.label} username and"
                f" {settings.login_key}",
                about,
            ) from None

    def _token_login(self, token: str) -> None:
        """XOAUTH2, as Google and Microsoft have it. Of a token that it refuses the server first
        tells why, in a challenge; that is answered with an empty line, and then comes the NO.
        IMAPClient's own `oauth2_login` would send the token once more."""
        if not self._client.has_capability("AUTH=XOAUTH2"):
            raise LoginRefused(
                "the IMAP server takes no token over this connection (no AUTH=XOAUTH2):"
                f" see {self._settings.label} host and security"
            )
        answers = iter([f"user={self._settings.username}\1auth=Bearer {token}\1\1"])
        self._client.sasl_login("XOAUTH2", lambda _: next(answers, ""))

    # -- folders -----------------------------------------------------------------------------

    def select(self, folder: str) -> int:
        """Open a folder for reading and moving; its UIDVALIDITY (RFC 9051 section 2.3.1.1)."""
        try:
            answer = self._client.select_folder(folder)
        except IMAPClientReadOnlyError:
            words = "can only be read: we must be able to move mail out"
            raise Temporary(f"{self._settings.label} {folder} {words}") from None
        except IMAPClientAbortError:
            raise
        except IMAPClientError as refused:
            label = self._settings.label
            words = f"the IMAP server doesn't open it, {why(refused)}; trying again"
            raise Temporary(f"{label} {folder}: {words}") from None
        return int(answer.get(b"UIDVALIDITY", 0))

    def find(self, name: str) -> str | None:
        """The server's name of a folder that is meant by a configured name; None if it is not
        there. A personal namespace's prefix may be left out, and "/" stands for any separator."""
        return next((n for n in self._spellings(name) if self._exists(n)), None)

    def make(self, name: str) -> str:
        """The server's name of a folder, which is made if it is missing."""
        found = self.find(name)
        if found is not None:
            return found
        wanted = self._spellings(name)[-1]
        try:
            self._client.create_folder(wanted)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as refused:
            # Somebody was faster (RFC 5530), or it is there and LIST hides it.
            if response_code(refused) != "ALREADYEXISTS" and not self._exists(wanted):
                raise
        else:
            with contextlib.suppress(IMAPClientError):  # only so that mail clients show it
                self._client.subscribe_folder(wanted)
        return wanted

    def _exists(self, name: str) -> bool:
        flags = self._flags(name)
        return flags is not None and not flags & {b"\\noselect", b"\\nonexistent"}

    def _flags(self, name: str) -> frozenset[bytes] | None:
        """What LIST says of a folder, in lower case; None where there is none. The server may
        write its name in another way ("%" and "*" in it are LIST's wildcards, though)."""
        for flags, _, found in self._client.list_folders("", name):
            if found == name or not {"%", "*"} & set(name):
                return frozenset(flag.lower() for flag in flags)
        return None

    def holds_everything(self, folder: str) -> bool:
        r"""Whether a folder shows the mail of all others (RFC 6154 \All), as Gmail's All Mail:
        nothing can be moved out of it, and what is deleted there is deleted everywhere."""
        return b"\\all" in (self._flags(folder) or ())

    def _trash(self) -> str | None:
        """The folder of deleted mail (RFC 6154), whatever it is called in the user's language."""
        for flags, _, name in self._client.list_folders("", "*"):
            if b"\\trash" in {flag.lower() for flag in flags}:
                return str(name)
        return None

    def _spellings(self, name: str) -> list[str]:
        """As it was written first, and last the one to make it by."""
        spellings = [name]
        prefix, separator = self._namespace()
        if separator and separator != "/":
            spellings.append(name.replace("/", separator))
        if prefix and not spellings[-1].startswith(prefix) and name.upper() != "INBOX":
            spellings.append(prefix + spellings[-1])
        return spellings

    def _namespace(self) -> tuple[str, str]:
        """Prefix and separator of our own folders (RFC 2342; LIST "" "" tells the separator)."""
        if self.can(b"NAMESPACE"):
            personal = self._client.namespace().personal
            if personal:
                prefix, separator = personal[0]
                return str(prefix), str(separator or "")
        roots = self._client.list_folders("", "")
        separator = roots[0][1] if roots else b"/"
        return "", separator.decode("ascii") if separator else ""

    # -- messages ----------------------------------------------------------------------------

    def uids(self) -> list[int]:
        """Those that are `unmarked`, in order, with what is new."""
        self._client.noop()  # RFC 9051 section 6.1.2: what is new may be told to NOOP alone
        self._announced()
        return sorted(self.unmarked())

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE of each; those that vanished are left out."""
        answer = self._client.fetch(uids, ["RFC822.SIZE"])
        return {
            uid: int(items[b"RFC822.SIZE"])
            for uid, items in answer.items()
            if isinstance(items.get(b"RFC822.SIZE"), int)
        }

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Whole messages, unmarked as seen. Those that the server left out are left out."""
        answer = self._client.fetch(uids, ["BODY.PEEK[]"])
        return {uid: items[b"BODY[]"] for uid, items in answer.items() if _is_body(items, b"[]")}

    def beginnings(self, uids: Sequence[int], most: int) -> dict[int, bytes]:
        """So many bytes of each at most. Those that the server left out are left out."""
        answer = self._client.fetch(uids, [f"BODY.PEEK[]<0.{most}>"])
        return {
            uid: items[b"BODY[]<0>"][:most]
            for uid, items in answer.items()
            if _is_body(items, b"[]<0>")
        }

    def pieced(self, uid: int, *, size: int, piece: int, largest: int) -> bytes | None:
        """A large message, asked for in pieces (RFC 9051 section 6.4.5, `<origin.count>`); None
        if it vanished. A piece that is short ends it where ``size`` is reached: some servers hand
        out less than was asked for. Raises TooLarge."""
        whole = bytearray()
        while True:
            at = len(whole)
            answer = self._client.fetch([uid], [f"BODY.PEEK[]<{at}.{piece}>"]).get(uid, {})
            mark = b"[]<%d>" % at
            if not _is_body(answer, mark):
                # Past the end some servers say NIL, or nothing.
                return bytes(whole) if whole and answer else None
            got = answer[b"BODY" + mark]
            whole += got
            if len(whole) > largest:
                raise TooLarge
            if not got or (len(got) < piece and len(whole) >= size):
                return bytes(whole)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Out of the open folder into another (RFC 6851). Not every server can."""
        self._client.move(uids, folder)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        self._client.copy(uids, folder)

    def expunge(self, uids: Collection[int]) -> None:
        """Delete these messages of the open folder, and no others."""
        if uids:
            self.mark(sorted(uids))
            self.expunge_marked(sorted(uids))

    def mark(self, uids: Sequence[int]) -> None:
        """As deleted: `uids` leaves them out from then on."""
        self._client.delete_messages(uids, silent=True)

    def unmarked(self) -> set[int]:
        """The messages of the open folder that nobody marked as deleted."""
        return {int(uid) for uid in self._client.search(["UNDELETED"])}

    def expunge_marked(self, uids: Sequence[int]) -> None:
        """Of these messages those that are marked.

        With UIDPLUS (RFC 4315) that is what UID EXPUNGE does. Without it, EXPUNGE takes all that
        is marked: so only when nothing but ours is marked; else ours stay behind, marked, until
        whoever marked the others expunges them.
        """
        if self.can(b"UIDPLUS"):
            self._client.uid_expunge(uids)
        elif set(self._client.search(["DELETED"])) <= set(uids):
            self._client.expunge()

    def destroy(self, uids: Collection[int]) -> None:
        """Delete these messages of the open folder for good. Another folder may be open then.

        In Gmail folders are labels: what is expunged from one stays in All Mail, and only what is
        moved to the trash loses them all; from there it is expunged, or goes by itself in 30 days.
        """
        trash = self._trash() if self.can(b"X-GM-EXT-1") and uids else None
        if trash is None:
            self.expunge(uids)
            return
        ours = {items[b"X-GM-MSGID"] for items in self._numbered(sorted(uids)).values()}
        self._client.move(sorted(uids), trash)
        self.select(trash)
        there = self._numbered(sorted(int(uid) for uid in self._client.search(["ALL"])))
        self.expunge([uid for uid, items in there.items() if items[b"X-GM-MSGID"] in ours])

    def _numbered(self, uids: Sequence[int]) -> dict[int, dict[bytes, int]]:
        """Gmail's own number of each message, which is the same in all folders."""
        found: dict[int, dict[bytes, int]] = {}
        for chunk in chunks(uids, 500):
            for uid, items in self._client.fetch(chunk, ["X-GM-MSGID"]).items():
                if b"X-GM-MSGID" in items:
                    found[uid] = items
        return found

    def dated_before(self, day: date) -> dict[int, datetime]:
        """INTERNALDATE of the open folder's messages that are of an earlier day (in any zone)."""
        # SEARCH compares dates without a time and a zone (RFC 9051 section 6.4.4): ask a day
        # more, and compare the instants.
        uids = [int(uid) for uid in self._client.search(["BEFORE", day + timedelta(days=2)])]
        found = {}
        for chunk in chunks(uids, 500):
            for uid, items in self._client.fetch(chunk, ["INTERNALDATE"]).items():
                at = items.get(b"INTERNALDATE")
                if isinstance(at, datetime) and at.tzinfo is not None:
                    found[uid] = at
        return found

    # -- waiting -----------------------------------------------------------------------------

    def idle(self, seconds: float, wake: socket.socket) -> None:
        """Wait in IDLE (RFC 2177) until the server says anything, ``wake`` is readable, or the
        time is over. What it says isn't looked at: the caller sweeps.

        IMAPClient's own `idle_check` swallows an end of file and tears split lines. So we only
        poll, and let `idle_done` read in blocking mode, which meets the end of file, and a black
        hole by the read timeout.
        """
        if self._announced():
            return
        self._client.idle()
        if not self._read_ahead():
            wait_readable((self._client.socket(), wake), seconds)
        self._client._imap.begin()
        self._client.idle_done()

    def _announced(self) -> bool:
        """Whether new mail was announced since this was asked last, beside any answer (RFC 9051
        section 7.4.1): with the end of a SEARCH, say, or of a MOVE. IDLE doesn't say it again."""
        return bool(self._client._imap.response("EXISTS")[1] != [None])

    def _read_ahead(self) -> bool:
        """We read in pieces, and TLS in records: what came in one packet with the "+" of IDLE is
        there already, and poll would never tell."""
        imap = self._client._imap
        sock = self._client.socket()
        sock.setblocking(False)
        try:
            imap.ahead.extend(imap.more())
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            sock.settimeout(self._settings.read_timeout)
        return bool(imap.ahead)

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Log out, without insisting."""
        try:
            self._client.logout()
        except BROKEN:
            self.cut()

    def cut(self) -> None:
        """End the connection now; from any thread: whoever is reading gets an end of file."""
        with contextlib.suppress(*BROKEN):
            # Not SSLSocket's own shutdown, which forgets that there is TLS.
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)

    def release(self) -> None:
        """After `cut`, by the owning thread: give the socket back."""
        with contextlib.suppress(*BROKEN):
            self._client.shutdown()


def wait_readable(sockets: Sequence[socket.socket], seconds: float) -> None:
    poller = select.poll()
    for sock in sockets:
        if sock.fileno() >= 0:
            poller.register(sock.fileno(), select.POLLIN)
    poller.poll(max(0.0, seconds) * 1000)


def chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for at in range(0, len(uids), size):
        yield uids[at : at + size]


def _greeted(settings: ImapSettings, context: ssl.SSLContext | None) -> _Client:
    try:
        return _Client(
            settings.host,
            port=settings.port,
            ssl=settings.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(settings.connect_timeout, settings.read_timeout),
        )
    except IMAPClientAbortError:
        raise
    except IMAPClientError as refused:
        # What it said instead of a greeting is all that this error holds.
        if not str(refused).startswith("b'* BYE"):
            raise
        about, words = login(refused)
        words = words if about is Login.BUSY else "it doesn't say why"
        raise LoginRefused(
            f"{settings.label} host: the IMAP server turns us away at the door: {words}", Login.BUSY
        ) from None


def _context(settings: ImapSettings) -> ssl.SSLContext:
    """Certificates and names are checked, always."""
    try:
        return ssl.create_default_context(
            cafile=str(settings.ca_file) if settings.ca_file is not None else None
        )
    except OSError as wrong:
        why = wrong.strerror or "no PEM"
        raise Permanent(f"{settings.label} ca_file can't be read: {why}") from None


def _is_body(items: dict[bytes, Any], mark: bytes) -> bool:
    return isinstance(items.get(b"BODY" + mark), bytes)
