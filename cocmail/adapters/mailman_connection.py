"""The one road to Mailman's REST API: a `Connection` for mailmanclient's objects, and for us.

Owns HTTP to Mailman: bounded connections that are never kept idle (Mailman's own workers know no
keep-alive, and as many idle connections as workers hang it), timeouts on every call, quoted
paths, and errors told apart by status. Refuses to know what a call means. Called by
adapters.mailman, and by the objects of mailmanclient that it uses.

mailmanclient's own connection has no timeout, prints its password and maps every error to one.
"""

from __future__ import annotations

import base64
import contextlib
import contextvars
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

import urllib3

from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Private

Fields = Mapping[str, Any]
Response = urllib3.BaseHTTPResponse

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its lines name whom a call is about

_PAUSES = (0.1, 0.4)  # seconds before a question is asked again that nobody answered
_MORE_PAUSES = (*_PAUSES, 0.8, 1.6)  # or that was answered with 502 and the like
_QUICK = 5.0  # what failed after more seconds than that isn't
_PATIENCE = 20.0  # seconds that one call waits for a server that asks us to slow down
_SHORT_PATIENCE = 5.0  # for one that doesn't say for how long
_FIRST_GAP, _LONGEST_GAP = 0.02, 2.0  # seconds from one call to the next, where we are refused
_LONGEST_WAIT = 600.0  # and no answer makes us wait longer than this
_UNSAID = 1.0
_PAGE = 500  # memberships
_CONNECT = 5.0  # seconds; nothing can end these early
_OF_ALL = "http_etag"  # no answer of Mailman's to a question is without it
_OF_COLLECTIONS = ("start", "total_size")


class Answered(Exception):
    """Mailman answered with a 4xx that its caller should look at. Never leaves the adapter: its
    description may hold an address."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.description = Private(description)

    def says(self, words: str) -> bool:
        return words in self.description.lower()


class _Faulty(Temporary):
    """There is a server, and it has a fault (5xx): perhaps just for this call."""


class _Busy(_Faulty):
    """Perhaps so for too many calls (503): so says nginx's limit_req, unless told otherwise."""


class _TooMany(Temporary):
    """We are asked to come again after some seconds (RFC 6585 section 4); None: after how many it
    doesn't say, as nginx never does."""

    def __init__(self, words: str, after: float | None) -> None:
        super().__init__(words)
        self.after = after


class _Pace:
    """Seconds from one call to the next, of all threads: none, until a server refuses some for
    being too many. Twice as long with each refusal, a little less with each answer, so that it
    comes to about what the server allows."""

    def __init__(self) -> None:
        self._gap = 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def turn(self) -> float:
        """How long it is until the turn that is ours by this."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._gap
            return at - now

    def slower(self) -> None:
        with self._lock:
            self._gap = min(max(2 * self._gap, _FIRST_GAP), _LONGEST_GAP)
            self._next = max(self._next, time.monotonic() + self._gap)

    def faster(self) -> None:
        with self._lock:
            self._gap = self._gap * 0.95 if self._gap > _FIRST_GAP / 2 else 0.0


@dataclass(kw_only=True)
class Cost:
    """What some work made of calls, in however many threads."""

    calls: int = 0
    seconds: float = 0.0  # that all of them took, added up
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: float) -> None:
        with self._lock:
            self.calls += 1
            self.seconds += seconds


_cost: contextvars.ContextVar[Cost | None] = contextvars.ContextVar("cost", default=None)


@contextlib.contextmanager
def counted() -> Iterator[Cost]:
    """The calls of this context, and of those that are copied from it: others go on beside it
    over the same connection."""
    cost = Cost()
    before = _cost.set(cost)
    try:
        yield cost
    finally:
        _cost.reset(before)


class _Calls:
    """Those under way, so that they can be ended from outside: each has a thread of its own."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        self._cut = False

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._sockets.pop(threading.get_ident(), None)

    def connected(self, by: socket.socket) -> None:
        with self._lock:
            self._sockets[threading.get_ident()] = by
        if self._cut:
            self.cut()

    def cut(self) -> None:
        """These, and whatever comes after them: whoever waits for an answer has none at once."""
        with self._lock:
            self._cut = True
            for one in self._sockets.values():
                with contextlib.suppress(OSError):
                    # Of TLS too its own `shutdown` is for whoever reads from it.
                    socket.socket.shutdown(one, socket.SHUT_RDWR)


def _seen_by(
    calls: _Calls, kind: type[urllib3.connection.HTTPConnection]
) -> type[urllib3.connection.HTTPConnection]:
    class Seen(kind):  # type: ignore[valid-type, misc]
        def connect(self) -> None:
            super().connect()
            calls.connected(self.sock)

    return Seen


class MailmanConnection:
    """What mailmanclient's objects call a connection. Safe to use from several threads."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        connections: int = 2,
        timeout: float = 30.0,
        section: str = "mailman",
        ca_file: Path | None = None,
    ) -> None:
        """``timeout``: seconds without a byte. ``section``: our configuration's, for errors.
        ``ca_file``: whom to trust for https; None: the system's authorities."""
        self.baseurl = url.rstrip("/") + "/"
        self.name = self.password = ""  # mailmanclient prints these
        self.calls = 0  # in all
        self._not_before = 0.0  # no call goes out before this (monotonic), for we were asked
        self._pace = _Pace()
        self._ending = threading.Event()  # nothing is tried again or waited for any more
        self._under_way = _Calls()
        self._section = section
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._base = urlsplit(self.baseurl)
        secure = self._base.scheme == "https"
        # Takes no proxy from the environment, and no password from a .netrc.
        self._pool = urllib3.connection_from_url(
            self.baseurl,
            maxsize=connections,
            block=True,
            headers={
                "Authorization": f"Basic {login}",
                "Connection": "close",
                "Accept": "application/json",
            },
            timeout=urllib3.Timeout(connect=min(timeout, _CONNECT), read=timeout),
            retries=False,
            **({"ssl_context": _authorities(ca_file, section)} if secure else {}),
        )
        kind = cast("type[urllib3.connection.HTTPConnection]", self._pool.ConnectionCls)
        self._pool.ConnectionCls = _seen_by(self._under_way, kind)

    def __repr__(self) -> str:
        return f"<MailmanConnection [{self._section}]>"

    def call(
        self, path: str, data: Fields | None = None, method: str | None = None
    ) -> tuple[Response, Any]:
        """As mailmanclient's: (response, parsed body). Raises Answered for a 4xx, Temporary for
        what may pass by itself, Permanent for what a human must mend."""
        method = (method or ("GET" if data is None else "POST")).upper()
        fields = _fields(data)
        body = None
        if method in ("GET", "DELETE"):
            path += ("?" if "?" not in path else "&") + fields if fields else ""
        elif data is not None:
            body = fields
        begun = time.monotonic()
        # A question changes nothing, so it is asked again: a sweep has many, and none of them may
        # be left out.
        for count, pause in enumerate(_MORE_PAUSES if method == "GET" else ()):
            try:
                return self._in_turn(method, path, body)
            except Temporary as error:
                enough = count >= len(_PAUSES) and not isinstance(error, _Faulty)
                if enough or time.monotonic() - begun > _QUICK:
                    raise
                if self._ending.wait(pause):
                    raise
        return self._in_turn(method, path, body)

    def _in_turn(self, method: str, path: str, body: str | None) -> tuple[Response, Any]:
        """Asked to slow down, all threads do: what was refused so was not begun (RFC 6585
        section 4), and may be sent again. Of a 503 nobody says so."""
        begun = time.monotonic()
        patience = _PATIENCE
        while True:
            left = max(self._not_before - time.monotonic(), 0.0)
            if time.monotonic() + left > begun + patience:
                raise Temporary(f"Mailman ([{self._section}] url) asks us to wait")
            for seconds in filter(None, (left, self._pace.turn())):
                if self._ending.wait(seconds):
                    raise Temporary(f"Mailman ([{self._section}] url) asks us to wait")
            try:
                done = self._once(method, path, body)
            except _TooMany as many:
                if many.after is None:
                    patience = _SHORT_PATIENCE
                    self._pace.slower()
                else:
                    self._not_before = max(self._not_before, time.monotonic() + many.after)
            except _Busy:
                self._pace.slower()
                raise
            except Answered:
                self._pace.faster()
                raise
            else:
                self._pace.faster()
                return done

    def _once(self, method: str, path: str, body: str | None) -> tuple[Response, Any]:
        self.calls += 1
        begun = time.monotonic()
        headers = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            with self._under_way.one():
                response = self._pool.urlopen(
                    method,
                    self._target(path),
                    body,
                    {**self._pool.headers, **headers},
                    redirect=False,
                )
        except urllib3.exceptions.HTTPError as broken:
            raise self._unreached(broken) from None
        finally:
            if cost := _cost.get():
                cost.add(time.monotonic() - begun)
        answer = self._body(response)
        # "All is well" alone is what a web server says whose Mailman is gone: to believe it would
        # be to believe that nobody is on any list.
        if method == "GET" and not (isinstance(answer, dict) and _OF_ALL in answer):
            raise self._meaningless()
        return response, answer

    def _meaningless(self) -> Temporary:
        return _Faulty(
            f"Mailman ([{self._section}] url), or a web server in front of it, says that all is"
            " well, but doesn't answer what was asked"
        )

    def _unreached(self, broken: urllib3.exceptions.HTTPError) -> Temporary | Permanent:
        if _untrusted(broken):
            return Permanent(
                f"the certificate at [{self._section}] url can't be trusted: see ca_file"
            )
        refused = isinstance(broken, urllib3.exceptions.NewConnectionError)  # a TimeoutError too
        if isinstance(broken, urllib3.exceptions.TimeoutError) and not refused:
            return Temporary(f"Mailman ([{self._section}] url) does not answer in time")
        return Temporary(f"Mailman ([{self._section}] url) can't be reached")

    def get(self, path: str, *having: str, **fields: Any) -> dict[str, Any]:
        """What is asked for, which always has these fields."""
        found: dict[str, Any] = self.call(path, fields or None, "GET")[1]
        if not all(name in found for name in having):
            raise self._meaningless()
        return found

    def post(self, path: str, **fields: Any) -> Any:
        return self.call(path, fields, "POST")[1]

    def patch(self, path: str, **fields: Any) -> None:
        self.call(path, fields, "PATCH")

    def delete(self, path: str, **fields: Any) -> Any:
        return self.call(path, fields or None, "DELETE")[1]

    def entries(self, path: str, **fields: Any) -> list[dict[str, Any]]:
        """A whole collection. An empty one has no `entries` at all."""
        found = self.get(path, *_OF_COLLECTIONS, **fields)
        if "entries" not in found and found["start"] < found["total_size"]:
            raise self._meaningless()
        return [dict(entry) for entry in found.get("entries", ())]

    def find(self, **fields: Any) -> list[dict[str, Any]]:
        """All memberships that match. By pages, for Mailman runs the dearest of its queries three
        times for an answer without a page, and twice for one with it."""
        found: list[dict[str, Any]] = []
        page = 0
        while len(found) == page * _PAGE:
            page += 1
            found += self.entries("members/find", count=_PAGE, page=page, **fields)
        return found

    def count(self, **fields: Any) -> int:
        """How many memberships match."""
        found = self.get("members/find", *_OF_COLLECTIONS, count=0, page=1, **fields)
        return int(found["total_size"])

    def hurry(self) -> None:
        """What is under way goes on, but nothing waits or is tried again."""
        self._ending.set()

    def close(self) -> None:
        """What is under way ends, with an error."""
        self._ending.set()
        self._under_way.cut()
        self._pool.close()

    def _target(self, path: str) -> str:
        """Of the request. Mailman's own links carry the host that it believes to have; behind a
        proxy that is another than ours, so only what follows the API's version counts."""
        if "://" in path:
            link = urlsplit(path)
            version = self._base.path.rstrip("/").rpartition("/")[2]
            _, found, rest = link.path.partition(f"/{version}/")
            if not found:
                raise Permanent(
                    f"Mailman speaks another version of its API than [{self._section}] url says"
                )
            path = rest + (f"?{link.query}" if link.query else "")
        return self._base.path + path.lstrip("/")

    def _body(self, response: Response) -> Any:
        status = response.status
        if status in (401, 403):
            raise Permanent(
                f"Mailman refuses the login: see [{self._section}] username and password_file"
            )
        if status == 429:
            said = response.headers.get("Retry-After")
            raise _TooMany(
                f"Mailman ([{self._section}] url) asks us to wait", _after(said) if said else None
            )
        if status >= 500 or status in (408, 425):
            kind = _Busy if status == 503 else _Faulty
            raise kind(f"Mailman ([{self._section}] url) has trouble of its own (status {status})")
        if 300 <= status < 400:
            raise Permanent(
                f"[{self._section}] url leads elsewhere (status {status}): "
                "it should be Mailman's REST API, like http://127.0.0.1:8001/3.1"
            )
        if not response.data:
            if status >= 400:
                raise Answered(status, "")
            return None
        try:
            parsed = json.loads(response.data)
        except ValueError:
            parsed = None
        if status >= 400:
            said = parsed.get("description", "") if isinstance(parsed, dict) else str(response.data)
            raise Answered(status, str(said))
        if parsed is None:
            raise Permanent(
                f"what answers at [{self._section}] url is no Mailman: "
                "it should be its REST API, like http://127.0.0.1:8001/3.1"
            )
        return parsed


def quoted(part: str) -> str:
    """One part of a path. Mailman's router splits at "/", encoded or not, so what has one is at no
    path: asked for, it would be answered with 404; and by a web server that tidies paths, as nginx
    does, perhaps with somebody else's (x/../anna@…)."""
    if not has_path(part):
        raise Answered(404, "")
    return quote(part, safe="@")


def has_path(part: str) -> bool:
    return "/" not in part


def _authorities(ca_file: Path | None, section: str) -> ssl.SSLContext:
    """Certificates and names are checked, always."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as wrong:
        words = f"[{section}] ca_file can't be read: {wrong.strerror or 'no PEM'}"
        raise Permanent(words) from None


def _untrusted(broken: BaseException) -> bool:
    seen: BaseException | None = broken
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _after(said: str) -> float:
    """Seconds; a date (RFC 9110 section 10.2.3) means a short while."""
    seconds = float(said) if said.isascii() and said.isdigit() else _UNSAID
    return min(max(seconds, _UNSAID), _LONGEST_WAIT)


def _fields(data: Fields | None) -> str:
    """As a form is sent. Mailman reads booleans in lower case."""
    written = {
        name: str(value).lower() if isinstance(value, bool) else "" if value is None else value
        for name, value in (data or {}).items()
    }
    return urlencode(written, doseq=True)
