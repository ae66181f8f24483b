"""Reading a mail: strict where identity hangs on it, kind elsewhere, and raising for no bytes."""

import base64
import binascii
import contextlib
import quopri
import re
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import HeaderRegistry
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocmail.core import headers, mime
from cocmail.core.charsets import decode
from cocmail.core.flowed import unflow
from cocmail.core.limits import Limits
from cocmail.core.mail import Body, Mail, Unreadable, read, recipients, signed
from cocmail.core.markup import strip_tags
from cocmail.core.people import Address, is_address


def mail(raw: bytes | str) -> Mail:
    found = read(raw.encode() if isinstance(raw, str) else raw)
    assert isinstance(found, Mail)
    return found


def part(content_type: str, body: str, more: str = "") -> str:
    return f"Content-Type: {content_type}\n{more}\n{body}"


def multipart(*parts: str, kind: str = "mixed", boundary: str = "b") -> str:
    inner = "".join(f"--{boundary}\n{one}\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n{inner}--{boundary}--\n'


# -- a header that says no charset ----


@pytest.mark.parametrize(
    ("said", "charset"),
    [
        ("Жалоба на Боба", "koi8-r"),
        ("Жалоба на Боба", "windows-1251"),
        ("Stížnost na Boba", "iso-8859-2"),
        ("“Übergriff” – wo?", "windows-1252"),
        ("骚扰举报", "gb2312"),
        ("ハラスメント", "shift_jis"),
        ("괴롭힘 신고", "euc-kr"),
    ],
)
def test_what_is_not_encoded_is_in_the_body_s_charset(said: str, charset: str) -> None:
    head = b"Subject: " + said.encode(charset) + b'\nFrom: "' + said.encode(charset)
    body = f"Content-Type: text/plain; charset={charset}\n\nx".encode()
    found = mail(head + b'" <anna@example.org>\n' + body)
    assert (found.subject, found.sender and found.sender.name) == (said, said)
    assert found.sender is not None
    assert found.sender.address == "anna@example.org"
    forms = multipart(part("text/plain", "x"), part(f"text/html; charset={charset}", "x"))
    assert mail(head + b'" <a@x.example>\n' + forms.encode()).subject == said


@pytest.mark.parametrize(
    ("name", "charset"), [("жалоба.txt", "koi8-r"), ("表 2.txt", "shift_jis"), ("骚扰.txt", "gbk")]
)
@pytest.mark.parametrize("field", ["Content-Type: x/y; name", "Content-Disposition: a; filename"])
def test_a_file_s_name_that_says_no_charset_is_in_the_text_s(
    name: str, charset: str, field: str
) -> None:
    text = part(f"text/plain; charset={charset}", "x")
    raw = multipart(text, f'{field}="NAME"\n\nx').encode()
    (one,) = mail(raw.replace(b"NAME", name.encode(charset))).attachments
    assert one.name == name
    (one,) = mail(raw.replace(b"NAME", name.encode())).attachments
    assert one.name == name


def test_a_subject_of_another_script_in_escapes_is_read() -> None:
    raw = b"Subject: " + "ハラスメント".encode("iso2022_jp") + b"\n\nx"
    assert mail(raw).subject == "ハラスメント"


@pytest.mark.parametrize("charset", ["gb2312", "koi8-r", "us-ascii", "nonsense", "utf-7", ""])
def test_what_is_utf_8_is_read_so_whatever_the_body_is_in(charset: str) -> None:
    raw = "Subject: Жалоба =?utf-8?q?=C3=A9?=\nFrom: Аня <a@x.example>\nContent-Type: text/plain;"
    found = mail(f"{raw} charset={charset}\n\nx")
    assert (found.subject, found.sender and found.sender.name) == ("Жалоба é", "Аня")


# -- the sender ----


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("anna@example.org", "", "anna@example.org"),
        ("<Anna@Example.org>", "", "anna@example.org"),
        ("Anna Example <anna@example.org>", "Anna Example", "anna@example.org"),
        ('"Example, Anna" <anna@example.org>', "Example, Anna", "anna@example.org"),
        ('"eve@example.com" <anna@example.org>', "eve@example.com", "anna@example.org"),
        ("=?utf-8?q?Ann=C3=A1?= <anna@example.org>", "Anná", "anna@example.org"),
        ("=?utf-8?b?ZXZlQGV4YW1wbGUuY29t?= <a@example.org>", "eve@example.com", "a@example.org"),
        ("anna@example.org (Anna)", "Anna", "anna@example.org"),
        ("Anna\n  Example\n <anna@example.org>", "Anna Example", "anna@example.org"),
        ("J. R. Anna <anna@example.org>", "J. R. Anna", "anna@example.org"),
        ("Ännchen <anna@example.org>", "Ännchen", "anna@example.org"),
        ("Anna (she/her) <anna@example.org>", "Anna (she/her)", "anna@example.org"),
        ("=?utf-8?q?Anna_(she/her)?= <anna@example.org>", "Anna (she/her)", "anna@example.org"),
        ("Anna <anna@example.org> (at work)", "Anna (at work)", "anna@example.org"),
        ("<anna@example.org> (Anna)", "Anna", "anna@example.org"),
        ("(Anna) anna@example.org (at work)", "Anna at work", "anna@example.org"),
        ('Anna "A. (x)" Example <anna@example.org>', "Anna A. (x) Example", "anna@example.org"),
        ("anna@example.org <Anna@example.org>", "anna@example.org", "anna@example.org"),
        ("'anna@example.org' <anna@example.org>", "'anna@example.org'", "anna@example.org"),
        ('"A \\" <eve@x.example>" <anna@example.org>', 'A " <eve@x.example>', "anna@example.org"),
        # As programs write names that have more than letters in them
        ("=?iso-8859-1?Q?M=FCller,_Anna?= <anna@x.example>", "Müller, Anna", "anna@x.example"),
        ("=?utf-8?Q?M=C3=BCller,_Anna?= <anna@x.example>", "Müller, Anna", "anna@x.example"),
        (
            "=?iso-8859-1?Q?M=FCller,_Anna_(Dept.)?= <anna@x.example>",
            "Müller, Anna (Dept.)",
            "anna@x.example",
        ),
        ("=?utf-8?q?[Team]:_Anna;?=<a@x.example>", "[Team]: Anna;", "a@x.example"),
        ("=?utf-8?q?A,?=\n =?utf-8?q?_B,?= C <a@x.example>", "A, B, C", "a@x.example"),
        ("=?utf-8?Q?Anna_@home?= <anna@x.example>", "Anna @home", "anna@x.example"),
        ("anna@x.example (Anna (nested (twice)) B)", "Anna (nested (twice)) B", "anna@x.example"),
        ("Anna (a (b)) <anna@x.example>", "Anna (a (b))", "anna@x.example"),
        ('"anna"@x.example', "", "anna@x.example"),
        ('"anna.b"@x.example (Anna)', "Anna", "anna.b@x.example"),
        ('Anna <"anna"@x.example>', "Anna", "anna@x.example"),
        ("Anna [Team] <a@x.example>", "Anna [Team]", "a@x.example"),
        ("Anna <a@x.example>,", "Anna", "a@x.example"),
        ("a@x.example, ", "", "a@x.example"),
    ],
)
def test_one_mailbox_is_read(value: str, name: str, address: str) -> None:
    sender = mail(f"From: {value}\n\nx").sender
    assert sender is not None
    assert (str(sender.name), sender.address) == (name, Address(address))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "From: \n",
        "From: a@x.example, b@x.example\n",
        "From: victim@x.example,evil@y.example\n",
        "From: a@x.example\nFrom: a@x.example\n",
        "From: a@x.example <b@y.example>\n",
        "From: <a@x.example> <b@y.example>\n",
        "From: <a@x.example>b@y.example\n",
        "From: a@[\n",
        "From: a@[127.0.0.1]\n",
        "From: group: a@x.example;\n",
        "From: =?utf-8?q?a=40x=2Eexample?=\n",
        "From: a@x.example\0\n",
        "From: a@x.example\rFrom: b@x.example\n",
        "X: 1\rFrom: b@x.example\nFrom: a@x.example\n",
        "From : a@x.example\n",
        "From: a@x.example (b@y.example)\n",
        "From: (<b@y.example>) a@x.example\n",
        "From: a (b@y.example) <a@x.example>\n",
        'From: (") <b@y.example> (") <a@x.example>\n',
        'From: (") "b@y.example (" <a@x.example>\n',
        "From: a (\\) <b@y.example> (b) <a@x.example>\n",
        "From: a (b (b@y.example)) <a@x.example>\n",
        "From: a (b (c <a@x.example>\n",
        "From: a (((((b))))) <a@x.example>\n",
        "From: =?utf-8?q?a,_b@y.example?= <a@x.example>\n",
        "From: =?utf-8?q?a,?= b@y.example <a@x.example>\n",
        "From: =?utf-8?q?a,?=@y.example <a@x.example>\n",
        "From: =?utf-8?q?b@y=2Eexample?= <a@x.example>\n",
        "From: =?utf-8?q?b@y?= <a@x.example> b@y.example\n",
        "From: =?utf-8?q?,<b@y.example>?= <a@x.example>\n",
        'From: =?utf-8?q?,"?= <b@y.example> =?utf-8?q?"?= <a@x.example>\n',
        "From: =?utf-8?q?(?= <b@y.example> =?utf-8?q?)?= <a@x.example>\n",
        "From: =?utf-8?q?(b@y)?= <a@x.example>\n",
        "From: =?utf-8?q?a,_b?=\n",
        "From: =?utf-8?q?<b>?= <a@x.example>\n",
        "From: =?utf-8?q?a,_b?= a@x.example\n",
        "From: a, b <a@x.example>\n",
        "From: ,a@x.example\n",
        "From: ,\n",
        "From: <a@x.example>,,\n",
        "From: <a@x.example>, b\n",
        "From: b@[y] <a@x.example>\n",
        "From: [b@y.example] <a@x.example>\n",
        "From: [b]@y.example <a@x.example>\n",
        "From: [a] a@x.example\n",
        'From: "a b"@x.example\n',
        'From: "a" @x.example\n',
        'From: "a,b"@x.example\n',
        'From: "a@y"@x.example\n',
        'From: "a"b@x.example\n',
        'From: "a"@x.example b@y.example\n',
        'From: "b"@y.example <"a"@x.example>\n',
        "From: a@x.example(c)b@y.example\n",
        "From: a@(c)x.example\n",
        "From: a@x.example(c).y.example\n",
        'From: "b"@y.example <a@x.example>\n',
        "From: a@x.example b@y.example <a@x.example>\n",
        "From: =?utf-8?q?b@y.example?= <a@x.example>\n",
        "From: mar\u212a@x.example <mark@x.example>\n",
        'From: "b" <a@x.example> "c"\n',
        "From: a@x.example\u00a0b\n",
        f"From: {('a ' * 90 + chr(10) + ' ') * 100}<a@x.example>\n",
        "From: mar\u212a@x.example\n",
        "From: a@\u212aernel.example\n",
        'From: "unclosed <a@x.example>\n',
        'From: "b@y.example\vFrom: c" <a@x.example>\n',
        'From: "b@y.example\fFrom: c" <a@x.example>\n',
        "From: b\x1c <a@x.example>\n",
        "From: a@x.example (b\x08)\n",
        "From: b\x7f <a@x.example>\n",
    ],
)
def test_whoever_cannot_be_told_is_nobody(header: str) -> None:
    found = mail(header + "Subject: s\n\nx")
    assert found.sender is None
    assert found.sender_defect


def test_a_plain_at_in_an_encoded_word_makes_its_sender_doubtful() -> None:
    for name, doubtful in (
        ("=?utf-8?q?Anna_@home?=", True),
        ("=?utf-8?q?A?= =?utf-8?q?@?=", True),
        ("=?utf-8?q?Anna_=40home?=", False),
        ("=?utf-8?b?QUBi?=", False),
        ("=?utf-8?q?M,_A_(x)?=", False),
        ('"Anna @home"', False),
    ):
        box, _ = headers.one_mailbox(f"{name} <a@x.example>")
        assert box is not None
        assert box.doubtful is doubtful, name


_NAMES = st.text(alphabet="ab=?_,:;[]()<>@. qQ40\\", max_size=25)


def _as_simple_readers_read(value: str) -> Iterator[set[str]]:
    """The sender to whoever knows neither encoded words nor comments nor quotes: what stands in
    each angle, each of the words between what divides, and whatever looks like an address."""
    yield {one.lower() for one in re.findall(r"<([^<>]*)>", value)}
    yield {one.lower() for one in re.split(r'[\s,;:<>()\[\]"]+', value) if "@" in one}
    yield {one.lower() for one in re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", value)}


@settings(max_examples=1500)
@given(st.lists(_NAMES, max_size=3), st.sampled_from(["", " "]), st.sampled_from(["", ",", " (b)"]))
def test_no_reader_finds_another_sender_than_we(names: list[str], by: str, end: str) -> None:
    """In encoded words alone. What is said of names in quotes is not said here."""
    words = by.join(f"=?utf-8?q?{name}?=" for name in names)
    value = f"{words} <a@x.example>{end}"
    box, _ = headers.one_mailbox(value)
    if box is None:
        return
    assert box.address == "a@x.example"
    assert headers.addresses([value]) == (box.address,)
    for found in _as_simple_readers_read(value):
        assert box.doubtful or found == {"a@x.example"}
    assert re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", value) == ["a@x.example"]
    for read_by in (
        lambda: [where for _, where in getaddresses([value]) if "@" in where],
        lambda: [one.addr_spec for one in HeaderRegistry()("From", value).addresses],
    ):
        with contextlib.suppress(AttributeError, IndexError, LookupError, ValueError, TypeError):
            found = read_by()
            if not box.doubtful:
                assert {*filter(is_address, found)} <= {"a@x.example"}


@pytest.mark.parametrize("line_end", ["\r", "\n", "\0"])
def test_a_name_ends_at_no_end_of_a_line(line_end: str) -> None:
    """Python's getaddresses finds b@c.e there."""
    box, why = headers.one_mailbox(f'"b@c.e{line_end}xample" <a@b.example>')
    assert box is None
    assert why


def test_a_name_in_two_or_more_bytes_a_letter_is_read() -> None:
    """ISO-2022-JP and windows-1252 as old programs write them: escapes, and bytes of 0x80-0x9f."""
    japanese = '"\u9234\u6728" <a@x.example>'.encode("iso-2022-jp")
    head = b"Content-Type: text/plain; charset=%s\nFrom: %s\n\nx"
    found = mail(head % (b"iso-2022-jp", japanese)).sender
    assert found is not None
    assert str(found.name) == "\u9234\u6728"
    found = mail(head % (b"windows-1252", b"Anna \x96 \x85 <a@x.example>")).sender
    assert found is not None
    assert str(found.name) == "Anna \u2013 \u2026"


def test_names_and_comments_are_no_recipients() -> None:
    found = mail(
        'To: "conduct+t@c.example" <a@x.example>, b@x.example (c@x.example), '
        'list: d@x.example, e@x.example;\nCc: "x, y" <F@x.example>\n\n'
    )
    assert found.to == tuple(Address(f"{c}@x.example") for c in "abde")
    assert found.cc == (Address("f@x.example"),)


def test_where_it_was_sent_to() -> None:
    raw = b"X-Original-To: one@c.example\nDelivered-To: two@c.example\nTo: three@c.example\n\n"
    assert recipients(raw) == (Address("one@c.example"),)
    assert mail(raw).delivered_to == Address("one@c.example")
    assert mail(raw).trace_recipients == (Address("one@c.example"), Address("two@c.example"))
    raw = b"To: a@c.example\nCc: b@c.example\n\nDelivered-To: evil@c.example\n"
    assert recipients(raw) == (Address("a@c.example"), Address("b@c.example"))


def test_the_header_is_read_for_people() -> None:
    found = mail(
        "Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?4pyT?=\n and =?utf-8?q?more=0D=0AX=3A_y?=\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0100\nMessage-ID: <a@b>\n"
        "In-Reply-To: <c@d>\nReferences: <e@f>\n <c@d> junk\n\n"
    )
    assert str(found.subject) == "Grüße✓ and more X: y"
    assert found.date == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert found.message_id == "<a@b>"
    assert found.in_reply_to == ("<c@d>",)
    assert found.references == ("<e@f>", "<c@d>")
    assert found.counts["subject"] == 1


def test_a_character_that_two_encoded_words_share_is_whole() -> None:
    euro = base64.b64encode("€".encode()[:1]).decode(), base64.b64encode("€".encode()[1:]).decode()
    text = f"=?utf-8?b?{euro[0]}?= =?utf-8?b?{euro[1]}?="
    assert headers.readable(text) == "€"


# -- the text ----


def test_one_plain_part_is_the_text() -> None:
    found = mail("From: a@x.example\n\n/approve\n")
    assert (found.body, str(found.text)) == (Body.PLAIN, "/approve\n")
    found = mail(
        multipart(part("text/plain", "plain"), part("text/html", "<p>html"), kind="alternative")
    )
    assert (found.body, str(found.text)) == (Body.PLAIN, "plain")
    assert found.attachments == ()


def test_html_alone_is_html() -> None:
    found = mail(part("text/html", "<p>one</p><script>x</script><p>two &amp; three"))
    assert found.body is Body.HTML
    assert str(found.text).split() == ["one", "two", "&", "three"]
    blank = mail(
        multipart(part("text/plain", " \n"), part("text/html", "<p>said"), kind="alternative")
    )
    assert (blank.body, str(blank.text)) == (Body.HTML, "said")
    given = read(b"Content-Type: text/html\n\nx", html_to_text=lambda _: "by another")
    assert isinstance(given, Mail)
    assert str(given.text) == "by another"


STUB = "Your mail program can't show this message. See the HTML."
SAID = "He followed me from the venue to the hotel, and waited there until the morning came."


def alternative(plain: str, html: str, *more: str) -> Mail:
    parts = (part("text/plain", plain), part("text/html", html), *more)
    return mail(multipart(*parts, kind="alternative"))


def test_where_the_plain_text_says_little_the_html_is_told_too() -> None:
    found = alternative(STUB, "".join(f"<p>{SAID}</p>" for _ in range(4)))
    assert (found.body, str(found.text).strip()) == (Body.PLAIN, STUB)
    assert str(found.fuller).count(SAID) == 4
    assert found.whole.index(STUB) < found.whole.index(SAID)
    assert not found.attachments


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        (SAID, f"<p>{SAID}</p>"),
        (SAID, f'<p>{SAID.replace("hotel", "ho&shy;tel")}</p><a href="https://a.example"></a>'),
        ("*Yes.* \n> 見て\nください", "<b>Yes</b>.<blockquote>見てください</blockquote>"),
        (STUB, f"<style>{SAID * 9}</style><p>{STUB}</p><!-- {SAID * 9} -->"),
    ],
)
def test_where_both_say_the_same_the_html_is_not_told(plain: str, html: str) -> None:
    found = alternative(plain, html)
    assert found.fuller == ""
    assert found.whole == found.text


def test_html_that_is_attached_is_not_told() -> None:
    attached = part("text/html", f"<p>{SAID * 9}</p>", "Content-Disposition: attachment\n")
    found = mail(multipart(part("text/plain", STUB), attached, kind="alternative"))
    assert (found.fuller, len(found.attachments)) == ("", 1)


def test_two_plain_parts_are_several_and_both_are_shown() -> None:
    found = mail(multipart(part("text/plain", "one"), part("text/plain", "two")))
    assert (found.body, str(found.text)) == (Body.SEVERAL, "one\n\ntwo")


def test_attachments_are_named_and_not_opened() -> None:
    disposition = (
        "Content-Disposition: attachment;\n filename*0*=utf-8''%e2%82%ac;\n filename*1=\".txt\"\n"
    )
    found = mail(
        multipart(
            part("text/plain", "text"),
            part("text/plain", "log", disposition),
            part("message/rfc822", "Subject: inner\n\n/approve"),
            part(
                'application/octet-stream; name="../a=?utf-8?q?=2E?=b"',
                "YWJj",
                "Content-Transfer-Encoding: base64\n",
            ),
        )
    )
    assert found.body is Body.PLAIN
    names = [str(one.name) for one in found.attachments]
    assert names == ["€.txt", "", ".._a.b"]
    assert found.attachments[2].size == 3
    assert "approve" not in found.text


@pytest.mark.parametrize(
    ("kind", "encrypted"),
    [
        ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nx", True),
        ("Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx", False),
        ("\n-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n", True),
        ("\n-----BEGIN PGP MESSAGE----- \n\nx\n-----END PGP MESSAGE-----\n", True),
        ("\n> > -----BEGIN PGP MESSAGE-----\n> \n> x\n", False),
        ("\n  -----BEGIN PGP MESSAGE-----\n\nx\n", True),
        ("\nIt began with -----BEGIN PGP MESSAGE-----\n", False),
        ("\nhello\n", False),
    ],
)
def test_what_is_encrypted_is_said_to_be(kind: str, encrypted: bool) -> None:
    assert mail("From: a@x.example\n" + kind).encrypted is encrypted
    inner = multipart(part("application/pgp-encrypted", "Version: 1"), kind="encrypted")
    assert mail(inner).encrypted
    wrapped = inner.replace('boundary="b"', 'boundary="c"').replace("--b", "--c")
    assert mail(multipart(part("text/plain", " "), wrapped)).encrypted
    assert mail(multipart(part("text/plain", "a list's footer"), wrapped)).partly_encrypted
    outlook = part('application/octet-stream; name="smime.p7m"', "x")
    assert mail(multipart(outlook)).encrypted
    assert not mail(multipart(outlook)).partly_encrypted


ARMOUR = "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n"


@pytest.mark.parametrize(
    "raw",
    [
        f"\nHe hit me.\n\n{ARMOUR}",
        f"\n{ARMOUR}\nHe hit me.",
        f"\n{ARMOUR}\n{ARMOUR}He hit me.",
        multipart(
            part("text/plain", "He hit me."),
            part("application/pkcs7-mime; smime-type=enveloped-data; name=a.p7m", "x"),
        ),
        multipart(
            part("text/plain; name=report.txt", "He hit me."),
            part("application/pgp-encrypted", "Version: 1"),
        ),
    ],
)
def test_what_is_encrypted_in_part_can_be_read_in_part(raw: str) -> None:
    found = mail(raw)
    assert "He hit me." in found.whole
    assert (found.encrypted, found.partly_encrypted) == (False, True)


def test_a_quoted_armour_makes_no_mail_encrypted() -> None:
    quoted = ARMOUR.replace("\n", "\n> ")
    found = mail(f"\nI can't open this:\n\n> {quoted}")
    assert (found.encrypted, found.partly_encrypted) == (False, False)


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("grün".encode(), "utf-8", "grün"),
        ("grün".encode(), "iso-8859-1", "grün"),  # wrongly labelled
        ("grün".encode("cp1252"), "utf-8", "grün"),  # wrongly labelled the other way
        ("grün “x”".encode("cp1252"), "iso-8859-1", "grün “x”"),
        ("grün".encode("cp1252"), "", "grün"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        ("привет".encode("koi8-r"), "koi8-r (a comment)", "привет"),
        ("привет".encode("koi8-r"), "koi8r", "привет"),
        ("привет, мир".encode("utf-16-be"), "utf-16", "привет, мир"),
        ("привет, мир".encode("utf-16-le"), "utf-16", "привет, мир"),
        ("こんにちは".encode("iso-2022-jp"), "iso-2022-jp", "こんにちは"),
        ("你好".encode("gb18030"), "gb2312", "你好"),
        ("联通".encode("gbk"), "gbk", "联通"),  # by chance it is nearly UTF-8
        ("隆隆".encode("gbk"), "gb2312", "隆隆"),  # by chance it is UTF-8
        ("ok: 隆".encode("gbk"), "gb18030", "ok: 隆"),
        ("ﾃｱ".encode("cp932"), "shift_jis", "ﾃｱ"),
        # UTF-8, labelled as what it isn't
        ("Er belästigt mich".encode(), "gb2312", "Er belästigt mich"),
        ("Zoë Müller hat mich".encode(), "euc-kr", "Zoë Müller hat mich"),
        ("Jürgen".encode(), "shift_jis", "Jürgen"),
        ("он пишет мне".encode(), "gb2312", "он пишет мне"),
        ("他骚扰我".encode(), "gb2312", "他骚扰我"),
        ("朱".encode(), "big5", "朱"),
        ("그가 나를".encode(), "ks_c_5601-1987", "그가 나를"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-"),  # not interpreted
        (b"abc", "rot13", "abc"),
        (b"abc", "no-such-charset", "abc"),
        (b"abc", "../../etc", "abc"),
        (b"abc", "x" * 5000, "abc"),
        (b"a\0b", "utf-8", "a\ufffdb"),
        (b"\xff\xc3", "us-ascii", "ÿÃ"),
        ("grün und ".encode() + "größer".encode("cp1252"), "utf-8", "grün und größer"),  # mixed
        (b"plain text", "utf-16", "plain text"),
        ("grün".encode("utf-16"), "", "grün"),
        ("grün".encode("utf-16"), "utf-16", "grün"),
        ("grün".encode("utf-8-sig"), "utf-8", "grün"),
        ("こんにちは".encode("iso-2022-jp"), "", "こんにちは"),
        ("こんにちは".encode("iso-2022-jp"), "us-ascii", "こんにちは"),
        # What Windows and phones put into it beyond its standard, a footer, and a text cut off
        (b"\x1b$B-!;v7o\x1b(B", "iso-2022-jp", "①事件"),
        (b"\x1b$B|b66$5$s\x1b(B", "", "髙橋さん"),
        (b"\x1b(I6@6E\x1b(B \x1b$B-j\x1b(B", "iso-2022-jp-ms", "ｶﾀｶﾅ ㈱"),
        (b"\x1b$B;v7o\x1b(B", "shift_jis", "事件"),
        (b"\x1b$B;v7o\x1b(B\n_\ngr\xc3\xbcn", "iso-2022-jp", "事件\n_\ngrün"),
        (b"\x1b$B;v7o\n;v7o\x1b$(D0!;", "iso-2022-jp", "事件\n;v7o丂�"),
        (b"ab ~{<:~} \xc4", "hz-gb-2312", "ab 己 \ufffd"),
        ("사건".encode("iso-2022-kr") + b"\x0e;g0", "iso-2022-kr", "사건사\ufffd"),
        ("이것".encode("cp949"), "ksc_5601", "이것"),
        ("事件".encode("cp950"), "x-x-big5", "事件"),
        ("дело".encode("cp1251"), "x-cp1251", "дело"),
        ("똠방각하".encode("cp949"), "ks_c_5601-1987", "똠방각하"),
        ("똠방각하".encode("cp949"), "euc-kr", "똠방각하"),
        ("①髙".encode("cp932"), "shift_jis", "①髙"),
        ("朱镕基".encode("gbk"), "gb2312", "朱镕基"),
        ("สวัสดี".encode("cp874"), "windows-874", "สวัสดี"),
        ("שלום".encode("iso8859-8"), "iso-8859-8-i", "שלום"),
        ("grün".encode("mac_roman"), "x-mac-roman", "grün"),
        ("přítel".encode("cp1250"), "windows-1250", "přítel"),
        ("můj dům".encode("mac_latin2"), "x-mac-centraleurroman", "můj dům"),
        ("vinátta".encode("mac_iceland"), "x-mac-icelandic", "vinátta"),
        *(("報告①".encode("cp932"), label, "報告①") for label in ("csWindows31J", "sjis-win")),
        *(
            ("報告".encode("euc_jp"), label, "報告")
            for label in ("cp51932", "eucJP-ms", "eucJP-win", "x-eucjp")
        ),
        ("بلاغ".encode("iso8859-6"), "iso-8859-6-i", "بلاغ"),
        ("بلاغ".encode("iso8859-6"), "iso-8859-6-e", "بلاغ"),
        *(
            ("ein Übergriff".encode("utf-16-be"), label, "ein Übergriff")
            for label in ("ucs-2", "iso-10646-ucs-2", "unicode", "csUnicode")
        ),
    ],
)
def test_every_charset_is_read(data: bytes, label: str, text: str) -> None:
    assert decode(data, label) == text


@pytest.mark.parametrize("label", ["gb2312", "euc-kr", "utf-8"])
def test_a_label_is_doubted_without_much_memory(label: str) -> None:
    data = "骚扰".encode() * 200_000
    tracemalloc.start()
    try:
        decode(data, label)
        assert tracemalloc.get_traced_memory()[1] < 8 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("label", "head", "charset"),
    [
        ("", '<meta charset="koi8-r">', "koi8-r"),
        ("", '<meta charset="ibm866">', "cp866"),  # its letters alone wouldn't tell
        ("; charset=us-ascii", "<META charset=windows-1251>", "cp1251"),
        (
            "; charset=unknown-8bit",
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
            "cp1251",
        ),
        ("", "<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
        ("; charset=koi8-r", "<meta charset=windows-1251>", "koi8-r"),
        ("", "<meta charset=koi8-r>", "utf-8"),
        ("", "<meta charset=utf-7>", "utf-8"),
    ],
)
def test_a_page_is_read_as_it_says_itself_where_its_label_says_nothing(
    label: str, head: str, charset: str
) -> None:
    page = f"{head}<p>Он ударил меня</p>".encode(charset)
    found = mail(f"Content-Type: text/html{label}\n\n".encode() + page)
    assert str(found.text) == "Он ударил меня"


# -- comments, quotes and "x-" where a part says what it is ----


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("quoted-printable (x)", "He hit me=21"),
        ("(a (b \\) c) d) quoted-printable", "He hit me=21"),
        ('"quoted-printable"', "He hit me=21"),
        ("Quoted-Printable; x=y", "He hit me=21"),
        ("x-quoted-printable", "He hit me=21"),
        ('"base64"', "SGUgaGl0IG1lIQ=="),
        ("(c) base64", "SGUgaGl0IG1lIQ=="),
        ("base64(c)", "SGUgaGl0IG1lIQ=="),
        ("X-BASE64", "SGUgaGl0IG1lIQ=="),
        *(
            (name, "begin 644 x.txt\n*2&4@:&ET(&UE(0 \n`\nend\n")
            for name in ("uuencode", "x-uuencode", "x-uue", "X-UU")
        ),
        ("7bit (no code)", "He hit me!"),
        ("x-unknown", "He hit me!"),
        ("x-uuencode", "He hit me!"),  # by its label alone
    ],
)
def test_a_code_is_undone_however_it_is_named(encoding: str, body: str) -> None:
    found = mail(f"Content-Transfer-Encoding: {encoding}\n\n{body}")
    assert found.text.strip() == "He hit me!"
    file = part("application/x", body, f"Content-Transfer-Encoding: {encoding}\n")
    (one,) = mail(multipart(part("text/plain", "x"), file)).attachments
    assert one.begins == b"He hit me!"


@given(st.binary(max_size=120), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_uuencode_is_undone_exactly(data: bytes, backtick: bool, line_end: str) -> None:
    cut = [data[at : at + 45] for at in range(0, len(data), 45)]
    lines = [binascii.b2a_uu(one, backtick=backtick).decode().rstrip("\n") for one in cut]
    body = line_end.join(["begin 644 x", *lines, "`", "end", ""])
    file = part("application/x", body, "Content-Transfer-Encoding: uuencode\n")
    (one,) = mail(multipart(part("text/plain", "x"), file)).attachments
    assert (one.size, one.begins) == (len(data), data)


def test_what_stands_around_uuencode_is_shown() -> None:
    encoded = "begin 644 x.txt\n*2&4@:&ET(&UE(0 \n`\nend\n"
    raw = f"Content-Transfer-Encoding: x-uuencode\n\nLook:\n{encoded}-- \na list\n"
    assert str(mail(raw).text).split() == ["Look:", "He", "hit", "me!--", "a", "list"]
    begun = "Content-Transfer-Encoding: x-uue\n\nbegin 644 x\n"
    assert len(mail(begun + "M\n" * 1000).text) < 3000, "made longer than it is"
    broken = "begin 644 x\n~~~ no line of it\nend\nHe hit me"
    assert "He hit me" in mail(f"Content-Transfer-Encoding: x-uue\n\n{broken}").text


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("multipart/mixed; boundary=b (c)", {"boundary": "b"}),
        ("multipart/mixed (c); boundary=(c)b", {"boundary": "b"}),
        (
            "multipart/mixed; (c; d=e) boundary (c) = (c) b (c)(d) ; x=y",
            {"boundary": "b", "x": "y"},
        ),
        ('multipart/mixed; boundary="b (c)" (d)', {"boundary": "b (c)"}),
        ('multipart/mixed; boundary=b ("c)', {"boundary": "b"}),
        ("multipart/mixed; boundary=b (c", {"boundary": "b (c"}),
        ("multipart/mixed; filename=evil.js (photo.jpg)", {"filename": "evil.js"}),
        ("multipart/mixed; filename=evil.js(photo.jpg)", {"filename": "evil.js"}),
        ("multipart/mixed; filename=photo (1).jpg", {"filename": "photo (1).jpg"}),
        ("multipart/mixed; filename=photo (1).jpg (c)", {"filename": "photo (1).jpg"}),
        ('multipart/mixed; filename="photo (1).jpg"', {"filename": "photo (1).jpg"}),
        ("multipart/mixed; name*=utf-8''a%28b%29 (c); x=(y", {"name": "a(b)", "x": "(y"}),
        ("multipart/mixed; a=b=(c)d", {"a": "b=(c)d"}),
    ],
)
def test_comments_are_no_part_of_what_a_field_says(value: str, read_as: dict[str, str]) -> None:
    assert mime.value_and_parameters(value) == ("multipart/mixed", read_as)


@pytest.mark.parametrize("boundary", ["b (a comment)", "(c)b", "b"])
def test_a_boundary_is_found_beside_a_comment(boundary: str) -> None:
    raw = multipart(part("text/plain (c)", "He hit me")).replace('"b"', boundary, 1)
    found = mail(raw)
    assert (str(found.text).strip(), found.attachments) == ("He hit me", ())


def test_a_boundary_with_brackets_and_no_quotes_is_found() -> None:
    raw = multipart(part("text/plain", "He hit me"), boundary="=_(1)").replace('"', "")
    assert mail(raw).text.strip() == "He hit me"


def test_a_page_with_a_comment_in_its_type_is_a_page() -> None:
    assert mail("Content-Type: text/html (c)\n\n<p>He hit me").text.strip() == "He hit me"


@given(st.text(alphabet='ab();="\\ ', max_size=40), st.text(alphabet='ab;=" ', max_size=20))
def test_a_comment_says_nothing(said: str, value: str) -> None:
    assert mime.value_and_parameters(f"x/y; {value}") == mime.value_and_parameters(
        f"x/y; {value}", comments=False
    )
    inside = re.sub(r"([()\\])", r"\\\1", said)
    field = f'x/y ({inside}); z=1 ({inside})({inside}); w="({inside}" (({inside})); v=2'
    found = mime.value_and_parameters(field.replace(f'"({inside}"', '"("'))
    assert found == ("x/y", {"z": "1", "w": "(", "v": "2"})


def test_format_flowed_is_undone() -> None:
    flowed = (
        "/reply reporter this is \nlong text\n\n> quoted \n> on\n>> deeper \n>more\n"
        " -- \n-- \nsig \nx"
    )
    assert unflow(flowed, delete_space=False).split("\n") == [
        "/reply reporter this is long text",
        "",
        "> quoted on",
        ">> deeper ",
        "> more",
        "-- ",
        "-- ",
        "sig x",
    ]
    assert unflow("ab \ncd", delete_space=True) == "abcd"
    assert unflow(" /approve\n >x", delete_space=False) == "/approve\n>x"
    found = mail("Content-Type: text/plain; format=flowed; delsp=yes\n\n/sanc \ntion\n")
    assert str(found.text) == "/sanction\n"


@given(st.text(alphabet="> -ab\n", max_size=80))
def test_undoing_loses_no_letter(text: str) -> None:
    assert unflow(text, delete_space=False).translate({32: None, 62: None, 10: None}) == (
        text.translate({32: None, 62: None, 10: None})
    )


# -- does the body read the same without trusting what stands on top? ----


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        ("Content-Type: text/plain\n\n/approve\n", True),
        ("Subject: s\n\n/approve\n", True),
        ('Content-Type: text/plain; charset="utf-8"\n\n/reply grün\n', True),
        ('Content-Type: text/plain; charset="iso-8859-1"\n\n/reply grün\n', False),
        ('Content-Type: text/plain; charset="utf-16"\n\n/approve!\n', False),
        ("Content-Type: text/plain; charset=utf-7\n\n/approve\n", False),
        ("Content-Type: text/plain; charset=unicode_escape\n\n/approve\n", False),
        ("Content-Type: text/plain; charset=idna\n\napprove\n", False),
        ("Content-Type: text/plain; charset=no-such\n\n/approve\n", False),
        ("Content-Type: text/plain; charset=us-ascii (plain)\n\n/approve\n", True),
        ("Content-Transfer-Encoding: quoted-printable\n\n/approve\n", True),
        ("Content-Transfer-Encoding: quoted-printable\n\n=2Fapprove\n", False),
        ("Content-Transfer-Encoding: 7bit\n\nx=\n/approve\n", False),
        ("Content-Transfer-Encoding: base64\n\nL2FwcHJvdmU=\n", False),
        ("Content-Type: text/plain; format=flowed\n\n/object because \nof this\n", True),
        ("Content-Type: text/plain\n\nwhat he wrote on \n/approve\n", False),
        ("Content-Type: text/plain; charset=utf-8\n\nhe wrote on \u2028/approve\n", False),
        ("Content-Type: text/plain; format=flowed\n\n /approve\n", False),
        ("Content-Type: text/plain; format=flowed; delsp=yes\n\n/a b \nc\n", False),
        ("Content-Type: text/plain\n\n--b\n/approve\n", False),
        ("Content-Type: text/html\n\n/approve\n", False),
        (multipart(part("text/plain", "/approve"), part("text/html", "x")), True),
        (multipart(multipart(part("text/plain", "/approve"), boundary="c")), True),
        (multipart(part("text/html", "x"), part("text/plain", "/approve")), False),
        (multipart("\n/approve"), False),  # it doesn't say itself what it is
        (
            multipart(part("text/plain", "/approve")).replace("\n\n--b", "\n\npreamble\n--b", 1),
            False,
        ),
        (multipart(part("text/plain", "/a")).replace("\n\n--b", "\n\n\n--b", 1), False),
    ],
)
def test_a_body_that_reads_the_same_whatever_its_header_says(raw: str, same: bool) -> None:
    assert mail("From: a@x.example\n" + raw).plain_opening is same


# -- machines ----


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; type=x",
        "Return-Path: <>",
        "Return-Path: < >",
        "Return-Path: <MAILER-DAEMON>",
        "Return-Path: MAILER-DAEMON@mx.x.example",
        "Precedence: bulk",
        "Precedence: bulk (a list)",
        "X-Precedence: auto_reply",
        "Preference: auto-reply",
        "List-Subscribe: <mailto:x@y>",
        "List-Owner: <mailto:x@y>",
        "List-Archive: <https://l.example/>",
        "X-Mailman-Version: 3.3.10",
        "X-OTRS-Loop: yes",
        "X-RT-Loop-Prevention: x",
        "X-POST-MessageClass: 9; Autoresponder",
        "Precedence: Auto_Reply",
        "List-Id: <l.example>",
        "List-Unsubscribe: <mailto:x@y>",
        "X-Autoreply: yes",
        "X-Auto-Response-Suppress: All",
        "X-Loop: x",
        "Cocmail-Kind: acknowledgement",
        "Content-Type: multipart/report; boundary=x",
        "From: MAILER-DAEMON",
        "From: <>",
        "From: Mail Delivery System <MAILER-DAEMON@x.example>",
        "From: no-reply@x.example",
        "From: list-bounces@x.example",
        "Subject: Automatic reply: away",
        "Subject: [rt.x.example #33575] AutoReply: He hit me",
        "Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A?= absent",
        "Subject: Undelivered Mail Returned to Sender",
        "Subject: Out of office: back on Monday",
        "Subject: Out of Office",
        "Subject: [Auto-Reply] Hello",
        "Subject: =?utf-8?q?Odpowied=C5=BA_automatyczna=3A?= x",
        "Subject: =?utf-8?q?N=C3=A3o_entregue=3A?= x",
        "Subject: Non recapitabile: x",
        "Subject: Warning: could not send message for past 4 hours",
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: (a person) yes",
        "Auto-Submitted: auto-forwarded",
        "X-Spamarrest-noauth: 1",
        "Subject: Yahoo! Auto Response",
        "Subject: Report Domain: c.example Submitter: mx.example Report-ID: <1>",
        "Subject: Anna Muster ist außer Haus.",
        "Subject: Anna M. Muster is out of the office (returning 12/03/2026)",
        "X-Auto-Reply: yes",
        "X-Failed-Recipients: ",
        "From: fan.of.mailer-daemon@x.example",
        "From: Boxbe <hello@mail.boxbe.com>",
        "Subject: Please confirm your message",
        "Subject: Barracuda Spam Quarantine Summary",
        "Subject: Spam Notification: 3 New Messages",
        "Subject: Message Recall Failure: x",
        "Subject: Odsutnost: x",
        "Content-Type: text/calendar; method=REPLY",
        'Content-Type: text/calendar; charset=utf-8; method="CANCEL"',
        "Subject: =?utf-8?b?6Ieq5YuV5b+c562UOiB4?=",
        "Subject: =?utf-8?q?R=C4=83spuns_automat=3A?= x",
    ],
)
def test_a_machines_mail_is_known(header: str) -> None:
    assert mail(f"{header}\n\nx").automatic


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person wrote it); x=1",
        "Subject: Out of office, he said to me",
        "Subject: He says my boss is out of the office and locks the door",
        "Subject: Bob Vance is out of the office at last, and I can write",
        "X-Autoreply: no",
        "X-Vacation: off",
        "Subject: Warning: message him and he shouts",
        "Precedence: normal",
        "X-Auto-Response-Suppress: None",
        "Return-Path: <a@x.example>",
        "Return-Path: <mailer-daemonic@x.example>",
        "X-Precedence: normal",
        "Subject: He harassed me out of office hours",
        "Subject: Undeliverable promises of the committee",
        "Subject: Vacation photos posted without consent",
        "Subject: Returned to the list under another name",
        "Subject: Auto-moderation bot is abused",
        "From: norea@x.example",
        "Subject: Please confirm your message to Bob was meant so",
        "Subject: Quarantine and how Bob made fun of it",
        "Subject: Recall what he said",
        "Subject: Read: he writes to me again",
        "From: Rae <rae@notboxbe.com>",
        "Content-Type: text/calendar; method=REQUEST",
        "Feedback-ID: 1:user:proton",
        "X-MS-Exchange-Inbox-Rules-Loop: conduct@c.example",
        "From: bob.request@x.example",
        "Content-Type: multipart/mixed; boundary=x",
    ],
)
def test_a_persons_mail_is_a_persons(header: str) -> None:
    assert mail(f"{header}\n\nx").automatic == ""


def test_one_without_a_sender_is_a_reports_only_where_it_has_no_return_path_either() -> None:
    """A program that nobody told who it writes for leaves it out, too."""
    for path, certain in (("<>", True), ("<a@x.example>", False)):
        found = mail(f"Return-Path: {path}\nFrom: <>\n\nx")
        assert found.automatic
        assert found.doubtful is not certain


@pytest.mark.parametrize(
    "subject",
    [
        "Out of Office until Monday", "Out of the office until 30 November", "OOO 12/24 - 1/2",
        "Out of office, back Monday", "Out of Office Notification", "Out-of-office (20-24 Nov)",
        "OUT OF OFFICE - until further notice", "I'm out of the office until Nov 3, call Jane",
        "I am currently out of the office", "On leave until next week",
        "On vacation through Friday",
        "Away from my desk until tomorrow", "Out of office from Mon 3 to Fri 7 May",
        "Abwesend bis Montag", "Abwesenheit vom 3. bis 5. Mai", "Im Urlaub bis 3.12.",
        "Ich bin derzeit nicht im Büro", "Nicht im Büro bis auf Weiteres", "Außer Haus bis morgen",
        "Absent jusqu'au lundi 3 mai", "Absente jusqu’à demain", "En congés du 3 au 7 août",
        "Hors du bureau", "Absence : jusqu'au 3 mai", "Absent(e) jusqu'au 12 mars",
        "Fuera de la oficina hasta el lunes", "Ausente hasta el 3 de mayo",
        "De vacaciones hasta 3/5",
        "Fuori ufficio", "Assente fino al 3 maggio", "In ferie dal 3 al 7 agosto",
        "Assente fino a lunedì", "Afwezig tot maandag", "Niet op kantoor", "Met vakantie tot 3 mei",
        "Afwezigheid van 3 mei tot 7 mei", "Fora do escritório até segunda-feira",
        "Ausente até 3 de maio", "De férias até amanhã",
    ],
)  # fmt: skip
def test_a_notice_of_absence_without_a_mark_is_a_machines_and_shown(subject: str) -> None:
    """In doubt: it is set aside, and members can accept it."""
    found = mail(f"From: a@x.example\nSubject: {subject}\n\nx")
    assert (bool(found.automatic), found.doubtful) == (True, True)


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office hours he calls me", "Out of office party: harassment",
        "Out of office message of Bob contains slurs", "Out of the office he followed me",
        "Out of office on Monday he hit me", "Out of office until he apologises",
        "On leave because of Bob", "On vacation he sent me pictures", "On holiday in May he hit me",
        "Away from my desk, somebody read my mail", "Absent members vote?", "Absence of moderation",
        "Absence of any answer since Monday", "I am out of patience", "I am away until Monday",
        "Abwesenheit der Moderation", "Im Urlaub hat er mich bedroht", "Nicht im Büro, sondern",
        "Im Urlaub am Montag hat er mich geschlagen", "Außer Haus belästigt",
        "Absente lors du vote",
        "Absence de réponse du comité", "En vacances, il m'a suivie", "Ausencia de respuesta",
        "De vacaciones me siguió", "Fuera de la oficina me insultó", "Assenza di moderazione",
        "In ferie mi ha scritto", "Afwezigheid van moderatie", "Op vakantie viel hij me lastig",
        "Ausência de resposta", "De férias ele me seguiu", "OOOps, wrong list", "Absent", "Absence",
        "Re: Out of office until Monday", "He is out of office until Monday",
    ],
)  # fmt: skip
def test_a_report_that_begins_like_one_is_a_persons(subject: str) -> None:
    assert mail(f"From: a@x.example\nSubject: {subject}\n\nx").automatic == ""


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Read: He follows me", ""),
        ("Read: He follows me", "Your message\n\n   To: R\n\nwas read on Monday."),
        ("Gelesen: Hallo", "Ihre Nachricht an R wurde am 3. Mai um 9:00 gelesen."),
        ("Lu : Bonjour", "Votre message a été lu le 3 mai."),
        ("Not read: x", "Your message was deleted without being read on 3 May."),
        ("Recall: x", "R would like to recall the message, “x”."),
    ],
)
def test_what_a_mail_program_says_of_a_mail_that_it_got_is_a_machine_s(
    subject: str, text: str
) -> None:
    found = mail(f"From: a@x.example\nSubject: {subject}\n\n{text}")
    assert (bool(found.automatic), found.doubtful) == (True, True)
    by_outlook = part("application/ms-tnef; name=winmail.dat", "x")
    found = mail(f"From: a@x.example\nSubject: {subject}\n{by_outlook}")
    assert (bool(found.automatic), found.doubtful) == (True, True)
    by_a_person = f"From: a@x.example\nSubject: {subject}\n\nHe wrote to me again."
    assert mail(by_a_person).automatic == ""


@pytest.mark.parametrize(
    ("header", "doubtful"),
    [
        ("From: a@x.example", True),
        ("From: a@x.example\nList-Id: <l.example>", True),
        ("From: a@x.example\nPrecedence: bulk", False),
        ("From: postmaster@x.example", False),
        ("From: a@x.example\nSubject: Failure notice", False),
        ("From: a@x.example\nContent-Type: message/delivery-status", False),
    ],
)
def test_a_mail_without_a_return_path_is_a_machine_s_where_it_bears_one_more_mark(
    header: str, doubtful: bool
) -> None:
    """RFC 5321 section 4.5.5; but some rules of mailboxes send people's mail on without one."""
    found = mail(f"Return-Path: <>\n{header}\n\nHe follows me.")
    assert (bool(found.automatic), found.doubtful) == (True, doubtful)


def test_who_sends_a_report_on_may_be_a_person() -> None:
    parts = (part("text/plain", "I wrote to him."), part("message/delivery-status", "Action: x"))
    found = [mail(multipart(*parts, kind=kind)) for kind in ("mixed", "report")]
    assert [(bool(one.automatic), one.doubtful) for one in found] == [(True, True), (True, False)]
    redirected = mail("X-Autogenerated: Redirect\n\nx")
    assert (bool(redirected.automatic), redirected.doubtful) == (True, True)
    forwarded = mail("Auto-Submitted: auto-forwarded\n\nx")
    assert (bool(forwarded.automatic), forwarded.doubtful) == (True, True)


@pytest.mark.parametrize("source", ["Mailbox Rules Agent", "Journal Agent", ""])
def test_what_a_rule_of_a_microsoft_mailbox_sent_on_may_be_a_persons(source: str) -> None:
    """A committee's old address may forward by one; what answers has a subject that says so."""
    by_a_rule = f"From: a@x.example\nX-MS-Exchange-Generated-Message-Source: {source}\n"
    for subject in ("FW: He follows me", "He follows me", "WG: Automatic reply: COC-7F3KQ2"):
        found = mail(f"{by_a_rule}Subject: {subject}\n\nx")
        assert (bool(found.automatic), found.doubtful) == (True, True)
    for subject in ("Automatic reply: COC-7F3KQ2", "Automatische Antwort: COC-7F3KQ2"):
        found = mail(f"{by_a_rule}Subject: {subject}\n\nx")
        assert (bool(found.automatic), found.doubtful) == (True, False)


def test_the_envelope_says_that_there_is_no_return_path() -> None:
    for path, null in (("", True), ("MAILER-DAEMON", True), ("a@x.example", False), (None, False)):
        found = read(b"From: a@x.example\n\nx", return_path=path)
        assert isinstance(found, Mail)
        assert found.null_return_path is null


def test_a_report_says_its_type() -> None:
    raw = "Content-Type: multipart/report; report-type=Delivery-Status; boundary=b\n\n"
    assert mail(raw).report == "delivery-status"


# -- the digest ----


def test_the_digest_is_the_same_by_every_road() -> None:
    own = "DKIM-Signature: x\nReceived: first hop\nFrom: a@x.example\n\nbody\n"
    imap = "Return-Path: <a@x.example>\nDelivered-To: c@x.example\nReceived: by lda\n" + own
    lmtp = "X-Spam-Status: No\nAuthentication-Results: x; none\n" + own.replace("\n", "\r\n")
    assert mail(own).digest == mail(imap).digest == mail(lmtp).digest
    assert mail(own).digest != mail(own.replace("first", "other")).digest
    assert mail(own).digest != mail(own.replace("body", "b0dy")).digest


# -- limits and hostile mail ----


def nested(depth: int) -> str:
    opening = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth)
    )
    return opening + "Content-Type: text/plain\n\nx"


@pytest.mark.parametrize(
    "raw",
    [
        b"X: 1\n" * 20_000 + b"\nx",
        b"X: " + b"a" * 9000 + b"\n\nx",
        b"X: " + b"a" * 100_000,
        multipart(*["\nx"] * 300).encode(),
        nested(30).encode(),
        multipart("X: 1\n" * 20_000 + "\nx").encode(),
    ],
)
def test_beyond_a_limit_it_is_unreadable_and_says_why(raw: bytes) -> None:
    found = read(raw)
    assert isinstance(found, Unreadable)
    assert found.why.endswith("we open.")
    assert "\n" not in found.why


def test_within_the_limits_it_is_read() -> None:
    assert isinstance(read(nested(19).encode()), Mail)
    assert isinstance(read(multipart(*["\nx"] * 150).encode()), Mail)
    assert isinstance(read(b"x", Limits(size=0)), Unreadable)
    assert isinstance(read(b"a" * 1_000_000), Mail)  # no header at all


WIDE = 60_000
HOSTILE = {
    "encoded words": b"From: " + b"=?utf-8?q?a?= \n " * (WIDE // 15) + b"<a@x.example>\n\n",
    "semicolons": b"Content-Type: text/plain" + b";\n " * (WIDE // 3) + b"\n\n",
    "parameters": b"Content-Type: text/plain" + b';\n a="' * (WIDE // 6) + b"\n\n",
    "comments": b"From: " + b"(\n " * (WIDE // 3) + b"\n\n",
    "addresses": b"To: " + b"a@x.example,\n " * (WIDE // 15) + b"\n\n",
    "quotes": b"To: " + b'"\\\n ' * (WIDE // 4) + b"\n\n",
    "references": b"References: " + b"<a@b>\n " * (WIDE // 8) + b"\n\n",
    "open ids": b"References: " + b"<\n " * (WIDE // 3) + b"\n\n",
    "boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"x--b\n" * 400_000,
    "nothing between": b"Content-Type: multipart/mixed; boundary=-\n\n" + b"-" * 2_000_000,
    "white space": b"Subject: " + b" \t\n" * (WIDE // 3) + b"\n\n",
    "tags": b"Content-Type: text/html\n\n" + b"<" * 2_000_000,
    "comments in html": b"Content-Type: text/html\n\n" + b"<!--" * 400_000,
    "scripts": b"Content-Type: text/html\n\n" + b"<script>" * 200_000,
    "entities": b"Content-Type: text/html\n\n" + b"&" * 1_000_000,
    "flowed": b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 600_000,
    "quoted": b"Content-Type: text/plain; format=flowed\n\n" + b">" * 2_000_000,
    "spaces": b"Content-Type: text/plain\n\n" + b" " * 2_000_000,
    "equals": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 2_000_000,
    "base64": b"Content-Transfer-Encoding: base64\n\n" + b"A=" * 1_000_000,
    "comments of a type": b"Content-Type: text/plain; x="
    + b"(" * 4_000
    + b"; y="
    + b"()" * 2_000
    + b"\n\n",
    "comments of parts": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + (b"--b\nContent-Type: text/plain; x=" + b"(" * 2_000 + b"() y" * 1_000 + b"\n\n") * 190,
    "uuencoded": b"Content-Transfer-Encoding: x-uuencode\n\n"
    + b"begin 644 x\n"
    + b"!``\n" * 500_000,
    "begins": b"Content-Transfer-Encoding: x-uuencode\n\n" + b"begin 644 \t" * 150_000,
    "armours": b"\n" + b"-----BEGIN PGP MESSAGE-----\n" * 60_000,
    "armours that end": b"\n"
    + b"-----BEGIN PGP MESSAGE-----\n-----END PGP MESSAGE-----\n" * 30_000,
    "words in words": b"From: " + b"=?a?q?(x)\n " * 1_500 + b"<a@x.example>\n\n",
    "ats in words": b"From: " + b"=?a?q?@?=\n " * 1_300 + b"<a@x.example>\n\n",
    "comments in comments": b"From: " + b"(a(b(c)\n " * 1_800 + b"<a@x.example>\n\n",
    "armour": b"\n" + b"-----BEGIN PGP MESSAGE-----x\n" * 60_000,
    "dates": b"Date: " + b"1 " * 4_000 + b"\n\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_does_not_stall(name: str) -> None:
    began = time.thread_time()
    assert read(HOSTILE[name]) is not None
    assert time.thread_time() - began < 1.0


# -- no bytes make it raise ----

LINES = st.sampled_from(
    [
        b"From: a@x.example",
        b"From: =?utf-8?b?/w==?= <a@x",
        b"To: <a@x.example>, b",
        b"Subject: =?utf-16?q?=FF?=",
        b"Content-Type: multipart/mixed; boundary=b",
        b'Content-Type: multipart/digest; boundary="b"',
        b"Content-Type: text/plain; charset=utf-16; format=flowed",
        b"Content-Type: text/html; name*0*=utf-8'%ff",
        b"Content-Type: application/pkcs7-mime",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b'Content-Disposition: attachment; filename="x',
        b"Date: 99999999999",
        b"Date: Fri, 99 Nov 9999 99:99:99 +9999",
        b"Date: 1 Jan 0001 00:00:00 +2359",
        b"Message-ID: <a@b>",
        b"--b",
        b"--b--",
        b"",
        b" folded",
        b"<p>x</p>",
        b"/approve ",
        b"> quoted ",
    ]
)
MAILS = st.lists(st.one_of(LINES, st.binary(max_size=30)), max_size=30).map(b"\n".join)


@settings(max_examples=300, deadline=None)
@given(st.one_of(MAILS, st.binary(max_size=300)))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    found = read(raw)
    assert isinstance(found, Mail | Unreadable)
    recipients(raw)
    if isinstance(found, Mail):
        found.text.encode()  # no lone surrogates: the store could not keep them
        found.subject.encode()
        assert (found.sender is None) == bool(found.sender_defect)
        assert "\0" not in found.text + found.subject
        own = raw[:8].decode("latin-1")  # where it isn't by chance a field's name
        assert own not in repr(found) or own in repr(read(b"")) or len(raw) < 8


@given(st.text(max_size=200))
def test_readable_is_one_line(text: str) -> None:
    shown = headers.readable(text)
    assert "\n" not in shown
    assert "\r" not in shown


@given(st.binary(max_size=100))
def test_base64_and_quoted_printable_come_back(data: bytes) -> None:
    encoded = b"Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n"
    found = mail(encoded + base64.encodebytes(data))
    assert found.attachments[0].size == len(data)
    assert headers.unbase64(base64.b64encode(data)) == data
    assert quopri.decodestring(quopri.encodestring(data)) is not None


@given(st.text(max_size=300))
def test_stripping_tags_never_raises(text: str) -> None:
    strip_tags(text)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_signature_is_one_of_the_header(end: str) -> None:
    def bears(*lines: str) -> bool:
        return signed(end.join((*lines, "", "Hello.")).encode())

    field = "DKIM-Signature: v=1; d=example.net"
    assert bears("From: a@example.net", "Subject: x", " folded", field)
    assert bears(field.lower(), "From: a@example.net")
    assert not bears("From: a@example.net", "", field)
    assert not bears("From: a@example.net", "X-" + field, " " + field)
    assert not signed(b"")


@pytest.mark.parametrize("label", ["utf-8", "", "us-ascii", "utf-16"])
@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_two_bytes_before_a_text_make_no_letters_of_china_of_it(label: str, mark: bytes) -> None:
    for said in ("He hit me again!", "Он снова ударил меня!", "Er schlug mich!!"):
        for data in (said.encode(), said.encode() + b"x"):
            assert decode(mark + data, label).endswith(data.decode())
    spoilt = decode(mark + "Он снова ударил меня ".encode("cp1251"), label)
    assert not any("\u3000" < c < "\uf900" for c in spoilt)


@pytest.mark.parametrize("label", ["utf-8", "", "utf-16"])
def test_text_in_two_bytes_a_letter_is_read_by_its_mark(label: str) -> None:
    for said in (
        "He hit me again!",
        "他又打了我",
        "Он снова ударил меня",
        "殴られた\n",
        "中文 ok 👍",
    ):
        assert decode(said.encode("utf-16"), label) == said
        assert decode("\ufeff".encode("utf-16-be") + said.encode("utf-16-be"), label) == said


def names_of(head: str) -> tuple[str, ...]:
    found = mail(multipart(part("text/plain", "Look."), f"{head}\n\nx")).attachments
    assert len(found) == 1
    return (str(found[0].name), *map(str, found[0].others))


def test_a_mark_changes_no_name() -> None:
    disposed = "Content-Type: image/jpeg\nContent-Disposition: attachment; "
    for value in (
        "filename*=utf-8''%FF%FEinvoice.js", "filename*=''%FE%FFinvoice.js",
        "filename*=utf-16''%FF%FEinvoice.js", 'filename="=?utf-8?q?=FF=FEinvoice.js?="',
    ):  # fmt: skip
        assert names_of(disposed + value)[0].endswith("invoice.js"), value
    assert names_of(disposed + "filename*=utf-8''%FF%FE%D6N") == ("ÿþÖN",)  # in UTF-16: 他
    assert names_of(disposed + "filename*=utf-16''%FF%FE%D6N") == ("他",)


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ('Content-Disposition: attachment; filename="photo.jpg"', ("photo.jpg",)),
        (
            "Content-Type: image/jpeg; name=photo.jpg\n"
            "Content-Disposition: attachment; filename*=utf-8''photo.jpg",
            ("photo.jpg",),
        ),
        (
            'Content-Type: image/jpeg; name="evil.js"\n'
            'Content-Disposition: attachment; filename="photo.jpg"',
            ("photo.jpg", "evil.js"),
        ),
        (
            "Content-Disposition: attachment; filename=\"evil.js\"; filename*=utf-8''photo.jpg",
            ("photo.jpg", "evil.js"),
        ),
        (
            "Content-Disposition: attachment; filename=photo.jpg; filename=evil.js",
            ("photo.jpg", "evil.js"),
        ),
        (
            'Content-Disposition: attachment; filename*0="photo."; filename*1="jpg"; filename*1=js',
            ("photo.jpg", "photo.js"),
        ),
        (
            "Content-Disposition: attachment; filename=photo.jpg\n"
            "Content-Disposition: attachment; filename=evil.js",
            ("photo.jpg", "evil.js"),
        ),
        (
            "Content-Disposition: attachment; filename=evil.js is a photo.jpg",
            ("evil.js is a photo.jpg", "evil.js"),
        ),
        ('Content-Disposition: attachment; filename="evil.js/"', ("evil.js",)),
        ('Content-Disposition: attachment; filename="evil.js/. \\\\ "', ("evil.js",)),
        ('Content-Disposition: attachment; filename="a/b.txt"', ("a_b.txt",)),
        (
            'Content-Disposition: attachment; filename=photo.jpg (; filename="evil.js" )',
            ("photo.jpg", "photo.jpg (", "evil.js"),
        ),
        ("Content-Disposition: attachment; filename=photo (1).jpg", ("photo (1).jpg",)),
    ],
)
def test_every_name_that_a_file_may_have_is_known(head: str, names: tuple[str, ...]) -> None:
    assert names_of(head) == names
