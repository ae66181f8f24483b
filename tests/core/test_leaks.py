"""Whether a letter tells its addressee what must not be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.leaks import A_MEMBERS_MESSAGE, Leak, Secrets, Source, leaks
from cocmail.core.leaks.commonness import weight
from cocmail.core.leaks.likeness import read
from cocmail.core.leaks.paraphrase import CROWDED, Sentences
from cocmail.core.leaks.runs import Runs
from tests.core.leak_check import KINDS, Pair, counts, pairs, rows

DOCS = Path(__file__).parents[2] / "docs/security-model.md"
PAIRS = pairs()
REPORT = """On Friday he grabbed my arm in the lift of the Hotel Meridian and would not let
me pass. He said that my thesis on glacier acoustics was copied, and that he would tell my
supervisor in Tampere."""


def kinds(text: str, secrets: Secrets) -> set[str]:
    return {leak.kind for leak in leaks(text, secrets)}


def secret(text: str = REPORT, *own: str) -> Secrets:
    return Secrets(sources=(Source(text, "a report"),), own=own)


# -- the figures ------------------------------------------------------------------------------


def test_the_figures_are_the_docs_figures() -> None:
    table = [line for line in rows(counts(PAIRS)) if not line.startswith("|---")]
    there = DOCS.read_text(encoding="utf-8").splitlines()
    missing = [line for line in table if line not in there]
    assert not missing, "make leak-check shows what changed; is it better or worse?"


def test_the_letters_are_many_enough_to_say_something() -> None:
    assert len(PAIRS) >= 110
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)
    assert sum(pair.leak and pair.kind == "paraphrase" for pair in PAIRS) >= 35
    assert sum(not pair.leak for pair in PAIRS) >= 35
    assert sum(pair.language == "de" for pair in PAIRS) >= 20
    assert sum(pair.leak and pair.kind == "deliberation" for pair in PAIRS) >= 10
    for kind in KINDS:
        of_kind = [pair for pair in PAIRS if pair.kind == kind and pair.leak]
        held_out = sum(pair.held_out for pair in of_kind)
        assert 0.4 <= held_out / len(of_kind) <= 0.6, kind


CAUGHT = (
    "01-lift: retells the lift",
    "03-messages: marmalade",
    "05-salary: the cabin",
    "07-review: bootcamps",
    "13-mitfahrt: angehalten",
    "15-to-reporter: two to one",
    "21-two-reports: visa",
)


@pytest.mark.parametrize("name", CAUGHT)
def test_what_is_retold_is_recognised(name: str) -> None:
    pair = next(pair for pair in PAIRS if pair.name == name)
    assert "paraphrase" in {leak.kind for leak in pair.found()}


def test_a_letter_of_one_case_tells_nothing_of_another() -> None:
    cases = {pair.name.partition(":")[0]: pair.secrets for pair in PAIRS}
    for pair in PAIRS:
        for case, secrets in cases.items():
            if case != pair.name.partition(":")[0]:
                found = [one for one in leaks(pair.letter, secrets) if "voted" not in one.says]
                assert found == [], (pair.name, case)


# -- names and addresses -----------------------------------------------------------------------

JANE = Secrets(
    names=("Jānis Møller-Grünwald", "Grace Hill", "李小龙"),
    addresses=("jane.doe77@dunes.example.org",),
)


@pytest.mark.parametrize(
    "text",
    [
        "We asked Janis Moller-Gruenwald.",
        "We asked JÁNIS.",
        "It is Møller-Grünwald's view.",
        "It is MOELLER GRUENWALD who says so.",
        "This is about J. Møller-Grünwald.",
        "We asked Grün-\nwald, and wait.",
        "We asked j\u200banis.",
        "We asked Jаnіs, with two letters of another script.",
        "We asked Hill, Grace.",
        "We asked Grace yesterday.",
        "Grace says no.",
        "We asked G. Hill.",
        "Ask Ms Hill.",
        "We asked j a n i s about it.",
        "We asked 李小龙 about it.",
    ],
)
def test_names_are_seen(text: str) -> None:
    assert kinds(text, JANE) == {"name"}


@pytest.mark.parametrize(
    "text",
    [
        "By grace, there is a hill.",
        "The green forest, the hall and the middle.",
        "We asked somebody, and they said no.",
        "It lies on top of the hill with grace.",
    ],
)
def test_words_like_names_are_not(text: str) -> None:
    assert not leaks(text, JANE)


@pytest.mark.parametrize(
    "text",
    [
        "jane.doe77@dunes.example.org",
        "<JANE.DOE77@DUNES.EXAMPLE.ORG>",
        "mailto:jane%2Edoe77%40dunes.example.org",
        "jane.doe77&#64;dunes.example.org",
        "jane dot doe77 at dunes dot example dot org",
        "jane.doe77[at]dunes[dot]example[dot]org",
        "jane . doe77 @ dunes . example . org",
        "write to jane.doe77, please",
        "write to janedoe77, please",
        "jane.doe77@\ndunes.example.org",
    ],
)
def test_addresses_are_seen(text: str) -> None:
    assert "address" in kinds(text, JANE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("山田 太郎", "山田太郎さんから連絡がありました"),
        ("王伟", "他叫王伟。"),
        ("김철수", "김철수가 신고했습니다"),
        ("김 철수", "김철수씨가"),
        ("สมชาย ใจดี", "เขาคือสมชายใจดีที่แจ้ง"),
        ("Rae Mustermann", "Rae Mustermann이 신고했습니다"),
    ],
)
def test_names_are_seen_where_words_are_not_spaced(name: str, text: str) -> None:
    assert kinds(text, Secrets(names=(name,))) == {"name"}


def test_so_are_addresses() -> None:
    secrets = Secrets(addresses=("rae@quiet.example",))
    assert kinds("연락처는 rae@quiet.example입니다", secrets) == {"address"}


def test_an_address_or_an_office_that_stands_as_a_name_makes_no_word_a_name() -> None:
    secrets = Secrets(names=("jo@dunes.example.org", "Conduct Committee"))
    assert not leaks("The Committee met the Example of the Dunes, and Conduct counts.", secrets)


def test_an_address_that_everybody_could_have_tells_by_its_domain_alone() -> None:
    secrets = Secrets(addresses=("info@dunes.example.org",))
    assert not leaks("The info is on the list dev@lists.example.org.", secrets)
    assert kinds("Write to info@dunes.example.org.", secrets) == {"address"}


def test_a_name_that_the_addressee_used_tells_only_where_somebody_is_said_to_report() -> None:
    secrets = Secrets(names=("Jānis Kalve",), own=("It was Janis, wasn't it?",))
    assert not leaks("What you write about Janis is noted.", secrets)
    assert kinds("Yes, Janis reported it.", secrets) == {"name"}
    assert kinds("What about Kalve?", secrets) == {"name"}


# -- words -------------------------------------------------------------------------------------


def test_a_run_of_everyday_words_tells_nothing() -> None:
    report = "Thank you for your message. I would like to report what happened at the meeting."
    letter = "Thank you for your message. We would like to know what happened at the meeting."
    assert not leaks(letter, secret(report))


def test_the_sentence_names_the_words_and_the_text() -> None:
    (leak,) = leaks("He heard that “my thesis on glacier\n> acoustics was copied”.", secret())
    assert leak == Leak(
        "words",
        "It holds 6 words in a row of a report: “thesis on glacier acoustics was copied”.",
    )


def test_nothing_shows_in_a_repr() -> None:
    secrets = Secrets(
        names=("Jānis",), addresses=("j@x.example",), sources=(Source(REPORT, "a report"),),
        attachments=(("scan.pdf", "00"),), own=("Mine.",),
    )  # fmt: skip
    shown = repr((secrets, leaks("Janis, j@x.example, " + REPORT, secrets), read(REPORT)))
    for word in ("nis", "x.example", "Meridian", "meridian", "scan", "Mine"):
        assert word not in shown


_LETTERS = st.text("bdfgklmnprtvz", min_size=1, max_size=1)
_VOWELS = st.sampled_from("aiou")
_RARE = st.lists(
    st.tuples(_LETTERS, _VOWELS, _LETTERS, _VOWELS, _LETTERS, _LETTERS)
    .map("".join)
    .filter(lambda word: weight(word) >= 1.6),
    min_size=4,
    max_size=12,
    unique=True,
)  # fmt: skip
_BETWEEN = st.sampled_from([" ", "\n", " \n", "\n> ", ", ", " – ", " “", "” ", "\u00a0", "  "])
_UNSEEN = st.sampled_from(["", "\u200b", "\u00ad", "\u2060", "\ufeff"])


@given(_RARE, st.data())
def test_a_quote_of_rare_words_is_always_found(words: list[str], data: st.DataObject) -> None:
    written = "Somebody wrote: "
    for word in words:
        cased = data.draw(st.sampled_from([word, word.upper(), word.title()]))
        unseen = data.draw(_UNSEEN)
        written += cased[:2] + unseen + cased[2:] + data.draw(_BETWEEN)
    report = "I saw that " + " ".join(words) + " and left."
    assert "words" in kinds(written + "That is all.", secret(report))


def test_a_name_and_the_next_paragraph_are_no_initial() -> None:
    secrets = Secrets(names=("Benedikt Aldous",), own=("I hope it blows over. Benedikt",))
    assert leaks("It blows over. Benedikt\n\nA ban is no small thing.", secrets) == ()
    assert [leak.kind for leak in leaks("Ask Benedikt A. about it.", secrets)] == ["name"]


@given(st.sampled_from(PAIRS), st.data())
def test_the_addressee_s_own_words_never_leak(pair: Pair, data: st.DataObject) -> None:
    texts = [source.text for source in pair.secrets.sources]
    pieces = []
    for _ in range(data.draw(st.integers(1, 4))):
        words = data.draw(st.sampled_from(texts)).split()
        first = data.draw(st.integers(0, max(0, len(words) - 6)))
        pieces.append(" ".join(words[first : first + data.draw(st.integers(5, 40))]))
    secrets = Secrets(
        names=pair.secrets.names,
        addresses=pair.secrets.addresses,
        sources=pair.secrets.sources,
        own=tuple(texts),
    )
    own = [leak for leak in leaks("\n\n".join(pieces), secrets) if "voted" not in leak.says]
    assert own == []


@given(st.sampled_from([p for p in PAIRS if p.leak and p.kind == "words" and p.right()]), st.data())
def test_case_wrapping_and_marks_change_nothing(pair: Pair, data: st.DataObject) -> None:
    plain = [leak.kind for leak in pair.found() if leak.kind == "words"]
    letter = "".join(
        data.draw(_BETWEEN) if c == " " and data.draw(st.integers(0, 9)) == 0 else c
        for c in pair.letter
    )
    letter = data.draw(st.sampled_from([str, str.upper, str.lower]))(letter)
    assert [leak.kind for leak in leaks(letter, pair.secrets) if leak.kind == "words"] == plain


INNOCUOUS = (
    "Thank you for your message. We have received it and will get back to you soon.",
    "You may appeal this decision within fourteen days by answering this mail.",
    "Your mails to the list are held for moderation until 1 May.",
    "Please tell us your side until Friday. You can bring somebody whom you trust.",
    "We don't tell anybody who reported, and we ask you not to guess.",
    "Vielen Dank für Ihre Nachricht. Wir melden uns, sobald wir mehr wissen.",
    "Sie können gegen diese Entscheidung innerhalb von vierzehn Tagen Einspruch einlegen.",
    "Ihre Beiträge werden bis zum 1. Mai moderiert. Bitte antworten Sie auf diese Mail.",
    "Trolling, insulting or derogatory comments, and personal or political attacks are a"
    " violation of the code of conduct.",
)


@given(st.sampled_from(PAIRS), st.lists(st.sampled_from(INNOCUOUS), min_size=1, max_size=5))
def test_what_every_letter_says_never_leaks(pair: Pair, lines: list[str]) -> None:
    assert leaks("Hello,\n\n" + "\n\n".join(lines), pair.secrets) == ()


# -- retelling, deliberation, files --------------------------------------------------------------


def test_other_order_inflection_and_synonyms_are_seen() -> None:
    letter = "In the elevator of the Meridian somebody's arm was grabbed, on Friday."
    assert kinds(letter, secret()) == {"paraphrase"}


def test_how_members_voted_is_for_members() -> None:
    said = Secrets(sources=(Source("I'd rather wait.", A_MEMBERS_MESSAGE),))
    told = "Two of us voted for it, and one was against."
    assert kinds(told, said) == {"paraphrase"}
    assert not leaks(told, secret())
    assert not leaks("The committee has voted, and all of us read your report.", said)


def test_files_by_name_and_by_what_is_in_them() -> None:
    secrets = Secrets(attachments=(("Chat with Osk 2024-03-01.png", "ab" * 32), ("IMG.png", "cd")))
    assert kinds("See “chat with osk 2024-03-01”.", secrets) == {"attachment"}
    assert not leaks("See IMG.png.", secrets)
    assert leaks("Here.", secrets, [("new.png", "AB" * 32)])[0].says == (
        "A file that goes with it is one of the case: “new.png”."
    )
    assert leaks("Here.", secrets, [("chat with osk 2024-03-01.PNG", "ef")])
    assert not leaks("Here.", secrets, [("new.png", "ef")])


# -- the bound -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["spam", "spam eggs", "a b a", "spam spam eggs spam eggs"])
def test_repeated_words_cost_what_others_do(words: str) -> None:
    letter = (words + " ") * 2_000
    many = read(letter)
    runs = Runs(many.words)
    assert runs.steps <= 6 * len(many.words)
    before = runs.steps
    source = read((words + " and ") * 5_000)
    found = list(runs.shared_with(source.words))
    assert runs.steps - before <= 2 * len(source.words)
    assert len(found) <= len(source.words)
    before = runs.steps
    runs.covered_by([source.words], 3)
    assert runs.steps - before <= 2 * len(source.words)


def test_a_crowded_letter_is_looked_up_in_few_of_its_sentences() -> None:
    letter = read("The glacier in Tampere sings about acoustics. " * 3_000)
    sentences = Sentences(letter, [False] * len(letter.words), set())
    source = read("In Tampere acoustics of a glacier were sung. " * 300)
    list(sentences.close_to(source, "a report"))
    assert sentences.steps <= CROWDED * len(source.words)


def test_hostile_texts_come_to_an_end() -> None:
    for text in ("ſ" * 50_000, "a-\n" * 20_000, "\u0301" * 50_000, "%41" * 20_000, "&amp;" * 20_000,
                 "." * 50_000, "\n" * 50_000, "> " * 30_000, "x." * 30_000):  # fmt: skip
        leaks(
            text,
            Secrets(names=("A B", text[:40]), addresses=("a@b",), sources=(Source(text, "x"),)),
        )
