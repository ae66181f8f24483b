"""The sentences that code builds, in every language: none lacks, and none is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cocmail.adapters.templates import Templates
from cocmail.adapters.words import FILL, GAP, Words, pattern
from cocmail.adapters.words_check import wrong
from cocmail.templates import ENGLISH, languages

ROOT = Path(__file__).parents[2] / "cocmail"
ROOMS = [
    *ROOT.glob("core/**/*.py"), *ROOT.glob("loops/*.py"), *ROOT.glob("adapters/auth*.py"),
    *ROOT.glob("adapters/dkim*.py"), *ROOT.glob("adapters/mailman*.py"),
    ROOT / "adapters/reading.py",
]  # fmt: skip
OTHERS = tuple(one for one in languages() if one != ENGLISH)
# Calls whose texts people read, and names that such texts are kept in.
CALLS = ("Problem", "TooMuchError", "Misgiving", "undelivered")
TROUBLE = ("Temporary", "Permanent")  # of Mailman: told where a decided sanction waits for it
LISTS = ("turn.done", "found", "remarks", "work.done")
KEYWORDS = ("why", "right", "note")
TELLERS = {
    "proof.py", "verification.py", "authentication.py", "dkim_check.py", "durations.py",
    "headers.py", "mail.py", "guards.py", "reading.py",
}  # fmt: skip
# What is shown to no member: it stands in the ledger, in the log, or is never reached by people.
SILENT = re.compile(
    r"waits for a confirmation|Commands at the public address\.|It answered no mail of a case\."
    r"|It answered a mail whose answers nobody reads\."
    r"|The same mail was here before\."
)


def texts(node: ast.AST) -> list[str]:
    """The texts that an expression can be; {0} is what changes in them."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        said, gaps = "", 0
        for part in node.values:
            if isinstance(part, ast.Constant):
                said += str(part.value)
            else:
                said, gaps = said + f"{{{gaps}}}", gaps + 1
        return [said]
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "Private" and node.args:
        return texts(node.args[0])
    if isinstance(node, ast.Tuple):
        return [one for part in node.elts for one in texts(part)]
    return []


def said_in(path: Path) -> Iterator[str]:
    """What a room of the code says to people."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            trouble = path.name.startswith("mailman") and name in TROUBLE
            if (
                trouble
                or name.rpartition(".")[2] in CALLS
                or name == "turn.tell_but"
                or (name.endswith(".append") and name.removesuffix(".append") in LISTS)
            ):
                for argument in node.args:
                    yield from texts(argument)
            for keyword in node.keywords:
                if keyword.arg in KEYWORDS:
                    yield from texts(keyword.value)
        elif isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and (t.id == "why" or t.id.isupper()) for t in node.targets
        ):
            if path.name in ("proof.py", "table.py", "drift.py") or not any(
                isinstance(t, ast.Name) and t.id.isupper() for t in node.targets
            ):
                yield from texts(node.value)
        elif (
            isinstance(node, ast.Return | ast.Yield)
            and node.value is not None
            and path.name in TELLERS
        ):
            yield from texts(node.value)


def sentences() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(ROOMS):
        for one in said_in(path):
            words = GAP.sub("", one).split()
            # A command as it would be right is the same in every language.
            if (
                len(words) > 2
                and not one.startswith(("/", "\n", "for ", "… "))
                and not SILENT.fullmatch(one)
                and path.name != "chronicle.py"  # what `cocmail case show` prints
            ):
                found.setdefault(one, path.name)
    return found


SENTENCES = sentences()


def test_the_code_s_sentences_are_found() -> None:
    assert len(SENTENCES) > 100
    assert "It carries no signature." in SENTENCES


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_there_in_every_language(language: str) -> None:
    phrases = Templates(language).words(language).tables["phrases"]
    known = [pattern(one) for one in phrases]
    lacking = [
        f"{room}: {said}"
        for said, room in SENTENCES.items()
        # What changes in the code's may be fixed in the phrase's: “an owner”, “, because {1}”.
        if not any(p.fullmatch(said) for p in known)
        and not any(pattern(said).fullmatch(one) for one in phrases)
    ]
    assert not lacking, f"add them to cocmail/templates/{language}/phrases.toml: {lacking}"


@pytest.mark.parametrize("language", OTHERS)
def test_no_phrase_is_left_over(language: str) -> None:
    """A sentence that was changed in the code shows here: its phrase fits nothing any more."""
    whole = "\n".join(
        one.value
        for path in ROOT.rglob("*.py")
        for one in ast.walk(ast.parse(path.read_text()))
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    )
    for said in Templates(language).words(language).tables["phrases"]:
        fits = any(pattern(one).fullmatch(said) for one in SENTENCES)
        pieces = re.split(r"\{[0-9]\}|\n|, because| lifting|(?<=is) an? ", said)
        assert fits or all(piece.strip(" ,“”:.;…") in whole for piece in pieces), said


@pytest.mark.parametrize("language", OTHERS)
def test_phrases_are_sound(language: str) -> None:
    templates = Templates(language)
    words = templates.words(language)
    assert wrong(words.tables, templates.words(ENGLISH)) == []
    for said, ours in words.tables["phrases"].items():
        assert "!" not in ours
        # Nothing that changes is lost, but for what only English grammar needs.
        if said not in ("“{0}” takes no time{1}",):
            assert {n for n, _ in FILL.findall(ours)} == {g[1] for g in GAP.findall(said)}, said


def test_a_phrase_keeps_what_changes() -> None:
    words: Words = Templates("de").words("de")
    for said, ours in (
        ("this role stays", "diese Rolle bleibt"),
        ("a@b.example is an owner of dev@l.example; this role stays",
         "a@b.example verwaltet dev@l.example; diese Rolle bleibt"),
        ("voted “approve” on lifting S7: ban a@b.example on all, because it is over",
         "hat über die Aufhebung abgestimmt (S7: Ausschluss auf Dauer für a@b.example, auf allen"
         " Listen): dafür, Grund: it is over"),
        ("wrote to reporter 1 and reporter 2, in the committee's name:\n\nHello,\n\nyou\n",
         "hat im Namen des Komitees geschrieben, an: Meldende Person 1 und Meldende Person 2\n\n"
         "Hello,\n\nyou\n"),
        ("It is encrypted, and cocmail can't read it. Nobody knows this. It has no Message-ID.",
         "Sie ist verschlüsselt, und cocmail kann sie nicht lesen. Nobody knows this. Sie hat keine"
         " Message-ID."),
        ("it carries no signature", "sie trägt keine Signatur"),
        ("the time after “for” should be at least 1s",
         "die Zeit hinter „for“ sollte mindestens 1s sein"),
        ("something that nobody has a phrase for", "something that nobody has a phrase for"),
    ):  # fmt: skip
        assert words.phrase(said) == ours


def test_what_people_wrote_is_no_phrase() -> None:
    words = Templates("de").words("de")
    assert words.phrase("tagged this case “{0} {1:measure} \\1”").endswith(
        "„{0} {1:measure} \\1“ gegeben"
    )
    long = "x " * 5000 + "is missing"
    assert words.phrase(long) == long
