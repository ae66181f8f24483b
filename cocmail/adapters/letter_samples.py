"""Sample values for every letter, so that each can be tried before it is needed.

Owns the pool: each entry of CHOICES gives one or more variables their values in every case that
makes a letter differ. Refuses to know templates. Called by template_check and by the tests that
render every letter. All people and lists in here are made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from math import prod
from typing import Any

from cocmail.core import events as e
from cocmail.core.actions.answering import Present, Vote
from cocmail.core.attached import Listed
from cocmail.core.case import Case, Message, Party, Prior
from cocmail.core.commands import COMMANDS, Group, group_of
from cocmail.core.dossier import Earlier
from cocmail.core.drift import Drift
from cocmail.core.enforcement import ProofRow, Role, Row, Word
from cocmail.core.forms import Outcome
from cocmail.core.leads import Evidence
from cocmail.core.letters import Kind
from cocmail.core.listing import Alike
from cocmail.core.people import Address, Handle, Member, Private
from cocmail.core.policy import Policy
from cocmail.core.preview import Preview
from cocmail.core.proofs import Telling
from cocmail.core.quarantine import Item as InQuarantine
from cocmail.core.reminders import Section
from cocmail.core.sanctions import Measure, Sanction, Scope, State
from cocmail.core.showing import Hint
from cocmail.core.table import NAMED, Line, Table, Tense, limits
from cocmail.core.waiting import Item, What

NOW = datetime(2026, 11, 21, 4, 20, tzinfo=UTC)
PERSON = Address("mallory@person.example")
REASON = Private("You went on after you were asked to stop.")
TEXT = Private("The first line.\n\nAnother, after an empty one.")
_END = NOW + timedelta(days=90)
_LIST = "dev@lists.example"
_SCOPES = (Scope(), Scope(groups=("sig-node",)), Scope(lists=(_LIST, "talk@lists.example")))
_MEMBER = Member(
    handle=Handle("alice"), name=Private("Alice Example"), addresses=(Address("alice@a.example"),)
)
_TIMES: tuple[dict[str, Any], ...] = (
    {"seconds": 90 * 86400.0, "until": None, "permanent": False},
    {"seconds": None, "until": _END, "permanent": False},
    {"seconds": None, "until": None, "permanent": True},
    {"seconds": None, "until": None, "permanent": False},
)


def _sanction(measure: Measure, **more: Any) -> Sanction:
    values: dict[str, Any] = {
        "id": "S7K2QD", "case": "sample", "measure": measure, "address": PERSON,
        "addresses": (PERSON,), "scope": Scope(), "reason": REASON, "state": State.IN_FORCE,
        "start": NOW, "until": None,
    }  # fmt: skip
    return Sanction(**values | more)


def _proposed(what: str, **more: Any) -> e.Proposed:
    values: dict[str, Any] = {
        "proposal": "S7K2QD", "what": what, "by": "alice", "because": REASON, "closes": _END,
        "sanction": "S7K2QD", "measure": Measure.SUSPEND, "address": PERSON,
    }  # fmt: skip
    return e.Proposed(**values | more)


def _received(**more: Any) -> e.Received:
    values: dict[str, Any] = {
        "number": 1, "mail": "sample", "party": "reporter:1",
        "sender": Address("ottoline@reporter.example"), "name": Private("Ottoline Featherstone"),
        "proof": "signed", "subject": Private("What happened"), "text": TEXT,
        "attachments": (), "sent": NOW, "message_id": "<1@reporter.example>",
    }  # fmt: skip
    return e.Received(**values | more)


def _party(role: str, number: int = 1) -> Party:
    return Party(
        id=f"{role}:{number}",
        addresses=(PERSON,),
        name=Private("Mallory Example"),
        reference="COC-7F3KQ2",
    )


def _proof(**more: Any) -> ProofRow:
    values: dict[str, Any] = {
        "list": _LIST, "address": PERSON, "role": "member", "was": "member", "now": "absent",
    }  # fmt: skip
    return ProofRow(**values | more)


_ATTACHED = (
    Listed(name=Private("a.png"), kind="picture", size="12 KB", goes=True, number=1),
    Listed(name=Private(""), kind="forwarded", size="3 KB", stays=True),
    Listed(name=Private("b.txt"), kind="", size=""),
    Listed(name=Private(""), kind="text", size="812 KB", missing="612 KB", number=2),
    Listed(name=Private(""), kind="text", size="9.1 MB", missing="8.9 MB"),
    Listed(name=Private("text_0.txt"), kind="text", size="1 KB", shown=True),
)
_ROW = Row(list=_LIST, address=PERSON, role=Role.MEMBER)
_PREVIEWS = (
    Preview(known=False, addresses=(PERSON,)),
    Preview(known=True, addresses=(PERSON,)),
    Preview(
        known=True,
        addresses=(PERSON, Address("mal@other.example")),
        rows=(_ROW, Row(list=_LIST, address=PERSON, role=Role.OWNER, action="hold")),
    ),
)


def _lines(*, left: bool = False) -> Iterator[Line]:
    """A line of each kind that there is."""
    for role, now, then, note in (
        (Role.BAN, Word.ABSENT, Word.BANNED, ""),
        (Role.BAN, Word.BANNED, Word.BANNED, "a ban from before, which isn't ours"),
        (Role.MEMBER, Word.MEMBER, Word.ABSENT, ""),
        (Role.OWNER, Word.MEMBER, Word.ABSENT, ""),
        (Role.OWNER, Word.MEMBER, Word.MEMBER, "this role stays"),
        (Role.MEMBER, Word.ABSENT, Word.MEMBER, "somebody changed this meanwhile; theirs stands"),
        (Role.MEMBER, Word.MEMBER, Word.HELD, ""),
        (Role.NONMEMBER, Word.HELD, Word.ABSENT, ""),
        (Role.MODERATOR, Word.ABSENT, Word.MEMBER, ""),
        (Role.BAN, Word.BANNED, Word.ABSENT, ""),
    ):
        where = None if role is Role.BAN else _LIST
        line = Line(list=where, address=PERSON, role=role, now=now, then=then, note=note)
        yield replace(line, left=(left and bool(note)) or now == then)


def _tables() -> Iterator[Table]:
    yield Table(tense=Tense.WOULD, known=False, addresses=(PERSON,))
    for tense in Tense:
        yield Table(tense=tense, addresses=(PERSON,))
        lines = tuple(_lines(left=tense is Tense.BACK))
        whole = Table(
            tense=tense,
            addresses=(PERSON, Address("mal@other.example")),
            lines=lines,
            warnings=(f"{_LIST} has no other owner",),
            meets=_SANCTIONS[1:4],
            limits=limits(Measure.MODERATE, _SCOPES[1], ()),
        )
        yield whole
        long = replace(whole, lines=lines * NAMED, warnings=whole.warnings * (NAMED + 1))
        yield replace(long, file="S7K2QD.txt")
        yield replace(long, whole=True)


_VOTES = {
    "alice": e.Voted(proposal="S7K2QD", handle="alice", vote="approve"),
    "bob": e.Voted(proposal="S7K2QD", handle="bob", vote="object", because=REASON),
    "carol": e.Voted(proposal="S7K2QD", handle="carol", vote="abstain"),
}
_ASIDE = e.SetAside(
    number=1, mail="sample", party="reporter:1", stranger="", sender=PERSON,
    name=Private("Mallory Example"), subject=Private("Hello"), text=TEXT,
    why="It carries no signature.", sent=NOW,
    note=Private("It is encrypted, and cocmail can't read it."),
)  # fmt: skip
_IN_QUARANTINE = (
    InQuarantine(at=NOW, mail=e.Quarantined(
        number=482130, mail="sample", handles=("alice",), why="It lay in the spam folder.",
        size=1_200, tell_from=NOW, tell_by=_END,
    )),
    InQuarantine(at=NOW, mail=e.Quarantined(
        number=901772, mail="sample", handles=("alice",), why="It is larger than we open.",
        size=61_000_000, tell_from=NOW, tell_by=_END, urgent=True, readable=False,
    )),
)  # fmt: skip
_ALIKE = (
    Alike(why=_IN_QUARANTINE[0].mail.why, count=1, items=_IN_QUARANTINE[:1]),
    Alike(why=_IN_QUARANTINE[1].mail.why, count=39, items=_IN_QUARANTINE[1:]),
)
_SANCTIONS = tuple(
    _sanction(measure, scope=scope, state=state, until=until)
    for measure, scope, state, until in (
        (Measure.WARN, _SCOPES[0], State.ENDED, None),
        (Measure.MODERATE, _SCOPES[1], State.IN_FORCE, _END),
        (Measure.REMOVE, _SCOPES[2], State.ENDED, None),
        (Measure.SUSPEND, _SCOPES[0], State.IN_FORCE, _END),
        (Measure.SUSPEND, _SCOPES[0], State.REJECTED, None),
        (Measure.BAN, _SCOPES[2], State.LIFTED, None),
        (Measure.LEAVE, _SCOPES[1], State.PROPOSED, _END),
    )
)

_EARLIER = (
    Earlier(reference="COC-2K7QF3", outcome="", sanctions=()),
    Earlier(
        reference="COC-7F3KQ2", outcome="resolved", sanctions=_SANCTIONS,
        conditions=("you stay off sig-node for a year",),
    ),
)  # fmt: skip
_NOTED = e.PriorNoted(
    address=PERSON, text=Private("was asked to leave a conference in 2024"), by="bob"
)
_PRIORS = (Prior(at=NOW, noted=_NOTED),)

_EXTENSIONS = tuple(
    _proposed(
        what, proposal="E5T8WH", addresses=(Address("mal@other.example"),), sanctions=("S7K2QD",)
    )
    for what in ("extend", "separate")
)
_LEADS = tuple(
    e.LeadFound(
        number=number, address=Address("mal@other.example"), name=name, like=PERSON,
        sanctions=("S7K2QD",), lists=(_LIST,), others=others,
        hints=tuple(
            e.Hint(
                evidence=kind,
                like=Private("Mallory Example") if kind is Evidence.NAME else PERSON,
            )
            for kind in Evidence
        ),
    )
    for number, name, others in (
        (1, Private(""), ()), (2, Private("M. Example"), (Address("m@third.example"),)),
    )
)  # fmt: skip
_ABOUT = {what: _proposed(what, target="bob") for what in ("recuse", "include")}
_APPEAL = e.AppealOpened(
    appeal="A5T8WH", sanction="S7K2QD", party="respondent:1", by="alice", decide_by=_END
)
_ANSWERS = tuple(_proposed(what, target="A5T8WH") for what in ("grant", "deny"))
_WAITING = e.Withheld(
    number=1, by="alice", parties=("respondent:1",), text=TEXT, at=NOW,
    why=(Private("It names a file of the case: “slides.pdf”."),),
)  # fmt: skip
_SEAT = e.Seat(handle="bob", name=Private("Bob Example"), addresses=(Address("bob@b.example"),))
_INTERIM = _sanction(Measure.MODERATE, until=_END, interim=True, by="alice")
_ITEMS = tuple(
    Item(what=what, about="S7K2QD", since=NOW, until=_END, numbers=(1, 2)) for what in What
)


def _cases() -> tuple[Case, ...]:
    whole = Case(
        id="sample",
        reference="COC-7F3KQ2",
        opened=NOW,
        urgent=True,
        assigned="alice",
        tags=("spam", "talk"),
        acknowledge_by=_END,
        recused=frozenset(("dave",)),
        parties={p.id: p for p in (_party("reporter"), _party("respondent"))},
        withheld={
            1: e.Withheld(number=1, by="bob", parties=("respondent:1",), text=TEXT, why=(), at=NOW)
        },
        messages=(Message(at=NOW, received=_received()),),
        drifts={"S7K2QD": Drift(times=3, last=NOW)},
    )
    closed = Case(
        id="sample",
        reference="COC-7F3KQ2",
        opened=NOW,
        closed=e.Closed(by="alice", outcome="resolved", because=REASON),
        update_by=_END,
        parties={"witness:1": Party(
            id="witness:1", addresses=(), name=Private(""), reference="COC-2K7QF3"
        )},
    )  # fmt: skip
    return whole, closed


def _each(name: str, values: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    return tuple({name: value} for value in values)


_OPEN = _proposed("sanction", seconds=90 * 86400.0)

CHOICES: tuple[tuple[dict[str, Any], ...], ...] = (
    ({"reference": "COC-7F3KQ2", "community": "Example Community", "now": NOW,
      "conduct_address": Address("conduct@example.org"), "member": _MEMBER, "author": _MEMBER},),
    _each("policy", (Policy(), Policy(on_request=True))),
    _each("measure", Measure),
    _TIMES,
    _each("scope", _SCOPES),
    ({"address": PERSON, "reason": REASON},),
    _each("how", ("lifted", "ended", "over")),
    _each("sanction", _SANCTIONS),
    _each("proposal", (*(_proposed("sanction", **times) for times in _TIMES),
                       _proposed("sanction", replaces="S9M3TE", **_TIMES[0]),
                       _proposed("lift"), *_ABOUT.values(), *_ANSWERS, *_EXTENSIONS)),
    _each("result", ("approved", "rejected", "expired", "withdrawn")),
    ({"decided": e.Decided(proposal="S7K2QD", result="approved", approvals=2, needed=2)},),
    ({"votes": _VOTES}, {"votes": {}}),
    ({"letter": TEXT, "needed": 2},),
    ({"eligible": (_MEMBER,)},),
    _each("preview", _PREVIEWS),
    _each("table", _tables()),
    _each("times_undone", (0, 1, 7)),
    _each("again", (False, True)),
    _each("apart", (False, True)),
    _each("still", (False, True)),
    _each("waits", (False, True)),
    ({"keeps": False, "stays": False}, {"keeps": True, "stays": True},
     {"keeps": False, "stays": True}),
    _each("groups", (("sigs",), ("sigs", "interest"))),
    _each("sure", (True, False)),
    _each("undone", (
        Telling(again=False, times=1, since=None, last=NOW, after=None, keepers=()),
        Telling(again=False, times=2, since=NOW, last=NOW, after=NOW,
                keepers=((_LIST, (Address("olu@owner.example"),), True),)),
        Telling(again=True, times=1, since=NOW, last=NOW, after=NOW,
                keepers=((_LIST, (), False),)),
        Telling(again=True, times=40, since=NOW, last=NOW, after=None,
                keepers=((_LIST, (Address("olu@owner.example"),), False),) * 21),
    )),
    _each("doubts", ((), ("It holds a line that introduces a quote.",))),
    _each("count", (1, 3)),
    _each("interim", (False, True)),
    _each("posts", ({"dev@lists.example.org": 2},)),
    ({"earlier": [], "sanctions": []}, {"earlier": _SANCTIONS, "sanctions": _SANCTIONS}),
    ({"rows": []}, {"rows": [
        _proof(), _proof(list=None, role="ban", was="absent", now="banned"),
        _proof(role="owner", now="member", note="this role stays"),
        _proof(role="nonmember", was="absent", now="held"),
    ]}),
    _each("first", (True, False)),
    ({"guarded": (), "rivals": [], "added": (), "orders": ()},
     {"guarded": (f"{PERSON} looks like an address that several people read",),
      "rivals": ["S9M3TE"], "added": (Address("ma11ory@example.net"),), "orders": (_INTERIM,)}),
    ({"window": None, "counsel": False}, {"window": timedelta(days=1), "counsel": True}),
    ({"locked": _MEMBER, "closes": _END},),
    _each("messages", (1, 3)),
    ({"sources": ((PERSON, "member"),), "cases": (), "priors": ()},
     {"sources": ((PERSON, "mailman"), (Address("mal@other.example"), "mail")),
      "cases": _EARLIER, "priors": _PRIORS}),
    ({"hints": ()}, {"hints": (
        Hint(reference="COC-2K7QF3", why="return", sanctions=_SANCTIONS[:2]),
        Hint(reference="COC-9M3TEF", why="same-person"),
        Hint(reference="COC-4QX7MB", why="same-words"),
    )}),
    ({"asked": "appeal", "conditions": Private("")},
     {"asked": "return", "conditions": Private("you stay off sig-node for a year.")}),
    ({"watch": e.Watched(
        watch="W7K2QD", address=PERSON, near=Address("anna@quiet.example"), by="alice",
        lists=(), until=_END,
    ), "lists": (_LIST,)},),
    ({"ends": _END},),
    ({"believed": NOW, "says": _END, "hold": timedelta(days=1)},),
    ({"leads": _LEADS, "lead": _LEADS[0], "more": True},
     {"leads": _LEADS[1:], "lead": _LEADS[1], "more": False}),
    ({"covering": _SANCTIONS[3:4]}, {"covering": _SANCTIONS[1:4]}),
    ({"requests": ((_LIST, PERSON),)},),
    ({"waiting": _WAITING, "parties": (_party("reporter"), _party("reporter", 2))},),
    ({"from_outside": (Message(at=NOW, received=_received()),)},),
    ({"linked": (), "merged": ()}, {"linked": ("COC-2K7QF3",), "merged": ("COC-9M3TEF",)}),
    ({"appeal": _APPEAL, "deciders": ("alice", "bob")},
     {"appeal": replace(_APPEAL, what="return"), "deciders": ("alice", "bob")}),
    ({"joining": (_SEAT,), "leaving": (), "changed": (), "at": _END},
     {"joining": (), "leaving": (_SEAT,), "changed": (_SEAT,), "at": None}),
    _each("received", (
        _received(),
        _received(proof="unsigned", sent=None, attachments=(Private("a.png"), Private("b.txt")),
                  note=Private("It is encrypted, and cocmail can't read it.")),
        _received(proof="", sender=Address(""), party="witness:1"),
    )),
    _each("several", (
        ({"received": _received(), "text": TEXT, "subject": "", "attached": (), "claims": (),
          "came": NOW, "party": _party("respondent")},),
        2 * ({"received": _received(proof="unsigned"), "text": TEXT, "subject": "Again",
              "attached": _ATTACHED, "claims": (), "came": None, "party": None},),
    )),
    _each("came", (None, NOW)),
    _each("attached", ((), _ATTACHED, _ATTACHED[2:], _ATTACHED[2:-1])),
    _each("attachment", _ATTACHED),
    _each("claims", ((), ("From: Ottoline ((she)) <o@reporter.example>", "Reply-To: o@r.example"))),
    ({"message": 3},),
    _each("more", (0, 1, 7)),
    _each("subject", ("What happened", "")),
    ({"text": TEXT, "shown": TEXT}, {"text": "", "shown": "One line."}),
    _each("party", (_party("reporter"), _party("reporter", 2), _party("respondent"),
                    _party("witness"))),
    _each("case", _cases()),
    _each("outcome", (one.value for one in Outcome)),
    ({"aside": _ASIDE, "unseen_by": [], "asides": (_ASIDE,)},
     {"aside": replace(_ASIDE, sender=Address("")), "unseen_by": ["bob", "carol"],
      "asides": (replace(_ASIDE, sender=Address("")),)}),
    _each("beginnings", (
        ({"aside": _ASIDE, "text": TEXT, "subject": "", "cut": 0, "attached": (), "claims": (),
          "came": NOW, "unseen_by": []},),
        2 * ({"aside": replace(_ASIDE, sender=Address("")), "text": TEXT, "subject": "Again",
              "cut": 12, "attached": _ATTACHED, "claims": ("From: o@r.example",), "came": None,
              "unseen_by": ["bob"]},),
    )),
    ({"alike": _ALIKE, "mails": _IN_QUARANTINE, "fresh": 2, "total": 40, "more": 38,
      "further": _ALIKE[1:]},
     {"alike": _ALIKE[:1], "mails": _IN_QUARANTINE[:1], "fresh": 1, "total": 1, "more": 0,
      "further": ()},
     {"alike": _ALIKE, "mails": _IN_QUARANTINE, "fresh": 0, "total": 2, "more": 1, "further": ()}),
    ({"reasons": ("It carries no signature.", "It holds a line that introduces a quote.")},),
    ({"done": ["gave this case to bob",
               f"wrote to reporter 1, in the committee's name:\n\n{TEXT}"]},),
    _each("voted", (True, False)),
    ({"words": "Mailman ([mailman] url) can't be reached"},),
    ({"why": "It carries no signature."},),
    ({"line": "/sanktion suspend", "right": "did you mean /sanction?"},
     {"line": "/lift S1", "right": "/lift S7K2QD because …"}, {"line": "/tag", "right": ""}),
    ({"groups": [(g.value, [s for s in COMMANDS.values() if group_of(s) is g]) for g in Group]},),
    _each("spec", COMMANDS.values()),
    ({"proposals": []}, {"proposals": [
        Vote(proposal=_OPEN, votes=_VOTES, approvals=1, needed=2, missing=(),
             closes=_END, objections=None),
        Vote(proposal=_proposed("lift"), votes={}, approvals=0, needed=3,
             missing=("bob",), closes=None, objections=None),
        Vote(proposal=_OPEN, votes={}, approvals=2, needed=2, missing=(), closes=_END,
             objections=_END),
    ]}),
    ({"asking": (), "everybody": False, "apart": False, "kept": False, "again": False,
      "handles": ["alice"]},
     {"asking": (), "everybody": False, "apart": False, "kept": True, "again": False,
      "handles": ["alice"]},
     {"asking": (), "everybody": True, "apart": False, "kept": False, "again": False,
      "handles": ["alice"]},
     {"asking": (), "everybody": False, "apart": False, "kept": False, "again": True,
      "handles": ["alice"]},
     {"asking": ("al", "bo"), "everybody": False, "apart": False, "kept": False, "again": False,
      "handles": ["alice", "bob"]},
     {"asking": ("al",), "everybody": False, "apart": True, "kept": False, "again": False,
      "handles": ["alice", "bob"]}),
    ({"role": "member", "name": "alice"}, {"role": "reporter", "name": "1"}),
    _each("what", ("", *(kind.value for kind in Kind))),
    _each("locked_out", ((), ("dave",))),
    ({"items": _ITEMS, "sections": (
        Section(case="one", reference="COC-7F3KQ2", items=_ITEMS[:1]),
        Section(case="two", reference="COC-2K7QF3", items=_ITEMS),
    )},),
    ({"by": "root", "addresses": (PERSON,)},),
    _each("unproved", (False, True)),
)  # fmt: skip
"""Each entry is one thing that letters differ by."""

ONLY: dict[str, dict[str, Any]] = {
    "ballot": {"eligible": 3},
    "ballot-appeal": {"proposal": _ANSWERS[0], "eligible": 3},
    "letter-appeal": {"how": "grant"},
    "ballot-recuse": {"proposal": _ABOUT["recuse"]},
    "ballot-include": {"proposal": _ABOUT["include"], "why": ("A report names them.",)},
    "ballot-extend": {"eligible": 3},
    "escalation": {"why": "too-few"},
    "set-aside-outside": {
        "mails": ["0123456789abcdef", "fedcba9876543210"],
        "count": 3,
        "more": 1,
    },
    "interim": {"sanction": _INTERIM},
    "letter-interim": {"until": _END},
    "objection-window": {"until": _END},
    "status": {"eligible": (Present(handle="alice", away=None), Present(handle="bob", away=_END))},
    "notice": {"rows": [_proof(), _proof(role="owner")]},
}
"""What a variable is in one template and in no other."""

MOST = 800
"""More cases than this of one template are not tried in every combination."""


def known() -> frozenset[str]:
    """The variables that there are sample values of."""
    return frozenset(name for choice in CHOICES for case in choice for name in case)


def values_of(name: str) -> tuple[Any, ...]:
    """All sample values of one variable."""
    return tuple(case[name] for choice in CHOICES for case in choice if name in case)


def cases(variables: Iterable[str], name: str = "") -> Iterator[dict[str, Any]]:
    """The sample values of these variables, as the template of this name gets them: in every
    combination where that isn't too many, each value of each at least once in any event."""
    wanted = frozenset(variables)
    choices = [choice for choice in CHOICES if wanted & choice[0].keys()]
    if prod(map(len, choices)) <= MOST:
        combined: Iterable[tuple[dict[str, Any], ...]] = product(*choices)
    else:  # steps of different lengths, so that neighbours don't always meet
        combined = (
            tuple(c[(n // (place + 1)) % len(c)] for place, c in enumerate(choices))
            for n in range(MOST)
        )
    for one in combined:
        values = {key: value for case in one for key, value in case.items()} | ONLY.get(name, {})
        if _possible(values):
            yield values


def _possible(values: dict[str, Any]) -> bool:
    """Whether a sanction can be so: only what can leave is asked of a template."""
    ends = values.get("seconds") or values.get("until")
    match values.get("measure"):
        case Measure.SUSPEND:
            return bool(ends)
        case Measure.WARN | Measure.REMOVE | Measure.BAN:
            return not ends
    return True
