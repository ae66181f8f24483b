"""What was perhaps meant is offered where it can be told, and never guessed."""

from __future__ import annotations

import email
import email.policy

import pytest

from cocmail.core.commands import COMMANDS
from cocmail.core.durations import meant_duration, meant_instant, parse_duration, parse_instant
from cocmail.core.nearby import did_you_mean, nearest
from tests.promises.kit import World


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("90 dyas", "90 days"),
        ("2 weks", "2 weeks"),
        ("three months", "90 days"),
        ("a month", "30 days"),
        ("1 year", "365 days"),
        ("two weeks", "2 weeks"),
        ("90", ""),
        ("ever", ""),
        ("0 dais", ""),
        ("1000000000 years", ""),
        ("x" * 5000, ""),
    ],
)
def test_spans(said: str, meant: str) -> None:
    assert meant_duration(said) == meant
    if meant:
        parse_duration(meant)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("31.12.2026", "2026-12-31"),
        ("31/12/2026", "2026-12-31"),
        ("12/31/2026", "2026-12-31"),
        ("03/04/2027", ""),
        ("24 December 2026", "2026-12-24"),
        ("December 24th, 2026", "2026-12-24"),
        ("24 Dec 2026", "2026-12-24"),
        ("24. Dezember 2026", "2026-12-24"),
        ("2026-02-31", "2026-02-28"),
        ("2026/1/5", "2026-01-05"),
        ("1.13.2026", "2026-01-13"),
        ("tomorrow", ""),
        ("0000-00-00", ""),
        ("x" * 5000, ""),
    ],
)
def test_dates(said: str, meant: str) -> None:
    assert meant_instant(said) == meant
    if meant:
        parse_instant(meant)


def test_words() -> None:
    assert nearest("SUSPND", ("suspend", "ban")) == "suspend"
    assert did_you_mean("exile", ("ban",), "one of them") == "one of them"
    assert did_you_mean("alise", ("alice",), "", form="/assign {}") == "did you mean /assign alice?"


def test_a_line_of_help_fits_a_phone() -> None:
    assert all(len(spec.short) <= 52 for spec in COMMANDS.values())
    world = World()
    world.report()
    world.say("bob", "/help")
    (letter,) = world.to("member:bob", "help")
    parsed = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert parsed.get_param("format") == "flowed"
    text = parsed.get_body().get_content()  # type: ignore[attr-defined]
    assert all(len(line) <= 74 for line in text.splitlines())
    for spec in COMMANDS.values():
        assert f"/{spec.word}" in text


@pytest.mark.parametrize("word", COMMANDS)
def test_help_for_one_command(word: str) -> None:
    world = World()
    world.report()
    world.say("bob", f"/help {word}")
    (letter,) = world.to("member:bob", "help")
    assert COMMANDS[word].example.split("\n")[0].encode()[:20] in letter.message
    assert world.told() == {("member:bob", "help")}
