"""Proposals and votes: who may, what counts, and what every wrong use is told."""

from __future__ import annotations

from typing import Any

import pytest

Stage = Any  # conftest's House, Case, Person

WRONG = {
    "suspend {m} because x": "for",
    "moderate {m} because x": "permanently",
    "leave {m} because x": "permanently",
    "ban {m} for 3 days because x": "ban",
    "warn {m} until 2099-01-01 because x": "warn",
    "remove {m} permanently because x": "remove",
    "ban {m}": "because",
    "ban because x": "address",
    "exile {m} because x": "ban",
    "suspend {m} until 2001-01-01 because x": "passed",
    "suspend {m} for a while because x": "for",
    "ban {m} on generel because x": "did you mean general",
    "ban {m} on nod because x": "did you mean node",
    "ban {m} on xyzzyq because x": "xyzzyq",
}


@pytest.fixture(scope="module")
def worn(house: Stage) -> Any:
    """A case on which only wrong things are tried, and somebody on no list."""
    return house.report(), house.somebody("Wendy Wrong")


@pytest.mark.parametrize("form", WRONG)
def test_a_wrong_sanction_is_refused_with_what_would_be_right(worn: Any, form: str) -> None:
    case, wendy = worn
    said = case.refused(case.house.alice, f"/sanction {form.format(m=wendy.address)}")
    assert WRONG[form] in said
    assert not case.heard(case.house.bob, "ballot")
    assert not case.house.mails(wendy)


def test_a_ballot_shows_the_letter_and_the_plan(house: Stage, mallory: Any) -> None:
    case = house.report()
    house.lists.join("sig-node-bugs", mallory.address, role="owner")
    reason = "you went on after being asked to stop"
    ballots = case.propose(
        f"/sanction suspend {mallory.address} on all for 90 days because {reason}"
    )
    assert len({b.header("Reply-To") for b in ballots.values()}) == 3
    for member in house.members:
        ballot = ballots[member.handle]
        assert ballot.header("Reply-To") != case.copies[member.handle].header("Reply-To")
        text = " ".join(ballot.text.split())
        assert reason in text
        assert "appeal" in text
        for name in ("general", "dev", "sig-node"):
            assert name in text
        assert "own" in text, "what is at stake: an owner of a list"
        assert "2 approvals" in text
    sanction = case.sanction()
    assert sanction["state"] == "proposed"
    assert sanction["person"] == mallory.address
    assert sanction["measure"] == "suspend"
    assert sanction["from"] is None
    assert not house.mails(mallory)
    assert not house.lists.is_out(mallory.address)
    case.vote(ballots, house.bob, house.carol)
    letter = house.mail(mallory, "letter")
    ballot = " ".join(ballots["bob"].text.split())
    first_lines = letter.text.split("\n\n")[0]
    assert " ".join(first_lines.split()) in ballot, "the ballot opens with the letter"


def test_proposing_is_not_approving_and_two_decide(house: Stage, mallory: Any) -> None:
    """Promise 7."""
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.vote(ballots, house.bob)
    case.undecided()
    after = house.now()
    case.say(house.alice, "/approve", to=ballots["alice"])
    for decision in case.all_hear("decision", after=after):
        assert "bob" in decision.text
    house.mail(mallory, "letter", "of this")
    assert "closed" in case.refused(house.carol, "/object", to=ballots["carol"])
    assert len(house.mails(mallory, "letter")) == 1


def test_the_last_vote_counts_and_one_member_has_one(house: Stage, mallory: Any) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.vote(ballots, house.bob)
    case.vote(ballots, house.bob)
    case.undecided()
    case.vote(ballots, house.bob, text="/object because it is too much")
    case.vote(ballots, house.carol)
    case.undecided()
    # Back to a choice that was used before: a copy of the old mail must not do that.
    case.vote(ballots, house.alice)
    case.all_hear("decision", "approved")


def test_a_ballot_of_another_member_is_no_vote(house: Stage, mallory: Any) -> None:
    """Promise 5: a stolen ballot address."""
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.vote(ballots, house.bob)
    house.post(house.bob.answer(ballots["carol"].data, "/approve"))
    case.all_hear("message", "/accept")
    case.undecided()


def test_a_plain_reply_address_can_not_vote(house: Stage, mallory: Any) -> None:
    case = house.report()
    assert "ballot" in case.refused(house.bob, "/approve")
    case.propose(f"/sanction warn {mallory.address} because of this")
    assert "ballot" in case.refused(house.bob, "/approve")
    case.undecided()


def test_a_replayed_vote_does_not_run(house: Stage, mallory: Any) -> None:
    """Promise 5: the same signed mail again, delivered anew, changes nothing."""
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    approval = case.say(house.bob, "/approve", to=ballots["bob"])
    case.hears(house.bob, "message", "approve")
    case.vote(ballots, house.bob, text="/object because of second thoughts")
    case.settle()
    after = house.now()
    house.post(b"X-Again: yes\r\n" + approval)
    case.settle(house.bob)
    assert not case.heard(house.carol, "message", after=after)
    case.vote(ballots, house.carol)
    case.undecided()


def test_a_quoted_or_late_line_changes_nothing(house: Stage, mallory: Any) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.refused(house.bob, "I think that\n\n/approve", to=ballots["bob"])
    case.say(house.bob, "> /approve", to=ballots["bob"])
    case.settle(house.bob)
    case.undecided()
    assert not case.heard(house.carol, "message", "voted")


@pytest.mark.parametrize("word", ["/object because it is too much", "/abstain"])
def test_too_few_approvals_left_is_a_rejection(house: Stage, mallory: Any, word: str) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction ban {mallory.address} because of this")
    case.vote(ballots, house.bob, house.carol, text=word)
    case.all_hear("decision", "rejected")
    assert case.sanction()["state"] == "rejected"
    assert not house.mails(mallory)
    assert "no sanction" in case.refused(
        house.alice, f"/lift {case.sanction()['id']} because of this"
    )


def test_withdraw_is_the_proposers(house: Stage, mallory: Any) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction ban {mallory.address} because of this")
    case.refused(house.bob, "/withdraw", to=ballots["bob"])
    assert "vote" in case.refused(house.alice, "/close resolved")
    case.say(house.alice, "/withdraw")
    case.all_hear("decision")
    assert case.sanction()["state"] == "rejected"
    case.refused(house.bob, "/approve", to=ballots["bob"])


def test_the_voting_period_ends_and_is_told(new_house: Any) -> None:
    house = new_house(policy={"voting_period": "2s"})
    mallory = house.somebody("Mallory Vance")
    case = house.report()
    ballots = case.propose(f"/sanction ban {mallory.address} because of this")
    case.all_hear("decision")
    assert case.sanction()["state"] == "rejected"
    assert "closed" in case.refused(house.bob, "/approve", to=ballots["bob"])
    assert not house.mails(mallory)


def test_approvals_permanent_may_ask_for_all(new_house: Any) -> None:
    house = new_house(policy={"approvals": 1, "approvals_permanent": 3})
    mallory = house.somebody("Mallory Vance")
    case = house.report()
    ballots = case.propose(f"/sanction ban {mallory.address} because of this")
    case.vote(ballots, house.bob, house.carol)
    case.undecided()
    case.vote(ballots, house.alice)
    case.all_hear("decision", "approved")
