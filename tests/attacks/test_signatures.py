"""Attacks on what proves a sender: each would have a vote counted that its member never sent.

The page docs/security-model.md has a row for each; tests/mutants has a patch that takes its guard
out. Every mail is really signed and goes through the real intake.
"""

from __future__ import annotations

import pytest

from tests.attacks.kit import ALL, BOB, Post
from tests.attacks.signer import key, now, sign, weak_key

ASIDE = {("member:bob", "alert")} | {(f"member:{h}", "message") for h in ("alice", "bob", "carol")}
"""Who hears of a mail that was forged in bob's name."""
OURS = "mx.example.org"
PASS = b"Authentication-Results: mx.example.org; dkim=pass header.d=bob.example\r\n"
OTHER = b"Authentication-Results: mx.evil.example; dkim=pass header.d=bob.example\r\n"
FAIL = b"Authentication-Results: mx.example.org; dkim=fail header.d=bob.example\r\n"
NONE = b"Authentication-Results: mx.example.org; none\r\n"


@pytest.fixture
def post() -> Post:
    return Post()


def test_what_is_really_bobs_counts(post: Post) -> None:
    assert post.arrives(post.signed("/approve")) == "ran"
    assert post.votes() == {"bob": "approve"}
    assert post.arrives(post.signed("/object")) == "ran"
    assert post.votes() == {"bob": "object"}


# -- replays -----------------------------------------------------------------------------------


def test_a_replay_of_the_same_bytes(post: Post) -> None:
    first = post.signed("/assign bob", to=post.reply("bob"))
    assert post.arrives(first) == "ran"
    assert post.arrives(post.signed("/assign carol", to=post.reply("bob"))) == "ran"
    assert post.arrives(first) == "filed"
    assert post.arrives(b"Received: from x by y; later\r\n" + first) == "filed"
    assert not post.letters()
    assert post.found.assigned == "carol"


def test_a_replay_that_looks_new(post: Post) -> None:
    first = post.signed("/assign bob", to=post.reply("bob"))
    assert post.arrives(first) == "ran"
    assert post.arrives(post.signed("/assign carol", to=post.reply("bob"))) == "ran"
    at = first.index(b"; b=") + 30
    for again in (b"X-New: 1\r\n" + first, first[:at] + b"\r\n " + first[at:]):
        assert post.arrives(again) == "asked"
        assert post.letters() == {("member:bob", "confirmation")}
    assert post.found.assigned == "carol"


def test_a_replay_of_a_vote(post: Post) -> None:
    first = post.signed("/approve")
    assert post.arrives(first) == "ran"
    assert post.arrives(post.signed("/object")) == "ran"
    assert post.arrives(b"X-New: 1\r\n" + first) == "asked"
    assert post.votes() == {"bob": "object"}


def test_a_refused_command_once_more_when_it_would_do_something(post: Post) -> None:
    first = post.signed("/reopen", to=post.reply("bob"))
    assert post.arrives(first) == "refused"
    assert post.arrives(post.signed("/withdraw", "alice", to=post.reply("alice"))) == "ran"
    assert post.arrives(post.signed("/close resolved", to=post.reply("bob"))) == "ran"
    assert post.arrives(b"X-New: 1\r\n" + first) == "asked"
    assert not post.found.is_open


def test_a_command_that_was_asked_about_once_more(post: Post) -> None:
    """It came without its signature first; bob, who was asked, did not want it any more."""
    mail = post.written("/assign bob", to=post.reply("bob"))
    assert post.arrives(mail) == "asked"
    assert post.arrives(sign(mail, key("bob"), "bob.example")) == "asked"
    assert not post.found.assigned


def test_a_second_signature_makes_no_replay_new(post: Post) -> None:
    """One of two signatures is taken off; each of them was seen."""
    other = "other._domainkey.bob.example"
    post.records[other] = key("bob, other").record()
    mail = post.written("/assign bob", to=post.reply("bob"))
    twice = sign(sign(mail, key("bob"), "bob.example"), key("bob, other"), "bob.example",
                 selector="other")  # fmt: skip
    assert post.arrives(twice) == "ran"
    assert post.arrives(post.signed("/assign carol", to=post.reply("bob"))) == "ran"
    assert post.arrives(twice[twice.index(b"DKIM-Signature", 9) :]) == "asked"
    assert post.found.assigned == "carol"


def test_a_replay_to_the_same_members_address_in_another_case(post: Post) -> None:
    other = post.another()
    mail = post.signed("/approve")
    there = post.ballot("bob", other)
    assert post.arrives(b"X-New: 1\r\n" + mail, there) == "set aside"
    assert post.letters() == {("member:bob", "refusal")}
    moved = mail.replace(post.ballot("bob").encode(), there.encode())
    assert post.arrives(moved) == "set aside"
    assert post.letters() == ASIDE
    assert (post.votes(), post.votes(other)) == ({}, {})


def test_a_replay_to_another_members_address(post: Post) -> None:
    mail = post.signed("/approve")
    assert post.arrives(b"X-New: 1\r\n" + mail, post.ballot("carol")) == "set aside"
    moved = mail.replace(post.ballot("bob").encode(), post.ballot("carol").encode())
    assert post.arrives(moved) == "set aside"
    assert post.votes() == {}


def test_a_mail_for_somebody_else_sent_on_to_us(post: Post) -> None:
    """Bob wrote it to another place, where /approve meant something else."""
    mail = post.signed("/approve", to="robot@elsewhere.example")
    assert post.arrives(mail, post.ballot("bob")) == "asked"
    assert post.votes() == {}


# -- what a signature covers -------------------------------------------------------------------


def test_a_second_subject_put_on_top(post: Post) -> None:
    assert post.arrives(b"Subject: other\r\n" + post.signed("/approve")) == "asked"
    assert post.votes() == {}


TWO = (
    "--a\nContent-Type: text/plain\n\n/object\n--a--\n"
    "--b\nContent-Type: text/plain\n\n/approve\n--b--"
)


def test_a_second_content_type_that_switches_the_boundary(post: Post) -> None:
    declared = "multipart/mixed; boundary=a"
    signed = post.signed(TWO, content_type=declared)
    assert post.arrives(b"Content-Type: multipart/mixed; boundary=b\r\n" + signed) == "asked"
    assert post.votes() == {}
    assert post.arrives(signed) == "asked", "its signature was here before"
    assert post.arrives(post.signed(TWO, content_type=declared)) == "ran"
    assert post.votes() == {"bob": "object"}


def test_a_content_type_that_was_not_signed_and_was_changed(post: Post) -> None:
    mail = post.written(TWO, content_type="multipart/mixed; boundary=a")
    fields = [name for name in ALL if name != "content-type"]
    signed = sign(mail, key("bob"), "bob.example", fields=fields)
    assert post.arrives(signed.replace(b"boundary=a", b"boundary=b", 1)) == "asked"
    assert post.votes() == {}


@pytest.mark.parametrize("name", ["Reply-To", "In-Reply-To", "References"])
def test_a_field_that_was_added_and_is_not_signed(post: Post, name: str) -> None:
    added = f"{name}: <eve@evil.example>\r\n".encode()
    assert post.arrives(added + post.signed("/approve")) == "asked"
    assert post.votes() == {}


@pytest.mark.parametrize("name", ["to", "subject", "date", "message-id"])
def test_a_field_that_was_left_open(post: Post, name: str) -> None:
    fields = [one for one in ALL if one != name]
    signed = sign(post.written("/approve"), key("bob"), "bob.example", fields=fields)
    assert post.arrives(signed) == "asked"
    assert post.votes() == {}


def test_text_appended_behind_what_l_covers(post: Post) -> None:
    empty = sign(post.written(""), key("bob"), "bob.example", length=0)
    assert post.arrives(empty.rstrip() + b"\r\n\r\n/approve\r\n") == "asked"
    signed = sign(post.written("/object"), key("bob"), "bob.example", length=len("/object\r\n"))
    assert post.arrives(signed + b"because I was paid for it\r\n") == "asked"
    assert post.votes() == {}


# -- From --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "top",
    [b"From: bob@bob.example\r\n", b"From : bob@bob.example\r\n", b"fROM:bob@bob.example\r\n"],
)
def test_a_second_from(post: Post, top: bytes) -> None:
    evil = post.written("/approve", sender="eve@bob.example")
    assert post.arrives(top + sign(evil, key("bob"), "bob.example")) == "set aside"
    assert post.arrives(sign(top + evil, key("bob"), "bob.example")) == "set aside"
    assert ("member:bob", "alert") not in post.letters()
    post.trusted = (OURS,)
    evil = post.written("/approve", sender="eve@bob.example")
    assert post.arrives(PASS + top + sign(evil, key("bob"), "bob.example")) == "set aside"
    assert post.votes() == {}


@pytest.mark.parametrize(
    "sender",
    [
        "bob@bob.example, eve@bob.example",
        "eve@bob.example, bob@bob.example",
        "bob@bob.example:eve@bob.example;",
        "bob@bob.example <eve@bob.example>",
        '"x" <bob@bob.example> <eve@bob.example>',
        "<@evil.example:bob@bob.example>",
        "eve@bob.example <bob@bob.example>",
        "bob@bob.example (eve@bob.example)",
        "(eve@bob.example) bob@bob.example",
        '(") <eve@bob.example> (") <bob@bob.example>',
        "bob@bob.example eve@bob.example",
        '"eve@bob.example\vFrom: eve" <bob@bob.example>',
        "=?utf-8?q?,eve@bob.example,?= <bob@bob.example>",
        "=?utf-8?q?a,?= eve@bob.example <bob@bob.example>",
        "=?utf-8?q?,eve@bob,?= <bob@bob.example>",
        "=?utf-8?q?<eve@bob.example>?= <bob@bob.example>",
        "[eve@bob.example] <bob@bob.example>",
        "<bob@bob.example>, eve@bob.example",
        "(a (eve@bob.example)) bob@bob.example",
        '"eve"@bob.example <bob@bob.example>',
    ],
)
def test_two_mailboxes_in_one_from(post: Post, sender: str) -> None:
    """The provider of both signs for eve, and some reader takes bob."""
    mail = post.written("/approve", sender=sender)
    assert post.arrives(sign(mail, key("bob"), "bob.example")) == "set aside"
    assert post.votes() == {}


def test_a_from_that_two_may_read_differently(post: Post) -> None:
    """It is worth what an unsigned mail is: bob is asked."""
    mail = post.written("/approve", sender="=?utf-8?q?eve_@bob?= <bob@bob.example>")
    assert post.arrives(sign(mail, key("bob"), "bob.example")) == "asked"
    assert post.votes() == {}


@pytest.mark.parametrize(
    "sender", ["=?utf-8?q?O'B,_Bob_(x)?= <bob@bob.example>", "Bob [Team] <bob@bob.example>,"]
)
def test_a_member_with_an_odd_name_acts(post: Post, sender: str) -> None:
    mail = post.written("/approve", sender=sender)
    assert post.arrives(sign(mail, key("bob"), "bob.example")) == "ran"
    assert post.votes() != {}


@pytest.mark.parametrize(
    "sender",
    [
        '"bob@bob.example" <eve@evil.example>',
        "=?utf-8?q?bob=40bob=2Eexample?= <eve@evil.example>",
        "Bob Quillfeather <eve@evil.example>",
        "b\u043eb@bob.example",
        "bob@b\u043eb.example",
        "bob@bob.example.evil.example",
        "bob@\uff42ob.example",  # a wide b, which a name in DNS is made plain of
        "\uff42ob@bob.example",
        "bob@bob\u3002example",  # a full stop of another script
        "\u200bbob@bob.example",
        "bob\u00ad@bob.example",
    ],
)
def test_a_from_that_only_looks_like_bobs(post: Post, sender: str) -> None:
    mail = post.written("/approve", sender=sender)
    for domain in ("evil.example", "bob.example", "bob.example.evil.example"):
        post.publish(domain, key("eve"))
        assert post.arrives(sign(mail, key("eve"), domain)) == "set aside"
    assert post.votes() == {}


def smuggled(post: Post, end: str) -> bytes:
    """A whole mail of bob's inside a field of eve's, for a reader who ends lines at ``end``."""
    inner = post.written("/approve").decode().replace("\r\n", end)
    return b"X-A: 1" + end.encode() + inner.encode() + b"\r\n" + post.written(
        "Hello", sender="eve@bob.example"
    )  # fmt: skip


def test_a_bare_cr_that_smuggles_a_from(post: Post) -> None:
    """The provider that eve shares with bob signs her From; some readers see his."""
    assert post.arrives(sign(smuggled(post, "\r"), key("bob"), "bob.example")) == "set aside"
    inside = post.written("/approve").replace(b"/approve", b"x\r\n/approve\r")
    assert post.arrives(sign(inside, key("bob"), "bob.example")) in ("asked", "refused")
    assert post.votes() == {}


def test_a_bare_lf_that_smuggles_a_from(post: Post) -> None:
    assert post.arrives(sign(smuggled(post, "\n"), key("bob"), "bob.example")) == "set aside"
    assert post.letters() == ASIDE
    one = post.written("/approve", sender="eve@bob.example")
    one = b"X-A: 1\nFrom: bob@bob.example\r\n" + one
    assert post.arrives(sign(one, key("bob"), "bob.example")) == "set aside"
    assert post.votes() == {}


def test_a_nul_proves_nothing(post: Post) -> None:
    head = post.written("/approve", sender="bob@bob.example\0eve@bob.example")
    assert post.arrives(sign(head, key("bob"), "bob.example")) == "set aside"
    field = post.written("/approve", more="X-A: 1\0From: eve@bob.example\r\n")
    assert post.arrives(sign(field, key("bob"), "bob.example")) == "set aside"
    body = post.written("/approve\n\nx\0y")
    assert post.arrives(sign(body, key("bob"), "bob.example")) == "asked"
    assert post.votes() == {}


# -- keys and algorithms -----------------------------------------------------------------------


@pytest.mark.parametrize("bits", [512, 768])
def test_a_weak_key(post: Post, bits: int) -> None:
    """Whoever looks it up can compute its private half, in hours or days."""
    post.publish("bob.example", weak_key(bits))
    assert post.arrives(sign(post.written("/approve"), weak_key(bits), "bob.example")) == "asked"
    assert post.votes() == {}


def test_rsa_sha1(post: Post) -> None:
    mail = sign(post.written("/approve"), key("bob"), "bob.example", algorithm="rsa-sha1")
    assert post.arrives(mail) == "asked"
    assert post.votes() == {}


def test_a_signature_that_has_expired(post: Post) -> None:
    mail = sign(post.written("/approve"), key("bob"), "bob.example", tags=f"x={now(-60)}; ")
    assert post.arrives(mail) == "set aside"
    assert post.letters() == ASIDE
    assert post.votes() == {}
    mail = sign(post.written("/approve"), key("bob"), "bob.example", tags=f"x={now(600)}; ")
    assert post.arrives(mail) == "ran"


def test_a_signature_from_the_future(post: Post) -> None:
    mail = sign(post.written("/approve"), key("bob"), "bob.example", tags=f"t={now(7200)}; ")
    assert post.arrives(mail) == "set aside"
    assert post.votes() == {}


@pytest.mark.parametrize(
    ("tags", "became"),
    [("t=y; ", "asked"), ("h=sha1; ", "set aside"), ("s=other; ", "asked")],
    ids=["testing", "sha1-only", "another-service"],
)
def test_a_key_that_is_not_for_this(post: Post, tags: str, became: str) -> None:
    """Testing only, SHA-1 only, and another service than mail."""
    post.publish("bob.example", key("bob"), tags)
    assert post.arrives(post.signed("/approve")) == became
    assert post.votes() == {}


@pytest.mark.parametrize(
    "domain", ["evil.example", "notbob.example", "bob.example.evil.example", "example"]
)
def test_a_signature_of_another_domain(post: Post, domain: str) -> None:
    """Anybody can sign with a domain of their own."""
    post.publish(domain, key("eve"))
    assert post.arrives(sign(post.written("/approve"), key("eve"), domain)) == "asked"
    assert post.votes() == {}


def test_a_key_of_eves_under_bobs_selector(post: Post) -> None:
    mail = sign(post.written("/approve"), key("eve"), "bob.example")
    assert post.arrives(mail) == "set aside"
    assert post.letters() == ASIDE
    assert post.arrives(post.signed("/object").replace(b"/object", b"/approve")) == "set aside"
    assert post.votes() == {}


# -- Authentication-Results --------------------------------------------------------------------


def altered(post: Post) -> bytes:
    """Sound once; our own server added a line at its end."""
    return post.signed("/approve") + b"\r\nA footer\r\n"


def test_a_result_of_our_own_server_is_believed() -> None:
    post = Post(trusted=[OURS])
    assert post.arrives(PASS + altered(post)) == "ran"
    assert post.votes() == {"bob": "approve"}


@pytest.mark.parametrize(
    "top",
    [
        FAIL + PASS,  # the trusted one says no; a forged one below it says yes
        NONE + PASS,
        OTHER,  # another server's word
        OTHER + PASS,  # ours, but not topmost: it may have come with the mail
        b"Authentication-Results: mx.example.org.evil.example; dkim=pass header.d=bob.example\r\n",
        b"Subject: x\r\n" + PASS,
    ],
    ids=["below-a-fail", "below-a-none", "other-id", "not-topmost", "longer-id", "below-a-field"],
)
def test_a_forged_result(top: bytes) -> None:
    post = Post(trusted=[OURS])
    assert post.arrives(top + altered(post)) == "set aside"
    assert post.arrives(top + post.written("/approve")) == "asked"
    assert post.votes() == {}


def test_a_result_is_not_believed_unless_the_operator_said_so() -> None:
    post = Post()
    assert post.arrives(PASS + altered(post)) == "set aside"
    assert post.votes() == {}


def test_a_result_for_a_mail_without_a_signature() -> None:
    post = Post(trusted=[OURS])
    assert post.arrives(PASS + post.written("/approve")) == "asked"
    assert post.votes() == {}


# -- a ballot in the wrong hands ---------------------------------------------------------------


def test_a_stolen_ballot_without_the_mailbox(post: Post) -> None:
    for domain in ("", "evil.example"):
        mail = post.written("/approve")
        if domain:
            post.publish(domain, key("eve"))
            mail = sign(mail, key("eve"), domain)
        assert post.arrives(mail) == "asked"
        assert post.letters() == {("member:bob", "confirmation")}
        (asked,) = post.room.sent[-1].letters
        assert asked.to == BOB
    assert post.votes() == {}


def test_a_stolen_ballot_where_unsigned_is_refused() -> None:
    from cocmail.core.policy import Unsigned

    post = Post(unsigned=Unsigned.REFUSE)
    assert post.arrives(post.written("/approve")) == "refused"
    assert post.letters() == {("member:bob", "refusal")}
    assert post.votes() == {}


def test_a_ballot_forwarded_to_another_member(post: Post) -> None:
    """Carol answers from her own mailbox to bob's ballot: it is neither his vote nor hers."""
    mail = post.signed("/approve", "carol", to=post.ballot("bob"))
    assert post.arrives(mail) == "set aside"
    assert post.votes() == {}
