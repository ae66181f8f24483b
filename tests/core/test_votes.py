"""Votes in depth: objection windows, amendments, ballots, counsel, and who may vote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cocmail.core import calendar
from cocmail.core import events as e
from cocmail.core.casework import to_look_up
from cocmail.core.commands import parse
from cocmail.core.errors import Temporary
from cocmail.core.policy import Policy
from cocmail.core.sanctions import State
from tests.promises.kit import MALLORY, OBSERVED, World, text_of

FIVE = ("alice", "bob", "carol", "dave", "erin")


def world(**policy: Any) -> World:
    found = World(members=FIVE, policy=Policy(**policy))
    found.report()
    return found


def due(w: World, what: str, about: str) -> None:
    w.take(calendar.fall_due(w.case, w.setting(), what, about))


def state(w: World, proposal: str) -> State:
    return w.case.sanctions[proposal].state


def refused(w: World) -> str:
    assert w.last is not None
    (letter,) = [x for x in w.last.letters if x.kind == "refusal"]
    return text_of(letter)


# -- the objection window ----------------------------------------------------------------------


def test_an_approved_sanction_waits_for_objections() -> None:
    w = world(objection_within=timedelta(hours=24))
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    assert state(w, proposal) is State.PROPOSED
    assert not w.to("respondent:1")
    assert ("member:erin", "message") in w.told()
    due(w, "window", proposal)  # too early changes nothing but the record
    w = world(objection_within=timedelta(hours=24))
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    w.later(hours=24)
    due(w, "window", proposal)
    assert state(w, proposal) is State.IN_FORCE


def test_an_objection_in_time_keeps_the_vote_open_until_all_were_heard() -> None:
    w = world(objection_within=timedelta(hours=24))
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    w.vote(proposal, "carol", text="/object because two weeks are enough")
    w.later(hours=24)
    due(w, "window", proposal)
    assert state(w, proposal) is State.PROPOSED
    w.vote(proposal, "dave", text="/object because I think so too")
    assert state(w, proposal) is State.PROPOSED
    w.vote(proposal, "erin", text="/abstain")  # two against two, and everybody has voted
    assert w.case.proposals[proposal].decided is not None
    assert state(w, proposal) is State.REJECTED


def test_more_approvals_than_objections_carry_it_when_its_time_is_over() -> None:
    w = world(objection_within=timedelta(hours=24))
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    w.vote(proposal, "carol", text="/object because two weeks are enough")
    w.later(hours=24)
    due(w, "window", proposal)
    w.later(days=7)
    due(w, "vote", proposal)
    assert state(w, proposal) is State.IN_FORCE


def test_a_window_may_outlast_the_voting_period() -> None:
    w = world(objection_within=timedelta(days=3))
    proposal = w.propose()
    w.later(days=6)
    w.vote(proposal, "alice", "bob")
    w.later(days=1, hours=1)
    due(w, "vote", proposal)
    assert w.case.proposals[proposal].decided is None
    w.vote(proposal, "carol", text="/object because it is late")
    assert "carol" in w.case.proposals[proposal].votes


# -- amendments --------------------------------------------------------------------------------


def test_an_amended_proposal_begins_its_votes_anew() -> None:
    w = world()
    old = w.propose()
    w.vote(old, "bob")
    w.vote(old, "alice", text=f"/sanction suspend {MALLORY} for 30 days because of this")
    (new,) = [p.id for p in w.case.open_proposals]
    assert new != old
    assert w.case.proposals[new].votes == {}
    assert state(w, old) is State.REJECTED
    ballot = w.to("member:carol", "ballot")[-1]
    assert f"takes the place of {old}" in text_of(ballot)
    w.vote(old, "carol")
    assert "was amended" in refused(w)
    w.vote(new, "bob", "carol")
    assert state(w, new) is State.IN_FORCE
    assert w.case.sanctions[new].until == w.now + timedelta(days=30)


def test_only_who_proposed_it_can_amend_it() -> None:
    w = world()
    old = w.propose()
    w.vote(old, "bob", text=f"/sanction ban {MALLORY} because of this")
    assert "only alice, who proposed it, can amend it" in refused(w)
    assert [p.id for p in w.case.open_proposals] == [old]


# -- ballots -----------------------------------------------------------------------------------


def test_a_ballot_is_bound_to_the_terms_it_was_made_for() -> None:
    w = world()
    proposal = w.propose()
    about = w.case.proposals[proposal].ballot
    for other in (proposal, f"{proposal}.{'0' * 16}", about[:-1]):
        w.say("bob", "/approve", purpose="ballot", about=other)
        assert w.case.proposals[proposal].votes == {}
    w.say("bob", "/approve", purpose="ballot", about=about)
    assert set(w.case.proposals[proposal].votes) == {"bob"}


def test_a_vote_after_its_time_counts_for_nothing_even_before_the_calendar_looks() -> None:
    w = world()
    proposal = w.propose()
    w.later(days=7)
    w.vote(proposal, "alice")
    assert "closed already" in refused(w)
    assert w.case.proposals[proposal].votes == {}


def test_each_choice_counts_once_through_one_ballot() -> None:
    w = world(approvals=3)
    proposal = w.propose()
    w.vote(proposal, "bob")
    w.vote(proposal, "bob")
    assert w.case.proposals[proposal].decided is None
    w.vote(proposal, "bob", text="/object because I was wrong")
    w.vote(proposal, "bob")
    assert w.case.proposals[proposal].votes["bob"].vote == "object"
    (confirmation,) = w.case.held
    w.say("bob", "/confirm", purpose="confirm", about=confirmation)
    assert w.case.proposals[proposal].votes["bob"].vote == "approve"


def test_two_proposals_about_one_person_name_each_other() -> None:
    w = world()
    first = w.propose()
    second = w.propose(f"/sanction moderate {MALLORY} for 9 days because of this")
    assert first in text_of(w.to("member:bob", "ballot")[-1])
    w.vote(second, "alice", "bob")
    w.vote(first, "alice", "bob")
    assert state(w, first) is State.IN_FORCE
    assert state(w, second) is State.IN_FORCE


def test_a_vote_of_somebody_who_left_the_case_does_not_count() -> None:
    w = world()
    proposal = w.propose()
    w.vote(proposal, "bob")
    w.say("bob", "/recuse")
    w.vote(proposal, "alice")
    assert state(w, proposal) is State.PROPOSED
    w.vote(proposal, "carol")
    assert state(w, proposal) is State.IN_FORCE


# -- counsel -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"/sanction ban {MALLORY} because of this",
        f"/sanction suspend {MALLORY} for 61 days because of this",
        f"/sanction moderate {MALLORY} permanently because of this",
    ],
)
def test_what_lasts_long_waits_for_counsel(text: str) -> None:
    w = world(counsel_after=timedelta(days=60), approvals_permanent=2)
    proposal = w.propose(text)
    w.vote(proposal, "alice", "bob")
    assert state(w, proposal) is State.PROPOSED
    w.later(days=30)
    due(w, "vote", proposal)
    assert w.case.proposals[proposal].decided is None  # it waits as long as it takes
    w.say("carol", "/confirm counsel")
    assert state(w, proposal) is State.IN_FORCE
    assert any(isinstance(x, e.CounselHeard) and x.by == "carol" for x in w.last.events)  # type: ignore[union-attr]


def test_what_lasts_less_waits_for_nobody() -> None:
    w = world(counsel_after=timedelta(days=60))
    proposal = w.propose(f"/sanction suspend {MALLORY} for 60 days because of this")
    w.vote(proposal, "alice", "bob")
    assert state(w, proposal) is State.IN_FORCE
    w.say("carol", "/confirm counsel")
    assert "no decision waits for counsel here" in refused(w)


def test_while_it_waits_for_counsel_votes_can_change() -> None:
    w = world(counsel_after=timedelta(days=60))
    proposal = w.propose()
    w.vote(proposal, "alice", "bob")
    w.vote(proposal, "bob", text="/object because I read more")
    w.say("carol", "/confirm counsel")
    assert state(w, proposal) is State.PROPOSED


# -- guards ------------------------------------------------------------------------------------


def test_a_member_s_own_address_is_named_and_the_member_is_out() -> None:
    w = world()
    w.say("alice", "/sanction suspend bob@bob.example for 9 days because of this")
    assert "bob" in w.case.recused
    assert "on the committee" in text_of(w.to("member:carol", "ballot")[-1])
    assert not w.to("member:bob", "ballot")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("conduct@example.org", "committee's own address"),
        ("conduct+abc@example.org", "committee's own address"),
        ("dev@lists.example", "is a mailing list"),
        ("dev-request@lists.example", "is a mailing list"),
        ("dev-bounces+mallory=mail.example@lists.example", "is a mailing list"),
        ("sig-owner@lists.example", "is a mailing list"),
        ("^.*@mail.example", "is a pattern"),
        ("*@mail.example", "is a pattern"),
        ("info@mail.example", "several people read"),
    ],
)
def test_what_is_nobody_s_address_is_refused(address: str, why: str) -> None:
    w = world()
    w.say("alice", f"/sanction suspend {address} for 9 days because of this")
    assert why in refused(w)
    assert not w.case.proposals


class Away(World):
    """Mailman can't be asked at first. Its lists have the community's domain."""

    away = True
    every = replace(OBSERVED, lists={"dev@example.org": "dev.example.org"})

    def incoming(self, mail: Any, **more: Any) -> Any:
        return replace(super().incoming(mail, **more), observed=None if self.away else self.every)


@pytest.mark.parametrize(
    ("address", "a_list"),
    [("dev@example.org", True), ("dev-owner@example.org", True), ("mal@example.org", False)],
)
@pytest.mark.parametrize("one_site", [False, True])
def test_what_may_be_a_list_s_address_is_approved_by_nobody_before_it_is_known(
    address: str, a_list: bool, one_site: bool
) -> None:
    """Or the letter would go to all who read that list."""
    w = Away()
    if one_site:  # of two
        away = {"b": Temporary("it is down")}
        w.every, w.away = replace(OBSERVED, lists={}, away=away), False
    w.report()
    one = w.propose(f"/sanction suspend {address} for 9 days because of this")
    assert "until then nobody can approve" in text_of(w.to("member:bob", "ballot")[-1])
    w.vote(one, "alice", "bob", "carol")
    assert "be seen whether" in refused(w)
    assert not w.case.proposals[one].votes
    w.say("bob", f"/interim suspend {address} because it can't wait")
    assert "be asked just now" in refused(w)
    w.vote(one, "carol", text="/object")
    wanted = parse("/approve").commands
    assert address in to_look_up(w.case, wanted)[0], "once Mailman is back it is asked"
    w.every, w.away = Away.every, False
    w.vote(one, "alice", "bob")
    assert (w.case.proposals[one].decided is None) is a_list
    assert (not w.to("respondent:1", "letter")) is a_list
    if a_list:
        assert f"{address} is a mailing list's" in refused(w)


def test_who_is_elsewhere_is_decided_on_while_mailman_is_away() -> None:
    w = Away()
    w.report()
    w.vote(w.propose(), "alice", "bob")
    assert w.to("respondent:1", "letter")
    assert not to_look_up(w.case, parse("/approve").commands)[0]


def test_a_list_that_the_configuration_names_is_refused_at_once() -> None:
    w = Away()
    setting = replace(w.setting(), groups={"sig": ("sig@lists.example",)})
    w.setting = lambda: setting  # type: ignore[method-assign]
    w.report()
    w.say("alice", "/sanction suspend sig@lists.example for 9 days because of this")
    assert "is a mailing list" in refused(w)


def test_many_people_in_a_day_are_named_and_far_too_many_take_a_word() -> None:
    w = world()
    for number in range(20):
        w.say("alice", f"/sanction warn p{number}@mail.example because of this")
    assert "about 19 people" in text_of(w.to("member:bob", "ballot")[-1])
    assert "people already" not in text_of(w.to("member:bob", "ballot")[4])
    w.say("alice", "/sanction warn p20@mail.example because of this")
    assert "including many" in refused(w)
    w.say("alice", "/sanction warn p4@mail.example because of more")  # one of them
    w.say("alice", "/sanction warn p20@mail.example including many because of this")
    assert len(w.case.proposals) == 22
    w.later(days=1)
    w.say("alice", "/sanction warn p30@mail.example because of this")
    assert len(w.case.proposals) == 23


def test_the_words_add_up() -> None:
    w = world()
    w.say("alice", "/sanction warn info@mail.example including roles, shared because of this")
    assert len(w.case.proposals) == 1
    w.say("alice", "/sanction warn info@mail.example including everything because of this")
    assert "can't follow “including”" in refused(w)


def test_the_majority_is_of_those_who_may_vote() -> None:
    w = world()
    ban = w.propose(f"/sanction ban {MALLORY} because of this")
    w.vote(ban, "alice", "bob")
    assert state(w, ban) is State.PROPOSED
    w.say("erin", "/recuse")  # two of four are no majority either
    assert state(w, ban) is State.PROPOSED
    w.vote(ban, "carol")
    assert state(w, ban) is State.IN_FORCE
