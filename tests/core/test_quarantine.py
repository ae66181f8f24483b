"""Mail that was set aside outside every case: who hears of it, and what they can do."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.filtering import Judgement
from cocmail.core.folding import apply
from cocmail.core.letters import Letter
from cocmail.core.mail import Unreadable
from cocmail.core.people import Address
from cocmail.core.quarantine import is_quarantine
from cocmail.core.rows import rows
from cocmail.core.verification import Signature
from cocmail.ports import RELEASED, Waiting
from tests.core.house import House
from tests.promises.play.promises import text_of
from tests.promises.play.room import COMMUNITY, MALLORY, Sent, at_once, member
from tests.promises.play.shelf import Shelf

SPAM = Judgement(set_aside="Its spam score is high.", urgent="", tags=(), said=())
DANGER = replace(SPAM, urgent="It speaks of danger.")
RAE = "rae@reporter.example"
INSULT = "He called me a slur, and then another."


class Room:
    """A committee, and mail that a filter sets aside."""

    def __init__(self, *handles: str, **policy: Any) -> None:
        self.house = House(*handles)
        self.room = self.house.room
        self.room.policy = replace(self.room.policy, **policy)

    def aside(
        self, text: str = INSULT, *, sender: str = RAE, to: str = COMMUNITY, **more: Any
    ) -> e.Quarantined:
        sent = self.room.send(sender, to, text, judgement=more.pop("judgement", SPAM), **more)
        return item_of(sent)

    def unread(self, raw: bytes, why: str = "It is larger than we open.") -> e.Quarantined:
        before = len(self.room.shelf.ledger)
        self.room.shelf.mails["unread"] =waiting = Waiting(
            id="unread", raw=raw, road="imap", recipients=(), return_path=None, junk=False,
            received=self.room.now, attempts=0,
        )  # fmt: skip
        at_once(self.room.intake._keep_for_humans(waiting, why, Unreadable(why=why)))
        return next(
            x for _, _, x in self.room.shelf.ledger[before:] if isinstance(x, e.Quarantined)
        )

    def now_are(self, *handles: str, **policy: Any) -> None:
        """The daemon starts with these members."""
        self.room.handles = handles
        self.room.policy = replace(self.room.policy, **policy)
        at_once(self.room.unseen.look())

    @property
    def record(self) -> str:
        return next(name for name in self.room.shelf.cases if is_quarantine(name))

    @property
    def case(self) -> Case:
        return self.room.shelf.cases[self.record]

    def later(self, **span: float) -> list[Letter]:
        """Time passes; what was told of the quarantine meanwhile."""
        before = len(self.room.shelf.letters)
        self.house.later(**span)
        return [x for x in self.room.shelf.letters[before:] if is_quarantine(x.case)]

    def told(self, **span: float) -> dict[str, str]:
        return {x.party.partition(":")[2]: text_of(x) for x in self.later(**span)}

    def say(self, handle: str, text: str, *, sender: str = "", **more: Any) -> Sent:
        to = self.room.address(self.record, f"member:{handle}")
        sent = self.room.send(sender or member(handle).addresses[0], to, text, **more)
        self.house.last = sent
        return sent


def item_of(sent: Sent) -> e.Quarantined:
    (item,) = [x for _, x in sent.events if isinstance(x, e.Quarantined)]
    return item


# -- it is announced -------------------------------------------------------------------------


def test_what_a_filter_sets_aside_is_announced() -> None:
    room = Room()
    item = room.aside()
    told = room.told(seconds=1)
    assert set(told) == {"alice", "bob", "carol"}
    for text in told.values():
        assert f"Number {item.number}" in text
        assert "Its spam score is high." in text
        assert "slur" not in text
        assert "rae" not in text


def test_nothing_of_a_mail_stands_in_the_record_of_the_quarantine() -> None:
    room = Room()
    room.aside()
    recorded = b"".join(e.encode(x) for c, _, x in room.room.shelf.ledger if is_quarantine(c))
    assert b"slur" not in recorded
    assert b"rae@" not in recorded


def test_what_comes_within_an_hour_is_told_in_one_mail() -> None:
    room = Room("alice")
    first = room.aside()
    assert len(room.later(minutes=1)) == 1
    more = [room.aside(f"Buy {n}") for n in range(3)]
    assert room.later(minutes=58) == []
    (letter,) = room.later(minutes=1)
    assert all(f"Number {item.number}" in text_of(letter) for item in (*more, first))


def test_after_a_list_that_was_taken_back_all_that_waits_is_news() -> None:
    """While letters wait, more than one may be taken back."""
    room = Room("alice")
    for text in ("Buy 1", "Buy 2"):
        room.aside(text)
        assert len(room.later(hours=1)) == 1
    untold = apply(room.case, room.room.now, e.QuarantineUntold(handle="alice"))
    assert not room.case.quarantine.new_to("alice")
    assert len(untold.quarantine.new_to("alice")) == 2


def test_it_is_told_in_time_where_reports_are_acknowledged_sooner() -> None:
    room = Room("alice", acknowledge_within=timedelta(minutes=10))
    room.aside()
    room.later(minutes=1)
    room.aside("Another")
    assert len(room.later(minutes=9)) == 0
    assert len(room.later(minutes=1)) == 1


def test_what_may_be_urgent_is_told_at_once() -> None:
    room = Room("alice")
    room.aside()
    room.later(minutes=1)
    room.aside("He will kill me", judgement=DANGER)
    assert "may be urgent" in room.told(seconds=1)["alice"]


def test_it_is_told_again_each_day_until_somebody_saw_to_it() -> None:
    room = Room()
    item = room.aside()
    room.later(seconds=1)
    for _ in range(3):
        assert len(room.later(hours=24)) == 3
    room.say("alice", f"/drop {item.number}")
    assert room.later(days=3) == []


def numbers_in(letter: Letter) -> list[int]:
    return [int(n) for n in re.findall(r"Number (\d+)", text_of(letter))]


def test_of_a_flood_each_member_is_told_in_one_mail_with_its_count() -> None:
    room = Room("alice")
    first = room.aside("first")
    assert len(room.later(seconds=1)) == 1
    flood = [room.aside(f"Buy {n}").number for n in range(250)]
    (letter,) = room.later(hours=1)
    assert "251 mails wait for one of you, 250 of them new." in text_of(letter)
    assert "151 more have no room in this mail." in text_of(letter)
    listed = numbers_in(letter)
    assert len(listed) == 100
    assert {*listed} < {*flood}, "what she hasn't seen goes first"
    records = [name for name in room.room.shelf.cases if is_quarantine(name)]
    assert len(records) == 3
    assert all(len(room.room.shelf.cases[x].quarantine.waiting) <= 100 for x in records)
    assert first.number not in listed


def test_a_thousand_mails_make_few_letters() -> None:
    """What each member gets in the first three days, if nobody does anything."""
    room = Room()
    for n in range(1000):
        room.aside(f"Buy {n}", to="conduct+not-bob@example.org" if n == 7 else COMMUNITY)
        if n % 200 == 0:
            room.later(seconds=10)
    letters = room.later(days=3)
    for handle in ("alice", "bob", "carol"):
        theirs = [x for x in letters if x.party == f"member:{handle}"]
        assert len(theirs) <= 3
        assert all(len(text_of(x)) < 10_000 for x in theirs)
        listed = [n for x in theirs for n in numbers_in(x)]
        assert len(listed) == len({*listed}) == 100 * len(theirs), "each mail lists others"
        assert f"{999 if handle == 'bob' else 1000} mails wait" in text_of(theirs[-1])


def files_of(letter: Letter) -> str:
    parsed = email.message_from_bytes(letter.message)
    parts = parsed.get_payload()[1:] if parsed.is_multipart() else []
    return "\n".join(one.get_payload(decode=True).decode() for one in parts)  # type: ignore


def test_each_mail_of_a_flood_is_announced_within_the_time_for_it() -> None:
    """What has no room in a letter stands in a file with it, but for what is kept from its reader;
    once, and not again with each reminder."""
    room = Room("alice", "bob")
    without_bob = room.aside("first", to="conduct+not-bob@example.org").number
    flood = {item.number: item.mail for item in (room.aside(f"Buy {n}") for n in range(250))}
    letters = room.later(hours=24)
    for handle, theirs in (("alice", {without_bob, *flood}), ("bob", {*flood})):
        mine = [x for x in letters if x.party == f"member:{handle}"]
        told = [int(n) for x in mine for n in re.findall(r"Number (\d+)", files_of(x))]
        assert len(told) == len({*told})
        assert {*told, *(n for x in mine for n in numbers_in(x))} == theirs
        assert str(without_bob) not in "".join(map(files_of, mine)) or handle == "alice"
    named = [x for x in letters if "new among them stands in the attached file" in text_of(x)]
    assert len(named) == 2
    assert not any(files_of(x) for x in room.later(hours=24))
    one = next(int(n) for n in re.findall(r"Number (\d+)", files_of(named[0])))
    room.say("alice", f"/accept {one}")
    assert room.room.shelf.settled[flood[one]] == RELEASED


def test_what_has_no_room_in_a_file_either_is_told_in_the_next_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cocmail.core.casework.quarantine.ATTACHED", 40)
    room = Room("alice")
    flood = {room.aside(f"Buy {n}").number for n in range(250)}
    letters = room.later(hours=23)
    told = [int(n) for x in letters for n in re.findall(r"Number (\d+)", files_of(x))]
    assert {*told, *(n for x in letters for n in numbers_in(x))} == flood
    assert len(letters) == 3


def test_in_a_flood_what_is_rare_and_what_is_urgent_stands_in_the_list() -> None:
    room = Room("alice")
    folder = replace(SPAM, set_aside="A filter of ours: it lay elsewhere.")
    rare = room.aside("He called me a slur", judgement=folder)
    urgent = room.aside("He will kill me", judgement=DANGER)
    for n in range(300):
        room.aside(f"Buy {n}")
    listed = [n for x in room.later(hours=1) for n in numbers_in(x)]
    assert {rare.number, urgent.number} <= {*listed}


def test_whoever_has_done_with_a_list_gets_the_next_at_once() -> None:
    room = Room("alice", "bob")
    mails = {item.number: item.mail for item in (room.aside(f"Buy {n}") for n in range(150))}
    seen: list[int] = []
    for letter in room.later(seconds=1):
        if letter.party == "member:alice":
            seen += numbers_in(letter)
    room.say("alice", "/drop all")
    (letter,) = room.later(seconds=1)
    assert letter.party == "member:alice"
    assert {*seen, *numbers_in(letter)} == {*mails}
    assert [room.room.shelf.settled[m] for m in mails.values()].count("dropped") == 100
    room.say("alice", "/drop all")
    assert {room.room.shelf.settled[m] for m in mails.values()} == {"dropped"}
    assert room.later(days=3) == []


def records(room: Room) -> list[str]:
    return [name for name in room.room.shelf.cases if is_quarantine(name)]


def test_any_mail_of_it_takes_the_number_of_any_other() -> None:
    room = Room()
    mails = [room.aside(f"Buy {n}") for n in range(101)]
    room.later(hours=1)
    first, last = records(room)
    assert last not in {x.case for x in room.room.shelf.letters}, "one mail for both"
    to = room.room.address(first, "member:bob")
    for item in (mails[0], mails[100]):
        room.room.send("bob@bob.example", to, f"/drop {item.number}")
        assert room.room.shelf.settled[item.mail] == "dropped"
    belongs = [room.room.shelf.belongs[mails[n].mail] for n in (0, 100)]
    assert belongs == [first, last], "its key stays that of its own record"
    room.room.send("bob@bob.example", to, f"/accept {mails[1].number}\n\n/drop {mails[50].number}")
    assert room.room.shelf.settled[mails[1].mail] == RELEASED


def test_no_two_mails_that_wait_have_one_number() -> None:
    room = Room("alice")
    assert len({room.aside(f"Buy {n}").number for n in range(205)}) == 205


def of_an_earlier_version(room: Room) -> tuple[str, str]:
    """Two records that are full of mail, of which each member was told in two mails."""
    for n in range(101):
        room.aside(f"Buy {n}")
    shelf = room.room.shelf
    for record in records(room):
        earlier(shelf, record, 12_345)
        numbers = tuple(shelf.cases[record].quarantine.waiting)
        for handle in ("alice", "bob"):
            told = e.QuarantineTold(handle=handle, numbers=numbers, sent=True)
            note = e.LetterNote(
                letter=f"{record}{handle}", what="alert", party=f"member:{handle}",
                message_id=f"<{record}{handle}@x>", purpose="reply", about="", epoch=0,
            )  # fmt: skip
            at_once(shelf.record(record, [told, e.Told(letters=(note,))]))
    first, second = records(room)
    return first, second


def test_what_an_earlier_version_set_aside_has_its_number_and_gets_one_of_its_own() -> None:
    """Two records may have the same one; an answer to the old mail still means the old one."""
    room = Room("alice", "bob")
    first, second = of_an_earlier_version(room)
    shelf = room.room.shelf
    old = [shelf.cases[r].quarantine.waiting[12_345].mail.mail for r in (first, second)]
    assert len([x for x in room.later(hours=25) if x.party == "member:bob"]) == 1
    fresh = [shelf.cases[r].quarantine.named(12_345) for r in (first, second)]
    assert len({*fresh, 12_345}) == 3
    to = room.room.address(second, "member:bob")
    for _ in range(2):
        room.room.send("bob@bob.example", to, "/drop 12345")
        assert [shelf.settled[mail] for mail in old] == ["quarantined", "dropped"]
    room.say("alice", f"/drop {fresh[0]}")
    assert shelf.settled[old[0]] == "dropped"


def test_all_that_an_earlier_version_listed_is_what_stands_in_that_mail() -> None:
    room = Room("alice", "bob")
    first, second = of_an_earlier_version(room)
    shelf = room.room.shelf
    room.room.send("bob@bob.example", room.room.address(second, "member:bob"), "/drop all")
    assert not shelf.cases[second].quarantine.waiting
    assert len(shelf.cases[first].quarantine.waiting) == 100


def earlier(shelf: Shelf, record: str, number: int) -> None:
    """A mail of this record has this number, as it could before."""
    place = next(n for n, x in enumerate(shelf.ledger) if x[0] == record)
    at, event = shelf.ledger[place][1:]
    shelf.ledger[place] = (record, at, replace(event, number=number))
    case = Case(id=record)
    for name, when, one in shelf.ledger:
        if name == record:
            case = apply(case, when, one)
    shelf.cases[record] = case
    shelf.index[record] = rows(case, shelf.minter)


# -- to whom ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "to", "text"),
    [
        (RAE, "conduct+not-bob@example.org", INSULT),
        (RAE, COMMUNITY, "It was Bob Quillfeather who did this."),
        (RAE, COMMUNITY, "Ask bob@bob.example why."),
        ("bob@bob.example", COMMUNITY, "This happened to me"),
    ],
)
def test_who_would_not_read_the_report_does_not_hear_that_it_was_set_aside(
    sender: str, to: str, text: str
) -> None:
    room = Room()
    item = room.aside(text, sender=sender, to=to)
    assert set(item.handles) == {"alice", "carol"}
    assert set(room.told(days=3)) == {"alice", "carol"}


def test_a_locked_member_hears_nothing() -> None:
    room = Room()
    case = room.house.report(RAE, "Something")
    item = room.aside()
    room.later(seconds=1)
    room.house.say("alice", case, "/lock bob")
    assert set(room.told(days=1)) == {"alice", "carol"}
    assert room.say("bob", f"/drop {item.number}").letters == ()
    assert room.room.shelf.settled[item.mail] == "quarantined"


@pytest.mark.parametrize(
    ("to", "text"),
    [
        ("conduct+escrow@example.org", INSULT),
        (COMMUNITY, "Keep this until others report\nHe did it"),
    ],
)
def test_what_is_to_be_kept_until_others_report_nobody_hears_of(to: str, text: str) -> None:
    room = Room()
    assert room.aside(text, to=to).handles == ()
    assert room.told(days=3) == {}


UNKNOWN = [
    ("conduct+not-zzz@example.org", INSULT, {"alice", "bob", "carol"}),
    ("conduct+not-zzz+not-bob@example.org", INSULT, {"alice", "carol"}),
    ("conduct+not-zzz@example.org", "It was bob@bob.example.", {"alice", "carol"}),
    (
        COMMUNITY,
        "Alice Quillfeather, Bob Quillfeather and Carol Quillfeather",
        {"alice", "bob", "carol"},
    ),
]


@pytest.mark.parametrize(("to", "text", "whom"), UNKNOWN)
@pytest.mark.parametrize("judgement", [SPAM, DANGER])
def test_where_it_is_unknown_who_may_know_nobody_hears_before_a_report_would_be_read(
    to: str, text: str, whom: set[str], judgement: Judgement
) -> None:
    room = Room()
    room.aside(text, to=to, judgement=judgement)
    assert room.told(hours=23, minutes=59) == {}
    assert set(room.told(minutes=1)) == whom


def test_what_is_hidden_for_a_while_is_not_told_beside_other_mail() -> None:
    room = Room()
    hidden = room.aside(to="conduct+not-zzz@example.org")
    room.later(minutes=5)
    other = room.aside("Buy this")
    for text in room.told(hours=12).values():
        assert f"Number {other.number}" in text
        assert f"Number {hidden.number}" not in text
    assert str(hidden.number) not in text_of(room.say("bob", "/accept 12345").letters[0])
    room.say("bob", f"/accept {hidden.number}")
    room.say("bob", "/drop all")
    assert room.room.shelf.settled[hidden.mail] == "quarantined"
    told = room.told(hours=12)
    assert set(told) == {"alice", "bob", "carol"}
    assert all(f"Number {hidden.number}" in text for text in told.values())
    room.say("bob", f"/drop {hidden.number}")
    assert room.room.shelf.settled[hidden.mail] == "dropped"


def test_of_an_unreadable_mail_that_leaves_out_somebody_unknown_members_hear_later() -> None:
    room = Room()
    head = f"From: {RAE}\r\nTo: conduct+not-zzz@example.org\r\nSubject: bob\r\n\r\n".encode()
    assert set(room.unread(head).handles) == {"alice", "carol"}
    assert room.told(hours=23) == {}
    assert set(room.told(hours=1)) == {"alice", "carol"}


def test_other_mail_is_told_again_while_one_is_hidden() -> None:
    room = Room("alice", acknowledge_within=timedelta(days=7))
    room.aside("Buy this")
    assert set(room.told(minutes=1)) == {"alice"}
    room.aside(to="conduct+not-zzz@example.org")
    assert "waits" in room.told(days=1)["alice"]


def test_of_an_unreadable_mail_fewer_hear() -> None:
    room = Room()
    head = f"From: {RAE}\r\nTo: {COMMUNITY}\r\nSubject: about bob\r\n\r\n".encode()
    item = room.unread(head + b"x" * 100)
    assert set(item.handles) == {"alice", "carol"}
    assert "quarantine show unread" in room.told(seconds=1)["alice"]


@pytest.mark.parametrize(
    "head",
    [
        f"Delivered-To: {COMMUNITY}\r\nTo: conduct+not-bob@example.org\r\n",
        f"Delivered-To: {COMMUNITY}\r\nX-Original-To: conduct+not-bob@example.org\r\n",
        f"To: {COMMUNITY}\r\nCc: <Conduct+Not-Bob@Example.org>\r\n",
        f"To: {COMMUNITY}\r\nSubject: It was Bob.\r\n",
    ],
)
def test_of_an_unreadable_mail_nobody_hears_whom_it_keeps_out_anywhere(head: str) -> None:
    item = Room().unread(f"{head}From: {RAE}\r\n\r\nx".encode())
    assert set(item.handles) == {"alice", "carol"}


def test_of_an_unreadable_mail_that_names_very_many_addresses_of_ours_nobody_hears() -> None:
    """They are looked up one by one, and somebody's wish may stand behind them."""
    many = "".join(f"conduct+x{number}@example.org\r\n" for number in range(60_000))
    item = Room().unread(f"To: {COMMUNITY}\r\nFrom: {RAE}\r\n\r\n{'x' * 70_000}{many}".encode())
    assert item.handles == ()


MANY_FIELDS = "X-Many: " + "x" * 900 + "\r\n"


@pytest.mark.parametrize(
    ("head", "below"),
    [
        (f"To: {COMMUNITY}\r\nSubject: =?utf-8?Q?It_was_B=6Fb?=\r\n", "x"),
        (f"To: {COMMUNITY}\r\nSubject: =?utf-8?B?SXQgd2FzIEJvYg==?=\r\n", "x"),
        (f"{MANY_FIELDS * 80}To: conduct+not-bob@example.org\r\n", "x"),
        (f"{MANY_FIELDS * 80}To: {COMMUNITY}\r\nSubject: It was Bob.\r\n", "x"),
        (f"{MANY_FIELDS * 2000}To: conduct+not-bob@example.org\r\n", "x"),
        ("", "--b\r\n\r\nw4wgSXQgd2FzIEJvYiwgYm9iQGJvYi5leGFt\r\ncGxlLg==\r\n--b"),
        ("", "It was bob=40bo=\r\nb.example"),
        ("", "<p>It was bob<wbr>@bob.example</p>"),
    ],
)  # fmt: skip
def test_of_an_unreadable_mail_what_stands_in_a_code_or_far_down_its_header_counts(
    head: str, below: str
) -> None:
    item = Room().unread(f"{head}From: {RAE}\r\n\r\n{below}\r\n".encode())
    assert set(item.handles) == {"alice", "carol"}


def test_an_unreadable_mail_to_an_address_of_a_case_is_told_to_whom_the_case_is_for() -> None:
    room = Room()
    case = room.house.report(RAE, "Something")
    room.house.say("bob", case, "/recuse")
    to = room.room.address(case, "reporter:1")
    item = room.unread(f"From: {RAE}\r\nTo: {to}\r\n\r\nx".encode())
    assert set(item.handles) == {"alice", "carol"}


# -- what they do ----------------------------------------------------------------------------


def test_accepting_it_lets_it_in_as_a_report() -> None:
    room = Room()
    item = room.aside()
    room.later(seconds=1)
    sent = room.say("alice", f"/accept {item.number}")
    assert room.room.shelf.settled[item.mail] == RELEASED
    assert {(x.party, x.kind.value) for x in sent.letters} == {
        (f"member:{handle}", "message") for handle in ("alice", "bob", "carol")
    }
    assert room.later(days=3) == []
    again = room.room.send(RAE, COMMUNITY, INSULT, judgement=SPAM, road=RELEASED)
    assert {x.kind.value for x in again.letters if x.party == "reporter:1"} == {"acknowledgement"}
    assert {x.party for x in again.letters if x.kind == "report"} == {
        "member:alice", "member:bob", "member:carol",
    }  # fmt: skip


def test_dropping_it_keeps_it() -> None:
    room = Room()
    item = room.aside()
    room.later(seconds=1)
    room.say("alice", f"/drop {item.number}")
    assert room.room.shelf.settled[item.mail] == "dropped"
    room.say("bob", f"/accept {item.number}")
    assert "waits here, or not any more" in room.house.refused()


@pytest.mark.parametrize("word", ["accept", "drop"])
def test_who_names_a_mail_that_is_gone_reads_what_would_mend_it(word: str) -> None:
    room = Room()
    one, two = room.aside(), room.aside("Buy")
    room.later(seconds=1)
    room.say("alice", f"/drop {one.number}")
    for handle in ("alice", "bob"):  # who did it, and who didn't know
        room.say(handle, f"/{word} {one.number}")
        assert f"the number {one.number} waits here, or not any more" in room.house.refused()
        assert f"right: /{word} N, where N is one of {two.number}" in room.house.refused()
    room.say("alice", "/drop all")
    room.say("bob", f"/{word} {two.number}")
    assert "right: nothing more, if somebody has seen to it already; else" in room.house.refused()
    room.say("bob", "/drop all")
    assert "no mail that you were told of waits here any more" in room.house.refused()
    assert "number 0" not in room.house.refused()


def test_only_what_can_be_a_report_is_offered_as_one() -> None:
    room = Room()
    odd = room.unread(b"Subject: x\n\nx")
    room.later(seconds=1)
    (alone,) = [x for x in room.room.shelf.letters if x.party == "member:bob"]
    assert "/accept" not in text_of(alone)
    assert f"/drop {odd.number}." in text_of(alone)
    item = room.aside()
    (both,) = [x for x in room.later(hours=2) if x.party == "member:bob"]
    assert f"such as /accept {item.number}." in text_of(both)
    assert "for all that are listed here: /drop all" in text_of(both)


@pytest.mark.parametrize("word", ["accept", "drop"])
def test_in_a_case_too_and_a_mail_of_no_case_has_a_place_of_its_own(word: str) -> None:
    house = House()
    case = house.report(RAE, "He follows me.")
    for text in ("I saw it.", "I saw it too."):
        house.to_address("viv@elsewhere.example", str(house.room.address(case, "reporter:1")), text)
    house.say("alice", case, "/drop 1")
    house.say("bob", case, f"/{word} 1")
    assert "no mail with the number 1 waits here, or not any more" in house.refused()
    assert f"right: /{word} N, where N is one of 2 " in house.refused()
    house.say("bob", case, f"/{word} 48213")
    assert "the same as an answer to the mail that told you of it" in house.refused()


def test_several_in_one_mail_or_none() -> None:
    room = Room("alice")
    one, two = room.aside(), room.aside("Buy")
    room.later(seconds=1)
    room.say("alice", f"/drop {one.number}\n\n/accept 1")
    assert one.mail in room.room.shelf.settled
    assert room.room.shelf.settled[one.mail] == "quarantined"
    room.say("alice", f"/drop {one.number}\n\n/accept {two.number}")
    assert room.room.shelf.settled[one.mail] == "dropped"
    assert room.room.shelf.settled[two.mail] == RELEASED


def test_dropping_all_drops_what_one_was_told_of() -> None:
    room = Room()
    hidden = room.aside(to="conduct+not-bob@example.org")
    seen = [room.aside(f"Buy {n}") for n in range(3)]
    room.later(seconds=1)
    later = room.aside("This came after it was written.")
    room.say("bob", "/drop all")
    settled = room.room.shelf.settled
    assert {settled[item.mail] for item in seen} == {"dropped"}
    assert (settled[hidden.mail], settled[later.mail]) == ("quarantined", "quarantined")
    room.say("bob", "/drop all")
    assert str(later.number) in room.house.refused()


def test_who_was_left_out_can_neither_accept_nor_drop_it_nor_learn_that_it_is_there() -> None:
    room = Room()
    hidden = room.aside(to="conduct+not-bob@example.org")
    seen = room.aside("Buy")
    room.later(seconds=1)
    for word in ("accept", "drop"):
        sent = room.say("bob", f"/{word} {hidden.number}")
        (letter,) = sent.letters
        said = text_of(letter)
        room.say("bob", f"/{word} 99999")
        assert said.replace(str(hidden.number), "99999") == room.house.refused()
        assert str(seen.number) in said
    assert room.room.shelf.settled[hidden.mail] == "quarantined"
    done = room.say("alice", f"/drop {hidden.number}")
    assert {x.party for x in done.letters} == {"member:alice", "member:carol"}


def test_a_mail_that_could_not_be_read_can_only_be_dropped() -> None:
    room = Room()
    item = room.unread(f"From: {RAE}\r\nTo: {COMMUNITY}\r\n\r\nx".encode())
    room.later(seconds=1)
    room.say("alice", f"/accept {item.number}")
    assert "cocmail quarantine show unread" in room.house.refused()
    room.say("alice", f"/drop {item.number}")
    assert room.room.shelf.settled["unread"] == "dropped"


def test_a_mail_that_proves_too_little_is_asked_about_first() -> None:
    room = Room()
    item = room.aside()
    room.later(seconds=1)
    sent = room.say("alice", f"/drop {item.number}", signature=Signature.MISSING)
    (letter,) = sent.letters
    assert (letter.party, letter.kind) == ("member:alice", "confirmation")
    assert room.room.shelf.settled[item.mail] == "quarantined"
    (held,) = [x for _, x in sent.events if isinstance(x, e.Held)]
    to = room.room.address(room.record, "member:alice", purpose="confirm", about=held.confirmation)
    room.room.send("alice@alice.example", to, "/confirm", signature=Signature.MISSING)
    assert room.room.shelf.settled[item.mail] == "dropped"


@pytest.mark.parametrize("text", ["Hello", "/close resolved", "/status", "/accept 1\n\n/urgent"])
def test_nothing_else_can_be_said_there(text: str) -> None:
    room = Room()
    room.aside()
    room.later(seconds=1)
    sent = room.say("alice", text)
    assert [(x.party, x.kind.value) for x in sent.letters] == [("member:alice", "refusal")]


def test_somebody_else_at_that_address_does_nothing_and_is_shown_in_its_turn() -> None:
    room = Room()
    item = room.aside()
    room.later(seconds=1)
    sent = room.say("alice", f"/drop {item.number}", sender="eve@eve.example")
    assert sent.letters == ()
    assert room.room.shelf.settled[item.mail] == "quarantined"
    other = item_of(sent)
    assert f"Number {other.number}" in room.told(hours=1)["bob"]


def test_a_bounce_of_it_tells_nobody_who_may_not_know() -> None:
    room = Room()
    room.aside(to="conduct+not-bob@example.org")
    (letter, _) = room.later(seconds=1)
    header = "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n"
    sent = room.room.send("mailer@alice.example", letter.return_path, "gone", header=header)
    assert {x.party for x in sent.letters} == {"member:carol"}


ELSEWHERE = ("olga@outside.example", "pat@outside.example")


def nobody_may_know(*handles: str, **policy: Any) -> Room:
    return Room(
        *(handles or ("alice", "bob")), escalate_to=tuple(map(Address, ELSEWHERE)), **policy
    )


ALL = "conduct+not-alice+not-bob@example.org"


def test_what_no_member_may_know_of_is_told_outside_once_without_its_contents() -> None:
    room = nobody_may_know()
    item = room.aside(to=ALL)
    letters = room.later(hours=1)
    assert sorted(x.to for x in letters) == sorted(ELSEWHERE)
    for letter in letters:
        told = text_of(letter)
        assert f"cocmail quarantine show {item.mail}" in told
        assert "slur" not in told
        assert RAE not in told
    assert not room.later(days=30)
    room.aside("And another thing.", to=ALL)
    assert len(room.later(hours=2)) == len(ELSEWHERE)


def test_a_flood_of_such_mail_is_told_of_in_one_mail_an_hour() -> None:
    room = nobody_may_know()
    room.aside(to=ALL)
    room.later(minutes=1)
    for number in range(9):
        room.aside(f"{INSULT} {number}", to=ALL)
    assert len(room.later(hours=2)) == len(ELSEWHERE)


def test_where_a_member_may_know_of_it_nobody_outside_does() -> None:
    room = nobody_may_know("alice", "bob", "carol")
    room.aside(to=ALL)
    assert [*room.told(days=3)] == ["carol"]


def test_who_wrote_it_or_stands_in_it_is_not_told_outside() -> None:
    room = nobody_may_know()
    room.aside(f"It was {ELSEWHERE[1]}.", to=ALL)
    assert {x.to for x in room.later(hours=1)} == {ELSEWHERE[0]}
    room = nobody_may_know()
    room.aside(sender=ELSEWHERE[0], to=ALL)
    assert {x.to for x in room.later(hours=1)} == {ELSEWHERE[1]}


def test_one_that_waits_for_others_is_told_to_nobody() -> None:
    room = nobody_may_know()
    room.aside(f"keep this until others report\nabout: {MALLORY}")
    assert not room.later(days=2)


def test_one_that_cannot_be_read_is_told_outside_too() -> None:
    room = nobody_may_know()
    item = room.unread(f"To: {ALL}\nX: {ELSEWHERE[1]}\n\nx".encode())
    (letter,) = room.later(hours=1)
    assert letter.to == ELSEWHERE[0]
    assert item.mail in text_of(letter)


def test_an_answer_from_outside_tells_no_member() -> None:
    room = nobody_may_know()
    room.aside(to=ALL)
    room.later(hours=1)
    before = len(room.room.shelf.letters)
    to = room.room.address(room.record, "member:escalate_to")
    for sender in (ELSEWHERE[0], RAE, member("alice").addresses[0]):
        room.room.send(sender, to, "What is this about?")
    assert not room.later(days=3)
    assert len(room.room.shelf.letters) == before


def test_who_was_taken_off_the_list_meanwhile_is_not_told() -> None:
    room = nobody_may_know()
    room.aside(to=ALL)
    room.room.policy = replace(room.room.policy, escalate_to=())
    assert not room.later(hours=1)


# -- nobody is left who may know of it -------------------------------------------------------------


def test_what_nobody_is_left_to_see_is_told_to_whom_the_committee_has_now() -> None:
    """Promises 1 and 3."""
    room = Room("alice", "bob", "carol")
    item = room.aside("It was Dave Quillfeather.", to="conduct+not-bob@example.org")
    room.now_are("bob", "dave", "erin")
    told = room.told(hours=1)
    assert set(told) == {"erin"}
    assert f"Number {item.number}" in told["erin"]
    aside = room.room.shelf.cases[room.record].quarantine
    assert [aside.of(handle) for handle in ("bob", "dave")] == [(), ()]
    room.say("erin", f"/accept {item.number}")
    assert room.room.shelf.settled[item.mail] == RELEASED


def test_while_one_is_left_who_may_know_nobody_else_hears() -> None:
    room = Room("alice", "bob")
    room.aside()
    room.now_are("bob", "erin")
    assert set(room.told(days=2)) == {"bob"}


def test_where_none_of_those_who_came_may_know_it_is_told_outside() -> None:
    room = Room("alice", "bob")
    item = room.aside(to="conduct+not-bob@example.org")
    room.later(hours=1)
    room.now_are("bob", escalate_to=tuple(map(Address, ELSEWHERE)))
    letters = room.later(days=1)
    assert sorted(x.to for x in letters) == sorted(ELSEWHERE)
    assert all(item.mail in text_of(x) for x in letters)


def test_what_nobody_could_know_of_is_told_once_somebody_may() -> None:
    room = Room("alice", "bob")
    item = room.aside(to=ALL)
    assert room.told(days=2) == {}
    with capture_logs() as said:
        room.now_are("alice", "bob")
    assert said == [
        {"event": "nobody may know of mail that is set aside", "mails": 1, "log_level": "warning"}
    ]
    room.now_are("alice", "bob", "carol")
    assert set(room.told(hours=1)) == {"carol"}
    assert room.room.shelf.cases[room.record].quarantine.of("alice") == ()
    room.say("carol", f"/drop {item.number}")
    assert room.room.shelf.settled[item.mail] == "dropped"


def test_what_nobody_could_know_of_is_told_outside_once_there_is_somebody() -> None:
    room = Room("alice", "bob")
    room.aside(f"It was {ELSEWHERE[1]}.", to=ALL)
    room.now_are("alice", "bob", escalate_to=tuple(map(Address, ELSEWHERE)))
    assert [x.to for x in room.later(hours=1)] == [ELSEWHERE[0]]


def test_whose_mailbox_is_taken_for_stolen_is_nobody_who_sees_it() -> None:
    room = Room("alice", "bob", "carol")
    case = room.house.report(RAE, "Something")
    room.aside(to="conduct+not-bob+not-carol@example.org")
    room.later(seconds=1)
    room.house.say("bob", case, "/lock alice")
    room.now_are("alice", "bob", "carol", "erin")
    assert set(room.told(hours=1)) == {"erin"}


def test_what_keeps_out_somebody_who_went_waits_until_a_report_would_be_read() -> None:
    """Nobody knows any more whom it means."""
    room = Room("alice", "zoe")
    room.aside(to="conduct+not-zoe@example.org")
    room.now_are("erin")
    assert room.told(hours=23) == {}
    assert set(room.told(hours=2)) == {"erin"}


def test_what_waits_for_others_still_waits_whoever_came() -> None:
    room = Room("alice")
    room.aside(f"keep this until others report\nabout: {MALLORY}")
    room.now_are("erin", escalate_to=tuple(map(Address, ELSEWHERE)))
    assert room.later(days=2) == []


def test_of_a_mail_that_is_too_large_those_hear_who_may_by_its_beginning() -> None:
    """Promises 1 and 3."""
    room = Room("alice", "bob", "carol", "dave")
    head = f"From: {RAE}\r\nTo: conduct+not-bob@example.org\r\nSubject: carol did it\r\n\r\n"
    waiting = Waiting(
        id="large", raw=f"{head}{INSULT}".encode(), road="left", recipients=(), return_path=None,
        junk=False, received=room.room.now, attempts=0,
    )  # fmt: skip
    room.room.shelf.mails["large"] = waiting
    at_once(room.room.intake._handle(waiting))
    told = room.told(seconds=1)
    assert set(told) == {"alice", "dave"}
    for text in told.values():
        assert "It is larger than 64 MB and still lies in the mailbox" in text
        assert "slur" not in text
    room.room.shelf.settled["large"] = "quarantined"
    room.now_are("erin", "carol")
    assert set(room.told(days=1, hours=1)) == {"erin"}
    (item,) = room.room.shelf.cases[room.record].quarantine.of("erin")
    room.say("erin", f"/accept {item.number}")
    assert "could not make a case" in room.house.refused()


LONG = f"X-Long: {'x' * 9_000}\r\n"  # for a line of a header


def test_an_unread_mail_s_names_count_for_whoever_came() -> None:
    room = Room("alice")
    item = room.unread(
        f"From: {RAE}\r\nTo: {COMMUNITY}\r\nSubject: about bob\r\n{LONG}\r\nx".encode()
    )
    room.now_are("bob", "erin")
    assert room.told(hours=1).keys() == {"erin"}
    assert room.room.shelf.cases[room.record].quarantine.of("bob") == ()
    assert item.number


def test_who_came_is_not_shown_what_came_to_a_case_that_they_are_not_in() -> None:
    """Promise 3."""
    room = Room("alice", "bob")
    case = room.house.report(RAE, "Something")
    room.house.say("bob", case, "/recuse")
    to = room.room.address(case, "reporter:1")
    room.unread(f"From: {RAE}\r\nTo: {to}\r\n{LONG}\r\nx".encode())
    room.later(seconds=1)
    room.now_are("bob")
    assert room.room.shelf.cases[room.record].quarantine.of("bob") == ()
    assert room.told(days=2) == {}


# -- what has a machine's mark and may be a person's ---------------------------------------------

CLEAR = replace(SPAM, set_aside="")
PERHAPS = {
    "through a list": ("List-Id: <conduct.groups.example>\r\nPrecedence: list\r\n", RAE),
    "in bulk": ("Precedence: bulk\r\n", RAE),
    "from a form": ("Auto-Submitted: auto-generated\r\n", "Form <wordpress@club.example>"),
    "from a form's address": ("", "Form <noreply@forms.example>"),
    "sent on": ("X-Loop: rae@alumni.example\r\n", RAE),
    "a subject": ("Subject: Failure notice\r\n", RAE),
    "no way back, as a mailbox's rule sends it on": ("Return-Path: <>\r\n", RAE),
    "a letter of ours sent on": ("Auto-Submitted: auto-generated\r\nCocmail-Kind: alert\r\n", RAE),
    "a list of nobody": ("X-Failed-Recipients:\r\n", RAE),
    "a name with a server's in it": ("", "fan.of.mailer-daemon@rae.example"),
    "a subject in words of one's own": ("Subject: Out of Office until Monday\r\n", RAE),
}
SURELY = {
    "a reply": ("Auto-Submitted: auto-replied\r\nList-Id: <dev.lists.example>\r\n", RAE),
    "no way back": ("Return-Path: <>\r\nPrecedence: bulk\r\n", RAE),
    "an old reply": ("Precedence: auto_reply\r\n", RAE),
    "a mail server": ("Subject: Failure notice\r\n", "MAILER-DAEMON@mx.example.net"),
}


@pytest.mark.parametrize("mark", PERHAPS)
def test_a_report_with_a_machine_s_mark_is_seen_by_people_and_answered_by_nobody(mark: str) -> None:
    """Promises 1 and 11."""
    room, (header, sender) = Room(), PERHAPS[mark]
    item = room.aside(sender=sender, header=header, judgement=CLEAR)
    assert room.later(hours=23) == [], "it disturbs nobody"
    told = room.told(hours=1)
    assert set(told) == {"alice", "bob", "carol"}
    assert all(f"Number {item.number}" in text for text in told.values())
    assert all("A person may have written it" in text for text in told.values())
    room.say("bob", f"/accept {item.number}")
    again = room.room.send(sender, COMMUNITY, INSULT, header=header, road=RELEASED)
    assert {(x.party, x.kind.value) for x in again.letters} == {
        (f"member:{handle}", "report") for handle in ("alice", "bob", "carol")
    }
    assert all("wasn't told that it arrived" in text_of(x) for x in again.letters)


@pytest.mark.parametrize("mark", SURELY)
def test_what_only_a_machine_writes_is_filed(mark: str) -> None:
    room, (header, sender) = Room(), SURELY[mark]
    sent = room.room.send(sender, COMMUNITY, INSULT, header=header)
    assert room.room.shelf.settled[sent.id] == "filed"
    assert room.later(days=3) == []


def test_what_speaks_of_danger_is_told_at_once_whoever_seems_to_say_it() -> None:
    room = Room()
    danger = replace(CLEAR, urgent="It speaks of danger.")
    room.aside("He will kill me.", sender="noreply@forms.example", judgement=danger)
    assert set(room.told(seconds=1)) == {"alice", "bob", "carol"}


def test_who_is_left_out_does_not_hear_of_one_that_came_through_a_list() -> None:
    """Promise 3."""
    room = Room()
    header = PERHAPS["through a list"][0]
    room.aside(to="conduct+not-bob@example.org", header=header, judgement=CLEAR)
    assert set(room.told(days=1)) == {"alice", "carol"}


def test_whom_its_case_kept_out_for_a_while_hears_of_it_where_nobody_else_may() -> None:
    """Promise 1."""
    room = Room()
    room.now_are("alice", "bob", "carol")
    case = room.house.report(RAE, "Something")
    to = room.room.address(case, "reporter:1")
    item = room.unread(f"From: {RAE}\r\nTo: {to}\r\n\r\nx".encode())
    everybody = ("alice", "bob", "carol")
    asked = e.Provisional(handles=everybody, why="who-was-meant", until=None)
    at_once(room.room.shelf.record(case, [asked]))
    assert room.told(minutes=1) == {}
    at_once(room.room.unseen.look())
    at_once(room.room.shelf.record(case, [e.Released(handles=everybody)]))
    assert room.told(hours=1) == {}
    at_once(room.room.unseen.look())
    told = room.told(minutes=1)
    assert set(told) == {*everybody}
    assert all(f"Number {item.number}" in text for text in told.values())
