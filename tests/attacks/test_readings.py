"""A signature that leaves Content-Type open lets anybody choose how the signed body is read. Where
such a mail counts as proved, every such choice has to read the same commands in it.
"""

from __future__ import annotations

import random

import pytest

from cocmail.core.commands import parse
from cocmail.core.mail import Body, Mail, read
from tests.attacks.kit import ALL, PLAIN, Post, key, sign

FLOWED = "text/plain; format=flowed"
OPEN = [name for name in ALL if name not in ("content-type", "content-transfer-encoding")]


@pytest.fixture
def post() -> Post:
    return Post()


def as_another(post: Post, text: str, to: str, *, content_type: str = FLOWED) -> bytes:
    signed = sign(post.written(text, to=to), key("bob"), "bob.example", fields=OPEN)
    return signed.replace(PLAIN.encode(), content_type.encode(), 1)


def test_a_changed_format_that_makes_a_command_of_a_text(post: Post) -> None:
    """In a flowed text the space before a line is taken off."""
    text = "/tag heron\n\nAs it stands on the page:\n\n /close resolved"
    assert post.arrives(as_another(post, text, post.reply("bob"), content_type=PLAIN)) == "asked"
    assert post.arrives(as_another(post, text, post.reply("bob"))) in ("asked", "refused")
    assert post.found.is_open
    assert not post.found.tags


def test_a_changed_format_that_undoes_an_end(post: Post) -> None:
    """What stands below /end is for the committee."""
    text = "/reply reporter\nWe look at it. \n /end\nI think that he did it."
    assert post.arrives(as_another(post, text, post.reply("bob"))) == "asked"
    assert post.letters() == {("member:bob", "confirmation")}


def test_a_changed_format_that_undoes_a_quote(post: Post) -> None:
    text = "/object\nbecause of this \n\t> paragraph two"
    assert post.arrives(as_another(post, text, post.ballot("bob"))) == "asked"
    assert post.votes() == {}


CHARSETS = ("utf-8", "us-ascii", "latin-1", "utf-7", "utf-16", "hz", "iso-2022-jp", "gb18030",
            "cp037", "unicode_escape", "punycode", "x", '"utf-7"')  # fmt: skip
ENCODINGS = ("7bit", "8bit", "base64", "quoted-printable", "", "x-uuencode", "(c) base64", "BASE64")
TYPES = ("text/plain", "text/html", FLOWED, f"{FLOWED}; delsp=yes", 'text/plain; Format="flowed"',
         "text/x", "multipart/mixed; boundary=a", 'multipart/alternative; boundary="b"',
         "text/plain; name=x", "message/rfc822", "text", "")  # fmt: skip
PIECES = ("/reply reporter\n", "/object\n", "/tag x \n", "/end\n", " /end\n", " /close resolved\n",
          "because y \n", "we \n", "> q \n", " > q\n", "\t> q \n", "\u200b> q\n", ">q\n", "-- \n",
          "\n", " \n", "--a\n", "--b\n", "--a--\n", "Content-Type: text/plain\n\n",
          "Content-Type: text/html\n\n", "Content-Transfer-Encoding: base64\n", "+AC8-approve\n",
          "=2Fapprove\n", "/app=\nrove\n", "L2FwcHJvdmU=\n", "~{", "\\x2fapprove\n",
          "&#47;approve\n", "\u00e9")  # fmt: skip


def readings(chance: random.Random, body: str) -> set[tuple[str, ...]]:
    """What a body that needs no trust in its declarations runs, declared in a dozen ways."""
    found: set[tuple[str, ...]] = set()
    for _ in range(12):
        declared = chance.choice(TYPES)
        if declared and chance.random() < 0.3:
            declared += f"; charset={chance.choice(CHARSETS)}"
        raw = (
            "From: bob@bob.example\nTo: conduct@example.org\n"
            f"Content-Type: {declared}\nContent-Transfer-Encoding: {chance.choice(ENCODINGS)}\n\n"
        )
        mail = read((raw + body).replace("\n", "\r\n").encode())
        assert isinstance(mail, Mail)
        if mail.plain_opening and mail.body is Body.PLAIN:
            commands = parse(mail.text).commands
            words = [f"{' '.join(c.line.split())} | {' '.join(c.text.split())}" for c in commands]
            found.add(tuple(words))
    return {one for one in found if one}


def test_however_it_is_declared_it_runs_the_same() -> None:
    chance = random.Random(20261121)
    ran = 0
    for _ in range(2000):
        more = (chance.choice(PIECES) for _ in range(chance.randrange(5)))
        body = chance.choice(("/reply reporter\nwe \n", "/object\n", "/tag x \n")) + "".join(more)
        found = readings(chance, body)
        assert len(found) <= 1, repr(body)
        ran += len(found)
    assert ran > 100
