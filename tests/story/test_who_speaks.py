"""Promise 5: nobody acts in a member's name."""

from __future__ import annotations

from typing import Any

import pytest

from cocmail.lab.correspondent import Correspondent, make_key
from cocmail.lab.dns import Mode
from cocmail.lab.waiting import wait_until

# The store plays no part in these: once is enough.
pytestmark = pytest.mark.parametrize("new_store", ["sqlite"], indirect=True, scope="session")

Stage = Any  # conftest's House, Case, Person


def folded(text: str) -> str:
    return " ".join(text.split()).lower()


def ask(case: Any, member: Any, word: str = "/tag unproved", **how: Any) -> Any:
    """An unsigned command: the confirmation that its author gets."""
    case.say(member, word, sign=False, **how)
    return case.hears(member, "confirmation")


def test_an_unsigned_command_waits_for_confirm(house: Stage) -> None:
    case = house.report()
    shown = ask(case, house.bob)
    assert "/tag unproved" in shown.text
    assert shown.header("Reply-To") != case.copies["bob"].header("Reply-To")
    assert shown.sender in ("", "<>")
    assert "unproved" not in case.settle().text
    case.say(house.bob, "/confirm", to=shown, sign=False)
    case.all_hear("message", "unproved")
    assert "already" in case.refused(house.bob, "/confirm", to=shown)


def test_an_unsigned_vote_waits_for_confirm_as_the_same_vote(house: Stage, mallory: Any) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.vote(ballots, house.carol)
    shown = ask(case, house.bob, "/approve", to=ballots["bob"])
    case.undecided()
    case.say(house.bob, "/confirm", to=shown)
    case.all_hear("decision", "approved")


@pytest.mark.parametrize("left_out", ["Subject", "Date", "Message-ID", "To"])
def test_a_signature_that_covers_too_little_is_asked_about(house: Stage, left_out: str) -> None:
    case = house.report()
    mail = house.bob.answer(case.copies["bob"].data, "/tag bare", sign=False)
    fields = {"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
              "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}  # fmt: skip
    house.post(house.bob.sign(mail, fields - {left_out}))
    assert "/tag bare" in case.hears(house.bob, "confirmation").text
    assert not case.heard(house.alice, "message", "bare")


def test_unsigned_refuse(new_house: Any) -> None:
    house = new_house(authentication={"unsigned": "refuse"})
    case = house.report()
    case.say(house.bob, "/tag unproved", sign=False)
    case.hears(house.bob, "refusal")
    case.settle()
    assert not case.heard(house.bob, "confirmation")
    assert not case.heard(house.alice, "message", "unproved")
    case.say(house.bob, "/tag proved")
    case.hears(house.alice, "message", "proved")


def test_a_forgery_is_set_aside_and_told(house: Stage, mallory: Any) -> None:
    case = house.report()
    ballots = case.propose(f"/sanction warn {mallory.address} because of this")
    case.vote(ballots, house.carol)
    house.post(house.bob.forger.answer(ballots["bob"].data, "/approve"))
    case.hears(house.bob, "alert")
    for member in (house.alice, house.carol):
        assert "bob" in folded(case.hears(member, "message", "/accept 1").text)
    kept = [q for q in house.ask("quarantine", "list") if q["case"] == case.reference]
    assert len(kept) == 1
    case.undecided()
    assert not house.mails(mallory)


def test_an_altered_mail_is_a_forgery(house: Stage) -> None:
    case = house.report()
    mail = house.bob.answer(case.copies["bob"].data, "/tag innocent")
    house.post(mail.replace(b"/tag innocent", b"/tag poisoned"))
    case.hears(house.bob, "alert")
    assert "poisoned" not in case.settle().text.split("Set aside")[0]
    assert not case.heard(house.alice, "message", "tagged")


def test_a_forged_plain_reply_is_not_the_members_word(house: Stage) -> None:
    case = house.report()
    house.post(house.bob.forger.answer(case.copies["bob"].data, "I resign: the beige parrot."))
    case.hears(house.bob, "alert")
    told = case.hears(house.alice, "message", "beige parrot")
    assert "/accept" in told.text


def test_an_other_sender_is_set_aside_with_a_neutral_receipt(house: Stage) -> None:
    case = house.report()
    stranger = house.somebody("Xaver Stranger")
    house.post(stranger.answer(case.acknowledgement.data, "I know more: the scarlet anvil."))
    receipt = house.mail(stranger, "acknowledgement")

    def neutral(mail: Any) -> str:
        return str(mail.text.replace(mail.header("Cocmail-Case"), "REF"))

    assert neutral(receipt) == neutral(case.acknowledgement)
    assert receipt.header("Cocmail-Case") != case.acknowledgement.header("Cocmail-Case")
    for told in case.all_hear("message", "scarlet anvil"):
        assert "other sender" in told.text.lower()
        assert "/accept 1" in told.text
    assert not house.mails(case.reporter, "message")
    case.say(house.alice, "/accept 1")
    case.hears(house.bob, "message", "took in")
    assert any("scarlet anvil" in event["text"] for event in case.events())
    case.refused(house.alice, "/accept 1")
    case.refused(house.alice, "/drop 9")
    # Taken in, they are somebody of this case.
    house.post(stranger.answer(receipt.data, "And there is more: the golden sieve."))
    case.all_hear("message", "golden sieve")


def test_what_is_dropped_stays_out(house: Stage) -> None:
    case = house.report()
    stranger = house.somebody("Yorick Stranger")
    house.post(stranger.answer(case.copies["bob"].data, "/tag stolen"))
    case.all_hear("message", "/drop 1")
    before = house.ask("case", "list")
    case.say(house.alice, "/drop 1")
    case.hears(house.bob, "message", "aside")
    case.refused(house.alice, "/accept 1")
    (now,) = [c for c in house.ask("case", "list") if c["reference"] == case.reference]
    (then,) = [c for c in before if c["reference"] == case.reference]
    assert now["messages"] <= then["messages"] + 1
    assert not case.heard(house.alice, "message", "tagged")


def test_an_outsider_with_a_failing_signature_is_set_aside(house: Stage) -> None:
    case = house.report()
    house.post(case.reporter.forger.answer(case.acknowledgement.data, "Forget it: blue cork."))
    for told in case.all_hear("message", "blue cork"):
        assert "/accept 1" in told.text


def test_a_command_waits_while_dns_is_away(house: Stage) -> None:
    case = house.report()
    dns = house.servers.dns
    bob = Correspondent(house.bob.address, house.bob.name, dkim_key=make_key(), selector="late")
    bob.publish(dns)
    dns.mode = Mode.SERVFAIL
    try:
        house.post(bob.answer(case.copies["bob"].data, "/tag patience"))
        wait_until(
            lambda: any("DNS" in words for words in house.ask("status")["trouble"]),
            timeout=60,
            what="that the operator can see it",
        )
        assert house.ask("status")["mail"]["waiting"] >= 1
        assert not house.mails(house.alice, "message", "patience")
    finally:
        dns.mode = Mode.ANSWER
    case.hears(house.alice, "message", "patience")
    assert not house.mails(house.bob, "confirmation", "patience")


def test_commands_at_the_public_address_do_nothing(house: Stage) -> None:
    before = len(house.ask("case", "list"))
    after = house.now()
    house.post(house.alice.write(house.address, "Hello", "/status"))
    house.mail(house.alice, "refusal", after=after)
    assert len(house.ask("case", "list")) == before


def test_a_trusted_result_stands_in_for_our_own_check(new_house: Any) -> None:
    house = new_house(authentication={"trusted_authserv_ids": ["mx.example.org"]})
    case = house.report()
    # Altered on the way, after our own MX had seen that it was sound.
    mail = house.bob.answer(case.copies["bob"].data, "/tag vouched", quote=False)
    result = b"Authentication-Results: mx.example.org; dkim=pass header.d=bob.example\r\n"
    house.post(result + mail.rstrip() + b"\r\n\r\n_______\r\nA footer\r\n")
    case.hears(house.alice, "message", "vouched")
