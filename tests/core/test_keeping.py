"""A report that is kept until somebody else reports the same person (escrow)."""

from __future__ import annotations

import pytest

from tests.core.house import House
from tests.promises.play.room import MALLORY

ESCROW = "conduct+escrow@example.org"
OTTOLINE = "Ottoline Featherstone <ottoline@quiet.example>"
BARNABY = "Barnaby Thistlewood <barnaby@hush.example>"
KEPT = f"It is {MALLORY} who follows me. Tell me if others report him, too."


def kept(text: str = KEPT, *, to: str = ESCROW) -> tuple[House, str]:
    house = House()
    return house, house.report(OTTOLINE, text, to=to)


def test_nobody_reads_it_and_the_reporter_is_told_so() -> None:
    house, case = kept()
    assert house.last is not None
    assert {x.party for x in house.last.letters} == {"reporter:1"}
    (told,) = house.got("reporter:1", "acknowledgement")
    assert "nobody reads it until" in told
    house.later(days=60)
    house.answer(case, "reporter:1", "It happened again.")
    assert not house.last.letters
    assert not [x for x in house.room.shelf.letters if x.party.startswith("member:")]


def test_nobody_can_link_to_it_or_ask_for_it() -> None:
    house, case = kept()
    other = house.report(BARNABY, "I write about the list dev.")
    for line in ("link", "merge"):
        house.say("alice", other, f"/{line} {house.ref(case)}")
        assert "no case that you may know" in house.refused()


def test_a_first_line_says_the_same_as_the_address() -> None:
    house, _ = kept(f"Keep this until others report\n\n{KEPT}", to="conduct@example.org")
    assert not house.got("member:alice")
    house, _ = kept(f"{KEPT}\n\nKeep this until others report", to="conduct@example.org")
    assert house.got("member:alice"), "a line further down buries no report"


@pytest.mark.parametrize(
    "line",
    [
        "Please only tell me if others report him, too.",
        f"Tell me if others report {MALLORY} too.",
        "Tell me if anybody else reports this person as well.",
        "Bitte aufheben, bis andere auch melden.",
    ],
)
def test_it_is_said_in_many_ways(line: str) -> None:
    house, _ = kept(f"{line}\nIt is {MALLORY}.", to="conduct@example.org")
    assert not house.got("member:alice")


def test_a_report_that_also_asks_for_this_is_read() -> None:
    house, _ = kept(f"{MALLORY} insulted me. Tell me if others report him, too.",
                    to="conduct@example.org")  # fmt: skip
    assert house.got("member:alice")


def test_it_surfaces_when_another_report_names_the_same_person() -> None:
    house, case = kept()
    other = house.report(BARNABY, f"Please look at what {MALLORY.upper()} writes to me.")
    (copy,) = house.got("member:alice", "report", case)
    assert "follows me" in copy
    assert f"/link {house.ref(other)}" in copy
    assert f"/link {house.ref(case)}" in house.got("member:alice", "report", other)[0]
    assert not house.got("reporter:1", case=case), "its reporter is not told of the other"
    house.later(days=3)
    assert house.all("member:alice", "reminder"), "from now on it has its clock"


def test_it_surfaces_when_a_member_names_that_person() -> None:
    house, case = kept()
    other = house.report(BARNABY, "Somebody shouts at me; you know whom I mean.")
    assert not house.all("member:alice", "report", case)
    house.say("alice", other, f"/respondent {MALLORY}")
    assert house.got("member:bob", "report", case)


def test_it_surfaces_at_once_where_the_person_was_named_before() -> None:
    house = House()
    house.report(BARNABY, f"Please look at what {MALLORY} writes to me.")
    case = house.report(OTTOLINE, KEPT, to=ESCROW)
    assert house.got("member:alice", "report", case)
    assert "nobody reads it until" in house.got("reporter:1", "acknowledgement", case)[0]


def test_two_that_are_kept_surface_together() -> None:
    house, first = kept()
    second = house.report(BARNABY, f"{MALLORY} does it to me.", to=ESCROW)
    for case in (first, second):
        assert house.got("member:bob", "report", case)


@pytest.mark.parametrize(
    "text",
    [
        "Please look at what malory@mail.example writes to me.",
        "Mallory was there, and nothing happened.",
        "I write about the list dev.",
    ],
)
def test_what_only_resembles_it_shows_nothing(text: str) -> None:
    house, case = kept()
    house.report(BARNABY, text)
    assert not house.all("member:alice", "report", case)


def test_a_list_that_both_name_is_no_person() -> None:
    house, case = kept("He writes it all to dev@lists.example.org, and alice@alice.example knows.")
    house.report(BARNABY, "Somebody shouts at me on dev@lists.example.org. alice@alice.example?")
    assert not house.all("member:bob", "report", case)


def test_the_person_cannot_bring_it_up_by_their_own_report() -> None:
    house, case = kept()
    house.report(f"Mallory <{MALLORY}>", f"Did somebody report {MALLORY}?")
    assert not house.all("member:alice", "report", case)


def test_it_surfaces_when_a_reporter_names_that_person_later() -> None:
    house, case = kept()
    other = house.report(BARNABY, "Somebody shouts at me.")
    house.answer(other, "reporter:1", f"It is {MALLORY}.")
    assert house.got("member:alice", "report", case)


def test_somebody_of_the_community_s_own_domain_is_meant_where_it_is_said() -> None:
    house, case = kept("He follows me.\nAbout: zed@lists.example.org")
    house.report(BARNABY, "It is zed@lists.example.org who shouts at me.")
    assert house.got("member:alice", "report", case)


def test_a_name_that_its_reporter_gave_counts() -> None:
    house, case = kept("He follows me.\nAbout: Mällory Vandermeer")
    house.report(BARNABY, "It is Mallory Vandermeer again, with his threats.")
    assert house.got("member:alice", "report", case)


def test_the_same_reporter_is_nobody_else() -> None:
    house, case = kept()
    house.report(OTTOLINE, f"I wrote to you of {MALLORY}.", to=ESCROW)
    assert not house.all("member:alice", "report", case)


def test_its_reporter_can_have_it_read_after_all() -> None:
    house, case = kept()
    house.answer(case, "reporter:1", "Report it now.")
    assert house.got("member:alice", "report", case)


def test_who_is_left_out_stays_out_when_it_surfaces() -> None:
    house, case = kept(to="conduct+escrow+not-bob@example.org")
    house.report(BARNABY, f"Please look at what {MALLORY} writes to me.")
    assert house.got("member:alice", "report", case)
    assert not house.got("member:bob", case=case)
    (copy,) = house.got("member:bob", "report")
    assert house.ref(case) not in copy
