"""Each attack of mail.md, section 3, with real signatures; and what makes a mail verified."""

import asyncio
import base64
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cocmail.adapters.alignment import aligned
from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.adapters.dkim_check import _canonical, signature_fields
from cocmail.adapters.keys import NoAnswerError, Resolver, tags
from cocmail.adapters.reading import Reader
from cocmail.adapters.workers import Workers
from cocmail.core.errors import Permanent
from cocmail.core.headers import split
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail, read
from cocmail.core.people import Address
from cocmail.core.verification import Authentication, Signature, shortfall
from cocmail.lab.correspondent import DkimKey, key_of_domain
from cocmail.lab.dns import Dns, Mode

ALICE = Address("alice@example.org")
NAME = "mail._domainkey.example.org."
MAIL = b"""\
From: Alice Example <alice@example.org>
To: conduct+token@community.example
Subject: Re: report
Date: Fri, 20 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>
In-Reply-To: <0@community.example>
References: <0@community.example>
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 7bit

/approve

Thanks, Alice
""".replace(b"\n", b"\r\n")
FIELDS = [line.partition(b":")[0] for line in MAIL.partition(b"\r\n\r\n")[0].split(b"\r\n")]


@pytest.fixture(scope="module")
def pair() -> DkimKey:
    return key_of_domain("example.org")


class Zone:
    """Answers TXT questions from a dict; None means that DNS is silent."""

    def __init__(self, key: DkimKey) -> None:
        self.records: dict[str, list[str] | None] = {NAME: [key.record]}
        self.asked: list[str] = []

    def __call__(self, name: str) -> Sequence[bytes]:
        self.asked.append(name)
        found = self.records.get(name, [])
        if found is None:
            raise NoAnswerError
        return [text.encode() for text in found]


@pytest.fixture
def zone(pair: DkimKey) -> Zone:
    return Zone(pair)


def sign(
    message: bytes,
    key: DkimKey,
    *,
    domain: bytes = b"example.org",
    fields: Sequence[bytes] = FIELDS,
    canon: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    **more: object,
) -> bytes:
    signature: bytes = dkim.sign(
        message, b"mail", domain, key.private, include_headers=list(fields), canonicalize=canon,
        **more,
    )  # fmt: skip
    return signature + message


def crafted(message: bytes, key: DkimKey, extra: bytes) -> bytes:
    """A signature whose tags hold ``extra``, made as dkimpy would have made it."""
    private = dkim.crypto.parse_pem_private_key(key.private)
    signer = dkim.DKIM(message)
    body = dkim.canonicalization.Relaxed.canonicalize_body(signer.body)
    digest = base64.b64encode(dkim.crypto.HASH_ALGORITHMS[b"rsa-sha256"](body).digest())
    head = (
        b" v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail; "
        + extra
        + b"h=" + b":".join(f.lower() for f in FIELDS) + b"; bh=" + digest + b"; b="
    )  # fmt: skip
    hasher = dkim.HashThrough(dkim.crypto.HASH_ALGORITHMS[b"rsa-sha256"](), False)
    policy = dkim.canonicalization.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    dkim.hash_headers(
        hasher,
        policy,
        policy.canonicalize_headers(signer.headers),
        [f.lower() for f in FIELDS],
        (b"DKIM-Signature", head),
        {},
    )
    value = base64.b64encode(dkim.crypto.RSASSA_PKCS1_v1_5_sign(hasher, private))
    return b"DKIM-Signature:" + head + value + b"\r\n" + message


def check(raw: bytes, zone: Zone, sender: Address = ALICE, *ids: str) -> Authentication:
    return DkimAuthenticator([], ids, lookup=zone).check(raw, sender)


def verdict(raw: bytes, zone: Zone, *ids: str) -> str:
    """The shortfall of a mail as intake would come to it."""
    mail = read(raw)
    assert isinstance(mail, Mail)
    auth = check(raw, zone, mail.sender.address if mail.sender else ALICE, *ids)
    return shortfall(mail, auth, holding="to", replayed=False)


# -- what passes ----


@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
def test_a_sound_signature_is_sound_by_each_canonicalization(
    zone: Zone, pair: DkimKey, head: bytes, body: bytes
) -> None:
    message = MAIL.replace(b"Thanks,", b"Thanks \t  ,  \t")
    raw = sign(message, pair, canon=(head, body))
    auth = check(raw, zone)
    assert auth.signature is Signature.SOUND
    assert {f.decode().lower() for f in FIELDS} <= auth.covered
    assert len(auth.marks) == 1
    assert verdict(raw, zone) == ""
    assert check(raw.replace(b"\r\n", b"\n"), zone).signature is Signature.SOUND


def test_an_ed25519_signature_is_sound(zone: Zone) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    zone.records[NAME] = [f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"]
    unsigned = dkim.DKIM(MAIL)
    body = dkim.canonicalization.Relaxed.canonicalize_body(unsigned.body)
    sha256 = dkim.crypto.HASH_ALGORITHMS[b"rsa-sha256"]
    head = (
        b" v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=mail; h="
        + b":".join(FIELDS) + b"; bh=" + base64.b64encode(sha256(body).digest()) + b"; b="
    )  # fmt: skip
    hasher = dkim.HashThrough(sha256(), False)
    policy = dkim.canonicalization.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    dkim.hash_headers(
        hasher, policy, policy.canonicalize_headers(unsigned.headers),
        [f.lower() for f in FIELDS], (b"DKIM-Signature", head), {},
    )  # fmt: skip
    value = base64.b64encode(key.sign(hasher.digest()))
    raw = b"DKIM-Signature:" + head + value + b"\r\n" + MAIL
    assert check(raw, zone).signature is Signature.SOUND
    assert check(raw.replace(b"/approve", b"/abstain"), zone).signature is Signature.FAILED


def test_a_second_signature_is_looked_at_when_the_first_is_another_domains(
    zone: Zone, pair: DkimKey
) -> None:
    raw = sign(sign(MAIL, pair), pair, domain=b"mailer.example")
    assert check(raw, zone).signature is Signature.SOUND


def test_the_signature_with_the_best_cover_counts(zone: Zone, pair: DkimKey) -> None:
    raw = sign(sign(MAIL, pair), pair, fields=[b"From"])
    assert verdict(raw, zone) == ""


def test_a_field_signed_as_absent_is_covered(zone: Zone, pair: DkimKey) -> None:
    raw = sign(MAIL, pair, fields=[*FIELDS, b"Reply-To"])
    assert "reply-to" in check(raw, zone).covered
    assert check(b"Reply-To: m@x.example\r\n" + raw, zone).signature is Signature.FAILED


# -- attacks ----


def test_a_changed_body_fails(zone: Zone, pair: DkimKey) -> None:
    raw = sign(MAIL, pair).replace(b"/approve", b"/object ")
    assert check(raw, zone).signature is Signature.FAILED


def test_text_appended_under_l_counts_for_nothing(zone: Zone, pair: DkimKey) -> None:
    raw = sign(MAIL, pair, length=True) + b"\r\n/close resolved\r\n"
    assert dkim.verify(raw, dnsfunc=lambda *_a, **_k: pair.record.encode())
    assert check(raw, zone).signature is Signature.MISSING


def test_a_prepended_second_subject_is_not_covered(zone: Zone, pair: DkimKey) -> None:
    raw = b"Subject: other\r\n" + sign(MAIL, pair)
    assert "subject" not in check(raw, zone).covered
    assert "Subject" in verdict(raw, zone)


@pytest.mark.parametrize("name", ["Reply-To", "In-Reply-To", "References", "MIME-Version"])
def test_an_added_unsigned_field_is_not_covered(zone: Zone, pair: DkimKey, name: str) -> None:
    lines = [line for line in MAIL.split(b"\r\n") if not line.startswith(name.encode() + b":")]
    bare = b"\r\n".join(lines)
    raw = sign(bare, pair, fields=[f for f in FIELDS if f != name.encode()])
    assert verdict(raw, zone) == ""
    assert name in verdict(f"{name}: <x@y.example>\r\n".encode() + raw, zone)


def test_a_prepended_content_type_cannot_switch_the_boundary(zone: Zone, pair: DkimKey) -> None:
    body = b"--a\r\nContent-Type: text/plain\r\n\r\n/object\r\n--a--\r\n"
    hidden = b"--b\r\nContent-Type: text/plain\r\n\r\n/approve\r\n--b--\r\n"
    message = MAIL.partition(b"\r\n\r\n")[0].replace(
        b'text/plain; charset="utf-8"', b"multipart/mixed; boundary=a"
    )
    signed = sign(message + b"\r\n\r\n" + body + hidden, pair)
    assert verdict(signed, zone) == ""
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n" + signed
    auth = check(raw, zone)
    assert auth.signature is Signature.SOUND
    assert "content-type" not in auth.covered
    assert "Content-Type" in verdict(raw, zone)
    # Nor where the signer left Content-Type out, and there is only one.
    fields = [f for f in FIELDS if f != b"Content-Type"]
    signed = sign(message + b"\r\n\r\n" + body + hidden, pair, fields=fields)
    assert verdict(signed, zone) == ""
    assert "Content-Type" in verdict(signed.replace(b"boundary=a", b"boundary=b"), zone)


def test_a_changed_transfer_encoding_is_seen(zone: Zone, pair: DkimKey) -> None:
    fields = [f for f in FIELDS if f != b"Content-Transfer-Encoding"]
    signed = sign(MAIL.replace(b"Thanks, Alice", b"=2Fclose resolved"), pair, fields=fields)
    assert "Content-Transfer-Encoding" in verdict(
        signed.replace(b"7bit", b"quoted-printable"), zone
    )


def test_a_bare_cr_proves_nothing(zone: Zone, pair: DkimKey) -> None:
    message = b"X-A: 1\rFrom: victim@example.org\r\n" + MAIL
    raw = sign(message, pair)
    assert dkim.verify(raw, dnsfunc=lambda *_a, **_k: pair.record.encode())
    assert check(raw, zone).signature is Signature.MISSING
    assert check(sign(MAIL + b"a\rb\r\n", pair), zone).signature is Signature.MISSING
    assert check(sign(MAIL + b"a\0b\r\n", pair), zone).signature is Signature.MISSING


def test_a_second_from_proves_nothing(zone: Zone, pair: DkimKey) -> None:
    raw = b"From: bob@example.org\r\n" + sign(MAIL, pair)
    assert check(raw, zone).signature is Signature.MISSING


def test_rsa_sha1_is_as_no_signature(zone: Zone, pair: DkimKey) -> None:
    raw = sign(MAIL, pair, signature_algorithm=b"rsa-sha1")
    assert check(raw, zone).signature is Signature.MISSING


def test_1024_bits_are_enough_and_fewer_are_as_none(zone: Zone) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    weak = base64.b64encode(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    pair = DkimKey(private=pem, record=f"v=DKIM1; p={weak.decode()}")
    zone.records[NAME] = [pair.record]
    assert check(sign(MAIL, pair), zone).signature is Signature.SOUND
    der = _public_key((1 << 1022) + 1, 65537)
    zone.records[NAME] = [f"p={base64.b64encode(der).decode()}"]
    assert check(sign(MAIL, pair), zone).signature is Signature.MISSING


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (" t=y;", Signature.MISSING),
        (" t=s;", Signature.SOUND),
        (" h=sha1;", Signature.FAILED),
        (" h=sha1:sha256;", Signature.SOUND),
        (" s=other;", Signature.MISSING),
        (" s=email;", Signature.SOUND),
        (" s=*;", Signature.SOUND),
        (" k=ed25519;", Signature.FAILED),
    ],
)
def test_flags_of_the_key_are_obeyed(
    zone: Zone, pair: DkimKey, change: str, expected: Signature
) -> None:
    record = pair.record.replace(" k=rsa;", change)
    zone.records[NAME] = [record]
    assert check(sign(MAIL, pair), zone).signature is expected


def test_a_strict_key_wants_the_very_domain(zone: Zone, pair: DkimKey) -> None:
    raw = sign(MAIL, pair, identity=b"@sub.example.org")
    assert check(raw, zone).signature is Signature.SOUND
    zone.records[NAME] = [pair.record.replace("k=rsa;", "k=rsa; t=s;")]
    assert check(raw, zone).signature is Signature.FAILED


def test_a_withdrawn_key_fails_and_a_missing_one_is_missing(zone: Zone, pair: DkimKey) -> None:
    raw = sign(MAIL, pair)
    zone.records[NAME] = ["v=DKIM1; p="]
    assert check(raw, zone).signature is Signature.FAILED
    zone.records[NAME] = []
    assert check(raw, zone).signature is Signature.MISSING
    zone.records[NAME] = ["some other record"]
    assert check(raw, zone).signature is Signature.MISSING
    zone.records[NAME] = None
    assert check(raw, zone).signature is Signature.UNSURE


def test_time_is_exact(zone: Zone, pair: DkimKey) -> None:
    now = int(time.time())
    assert check(crafted(MAIL, pair, b""), zone).signature is Signature.SOUND
    expired = crafted(MAIL, pair, b"x=%d; " % (now - 5))
    assert dkim.verify(expired, dnsfunc=lambda *_a, **_k: pair.record.encode())
    assert check(expired, zone).signature is Signature.FAILED
    assert check(crafted(MAIL, pair, b"x=%d; " % (now + 60)), zone).signature is Signature.SOUND
    future = crafted(MAIL, pair, b"t=%d; " % (now + 3600))
    assert check(future, zone).signature is Signature.FAILED
    later = DkimAuthenticator(
        [], [], lookup=zone, now=lambda: datetime.now(UTC) + timedelta(hours=2)
    )
    assert later.check(future, ALICE).signature is Signature.SOUND


def test_alignment_follows_the_organization(zone: Zone, pair: DkimKey) -> None:
    for domain, sender, expected in [
        ("example.org", "example.org", True),
        ("mail.example.org", "example.org", True),
        ("example.org", "lists.example.org", True),
        ("example.com", "example.org", False),
        ("notexample.org", "example.org", False),
        ("a.co.uk", "b.co.uk", False),
        ("co.uk", "b.co.uk", False),
        ("eve.github.io", "alice.github.io", False),
        ("gmail.com", "gmail.com", True),
        ("sub.gmail.com", "gmail.com", False),
        ("eve.onmicrosoft.com", "alice.onmicrosoft.com", False),
        ("xn--bcher-kva.example", "bücher.example", True),
        ("", "example.org", False),
    ]:
        assert aligned(domain, sender) is expected, (domain, sender)
    zone.records["mail._domainkey.evil.example."] = [pair.record]
    raw = sign(MAIL, pair, domain=b"evil.example")
    assert check(raw, zone).signature is Signature.MISSING
    assert "mail._domainkey.evil.example." not in zone.asked


def test_a_replay_shows_by_its_mark_however_its_base64_is_written(
    zone: Zone, pair: DkimKey
) -> None:
    raw = sign(MAIL, pair)
    start = raw.index(b" b=") + 3
    respaced = raw[: start + 20] + b" \r\n " + raw[start + 20 :]
    assert respaced != raw
    assert check(respaced, zone).signature is Signature.SOUND
    assert check(respaced, zone).marks == check(raw, zone).marks
    # The same number with a nought before it
    field = signature_fields(split(raw))[0]
    value = base64.b64encode(b"\0" + field.value)
    longer = raw[:start] + value + raw[raw.index(b"\r\nFrom:") :]
    assert check(longer, zone).signature is not Signature.SOUND


def test_many_signatures_cost_few_questions(zone: Zone, pair: DkimKey) -> None:
    bogus = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s%d; h=from; bh=YQ==; b=YWJj\r\n" % n
        for n in range(50)
    )
    assert check(bogus + MAIL, zone).signature is Signature.MISSING
    assert len(zone.asked) == 8


@pytest.mark.parametrize(
    "body", [b" \t" * 20_000 + b"x", (b" \t" * 500 + b"\r\n") * 200 + b"x", b"a" + b" " * 200_000]
)
def test_white_space_does_not_stall(zone: Zone, pair: DkimKey, body: bytes) -> None:
    raw = sign(MAIL, pair)
    endless = DkimAuthenticator([], [], lookup=zone, limits=Limits(white_space=1 << 30))
    began = time.thread_time()
    assert endless.check(raw + body, ALICE).signature is Signature.FAILED
    spaced = raw.replace(b" b=", b" b=" + b" \t" * 3000, 1)
    assert check(spaced, zone).signature is not Signature.SOUND
    assert time.thread_time() - began < 0.5


@given(
    st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\n", b"a", b"=", b"  "])).map(b"".join),
    st.booleans(),
)
def test_a_body_is_made_canonical_as_dkimpy_has_it(body: bytes, relaxed: bool) -> None:
    """RFC 6376 section 3.4."""
    theirs = dkim.canonicalization.Relaxed if relaxed else dkim.canonicalization.Simple
    lines = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    made = _canonical(body, relaxed=relaxed)
    simple = dkim.canonicalization.Simple.canonicalize_body(made)
    hashed = simple if made.strip() or not relaxed else theirs.canonicalize_body(made)
    assert hashed == theirs.canonicalize_body(lines)


def test_a_key_of_monstrous_size_is_not_computed_with(zone: Zone, pair: DkimKey) -> None:
    number = (1 << 40_000) + 1
    der = _public_key(number, (1 << 30_000) + 1)
    zone.records[NAME] = [f"p={base64.b64encode(der).decode()}"]
    began = time.thread_time()
    assert check(sign(MAIL, pair), zone).signature is Signature.MISSING
    assert time.thread_time() - began < 0.5


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _public_key(modulus: int, exponent: int) -> bytes:
    def number(value: int) -> bytes:
        return _der(2, b"\0" + value.to_bytes((value.bit_length() + 7) // 8, "big"))

    inner = _der(0x30, number(modulus) + number(exponent))
    rsa_id = bytes.fromhex("300d06092a864886f70d0101010500")
    return _der(0x30, rsa_id + _der(3, b"\0" + inner))


# -- trusted Authentication-Results ----

AR = b"Authentication-Results: mx.community.example; dkim=pass header.d=example.org\r\n"
OURS = "mx.community.example"


def broken(zone: Zone, pair: DkimKey) -> bytes:
    """A sound mail whose body a server has changed after its own check."""
    return sign(MAIL, pair).replace(b"Thanks,", b"Thanks!")


def test_a_trusted_result_stands_for_our_own_check(zone: Zone, pair: DkimKey) -> None:
    raw = AR + b"Received: from x by y\r\n" + broken(zone, pair)
    assert check(raw, zone).signature is Signature.FAILED
    assert check(raw, zone, ALICE, "other.example").signature is Signature.FAILED
    assert verdict(raw, zone, OURS) == ""


@pytest.mark.parametrize(
    "head",
    [
        b"Authentication-Results: elsewhere.example; dkim=pass header.d=example.org\r\n" + AR,
        b"Authentication-Results: mx.community.example; dkim=fail header.d=example.org\r\n" + AR,
        b"Authentication-Results: mx.community.example; spf=pass\r\n" + AR,
        b"Authentication-Results: mx.community.example; dkim=pass header.d=evil.example\r\n",
        b"Authentication-Results: mx.community.example; (dkim=pass header.d=example.org)\r\n",
        b'Authentication-Results: mx.community.example; x=y reason="; dkim=pass header.d='
        b'example.org"\r\n',
        b"Authentication-Results: mx.community.example (; dkim=pass header.d=example.org\r\n",
        b"Authentication-Results: mx.community.example.evil; dkim=pass header.d=example.org\r\n",
        b"Authentication-Results: mx.community.example;"
        b" dkim=pass header.d=example.org header.a=rsa-sha1\r\n",
        b"X-A: 1\r\nSubject: x\r\n" + AR,
    ],
)
def test_a_result_that_may_be_forged_is_not_believed(
    zone: Zone, pair: DkimKey, head: bytes
) -> None:
    assert check(head + broken(zone, pair), zone, ALICE, OURS).signature is Signature.FAILED


def test_a_result_below_the_senders_own_fields_is_not_believed(zone: Zone, pair: DkimKey) -> None:
    signed = broken(zone, pair)
    raw = signed.replace(b"To: ", AR + b"To: ", 1)
    assert check(raw, zone, ALICE, OURS).signature is Signature.FAILED


def test_a_result_covers_only_what_its_signature_covers(zone: Zone, pair: DkimKey) -> None:
    fields = [f for f in FIELDS if f != b"Subject"]
    raw = AR + sign(MAIL, pair, fields=fields).replace(b"Thanks,", b"Thanks!")
    assert "Subject" in verdict(raw, zone, OURS)
    # A signature put beside it, with a longer h=, helps nobody.
    bogus = (
        b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=mail; h="
        + b":".join(FIELDS) + b"; bh=YQ==; b=YWJj\r\n"
    )  # fmt: skip
    forged = raw.replace(AR, AR + bogus)
    assert "Subject" in verdict(forged, zone, OURS)
    # Nor does a result without any signature cover a thing.
    assert "From" in verdict(AR + MAIL, zone, OURS)


# -- a provider that changes mails: only its own word counts ----

MICROSOFTS = (
    b"Received: from a.outlook.test by b.outlook.test with HTTPS; 6 Nov 2026 10:00:00 +0000\r\n"
    b"Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n"
    b" smtp.mailfrom=example.org; dkim=pass (signature was verified)\r\n"
    b" header.d=example.org;dmarc=pass action=none\r\n"
    b" header.from=example.org;compauth=pass reason=100\r\n"
    b"Received-SPF: Pass (protection.outlook.test: a comment)\r\n"
)


def told(raw: bytes, zone: Zone, provider: str = "microsoft") -> Authentication:
    ours = DkimAuthenticator([], (OURS,), only_results_of={"imaps.work": provider}, lookup=zone)
    return ours.check(raw, ALICE, "imaps.work")


def test_microsofts_altered_bodies_are_proved_by_its_own_results_alone(
    zone: Zone, pair: DkimKey
) -> None:
    raw = MICROSOFTS + broken(zone, pair)
    found = told(raw, zone)
    assert found.signature is Signature.SOUND
    assert found.marks
    mail = read(raw)
    assert isinstance(mail, Mail)
    assert shortfall(mail, found, holding="to", replayed=False) == ""
    assert zone.asked == []
    # Of any other account, by LMTP too, such a field is nothing.
    ours = DkimAuthenticator([], (OURS,), only_results_of={"imaps.work": "microsoft"}, lookup=zone)
    for account in ("", "imap", "imaps.other"):
        assert ours.check(raw, ALICE, account).signature is Signature.FAILED


@pytest.mark.parametrize(
    ("old", "new", "signature"),
    [
        (b"dkim=pass", b"dkim=fail", Signature.FAILED),
        (b"dkim=pass", b"dkim=none", Signature.MISSING),
        (b"dkim=pass", b"dkim=temperror", Signature.MISSING),
        (b"header.d=example.org", b"header.d=evil.example", Signature.MISSING),
        (b"Authentication-Results", b"Authentication-Results-Original", Signature.MISSING),
        # What the sender wrote is not the provider's, whatever it says.
        (MICROSOFTS, b"Subject: x\r\n" + MICROSOFTS, Signature.MISSING),
        (MICROSOFTS, MICROSOFTS.replace(b"dkim=pass", b"dkim=none") + MICROSOFTS,
         Signature.MISSING),
        (MICROSOFTS, AR, Signature.MISSING),
        (b"Results: spf", b"Results: microsoft; spf", Signature.MISSING),
        (MICROSOFTS, b"", Signature.MISSING),
    ],
)  # fmt: skip
def test_what_the_provider_does_not_say_is_not_proved(
    zone: Zone, pair: DkimKey, old: bytes, new: bytes, signature: Signature
) -> None:
    raw = MICROSOFTS + sign(MAIL, pair)  # our own check would find it sound
    assert told(raw.replace(old, new, 1), zone).signature is signature
    assert zone.asked == []


def test_a_provider_that_names_itself_is_believed_by_that_name(zone: Zone, pair: DkimKey) -> None:
    raw = AR + broken(zone, pair)
    assert told(raw, zone, OURS).signature is Signature.SOUND
    assert told(raw, zone, "other.example").signature is Signature.MISSING
    assert told(MICROSOFTS + broken(zone, pair), zone, OURS).signature is Signature.MISSING


def test_a_result_for_a_signature_with_l_is_not_believed(zone: Zone, pair: DkimKey) -> None:
    raw = AR + sign(MAIL, pair, length=True)
    assert check(raw, zone, ALICE, OURS).signature is not Signature.SOUND


CORPUS = Path(__file__).parents[3] / "shared/corpora/authentication-results"
EXAMPLE = {  # which of dkim_verifier's cases show a pass for the sender's domain on top
    "alignment-auid_not_in_sdid.eml": False,  # From is of another organization
    "alignment-from_not_in_sdid.eml": False,
    "dkim-unknown_result.eml": False,
    "fakePayPal.eml": False,
    "multiple_arh-newest_no_authserv.eml": False,
    "multiple_arh-newest_no_result.eml": False,
    # header.b=/d5r should be in quotation marks; so many servers leave them out that we let it be.
    "multiple_arh-newest_parsing_error_01.eml": True,
    "multiple_arh-newest_parsing_error_02.eml": False,
    "multiple_arh-newest_unknown_method.eml": False,
    "multiple_arh-same_and_different_authserv.eml": False,
    "multiple_dkim_results.eml": True,
    "multiple_spf_and_dmarc_results.eml": False,
    "rfc6376-A.2-arh-failed-no_reason.eml": False,
    "rfc6376-A.2-arh-failed.eml": False,
    "rfc6376-A.2-arh-valid-a_tag.eml": True,
    "rfc6376-A.2-arh-valid-a_tag_sha1.eml": False,
    "rfc6376-A.2-arh-valid-auid.eml": True,
    "rfc6376-A.2-arh-valid-no_sdid_or_auid.eml": False,  # it doesn't say whose
}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml")), ids=lambda path: path.stem)
def test_the_corpus_of_results(path: Path, zone: Zone) -> None:
    raw = path.read_bytes()
    mail = read(raw)
    assert isinstance(mail, Mail)
    assert mail.sender is not None
    zone.records.clear()
    untrusted = check(raw, zone, mail.sender.address)
    assert untrusted.signature is Signature.MISSING
    auth = check(raw, zone, mail.sender.address, "example.net")
    if path.name in EXAMPLE:
        assert (auth.signature is Signature.SOUND) is EXAMPLE[path.name]


# -- DNS ----


@pytest.mark.servers
async def test_keys_come_from_the_configured_nameserver(pair: DkimKey) -> None:
    raw = sign(MAIL, pair)
    with Dns() as dns:
        dns.publish(NAME.rstrip("."), pair.record)

        def fresh(timeout: float = 20) -> DkimAuthenticator:
            return DkimAuthenticator([dns.address], [], timeout=timeout)

        ours = fresh()
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.SOUND
        asked = len(dns.questions)
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.SOUND
        assert len(dns.questions) == asked  # kept for seconds
        dns.withdraw(NAME.rstrip("."))
        asked, ours = len(dns.questions), fresh()
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.MISSING
        assert len(dns.questions) == asked + 1
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.MISSING
        assert len(dns.questions) == asked + 1  # so is that there is none
        dns.mode = Mode.SERVFAIL
        assert (await fresh().authenticate(raw, ALICE)).signature is Signature.UNSURE
        dns.mode = Mode.SILENT
        assert (await fresh(0.5).authenticate(raw, ALICE)).signature is Signature.UNSURE


@pytest.mark.servers
async def test_all_keys_of_a_mail_have_their_time_together(zone: Zone, pair: DkimKey) -> None:
    """Promise 1: a mail may name eight keys, each of which comes late."""
    raw = sign(MAIL, pair)
    late = DkimAuthenticator([], [], lookup=zone, patience=0)
    assert (await late.authenticate(raw, ALICE)).signature is Signature.UNSURE
    assert zone.asked == []
    with Dns() as dns:
        dns.mode = Mode.SILENT
        ours = DkimAuthenticator([dns.address], [], timeout=600, patience=0.5)
        async with asyncio.timeout(60):
            assert (await ours.authenticate(raw, ALICE)).signature is Signature.UNSURE


def test_nameservers_may_have_ports_and_ipv6() -> None:
    for text in ("192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"):
        assert Resolver([text]) is not None
    for text in ("dns.example", "192.0.2.1:x", "dns.example:53"):
        with pytest.raises(Permanent, match="nameservers"):
            Resolver([text])


def test_tag_lists() -> None:
    assert tags(b"v=1; a = b ;") == {"v": b"1", "a": b"b"}
    assert tags(b"v=1; v=2") is None
    assert tags(b"v=1; b") is None


def test_nothing_of_a_mail_is_logged(
    zone: Zone, pair: DkimKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    zone.records[NAME] = ["v=DKIM1; p=QUJD", "v=DKIM1; k=rsa; p=" + "A" * 400]
    check(sign(MAIL, pair), zone)
    zone.records[NAME] = [pair.record]
    check(sign(MAIL, pair), zone)
    check(sign(MAIL, pair).replace(b"approve", b"object"), zone)
    ours = [one for one in caplog.records if one.name not in ("asyncio",)]
    assert [one.getMessage() for one in ours if "example.org" in one.getMessage()] == []


async def test_an_unusual_mail_is_checked_elsewhere_with_keys_from_here(
    zone: Zone, pair: DkimKey
) -> None:
    workers = Workers(most=1)
    try:
        reader = Reader(Limits(), workers)
        ours = DkimAuthenticator([], [], lookup=zone, elsewhere=reader.check)
        raw = sign(MAIL + b"word\r\n" * 50_000, pair)
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.SOUND
        (process,) = workers._free
        assert (await ours.authenticate(raw + b"x", ALICE)).signature is Signature.FAILED
        key = zone.records[NAME]
        zone.records[NAME] = None
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.UNSURE
        zone.records[NAME] = []
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.MISSING
        assert process._process is not None
        process._process.kill()
        zone.records[NAME] = key
        assert (await ours.authenticate(raw, ALICE)).signature is Signature.SOUND, "by another"
    finally:
        workers.close()


async def test_a_signature_whose_check_ends_its_process_proves_nothing(
    zone: Zone, pair: DkimKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(most=1, jobs="tests.adapters.bad_jobs")
    call = workers.call
    monkeypatch.setattr(workers, "call", lambda job, *arguments: call("fall"))
    try:
        ours = DkimAuthenticator([], [], lookup=zone, elsewhere=Reader(Limits(), workers).check)
        unchecked = await ours.authenticate(sign(MAIL + b"word\r\n" * 50_000, pair), ALICE)
        assert unchecked.signature is Signature.MISSING
        assert "more time or memory" in unchecked.why
    finally:
        workers.close()


def test_a_silent_server_is_waited_for_twice(zone: Zone, pair: DkimKey) -> None:
    """A mail may name eight, and each costs all the time that a question has."""
    raw = MAIL
    for number in range(8):
        selector = b"s%d" % number
        zone.records[f"s{number}._domainkey.example.org."] = None
        raw = sign(MAIL, pair).replace(b"s=mail;", b"s=" + selector + b";")[: -len(MAIL)] + raw
    assert check(raw, zone).signature is Signature.UNSURE
    assert len(zone.asked) == 2
