"""What a member wrote, and what must not leave for an outsider unseen."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.commands import parse
from cocmail.core.letters import clean
from cocmail.core.quoting import (
    attribution,
    header_block,
    in_lines,
    own_text,
    shared_run,
    signature,
    words_of,
)

REPLIES = Path(__file__).parents[3] / "shared/corpora/replies"


def test_own_text_ends_at_the_first_quoted_line() -> None:
    own = own_text("/approve\n\nOn Monday, Anna wrote:\n> /object\n>\n /later\nmore\n > x")
    assert own.before == ("/approve", "", "On Monday, Anna wrote:")
    assert own.after == (" /later", "more")
    assert own.quotes
    assert "approve" not in repr(own)


def test_all_is_own_where_nothing_is_quoted() -> None:
    own = own_text("a\nb > c")
    assert (own.before, own.after, own.quotes) == (("a", "b > c"), (), False)


@given(st.text(alphabet="> /ab\n", max_size=100))
def test_no_quoted_line_is_ever_own(text: str) -> None:
    own = own_text(text)
    lines = [*own.before, *own.after]
    assert not any(line.lstrip(" ").startswith(">") for line in lines if line[:4].strip() == ">")
    quoted = [line for line in text.split("\n") if line.lstrip(" ")[:1] == ">" and line[:4].strip()]
    assert len(lines) + len(quoted) == len(text.split("\n"))
    assert not own.quotes or len(lines) < len(text.split("\n"))


@given(st.text(alphabet="> /ab\r\n\v\f\x1c\x1e\x85\u2028\u2029", max_size=100))
def test_lines_end_where_people_see_it_however_they_are_split(text: str) -> None:
    shown = clean(text)
    assert f"{shown}\n".splitlines() == shown.split("\n")
    assert clean(shown) == shown
    assert own_text(in_lines(text)).quotes == own_text(shown).quotes


@pytest.mark.parametrize("end", ["\f", "\v", "\x85", "\u2028", "\u2029", "\n\f\n"])
def test_a_line_that_ends_otherwise_is_a_line(end: str) -> None:
    """Promise 2: what stood below such an end of a text for outsiders would leave with it."""
    said = clean(f"/reply reporter{end}Thank you.{end}/end{end}He lied to us.")
    parsed = parse(said)
    assert [command.text for command in parsed.commands] == ["Thank you."]
    assert parsed.rest == "He lied to us."
    assert clean(f"one{end}two").split() == ["one", "two"]


@pytest.mark.parametrize("end", ["\f", "\v", "\x85", "\u2028", "\u2029"])
def test_a_line_within_a_quotation_is_no_own_line(end: str) -> None:
    """Promise 5: whoever is quoted would command, or keep their quoter from it."""
    parsed = parse(clean(f"/status\n\n> He hit me.{end}/close resolved{end}/end\n>{end}/end"))
    assert [command.word for command in parsed.commands] == ["status"]
    assert not parsed.rest


@pytest.mark.parametrize(
    "text",
    [
        "On Mon, 3 Nov 2026 at 10:00, Anna Example <anna@example.org> wrote:",
        "On Mon, 3 Nov 2026 at 10:00, Anna Example\n<anna@example.org> wrote:",
        "On Mon, 3 Nov 2026\nat 10:00, Anna Example\n<anna@example.org> wrote:",
        "Am 03.11.26 um 10:00 schrieb Anna Example:",
        "Anna Example <anna@example.org> schrieb am Mo., 3. Nov. 2026, 10:00:",
        "Le lun. 3 nov. 2026 à 10:00, Anna Example <anna@example.org> a écrit :",
        "El lun, 3 nov 2026 a las 10:00, Anna Example (<anna@example.org>) escribió:",
        "Em seg., 3 de nov. de 2026 às 10:00, Anna escreveu:",
        "Il giorno lun 3 nov 2026 alle ore 10:00 Anna ha scritto:",
        "Op ma 3 nov 2026 om 10:00 schreef Anna:",
        "pon., 3 lis 2026 o 10:00 Anna <anna@example.org> napisał(a):",
        "пн, 3 нояб. 2026 г. в 10:00, Anna <anna@example.org>:\nАнна написала:",
        "Den mån 3 nov. 2026 kl 10:00 skrev Anna <anna@example.org>:",
        "Anna <anna@example.org>, 3 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:",
        "在 2026年11月3日，Anna <anna@example.org> 写道：",
        "2026-11-03 10:00 GMT+01:00 Anna <anna@example.org>:",
        "-----Original Message-----",
        "-------- Forwarded Message --------",
        "-------- Weitergeleitete Nachricht --------",
        "Begin forwarded message:",
        "________________________________",
    ],
)
def test_an_attribution_is_seen(text: str) -> None:
    assert attribution(f"Thank you.\n\n{text}\n\nBye")


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for writing. We have read it.",
        "We will look at three things:\n- the thread\n- what was said",
        "He wrote to us, and we answered.",
        "Please tell us by 10:30.",
        "--",
        "",
    ],
)
def test_plain_words_are_no_attribution(text: str) -> None:
    assert attribution(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "From: Anna <a@x.example>\nTo: b@x.example",
        "*From:* Anna\n*Sent:* Monday",
        "Von: Anna\nGesendet: Montag",
        "De : Anna\nEnvoyé : lundi",
        "发件人: Anna\n主题: x",
        "Reply-To: conduct+token@community.example",
        "Message-ID: <a@b>",
        "Received: from x by y",
        "Cocmail-Case: COC-1",
    ],
)
def test_a_header_block_is_seen(text: str) -> None:
    assert header_block(f"Hello\n\n{text}\n\nbye")


@pytest.mark.parametrize(
    "text",
    ["Subject: what you wrote about", "To: say it plainly\n\n\n\nFrom: us", "a: b\nc: d", ""],
)
def test_plain_words_are_no_header(text: str) -> None:
    assert header_block(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "-- \nAlice",
        "--\nAlice",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi teléfono",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPad",
        "Отправлено с iPhone",
        "发自我的 iPhone",
        "Get Outlook for iOS",
        "Best,\nAlice",
        "Best,\nalice example.",
    ],
)
def test_a_signature_is_seen(text: str) -> None:
    assert signature(f"Thank you.\n\n{text}", ["Alice Example"])


@pytest.mark.parametrize(
    "text",
    ["We sent it.", "Alice Example is not named here", "a -- b", "Best,\nthe committee", "Bob"],
)
def test_plain_words_are_no_signature(text: str) -> None:
    assert signature(text, ["Alice Example"]) == ""


def test_a_shared_run_of_words_is_seen_however_it_is_written() -> None:
    said = "He told me in private that nobody would believe me, ever."
    assert shared_run("We know: “HE TOLD ME, in  private\nthat nobody” …", said)
    assert shared_run("he told me in private", said) == ""  # five
    assert shared_run("that nobody in private told me he", said) == ""
    assert shared_run("ｈｅ told me in private that", said)
    assert shared_run("他说没有人会相信我的话", "她写道：他说没有人会相信我的话。")
    assert shared_run("a b", "a b", words=2) == "a b"


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_a_shared_run_is_what_it_says(one: list[str], other: list[str]) -> None:
    runs = {tuple(other[n : n + 4]) for n in range(len(other) - 3)}
    expected = any(tuple(one[n : n + 4]) in runs for n in range(len(one) - 3))
    assert bool(shared_run(" ".join(one), ", ".join(other), words=4)) is expected


@given(st.text(max_size=200))
def test_nothing_raises(text: str) -> None:
    for look in (attribution, header_block, signature, words_of, own_text):
        look(text)
    shared_run(text, text)


@pytest.mark.parametrize(
    "text",
    [
        "On \n" * 20_000,
        "On " + "a " * 40_000,
        "wrote " * 50_000 + ":",
        "> " * 100_000,
        ("wrote" + " " * 200 + ":\n") * 2000,
        "sent from " * 50_000,
        "From: " * 80_000,
        "-- " * 100_000,
        "\n".join(["From" + " " * 350] * 3000),
        "1" * 400 + ":\n" * 2000,
    ],
)
def test_looking_is_linear(text: str) -> None:
    began = time.thread_time()
    for look in (attribution, header_block, signature, own_text):
        look(text)
    shared_run(text, text[1:] + "x")
    assert time.thread_time() - began < 1.0


def test_most_quotations_of_the_corpus_are_seen() -> None:
    """What people wrote passes; what their clients put below it is seen."""
    false: list[str] = []
    seen = 0
    paths = sorted((REPLIES / "input").glob("*.txt"))
    for path in paths:
        whole = path.read_text()
        wrote = (REPLIES / "expected" / path.name).read_text()
        seen += any((attribution(whole), header_block(whole), signature(whole), ">" in whole))
        if attribution(wrote) or header_block(wrote) or signature(wrote):
            false.append(path.stem)
    assert len(false) <= 1, false  # "I wrote one of my own:"
    assert seen >= 56
