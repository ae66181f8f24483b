"""Attacks on where a command may stand: bob's own mail, soundly signed, with a command in it that
he did not write at its top. What he forwards, quotes or attaches is somebody else's word.
"""

from __future__ import annotations

import pytest

from tests.attacks.kit import BOB, Post
from tests.promises.kit import text_of

_PARTS = (
    "--p\nContent-Type: text/plain\n\n{plain}\n--p\nContent-Type: {kind}\n{more}\n{other}\n--p--"
)


@pytest.fixture
def post() -> Post:
    return Post()


def parts(plain: str, kind: str, other: str, *, more: str = "") -> str:
    return _PARTS.format(plain=plain, kind=kind, other=other, more=more)


def test_words_without_a_signature_are_shown_as_such(post: Post) -> None:
    """Anybody who knows an address of bob's can say something in his name, and not unmarked."""
    for proved, raw in (
        (False, post.written("I resign.", to=post.reply("bob"))),
        (True, post.signed("I resign.", to=post.reply("bob"))),
    ):
        assert post.arrives(raw) == "told"
        for handle in ("alice", "carol"):
            shown = text_of(post.letter(f"member:{handle}", "message"))
            assert ("The sender isn't proved" in shown) is not proved


def test_a_command_in_html_alone(post: Post) -> None:
    assert post.arrives(post.signed("<p>/approve</p>", content_type="text/html")) == "asked"
    assert post.letters() == {("member:bob", "confirmation")}
    text = parts(" ", "text/html", "<p>/approve</p>")
    mail = post.signed(text, content_type='multipart/alternative; boundary="p"')
    assert post.arrives(mail) == "asked"
    assert post.votes() == {}


def test_a_command_in_the_html_half_of_a_mail(post: Post) -> None:
    text = parts("I am against it.", "text/html", "<p>/approve</p>")
    mail = post.signed(text, content_type='multipart/alternative; boundary="p"')
    assert post.arrives(mail) == "told"
    text = parts("/object", "text/html", "<p>/approve</p>")
    mail = post.signed(text, content_type='multipart/alternative; boundary="p"')
    assert post.arrives(mail) == "ran"
    assert post.votes() == {"bob": "object"}


@pytest.mark.parametrize(
    "text",
    ["> /approve", ">> /approve\n> no", "\u00a0> /approve", "Ann wrote:\n> /approve\n\nHm."],
)
def test_a_command_in_a_quote(post: Post, text: str) -> None:
    assert post.arrives(post.signed(text)) == "told"
    assert post.votes() == {}


def test_a_command_in_a_quote_that_lost_its_marks(post: Post) -> None:
    assert post.arrives(post.signed("Ann wrote:\n\n/approve\n\nI don't know.")) == "refused"
    assert post.letters() == {("member:bob", "refusal")}
    assert post.votes() == {}


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("text/plain; name=vote.txt", "/approve"),
        ("text/x-log", "/approve"),
        ("message/rfc822", "From: eve@evil.example\nSubject: x\n\n/approve"),
        (f"message/rfc822; name={BOB}", f"From: {BOB}\nContent-Type: text/plain\n\n/approve"),
    ],
)
@pytest.mark.parametrize("disposition", ["", "Content-Disposition: attachment; filename=v\n"])
def test_a_command_in_an_attachment(post: Post, kind: str, other: str, disposition: str) -> None:
    text = parts("See there.", kind, other, more=disposition)
    mail = post.signed(text, content_type='multipart/mixed; boundary="p"')
    assert post.arrives(mail) == "told"
    assert post.votes() == {}


@pytest.mark.parametrize("own", ["See there.", ""])
@pytest.mark.parametrize(
    "outside", ["/approve", "--p\nContent-Type: text/plain\n\n/approve\n--p--"]
)
def test_a_command_outside_the_parts(post: Post, own: str, outside: str) -> None:
    """Bob's mail program didn't show it to him, whoever wrote it."""
    kind = 'multipart/mixed; boundary="p"'
    for first in (f"Content-Type: text/plain\n\n{own}", "Content-Type: image/png\n\nx"):
        text = f"--p\n{first}\n--p--\n{outside}\n"
        assert post.arrives(post.signed(text, content_type=kind)) == "told"
    assert post.arrives(post.signed(f"/approve\n--p\n{first}\n--p--", content_type=kind)) == "told"
    assert post.votes() == {}
    text = f"--p\nContent-Type: text/plain\n\n/object\n--p--\n{outside}\n"
    assert post.arrives(post.signed(text, content_type=kind)) == "ran"
    assert post.votes() == {"bob": "object"}


def test_a_command_in_a_mail_that_is_nothing_but_an_attachment(post: Post) -> None:
    inner = "From: eve@evil.example\nContent-Type: text/plain\n\n/approve"
    assert post.arrives(post.signed(inner, content_type="message/rfc822")) == "told"
    mail = post.signed("/approve", content_type="text/plain; name=vote.txt")
    assert post.arrives(mail) == "told"
    assert post.votes() == {}


@pytest.mark.parametrize(
    "head",
    [
        "---------- Forwarded message ---------\nFrom: Eve <eve@evil.example>",
        "Begin forwarded message:\n\nFrom: Eve <eve@evil.example>",
        "-----Original Message-----\nFrom: Eve",
        "FYI",
    ],
)
def test_a_command_in_a_mail_forwarded_inline(post: Post, head: str) -> None:
    assert post.arrives(post.signed(f"{head}\nSubject: x\n\n/approve\n")) == "refused"
    assert post.letters() == {("member:bob", "refusal")}
    assert post.votes() == {}


def test_a_command_in_a_display_name_or_a_subject(post: Post) -> None:
    named = post.signed("Hello.", sender=f'"/approve" <{BOB}>', subject="/approve")
    assert post.arrives(named) == "told"
    assert post.arrives(post.signed("", sender=f"/approve <{BOB}>", subject="/approve")) == "told"
    assert post.votes() == {}


@pytest.mark.parametrize(
    ("text", "became"),
    [
        ("/\u0430pprove", "refused"),  # a Cyrillic a
        ("/appr\u03bfve", "refused"),  # a Greek o
        ("/\uff41\uff50\uff50\uff52\uff4f\uff56\uff45", "refused"),  # wide letters
        ("/app\u200crove", "refused"),  # a joiner of no width
        ("/app\u00adrove", "refused"),  # a soft hyphen
        ("/approve\u202e", "refused"),  # writing turned round
        ("\uff0fapprove", "told"),  # a wide slash
        ("\u2044approve", "told"),  # a fraction's slash
        ("\u29f8approve", "told"),
        ("\u200c/approve", "told"),
    ],
)
def test_a_command_with_letters_that_look_alike(post: Post, text: str, became: str) -> None:
    """Not one of them is a vote, and no member is shown one that did not count as one that did."""
    assert post.arrives(post.signed(text)) == became
    assert post.votes() == {}


@pytest.mark.parametrize("text", ["/app\u200brove", "\ufeff/approve", "\u200b/approve"])
def test_marks_that_mail_programs_put_into_a_text_change_nothing(post: Post, text: str) -> None:
    assert post.arrives(post.signed(text)) == "ran"
    assert post.votes() == {"bob": "approve"}


@pytest.mark.parametrize("hidden", ["\u200b> /approve", "\ufeff> /approve"])
def test_a_quote_behind_a_mark_of_no_width_is_no_command(post: Post, hidden: str) -> None:
    assert post.arrives(post.signed(hidden)) == "told"
    assert post.votes() == {}
