"""What a mail says is shown, whatever form it has: nothing of it is passed over in silence."""

from __future__ import annotations

import base64
import textwrap
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.adapters.html import html_to_text
from cocmail.core import mime
from cocmail.core.attached import kind_of
from cocmail.core.body import Body
from cocmail.core.leaks.likeness import folded
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail, files, read
from cocmail.core.markup import strip_tags
from tests.core.test_mail import alternative, mail, multipart, part

REPORT = "He waited for me at the bar."
PAGE = part("text/html", f"<p>{REPORT}</p>")
ATTACHED = "Content-Disposition: attachment\n"
FOOTER = part("text/plain", "Scanned, and found clean.")


def encoded(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


def in_lines(text: str, charset: str) -> str:
    """Base64 as some program wraps it: within a character, and with a blank on each line."""
    letters = base64.b64encode(text.encode(charset)).decode()
    return " \n ".join(textwrap.wrap(letters, 50))


def in_base64(body: str, charset: str = "utf-8") -> str:
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n"
    return str(mail(head + body).whole)


# -- plain text and HTML ----


@pytest.mark.parametrize(
    "page", [PAGE, multipart(PAGE, kind="alternative", boundary="c")], ids=["alone", "in its own"]
)
def test_a_footer_stands_for_no_page_but_below_it(page: str) -> None:
    found = mail(multipart(page, FOOTER))
    assert found.whole == f"{REPORT}\n\nScanned, and found clean."
    assert found.body is Body.HTML
    assert found.attachments == ()


def test_a_page_behind_a_text_is_shown_below_it() -> None:
    found = mail(multipart(part("text/plain", "Hello"), PAGE))
    assert (found.body, str(found.text), str(found.fuller)) == (Body.PLAIN, "Hello", REPORT)
    assert found.attachments == ()
    two = mail(multipart(part("text/plain", "Hello"), PAGE, FOOTER))
    assert two.body is Body.SEVERAL
    assert str(two.text).split("\n\n") == ["Hello", REPORT, "Scanned, and found clean."]


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("See below.", "<p>See below. \u2b50</p>"),
        ("Your client does not show HTML.", f"<p>{REPORT}</p>"),
        ("Your client does not show HTML.", "<p>Help me</p>"),
        ("I am fine.", "<p>I am not fine.</p>"),
        ("no", "<p>no no</p>"),
        ("See here:", "<p>See here: https://pictures.example/2</p>"),
        ("See below.", f"<html><head><title>x</title><body><p>See below.</p><p>{REPORT}</p>"),
        ("See below.", f"<html><head><p>See below.</p><p>{REPORT}</p></body></html>"),
        ("See below.", f"<!-- x --!><p>See below.</p><p>{REPORT}</p>"),
        ("See below.", f"<p>See below.</p><!--><p>{REPORT}</p>"),
        ("See below.", "<p>See below.</p> < he hit me >"),
        ("See below.", "<p>See below. \U0001f52a</p>"),
        ("Alice hit Bob.", "<p>Bob hit Alice.</p>"),
        ("I did not hit her.", "<p>I did hit her.</p>"),
        ("I did hit her.", "<p>I did not hit her.</p>"),
        ("See <https://a.example/> here", "<p>See that here</p>"),
    ],
)
def test_whatever_the_html_says_otherwise_is_told(plain: str, html: str) -> None:
    found = alternative(plain, html)
    assert str(found.text) == plain
    assert found.fuller


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("He hit *me*.", "<html><head><title>x</title></head><p>He hit <b>me</b>."),
        ("Hello", "<b>H</b>ello"),
        ("See here <https://a.example/b?c=1>.", '<a href="https://a.example/b?c=1">See here</a>.'),
        ("https://a.example/ <https://a.example/>", '<a href="x">https://a.example/</a>'),
        ("Alice <mailto:alice@b.example> wrote:\n> Hi", "Alice wrote:<blockquote>Hi</blockquote>"),
        ("Alice <alice@b.example> wrote:", "Alice &lt;<a href=x>alice@b.example</a>&gt; wrote:"),
        ("[blue.png]\n[image: logo]\nHi \u263a", "<img src=cid:1 alt=logo><p>Hi <img src=cid:2>"),
        ("To do:\n\n   1. go\n   2. come", "To do:<ol><li>go<li>come</ol>"),
        ("1. go\n2. come", "<p>1. go<br>2. come</p>"),
        ("-- \nAlice", "<p>-- <br>Alice &amp; <!-- Bob --></p>"),
    ],
)
def test_html_that_says_the_same_is_not_shown_twice(plain: str, html: str) -> None:
    forms = multipart(part("text/plain", plain), part("text/html", html), kind="alternative")
    found = read(forms.encode(), html_to_text=html_to_text)
    assert isinstance(found, Mail)
    assert found.whole == plain


def test_a_page_that_is_cut_at_its_pictures_is_not_shown_twice() -> None:
    picture = part('image/png; name="a.png"', "x")

    def apple_mail(behind: str) -> Mail:
        pages = (part("text/html", "<p>Look:"), picture, part("text/html", f"<p>{behind}"))
        whole = multipart(*pages, boundary="c")
        plain = part("text/plain", "Look:\n\n\nThat was it.")
        found = read(
            multipart(plain, whole, kind="alternative").encode(), html_to_text=html_to_text
        )
        assert isinstance(found, Mail)
        return found

    assert not apple_mail("That was it.").fuller
    assert "not" in apple_mail("That was not it.").fuller


@pytest.mark.parametrize("number", ["9" * 5000, "x" + "f" * 5000, "00000000099999999"])
@pytest.mark.parametrize(
    "page",
    [
        "<p>He hit me &#%s;</p>",
        "He hit me &amp;#%s;",
        "<p>He hit me <img alt='&#%s;' src='//&#%s;'>",
    ],
)
def test_a_letter_of_many_digits_sets_no_report_aside(page: str, number: str) -> None:
    found = read(part("text/html", page.replace("%s", number)).encode(), html_to_text=html_to_text)
    assert isinstance(found, Mail)
    assert found.text.startswith("He hit me")
    assert folded(f"alice &#{number};") == ["alice"]


def test_a_letter_of_many_zeros_is_that_letter() -> None:
    zeros = "0" * 5000
    assert folded(f"&#{zeros}97;lic&#X{zeros}65;") == ["alice"]
    assert strip_tags(f"<p>&#{zeros}97;&#x00000;&#x{zeros}1F600;") == "a\ufffd\U0001f600"


# What stood behind the end of a page was left out, and words of two lines ran together.
@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<html><body>Thank you all.</body></html>\nHelp me.", "Thank you all. Help me."),
        ("<body><p>Thank you all.</body ></HTML><p>Help me.", "Thank you all. Help me."),
        ("<html>Thank you all.</html><html>Help me.</html>", "Thank you all. Help me."),
        ("<section>He hit me</section><section>at noon</section>", "He hit me at noon"),
        ("<dl><dt>who<dd>him<dt>what<dd>this</dl>", "who him what this"),
        ("He hit me<hr>at noon", "He hit me at noon"),
        ("<center>He hit me</center>at noon<form>in town</form>.", "He hit me at noon in town ."),
    ],
)
def test_no_word_of_a_page_is_lost_or_joined_to_another(markup: str, words: str) -> None:
    assert html_to_text(markup).split() == words.split()
    forms = (part("text/plain", words.split()[0]), part("text/html", markup))
    found = read(multipart(*forms, kind="alternative").encode(), html_to_text=html_to_text)
    assert isinstance(found, Mail)
    assert str(found.fuller).split() == words.split()


@pytest.mark.parametrize("plain", ["See below.", ""])
def test_a_page_of_pictures_alone_is_listed(plain: str) -> None:
    found = alternative(plain, "<p><img src='https://a.example/1.png'></p>")
    assert (found.whole.strip(), found.body is Body.PLAIN) == (plain, True)
    assert [kind_of(one) for one in found.attachments] == ["formatted"]


@pytest.mark.parametrize(
    ("html", "number"),
    [
        ("<p><img src='https://a.example/1.png'></p>", 1),
        ("<img\nalt='He hit me' width=400 SRC=//a.example/1>", 1),
        ("<img src='https://a.example/1'><p>x<img src='https://b.example/1'>", 2),
        ("<td background=http://a.example/1>x", 1),
        ("<div style=\"background:url('https://a.example/1') no-repeat\">x</div>", 1),
        ("<svg><image href='&#104;ttps://a.example/1'/></svg>", 1),
        ("<img src=cid:1><img src='data:image/png;base64,aaaa'><img src=1.png>", 0),
        ("<img src='https://a.example/1' width=1 height='1'>", 0),  # tells that it is read
        ("<img src='https://a.example/1' style='height:0'>", 0),
        ("<a href='https://a.example/1'>x</a><script src='https://a.example/1'></script>", 0),
        ("<!-- <img src='https://a.example/1'> -->", 0),
    ],
)
def test_pictures_elsewhere_are_counted_and_dots_are_not(html: str, number: int) -> None:
    assert alternative("", html).elsewhere == number
    assert alternative("Hello", html).elsewhere == number


BYTES = base64.b64encode(bytes(range(256)) * 1200).decode()


@pytest.mark.parametrize(
    "tag",
    [
        '<img alt="his words" src="data:image/png;base64,{}">',
        "<img alt='his words' src='DATA:image/jpeg;name=a.jpg;base64,{}' width=400>",
        "<img src=data:image/png;base64,{} alt='his words'>",
        '<p style="background: url(data:image/svg+xml,{}) no-repeat">',
        "<p style=\"background: url('data:image/svg+xml;charset=utf8,{}')\">",
    ],
)
def test_a_page_with_a_picture_in_a_tag_is_read_as_without_it(tag: str) -> None:
    page = "<table><tr><td>He<td>hit me</table><ol><li>{}here<li>and there</ol><p>Help me."
    wrapped = BYTES if "=data" in tag or "(data" in tag else "\n".join(textwrap.wrap(BYTES, 76))
    bare = html_to_text(page.format(tag.format("")))
    for picture in (BYTES, wrapped):
        markup = page.format(tag.format(picture))
        raw = part("text/html", encoded(markup), "Content-Transfer-Encoding: base64\n").encode()
        found = read(raw, html_to_text=html_to_text)
        assert isinstance(found, Mail)
        assert found.whole == bare
        assert [(kind_of(one), one.missing) for one in found.attachments] == [("formatted", 0)]


def test_what_only_begins_like_a_picture_in_a_tag_is_no_picture() -> None:
    said = f'He wrote "data:image/png;base64, {"and hit me " * 200}", <b>see?</b>'
    assert " ".join(mail(part("text/html", said)).whole.split()) == strip_tags(said)
    again = '"data:image/png;base64,=data:a/b,' * 20_000
    began = time.thread_time()
    mail(part("text/html", again))
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("opening", ["<img ", "<img src=", '<img src="', "<img style=url(", "<"])
def test_pictures_are_counted_in_little_time(opening: str) -> None:
    began = time.thread_time()
    alternative("", opening * (200_000 // len(opening)) + ">")
    alternative("", "<img " + opening.removeprefix("<img ") * 60_000 + ">")
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("See here.", "<p>See <a class=x HREF='https://a.example/b'>here</a>."),
        ("https://a.example/", '<a href="https://b.example/">https://a.example/</a>'),
        ("See here <https://a.example/b>.", '<a href="https://a.example/c">See here</a>.'),
        ("Ask me.", '<a href="mailto:mallory@b.example?subject=x">Ask me.</a>'),
        ("Look:", '<p>Look: <img src="https://a.example/1.png" alt="He hit me">'),
        ("I am fine", '<p>I am fine <img alt="\U0001f620" src=cid:1></p>'),
        ("", "<p>See <a href=https://a.example/b>here</a>"),
        ("It was:", "<p>It was: <input name=who value='Mallory'>"),
        ("I am fine", "<p>I am fine</p><p style='color:red; Display&#58;none'>psst</p>"),
        ("I am fine", '<p>I am fine<b STYLE="display:none!important"> I am <i>not</i></b></p>'),
    ],
)
def test_what_only_the_formatting_holds_is_listed(plain: str, html: str) -> None:
    forms = (part("text/plain", plain), part("text/html", html))
    found = read(multipart(*forms, kind="alternative").encode(), html_to_text=html_to_text)
    assert isinstance(found, Mail)
    assert [kind_of(one) for one in found.attachments] == ["formatted"]
    assert str(found.whole).strip() == (plain or "See here")


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        (
            "See here <https://a.example/b?c=1&d>.",
            '<a href="https://A.example/b?c=1&amp;d">See here</a>.',
        ),
        (
            "a.example/K\u00f6ln, now",
            '<a href="http://www.a.example/K%C3%B6ln">a.example/K\u00f6ln</a>, now',
        ),
        ("*a.example:80*", '<b><a href="http://a.example:80/">a.example:80</a></b>'),
        ("Alice <mailto:alice@b.example>", '<a href="mailto:alice@b.example">Alice</a>'),
        ("alice@b.example.", '<a href="mailto:alice@b.example">alice@b.example</a>.'),
        ("+49 30 1", '<a href="tel:+49301">+49 30 1</a>'),
        ("[image: Our logo]\nHi", '<img src="https://a.example/1" alt="Our  Logo"><p>Hi'),
        ("Hi", '<p>Hi<img src=cid:1 alt="image001.png"><img alt="" src="https://a.example/1.gif">'),
        ("Up", '<a name=top></a><p data-href="https://a.example/"><a href="#top">Up</a></p>'),
        ("Hi", '<!--[if mso]><a href="https://a.example/">x</a><![endif]--><p>Hi</p>'),
        ("Hi \u2b50", "<p>Hi \u2b50</p>"),
        ("Hi", "<p style='display:none'> </p><p style='display:none;display:block'>Hi</p>"),
        ("Hi", "<p>Hi<img style='display:none' src=cid:1><input type=hidden value=token>"),
    ],
)
def test_ordinary_formatting_is_passed_over(plain: str, html: str) -> None:
    found = alternative(plain, html)
    assert (str(found.whole), found.attachments) == (plain, ())


def test_what_only_the_formatting_holds_costs_little() -> None:
    links = "".join(f"<a href='https://a.example/{n}'>x" for n in range(1_900))
    told = "\n".join(f"https://a.example/{n}" for n in range(1_899, -1, -1))
    forms = [
        (f"{'x ' * 1_900}\n{told}", links),
        ("a.b " * 25_000, f"<a href='https://a.example/'>{'a.b ' * 25_000}"),
        ("x", "<a href=" * 12_000),
        ("x", f"<a {'href ' * 20_000}>"),
        ("x", f"<img alt{' ' * 90_000}>"),
        ("x", "<p style='display" + "('a'" * 9_000),
        ("x", "<p style=&display:none></p>" * 15_000),
        ("x", f"<img {'alt=' * 20_000}>"),
        ("x", f"<img {'alt=' + chr(39):s}{'x' * 90_000}>"),
        ("x", "<a href='http" + "://" * 30_000 + "'>"),
        ("x", "<!-- " * 20_000),
        ("x" * 190_000, "<a href='https://a.example/'>" + "x" * 150_000),
    ]
    for plain, html in forms:
        began = time.thread_time()
        alternative(plain, html)
        assert time.thread_time() - began < 0.5
    pages = (part("text/html", "<a href='https://a.example/'>x") for _ in range(150))
    raw = multipart(part("text/plain", "a.b " * 45_000), *pages, kind="alternative")
    began = time.thread_time()
    mail(raw)
    assert time.thread_time() - began < 1


def test_each_alternative_is_weighed_by_itself() -> None:
    one = multipart(part("text/plain", REPORT), PAGE, kind="alternative", boundary="c")
    other = multipart(part("text/plain", "See it."), PAGE, kind="alternative", boundary="d")
    assert str(mail(multipart(one, other)).whole).split("\n\n") == [REPORT, "See it.", REPORT]


# -- which parts are text ----


TYPES = ("text/plain", "text/html", "application/xhtml+xml", "text/markdown", "text/x-patch")
PARTS = st.recursive(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from(("", '; name="a.txt"', '; name="text_0.txt"', "; charset=us-ascii")),
        st.sampled_from(("", "Content-Disposition: inline\n", ATTACHED)),
    ),
    lambda inner: st.tuples(
        st.sampled_from(("mixed", "related", "alternative", "signed", "report", "x-odd")),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


def made_of(one: Any, words: list[str], seen: set[str], kind: str = "") -> str:
    """A mail of these parts, each of its own word; those that are to be seen are noted."""
    if len(one) == 2:
        boundary = f"b{len(words)}{kind}"
        words.append(boundary)
        parts = [made_of(child, words, seen, one[0]) for child in one[1]]
        return multipart(*parts, kind=one[0], boundary=boundary)
    word = f"word{len(words)}x"
    words.append(word)
    attached = one[2] == ATTACHED and "text_0.txt" not in one[1]
    if not attached and (kind != "alternative" or one[0] in TYPES[:3]):
        seen.add(word)
    return part(one[0] + one[1], f"<p>{word}</p>" if "html" in one[0] else word, one[2])


@given(PARTS)
def test_each_word_that_comes_as_text_is_shown_and_no_part_goes_unsaid(one: Any) -> None:
    words: list[str] = []
    seen: set[str] = set()
    raw = made_of(one, words, seen)
    found = mail(raw)
    assert {word for word in seen if word not in found.whole} == set()
    told = found.whole + "".join(str(one.begins) for one in found.attachments)
    assert [word for word in words if word.startswith("word") and word not in told] == []


# -- where there is no text ----


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("text/plain", ATTACHED),
        ("text/markdown", ATTACHED),
        ("text/html", ATTACHED),
        ("text/plain; name=body.txt", ""),
        ("text/markdown", ""),
    ],
)
def test_what_is_nothing_but_an_attached_text_is_shown(kind: str, more: str) -> None:
    alone = part(kind, REPORT, more)
    for raw in (alone, multipart(alone), multipart(part("text/plain", " \n"), alone)):
        found = mail(raw)
        assert found.whole == REPORT
        assert found.text.strip() == ""  # no command stands there
        assert [one.shown for one in found.attachments] == [True]
    beside = mail(multipart(part("text/plain", "See it."), part(kind, REPORT, ATTACHED)))
    assert (beside.whole, [one.shown for one in beside.attachments]) == ("See it.", [False])


def test_each_plain_text_is_shown_where_all_are_attached() -> None:
    both = multipart(*(part("text/plain", said, ATTACHED) for said in (REPORT, "And again.")))
    found = mail(multipart(both, part("text/csv", "a;b", ATTACHED), boundary="c"))
    assert found.whole == f"{REPORT}\n\nAnd again."
    assert [one.shown for one in found.attachments] == [True, True, False]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("text/plain; name=text_0.txt", ""),
        ("text/plain; name=Text_1.TXT", ATTACHED),  # by MMS, whatever its gateway says
        ("text/plain; name=ATT00001.txt", ATTACHED),  # behind a picture, by Exchange
        ("text/html; name=ATT00002.htm", ATTACHED),
        ("text/plain", "Content-Disposition: inline; filename=body.txt\n"),
        ("text/html; name=a.html", ""),
        ("application/xhtml+xml; name=a.xhtml", ""),
        ("text/markdown", ""),  # RFC 2046 section 4.1.4: as plain text, where it isn't known
    ],
)
def test_what_comes_as_text_is_shown_below_the_text_though_it_has_a_file_s_name(
    kind: str, more: str
) -> None:
    file = part(kind, REPORT, more)
    for parts in ((file, FOOTER), (FOOTER, file), (file, FOOTER, part("image/png; name=a", "x"))):
        found = mail(multipart(*parts))
        assert found.whole == f"Scanned, and found clean.\n\n{REPORT}"
        assert (found.body, str(found.text)) == (Body.PLAIN, "Scanned, and found clean.")
        assert found.attachments[0].shown
        assert [kind_of(one) for one in found.attachments][1:] == ["picture"] * (len(parts) - 2)
    several = mail(multipart(file, part("text/plain; name=b.txt", "And again."), FOOTER))
    assert str(several.whole).split("\n\n")[1:] == [REPORT, "And again."]


@pytest.mark.parametrize(
    "kind", ["text/x-vcard; name=a.vcf", "text/calendar; name=a.ics", "text/css", "text/javascript"]
)
def test_what_is_text_to_a_machine_is_not_shown(kind: str) -> None:
    found = mail(multipart(part(kind, "BEGIN:X"), FOOTER))
    assert (found.whole, [one.shown for one in found.attachments]) == (
        "Scanned, and found clean.", [False],
    )  # fmt: skip
    assert mail(part(kind, "BEGIN:X")).whole == ""


def test_one_more_form_of_a_text_is_no_text_of_its_own() -> None:
    forms = (part("text/plain", REPORT), part("text/x-amp-html", "<p>Move on."), PAGE)
    found = mail(multipart(*forms, kind="alternative"))
    assert (found.whole, len(found.attachments)) == (REPORT, 1)


def test_a_page_of_xhtml_is_read_as_one_of_html() -> None:
    page = part("application/xhtml+xml", f"<html><body><p>{REPORT}</p></body></html>")
    assert (mail(page).body, mail(page).whole) == (Body.HTML, REPORT)
    both = mail(multipart(part("text/plain", REPORT), page, kind="alternative"))
    assert (both.body, both.whole, both.attachments) == (Body.PLAIN, REPORT, ())


def test_below_a_text_that_is_cut_no_file_s_text_stands_either_and_that_is_told() -> None:
    file = part("text/plain; name=text_0.txt", REPORT)
    raw = multipart(file, part("text/plain", "word " * 200))
    found = read(raw.encode(), Limits(text=400))
    assert isinstance(found, Mail)
    assert found.whole == "word " * 80
    assert [(str(one.name), one.missing, one.shown) for one in found.attachments] == [
        ("text_0.txt", len(REPORT), False), ("", 600, False),
    ]  # fmt: skip
    cut = read(multipart(FOOTER, file).encode(), Limits(text=40))
    assert isinstance(cut, Mail)
    assert (cut.whole.partition("\n\n")[2], cut.attachments[0].missing) == (REPORT[:15], 13)


def test_a_name_is_cut_in_its_middle_where_it_can_be_seen() -> None:
    long = f"{'a' * 300}.exe"
    found = mail(
        multipart(part("text/plain", "x"), part(f'text/x-log; name="{long}"', "x", ATTACHED))
    )
    (one,) = found.attachments
    assert len(one.name) == 255
    assert "a…a" in one.name
    assert kind_of(one) == "program"
    assert found.weight == len("x") + 255 + 20


def test_an_invitation_is_no_text_of_its_own() -> None:
    assert mail(part("text/calendar", "BEGIN:VCALENDAR")).whole == ""


@pytest.mark.parametrize("parameters", ["; boundary=never", "", "; boundary="])
def test_a_multipart_without_parts_is_read_as_it_came(parameters: str) -> None:
    broken = part(f"multipart/mixed{parameters}", REPORT)
    found = mail(broken)
    assert (found.body, str(found.text)) == (Body.SEVERAL, REPORT)
    assert REPORT in mail(multipart(broken, FOOTER)).whole


# -- base64 that is none, or not all of it ----

LONG = REPORT * 5


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (REPORT, REPORT),
        ("Help", "Help"),
        (f"Hello\n\n{REPORT}", f"Hello\n\n{REPORT}"),
        (encoded(REPORT), REPORT),
        (encoded(LONG), LONG),
        ("\n".join(encoded("Hello")), "Hello"),
        (encoded("Hel") + encoded("lo "), "Hello "),
        (encoded("Hello ") + encoded("you") + encoded("there"), "Hello youthere"),
        (encoded("Hello,\n") + encoded("you.\n"), "Hello,\nyou.\n"),
        (encoded(LONG + "\n") + encoded(LONG), f"{LONG}\n{LONG}"),
        (
            encoded("Hello.") + "\n-- \nThe list: a@b.example\n",
            "Hello.\n\n-- \nThe list: a@b.example\n",
        ),
        (encoded(LONG) + "____\nThe list\n", f"{LONG}\n____\nThe list\n"),
        (encoded(LONG) + "Unsubscribe\n", f"{LONG}\nUnsubscribe\n"),
        ("Forwarded by us:\n" + encoded(LONG), f"Forwarded by us:\n{LONG}"),
        (encoded(LONG)[:150], LONG[: 149 * 6 // 8]),
        (textwrap.indent(encoded(LONG), "  "), LONG),
        (textwrap.indent(encoded(LONG), "> "), LONG),
        (textwrap.indent(encoded(REPORT), "> ") + "The list\n", f"{REPORT}\nThe list\n"),
        (encoded(LONG).replace("\n", "=\n"), LONG),
        ("=\n".join(textwrap.wrap(encoded(LONG).replace("\n", ""), 30)), LONG),
        (encoded(LONG)[:20] + " " + encoded(LONG)[20:], LONG),
        (
            "\n!".join(textwrap.wrap(encoded("Am 😀 Größe " * 9).replace("\n", ""), 20)),
            "Am 😀 Größe " * 9,
        ),
        (encoded(REPORT)[:9] + "!" + encoded(REPORT)[9:], REPORT),
        (
            "\n".join(textwrap.wrap(encoded("Größe " * 20).replace("\n", ""), 50)) + "!",
            "Größe " * 20,
        ),
        (encoded(REPORT) + "\n-- \nThe list\n", f"{REPORT}\n\n-- \nThe list\n"),
        (encoded(REPORT + ".") + "Unsubscribe\n", f"{REPORT}.\nUnsubscribe\n"),
        (encoded("Hello\n" + LONG[:122]) + "Unsubscribe\n", f"Hello\n{LONG[:122]}\nUnsubscribe\n"),
    ],
)
def test_what_is_no_base64_is_shown_beside_what_is(body: str, shown: str) -> None:
    assert in_base64(body) == shown


def test_base64_of_other_letters_is_read() -> None:
    for text, charset in (
        ("Größe!", "iso-8859-1"),
        ("Hallo", "utf-16"),
        ("日本", "iso-2022-jp"),
        ("Привет, мир", "koi8-r"),
        ("สวัสดี", "tis-620"),
    ):
        body = base64.encodebytes(text.encode(charset)).decode()
        assert in_base64(body, charset) == text
    unknown = base64.encodebytes(b"He hit \x81me").decode()
    assert in_base64(unknown, "windows-1252") == "He hit \ufffdme"
    assert in_base64(base64.encodebytes("Große Angst".encode("cp1252")).decode()) == "Große Angst"
    assert (
        in_base64(in_lines("日本語のテキスト" * 20, "shift_jis"), "shift_jis")[:16]
        == "日本語のテキスト" * 2
    )


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", "windows-1252", "koi8-r", "none"])
@pytest.mark.parametrize(
    "command",
    [
        "/approve",
        "/abstain",
        "/object",
        "/read",
        "Stop",
        "See you",
        "Nein danke",
        "/approve\n\n-- \nAlice",
    ],
)
def test_a_word_that_is_base64_by_chance_is_shown_as_it_stands(command: str, charset: str) -> None:
    assert in_base64(command, charset) == command


@pytest.mark.parametrize(
    "body",
    [
        b"A=" * 100_000,
        b"YWFh\n" * 40_000 + b"!",
        (b"A" * 40 + b"\n!\n") * 4_000,
        b"A" * 200_000 + b"!",
        (b"A" * 40 + b"\n" + b" " * 40 + b"!\n") * 2_000,
        b"A\n" * 100_000 + b"!",
        (b"a" * 41 + b"=" + b"b=" * 80_000),
    ],
)
def test_base64_of_any_kind_takes_little_time_and_loses_nothing(body: bytes) -> None:
    part_ = mime.Part(
        content_type="text/plain", declared=True, parameters={}, encoding="base64",
        disposition="", name="", start=0, end=len(body), parents=(), opens=True,
    )  # fmt: skip
    took = []
    for _ in range(3):  # a collection of garbage may fall into one
        began = time.thread_time()
        assert len(mime.text(body, part_)) > len(body) // 2
        took.append(time.thread_time() - began)
    assert min(took) < 0.05


def test_a_long_page_that_is_not_shown_whole_is_listed() -> None:
    page = part("text/html", "<p>word " * 100)
    raw = multipart(part("text/plain", "word"), page, kind="alternative").encode()
    limits = Limits(text=400)
    found = read(raw, limits)
    assert isinstance(found, Mail)
    assert [one.content_type for one in found.attachments] == ["text/html"]
    assert [one for one, _ in files(raw, limits)] == list(found.attachments)
    assert [one.missing for one in found.attachments] == [len("<p>word ") * 100 - 400]


def test_nothing_stands_below_a_text_that_is_cut() -> None:
    raw = multipart(
        part("text/html", "<p>other words"), part("text/plain", "word " * 200), kind="alternative"
    )
    found = read(raw.encode(), Limits(text=400))
    assert isinstance(found, Mail)
    assert found.whole == "word " * 80
    assert [(one.content_type, one.missing) for one in found.attachments] == [
        ("text/plain", 600), ("text/html", 0),
    ]  # fmt: skip
    same = read(raw.encode(), Limits(text=400), html_to_text=lambda _: "")
    assert isinstance(same, Mail)
    assert [one.digest for one in same.attachments] == [one.digest for one in found.attachments], (
        "whoever asks for one counts them without reading pages"
    )
