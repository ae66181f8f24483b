"""The promises as a reader would check them: against the ledger and the letters alone.

Owns a model that is small on purpose: who is out of a case, which votes stand, which sanctions are
in force, all told anew from what was written down, without a line of the core's own reasoning.
Each function is named after its promise in product.md. Called by test_play after every mail.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterable
from typing import Any

from cocmail.core import events as e
from cocmail.core.case import SYSTEM
from cocmail.core.committee import COMMITTEE
from cocmail.core.folding import fold
from cocmail.core.letters import Kind, Letter
from cocmail.core.rows import rows
from tests.promises.play.room import Room, Sent, member

CANARY = re.compile(r"\b[a-z]+finch\d+\b")
ACTING = (
    e.Ran, e.Proposed, e.Voted, e.Said, e.Closed, e.Reopened, e.Tagged, e.Assigned, e.TakenIn,
    e.LeftAside, e.Ordered, e.Locked, e.UnlockAsked, e.CounselHeard,
)  # fmt: skip


def text_of(letter: Letter) -> str:
    """The subject and the words of a letter, by the parser that costs least."""
    parsed = email.message_from_bytes(letter.message)
    whole = parsed.get_payload(0) if parsed.is_multipart() else parsed
    body = whole.get_payload(decode=True).decode()  # type: ignore[union-attr]
    return f"{parsed['Subject']}\n" + " ".join(body.split())


def out_of(ledger: Iterable[tuple[str, Any, Any]], case: str) -> set[str]:
    """Who is kept out of a case, as its events say."""
    out: set[str] = set()
    waiting: set[tuple[str, str]] = set()  # for an answer, and to which question
    told = list(ledger)
    for place, (name, _, event) in enumerate(told):
        if name != case:
            continue
        match event:
            case e.Absorbed():
                out |= out_of(told[:place], event.case)
            case e.Recused():
                out.add(event.handle)
            case e.Named():
                out |= set(event.handles)
            case e.Provisional():
                waiting |= {(handle, event.why) for handle in event.handles}
            case e.Included():
                out.discard(event.handle)
                waiting = {one for one in waiting if one[0] != event.handle}
            case e.Released():
                waiting -= {(handle, event.why) for handle in event.handles}
    return out | {handle for handle, _ in waiting}


def locked_of(ledger: Iterable[tuple[str, Any, Any]]) -> set[str]:
    """Whose mailbox is taken for stolen."""
    locked: set[str] = set()
    for _, _, event in ledger:
        match event:
            case e.Locked():
                locked.add(event.handle)
            case e.Unlocked():
                locked.discard(event.handle)
    return locked


def merged_into(ledger: Iterable[tuple[str, Any, Any]], case: str) -> set[str]:
    """The case, and every case that was merged into it."""
    found = {case}
    for name, _, event in ledger:
        if isinstance(event, e.Absorbed) and name in found:
            found |= merged_into(ledger, event.case)
    return found


class Model:
    """What the play knows beside the ledger: who really wrote which mail, and what it said."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.words: dict[str, tuple[str, str]] = {}  # canary -> (case, whose channel)
        self.handed_on: set[tuple[str, str]] = set()  # (canary, case/party) by a /reply
        self.also: set[tuple[str, str]] = set()  # (canary, case): it was split off into that, too
        self.outsiders: dict[str, str] = {}  # address -> what they are called
        self.seen = 0

    def check(self, sent: Sent, *, speaker: str, genuine: bool, before: int) -> None:
        """All that one mail may and may not have done. ``before``: the ledger's length then."""
        ledger = self.room.shelf.ledger
        for name, event in sent.events:
            self.follow(name, event)
        self.p01_nothing_is_lost(sent)
        self.p02_only_to_whom_it_is_for(sent)
        self.p03_the_recused_hear_nothing(sent, speaker, before)
        self.p04_the_respondent_learns_no_reporter(sent)
        if not genuine:
            self.p05_nobody_acts_for_another(sent)
        else:
            self.p05_only_the_speaker_acts(sent, speaker)
        self.p06_all_or_nothing(sent)
        for case, event in sent.events:
            if isinstance(event, e.Decided):
                self.p07_decided_as_the_policy_asks(case, event)
        self.p08_p09_p10_in_force_is_decided(ledger)
        self.p12_nothing_happens_beside_the_ledger(sent)

    def follow(self, case: str, event: Any) -> None:
        """Words go with their case, where that is merged or split."""
        if isinstance(event, e.Absorbed):
            moved = {f"{event.case}/{a}": f"{case}/{b}" for a, b in event.places.items()}
            for word, (where, channel) in list(self.words.items()):
                if where == event.case:
                    new = moved.get(channel, channel.replace(event.case, case, 1))
                    self.words[word] = (case, new)
            self.handed_on |= {(w, moved[c]) for w, c in self.handed_on if c in moved}
            self.also |= {(w, case) for w, c in self.also if c == event.case}
        if isinstance(event, e.SplitOff):
            message = self.room.shelf.cases[event.case].messages[0].received
            for word in CANARY.findall(message.text):
                self.also.add((word, event.case))
                self.handed_on.add((word, f"{event.case}/reporter:1"))

    def p01_nothing_is_lost(self, sent: Sent) -> None:
        assert sent.id in self.room.shelf.settled
        assert any(sent.id in (getattr(x, "mail", ""),) for _, x in sent.events), [
            type(x).__name__ for _, x in sent.events
        ]

    def p02_only_to_whom_it_is_for(self, sent: Sent) -> None:
        for letter in sent.letters:
            role, _, name = letter.party.partition(":")
            if letter.case == SYSTEM or role == "member":
                known: tuple[Any, ...] = member(name).addresses
            else:
                known = self.room.shelf.cases[letter.case].parties[letter.party].addresses
            author = letter.kind == Kind.CONFIRMATION and role == "reporter"
            assert letter.to in known or author, "a letter went to somebody else's address"
            for canary in CANARY.findall(text_of(letter)):
                if canary not in self.words:
                    continue
                case, channel = self.words[canary]
                if role == "member" and (letter.case == case or (canary, letter.case) in self.also):
                    continue
                assert (
                    channel == f"{case}/{letter.party}"
                    or (
                        canary,
                        f"{letter.case}/{letter.party}",
                    )
                    in self.handed_on
                ), f"{letter.kind} to {letter.party} holds words of {channel}"

    def p03_the_recused_hear_nothing(self, sent: Sent, speaker: str, before: int) -> None:
        ledger = self.room.shelf.ledger
        for letter in sent.letters:
            role, _, handle = letter.party.partition(":")
            if role != "member" or letter.case == SYSTEM:
                continue
            was_out = handle in out_of(ledger[:before], letter.case)
            is_out = handle in out_of(ledger, letter.case)
            for case in self.room.shelf.cases.values():
                if handle == speaker and case.reference.encode() in sent.raw:
                    continue  # their own words, in the refusal of them
                if case.reference and case.reference in text_of(letter) and case.id != letter.case:
                    assert handle not in out_of(ledger, case.id), "the reference of a shut case"
            taking_leave = not was_out and speaker == handle and letter.kind == Kind.ANSWER
            assert not (was_out and is_out), f"{handle} is out, and got a {letter.kind}"
            stolen = locked_of(ledger[:before]) & locked_of(ledger)
            assert handle not in stolen, f"{handle} is locked, and got a {letter.kind}"
            assert not is_out or taking_leave, f"{handle} is out now, and got a {letter.kind}"

    def p04_the_respondent_learns_no_reporter(self, sent: Sent) -> None:
        for letter in sent.letters:
            if letter.party.startswith("respondent"):
                whole = letter.message.decode().lower() + text_of(letter).lower()
                for address, name in self.outsiders.items():
                    assert address not in whole
                    assert name.lower() not in whole

    def p05_nobody_acts_for_another(self, sent: Sent) -> None:
        assert not [x for _, x in sent.events if isinstance(x, ACTING)], "a forgery did something"

    def p05_only_the_speaker_acts(self, sent: Sent, speaker: str) -> None:
        for _, event in sent.events:
            if isinstance(event, ACTING):
                who = getattr(event, "handle", "") if isinstance(event, e.Ran | e.Voted) else ""
                assert (who or getattr(event, "by", "")) == speaker

    def p06_all_or_nothing(self, sent: Sent) -> None:
        kinds = {type(x) for _, x in sent.events}
        if e.Refused in kinds:
            assert kinds <= {e.Refused, e.Told, e.Confirmed, e.Happened}, f"half run: {kinds}"

    def p07_decided_as_the_policy_asks(self, case: str, decided: e.Decided) -> None:
        ledger = self.room.shelf.ledger
        names = merged_into(ledger, case)
        mine = [x for name, _, x in ledger if name in names]
        assert sum(isinstance(x, e.Decided) and x.proposal == decided.proposal for x in mine) == 1
        if decided.result != "approved":
            return
        votes = {
            x.handle: x.vote
            for x in mine[: mine.index(decided)]
            if isinstance(x, e.Voted) and x.proposal == decided.proposal
        }
        locked = locked_of(ledger)
        may = set(self.room.handles) - out_of(ledger, case)
        yes = sum(vote == "approve" and handle in may - locked for handle, vote in votes.items())
        (proposed,) = [
            x for x in mine if isinstance(x, e.Proposed) and x.proposal == decided.proposal
        ]
        if proposed.what in ("recuse", "include"):
            others = may - locked - {proposed.target}
            least = len(others - self.away(ledger)) if proposed.what == "recuse" else 1
            assert yes >= max(least, 2 if proposed.what == "recuse" else 1)
            return
        permanent = proposed.permanent or (
            proposed.what == "lift"
            and any(
                isinstance(x, e.Proposed) and x.what == "sanction" and x.permanent
                and x.sanction == proposed.sanction
                for x in mine
            )
        )  # fmt: skip
        least = max(2, len(may) // 2 + 1) if permanent else self.room.policy.approvals
        assert yes >= least, f"{yes} approvals decided, and {least} are asked for"

    def away(self, ledger: list[tuple[str, Any, Any]]) -> set[str]:
        until = {x.handle: x.until for _, _, x in ledger if isinstance(x, e.WentAway)}
        return {handle for handle, end in until.items() if end > self.room.now}

    def p08_p09_p10_in_force_is_decided(self, ledger: list[tuple[str, Any, Any]]) -> None:
        """In force is what was decided, until its end; nothing else is, nothing else ends it."""
        approved: set[str] = set()
        lifted: set[str] = set()
        lifts: dict[str, str] = {}
        standing: dict[str, Any] = {}
        interims: set[str] = set()
        sanctions: set[str] = set()
        spans: dict[str, float | None] = {}
        orders: dict[tuple[str, str], list[str]] = {}
        for name, at, event in ledger:
            match event:
                case e.Proposed(what="sanction"):
                    sanctions.add(event.proposal)
                    spans[event.sanction] = event.seconds
                case e.Proposed(what="lift"):
                    lifts[event.proposal] = event.sanction
                case e.Decided(result="approved"):
                    approved.add(event.proposal)
                    lifted.add(lifts.get(event.proposal, ""))
                case e.Ordered():
                    orders.setdefault((name, event.address), []).append(event.by)
                    assert len(orders[name, event.address]) <= 2, "renewed more than once"
                    assert event.until - at <= self.room.policy.interim_for
                    standing[event.sanction] = event.until
                    interims.add(event.sanction)
                case e.InForce():
                    assert event.sanction in approved, "in force, and nobody decided it"
                    asked = spans[event.sanction]
                    given = event.until and (event.until - at).total_seconds()
                    assert given == asked, "it lasts for another time than was decided"
                    standing[event.sanction] = event.until
                case e.Ended(how="lifted"):
                    assert event.sanction in lifted | interims, "lifted, and nobody decided it"
                    del standing[event.sanction]
                case e.Ended():
                    until = standing.pop(event.sanction)
                    confirmed = event.sanction in interims  # a vote or a renewal took over
                    assert confirmed or (until is not None and until <= at), "ended too early"
        for sanction, until in standing.items():
            (case,) = [c for c in self.room.shelf.cases.values() if sanction in c.sanctions]
            assert case.sanctions[sanction].state == "in-force"
            assert until is None or until > self.room.now, "its time is over, and it still stands"
        assert approved & sanctions <= standing.keys() | {
            x.sanction for _, _, x in ledger if isinstance(x, e.Ended)
        }, "it was decided, and does not hold"

    def p11_machines_get_no_answer(self, sent: Sent, sender: str) -> None:
        assert not [x for x in sent.letters if x.to == sender], "a machine was answered"

    def p12_nothing_happens_beside_the_ledger(self, sent: Sent) -> None:
        told = {n.letter for _, x in sent.events if isinstance(x, e.Told) for n in x.letters}
        assert {x.id for x in sent.letters} <= told, "a letter leaves that the ledger doesn't know"

    def at_the_end(self) -> None:
        """The ledger alone makes the same cases, and nothing of it shows by accident."""
        shelf = self.room.shelf
        for name, case in shelf.cases.items():
            history = [(n, at, x) for n, (c, at, x) in enumerate(shelf.ledger) if c == name]
            again = fold(name, history)
            assert again == case, "p12: the ledger tells another story"
            if name != COMMITTEE:
                assert rows(again, self.room.minter) == shelf.index.get(name, frozenset())
        shown = repr([x for _, _, x in shelf.ledger]) + repr(shelf.cases) + repr(shelf.letters)
        for secret in (*self.words, *self.outsiders, *self.outsiders.values()):
            assert secret not in shown, "p13: a repr tells what is private"
