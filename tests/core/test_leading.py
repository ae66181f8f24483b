"""A lead is told once to who may know, acts by nothing but a vote, and comes off exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocmail.core import events as e
from cocmail.core import leading
from cocmail.core.casework import to_look_up
from cocmail.core.commands import parse
from cocmail.core.coverage import reaches
from cocmail.core.drift import NEWLY_COVERED, PUT_RIGHT
from cocmail.core.enforcement import STILL_OFF, Observed, ProofRow, Role, Row
from cocmail.core.leads import Bearers, Clue, Lead, Subscription, leads
from cocmail.core.people import Address, Private
from cocmail.core.policy import Policy
from cocmail.core.proofs import enforced, restored, waiting_discarded
from cocmail.core.sanctions import State
from cocmail.core.watching import asked, asking, could_join
from cocmail.core.work import Result
from tests.promises.kit import ALIAS, MALLORY, OBSERVED, World, text_of

LIKE = Address("ma11ory@mail.example")
TAGGED = Address("mallory+2@mail.example")
DEV = "dev@lists.example"


def sanctioned(text: str = f"/sanction suspend {MALLORY} for 90 days because of it") -> World:
    world = World()
    world.report()
    world.vote(world.propose(text), "alice", "bob")
    return world


def look(world: World, *addresses: Address, name: str = "", lists: tuple[str, ...] = (DEV,)) -> int:
    """A look at the lists; how many letters it made."""
    seen = [Subscription(address=a, name=Private(name), lists=lists) for a in addresses]
    persons = [s.person for s in leading.suspects(world.case)]
    found = leads(persons, seen, Bearers(persons))
    result = leading.found(world.case, world.setting(), found, Observed())
    world.take(result)
    assert not result.enforce
    return len(result.letters)


def happen(world: World, *events: object) -> None:
    world.take(Result(events=events, letters=()))


def voted(world: World, command: str) -> None:
    world.say("alice", command)
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")


def the_sanction(world: World):  # type: ignore[no-untyped-def]
    return next(s for s in world.case.sanctions.values() if s.in_force)


def test_it_is_told_once_to_those_who_may_know() -> None:
    world = sanctioned()
    world.say("carol", "/recuse")
    assert look(world, LIKE) == 2
    assert world.told() == {("member:alice", "alert"), ("member:bob", "alert")}
    letter = text_of(world.to("member:bob", "alert")[-1])
    assert LIKE in letter
    assert MALLORY in letter
    assert "Anybody can make one like it" in letter, "its weakness"
    assert look(world, LIKE) == 0
    assert "waits" not in letter
    assert not world.to("member:carol", "alert")


def test_a_member_whose_own_address_it_names_is_not_told() -> None:
    world = sanctioned()
    (person,) = (s.person for s in leading.suspects(world.case))
    bob, clue = Address("bob+x@bob.example"), Clue(evidence="name", like=person.covered[0])
    both = [
        Lead(person=person.key, address=a, name=Private(""), lists=(DEV,), clues=(clue,))
        for a in (bob, LIKE)
    ]
    world.take(leading.found(world.case, world.setting(), both, Observed()))
    told = {handle: text_of(world.to(f"member:{handle}", "alert")[-1]) for handle in world.members}
    assert [handle for handle, text in told.items() if bob in text] == ["alice", "carol"]
    assert all(LIKE in text for text in told.values())
    world = sanctioned()
    world.say("alice", "/recuse")
    world.say("carol", "/recuse")
    world.take(leading.found(world.case, world.setting(), both, Observed()))
    assert [x.found.address for x in world.case.leads.values()] == [LIKE], "else nobody hears of it"


def test_while_nobody_may_know_it_is_found_again() -> None:
    world = sanctioned()
    for handle in ("alice", "bob", "carol"):
        world.say(handle, "/recuse")
    assert look(world, LIKE) == 0
    assert not world.case.leads


def test_only_where_a_sanction_that_bears_covers_the_list() -> None:
    world = sanctioned(f"/sanction suspend {MALLORY} on sig for 90 days because of it")
    assert look(world, LIKE) == 0
    assert look(world, LIKE, lists=("sig@lists.example",)) == 3
    warned = sanctioned(f"/sanction warn {MALLORY} because of it")
    assert not leading.suspects(warned.case)


def test_a_plus_tag_is_covered_by_a_ban_and_by_nothing_else() -> None:
    world = sanctioned()
    assert look(world, TAGGED) == 0
    held = sanctioned(f"/sanction moderate {MALLORY} for 90 days because of it")
    assert look(held, TAGGED) == 3
    assert "two people may read one" in text_of(held.to("member:bob", "alert")[-1])


def test_an_address_of_the_same_mailman_user_is_covered_by_itself() -> None:
    world = sanctioned()
    persons = [s.person for s in leading.suspects(world.case)]
    seen = Subscription(address=LIKE, lists=(DEV,), others=(MALLORY,))
    found = leads(persons, [seen], Bearers(()))
    linked = dict.fromkeys((LIKE, MALLORY), (LIKE, MALLORY))
    observed = Observed(linked=linked)
    assert not leading.found(world.case, world.setting(), found, observed).letters
    # Whom Mailman knew before is for the members to say, once the sanction stands.
    name = the_sanction(world).id
    place = e.Place(list=None, address=MALLORY, role="ban", facts=None)
    happen(world, e.BeforeNoted(sanction=name, places=(place,)))
    world.take(enforced(world.case, world.setting(), name, (), (MALLORY,)))
    older = replace(observed, since={LIKE: world.now - timedelta(days=9)})
    (letter, *_) = leading.found(world.case, world.setting(), found, older).letters
    assert "belongs to the same Mailman user as mallory@mail.example" in text_of(letter)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([LIKE, ALIAS, Address("m@x.example")]), st.text())))
def test_a_lead_alone_changes_nothing(seen: list[tuple[Address, str]]) -> None:
    """Promise 10: whatever is seen, who is covered stays the same, and nothing is decided."""
    world = sanctioned()
    before = world.case.sanctions, dict(world.case.proposals)
    for address, name in seen:
        look(world, address, name=name)
    assert (world.case.sanctions, dict(world.case.proposals)) == before


def test_same_is_a_vote_and_covers_the_address() -> None:
    world = sanctioned(f"/sanction suspend {MALLORY} for 90 days because you shouted")
    look(world, LIKE)
    world.say("alice", "/same 1")
    assert LIKE not in the_sanction(world).addresses
    ballot = text_of(world.to("member:carol", "ballot")[-1])
    assert "alice says that ma11ory@mail.example is the person with" in ballot
    assert "shouted" not in ballot
    proposal = world.case.open_proposals[-1]
    world.vote(proposal.id, "alice")
    assert LIKE not in the_sanction(world).addresses, "one approval is not enough"
    result = world.vote(proposal.id, "bob")
    assert LIKE in the_sanction(world).addresses
    assert result.enforce
    (letter,) = [x for x in result.letters if x.kind == "letter"]
    assert letter.to == LIKE
    said = text_of(letter)
    assert "mallory@mail.example" not in said
    assert "shouted" not in said
    assert world.case.parties[letter.party].reference != world.case.reference
    (reach,) = reaches([the_sanction(world)], {}, OBSERVED)
    assert {MALLORY, ALIAS, LIKE} <= {*reach.addresses}


def test_what_was_added_is_to_prove_until_it_was_read_back() -> None:
    world = sanctioned()
    name = the_sanction(world).id
    world.take(enforced(world.case, world.setting(), name, (), (MALLORY,)))
    assert not the_sanction(world).is_new
    look(world, LIKE)
    world.say("alice", "/same 1")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    assert the_sanction(world).added == {LIKE}
    row = ProofRow(list=DEV, address=MALLORY, role="member", was="member", now="absent")
    undone = replace(row, note=PUT_RIGHT)
    world.take(enforced(world.case, world.setting(), name, [undone], (MALLORY,)))
    world.take(enforced(world.case, world.setting(), name, [row], (MALLORY,)))
    assert the_sanction(world).added == {LIKE}, "what is told of another address proves nothing"
    world.take(enforced(world.case, world.setting(), name, (), (MALLORY, LIKE)))
    assert not the_sanction(world).is_new
    told = text_of(world.to("member:alice", "proof")[-1])
    assert f"Address: {LIKE} " in told
    assert "nothing to change on any list" in told


def test_a_ban_asks_the_majority_for_its_extension_too() -> None:
    world = World(members=("alice", "bob", "carol", "dave", "erin"))
    world.report()
    ban = world.propose(f"/sanction ban {MALLORY} because of it")
    world.vote(ban, "alice", "bob", "carol")
    look(world, LIKE)
    world.say("alice", f"/same {LIKE}")
    proposal = world.case.open_proposals[-1].id
    world.vote(proposal, "alice", "bob")
    assert LIKE not in the_sanction(world).addresses
    world.vote(proposal, "carol")
    assert LIKE in the_sanction(world).addresses


def test_different_is_never_asked_again() -> None:
    world = sanctioned()
    look(world, LIKE)
    world.say("bob", "/different 1")
    assert "somebody else" in text_of(world.to("member:alice", "message")[-1])
    assert look(world, LIKE) == 0
    (suspect,) = leading.suspects(world.case)
    assert LIKE in suspect.person.different


def test_different_from_one_is_not_different_from_another() -> None:
    """One case may be about two people."""
    world = sanctioned()
    other = Address("mallory@other.example")
    world.vote(
        world.propose(f"/sanction suspend {other} for 90 days because of that"), "alice", "bob"
    )
    look(world, LIKE)
    first = world.case.leads[1].found.like
    world.say("bob", "/different 1")
    apart = {s.person.key: LIKE in s.person.different for s in leading.suspects(world.case)}
    assert apart == {MALLORY: first == MALLORY, other: first == other}


OTHER = Address("someone@other.example")
SECOND = Address("second@mail.example")


def about_two(*others: Address) -> tuple[World, str, str]:
    """A case about two people, and what it decided on each: lead 1 says that LIKE is the first,
    lead 2 that it is the second."""
    world = sanctioned()
    first = the_sanction(world).id
    second = world.propose(f"/sanction suspend {OTHER} for 90 days because of that")
    world.vote(second, "alice", "bob")
    for number, like, name in ((1, MALLORY, first), (2, OTHER, second)):
        happen(
            world,
            e.LeadFound(
                number=number, address=LIKE, name=Private(""), like=like, sanctions=(name,),
                lists=(DEV,), hints=(e.Hint(evidence="lookalike", like=like),),
                others=others if number == 2 else (),
            ),
        )  # fmt: skip
    return world, first, second


def test_who_is_not_the_one_may_still_be_the_other() -> None:
    """Promise 9: `/different` is about the person whom the lead is about, and so is its vote."""
    world, first, second = about_two()
    voted(world, "/same 1")
    voted(world, "/same 2")
    noted = e.Place(list=None, address=MALLORY, role="ban", facts={"exact": True})
    happen(world, e.BeforeNoted(sanction=first, places=(noted,)))
    voted(world, "/different 1")
    told = text_of(world.to("member:bob", "decision")[-1])
    assert "another decision of this case still does, so no letter leaves" in told
    assert LIKE not in world.case.sanctions[first].addresses
    assert LIKE in world.case.sanctions[second].addresses
    assert [x.answer for x in world.case.leads.values()] == ["different", "same"]
    assert not [x for x in world.letters if x.to == LIKE and "no longer" in text_of(x)], (
        "they are under the other one still"
    )
    voted(world, "/different 2")
    assert LIKE not in world.case.sanctions[second].addresses


@pytest.mark.parametrize("word", ["same", "different"])
def test_an_address_in_leads_to_two_people_says_not_which_of_them(word: str) -> None:
    """It would be a guess; the number of the lead says it."""
    world, _first, _second = about_two()
    world.say("alice", f"/{word} {LIKE}")
    assert not world.case.open_proposals
    assert [x.answer for x in world.case.leads.values()] == ["", ""]
    said = text_of(world.to("member:alice", "refusal")[-1])
    assert f"{LIKE} is in leads to 2 different people" in said
    assert f"by its number: /{word} 1, /{word} 2" in said
    world.say("alice", f"/{word} 1")
    assert [x.answer for x in world.case.leads.values()] == [word, ""]


def test_an_address_in_two_leads_to_one_person_needs_no_number() -> None:
    world, first, _second = about_two()
    happen(world, replace(world.case.leads[1].found, number=3, address=SECOND))
    happen(world, replace(world.case.leads[1].found, number=4, address=SECOND))
    world.say("alice", f"/same {SECOND}")
    assert world.case.open_proposals[-1].proposed.sanctions == (first,)
    assert world.case.leads[4].answer == "same"


def test_what_two_leads_cover_of_two_people_is_two_votes() -> None:
    world, _first, _second = about_two()
    voted(world, "/same 1")
    voted(world, "/same 2")
    world.say("alice", "/different 1 2")
    assert not world.case.open_proposals
    assert "one command for each" in text_of(world.to("member:alice", "refusal")[-1])


def test_a_separation_answers_and_widens_by_leads_to_its_person_alone() -> None:
    world, first, second = about_two(SECOND)
    voted(world, "/same 1")
    linked = dict.fromkeys((LIKE, SECOND), (LIKE, SECOND))
    happen(world, e.Extended(sanction=first, addresses=(SECOND,), proposal="E1"))
    voted(world, "/different 1")
    assert SECOND in world.case.sanctions[first].addresses, "lead 2 has it as the other one's"
    assert [x.answer for x in world.case.leads.values()] == ["different", ""]
    world.observed = replace(OBSERVED, linked={**OBSERVED.linked, **linked})
    voted(world, "/same 2")
    assert LIKE in world.case.sanctions[second].addresses


def test_a_vote_on_one_goes_on_when_it_was_said_that_it_is_not_the_other() -> None:
    world, first, second = about_two()
    world.say("alice", "/same 1")
    proposal = world.case.open_proposals[-1].id
    world.say("bob", "/different 2")
    assert [x.answer for x in world.case.leads.values()] == ["same", "different"]
    world.vote(proposal, "alice", "bob")
    assert LIKE in world.case.sanctions[first].addresses
    assert LIKE not in world.case.sanctions[second].addresses


def test_a_vote_ends_when_it_was_said_that_it_is_not_that_one_whoever_else_it_may_be() -> None:
    world, first, second = about_two()
    proposals = []
    for number in (1, 2):
        world.say("alice", f"/same {number}")
        proposals.append(world.case.open_proposals[-1].id)
    happen(world, e.LeadAnswered(number=1, by="bob", answer="different"))
    world.vote(proposals[0], "alice")
    assert [p.id for p in world.case.open_proposals] == proposals[1:]
    world.vote(proposals[1], "alice", "bob")
    assert LIKE in world.case.sanctions[second].addresses
    assert LIKE not in world.case.sanctions[first].addresses


def test_an_appeal_frees_of_what_was_decided_on_that_person() -> None:
    world, first, second = about_two()
    voted(world, "/same 1")
    voted(world, "/same 2")
    party = world.case.party_of(LIKE, "respondent")
    assert party is not None
    world.write(party.id, "I appeal. I am somebody else.")
    world.say("carol", f"/appeal {first}")
    world.say("carol", f"/grant {first} because we took you for somebody else")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob", "carol")
    assert LIKE not in world.case.sanctions[first].addresses
    assert LIKE in world.case.sanctions[second].addresses


def test_what_a_vote_said_of_an_address_holds_for_what_is_decided_later() -> None:
    """Whoever reads mail there hears of it, and appeals for that address alone; or the appeal of
    somebody else would lift all of it, and be answered to the person."""
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    first = the_sanction(world)
    ban = world.propose(f"/sanction ban {MALLORY} because you shouted")
    assert f"To {LIKE}, which by an earlier vote" in text_of(world.to("member:bob", "ballot")[-1])
    result = world.vote(ban, "alice", "bob")
    (letter,) = [x for x in result.letters if x.to == LIKE]
    assert "for good" in text_of(letter)
    assert "shouted" not in text_of(letter)
    happen(world, e.Ended(sanction=first.id, how="lifted"))
    world.write("respondent:2", "I appeal. I am somebody else.")
    (appeal,) = world.case.open_appeals
    world.say("carol", "/grant because we took you for somebody else")
    result = world.vote(world.case.open_proposals[-1].id, "alice", "carol")
    assert world.case.sanctions[ban].in_force
    assert LIKE not in world.case.sanctions[ban].addresses
    assert appeal.opened.sanction == ban
    assert {x.to for x in result.letters if x.kind == "letter"} <= {LIKE}


def test_what_a_vote_said_of_an_address_holds_for_what_was_proposed_before_it_too() -> None:
    """Else they are free at that address when the sanction that it was said of ends."""
    world = sanctioned()
    look(world, LIKE)
    ban = world.propose(f"/sanction ban {MALLORY} because of it")
    voted(world, "/same 1")
    assert LIKE not in world.case.sanctions[ban].addresses
    result = world.vote(ban, "alice", "bob")
    assert LIKE in world.case.sanctions[ban].addresses
    assert [x.kind for x in result.letters if x.to == LIKE] == ["letter"]


def test_somebody_else_comes_off_what_was_decided_later_too() -> None:
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    first = the_sanction(world).id
    ban = world.propose(f"/sanction ban {MALLORY} because of it")
    world.vote(ban, "alice", "bob")
    happen(world, e.Ended(sanction=first, how="ended"))
    world.say("carol", "/different 1")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    assert LIKE not in world.case.sanctions[ban].addresses
    assert world.case.sanctions[ban].in_force


def test_where_they_have_to_ask_the_added_address_is_not_told_that_it_ends_by_then() -> None:
    world = World(policy=Policy(on_request=True))
    world.report()
    world.vote(world.propose(f"/sanction suspend {MALLORY} for 90 days because of it"),
               "alice", "bob")  # fmt: skip
    look(world, LIKE)
    voted(world, "/same 1")
    (letter,) = [text_of(x) for x in world.letters if x.to == LIKE]
    assert "until the committee agrees to a return" in letter


def test_who_is_on_the_mailman_user_of_a_covered_address_can_be_voted_on() -> None:
    """Mailman says that it is the person's user, which is why the members were asked."""
    world = sanctioned()
    look(world, LIKE)
    both = dict.fromkeys((*OBSERVED.linked[MALLORY], LIKE), (*OBSERVED.linked[MALLORY], LIKE))
    row = Row(list=DEV, address=LIKE, role=Role.MEMBER)
    world.observed = replace(OBSERVED, linked=both, rows=(*OBSERVED.rows, row))
    world.say("alice", "/same 1")
    ballot = text_of(world.to("member:carol", "ballot")[-1])
    assert f"- {DEV}: {LIKE} (member)" in ballot
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    assert LIKE in the_sanction(world).addresses


def test_a_plus_tag_of_who_was_added_is_covered_already() -> None:
    world = sanctioned()
    tagged = Address("ma11ory+x@mail.example")
    look(world, LIKE, tagged)
    voted(world, f"/same {LIKE}")
    world.say("alice", f"/same {tagged}")
    assert not world.case.open_proposals
    assert "is covered already" in text_of(world.to("member:alice", "refusal")[-1])


def test_who_was_decided_to_be_somebody_else_is_not_covered_by_what_was_proposed_before() -> None:
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    ban = world.propose(f"/sanction ban {MALLORY} because of it")
    assert LIKE in world.case.sanctions[ban].addresses
    voted(world, "/different 1")
    world.vote(ban, "alice", "bob")
    assert world.case.sanctions[ban].in_force
    assert LIKE not in world.case.sanctions[ban].addresses
    linked = Observed(linked=dict.fromkeys((LIKE, MALLORY), (LIKE, MALLORY)))
    (reach,) = reaches([world.case.sanctions[ban]], {}, linked)
    assert LIKE not in reach.addresses
    later = world.propose(f"/sanction suspend {MALLORY} for 9 days because of it")
    assert LIKE not in world.case.sanctions[later].addresses


def test_an_order_covers_by_vote_what_a_vote_added() -> None:
    world = sanctioned(f"/sanction moderate {MALLORY} for 90 days because of it")
    look(world, LIKE)
    voted(world, "/same 1")
    result = world.say("bob", f"/interim suspend {MALLORY} because it can't wait")
    (interim,) = [s for s in world.case.sanctions.values() if s.interim]
    assert world.case.extension(interim.id, [LIKE])
    assert LIKE in [x.to for x in result.letters if x.kind == "letter"]


def test_who_is_added_to_two_sanctions_hears_of_both_and_so_do_the_voters() -> None:
    """The strictest is not all: on other lists another one holds."""
    world = sanctioned(f"/sanction suspend {MALLORY} on sig for 90 days because of it")
    second = world.propose(f"/sanction moderate {MALLORY} permanently because of it")
    world.vote(second, "alice", "bob")
    look(world, LIKE)
    world.say("alice", "/same 1")
    ballot = text_of(world.to("member:carol", "ballot")[-1])
    assert "taken off" in ballot
    assert "held until a moderator" in ballot
    result = world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    letters = [text_of(x) for x in result.letters if x.to == LIKE]
    assert len(letters) == 2


def test_an_interim_measure_hands_its_reach_on() -> None:
    world = World()
    world.report()
    world.say("alice", f"/interim moderate {MALLORY} because it can't wait")
    suspend = world.propose(f"/sanction suspend {MALLORY} for 90 days because of it")
    look(world, LIKE)
    voted(world, "/same 1")
    world.vote(suspend, "alice", "bob")
    assert the_sanction(world).id == suspend
    assert LIKE in the_sanction(world).addresses
    first, now = (text_of(x) for x in world.letters if x.to == LIKE)
    assert first != now, "what they heard of the time isn't so any more"


def test_somebody_else_after_all_comes_off_with_exactly_their_records() -> None:
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    sanction = the_sanction(world)
    places = tuple(e.Place(list=None, address=a, role="ban", facts=None) for a in (MALLORY, LIKE))
    happen(world, e.BeforeNoted(sanction=sanction.id, places=places))
    voted(world, "/different 1")
    kept = world.case.sanctions[sanction.id]
    (part,) = [s for s in world.case.sanctions.values() if s.state is State.LIFTED]
    assert kept.in_force
    assert LIKE not in kept.addresses
    assert [b.address for b in kept.before] == [MALLORY]
    assert [(b.address, b.role, b.facts) for b in part.before] == [(LIKE, "ban", None)]
    late = enforced(world.case, world.setting(), sanction.id, (), (MALLORY, LIKE))
    world.take(late)
    assert LIKE not in world.case.sanctions[sanction.id].addresses, "a sweep that was under way"
    assert look(world, LIKE) == 0


def test_what_a_sweep_notes_of_who_was_just_freed_is_undone_too() -> None:
    """It saw them under the sanction still, and bans them when it has noted that."""
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    sanction = the_sanction(world)
    voted(world, "/different 1")
    places = tuple(e.Place(list=None, address=a, role="ban", facts=None) for a in (MALLORY, LIKE))
    happen(world, e.BeforeNoted(sanction=sanction.id, places=places))
    (part,) = [s for s in world.case.sanctions.values() if s.state is State.LIFTED]
    assert [b.address for b in world.case.sanctions[sanction.id].before] == [MALLORY]
    assert [b.address for b in part.before] == [LIKE], "or the ban would stay for ever"


def test_who_was_freed_stays_free_whatever_mailman_links_them_to() -> None:
    """A second address of theirs that the sanction covers still doesn't bring it back, for then
    no sweep would come to an end."""
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    second = Address("second@mail.example")
    name = the_sanction(world).id
    world.take(enforced(world.case, world.setting(), name, (), (MALLORY, LIKE, second)))
    voted(world, "/different 1")
    for linked in ((LIKE, second), (LIKE, MALLORY)):
        observed = Observed(linked=dict.fromkeys(linked, linked))
        (reach,) = reaches([the_sanction(world)], {}, observed)
        assert LIKE not in reach.addresses
    look(world, LIKE)
    voted(world, "/same 1")
    assert not the_sanction(world).apart, "it was theirs after all"


def test_who_got_the_letter_may_appeal_and_frees_only_that_address() -> None:
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    world.write("respondent:1", "I appeal.")
    world.write("respondent:2", "I appeal. This is my own address, and I am somebody else.")
    assert len(world.case.open_appeals) == 2
    appeal = world.case.open_appeals[-1]
    assert appeal.opened.party == "respondent:2"
    sanction = the_sanction(world)
    first = world.case.open_appeals[0]
    happen(world, e.AppealEnded(appeal=first.id, result="denied"))
    world.say("carol", f"/grant {sanction.id} because we took you for somebody else")
    result = world.vote(world.case.open_proposals[-1].id, "alice", "bob", "carol")
    assert world.case.sanctions[sanction.id].in_force
    assert LIKE not in world.case.sanctions[sanction.id].addresses
    (letter,) = [x for x in world.letters if x.kind == "letter" and x.party == "respondent:2"][1:]
    assert MALLORY not in text_of(letter)
    assert result


def test_what_they_added_in_mailman_meanwhile_goes_free_with_them() -> None:
    """It was covered as the same Mailman user's, and is no more the person's than the first."""
    world = sanctioned()
    look(world, LIKE)
    voted(world, "/same 1")
    second, name = Address("second@mail.example"), the_sanction(world).id
    world.take(enforced(world.case, world.setting(), name, (), (MALLORY, ALIAS, LIKE, second)))
    linked = {**OBSERVED.linked, **dict.fromkeys((LIKE, second), (LIKE, second))}
    world.observed = replace(OBSERVED, linked=linked)
    world.write("respondent:2", "I appeal. I am somebody else.")
    grant = parse("/grant because we took you for somebody else")
    assert LIKE in to_look_up(world.case, grant.commands)[0]
    world.say("carol", "/grant because we took you for somebody else")
    world.vote(world.case.open_proposals[-1].id, "alice", "carol")
    assert {*world.case.sanctions[name].addresses} == {MALLORY, ALIAS}


def test_no_vote_covers_who_was_decided_meanwhile_to_be_somebody_else() -> None:
    """A proposal for another address of theirs was open."""
    world = sanctioned()
    second = Address("mal1ory@mail.example")
    linked = Observed(linked=dict.fromkeys((LIKE, second), (LIKE, second)))
    seen = [Subscription(address=a, name=Private(""), lists=(DEV,)) for a in (LIKE, second)]
    persons = [s.person for s in leading.suspects(world.case)]
    found = leads(persons, seen, Bearers(persons))
    world.take(leading.found(world.case, world.setting(), found, linked))
    assert {x.found.address for x in world.case.leads.values()} == {LIKE, second}
    voted(world, f"/same {LIKE}")
    world.say("alice", f"/same {second}")
    proposal = world.case.open_proposals[-1].id
    world.vote(proposal, "alice")
    world.say("carol", f"/different {LIKE}")
    world.vote(world.case.open_proposals[-1].id, "carol", "bob")
    assert not world.case.open_proposals
    told = text_of(world.to("member:alice", "decision")[-1])
    assert f"The vote about {second} is over: it was said meanwhile" in told
    world.vote(proposal, "bob")
    assert not {LIKE, second} & {*the_sanction(world).addresses}
    # Who thinks otherwise can ask again.
    voted(world, f"/same {second}")
    assert second in the_sanction(world).addresses


def test_the_owners_hear_of_the_added_address_alone() -> None:
    world = sanctioned()
    owner = Address("owner@lists.example")

    def row(address: Address) -> ProofRow:
        return ProofRow(
            list=DEV, address=address, role="member", was="member", now="absent", owners=(owner,)
        )

    name = the_sanction(world).id
    world.take(enforced(world.case, world.setting(), name, [row(MALLORY)], (MALLORY,)))
    look(world, LIKE)
    voted(world, "/same 1")
    world.take(enforced(world.case, world.setting(), name, [row(LIKE)], (MALLORY, LIKE)))
    assert [p for p, kind in world.told() if kind == "notice"]
    world.take(enforced(world.case, world.setting(), name, [row(LIKE)], (MALLORY, LIKE)))
    assert not [p for p, kind in world.told() if kind == "notice"]


def test_what_waits_is_looked_for_on_lists_that_are_covered_later() -> None:
    """Whenever a ban came: what was cut short is known to be left to do."""
    world = sanctioned()
    name = the_sanction(world).id
    ban = ProofRow(list=DEV, address=MALLORY, role="ban", was="absent", now="banned")
    world.take(enforced(world.case, world.setting(), name, [ban], (MALLORY,)))
    world.take(waiting_discarded(world.case, world.setting(), name, {}, done=True))
    assert the_sanction(world).cleared
    later = replace(ban, list="sig@lists.example", note=NEWLY_COVERED)
    world.take(enforced(world.case, world.setting(), name, [later], (MALLORY,)))
    assert not the_sanction(world).cleared


def test_no_owner_who_may_not_know_hears_of_it_with_a_tag_either() -> None:
    world = sanctioned()
    world.say("carol", "/recuse")
    carol = world.setting().roster.get("carol")
    assert carol is not None
    tagged = Address(carol.address.replace("@", "+lists@"))
    mine = Address(MALLORY.replace("@", "+lists@"))
    other = Address("owner@lists.example")
    row = ProofRow(
        list=DEV,
        address=MALLORY,
        role="member",
        was="member",
        now="absent",
        owners=(tagged, mine, other),
    )
    name = the_sanction(world).id
    result = enforced(world.case, world.setting(), name, [row], (MALLORY,))
    assert [x.to for x in result.letters if x.kind == "notice"] == [other]


def test_the_end_names_no_sanction_of_another_case() -> None:
    """Who may know of this case may be kept out of that one."""
    world = sanctioned()
    name = the_sanction(world).id
    row = ProofRow(
        list=DEV, address=MALLORY, role="member", was="absent", now="absent", note=STILL_OFF
    )
    world.say("alice", f"/sanction ban {MALLORY} on sig because of it")
    ban = world.case.open_proposals[-1].id
    happen(world, e.Ended(sanction=name, how="lifted"))
    ended = restored(world.case, world.setting(), name, [row], (), done=True)
    assert "another sanction" not in text_of(ended.letters[0])
    world.vote(ban, "alice", "bob", "carol")
    own = replace(row, list="sig@lists.example")
    ended = restored(world.case, world.setting(), name, [row, own], (), done=True)
    assert text_of(ended.letters[0]).count("another sanction keeps them off") == 1


def test_a_vote_on_what_has_ended_changes_nothing() -> None:
    world = sanctioned()
    look(world, LIKE)
    world.say("alice", "/same 1")
    proposal = world.case.open_proposals[-1]
    sanction = the_sanction(world).id
    voted(world, f"/lift {sanction} because it is over")
    world.vote(proposal.id, "alice", "bob")
    assert world.case.proposals[proposal.id].decided
    assert LIKE not in world.case.sanctions[sanction].addresses


@pytest.mark.parametrize("many", [leading.MOST_OPEN + 5])
def test_a_flood_ends(many: int) -> None:
    world = sanctioned()
    crowd = [Address(f"ma11ory+{n}@mail.example") for n in range(many)]
    told = sum(look(world, *crowd) > 0 for _ in range(10))
    assert told == leading.MOST_OPEN // leading.MOST_AT_ONCE
    assert len(world.case.leads) == leading.MOST_OPEN
    world.say("alice", "/different 1 2, 3")
    assert look(world, *crowd) > 0


def test_a_request_is_told_once() -> None:
    anna = Address("anna@quiet.example")
    world = World()
    world.report()
    world.say("alice", f"/watch {MALLORY} near {anna}")
    (watch,) = world.case.watches
    rows = OBSERVED.rows
    there = replace(OBSERVED, rows=(replace(rows[0], address=anna),))
    assert could_join(there, [MALLORY], [anna]) == (DEV,)
    waits = asking(there, [MALLORY], [anna], {DEV: (ALIAS, Address("else@x.example"))})
    assert waits == ((DEV, ALIAS),)
    world.take(asked(world.case, world.setting(), watch, waits))
    assert ("member:bob", "alert") in world.told()
    assert not world.take(asked(world.case, world.setting(), watch, waits)).letters
    world.take(asked(world.case, world.setting(), watch, ()))
    assert not world.told()
    world.take(asked(world.case, world.setting(), watch, waits))
    assert world.told(), "they asked again"
    assert not world.case.sanctions
