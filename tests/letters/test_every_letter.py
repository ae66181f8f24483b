"""Every letter, in every language, in every case that makes one differ."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters import letter_samples as samples
from cocmail.adapters import template_check as check
from cocmail.adapters.templates import Templates
from cocmail.adapters.words import FILTERS, read
from cocmail.core.commands import COMMANDS
from cocmail.core.enforcement import Role, Word
from cocmail.core.forms import Outcome
from cocmail.core.letters import Kind, flowed
from cocmail.core.sanctions import Measure, State
from cocmail.core.table import Change, Tense
from cocmail.templates import ENGLISH, SHIPPED, languages

TEMPLATES = Templates()
NAMES = check.names(TEMPLATES)
WHOLE = tuple(name for name in NAMES if not check.is_part(TEMPLATES, name))
OTHERS = tuple(one for one in languages() if one != ENGLISH)
# What stays English on purpose: commands, and what the interface calls things by name.
COMMAND = re.compile(r"/[a-z]+(?: (?:reporter|resolved|S7K2QD because …|[A-Z]+))*|cocmail [a-z ]+")


def every(name: str, **fixed: Any) -> list[dict[str, Any]]:
    return [v | fixed for v in samples.cases(check.used(TEMPLATES, name), name)]


def fixed_text(name: str, language: str) -> set[str]:
    """The sentences of a template itself, without anything that is filled in."""
    text = TEMPLATES.shelf(language, shipped=True).sources[name].text
    bare = COMMAND.sub("", re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "\n", text, flags=re.DOTALL))
    pieces = {" ".join(one.split()).strip(" -.,:;()[]") for one in re.split(r"\n|[.:] ", bare)}
    return {one for one in pieces if len(one.split()) > 2}


def test_there_are_two_languages() -> None:
    assert languages() == ("de", "en")


@pytest.mark.parametrize("language", OTHERS)
def test_every_letter_is_there_in_every_language(language: str) -> None:
    there = {path.stem for path in (SHIPPED / language).glob("*.txt")}
    assert there == set(NAMES), f"cocmail/templates/{language}: each letter of en, and no other"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", NAMES)
def test_it_uses_the_same_variables(name: str, language: str) -> None:
    assert check.used(TEMPLATES, name, language) == check.used(TEMPLATES, name)


@pytest.mark.parametrize("name", NAMES)
def test_there_are_sample_values_of_every_variable(name: str) -> None:
    lacking = check.used(TEMPLATES, name) - samples.known()
    assert not lacking, (
        f"add an example to CHOICES of cocmail/adapters/letter_samples.py: {lacking}"
    )


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", WHOLE)
def test_it_comes_out_whole_in_every_case(name: str, language: str) -> None:
    for values in every(name):
        subject, text = TEMPLATES.rendered(name, values, language)
        assert subject
        assert "\n" not in subject
        assert text.strip()
        for said in (subject, text):
            assert not re.search(
                r"\{[{%#]|[%#}]\}|None(?! of)|Undefined|<[a-z]+ object|[\ue000\ue001]", said
            )
            assert "!" not in said
        for known in (str(samples.TEXT), str(samples.REASON)):
            text = text.replace(known, "…")
        assert "\n\n\n" not in text
        assert not text.startswith("\n")
        assert len(subject) <= 120, "one_line would cut it"
        for line in flowed(text).split("\n"):
            # Beyond this a mail server may break lines by itself (RFC 5322 section 2.1.1).
            assert len(line.encode()) <= 900


@pytest.mark.parametrize("name", sorted(check.OUTSIDE))
@pytest.mark.parametrize("language", languages())
def test_a_subject_to_the_outside_says_neither_what_nor_whom(name: str, language: str) -> None:
    subjects = {TEMPLATES.rendered(name, v, language)[0] for v in every(name)}
    if name == "notice":  # the owner's own list
        subjects = {re.sub(r"dev@lists\.example", "", one) for one in subjects}
    for subject in subjects:
        assert "@" not in subject
        assert not re.search(
            r"conduct case|sanction|warn|suspen|ban\b|remov|appeal|Verwarn|Ausschl|Maßnahme|Fall\b",
            subject,
        )


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", NAMES)
def test_no_english_sentence_is_left(name: str, language: str) -> None:
    english = set().union(*(fixed_text(one, ENGLISH) for one in NAMES))
    assert not fixed_text(name, language) & english
    assert not [
        one for one in fixed_text(name, language)
        if re.search(r"\b(the|and|of|this|you|your|committee|with|not|is)\b", one)
    ]  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_there_in_every_language(language: str) -> None:
    ours = read((SHIPPED / ENGLISH / "words.toml").read_text())
    theirs = read((SHIPPED / language / "words.toml").read_text())
    # These two are keyed by what the code says in English.
    keyed = {"commands", "phrases"}
    assert {n: set(t) for n, t in theirs.items() if n not in keyed} == {
        n: set(t) for n, t in ours.items()
    }


def test_every_word_of_the_code_is_in_the_tables() -> None:
    words = TEMPLATES.words(ENGLISH)
    expected = {
        "measures": Measure, "roles": Role, "changes": Word, "states": State, "kinds": Kind,
        "outcomes": Outcome,
    }  # fmt: skip
    for table, kinds in expected.items():
        assert set(words.tables[table]) == {one.value for one in kinds}, table
    assert set(words.tables["headings"]) == {f"{t}-{c}" for t in Tense for c in Change}
    assert set(FILTERS.values()) <= set(words.tables)


@pytest.mark.parametrize("language", OTHERS)
def test_help_tells_every_command_in_every_language(language: str) -> None:
    told = TEMPLATES.words(language).tables["commands"]
    assert set(told) == set(COMMANDS)


@pytest.mark.parametrize("language", languages())
def test_dates_and_spans_are_the_language_s(language: str) -> None:
    words = TEMPLATES.words(language)
    said = {
        "en": ("21 November 2026, 04:20 UTC", "90 days", "1 week", "1 hour"),
        "de": ("21. November 2026, 04:20 UTC", "90 Tage", "1 Woche", "1 Stunde"),
    }[language]
    spans = (90 * 86400, 7 * 86400, 3600)
    assert (words.when(samples.NOW), *map(words.span, spans)) == said


def test_no_exclamation_mark_in_any_text() -> None:
    for path in Path(SHIPPED).glob("*/*.t*"):
        text = re.sub(r"\{%.*?%\}", "", path.read_text())
        assert "!" not in text, path


def test_which_letters_go_outside_is_known() -> None:
    """By the code: what is said to a party goes outside, what is told to members does not."""
    outside: set[str] = set()
    inside: set[str] = set()
    for path in (*SHIPPED.parent.glob("core/**/*.py"), *SHIPPED.parent.glob("loops/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            said = {a.value for a in node.args if isinstance(a, ast.Constant)} & set(NAMES)
            if called in ("to_party", "tell_outcome"):
                outside |= said
            elif called in ("to_member", "tell", "ask_author"):
                inside |= said
    assert outside <= check.OUTSIDE, "add it to OUTSIDE of cocmail/adapters/template_check.py"
    assert not inside & check.OUTSIDE
    assert outside >= check.OUTSIDE - {"acknowledgement"} | {"letter"}
