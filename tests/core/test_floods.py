"""Who floods us is stored and not answered, and takes nobody else's share."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from cocmail import servers
from cocmail.config import parse
from cocmail.config.sample import sample
from cocmail.core.calendar import fall_due
from cocmail.core.case import Case
from cocmail.core.committee import COMMITTEE
from cocmail.core.floods import (
    DAY,
    HOUR,
    SAME_WORDS,
    Key,
    Rates,
    counted,
    remembered,
    to_a_reply_address,
    to_the_public,
    words,
)
from cocmail.core.mail import Mail, read
from cocmail.core.people import Address
from cocmail.core.returned import RETURN
from cocmail.core.rows import dues
from cocmail.core.threads import destination
from cocmail.core.verification import UNPROVED
from cocmail.loops.pace import Pace
from cocmail.loops.placing import in_case
from cocmail.ports import Found, Waiting
from tests.core.house import House
from tests.promises.kit import World, text_of
from tests.promises.play.room import COMMUNITY, at_once

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RATES = Rates(sender=4, domain=8, everybody=16)
ONE, OTHER = Address("one@example.net"), Address("other@example.net")


class Gate:
    def __init__(self, rates: Rates = RATES) -> None:
        self.rates, self.now = rates, NOW
        self.levels: dict[Key, datetime] = {}

    def lets_in(self, sender: Address | None, *, proved: bool = False) -> bool:
        limits = to_the_public(self.rates, sender, proved=proved)
        why, changed = counted(self.levels, limits, self.now)
        self.levels |= changed
        return not why


def test_so_many_at_once_and_then_one_now_and_then() -> None:
    gate = Gate()
    assert [gate.lets_in(ONE) for _ in range(6)] == [True] * 4 + [False] * 2
    gate.now += HOUR / 4
    assert [gate.lets_in(ONE) for _ in range(2)] == [True, False]
    gate.now += HOUR
    assert [gate.lets_in(ONE) for _ in range(5)] == [True] * 4 + [False]


def test_a_flood_takes_nobody_else_s_share() -> None:
    gate = Gate()
    for _ in range(1000):
        gate.lets_in(ONE)
    assert gate.lets_in(OTHER)


def test_a_tag_is_no_other_sender() -> None:
    gate = Gate()
    assert sum(gate.lets_in(Address(f"one+{n}@example.net")) for n in range(9)) == 4


def test_nobody_is_silenced_in_their_own_name() -> None:
    gate = Gate()
    for n in range(1000):
        gate.lets_in(ONE)
        gate.lets_in(Address(f"n{n}@n{n}.example"))
    assert not gate.lets_in(ONE)
    assert gate.lets_in(ONE, proved=True)


def test_a_reply_address_counts_by_itself() -> None:
    gate = Gate()
    while gate.lets_in(ONE):
        pass
    for token, fits in (("one", 4), ("other", 4)):
        let_in = 0
        for _ in range(6):
            why, changed = counted(
                gate.levels, to_a_reply_address(RATES, token, ONE, proved=False), NOW
            )
            gate.levels |= changed
            let_in += not why
        assert let_in == fits


def one_too_many(
    house: House, number: int, sender: str, to: str, text: str = "", header: str = ""
) -> str:
    """Why the mail with this number is; without a text it says something that no other says."""
    examiner = house.room.intake._examiner
    examiner._clock = SimpleNamespace(now=lambda: house.room.now)
    to = to.replace("+?", f"+{number:026}".translate(str.maketrans("01", "ab")))
    text = text or "".join(chr(ord("a") + int(digit)) for digit in str(number))
    raw = f"From: {sender}\r\nTo: {to}\r\n{header}\r\n{text}\r\n".encode()
    mail = read(raw)
    waiting = Waiting(
        id=f"m{number}", raw=raw, road="lmtp", recipients=(), return_path=None, junk=False,
        received=house.room.now, attempts=1,
    )  # fmt: skip
    found = at_once(examiner._made(destination(mail, (), COMMUNITY, "+")))
    return at_once(examiner._flood(waiting, mail, UNPROVED, found))


def test_an_invented_reply_address_counts_as_the_public_one() -> None:
    house = House()
    case = house.report("rae@reporter.example", "Something")
    reply = house.room.address(case, "reporter:1")
    alice = house.room.address(case, "member:alice")

    def let_in(sender: str, *to: str, text: str = "") -> int:
        house.room.intake._examiner._pace = Pace(Rates())
        return sum(
            not one_too_many(house, number, sender, ", ".join(to), text) for number in range(50)
        )

    share, invented = Rates().sender, "conduct+?@example.org"
    assert let_in("victim@elsewhere.example", invented) == share
    assert let_in("alice@alice.example", invented) == share
    assert let_in("alice@alice.example", reply) == share
    assert let_in("alice@alice.example", alice) == Rates().member
    assert let_in("alice@alice.example", alice, text="/status") == 50
    assert let_in("alice@alice.example", alice, text="The same.") == 6
    assert let_in("rae@reporter.example", reply) == share
    assert let_in("rae@reporter.example", invented, reply) == share


def test_who_opened_many_cases_has_two_cases_shares_for_all_of_them() -> None:
    """Whoever signs could have twenty, and send each member four hundred copies an hour."""
    house = House()
    eve, rae = "eve@evil.example", "rae@reporter.example"
    cases = [house.report(eve, f"Something else, {'x' * n}") for n in range(4)]
    to = [house.room.address(case, "reporter:1") for case in cases]
    own = house.room.address(house.report(rae, "Something"), "reporter:1")
    rates = Rates()
    house.room.intake._examiner._pace = Pace(rates)
    comes = [one_too_many(house, n, eve, to[n % 4]) for n in range(80)]
    assert sum(not why for why in comes) == 2 * rates.sender
    assert sum(not one_too_many(house, 100 + n, rae, own) for n in range(30)) == rates.sender
    gate, let_in = Gate(rates), 0
    for n in range(24 * 60):  # and over a day six, where they take their time
        limits = to_a_reply_address(rates, f"case{n % 20}", ONE, proved=True)
        why, changed = counted(gate.levels, limits, gate.now)
        gate.levels |= changed
        gate.now += HOUR / 60
        let_in += not why
    assert let_in <= 2 * 6 * rates.sender
    # Who writes unsigned in somebody's name, to whatever addresses they know, takes nothing.
    gate = Gate(rates)
    for n in range(200):
        limits = to_a_reply_address(rates, f"case{n}", ONE, proved=False)
        gate.levels |= counted(gate.levels, limits, NOW)[1]
    assert not counted(gate.levels, to_a_reply_address(rates, "own", ONE, proved=True), NOW)[0]


def test_a_domain_and_all_together_have_twice_as_much_into_cases_as_to_the_public() -> None:
    gate = Gate(replace(RATES, sender=40))

    def let_in(senders: list[str], *, proved: bool = True) -> int:
        count = 0
        for n, sender in enumerate(senders):
            limits = to_a_reply_address(
                gate.rates, f"case{n}/{sender}", Address(sender), proved=proved
            )
            why, changed = counted(gate.levels, limits, gate.now)
            gate.levels |= changed
            count += not why
        return count

    many = [f"m{n}@big.example" for n in range(40)]
    assert let_in(many) == 2 * RATES.domain
    assert not counted(gate.levels, to_the_public(RATES, Address(many[0]), proved=True), NOW)[0], (
        "a new report counts for itself"
    )
    every = [f"m@small{n}.example" for n in range(40)]
    assert let_in(every) == 2 * RATES.everybody - 2 * RATES.domain
    assert let_in(every, proved=False) == 2 * RATES.everybody, "who signs counts apart"
    gate = Gate(replace(RATES, sender=40))
    assert let_in(many[:1] * 40) == RATES.domain, "half is for the others there"
    assert let_in(many[1:2]) == 1


RECEIPT = "Thank you. We received your request and will answer soon."


def test_a_program_with_a_new_name_for_each_mail_is_answered_no_more() -> None:
    """An unmarked ticket desk, that answers each receipt of ours with one of its own."""
    house = House()
    case = house.report("case-0@desk.example", "Something")
    party, answered = "reporter:1", 0
    for number in range(1, 13):
        sender, to = f"case-{number}@desk.example", house.room.address(case, party)
        text = f"[case {number}] {RECEIPT}"
        flood = one_too_many(house, number, sender, to, text)
        sent = house.room.send(sender, to, text, flood=flood)
        assert house.case(case).asides[-1].mail.mail == sent.id, "it is kept in the case"
        receipts = [letter for letter in sent.letters if letter.kind == "acknowledgement"]
        if receipts:
            answered, party = answered + 1, receipts[0].party
        house.later(minutes=5)
    assert answered == Rates().same


def test_a_stranger_at_a_reply_address_counts_as_mail_to_the_public_does() -> None:
    """Nobody with one reply address and a domain has more than the domain's share; and they take
    nothing from the one whom it was made for."""
    house = House()
    case = house.report("rae@reporter.example", "Something")
    reply = house.room.address(case, "reporter:1")
    alice = house.room.address(case, "member:alice")

    def let_in(*senders: str, to: str = reply, text: str = "", begin: int = 0) -> int:
        tries = enumerate(senders, start=begin)
        return sum(not one_too_many(house, n, one, to, text) for n, one in tries)

    rates = Rates()
    for address in (reply, alice):
        house.room.intake._examiner._pace = Pace(rates)
        assert let_in(*(f"a{n}@evil.example" for n in range(200)), to=address) == rates.domain
        invented = [f"a@evil{n}.example" for n in range(300)]
        assert let_in(*invented, to=address, begin=200) == rates.everybody - rates.domain
        same = (f"b@evil{n}.example" for n in range(9))
        house.room.intake._examiner._pace = Pace(rates)
        assert let_in(*same, to=address, text=RECEIPT) == rates.same
        own = ["rae@reporter.example"] * 50
        assert let_in(*own[:9], begin=1000, text=RECEIPT) == rates.same
        assert let_in(*own, begin=2000) == rates.sender - rates.same


def test_what_comes_back_of_a_letter_is_no_stranger_s() -> None:
    """It counts by itself, and takes nothing from mail to the public."""
    house = House()
    case = house.report("rae@reporter.example", "Something")
    path = house.room.address(case, "reporter:1", purpose=RETURN)
    comes = [one_too_many(house, n, f"d{n}@mail.example", path) for n in range(30)]
    assert sum(not why for why in comes) == Rates().sender


def test_a_mail_of_a_flood_stays_one_when_it_is_tried_again() -> None:
    """And one that isn't is counted once, however often the store was away."""
    house = House()
    examiner = house.room.intake._examiner
    examiner._clock = SimpleNamespace(now=lambda: house.room.now)

    def why(number: int, attempts: int) -> str:
        text = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        raw = f"From: eve@elsewhere.example\r\nTo: {COMMUNITY}\r\n\r\n{text}\r\n".encode()
        mail = read(raw)
        waiting = Waiting(
            id=f"m{number}", raw=raw, road="lmtp", recipients=(), return_path=None, junk=False,
            received=house.room.now, attempts=attempts,
        )  # fmt: skip
        return at_once(examiner._flood(waiting, mail, UNPROVED, ()))

    share = Rates().sender
    for attempts in (1, 2, 3):
        assert [bool(why(n, attempts)) for n in range(share + 5)] == [False] * share + [True] * 5
    examiner._pace = Pace(Rates())  # the daemon started anew
    assert sum(not why(n, 4) for n in range(share + 5)) == share


def test_a_few_accounts_do_not_silence_all_others_of_their_provider() -> None:
    """Not in an hour, and not over a day, whether they hurry or not."""
    few = [Address(f"eve{n}@example.net") for n in range(5)]
    for pause in (timedelta(), HOUR / 60, HOUR / 20, HOUR / 2.5):
        gate = Gate(Rates())
        until = gate.now + timedelta(hours=23)
        tries = 0
        while gate.now < until and tries < 1_000:
            for one in few:
                gate.lets_in(one, proved=True)
                tries += 1
            gate.now += pause
        assert (
            sum(gate.lets_in(Address(f"n{n}@example.net"), proved=True) for n in range(200)) >= 45
        )


def test_who_wrote_that_day_leaves_half_to_those_who_did_not() -> None:
    gate = Gate(Rates(sender=50, domain=8, everybody=1000))
    assert sum(gate.lets_in(ONE) for _ in range(20)) == 4
    assert [gate.lets_in(Address(f"n{n}@example.net")) for n in range(5)] == [True] * 4 + [False]
    gate.now += HOUR / 8
    assert not gate.lets_in(ONE)
    assert gate.lets_in(OTHER)
    gate.now += DAY
    assert sum(gate.lets_in(ONE) for _ in range(20)) == 4
    gate = Gate(Rates(sender=50, domain=1, everybody=1000))  # half of one is one
    assert [gate.lets_in(ONE) for _ in range(2)] == [True, False]
    gate.now += 6 * HOUR
    assert gate.lets_in(ONE)


def test_the_owner_of_a_domain_has_one_share_whatever_they_invent() -> None:
    """As the daemon counts."""
    gate = Gate(servers.rates(parse(sample(), Path("cocmail.toml"))))
    invented = [f"a{n}@n{n}.evil.example.co.uk" for n in range(80)]
    invented += [f"b{n}@xn--bcher-kva.n{n}.evil.example.co.uk" for n in range(80)]
    assert sum(gate.lets_in(Address(one), proved=True) for one in invented) == 100
    provider = [f"a@n{n}.github.io" for n in range(120)]  # each is somebody else's
    assert sum(gate.lets_in(Address(one), proved=True) for one in provider) == 120


def test_a_mailbox_in_many_spellings_is_one_sender() -> None:
    gate = Gate(Rates(sender=4, domain=1000, everybody=1000))
    spelled = ["ev.e@gmail.com", "e.ve@gmail.com", "eve@googlemail.com", "EVE+1@gmail.com"] * 2
    assert sum(gate.lets_in(Address(one.lower()), proved=True) for one in spelled) == 4


def test_a_domain_and_all_together_are_bounded() -> None:
    gate = Gate()
    assert sum(gate.lets_in(Address(f"a{n}@example.net")) for n in range(50)) == 8
    gate = Gate()
    assert sum(gate.lets_in(Address(f"a@n{n}.example")) for n in range(50)) == 16
    assert not gate.lets_in(None)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1800)), max_size=60))
def test_never_more_than_twice_the_rate_in_an_hour(comes: list[tuple[str, int]]) -> None:
    gate = Gate(Rates(sender=3, domain=100, everybody=100))
    let_in: dict[str, list[datetime]] = {"a": [], "b": []}
    for who, seconds in comes:
        gate.now += timedelta(seconds=seconds)
        if gate.lets_in(Address(f"{who}@example.net")):
            let_in[who].append(gate.now)
        gate.levels = remembered(gate.levels, gate.now)
    for times in let_in.values():
        assert all(sum(at <= one < at + HOUR for one in times) <= 6 for at in times)


def test_the_same_words_stop_being_answered() -> None:
    """Two programs that answer each other without any mark, however slowly."""
    levels: dict[Key, datetime] = {}
    for said, now, let_in in (
        ("I am away", NOW, 3),
        ("I am away", NOW + timedelta(hours=4), 0),
        ("Something else", NOW, 3),
        ("I am away", NOW + timedelta(hours=9), 1),
    ):
        fits = 0
        for n in range(9):
            mail = written(f"> You wrote {n}\n\n{said},  until {n} May.\n", f"Re: {n}")
            limits = to_the_public(Rates(), ONE, proved=False, said=words(mail))
            why, changed = counted(levels, limits, now)
            levels |= changed
            fits += not why
            assert why in ("", SAME_WORDS)
        assert fits == let_in, said


def written(text: str, subject: str, header: str = "") -> Mail:
    raw = f"From: {ONE}\r\nSubject: {subject}\r\n{header}\r\n" + text.replace("\n", "\r\n")
    mail = read(raw.encode())
    assert isinstance(mail, Mail)
    return mail


def test_where_there_are_no_words_the_subject_counts() -> None:
    same = words(written("> quoted\n", "Away 1"))
    assert same == words(written("", "Re: away 2")) != words(written("", "Back"))


MIXED = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'


def with_file(text: str, content_type: str, data: str, name: str) -> str:
    """The body of a mail with something attached."""
    return (
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\nContent-Type: {content_type}\r\n"
        f"Content-Disposition: attachment; filename={name}\r\n\r\n{data}\r\n--b--\r\n"
    )


def test_photos_that_come_one_a_mail_are_no_program_s() -> None:
    """Promise 1: a phone writes the same below each, and the subject is the file's name."""
    house = House()
    case = house.report("rae@reporter.example", "Something")
    rae, alice = "rae@reporter.example", "alice@alice.example"
    of_rae = house.room.address(case, "reporter:1")
    of_alice = house.room.address(case, "member:alice")
    photos = [
        with_file("Sent from my iPhone", "image/jpeg", f"photo {n}", f"IMG_{n}.jpg")
        for n in range(12)
    ]
    for number, (sender, to, fits) in enumerate(
        [(rae, COMMUNITY, 3), (rae, of_rae, 3), (alice, of_alice, 6)]
    ):
        house.room.intake._examiner._pace = Pace(Rates())
        begin = 100 * number
        for n, photo in enumerate(photos, start=begin):
            assert not one_too_many(house, n, sender, to, photo, MIXED), "each is another one"
        same = [
            one_too_many(house, n, sender, to, photos[0], MIXED)
            for n in range(begin + 50, begin + 58)
        ]
        assert same == [""] * (fits - 1) + [SAME_WORDS] * (9 - fits), "a logo, say"


def test_what_programs_attach_anew_each_time_makes_no_other_words() -> None:
    """Promise 11: a gateway's signature, a report of its own, and the text's other form."""

    def said(n: int, content_type: str) -> str:
        return words(written(with_file("Away.", content_type, f"n{n}", "x"), "Re: hello", MIXED))

    for content_type in ("application/pkcs7-signature", "message/delivery-status"):
        assert said(1, content_type) == said(2, content_type)
    assert said(1, "application/pdf") != said(2, "application/pdf")
    alternative = MIXED.replace("mixed", "alternative")

    def in_two_forms(link: str) -> str:
        page = f"<p>Away.</p><a href='https://away.example/{link}'>.</a>"
        text = f"--b\n\nAway.\n--b\nContent-Type: text/html\n\n{page}\n--b--\n"
        mail = written(text, "Re: hello", alternative)
        assert [one.form for one in mail.attachments] == [True]
        return words(mail)

    assert in_two_forms("a") == in_two_forms("b")


def test_what_differs_each_time_is_bounded_by_the_day() -> None:
    gate = Gate(Rates())
    let_in = 0
    for _ in range(24 * 20):  # a turn each three minutes, which an hour's rate lets pass
        let_in += gate.lets_in(ONE)
        gate.now += timedelta(minutes=3)
    assert let_in <= 2 * 3 * 20


def test_a_members_program_gets_no_refusal_over_and_over() -> None:
    world = World()
    world.report()
    for text, case in (
        ("I am away.\n\n/status\n", world.case),  # it repeats a line of ours
        ("I am away.", Case(id=COMMITTEE)),  # an answer to a digest
    ):
        mail = world.mail("alice@alice.example", world.address("member:alice"), text)
        found = Found(case=case.id, party="member:alice", purpose="reply")
        incoming = world.incoming(mail, purpose="reply")
        (once,) = in_case(case, world.setting(), incoming, found).letters
        assert once.kind == "refusal"
        again = in_case(case, world.setting(), replace(incoming, flood=SAME_WORDS), found)
        assert (again.letters, again.settled) == ((), "filed")


def test_what_a_member_writes_beyond_comes_in_one_mail_too() -> None:
    world = World()
    world.report()
    flooded(world, "member:alice", "It goes on.")
    world.now += HOUR
    before = len(world.letters)
    world.take(fall_due(world.case, world.setting(), "pass-on", ""))
    assert "It goes on." in text_of(world.to("member:bob", "message")[-1])
    assert len(world.letters) > before


def flooded(world: World, party: str, text: str) -> None:
    """A mail through this party's reply address that is one of too many."""
    role, _, name = party.partition(":")
    outside = role != "member"
    known = world.case.parties[party].addresses[0] if outside else f"{name}@{name}.example"
    mail = world.mail(str(known), world.address(party), text)
    incoming = replace(world.incoming(mail, purpose="reply"), flood="More came.")
    found = Found(case=world.case.id, party=party, purpose="reply")
    world.take(in_case(world.case, world.setting(), incoming, found))


def test_what_an_outsider_writes_beyond_comes_in_one_mail_an_hour() -> None:
    world = World()
    world.report()
    before = len(world.letters)
    for n in range(30):
        flooded(world, "reporter:1", f"It goes on, {n:02}. " + "word " * 1000)
    assert len(world.letters) == before, "no copy, no receipt"
    world.now += timedelta(minutes=59)
    assert not [d for d in dues(world.case) if d.what == "pass-on" and d.at <= world.now]
    shown: list[str] = []
    mails = 0
    while due := [d for d in dues(world.case) if d.what == "pass-on"]:
        world.now = due[0].at
        before = len(world.to("member:alice", "message"))
        world.take(fall_due(world.case, world.setting(), "pass-on", ""))
        (mail,) = world.to("member:alice", "message")[before:]
        mails += 1
        shown += re.findall(r"It goes on, (\d\d)\.", text_of(mail))
    assert shown == [f"{n:02}" for n in range(30)], "all of it, once, in its order"
    assert 2 <= mails <= 5
    # What comes when it is over is passed on as ever.
    world.write("reporter:1", "One more thing")
    assert "One more thing" in text_of(world.to("member:alice", "message")[-1])


def test_who_is_kept_out_of_the_case_is_not_shown_what_waited() -> None:
    world = World()
    world.report()
    flooded(world, "reporter:1", "It was bob")
    world.say("bob", "/recuse")
    world.now += HOUR
    world.take(fall_due(world.case, world.setting(), "pass-on", ""))
    assert "It was bob" in text_of(world.to("member:alice", "message")[-1])
    assert not any("It was bob" in text_of(m) for m in world.to("member:bob"))


def test_a_stranger_s_flood_is_answered_by_nobody() -> None:
    """Members see one, when none came for an hour; the others wait for one mail."""
    world = World()
    world.report()

    def comes(text: str) -> list[str]:
        before = len(world.letters)
        mail = world.mail("stranger@flood.example", world.address("reporter:1"), text)
        incoming = replace(world.incoming(mail, purpose="reply"), flood="More came.")
        found = Found(case=world.case.id, party="reporter:1", purpose="reply")
        result = world.take(in_case(world.case, world.setting(), incoming, found))
        assert result.settled == "quarantined"
        assert text in world.case.asides[-1].mail.text
        return sorted(letter.party for letter in world.letters[before:])

    members = [f"member:{handle}" for handle in ("alice", "bob", "carol")]
    assert comes("Let me in") == members
    assert comes("Now") == []
    world.now += HOUR
    assert comes("Please") == members


def test_of_a_stranger_s_flood_each_member_is_told_in_one_mail_an_hour() -> None:
    world = World()
    world.report()
    strange(world, "This one is shown.")
    before = len(world.letters)
    for n in range(30):
        strange(world, f"Let me in, {n:02}. " + "word " * 1000)
    strange(world, "It was Bob Example, and he is at my door.")
    assert len(world.letters) == before
    world.now += timedelta(minutes=59)
    assert not [d for d in dues(world.case) if d.what == TELL and d.at <= world.now]
    world.now += timedelta(minutes=1)
    assert [d.at for d in dues(world.case) if d.what == TELL] == [world.now]
    world.take(fall_due(world.case, world.setting(), TELL, ""))
    told = world.letters[before:]
    assert sorted(m.party for m in told) == ["member:alice", "member:bob", "member:carol"]
    for mail in told:
        text = text_of(mail)
        assert re.findall(r"Let me in, (\d\d)\.", text) == [f"{n:02}" for n in range(30)]
        assert ("he is at my door" in text) == (mail.party != "member:bob"), "it names him"
    assert not [d for d in dues(world.case) if d.what == TELL], "of each they are told once"
    strange(world, "This one is shown.")
    strange(world, "The next waits.")
    assert [d.at for d in dues(world.case) if d.what == TELL] == [world.now + HOUR]


def test_who_is_kept_out_is_not_told_of_what_was_set_aside() -> None:
    world = World()
    world.report()
    strange(world, "This one is shown.")
    strange(world, "Let me in.")
    world.say("bob", "/recuse")
    world.say("alice", "/status")
    world.now += HOUR
    world.take(fall_due(world.case, world.setting(), TELL, ""))
    assert "Let me in." in text_of(world.to("member:alice", "message")[-1])
    assert not any("Let me in." in text_of(m) for m in world.to("member:bob"))


def test_a_status_names_twenty_of_what_was_set_aside_and_counts_the_rest() -> None:
    world = World()
    world.report()
    for n in range(25):
        strange(world, f"Let me in, {n}.")
    world.say("alice", "/status")
    text = text_of(world.to("member:alice", "answer")[-1])
    shown = [int(number) for number in re.findall(r"Set aside, number (\d+)", text)]
    assert shown == [*range(1, 21)]
    assert "And 5 more are set aside, which stand here once these" in text


def test_what_was_dropped_meanwhile_is_not_told() -> None:
    world = World()
    world.report()
    strange(world, "This one is shown.")
    strange(world, "Let me in.")
    world.say("alice", "/drop 2")
    assert not [d for d in dues(world.case) if d.what == TELL]


def test_a_larger_flood_does_not_keep_the_rest_from_being_seen() -> None:
    world = World()
    world.report()
    strange(world, "This one is shown.")
    for n in range(203):
        strange(world, f"Let me in, {n:03}.")
    texts = []
    while due := [d for d in dues(world.case) if d.what == TELL]:
        world.now = due[0].at
        world.take(fall_due(world.case, world.setting(), TELL, ""))
        texts.append(text_of(world.to("member:alice", "message")[-1]))
    assert len(texts) == 2
    assert "3 more wait" in texts[0]
    assert len({*re.findall(r"Let me in, (\d{3})\.", "".join(texts))}) == 203


def test_one_s_flood_does_not_hide_what_another_writes_in_the_case() -> None:
    """Promise 1: members read in the first hour what the reporter wrote behind it."""
    world = World()
    world.report()
    world.say("alice", "/respondent mallory@mail.example")
    for n in range(50):
        flooded(world, "respondent:1", f"You will hear of me, {n:02}. " + "word " * 1_100)
    for n in range(6):
        flooded(world, "reporter:1", f"He is at my door, {n:02}. " + "word " * 500)
    texts = []
    while due := [d for d in dues(world.case) if d.what == "pass-on"]:
        world.now = due[0].at
        world.take(fall_due(world.case, world.setting(), "pass-on", ""))
        texts.append(text_of(world.to("member:alice", "message")[-1]))
    assert re.findall(r"door, (\d\d)\.", texts[0]) == [f"{n:02}" for n in range(6)]
    shown = [number for text in texts for number in re.findall(r"hear of me, (\d\d)\.", text)]
    assert shown == [f"{n:02}" for n in range(50)], "the others' in their order, each once"
    assert all(len(text) < 70_000 for text in texts)


def test_a_large_mail_of_each_is_in_the_first_one() -> None:
    """However long they are: who has fewer doesn't come first for days."""
    world = World()
    world.report()
    world.say("alice", "/respondent mallory@mail.example")
    for n in range(3):
        flooded(world, "respondent:1", f"You will hear of me, {n}. " + "word " * 15_000)
        flooded(world, "reporter:1", f"He is at my door, {n}. " + "word " * 15_000)
    for n in range(3):
        world.now += HOUR
        world.take(fall_due(world.case, world.setting(), "pass-on", ""))
        text = text_of(world.to("member:alice", "message")[-1])
        assert f"hear of me, {n}." in text
        assert f"at my door, {n}." in text
    assert not world.case.unpassed


def test_one_s_flood_does_not_hide_what_else_was_set_aside_in_the_case() -> None:
    """Whoever invents a name for each mail has one reply address; and there somebody who writes
    once comes before whoever wrote often."""
    world = World()
    world.report()
    world.say("alice", "/respondent mallory@mail.example")
    strange(world, "This one is shown.")
    for n in range(250):
        strange(world, "Let me in.", f"n{n}@flood.example", "respondent:1")
    strange(world, "I am the reporter's sister.", "sister@reporter.example")
    for _ in range(250):
        strange(world, "Let me in.")
    strange(world, "And I saw it too.", "witness@elsewhere.example")
    world.now += HOUR
    world.take(fall_due(world.case, world.setting(), TELL, ""))
    told = text_of(world.to("member:alice", "message")[-1])
    assert "I am the reporter's sister." in told
    assert "And I saw it too." in told
    assert told.count("Let me in.") == 198
    assert "302 more wait" in told


TELL = "tell-asides"


def strange(
    world: World, text: str, sender: str = "stranger@flood.example", party: str = "reporter:1"
) -> None:
    """A mail of somebody else's to this party's address that is one of too many."""
    mail = world.mail(sender, world.address(party), text)
    incoming = replace(world.incoming(mail, purpose="reply"), flood="More came.")
    found = Found(case=world.case.id, party=party, purpose="reply")
    world.take(in_case(world.case, world.setting(), incoming, found))
