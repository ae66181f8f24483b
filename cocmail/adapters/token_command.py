"""An access token from the operator's own program, asked for anew at every login.

Owns running it: without a shell, within a time, and with an end when the daemon stops. Refuses to
keep what it said, and to repeat any of it: what is said of a failure is the status alone. Blocking:
called in the threads of imap_watch, and for `cocmail check`.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Private

_LONGEST: Final = 16_384  # bytes; tokens of Microsoft have some two thousand


class TokenCommand:
    """Call it for a token. Thread-safe."""

    def __init__(self, words: Sequence[str], key: str, *, seconds: float = 30) -> None:
        """``words``: the program and what it is given. ``key``: the setting, for errors."""
        self._words = tuple(words)
        self._key = key
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: set[int] = set()

    def __call__(self) -> Private:
        """The one line that it prints. Raises Temporary, or Permanent where it can't be run."""
        with self._started() as process:
            said = self._said(process)
            status = process.wait(max(0.0, self._seconds))
        if status != 0:
            raise Temporary(f"{self._key}: the program ended with status {status} and no token")
        token = said.strip()
        # RFC 6750 section 2.1 has letters, digits and some signs: no white space, no controls,
        # which would end the field that it is put into.
        if not re.fullmatch(rb"[\x21-\x7e]+", token):
            raise Temporary(f"{self._key}: the program should print one line, the token")
        return Private(token.decode("ascii"))

    def stop(self) -> None:
        """End what runs now: whoever waits for it hears that there is no token."""
        with self._lock:
            for group in self._running:
                _kill(group)

    @contextlib.contextmanager
    def _started(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:
            try:
                process = subprocess.Popen(
                    self._words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # it may say the token there, too
                    start_new_session=True,  # so that what it starts ends with it
                )
            except OSError as wrong:
                why = (wrong.strerror or "no such program").lower()
                raise Permanent(f"{self._key}: the program can't be run: {why}") from None
            self._running.add(process.pid)
        try:
            yield process
        except subprocess.TimeoutExpired:
            raise self._too_slow() from None
        finally:
            with self._lock:
                self._running.discard(process.pid)
                if process.poll() is None:
                    _kill(process.pid)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _said(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        ends = time.monotonic() + self._seconds
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while len(said) <= _LONGEST:
                if not selector.select(max(0.0, ends - time.monotonic())):
                    raise self._too_slow()
                piece = os.read(process.stdout.fileno(), _LONGEST)
                if not piece:
                    return said
                said += piece
        raise Temporary(f"{self._key}: the program prints too much; it should print the token")

    def _too_slow(self) -> Temporary:
        return Temporary(f"{self._key}: the program gave no token within {self._seconds:.0f} s")


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
