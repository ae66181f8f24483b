"""What must hold of where a mail lands, whatever it is: in a case that its address says, from
whom that address was made for, and in no other."""

from __future__ import annotations

from dataclasses import replace

from cocmail.core import events as e
from cocmail.core.mail import Mail, read
from cocmail.core.minting import TOKEN
from cocmail.core.threads import destination
from cocmail.core.verification import UNPROVED, Signature
from tests.promises.play.room import COMMUNITY, COVERED, Room, member

ANNA, BERT = "anna@quiet.example", "bert@hush.example"


def _made() -> Room:
    room = Room(handles=("alice", "bob", "carol"))
    room.send(ANNA, COMMUNITY, "He follows me to every meeting.")
    room.send(BERT, "conduct+not-carol@example.org", "He does it to me too.")
    return room


ROOM = _made()
CASES = ("case1", "case2")
WHO = {  # party: whose address it was made for
    **{(case, f"member:{h}"): member(h).addresses for case in CASES for h in ("alice", "bob")},
    ("case1", "member:carol"): member("carol").addresses,
    ("case1", "reporter:1"): (ANNA,),
    ("case2", "reporter:1"): (BERT,),
}
TOKENS = {
    ROOM.address(*place).partition("+")[2].partition("@")[0]: place for place in WHO
}  # the same in every run: keys and chance of the room are fixed
SENT = {
    ROOM.minter.message_id(letter.id): (letter.case, letter.party) for letter in ROOM.shelf.letters
}


def threads(raw: bytes) -> None:
    mail = read(raw)
    if not isinstance(mail, Mail):
        return
    where = destination(mail, (), COMMUNITY, "+")
    assert all(TOKEN.fullmatch(one) for one in where.tokens)
    assert all(one.isascii() and one.replace("-", "").isalnum() for one in where.left_out)
    assert where.holding in ("", "to", "cc")
    assert not where.holding or len(where.tokens) == 1
    known = {TOKENS[one] for one in where.tokens if one in TOKENS}
    answers = {SENT[one] for one in (*mail.in_reply_to, *mail.references) if one in SENT}
    _lands(raw, mail, known, answers, where.left_out)


def _lands(
    raw: bytes,
    mail: Mail,
    known: set[tuple[str, str]],
    answers: set[tuple[str, str]],
    left_out: tuple[str, ...],
) -> None:
    room = _again()
    auth = replace(UNPROVED, signature=Signature.SOUND, covered=COVERED, marks=("one",), why="")
    sent = room.deliver(raw, auth)
    sender = mail.sender.address if mail.sender else ""
    for case, event in sent.events:
        if case not in CASES:
            continue
        if case not in {c for c, _ in known | answers}:
            # A member may name another case of theirs; that is written there, and no more.
            assert isinstance(event, e.Suggested | e.Linked | e.MergedInto), "another case's mail"
            assert ROOM.shelf.cases[case].reference.encode() in raw.upper()
        if isinstance(event, e.Received):
            assert (case, event.party) in known | answers
            assert sender in WHO[case, event.party], "somebody spoke in another's name"
        if isinstance(event, e.Ran):
            assert sender in WHO[case, f"member:{event.handle}"]
            assert (case, f"member:{event.handle}") in known | answers
    for letter in sent.letters:
        assert (letter.case, letter.party) != ("case2", "member:carol"), "who is out hears of it"
        if letter.case not in CASES and letter.case.startswith("case"):
            assert letter.party.partition(":")[2] not in left_out
    if mail.automatic:
        assert not [x for x in sent.letters if x.party.startswith("reporter")]


def _again() -> Room:
    """The room as it was, with nothing of what an input did to it."""
    room = Room(handles=ROOM.handles)
    shelf = ROOM.shelf
    room.shelf.ledger, room.shelf.cases = list(shelf.ledger), dict(shelf.cases)
    room.shelf.index, room.shelf.letters = dict(shelf.index), list(shelf.letters)
    room.intake._placer._new_case = lambda: "case9"
    room._fresh = 1_000
    return room
