"""The leak check against letters that leak and letters that don't, as a table.

Owns the count: of each kind, how many were caught, missed and held wrongly, apart for the cases
that the check was tuned on and those that it never saw. Refuses to judge a letter: its label in
`tests/core/leak_pairs/` does. Called by `make leak-check` and by test_leaks.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from cocmail.core.leaks import Leak, Secrets, Source, leaks

PAIRS = Path(__file__).parent / "leak_pairs"
KINDS = ("name", "address", "words", "paraphrase", "deliberation", "attachment")
_ALSO = {
    # A quote and a retelling shade into each other: either is what the letter was held for.
    "words": {"words", "paraphrase"},
    "paraphrase": {"words", "paraphrase"},
    "deliberation": {"words", "paraphrase"},
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A letter, with what it must not tell."""

    name: str
    kind: str  # what it leaks, or what it was made to look like
    leak: bool
    held_out: bool
    language: str
    to: str
    secrets: Secrets = field(repr=False)
    letter: str = field(repr=False)
    attached: tuple[tuple[str, str], ...] = ()

    def found(self) -> tuple[Leak, ...]:
        """What the check finds."""
        return leaks(self.letter, self.secrets, self.attached)

    def right(self) -> bool:
        """Whether it is held for what is wrong with it, or not held where nothing is."""
        kinds = {leak.kind for leak in self.found()}
        return bool(kinds & _ALSO.get(self.kind, {self.kind})) if self.leak else not kinds


@dataclass(slots=True)
class Count:
    """One half of a row of the table."""

    caught: int = 0
    missed: list[str] = field(default_factory=list)
    passed: int = 0
    held: list[str] = field(default_factory=list)

    def cells(self) -> tuple[int, int, int, int, int]:
        """Letters that leak, caught, missed; letters that don't, held wrongly."""
        leaking = self.caught + len(self.missed)
        return leaking, self.caught, len(self.missed), self.passed + len(self.held), len(self.held)


def pairs() -> list[Pair]:
    """All pairs, in the order of their files."""
    found = []
    for path in sorted(PAIRS.glob("*.toml")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        secrets = Secrets(
            names=tuple(case["names"]),
            addresses=tuple(case["addresses"]),
            sources=tuple(Source(one["text"], one["what"]) for one in case["source"]),
            attachments=tuple((name, digest) for name, digest in case.get("attachments", ())),
            own=tuple(case.get("own", ())),
        )
        found += [
            Pair(
                name=f"{path.stem}: {one['name']}",
                kind=one["kind"],
                leak=one["leak"],
                held_out=case["held_out"],
                language=case["language"],
                to=case["to"],
                secrets=secrets,
                letter=one["text"],
                attached=tuple((name, digest) for name, digest in one.get("attached", ())),
            )
            for one in case["letter"]
        ]
    return found


def counts(found: list[Pair]) -> dict[tuple[str, bool], Count]:
    """The table's figures, by kind and by whether the cases were held out."""
    table = {(kind, held_out): Count() for kind in KINDS for held_out in (False, True)}
    for pair in found:
        count = table[pair.kind, pair.held_out]
        right = pair.right()
        if pair.leak:
            count.caught += right
        else:
            count.passed += right
        if not right:
            (count.missed if pair.leak else count.held).append(pair.name)
    return table


_HEAD = """\
| | leaking letters, tuned | caught | missed | held out | caught | missed \
| innocent letters, tuned | held wrongly | held out | held wrongly |
|---|---|---|---|---|---|---|---|---|---|---|"""


def rows(table: dict[tuple[str, bool], Count]) -> list[str]:
    """The table as it stands in the docs."""
    lines = _HEAD.split("\n")
    whole = [0] * 10
    for kind in KINDS:
        tuned, held = table[kind, False].cells(), table[kind, True].cells()
        cells = [*tuned[:3], *held[:3], *tuned[3:], *held[3:]]
        whole = [a + b for a, b in zip(whole, cells, strict=True)]
        lines.append(f"| {kind} | " + " | ".join(map(str, cells)) + " |")
    lines.append("| all | " + " | ".join(map(str, whole)) + " |")
    return lines


def main() -> None:
    """Print the table, then what was missed and what was held wrongly."""
    table = counts(pairs())
    print("\n".join(rows(table)))
    for title, names in (
        ("missed", [(h, n) for (_, h), count in table.items() for n in count.missed]),
        ("held wrongly", [(h, n) for (_, h), count in table.items() for n in count.held]),
    ):
        print(f"\n{title}:" if names else f"\n{title}: none")
        for held_out, name in names:
            print(f"  {'held out' if held_out else 'tuned   '}  {name}")


if __name__ == "__main__":
    main()
