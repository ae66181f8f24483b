"""A Mailman set back to its backup of last week: what was decided since is made true again, and
what was undone since is undone again."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.enforcement import tags_text
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.mailman import Mailman
from cocmail.loops.enforcement import Enforcement, Unread
from tests.loops.lab import (
    BYSTANDER,
    DEV,
    MAL,
    PERSON,
    Book,
    Lab,
    Now,
    enforcement,
    where,
)

pytestmark = pytest.mark.servers


class Week:
    """A Mailman with a backup. It is killed while nobody asks it anything: that is as good as a
    stop, which takes seconds."""

    def __init__(self, mailman: Mailman, folder: Path) -> None:
        self._mailman, self._backup = mailman, folder
        self._data = mailman.directory / "var" / "data"

    def keep(self) -> None:
        self._mailman.kill()
        shutil.copytree(self._data, self._backup)
        self._mailman.start()

    def restore(self) -> None:
        self._mailman.kill()
        shutil.rmtree(self._data)
        shutil.copytree(self._backup, self._data)
        self._mailman.start()

    def wipe(self) -> None:
        """As somebody makes it anew, with nothing in it."""
        self._mailman.kill()
        shutil.rmtree(self._data)
        self._mailman.start()


@pytest.fixture
async def stage(
    tmp_path: Path, mailman: Mailman, lab: Lab, lists: MailmanLists
) -> tuple[Week, Lab, Book, Enforcement]:
    book = Book(Now())
    return Week(mailman, tmp_path / "backup"), lab, book, enforcement(lists, book, book.clock)


Stage = tuple[Week, Lab, Book, Enforcement]


@pytest.mark.parametrize("measure", [Measure.SUSPEND, Measure.MODERATE])
async def test_a_backup_from_before_the_sanction(measure: Measure, stage: Stage) -> None:
    week, lab, book, loop = stage
    before = lab.snapshot(*PERSON)
    week.keep()
    name = book.decide(measure)
    await loop.sweep()
    true = lab.snapshot(*PERSON)
    assert true != before
    week.restore()
    assert lab.snapshot(*PERSON) == before
    await loop.sweep()
    assert lab.snapshot(*PERSON) == true
    assert [one for one, _ in book.proofs] == [name, name], "and the committee is told"
    book.end(name)
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before


async def test_a_backup_from_during_a_sanction_that_is_over(stage: Stage) -> None:
    week, lab, book, loop = stage
    lab.api("POST", "bans", email=BYSTANDER)  # not ours
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    week.keep()
    book.end(name)
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before
    week.restore()
    assert where(lab, *PERSON) == []
    book.unread = frozenset({"another case"})
    with pytest.raises(Unread):
        await loop.sweep()
    assert not loop.wake.is_set(), "they may be the bans of what can't be read"
    book.unread = frozenset()
    await loop.sweep()
    assert loop.wake.is_set()
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before
    assert [one for one, _ in book.returns] == [name, name], "and the committee is told"
    assert [ban["email"] for ban in lab.api("GET", "bans")["entries"]] == [BYSTANDER]
    # Whoever bans them so by hand means it.
    for text in (MAL, tags_text(MAL)):
        lab.api("POST", "bans", email=text)
    await loop.sweep()
    await loop.sweep()
    assert lab.api("GET", "bans")["total_size"] == 3


@pytest.mark.parametrize("scope", [Scope(), Scope(lists=(DEV,))], ids=("all", "dev"))
async def test_a_backup_from_during_a_time_under_moderation_that_is_over(
    scope: Scope, stage: Stage
) -> None:
    week, lab, book, loop = stage
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.MODERATE, scope=scope)
    await loop.sweep()
    week.keep()
    book.end(name)
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before
    week.restore()
    assert lab.snapshot(*PERSON) != before
    book.clock.at += timedelta(days=1)
    await loop.sweep()
    assert loop.wake.is_set()
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before
    assert [one for one, _ in book.returns] == [name, name], "and the committee is told"
    # Whoever holds them so by hand means it.
    loop.wake.clear()
    for role in ("member", "nonmember"):
        if role == "nonmember":
            lab.api("POST", "members", list_id=DEV.replace("@", "."), subscriber=MAL, role=role)
        lab.api("PATCH", f"members/{lab.member(DEV, MAL, role)}", moderation_action="hold")
    held = lab.snapshot(*PERSON)
    book.clock.at += timedelta(days=1)
    await loop.sweep()
    await loop.sweep()
    assert not loop.wake.is_set()
    assert lab.snapshot(*PERSON) == held


async def test_what_an_owner_made_of_an_entry_that_came_with_a_backup_is_theirs(
    stage: Stage,
) -> None:
    week, lab, book, loop = stage
    name = book.decide(Measure.MODERATE, scope=Scope(lists=(DEV,)))
    await loop.sweep()
    week.keep()
    book.end(name)
    await loop.sweep()
    week.restore()
    for who in PERSON:
        for row in lab.rows(who):
            action = "hold" if row["role"] == "member" else "accept"
            lab.api("PATCH", f"members/{row['member_id']}", moderation_action=action)
    theirs = lab.snapshot(*PERSON)
    for _ in range(2):
        book.clock.at += timedelta(days=1)
        await loop.sweep()
        assert not loop.wake.is_set()
        assert lab.snapshot(*PERSON) == theirs


@pytest.mark.parametrize("later", [1, -1], ids=("later", "earlier"))
async def test_a_backup_from_during_a_sanction_on_one_list_is_looked_for_once_a_day(
    later: int, stage: Stage
) -> None:
    """And at once where the clock was set back: it isn't known when it was looked last."""
    week, lab, book, loop = stage
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.BAN, scope=Scope(lists=(DEV,)))
    await loop.sweep()
    week.keep()
    book.end(name)
    await loop.sweep()
    await loop.sweep()  # looks back, and finds nothing
    assert lab.snapshot(*PERSON) == before
    week.restore()
    assert lab.snapshot(*PERSON) != before
    book.clock.at += timedelta(hours=23)
    await loop.sweep()
    assert not loop.wake.is_set()
    book.clock.at += timedelta(days=later) - timedelta(hours=23)
    await loop.sweep()
    assert loop.wake.is_set()
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before
    assert [one for one, _ in book.returns] == [name, name]


@pytest.mark.parametrize("scope", [Scope(), Scope(lists=(DEV,))], ids=("all", "dev"))
@pytest.mark.parametrize("measure", [Measure.SUSPEND, Measure.MODERATE])
async def test_one_that_is_empty_for_a_while_takes_nothing_from_what_is_to_be_given_back(
    measure: Measure, scope: Scope, stage: Stage
) -> None:
    week, lab, book, loop = stage
    before = lab.snapshot(*PERSON)
    name = book.decide(measure, scope=scope)
    await loop.sweep()
    week.keep()
    week.wipe()
    assert lab.api("GET", "lists")["total_size"] == 0
    await loop.sweep()
    week.restore()
    await loop.sweep()
    assert ((MAL, "dev") in where(lab, MAL)) is not measure.keeps_off
    book.end(name)
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before


@pytest.mark.parametrize("scope", [Scope(), Scope(lists=(DEV,))], ids=("all", "dev"))
async def test_what_ends_while_it_is_empty_is_given_back_when_the_backup_comes(
    scope: Scope, stage: Stage
) -> None:
    week, lab, book, loop = stage
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.SUSPEND, scope=scope)
    await loop.sweep()
    week.keep()
    week.wipe()
    book.end(name)
    await loop.sweep()
    assert [one for one, _ in book.returns] == [name]
    week.restore()
    assert lab.snapshot(*PERSON) != before
    book.clock.at += timedelta(days=1)
    await loop.sweep()
    assert loop.wake.is_set()
    await loop.sweep()
    assert lab.snapshot(*PERSON) == before
    assert [one for one, _ in book.returns] == [name, name], "and the committee is told"
