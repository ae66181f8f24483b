"""`/link`, `/merge` and `/split`: nothing is lost by them, and nobody learns what they must not."""

from __future__ import annotations

from cocmail.core import proofs
from cocmail.core.enforcement import ProofRow
from cocmail.core.index import TokenRow
from cocmail.core.sanctions import State
from tests.core.house import SUSPEND, House
from tests.promises.play.room import MALLORY, at_once

OTTOLINE = "Ottoline Featherstone <ottoline@quiet.example>"
BARNABY = "Barnaby Thistlewood <barnaby@hush.example>"


def two(*handles: str) -> tuple[House, str, str]:
    house = House(*handles)
    first = house.report(OTTOLINE, "He follows me to every meeting.")
    return house, first, house.report(BARNABY, "He shouted at me, too.")


def proved(house: House, case: str) -> None:
    """The sanction of this case is read back on the lists."""
    (sanction,) = [s for s in house.case(case).sanctions.values() if s.state is State.IN_FORCE]
    row = ProofRow(
        list="dev@lists.example", address=MALLORY, role="member", was="member", now="absent"
    )
    at_once(
        house.room.deciding._on(case, lambda c, s: proofs.enforced(c, s, sanction.id, [row], ()))
    )


# -- /link -----------------------------------------------------------------------------------


def test_the_reporters_of_a_linked_case_hear_outcomes_once_a_second_member_agrees() -> None:
    house, first, second = two()
    house.say("alice", first, f"/link {house.ref(second)}")
    assert "linked this case with" in house.got("member:bob", "message")[0]
    assert not house.got("reporter:1")
    house.say("alice", first, SUSPEND)
    house.vote(first, "alice", "bob")
    proved(house, first)
    assert house.all("reporter:1", "outcome", first)
    assert not house.all("reporter:1", "outcome", second), "nobody else had agreed"
    house.say("alice", first, f"/link {house.ref(second)}")
    assert "another member, who agrees" in house.refused()
    house.say("bob", second, f"/link {house.ref(first)}")  # said from the other side
    (outcome,) = house.got("reporter:1", "outcome", second)
    assert house.ref(first) not in outcome
    assert "Ottoline" not in outcome
    assert len(house.all("reporter:1", "outcome", first)) == 1


def test_later_outcomes_are_heard_by_the_reporters_of_both() -> None:
    house, first, second = two()
    house.say("alice", first, f"/link {house.ref(second)}")
    house.say("bob", first, f"/link {house.ref(second)}")
    assert not house.got("reporter:1")
    house.say("carol", second, "/close resolved")
    assert {x.case for x in house.last.letters if x.kind == "outcome"} == {first, second}  # type: ignore[union-attr]


def test_a_throwaway_victim_who_is_the_respondent_hears_nothing() -> None:
    house = House()
    first = house.report(OTTOLINE, "He follows me to every meeting.")
    second = house.report(f"Victim <{MALLORY}>", "He shouted at me, too.")
    house.say("alice", first, f"/link {house.ref(second)}")
    house.say("bob", first, f"/link {house.ref(second)}")
    house.say("alice", first, SUSPEND)
    house.vote(first, "alice", "bob")
    proved(house, first)
    assert house.all("reporter:1", "outcome", first)
    assert not house.all("reporter:1", "outcome", second)


def test_who_may_not_know_the_other_case_learns_nothing_of_it() -> None:
    house, first, second = two()
    house.say("carol", second, "/recuse")
    house.say("alice", first, f"/link {house.ref(second)}\n\n/tag moderation")
    (told,) = house.got("member:carol", "message", first)
    assert "tagged" in told
    assert "linked" not in told
    assert house.ref(second) not in told
    assert "linked" in house.got("member:bob", "message", first)[0]
    for word in ("link", "merge"):
        house.say("carol", first, f"/{word} {house.ref(second)}")
        shut = house.refused().replace(house.ref(second), "…")
        house.say("carol", first, f"/{word} COC-222222")
        assert shut == house.refused().replace("COC-222222", "…"), "a shut case is told apart"
    house.say("carol", first, "/status")
    assert house.ref(second) not in house.got("member:carol", "answer")[0]
    house.say("bob", first, "/status")
    assert house.ref(second) in house.got("member:bob", "answer")[0]


# -- /merge ----------------------------------------------------------------------------------


def test_a_merged_case_keeps_messages_parties_addresses_votes_and_sanctions() -> None:
    house, first, second = two()
    house.answer(second, "reporter:1", "It was on the list dev.")
    house.say("bob", second, SUSPEND)
    proposal = house.case(second).open_proposals[0]
    old = {
        party: house.room.address(second, party)
        for party in ("reporter:1", "member:alice", "member:bob")
    }
    ballots = {
        handle: house.room.address(second, f"member:{handle}", "ballot", proposal.ballot)
        for handle in ("bob", "carol")
    }
    reference = house.ref(second)
    house.say("alice", first, f"/merge {reference}")
    assert house.case(second).merged_into == first
    one = house.case(first)
    texts = [m.received.text.strip() for m in one.messages]
    assert "It was on the list dev." in texts
    assert "He shouted at me, too." in texts
    assert [m.received.number for m in one.messages] == list(range(1, len(texts) + 1))
    barnaby = next(p for p in one.parties.values() if "barnaby@hush.example" in p.addresses)
    assert barnaby.id == "reporter:2"
    assert at_once(house.room.shelf.reference(reference)) == first
    assert at_once(house.room.shelf.reference(barnaby.reference)) == first
    # Everybody's address of then still leads to them, here.
    house.to_address("barnaby@hush.example", old["reporter:1"], "One more thing.")
    assert house.case(first).messages[-1].received.party == "reporter:2"
    assert "One more thing." in house.got("member:carol", "message", first)[0]
    house.to_address("bob@bob.example", old["member:bob"], "Let us be quick.")
    assert "Let us be quick." in house.got("member:carol", "message", first)[0]
    # The vote goes on, through the ballots that are out.
    for handle, ballot in ballots.items():
        house.to_address(f"{handle}@{handle}.example", ballot, "/approve")
    sanction = house.case(first).sanctions[proposal.proposed.sanction]
    assert sanction.state is State.IN_FORCE
    assert sanction.case == first
    house.later(days=91)
    assert house.case(first).sanctions[sanction.id].state is State.ENDED
    assert not [r for r in house.room.shelf.rows(TokenRow) if r.case == second]


def test_a_reporter_of_two_merged_cases_is_one_reporter() -> None:
    house = House()
    first = house.report(OTTOLINE, "He follows me to every meeting.")
    second = house.report(OTTOLINE, "It happened again.")
    safe = "quiet@elsewhere.example"
    house.answer(second, "reporter:1", f"Safe address: {safe}")
    house.say("alice", second, "/reply reporter\nWe write there from now on.")
    old = house.room.address(second, "reporter:1")
    reference = house.case(second).parties["reporter:1"].reference
    house.say("alice", first, f"/merge {house.ref(second)}")
    (reporter,) = house.case(first).of_role("reporter")
    assert reporter.addresses[0] == safe, "it would be written to at the old address"
    assert at_once(house.room.shelf.reference(reference)) == first
    house.to_address(safe, old, "Are you there?")
    assert house.case(first).messages[-1].received.party == "reporter:1"


def test_a_merge_unites_recusals() -> None:
    house, first, second = two("alice", "bob", "carol", "dave")
    house.say("carol", second, "/recuse")
    house.say("dave", first, "/recuse")
    addresses = {
        (handle, case): house.room.address(case, f"member:{handle}")
        for handle, case in (("carol", first), ("dave", second))
    }
    house.say("alice", first, f"/merge {house.ref(second)}")
    assert not house.got("member:carol")
    assert not house.got("member:dave")
    assert house.case(first).out == {"carol", "dave"}
    for (handle, _), address in addresses.items():
        house.to_address(f"{handle}@{handle}.example", address, "/status")
        assert not house.got(f"member:{handle}"), "an address of a recused member lives"
        assert house.case(first).asides[-1].mail.sender == f"{handle}@{handle}.example"


def test_reporters_of_a_merged_case_hear_what_was_decided_in_the_other_once_agreed() -> None:
    house, first, second = two()
    house.say("alice", first, SUSPEND)
    house.vote(first, "alice", "bob")
    reference = house.ref(second)
    house.say("alice", first, f"/merge {reference}")
    proved(house, first)
    assert house.all("reporter:1", "outcome", first)
    assert not house.all("reporter:2", "outcome", first), "nobody else had agreed"
    house.say("alice", first, f"/merge {reference}")
    assert "another member, who agrees" in house.refused()
    house.say("carol", first, f"/merge {reference}")
    assert house.got("reporter:2", "outcome", first)
    assert not house.got("reporter:1")


def test_who_reports_in_one_and_is_reported_in_the_other_keeps_two_cases() -> None:
    house, first, second = two()
    house.say("alice", second, "/respondent ottoline@quiet.example")
    house.say("alice", first, f"/merge {house.ref(second)}")
    assert "is reported in the other" in house.refused()
    assert house.case(second).is_open


def test_numbers_of_a_merged_case_are_not_taken_for_others() -> None:
    house, first, second = two()
    house.to_address("eve@else.example", house.room.address(first, "reporter:1"), "Of the first.")
    house.to_address("eve@else.example", house.room.address(second, "reporter:1"), "Of the second.")
    old = house.room.address(second, "member:alice")
    house.say("bob", first, f"/merge {house.ref(second)}")
    house.to_address("alice@alice.example", old, "/accept 1")
    assert "the numbers may have changed" in house.refused()
    house.say("alice", first, "/accept 2")
    assert house.case(first).messages[-2].received.text.strip() == "Of the second."


def test_a_merged_case_can_be_merged_again() -> None:
    house, first, second = two()
    third = house.report("Cass Underwood <cass@under.example>", "Me, too.")
    old = house.room.address(third, "reporter:1")
    members_old = house.room.address(third, "member:bob")
    house.say("alice", second, f"/merge {house.ref(third)}")
    house.say("alice", first, f"/merge {house.ref(second)}")
    assert len(house.case(first).of_role("reporter")) == 3
    house.to_address("cass@under.example", old, "Still here.")
    last = house.case(first).messages[-1].received
    assert house.case(first).parties[last.party].addresses == ("cass@under.example",)
    house.to_address("bob@bob.example", members_old, "We hear you.")
    assert "We hear you." in house.got("member:carol", "message", first)[0]


def test_who_closes_hears_that_somebody_may_still_not_have_heard() -> None:
    house, first, second = two()
    reference = house.ref(second)
    house.say("alice", first, f"/merge {reference}")
    house.say("bob", first, "/close resolved")
    assert f"/merge {reference}" in house.got("member:carol", "message", first)[0]
    assert not house.got("reporter:2", "outcome")
    house.say("bob", first, f"/merge {reference}")
    assert house.got("reporter:2", "outcome")


# -- /split ----------------------------------------------------------------------------------


def test_a_message_becomes_a_case_of_its_own() -> None:
    house, first, _ = two()
    house.say("carol", first, "/recuse")
    house.answer(first, "reporter:1", "And somebody else shouted at me, on another day.")
    number = house.case(first).messages[-1].received.number
    sent = house.say("alice", first, f"/split {number}")
    (new,) = {x.case for x in sent.letters} - {first}
    assert house.case(new).messages[0].received.text.startswith("And somebody else")
    assert "carol" in house.case(new).out
    assert not house.got("member:carol")
    assert "And somebody else" in house.got("member:bob", "report", new)[0]
    (told,) = house.got("reporter:1", "message", new)
    mine, theirs = (house.case(c).parties["reporter:1"].reference for c in (first, new))
    assert theirs in told
    assert mine not in told
    assert house.ref(first) not in told
    house.answer(new, "reporter:1", "Thank you.")
    assert house.case(new).messages[-1].received.text.strip() == "Thank you."


def test_a_split_is_written_to_where_its_author_is_safe() -> None:
    house, first, _ = two()
    house.answer(first, "reporter:1", "Safe address: quiet@elsewhere.example")
    sent = house.say("alice", first, f"/split {house.case(first).messages[-1].received.number}")
    assert {x.to for x in sent.letters if x.party == "reporter:1"} == {"quiet@elsewhere.example"}


def test_who_is_named_in_what_was_split_off_does_not_learn_of_it() -> None:
    house, first, _ = two()
    house.answer(first, "reporter:1", "On another day it was Bob Quillfeather himself.")
    # The report is about somebody else; bob is out of it from this mail on, and of what follows.
    sent = house.say("alice", first, f"/split {house.case(first).messages[-1].received.number}")
    assert not [x for x in sent.letters if x.party == "member:bob"]
