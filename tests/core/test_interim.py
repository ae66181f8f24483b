"""Interim measures, and locks: what one member may do alone, and what undoes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cocmail.core import calendar
from cocmail.core import events as e
from cocmail.core.enforcement import Ban, Observed, Role, Row
from cocmail.core.people import Address
from cocmail.core.policy import Policy
from cocmail.core.proofs import enforced
from cocmail.core.sanctions import State
from cocmail.core.work import Result
from tests.promises import kit
from tests.promises.kit import MALLORY, World, text_of

ORDER = f"/interim suspend {MALLORY} because he threatens people right now"


def world(*members: str, **policy: Any) -> World:
    found = World(members=members or ("alice", "bob", "carol"), policy=Policy(**policy))
    found.report()
    return found


def refused(w: World) -> str:
    assert w.last is not None
    (letter,) = [x for x in w.last.letters if x.kind == "refusal"]
    return text_of(letter)


def order(w: World, handle: str = "alice", text: str = ORDER) -> str:
    w.say(handle, text)
    return [s for s in w.case.sanctions.values() if s.interim][-1].id


def test_it_holds_at_once_and_everybody_hears_how_to_end_it() -> None:
    w = world()
    ordered = order(w)
    sanction = w.case.sanctions[ordered]
    assert sanction.state is State.IN_FORCE
    assert sanction.until == w.now + w.policy.interim_for
    assert w.last is not None
    assert w.last.enforce
    for handle in ("alice", "bob", "carol"):
        (alert,) = w.to(f"member:{handle}", "alert")
        assert f"/lift {sanction.id}" in text_of(alert)
        assert "/sanction suspend" in text_of(alert)
    letter = text_of(w.to("respondent:1", "letter")[0])
    assert "no decision yet" in letter
    assert "alice" not in letter.lower()


def test_it_lapses_by_itself() -> None:
    w = world()
    sanction = order(w)
    w.later(hours=72)
    w.take(calendar.fall_due(w.case, w.setting(), "end", sanction))
    assert w.case.sanctions[sanction].state is State.ENDED


def test_any_other_member_ends_it_without_a_vote() -> None:
    w = world()
    sanction = order(w)
    w.say("bob", f"/lift {sanction} because it was a misunderstanding")
    assert w.case.sanctions[sanction].state is State.LIFTED
    assert not w.case.proposals


def test_a_vote_takes_over_from_it_without_a_gap() -> None:
    w = world()
    interim = order(w)
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    sanction = w.case.sanctions[proposal]
    assert sanction.state is State.IN_FORCE
    assert sanction.not_before is None  # not even its letter is waited for
    assert w.case.sanctions[interim].state is State.ENDED


def made_true(w: World, name: str) -> None:
    """As a sweep leaves it: written down, off the list, banned, proved."""
    own = {"rows": [{"mode": "as_address", "member_id": "1"}]}
    places = [e.Place(list=None, address=a, role="ban", facts=None) for a in (MALLORY, kit.ALIAS)]
    places += [
        e.Place(list=row.list, address=row.address, role="member", facts=own)
        for row in kit.OBSERVED.rows
    ]
    w.take(Result(events=(e.BeforeNoted(sanction=name, places=tuple(places)),), letters=()))
    w.take(enforced(w.case, w.setting(), name, (), (MALLORY, kit.ALIAS)))
    bans = (Ban(list=None, address=a, exact=1, tags=1) for a in (MALLORY, kit.ALIAS))
    w.observed = replace(kit.OBSERVED, rows=(), bans=tuple(bans))


def test_who_renews_it_is_not_told_that_its_bans_are_somebody_else_s() -> None:
    w = world()
    made_true(w, order(w))
    order(w, "bob")
    alert = text_of(w.to("member:carol", "alert")[-1])
    assert "that ban stays" not in alert
    assert "was found on no list" not in alert


def test_a_ballot_shows_what_becomes_of_the_interim_measure() -> None:
    """It ends when the vote is in force: who is held then is on the lists again."""
    w = world()
    interim = order(w)
    made_true(w, interim)
    w.propose(f"/sanction moderate {MALLORY} for 30 days because of it")
    ballot = text_of(w.to("member:carol", "ballot")[-1])
    assert f"This takes the place of the interim measure {interim}" in ballot
    assert "each ends by itself" not in ballot
    assert "Nothing on the lists needs to be changed" not in ballot
    assert "Would be held, absent" in ballot


@pytest.mark.parametrize("measure", ["ban", "leave", "warn", "remove"])
def test_what_can_t_be_undone_takes_a_vote(measure: str) -> None:
    w = world()
    w.say("alice", f"/interim {measure} {MALLORY} because of this")
    assert "alone" in refused(w) or "one member" in refused(w)
    assert not w.case.sanctions


def test_it_is_renewed_once_and_by_somebody_else() -> None:
    w = world()
    first = order(w)
    w.say("alice", ORDER)
    assert "another member has to renew it" in refused(w)
    second = order(w, "bob")
    assert w.case.sanctions[first].state is State.ENDED
    assert w.case.sanctions[second].state is State.IN_FORCE
    w.say("carol", ORDER)
    assert "renewed once already" in refused(w)


def test_two_a_member_a_day() -> None:
    w = world()
    for number in range(2):
        order(w, text=f"/interim moderate p{number}@mail.example because of this")
    w.say("alice", "/interim moderate p2@mail.example because of this")
    assert "within a day already" in refused(w)
    order(w, "bob", "/interim moderate p2@mail.example because of this")
    w.later(days=1)
    order(w, text="/interim moderate p3@mail.example because of this")


def test_none_on_members_or_on_those_who_look_after_lists(monkeypatch: Any) -> None:
    w = world()
    w.say("alice", "/interim suspend bob@bob.example because of this")
    assert "member of the committee" in refused(w)
    owner = Row(list="dev@lists.example", address=MALLORY, role=Role.OWNER)
    monkeypatch.setattr(kit, "OBSERVED", Observed(lists=kit.OBSERVED.lists, rows=(owner,)))
    w.say("alice", ORDER)
    assert "looks after the list dev@lists.example" in refused(w)
    monkeypatch.setattr(kit, "OBSERVED", None)
    w.say("alice", ORDER)
    assert "Mailman can't be asked" in refused(w)
    assert not w.case.sanctions


def test_its_proof_is_no_outcome() -> None:
    from cocmail.core.proofs import enforced

    w = world()
    sanction = order(w)
    w.take(enforced(w.case, w.setting(), sanction, (), [MALLORY]))
    assert not w.to("reporter:1", "outcome")


# -- locks -------------------------------------------------------------------------------------


def test_a_locked_member_gets_nothing_and_runs_nothing() -> None:
    w = world("alice", "bob", "carol", "dave")
    proposal = w.propose()
    w.vote(proposal, "bob")
    w.say("alice", "/lock bob")
    assert {p for p, _ in w.told()} >= {"member:carol", "member:dave"}
    assert "member:bob" not in {p for p, _ in w.told()}
    w.say("carol", "What now?")
    assert "member:bob" not in {p for p, _ in w.told()}
    result = w.say("bob", "/close resolved")
    assert w.case.is_open
    assert result.settled == "quarantined"
    assert "member:bob" not in {p for p, _ in w.told()}
    w.vote(proposal, "alice")  # bob's approval from before doesn't count
    assert w.case.sanctions[proposal].state is State.PROPOSED


def test_two_others_undo_a_lock() -> None:
    w = world("alice", "bob", "carol", "dave")
    w.say("alice", "/lock bob")
    w.say("carol", "/unlock bob")
    w.say("carol", "/unlock bob")
    assert "counts already" in refused(w)
    assert "bob" in w.record.committee.locks
    w.say("dave", "/unlock bob")
    assert "bob" not in w.record.committee.locks
    w.say("alice", "Welcome back.")
    assert "member:bob" in {p for p, _ in w.told()}


def test_a_lock_is_no_way_to_win_a_vote() -> None:
    w = world("alice", "bob", "carol", "dave")
    ban = w.propose(f"/sanction ban {MALLORY} because of this")
    w.vote(ban, "alice", "carol")
    w.say("alice", "/lock bob")
    assert w.case.sanctions[ban].state is State.PROPOSED  # three of four, as before
    w.vote(ban, "dave")
    assert w.case.sanctions[ban].state is State.IN_FORCE


def test_nobody_holds_two_locks_and_two_are_always_left() -> None:
    w = world("alice", "bob", "carol", "dave", "erin")
    w.say("alice", "/lock bob")
    w.say("alice", "/lock carol")
    assert "one member already" in refused(w)
    w.say("alice", "/lock alice")
    assert "another member" in refused(w)
    w.say("alice", "/lock bbo")
    assert "Did you mean" in refused(w)
    small = world("alice", "bob")
    small.say("alice", "/lock bob")
    assert "others have to be left" in refused(small)


def test_spans() -> None:
    w = world(interim_for=timedelta(hours=1))
    ordered = order(w)
    sanction = w.case.sanctions[ordered]
    assert sanction.until == w.now + timedelta(hours=1)
    assert sanction.address == Address(MALLORY)
