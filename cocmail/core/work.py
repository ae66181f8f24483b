"""What one mail, or one due date, does to a case: events and letters, gathered.

Owns the gathering (each event is applied at once, so that the next question is asked of the case
as it is by then) and the addressing of letters. Refuses to decide anything: that is casework,
speech, deliberation and calendar. Local to one transaction; the result is a value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cocmail.core import events as e
from cocmail.core.audience import audience
from cocmail.core.case import Case, Party
from cocmail.core.committee import COMMITTEE, Lock
from cocmail.core.files import File
from cocmail.core.folding import apply
from cocmail.core.letters import Envelope, Kind, Letter, build, clean
from cocmail.core.minting import hide_tokens, say
from cocmail.core.people import Address, Member, Private
from cocmail.core.returned import RETURN
from cocmail.core.setting import Setting
from cocmail.core.table import Table, as_file

# As we write it above and below what others said, in whatever dashes.
_OUR_LINE = re.compile(r"^[ \t]*([-\u2010-\u2015\u2500\u2501\u2212_=]{20,})[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What is to be written, in one transaction."""

    events: tuple[Any, ...]
    letters: tuple[Letter, ...] = field(repr=False)
    settled: str = "done"  # the state of the mail: done, filed, quarantined
    why: str = ""
    enforce: bool = False  # the lists should be looked at now
    also: tuple[tuple[str, str, str], ...] = ()
    # other mails that are settled now: (mail, state, the case or record that they belong to)
    elsewhere: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """What the same transaction writes down in another case (or in the committee's record)."""

    case: str
    events: tuple[Any, ...]
    opens: bool = False  # the case is made by it


class Work:
    """A case being worked on."""

    def __init__(self, case: Case, setting: Setting) -> None:
        self.case = case
        self.setting = setting
        self.events: list[Any] = []
        self.letters: list[Letter] = []
        self.notes: list[e.LetterNote] = []
        self.shows: dict[str, dict[str, object]] = {}  # of mails: what letters show (showing)
        self.enforce = False
        self.also: list[tuple[str, str, str]] = []
        self._beside: dict[str, Work] = {}
        self._opens = False

    # -- what happens ------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.setting.now

    def is_over(self, until: datetime) -> bool:
        """Whether a time has come; by a clock that isn't believed none has."""
        return until <= self.now and not self.setting.doubtful

    def happen(self, event: Any) -> None:
        self.case = apply(self.case, self.now, event)
        self.events.append(event)

    def settle(self, mail: str, state: str) -> None:
        """Another mail, of this case or record."""
        self.also.append((mail, state, self.case.id))

    def result(self, settled: str = "done", why: str = "") -> Result:
        if self.notes:
            self.happen(e.Told(letters=tuple(self.notes)))
            self.notes = []
        return Result(
            events=tuple(self.events),
            letters=tuple(self.letters),
            settled=settled,
            why=why,
            enforce=self.enforce,
            also=tuple(self.also),
            elsewhere=tuple(
                Elsewhere(case=name, events=other.result().events, opens=other._opens)
                for name, other in self._beside.items()
            ),
        )

    def on(self, case: Case, *, opens: bool = False) -> Work:
        """The work on another case in the same transaction; what it says leaves with ours."""
        assert case.id != self.case.id
        if case.id not in self._beside:
            other = Work(case, self.setting)
            other.letters, other.also = self.letters, self.also
            other._opens = opens
            self._beside[case.id] = other
        return self._beside[case.id]

    def as_it_is(self, case: Case) -> Case:
        """The other case as this transaction leaves it."""
        there = self._beside.get(case.id)
        return there.case if there else case

    def on_committee(self) -> Work:
        """The work on the committee's own record."""
        return self.on(Case(id=COMMITTEE, committee=self.setting.committee))

    # -- who is there ------------------------------------------------------------------------

    @property
    def eligible(self) -> tuple[Member, ...]:
        """The members who may know and decide."""
        return audience(self.case, self.setting)

    @property
    def linked(self) -> tuple[Case, ...]:
        """The cases that a member linked this one with."""
        return tuple(c for name, c in self.setting.near.items() if name in self.case.links)

    def lock(self, handle: str) -> None:
        """From this moment on that member learns nothing more, in this transaction either."""
        locks = {**self.setting.committee.locks, handle: Lock(by="")}
        self.setting = replace(self.setting, committee=replace(self.setting.committee, locks=locks))

    def fresh(self, what: str, length: int = 6) -> str:
        """Fresh letters for people to say; different for each `what` of a transaction."""
        return say(self.setting.entropy, f"{self.case.id}/{what}/{len(self.events)}", length)

    def join(
        self, role: str, addresses: Iterable[Address], name: str = "", language: str = ""
    ) -> Party:
        """A new outsider gets a place, with a reference of their own."""
        party = self.case.next_party(role)
        self.happen(
            e.PartyJoined(
                party=party,
                addresses=tuple(addresses),
                name=Private(clean(name)),
                reference=f"COC-{self.fresh(party)}",
                language=language,
            )
        )
        return self.case.parties[party]

    def respondent(self, address: Address) -> Party:
        """The respondent with this address, made where there is none."""
        return self.case.party_of(address, "respondent") or self.join("respondent", (address,))

    def language_of(self, party: Party) -> str:
        """The language that we write to an outsider in: what their mail asked for last, else the
        community's. A mail that only bears their address is no reason to change it."""
        for message in reversed(self.case.messages):
            one = message.received
            theirs = one.party == party.id or (
                one.sender in party.addresses and one.proof == "signed"
            )
            if theirs and one.language in self.setting.languages:
                return one.language
        known = party.language in self.setting.languages
        return party.language if known else self.setting.language

    # -- what is said ------------------------------------------------------------------------

    def tell(
        self,
        kind: Kind,
        template: str,
        values: Mapping[str, Any],
        *,
        but: Collection[str] = (),
        originals: str = "",
    ) -> None:
        """To every eligible member, each in a mail of their own."""
        for member in self.eligible:
            if member.handle not in but:
                self.to_member(member, kind, template, values, originals=originals)

    def to_member(
        self,
        member: Member,
        kind: Kind,
        template: str,
        values: Mapping[str, Any],
        *,
        purpose: str = "reply",
        about: str = "",
        answering: str = "",
        files: Iterable[File] = (),
        originals: str = "",
        original: int = 0,
        cases: Iterable[str] = (),
    ) -> str:
        """To one member. A table that is too long for a mail goes along as a file.
        ``originals``: the mail whose attachments are put to it when it leaves; ``original``: the
        place of the only one, which goes as it came. ``cases``: it leaves only to who may know of
        these too."""
        table = values.get("table")
        if isinstance(table, Table) and table.brief:
            named = f"{values['sanction'].id}.txt"
            values = {**values, "table": replace(table, file=named)}
            whole = {"reference": self.case.reference, "table": replace(table, whole=True)}
            _, text = self.setting.render("table-file", self._values(whole), member.language)
            files = (*files, as_file(named, text))
        return self._say(
            kind, f"member:{member.handle}", member.address, template,
            {"case": self.case, "member": member, **values}, purpose, about, answering,
            member.language, files, originals, original, _mails(values),
            (*cases, *(section.case for section in values.get("sections", ()))),
        )  # fmt: skip

    def to_party(
        self,
        party: Party,
        kind: Kind,
        template: str,
        values: Mapping[str, Any],
        *,
        answering: str = "",
        to: Address | None = None,
        language: str = "",
        files: Iterable[File] = (),
    ) -> str:
        """To an outsider, at ``to`` or else at their first address; in their language, unless one
        is named. "" if there is none."""
        if not party.addresses or party.silent:
            return ""
        return self._say(
            kind,
            party.id,
            to or party.addresses[0],
            template,
            {"party": party, **values},
            "reply",
            "",
            answering,
            language or self.language_of(party),
            files,
        )

    def ask_author(self, reporter: Party, author: Member, answering: str) -> None:
        """Ask a member, at the roster's address, whether a plain mail is a matter of its own."""
        self._say(
            Kind.CONFIRMATION, reporter.id, author.address, "own-matter",
            {"member": author}, "confirm", "own-matter", answering, author.language,
        )  # fmt: skip

    def preview(
        self, party: Party, template: str, values: Mapping[str, Any], language: str = ""
    ) -> str:
        """A letter's text exactly as it would leave."""
        known = {"party": party, "reference": party.reference, **values}
        chosen = language or self.language_of(party)
        return self.setting.render(template, self._values(known), chosen)[1]

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What every template has. The case is for members' alone: it knows who reported."""
        return {
            "community": self.setting.name,
            "conduct_address": self.setting.address,
            "policy": self.setting.policy,
            "now": self.now,
            **values,
        }

    def shown(self, text: str) -> str:
        """Others' words, fit to be shown: no reply address of anybody in them, and no line like
        those that we put around them, behind which only we speak."""
        text = hide_tokens(clean(text), self.setting.address, self.setting.delimiter)
        return _OUR_LINE.sub(r"| \1", text)

    def _exchange(self, party: str) -> list[str]:
        """Message-IDs that this recipient has seen: only theirs and ours to them, in order."""
        theirs = [m.received.message_id for m in self.case.messages if m.received.party == party]
        ours = [n.message_id for n in (*self.case.letters, *self.notes) if n.party == party]
        if party.startswith("member:"):
            return ours
        return [*theirs[:1], *ours]

    def _say(
        self,
        kind: Kind,
        party: str,
        to: Address,
        template: str,
        values: Mapping[str, Any],
        purpose: str,
        about: str,
        answering: str,
        language: str,
        files: Iterable[File] = (),
        originals: str = "",
        original: int = 0,
        mails: tuple[str, ...] = (),
        cases: tuple[str, ...] = (),
    ) -> str:
        minter = self.setting.minter
        epoch = self.case.epoch(party)
        letter = minter.letter_id(self.setting.entropy.hex(), len(self.letters))
        token = minter.token(
            case=self.case.id, party=party, purpose=purpose, about=about, epoch=epoch
        )
        back = minter.token(case=self.case.id, party=party, purpose=RETURN, about="", epoch=epoch)
        seen = self._exchange(party)
        known = self.case.parties.get(party)
        reference = known.reference if known else self.case.reference
        subject, text = self.setting.render(
            template, self._values({"reference": reference, **values}), language
        )
        envelope = Envelope(
            community_name=self.setting.name,
            community=self.setting.address,
            to=to,
            reply_to=minter.address(token),
            return_path="" if kind.answers else str(minter.address(back)),
            reference=reference,
            message_id=minter.message_id(letter),
            in_reply_to=answering or (seen[0] if seen else ""),
            references=(*seen[:1], *seen[-3:], answering),
            at=self.now,
        )
        self.letters.append(
            Letter(
                id=letter,
                case=self.case.id,
                kind=kind,
                party=party,
                to=to,
                return_path=envelope.return_path,
                message=build(kind, envelope, subject, text, files),
                message_id=envelope.message_id,
            )
        )
        self.notes.append(
            e.LetterNote(
                letter=letter,
                what=kind.value,
                party=party,
                message_id=envelope.message_id,
                purpose=purpose,
                about=about,
                epoch=epoch,
                originals=originals,
                original=original,
                mails=mails,
                cases=cases,
            )
        )
        return letter

    def shown_to(self, member: Member) -> frozenset[str]:
        """The mails whose words this member was sent, but for what never arrived."""
        party = f"member:{member.handle}"
        return frozenset(
            mail
            for note in (*self.case.letters, *self.notes)
            if note.party == party and note.letter not in self.case.lost
            for mail in note.mails
        )


def _mails(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The mails whose words a letter with these values shows."""
    several = [one["received"] for one in values.get("several", ())]
    found = (values.get("received"), values.get("aside"), *several)
    return tuple(one.mail for one in found if one is not None)
