"""The table of `sanction plan` and `enforce`, as it is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cocmail.cli import output
from cocmail.cli.sanction import say_table
from cocmail.core.people import Address
from cocmail.core.table import Line, Table, Tense

MANY = tuple(f"list-{n:03}@lists.example" for n in range(200))


def table(count: int) -> Table:
    who = Address("mallory@mail.example")
    lines = [
        Line(list=name, address=who, role="member", now="member", then="absent")
        for name in MANY[:count]
    ]
    stays = {"now": "member", "then": "member", "note": "this role stays", "left": True}
    owner = Line(list=MANY[7], address=who, role="owner", **stays)  # type: ignore[arg-type]
    warning = f"{who} is an owner of {MANY[7]}; this role stays"
    return Table(tense=Tense.WOULD, lines=(*lines, owner), warnings=(warning,))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def say(shown: Table, *, as_json: bool = False) -> str:
        call = output.Call(config=Path("none.toml"), json=as_json, debug=False)
        monkeypatch.setattr(output, "call", lambda: call)
        say_table(shown)
        return capsys.readouterr().out

    return say


def test_two_hundred_lists_are_summed_up_and_then_told_one_by_one(said: Any) -> None:
    lines = said(table(200)).splitlines()
    assert lines[0] == "Would be taken off, member -> absent (200)"
    head = lines[: next(n for n, line in enumerate(lines) if line.startswith("list "))]
    assert [line for line in head if "list-" in line] == [
        f"- {MANY[7]}: mallory@mail.example (owner); this role stays"
    ]
    assert sum("member  " in line for line in lines) == 201


def test_a_few_places_are_told_once(said: Any) -> None:
    shown = said(table(3))
    assert shown.count(MANY[1]) == 1
    assert "this role stays" in shown


def test_its_json_has_the_stable_keys(said: Any) -> None:
    shown = json.loads(said(table(200), as_json=True))
    assert len(shown["steps"]) == 200
    assert {"list", "address", "role", "now", "then"} <= set(shown["steps"][0])
    assert shown["warnings"] == [f"mallory@mail.example is an owner of {MANY[7]}; this role stays"]
    assert [s["role"] for s in shown["stays"]] == ["owner"]
    assert shown["counts"] == {"taken-off": 200, "stays": 1}
