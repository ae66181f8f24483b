"""Nothing waits unseen: what is told at once, what waits for the day's digest, and to whom."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocmail.core.committee import COMMITTEE
from cocmail.core.index import TokenRow
from cocmail.core.letters import Letter
from cocmail.core.policy import Policy
from cocmail.core.reminders import pending
from cocmail.core.rows import rows
from cocmail.loops.placing import in_case
from cocmail.ports import Found
from tests.core.office import Office
from tests.promises.kit import MALLORY, MINTER, World, field_of, text_of

ANSWER = "/reply reporter\nThank you for writing to us.\n/end"
BAN = f"/sanction ban {MALLORY} because you went on"


def answered(office: Office) -> World:
    world = office.open()
    office.say(world, "alice", ANSWER)
    return world


def test_an_unanswered_report_is_reminded_of_at_once_and_again_each_day() -> None:
    office = Office()
    office.open()
    office.later(hours=24)
    assert "Nobody has answered the reporter" in office.texts("bob")[0]
    office.later(hours=72)
    told = [at for at, _ in office.reminders("bob")]
    assert [b - a for a, b in pairwise(told)] == [timedelta(days=1)] * 3


def test_an_answer_ends_it() -> None:
    office = Office()
    world = office.open()
    office.later(hours=25)
    office.say(world, "alice", ANSWER)
    before = len(office.reminders("bob"))
    office.later(days=13)
    assert len(office.reminders("bob")) == before
    office.later(days=2)
    assert "should have heard from you" in office.texts("bob")[-1]


def test_the_first_thing_of_a_day_comes_at_once_in_its_case() -> None:
    office = Office()
    world = answered(office)
    office.later(days=14)
    at, reminder = office.reminders("bob")[-1]
    assert at == office.now
    assert field_of(reminder, "Cocmail-Case") == world.case.reference
    assert field_of(reminder, "Reply-To") == world.address("member:bob")


def test_what_comes_after_it_waits_for_the_next_day_and_is_one_mail() -> None:
    office = Office()
    worlds = []
    for _ in range(4):
        worlds.append(answered(office))
        office.later(hours=1)
    office.later(days=14)
    office.later(hours=-3)
    told = office.reminders("bob")
    assert len(told) == 1
    office.later(days=1)
    _, digest = office.reminders("bob")[1]
    assert len(office.reminders("bob")) == 2
    assert digest.message.count(b"Cocmail-Case") == 0
    assert field_of(digest, "Subject") == "4 cases wait for you"
    for world in worlds:
        assert world.case.reference in text_of(digest)
    assert "conduct@example.org" not in field_of(digest, "Reply-To")


def test_a_digest_lists_nothing_that_was_settled_meanwhile() -> None:
    office = Office()
    first, second, third = (answered(office) for _ in range(3))
    office.say(first, "alice", "/urgent")
    office.later(days=14)
    office.say(second, "alice", ANSWER)
    before = len(office.reminders("bob"))
    office.later(days=1)
    for text in office.texts("bob")[before:]:
        assert second.case.reference not in text
        assert third.case.reference in text or first.case.reference in text


def test_an_urgent_case_waits_for_no_digest() -> None:
    office = Office()
    first = answered(office)
    office.later(hours=1)
    second = answered(office)
    office.say(second, "alice", "/urgent")
    office.later(days=14)
    references = {field_of(x, "Cocmail-Case") for _, x in office.reminders("bob")}
    assert references == {first.case.reference, second.case.reference}


def test_a_vote_that_closes_is_told_to_those_who_have_not_voted() -> None:
    office = Office()
    world = answered(office)
    proposal = office.propose(world)
    office.vote(world, proposal, "alice")
    office.later(days=6)
    assert not office.reminders("alice")
    for handle in ("bob", "carol"):
        assert f"Your vote on {proposal} is missing" in office.texts(handle)[0]
    office.vote(world, proposal, "bob")
    assert not pending(world.case, world.setting(), world.roster.members[1])


def test_a_vote_that_closes_before_the_next_digest_is_told_at_once() -> None:
    office = Office(policy=Policy(voting_period=timedelta(hours=8)))
    world, other = answered(office), answered(office)
    office.later(days=14)
    assert len(office.reminders("bob")) == 1  # the day's digest is out
    office.propose(world)
    office.later(hours=6)
    assert "is missing" in office.texts("bob")[-1]
    assert field_of(office.reminders("bob")[-1][1], "Cocmail-Case") == world.case.reference
    assert other.case.reference not in office.texts("bob")[-1]


@pytest.mark.parametrize(
    ("length", "notice"), [("90 days", timedelta(days=7)), ("20 days", timedelta(days=2))]
)
def test_a_sanction_that_ends_is_told_before(length: str, notice: timedelta) -> None:
    office = Office()
    world = answered(office)
    proposal = office.propose(world, f"/sanction suspend {MALLORY} for {length} because you did")
    office.vote(world, proposal, "alice", "bob")
    office.say(world, "alice", "/close sanctioned")
    until = world.case.sanctions[proposal].until
    assert until is not None
    office.later(days=89)
    ends = [
        at
        for at, x in office.reminders("carol")
        if f"The time of {proposal} is over on" in text_of(x)
    ]
    assert ends == [until - notice]


def test_a_week_after_a_ban_the_committee_looks_back_once() -> None:
    office = Office()
    world = answered(office)
    proposal = office.propose(world, BAN)
    office.vote(world, proposal, "alice", "bob")
    office.say(world, "alice", "/close sanctioned")
    office.later(days=7)
    assert "in force for a week" in office.texts("bob")[-1]
    before = len(office.reminders("bob"))
    office.later(days=60)
    assert len(office.reminders("bob")) == before


def test_an_interim_measure_that_lapses_is_told_at_once_to_all() -> None:
    office = Office()
    world = answered(office)
    office.say(world, "alice", f"/interim suspend {MALLORY} because it can't wait")
    office.later(hours=47)
    assert not office.reminders("bob")
    office.later(hours=1)
    for handle in office.members:
        assert "The interim measure" in office.texts(handle)[0]


def test_who_is_locked_is_reminded_of_nothing() -> None:
    office = Office()
    world = office.open()
    office.say(world, "alice", "/lock bob")
    office.later(days=20)
    assert not office.reminders("bob")
    assert office.reminders("carol")


def test_nobody_is_reminded_of_a_closed_case_s_clocks() -> None:
    office = Office()
    world = answered(office)
    office.say(world, "alice", "/close resolved")
    office.later(days=60)
    assert not office.reminders("bob")


def test_a_digest_tells_the_recused_nothing() -> None:
    office = Office()
    worlds = [answered(office) for _ in range(3)]
    office.say(worlds[0], "alice", "/urgent")
    office.later(days=13)
    office.say(worlds[1], "bob", "/recuse")
    office.later(days=3)
    for _, letter in (x for x in office.sent if x[1].kind == "reminder"):
        if letter.party == "member:bob":
            assert worlds[1].case.reference.encode() not in letter.message
    office.later(days=1)
    assert pending(worlds[1].case, worlds[1].setting(), worlds[1].roster.members[1]) == ()


def test_who_was_recused_after_it_fell_due_gets_a_digest_without_it() -> None:
    office = Office()
    worlds = []
    for _ in range(3):
        worlds.append(answered(office))
        office.later(hours=1)
    office.later(days=14)  # the first of the three is told; the others wait for tomorrow
    known = len(office.reminders("bob"))
    office.say(worlds[2], "bob", "/recuse")
    office.later(days=2)
    mails = b"".join(x.message for _, x in office.reminders("bob")[known:])
    assert worlds[1].case.reference.encode() in mails
    assert worlds[2].case.reference.encode() not in mails


def digest_of_two() -> tuple[Office, Letter]:
    office = Office()
    answered(office)
    office.later(hours=1)
    answered(office)
    answered(office)
    office.later(days=15)
    return office, next(
        x for _, x in office.reminders("bob") if field_of(x, "Cocmail-Case") == "None"
    )


@pytest.mark.parametrize("sender", ["bob@bob.example", "mallory@mail.example"])
def test_an_answer_to_a_digest_belongs_to_no_case(sender: str) -> None:
    office, digest = digest_of_two()
    world = office.worlds[0]
    world.now, world.record = office.now, office.record
    mail = world.mail(sender, field_of(digest, "Reply-To"), "/close resolved")
    found = Found(case=COMMITTEE, party="member:bob", purpose="reply")
    result = in_case(office.record, world.setting(), world.incoming(mail, purpose="reply"), found)
    told = [(x.party, x.kind.value) for x in result.letters]
    if sender.startswith("bob"):
        assert told == [("member:bob", "refusal")]
        assert "an answer to any mail of that case" in text_of(result.letters[0])
    else:
        assert told == []
        assert result.settled == "quarantined"
    assert {e.kind for e in result.events} <= {"refused", "told", "happened"}
    token = field_of(digest, "Reply-To").partition("+")[2].partition("@")[0]
    rows_of = {r.digest for r in rows(office.record, MINTER) if isinstance(r, TokenRow)}
    assert MINTER.digest(token) in rows_of


# -- away ------------------------------------------------------------------------------------


def away(office: Office, world: World, handle: str, days: int = 30) -> None:
    until = office.now + timedelta(days=days)
    office.say(world, handle, f"/away until {until:%Y-%m-%dT%H:%MZ}")


def test_who_is_away_gets_no_reminders_and_hears_on_return_what_waits() -> None:
    office = Office()
    world = office.open()
    away(office, world, "bob", 10)
    office.later(days=9)
    assert not office.reminders("bob")
    assert len(office.reminders("alice")) == 9
    office.later(days=2)
    assert "Nobody has answered" in office.texts("bob")[0]


def test_back_ends_it_at_once() -> None:
    office = Office()
    world = office.open()
    away(office, world, "bob")
    office.later(days=3)
    office.say(world, "bob", "/back")
    office.tick()
    assert len(office.reminders("bob")) == 1


def test_going_away_is_told_to_nobody_and_stands_in_the_status_of_all() -> None:
    office = Office()
    world, other = office.open(), office.open()
    away(office, world, "bob")
    assert world.told() == {("member:bob", "answer")}
    office.say(other, "carol", "/status")
    assert "bob (away until 21 December 2026" in text_of(other.to("member:carol", "answer")[-1])


def test_who_is_away_is_not_counted_of_a_majority_unless_they_vote() -> None:
    office = Office(members=("alice", "bob", "carol", "dave", "erin"))
    world = answered(office)
    for handle in ("dave", "erin"):
        away(office, world, handle)
    proposal = office.propose(world, BAN)  # a majority of three, not of five
    office.vote(world, proposal, "alice")
    assert world.case.open_proposals
    office.vote(world, proposal, "bob")
    assert not world.case.open_proposals
    second = office.propose(world, BAN.replace("mallory", "malvina"))
    office.vote(world, second, "dave", "alice")  # dave votes, so there are four: three are needed
    assert world.case.open_proposals
    office.vote(world, second, "erin")
    assert not world.case.open_proposals


def test_no_majority_is_less_than_two_and_approvals_is_never_lowered() -> None:
    office = Office(policy=Policy(approvals=3))
    world = answered(office)
    for handle in ("bob", "carol"):
        away(office, world, handle)
    permanent = office.propose(world, BAN)
    office.vote(world, permanent, "alice")
    assert world.case.open_proposals
    ends = office.propose(world)
    office.vote(world, ends, "alice", "bob")
    assert [p.id for p in world.case.open_proposals] == [permanent, ends]


def test_a_vote_is_not_rejected_because_somebody_is_away() -> None:
    office = Office()
    world = answered(office)
    away(office, world, "carol")
    proposal = office.propose(world)
    office.do(world, lambda w: w.vote(proposal, "bob", text="/object"))
    assert world.case.open_proposals
    office.vote(world, proposal, "alice", "carol")
    assert not world.case.open_proposals


# -- whatever happens ------------------------------------------------------------------------

COMINGS = ("away", "back", "recuse")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (*("wait",) * 3, "open", "answer", "propose", "vote", "urgent", "close", *COMINGS)
        ),
        st.integers(0, 2),
        st.integers(1, 40),
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_one_digest_a_day_and_nothing_untold_for_longer(steps: list[tuple[str, int, int]]) -> None:
    office = Office(policy=Policy(voting_period=timedelta(days=2), update_within=timedelta(days=3)))
    office.open()
    untold: dict[tuple[str, str, str], int] = {}
    read = 0
    for what, who, number in steps:
        world = office.worlds[number % len(office.worlds)]
        handle = office.members[who]
        act(office, world, what, handle, number)
        for _ in range(number if what == "wait" else 0):
            office.now += timedelta(hours=1)
            office.tick()
            fresh, read = office.sent[read:], len(office.sent)
            seen = [(x.party, x.message) for _, x in fresh if x.kind == "reminder"]
            for party, message in seen:
                member = party.removeprefix("member:")
                assert not office.record.committee.is_away(member, office.now)
                for one in office.worlds:
                    if member in one.case.out:
                        assert one.case.reference.encode() not in message
            untold = still_untold(office, untold, seen)
            assert max(untold.values(), default=0) <= 24
    for member in office.members:
        told = [at for at, handle in office.digests if handle == member]
        assert all(b - a >= timedelta(days=1) for a, b in pairwise(told))


def act(office: Office, world: World, what: str, handle: str, number: int) -> None:
    """What somebody does; a refusal is an answer like any other."""
    if what == "open" and len(office.worlds) < 4:
        office.open()
    elif what == "vote":
        for proposal in world.case.open_proposals:
            office.vote(world, proposal.id, handle)
    elif what == "away":
        away(office, world, handle, number)
    elif what in ("urgent", "back", "recuse", "close", "answer", "propose"):
        texts = {"close": "/close resolved", "answer": ANSWER, "propose": BAN}
        office.say(world, handle, texts.get(what, f"/{what}"))


def still_untold(
    office: Office, before: dict[tuple[str, str, str], int], seen: list[tuple[str, bytes]]
) -> dict[tuple[str, str, str], int]:
    """For how many hours each thing has waited that its member wasn't told of."""
    found: dict[tuple[str, str, str], int] = {}
    for world in office.worlds:
        world.now, world.record = office.now, office.record
        reference = world.case.reference.encode()
        for member in world.roster.members:
            told = any(p == f"member:{member.handle}" and reference in m for p, m in seen)
            if office.record.committee.is_away(member.handle, office.now):
                continue
            for item in pending(world.case, world.setting(), member):
                key = (world.case.id, item.key, member.handle)
                hours = before.get(key, -1)
                # −2: told; from then on only its own repetition tells of it again.
                found[key] = -2 if told or hours == -2 else hours + 1
    return found
