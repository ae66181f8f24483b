"""Whatever a mail that claims to be a member's consists of, it holds up nothing behind it."""

from __future__ import annotations

import time

import pytest

from cocmail.core.commands import LONGEST, MOST, parse

SHOWN = 200_000  # bytes of a text that are read as words
WORDS = ("/same ", "/respondent ", "/sanction ban ", "/away ", "/note ", "/reply reporter ", "")
PIECES = (
    "9",
    "a@",
    "a@b ",
    "<a@b> ",
    "a@b.example<mailto:",
    "until ",
    "because ",
    '"',
    "a, ",
    "\n",
    "a\n",
    "/same\n",
    "/help\n\n",
)


def spent(text: str) -> float:
    """Seconds of processor time."""
    began = time.thread_time()
    parse(text)
    return time.thread_time() - began


@pytest.mark.parametrize("length", [LONGEST - 50, SHOWN])
@pytest.mark.parametrize("word", WORDS)
def test_reading_commands_takes_time_in_proportion(word: str, length: int) -> None:
    for piece in PIECES:
        text = (word + piece * length)[:length]
        assert any(spent(text) < 0.5 for _ in range(5)), piece


def test_what_is_too_long_or_too_much_is_said_and_runs_nothing() -> None:
    for text, why in (
        ("/sanction ban mallory@mail.example because " + "x " * LONGEST, "20,000 characters"),
        ("/same " + "a@b.example " * 1_000, "too many at once"),
        ("/respondent " + "a@b.example " * 1_000, "too many at once"),
        ("/help\n\n" * (MOST + 1), "more than 100 commands"),
    ):
        found = parse(text)
        assert found.problem is not None
        assert why in found.problem.why
        assert not found.commands
    assert len(parse("/help\n\n" * MOST).commands) == MOST
    assert len(str(parse("/reply reporter\n\n" + "x " * LONGEST).commands[0].text)) > LONGEST


def test_a_link_of_a_mail_program_is_one_address() -> None:
    for said in ("a@b.example<mailto:a@b.example>", "a@b.example <mailto:a@b.example>"):
        assert parse(f"/respondent {said}").commands[0].addresses == ("a@b.example",)
