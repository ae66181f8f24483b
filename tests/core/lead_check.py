"""Leads on made-up people: how many evasions are found, and how many innocents, as a table.

Owns the count, by what an evasion tried and by what a wrong find rests on, apart for the people
whom the rules were tuned on and for those whom they never saw. Each half is one community: all of
its subscriptions are looked at together, for a name that several bear is no lead. Refuses to judge:
`tests/core/lead_people/` says who is who. Called by `make leads` and by test_lead_figures.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from cocmail.core.leads import Bearers, Evidence, Lead, Person, Subscription, leads
from cocmail.core.people import Address, Private

PEOPLE = Path(__file__).parent / "lead_people"
TRIED = (*(kind for kind in Evidence if kind not in (Evidence.NAMED, Evidence.USER)), "none")


@dataclass(frozen=True, slots=True)
class Tried:
    """One address on the lists, beside the person whom it belongs or doesn't belong to."""

    person: str
    subscription: Subscription
    kind: str  # what it tries, or was made to look like
    evasion: bool
    held_out: bool
    why: str = ""
    found: tuple[Lead, ...] = ()

    @property
    def lead(self) -> Lead | None:
        """What is told of it about anybody: of an innocent any lead is wrong."""
        theirs = [x for x in self.found if x.person == self.person or not self.evasion]
        return theirs[0] if theirs else None


@dataclass(slots=True)
class Count:
    """One half of a row."""

    evasions: int = 0
    found: int = 0
    innocents: int = 0
    wrong: list[Tried] = field(default_factory=list)


def tried() -> list[Tried]:
    """Everybody of both halves, with what the look says of them."""
    return [one for path in sorted(PEOPLE.glob("*.toml")) for one in _half(path)]


def _half(path: Path) -> list[Tried]:
    half = tomllib.loads(path.read_text(encoding="utf-8"))
    persons = [
        Person(
            key=one["covered"][0],
            covered=tuple(map(Address, one["covered"])),
            names=tuple(map(Private, one["names"])),
        )
        for one in half["person"]
    ]
    everybody = [
        Tried(
            person=one["covered"][0],
            subscription=Subscription(address=Address(row[0]), name=Private(row[1])),
            kind=row[2],
            evasion=evasion,
            held_out=half["held_out"],
            why=row[3] if len(row) > 3 else "",
        )
        for one in half["person"]
        for evasion in (True, False)
        for row in one["evasions" if evasion else "innocents"]
    ]
    bearers = Bearers(persons)
    bearers.seen(one.subscription for one in everybody)
    return [
        Tried(
            person=one.person,
            subscription=one.subscription,
            kind=one.kind,
            evasion=one.evasion,
            held_out=one.held_out,
            why=one.why,
            found=leads(persons, [one.subscription], bearers),
        )
        for one in everybody
    ]


def counts(everybody: list[Tried]) -> dict[tuple[str, bool], Count]:
    table = {(str(kind), half): Count() for kind in TRIED for half in (False, True)}
    for one in everybody:
        count = table[one.kind, one.held_out]
        if one.evasion:
            count.evasions += 1
            count.found += one.lead is not None
        else:
            count.innocents += 1
            if one.lead is not None:
                count.wrong.append(one)
    return table


_HEAD = """\
| what was tried, or seemed so | evasions, tuned | found | held out | found \
| innocents, tuned | found wrongly | held out | found wrongly |
|---|---|---|---|---|---|---|---|---|"""
_CALLED = {
    "idna": "the same domain in another notation",
    "tag": "a detail after “+”",
    "provider": "one mailbox by its provider's rules",
    "lookalike": "letters that look alike",
    "name": "the display name",
    "none": "nothing that is compared",
}


def rows(table: dict[tuple[str, bool], Count]) -> list[str]:
    """The table as it stands in the docs."""
    lines = _HEAD.split("\n")
    whole = [0] * 8
    for kind in TRIED:
        cells = []
        for half in (False, True):
            count = table[str(kind), half]
            cells.append((count.evasions, count.found, count.innocents, len(count.wrong)))
        row = [*cells[0][:2], *cells[1][:2], *cells[0][2:], *cells[1][2:]]
        whole = [a + b for a, b in zip(whole, row, strict=True)]
        lines.append(f"| {_CALLED[str(kind)]} | " + " | ".join(map(str, row)) + " |")
    lines.append("| all | " + " | ".join(map(str, whole)) + " |")
    return lines


def main() -> None:
    """Print the table, then what was missed and what was found wrongly."""
    everybody = tried()
    print("\n".join(rows(counts(everybody))))
    print("\nmissed:")
    for one in everybody:
        if one.evasion and one.lead is None:
            _tell(one)
    print("\nfound wrongly:")
    for one in everybody:
        if not one.evasion and one.lead is not None:
            _tell(one)


def _tell(one: Tried) -> None:
    half = "held out" if one.held_out else "tuned   "
    seen = f"{one.subscription.address} “{one.subscription.name}”"
    clues = ", ".join(c.evidence for c in one.lead.clues) if one.lead else one.kind
    print(f"  {half}  {one.person}: {seen} ({clues}){': ' if one.why else ''}{one.why}")


if __name__ == "__main__":
    main()
