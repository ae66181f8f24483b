"""The committee talks, and speaks to people outside: who hears what, and what never leaves."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.lab.sink import Caught

Stage = Any  # conftest's House, Case, Person

HELD = {
    "a header block": "Please look.\n\nFrom: Bob\nSent: Monday\nTo: Alice\nSubject: the case",
    "an attribution": "Thank you.\n\nOn Mon, 2 Nov 2026 at 10:00, Somebody wrote:",
    "a signature": "Thank you for this.\n\n-- \nAlice\nSenior Archivist",
    "a run of words": "You said: he pursued me through every channel and frightened somebody.",
}


def folded(text: str) -> str:
    return " ".join(text.replace("\n>", "\n").split()).lower()


def whole(caught: Caught) -> str:
    """Every byte of a mail, and its text decoded as well."""
    return caught.data.decode(errors="replace").lower() + folded(caught.text)


def to_reporter(case: Any, text: str = "") -> list[Caught]:
    found: list[Caught] = case.house.mails(case.reporter, "message", text)
    return found


def test_a_plain_reply_goes_to_the_other_members_only(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, "I know this pattern: the silver trombone.")
    for member in (house.bob, house.carol):
        told = case.hears(member, "message", "silver trombone")
        assert told.header("Reply-To") == case.copies[member.handle].header("Reply-To")
    case.settle()
    assert not case.heard(house.alice, "message")
    assert not to_reporter(case)


@pytest.mark.parametrize("end", ["\n/end", ""])
def test_reply_reporter(house: Stage, end: str) -> None:
    case = house.report()
    text = "When did this begin?\n/usr/share is a path, not a command."
    case.say(house.alice, f"/reply reporter\n{text}{end}", quote=bool(end))
    asked = house.mail(case.reporter, "message", text)
    assert "/end" not in asked.text
    assert "wrote:" not in asked.text
    assert asked.header("Reply-To") == case.acknowledgement.header("Reply-To")
    told = whole(asked)
    assert not [m for m in house.members if m.address in told or m.name.lower() in told]
    assert case.reference.lower() not in told
    # Every command that took effect is told to all, its sender included.
    for copy in case.all_hear("message", "When did this begin?"):
        assert "reporter" in folded(copy.text)


def test_without_end_the_text_runs_to_the_quote_and_its_attribution_is_asked_about(
    house: Stage,
) -> None:
    case = house.report("The teal accordion was broken.")
    case.say(house.alice, "/reply reporter\nThank you, we are looking into it.")
    shown = case.hears(house.alice, "confirmation", "we are looking into it")
    assert "accordion" not in shown.text
    reply_to = case.copies["alice"].header("Reply-To")
    quoted = "/reply reporter\nThank you for this.\n> The teal accordion"
    house.post(house.alice.write(reply_to, "Re", quoted))
    left = house.mail(case.reporter, "message", "Thank you for this.")
    assert "accordion" not in left.text


def test_the_reporter_answers_and_the_answer_joins(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, "/reply reporter\nWhen did this begin?\n/end")
    asked = house.mail(case.reporter, "message", "begin")
    house.post(case.reporter.answer(asked.data, "In March, on the crimson staircase."))
    copies = case.all_hear("message", "crimson staircase")
    house.post(case.reporter.answer(asked.data, "Unsigned: the beige walrus.", sign=False))
    unsigned = case.hears(house.bob, "message", "beige walrus")
    assert "proved" in unsigned.text, "a missing signature is said"
    assert "isn't proved" not in copies[0].text


def test_reply_reporters_one_mail_each_and_the_number(house: Stage) -> None:
    case = house.report()
    after = house.now()
    case.say(house.alice, "/reply reporter 1\nOnly for the first.\n/end")
    house.mail(case.reporter, "message", "Only for the first", after=after)
    case.say(house.alice, "/reply reporters\nTo each of you.\n/end")
    house.mail(case.reporter, "message", "To each of you", after=after)
    said = case.refused(house.alice, "/reply reporter 7\nTo nobody.\n/end")
    assert "7" in said


def test_reply_without_text_or_to_nobody_is_refused(house: Stage) -> None:
    case = house.report()
    assert "text" in case.refused(house.alice, "/reply reporter\n/end")
    assert "respondent" in case.refused(house.alice, "/reply respondent\nHello.\n/end")
    assert not to_reporter(case)


@pytest.mark.parametrize("why", HELD)
def test_a_text_that_carries_something_of_the_case_is_held(house: Stage, why: str) -> None:
    case = house.report()
    case.say(house.alice, f"/reply reporter\n{HELD[why]}\n/end", quote=False)
    shown = case.hears(house.alice, "confirmation")
    case.settle()
    assert not to_reporter(case)
    assert shown.is_for(house.alice.address)
    assert shown.header("Reply-To") != case.copies["alice"].header("Reply-To")
    for line in HELD[why].splitlines():
        assert folded(line) in folded(shown.text), "it shows exactly what would leave"
    case.say(house.alice, "/confirm", to=shown)
    left = house.mail(case.reporter, "message")
    body = [line.strip() for line in left.text.replace("\r", "").splitlines()]
    for line in HELD[why].splitlines():
        assert folded(line) in folded("\n".join(body))
    # Single-use.
    assert "already" in case.refused(house.alice, "/confirm", to=shown)
    assert len(to_reporter(case)) == 1


def test_only_confirm_confirms(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, f"/reply reporter\n{HELD['a run of words']}\n/end", quote=False)
    shown = case.hears(house.alice, "confirmation")
    after = house.now()
    case.say(house.alice, "Yes, please send it.", to=shown)
    case.hears(house.bob, "message", "please send it", after=after)
    assert "confirm" in case.refused(house.bob, "/confirm")
    assert "confirm" in case.refused(house.alice, "/confirm")
    assert not to_reporter(case)


def test_a_confirmation_is_the_members_it_was_sent_to(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, f"/reply reporter\n{HELD['a run of words']}\n/end", quote=False)
    shown = case.hears(house.alice, "confirmation")
    house.post(house.bob.answer(shown.data, "/confirm"))
    case.all_hear("message", "/accept")
    case.settle()
    assert not to_reporter(case)


def test_respondent_names_and_tells_what_is_known(house: Stage, mallory: Any) -> None:
    case = house.report()
    case.say(house.alice, f"/respondent {mallory.name} <{mallory.address}>")
    known = case.hears(house.alice, "answer", mallory.address)
    assert "general" in known.text
    assert "dev" in known.text
    case.all_hear("message", mallory.address)
    assert not case.heard(house.bob, "answer"), "it answers only the one who asked"
    assert not house.mails(mallory)


def test_the_respondent_answers_in_their_channel(house: Stage, mallory: Any) -> None:
    """Promise 4: nothing that the respondent gets has anything of the reporter."""
    reporter = house.somebody("Ottoline Featherstone")
    case = house.report(reporter=reporter)
    case.say(house.alice, f"/respondent {mallory.address}")
    case.hears(house.bob, "message", mallory.address)
    case.say(house.alice, "/reply respondent\nWe would like to hear your side.\n/end")
    asked = house.mail(mallory, "message", "your side")
    house.post(mallory.answer(asked.data, "It was a joke about a maroon zeppelin."))
    case.all_hear("message", "maroon zeppelin")
    after = house.now()
    ballots = case.propose(f"/sanction warn {mallory.address} because this goes too far")
    case.vote(ballots, house.bob, house.carol)
    letter = house.mail(mallory, "letter")
    house.post(mallory.answer(letter.data, "I appeal: the indigo harmonica."))
    case.hears(house.alice, "message", "indigo harmonica", after=after)
    case.say(house.alice, "/close sanctioned")
    house.mail(reporter, "outcome")
    assert not house.mails(reporter, containing="zeppelin")
    assert not house.mails(reporter, containing="harmonica")
    ids = case.mail.decode().split("Message-ID: ")[1].split()[:1]
    ids += [case.acknowledgement.header("Message-ID"), case.acknowledgement.header("Cocmail-Case")]
    ids += [case.acknowledgement.header("Reply-To").partition("+")[2].partition("@")[0]]
    ids += [case.reference, *(c.header("Message-ID") for c in case.copies.values())]
    words = ["ottoline", "featherstone", reporter.address, "whiskerby", "pursued", "kitten"]
    people = [x for m in house.members for x in (m.address, m.name.lower())]
    got = house.mails(mallory)
    assert len(got) >= 2
    for mail in got:
        text = whole(mail)
        for secret in (*words, *people, *(one.lower() for one in ids)):
            assert secret not in text, (secret, mail.header("Cocmail-Kind"))
        assert mail.header("Cocmail-Case") not in (case.reference, ids[2])
        assert mallory.address not in mail.header("Subject")
        assert "harass" not in mail.header("Subject").lower()


def test_status_and_help_answer_only_the_one_who_asked(house: Stage) -> None:
    case = house.report()
    status = case.settle()
    assert case.reference in status.text
    assert "alice" in status.text
    assert status.sender in ("", "<>")
    case.say(house.bob, "/help")
    helped = case.hears(house.bob, "help")
    for word in ("/reply", "/sanction", "/approve", "/recuse", "/close"):
        assert word in helped.text
    case.settle()
    assert not case.heard(house.carol, "help")
    assert not case.heard(house.carol, "answer")


def test_close_gives_the_outcome_once(house: Stage) -> None:
    case = house.report()
    assert "outcome" in case.refused(house.alice, "/close for good").replace("resolved", "outcome")
    case.say(house.alice, "/close resolved because they talked it over")
    outcome = house.mail(case.reporter, "outcome")
    assert "talked it over" not in outcome.text
    assert house.is_ours(outcome.sender)
    case.all_hear("message", "resolved")
    (listed,) = [c for c in house.ask("case", "list") if c["reference"] == case.reference]
    assert listed["state"] == "closed"
    case.refused(house.alice, "/close resolved")
    case.say(house.alice, "/reopen")
    case.hears(house.bob, "message", "again")
    case.say(house.alice, "/close no-violation")
    case.hears(house.bob, "message", "no-violation")
    case.settle()
    assert len(house.mails(case.reporter, "outcome")) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("/stauts", "status"),
        ("/tag one\n\n/assign nobody", "nobody"),
        ("Hello all.\n\n/status", "top"),
        ("/status\n\nAnd also:\n\n/urgent", "top"),
        ("/assign", "assign"),
        ("/end", "/end"),
    ],
)
def test_one_wrong_line_and_nothing_runs(house: Stage, text: str, names: str) -> None:
    """Promise 6."""
    case = house.report()
    assert names in case.refused(house.alice, text)
    status = case.settle()
    assert "Tags" not in status.text
    assert "urgent" not in status.text
    assert not case.heard(house.bob, "message")


def test_commands_take_effect_together_and_are_told_in_one_message(house: Stage) -> None:
    case = house.report()
    case.say(house.alice, "/TAG harassment\n\n/assign bob\n/urgent\n\nAs we said: the ochre lamp.")
    for told in case.all_hear("message", "harassment"):
        assert "bob" in told.text
        assert "urgent" in told.text
        assert "ochre lamp" in told.text
    (listed,) = [c for c in house.ask("case", "list") if c["reference"] == case.reference]
    assert listed["urgent"] is True
    assert listed["assigned"] == "bob"


def test_commands_in_html_or_beside_another_text_do_not_run(house: Stage) -> None:
    case = house.report()
    html = house.alice.answer(case.copies["alice"].data, "/urgent", quote=False)
    html = html.partition(b"From:")[1] + html.partition(b"From:")[2]
    html = html.replace(b"text/plain", b"text/html", 1).replace(b"/urgent", b"<p>/urgent</p>")
    house.post(house.alice.sign(html))
    confirmation = case.hears(house.alice, "confirmation")
    assert "/urgent" in confirmation.text
    case.say(house.alice, "/confirm", to=confirmation)
    case.hears(house.bob, "message", "urgent")
    # With an HTML alternative beside it, as most clients send, a command runs.
    case.say(house.alice, "/tag alternative", html="<p>/tag alternative</p>")
    case.hears(house.bob, "message", "alternative")


def test_words_below_a_vote_are_no_condition(house: Stage, mallory: Any) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.say(house.bob, "/approve\n\nBut only if he apologises to the amber giraffe.",
             to=ballots["bob"])  # fmt: skip
    case.hears(house.carol, "message", "amber giraffe")
    own = case.hears(house.bob, "message", "approve")
    assert "condition" in own.text
