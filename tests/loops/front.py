"""A web server in front of Mailman that does what a real one (test_nginx) doesn't when asked to:
refuses or answers by itself by the number of a call, says how long to wait, is slow.

Owns one listener, and counts what it lets through. Knows nothing of Mailman's calls. Called by
test_front.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Refusal = tuple[int, dict[str, str]]


class Front:
    """`with Front(port) as front:`, then talk to `front.url`."""

    def __init__(self, behind: int) -> None:
        self.delay = 0.0  # seconds, before each call is passed on
        self.refuse: Callable[[int], Refusal | None] = lambda _: None  # by the number of the call
        # What it says by itself to a question (its path, without what follows the "?"):
        self.instead: Callable[[str], bytes | None] = lambda _: None
        self.asked = 0
        self.changes: Counter[str] = Counter()  # what was let through and is no question
        front = self

        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                with front._lock:
                    front.asked += 1
                    refused = front.refuse(front.asked)
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if refused:
                    self._answer(*refused, b"")
                    return
                said = front.instead(self.path.partition("?")[0]) if self.command == "GET" else None
                if said is not None:
                    self._answer(200, {"Content-Type": "application/json"}, said)
                    return
                if self.command != "GET":
                    with front._lock:
                        front.changes[f"{self.command} {self.path} {body!r}"] += 1
                time.sleep(front.delay)  # the slowness itself: nothing is waited for
                there = http.client.HTTPConnection("127.0.0.1", behind, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
                try:
                    there.request(self.command, self.path, body=body, headers=headers)
                    got = there.getresponse()
                except OSError:  # as web servers do when nobody is behind them
                    self._answer(502, {}, b"")
                    return
                kind = {"Content-Type": got.getheader("Content-Type") or "application/json"}
                self._answer(got.status, kind, got.read())
                there.close()

            do_GET = do_POST = do_PATCH = do_DELETE = pass_on  # noqa: N815

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: it would be written among the tests' results."""

        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/3.1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
