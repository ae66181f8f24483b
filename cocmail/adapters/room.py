"""Whether the disk that the store is on has room for one more mail.

Owns the look, and what the store itself says of it. A disk that is full to the last byte also stops
votes, letters and the log; so mail, of which anybody can send any amount, is refused while some of
it is still free, and stays where it comes from. Refuses to know what is done about it. Called by
the daemon, before a mail is kept and after.
"""

from __future__ import annotations

import os
from pathlib import Path

from cocmail.core.errors import Temporary

_MORE = 64 << 20  # bytes beyond what is kept free: then the trouble is over, and not before


class Room:
    def __init__(self, folder: Path | None, reserve: int) -> None:
        """``folder``: on that disk; None: it is a server's, and can't be looked at, so that the
        first mail that is refused tells. ``reserve``: bytes that mail leaves free."""
        self._folder, self._reserve = folder, reserve
        self._refused = 0  # bytes: the largest mail that the store had no room for
        self.trouble = ""

    def require(self, size: int) -> None:
        """Raises Temporary where so many bytes more don't fit."""
        self.look()
        if self._free() < self._reserve + size:
            self.trouble = (
                "the disk is nearly full: mail is not taken in until there is room "
                f"([limits] disk_free: {self._reserve >> 20} MB)"
            )
            raise Temporary(self.trouble)

    def look(self) -> None:
        """Forget the trouble when it is over."""
        if self.trouble and not self._refused and self._free() >= self._reserve + _MORE:
            self.trouble = ""

    def refused(self, size: int) -> None:
        """The store had no room for a mail of so many bytes."""
        self._refused = max(self._refused, size)
        self.trouble = (
            "the store's disk is full: a mail is not taken in until there is room "
            f"(for {-(-self._refused >> 10)} KB)"
        )

    def taken(self, size: int) -> None:
        """A mail of so many bytes was kept. A smaller one than was refused says nothing: there
        may be room for it, and each time that it came and went would be told anew."""
        if self._refused and size >= self._refused:
            self._refused, self.trouble = 0, ""

    def _free(self) -> float:
        """Bytes, for us (statvfs(3))."""
        if self._folder is None or not self._reserve:
            return float("inf")
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize
