"""What stands outside a mail's parts, where most mail programs show nothing: it is shown below all
else, and nothing there says what should happen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cocmail.adapters.html import html_to_text
from cocmail.core.body import Below, Body
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail, Unreadable, files, read
from cocmail.core.verification import UNPROVED, Signature
from tests.core.house import House
from tests.core.test_mail import mail, multipart, part
from tests.promises.play.room import COMMUNITY, COVERED

HELLO = part("text/plain", "Hello")
PAGE = part("text/html", "<p>Hello</p>")
REPORT = "He waited for me at the bar."
INNER = f'Content-Type: multipart/alternative; boundary="b"\n\n--b\n{HELLO}\n--b\n{PAGE}\n--b--\n'
PROGRAM = part("application/octet-stream; name=setup.exe", "x")


def around(before: str = "", behind: str = "", *parts: str) -> str:
    """A mail of "Hello", with this before its first delimiter and behind its last."""
    return multipart(*(parts or (HELLO,))).replace("\n\n--b", f"\n\n{before}--b", 1) + behind


@pytest.mark.parametrize(
    ("raw", "outside"),
    [
        (around("", f"{REPORT}\n"), REPORT),
        (around("", f"\n\n{REPORT}\n"), REPORT),
        (around("", f"--b--\n{REPORT}\n"), f"--b--\n{REPORT}"),
        (around(f"{REPORT}\n"), REPORT),
        (around("One.\n", "Two.\n"), "One.\n\nTwo."),
        (around("", f"--b\n{part('text/plain', REPORT)}\n--b--\n"), REPORT),
        (around("", f"--b\n{part('text/plain', REPORT)}\n--b--\n--b--\n"), REPORT),
        (around("", f"--b\n{part('text/plain', REPORT)}"), REPORT),
        (around("", "One.\n--b\n\nTwo.\n--b--\n--b\n\nThree.\n--b--\n"), "Two.\n\nThree.\n\nOne."),
        (around("", f"--b\n{part('text/html', f'<p>{REPORT}</p>')}\n--b--\n"), REPORT),
        (around("", f"--b\n{multipart(HELLO, boundary='c')}--b--\n"), "Hello"),
        (around("", f"--b\n{part('multipart/mixed; boundary=never', REPORT)}"), REPORT),
    ],
)
def test_what_stands_outside_the_parts_is_shown_below(raw: str, outside: str) -> None:
    found = read(raw.encode(), html_to_text=html_to_text)
    assert isinstance(found, Mail)
    assert (found.body, str(found.text), str(found.fuller)) == (Body.PLAIN, "Hello", "")
    assert str(found.beside) == outside
    assert str(found.whole).split() == f"Hello {outside}".split()
    assert found.own == "Hello"
    assert (found.below, found.attachments) == ({Below.OUTSIDE}, ())


def test_what_stands_outside_an_inner_multipart_s_parts_is_shown_too() -> None:
    inner = multipart(PAGE, kind="alternative", boundary="c")
    raw = multipart(f"{inner}{REPORT}\n", part("text/plain", "The list"))
    found = mail(raw)
    assert (str(found.text), str(found.beside)) == ("Hello\n\nThe list", REPORT)


def test_what_an_inner_multipart_of_the_same_boundary_hides_is_shown() -> None:
    """Its end is taken for the outer's; what follows was left out."""
    raw = multipart(INNER, part("text/plain", REPORT), PROGRAM)
    found = mail(raw)
    assert {*found.text.split()} == {"Hello"}
    assert str(found.beside) == REPORT
    assert [str(one.name) for one in found.attachments] == ["setup.exe"]
    assert [data for _, data in files(raw.encode())] == [b"x"]


def test_a_file_behind_the_end_is_listed() -> None:
    found = mail(around("", f"--b\n{PROGRAM}\n--b--\n"))
    assert [str(one.name) for one in found.attachments] == ["setup.exe"]
    assert (found.body, found.beside, found.below) == (Body.PLAIN, "", frozenset())
    note = part("text/plain; name=text_0.txt", REPORT)
    for raw in (around("", f"--b\n{note}\n--b--\n"), around("", f"--b\n{note}\n--b--\n", PROGRAM)):
        found = mail(raw)
        assert (found.fuller, found.beside, found.below) == ("", REPORT, {Below.FILE})
        assert found.attachments[-1].shown


@pytest.mark.parametrize(
    "said",
    [
        "",
        " \n\t\n\n",
        "--------\n",
        "This is a multi-part message in MIME format.\n",
        "This is a multi-part message in MIME format.\n\n\n",
        "This is a cryptographically signed message in MIME format.\n\n",
        "This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n",
        "This is a MIME-encapsulated message\n\n",
        "This is a MIME-formatted message.  If you see this text it means that your\nE-mail"
        " software does not support MIME-formatted messages.\n",
        "This message is in MIME format. Since your mail reader does not understand\nthis format,"
        " some or all of this message may not be legible.\n\n",
        "  This message is in MIME format.  The first part should be readable text,\n  while the"
        " remaining parts are likely unreadable without MIME-aware tools.\n  Send mail to"
        " mime@docserver.cac.washington.edu for more info.\n\n",
        "Dies ist eine mehrteilige Nachricht im MIME-Format.\n",
    ],
)
def test_what_programs_write_there_is_not(said: str) -> None:
    found = mail(around(said, said))
    assert (found.whole, found.beside, found.below) == ("Hello", "", frozenset())


@pytest.mark.parametrize(
    "said",
    [
        "This is a multi-part message in MIME format. He hit me.\n",
        "MIME\nhelp\n",
        "Read this.\n",
        "This is a MIME message. " * 30 + "\nHe hit me.\n",
        "Übergriff\n",
    ],
)
def test_what_only_looks_so_is_shown(said: str) -> None:
    for found in (mail(around(said)), mail(around("", said))):
        assert str(found.beside).strip() == said.strip()


def test_without_a_part_it_is_read_as_it_came() -> None:
    found = mail(around("", "").replace(f"--b\n{HELLO}\n", REPORT + "\n"))
    assert (found.body, found.beside) == (Body.SEVERAL, "")
    assert REPORT in found.text


def test_it_changes_nothing_of_what_a_mail_is() -> None:
    for kind in ("signed", "encrypted"):
        signature = part("application/pgp-signature", "x")
        sealed = part("application/pgp-encrypted", "Version: 1")
        parts = (HELLO, signature) if kind == "signed" else (sealed,)
        plain = multipart(*parts, kind=kind)
        for raw in (plain + REPORT, plain + f"--b\n{part('text/plain', REPORT)}\n--b--\n"):
            found, same = mail(raw), mail(plain)
            assert found.beside == REPORT
            assert (found.body, found.encrypted, found.partly_encrypted) == (
                same.body, same.encrypted, same.partly_encrypted
            )  # fmt: skip
            assert found.plain_opening is same.plain_opening
            assert found.attachments == same.attachments


# -- within limits ----


def test_it_is_cut_where_texts_are_and_listed() -> None:
    raw = around("", "word " * 200).encode()
    found = read(raw, Limits(text=400))
    assert isinstance(found, Mail)
    assert (len(found.beside), [one.missing for one in found.attachments]) == (395, [604])
    long = read(around("", REPORT, part("text/plain", "word " * 200)).encode(), Limits(text=400))
    assert isinstance(long, Mail)
    assert long.beside == "", "or nobody would see where the text was cut"
    assert [one.missing for one in long.attachments] == [600, len(REPORT)]


def test_parts_behind_the_end_count() -> None:
    behind = "--b--\nx\n--b\n\nx\n"
    assert isinstance(read(around("", behind * 90).encode()), Mail)
    assert isinstance(read(around("", behind * 150).encode()), Unreadable)
    assert isinstance(read(around("", "--b--\nx\n" * 40_000).encode()), Mail), "no part is there"


# -- what people hear of it ----


def send(house: House, sender: str, to: str, body: str) -> None:
    raw = (
        f"From: {sender}\nTo: {to}\nSubject: Hello\nMessage-ID: <borders@mail.example>\n"
        f"Date: Sat, 21 Nov 2026 12:00:00 +0000\nMIME-Version: 1.0\n{body}"
    ).replace("\n", "\r\n")
    auth = replace(UNPROVED, signature=Signature.SOUND, covered=COVERED, marks=("b",), why="")
    house.last = house.room.deliver(raw.encode(), auth)


def test_members_read_it_and_are_told_where_it_stood() -> None:
    house = House()
    send(house, "anna@quiet.example", COMMUNITY, around("", REPORT))
    (copy,) = house.got("member:alice", "report")
    assert copy.index("Hello") < copy.index(REPORT)
    assert "At the end stands what is written outside its parts" in " ".join(copy.split())


def test_who_is_named_there_alone_is_out_too() -> None:
    house = House()
    send(house, "anna@quiet.example", COMMUNITY, around("", "Carol Quillfeather saw it."))
    assert house.got("member:alice", "report")
    assert not house.got("member:carol")


@pytest.mark.parametrize("own", [part("text/plain", "I saw it."), PROGRAM])
@pytest.mark.parametrize("border", ["", "--b\nContent-Type: text/plain\n\n"])
def test_no_command_and_no_wish_stands_there(own: str, border: str) -> None:
    house = House()
    case = house.report("anna@quiet.example", "He shouts.")
    to = house.room.address(case, "member:alice")
    send(house, "alice@alice.example", to, around("", f"{border}/close resolved\n", own))
    assert house.case(case).is_open
    to = house.room.address(case, "reporter:1")
    wish = f"{border}Safe address: mallory@mallory.example\n"
    send(house, "anna@quiet.example", to, around("", wish, own))
    party = house.case(case).parties["reporter:1"]
    assert [*map(str, party.addresses)] == ["anna@quiet.example"]
    (copy,) = house.got("member:alice", "message")[-1:]
    assert "Safe address: mallory" in copy
