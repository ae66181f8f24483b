"""One DKIM-Signature looked at (RFC 6376), by our rules and dkimpy's arithmetic.

Owns which signatures count: what dkimpy lets pass and we don't (mail.md, section 3) is refused
here, and what would keep it busy for minutes never reaches it. Refuses to know who the sender is.
Called by adapters.authentication, in a thread.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import dkim
import dkim.crypto
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cocmail.adapters.keys import Key, NoAnswerError, TxtLookup, key, tags
from cocmail.core.headers import Header

_MAX_FIELD = 8192
_WHITE = re.compile(rb"\s{65,}")  # as its own patterns have it: with \v and \f
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_\-]*[a-z0-9_])?)*")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_SKEW = 300  # seconds that a signer's clock may be ahead of ours
_LEAST_BITS, _MOST_BITS = 1024, 8192  # RFC 8301 section 3.2; above, one check takes seconds

# dkimpy logs fields of the mail; this logger belongs to no tree and says nothing.
_SILENT = logging.Logger("dkimpy", level=logging.CRITICAL + 1)

# What dkimpy raises on signatures, keys and mails that are not as they should be.
_DKIMPY_ERRORS = (
    dkim.DKIMException,
    dkim.crypto.DigestTooLargeError,
    dkim.crypto.UnparsableKeyError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"  # a key was found, and this isn't signed with it as it should be
    NO_KEY = "no key"
    WEAK = "weak"  # doesn't count, whatever the arithmetic says
    UNSURE = "unsure"


@dataclass(frozen=True, kw_only=True)
class SignatureField:
    """A DKIM-Signature that can be read."""

    index: int  # among all DKIM-Signature fields, topmost first
    said: Mapping[str, bytes] = field(repr=False)
    domain: str
    selector: str
    algorithm: str
    signed: tuple[str, ...]  # h=, lower case
    value: bytes = field(repr=False)  # b=, decoded

    @property
    def mark(self) -> str:
        """By which a replay is seen: of the bytes, since base64 can be written in many ways."""
        return hashlib.sha256(self.value).hexdigest()

    def covered(self, counts: Mapping[str, int]) -> frozenset[str]:
        """The fields every instance of which is signed (section 5.4.2: h= names one for each),
        and those that are signed as absent."""
        named = Counter(self.signed)
        return frozenset(name for name in named if named[name] >= counts.get(name, 0))


@dataclass(frozen=True, kw_only=True)
class Result:
    outcome: Outcome
    why: str = ""  # for people: completes nothing, quotes nothing


def signature_fields(header: Header) -> list[SignatureField]:
    """Every DKIM-Signature that can be read, topmost first."""
    found: list[SignatureField] = []
    for index, one in enumerate(header.all("dkim-signature")):
        # dkimpy's patterns are quadratic in white space.
        if len(one.value) > _MAX_FIELD or _WHITE.search(one.value) or one.loose:
            continue
        read = _read(index, one.value)
        if read is not None:
            found.append(read)
    return found


def _read(index: int, text: bytes) -> SignatureField | None:
    said = tags(text)
    if said is None or any(name not in said for name in ("v", "a", "b", "bh", "d", "h", "s")):
        return None
    value = b"".join(said["b"].split())
    domain = said["d"].decode("ascii", "replace").lower()
    selector = said["s"].decode("ascii", "replace").lower()
    if not _BASE64.fullmatch(value) or len(value) % 4:
        return None
    if not _NAME.fullmatch(domain) or not _NAME.fullmatch(selector):
        return None
    names = b"".join(said["h"].split()).decode("ascii", "replace").lower().split(":")
    return SignatureField(
        index=index,
        said=said,
        domain=domain,
        selector=selector,
        algorithm=said["a"].decode("ascii", "replace").lower(),
        signed=tuple(names),
        value=base64.b64decode(value),
    )


def weakness(signature: SignatureField) -> str:
    """Why this signature doesn't count, whatever its arithmetic; "" if it does."""
    if "l" in signature.said:  # section 8.2: anybody may append
        return "Its signature leaves the end of the text open."
    if signature.algorithm not in ("rsa-sha256", "ed25519-sha256"):  # RFC 8301 section 3.1
        return "Its signature is of a kind that is no longer trusted."
    if "from" not in signature.signed:  # section 5.4
        return "Its signature doesn't cover the From line."
    return ""


class Checker:
    """Checks the signatures of one mail. The mail must hold no bare CR and no NUL."""

    def __init__(self, raw: bytes, header: Header, lookup: TxtLookup, now: int) -> None:
        self._head, self._body = raw[: header.body], raw[header.body :]
        self._lookup, self._now = lookup, now
        self._messages: dict[bool, Any] = {}

    def check(self, signature: SignatureField) -> Result:
        weak = weakness(signature)
        if weak:
            return Result(outcome=Outcome.WEAK, why=weak)
        try:
            found = key(self._lookup, signature.selector, signature.domain)
        except NoAnswerError:
            return Result(
                outcome=Outcome.UNSURE, why="The key of its signature can't be asked for."
            )
        if found is None or not found.for_mail:
            return Result(outcome=Outcome.NO_KEY, why="There is no key for its signature.")
        if found.testing:  # section 3.6.1, t=y: as if it weren't signed
            return Result(outcome=Outcome.WEAK, why="Its domain only tries out signing.")
        return self._with_key(signature, found)

    def _with_key(self, signature: SignatureField, found: Key) -> Result:
        algorithm, _, digest = signature.algorithm.partition("-")
        if not found.data:
            return Result(outcome=Outcome.FAIL, why="The key of its signature was withdrawn.")
        if found.kind != algorithm or (found.hashes and digest not in found.hashes):
            return Result(outcome=Outcome.FAIL, why="Its signature and its key don't match.")
        fault = self._fault(signature, strict=found.strict)
        if fault:
            return Result(outcome=Outcome.FAIL, why=fault)
        if algorithm == "rsa":
            weak = _rsa_weakness(found.data, signature.value)
            if weak is not None:
                return weak
        try:
            sound = (
                self._rsa(signature, found)
                if algorithm == "rsa"
                else self._ed25519(signature, found)
            )
        except _DKIMPY_ERRORS:
            sound = False
        if sound:
            return Result(outcome=Outcome.PASS)
        return Result(
            outcome=Outcome.FAIL, why="Its signature is not sound: it was changed, or forged."
        )

    def _fault(self, signature: SignatureField, *, strict: bool) -> str:
        said = signature.said
        if said["v"] != b"1" or said.get("q", b"dns/txt").lower() != b"dns/txt":
            return "Its signature is of an unknown version."
        begins, ends = _number(said.get("t")), _number(said.get("x"))
        if begins is None or ends is None:
            return "The time of its signature can't be read."
        if begins > self._now + _SKEW:
            return "Its signature is dated in the future."
        if ends and (ends < self._now or ends < begins):  # to the second, unlike dkimpy
            return "Its signature has expired."
        if "i" in said:
            identity = said["i"].decode("ascii", "replace").lower().rpartition("@")[2]
            if identity != signature.domain and (
                strict or not identity.endswith("." + signature.domain)
            ):
                return "Its signature speaks for another domain."
        return ""

    def _prepared(self, signature: SignatureField) -> tuple[Any, Any, Any, Any]:
        """dkimpy's view of the mail, and of the signature: its tags, h=, and field. The body it
        gets is canonical already, so that it has no white space to search, which takes it the
        square of a run, and no line to split off."""
        relaxed = signature.said.get("c", b"").lower().partition(b"/")[2] == b"relaxed"
        if relaxed not in self._messages:
            message = dkim.DKIM(self._head, logger=_SILENT)
            message.body = _canonical(self._body, relaxed=relaxed)
            self._messages[relaxed] = message
        message = self._messages[relaxed]
        said, names, fields = message.verify_headerprep(signature.index)
        if relaxed and message.body.strip():
            said = {**said, b"c": said[b"c"].partition(b"/")[0] + b"/simple"}
        return message, said, names, fields[signature.index]

    def _rsa(self, signature: SignatureField, found: Key) -> bool:
        def answer(_name: bytes, timeout: float = 0) -> bytes:
            return found.record

        message, said, names, one = self._prepared(signature)
        return bool(message.verify_sig(said, names, one, answer))

    def _ed25519(self, signature: SignatureField, found: Key) -> bool:
        """RFC 8463. dkimpy wants PyNaCl for it; it hashes, and `cryptography` checks."""
        if len(found.data) != 32:
            return False
        check = _Ed25519(Ed25519PublicKey.from_public_bytes(found.data))
        message, said, names, one = self._prepared(signature)
        message.pk, message.keysize, message.ktag, message.seqtlsrpt = check, 256, b"ed25519", False
        message.verify_sig_process(said, names, one, None)
        return check.sound


class _Ed25519:
    """What dkimpy takes for a PyNaCl key."""

    def __init__(self, public: Ed25519PublicKey) -> None:
        self._public = public
        self.sound = False

    def verify(self, digest: bytes, signature: bytes) -> None:
        try:
            self._public.verify(signature, digest)
        except InvalidSignature:
            return
        self.sound = True


def _canonical(body: bytes, *, relaxed: bool) -> bytes:
    """RFC 6376 sections 3.4.3 and 3.4.4, each step linear."""
    body = body.replace(b"\r\n", b"\n")
    if relaxed:
        body = body.replace(b"\t", b" ")
        while b"  " in body:  # halves every run
            body = body.replace(b"  ", b" ")
        body = body.replace(b" \n", b"\n")
    if body.endswith(b"\n"):
        body = body.rstrip(b"\n") + b"\n"
    return body.replace(b"\n", b"\r\n")


def _rsa_weakness(data: bytes, value: bytes) -> Result | None:
    try:
        numbers = dkim.crypto.parse_public_key(data)
        modulus, exponent = int(numbers["modulus"]), int(numbers["publicExponent"])
    except _DKIMPY_ERRORS:
        return Result(outcome=Outcome.FAIL, why="The key of its signature can't be read.")
    bits = modulus.bit_length()
    if bits < _LEAST_BITS or bits > _MOST_BITS or exponent.bit_length() > 33:
        return Result(outcome=Outcome.WEAK, why="The key of its signature is too weak.")
    # One signature, one writing of it: else a replay would look new (see `mark`).
    if len(value) != (bits + 7) // 8 or int.from_bytes(value, "big") >= modulus:
        return Result(outcome=Outcome.FAIL, why="Its signature is not sound.")
    return None


def _number(value: bytes | None) -> int | None:
    """0 where the tag is absent, None where it is no number (section 3.5: 12 digits do)."""
    if value is None:
        return 0
    return int(value) if value.isdigit() and len(value) <= 12 else None
