"""The rule "Verified", clause by clause."""

import dataclasses

import pytest

from cocmail.core.mail import Mail, read
from cocmail.core.verification import UNPROVED, Authentication, Signature, shortfall

RAW = b"""\
From: alice@example.org
To: conduct+t@c.example
Subject: s
Date: Fri, 20 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>
Content-Type: text/plain
Content-Transfer-Encoding: 7bit

/approve
"""
COVER = frozenset({"from", "to", "subject", "date", "message-id"})


def given(raw: bytes = RAW) -> Mail:
    found = read(raw)
    assert isinstance(found, Mail)
    return found


def sound(*names: str) -> Authentication:
    return Authentication(
        signature=Signature.SOUND, covered=COVER | set(names), marks=("m",), why="sound"
    )


def check(mail: Mail, auth: Authentication, *, holding: str = "to", replayed: bool = False) -> str:
    return shortfall(mail, auth, holding=holding, replayed=replayed)


def test_a_mail_that_proves_all_of_it_is_verified() -> None:
    assert check(given(), sound()) == ""
    assert check(given(), sound("content-type", "content-transfer-encoding")) == ""


@pytest.mark.parametrize("signature", [s for s in Signature if s is not Signature.SOUND])
def test_without_a_sound_signature_it_is_not(signature: Signature) -> None:
    assert check(given(), dataclasses.replace(sound(), signature=signature, why="w")) == "w"
    assert check(given(), UNPROVED) == UNPROVED.why


@pytest.mark.parametrize("name", sorted(COVER))
def test_each_field_is_needed(name: str) -> None:
    auth = dataclasses.replace(sound(), covered=COVER - {name})
    assert "doesn't cover" in check(given(), auth)


def test_the_field_that_holds_our_address_is_needed() -> None:
    assert "Cc" in check(given(), sound(), holding="cc")
    assert check(given(), sound("cc"), holding="cc") == ""
    assert "Neither" in check(given(), sound(), holding="")


@pytest.mark.parametrize("name", ["Reply-To", "In-Reply-To", "References", "MIME-Version"])
def test_where_present_it_is_needed(name: str) -> None:
    mail = given(f"{name}: <x@y.example>\n".encode() + RAW)
    assert name in check(mail, sound())
    assert check(mail, sound(name.lower())) == ""


@pytest.mark.parametrize("line", RAW.partition(b"\n\n")[0].split(b"\n"))
def test_none_may_stand_twice(line: bytes) -> None:
    auth = sound("content-type", "content-transfer-encoding")
    assert check(given(line + b"\n" + RAW), auth)


def test_a_missing_message_id_or_date_is_missing() -> None:
    for name in (b"Message-ID", b"Date", b"Subject"):
        lines = [line for line in RAW.split(b"\n") if not line.startswith(name)]
        auth = dataclasses.replace(sound(), covered=COVER - {name.decode().lower()})
        assert check(given(b"\n".join(lines)), auth)


def test_what_says_how_to_read_it_is_signed_or_makes_no_difference() -> None:
    mail = given(RAW.replace(b"/approve", b"x=\n/approve"))
    assert "Content-Type" in check(mail, sound())
    assert "Content-Transfer-Encoding" in check(mail, sound("content-type"))
    assert check(mail, sound("content-type", "content-transfer-encoding")) == ""


def test_a_replay_is_no_proof() -> None:
    assert "before" in check(given(), sound(), replayed=True)
