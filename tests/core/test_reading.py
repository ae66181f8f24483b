"""How a mail is read to people: what hides is named, what is attached is named and not opened."""

from __future__ import annotations

import base64
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from cocmail.adapters.files import copied
from cocmail.adapters.html import html_to_text
from cocmail.core import attached, casework, smime
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail, read
from cocmail.core.people import Address, Mailbox, Private
from cocmail.core.setting import Setting
from cocmail.core.spelling import remark, spelled
from tests.core.test_mail import mail, multipart, part
from tests.promises.kit import TEMPLATES, World, text_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anna Example", "Anna Example"),
        ("Zoë Müller", "Zoë Müller"),
        ("Ann\u202egnikcah", "Ann[U+202E]gnikcah"),  # turned round
        ("invoice\u202efdp.exe", "invoice[U+202E]fdp.exe"),
        ("ali\u200bce", "ali[U+200B]ce"),
        ("ali\u00adce", "ali[U+00AD]ce"),
        ("\u2066x\u2069", "[U+2066]x[U+2069]"),
        ("a\u3164b", "a[U+3164]b"),  # a letter that is blank
        ("a\U000e0041b", "a[U+E0041]b"),  # a tag
        ("a\u200db", "a[U+200D]b"),
        ("علی\u200cرضا", "علی\u200cرضا"),  # spelt with a joiner
        ("👩\u200d💻", "👩\u200d💻"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("a\ufe0f", "a[U+FE0F]"),
    ],
)
def test_what_hides_is_shown_by_its_number(text: str, shown: str) -> None:
    assert spelled(text) == shown


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("Ottoline Featherstone", "o@reporter.example", ""),
        ("Алиса", "alisa@reporter.example", ""),
        ("Alice Example", "alice@alice.example", ""),  # she herself
        ("Zoë", "zoe@reporter.example", ""),
        ("Pаul Example", "p@x.example", "mixes alphabets: “а” is CYRILLIC SMALL LETTER A."),
        ("Alice Example", "p@x.example", "reads like a committee member's"),
        ("Аliсе  ЕxampIe".replace("I", "l"), "p@x.example", "reads like a committee member's"),
        ("Al\u200bice Example", "p@x.example", "reads like a committee member's"),
        *(
            (name, "p@x.example", "reads like a committee member's")
            for name in ("Alıce Example", "ɑlice Example", "AIice Examp1e", "A|ice Example")
        ),
        ("alice@alice.example", "p@x.example", "an address that isn't the sender's"),
        ("P@X.example", "p@x.example", ""),
        ("P", "p@exаmple.example", "“а” is CYRILLIC SMALL LETTER A"),
        ("P", "p\u200b@x.example", "“[U+200B]” is ZERO WIDTH SPACE"),
    ],
)
def test_what_imitates_is_told(name: str, address: str, said: str) -> None:
    sender = Mailbox(name=Private(name), address=Address(address))
    found = remark(sender, World().roster)
    assert said in found
    assert bool(said) == bool(found)


def test_a_name_is_shown_as_what_it_is() -> None:
    world = World()
    world.report(sender="\u202eAlice Example <o\u2066tto@reporter.example>")
    shown = text_of(world.letters[-1])
    assert "From: [U+202E]Alice Example <o[U+2066]tto@reporter.example>" in shown
    assert "Its name reads like a committee member's, and the address isn't theirs." in shown
    assert not {"\u202e", "\u2066"} & {*world.letters[-1].message.decode()}


@pytest.mark.parametrize(
    ("content_type", "more", "body", "kind"),
    [
        ("message/rfc822", "", "Subject: hello\n\n/approve", "forwarded"),
        ("application/octet-stream; name=a.eml", "", "x", "forwarded"),
        ("text/calendar; method=REQUEST", "", "BEGIN:VCALENDAR", "calendar"),
        ("application/ms-tnef; name=winmail.dat", "", "x", "tnef"),
        ("application/octet-stream; name=winmail.dat", "", "x", "tnef"),
        ("application/octet-stream", "Content-Transfer-Encoding: base64\n", "eJ8+Ig==", "tnef"),
        ("image/png; name=a.png", "", "MZ\x90", "program"),  # what it is, not what it says
        ("application/pdf; name=invoice.exe", "", "x", "program"),
        ("application/pgp-encrypted", "", "Version: 1", "encrypted"),
        ("application/octet-stream; name=smime.p7m", "", "x", "encrypted"),
        ("application/octet-stream; name=evidence.pdf.gpg", "", "x", "encrypted"),
        ("application/octet-stream; name=notes.txt.age", "", "x", "encrypted"),
        ("application/pgp-signature", "", "x", "signature"),
        ("application/octet-stream; name=a.zip", "", "PK\x03\x04", "package"),
        ("application/octet-stream; name=a.docx", "", "PK\x03\x04", "document"),
        ("image/heic; name=a.heic", "", "x", "picture"),
        ("text/html; name=a.html", "", "<img src=http://x.example>", "page"),
        ("text/plain; name=a.txt", "", "x", "text"),
        ("application/x-strange", "", "x", "other"),
        ("message/partial; id=a; number=1", "", "x", "other"),
    ],
)
def test_what_is_attached_is_named_and_not_opened(
    content_type: str, more: str, body: str, kind: str
) -> None:
    found = mail("From: a@x.example\n" + multipart(
        part("text/plain", "the report"), part(content_type, body, more)))  # fmt: skip
    assert found.text.strip() == "the report"
    (one,) = found.attachments
    assert attached.kind_of(one) == kind


def test_the_copy_lists_what_came_along() -> None:
    world = World()
    raw = "From: o@reporter.example\nTo: conduct@example.org\n" + multipart(
        part("text/plain", "the report"),
        part("message/rfc822", "From: m@x.example\n\nI will find you"),
        part("text/calendar; name*=utf-8''tre%e2%80%aeff.ics", "BEGIN:VCALENDAR"),
    )
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    shown = text_of(world.letters[-1])
    assert "Attachments, kept and not shown here:" in shown
    assert "- without a name (a whole mail, not opened, 1 KB)" in shown
    assert "- tre[U+202E]ff.ics (an invitation or a date, not opened, 1 KB)" in shown
    assert "I will find you" not in shown


def test_a_copy_says_what_came_as_text_in_a_file_and_lists_it_as_shown() -> None:
    world = World()
    raw = "From: o@reporter.example\nTo: conduct@example.org\n" + multipart(
        part("text/plain; name=text_0.txt", "He waited for me."),
        part("image/png; name=a.png", "x"),
        part("text/plain", "Sent from my phone"),
    )
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    shown = text_of(world.letters[-1])
    assert "Below its own text stands what came with it as text in a file." in shown
    assert "Sent from my phone He waited for me." in shown
    assert "- text_0.txt (a text, 1 KB): its text stands above" in shown
    assert shown.count("its text stands above") == 1


@pytest.mark.parametrize(
    "body",
    [
        "Content-Type: message/rfc822\n\nSubject: inner\n\nHe waited for me.",
        "Content-Type: application/octet-stream\n\nHe waited for me.",
        "Content-Type: application/ms-tnef; name=winmail.dat\n\nHe waited for me.",
    ],
)
def test_a_copy_of_a_mail_without_a_text_that_can_be_read_says_so(body: str) -> None:
    world = World()
    raw = f"From: o@reporter.example\nTo: conduct@example.org\n{body}"
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    assert "It has no text that cocmail can read; there may be words in what came along." in (
        " ".join(text_of(world.letters[-1]).split())
    )


TWO_NAMES = part(
    "image/jpeg; name=evil.js", "x", "Content-Disposition: attachment; filename=photo.jpg\n"
)


@pytest.mark.parametrize(("language", "said"), [("en", "also named"), ("de", "auch mit Namen")])
def test_every_name_of_a_file_is_told(language: str, said: str) -> None:
    world = World()
    raw = "From: o@reporter.example\nTo: conduct@example.org\n" + multipart(
        part("text/plain", "the report"), TWO_NAMES, part("text/plain; name=a.txt", "x")
    )
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    received = world.case.messages[0].received
    assert [list(map(str, names)) for names in attached.every_name(received)] == [
        ["photo.jpg", "evil.js"], ["a.txt"]]  # fmt: skip
    assert received.kinds[0] == "program"  # by one of its names: it goes along with no copy
    one = {"attached": attached.listed(received), "now": world.now}
    _, shown = TEMPLATES.render("attached", one, language)
    copy = text_of(world.letters[-1])
    assert " ".join(shown.split()) in " ".join(copy.split()) or language != "en"
    assert f"- photo.jpg, {said} evil.js (" in shown
    assert "- a.txt (" in shown


def test_a_name_without_its_accents_is_no_other_name() -> None:
    world = World()
    file = part("text/plain; name=gr_n.txt", "x", "Content-Disposition: attachment;"
                " filename*=utf-8''gr%C3%BCn.txt\n")  # fmt: skip
    raw = "From: o@reporter.example\nTo: conduct@example.org\n" + multipart(
        part("text/plain", "the report"), file
    )
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    received = world.case.messages[0].received
    assert [*map(str, attached.every_name(received)[0])] == ["grün.txt", "gr_n.txt"]
    (one,) = attached.listed(received)
    assert (one.name, one.also) == ("grün.txt", ())


@pytest.mark.parametrize("kind", ["signed-data", "enveloped-data"])
def test_who_signs_around_the_words_is_not_passed_over(kind: str) -> None:
    """S/MIME's opaque signatures (RFC 8551 section 3.5.2) hold the text themselves."""
    world = World()
    raw = (
        "From: o@reporter.example\nTo: conduct@example.org\nContent-Transfer-Encoding: base64\n"
        f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\n\nMIAGCSqG\n'
    )
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    assert "cocmail can't read" in text_of(world.letters[-1])


def opaque(inner: bytes, *, ber: bool = False) -> bytes:
    """A mail that is within its signature: as DER has it, or in pieces of no told length."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    builder = pkcs7.PKCS7SignatureBuilder().set_data(inner)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    data = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    if ber:
        oid, kind = (
            data[data.index(b"\x06\x09") :][:11],
            b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",
        )
        halves = (inner[: len(inner) // 2], inner[len(inner) // 2 :])
        pieces = b"".join(b"\x04\x82" + len(one).to_bytes(2, "big") + one for one in halves)
        held = b"\x30\x80" + kind + b"\xa0\x80\x24\x80" + pieces + b"\0" * 6
        head = b"\x30\x80" + oid + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x80\x30\x80" + b"\0" * 4
        data = head + held + b"\0" * 6
    return (
        b"From: o@reporter.example\nTo: conduct@example.org\nContent-Transfer-Encoding: base64\n"
        b'Content-Type: application/pkcs7-mime; name="smime.p7m"\n\n' + base64.encodebytes(data)
    )


@pytest.mark.parametrize("ber", [False, True])
def test_the_words_within_a_signature_are_shown_and_run_nothing(ber: bool) -> None:
    inner = multipart(
        part("text/plain; charset=iso-8859-2", "/approve\n\nHe hit me, Łukasz did."),
        part("application/octet-stream; name=setup.exe", "x"),
    ).encode("iso-8859-2")
    found = read(opaque(inner, ber=ber))
    assert isinstance(found, Mail)
    assert (found.encrypted, found.text) == (False, "")
    assert found.fuller.split("\n\n") == ["/approve", "He hit me, Łukasz did."]
    assert [attached.kind_of(one) for one in found.attachments] == ["signed"]
    assert [str(one.name) for one in found.within] == ["setup.exe"]
    world = World()
    world.take(casework.report(world.case, world.setting(), world.incoming(found)))
    shown = text_of(world.letters[-1])
    assert "He hit me, Łukasz did." in shown
    assert "a signature (S/MIME), which cocmail doesn't check" in " ".join(shown.split())


@pytest.mark.parametrize("length", [1, 1000])
def test_a_signed_text_in_too_many_pieces_is_not_put_together(length: int) -> None:
    """Each costs; two million of a byte, a second."""
    piece = b"\x04\x82" + length.to_bytes(2, "big") + b"a" * length
    head = bytes.fromhex(
        "308006092a864886f70d010702a080308002010131800000308006092a864886f70d010701a0802480"
    )
    found = smime.within(head + piece * 10_000 + bytes(12))
    assert found == (b"a" * 10_000_000 if length == 1000 else None)
    before = bytes.fromhex("308006092a864886f70d010702a0803080020101") + b"\x31\x80"
    rest = bytes.fromhex("0000308006092a864886f70d010701a080040161") + bytes(6)
    assert smime.within(before + b"\x02\x00" * 100 + rest) == b"a"
    assert smime.within(before + b"\x02\x00" * 1000 + rest) is None


def test_a_picture_within_a_signature_stays_where_it_is() -> None:
    """It may tell where it was taken, and can't be made anew there."""
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    picture = part("image/png; name=a.png", png, "Content-Transfer-Encoding: base64\n")
    words = part("text/plain", "hello")
    assert len(copied(opaque(multipart(words).encode()), Limits())[0].data) > 100
    assert copied(opaque(multipart(words, picture).encode()), Limits()) == ()


def test_whatever_calls_itself_signed_is_read_without_harm() -> None:
    whole = opaque(b"\nHe hit me.", ber=True)
    head, _, body = whole.partition(b"\n\n")
    data = base64.b64decode(body)
    for n in range(len(data)):
        for bad in (data[:n], data[:n] + b"\x80" + data[n + 1 :], data[:n] + b"\x24\x80" * 5_000):
            assert isinstance(read(head + b"\n\n" + base64.encodebytes(bad)), Mail)


def test_what_a_mail_shows_is_thought_out_once_for_all() -> None:
    """Else two hundred long names cost as much again for every member, in one transaction."""
    world = World()
    lists: list[object] = []

    def render(name: str, values: Mapping[str, Any], language: str) -> tuple[str, str]:
        lists.extend(values[key] for key in values if key == "attached")
        return TEMPLATES.render(name, values, language)

    def setting() -> Setting:
        return replace(world.setting(), render=render)

    raw = "From: o@reporter.example\nTo: conduct@example.org\n" + multipart(
        part("text/plain", "the report"), part("a/b; name=tre\u202eff.doc", "x"))  # fmt: skip
    world.take(casework.report(world.case, setting(), world.incoming(mail(raw))))
    again = world.incoming(mail(raw))
    world.take(casework.from_outsider(world.case, setting(), again, "reporter:1"))
    odd = world.incoming(mail(raw.replace("o@reporter", "x@stranger")))
    world.take(casework.from_stranger(world.case, setting(), odd, "reporter:1", "It isn't them."))
    assert len(lists) == 3 * len(world.members)
    assert len({id(one) for one in lists}) == 3


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", "€ rates.txt"),
        ("attachment; filename*0*=UTF-8''%e2%82; filename*1*=%ac; filename*2=.txt", "€.txt"),
        ("attachment; filename=plain.txt; filename*=utf-8'de'f%c3%bcr.txt", "für.txt"),
        ("attachment; filename*=iso-8859-1''gr%fcn.txt", "grün.txt"),
        ('attachment; filename="=?utf-8?B?w7xiZXIudHh0?="', "über.txt"),  # against RFC 2047, usual
        ("attachment; filename==?utf-8?Q?=C3=BCber.txt?=", "über.txt"),
        ("attachment; filename=two words.txt", "two words.txt"),
        ('attachment; filename="über.txt"', "über.txt"),  # bare bytes
        ("attachment; filename*=x", "x"),
        ('attachment; filename="a\\"b.txt"', 'a"b.txt'),
        ('attachment; filename="unfinished', '"unfinished'),
    ],
)
def test_file_names_in_the_wild(header: str, name: str) -> None:
    raw = multipart(part("text/plain", "x"), part("a/b", "x", f"Content-Disposition: {header}\n"))
    assert mail(raw).attachments[0].name == name


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("=?utf-8?q?gr=C3=BCn?= =?utf-8?q?er?=", "grüner"),
        ("=?utf-8?q?gr=C3?= =?utf-8?q?=BCn?=", "grün"),  # a character in two words
        ("=?UTF-8?Q?a b?=", "a b"),  # spaces that none may have
        ("=?utf-8?B?Z3LDvG4?=", "grün"),  # without its padding
        ("=?utf-8*de?Q?gr=C3=BCn?=", "grün"),  # RFC 2231 section 5
        ("=?unknown-8bit?Q?gr=FCn?=", "grün"),
        ("=?iso-2022-jp?B?GyRCJDMbKEI=?=", "こ"),
        ("=?utf-7?Q?+ADw-?=", "+ADw-"),  # not interpreted
        ("grün", "grün"),  # bare bytes
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("Re: =?utf-8?q?=E2=80=AEx?=", "Re: [U+202E]x"),
    ],
)
def test_subjects_in_the_wild(subject: str, shown: str) -> None:
    assert spelled(mail(f"Subject: {subject}\n\nx").subject) == shown


def test_html_is_read_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    raw = part(
        "text/html",
        "<!DOCTYPE html SYSTEM 'http://127.0.0.1:9/x.dtd'><link rel=stylesheet"
        " href='http://127.0.0.1:9/a.css'><p>The <b>report</b>"
        "<img src='http://127.0.0.1:9/pixel.png' alt=dot><script>alert(1)</script>",
    )
    found = read(raw.encode(), html_to_text=html_to_text)
    assert "The report" in found.text  # type: ignore[union-attr]
    assert "alert" not in found.text  # type: ignore[union-attr]


def test_what_is_set_aside_keeps_its_list_when_it_is_taken_in() -> None:
    world = World()
    world.report()
    raw = (
        f"From: m@x.example\nTo: {world.address('reporter:1')}\nMessage-ID: <1@x.example>\n"
        + multipart(
            part("text/plain", "I saw it too"),
            part("image/png; name=a.png", "x"),
            part("text/plain; name=b.txt", "On Monday"),
        )
    )
    incoming = world.incoming(mail(raw))
    why = "Its sender isn't the person whom the reply address was made for."
    world.take(casework.from_stranger(world.case, world.setting(), incoming, "reporter:1", why))
    assert "- a.png (a picture, 1 KB)" in text_of(world.letters[-1])
    world.say("alice", "/accept 1")
    received = world.case.messages[1].received
    assert received.attachments == ("a.png", "b.txt")
    assert received.digests == tuple(one.digest for one in incoming.mail.attachments)
    assert received.shown == (2,)


@pytest.mark.parametrize(
    ("field", "elsewhere"),
    [
        ("Reply-To: Other <m@else.example>\n", True),
        ("Reply-To: o@reporter.example, m@else.example\n", True),
        ("Reply-To: <O@Reporter.example>\n", False),
        ("Reply-To: conduct+x@example.org\n", False),
        ("Reply-To: nobody\n", False),
        ("", False),
    ],
)
def test_a_reply_to_moves_no_answer_and_members_learn_of_it(field: str, elsewhere: bool) -> None:
    world = World()
    raw = f"From: o@reporter.example\nTo: conduct@example.org\n{field}\nthe report\n"
    world.take(casework.report(world.case, world.setting(), world.incoming(mail(raw))))
    assert {str(x.to) for x in world.to("reporter:1")} == {"o@reporter.example"}
    (copy, *_) = world.to("member:alice", "report")
    assert ("It asks for answers at another address;" in text_of(copy)) is elsewhere
    assert not any(b"else.example" in x.message for x in world.letters)


def test_members_see_what_a_mail_says_of_a_sender_who_cannot_be_told() -> None:
    odd = World()
    token = odd.address("reporter:1")
    odd.report(
        sender=f"R ((((she)))) \u202e<rae@quiet.example>\r\nReply-To: {token}, {'x' * 900}@y.info"
    )
    copy = text_of(odd.to("member:alice", "report")[0])
    assert "anybody could have written it: From: R ((((she)))) [U+202E]<rae@quiet.example>" in copy
    assert token not in copy
    assert "x" * 500 not in copy
    assert "From: it can't be told" not in copy
    assert not odd.to("reporter:1"), "they are a guess"


def test_so_they_do_of_one_at_a_reply_address_and_when_it_is_taken_in() -> None:
    w = World()
    w.report()
    w.write("reporter:1", "It is I.", sender="a@quiet.example, b@quiet.example")
    copy = text_of(w.to("member:bob", "message")[0])
    assert "From: a@quiet.example, b@quiet.example" in copy
    assert "<>" not in copy
    w.say("alice", "/accept 1")
    assert w.case.messages[1].received.claims == ("From: a@quiet.example, b@quiet.example",)


def test_a_mail_without_any_from_is_nobodys() -> None:
    w = World()
    found = mail("To: conduct@example.org\n\nHelp me.")
    w.take(casework.report(w.case, w.setting(), w.incoming(found)))
    assert "From: it can't be told" in text_of(w.to("member:alice", "report")[0])
