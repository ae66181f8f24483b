"""The one road to Mailman's REST API: a `Connection` for mailmanclient's objects, and for us.

Owns HTTP to Mailman: bounded connections that are never kept idle (Mailman's own workers know no
keep-alive, and as many idle connections as workers hang it), timeouts on every call, quoted
paths, and errors told apart by status. Refuses to know what a call means. Called by
adapters.mailman, and by the objects of mailmanclient that it uses.

mailmanclient's own connection has no timeout, prints its password and maps every error to one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Private

Fields = Mapping[str, Any]

_PAUSES = (0.1, 0.4)  # seconds before a question is asked again
_QUICK = 5.0  # what failed after more seconds than that isn't


class Answered(Exception):
    """Mailman answered with a 4xx that its caller should look at. Never leaves the adapter: its
    description may hold an address."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.description = Private(description)

    def says(self, words: str) -> bool:
        return words in self.description.lower()


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
    ) -> None:
        """``timeout``: seconds without a byte. ``section``: our configuration's, for errors."""
        self.baseurl = url.rstrip("/") + "/"
        self.name = self.password = ""  # mailmanclient prints these
        self.calls = 0
        self._section = section
        self._client = httpx.Client(
            auth=(username, password),
            headers={"Connection": "close", "Accept": "application/json"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0), pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=0),
            trust_env=False,  # no proxy from the environment, no password from a .netrc
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"<MailmanConnection [{self._section}]>"

    def call(
        self, path: str, data: Fields | None = None, method: str | None = None
    ) -> tuple[httpx.Response, Any]:
        """As mailmanclient's: (response, parsed body). Raises Answered for a 4xx, Temporary for
        what may pass by itself, Permanent for what a human must mend."""
        method = (method or ("GET" if data is None else "POST")).upper()
        fields = _fields(data)
        query = fields if method in ("GET", "DELETE") else None
        body = None if query is not None or data is None else fields
        begun = time.monotonic()
        # A question changes nothing, so it is asked again: a sweep has many, and none of them may
        # be left out.
        for pause in _PAUSES if method == "GET" else ():
            try:
                return self._once(method, path, query, body)
            except Temporary:
                if time.monotonic() - begun > _QUICK:
                    raise
                time.sleep(pause)
        return self._once(method, path, query, body)

    def _once(
        self, method: str, path: str, query: dict[str, Any] | None, body: dict[str, Any] | None
    ) -> tuple[httpx.Response, Any]:
        self.calls += 1
        try:
            response = self._client.request(
                method, self._url(path), params=query or None, data=body
            )
        except httpx.TimeoutException:
            raise Temporary(f"Mailman ([{self._section}] url) does not answer in time") from None
        except (httpx.TransportError, httpx.DecodingError):
            raise Temporary(f"Mailman ([{self._section}] url) can't be reached") from None
        return response, self._body(response)

    def get(self, path: str, **fields: Any) -> Any:
        return self.call(path, fields or None, "GET")[1]

    def post(self, path: str, **fields: Any) -> Any:
        return self.call(path, fields, "POST")[1]

    def patch(self, path: str, **fields: Any) -> None:
        self.call(path, fields, "PATCH")

    def delete(self, path: str, **fields: Any) -> Any:
        return self.call(path, fields or None, "DELETE")[1]

    def entries(self, path: str, **fields: Any) -> list[dict[str, Any]]:
        """A whole collection. An empty one has no `entries` at all."""
        found = (self.get(path, **fields) or {}).get("entries", [])
        return [dict(entry) for entry in found]

    def close(self) -> None:
        self._client.close()

    def _url(self, path: str) -> str:
        """Mailman's own links carry the host that it believes to have; behind a proxy that is
        another than ours, so only what follows the API's version counts."""
        if "://" in path:
            link, ours = urlsplit(path), urlsplit(self.baseurl)
            version = ours.path.rstrip("/").rpartition("/")[2]
            _, found, rest = link.path.partition(f"/{version}/")
            if not found:
                raise Permanent(
                    f"Mailman speaks another version of its API than [{self._section}] url says"
                )
            return urlunsplit((ours.scheme, ours.netloc, ours.path + rest, link.query, ""))
        return self.baseurl + path.lstrip("/")

    def _body(self, response: httpx.Response) -> Any:
        status = response.status_code
        if status in (401, 403):
            raise Permanent(
                f"Mailman refuses the login: see [{self._section}] username and password_file"
            )
        if status >= 500 or status in (408, 425, 429):
            raise Temporary(
                f"Mailman ([{self._section}] url) has trouble of its own (status {status})"
            )
        if 300 <= status < 400:
            raise Permanent(
                f"[{self._section}] url leads elsewhere (status {status}): "
                "it should be Mailman's REST API, like http://127.0.0.1:8001/3.1"
            )
        if not response.content:
            if status >= 400:
                raise Answered(status, "")
            return None
        try:
            parsed = response.json()
        except ValueError:
            parsed = None
        if status >= 400:
            said = parsed.get("description", "") if isinstance(parsed, dict) else response.text
            raise Answered(status, str(said))
        if parsed is None:
            raise Permanent(
                f"what answers at [{self._section}] url is no Mailman: "
                "it should be its REST API, like http://127.0.0.1:8001/3.1"
            )
        return parsed


def quoted(part: str) -> str:
    """One part of a path. Mailman's router splits at "/", encoded or not."""
    return quote(part, safe="@")


def _fields(data: Fields | None) -> dict[str, Any]:
    """Mailman reads booleans in lower case."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (data or {}).items()
    }
