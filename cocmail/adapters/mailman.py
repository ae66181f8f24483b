"""Mailman's lists behind the Lists port.

Owns which REST calls observe and change a list, and what their answers are worth: little, so what
counts is read back by the next observation. Refuses to know sanctions. Called by the enforcement
loop and the command line, through ports.Lists.

Facts this rests on were found by trying Mailman Core 3.3.10: bans compare exactly and in lower
case, a roster DELETE is silent and takes both modes of an address, errors don't imply rollback.
"""

from __future__ import annotations

import asyncio
import contextvars
import re
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from mailmanclient import Client

from cocmail.adapters.mailman_changes import MailmanChanges
from cocmail.adapters.mailman_connection import (
    Answered,
    MailmanConnection,
    counted,
    has_path,
    quoted,
)
from cocmail.core.enforcement import (
    Ban,
    Observed,
    Place,
    Question,
    Role,
    Row,
    Step,
    ban_text,
    banned_as_by_us,
    former_texts,
    tags_text,
)
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.leads import Subscription
from cocmail.core.people import Address, Private

_T = TypeVar("_T")
_U = TypeVar("_U")

_GRACE = 2.0  # seconds that what is under way may go on for when all is to end
_MANY = 10  # lists, from which on it is cheaper to ask for all owners that there are


@dataclass(frozen=True, kw_only=True)
class _Person:
    """Who an address belongs to, as Mailman sees it."""

    addresses: tuple[Address, ...] = field(repr=False)  # all of the same user, this one too
    known: bool = False
    user: str = ""  # Mailman's id; else the address stands alone
    unverified: tuple[Address, ...] = field(default=(), repr=False)
    since: Mapping[Address, datetime] = field(default_factory=dict, repr=False)


# A row's own facts; asking for just these makes the answer about half as dear for Mailman.
_FIELDS = (
    "list_id",
    "email",
    "role",
    "subscription_mode",
    "moderation_action",
    "member_id",
    "display_name",
)


class MailmanLists:
    """The Lists port over one Mailman."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        connections: int = 2,
        timeout: float = 30.0,
        section: str = "mailman",
        ca_file: Path | None = None,
    ) -> None:
        """``connections``: at most so many calls at one time; two saturate a Mailman on two
        cores. ``timeout``: seconds that Mailman may stay silent within a call."""
        self._connection = MailmanConnection(
            url,
            username,
            password,
            connections=connections,
            timeout=timeout,
            section=section,
            ca_file=ca_file,
        )
        self._client = Client(url, "", "")  # its objects, over our connection
        self._client._connection = self._connection
        self._changes = MailmanChanges(self._connection)
        self._connections = connections
        self._pool = ThreadPoolExecutor(max_workers=connections, thread_name_prefix=section)
        self._list_ids: dict[str, str] = {}
        self._changing: set[Future[bool]] = set()
        self._section = section

    def __repr__(self) -> str:
        return f"<MailmanLists [{self._section}]>"

    # -- the port ------------------------------------------------------------------------------

    async def version(self) -> str:
        return await self._run(lambda: str(self._client.system["mailman_version"]))

    async def close(self) -> None:
        """What was begun is finished, unless Mailman takes long."""
        ended = asyncio.ensure_future(asyncio.to_thread(self._pool.shutdown, wait=True))
        self._connection.hurry()
        await asyncio.wait([ended], timeout=_GRACE)
        self._connection.close()
        await ended

    async def observe(
        self, questions: Collection[Question], *, known_lists: bool = False
    ) -> Observed:
        await self._settled()
        with counted() as cost:
            observed = await self._observe(questions, known_lists=known_lists)
        return replace(observed, calls=cost.calls, seconds=cost.seconds)

    async def _observe(self, questions: Collection[Question], *, known_lists: bool) -> Observed:
        asked = dict.fromkeys(a for question in questions for a in question.addresses)
        names = dict.fromkeys(name for question in questions for name in question.lists)
        if not known_lists or not self._list_ids or self._changes.missed_a_list:
            self._changes.missed_a_list = False
            await self._run(self._read_lists)
        users = tuple(dict.fromkeys(user for question in questions for user in question.users))
        preferred = dict(zip(users, await self._each(self._read_preferred, users), strict=True))
        members = dict.fromkeys(one for question in questions for one in question.members)
        arrived = await self._each(self._read_subscriber, members)
        asked |= dict.fromkeys(address for address in arrived if address is not None)
        # What is a user's who has lost the address isn't among the address's own memberships.
        returning = {a for question in questions if question.users for a in question.addresses}
        asked |= dict.fromkeys(address for address in preferred.values() if address is not None)
        lists = self._list_ids  # another loop may read them anew meanwhile
        levels = dict[str | None, str]([(None, ""), *_known(names, lists).items()])
        mailboxes = {a for question in questions if question.tagged for a in question.addresses}
        people, entries_of = await _together(
            self._people(asked, mailboxes), self._each(self._ban_entries, levels.values())
        )
        linked = {a: person.addresses for person in people for a in person.addresses}
        since = {a: at for person in people for a, at in person.since.items()}
        known = frozenset(a for person in people if person.known for a in person.addresses)
        unverified = frozenset(a for person in people for a in person.unverified)
        # Only an address of a user has cheap memberships; another has at most nonmember rows.
        of_users = {a: person.user for person in people if person.user for a in person.addresses}
        cheap = of_users.keys() - returning
        found = [
            entry
            for some in await self._each(lambda a: self._read_rows(a, a in cheap), sorted(known))
            for entry in some
        ]
        if known_lists and any(e["list_id"] not in self._list_ids.values() for e in found):
            await self._run(self._read_lists)
        rows = self._rows(found, unverified, of_users, since)
        everybody = sorted({*asked, *linked})
        bans = [
            ban
            for level, entries in zip(levels, entries_of, strict=True)
            for ban in _bans(level, entries, everybody)
        ]
        owned = sorted({row.list for row in rows if row.role is Role.OWNER})
        return Observed(
            lists=dict(self._list_ids),
            linked=linked,
            known=known,
            unverified=unverified,
            since=since,
            registered=since,
            users=of_users,
            preferred=preferred,
            rows=rows,
            bans=tuple(bans),
            owners=await self.owners(owned),
            strays=frozenset(
                Place(list=level, address=address, role=Role.BAN)
                for level, entries in zip(levels, entries_of, strict=True)
                for address in banned_as_by_us(entries)
            ),
        )

    async def tagged(
        self, addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> tuple[Address, ...]:
        found = await self._each(self._read_tagged, addresses)
        return tuple(sorted({address for some in found for address in some}))

    async def read_exactly(self, observed: Observed, places: Collection[Place]) -> Observed:
        wanted = [row for row in observed.rows if row.place in places and row.preferences is None]
        ids = [row.member_id for row in wanted]
        there = {row.place for row in wanted}
        names = dict.fromkeys(p.list for p in places if p.list is not None and p not in there)
        users = dict.fromkeys(place.user for place in places if place.role is Role.USER)
        with counted() as cost:
            read = dict(zip(ids, await self._each(self._changes.preferences, ids), strict=True))
            made = dict(zip(names, await self._each(self._read_made, names), strict=True))
            found = await self._each(self._changes.own_preferences, users)
        own = dict(zip(users, found, strict=True))
        rows: list[Row] = []
        for row in observed.rows:
            if row.member_id not in read:
                rows.append(row)
            elif (preferences := read[row.member_id]) is not None:
                rows.append(replace(row, preferences=preferences))
        return replace(
            observed,
            rows=tuple(rows),
            own={**observed.own, **own},
            made={**observed.made, **made},
            calls=observed.calls + cost.calls,
        )

    async def apply(self, step: Step) -> bool:
        list_id = ""
        if step.list is not None:
            list_id = self._list_ids.get(step.list) or step.list.replace("@", ".", 1)
        return await self._run(lambda: self._changes.apply(step, list_id), self._changing)

    async def discard_waiting(
        self, lists: Collection[str], addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> Mapping[str, int]:
        ids = _known(lists, self._list_ids)

        def discard(list_id: str) -> int:
            self._changes.discard_requests(list_id, addresses)
            return self._changes.discard_held(list_id, addresses)

        counts = dict(zip(ids, await self._each(discard, ids.values()), strict=True))
        return {name: count for name, count in counts.items() if count}

    async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
        try:
            async with asyncio.timeout(within):
                entries = await self._run(lambda: self._connection.entries("queues"))
        except TimeoutError:
            return {}
        return {"": {str(entry["name"]): int(entry["count"]) for entry in entries}}

    async def owners(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        ids = _known(lists, self._list_ids)
        if len(ids) > _MANY:
            return await self._run(lambda: self._read_all_owners(ids))
        found = await self._each(self._read_owners, ids.values())
        return dict(zip(ids, found, strict=True))

    async def counts(self) -> Mapping[str, int]:
        entries = await self._run(self._read_lists)
        return {
            str(entry["fqdn_listname"]).lower(): int(entry["member_count"]) for entry in entries
        }

    async def rosters(self, lists: Collection[str]) -> Sequence[Subscription]:
        ids = _known(lists, self._list_ids)
        found = await self._each(self._read_roster, ids.items())
        return [one for some in found for one in some]

    async def requests(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        ids = _known(lists, self._list_ids)
        found = await self._each(self._read_requests, ids.values())
        return dict(zip(ids, found, strict=True))

    # -- reading -------------------------------------------------------------------------------

    def _read_roster(self, one: tuple[str, str]) -> tuple[Subscription, ...]:
        name, list_id = one
        # Just these two fields: all of them cost Mailman four times as much.
        entries = self._of_list(list_id, "roster/member", fields=("email", "display_name"))
        return tuple(
            Subscription(
                address=Address(entry["email"]),
                name=Private(entry.get("display_name") or ""),
                lists=(name,),
            )
            for entry in entries
        )

    def _read_requests(self, list_id: str) -> tuple[Address, ...]:
        return tuple(
            Address(entry["email"])
            for entry in self._of_list(list_id, "requests")
            if entry.get("type", "subscription") == "subscription"
        )

    def _read_made(self, name: str) -> datetime | None:
        """When this list was made; Mailman writes UTC without saying so."""
        list_id = self._list_ids.get(name) or name.replace("@", ".", 1)
        try:
            found = self._connection.get(f"lists/{quoted(list_id)}/config/created_at", "created_at")
        except Answered as answer:
            if answer.status == 404:  # is gone, or doesn't say
                return None
            raise
        return datetime.fromisoformat(found["created_at"]).replace(tzinfo=UTC)

    def _of_list(self, list_id: str, what: str, **fields: Any) -> list[dict[str, Any]]:
        """A collection of one list's; empty where the list is gone."""
        try:
            return self._connection.entries(f"lists/{list_id}/{what}", **fields)
        except Answered as answer:
            if answer.status == 404:
                return []
            raise

    def _read_lists(self) -> list[dict[str, Any]]:
        try:
            # Not `client.lists`, to which an answer without a collection is an empty one.
            entries = self._connection.entries("lists")
        except Answered as answer:
            raise Permanent(
                f"there is no Mailman REST API at [{self._section}] url (status {answer.status})"
            ) from None
        self._list_ids = {
            str(entry["fqdn_listname"]).lower(): str(entry["list_id"]) for entry in entries
        }
        return entries

    async def _people(
        self, asked: Collection[Address], mailboxes: Collection[Address]
    ) -> list[_Person]:
        """Whose these addresses are; of ``mailboxes`` also the ones with a plus-tag."""
        people, found = await _together(
            self._each(self._read_person, asked), self._each(self._read_tagged, mailboxes)
        )
        linked = {a: person.addresses for person in people for a in person.addresses}
        more = {other for a in mailboxes for other in linked[a]} - {*mailboxes}
        found += await self._each(self._read_tagged, more)
        tagged = {a for some in found for a in some}
        return people + await self._each(self._read_person, tagged - linked.keys())

    def _read_person(self, address: Address) -> _Person:
        user = str(address)
        if not has_path(address):
            rows = self._read_rows(address, False)
            user = next(filter(None, map(_user, rows)), "")
            if not user:
                # On no list, or as nobody's. Whether Mailman knows it can't be asked: it may.
                return _Person(addresses=(address,), known=True)
        try:
            found = self._connection.entries(f"users/{quoted(user)}/addresses")
        except Answered as answer:
            if answer.status == 404:
                return self._read_alone(address)
            raise
        return _Person(
            addresses=tuple(sorted({address, *(Address(entry["email"]) for entry in found)})),
            known=True,
            user=_user(found[0]) if found else "",
            unverified=_unverified(found),
            since=_since(found),
        )

    def _read_alone(self, address: Address) -> _Person:
        """An address that no user has."""
        try:
            record = self._connection.get(f"addresses/{quoted(address)}", "email")
        except Answered as answer:
            if answer.status == 404:
                return _Person(addresses=(address,))
            raise
        return _Person(
            addresses=(address,),
            known=True,
            unverified=_unverified([record]),
            since=_since([record]),
        )

    def _read_preferred(self, user: str) -> Address | None:
        try:
            path = f"users/{quoted(user)}/preferred_address"
            return Address(self._connection.get(path, "email")["email"])
        except Answered as answer:
            if answer.status == 404:  # has none, or is gone
                return None
            raise

    def _read_subscriber(self, member_id: str) -> Address | None:
        try:
            return Address(self._connection.get(f"members/{quoted(member_id)}")["email"])
        except Answered as answer:
            if answer.status == 404:  # is gone, or another Mailman's
                return None
            raise

    def _read_tagged(self, address: Address) -> tuple[Address, ...]:
        """This address with a plus-tag, where it is on a list so."""
        pattern = f"{address.local}+*@{address.domain}"
        if not self._connection.count(subscriber=pattern):  # half as dear, and mostly enough
            return ()
        entries = self._connection.find(subscriber=pattern, fields=("email",))
        found = dict.fromkeys(Address(entry["email"]) for entry in entries)
        return tuple(one for one in found if one.untagged == address)

    def _read_rows(self, address: Address, cheap: bool) -> list[dict[str, Any]]:
        try:
            if cheap and has_path(address):
                path = f"addresses/{quoted(address)}/memberships"
                entries = self._connection.entries(path, fields=_FIELDS)
            else:
                entries = self._connection.find(subscriber=str(address), fields=(*_FIELDS, "user"))
        except Answered as answer:
            if answer.status == 404:  # gone since we asked for it
                return []
            raise
        # A "*" in an address is a wildcard to `find`.
        return [entry for entry in entries if entry["email"].lower() == address]

    def _rows(
        self,
        entries: Iterable[Mapping[str, Any]],
        unverified: Collection[Address],
        users: Mapping[Address, str],
        since: Mapping[Address, datetime],
    ) -> tuple[Row, ...]:
        by_id = {list_id: name for name, list_id in self._list_ids.items()}
        return tuple(
            Row(
                list=by_id[entry["list_id"]],
                address=(address := Address(entry["email"])),
                role=Role(entry["role"]),
                mode=(mode := entry["subscription_mode"]),
                user=(_user(entry) or users.get(address, "")) if mode == "as_user" else "",
                member_id=entry["member_id"],
                action=entry.get("moderation_action"),
                verified=address not in unverified,
                since=since.get(address),
                display_name=Private(entry.get("display_name") or ""),
            )
            for entry in entries
            if entry["list_id"] in by_id  # lists come and go as we read
        )

    def _ban_entries(self, list_id: str) -> list[str]:
        """Of a list; of the site, if it is none."""
        entries = self._of_list(list_id, "bans") if list_id else self._connection.entries("bans")
        return [str(entry["email"]) for entry in entries]

    def _read_owners(self, list_id: str) -> tuple[Address, ...]:
        entries = self._of_list(list_id, "roster/owner", fields=("email",))
        return tuple(sorted({Address(entry["email"]) for entry in entries}))

    def _read_all_owners(self, ids: Mapping[str, str]) -> Mapping[str, tuple[Address, ...]]:
        found: dict[str, set[Address]] = {list_id: set() for list_id in ids.values()}
        for entry in self._connection.find(role="owner", fields=("list_id", "email")):
            if entry["list_id"] in found:
                found[entry["list_id"]].add(Address(entry["email"]))
        return {name: tuple(sorted(found[list_id])) for name, list_id in ids.items()}

    # -- threads -------------------------------------------------------------------------------

    async def _settled(self) -> None:
        """What a sweep that was cut off had begun goes on in its thread: to look beside it would
        be to see what is neither before nor after it."""
        if under_way := tuple(self._changing):
            await asyncio.to_thread(wait, under_way)

    async def _run(self, work: Callable[[], _T], among: set[Future[_T]] | None = None) -> _T:
        """``among``: where it is for as long as its thread is at it."""
        context = contextvars.copy_context()  # to_thread takes it along by itself, this doesn't
        under_way = self._pool.submit(context.run, work)
        if among is not None:
            among.add(under_way)
            under_way.add_done_callback(among.discard)
        try:
            return await asyncio.wrap_future(under_way)
        except Answered as answer:
            # Nobody foresaw it: mostly a race within Mailman, which answers 400 and SQL.
            raise Temporary(
                f"Mailman ([{self._section}]) refused a call (status {answer.status})"
            ) from None

    async def _each(self, work: Callable[[Any], _T], items: Collection[Any]) -> list[_T]:
        """In the pool's threads, each of which goes on by itself: to ask the loop for every item
        takes as long as a quick call."""
        found: list[_T | None] = [None] * len(items)
        waiting = deque(enumerate(items))

        def work_off() -> None:
            while waiting:
                try:
                    number, item = waiting.popleft()
                except IndexError:  # another thread took the last
                    return
                found[number] = work(item)

        threads = min(self._connections, len(items))
        tasks = [asyncio.ensure_future(self._run(work_off)) for _ in range(threads)]
        try:
            await asyncio.gather(*tasks)
        finally:
            waiting.clear()
            for task in tasks:
                task.cancel()
        return cast("list[_T]", found)


async def _together(one: Coroutine[Any, Any, _T], other: Coroutine[Any, Any, _U]) -> tuple[_T, _U]:
    tasks = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _known(names: Iterable[str], lists: Mapping[str, str]) -> dict[str, str]:
    """The ids of those that there are."""
    return {name: lists[name] for name in names if name in lists}


def _user(entry: Mapping[str, Any]) -> str:
    """Mailman's id of whoever it belongs to."""
    return str(entry.get("user", "")).rpartition("/")[2]


def _since(entries: Iterable[Mapping[str, Any]]) -> dict[Address, datetime]:
    """When Mailman came to know them; it writes UTC without saying so."""
    return {
        Address(one["email"]): datetime.fromisoformat(one["registered_on"]).replace(tzinfo=UTC)
        for one in entries
    }


def _unverified(entries: Iterable[Mapping[str, Any]]) -> tuple[Address, ...]:
    return tuple(Address(entry["email"]) for entry in entries if "verified_on" not in entry)


def _bans(
    level: str | None, entries: Sequence[str], addresses: Collection[Address]
) -> Iterator[Ban]:
    """What the bans of a list, or of the site, mean for each of the addresses."""
    patterns = [entry for entry in entries if entry.startswith("^")]
    for address in addresses:
        ours, ours_tagged = ban_text(address), tags_text(address)
        exact, tags = entries.count(ours), entries.count(ours_tagged)
        former = tuple(text for text in former_texts(address) if text in entries)
        known = {ours, ours_tagged, *former}
        if address.untagged in addresses:
            known.add(tags_text(address.untagged))  # told with that one
        others = [entry for entry in patterns if entry not in known]
        pattern = any(_covers(entry, address) for entry in others)
        # An entry with a "/" can't be removed by REST: not ours, whoever made it.
        pattern = pattern or (ours != address and address in entries)
        if exact or tags or pattern or former:
            yield Ban(
                list=level,
                address=address,
                exact=exact,
                tags=tags,
                pattern=pattern,
                former=former,
            )


def _covers(pattern: str, address: Address) -> bool:
    """As Mailman does it: unanchored at the end, case ignored, a broken pattern covers nobody."""
    try:
        return re.match(pattern, address, re.IGNORECASE) is not None
    except re.error:
        return False
