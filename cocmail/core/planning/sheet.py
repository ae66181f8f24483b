"""What planning comes to on one site: steps, records to write down first, words for people.

Owns how they are gathered, and that nothing is loosened while a sanction can't be read. Refuses
to decide any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cocmail.core.coverage import Facts, Reach
from cocmail.core.enforcement import (
    HOLD,
    Act,
    Level,
    Place,
    ProofRow,
    Role,
    Row,
    Step,
    Word,
    levels,
    word,
)
from cocmail.core.planning.site import Site
from cocmail.core.proof import proof_rows, stands
from cocmail.core.sanctions import Before


@dataclass(kw_only=True)
class Sheet:
    """Filled by one planning; thrown away afterwards."""

    site: Site
    steps: list[Step] = field(default_factory=list)
    notes: dict[str, dict[Place, Facts]] = field(default_factory=dict)  # by sanction
    found: dict[tuple[str, Place], str] = field(default_factory=dict)  # as Before.seen
    unread: dict[Place, None] = field(default_factory=dict)  # to be read before they are exact
    texts: dict[Place, str] = field(default_factory=dict)
    outlasted: dict[Place, str] = field(default_factory=dict)  # told for ended sanctions alone
    waiting: set[tuple[str, Level]] = field(default_factory=set)  # of ended sanctions

    @property
    def gives_back(self) -> bool:
        """What can't be read may bear on anybody."""
        return not self.site.standing.unread

    def note(self, reach: Reach, place: Place, facts: Facts, exactly: tuple[Row, ...] = ()) -> None:
        if any(row.preferences is None for row in exactly):
            self.unread[place] = None
        self.notes.setdefault(reach.id, {})[place] = facts
        # What stands there at the first look; a later record doesn't change that.
        known = place in reach.records
        self.found[reach.id, place] = reach.seen.get(place, "") if known else self._seen(place)

    def _seen(self, place: Place) -> str:
        if place.role is Role.USER:
            return ""
        return stands(place, self.site.rows, self.site.observed)

    def change(
        self, act: Act, place: Place, serves: Iterable[Reach], rows: tuple[Row, ...]
    ) -> None:
        """On a roster: to these rows from what is seen, or these taken off."""
        then = Word.ABSENT if act is Act.TAKE_OFF else word(rows)
        self.step(act, place, word(self.site.seen(place)), then, serves, rows)

    def step(
        self,
        act: Act,
        place: Place,
        now: Word,
        then: Word,
        serves: Iterable[Reach],
        rows: tuple[Row, ...] = (),
        bans: Iterable[str] = (),
        former: tuple[str, ...] = (),
    ) -> None:
        serves, persons = tuple(serves), self.site.persons
        if not self.gives_back and _loosens(act, place, rows):
            return
        self.steps.append(
            Step(
                act=act,
                list=place.list,
                address=place.address,
                role=place.role,
                now=now,
                then=then,
                rows=rows,
                bans=tuple(bans),
                former=former,
                site=place.site,
                person=persons.get(place.address) or persons[serves[0].addresses[0]],
                sanctions=tuple(reach.id for reach in serves),
            )
        )

    def records(self) -> Mapping[str, tuple[Before, ...]]:
        return {
            name: tuple(
                Before(
                    list=p.list,
                    address=p.address,
                    role=p.role,
                    facts=facts,
                    site=p.site,
                    seen=self.found[name, p],
                )
                for p, facts in notes.items()
            )
            for name, notes in self.notes.items()
        }

    def proof(self) -> Mapping[str, tuple[ProofRow, ...]]:
        site = self.site
        over = site.homes.texts | self.texts | self.outlasted
        both = (site.force, self.texts, False), (site.ending, over, True)
        goes = {step.place for step in self.steps if step.act is Act.TAKE_OFF}
        return {
            reach.id: proof_rows(reach, site.rows, site.observed, texts, goes, ended=ended)
            for some, texts, ended in both
            for reach in some
        }

    def given_back(self, reach: Reach) -> frozenset[Level]:
        """Together on a list, for an entry may stand at another address there by now."""
        if not self.gives_back:
            return frozenset()
        left = {step.level for step in self.steps if reach.id in step.sanctions}
        left |= {place.level for place in self.notes.get(reach.id, ())}
        left |= {level for name, level in self.waiting if name == reach.id}
        here = (b for b in reach.sanction.before if b.site == self.site.observed.site)
        return levels(here) - left


def _loosens(act: Act, place: Place, rows: tuple[Row, ...]) -> bool:
    """Whether somebody may do more after such a step than before it."""
    match act:
        case Act.UNBAN:
            return True
        case Act.TAKE_OFF:
            return place.role is Role.NONMEMBER
        case Act.PUT_BACK if place.role is not Role.NONMEMBER:
            return True
        case Act.PREFER:
            return False
    return act is not Act.BAN and any(row.action != HOLD for row in rows)
