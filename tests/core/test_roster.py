"""The committee changes: told first, in force later, and old cases stay shut."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cocmail.core import roster
from cocmail.core.audience import may_know
from cocmail.core.case import Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.people import Address, Roster
from cocmail.core.rows import rows
from cocmail.core.setting import Setting
from tests.promises.kit import MINTER, World, member, text_of


class Changing(World):
    """A world whose committee is what its record says."""

    def setting(self) -> Setting:
        setting = super().setting()
        there = roster.in_force(self.record.committee, self.roster, self.now)
        return replace(setting, roster=there)

    def starts_with(self, *members: str) -> None:
        """The daemon starts with this committee in its configuration."""
        self.members = members
        self.take_record(roster.noted(self.record, self.setting(), self.roster))

    def delay_is_over(self) -> None:
        self.later(hours=24)
        self.take_record(roster.fall_due(self.record, self.setting()))

    def take_record(self, result: Any) -> None:
        from cocmail.core.folding import apply

        for event in result.events:
            self.record = apply(self.record, self.now, event)
        self.letters += result.letters
        self.last = result


def changing() -> Changing:
    w = Changing()
    w.starts_with("alice", "bob", "carol")
    assert not w.letters
    return w


def handles(w: Changing) -> list[str]:
    return [m.handle for m in w.setting().roster.members]


def test_the_first_committee_is_in_force_at_once_and_so_is_the_same_again() -> None:
    w = changing()
    assert handles(w) == ["alice", "bob", "carol"]
    before = w.record
    w.starts_with("alice", "bob", "carol")
    assert w.record == before


def test_a_new_member_counts_after_the_old_committee_was_told() -> None:
    w = changing()
    w.starts_with("alice", "bob", "carol", "dave")
    assert {x.party for x in w.letters} == {"member:alice", "member:bob", "member:carol"}
    assert "dave" in text_of(w.letters[0])
    assert handles(w) == ["alice", "bob", "carol"]
    due = [r for r in rows(w.record, MINTER) if getattr(r, "what", "") == roster.DUE]
    assert [r.at for r in due] == [w.now + timedelta(hours=24)]  # type: ignore[union-attr]
    w.delay_is_over()
    assert handles(w) == ["alice", "bob", "carol", "dave"]
    assert {x.party for x in w.last.letters} >= {"member:dave"}  # type: ignore[union-attr]
    assert not [r for r in rows(w.record, MINTER) if getattr(r, "what", "") == roster.DUE]


def test_who_leaves_is_out_at_once() -> None:
    w = changing()
    w.report()
    proposal = w.propose()
    w.vote(proposal, "bob")
    w.starts_with("alice", "carol")
    assert handles(w) == ["alice", "carol"]
    assert w.say("bob", "/close resolved").settled == "quarantined"
    assert w.case.is_open
    w.vote(proposal, "alice")
    assert w.case.sanctions[proposal].state == "proposed"  # bob's vote counts no longer
    w.take(roster.members_changed(w.case, w.setting()))
    assert "member:bob" not in {p for p, _ in w.told()}


def test_a_new_member_enters_old_cases_by_the_others_word() -> None:
    w = changing()
    w.report()
    w.starts_with("alice", "bob", "carol", "dave")
    w.delay_is_over()
    dave = next(m for m in w.setting().roster.members if m.handle == "dave")
    assert not may_know(w.case, w.setting(), dave)
    w.say("alice", "Shall we let dave in?")
    assert "member:dave" not in {p for p, _ in w.told()}
    w.say("alice", "/include dave")
    assert "joined the committee after" in text_of(w.to("member:bob", "ballot")[-1])
    w.vote(w.case.open_proposals[0].id, "alice", "bob", "carol")
    assert may_know(w.case, w.setting(), dave)
    assert w.to("member:dave", "report")
    newer = Case(id="newer", opened=w.now)
    assert may_know(newer, w.setting(), dave)


def test_a_new_member_whom_a_reporter_left_out_is_told_of_in_the_ballot() -> None:
    w = changing()
    w.report(to="conduct+not-dave@example.org")
    w.write("reporter:1", "Nobody of you.")
    w.starts_with("alice", "bob", "carol", "dave")
    w.delay_is_over()
    w.say("alice", "/include dave")
    assert "asked to leave somebody out" in text_of(w.to("member:bob", "ballot")[-1])


def test_a_new_address_counts_after_the_delay_and_an_old_one_dies_at_once() -> None:
    w = changing()
    new, old = Address("bob@new.example"), member("bob").addresses[0]
    moved = tuple(
        replace(m, addresses=(new,)) if m.handle == "bob" else m for m in w.roster.members
    )
    both = tuple(
        replace(m, addresses=(new, old)) if m.handle == "bob" else m for m in w.roster.members
    )

    def addresses(committee: tuple[Any, ...]) -> tuple[Address, ...]:
        there = roster.in_force(w.record.committee, Roster(members=committee), w.now)
        return there.members[1].addresses

    assert addresses(both) == (old,)
    assert addresses(moved) == (old,)  # not nowhere: the old one until the new one counts
    w.take_record(roster.noted(w.record, w.setting(), Roster(members=both)))
    w.later(hours=24)
    assert addresses(both) == (new, old)
    assert addresses(moved) == (new,)


def test_a_change_that_is_taken_back_is_told_too() -> None:
    w = changing()
    w.starts_with("alice", "bob", "carol", "dave")
    w.starts_with("alice", "bob", "carol")
    assert "taken back" in text_of(w.letters[-1])
    w.delay_is_over()
    assert handles(w) == ["alice", "bob", "carol"]
    assert w.record.id == COMMITTEE
