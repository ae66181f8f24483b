"""Committees at random, against the promises of product.md.

A play is a committee of three to five, a policy, some cases, and whatever people and machines do
next: reports, answers, votes, recusals, forgeries, replays, and time. After each mail the promises
are checked, each by the function that bears its number (promises.py). `PLAYS=5000 make test
TESTS=tests/promises/play` plays for longer.
"""

from __future__ import annotations

import itertools
import os
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from cocmail.core import events as e
from cocmail.core.case import Proposal
from cocmail.core.policy import Policy
from cocmail.core.verification import Signature
from tests.promises.play.promises import CANARY, Model, locked_of, out_of
from tests.promises.play.room import ALIAS, HANDLES, MALLORY, Room, Sent, member

PLAYS = int(os.environ.get("PLAYS", "120"))
REPORTERS = (
    ("Ottoline Featherstone", "ottoline@quiet.example"),
    ("Barnaby Thistlewood", "barnaby@hush.example"),
)
PROPOSALS = (
    "/sanction suspend {mallory} for 30 days because of {word}",
    "/sanction moderate {mallory} on dev permanently because of {word}",
    "/sanction ban {mallory} because of {word}",
)
TENDING = (
    "/close resolved", "/reopen", "/status", "/urgent", "/away until 2026-12-24", "/back",
    "/confirm counsel", f"/note {MALLORY} was somewhere else before", f"/history {MALLORY}",
)  # fmt: skip
CONFIDED = "He follows me to every meeting and will not stop, {}, whatever I say to him."
WRONG = ("/tag heron\n\n/sanction banana x@y.example because", "/close nowhere", "/approve")


class Play(RuleBasedStateMachine):
    """One committee's life."""

    @initialize(
        size=st.integers(3, 5),
        approvals=st.integers(1, 3),
        window=st.sampled_from((None, 24)),
        counsel=st.sampled_from((None, 20)),
    )
    def begin(self, size: int, approvals: int, window: int | None, counsel: int | None) -> None:
        policy = Policy(
            approvals=approvals,
            objection_within=timedelta(hours=window) if window else None,
            counsel_after=timedelta(days=counsel) if counsel else None,
        )
        self.room = Room(handles=HANDLES[:size], policy=policy)
        self.model = Model(self.room)
        self.numbers = itertools.count(1)
        for name, address in REPORTERS:
            self.model.outsiders[address] = name
        self.report(who=0, leaving_out=frozenset())

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.model.at_the_end()

    # -- who and what --------------------------------------------------------------------------

    def word(self, case: str, party: str) -> str:
        """A word that nobody else will write: where it turns up, this text has got to."""
        number = next(self.numbers)
        word = f"gold{'abcdef'[number % 6]}finch{number}"
        self.model.words[word] = (case, f"{case}/{party}")
        return word

    def cases(self) -> list[str]:
        """In the order of their opening."""
        return [c.id for c in self.room.shelf.cases.values() if c.opened]

    def send(self, speaker: str, *args: Any, genuine: bool = True, **more: Any) -> Sent:
        before = len(self.room.shelf.ledger)
        sent = self.room.send(*args, **more)
        self.model.check(sent, speaker=speaker, genuine=genuine, before=before)
        return sent

    def in_case(self, data: st.DataObject) -> tuple[str, str]:
        """A case, and a member who may act in it."""
        case = data.draw(st.sampled_from(self.cases()), label="case")
        return case, self.member_of(data, case)

    def member_of(self, data: st.DataObject, case: str) -> str:
        ledger = self.room.shelf.ledger
        may = sorted(set(self.room.handles) - out_of(ledger, case) - locked_of(ledger))
        return data.draw(st.sampled_from(may or [""]), label="member")

    def say(
        self, case: str, handle: str, text: str, purpose: str = "reply", about: str = ""
    ) -> None:
        if handle:
            to = self.room.address(case, f"member:{handle}", purpose, about)
            self.send(handle, member(handle).addresses[0], to, text)

    def ballots(self, case: str) -> list[tuple[str, str]]:
        """(handle, what the ballot is about) of every ballot that was ever sent in this case."""
        return sorted(
            {
                (n.party.partition(":")[2], n.about)
                for n in self.room.shelf.cases[case].letters
                if n.purpose == "ballot"
            }
        )

    # -- people --------------------------------------------------------------------------------

    @rule(who=st.integers(0, 1), leaving_out=st.frozensets(st.sampled_from(HANDLES), max_size=2))
    def report(self, who: int, leaving_out: frozenset[str]) -> None:
        if len(self.cases()) >= 4:
            return
        name, address = REPORTERS[who]
        to = "conduct" + "".join(f"+not-{h}" for h in sorted(leaving_out)) + "@example.org"
        word = self.word("?", "reporter:1")
        before = set(self.cases())
        ledger = len(self.room.shelf.ledger)
        sent = self.room.send(f"{name} <{address}>", to, CONFIDED.format(word))
        (case,) = set(self.cases()) - before
        self.model.words[word] = (case, f"{case}/reporter:1")
        self.model.check(sent, speaker="", genuine=True, before=ledger)
        assert leaving_out & set(self.room.handles) <= out_of(self.room.shelf.ledger, case)

    @rule(handle=st.sampled_from(HANDLES[:3]))
    def a_member_reports(self, handle: str) -> None:
        if len(self.cases()) >= 4:
            return
        word = self.word("?", "reporter:1")
        before, ledger = set(self.cases()), len(self.room.shelf.ledger)
        sent = self.room.send(
            member(handle).addresses[0], "conduct@example.org", CONFIDED.format(word)
        )
        (case,) = set(self.cases()) - before
        self.model.words[word] = (case, f"{case}/reporter:1")
        self.model.check(sent, speaker="", genuine=True, before=ledger)
        assert handle in out_of(self.room.shelf.ledger, case)

    @rule(data=st.data(), signed=st.booleans())
    def the_reporter_answers(self, data: st.DataObject, signed: bool) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        party = self.room.shelf.cases[case].parties["reporter:1"]
        text = f"There is more, and I was afraid to say it before: {self.word(case, 'reporter:1')}"
        self.send(
            "", str(party.addresses[0]), self.room.address(case, "reporter:1"), text,
            signature=Signature.SOUND if signed else Signature.MISSING,
        )  # fmt: skip

    @rule(data=st.data(), kind=st.sampled_from(("sender", "reference", "subject")))
    def a_stranger_tries(self, data: st.DataObject, kind: str) -> None:
        """Somebody else at a reply address, or with a reference, or with a thread's Message-ID."""
        case = data.draw(st.sampled_from(self.cases()), label="case")
        held = self.room.shelf.cases[case]
        word = self.word(case, "stranger")
        if kind == "sender":
            to, header = self.room.address(case, "reporter:1"), ""
        elif len(self.cases()) >= 4:
            return
        else:
            to = "conduct@example.org"
            header = f"In-Reply-To: {held.letters[0].message_id}\r\n" if held.letters else ""
            word = self.word("?", "reporter:1")
        before = len(self.room.shelf.ledger)
        known = set(self.cases())
        text = (
            f"Re: {held.parties['reporter:1'].reference} {CONFIDED.format(word)}\n\n/close resolved"
        )
        stranger = f"stranger{next(self.numbers)}@elsewhere.example"
        sent = self.room.send(stranger, to, text, header=header)
        new = set(self.cases()) - known
        if kind != "sender":
            (opened,) = new  # never in somebody else's case
            self.model.words[word] = (opened, f"{opened}/reporter:1")
        self.model.check(sent, speaker="", genuine=False, before=before)

    # -- members -------------------------------------------------------------------------------

    @rule(data=st.data())
    def a_member_talks(self, data: st.DataObject) -> None:
        case, handle = self.in_case(data)
        self.say(case, handle, f"I think that {self.word(case, f'member:{handle}')}")

    @rule(data=st.data(), to=st.sampled_from(("reporter", "respondent")), fit=st.booleans())
    def a_member_writes_outside(self, data: st.DataObject, to: str, fit: bool) -> None:
        case, handle = self.in_case(data)
        own = self.word(case, f"member:{handle}")
        if fit:
            self.model.handed_on.add((own, f"{case}/{to}:1"))
            text = f"/reply {to}\nThank you for {own}.\n/end"
        else:
            heard = [w for w, (c, _) in self.model.words.items() if c == case and w != own]
            text = f"/reply {to}\nYou wrote: {CONFIDED.format(heard[0] if heard else own)}\n/end"
        self.say(case, handle, text)

    @rule(data=st.data(), text=st.sampled_from(PROPOSALS), person=st.sampled_from((MALLORY, ALIAS)))
    def a_member_proposes(self, data: st.DataObject, text: str, person: str) -> None:
        case, handle = self.in_case(data)
        word = self.word(case, f"member:{handle}")
        self.model.handed_on |= {(word, f"{case}/respondent:{n}") for n in range(1, 10)}
        self.say(case, handle, text.format(mallory=person, word=word))

    @rule(data=st.data(), choice=st.sampled_from(("approve", "approve", "object", "abstain")))
    def a_member_votes(self, data: st.DataObject, choice: str) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        if self.ballots(case):
            handle, about = data.draw(st.sampled_from(self.ballots(case)), label="ballot")
            self.say(case, handle, f"/{choice}", "ballot", about)

    @rule(data=st.data())
    def everybody_approves(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        for handle, about in self.ballots(case)[-len(self.room.handles) :]:
            self.say(case, handle, "/approve", "ballot", about)

    @rule(data=st.data(), text=st.sampled_from(PROPOSALS), person=st.sampled_from((MALLORY, ALIAS)))
    def a_sanction_is_carried(self, data: st.DataObject, text: str, person: str) -> None:
        """Proposed, and approved by one after the other for as long as the vote is open."""
        case, handle = self.in_case(data)
        word = self.word(case, f"member:{handle}")
        self.model.handed_on |= {(word, f"{case}/respondent:{n}") for n in range(1, 10)}
        known = {p.id for p in self.room.shelf.cases[case].open_proposals}
        self.say(case, handle, text.format(mallory=person, word=word))
        self.carry(case, known)

    @rule(data=st.data())
    def a_lift_is_carried(self, data: st.DataObject) -> None:
        case, handle = self.in_case(data)
        held = self.room.shelf.cases[case]
        for sanction in [s.id for s in held.sanctions.values() if s.in_force][:1]:
            known = {p.id for p in held.open_proposals}
            self.say(case, handle, f"/lift {sanction} because it is enough")
            self.carry(case, known)

    def carry(self, case: str, known: set[str]) -> None:
        """What is new is approved by all, waits for objections, and counsel is heard."""

        def new() -> list[Proposal]:
            held = self.room.shelf.cases[case]
            return [p for p in held.open_proposals if p.id not in known]

        about = {p.ballot for p in new()}
        ballots = [(h, one) for h, one in self.ballots(case) if one in about]
        for handle, one in ballots:
            if one in {p.ballot for p in new()}:
                self.say(case, handle, "/approve", "ballot", one)
        if any(p.window and not p.windowed for p in new()):
            self.time_passes(hours=25)
        if any(p.counsel == "asked" for p in new()):
            self.say(case, ballots[0][0], "/confirm counsel", "ballot", ballots[0][1])

    @rule(data=st.data(), word=st.sampled_from(("link", "merge")))
    def two_cases_meet(self, data: st.DataObject, word: str) -> None:
        case, handle = self.in_case(data)
        other = data.draw(st.sampled_from(self.cases()), label="other")
        line = f"/{word} {self.room.shelf.cases[other].reference}"
        self.say(case, handle, line)
        if data.draw(st.booleans(), label="agreed"):
            self.say(case, self.member_of(data, case), line)

    @rule(data=st.data(), number=st.integers(1, 6))
    def a_message_is_split_off(self, data: st.DataObject, number: int) -> None:
        if len(self.cases()) >= 4:
            return
        case, handle = self.in_case(data)
        self.say(case, handle, f"/split {number}")

    @rule(data=st.data())
    def a_member_lifts(self, data: st.DataObject) -> None:
        case, handle = self.in_case(data)
        for sanction in list(self.room.shelf.cases[case].sanctions)[:1]:
            self.say(case, handle, f"/lift {sanction} because it is enough")

    @rule(data=st.data(), person=st.sampled_from((MALLORY, ALIAS)))
    def a_member_orders(self, data: st.DataObject, person: str) -> None:
        case, handle = self.in_case(data)
        word = self.word(case, f"member:{handle}")
        self.model.handed_on |= {(word, f"{case}/respondent:{n}") for n in range(1, 10)}
        self.say(case, handle, f"/interim moderate {person} because of {word}")

    @rule(data=st.data())
    def a_proposer_amends(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        for proposal in self.room.shelf.cases[case].open_proposals:
            handle, about = proposal.proposed.by, proposal.ballot
            text = f"/sanction suspend {MALLORY} for 9 days because of less"
            self.say(case, handle, text, "ballot", about)

    @rule(data=st.data(), word=st.sampled_from(("lock", "unlock")), whom=st.sampled_from(HANDLES))
    def a_member_locks(self, data: st.DataObject, word: str, whom: str) -> None:
        case, handle = self.in_case(data)
        self.say(case, handle, f"/{word} {whom}")

    @rule(
        data=st.data(), word=st.sampled_from(("recuse", "include")), whom=st.sampled_from(HANDLES)
    )
    def the_others_decide(self, data: st.DataObject, word: str, whom: str) -> None:
        case, handle = self.in_case(data)
        if whom != handle:
            self.say(case, handle, f"/{word} {whom}")

    @rule(data=st.data())
    def a_reporter_names_a_member(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        whom = member(data.draw(st.sampled_from(self.room.handles), label="whom"))
        party = self.room.shelf.cases[case].parties["reporter:1"]
        text = f"{whom.name} was there. {self.word(case, 'reporter:1')}"
        self.send("", str(party.addresses[0]), self.room.address(case, "reporter:1"), text)

    @rule(data=st.data())
    def a_member_leaves_the_case(self, data: st.DataObject) -> None:
        case, handle = self.in_case(data)
        self.say(case, handle, "/recuse because we are friends")

    @rule(data=st.data(), person=st.sampled_from((*HANDLES[:2], "mallory")))
    def a_member_names_somebody(self, data: st.DataObject, person: str) -> None:
        case, handle = self.in_case(data)
        address = MALLORY if person == "mallory" else member(person).addresses[0]
        self.say(case, handle, f"/respondent {address}")

    @rule(data=st.data(), text=st.sampled_from(WRONG))
    def a_member_errs(self, data: st.DataObject, text: str) -> None:
        case, handle = self.in_case(data)
        self.say(case, handle, text)

    @rule(data=st.data(), text=st.sampled_from(TENDING))
    def a_member_tends(self, data: st.DataObject, text: str) -> None:
        case, handle = self.in_case(data)
        self.say(case, handle, text)

    # -- thieves and machines ------------------------------------------------------------------

    @rule(data=st.data(), how=st.sampled_from(("unsigned", "failed", "quoted", "stranger")))
    def somebody_forges_a_command(self, data: st.DataObject, how: str) -> None:
        """In a member's name, to an address of theirs that was found out."""
        case, handle = self.in_case(data)
        if not handle:
            return
        to = self.room.address(case, f"member:{handle}")
        self.forge(handle, to, "/tag stolen", how)

    @rule(data=st.data(), how=st.sampled_from(("unsigned", "failed", "another's", "quoted")))
    def somebody_forges_a_vote(self, data: st.DataObject, how: str) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        if not self.ballots(case):
            return
        handle, about = data.draw(st.sampled_from(self.ballots(case)), label="ballot")
        to = self.room.address(case, f"member:{handle}", "ballot", about)
        if how == "another's":
            others = [h for h in self.room.handles if h != handle]
            handle = data.draw(st.sampled_from(others), label="thief")
        self.forge(handle, to, "/approve", how)

    def forge(self, handle: str, to: str, text: str, how: str) -> None:
        sender = str(member(handle).addresses[0])
        signature = {"unsigned": Signature.MISSING, "failed": Signature.FAILED}.get(how)
        if how == "quoted":
            text = f"I am not sure.\n\n> {text}\n"
        if how == "stranger":
            sender = "thief@elsewhere.example"
        self.send(
            sender.partition("@")[0], sender, to, text,
            signature=signature or Signature.SOUND, genuine=False,
        )  # fmt: skip

    @rule(data=st.data())
    def a_voter_leaves(self, data: st.DataObject) -> None:
        """Who approves and then leaves the case has no vote in it; then the others approve."""
        case, handle = self.in_case(data)
        known = {p.id for p in self.room.shelf.cases[case].open_proposals}
        self.say(case, handle, f"/sanction suspend {MALLORY} for 3 days because of this")
        for proposal in self.room.shelf.cases[case].open_proposals:
            if proposal.id not in known:
                self.say(case, handle, "/approve", "ballot", proposal.ballot)
                self.say(case, handle, "/recuse")
        self.carry(case, known)

    @rule(data=st.data(), how=st.sampled_from(("as it was", "touched", "elsewhere")))
    def a_mail_comes_again(self, data: st.DataObject, how: str) -> None:
        """The same bytes; or with a line more, that no signature covers; or to another address."""
        ran = [x for x in self.room.sent if any(isinstance(e_, e.Ran) for _, e_ in x.events)]
        again = data.draw(st.sampled_from(ran or self.room.sent), label="mail")
        raw = again.raw
        if how == "touched":
            if not ran:
                return  # a report with a line more is another report
            raw = b"X-Again: %d\r\n" % next(self.numbers) + raw
        if how == "elsewhere":
            ballots = [(c, *b) for c in self.cases() for b in self.ballots(c)]
            if not ballots or not ran:
                return
            case, handle, about = data.draw(st.sampled_from(ballots), label="to")
            to = self.room.address(case, f"member:{handle}", "ballot", about)
            raw = b"Delivered-To: " + to.encode() + b"\r\n" + raw
            for word in CANARY.findall(raw.decode()):
                self.model.words.pop(word, None)  # the thief tells it to whom they like
        before = len(self.room.shelf.ledger)
        sent = self.room.deliver(raw, again.auth)
        self.model.check(sent, speaker="", genuine=False, before=before)

    @rule(data=st.data(), plain=st.booleans())
    def a_machine_writes(self, data: st.DataObject, plain: bool) -> None:
        case = data.draw(st.sampled_from(self.cases()), label="case")
        party = self.room.shelf.cases[case].parties["reporter:1"]
        to = "conduct@example.org" if plain else self.room.address(case, "reporter:1")
        sender = str(party.addresses[0])
        sent = self.send(
            "", sender, to, "I am away.\n\n/approve", header="Auto-Submitted: auto-replied\r\n",
            genuine=False,
        )  # fmt: skip
        self.model.p11_machines_get_no_answer(sent, sender)

    # -- time ----------------------------------------------------------------------------------

    @rule(hours=st.sampled_from((1, 25, 24 * 8, 24 * 31)))
    def time_passes(self, hours: int) -> None:
        before, letters = len(self.room.shelf.ledger), len(self.room.shelf.letters)
        self.room.later(timedelta(hours=hours))
        shelf = self.room.shelf
        shelf.settled["time"] = "done"
        sent = Sent(
            id="time", raw=b"", auth=self.room.sent[0].auth,
            events=tuple((c, x) for c, _, x in shelf.ledger[before:]),
            letters=tuple(shelf.letters[letters:]),
        )  # fmt: skip
        self.model.p02_only_to_whom_it_is_for(sent)
        self.model.p03_the_recused_hear_nothing(sent, "", before)
        self.model.p04_the_respondent_learns_no_reporter(sent)
        self.model.p05_nobody_acts_for_another(sent)
        self.model.p08_p09_p10_in_force_is_decided(shelf.ledger)
        self.model.p12_nothing_happens_beside_the_ledger(sent)

    @precondition(lambda self: False)
    @rule()
    def nothing(self) -> None:
        """Hypothesis wants a rule that can always be told apart from the others."""


Play.TestCase.settings = settings(
    max_examples=PLAYS,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    # A failing play is told as it was; `SHRINK=1` looks for the shortest one, which takes minutes.
    phases=(Phase.generate, *((Phase.shrink,) if "SHRINK" in os.environ else ())),
)
TestPlay = Play.TestCase
