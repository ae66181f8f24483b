"""`/history`: what is known of a person, and nothing of cases that the asker may not know."""

from __future__ import annotations

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.folding import apply
from cocmail.core.people import Private
from tests.promises.kit import ALIAS, MALLORY, World, text_of


def another(world: World, *recused: str) -> Case:
    """An earlier case about the same person."""
    case = Case(id="earlier")
    for event in (
        e.CaseOpened(reference="COC-9EARLY", acknowledge_by=None, update_by=None),
        e.PartyJoined(
            party="respondent:1", addresses=(ALIAS,), name=Private("Mal"), reference="COC-9OTHER"
        ),
        *(e.Recused(handle=h, by=h, because=Private("")) for h in recused),
        e.Closed(by="alice", outcome="resolved", because=Private("")),
    ):
        case = apply(case, world.now, event)
    return case


def asked(world: World, handle: str, earlier: Case) -> str:
    world.beside = {earlier.id: earlier}
    world.say(handle, f"/history {MALLORY}")
    assert world.last is not None
    (letter,) = world.last.letters
    assert letter.party == f"member:{handle}"
    return text_of(letter)


def test_it_tells_of_addresses_lists_and_cases() -> None:
    world = World()
    world.report()
    world.say("alice", f"/respondent {MALLORY}")
    text = asked(world, "bob", another(world))
    for word in (MALLORY, ALIAS, "dev@lists.example", "COC-9EARLY", "resolved"):
        assert word in text
    assert world.case.reference in text


def test_a_case_that_one_may_not_know_leaves_no_trace() -> None:
    world = World()
    world.report()
    shut = asked(world, "bob", another(world, "bob"))
    assert "COC-9EARLY" not in shut
    world.beside = {}
    world.say("bob", f"/history {MALLORY}")
    assert world.last is not None
    assert text_of(world.last.letters[0]) == shut


def test_a_ballot_tells_of_earlier_cases_by_each_voter_s_own_rights() -> None:
    world = World()
    world.report()
    earlier = another(world, "carol")
    world.beside = {earlier.id: earlier}
    world.say("bob", f"/note {MALLORY} left a conference in 2024")
    world.propose()
    ballots = {h: text_of(world.to(f"member:{h}", "ballot")[-1]) for h in ("bob", "carol")}
    assert "COC-9EARLY" in ballots["bob"]
    assert "COC-9EARLY" not in ballots["carol"]
    assert all("left a conference in 2024" in text for text in ballots.values())
