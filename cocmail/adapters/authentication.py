"""Who sent a mail, as far as its signatures prove it: the Authenticator of ports.

Owns the sum of all signatures, and of what our own mail server found, in one Authentication.
Refuses to know what the proof is for; the rule is core.verification's. Called by loops/examining.

The sum: an aligned signature that passes our own check makes it SOUND; else a trusted
Authentication-Results that says so (some servers change a body after their check: mail.md,
section 2); else UNSURE where DNS didn't answer for one of them, FAILED where a key was found, and
MISSING where nothing aligned could be checked. A signature that doesn't count (`l=`, rsa-sha1, a
weak or testing key) is as none.

Mail from an account whose provider changes bodies after its check (Microsoft's do) can't be checked
here: there the provider's own Authentication-Results alone counts, and no key is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from cocmail.adapters.alignment import aligned
from cocmail.adapters.authentication_results import MICROSOFT, MethodResult, trusted
from cocmail.adapters.dkim_check import (
    Checker,
    Outcome,
    Result,
    SignatureField,
    signature_fields,
    weakness,
)
from cocmail.adapters.keys import NoAnswerError, Resolver, TxtLookup, key_name
from cocmail.core import headers
from cocmail.core.headers import Header
from cocmail.core.limits import Limits, TooMuchError, header_end, survey
from cocmail.core.people import Address
from cocmail.core.verification import UNPROVED, Authentication, Signature
from cocmail.ports import MOST_ASKING, Keys

_MOST_SIGNATURES = 8  # each costs a question to DNS and a hash of the body
_MOST_SILENT = 2  # each costs all the time that a question has
_PATIENCE = 5.0  # seconds for all keys of one mail; more than one question has
_AT_ONCE = 4


Check = Callable[[bytes, Address, Keys, "Rules"], Awaitable[Authentication]]
"""`proved` where it can be stopped. Raises TooMuchError where it had to be."""

Ask = Callable[[str, float], Sequence[bytes]]
"""A TxtLookup that takes no longer than so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What doesn't come with the mail."""

    trusted: tuple[str, ...]  # authserv-ids
    only: str = ""  # whose results alone count: an authserv-id or MICROSOFT; "": we check, too
    now: int  # seconds since 1970
    limits: Limits


class DkimAuthenticator:
    """Checks DKIM with dkimpy in a thread, and reads trusted Authentication-Results. A mail that
    is unusual is checked where that can be stopped; DNS is asked here all the same."""

    def __init__(
        self,
        nameservers: Sequence[str],
        trusted_authserv_ids: Sequence[str],
        *,
        only_results_of: Mapping[str, str] = MappingProxyType({}),
        timeout: float = 4.0,
        patience: float = _PATIENCE,
        lookup: TxtLookup | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        limits: Limits = Limits(),
        elsewhere: Check | None = None,
    ) -> None:
        """``nameservers``: "host:port" each; none: the system's. ``timeout``: seconds for one
        question to DNS, and ``patience`` for all of one mail. ``only_results_of``: of some
        accounts, whose results alone count, as an authserv-id or MICROSOFT. ``lookup``: asked
        instead of DNS, for tests. ``elsewhere``: where what is unusual is checked; None: here."""
        self._ask: Ask
        if lookup is None:
            self._ask = Resolver(nameservers, timeout=timeout)
        else:
            self._ask = lambda name, _: lookup(name)
        self._patience = patience
        self._trusted = tuple(trusted_authserv_ids)
        self._only = dict(only_results_of)
        self._now = now
        self._limits = limits
        self._elsewhere = elsewhere
        self._slots = asyncio.Semaphore(_AT_ONCE)
        # Threads of its own: who answers slowly holds up nothing else that is done in a thread.
        self._asking = ThreadPoolExecutor(MOST_ASKING, thread_name_prefix="dns")

    async def keys(self, raw: bytes, sender: Address, account: str = "") -> Keys:
        """See ports.Authenticator."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._asking, self._keys, raw, sender, account)

    async def authenticate(
        self, raw: bytes, sender: Address, account: str = "", keys: Keys | None = None
    ) -> Authentication:
        """What is proved of a mail that is From ``sender`` and came from ``account``. Never raises
        for any bytes."""
        rules = self._rules(account)
        known = await self.keys(raw, sender, account) if keys is None else keys
        async with self._slots:
            found = await asyncio.to_thread(self._at_once, raw, sender, known, rules)
            if found is not None:
                return found
            assert self._elsewhere is not None
            try:
                return await self._elsewhere(raw, sender, known, rules)
            except TooMuchError as error:
                return _missing(str(error))

    def check(self, raw: bytes, sender: Address, account: str = "") -> Authentication:
        """`authenticate`, blocking, and all of it here."""
        known = self._keys(raw, sender, account)
        return proved(raw, sender, answered(known), self._rules(account))

    def _rules(self, account: str) -> Rules:
        now = int(self._now().timestamp())
        only = self._only.get(account, "")
        return Rules(trusted=self._trusted, only=only, now=now, limits=self._limits)

    def _at_once(
        self, raw: bytes, sender: Address, known: Keys, rules: Rules
    ) -> Authentication | None:
        """What is proved; None where it is to be checked elsewhere."""
        try:
            found = survey(raw, self._limits)
        except TooMuchError as error:
            return _missing(str(error))
        if found.usual or self._elsewhere is None:
            return proved(raw, sender, answered(known), rules)
        return None

    def _keys(self, raw: bytes, sender: Address, account: str) -> Keys:
        known: dict[str, tuple[bytes, ...]] = {}
        if self._only.get(account):
            return known
        lookup = _Patient(self._ask, self._patience)
        header = headers.split(raw, 0, header_end(len(raw), 0, self._limits))
        ours = [one for one in signature_fields(header) if aligned(one.domain, sender.domain)]
        for one in ours[:_MOST_SIGNATURES]:
            if not weakness(one):
                with contextlib.suppress(NoAnswerError):
                    name = key_name(one.selector, one.domain)
                    known[name] = tuple(lookup(name))
        return known


class _Patient:
    """The lookup for one mail: of its signatures, so many may name a server that keeps silent, and
    all together may take so long."""

    def __init__(self, ask: Ask, seconds: float) -> None:
        self._ask, self._silent = ask, 0
        self._until = time.monotonic() + seconds

    def __call__(self, name: str) -> Sequence[bytes]:
        left = self._until - time.monotonic()
        if left <= 0 or self._silent >= _MOST_SILENT:
            raise NoAnswerError
        try:
            return self._ask(name, left)
        except NoAnswerError:
            self._silent += 1
            raise


def proved(raw: bytes, sender: Address, lookup: TxtLookup, rules: Rules) -> Authentication:
    """What is proved of a mail that is From ``sender``. Never raises for any bytes."""
    try:
        header = survey(raw, rules.limits).header
    except TooMuchError as error:
        return _missing(str(error))
    if len(header.all("from")) != 1:
        return _missing("It has not exactly one From line.")
    # dkimpy and a mail's readers see different lines there (mail.md, section 3).
    if header.broken or b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n"):
        return _missing("It holds characters or lines that no mail may hold.")
    every = signature_fields(header)
    ours = [one for one in every if aligned(one.domain, sender.domain)]
    marks = tuple(dict.fromkeys(one.mark for one in (ours or every)[:_MOST_SIGNATURES]))
    counts = _counts(header)
    if rules.only:
        nameless = rules.only == MICROSOFT
        results = trusted(header, (rules.only,), nameless=nameless)
        return _told(results, every, sender, counts, marks)
    checker = Checker(raw, header, lookup, rules.now)
    checked = [(one, checker.check(one)) for one in ours[:_MOST_SIGNATURES]]
    passing = [one for one, result in checked if result.outcome is Outcome.PASS]
    if passing:
        best = max((one.covered(counts) for one in passing), key=lambda c: _worth(c, header))
        return _sound(best, marks)
    reported = _reported(trusted(header, rules.trusted), every, sender, counts)
    if reported is not None:
        return _sound(reported, marks)
    return _unproved(every, [result for _, result in checked], marks)


def answered(known: Keys) -> TxtLookup:
    """A lookup of what was asked before; what has no answer there had none."""

    def lookup(name: str) -> tuple[bytes, ...]:
        if name not in known:
            raise NoAnswerError
        return known[name]

    return lookup


def _sound(covered: frozenset[str], marks: tuple[str, ...]) -> Authentication:
    return Authentication(
        signature=Signature.SOUND,
        covered=covered,
        marks=marks,
        why="It carries a sound signature of its sender's domain.",
    )


def _missing(why: str) -> Authentication:
    return Authentication(signature=Signature.MISSING, covered=frozenset(), marks=(), why=why)


def _told(
    results: Collection[MethodResult],
    every: list[SignatureField],
    sender: Address,
    counts: dict[str, int],
    marks: tuple[str, ...],
) -> Authentication:
    """What the provider says, who alone could check it."""
    reported = _reported(results, every, sender, counts)
    if reported is not None:
        return _sound(reported, marks)
    failed = any(
        one.method == "dkim" and one.result == "fail" and aligned(domain, sender.domain)
        for one in results
        if (domain := _domain(one))
    )
    return Authentication(
        signature=Signature.FAILED if failed else Signature.MISSING,
        covered=frozenset(),
        marks=marks,
        why=(
            "The mail provider here found its signature to be wrong."
            if failed
            else "The mail provider here tells of no sound signature of its sender's domain."
        ),
    )


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
        domain = _domain(result)
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


def _domain(result: MethodResult) -> str:
    """Whose signature the result is of; "" where it doesn't say."""
    said = result.properties
    identity = said.get("header.i", "").rpartition("@")[2]
    return (said.get("header.d", "") or identity).lower()


def _may_mean(said: Mapping[str, str], one: SignatureField, domain: str) -> bool:
    if one.domain != domain and not domain.endswith("." + one.domain):
        return False
    if said.get("header.s", one.selector).lower() != one.selector:
        return False
    prefix = said.get("header.b", "")  # RFC 6008 section 4: at least eight characters
    written = b"".join(one.said["b"].split()).decode("ascii", "replace")
    return written.startswith(prefix)
