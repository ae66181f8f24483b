"""Every mail of /work/shared/corpora that nobody here wrote: read, bounded, and told apart."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.adapters.html import html_to_text
from cocmail.core.filtering import packed, unpacked, view
from cocmail.core.mail import Body, Mail, read, recipients
from cocmail.core.people import Address
from cocmail.core.quoting import own_text
from cocmail.core.verification import Signature

CORPORA = Path(__file__).parents[3] / "shared/corpora"


def files(folder: str) -> Iterator[Path]:
    found = sorted(p for p in (CORPORA / folder).iterdir() if p.is_file())
    assert found, f"no files in {folder}"
    return iter(found)


@pytest.mark.parametrize(
    ("folder", "count"),
    [("bounces", 315), ("malformed", 107), ("authentication-results", 21), ("replies/input", 64)],
)
def test_every_mail_is_read_in_little_time(folder: str, count: int) -> None:
    slowest = 0.0
    seen = 0
    for path in files(folder):
        raw = path.read_bytes()
        for ends in (raw, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
            began = time.thread_time()
            mail = read(ends, html_to_text=html_to_text)
            slowest = max(slowest, time.thread_time() - began)
            assert isinstance(mail, Mail), path.name
            recipients(ends)
            one = view(ends, mail)
            assert unpacked(packed(one)) == one
            own_text(mail.text)
        seen += 1
    assert seen == count
    assert slowest < 0.25


def test_every_mail_cut_off_anywhere_is_read() -> None:
    for folder in ("malformed", "authentication-results"):
        for path in files(folder):
            raw = path.read_bytes()
            for end in range(0, len(raw), max(1, len(raw) // 25)):
                read(raw[:end])


def test_no_bounce_or_automatic_reply_passes_for_a_persons() -> None:
    missed: list[str] = []
    for path in files("bounces"):
        mail = read(path.read_bytes())
        if isinstance(mail, Mail) and not mail.automatic:
            missed.append(path.name)
    print(f"bounces known: {315 - len(missed)} of 315", *missed)
    assert missed == []


def test_ordinary_mail_passes_for_a_persons() -> None:
    for path in files("replies/input"):
        body = path.read_bytes()
        mail = read(b"From: anna@example.org\nSubject: Re: report\nTo: c@c.example\n\n" + body)
        assert isinstance(mail, Mail)
        assert mail.automatic == "", path.name
        assert mail.body is Body.PLAIN
        assert str(mail.text) == body.decode("utf-8").replace("\r\n", "\n")
    marked = [
        path.name
        for path in files("malformed")
        if isinstance(mail := read(path.read_bytes()), Mail) and mail.automatic
    ]
    assert len(marked) <= 1, marked  # one of them has a List-Id


def test_html_is_shown_as_text() -> None:
    shown = 0
    for path in files("malformed"):
        mail = read(path.read_bytes(), html_to_text=html_to_text)
        if isinstance(mail, Mail) and mail.body is Body.HTML:
            assert "<html" not in mail.text.lower()
            shown += 1
    assert shown >= 5


def test_only_what_has_no_text_shows_none() -> None:
    silent = {
        path.name
        for path in files("malformed")
        if isinstance(mail := read(path.read_bytes(), html_to_text=html_to_text), Mail)
        and not mail.whole.strip()
    }
    pictures = {"legacy-000", "legacy-006", "legacy-037", "legacy-041", "thirdparty-011"}
    whole_mails = {"malformed-010", "malformed-012", "thirdparty-007"}
    elsewhere = {"rfc-001"}  # message/external-body
    empty = {"malformed-000", "malformed-007"}
    rightly = pictures | whole_mails | elsewhere | empty
    assert silent == {f"{name}.eml" for name in rightly}


async def test_no_mail_of_the_corpora_is_taken_for_proved() -> None:
    """With no keys at all, nothing is sound, and nothing raises."""
    checker = DkimAuthenticator([], [], lookup=lambda _: ())
    for folder in ("bounces", "malformed", "authentication-results"):
        for path in files(folder):
            raw = path.read_bytes()
            found = await checker.authenticate(raw, Address("joe@football.example.com"))
            assert found.signature is Signature.MISSING, path.name
            await asyncio.sleep(0)
