"""Who is kept out of a case, by whom, and who is asked where too few are left."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cocmail.core import calendar, casework
from cocmail.core import events as e
from cocmail.core.enforcement import Observed
from cocmail.core.names import named_in_text
from cocmail.core.people import Address, Private, Roster
from cocmail.core.policy import Policy
from cocmail.core.rows import dues
from cocmail.core.threads import left_out
from cocmail.core.verification import Signature
from tests.core.house import House
from tests.core.named_check import rows, tried
from tests.promises import kit
from tests.promises.kit import COMMUNITY, MALLORY, World, member, text_of

ELDER = Address("elder@elsewhere.example")
OMBUD = Address("ombud@elsewhere.example")


def world(*members: str, **policy: Any) -> World:
    return World(members=members or ("alice", "bob", "carol"), policy=Policy(**policy))


def refused(w: World) -> str:
    assert w.last is not None
    (letter,) = [x for x in w.last.letters if x.kind == "refusal"]
    return text_of(letter)


def reached(w: World) -> set[str]:
    """Which members something of the last mail was written to."""
    return {p.partition(":")[2] for p, _ in w.told() if p.startswith("member:")}


# -- named in a report -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "It was Bob Example who wrote to me.",
        "It was bob  example\nwho wrote to me.",
        "Bob\nExample, at night",
        "BOB EXÁMPLE wrote",
        "He writes from bob@bob.example.",
        "He writes from <BOB@bob.example>",
        "He writes from bob+lists@bob.example.",
        "mailto:bob@bob.example?subject=x",
    ],
)
def test_a_member_whom_the_report_names_gets_nothing(text: str) -> None:
    w = world()
    w.report(text)
    assert reached(w) == {"alice", "carol"}
    assert "Left out, because the report names them: bob" in text_of(w.to("member:alice")[0])
    w.say("alice", "What shall we do?")
    assert "bob" not in reached(w)


@pytest.mark.parametrize(
    ("detail", "reads"),
    [
        ("+not-bob", {"alice", "carol"}),
        ("+not_bob", {"alice", "carol"}),
        ("+not--bob.", {"alice", "carol"}),
        ("+not\u2011bob", {"alice", "carol"}),  # as a page may break no line
        ("+not+bob", {"alice", "carol"}),
        ("+not-Bob.Surname", {"alice", "carol"}),
        ("+not-bob-carol", {"alice"}),
        ("+not-bob+carol", {"alice"}),
        ("+not-bob+escrow", set()),
        ("+not-bobby.tables", {"alice", "carol"}),
        ("+not-", set()),  # who was meant is asked
        ("+not", set()),
        ("+not-x-y", set()),
        ("+notbob", {"alice", "carol"}),
        ("+no-bob", {"alice", "carol"}),
        ("+nobob", {"alice", "carol"}),
        ("+no-bob-no-carol", {"alice"}),
        ("+nicht-bob", {"alice", "carol"}),
        ("+nichtbob", {"alice", "carol"}),
        ("+ohne-bob", {"alice", "carol"}),
        ("+ohne_bob+carol", {"alice"}),
        ("+without-bob", {"alice", "carol"}),
        ("+withoutbobandcarol", {"alice"}),
        ("+kein-bob", {"alice", "carol"}),
        ("+all-but-bob", {"alice", "carol"}),
        ("+everybody.except.bob", {"alice", "carol"}),
        ("+ohne-alice-bobb", {"carol"}),
        ("+note-bob", {"alice", "carol"}),
        ("+bob-not", set()),
        ("+no", set()),
        ("+nobody-else", set()),
        ("+ohne-боб", set()),
        ("+bob", {"alice", "bob", "carol"}),
        ("+butter", {"alice", "bob", "carol"}),
    ],
)
def test_however_it_is_written_whom_to_leave_out(detail: str, reads: set[str]) -> None:
    house = House()
    house.to_address(
        "Rae <rae@reporter.example>", COMMUNITY.replace("@", f"{detail}@"), "He hit me."
    )
    assert house.last is not None
    told = {x.party.partition(":")[2] for x in house.last.letters if x.party.startswith("member:")}
    assert told == reads


def test_so_it_is_where_a_hyphen_delimits() -> None:
    at = [Address("conduct-not-alice-no-bob@example.org")]
    assert left_out(at, Address("conduct@example.org"), "-") == ("alice", "bob")


def test_a_reply_address_leaves_out_nobody_however_it_begins() -> None:
    at = [Address("conduct+notbobabcdefghijklmnopqrst@example.org")]
    assert left_out(at, Address("conduct@example.org"), "+") == ()


@pytest.mark.parametrize(
    "text",
    ["Bob wrote to me.", "bobby@bob.example.org", "an example of what bob did", "xbob@bob.example"],
)
def test_a_first_name_alone_keeps_nobody_out(text: str) -> None:
    w = world()
    w.report(text)
    assert reached(w) == {"alice", "bob", "carol"}


def test_naming_everybody_does_not_leave_nobody() -> None:
    w = world()
    w.report("Alice Example, Bob Example and Carol Example all knew.")
    assert not reached(w)
    assert "names everybody" in text_of(w.to("reporter:1", "acknowledgement")[0])
    w.write("reporter:1", "Please leave bob out.")
    assert {p for p, k in w.told() if k == "report"} == {"member:alice", "member:carol"}
    assert "bob" in w.case.recused


def test_after_a_while_without_an_answer_they_are_let_in() -> None:
    w = world()
    w.report("Alice Example, Bob Example and Carol Example all knew.")
    w.later(hours=24)
    w.take(calendar.fall_due(w.case, w.setting(), "release", ""))
    assert reached(w) == {"alice", "bob", "carol"}


def test_a_later_answer_that_names_a_member_does_not_reach_them() -> None:
    w = world()
    w.report()
    w.write("reporter:1", "And Bob Example stood by.")
    assert reached(w) == {"alice", "carol"}
    assert w.say("bob", "/status").settled == "quarantined"


def test_the_others_clear_who_is_only_named() -> None:
    w = world()
    w.report("It was Bob Example.")
    w.say("alice", "/include bob")
    (ballot,) = w.to("member:carol", "ballot")
    assert "names them" in text_of(ballot)
    assert not w.to("member:bob")
    proposal = w.case.open_proposals[0].id
    w.vote(proposal, "alice")
    assert "bob" in w.case.out
    w.vote(proposal, "carol")
    assert "bob" not in w.case.out
    assert "let you into this case" in text_of(w.to("member:bob", "report")[0])


def test_names_are_whole() -> None:
    roster = Roster(members=(member("bob"),))
    assert named_in_text("Bob Exampleton", roster) == ()
    assert named_in_text("Jim-Bob Example", roster) == ("bob",)
    assert named_in_text("Example, Bob; Tuesday", roster) == ("bob",)
    assert named_in_text("Das war Bob Examples Idee.", roster) == ("bob",)
    assert named_in_text("", roster) == ()


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("山田 太郎", "昨日、山田太郎さんに叩かれました。", True),
        ("山田太郎", "山田 太郎が来ました", True),
        ("太郎 山田", "山田太郎が来ました", True),
        ("アリス・クイル", "アリスクイルさん", True),
        ("김철수", "김철수가 저를 때렸습니다", True),
        ("김철수", "김철순이 저를 때렸습니다", False),
        ("王 伟", "他叫王伟。", True),
        ("สมชาย ใจดี", "เขาคือสมชายใจดีที่ตีฉัน", True),
        ("Bob Example", "犯人はBob Exampleさんです", True),
        ("Bob Example", "Bob Example이 저를 때렸습니다", True),
        ("Nobody", "犯人はbob@bob.exampleです", True),
        ("Nobody", "bob@bob.example가 저를 때렸습니다", True),
        ("Nobody", "犯人はxbob@bob.exampleです", False),
        ("太郎", "太郎という名前は多い", False),
        ("さくら", "さくらの花", False),
        ("山田 太郎", "山田花子さん", False),
        ("Robin Hill", "Robin went up, 山 hill", False),
    ],
)
def test_names_are_known_where_words_are_not_spaced(name: str, text: str, named: bool) -> None:
    roster = Roster(members=(replace(member("bob"), name=Private(name)),))
    assert bool(named_in_text(text, roster)) is named


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("Bob Example", "Viděla jsem Boba Exampleho.", True),
        ("Боб Примеров", "Я говорила с Бобом Примеровым.", True),
        ("Boris Primerov", "Я говорила с Борисом Примеровым.", True),
        ("Mikhail Zhukov", "Я говорила с Михаилом Жуковым.", True),
        ("בוב דוגמה", "כתבתי לבוב דוגמה.", True),
        ("Bob Example", "כתבתי לBob Example.", True),
        ("Nobody", "כתבתי לbob@bob.example", True),
        ("بوب مثال", "كان هناك وبوب مثال.", True),
        ("Eric Hall", "Erica Hall came.", False),
        ("Erica Hall", "Eric Hall came.", False),
        ("Bob Example", "Bob Exampleton came.", False),
        ("Robin Hill", "Robin went up the hill", False),
    ],
)
def test_a_name_is_known_in_the_form_that_a_sentence_gives_it(
    name: str, text: str, named: bool
) -> None:
    roster = Roster(members=(replace(member("bob"), name=Private(name)),))
    assert bool(named_in_text(text, roster)) is named


def test_the_figures_of_the_docs_are_the_code_s() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security-model.md").read_text(encoding="utf-8")
    everything = tried()
    missing = [row for row in rows(everything) if row not in page]
    assert not missing, "make named shows what changed; is it better or worse?"


def test_a_long_word_of_one_script_takes_time_by_its_length_alone() -> None:
    roster = Roster(members=(member("bob"),))
    began = time.thread_time()
    named_in_text("ש" * 200_000, roster)
    assert time.thread_time() - began < 2


def test_a_text_is_gone_through_once_for_all_members() -> None:
    def took(count: int) -> float:
        roster = Roster(
            members=tuple(
                replace(member(f"m{n}"), name=Private(f"Dora{n:x} Example{n:x} Muster{n:x}"))
                for n in range(count)
            )
        )
        text = "Somebody was rude to me, and then went on, at the meeting. " * 1000
        named_in_text("", roster)
        began = time.thread_time()
        assert named_in_text(text, roster) == ()
        return time.thread_time() - began

    assert min(took(40) for _ in range(2)) < 4 * min(took(1) for _ in range(2))


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("Bob J. Example", "It was Bob Example.", True),
        ("J. Bob Example", "It was Bob Example.", True),
        ("Dr. Bob Example", "It was Bob Example.", True),
        ("Bob Example", "It was Bob J. Example.", True),
        ("Bob Example", "It was Bob JR Example.", False),
        ("Bob Example", "It was Bob J Example.", True),
        ("Juan García López", "Juan García me pegó.", True),
        ("Maria de la Cruz", "Maria Cruz wrote to me.", True),
        ("Maria de la Cruz", "Maria de Souza wrote to me.", False),
        ("Иван Петрович Сидоров", "Я боюсь Ивана Сидорова.", True),
        ("Иван Сидоров", "Я боюсь Ивана Петровича Сидорова.", True),
        ("Will Banks", "Will a banks be open?", False),
        ("王 小 明", "王明来了", False),
    ],
)
def test_a_name_is_known_where_it_is_shorter_or_longer(name: str, text: str, named: bool) -> None:
    roster = Roster(members=(replace(member("bob"), name=Private(name)),))
    assert bool(named_in_text(text, roster)) is named


# -- the respondent is a member ----------------------------------------------------------------


@pytest.mark.parametrize("text", [f"/respondent {MALLORY}", kit.SUSPEND])
def test_a_member_on_the_respondent_s_mailman_user_is_out(monkeypatch: Any, text: str) -> None:
    bob = Address("bob@bob.example")
    linked = {MALLORY: (MALLORY, bob), bob: (MALLORY, bob)}
    monkeypatch.setattr(kit, "OBSERVED", Observed(lists=kit.OBSERVED.lists, linked=linked))
    w = world()
    w.report()
    w.say("alice", text)
    assert "bob" in w.case.recused
    assert "bob" not in reached(w)


@pytest.mark.parametrize("command", ["respondent", "sanction suspend"])
def test_a_member_s_address_with_a_plus_tag_is_theirs(command: str) -> None:
    w = world()
    w.report()
    rest = " for 90 days because of it" if "sanction" in command else ""
    w.say("alice", f"/{command} bob+lists@bob.example{rest}")
    assert "bob" in w.case.recused
    assert "bob" not in reached(w)


# -- by the others -----------------------------------------------------------------------------


def test_the_others_take_a_member_out_and_the_member_hears_nothing() -> None:
    w = world()
    w.report()
    before = len(w.to("member:bob"))
    w.say("alice", "/recuse bob because they share a flat")
    proposal = w.case.open_proposals[0].id
    assert {x.party for x in w.letters if x.kind == "ballot"} == {"member:alice", "member:carol"}
    w.say("bob", "/status")
    assert proposal not in text_of(w.to("member:bob", "answer")[-1])
    w.vote(proposal, "alice")
    assert "bob" not in w.case.out
    w.vote(proposal, "carol")
    assert "bob" in w.case.recused
    w.say("alice", "Now the two of us.")
    assert len(w.to("member:bob")) == before + 1  # the status that bob asked for
    w.say("bob", "Hello?")
    assert not w.to("member:bob", "message")


def test_all_others_have_to_agree() -> None:
    w = world("alice", "bob", "carol", "dave")
    w.report()
    w.say("alice", "/recuse bob")
    proposal = w.case.open_proposals[0].id
    w.vote(proposal, "alice", "carol")
    assert "bob" not in w.case.out
    w.vote(proposal, "dave", text="/object because bob is fair")
    assert w.case.proposals[proposal].decided is not None
    assert "bob" not in w.case.out
    assert "bob" not in reached(w)


def test_one_alone_takes_nobody_out() -> None:
    w = world("alice", "bob")
    w.report()
    w.say("alice", "/recuse bob")
    assert "two others have to agree" in refused(w)
    w.say("alice", "/recuse bbo")
    assert "Did you mean /recuse bob?" in refused(w)


def test_whom_it_is_about_can_not_vote_on_it() -> None:
    w = world()
    w.report()
    w.say("alice", "/recuse bob")
    proposal = w.case.open_proposals[0].id
    w.vote(proposal, "bob", text="/object")
    assert "bob" not in w.case.proposals[proposal].votes


def test_only_a_vote_brings_a_member_back_in() -> None:
    w = world("alice", "bob", "carol", "dave")
    w.report()
    old = w.address("member:bob")
    w.say("bob", "/recuse because we are friends")
    w.say("alice", "/include bob")
    proposal = w.case.open_proposals[0].id
    w.vote(proposal, "alice", "carol")
    assert "bob" in w.case.out
    w.vote(proposal, "dave")
    assert "bob" not in w.case.out
    assert w.address("member:bob", epoch=w.case.epoch("member:bob")) != old
    w.say("alice", "/include bob")
    assert "in this case already" in refused(w)


def test_a_party_of_the_case_can_not_be_let_in() -> None:
    w = world("alice", "bob", "carol", "dave")
    w.report()
    w.say("alice", "/respondent bob@bob.example")
    w.say("alice", "/include bob")
    assert "is the respondent here" in refused(w)


# -- too few are left --------------------------------------------------------------------------


def test_where_too_few_may_act_others_are_asked_and_told_nothing() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report(to="conduct+not-alice+not-bob@example.org")
    (alert,) = [x for x in w.letters if x.kind == "alert"]
    assert alert.to == OMBUD
    assert "too few members" in text_of(alert)
    for word in ("kitten", "ottoline", "carol"):
        assert word not in alert.message.decode().lower()
    w.say("carol", "Who helps me?")
    assert "guest1" not in reached(w)
    w.write("member:guest1", "Yes, I can.", sender=OMBUD, purpose="help")
    assert "kitten" in text_of(w.to("member:guest1", "report")[0])
    assert "carol" in reached(w)
    proposal = w.propose(by="carol")
    w.vote(proposal, "carol")
    assert w.case.sanctions[proposal].state == "proposed"
    about = w.case.proposals[proposal].ballot
    w.write("member:guest1", "/approve", sender=OMBUD, purpose="ballot", about=about)
    assert w.case.sanctions[proposal].state == "in-force"


def test_somebody_else_can_not_open_it() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report(to="conduct+not-alice+not-bob@example.org")
    w.write("member:guest1", "Yes.", sender="thief@elsewhere.example", purpose="help")
    assert not w.case.came
    w.write("member:guest1", "Yes.", sender=OMBUD, purpose="help", signature=Signature.FAILED)
    assert not w.case.came


def test_nobody_is_asked_who_has_a_part_in_it() -> None:
    w = world(escalate_to=(OMBUD, Address("o@r.example")))
    w.report(
        f"He works with {OMBUD}.", to="conduct+not-alice+not-bob@example.org", sender="o@r.example"
    )
    assert not w.case.guests


def test_nor_who_may_have_written_it() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report(to="conduct+not-alice+not-bob@example.org", sender=f'"{OMBUD.local}"@{OMBUD.domain}')
    assert not w.case.guests


@pytest.mark.parametrize(
    "header",
    [
        f"From: {'x' * 3_000} <x@x.example>, {OMBUD}\r\n",  # below what is shown of it
        "From: y\r\n" + "Sender: z@z.example\r\n" * 12 + f"Reply-To: {OMBUD}\r\n",
        f"Subject: {OMBUD} and the others\r\n",
    ],
)
def test_nor_who_stands_where_members_are_shown_little_of_it(header: str) -> None:
    w = world(escalate_to=(OMBUD, ELDER))
    mail = w.mail("x@x.example", "conduct+not-alice+not-bob@example.org", "Help.", header=header)
    w.take(casework.report(w.case, w.setting(), w.incoming(mail)))
    assert list(w.case.guests.values()) == [ELDER]


@pytest.mark.parametrize(
    ("sender", "text"), [(str(OMBUD), "Hello"), ("x@x.example", f"{OMBUD} knew of it.")]
)
def test_nor_who_stands_in_what_was_set_aside_for_it(sender: str, text: str) -> None:
    w = world("alice", "bob", escalate_to=(OMBUD, ELDER))
    w.report()
    w.write("reporter:1", text, sender=sender)
    assert w.case.asides
    w.say("bob", "/recuse")
    assert list(w.case.guests.values()) == [ELDER]


def test_who_is_told_that_an_answer_reaches_them_is_reached() -> None:
    w = world()
    w.report()
    w.say("bob", "/recuse")
    w.write("reporter:1", "Bob Example and Carol Example know.", sender="x@x.example")
    assert reached(w) == {"alice"}
    assert "Not shown to carol: it names them. What you" in text_of(w.letters[-1])
    w.say("alice", "What is that?")
    assert reached(w) == {"carol"}


def test_naming_everybody_who_could_be_asked_too_does_not_leave_nobody() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report(f"Alice Example, Bob Example and Carol Example knew, and {OMBUD} did.")
    assert not w.case.guests
    assert "names everybody" in text_of(w.to("reporter:1", "acknowledgement")[0])
    w.later(hours=24)
    w.take(calendar.fall_due(w.case, w.setting(), "release", ""))
    assert reached(w) == {"alice", "bob", "carol"}


def left_with_a_guest(*, elder: bool) -> World:
    """A case that only carol and a guest read."""
    asked = (OMBUD, ELDER) if elder else (OMBUD,)
    w = world(escalate_to=asked)
    w.report(to="conduct+not-alice+not-bob@example.org")
    w.write("member:guest1", "Yes, I can.", sender=OMBUD, purpose="help")
    return w


def test_where_the_last_guest_is_named_too_it_does_not_leave_nobody() -> None:
    w = left_with_a_guest(elder=False)
    w.write("reporter:1", f"Carol Example was there, and {OMBUD}.")
    assert not reached(w)
    w.later(hours=24)
    w.take(calendar.fall_due(w.case, w.setting(), "release", ""))
    assert reached(w) == {"carol", "guest1"}


def test_where_the_last_who_read_it_are_named_who_was_asked_is_asked_again() -> None:
    w = left_with_a_guest(elder=True)
    assert len(w.to("member:guest2", "alert")) == 1
    w.write("reporter:1", f"Carol Example was there, and {OMBUD}.")
    assert w.told() == {("member:guest2", "alert")}
    w.write("reporter:1", "And it was raining.")
    assert not w.told(), "once"
    w.write("member:guest2", "Yes, I can.", sender=ELDER, purpose="help")
    assert "it was raining" in " ".join(map(text_of, w.to("member:guest2")))


def test_where_the_last_who_read_it_are_named_who_was_never_asked_is() -> None:
    w = left_with_a_guest(elder=False)
    w.policy = replace(w.policy, escalate_to=(OMBUD, ELDER))
    w.write("reporter:1", f"Carol Example was there, and {OMBUD}.")
    assert w.told() == {("member:guest2", "alert")}
    assert w.letters[-1].to == ELDER


def test_who_leaves_last_hands_over() -> None:
    w = world("alice", "bob", escalate_to=(OMBUD,))
    w.report()
    w.say("bob", "/recuse")
    assert list(w.case.guests.values()) == [OMBUD]


def test_an_urgent_case_that_nobody_touches_goes_to_others() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report(urgent="It speaks of a threat.")
    assert w.case.escalate_by == w.now + w.policy.urgent_within
    w.later(hours=4)
    w.take(calendar.fall_due(w.case, w.setting(), "untouched", ""))
    assert "nobody there has taken it up" in text_of(w.letters[-1])
    touched = world(escalate_to=(OMBUD,))
    touched.report(urgent="It speaks of a threat.")
    touched.say("alice", "I am on it.")
    assert touched.case.escalate_by is None
    assert not any(isinstance(x, e.Escalated) for x in touched.last.events)  # type: ignore[union-attr]


# -- a member's plain mail ---------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["alice+work@alice.example", "alice@alice.example"])
def test_who_wrote_says_from_any_address_of_theirs_that_it_is_a_matter_of_its_own(
    sender: str,
) -> None:
    w = world()
    mail = w.incoming(w.mail(f"Alice (she/her) <{sender}>", COMMUNITY, "The mauve flute."))
    w.take(casework.report(w.case, w.setting(), replace(mail, kept_apart=frozenset({"bob"}))))
    assert {p for p, k in w.told() if k == "report"} == {"member:carol"}
    (asked,) = w.to("reporter:1", "confirmation")
    assert asked.to == member("alice").address
    answered = {"purpose": "confirm", "about": "own-matter"}
    w.write("reporter:1", "/confirm", sender="eve@alice.example", **answered)
    assert not w.to("member:bob")
    w.write("reporter:1", "/confirm", sender=member("alice").address, **answered)
    assert "mauve flute" in text_of(w.to("member:bob", "report")[0])


def from_alice(
    text: str, to: str = COMMUNITY, *, apart: Collection[str] = ("bob",), **policy: Any
) -> World:
    """Her plain mail, that bob must not see unless it is a matter of its own."""
    w = world(**policy)
    mail = w.incoming(w.mail(f"Alice <{member('alice').address}>", to, text))
    w.take(casework.report(w.case, w.setting(), replace(mail, kept_apart=frozenset(apart))))
    assert not {*reached(w)} & {"alice", "bob", "carol"}
    assert w.to("reporter:1", "confirmation")
    if policy:
        return w
    assert "once you have answered our other mail" in text_of(w.to("reporter:1")[0])
    return w


def confirms(w: World) -> None:
    alice = member("alice").address
    w.write("reporter:1", "/confirm", sender=alice, purpose="confirm", about="own-matter")


def waits_over(w: World) -> None:
    (due,) = [row for row in dues(w.case) if row.what == "release"]
    w.now = due.at
    w.take(calendar.fall_due(w.case, w.setting(), "release", ""))


ALL = ", ".join(member(h).address for h in ("alice", "bob", "carol"))


@pytest.mark.parametrize("sender", [ALL, f"Rae ((she))\r\nReply-To: {ALL}"])
@pytest.mark.parametrize(
    ("apart", "to", "readers"),
    [
        ({}, COMMUNITY, {"alice", "bob", "carol"}),
        ({"bob"}, COMMUNITY, {"alice", "carol"}),
        ({"alice", "bob", "carol"}, COMMUNITY, {"alice", "bob", "carol"}),
        ({"bob"}, "conduct+not-carol@example.org", {"alice"}),
        ({"bob", "alice"}, "conduct+not-carol@example.org", {"alice", "bob"}),
    ],
)
def test_naming_all_as_its_sender_does_not_leave_nobody(
    sender: str, apart: Any, to: str, readers: set[str]
) -> None:
    for asked in ((), (OMBUD,)):
        w = world(escalate_to=asked)
        mail = replace(w.incoming(w.mail(sender, to, "It rained.")), kept_apart=frozenset(apart))
        w.take(casework.report(w.case, w.setting(), mail))
        assert reached(w) == ({"guest1"} if asked else readers)


def test_who_is_named_there_as_well_is_asked_by_nobody_and_does_not_leave_nobody() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report(f"{OMBUD} knew.", sender=ALL)
    assert reached(w) == {"alice", "bob", "carol"}


UNKNOWN = ("It rained.", "conduct+not-zzzz@example.org")
ALL_NAMED = ("Bob Example and Carol Example knew.", COMMUNITY)


@pytest.mark.parametrize("why", [UNKNOWN, ALL_NAMED])
def test_who_is_kept_apart_does_not_come_in_with_those_who_wait_for_a_name(why: Any) -> None:
    w = from_alice(*why)
    waits_over(w)
    assert reached(w) == {"carol"}
    confirms(w)
    assert reached(w) == {"bob"}


@pytest.mark.parametrize("why", [UNKNOWN, ALL_NAMED])
def test_neither_do_those_with_whom_is_kept_apart(why: Any) -> None:
    w = from_alice(*why)
    confirms(w)
    assert not reached(w)
    confirms(w)
    assert not reached(w), "it answers the other question"
    w.write("reporter:1", "I meant carol.")
    assert reached(w) == {"bob"}
    assert w.case.recused == {"alice", "carol"}


BOTH = frozenset({"bob", "carol"})


def test_where_only_her_word_would_let_anybody_in_others_are_asked() -> None:
    for text in ("It rained.", ALL_NAMED[0]):
        w = from_alice(text, apart=BOTH, escalate_to=(OMBUD,))
        assert reached(w) == {"guest1"}
        w.write("member:guest1", "Yes, I can.", sender=OMBUD, purpose="help")
        assert reached(w) == {"guest1"}
    w = from_alice("It rained.", "conduct+not-carol@example.org", escalate_to=(OMBUD,))
    assert reached(w) == {"guest1"}


def test_where_others_may_come_in_by_themselves_they_are_asked_only_then() -> None:
    w = from_alice(*UNKNOWN, apart=BOTH, escalate_to=(OMBUD,))
    assert not reached(w)
    waits_over(w)
    assert reached(w) == {"guest1"}
    w = from_alice(*UNKNOWN, apart=BOTH, escalate_to=(OMBUD,))
    w.write("reporter:1", "I meant carol.")
    assert reached(w) == {"guest1"}


def test_where_too_few_come_in_others_are_asked() -> None:
    w = world(escalate_to=(OMBUD,))
    w.report("It rained.", to="conduct+not-alice+not-bob+not-zzzz@example.org")
    assert not reached(w)
    waits_over(w)
    assert reached(w) == {"carol", "guest1"}


def test_where_somebody_reads_it_nobody_outside_is_asked_while_her_word_may_come() -> None:
    w = world(escalate_to=(OMBUD,))
    mail = w.incoming(w.mail(f"Alice <{member('alice').address}>", COMMUNITY, "It rained."))
    w.take(casework.report(w.case, w.setting(), replace(mail, kept_apart=frozenset({"bob"}))))
    assert reached(w) == {"carol"}


def test_who_meant_whom_keeps_apart_whoever_is() -> None:
    w = from_alice(*UNKNOWN)
    w.write("reporter:1", "Nobody, sorry.")
    assert reached(w) == {"carol"}
    assert w.case.provisional == {"bob"}


def test_what_is_set_aside_is_read_by_nobody_before_and_by_nobody_kept_apart() -> None:
    w = world()
    mail = w.incoming(w.mail(f"Alice <{member('alice').address}>", UNKNOWN[1], UNKNOWN[0]))
    found = casework.readers(w.setting(), replace(mail, kept_apart=frozenset({"bob"})))
    assert [m.handle for m in found.members] == ["carol"]
    assert found.begin == w.now + w.policy.acknowledge_within
