"""Which letters of ours a delivery report is about, and what became of them, whoever wrote it."""

from __future__ import annotations

import base64

import pytest

from cocmail.adapters.returned import returned
from cocmail.core.returned import Outcome

OURS = "<abcdefghijklmnopqrstuvwxyz@example.org>"
LETTER = f"From: conduct@example.org\nMessage-ID: {OURS}\nSubject: x\n\nHello\n"
HEAD = "From: MAILER-DAEMON@mx.example\nMIME-Version: 1.0\n"
STATUS = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\n"
NOTICE = "Delivery to the following recipient failed permanently:\n\n    a@b.example\n\n"


def reported(*parts: str) -> str:
    inner = "".join(f"--b\nContent-Type: {one}\n" for one in parts)
    return f"{HEAD}Content-Type: multipart/report; boundary=b\n\n{inner}--b--\n"


def sent_on(mail: str) -> str:
    inner = f"--c\nContent-Type: message/rfc822\n\n{mail}\n--c--\n"
    return f"{HEAD}Content-Type: multipart/mixed; boundary=c\n\n{inner}"


def encoded(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


RETURNED = f"message/rfc822\n\n{LETTER}"
IN_BASE64 = f"message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded(LETTER)}"


@pytest.mark.parametrize(
    "raw",
    [
        reported(f"message/delivery-status\n\n{STATUS}", RETURNED),
        reported(f"message/delivery-status\n\n{STATUS}", IN_BASE64),
        sent_on(reported(f"message/delivery-status\n\n{STATUS}", IN_BASE64)),
        reported(f"text/plain\n\n{NOTICE}", RETURNED),
        reported(f"text/plain\n\n{NOTICE}", "text/plain\n\n" + "On a\n" * 90_000, RETURNED),
        reported(*["text/plain\n\nx"] * 3_000, f"message/delivery-status\n\n{STATUS}", RETURNED),
        f"{HEAD}\n{NOTICE}" + "\n" * 400_000 + LETTER,
    ],
)
def test_a_letter_that_failed_is_known_again(raw: str) -> None:
    found = returned(raw.encode())
    assert found.letters == (OURS,)
    assert found.outcome is Outcome.FAILED


def nested(depth: int, kind: str) -> str:
    if kind == "rfc822":
        return HEAD + "Content-Type: message/rfc822\n\n" * depth + LETTER
    parts = "".join(
        f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(depth)
    )
    return f"{HEAD}Content-Type: multipart/mixed; boundary=b0\n\n{parts}\n{LETTER}"


@pytest.mark.parametrize("kind", ["mixed", "rfc822"])
def test_a_letter_is_known_again_however_deep_it_stands(kind: str) -> None:
    found = returned(nested(3_000, kind).encode())
    assert (found.letters, found.outcome) == ((OURS,), Outcome.UNSURE)
