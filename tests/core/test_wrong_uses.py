"""Every command has its page, and every wrong use on it is answered as the page says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cocmail.core.commands import COMMANDS
from tests.core import wrong_uses
from tests.core.wrong_uses import PAGES, TABLE, WrongUse

ANEW = "python -m tests.core.wrong_uses makes the pages anew"
CORE = Path(__file__).parents[2] / "cocmail" / "core"
ROOMS = (
    *(CORE / f"{n}.py" for n in ("commands", "forms", "speech")),
    *(CORE / "actions").glob("**/*.py"),
)
USES = [(word, one) for word in COMMANDS if (PAGES / f"{word}.md").exists()
        for one in wrong_uses.rows(word)]  # fmt: skip
UNREACHED = {
    "this command has more than 20,000 characters": "too long for a row; in docs/limits.md",
    "this mail has more than 100 commands": "too long for a row; in docs/limits.md",
    "this names too many at once": "too long for a row; in docs/limits.md",
    "the measure is missing": "the form asks for it before",
    "this case has no reporter to write to": "every case has one so far",
    "there is no address to write to: their mail came without a usable one": "needs such a mail",
}
"""What no line in a page's places brings about, and why."""


def test_every_command_has_a_page_and_every_page_a_command() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(COMMANDS), ANEW


def test_the_guide_leads_to_every_page() -> None:
    assert wrong_uses.links() in wrong_uses.GUIDE.read_text(encoding="utf-8").splitlines(), ANEW


@pytest.mark.parametrize("word", COMMANDS)
def test_a_page_begins_with_what_the_table_says(word: str) -> None:
    text = (PAGES / f"{word}.md").read_text(encoding="utf-8")
    assert text.startswith(wrong_uses.head(COMMANDS[word])), ANEW
    prose = text.partition("## Who may, and what follows")[2].partition(TABLE)[0].strip()
    assert prose, f"say in docs/commands/{word}.md who may, who hears of it, what can't be undone"
    assert "!" not in prose
    assert wrong_uses.rows(word), f"add a wrong use to docs/commands/{word}.md; {ANEW}"


@pytest.mark.parametrize(("word", "use"), USES, ids=lambda one: getattr(one, "line", one))
def test_a_wrong_use_is_answered_as_its_page_says(word: str, use: WrongUse) -> None:
    why, right = wrong_uses.ask(use.line, use.place)
    assert (use.why, use.right) == (why, right), ANEW
    assert right, "every refusal says what would have been right"


def texts(node: ast.AST) -> list[str]:
    """The texts of an argument, as patterns: what changes in them is open."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [re.escape(node.value)]
    if isinstance(node, ast.JoinedStr):
        pieces = [
            re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".*" for p in node.values
        ]
        return ["".join(pieces)]
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    return []


@pytest.mark.parametrize("room", ROOMS, ids=lambda one: one.stem)
def test_every_refusal_stands_on_a_page(room: Path) -> None:
    told = [use.why for _, use in USES]
    lacking = [
        said
        for node in ast.walk(ast.parse(room.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem" and node.args
        for said in texts(node.args[0])
        if not any(re.fullmatch(said, one) for one in told)
        and not any(re.fullmatch(said, one) for one in UNREACHED)
    ]
    assert not lacking, f"add a row to a page of docs/commands (its first two cells); {ANEW}"
