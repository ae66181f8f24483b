"""`cocmail filters`: which filter says what of a mail, and what would follow, without a store."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cocmail.cli import main
from cocmail.cli.soundness import Soundness, _filters
from cocmail.config import load

MAIL = "From: Anna <anna@example.net>\nTo: conduct@example.org\nSubject: s\n{more}\n{text}\n"
BROKEN = "def judge(mail):\n    raise ValueError(mail.text)\n"
TAG = (
    "from cocmail.core.filtering import Incoming, Tag, Verdict\n"
    "def judge(mail: Incoming) -> Verdict:\n    return Tag(word='forum')\n"
)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "etc")]) == 0
    return tmp_path / "etc" / "cocmail.toml"


@pytest.fixture
def tried(toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def run(text: str, *options: str, more: str = "", status: int = 0, raw: str = MAIL) -> Any:
        file = tmp_path / "mail.eml"
        file.write_text(raw.format(text=text, more=more))
        before = sorted(toml.parent.rglob("*"))
        capsys.readouterr()
        given = ["filters", "try", str(file), "--config", str(toml), *options]
        assert main(given) == status
        assert sorted(toml.parent.rglob("*")) == before  # no store, nothing at all
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return json.loads(said.out) if "--json" in options else said.out

    return run


def put(toml: Path, name: str, body: str) -> Path:
    path = toml.parent / "filters.d" / name
    path.write_text(body)
    path.chmod(0o644)
    return path


def test_filters_are_listed_in_their_order(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["filters", "list", "--json", "--config", str(toml)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found] == sorted(one["name"] for one in found)
    assert found[0]["name"] == "10-spam-flagged"
    assert found[0]["path"] == str(toml.parent / "filters.d" / "10-spam-flagged.py")
    assert len(found[0]["digest"]) == 64


@pytest.mark.parametrize(
    ("more", "text", "follows"),
    [
        ("", "He was rude.", {"what": "report", "urgent": "", "tags": ["forum"], "once": True}),
        ("", "He will kill me.", {"what": "report", "kept": False}),
        ("X-Spam-Flag: YES\n", "He will kill me.", {"what": "set-aside", "urgent": ""}),
        ("Auto-Submitted: auto-replied\n", "Away.", {"what": "filed", "reply_address": False}),
        (
            "Cc: conduct+escrow@example.org\n",
            "He will kill me.",
            {"kept": True, "urgent": "", "once": False},
        ),
        ("X: " + "x" * 9000 + "\n", "hello", {"what": "unreadable"}),
    ],
)
def test_what_would_follow(
    toml: Path, tried: Callable[..., Any], more: str, text: str, follows: dict[str, Any]
) -> None:
    put(toml, "50-forum.py", TAG)
    told = tried(text, "--json", more=more)["follows"]
    assert {key: told[key] for key in follows} == follows
    urgent = "kill" in text and told["what"] == "report" and not told["kept"]
    assert bool(told.get("urgent")) is urgent


def test_a_members_command_and_a_reply_address(toml: Path, tried: Callable[..., Any]) -> None:
    member = load(toml).roster.members[0].addresses[0]
    told = tried("/status", "--json", raw=MAIL.replace("anna@example.net", str(member)))
    assert told["follows"]["what"] == "refused"
    reply = "Cc: conduct+" + "a" * 26 + "@example.org\nX-Spam: Yes\n"
    told = tried("hello", "--json", more=reply)["follows"]
    assert (told["what"], told["reply_address"]) == ("set-aside", True)
    assert "goes to its case, whatever the filters say" in tried("hello", more=reply)


def test_people_are_told_a_line_a_filter(toml: Path, tried: Callable[..., Any]) -> None:
    put(toml, "50-forum.py", TAG)
    said = tried("He will kill me.")
    lines = [line.split() for line in said.splitlines()]
    assert ["50-forum", "tag", "forum"] in lines
    assert any(line[:2] == ["20-urgent", "urgent"] for line in lines)
    assert "It would open a case, marked as urgent, with the tag forum." in said


def test_a_broken_filter_is_named_and_quotes_nothing(
    toml: Path, tried: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "40-mine.py"
    path.write_text(BROKEN)
    path.chmod(0o644)
    said = tried("a secret", "--with", str(path), status=1)
    assert "BROKEN" in said
    assert "raised ValueError" in said
    assert "The filter 40-mine doesn't work" in said.splitlines()[-1]
    assert "a secret" not in said
    path.write_text(TAG)
    assert tried("hello", "--json", "--with", str(path))["follows"]["tags"] == ["forum"]


def test_a_mail_comes_from_a_pipe_too(
    toml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = MAIL.format(more="X-Spam: Yes\n", text="x").encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    capsys.readouterr()
    assert main(["filters", "try", "-", "--config", str(toml), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["follows"]["what"] == "set-aside"


def test_wrong_use_is_one_line(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["filters", "try", "none.eml", "--config", str(toml)]) == 1
    assert "none.eml: No such file" in capsys.readouterr().err
    assert main(["filters", "try", "--config", str(toml)]) == 2
    put(toml, "50-forum.py", "import requests\n" + TAG)
    assert main(["filters", "list", "--config", str(toml)]) == 1
    assert "take out requests" in capsys.readouterr().err


async def test_check_asks_each_filter_about_an_ordinary_report(toml: Path) -> None:
    settings = load(toml)
    assert {one.state async for one in _filters(settings)} == {Soundness.SOUND}
    bad = put(toml, "50-bad.py", BROKEN)
    keen = TAG.replace("Tag(word='forum')", "SetAside(why='No.')").replace("Tag,", "SetAside,")
    put(toml, "60-keen.py", keen)
    found = [one async for one in _filters(settings) if one.state is not Soundness.SOUND]
    assert [one.state for one in found] == [Soundness.WRONG, Soundness.WARNING]
    assert "50-bad raised ValueError" in found[0].text
    assert str(bad) in found[0].text
    assert "60-keen" in found[1].text
