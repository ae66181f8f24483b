"""Secrets, read from their files at the moment that they are needed.

Owns the reading, and the look at who else may read; the store's own key is the vault's to read.
Refuses to keep a secret or to say one: errors name the file, and what is returned hides itself in
a repr. Called by the tables.
"""

from __future__ import annotations

import stat
from pathlib import Path

from cocmail.config.errors import ConfigurationError
from cocmail.core.people import Private


class Secret(Private):
    """A password. Its repr hides it."""

    __slots__ = ()


def open_to_others(path: Path) -> bool:
    """Whether everybody on this machine may read the file."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError as error:
        raise ConfigurationError(f"{path}: {_why(error)}") from None


def read(path: Path, key: str) -> Secret:
    """The file's text without its last newline. ``key`` names the setting in errors."""
    text = _text(path, key)
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigurationError(f"{path}: {key}: the file is empty; write the password into it")
    if "\n" in secret:
        raise ConfigurationError(f"{path}: {key}: the file should hold one line, the password")
    return Secret(secret)


_SHORTEST_KEY = 32  # characters: 128 bits, written in hexadecimal


def read_key(path: Path, key: str) -> Secret:
    """A key that two programs share. Refused where everybody on this machine may read it."""
    if open_to_others(path):
        raise _open_key(path, key)
    secret = read(path, key)
    if len(secret) < _SHORTEST_KEY:
        raise ConfigurationError(
            f"{path}: {key}: should hold {_SHORTEST_KEY} characters or more;"
            " `openssl rand -hex 32` makes some"
        )
    return secret


def read_pem(path: Path, key: str) -> Secret:
    """A private key in PEM. Refused where everybody on this machine may read it."""
    if open_to_others(path):
        raise _open_key(path, key)
    text = _text(path, key)
    if "PRIVATE KEY-----" not in text:
        raise ConfigurationError(
            f"{path}: {key}: this is no private key in PEM; `openssl genpkey -algorithm RSA"
            " -pkeyopt rsa_keygen_bits:2048` makes one"
        )
    return Secret(text)


def _text(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {key}: {_why(error)}") from None


def _open_key(path: Path, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: {key}: everybody on this machine may read the key; chmod 600 {path}"
    )


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "this isn't text in UTF-8"
    if isinstance(error, FileNotFoundError):
        return "there is no such file; make it, readable for cocmail alone"
    if isinstance(error, PermissionError):
        return "cocmail may not read this file; give it to the user that cocmail runs as"
    return (error.strerror or "can't be read").lower()
