"""DKIM keys from DNS (RFC 6376 section 3.6).

Owns the questions to the configured nameservers, a cache of seconds, and the reading of a key
record. Tells apart "there is no key" and "DNS did not answer", which dkimpy doesn't. Refuses to
know mails. Called by adapters.dkim_check, in a thread.
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from cocmail.core.errors import Permanent

_FRESH = 10.0  # seconds; a burst of mails of one domain asks once, a withdrawn key is gone soon
_ABSENT = 60.0  # that there is no key (RFC 2308 section 5): a mail may be looked at twice by then
_MOST = 1024
_MAX_RECORD = 16_384


class NoAnswerError(Exception):
    """DNS did not answer in time, or could not: asking again may help."""


TxtLookup = Callable[[str], Sequence[bytes]]
"""All TXT records of a name, each in one piece; () where there is none. Raises NoAnswerError."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a key record says."""

    record: bytes = field(repr=False)
    kind: str  # k=
    data: bytes = field(repr=False)  # p=, decoded; b"" is a key that was revoked
    hashes: frozenset[str]  # h=; empty: any
    for_mail: bool  # s=
    testing: bool  # t=y
    strict: bool  # t=s: i= has to be d=


class Resolver:
    """Asks these nameservers ("host:port"; the system's where there are none) for TXT records."""

    def __init__(self, nameservers: Sequence[str], *, timeout: float = 5.0) -> None:
        """``timeout``: seconds for one question, all servers and tries together. Raises Permanent
        where a nameserver isn't one, or the system has none."""
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration as error:
            raise Permanent(
                "[authentication] nameservers: the system has none; name one there"
            ) from error
        if nameservers:
            self._resolver.nameservers = [_nameserver(text) for text in nameservers]
        self._resolver.timeout = timeout / 2
        self._resolver.lifetime = timeout
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, tuple[bytes, ...]]] = {}

    def __call__(self, name: str, within: float | None = None) -> tuple[bytes, ...]:
        """``within``: seconds, where there are fewer left than for any question."""
        with self._lock:
            until, records = self._known.get(name, (0.0, ()))
        if until > time.monotonic():
            return records
        lifetime = min(self._resolver.lifetime, within or self._resolver.lifetime)
        try:
            answer = self._resolver.resolve(
                name, dns.rdatatype.TXT, search=False, lifetime=lifetime
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return self._remembered(name, (), _ABSENT)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, UnicodeError):
            return ()
        except dns.exception.DNSException as error:  # SERVFAIL, REFUSED, timeouts, broken answers
            raise NoAnswerError from error
        except OSError as error:
            raise NoAnswerError from error
        return self._remembered(name, tuple(b"".join(record.strings) for record in answer), _FRESH)

    def _remembered(
        self, name: str, records: tuple[bytes, ...], seconds: float
    ) -> tuple[bytes, ...]:
        with self._lock:
            self._known.pop(name, None)
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[name] = (time.monotonic() + seconds, records)
        return records


def _nameserver(text: str) -> dns.nameserver.Nameserver:
    """``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[2001:db8::1]:5353``."""
    host, number = text, "53"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        number = rest[1:] if rest.startswith(":") else "53"
    elif text.count(":") == 1:
        host, _, number = text.partition(":")
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
        return dns.nameserver.Do53Nameserver(str(address), int(number))
    except ValueError as error:
        raise Permanent(
            f"[authentication] nameservers: {text} is no IP address with a port"
        ) from error


def tags(text: bytes) -> dict[str, bytes] | None:
    """A tag=value list (RFC 6376 section 3.2), or None where it isn't one. Values keep the white
    space within them."""
    found: dict[str, bytes] = {}
    pieces = text.split(b";")
    for number, piece in enumerate(pieces):
        name, equals, value = piece.partition(b"=")
        name = name.strip()
        if not equals:
            if name or number != len(pieces) - 1:
                return None
            continue
        if not name.isascii() or not name.replace(b"_", b"a").isalnum():
            return None
        key = name.decode("ascii")
        if key in found:
            return None
        found[key] = value.strip()
    return found


def key_name(selector: str, domain: str) -> str:
    """Where the key of a signature stands (RFC 6376 section 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}."


def key(lookup: TxtLookup, selector: str, domain: str) -> Key | None:
    """The first record there that is a DKIM key. Raises NoAnswerError."""
    for record in lookup(key_name(selector, domain)):
        read = _read(record)
        if read is not None:
            return read
    return None


def _read(record: bytes) -> Key | None:
    said = tags(record) if len(record) <= _MAX_RECORD else None
    if said is None or "p" not in said or said.get("v", b"DKIM1") != b"DKIM1":
        return None
    try:
        data = base64.b64decode(b"".join(said["p"].split()), validate=True)
    except binascii.Error:
        return None
    flags = _list(said.get("t", b""))
    services = _list(said.get("s", b"*"))
    return Key(
        record=record,
        kind=said.get("k", b"rsa").decode("ascii", "replace").lower(),
        data=data,
        hashes=_list(said.get("h", b"")),
        for_mail=not services.isdisjoint({"*", "email"}),
        testing="y" in flags,
        strict="s" in flags,
    )


def _list(value: bytes) -> frozenset[str]:
    words = (word.strip().lower() for word in value.decode("ascii", "replace").split(":"))
    return frozenset(word for word in words if word)
