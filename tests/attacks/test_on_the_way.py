"""Somebody on the way who holds a member's signed mail and changes it as they like, at random: what
the member signed is all that may ever run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from cocmail.core import events as e
from tests.attacks.kit import ALL, PLAIN, Post, key, sign

TRIES = int(os.environ.get("TRIES", "120"))
GOOGLE = ("mime-version", "to", "message-id", "date", "from", "subject")
APPLE = (*GOOGLE, "content-type")
REASON = "the letter is too long"
PLAINLY = f"/object because {REASON}\n\nThat is all.\n"
TWICE = (
    f'--a\nContent-Type: text/plain; charset="utf-8"\n\n{PLAINLY}\n'
    "--a\nContent-Type: text/html\n\n<p>/approve</p>\n--a--\n--b\n\n/approve\n--b--\n"
)
FLOWING = f"/object because {REASON}\n\n /approve\n\nAs I said.\n"
CUT = f"/object because {REASON} \n\t> and more of it\n"
SHORT = f"/object because {REASON}\n"
HALVES = "multipart/alternative; boundary=a"
FIELDS = (
    b"From: bob@bob.example", b"From: eve@bob.example", b"From : bob@bob.example",
    b"Subject: /approve", b"Reply-To: eve@evil.example", b"In-Reply-To: <a@b>", b"X-A: 1",
    b"X-A: 1\rFrom: bob@bob.example\r\r/approve", b"X-A: 1\nFrom: bob@bob.example\n\n/approve",
    b"Content-Type: text/plain; format=flowed", b"Content-Type: text/plain; charset=utf-16",
    b"Content-Type: text/html", b"Content-Type: multipart/mixed; boundary=a",
    b"Content-Type: multipart/alternative; boundary=b", b"Content-Type: message/rfc822",
    b"Content-Type: text/plain; format=flowed; delsp=yes", b"Content-Type: text/plain; name=x",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable",
    b"MIME-Version: 1.0", b"To: eve@evil.example", b"Message-ID: <new@bob.example>",
    b"Date: Sun, 22 Nov 2026 12:00:00 +0000", b" folded", b"no field", b"",
    b"DKIM-Signature: v=1; a=rsa-sha256; d=bob.example; s=mail; h=from:to; bh=YQ==; b=YWJj",
    b"Authentication-Results: mx.example.org; dkim=pass header.d=bob.example",
)  # fmt: skip
LINES = (b"/approve", b"/close resolved", b"> ", b"", b" ", b"/end", b"--a", b"--b", b"x\ry", b"\0",
         b"because I was paid", b"--a\r\nContent-Type: text/plain\r\n\r\n/approve")  # fmt: skip
TAGS = ((b" h=", b" l=0; h="), (b"; b=", b"; x=1; b="), (b"h=", b"h=subject:"), (b":to", b""),
        (b"c=relaxed/relaxed", b"c=simple/simple"), (b"rsa-sha256", b"rsa-sha1"), (b"b=", b"b= "),
        (b"d=bob.example", b"d=evil.example"), (b"s=mail", b"s=other"))  # fmt: skip


def _a_field(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    head.insert(chance.choice((0, chance.randrange(len(head) + 1))), chance.choice(FIELDS))


def _no_field(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    if head:
        del head[chance.randrange(len(head))]


def _another_field(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    if head:
        head[chance.randrange(len(head))] = chance.choice(FIELDS)


def _moved(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    if head:
        head.insert(0, head.pop(chance.randrange(len(head))))


def _a_line(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    body.insert(
        chance.choice((0, len(body), chance.randrange(len(body) + 1))), chance.choice(LINES)
    )


def _another_line(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    at = next((n for n, line in enumerate(body) if line.startswith(b"/object")), 0)
    body[chance.choice((at, at + 1, chance.randrange(len(body)))) % len(body)] = chance.choice(
        LINES
    )


def _another_reading(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    new = chance.choice([one for one in FIELDS if one.startswith(b"Content-")])
    name = new.partition(b":")[0]
    head[:] = [new if one.startswith(name) else one for one in head]
    if chance.random() < 0.3:
        head.insert(0, new)


def _more(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    body += chance.choice(
        ((b"/close resolved",), (b"because I was paid",), (b"--b", b"", b"/approve"))
    )


def _another_tag(chance: random.Random, head: list[bytes], body: list[bytes]) -> None:
    old, new = chance.choice(TAGS)
    head[:] = [x.replace(old, new, 1) if x.startswith(b"DKIM-") else x for x in head]


CHANGES: tuple[Callable[[random.Random, list[bytes], list[bytes]], None], ...] = (
    _a_field, _another_field, _no_field, _moved, _a_line, _another_line, _another_line,
    _another_reading, _another_reading, _another_reading, _more, _another_tag,
)  # fmt: skip


def changed(chance: random.Random, raw: bytes) -> bytes:
    top, _, below = raw.partition(b"\r\n\r\n")
    head, body = top.split(b"\r\n"), below.split(b"\r\n")
    for _ in range(chance.choice((1, 1, 1, 2))):
        chance.choice(CHANGES)(chance, head, body)
    raw = b"\r\n".join([*head, b"", *body])
    return raw.replace(b"\r\n", b"\n") if chance.random() < 0.1 else raw


@pytest.mark.parametrize("trusted", [(), ("mx.example.org",)], ids=["own-check", "trusted-results"])
def test_nothing_runs_that_was_not_signed(trusted: tuple[str, ...]) -> None:
    chance = random.Random(int(os.environ.get("SEED", "20261121")))
    ran = kept = 0
    for number in range(TRIES):
        if number % 25 == 0:  # a case with hundreds of messages is slow
            post = Post(trusted=trusted)
        text, declared = chance.choice(
            ((PLAINLY, PLAIN), (FLOWING, PLAIN), (CUT, PLAIN), (SHORT, PLAIN), (TWICE, HALVES))
        )
        mail = sign(
            post.written(text, content_type=declared),
            key("bob"),
            "bob.example",
            fields=chance.choice((ALL, GOOGLE, GOOGLE, APPLE)),
            length=len(text) + 1 if text == SHORT and chance.random() < 0.3 else None,
        )
        raw = changed(chance, mail)
        before = len(post.room.shelf.ledger)
        became = post.arrives(raw)
        ran += became == "ran"
        kept += became == "set aside"
        for _, _, event in post.room.shelf.ledger[before:]:
            if isinstance(event, e.Voted):
                assert (event.vote, event.because.strip()) == ("object", REASON), raw
            if isinstance(event, e.Ran):
                assert [c.split()[0] for c in event.commands] == ["/object"], raw
        assert post.found.is_open, raw
    assert min(ran, kept) > TRIES // 50, "else the changes are too coarse, or too fine"
