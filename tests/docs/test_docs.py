"""What the docs say against what the code does: settings, verbs, commands, kinds, contracts."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from cocmail.adapters.metrics import METRICS
from cocmail.adapters.template_check import rows as letter_rows
from cocmail.adapters.templates import Templates
from cocmail.adapters.words import ALSO, FILTERS
from cocmail.cli.main import VERBS
from cocmail.config.sample import Setting, row, settings
from cocmail.core.commands import COMMANDS, Spec
from cocmail.core.letters import Kind
from cocmail.core.versions import DIFFERS
from tests.roads.table import ROADS, lines

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.glob("*.md")), ROOT / "README.md")


def page(name: str) -> str:
    return (DOCS / name).read_text()


@pytest.mark.parametrize("setting", list(settings()), ids=lambda one: f"{one.table} {one.key}")
def test_every_setting_has_its_row(setting: Setting) -> None:
    there = row(setting) in page("operator.md").splitlines()
    assert there, f"python -m cocmail.config.sample --rows makes the rows anew: {row(setting)}"


def test_no_row_tells_of_a_setting_that_is_not() -> None:
    table = page("operator.md").partition("| table | key |")[2]
    assert len(re.findall(r"^\| `\[", table, re.MULTILINE)) == len(list(settings()))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_guide(verb: str) -> None:
    assert f"`cocmail {verb}" in page("operator.md")


def test_every_verb_that_is_named_exists() -> None:
    for path in PAGES:
        for verb in re.findall(r"`cocmail ([a-z]+)", path.read_text()):
            assert verb in VERBS or verb in ("is",), f"{path.name}: cocmail {verb}"


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=COMMANDS)
def test_every_command_has_its_row_and_an_example(spec: Spec) -> None:
    rows = [
        line.split(" | ")
        for line in page("committee.md").replace("\\|", "¦").splitlines()
        if re.match(rf"\| `/{spec.word}[ `]", line)
    ]
    assert len(rows) == 1
    form, does, example = rows[0]
    assert form.strip("|` ").replace("¦", "|") == spec.form.partition(", then the text")[0]
    assert does == spec.does
    assert example.strip("|` ") == spec.example.splitlines()[0]


def test_no_row_tells_of_a_command_that_is_not() -> None:
    named = set(re.findall(r"^\| `/([a-z]+)", page("committee.md"), re.MULTILINE))
    assert named == {*COMMANDS, "end"}


def test_every_kind_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \|", page("mail.md"), re.MULTILINE)
    assert rows == [kind.value for kind in Kind]


def test_the_contracts_are_the_architecture_s_sentences() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = page("architecture.md")
    for contract in project["tool"]["importlinter"]["contracts"]:
        assert f"- {contract['name']}." in text.splitlines()


def test_all_thirteen_promises_are_there() -> None:
    rows = re.findall(r"^\| (\d+) \|.+\|.+\|.*\|$", page("security-model.md"), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 14)]


def attacks() -> dict[str, str]:
    """What the security model tells of: an attack, and the test that shows what happens."""
    section = page("security-model.md").partition("## Attacks, one by one")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \| `(tests/\S+::\w+)` \|$", section, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\|", section, re.MULTILINE)) - 2
    return dict(rows)


@pytest.mark.parametrize(("attack", "test"), attacks().items(), ids=attacks())
def test_every_attack_has_its_test_and_its_mutant(attack: str, test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    assert name in {
        one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    line = re.compile(rf"^Test: {re.escape(test)}(\[|$)", re.MULTILINE)
    mutants = [one.read_text() for one in (ROOT / "tests/mutants").glob("*.patch")]
    assert any(map(line.search, mutants)), f"no patch in tests/mutants takes its guard out: {test}"


def test_the_roads_onto_a_list_are_those_that_were_walked() -> None:
    section = page("security-model.md").partition("### Roads onto a list\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\|.*$", section, re.MULTILINE)
    assert rows == lines(ROADS), "make roads prints what is true"


@pytest.mark.parametrize("path", PAGES, ids=lambda one: one.name)
def test_links_and_paths_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / target).exists(), target
    for named in re.findall(r"`((?:docs|deploy|filters|tests|cocmail)/[^`\s]*)`", text):
        if named != "tests/mutants/":
            assert (ROOT / named.partition("::")[0]).exists(), named


@pytest.mark.parametrize("name", ["committee.md", "reporter.md"])
def test_pages_for_people_are_calm(name: str) -> None:
    text = page(name)
    assert "!" not in text
    for word in ("DKIM", "IMAP", "LMTP", "REST", "daemon", "token", "ledger", "envelope"):
        assert word not in text


def test_the_readme_begins_with_what_it_is_and_two_commands() -> None:
    head, _, _ = (ROOT / "README.md").read_text().partition("## ")
    assert len(head.partition("    make")[0].strip().splitlines()[2:]) <= 5
    assert re.findall(r"^    (make \w+)", head, re.MULTILINE) == ["make demo", "make test"]


def test_every_letter_has_its_row() -> None:
    rows = list(letter_rows(Templates()))
    there = [line for line in page("letters.md").splitlines() if line.startswith("| `")]
    assert there == rows, "python -m cocmail.adapters.template_check makes the rows anew"


def test_what_differs_in_a_mailman_is_what_is_said_of_it() -> None:
    shown = dict(re.findall(r"^\| (3\.\d+\.\d+) \|[^|]+\| ([^|]+) \|$", page("mailman.md"), re.M))
    *_, newest = DIFFERS
    assert shown.pop(newest) == "it is what the other rows are compared with"
    said = {version: words or "nothing was found" for version, words in DIFFERS.items()}
    assert {**shown, newest: "nothing was found"} == said


@pytest.mark.parametrize("name", METRICS)
def test_every_figure_has_its_row(name: str) -> None:
    assert f"| `{name}` | {METRICS[name]} |" in page("operator.md")


def test_every_filter_of_letters_is_told() -> None:
    for name in (*FILTERS, *ALSO):
        assert re.search(rf"[|`] ?{name}[ `]", page("letters.md")), name
