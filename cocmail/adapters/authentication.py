"""Who sent a mail, as far as its signatures prove it: the Authenticator of ports.

Owns the sum of all signatures, and of what our own mail server found, in one Authentication.
Refuses to know what the proof is for; the rule is core.verification's. Called by loops/intake.

The sum: an aligned signature that passes our own check makes it SOUND; else a trusted
Authentication-Results that says so (some servers change a body after their check: mail.md,
section 2); else UNSURE where DNS didn't answer for one of them, FAILED where a key was found, and
MISSING where nothing aligned could be checked. A signature that doesn't count (`l=`, rsa-sha1, a
weak or testing key) is as none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from cocmail.adapters.alignment import aligned
from cocmail.adapters.authentication_results import MethodResult, trusted
from cocmail.adapters.dkim_check import (
    Checker,
    Outcome,
    Result,
    SignatureField,
    signature_fields,
    weakness,
)
from cocmail.adapters.keys import Resolver, TxtLookup
from cocmail.core.headers import Header, split
from cocmail.core.mail import Limits
from cocmail.core.people import Address
from cocmail.core.verification import UNPROVED, Authentication, Signature

_MOST_SIGNATURES = 8  # each costs a question to DNS and a hash of the body
_AT_ONCE = 4


class DkimAuthenticator:
    """Checks DKIM with dkimpy in a thread, and reads trusted Authentication-Results."""

    def __init__(
        self,
        nameservers: Sequence[str],
        trusted_authserv_ids: Sequence[str],
        *,
        timeout: float = 5.0,
        lookup: TxtLookup | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``nameservers``: "host:port" each; none: the system's. ``timeout``: seconds for one
        question to DNS. ``lookup``: asked instead of DNS, for tests."""
        self._lookup = lookup or Resolver(nameservers, timeout=timeout)
        self._trusted = tuple(trusted_authserv_ids)
        self._now = now
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def authenticate(self, raw: bytes, sender: Address) -> Authentication:
        """What is proved of a mail that is From ``sender``. Never raises for any bytes."""
        async with self._slots:
            return await asyncio.to_thread(self.check, raw, sender)

    def check(self, raw: bytes, sender: Address) -> Authentication:
        """`authenticate`, blocking."""
        limits = Limits()
        if len(raw) > limits.size:
            return _missing("It is too large for its signature to be checked.")
        header = split(raw[: limits.header + 1])
        if header.body > limits.header:
            return _missing("Its header is too large for its signature to be checked.")
        if len(header.all("from")) != 1:
            return _missing("It has not exactly one From line.")
        # dkimpy and a mail's readers see different lines there (mail.md, section 3).
        if header.broken or b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n"):
            return _missing("It holds characters or lines that no mail may hold.")
        every = signature_fields(header)
        ours = [one for one in every if aligned(one.domain, sender.domain)]
        marks = tuple(dict.fromkeys(one.mark for one in (ours or every)[:_MOST_SIGNATURES]))
        counts = _counts(header)
        checker = Checker(raw, header, self._lookup, int(self._now().timestamp()))
        results = [(one, checker.check(one)) for one in ours[:_MOST_SIGNATURES]]
        passing = [one for one, result in results if result.outcome is Outcome.PASS]
        if passing:
            best = max((one.covered(counts) for one in passing), key=lambda c: _worth(c, header))
            return _sound(best, marks)
        reported = _reported(trusted(header, self._trusted), every, sender, counts)
        if reported is not None:
            return _sound(reported, marks)
        return _unproved(every, [result for _, result in results], marks)


def _sound(covered: frozenset[str], marks: tuple[str, ...]) -> Authentication:
    return Authentication(
        signature=Signature.SOUND,
        covered=covered,
        marks=marks,
        why="It carries a sound signature of its sender's domain.",
    )


def _missing(why: str) -> Authentication:
    return Authentication(signature=Signature.MISSING, covered=frozenset(), marks=(), why=why)


def _unproved(
    every: list[SignatureField], results: list[Result], marks: tuple[str, ...]
) -> Authentication:
    for outcome, signature in (
        (Outcome.UNSURE, Signature.UNSURE),
        (Outcome.FAIL, Signature.FAILED),
        (Outcome.WEAK, Signature.MISSING),
        (Outcome.NO_KEY, Signature.MISSING),
    ):
        for result in results:
            if result.outcome is outcome:
                return Authentication(
                    signature=signature, covered=frozenset(), marks=marks, why=result.why
                )
    why = "It carries no signature of its sender's domain." if every else UNPROVED.why
    return Authentication(signature=Signature.MISSING, covered=frozenset(), marks=marks, why=why)


def _counts(header: Header) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in header.fields:
        counts[one.name] = counts.get(one.name, 0) + 1
    return counts


def _worth(covered: frozenset[str], header: Header) -> int:
    return sum(one.name in covered for one in header.fields)


def _reported(
    results: Collection[MethodResult],
    every: list[SignatureField],
    sender: Address,
    counts: dict[str, int],
) -> frozenset[str] | None:
    """What a signature covers that our own server says passes; None if it says no such thing.

    The server doesn't say what was covered; the signature that it means does. Where it could mean
    several (one may have been put beside the sound one, with a longer h=), what all of them cover.
    """
    covers: list[frozenset[str]] = []
    for result in results:
        if result.method != "dkim" or result.result != "pass":
            continue
        said = result.properties
        identity = said.get("header.i", "").rpartition("@")[2]
        domain = (said.get("header.d", "") or identity).lower()
        if not domain or not aligned(domain, sender.domain):
            continue
        if said.get("header.a", "rsa-sha256").lower() not in ("rsa-sha256", "ed25519-sha256"):
            continue
        meant = [one for one in every if _may_mean(said, one, domain)]
        if any(weakness(one) for one in meant):
            continue
        covered = [one.covered(counts) for one in meant]
        covers.append(frozenset.intersection(*covered) if covered else frozenset())
    return max(covers, key=len) if covers else None


def _may_mean(said: Mapping[str, str], one: SignatureField, domain: str) -> bool:
    if one.domain != domain and not domain.endswith("." + one.domain):
        return False
    if said.get("header.s", one.selector).lower() != one.selector:
        return False
    prefix = said.get("header.b", "")  # RFC 6008 section 4: at least eight characters
    written = b"".join(one.said["b"].split()).decode("ascii", "replace")
    return written.startswith(prefix)
