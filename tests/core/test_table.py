"""One table in three tenses: what would change, what changed, what was put back."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from cocmail.adapters import template_check as check
from cocmail.adapters.templates import Templates
from cocmail.core import events as e
from cocmail.core import proofs
from cocmail.core.enforcement import OUR_BAN, Level, Observed, Place, ProofRow, Role, Row, levels
from cocmail.core.letters import Letter
from cocmail.core.people import Address
from cocmail.core.preview import preview
from cocmail.core.sanctions import Measure, Scope
from cocmail.core.table import NAMED, WITH_A_ROLE, Tense, read_back
from cocmail.core.work import Result
from tests.core.house import House
from tests.promises.kit import MALLORY, OBSERVED, World, text_of

MANY = tuple(f"list-{n:03}@lists.example" for n in range(200))
OWNED = MANY[77]


def on_many() -> Observed:
    rows = [Row(list=name, address=MALLORY, role=Role.MEMBER) for name in MANY]
    rows.append(Row(list=OWNED, address=MALLORY, role=Role.OWNER))
    return replace(
        OBSERVED,
        lists={name: name.replace("@", ".") for name in MANY},
        rows=tuple(rows),
        owners={OWNED: (MALLORY,)},
    )


def parts(letter: Letter) -> tuple[str, dict[str, str]]:
    """The text of a letter, and its files as a mail client shows them."""
    whole = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert isinstance(whole, EmailMessage)
    body = whole.get_body(("plain",))
    assert body is not None
    files = {}
    for part in whole.iter_attachments():
        assert part.get_content_type() == "text/plain"
        assert part.get_content_charset() == "utf-8"
        files[str(part.get_filename())] = str(part.get_content())
    return str(body.get_content()), files


def test_every_letter_about_places_draws_the_one_table() -> None:
    templates = Templates()
    drawing = {
        name
        for name in check.names(templates)
        if '{% include "table.txt" %}' in templates.shelf("en").sources[name].text
    }
    inside = {"ballot", "ballot-extend", "drift", "interim", "proof", "proof-ended", "table-file"}
    assert drawing == inside
    assert not [n for n in check.OUTSIDE if "table" in check.used(templates, n)]


def test_a_ballot_tells_a_few_places_in_the_mail_and_two_hundred_in_a_file() -> None:
    world = World()
    world.report("He went on.")
    world.say("alice", f"/sanction suspend {MALLORY} for 90 days because you went on")
    few, files = parts(world.to("member:bob", "ballot")[0])
    assert files == {}
    assert "- dev@lists.example: mallory@mail.example (member)" in few
    assert "Would be taken off, member -> absent (2):" in few
    world = World()
    world.report("He went on.")
    world.observed = on_many()
    world.say("alice", f"/sanction suspend {MALLORY} for 90 days because you went on")
    text, files = parts(world.to("member:bob", "ballot")[0])
    ((name, whole),) = files.items()
    assert name.removesuffix(".txt") in world.case.proposals
    assert name in text
    assert "Would be taken off, member -> absent (200)" in text
    assert f"- {OWNED}: {MALLORY} (owner); this role stays" in text
    assert len([line for line in text.splitlines() if "list-" in line]) == 2  # and that it's alone
    for one in MANY:
        assert f"- {one}: {MALLORY} (member)" in whole
    assert f"- {OWNED}: {MALLORY} (owner); this role stays" in whole


def test_what_it_touches_and_what_it_can_not_do_is_said() -> None:
    table = preview(
        Measure.BAN, [MALLORY], Scope(lists=MANY[:90]), {}, on_many(), including_roles=False
    )
    assert table.notes == (
        "this person has 2 addresses: mallory@mail.example, mal@other.example",
        f"{OWNED} has no other owner",
    )
    assert f"{MALLORY} is an owner of {OWNED}; this role stays" in table.warnings
    assert table.limits[-1] == WITH_A_ROLE
    assert table.counts == {"banned": 180, "taken-off": 90, "stays": 1}


def test_the_proof_of_the_end_says_what_is_somebody_elses_doing() -> None:
    world = World()
    proposal = world.propose()
    world.vote(proposal, "alice", "bob")
    rows = [
        ProofRow(list=name, address=MALLORY, role="member", was="absent", now="member")
        for name in MANY
    ]
    note = "somebody changed this meanwhile; theirs stands"
    rows[3] = replace(rows[3], now="absent", note=note)
    world.take(proofs.enforced(world.case, world.setting(), proposal, (), [MALLORY]))
    world.take(proofs.restored(world.case, world.setting(), proposal, rows, (), done=True))
    text, files = parts(world.to("member:alice", "proof")[-1])
    assert "Put back, absent -> member (199)" in text
    assert f"Not as it was before, and why (1):\n- {MANY[3]}: {MALLORY} (member); {note}" in (
        text.replace("\r\n", "\n").replace(" \n", " ")
    )
    assert len(files) == 1


def given_back(world: World, name: str) -> Result:
    over = levels(world.case.sanctions[name].before)
    return proofs.restored(world.case, world.setting(), name, (), over, done=True)


def test_what_is_back_before_the_rest_is_told_with_the_rest() -> None:
    world = World()
    name = world.propose()
    world.vote(name, "alice", "bob")
    places = tuple(
        e.Place(list=one, address=MALLORY, role="member", facts={"rows": []}) for one in MANY[:2]
    )
    world.take(Result(events=(e.BeforeNoted(sanction=name, places=places),), letters=()))
    world.take(proofs.enforced(world.case, world.setting(), name, (), [MALLORY]))
    world.say("alice", f"/lift {name} because it is over")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    rows = [
        ProofRow(list=one, address=MALLORY, role="member", was="absent", now="member")
        for one in MANY[:2]
    ]
    before = len(world.to("member:alice", "proof"))
    first, second = (levels([b]) for b in world.case.sanctions[name].before)
    world.take(proofs.restored(world.case, world.setting(), name, rows, first, done=False))
    assert len(world.to("member:alice", "proof")) == before, "there is more to do"
    assert [b.list for b in world.case.sanctions[name].before] == [MANY[1]]
    world.take(proofs.restored(world.case, world.setting(), name, rows[1:], second, done=True))
    text = text_of(world.to("member:alice", "proof")[-1])
    assert "earlier state" not in text
    for one in MANY[:2]:
        assert text.count(f"- {one}: {MALLORY}") == 1
    assert not world.case.unsettled
    assert not world.case.given_back[name]


def test_what_waits_for_another_sanction_is_said_where_it_may_be_known_of() -> None:
    world = World()
    name = world.propose()
    world.vote(name, "alice", "bob")
    row = ProofRow(
        list=MANY[0], address=MALLORY, role="owner", was="absent", now="absent", note=OUR_BAN
    )
    world.take(proofs.enforced(world.case, world.setting(), name, (), [MALLORY]))
    world.take(Result(events=(e.Ended(sanction=name, how="lifted"),), letters=()))

    def told() -> str:
        made = proofs.restored(world.case, world.setting(), name, [row], (), done=True)
        return text_of(made.letters[0])

    assert "another sanction" not in told(), "it is another case's"
    world.say("alice", f"/sanction ban {MALLORY} because of it")
    ban = world.case.open_proposals[-1].id
    world.vote(ban, "alice", "bob", "carol")
    assert "when another sanction of theirs ends" in told()


def _recalled(world: World, *who: Address, site: str = "") -> Result:
    strays = {Place(list=None, address=one, role=Role.BAN, site=site) for one in who}
    found = proofs.left_over([world.case], strays).get(world.case.id, {})
    return proofs.recalled(world.case, world.setting(), found)


def test_what_a_backup_brings_back_is_put_back_again_and_said() -> None:
    world = World()
    name = world.propose()
    world.vote(name, "alice", "bob")
    places = (
        e.Place(list=None, address=MALLORY, role="ban", facts={"exact": False, "tags": False}),
        e.Place(list=MANY[0], address=MALLORY, role="member", facts={"rows": []}),
    )
    world.take(Result(events=(e.BeforeNoted(sanction=name, places=places),), letters=()))
    world.take(proofs.enforced(world.case, world.setting(), name, (), [MALLORY]))
    # While it is in force, or not all put back, its bans are no leftover.
    assert not _recalled(world, MALLORY).events
    world.say("alice", f"/lift {name} because it is over")
    world.vote(world.case.open_proposals[-1].id, "alice", "bob")
    assert not _recalled(world, MALLORY).events
    world.take(given_back(world, name))
    assert "earlier state" not in text_of(world.to("member:alice", "proof")[-1])
    assert not world.case.unsettled
    assert not _recalled(world, Address("other@mail.example")).events
    assert not _recalled(world, MALLORY, site="other").events, "that one was not set back"
    world.take(_recalled(world, MALLORY))
    assert world.case.unsettled
    assert {b.role for b in world.case.sanctions[name].before} == {"ban", "member"}
    world.take(given_back(world, name))
    assert "gone back to an earlier state" in text_of(world.to("member:alice", "proof")[-1])


def test_what_a_backup_brings_back_is_put_back_again_while_another_mailman_is_away() -> None:
    world = World()
    name = world.propose()
    world.vote(name, "alice", "bob")
    facts = {"exact": False, "tags": False}
    places = tuple(
        e.Place(list=None, address=MALLORY, role="ban", facts=facts, site=site)
        for site in ("", "mailmans.other")
    )
    world.take(Result(events=(e.BeforeNoted(sanction=name, places=places),), letters=()))
    world.take(proofs.enforced(world.case, world.setting(), name, (), [MALLORY]))
    world.take(Result(events=(e.Ended(sanction=name, how="lifted"),), letters=()))
    row = ProofRow(list=None, address=MALLORY, role="ban", was="banned", now="absent")

    def back(site: str, *, done: bool) -> Result:
        rows = [replace(row, site=site)]
        at = [Level(list=None, site=site)]
        return proofs.restored(world.case, world.setting(), name, rows, at, done=done)

    assert not _recalled(world, MALLORY).events, "it is still to be put back there"
    world.take(back("", done=False))
    world.take(_recalled(world, MALLORY))
    assert {b.site for b in world.case.sanctions[name].before} == {"", "mailmans.other"}
    world.take(back("", done=False))
    world.take(back("mailmans.other", done=True))
    text = text_of(world.to("member:alice", "proof")[-1])
    assert "earlier state" not in text, "they have not had this proof before"
    assert text.count(f": {MALLORY}") == 2
    assert not world.case.unsettled


@pytest.mark.parametrize("count", [NAMED - 1, NAMED, NAMED + 1])
def test_only_a_long_table_is_summed_up(count: int) -> None:
    rows = [
        ProofRow(list=name, address=MALLORY, role="member", was="member", now="absent")
        for name in MANY[:count]
    ]
    table = read_back(rows, tense=Tense.DID)
    (group,) = table.groups
    assert table.brief is (count > NAMED)
    assert (group.count, len(group.lines)) == (count, 0 if table.brief else count)
    (group,) = replace(table, whole=True).groups
    assert len(group.lines) == count
    table = read_back((*rows, replace(rows[5], role="owner")), tense=Tense.DID)
    (group,) = table.groups
    if table.brief:
        assert [line.role for line in group.lines] == ["owner"]


def test_a_ballot_meets_the_case_s_own_sanctions_and_no_ban_of_ours_is_somebody_else_s() -> None:
    world = World()
    first = world.propose()
    world.vote(first, "alice", "bob")
    world.say("alice", f"/sanction ban {MALLORY} because you went on and on")
    text = text_of(world.to("member:bob", "ballot")[-1])
    assert f"- {first}: suspend on all, until" in text


def test_what_a_ballot_meets_in_other_cases_is_told_to_who_may_know_them() -> None:
    house = House()
    first = house.report("a@reporter.example", "He went on.")
    house.say("alice", first, f"/sanction suspend {MALLORY} for 90 days because you went on")
    (sanction,) = house.case(first).proposals
    house.vote(first, "alice", "bob")
    second = house.report("b@reporter.example", "Here too.")
    house.say("carol", first, "/recuse")
    house.say("alice", second, f"/sanction ban {MALLORY} because you went on and on")
    told = {h: house.got(f"member:{h}", "ballot")[0] for h in ("alice", "bob", "carol")}
    assert f"{sanction}: suspend on all, until" in told["bob"].partition("each ends by itself")[2]
    assert sanction not in told["carol"]
    assert "each ends by itself" not in told["carol"]


def test_nothing_of_a_table_is_in_its_repr() -> None:
    table = preview(Measure.BAN, [MALLORY], Scope(), {}, on_many(), including_roles=True)
    assert MALLORY not in repr(table)
    assert Address("mal@other.example") not in repr(table)
