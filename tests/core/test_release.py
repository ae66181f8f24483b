"""What seems to tell too much waits: for its author's word, and then for another member's."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace

import pytest

from cocmail.core.files import File
from cocmail.core.letters import Letter
from cocmail.core.people import Address, Private
from cocmail.core.rows import dues
from cocmail.core.waiting import What
from tests.promises.kit import CONFIDED, MALLORY, World, text_of

TELLS = "Ottoline Featherstone told us of you."
QUOTES = "You pursued somebody through every channel and frightened their orange kitten."


def case_of_two() -> World:
    world = World()
    world.report()
    world.say("alice", f"/respondent {MALLORY}")
    return world


def reply(world: World, text: str, to: str = "respondent") -> bool:
    """Whether it waits for its author's word."""
    world.say("alice", f"/reply {to}\n{text}\n/end")
    return bool(world.case.held)


def confirm(world: World) -> None:
    (held,) = world.case.held
    world.write("member:alice", "/confirm", purpose="confirm", about=held)


def outside(world: World) -> list[str]:
    return [text_of(x) for x in world.to("respondent:1") + world.to("reporter:1", "message")]


def test_a_name_waits_for_another_member() -> None:
    world = case_of_two()
    assert reply(world, TELLS)
    assert "Ottoline Featherstone" in text_of(world.to("member:alice", "confirmation")[-1])
    confirm(world)
    assert not outside(world), "the author alone let it leave"
    for member in ("alice", "bob", "carol"):
        assert "/release 1" in text_of(world.to(f"member:{member}", "message")[-1])
    world.say("alice", "/release 1")
    assert not outside(world)
    world.say("bob", "/release 1")
    assert outside(world) == [text_of(world.to("respondent:1")[-1])]
    assert TELLS in outside(world)[0]
    world.say("carol", "/release 1")
    assert len(outside(world)) == 1, "it left twice"


def test_words_of_the_report_wait() -> None:
    world = case_of_two()
    assert reply(world, QUOTES)
    confirm(world)
    assert not outside(world)
    assert world.case.withheld[1].why


def test_what_members_said_among_themselves_waits_before_the_reporter() -> None:
    world = case_of_two()
    world.say("bob", "I find her story of the kitten hardly credible, and Carol doubts it as well.")
    text = "Bob finds your story of the kitten hardly credible, and Carol doubts it as well."
    assert reply(world, text, "reporter")
    confirm(world)
    assert not outside(world)


def test_their_own_words_are_no_secret() -> None:
    world = case_of_two()
    assert reply(world, CONFIDED, "reporter")  # a quote is asked about, as ever
    confirm(world)
    assert len(outside(world)) == 1


def test_a_plain_letter_leaves_at_once() -> None:
    world = case_of_two()
    assert not reply(world, "We would like to hear your side. Please answer by next week.")
    assert len(outside(world)) == 1


def test_an_address_of_the_reporter_waits_however_it_is_spelt() -> None:
    world = case_of_two()
    assert Address("ottoline@reporter.example") in world.case.parties["reporter:1"].addresses
    assert reply(world, "Please write to ottoline at reporter dot example and say sorry.")


UNCLEAR = [
    "Petra Reporter <petra@rep.example>, p2@rep.example",
    "Petra (Reporter <petra@rep.example>",
    '"Reporter, Petra" <"petra" @rep.example>',
    "Petra Reporter <petra(c)@ rep.example>\r\nReply-To: Mallory <mallory@mail.example>",
]


@pytest.mark.parametrize("sender", UNCLEAR)
@pytest.mark.parametrize("tells", ["Petra Reporter wrote to us.", "Ask petra@rep.example."])
def test_what_a_report_says_of_a_sender_who_cannot_be_told_waits(sender: str, tells: str) -> None:
    world = World()
    world.report(sender=sender)
    assert not world.case.parties["reporter:1"].addresses
    world.say("alice", f"/respondent {MALLORY}")
    assert not reply(world, "Dear Mallory, please tell us your side.")
    assert reply(world, tells)


def test_so_does_what_is_set_aside_but_not_what_is_said_of_the_addressee_alone() -> None:
    world = case_of_two()
    world.write("reporter:1", "It is I.", sender=UNCLEAR[0])
    world.write("reporter:1", "Or he.", sender="Mallory (Kornblum <mallory@mail.example>")
    assert not reply(world, "Dear Mallory Kornblum, please tell us your side.")
    assert reply(world, "Petra Reporter wrote to us.")


def test_what_waits_stands_in_status() -> None:
    world = case_of_two()
    reply(world, TELLS)
    confirm(world)
    world.say("carol", "/status")
    assert "/release 1" in text_of(world.to("member:carol", "answer")[-1])


def test_what_waits_for_long_is_reminded_of() -> None:
    world = case_of_two()
    reply(world, TELLS)
    confirm(world)
    (due,) = [row for row in dues(world.case) if row.what == What.TEXT]
    world.now = due.at
    world.say("bob", "/status")
    assert "waits for another member's word" in text_of(world.to("member:bob", "answer")[-1])
    world.say("bob", "/release 1")
    assert not [row for row in dues(world.case) if row.what == What.TEXT]


# -- files -----------------------------------------------------------------------------------

PICTURE = File(
    was=Private("IMG_2041.jpg"), digest="1" * 64, name="picture-1.png",
    content_type="image/png", data=b"points",
)  # fmt: skip
WITH = "/reply respondent\nPlease look at this.\n/end\n\n/attach"


def files_of(letter: Letter) -> list[tuple[str, bytes]]:
    parsed = email.message_from_bytes(letter.message, policy=email.policy.default)
    return [(p.get_filename(), p.get_content()) for p in parsed.iter_attachments()]  # type: ignore[attr-defined]


def test_what_is_attached_leaves_only_where_it_is_asked_for() -> None:
    world = case_of_two()
    world.files = (PICTURE,)
    assert not reply(world, "Please look at this.")
    assert not files_of(world.to("respondent:1")[-1])
    world.say("alice", WITH)
    letter = world.to("respondent:1")[-1]
    assert files_of(letter) == [("picture-1.png", b"points")]
    assert b"IMG_2041" not in letter.message
    assert "IMG_2041.jpg" in text_of(world.to("member:bob", "message")[-1])


@pytest.mark.parametrize("how", ["digest", "look"])
def test_somebody_else_s_picture_waits_for_another_member(how: str) -> None:
    world = case_of_two()
    theirs = replace(PICTURE, like=Private("evening.png")) if how == "look" else PICTURE
    if how == "digest":
        first = replace(
            world.case.messages[0].received,
            attachments=(Private("evening.png"),), digests=(PICTURE.digest,),
        )  # fmt: skip
        message = replace(world.case.messages[0], received=first)
        world.case = replace(world.case, messages=(message, *world.case.messages[1:]))
    world.files = (theirs,)
    world.say("alice", WITH)
    confirm(world)
    assert not world.to("respondent:1")
    seen = world.to("member:bob", "message")[-1]
    assert files_of(seen) == [("picture-1.png", b"points")], "who releases it sees it"
    world.say("bob", "/release 1")
    assert files_of(world.to("respondent:1")[-1]) == [("picture-1.png", b"points")]


def test_a_program_does_not_leave_and_nothing_else_does() -> None:
    world = case_of_two()
    world.files = (PICTURE, File(was=Private("setup.exe"), digest="2" * 64))
    world.say("alice", WITH)
    assert not world.to("respondent:1")
    assert "setup.exe" in text_of(world.to("member:alice", "refusal")[-1])
