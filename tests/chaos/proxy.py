"""A bad network before a good HTTP server: answers 503, is slow, or loses the answer.

Owns one listener. Each connection carries one request, so that each request meets a mood of its
own. Knows nothing of Mailman. Called by test_outages.
"""

from __future__ import annotations

import random
import socket
import socketserver
import threading
from collections import Counter
from typing import Self

_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_SLOW = 1.0  # seconds, at most


class BadNetwork:
    """`with BadNetwork(port, seed) as network:`, then talk to `network.port`."""

    def __init__(self, behind: int, seed: int) -> None:
        self.moods: Counter[str] = Counter()
        self._behind = behind
        self._random = random.Random(seed)
        self._over = threading.Event()
        network = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                network.carry(self.request)

        class Listener(socketserver.ThreadingTCPServer):
            allow_reuse_address = True

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()  # waits for its handlers

    def mood(self) -> str:
        mood = self._random.choices(("well", "refuses", "slow", "forgets"), (6, 1, 2, 1))[0]
        self.moods[mood] += 1
        return mood

    def carry(self, client: socket.socket) -> None:
        client.settimeout(10)
        try:
            request = _request(client)
            if not request:
                return
            mood = self.mood()
            if mood == "refuses":
                client.sendall(_REFUSED)
                return
            if mood == "slow":
                self._over.wait(self._random.random() * _SLOW)
            with socket.create_connection(("127.0.0.1", self._behind), timeout=60) as server:
                server.sendall(request)
                answer = b"".join(iter(lambda: server.recv(65536), b""))
            if mood != "forgets":  # it was done, and nobody hears of it
                client.sendall(answer)
        except OSError:
            pass  # one of the two went away


def _request(client: socket.socket) -> bytes:
    """One whole request, which asks for its connection to be closed."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = client.recv(65536)
        if not more:
            return b""
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(b"connection:")]
    length = next(
        (int(x.partition(b":")[2]) for x in lines if x.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        more = client.recv(65536)
        if not more:
            return b""
        body += more
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]]) + b"\r\n\r\n" + body
