"""A committee whose mail is really signed and really checked, over the intake that really decides.

Owns a case with an open vote, the mail of its members as raw bytes, and DNS as a dict. Nothing of
the daemon is replaced but its servers; the store is the play's, in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.adapters.keys import NoAnswerError
from cocmail.core import events as e
from cocmail.core.case import Case
from cocmail.core.enforcement import Observed
from cocmail.core.filtering import Judgement
from cocmail.core.letters import Letter
from cocmail.core.mail import Mail, Unreadable, read
from cocmail.core.people import Address
from cocmail.core.policy import Policy
from cocmail.core.verification import Authentication
from cocmail.ports import Keys, Waiting
from tests.attacks.signer import ALL, Key, key, sign
from tests.promises.play.room import MALLORY, OBSERVED, Room, Sent, at_once

SUSPEND = f"/sanction suspend {MALLORY} for 90 days because you went on"
BOB = "bob@bob.example"
PLAIN = 'text/plain; charset="utf-8"'


class Post:
    """One committee, one case, and whatever mail reaches it."""

    def __init__(self, *, trusted: Sequence[str] = (), **policy: Any) -> None:
        self.room = Room(handles=("alice", "bob", "carol"), policy=Policy(**policy))
        self.records: dict[str, str | None] = {}  # None: DNS doesn't answer
        self.trusted = tuple(trusted)
        self.waits: list[str] = []  # mails that are tried again later
        self._numbers = itertools.count(1)
        self._attempts: dict[str, int] = {}
        for handle in self.room.handles:
            self.publish(f"{handle}.example", key(handle))
        intake: Any = self.room.intake
        examiner = intake._examiner
        examiner._authenticator, examiner._lists, examiner._judge = self, self, no_judgement
        intake._clock = examiner._clock = self
        intake._read = intake._read_apart = reading
        shelf: Any = self.room.shelf
        shelf.postpone_mail = self._postpone
        self.case = self._report()

    # -- what the intake asks ------------------------------------------------------------------

    def now(self) -> Any:
        return self.room.now

    async def authenticate(
        self, raw: bytes, sender: Address, account: str = "", keys: Keys | None = None
    ) -> Authentication:
        return DkimAuthenticator([], self.trusted, lookup=self._txt).check(raw, sender)

    async def observe(self, questions: Any) -> Observed:
        return OBSERVED

    async def _postpone(self, mail: str, until: Any) -> None:
        self.waits.append(mail)

    def _txt(self, name: str) -> list[bytes]:
        record = self.records.get(name.rstrip("."), "")
        if record is None:
            raise NoAnswerError
        return [record.encode()] if record else []

    def publish(self, domain: str, one: Key, tags: str = "", *, selector: str = "mail") -> None:
        self.records[f"{selector}._domainkey.{domain}"] = one.record(tags)

    # -- mail ----------------------------------------------------------------------------------

    def written(
        self,
        text: str,
        *,
        sender: str = f"Bob <{BOB}>",
        to: str = "",
        subject: str = "Re: Hello",
        content_type: str = PLAIN,
        more: str = "",
    ) -> bytes:
        """A mail as a client gives it to its provider: not signed yet."""
        return (
            f"From: {sender}\r\nTo: {to or self.ballot('bob')}\r\nSubject: {subject}\r\n"
            "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
            f"Message-ID: <m{next(self._numbers)}@mail.example>\r\n{more}"
            f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n"
            "Content-Transfer-Encoding: 7bit\r\n\r\n" + text.replace("\n", "\r\n") + "\r\n"
        ).encode()

    def signed(self, text: str, handle: str = "bob", **how: Any) -> bytes:
        """A member's mail with a sound signature over all that matters."""
        how.setdefault("sender", f"{handle.title()} <{handle}@{handle}.example>")
        how.setdefault("to", self.ballot(handle))
        return sign(self.written(text, **how), key(handle), f"{handle}.example")

    def arrives(self, raw: bytes, *envelope: str) -> str:
        """These bytes reach the intake; in a word, what became of them."""
        sent = Sent(id=f"mail{next(self._numbers)}", raw=raw, auth=_UNUSED)
        return self.again(sent, *envelope)

    def again(self, sent: Sent, *envelope: str) -> str:
        self._attempts[sent.id] = self._attempts.get(sent.id, 0) + 1
        waiting = Waiting(
            id=sent.id, raw=sent.raw, road="lmtp", recipients=tuple(map(Address, envelope)),
            return_path=None, junk=False, received=self.room.now,
            attempts=self._attempts[sent.id],
        )  # fmt: skip
        shelf = self.room.shelf
        ledger, letters = len(shelf.ledger), len(shelf.letters)
        at_once(self.room.intake._handle(waiting))
        sent.events = tuple((case, event) for case, _, event in shelf.ledger[ledger:])
        sent.letters = tuple(shelf.letters[letters:])
        self.room.sent.append(sent)
        return self._became(sent)

    def _became(self, sent: Sent) -> str:
        kinds = {type(event) for _, event in sent.events}
        state = self.room.shelf.settled.get(sent.id)
        if state == "quarantined":
            return "set aside"
        for kind, word in _WORDS.items():
            if kind in kinds:
                return word
        return state or "waits"

    # -- the case ------------------------------------------------------------------------------

    def _report(self) -> str:
        before = set(self.room.shelf.cases)
        raw = self.written("He went on.", sender="Ada <ada@ada.example>", to="conduct@example.org")
        assert self.arrives(raw) == "told"
        (case,) = set(self.room.shelf.cases) - before
        to = str(self.room.address(case, "member:alice"))
        assert self.arrives(self.signed(SUSPEND, "alice", to=to)) == "ran"
        return case

    def another(self) -> str:
        """A second case with a vote of its own."""
        return self._report()

    @property
    def found(self) -> Case:
        """The case as it stands."""
        return self.room.shelf.cases[self.case]

    def reply(self, handle: str) -> str:
        return self.room.address(self.case, f"member:{handle}")

    def ballot(self, handle: str, case: str = "") -> str:
        case = case or getattr(self, "case", "")
        if not case:
            return ""
        return self.room.address(case, f"member:{handle}", "ballot", self._proposal(case).ballot)

    def _proposal(self, case: str) -> Any:
        (found,) = self.room.shelf.cases[case].proposals.values()
        return found

    def votes(self, case: str = "") -> dict[str, str]:
        """What each member's vote is, by handle."""
        found = self._proposal(case or self.case).votes
        return {handle: voted.vote for handle, voted in found.items()}

    def letters(self) -> set[tuple[str, str]]:
        """(party, kind) of what the last mail brought about."""
        return {(x.party, x.kind.value) for x in self.room.sent[-1].letters}

    def letter(self, party: str, kind: str) -> Letter:
        (found,) = [
            x for x in self.room.sent[-1].letters if (x.party, x.kind.value) == (party, kind)
        ]
        return found


_WORDS = {
    e.Ran: "ran",
    e.Held: "asked",
    e.Refused: "refused",
    e.Received: "told",
}
_UNUSED: Any = None


async def reading(raw: bytes, return_path: str | None) -> Mail | Unreadable:
    return read(raw, return_path=return_path)


async def no_judgement(raw: bytes, mail: Any) -> Judgement:
    return Judgement(set_aside="", urgent="", tags=(), said=())


__all__ = ["ALL", "BOB", "PLAIN", "SUSPEND", "Post", "key", "no_judgement", "reading", "sign"]
