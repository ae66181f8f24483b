"""What must never happen: one or more tests for each promise, named after it (product.md).

Each has a patch in tests/mutants/ that takes its guard out; `make mutants` shows it caught.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cocmail import parts
from cocmail.adapters.store import load_keys, make_key_file, open_store
from cocmail.core import calendar
from cocmail.core import events as e
from cocmail.core.case import SYSTEM
from cocmail.core.enforcement import Ban, Observed, Role, Row, Standing
from cocmail.core.mail import read
from cocmail.core.people import Address, Private
from cocmail.core.plan import plan
from cocmail.core.policy import Policy
from cocmail.core.proofs import enforced
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State
from cocmail.core.verification import Signature
from cocmail.loops.bell import Bell
from cocmail.loops.deciding import Bells, Deciding
from cocmail.loops.intake import Intake
from cocmail.ports import Arrival, Keys
from tests.promises.kit import ALIAS, CONFIDED, MALLORY, MINTER, OBSERVED, World, field_of, text_of


@pytest.fixture
def world() -> World:
    made = World()
    made.report()
    return made


# -- 1: no accepted mail is lost, or blocks the mail behind it --------------------------------


async def _store(tmp_path: Path) -> Any:
    make_key_file(tmp_path / "key")
    return await open_store(
        f"sqlite:///{tmp_path / 'db'}",
        keys=load_keys(tmp_path / "key"),
        codec=parts.CaseCodec(MINTER),
        clock=parts.SystemClock(),
        recipients_of=lambda raw: (),
        create=True,
    )


async def test_promise_01_a_mail_that_breaks_us_is_kept_and_the_next_one_is_handled(
    tmp_path: Path,
) -> None:
    store = await _store(tmp_path)
    try:
        world = World()
        bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())

        async def breaking(raw: bytes, return_path: str | None) -> Any:
            found = read(raw, return_path=return_path)
            if b"poison" in raw:
                object.__setattr__(found, "to", None)  # whatever it is, it raises later on
            return found

        async def judge(raw: bytes, mail: Any) -> Any:
            from cocmail.core.filtering import Judgement

            return Judgement(set_aside="", urgent="", tags=(), said=())

        class Nobody:
            async def keys(self, raw: bytes, sender: Address, account: str = "") -> Keys:
                return {}

            async def authenticate(
                self, raw: bytes, sender: Address, account: str = "", keys: Keys | None = None
            ) -> Any:
                return World().incoming(read(raw)).auth  # type: ignore[arg-type]

        intake = Intake(
            Deciding(store, lambda _: world.setting(), bells),
            Nobody(),
            None,
            breaking,
            judge,
            parts.SystemClock(),  # type: ignore[arg-type]
        )
        for text in ("poison", "please help"):
            raw = f"From: a@b.example\r\nTo: conduct@example.org\r\n\r\n{text}\r\n".encode()
            arrival = Arrival(
                raw=raw, road="lmtp", source=None, recipients=(Address("conduct@example.org"),)
            )
            assert await store.keep(arrival, parts.SystemClock().now())
        running = asyncio.create_task(intake.run())
        async with asyncio.timeout(60):
            while (await store.statistics()).waiting:
                bells.mail.ring()
                await asyncio.sleep(0.02)
        running.cancel()
        (aside,) = await store.quarantine()
        assert b"poison" in await store.mail_raw(aside.id)
        assert len(await store.case_list()) == 1
    finally:
        await store.close()


# -- 2: no mail in the wrong case, or to somebody it was not for ------------------------------


def test_promise_02_a_mail_from_somebody_else_is_only_shown(world: World) -> None:
    result = world.write("reporter:1", "I am she, believe me", sender="eve@elsewhere.example")
    assert [m.received.party for m in world.case.messages] == ["reporter:1"]
    assert result.settled == "quarantined"
    assert ("member:bob", "message") in world.told()
    assert ("witness:1", "acknowledgement") in world.told()


def test_promise_02_a_plain_reply_goes_to_the_committee_and_nobody_else(world: World) -> None:
    world.say("alice", "What do you think of this?")
    assert world.told() == {("member:bob", "message"), ("member:carol", "message")}


def test_promise_02_text_for_outsiders_with_anything_of_the_case_waits(world: World) -> None:
    result = world.say("alice", f"/reply reporter\nYou wrote: {CONFIDED}\n/end")
    assert world.told(result) == {("member:alice", "confirmation")}
    assert not world.case.said


# -- 3: a recused member learns nothing -------------------------------------------------------


def test_promise_03_who_is_left_out_gets_nothing_from_the_first_moment() -> None:
    world = World()
    world.report(to="conduct+not-bob@example.org")
    proposal = world.propose()
    world.vote(proposal, "alice", "carol")
    assert not world.to("member:bob")
    assert world.case.recused == {"bob"}


def test_promise_03_a_recused_member_hears_and_does_nothing_more(world: World) -> None:
    proposal = world.propose()
    world.say("bob", "/recuse because we are friends")
    before = len(world.to("member:bob"))
    world.vote(proposal, "alice", "carol")
    assert len(world.to("member:bob")) == before
    result = world.say("bob", "/status")
    assert "member:bob" not in {x.party for x in result.letters}
    assert result.settled == "quarantined"


# -- 4: a respondent never learns from us who reported ----------------------------------------


def test_promise_04_nothing_to_the_respondent_holds_anything_of_the_reporter(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", "carol")
    world.say("alice", "/reply respondent\nWould you tell us your side?\n/end")
    got = world.to("respondent:1")
    assert {x.kind.value for x in got} == {"letter", "message"}
    first = world.case.messages[0].received
    secrets = ["ottoline", "featherstone", "reporter.example", "whiskerby", first.message_id]
    secrets += [world.case.reference, world.case.parties["reporter:1"].reference]
    secrets += [n.message_id for n in world.case.letters if n.party != "respondent:1"]
    for letter in got:
        whole = (letter.message.decode() + text_of(letter)).lower()
        assert not [s for s in secrets if s.lower() in whole]


# -- 5: nobody acts in a member's name --------------------------------------------------------


@pytest.mark.parametrize("signature", [Signature.FAILED, Signature.MISSING, Signature.UNSURE])
def test_promise_05_what_is_not_proved_changes_nothing(world: World, signature: Signature) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", "carol", signature=signature)
    assert not world.case.proposals[proposal].votes


def test_promise_05_a_forged_mail_is_told_to_the_member_and_the_committee(world: World) -> None:
    proposal = world.propose()
    result = world.vote(proposal, "bob", signature=Signature.FAILED)
    assert {("member:bob", "alert"), ("member:alice", "message")} <= world.told(result)


def test_promise_05_a_replay_runs_nothing(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", replayed=True)
    assert not world.case.proposals[proposal].votes


def test_promise_05_a_stolen_ballot_address_is_of_no_use(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", sender="carol@carol.example")
    assert not world.case.proposals[proposal].votes


def test_promise_05_a_quoted_line_runs_nothing(world: World) -> None:
    world.say("bob", "> /close resolved\n\nNo.")
    assert world.case.is_open


def test_promise_05_only_confirm_through_its_own_address_confirms(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", signature=Signature.MISSING)
    (held,) = world.case.held.values()
    world.say("carol", "/confirm", purpose="confirm", about=held.confirmation)
    assert not world.case.proposals[proposal].votes
    world.say("bob", "yes please", purpose="confirm", about=held.confirmation)
    assert not world.case.proposals[proposal].votes
    world.say("bob", "/confirm", purpose="confirm", about=held.confirmation)
    assert set(world.case.proposals[proposal].votes) == {"bob"}


# -- 6: no command half-runs ------------------------------------------------------------------


def test_promise_06_one_wrong_line_and_none_runs(world: World) -> None:
    before = world.case
    result = world.say("alice", "/tag first\n\n/assign nobody\n\n/urgent")
    assert (world.case.tags, world.case.urgent) == (before.tags, before.urgent) == ((), False)
    (letter,) = result.letters
    assert letter.kind == "refusal"
    assert "/assign nobody" in text_of(letter)
    assert "alice, bob, carol" in text_of(letter)


# -- 7: no sanction by too few, by somebody recused, or twice ---------------------------------


def test_promise_07_proposing_is_not_approving(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "alice")
    assert world.case.proposals[proposal].decided is None


def test_promise_07_one_member_counts_once(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", "bob", "bob")
    assert world.case.proposals[proposal].decided is None


def test_promise_07_a_recused_members_vote_does_not_count(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob")
    world.say("bob", "/recuse")
    world.vote(proposal, "carol")
    decided = world.case.proposals[proposal].decided
    assert decided is None or decided.result != "approved"


def test_promise_07_a_ban_needs_a_majority() -> None:
    world = World(members=("alice", "bob", "carol", "dora", "emil"))
    world.report()
    proposal = world.propose(f"/sanction ban {MALLORY} because you went on")
    world.vote(proposal, "bob", "carol")
    assert world.case.proposals[proposal].decided is None
    world.vote(proposal, "dora")
    assert world.case.sanctions[proposal].state is State.IN_FORCE


def test_promise_07_a_vote_after_the_close_is_refused(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "alice")
    world.later(days=8)
    world.take(calendar.fall_due(world.case, world.setting(), "vote", proposal))
    assert world.case.sanctions[proposal].state is State.REJECTED
    result = world.vote(proposal, "bob")
    assert world.told(result) == {("member:bob", "refusal")}


def test_promise_07_no_majority_is_less_than_two() -> None:
    assert Policy().needed(permanent=True, eligible=1) == 2
    assert Policy(approvals_permanent="two-thirds").needed(permanent=True, eligible=2) == 2


# -- 8 and 9: a sanction holds everywhere; a lift takes its own and no more -------------------


def sanction(**more: Any) -> Sanction:
    return Sanction(
        **{
            "id": "S1", "case": "case", "measure": Measure.SUSPEND, "address": MALLORY,
            "addresses": (MALLORY,), "scope": Scope(), "reason": Private(""),
            "state": State.IN_FORCE, "start": World().now, "until": None, **more,
        }
    )  # fmt: skip


def test_promise_08_every_list_and_every_address_is_covered() -> None:
    steps = plan(Standing(sanctions=(sanction(),), ending=()), {}, OBSERVED).steps
    banned = {s.address for s in steps if s.role is Role.BAN}
    assert banned == {MALLORY, ALIAS}
    off = {(s.list, s.address) for s in steps if s.role is Role.MEMBER}
    assert off == {("dev@lists.example", MALLORY), ("sig@lists.example", ALIAS)}


def test_promise_08_what_somebody_undid_by_hand_is_put_right() -> None:
    kept = (Before(list=None, address=MALLORY, role="ban", facts=None),)
    standing = Standing(sanctions=(sanction(before=kept, proved=World().now),), ending=())
    back = Observed(
        lists=OBSERVED.lists,
        linked={MALLORY: (MALLORY,)},
        known=frozenset({MALLORY}),
        rows=(Row(list="dev@lists.example", address=MALLORY, role=Role.MEMBER),),
    )
    steps = plan(standing, {}, back).steps
    assert {(s.list, s.role) for s in steps} == {
        (None, Role.BAN),
        ("dev@lists.example", Role.MEMBER),
    }


def test_promise_09_a_ban_that_is_not_ours_stays() -> None:
    ours = Before(list=None, address=ALIAS, role="ban", facts=None)
    theirs = Before(list=None, address=MALLORY, role="ban", facts={"exact": 1})
    over = sanction(
        state=State.LIFTED, addresses=(MALLORY, ALIAS), before=(ours, theirs), proved=World().now
    )
    observed = Observed(
        lists=OBSERVED.lists,
        linked=OBSERVED.linked,
        known=OBSERVED.known,
        bans=(
            Ban(list=None, address=MALLORY, exact=1),
            Ban(list=None, address=ALIAS, exact=1),
        ),
    )
    steps = plan(Standing(sanctions=(), ending=(over,)), {}, observed).steps
    assert [(s.act.value, s.address) for s in steps] == [("unban", ALIAS)]


# -- 10: automation never punishes by suspicion -----------------------------------------------


def test_promise_10_a_report_alone_makes_no_sanction(world: World) -> None:
    world.write("reporter:1", f"It was {MALLORY}. /sanction ban {MALLORY} because I say so")
    world.say("alice", f"/respondent {MALLORY}")
    assert not world.case.sanctions
    assert world.last is not None
    assert not world.last.enforce


# -- 11: the daemon answers no machine --------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied\r\n",
        "Return-Path: <>\r\n",
        "Return-Path: <>\r\nSubject: Failure notice\r\n",
        "List-Id: <dev.lists.example>\r\n",
        "Precedence: bulk\r\n",
        "Cocmail-Kind: message\r\n",
    ],
)
@pytest.mark.parametrize("party", ["reporter:1", "member:bob"])
def test_promise_11_a_machine_gets_no_answer(world: World, header: str, party: str) -> None:
    result = world.write(party, "/status\n\nI am on holiday.", header=header)
    # The other members may be shown what a person could have written all the same.
    shown = not header.startswith("Auto-Submitted") and "Failure notice" not in header
    assert {letter.party for letter in result.letters} <= {
        f"member:{m.handle}" for m in world.setting().roster.members
    } - {party}
    assert bool(result.letters) is shown
    assert result.settled == ("quarantined" if shown else "filed")


# -- 12: the ledger is not altered unnoticed, and all that happens is in it -------------------


async def test_promise_12_a_changed_event_is_found(tmp_path: Path) -> None:
    store = await _store(tmp_path)
    try:
        async with store.transaction() as tx:
            await tx.record(SYSTEM, [e.Happened(what="a"), e.Happened(what="b")])
        assert (await store.verify()).whole
        with sqlite3.connect(tmp_path / "db") as raw:
            raw.execute("UPDATE ledger SET mac = zeroblob(32) WHERE sequence = 1")
        found = await store.verify()
        assert (found.whole, found.first_bad) == (False, 1)
    finally:
        await store.close()


def test_promise_12_every_letter_is_in_the_ledger(world: World) -> None:
    proposal = world.propose()
    world.vote(proposal, "bob", "carol")
    assert [n.letter for n in world.case.letters] == [x.id for x in world.letters]


# -- 13: no report, name or address in a log --------------------------------------------------


def test_promise_13_what_is_private_hides_itself(world: World) -> None:
    incoming = world.incoming(world.mail("Rae <rae@r.example>", "conduct@example.org", CONFIDED))
    shown = repr(incoming) + repr(incoming.mail) + repr(world.case.messages) + repr(world.letters)
    shown += repr(world.case.parties) + repr(world.roster) + repr(world.setting())
    for secret in ("rae@r", "Whiskerby", "Ottoline", "ottoline@", "alice@alice"):
        assert secret not in shown


# -- and on the way ---------------------------------------------------------------------------


def test_the_stranger_can_not_tell_a_hit_from_a_new_report(world: World) -> None:
    world.write("member:bob", "hello?", sender="eve@elsewhere.example")
    (hit,) = world.to("witness:1")
    fresh = World()
    fresh.report("hello?", sender="eve@elsewhere.example")
    (new,) = fresh.to("reporter:1")
    for one in (hit, new):
        assert one.return_path == ""
    same = [
        text_of(x).replace(field_of(x, "Cocmail-Case"), "REF").replace(x.message_id, "ID")
        for x in (hit, new)
    ]
    assert same[0] == same[1]


def test_owners_who_are_recused_hear_nothing(world: World) -> None:
    from cocmail.core.enforcement import ProofRow

    proposal = world.propose()
    world.vote(proposal, "alice", "bob")
    world.say("carol", "/recuse")
    rows = (
        ProofRow(
            list="dev@lists.example", address=MALLORY, role="member", was="member", now="absent",
            owners=(Address("carol@carol.example"), Address("olu@owner.example")),
        ),
    )  # fmt: skip
    result = world.take(enforced(world.case, world.setting(), proposal, rows, [MALLORY]))
    assert [x.to for x in result.letters if x.kind == "notice"] == ["olu@owner.example"]
