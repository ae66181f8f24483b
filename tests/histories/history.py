"""Random histories of sanctions, votes on them and changes by hand, played on a real Mailman.

Owns what can happen, the community that it happens to, and the playing: after each step one
sweep, and the lists against the model. A history is made from its seed alone, and its steps mean
something, or nothing, wherever they stand, so that a failing one can be made shorter. Refuses to
know what should come of it (model.py). Called by test_histories.py and `python -m tests.histories`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.errors import CocmailError
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.community import UNSTABLE, list_id, make_list, snapshot
from cocmail.lab.mailman import Mailman
from cocmail.loops.enforcement import Enforcement
from tests.histories.model import InForce, Model, Seen
from tests.loops.lab import Book, Now, copy

DOMAIN = "lists.example.org"
LISTS = tuple(f"{name}@{DOMAIN}" for name in ("dev", "sig-node", "sig-web"))
LATER = f"later@{DOMAIN}"
GROUPS = {"sigs": LISTS[1:]}
OTHERWISE = (LISTS[1:2], LISTS[2:], LISTS, LISTS[:2], (*LISTS[1:], LATER), ())  # (): not there
MAL, MALLORY, BO, LATE = (f"{name}@example.net" for name in ("mal", "mallory", "bo", "late"))
PEOPLE = ((MAL, MALLORY), (BO,), (LATE,))
EVERYBODY = tuple(address for person in PEOPLE for address in person)
OWNER = "owner@example.org"

SCOPES = ("all", "all", "sigs", *LISTS, f"{LISTS[0]},{LISTS[1]}", f"sigs,{LISTS[0]}")
MEASURES = ("moderate", "moderate", "moderate", "suspend", "suspend", "ban", "leave", "remove")
ACTIONS = ("", "hold", "accept", "discard", "reject")
PREFERENCES = (
    ("delivery_mode", "plaintext_digests"),
    ("delivery_mode", "mime_digests"),
    ("delivery_status", "by_user"),
    ("acknowledge_posts", "true"),
    ("hide_address", "false"),
    ("receive_own_postings", "false"),
)
PATTERNS = (r"^mal(lory)?@example\.net", r"^.*@example\.net$", r"^bo@")
HANDS = (
    "join",
    "part",
    "rejoin",
    "action",
    "prefer",
    "ban",
    "unban",
    "slip",
    "link",
    "link",
    "list",
    "verify",
    "own",
)

DECIDED = ("decide", "lift", "same", "different")


@dataclass(frozen=True)
class Step:
    words: tuple[str, ...]
    then: str = "sweep"  # or "later": the next step comes first; or "cut N": it dies at step N

    def __str__(self) -> str:
        said = " ".join(self.words)
        return said if self.then == "sweep" else f"{said} ({self.then})"


def history(seed: int) -> list[Step]:
    chance = random.Random(seed)
    steps: list[Step] = []
    decided: list[str] = []
    open_: list[str] = []
    added: list[tuple[str, str]] = []
    for number in range(chance.randint(4, 10)):
        early = number < 3  # that they meet
        weights = (12, 1, 2, 6, 1) if early else (4, 3, 6, 8, 2)
        what = chance.choices(("decide", "lift", "vote", "hand", "restart"), weights)[0]
        if what == "decide" or not decided:
            decided.append(str(len(decided) + 1))
            open_.append(decided[-1])
            who = chance.choice((MAL, MAL, MAL, MALLORY, BO))
            measure = chance.choice(MEASURES) + chance.choice((*[""] * 7, "+roles"))
            words = ("decide", decided[-1], measure, who, chance.choice(SCOPES))
        elif what == "lift" and open_:
            words = ("lift", open_.pop(chance.randrange(len(open_))))
        elif what == "vote" and added and chance.random() < 0.5:
            words = ("different", *added.pop(chance.randrange(len(added))))
        elif what == "vote" and open_:
            added.append((chance.choice(open_), chance.choice((MAL, MALLORY, BO, BO, LATE, LATE))))
            words = ("same", *added[-1])
        elif what == "hand":
            words = _by_hand(chance)
        elif chance.random() < 0.6:
            words = ("groups", ",".join(chance.choice((*OTHERWISE, GROUPS["sigs"]))))
        else:
            words = ("restart",)
        then = "sweep"
        if words[0] in DECIDED:
            then = chance.choices(("sweep", "later", f"cut {chance.randint(1, 6)}"), (6, 2, 1))[0]
        steps.append(Step(words, then))
    chance.shuffle(open_)
    steps += [Step(("lift", number)) for number in open_]
    return steps


def _by_hand(chance: random.Random) -> tuple[str, ...]:
    what, who, where = chance.choice(HANDS), chance.choice(EVERYBODY[:3]), chance.choice(LISTS)
    match what:
        case "action":
            return (what, who, where, chance.choice(ACTIONS))
        case "prefer":
            return (what, who, where, *chance.choice(PREFERENCES))
        case "ban" | "unban":
            level = chance.choice(("all", where))
            return (what, chance.choice((who, who, *PATTERNS)), level)
        case "verify":
            return (chance.choice(("verify", "unverify")), who)
        case "own":
            return (what, who, *chance.choice(PREFERENCES))
        case "link":
            return (what, chance.choice((MAL, BO)))
        case "list":
            return (chance.choice(("create", "create", "delete")), chance.choice((where, LATER)))
    return (what, who, where)


class Community:
    """Three lists, two people and somebody who may turn out to be one of them."""

    def __init__(self, mailman: Mailman) -> None:
        self.mailman = mailman
        self._preferences: dict[str, dict[str, Any]] = {}  # by member id

    def call(self, method: str, path: str, **data: Any) -> Any:
        """What Mailman refuses is refused to whoever tries; a list that is gone is gone."""
        status, body = self.mailman.api(method, path, **data)
        assert status < 500, (method, path, status, body)
        return body if status < 400 else None

    def entries(self, path: str) -> list[dict[str, Any]]:
        return list((self.call("GET", path) or {}).get("entries", ()))

    def make(self, seed: int) -> None:
        chance = random.Random(f"community {seed}")
        self._begin()
        user = self.call("GET", f"users/{MAL}")["user_id"]
        for name in LISTS:
            for address in EVERYBODY:
                if chance.random() < 0.5:
                    as_user = address == MAL and chance.random() < 0.3
                    self.join(user if as_user else address, name)
                    member = self._member(address, name)
                    action = chance.choice(("", *ACTIONS))
                    self.call("PATCH", f"members/{member}", moderation_action=action)
                    if some := chance.sample(PREFERENCES, chance.randint(0, 2)):
                        self.call("PATCH", f"members/{member}/preferences", **dict(some))
                for role in ("owner", "moderator", "nonmember"):
                    if chance.random() < 0.15:
                        fields = {"list_id": list_id(name), "subscriber": address, "role": role}
                        self.call("POST", "members", **fields)
            if chance.random() < 0.1:
                self.ban(chance.choice((*EVERYBODY, *PATTERNS)), name)
        for address in EVERYBODY:
            verified = address == MAL or chance.random() < 0.6
            self.call("POST", f"addresses/{address}/{'verify' if verified else 'unverify'}")
        for address in (MAL, BO, LATE):
            self.call("DELETE", f"users/{address}/preferences")
            if chance.random() < 0.5:
                self.call("PATCH", f"users/{address}/preferences", receive_own_postings=False)

    def _begin(self) -> None:
        """The lists and the people, nobody on any: made by REST once for a Mailman."""
        now = self.mailman.directory / "var" / "data" / "mailman.db"
        first = self.mailman.directory / "first.db"
        if first.exists():
            copy(first, now)
            return
        self._clear()
        self.call("POST", "domains", mail_host=DOMAIN)
        for name in LISTS:
            make_list(self.mailman, name)
            self.call("POST", "members", list_id=list_id(name), subscriber=OWNER, role="owner")
        for address in (MAL, BO, LATE):
            self.call("POST", "users", email=address)
        self.call("POST", f"users/{MAL}/addresses", email=MALLORY)
        self.call("POST", f"users/{MAL}/preferred_address", email=MAL)
        if now.exists():  # none where Mailman is on PostgreSQL
            copy(now, first)

    def _clear(self) -> None:
        for domain in self.entries("domains"):
            self.call("DELETE", f"domains/{domain['mail_host']}")
        for user in self.entries("users"):
            self.call("DELETE", f"users/{user['user_id']}")
        for ban in self.entries("bans"):
            self.call("DELETE", f"bans/{quote(ban['email'], safe='')}")

    def see(self, *, whole: bool = True) -> Seen:
        """`whole`: with the preferences read again of entries that stood there before; each costs
        a call, and nothing but the end of a history would undo what was wrongly changed there."""
        if whole:
            self._preferences.clear()
        rows, ids = {}, {}
        others = self.entries("members/find?role=nonmember")  # left out of "members"
        for entry in (*self.entries("members"), *others):
            name = str(entry["list_id"]).replace(".", "@", 1)
            place = (name, str(entry["email"]), str(entry["role"]))
            ids[place] = member = str(entry["member_id"])
            if member not in self._preferences:
                found = self.call("GET", f"members/{member}/preferences")
                self._preferences[member] = _stable(found)
            rows[place] = {**_stable(entry), "preferences": self._preferences[member]}
            rows[place].pop("delivery_mode")  # what comes of these and of the user's own
        people = {str(entry["email"]): _person(entry) for entry in self.entries("addresses")}
        for address in (MAL, BO, LATE):
            found = self.call("GET", f"users/{address}/preferences")
            people[address]["preferences"] = _stable(found)
        bans = {"": self._bans("bans")}
        for entry in self.entries("lists"):
            bans[entry["fqdn_listname"]] = self._bans(f"lists/{entry['list_id']}/bans")
        return Seen(rows=rows, bans=bans, people=people, ids=ids)

    def _bans(self, path: str) -> list[str]:
        return sorted(str(entry["email"]) for entry in self.entries(path))

    # -- what somebody may do ------------------------------------------------------------------

    def join(self, who: str, name: str) -> None:
        pre = dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), True)
        fields = {"list_id": list_id(name), "subscriber": who, **pre}
        self.call("POST", "members", **fields, send_welcome_message=False)

    def part(self, who: str, name: str) -> None:
        self.call("DELETE", f"lists/{list_id(name)}/roster/member", emails=[who])

    def rejoin(self, who: str, name: str) -> None:
        if self._member(who, name):
            self.part(who, name)
            self.join(who, name)

    def action(self, who: str, name: str, action: str = "") -> None:
        if member := self._member(who, name):
            self.call("PATCH", f"members/{member}", moderation_action=action)

    def prefer(self, who: str, name: str, key: str, value: str) -> None:
        if member := self._member(who, name):
            self.call("PATCH", f"members/{member}/preferences", **{key: value})

    def ban(self, text: str, level: str) -> None:
        self.call("POST", _bans_of(level), email=text)

    def unban(self, text: str, level: str) -> None:
        self.call("DELETE", f"{_bans_of(level)}/{quote(text, safe='')}")

    def slip(self, who: str, name: str) -> None:
        """Past whatever exact ban, back onto the list."""
        for level in ("all", name):
            self.unban(who, level)
        self.join(who, name)

    def verify(self, who: str) -> None:
        self.call("POST", f"addresses/{who}/verify")

    def unverify(self, who: str) -> None:
        self.call("POST", f"addresses/{who}/unverify")

    def own(self, who: str, key: str, value: str) -> None:
        """For all lists where they say nothing else."""
        self.call("PATCH", f"users/{who}/preferences", **{key: value})

    def link(self, who: str) -> None:
        if len(self.entries(f"users/{LATE}/addresses")) == 1:  # else it takes in a whole person
            self.call("POST", f"users/{who}/addresses", email=LATE, absorb_existing=True)

    def create(self, name: str) -> None:
        if name == LATER and self.call("GET", f"lists/{list_id(name)}") is None:
            make_list(self.mailman, name)

    def delete(self, name: str) -> None:
        self.call("DELETE", f"lists/{list_id(name)}")

    def _member(self, who: str, name: str) -> str:
        found = self.call("GET", f"lists/{list_id(name)}/member/{who}")
        return str(found["member_id"]) if found else ""


def _bans_of(level: str) -> str:
    return "bans" if level == "all" else f"lists/{list_id(level)}/bans"


def _person(entry: dict[str, Any]) -> dict[str, Any]:
    return {"name": entry.get("display_name", ""), "verified": "verified_on" in entry}


def _stable(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in UNSTABLE}


class _Dead(BaseException):
    """The enforcement's process has died."""


class _Dying:
    """The real lists, until the process dies as it begins a step."""

    def __init__(self, lists: MailmanLists, steps: int) -> None:
        self._lists, self._left = lists, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lists, name)

    async def apply(self, step: Any) -> bool:
        self._left -= 1
        if self._left < 0:
            raise _Dead
        return await self._lists.apply(step)


def _scope(words: str) -> Scope:
    named = [] if words == "all" else words.split(",")
    groups = tuple(name for name in named if name in GROUPS)
    return Scope(groups=groups, lists=tuple(name for name in named if name not in GROUPS))


def _sets(groups: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(lists) for name, lists in groups.items()}


class Played:
    """One history, on a Mailman that it has for itself meanwhile."""

    def __init__(self, community: Community, lists: MailmanLists, seed: int) -> None:
        community.make(seed)
        self._community, self._lists = community, lists
        self._book = Book(Now())
        # Mailman's clock is the real one, and says who was known before the sanctions.
        older = random.Random(f"clock {seed}").random() < 0.4
        self._book.clock.at = datetime(2100 if older else 2000, 1, 1, tzinfo=UTC)
        self._groups = dict(GROUPS)
        self._loop = self._enforcement(lists)
        self._ids: dict[str, str] = {}
        self._sweeps = 0
        self._start = snapshot(community.mailman, EVERYBODY)
        self._seen = community.see()
        users = [set(person) for person in PEOPLE]
        self._model = Model(self._seen, users, _sets(self._groups), follows=not older)

    def _enforcement(self, lists: Any, parallel: int = 2) -> Enforcement:
        every = timedelta(minutes=5)
        return Enforcement(
            lists,
            self._book,
            self._book.clock,
            groups=self._groups,
            sweep_every=every,
            parallel=parallel,
        )

    async def play(self, steps: Sequence[Step]) -> list[str]:
        """What went wrong, first the step after which it did; nothing where all is well."""
        late = False
        for number, step in enumerate(steps):
            before_it = late and step.words[0] not in (*DECIDED, "restart", "groups")
            if before_it and (wrong := await self._swept("sweep")):
                return [f"before {step}", *wrong]
            self._do(step.words)
            late = step.then == "later" and number + 1 < len(steps)
            if not late and (wrong := await self._swept(step.then)):
                return [f"after {step}", *wrong]
        if not self._model.force and not self._model.touched:
            end = snapshot(self._community.mailman, EVERYBODY)
            if end != self._start:
                return [f"at the end: {end}", f"at the start: {self._start}"]
        left = [s.id for s in self._book.sanctions.values() if s.before]
        if not self._model.force and left:
            return [f"at the end: records left of {', '.join(left)}"]
        return []

    def _do(self, words: Sequence[str]) -> None:
        match words:
            case ("decide", number, measure, who, scope):
                where = _scope(scope)
                measure, _, roles = measure.partition("+")
                self._ids[number] = self._book.decide(
                    Measure(measure), Address(who), scope=where, including_roles=bool(roles)
                )
                lists, groups = frozenset(where.lists), frozenset(where.groups)
                self._model.force[int(number)] = InForce(measure, who, lists, groups, bool(roles))
            case ("lift", number):
                if self._model.force.pop(int(number), None):
                    self._book.end(self._ids[number])
            case ("same", number, who):
                if self._model.add(int(number), who):
                    self._book.extend(self._ids[number], Address(who))
            case ("different", number, who):
                if off := self._model.take_away(int(number), who):
                    self._book.narrow(self._ids[number], sorted(map(Address, off)))
            case ("restart",):
                self._loop = self._enforcement(self._lists)
            case ("groups", names):
                self._groups = {"sigs": tuple(names.split(","))} if names else {}
                self._model.groups = _sets(self._groups)
                self._loop = self._enforcement(self._lists)
            case (what, *rest) if what == "delete" or not any(map(self._model.is_left, rest)):
                getattr(self._community, what)(*rest)
                after = self._community.see(whole=what in ("prefer", "link"))
                self._model.by_hand(self._seen, after)
                if what == "link":
                    self._link(rest[0])

    def _link(self, who: str) -> None:
        users, first = self._model.users, next(u for u in self._model.users if LATE in u)
        if first == {LATE}:
            users.remove(first)
            self._model.person(who).add(LATE)

    async def _sweep(self, loop: Enforcement) -> None:
        """As the daemon does it: at its time, or because something was decided."""
        self._sweeps += 1
        if self._sweeps % 2:
            await loop.press()
        await loop.sweep()

    async def _swept(self, then: str) -> list[str]:
        if then.startswith("cut"):
            dying = _Dying(self._lists, int(then.split()[1]))
            try:
                await self._sweep(self._enforcement(dying, parallel=1))
            except* _Dead:
                pass
            self._loop = self._enforcement(self._lists)
        try:
            await self._sweep(self._loop)
        except CocmailError as error:
            said = [f"the sweep said: {error}"]
        else:
            said = []
        self._seen = self._community.see(whole=not self._model.force)
        return [*said, *self._model.swept(self._seen)]


async def shortened(
    community: Community, lists: MailmanLists, seed: int, steps: Sequence[Step]
) -> tuple[list[Step], list[str]]:
    """The same failure with fewer steps, as far as leaving out one after another leads."""
    steps = list(steps)
    wrong = await Played(community, lists, seed).play(steps)
    at = 0
    while at < len(steps):
        fewer = [*steps[:at], *steps[at + 1 :]]
        if still := await Played(community, lists, seed).play(fewer):
            steps, wrong = fewer, still
        else:
            at += 1
    return steps, wrong
