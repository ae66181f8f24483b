"""The kinds of value that settings are made of, and how each is read from TOML.

Owns one small reader a kind; each raises ValueError with the words that would mend it, and never
repeats the value, which may be somebody's address. Refuses to know which key it is for. Called
by the tables.
"""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo

from cocmail.core.durations import parse_duration
from cocmail.core.people import Address, Private, is_address


class Security(StrEnum):
    """How a connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Unsigned(StrEnum):
    """What becomes of a command whose mail proves too little."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


class Return(StrEnum):
    """How somebody comes back when a sanction's time is over."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on-request"


class Attachments(StrEnum):
    """What the committee's copies carry of a report's attachments."""

    LIST = "list"
    COPY = "copy"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class Share(StrEnum):
    """A number of approvals that depends on how many may vote."""

    MAJORITY = "majority"
    TWO_THIRDS = "two-thirds"


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError('should be a time in quotes, like "90s", "30m", "72h", "7d" or "12w"')
    return parse_duration(value)


def _duration_or(word: str) -> BeforeValidator:
    def read(value: object) -> object:
        if value is None or value == word:
            return None
        try:
            return _duration(value)
        except ValueError as error:
            raise ValueError(f'{error}; or "{word}"') from None

    return BeforeValidator(read)


def _address(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("should be a mail address in quotes")
    if not is_address(value.strip()):
        raise ValueError('should be one plain mail address, like "alice@example.org"')
    return Address(value)


def _line(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("should be text in quotes")
    if not value.strip():
        raise ValueError("should not be empty")
    if not value.isprintable():
        raise ValueError("should be one line of plain text")
    return value.strip()


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("should be the name of a file or folder, in quotes")
    path = Path(value).expanduser()
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path


def _approvals(value: object) -> object:
    if isinstance(value, Share) or (
        isinstance(value, int) and not isinstance(value, bool) and value >= 1
    ):
        return value
    if value in tuple(Share):
        return Share(str(value))
    raise ValueError('should be a whole number from 1, or "majority" or "two-thirds"')


def _words(value: object, info: ValidationInfo) -> object:
    """A program and what it is given: a list, or a text as a shell would take it apart."""
    if isinstance(value, str):
        try:
            value = tuple(shlex.split(value))
        except ValueError:
            raise ValueError("should close its quotes; better is a list, a word each") from None
    if not isinstance(value, tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError('should be a list of words, like ["/usr/local/bin/token", "conduct"]')
    if not value or not value[0]:
        raise ValueError("should name a program")
    if not all(one.isprintable() for one in value):
        raise ValueError("should be words of plain text")
    base = (info.context or {}).get("base")
    if "/" in value[0] and base is not None:  # a bare name is looked for in PATH
        return (str(Path(base) / Path(value[0]).expanduser()), *value[1:])
    return value


_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9-]{1,63}")


def _domain(value: object) -> object:
    name = value.strip().lower().rstrip(".") if isinstance(value, str) else ""
    if not _DOMAIN.fullmatch(name):
        raise ValueError('should be a name as DNS has them, like "example.org"')
    return name


def endpoint(text: str, *, default_port: int | None = None) -> tuple[str, int]:
    """``127.0.0.1:53``, ``[::1]:53``, ``::1`` → host and port. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if default_port is not None and (not colon or _is_ip(text)):
        host, port = text, str(default_port)
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError('should be a host and a port, like "127.0.0.1:8024"')
    return host, int(port)


def is_local(host: str) -> bool:
    """Whether only this machine itself can reach it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_ip(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _nameserver(value: object) -> object:
    words = 'should be an IP address, with a port or without, like "127.0.0.1:5353"'
    if not isinstance(value, str):
        raise ValueError(words)
    try:
        host, _ = endpoint(value, default_port=53)
    except ValueError:
        raise ValueError(words) from None
    if not _is_ip(host):
        raise ValueError(words)
    return value


def _web(value: object) -> object:
    words = 'should be the address of Mailman\'s REST API, like "http://127.0.0.1:8001/3.1"'
    if not isinstance(value, str):
        raise ValueError(words)
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = None
    if not sound:
        raise ValueError(words)
    if parts.username or parts.password:
        raise ValueError("should hold no name or password: use username and password_file")
    if not re.search(r"/3\.[0-9]$", parts.path.rstrip("/")):
        raise ValueError('should end with the version of the API, like "/3.1"')
    return value.rstrip("/")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
DurationOrForever = Annotated[timedelta | None, _duration_or("forever")]
DurationOrOff = Annotated[timedelta | None, _duration_or("")]
Mail = Annotated[Address, BeforeValidator(_address)]
Name = Annotated[Private, BeforeValidator(_line)]
Line = Annotated[str, BeforeValidator(_line)]
File = Annotated[Path, BeforeValidator(_path)]
Approvals = Annotated[int | Share, BeforeValidator(_approvals)]
Domain = Annotated[str, BeforeValidator(_domain)]
Nameserver = Annotated[str, BeforeValidator(_nameserver)]
Web = Annotated[str, BeforeValidator(_web)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Port = Annotated[int, Field(ge=1, le=65535)]
