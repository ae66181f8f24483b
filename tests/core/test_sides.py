"""What people outside may ask for: a safe address, no contact, an appeal; and their word."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.core import calendar, casework
from cocmail.core.people import Address
from cocmail.core.policy import Policy
from cocmail.core.sanctions import State
from cocmail.core.verification import Signature
from cocmail.core.wishes import wishes
from tests.core.test_mail import mail, multipart, part
from tests.promises.kit import CONFIDED, MALLORY, SUSPEND, World, text_of

SAFE = Address("quiet@safe.example")
LEAVE = f"/sanction leave {MALLORY} for 90 days because we agreed on it"


def world(*members: str, **policy: Any) -> World:
    return World(members=members or ("alice", "bob", "carol"), policy=Policy(**policy))


def refused(w: World) -> str:
    assert w.last is not None
    (letter,) = [x for x in w.last.letters if x.kind == "refusal"]
    return text_of(letter)


def sanctioned(*members: str, text: str = SUSPEND, **policy: Any) -> tuple[World, str]:
    w = world(*members, **policy)
    w.report()
    proposal = w.propose(text)
    w.vote(proposal, "alice", "bob")
    assert w.case.sanctions[proposal].state is State.IN_FORCE
    return w, proposal


# -- the reporter ------------------------------------------------------------------------------


def test_a_safe_address_in_the_report_gets_everything_and_the_old_one_nothing() -> None:
    w = world()
    w.report(f"{CONFIDED}\n\nSafe address: {SAFE}")
    assert {x.to for x in w.to("reporter:1")} == {SAFE}
    w.say("alice", "/reply reporter\nThank you for your trust.\n/end")
    w.say("alice", "/close resolved")
    assert {x.to for x in w.to("reporter:1")} == {SAFE}
    assert len(w.to("reporter:1")) == 3


def test_a_safe_address_named_later_moves_the_reply_address_too() -> None:
    w = world()
    w.report()
    before = w.case.epoch("reporter:1")
    w.write("reporter:1", f"sichere Adresse: <{SAFE}>")
    assert w.case.epoch("reporter:1") == before + 1
    (moved,) = w.to("reporter:1", "message")
    assert (moved.to, moved.return_path != "") == (SAFE, True)
    assert w.address("reporter:1", epoch=before + 1) in moved.message.decode()
    assert "only here" in text_of(moved)
    assert "kitten" not in text_of(moved)
    w.write("reporter:1", "And he wrote again.", sender=SAFE)
    w.write("reporter:1", f"Safe address: {SAFE}", sender=SAFE)
    assert len(w.to("reporter:1", "message")) == 1, "once"
    w.say("alice", "/reply reporter\nThank you for your trust.\n/end")
    assert w.to("reporter:1")[-1].to == SAFE


def test_a_safe_address_that_nobody_proved_is_not_taken() -> None:
    w = world()
    w.report()
    w.write("reporter:1", f"safe address: {SAFE}", signature=Signature.MISSING)
    assert SAFE not in w.case.parties["reporter:1"].addresses
    assert "was not taken" in text_of(w.to("member:alice", "message")[-1])
    (told,) = w.to("reporter:1", "message")
    assert told.to == w.case.parties["reporter:1"].addresses[0]
    assert "didn't prove that the message is yours" in text_of(told)
    assert SAFE not in text_of(told)


@pytest.mark.parametrize("named", ["a at b.example", "bob@bob.example", "conduct+x@example.org"])
def test_who_names_a_safe_address_that_can_not_be_taken_is_told(named: str) -> None:
    w = world()
    w.report(f"{CONFIDED}\n\nSafe address: {named}")
    home = w.case.parties["reporter:1"].addresses
    assert [(x.to, x.kind) for x in w.to("reporter:1")] == [
        (home[0], "acknowledgement"),
        (home[0], "message"),
    ]
    assert "couldn't read which address" in text_of(w.to("reporter:1")[-1])
    assert "was not taken" in text_of(w.to("member:alice", "report")[0])
    w.write("reporter:1", f"Then: safe address: {SAFE} or {named}@x.example")
    assert len(w.to("reporter:1", "message")) == 2
    assert w.case.parties["reporter:1"].addresses == home
    w.write("reporter:1", f"safe address: {named}\n\nno contact")
    assert len(w.to("reporter:1", "message")) == 2, "they want none"


def sent_a_file(name: str, said: str) -> World:
    w = world()
    raw = "From: o@reporter.example\nTo: conduct@example.org\n" + multipart(
        part("text/plain", "See what he wrote."), part(f"text/plain; name={name}", said)
    )
    w.take(casework.report(w.case, w.setting(), w.incoming(mail(raw))))
    assert said in text_of(w.to("member:alice", "report")[0])
    return w


def test_what_somebody_else_may_have_written_in_a_file_is_no_wish() -> None:
    w = sent_a_file("chat.txt", f"safe address: {SAFE}")
    assert w.case.parties["reporter:1"].addresses == ("o@reporter.example",)
    assert "couldn't read which address" in text_of(w.to("reporter:1")[-1])
    assert "was not taken" in text_of(w.to("member:alice", "report")[0])
    assert not sent_a_file("chat.txt", "no contact").case.parties["reporter:1"].silent
    by_phone = sent_a_file("text_0.txt", f"safe address: {SAFE}")
    assert {x.to for x in by_phone.to("reporter:1")} == {SAFE}, "so gateways of MMS call a text"


def test_who_names_the_safe_address_again_in_a_mail_that_proves_nothing_is_not_told() -> None:
    w = world()
    w.report(f"{CONFIDED}\n\nSafe address: {SAFE}")
    w.write("reporter:1", f"Hello\nsafe address: {SAFE}", sender=SAFE, signature=Signature.MISSING)
    assert not w.to("reporter:1", "message")


def test_no_contact_means_none() -> None:
    w = world()
    w.report(f"{CONFIDED}\n\nNo contact, please".replace(", please", ""))
    assert not w.to("reporter:1")
    w.say("alice", "/reply reporter\nThank you for your trust.\n/end")
    assert "asked not to be written to" in refused(w)
    w.say("alice", "/close resolved")
    assert not w.to("reporter:1")
    w.write("reporter:1", "Contact")
    w.say("alice", "/reply reporter\nThank you for your trust.\n/end")
    assert w.to("reporter:1", "message")


@pytest.mark.parametrize(
    "text",
    [
        f"safe address: {SAFE}",
        f"Safe Address {SAFE}",
        f"My safe address is {SAFE}.",
        f"*safe address:* <mailto:{SAFE}>",
        f"safe address: {SAFE}<mailto:{SAFE}>",
        f"- safe adress - “{SAFE}”",
        f"safe address\uff1a{SAFE}",
        f"safe address:\n{SAFE}",
        f"Sichere E-Mail-Adresse: {SAFE}",
        f"safe address: {SAFE}\n\nOn Monday I wrote:\nsafe address: old@home.example",
    ],
)
def test_a_safe_address_is_read_as_people_write_it(text: str) -> None:
    assert wishes(text).safe == SAFE
    assert not wishes(text).unread


@pytest.mark.parametrize(
    "text",
    [
        "safe address: you@example.net",  # as our letters have it
        "answer with a line “safe address: you@example.net”. From then on",
        "> safe address: evil@thief.example",
        "Is there a safe address: for me?",
        "Safe addresses are rare.",
    ],
)
def test_what_names_no_address_of_theirs_is_not_asked_about(text: str) -> None:
    assert wishes(text).safe is None
    assert not wishes(text).unread


@pytest.mark.parametrize(
    "text",
    [
        "> safe address: evil@thief.example",
        "Is there a safe address: for me?",
        "safe address: nowhere",
        "I had no contact with him.",
    ],
)
def test_what_is_no_line_of_its_own_is_no_wish(text: str) -> None:
    found = wishes(text)
    assert found.safe is None
    assert found.silent is None


# -- the respondent ----------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["I appeal, because I was not there.", "Einspruch!", "Appeal"])
def test_the_person_s_own_word_opens_an_appeal(word: str) -> None:
    w, sanction = sanctioned()
    w.write("respondent:1", word)
    (appeal,) = w.case.open_appeals
    assert appeal.opened.sanction == sanction
    assert w.case.sanctions[sanction].state is State.IN_FORCE  # it stands meanwhile
    assert "arrived as an appeal" in text_of(w.to("respondent:1", "message")[-1])


def test_the_committee_takes_an_answer_for_an_appeal() -> None:
    w, sanction = sanctioned()
    w.write("respondent:1", "I was not even there.")
    assert "may be an appeal" in text_of(w.to("member:carol", "message")[-1])
    assert not w.case.open_appeals
    w.say("carol", f"/appeal {sanction}")
    assert w.case.open_appeals
    w.say("carol", "/appeal")
    assert "nothing here that an appeal" in refused(w)


def test_who_voted_for_it_does_not_decide_on_the_appeal_where_others_can() -> None:
    w, sanction = sanctioned("alice", "bob", "carol", "dave")
    w.write("respondent:1", "I appeal.")
    w.say("alice", "/deny because we were right")
    assert "others decide on the appeal" in refused(w)
    w.say("carol", "/grant because he was not there")
    proposal = w.case.open_proposals[0].id
    assert {
        x.party for x in w.letters if x.kind == "ballot" and "the appeal against" in text_of(x)
    } == {
        "member:carol",
        "member:dave",
    }
    w.vote(proposal, "alice")
    assert "alice" not in w.case.proposals[proposal].votes
    w.vote(proposal, "carol", "dave")
    assert w.case.sanctions[sanction].state is State.LIFTED
    assert w.last is not None
    assert w.last.enforce
    letter = text_of(w.to("respondent:1", "letter")[-1])
    assert "granted your appeal" in letter
    assert "he was not there" in letter
    assert {p for p, k in w.told() if k == "decision"} == {
        f"member:{h}" for h in ("alice", "bob", "carol", "dave")
    }


def test_where_too_few_did_not_vote_for_it_all_decide() -> None:
    w, sanction = sanctioned()
    w.write("respondent:1", "I appeal.")
    w.say("alice", "/deny because we heard nothing new")
    proposal = w.case.open_proposals[0].id
    w.vote(proposal, "alice", "carol")
    assert w.case.sanctions[sanction].state is State.IN_FORCE
    assert w.case.appeals[next(iter(w.case.appeals))].result == "denied"
    assert "the measure about" in text_of(w.to("respondent:1", "letter")[-1])
    w.say("alice", "/grant because of something else")
    assert "nobody who wrote here appeals" in refused(w)


def test_one_appeal_in_time() -> None:
    w, sanction = sanctioned()
    w.later(days=31)
    w.write("respondent:1", "I appeal.")
    assert not w.case.open_appeals
    assert "time to appeal is over" in text_of(w.to("member:alice", "message")[-1])
    w.say("alice", f"/appeal {sanction}")
    assert w.case.open_appeals


def test_an_appeal_that_waits_too_long_is_told() -> None:
    w, _ = sanctioned()
    w.write("respondent:1", "I appeal.")
    appeal = w.case.open_appeals[0].id
    w.later(days=14)
    w.take(calendar.fall_due(w.case, w.setting(), "appeal", appeal))
    assert w.last is not None
    assert w.last.events


def test_an_agreement_counts_only_where_it_is_proved() -> None:
    w, sanction = sanctioned(text=LEAVE)
    assert "I agree" in text_of(w.to("respondent:1", "letter")[0])
    w.write("respondent:1", "I agree.", signature=Signature.MISSING)
    assert not w.case.agreed
    assert "nothing was recorded" in text_of(w.to("member:bob", "message")[-1])
    w.write("respondent:1", "I agree.")
    assert w.case.agreed == {sanction}
