"""A small community on a real Mailman, the ledger of its sanctions in memory, and their loop.

Owns what the tests of enforcement share. The book is a fake behind its port; Mailman (its REST
runner, on SQLite) is real. `Lab.snapshot` is the definition of an exact return: everything that
REST shows of a person, but for links and ids.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.case import Case
from cocmail.core.enforcement import Level, Past, Place, ProofRow, Role, Standing, Step, made_ids
from cocmail.core.events import GROUP_LOST, PROVED_ENDED
from cocmail.core.people import Address, Private
from cocmail.core.proofs import past
from cocmail.core.sanctions import Before, Measure, Sanction, Scope, State
from cocmail.lab.mailman import Mailman
from cocmail.loops.enforcement import Enforcement

DOMAIN = "lists.example.org"
NAMES = ("dev", "users", "sig-node", "sig-web", "quiet")
DEV, USERS, SIG_NODE, SIG_WEB, QUIET = (f"{name}@{DOMAIN}" for name in NAMES)
GROUPS = {"sigs": (SIG_NODE, SIG_WEB)}
MAL, MALLORY, BYSTANDER = (
    Address(f"{name}@example.net") for name in ("mal", "mallory", "bystander")
)
OWNER = Address("owner@example.org")
PERSON = (MAL, MALLORY)


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class Book:
    """The ledger, as far as enforcement sees it."""

    clock: Now
    sanctions: dict[str, Sanction] = field(default_factory=dict)
    proofs: list[tuple[str, tuple[ProofRow, ...]]] = field(default_factory=list)
    returns: list[tuple[str, tuple[ProofRow, ...]]] = field(default_factory=list)
    shunted: list[tuple[set[str], int]] = field(default_factory=list)
    discarded: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    groups_lost: list[tuple[str, ...]] = field(default_factory=list)
    unread: frozenset[str] = frozenset()
    waiting: list[str] = field(default_factory=list)
    letters: set[str] = field(default_factory=set)
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    dated: bool = False  # its clock is Mailman's, and what is noted has its time

    def decide(self, measure: Measure, address: Address = MAL, **more: Any) -> str:
        name = f"S{next(self.count)}"
        facts: dict[str, Any] = {"scope": Scope(), **more}
        self.sanctions[name] = Sanction(
            id=name,
            case="case",
            measure=measure,
            address=address,
            addresses=(address,),
            reason=Private("reason"),
            state=State.IN_FORCE,
            start=self.clock.now(),
            until=None,
            **facts,
        )
        return name

    def extend(self, name: str, address: Address) -> None:
        old = self.sanctions[name]
        wider = (*old.addresses, address)
        self.sanctions[name] = replace(
            old,
            addresses=tuple(dict.fromkeys(wider)),
            added=old.added | {address},
            apart=old.apart - {address},
            cleared=False,
        )

    def narrow(self, name: str, off: Collection[Address]) -> None:
        """As core.folding does it: what was done to them is a part that has ended."""
        old = self.sanctions[name]
        part = f"S{next(self.count)}"
        self.sanctions[part] = replace(
            old,
            id=part,
            address=min(off),
            addresses=tuple(sorted(off)),
            state=State.ENDED,
            added=frozenset(),
            apart=frozenset(),
            before=tuple(b for b in old.before if b.address in off),
        )
        self.sanctions[name] = replace(
            old,
            addresses=tuple(a for a in old.addresses if a not in off),
            added=old.added - {*off},
            apart=old.apart | {*off},
            before=tuple(b for b in old.before if b.address not in off),
        )

    def end(self, name: str) -> None:
        self.sanctions[name] = replace(self.sanctions[name], state=State.ENDED)

    async def standing(self) -> Standing:
        every = self.sanctions.values()
        return Standing(
            sanctions=tuple(s for s in every if s.state is State.IN_FORCE),
            ending=tuple(s for s in every if s.state is State.ENDED and s.before),
            past=any(s.state is State.ENDED for s in every),
            unread=self.unread,
        )

    async def note_before(self, sanction: Sanction, records: Sequence[Before]) -> None:
        old = self.sanctions[sanction.id]
        at = self.clock.now() if self.dated else None
        new = (replace(b, noted=at) for b in records)
        places = {(b.site, b.list, b.address, b.role): b for b in (*old.before, *new)}
        self.sanctions[old.id] = replace(old, before=tuple(places.values()))

    async def note_enforced(
        self, sanction: Sanction, rows: Sequence[ProofRow], addresses: Sequence[Address]
    ) -> None:
        old = self.sanctions[sanction.id]
        new = replace(
            old,
            proved=old.proved or self.clock.now(),
            addresses=tuple(dict.fromkeys((*old.addresses, *addresses))),
            added=old.added - {*addresses},
            cleared=old.cleared and all(row.role != Role.BAN for row in rows),
        )
        if new.measure is Measure.REMOVE:
            new = replace(new, state=State.ENDED, before=())
        self.sanctions[old.id] = new
        self.proofs.append((old.id, tuple(rows)))

    async def note_discarded(
        self, sanction: Sanction, posts: Mapping[str, int], *, done: bool
    ) -> None:
        old = self.sanctions[sanction.id]
        self.sanctions[sanction.id] = replace(old, cleared=old.cleared or done)
        self.discarded.append((sanction.id, dict(posts)))

    async def note_restored(
        self,
        sanction: Sanction,
        rows: Sequence[ProofRow],
        over: Collection[Level],
        *,
        done: bool,
    ) -> None:
        old = self.sanctions[sanction.id]
        given = tuple(b for b in old.before if Level(list=b.list, site=b.site) in over)
        left = tuple(b for b in old.before if b not in given)
        older = tuple(b for b in old.closed if b.at not in {g.at for g in given})
        if not over and PROVED_ENDED in old.told:
            return
        told = frozenset({PROVED_ENDED} if done and left else ())
        self.sanctions[sanction.id] = replace(old, before=left, closed=(*older, *given), told=told)
        if done:
            self.returns.append((sanction.id, tuple(rows)))

    async def past(self) -> Past:
        case = Case(id="case", sanctions=self.sanctions)
        return past([case])

    async def recall(self, strays: Collection[Place], rows: Collection[str]) -> bool:
        banned = {(place.site, place.list, place.address) for place in strays}
        found = False
        for one in self.sanctions.values():
            sites = {
                b.site
                for b in one.closed
                if (b.role == Role.BAN and (b.site, b.list, b.address) in banned)
                or not made_ids(b.facts).isdisjoint(rows)
            } - {b.site for b in one.before}
            again = (b for b in one.closed if b.site in sites)
            self.sanctions[one.id] = replace(one, before=(*one.before, *again))
            found |= bool(sites)
        return found

    async def note_shunted(self, sanctions: Collection[Sanction], count: int) -> None:
        self.shunted.append(({sanction.id for sanction in sanctions}, count))

    async def note_trouble(self, words: str) -> None:
        self.troubles.append(words)

    async def note_groups_lost(self, sanction: Sanction, groups: Collection[str]) -> None:
        self.groups_lost.append((sanction.id, *groups))
        told = frozenset({GROUP_LOST} if groups else ())
        self.sanctions[sanction.id] = replace(self.sanctions[sanction.id], told=told)

    async def note_waiting(self, sanction: Sanction) -> None:
        self.waiting.append(sanction.id)

    async def letter_left(self, letter: str) -> bool:
        return letter in self.letters


class Lab:
    """Mailman with five lists, a person with two addresses on four of them, and a bystander."""

    def __init__(self, mailman: Mailman) -> None:
        self.mailman = mailman

    def api(self, method: str, path: str, **data: Any) -> Any:
        status, body = self.mailman.api(method, path, **data)
        assert status < 400, (method, status)
        return body

    def join(self, name: str, who: str, **more: Any) -> tuple[int, Any]:
        fields = dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), True)
        return self.mailman.api(
            "POST",
            "members",
            list_id=name.replace("@", "."),
            subscriber=who,
            send_welcome_message=False,
            **fields,
            **more,
        )

    def rows(self, who: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("GET", "members/find", subscriber=who).get(
            "entries", []
        )
        return found

    def member(self, name: str, who: str, role: str = "member", mode: str = "") -> str:
        return next(
            str(row["member_id"])
            for row in self.rows(who)
            if row["list_id"] == name.replace("@", ".")
            and row["role"] == role
            and mode in row["subscription_mode"]
        )

    @property
    def is_older(self) -> bool:
        return " 3.3.10 " not in self.api("GET", "system/versions")["mailman_version"]

    def snapshot(self, *people: str) -> Any:
        links = ("self_link", "http_etag", "member_id", "address", "user")
        shown: list[Any] = []

        def clean(entry: dict[str, Any]) -> list[tuple[str, str]]:
            return sorted((k, repr(v)) for k, v in entry.items() if k not in links)

        for who in people:
            address = self.api("GET", f"addresses/{who}")
            shown.append(clean({**address, "verified_on": "verified_on" in address}))
            shown.append(clean(self.api("GET", f"users/{who}/preferences")))
            for row in self.rows(who):
                preferences = self.api("GET", f"members/{row['member_id']}/preferences")
                shown.append((clean(row), clean(preferences)))
        for path in ("bans", *(f"lists/{name}.{DOMAIN}/bans" for name in NAMES)):
            shown.append([clean(ban) for ban in self.api("GET", path).get("entries", [])])
        return sorted(shown, key=repr)

    def people(self) -> None:
        for name in NAMES:
            self.api("POST", "lists", fqdn_listname=f"{name}@{DOMAIN}")
            self.join(f"{name}@{DOMAIN}", BYSTANDER)
            self.api("POST", "members", list_id=f"{name}.{DOMAIN}", subscriber=OWNER, role="owner")
        user = self.mailman.api("POST", "users", email=MAL, display_name="Mal")
        assert user[0] == 201
        self.api("POST", f"users/{MAL}/addresses", email=MALLORY)
        self.api("POST", f"addresses/{MAL}/verify")
        self.api("POST", f"users/{MAL}/preferred_address", email=MAL)
        user_id = self.api("GET", f"users/{MAL}")["user_id"]
        self.join(DEV, user_id)
        self.join(USERS, MALLORY)
        self.api("POST", f"addresses/{MALLORY}/unverify")
        self.join(SIG_NODE, MAL, delivery_mode="plaintext_digests")
        self.join(SIG_WEB, user_id)
        web = self.member(SIG_WEB, MAL, mode="user")  # Mailman 3.3.3 can't be told as they join
        self.api("PATCH", f"members/{web}/preferences", delivery_status="by_user")
        self.api(
            "PATCH",
            f"members/{self.member(DEV, MAL, mode='user')}/preferences",
            hide_address=False,
            acknowledge_posts=True,
            preferred_language="en",
        )
        self.api("PATCH", f"members/{self.member(USERS, MALLORY)}", moderation_action="accept")
        self.api("PATCH", f"members/{self.member(SIG_NODE, MAL)}", moderation_action="discard")
        for role in ("owner", "moderator"):
            self.api("POST", "members", list_id=f"dev.{DOMAIN}", subscriber=MAL, role=role)
        self.api("POST", "members", list_id=f"quiet.{DOMAIN}", subscriber=MALLORY, role="nonmember")
        self.api("DELETE", f"users/{MAL}/preferences")
        self.api("PATCH", f"users/{MAL}/preferences", receive_own_postings=False)

    def clear(self) -> None:
        """As at the beginning: made once for a Mailman, by REST, and then copied."""
        now = self.mailman.directory / "var" / "data" / "mailman.db"
        first = self.mailman.directory / "first.db"
        if first.exists():
            copy(first, now)
            return
        self._make()
        if now.exists():  # none where Mailman is on PostgreSQL
            copy(now, first)

    def _make(self) -> None:
        for domain in self.api("GET", "domains").get("entries", []):
            self.api("DELETE", f"domains/{domain['mail_host']}")
        for user in self.api("GET", "users").get("entries", []):
            self.api("DELETE", f"users/{user['user_id']}")
        for ban in self.api("GET", "bans").get("entries", []):
            while self.mailman.api("DELETE", f"bans/{quote(ban['email'])}")[0] != 404:
                pass
        self.api("POST", "domains", mail_host=DOMAIN)
        self.people()


def copy(database: Path, to: Path) -> None:
    """As SQLite does it: whoever has it open reads what is new."""
    with closing(sqlite3.connect(database)) as one, closing(sqlite3.connect(to)) as other:
        one.backup(other)


def enforcement(lists: Any, book: Book, clock: Now, **more: Any) -> Enforcement:
    facts = {"groups": GROUPS, "sweep_every": timedelta(minutes=5), **more}
    return Enforcement(lists, book, clock, **facts)


def where(lab: Lab, *people: str, role: str = "member") -> list[tuple[str, str]]:
    return sorted(
        (str(row["email"]), str(row["list_id"]).partition(".")[0])
        for who in people
        for row in lab.rows(who)
        if row["role"] == role
    )


def banned(lab: Lab) -> set[str]:
    return {ban["email"] for ban in lab.api("GET", "bans").get("entries", [])}


class Cut(Exception):
    pass


class CutLists:
    """The real lists; the process dies at the Nth call of Mailman that changes something."""

    def __init__(self, lists: MailmanLists, after: int) -> None:
        self._lists, self.left, self.died = lists, after, False
        changes = lists._changes
        self._call = changes._connection.call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lists, name)

    async def apply(self, step: Step) -> bool:
        connection = self._lists._connection

        def call(path: str, data: Any = None, method: str | None = None) -> Any:
            if (method or ("POST" if data else "GET")) != "GET":
                if self.left <= 0:
                    self.died = True
                    raise Cut
                self.left -= 1
            return self._call(path, data, method)

        connection.call = call  # type: ignore[method-assign]
        try:
            return await self._lists.apply(step)
        finally:
            connection.call = self._call  # type: ignore[method-assign]
