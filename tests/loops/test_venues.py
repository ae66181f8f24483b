"""Two Mailmans of one community: a sanction holds on both, and comes off each as it was there.

Both are real (REST runners); the book is the fake of the tests next door.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.venues import Venues
from cocmail.cli import soundness
from cocmail.cli.soundness import Soundness
from cocmail.config import parse
from cocmail.config.sample import sample
from cocmail.core.drift import PUT_RIGHT
from cocmail.core.enforcement import Act, Question, Role, Step, Word
from cocmail.core.errors import CocmailError, Temporary
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.mailman import Mailman
from cocmail.loops.applying import apply
from tests.loops.lab import (
    BYSTANDER,
    DEV,
    MAL,
    MALLORY,
    PERSON,
    QUIET,
    USERS,
    Book,
    Lab,
    Now,
    enforcement,
    where,
)
from tests.loops.test_backup import Week

pytestmark = pytest.mark.servers

HERE, THERE = "", "mailmans.there"
OTHER = "other.example.org"
TALK = f"talk@{OTHER}"


class There(Lab):
    """The second: one list of its own, and MALLORY there, whom nothing links to MAL."""

    def people(self) -> None:
        self.api("POST", "domains", mail_host=OTHER)
        for name in (TALK, f"quiet@{OTHER}"):
            self.api("POST", "lists", fqdn_listname=name)
            self.join(name, BYSTANDER)
        self.join(TALK, MALLORY)
        member = self.member(TALK, MALLORY)
        self.api("PATCH", f"members/{member}", moderation_action="accept")
        self.api("PATCH", f"members/{member}/preferences", hide_address=False)

    def told(self) -> object:
        bans = [ban["email"] for ban in self.api("GET", "bans").get("entries", [])]
        shown = [
            (row["email"], row["list_id"], row["role"], row.get("moderation_action"))
            for who in PERSON
            for row in self.rows(who)
        ]
        for row in self.rows(MALLORY):
            preferences = self.api("GET", f"members/{row['member_id']}/preferences")
            shown += [(k, v) for k, v in preferences.items() if k not in ("self_link", "http_etag")]
        return sorted(bans), sorted(map(repr, shown))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mailman, Mailman]]:
    with (
        Mailman(tmp_path_factory.mktemp("here")) as here,
        Mailman(tmp_path_factory.mktemp("there")) as there,
    ):
        yield here, there


@pytest.fixture
def labs(two: tuple[Mailman, Mailman]) -> tuple[Lab, There]:
    for mailman in two:
        if not mailman.running:
            mailman.start()
    labs = Lab(two[0]), There(two[1])
    for lab in labs:
        lab.clear()
    return labs


@pytest.fixture
async def lists(two: tuple[Mailman, Mailman]) -> AsyncIterator[Venues]:
    venues = {
        site: MailmanLists(
            one.url, one.username, one.password, timeout=60, section=site or "mailman"
        )
        for site, one in zip((HERE, THERE), two, strict=True)
    }
    lists = Venues(venues)
    yield lists
    await lists.close()


async def test_suspended_on_both_and_returned_exactly(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    here, there = labs
    there.api("POST", "bans", email=MAL)  # somebody else's
    before = here.snapshot(*PERSON), there.told()
    clock = Now()
    book = Book(clock)
    loop = enforcement(lists, book, clock)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    assert where(here, *PERSON) == where(there, *PERSON) == []
    assert there.mailman.api("GET", f"bans/{MALLORY}")[0] == 200, "linked on the other alone"
    assert (book.proofs[0][0], len(book.proofs)) == (name, 1)
    assert {(r.site, r.list, r.was, r.now) for r in book.proofs[0][1]} >= {
        (HERE, None, "absent", "banned"),
        (THERE, None, "banned", "banned"),
        (THERE, None, "absent", "banned"),
        (HERE, DEV, "member", "absent"),
        (THERE, TALK, "member", "absent"),
    }
    await loop.sweep()
    assert loop.counters.drift == 0
    assert loop.counters.put_right == 0
    book.end(name)
    await loop.sweep()
    assert (here.snapshot(*PERSON), there.told()) == before
    assert len(book.returns) == 1


class Falls:
    """The real venues; the second is killed as a step of its own begins, once."""

    def __init__(self, lists: Venues, mailman: Mailman, act: Act) -> None:
        self._lists, self._mailman = lists, mailman
        self._act: Act | None = act

    def __getattr__(self, name: str) -> object:
        return getattr(self._lists, name)

    async def apply(self, step: Step) -> bool:
        if step.site == THERE and step.act is self._act:
            self._mailman.kill()
            self._act = None
        return await self._lists.apply(step)


async def test_one_is_killed_in_the_middle_and_started_again(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    here, there = labs
    before = here.snapshot(*PERSON), there.told()
    clock = Now()
    book = Book(clock)
    name = book.decide(Measure.SUSPEND)
    loop = enforcement(Falls(lists, there.mailman, Act.TAKE_OFF), book, clock)
    with pytest.raises(Temporary, match=THERE):
        await loop.sweep()
    assert where(here, *PERSON) == [], "what can be done is done"
    assert book.proofs == [], "nothing is proved that was not read back"
    with pytest.raises(Temporary, match=THERE):  # and by another daemon, from the book
        await enforcement(lists, book, clock).sweep()
    assert book.proofs == []
    here.join(USERS, BYSTANDER)
    there.mailman.start()
    assert where(there, *PERSON) != []
    await enforcement(lists, book, clock).sweep()
    assert where(there, *PERSON) == []
    assert [one for one, _ in book.proofs] == [name]

    there.mailman.kill()
    book.end(name)
    with pytest.raises(Temporary, match=THERE):
        await enforcement(lists, book, clock).sweep()
    assert here.snapshot(*PERSON) == before[0], "put back where it can be"
    assert book.returns == [], "and not over while the other waits"
    here.api("DELETE", "lists/dev.lists.example.org/roster/member", emails=[MAL])
    gone = here.snapshot(*PERSON)
    there.mailman.start()
    await enforcement(lists, book, clock).sweep()
    assert (here.snapshot(*PERSON), there.told()) == (gone, before[1])
    assert [one for one, _ in book.returns] == [name]


class Returns(Falls):
    """The real venues; the second is started again as something is done on the first."""

    async def apply(self, step: Step) -> bool:
        if not self._mailman.running:
            self._mailman.start()
        return await self._lists.apply(step)


async def test_one_that_comes_back_in_the_middle_is_not_taken_for_empty(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    here, there = labs
    before = here.snapshot(*PERSON), there.told()
    clock = Now()
    book = Book(clock)
    name = book.decide(Measure.SUSPEND, scope=Scope(lists=(DEV, TALK)))
    await enforcement(lists, book, clock).sweep()
    book.end(name)
    there.mailman.kill()
    fresh = Venues(dict(lists._venues))
    for venue in fresh._venues.values():
        venue._list_ids = {}  # type: ignore[attr-defined]
    with contextlib.suppress(Temporary):
        await enforcement(Returns(fresh, there.mailman, Act.UNBAN), book, clock).sweep()
    assert there.mailman.running
    await enforcement(lists, book, clock).sweep()
    assert (here.snapshot(*PERSON), there.told()) == before
    assert [one for one, _ in book.returns] == [name]


async def test_both_are_away(labs: tuple[Lab, There], lists: Venues) -> None:
    for lab in labs:
        lab.mailman.kill()
    with pytest.raises(CocmailError):
        await lists.observe([Question(addresses=(MAL,))])


async def test_a_list_that_both_have(labs: tuple[Lab, There], lists: Venues) -> None:
    here, there = labs
    there.api("POST", "lists", fqdn_listname=DEV)
    there.join(DEV, MAL)
    clock = Now()
    book = Book(clock)
    loop = enforcement(lists, book, clock)
    book.decide(Measure.SUSPEND)
    await loop.sweep()
    assert where(here, *PERSON) == where(there, *PERSON) == []
    assert loop.counters.trouble.startswith(f"{DEV} is a list of [mailman] and of [{THERE}]")
    assert loop.counters.trouble in (await loop.look()).warnings
    assert len(book.proofs) == 1


@pytest.mark.parametrize(
    ("away", "meanwhile"),
    [(True, False), (False, False), (False, True)],
    ids=("away", "fallen", "falls"),
)
async def test_what_somebody_undoes_is_proved_while_another_that_has_the_list_too_is_away(
    away: bool, meanwhile: bool, labs: tuple[Lab, There], lists: Venues
) -> None:
    here, there = labs
    there.api("POST", "lists", fqdn_listname=DEV)
    there.join(DEV, MAL)
    book = Book(Now())
    book.decide(Measure.SUSPEND)
    await enforcement(lists, book, book.clock).sweep()
    assert len(book.proofs) == 1
    act = Act.TAKE_OFF if meanwhile else Act.BAN
    loop = enforcement(Falls(lists, there.mailman, act), book, book.clock)
    for lab in (here,) if away else labs:
        lab.api("DELETE", f"bans/{MAL}")
        lab.join(DEV, MAL)
    if away:
        there.mailman.kill()
    with pytest.raises(Temporary, match=THERE):
        await loop.sweep()
    assert not there.mailman.running
    assert where(here, *PERSON) == []
    (_, (_, rows)) = book.proofs
    assert {(r.site, r.list, r.note) for r in rows} >= {
        (HERE, None, PUT_RIGHT),
        (HERE, DEV, PUT_RIGHT),
    }
    assert {row.site for row in rows} == {HERE}
    owners = next(row.owners for row in rows if row.list == DEV)
    assert owners == (Address("owner@example.org"),)
    there.mailman.start()
    await loop.sweep()
    assert where(there, *PERSON) == []
    told = [(r.site, r.list, r.role) for _, rows in book.proofs[1:] for r in rows]
    assert len(told) == len({*told}) == (2 if away else 4), "each once"


async def test_what_waits_is_counted_while_another_that_has_the_list_too_is_away(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    here, there = labs
    there.api("POST", "lists", fqdn_listname=QUIET)
    ask(here, QUIET.replace("@", "."))
    book = Book(Now())
    name = book.decide(Measure.SUSPEND, MALLORY)
    loop = enforcement(lists, book, book.clock)
    await lists.observe([Question(addresses=(MAL,))])
    looked: list[str] = []
    discard = lists.discard_waiting

    async def watched(names: Any, addresses: Any, **but: Any) -> Any:
        looked.extend(names)
        return await discard(names, addresses, **but)

    there.mailman.kill()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "discard_waiting", watched)
        for again in (False, True):
            with pytest.raises(Temporary, match=THERE):
                await loop.sweep()
            assert bool(looked) is not again, "once, not at each sweep"
            looked.clear()
    assert asking(here, QUIET.replace("@", ".")) == 0
    assert not book.sanctions[name].cleared, "the other has its turn when it is back"


async def test_check_looks_at_each(
    labs: tuple[Lab, There], two: tuple[Mailman, Mailman], tmp_path: Path
) -> None:
    (tmp_path / "mailman.password").write_text(two[0].password)
    (tmp_path / "mailman.password").chmod(0o600)
    text = sample().replace("http://127.0.0.1:8001/3.1", two[0].url)
    groups = f'[mailman.groups]\nsig = ["{DEV}", "{TALK}"]\nno = ["no@{OTHER}"]\n'
    text = text.replace("[mailman.groups]\n", groups)
    text += f'[{THERE}]\nurl = "{two[1].url}"\npassword_file = "mailman.password"\n'
    settings = parse(text, tmp_path / "cocmail.toml")

    async def found() -> dict[str, Soundness]:
        return {one.text: one.state async for one in soundness._lists(settings)}

    told = await found()
    assert [text for text, state in told.items() if state is Soundness.WRONG] == [
        f"[mailman.groups] no: Mailman has no list no@{OTHER}"
    ]
    assert f"[{THERE}]: 2 lists" in told
    labs[1].api("POST", "lists", fqdn_listname=DEV)
    assert any(text.startswith(f"{DEV} is a list of") for text in await found())
    two[1].kill()
    told = await found()
    assert any(f"[{THERE}]" in text for text, one in told.items() if one is Soundness.WRONG)
    assert "[mailman]: 5 lists" in told, "one doesn't hide the other"


async def test_both_are_asked_of_whom_either_knows(labs: tuple[Lab, There], lists: Venues) -> None:
    observed = await lists.observe([Question(addresses=(MAL,))])
    there = next(one for one in observed.sites if one.site == THERE)
    assert MALLORY in there.known
    assert observed.linked[MAL] == tuple(sorted(PERSON))
    assert {row.site for row in observed.rows} == {HERE, THERE}
    assert await lists.owners([DEV, TALK]) == {DEV: (MAL, Address("owner@example.org")), TALK: ()}


class OneIsDead:
    """Whatever is asked of the second fails."""

    def __init__(self) -> None:
        self.done: list[Step] = []

    async def apply(self, step: Step) -> bool:
        if step.site == THERE:
            raise Temporary("away")
        self.done.append(step)
        return True


async def test_a_dead_one_does_not_hold_up_the_other() -> None:
    steps = [
        Step(
            act=Act.TAKE_OFF,
            list=f"l{n}@{OTHER}",
            address=MAL,
            role=Role.MEMBER,
            now=Word.MEMBER,
            then=Word.ABSENT,
            person=MAL,
            site=site,
        )
        for n in range(8)
        for site in (THERE, HERE)
    ]
    lists = OneIsDead()
    applied = await apply(lists, steps, parallel=2)  # type: ignore[arg-type]
    assert lists.done == applied.done
    assert len(applied.done) == 8
    assert len(applied.errors) == 3, "and is left alone after that"


class Slow:
    async def queues(self, *, within: float) -> dict[str, dict[str, int]]:
        await asyncio.sleep(within)
        return {}


async def test_a_stop_before_any_was_asked_leaves_no_word_in_the_log() -> None:
    """Python warns of what was to be asked and never was."""
    lists = Venues({HERE: Slow(), THERE: Slow()})  # type: ignore[dict-item]
    asking = asyncio.create_task(lists.queues(within=60))
    await asyncio.sleep(0)  # they wait for their turn in the loop
    asking.cancel()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        gc.collect()
    assert [str(one.message) for one in said] == []


class Late:
    """The real venues; the second is away until something of this sanction is written down."""

    def __init__(self, lists: Venues, book: Book, sanction: str) -> None:
        self._there, self._book, self._sanction = lists._venues[THERE], book, sanction
        lists._venues = {**lists._venues, THERE: self}  # type: ignore[dict-item]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._there, name)

    async def observe(self, questions: Any, **more: Any) -> Any:
        if not self._book.sanctions[self._sanction].before:
            raise Temporary("it is away")
        return await self._there.observe(questions, **more)


async def test_who_is_on_a_list_with_a_tag_is_looked_for_on_both_before_it_is_proved(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    _, there = labs
    tagged = Address("mallory+list@example.net")
    there.join(TALK, tagged)
    clock = Now()
    book = Book(clock)
    loop = enforcement(lists, book, clock)
    Late(lists, book, book.decide(Measure.SUSPEND, MALLORY))
    with contextlib.suppress(Temporary):
        await loop.sweep()
    await loop.sweep()
    assert where(there, MALLORY, tagged) == []
    assert len(book.proofs) == 1


async def test_what_a_later_sanction_takes_over_from_an_ended_one_is_not_lost(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    """As when an interim measure ends because it was confirmed, while one Mailman is late, and the
    other busy with somebody else."""
    here, there = labs
    before = here.snapshot(*PERSON), there.told()
    clock = Now()
    book = Book(clock)
    loop = enforcement(lists, book, clock)
    first = book.decide(Measure.MODERATE, MALLORY)
    await loop.sweep()
    book.end(first)
    second = book.decide(Measure.MODERATE, MALLORY)
    other = book.decide(Measure.SUSPEND, BYSTANDER)
    Late(lists, book, second)

    async def busy(step: Step) -> bool:
        raise Temporary("it is busy")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists._venues[HERE], "apply", busy)
        with pytest.raises(Temporary):
            await loop.press()
    await loop.sweep()
    assert {one for one, _ in book.proofs} == {first, second, other}
    book.end(second)
    book.end(other)
    await loop.sweep()
    assert (here.snapshot(*PERSON), there.told()) == before


def ask(lab: Lab, list_id: str) -> None:
    lab.api("PATCH", f"lists/{list_id}/config", subscription_policy="moderate")
    asked = {"pre_verified": True, "pre_confirmed": True, "subscriber": MALLORY}
    assert lab.mailman.api("POST", "members", list_id=list_id, **asked)[0] == 202


def asking(lab: Lab, list_id: str) -> int:
    return int(lab.api("GET", f"lists/{list_id}/requests")["total_size"])


async def test_a_list_that_refuses_holds_up_nothing_that_waits_elsewhere(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    quiet = (QUIET.replace("@", "."), f"quiet.{OTHER}")
    for lab, list_id in zip(labs, quiet, strict=True):
        ask(lab, list_id)
    discard = lists.discard_waiting

    async def refused(names: Any, addresses: Any, **but: Any) -> Any:
        if QUIET in names:
            raise Temporary("not now")
        return await discard(names, addresses, **but)

    book = Book(Now())
    loop = enforcement(lists, book, book.clock)
    name = book.decide(Measure.SUSPEND, MALLORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "discard_waiting", refused)
        with pytest.raises(Temporary, match="not now"):
            await loop.sweep()
    assert [asking(*one) for one in zip(labs, quiet, strict=True)] == [1, 0]
    assert not book.sanctions[name].cleared
    await loop.sweep()
    assert asking(labs[0], quiet[0]) == 0
    assert book.sanctions[name].cleared


async def test_what_waits_is_discarded_on_the_one_that_answers_and_later_on_the_other(
    labs: tuple[Lab, There], lists: Venues
) -> None:
    here, there = labs
    quiet = {here: QUIET.replace("@", "."), there: f"quiet.{OTHER}"}
    for lab, list_id in quiet.items():
        ask(lab, list_id)

    def waiting(lab: Lab) -> int:
        return asking(lab, quiet[lab])

    looked: list[str] = []
    discard = lists.discard_waiting

    async def watched(names: Any, addresses: Any, **but: Any) -> Any:
        looked.extend(names)
        return await discard(names, addresses, **but)

    book = Book(Now())
    loop = enforcement(lists, book, book.clock)
    there.mailman.kill()
    name = book.decide(Measure.SUSPEND, MALLORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "discard_waiting", watched)
        with pytest.raises(Temporary, match=THERE):
            await loop.sweep()
        assert waiting(here) == 0, "what can be done is done"
        assert QUIET in looked
        looked.clear()
        with pytest.raises(Temporary, match=THERE):
            await loop.sweep()
        assert looked == [], "once, not at each sweep"
        assert not book.sanctions[name].cleared
        there.mailman.start()
        await loop.sweep()
        assert waiting(there) == 0
        assert book.sanctions[name].cleared
        looked.clear()
        await loop.sweep()
        assert looked == []
    # The other is away again just as it has to be looked at both.
    book.sanctions[name] = replace(book.sanctions[name], cleared=False)
    there.mailman.kill()
    with pytest.raises(Temporary, match=THERE):
        await enforcement(lists, book, book.clock).sweep()
    assert not book.sanctions[name].cleared, "it has its turn when it is back"


async def test_one_is_set_back_to_its_backup_while_the_other_is_away(
    labs: tuple[Lab, There], lists: Venues, tmp_path: Path
) -> None:
    """What ended meanwhile still waits for the other."""
    here, there = labs
    before = here.snapshot(*PERSON), there.told()
    book = Book(Now())
    loop = enforcement(lists, book, book.clock)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    week = Week(here.mailman, tmp_path / "backup")
    week.keep()
    there.mailman.kill()
    book.end(name)
    with pytest.raises(Temporary, match=THERE):
        await loop.sweep()
    assert here.snapshot(*PERSON) == before[0]
    week.restore()
    assert here.snapshot(*PERSON) != before[0]
    for _ in range(2):
        with pytest.raises(Temporary, match=THERE):
            await loop.sweep()
    assert here.snapshot(*PERSON) == before[0]
    assert book.returns == [], "not over while the other waits"
    there.mailman.start()
    await loop.sweep()
    assert (here.snapshot(*PERSON), there.told()) == before
    assert [one for one, _ in book.returns] == [name]
