"""A community's own letters: which one counts, and what is found before one should leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocmail.adapters import letter_samples as samples
from cocmail.adapters.template_check import incomplete, names, problems, used
from cocmail.adapters.templates import Templates
from cocmail.core.sanctions import Measure
from cocmail.templates import SHIPPED, languages

SUBJECT = "Subject: [{{ reference }}] Hello\n"


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def letter(templates: Templates, language: str = "", **values: object) -> str:
    first = next(samples.cases(used(templates, "letter"), "letter"))
    return templates.render("letter", first | values, language)[1].strip()


# -- which one counts ---------------------------------------------------------------------------


def test_theirs_then_ours_then_english(tmp_path: Path) -> None:
    write(tmp_path, "de/letter.txt", SUBJECT + "Unseres")
    write(tmp_path, "fr/outcome.txt", SUBJECT + "Voilà")
    templates = Templates("fr", tmp_path)
    assert templates.languages == ("de", "en", "fr")
    assert letter(templates, "de") == "Unseres"
    assert letter(templates).startswith("The conduct committee"), "French has none: English"
    values = next(samples.cases(used(templates, "outcome")))
    assert templates.render("outcome", values)[1] == "Voilà\n"
    assert templates.render("outcome", values, "de")[1].startswith("Das Komitee")
    assert templates.render("outcome", values, "eo")[1] == "Voilà\n", "the community's"


def test_their_english_stands_behind_a_language_of_theirs(tmp_path: Path) -> None:
    write(tmp_path, "fr/outcome.txt", SUBJECT + "Voilà")
    write(tmp_path, "en/letter.txt", SUBJECT + "Our own English")
    assert letter(Templates("fr", tmp_path)) == "Our own English"


def test_a_region_falls_back_to_its_language(tmp_path: Path) -> None:
    write(tmp_path, "de-AT/outcome.txt", SUBJECT + "Servus")
    templates = Templates("de-AT", tmp_path)
    assert templates.language == "de-AT"
    assert letter(templates).startswith("Das Komitee")
    assert Templates("de-CH").language == "de"


def test_a_measure_s_own_letter_wins(tmp_path: Path) -> None:
    write(tmp_path, "en/letter-suspend.txt", SUBJECT + "For a time, {{ address }}")
    templates = Templates("en", tmp_path)
    assert letter(templates, measure=Measure.SUSPEND) == f"For a time, {samples.PERSON}"
    assert letter(templates, measure=Measure.BAN).startswith("The conduct committee")
    write(tmp_path, "en/letter-ended-suspend.txt", SUBJECT + "Over")
    ended = next(samples.cases(used(templates, "letter-ended"))) | {"measure": Measure.SUSPEND}
    assert Templates("en", tmp_path).render("letter-ended", ended)[1] == "Over\n"


def test_their_letter_is_for_every_measure(tmp_path: Path) -> None:
    write(tmp_path, "en/letter.txt", SUBJECT + "One for all")
    write(tmp_path, "en/letter-warn.txt", SUBJECT + "But for a warning")
    templates = Templates("en", tmp_path)
    said = {one: letter(templates, measure=one) for one in Measure}
    assert said.pop(Measure.WARN) == "But for a warning"
    assert set(said.values()) == {"One for all"}


def test_words_of_their_own(tmp_path: Path) -> None:
    write(
        tmp_path, "fr/letter.txt", SUBJECT + "{{ (seconds or 60) | span }} {{ measure | measure }}"
    )
    write(tmp_path, "fr/words.toml", '[spans]\nday = ["jour", "jours"]\n')
    templates = Templates("fr", tmp_path)
    assert problems(templates) == ()
    assert letter(templates, measure=Measure.BAN) == "1 minute ban"
    assert letter(templates, measure=Measure.SUSPEND, seconds=90 * 86400.0) == "90 jours suspend"


def test_what_is_missing_in_a_language_is_told(tmp_path: Path) -> None:
    write(tmp_path, "fr/letter.txt", SUBJECT + "Voilà")
    told = dict(incomplete(Templates("fr", tmp_path)))
    assert set(told) == {"fr"}
    assert set(told["fr"]) == set(names(Templates())) - {"letter"}


def test_ours_are_sound_as_their_own(tmp_path: Path) -> None:
    for language in languages():
        for path in (SHIPPED / language).iterdir():
            write(tmp_path, f"{language}/{path.name}", path.read_text())
    assert problems(Templates("de", tmp_path)) == ()


# -- what is found --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (SUBJECT + "Dear you\n{% if %}\n", 3, "Expected an expression"),
        (SUBJECT + "{{ adress }}\n", 2, "nothing is called adress here; did you mean address?"),
        (SUBJECT + "\n{{ case.parties }}\n", 3, "nothing is called case here"),
        (SUBJECT + "{{ now | when }}\n", 2, "nothing is called now here"),
        (SUBJECT + "{{ seconds | spam }}", 2, "there is no filter spam; did you mean span?"),
        (SUBJECT + "{% if seconds == 1 %}\n{{ seconds | spam }}{% endif %}", 3, "no filter spam"),
        (
            SUBJECT + "{% if measure == 'x' %}\n{{ scope.every }}{% endif %}",
            3,
            "scope has no every",
        ),
        (SUBJECT + "{{ scope.every }}\n", 2, "scope has no every"),
        (SUBJECT + "{{ until | when }}\n", 2, "put {% if … %} around it"),
        (SUBJECT + "{{ seconds | span }}\n", 2, "put {% if … %} around it"),
        (SUBJECT + "x\n{{ (seconds or 1) / 0 }}\n", 3, "division by zero"),
        (SUBJECT + "x\n{% include 'nothing.txt' %}\n", 3, "nothing.txt"),
        (SUBJECT + "{{ reason.__class__.__mro__ }}\n", 2, "__class__"),
        (SUBJECT + "{% for x in range(999999999) %}{% endfor %}", 2, "Range too big"),
        (SUBJECT, 1, "without a text"),
        ("Dear {{ address }}\n\nGo away", 1, 'should begin with "Subject:"'),
        ("Subject:\n\nGo away", 1, "without a subject"),
        ("Subject: {{ measure }} of {{ address }}\n\nx", 1, "neither what nor whom"),
        ("Subject: {{ reason }}\n\nx", 1, "neither what nor whom"),
    ],
)
def test_what_is_wrong_names_the_file_and_the_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    write(tmp_path, "de/letter-ban.txt", text)
    found = problems(Templates("en", tmp_path))
    assert len(found) == 1, found
    assert found[0].startswith(f"{tmp_path}/de/letter-ban.txt:{line}: ")
    assert said in found[0]
    assert "\n" not in found[0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("en/leter.txt", SUBJECT + "x", "did you mean letter.txt?"),
        ("en/letter-kick.txt", SUBJECT + "x", "no letter of this name"),
        ("letter.txt", SUBJECT + "x", "stands in no language's folder"),
        ("english/letter.txt", SUBJECT + "x", "should be named for a language"),
        ("en/words.toml", "[spans]\nday = 1", 'like ["day", "days"]'),
        ("en/words.toml", "[spans]\ndays = ['a', 'b']", "no such word"),
        ("en/words.toml", "[dates]\nform = '{weekday}'", "no gaps but"),
        ("en/words.toml", "[dates]\nmonths = ['Mai']", "twelve"),
        ("en/words.toml", "[time]\na = 'b'", "no table [time]"),
        ("en/words.toml", "spans = 1", "should be a table"),
        ("en/words.toml", "[spans", "not sound"),
    ],
)
def test_what_would_never_be_used_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    write(tmp_path, "en/outcome.txt", SUBJECT + "Fine")
    write(tmp_path, name, text)
    found = problems(Templates("en", tmp_path))
    assert len(found) == 1, found
    assert said in found[0]


def test_a_part_of_their_own_can_be_included(tmp_path: Path) -> None:
    write(tmp_path, "en/letter.txt", SUBJECT + "{{ reason }}\n{% include 'foot.txt' %}")
    write(tmp_path, "en/foot.txt", "With regards from {{ community }}")
    templates = Templates("en", tmp_path)
    assert problems(templates) == ()
    assert letter(templates).endswith("With regards from Example Community")


def test_a_measure_s_letter_is_asked_only_what_can_be(tmp_path: Path) -> None:
    ends = "{% if seconds %}{{ seconds | span }}{% else %}{{ until | when }}{% endif %}"
    write(tmp_path, "en/letter-suspend.txt", SUBJECT + ends)
    assert problems(Templates("en", tmp_path)) == ()
    write(tmp_path, "en/letter-moderate.txt", SUBJECT + ends)
    (found,) = problems(Templates("en", tmp_path))
    assert "letter-moderate.txt:2: there is not always a time here" in found


def test_text_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de/letter.txt").write_bytes(SUBJECT.encode() + b"gr\xfc\xdfe")
    (found,) = problems(Templates("de", tmp_path))
    assert "UTF-8" in found


def test_no_folder_is_told(tmp_path: Path) -> None:
    (found,) = problems(Templates("en", tmp_path / "letters"))
    assert found.startswith("[community] templates: there is no folder")


# -- and if it fails after all --------------------------------------------------------------------


def test_a_letter_that_fails_after_all_leaves_in_our_words(tmp_path: Path) -> None:
    write(tmp_path, "de/letter.txt", SUBJECT + "{{ reason.nothing }}")
    assert letter(Templates("de", tmp_path)).startswith("Das Komitee")


def test_a_change_waits_for_the_next_start(tmp_path: Path) -> None:
    write(tmp_path, "en/letter.txt", SUBJECT + "Before")
    templates = Templates("en", tmp_path)
    assert letter(templates) == "Before"
    write(tmp_path, "en/letter.txt", SUBJECT + "{{ half an edit")
    assert letter(templates) == "Before"
