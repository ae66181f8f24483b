"""Members who are named in some form of their name: how many are found, and how many wrongly.

Owns the count, by tongue, apart for the sentences that the rules were tuned on and for those that
they never saw. Refuses to judge: `tests/core/named_people/` says who is meant. Called by
`make named` and by test_named_figures.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from cocmail.core.names import named_in_text
from cocmail.core.people import Address, Handle, Member, Private, Roster

SENTENCES = Path(__file__).parent / "named_people"


@dataclass(frozen=True, slots=True)
class Tried:
    """One sentence, beside the member whom it names or doesn't."""

    tongue: str
    name: str
    text: str
    named: bool
    held_out: bool

    @property
    def found(self) -> bool:
        member = Member(
            handle=Handle("m"), name=Private(self.name), addresses=(Address("m@m.example"),)
        )
        return bool(named_in_text(self.text, Roster(members=(member,))))


def tried() -> list[Tried]:
    return [
        Tried(tongue["name"], name, text, kind == "named", half["held_out"])
        for path in sorted(SENTENCES.glob("*.toml"))
        for half in (tomllib.loads(path.read_text(encoding="utf-8")),)
        for tongue in half["tongue"]
        for kind in ("named", "others")
        for name, text in tongue[kind]
    ]


_HEAD = """\
| in | named, tuned | found | held out | found \
| others, tuned | found wrongly | held out | found wrongly |
|---|---|---|---|---|---|---|---|---|"""


def rows(all_of_them: list[Tried]) -> list[str]:
    """The table as it stands in the docs."""
    lines = _HEAD.split("\n")
    tongues = list(dict.fromkeys(one.tongue for one in all_of_them))
    for tongue in (*tongues, "all"):
        cells: list[int] = []
        for named in (True, False):
            for half in (False, True):
                some = [
                    one
                    for one in all_of_them
                    if tongue in (one.tongue, "all") and (one.named, one.held_out) == (named, half)
                ]
                cells += [len(some), sum(one.found for one in some)]
        lines.append(f"| {tongue} | " + " | ".join(map(str, cells)) + " |")
    return lines


def main() -> None:
    """Print the table, then what was missed and what was found wrongly."""
    everything = tried()
    print("\n".join(rows(everything)))
    for named, title in ((True, "missed"), (False, "found wrongly")):
        print(f"\n{title}:")
        for one in everything:
            if one.named is named and one.found is not named:
                half = "held out" if one.held_out else "tuned   "
                print(f"  {half}  {one.name}: {one.text}")


if __name__ == "__main__":
    main()
