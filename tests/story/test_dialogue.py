"""The whole dialogue of a case: five members, two languages, real servers.

Nobody in it has anything but a mail client. Each step waits for what its people get; at the end
everything that anybody got is read once more for what they must never get.
"""

from __future__ import annotations

import io
from email import message_from_bytes
from typing import Any

import pytest
from PIL import Image

from cocmail.lab.correspondent import Attachment
from cocmail.lab.waiting import wait_until
from tests.story.conftest import folded, whole

pytestmark = pytest.mark.parametrize("new_store", ["postgresql"], indirect=True, scope="session")

Stage = Any  # conftest's House, Case, Person
REPORT = "It is Mallory, on every list that I am on, and he frightened my kitten Whiskerby."
PRIVATE = ("ottoline", "featherstone", "barnaby", "thistlewood", "whiskerby", "barracuda")


HIDDEN = b"alice at home"


def photo() -> Attachment:
    """With what a camera writes into it."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010E] = HIDDEN.decode()
    Image.effect_mandelbrot((64, 48), (-3, -2.5, 2, 2.5), 50).save(out, "JPEG", exif=exif)
    assert HIDDEN in out.getvalue()
    return Attachment(name="IMG_2041.jpg", content=out.getvalue(), kind="image/jpeg")


def attached(data: bytes) -> tuple[str, bytes]:
    """The only file of a mail."""
    (part,) = [p for p in message_from_bytes(data).walk() if p.get_filename()]
    return str(part.get_filename()), part.get_payload(decode=True)  # type: ignore[return-value]


def test_from_the_first_report_to_the_return(new_house: Stage) -> None:
    house = new_house(
        more=("dave", "erin"),
        english=("alice", "dave"),
        community={"language": "de"},
        policy={"return": "on-request", "objection_within": "2s"},
    )
    alice, bob, carol, dave, erin = house.members
    ottoline = house.somebody("Ottoline Featherstone")
    barnaby = house.somebody("Barnaby Thistlewood")
    mallory = house.somebody("Mallory Vance")
    for name in ("general", "dev"):
        house.lists.join(name, mallory.address, name=mallory.name)
    before = house.lists.snapshot(mallory.address)
    english = {"Content-Language": "en"}

    # She reports at night, in English, and leaves one member out. The machine answers at once.
    house.post(ottoline.write(house.detail("not-erin"), "Please help", REPORT, headers=english))
    receipt = house.mail(ottoline, "acknowledgement")
    assert "the members of the conduct committee will read it" in folded(receipt.text)
    copies = {m.handle: house.mail(m, "report", "Whiskerby") for m in (alice, bob, carol, dave)}
    reference = copies["alice"].header("Cocmail-Case")
    assert "a report has come in" in folded(copies["alice"].text)
    assert "eine meldung ist eingegangen" in folded(copies["bob"].text)

    def say(member: Any, text: str, to: Any = None, **more: Any) -> None:
        house.post(member.answer((to or copies[member.handle]).data, text, **more))

    def hears(member: Any, kind: str, words: str = "", after: int = 0) -> Any:
        return house.mail(member, kind, words, case=reference, after=after)

    # She is safer at another address: from then on everything goes there.
    safe = house.somebody("Ottoline Quiet")
    house.post(ottoline.answer(receipt.data, f"Safe address: {safe.address}", headers=english))
    hears(bob, "message", safe.address)
    moved = house.now()

    # Plain answers are among members; what is for her says so, and nothing else of it leaves.
    say(bob, "Unter uns: der violette Barracuda.", quote=True)
    hears(carol, "message", "Barracuda")
    say(alice, "/reply reporter\nThank you for telling us. Was it on the list dev?\n/end")
    asked = house.mail(safe, "message", "on the list dev")
    house.post(safe.answer(asked.data, "Yes, and on general."))
    hears(dave, "message", "on general")

    # Somebody else reports him, in German. Two members say that the two belong together.
    house.post(barnaby.write(house.address, "Hilfe", "Mallory hat auch mich bedroht, Barnaby."))
    assert "mitglieder des komitees" in folded(house.mail(barnaby, "acknowledgement").text)
    second = {m.handle: house.mail(m, "report", "auch mich bedroht") for m in (alice, bob, carol)}
    other = second["carol"].header("Cocmail-Case")
    say(carol, f"/link {other}")
    hears(alice, "message", "linked this case with")
    say(alice, f"/link {other}")
    hears(bob, "message", "zusammengeh")

    # Who he is, and what is known of him; and what he is told is looked at before it leaves.
    say(bob, f"/respondent {mallory.address}\n\n/note {mallory.address} left a conference in 2024")
    hears(bob, "answer", mallory.address)
    hears(alice, "message", "left a conference")
    say(alice, "/reply respondent\nOttoline Featherstone told us about you.\n/end")
    confirmation = hears(alice, "confirmation", "Ottoline Featherstone")
    say(alice, "/confirm", confirmation)
    waits = hears(carol, "message", "/release 1")
    assert not house.mails(mallory), "it left by one member's word"
    assert "ottoline featherstone" in folded(waits.text)
    text = "/reply respondent\nWe would like to hear your side of what happens on dev.\n/end"
    say(alice, f"{text}\n\n/attach", attachments=[photo()], quote=False)
    asked = house.mail(mallory, "message", "your side")
    (name, data) = attached(asked.data)
    assert name == "picture-1.png"
    assert HIDDEN not in data
    house.post(mallory.answer(asked.data, "I did nothing wrong."))
    hears(bob, "message", "nothing wrong")

    # It gets worse: one member holds his posts at once, and all hear how to end it.
    say(dave, f"/interim moderate {mallory.address} because he goes on tonight")
    hears(carol, "alert")
    wait_until(
        lambda: house.lists.held("dev", mallory.address) == "hold", timeout=60, what="held posts"
    )

    # They decide. The first proposal is too long for one of them; the amended one passes.
    after = house.now()
    say(alice, f"/sanction suspend {mallory.address} on all for 90 days because you went on")
    first = {m.handle: hears(m, "ballot", after=after) for m in (alice, bob, carol, dave)}
    assert "left a conference in 2024" in folded(first["bob"].text)
    say(bob, "/object because 30 days are enough", first["bob"])
    hears(alice, "message", "30 days are enough")
    after = house.now()
    say(
        alice,
        f"/sanction suspend {mallory.address} on all for 30s because you went on",
        first["alice"],
    )
    ballots = {m.handle: hears(m, "ballot", "30", after=after) for m in (alice, bob, carol, dave)}
    for member in (bob, carol):
        say(member, "/approve", ballots[member.handle])
    hears(dave, "decision", after=after)
    letter = house.mail(mallory, "letter", after=after)
    assert "wenn die zeit um ist, können sie zurückkommen" in folded(letter.text)
    hears(bob, "proof", "general", after=after)
    wait_until(lambda: house.lists.is_out(mallory.address), timeout=60, what="the suspension")

    # Everybody who reported hears how it ended, each alone and in their own language.
    assert "has decided on a measure" in folded(house.mail(safe, "outcome").text)
    assert "hat eine maßnahme beschlossen" in folded(house.mail(barnaby, "outcome").text)

    # He appeals; those who didn't vote for it decide, and the measure stands meanwhile.
    house.post(mallory.answer(letter.data, "Ich erhebe Einspruch."))
    appeal = hears(dave, "message", "appeal", after=after)
    assert "alice, dave" in folded(appeal.text)
    after = house.now()
    say(dave, "/deny because we heard nothing new")
    answers = {m.handle: hears(m, "ballot", after=after) for m in (alice, dave)}
    for member in (alice, dave):
        say(member, "/approve", answers[member.handle])
    house.mail(mallory, "letter", "bleibt bestehen", after=after)

    # His time is over, and he has to ask. He does, from the public address.
    house.mail(mallory, "letter", "Zeit der Maßnahme", after=after)
    assert house.lists.is_out(mallory.address)
    after = house.now()
    house.post(mallory.write(house.address, "Hallo", "Darf ich zurückkommen? Es tut mir leid."))
    asks = house.mail(carol, "report", "tut mir leid", after=after)
    assert f"/link {reference}".lower() in folded(asks.text)
    house.post(carol.answer(asks.data, f"/link {reference}"))
    house.mail(bob, "message", "verknüpft", after=after)
    house.post(carol.answer(asks.data, "/grant provided you stay away because you are sorry"))
    back = {m.handle: hears(m, "ballot", "stay away", after=after) for m in (alice, bob, carol)}
    for member in (alice, bob):
        say(member, "/approve", back[member.handle])
    agreed = house.mail(mallory, "letter", "einverstanden", after=after)
    assert "stay away" in agreed.text
    wait_until(
        lambda: house.lists.snapshot(mallory.address) == before, timeout=60, what="all as before"
    )
    say(bob, "/close sanctioned")
    hears(alice, "message", "closed this case")
    house.quiet()

    # What nobody ever got.
    assert not house.mails(erin, case=reference), "who was left out heard of it"
    assert not [c for c in house.mails(erin) if reference in c.text]
    assert not house.mails(ottoline, after=moved), "the old address heard on"
    members = [x for m in house.members for x in (m.address, m.name.lower())]
    for caught in house.mails(mallory):
        for secret in (*PRIVATE, *members, reference.lower(), other.lower()):
            assert secret not in whole(caught), (secret, caught.header("Cocmail-Kind"))
    for reporter, secrets in ((safe, ("barnaby", other)), (barnaby, ("ottoline", reference))):
        for caught in house.mails(reporter):
            for secret in (*secrets, "barracuda", "stay away", mallory.address):
                assert secret.lower() not in whole(caught)
    verdict = house.ask("ledger", "verify")
    assert verdict["whole"]
