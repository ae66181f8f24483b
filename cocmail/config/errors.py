"""What is wrong with a configuration, all of it at once.

Owns the one kind of error that this room raises. Called by whoever loads a configuration.
"""

from __future__ import annotations

from cocmail.core.errors import Permanent


class ConfigurationError(Permanent):
    """Each of ``lines`` names a file, a line and a key, and says what would mend it."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
