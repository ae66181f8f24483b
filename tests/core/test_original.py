"""`/original`: whoever was shown a mail may have its attachments as they came, and nobody else."""

from __future__ import annotations

from dataclasses import replace

from cocmail.core import casework
from cocmail.core import events as e
from cocmail.core.casework import Incoming
from cocmail.core.mail import Mail, read
from cocmail.loops.placing import in_case
from cocmail.ports import Found
from tests.promises.kit import COMMUNITY, REPORTER, World, text_of


def with_files(to: str, *names: str, sender: str = REPORTER) -> Mail:
    files = "".join(f"--b\nContent-Type: image/png; name={name}\n\nx\n" for name in names)
    found = read(
        f"From: {sender}\nTo: {to}\nMessage-ID: <{names[0]}@x.example>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n"
        f"--b\n\nWith {names[0]}\n{files}--b--\n".encode()
    )
    assert isinstance(found, Mail)
    return found


def reported(*names: str, copying: bool = True) -> World:
    world = World(copying=copying)
    incoming = world.incoming(with_files(COMMUNITY, *names))
    world.take(casework.report(world.case, world.setting(), incoming))
    return world


def arrives(world: World, party: str, mail: Mail, *, flood: str = "") -> Incoming:
    """A mail to this party's reply address."""
    incoming = replace(world.incoming(mail, purpose="reply"), flood=flood)
    found = Found(case=world.case.id, party=party, purpose="reply")
    world.take(in_case(world.case, world.setting(), incoming, found))
    return incoming


def adds(world: World, *names: str, flood: str = "") -> Incoming:
    """The reporter writes once more."""
    mail = with_files(world.address("reporter:1"), *names)
    return arrives(world, "reporter:1", mail, flood=flood)


def asks(world: World, handle: str, number: int) -> e.LetterNote | None:
    """What they get; None: a refusal."""
    world.say(handle, f"/original {number}")
    party = f"member:{handle}"
    if world.told() == {(party, "refusal")}:
        return None
    assert world.told() == {(party, "answer")}
    return world.case.letters[-1]


def test_the_copy_tells_the_number_and_how_to_ask() -> None:
    world = reported("evening.png", "screen.exe")
    shown = text_of(world.to("member:bob", "report")[0])
    assert "- evening.png (a picture, 1 KB); as it came: /original 1 -" in shown
    assert "- screen.exe (a program, 1 KB): kept, not sent along " in shown
    assert "answer with /original and its number" in shown
    adds(world, "night.png")
    shown = text_of(world.to("member:bob", "message")[0])
    assert "night.png (a picture, 1 KB); as it came: /original 3" in shown


def test_only_who_asks_is_answered_and_the_case_knows_that_they_did() -> None:
    world = reported("evening.png", "morning.png")
    shown = world.case.messages[0].received.mail
    note = asks(world, "alice", 2)
    assert note is not None
    assert (note.originals, note.original) == (shown, 2)
    assert world.last is not None
    (ran,) = [x for x in world.last.events if isinstance(x, e.Ran)]
    assert (ran.handle, ran.commands) == ("alice", ("/original 2",))


def test_where_attachments_are_not_sent_by_mail_no_original_is() -> None:
    world = reported("evening.png", copying=False)
    assert "/original" not in text_of(world.to("member:bob", "report")[0])
    assert asks(world, "bob", 1) is None


def test_numbers_go_on_from_mail_to_mail() -> None:
    world = reported("one.png", "two.png")
    second = adds(world, "three.png", "four.png").id
    note = asks(world, "bob", 4)
    assert note is not None
    assert (note.originals, note.original) == (second, 2)
    assert asks(world, "bob", 5) is None
    assert asks(world, "bob", 0) is None


def test_what_a_member_was_not_shown_they_cannot_ask_for() -> None:
    world = reported("one.png")
    adds(world, "two.png", flood="More came.")
    assert asks(world, "bob", 2) is None, "it waits, and nobody was shown it"
    assert asks(world, "bob", 1) is not None


def test_what_members_said_before_somebody_came_in_is_not_theirs() -> None:
    world = reported("one.png")
    world.say("carol", "/recuse")
    mail = with_files(world.address("member:alice"), "two.png", sender="alice@alice.example")
    arrives(world, "member:alice", mail)
    world.say("bob", "/include carol")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    assert "carol" not in world.case.out
    assert asks(world, "bob", 2) is not None
    assert asks(world, "carol", 2) is None
    assert asks(world, "carol", 1) is not None


def test_who_is_kept_out_gets_none() -> None:
    """Promise 3."""
    world = reported("one.png")
    world.say("carol", "/recuse")
    world.say("carol", "/original 1")
    assert all(not n.original for n in world.case.letters)


def test_what_became_a_case_of_its_own_is_asked_for_there() -> None:
    world = reported("one.png")
    adds(world, "two.png")
    world.say("bob", "/split 2")
    assert asks(world, "bob", 2) is None


def test_a_mail_that_was_taken_in_counts_too() -> None:
    world = reported("one.png")
    mail = with_files(world.address("reporter:1"), "two.png", sender="m@x.example")
    arrives(world, "reporter:1", mail)
    assert asks(world, "bob", 2) is None
    world.say("alice", "/accept 1")
    assert asks(world, "bob", 2) is not None


LONG = "He followed me again.\n" * 12_000  # 264 KB, of which 200 are shown


def with_long_text(to: str) -> Mail:
    found = read(
        f"From: {REPORTER}\nTo: {to}\nMessage-ID: <long@x.example>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png; name=a.png\n\n"
        f"x\n--b\n\n{LONG}And at last he came to my door.\n--b--\n".encode()
    )
    assert isinstance(found, Mail)
    return found


def long_report(*, copying: bool) -> World:
    world = World(copying=copying)
    incoming = world.incoming(with_long_text(COMMUNITY))
    world.take(casework.report(world.case, world.setting(), incoming))
    return world


def test_where_a_text_is_cut_a_line_says_how_much_is_missing_and_how_to_get_it() -> None:
    world = long_report(copying=False)
    shown = text_of(world.to("member:bob", "report")[0])
    assert "came to my door" not in shown
    end = (
        "------ Not all of its text stands here: 64 KB more are kept. To get it whole, answer with"
    )
    assert f"{end} /original 2 as the first line; it is sent to you alone." in shown
    assert "a.png (a picture, 1 KB)" in shown
    assert "A picture can then tell" not in shown
    note = asks(world, "bob", 2)
    assert note is not None
    assert (note.originals, note.original) == (world.case.messages[0].received.mail, 2)
    assert asks(world, "bob", 1) is None
    assert "your community has no attachments sent by mail" in text_of(world.letters[-1])
    assert asks(world, "bob", 3) is None
    assert "N is one of 2" in text_of(world.letters[-1])


def test_where_files_go_along_the_whole_text_does_too() -> None:
    shown = text_of(long_report(copying=True).to("member:bob", "report")[0])
    assert "64 KB more are kept. It goes along whole." in shown
    assert "/original 2" not in shown


def test_a_text_that_was_cut_when_it_was_set_aside_is_had_once_it_is_taken_in() -> None:
    world = World()
    world.report()
    incoming = world.incoming(with_long_text(world.address("reporter:1")))
    world.take(casework.from_stranger(world.case, world.setting(), incoming, "reporter:1", "Odd."))
    shown = text_of(world.letters[-1])
    assert "64 KB more are kept. Whoever runs cocmail can show it whole." in shown
    world.say("alice", "/accept 1")
    assert asks(world, "bob", 2) is not None
