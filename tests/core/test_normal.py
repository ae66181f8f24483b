"""One form for letters that can be written in several ways, in a time that grows with the text."""

import ast
import sys
import unicodedata
from pathlib import Path

import pytest

from cocmail.core.commands import parse
from cocmail.core.names import plain
from cocmail.core.normal import composed, normalized

ROOT = Path(__file__).parents[2]
MANY = "\u0301\u0327" * 33_000
EACH = ("NFC", "NFD", "NFKC", "NFKD")


def _order(text: str) -> list[int]:
    return [unicodedata.combining(c) for c in text if unicodedata.combining(c)]


@pytest.mark.parametrize("form", EACH)
def test_of_marks_in_a_row_thirty_are_kept_in_their_order(form: str) -> None:
    read = normalized(form, f"a{MANY}b{MANY}")  # type: ignore[arg-type]
    for piece in read.removesuffix("b").split("b"):
        assert len(_order(piece)) <= 30
        assert _order(piece) == sorted(_order(piece))
    assert read == unicodedata.normalize(form, f"a{MANY[:30]}b{MANY[:30]}")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", EACH)
def test_no_character_becomes_a_mark_that_isnt_counted(form: str) -> None:
    for code in range(0x80, sys.maxunicode + 1):
        if unicodedata.combining(unicodedata.normalize(form, chr(code))[-1]):  # type: ignore[arg-type]
            read = normalized(form, (chr(code) + "\u0327") * 40)  # type: ignore[arg-type]
            run = longest = 0
            for c in read:
                run = run + 1 if unicodedata.combining(c) else 0
                longest = max(longest, run)
            assert longest <= 60, hex(code)


@pytest.mark.parametrize("form", EACH)
def test_what_people_write_is_normalized_as_unicode_says(form: str) -> None:
    for text in (
        "Zoe\u0308", "\ufb01ne \uff21\u2460", "\ud55c\uae00 \u1112\u1161\u11ab",
        "\uff76\uff9e\uff8a\uff9f",
        "\u2500" * 80, "\U0001f600" * 40, "a" + MANY[:30], "plain", "", "\u0f73\u0f75",
    ):  # fmt: skip
        assert normalized(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_a_sign_for_a_phrase_is_a_space_where_it_would_be_written_out() -> None:
    assert normalized("NFKD", "\ufdfa" * 66_000) == " " * 66_000
    assert normalized("NFC", "\ufdfa\ufdfb") == "\ufdfa\ufdfb"


def test_what_is_passed_on_stays_whole() -> None:
    assert composed("Zoe\u0308") == "Zo\u00eb"
    long = f"Hello{MANY[:400]}e\u0301{MANY[:100]}"
    assert len(composed(f"{long}{MANY}")) > 66_000
    (command,) = parse(f"/reply reporter\n{long}\n/end\n").commands
    assert command.text is not None
    assert unicodedata.normalize("NFD", command.text) == unicodedata.normalize("NFD", long)


def test_a_run_of_marks_hides_no_name() -> None:
    assert plain(f"Anna{MANY} Berg") == "anna berg"


def test_nothing_else_asks_python_for_it() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in ("cocmail", "filters")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == "normalize")
        or (isinstance(node, ast.ImportFrom) and node.module == "unicodedata")
    }
    # Postfix starts that one by itself, and it asks for no more than an address.
    assert found == {"cocmail/core/normal.py", "cocmail/adapters/postfix_policy.py"}
