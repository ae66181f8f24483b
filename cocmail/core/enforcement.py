"""What stands on the lists, what is to be changed, and what was proved: the values of enforcement.

Owns the vocabulary between the planner (core.plan), the loop and the adapter: places, rows, bans,
steps, plans, proof. Refuses to know how a plan is made and what a mailing list manager's calls
look like. Called by core.plan, loops.enforcement, adapters.mailman, and by casework for ballots
and proofs.

A *place* is (site, list, address, role). A *site* is one venue, by its section of the
configuration: "mailmans.NAME", or "" for the plain [mailman]. What stands in a place is a tuple of
rows: none, one, or two, for Mailman lets one address be on one list twice, by itself and as its
user's preferred address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address, Private
from cocmail.core.sanctions import Before, Sanction

HOLD = "hold"
"""The moderation action that a `moderate` sets."""


# Why a place isn't put back.
STILL_OFF = "another sanction keeps them off"
STILL_HELD = "another sanction holds their posts"
OUR_BAN = "can be put back only when another sanction ends"
LEFT = "this stays as it is"


MADE = "made"
"""Under which a record keeps the ids of entries that we made there and took away again."""


class Role(StrEnum):
    MEMBER = "member"
    NONMEMBER = "nonmember"
    OWNER = "owner"
    MODERATOR = "moderator"
    BAN = "ban"
    USER = "user"  # on no list: what a user of Mailman prefers for all of theirs


class Word(StrEnum):
    """How a place is told to people, before and after."""

    ABSENT = "absent"
    MEMBER = "member"  # stands there in its role, and isn't held
    HELD = "held"
    BANNED = "banned"


class Act(StrEnum):
    BAN = "ban"  # no moment without one, where it was spelt otherwise
    UNBAN = "unban"  # every exact entry, duplicates included
    TAKE_OFF = "take-off"
    PUT_BACK = "put-back"  # the rows stand as given: made where missing, finished where half made
    MODERATE = "moderate"  # the rows get the moderation actions given
    PREFER = "prefer"  # the user prefers what the row does


@dataclass(frozen=True, kw_only=True)
class Level:
    """One list of a site, or (None) what holds on all of them."""

    list: str | None
    site: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    list: str | None  # posting address; None: site-wide
    address: Address
    role: Role
    site: str = ""
    user: str = ""  # of a place that is to be read: whose preferences, where the role is USER

    @property
    def level(self) -> Level:
        return Level(site=self.site, list=self.list)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry of a list's roster, exactly."""

    list: str
    address: Address
    role: Role
    mode: str = "as_address"  # or "as_user": through the user's preferred address
    user: str = ""  # Mailman's id of that user, where it is as_user
    member_id: str = ""
    action: str | None = None  # moderation action; None: the list's default
    verified: bool = True  # the address, by its owner: a silent subscription verifies it as well
    since: datetime | None = None  # Mailman knows the address; None: not known, since when
    display_name: Private = field(default=Private(""))
    # What is explicitly set for this entry alone; None: not read (it costs a call for each).
    preferences: Mapping[str, object] | None = field(default=None, repr=False)
    site: str = ""

    @property
    def place(self) -> Place:
        return Place(list=self.list, address=self.address, role=self.role, site=self.site)


@dataclass(frozen=True, kw_only=True)
class Ban:
    """What keeps an address off, on one level: the whole site (None) or one list."""

    list: str | None
    address: Address
    exact: int = 0  # entries for just this address; more than one after a race
    tags: int = 0  # entries, spelt as ours, for it with any plus-tag
    pattern: bool = False  # another regular expression covers it: never ours to remove
    former: tuple[str, ...] = field(default=(), repr=False)  # entries as former_texts has them
    site: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be observed for one sanction: these people, and the bans of these lists."""

    addresses: tuple[Address, ...]
    lists: tuple[str, ...] = ()  # those whose own bans matter; the site's always do
    tagged: bool = False  # look also for these addresses with a plus-tag: dear, but needed once
    users: tuple[str, ...] = ()  # whose entries of before are to come back: what they prefer now
    members: tuple[str, ...] = ()  # memberships by their ids: whoever they are of is asked for too


@dataclass(frozen=True, kw_only=True)
class Observed:
    """All that stands on the lists for some people at one time.

    Of several sites it is the union; what each said by itself is in ``sites``, and of one in
    ``away`` nothing is known: that a row isn't here means nothing there.
    """

    lists: Mapping[str, str] = field(default_factory=dict)  # posting address → list id
    linked: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict, repr=False)
    # every address of the same Mailman user, itself included
    known: frozenset[Address] = field(default=frozenset(), repr=False)  # Mailman has a record
    unverified: frozenset[Address] = field(default=frozenset(), repr=False)  # of those
    since: Mapping[Address, datetime] = field(default_factory=dict, repr=False)
    # when Mailman came to know each of them: of several, the first
    registered: Mapping[Address, datetime] = field(default_factory=dict, repr=False)
    # the same, on this site alone
    users: Mapping[Address, str] = field(default_factory=dict, repr=False)  # address → user's id
    preferred: Mapping[str, Address | None] = field(default_factory=dict, repr=False)
    # user's id → preferred address, of those that were asked for; None: has none, or is gone
    own: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict, repr=False)
    # user's id → what is set for all their lists, of those that were read exactly; None: is gone
    made: Mapping[str, datetime | None] = field(default_factory=dict)
    # list → when it was made, of those that were read exactly; None: that isn't known
    rows: tuple[Row, ...] = field(default=(), repr=False)
    bans: tuple[Ban, ...] = field(default=(), repr=False)
    owners: Mapping[str, tuple[Address, ...]] = field(default_factory=dict, repr=False)
    # all owners, of the lists that one of these people owns
    strays: frozenset[Place] = field(default=frozenset(), repr=False)
    # where somebody is banned just as we ban, whether asked for or not
    calls: int = 0  # what this observation cost
    seconds: float = 0.0  # that these calls took, added up
    site: str = ""  # whose this is
    sites: tuple[Observed, ...] = field(default=(), repr=False)
    away: Mapping[str, Temporary | Permanent] = field(default_factory=dict)  # site → why
    rosters: bool = True  # else its "lists" are addresses that have no members, only bans
    retired: bool = False  # shut down for good: nothing is there, and nothing can be put back

    def each(self) -> tuple[Observed, ...]:
        """Every site that was asked, by itself."""
        return self.sites or (self,)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change in one place. May be repeated."""

    act: Act
    list: str | None
    address: Address
    role: Role
    now: Word
    then: Word
    rows: tuple[Row, ...] = field(default=(), repr=False)  # to take off, or as they shall be
    bans: tuple[str, ...] = field(default=(), repr=False)  # entries to make or to remove
    former: tuple[str, ...] = field(default=(), repr=False)  # to go once those to make stand
    person: str = field(default="", repr=False)  # steps of one person go one after another
    sanctions: tuple[str, ...] = ()  # whom it serves
    site: str = ""

    @property
    def place(self) -> Place:
        return Place(list=self.list, address=self.address, role=self.role, site=self.site)

    @property
    def level(self) -> Level:
        return Level(site=self.site, list=self.list)


@dataclass(frozen=True, kw_only=True)
class ProofRow:
    """One place on the lists: what was, what is, read back."""

    list: str | None  # posting address; None: site-wide
    address: Address
    role: str  # member, nonmember, owner, moderator, ban
    was: str  # absent, member, held, banned
    now: str
    note: str = ""  # for people: "somebody changed this meanwhile; theirs stands"
    owners: tuple[Address, ...] = ()  # that list's owners now, but for this person: for notices
    site: str = ""
    first: str = ""  # of what ended: how its sanction found the place; "": as `was` had it
    # Of what somebody undid:
    times: int = 1
    after: datetime | None = None  # when it was last seen as it should be
    own: bool = False  # the person looks after that list

    @property
    def level(self) -> Level:
        return Level(site=self.site, list=self.list)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All that a sweep starts from."""

    sanctions: tuple[Sanction, ...]  # in force now, each with its own open `before` records
    ending: tuple[Sanction, ...]  # ended or lifted, but with records that are not yet put back
    past: bool = False  # whether there are others that ended: a backup can bring their bans back
    unread: frozenset[str] = frozenset()
    # Cases whose sanctions can't be read: whom they bear on isn't known, so nothing is loosened.
    whole: tuple[Sanction, ...] = ()
    # All in force, where `sanctions` are some: no list loses its last owner by another of them.


@dataclass(frozen=True, kw_only=True)
class Note:
    """Records for the ledger. A later record of one sanction for the same place replaces the
    earlier: what stood there before turned out to be something else."""

    sanction: str
    records: tuple[Before, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Past:
    """By what a Mailman that was set back to a backup shows it: what was ours and is over."""

    lists: frozenset[str] = frozenset()  # where somebody was banned from a list alone
    people: frozenset[Address] = field(default=frozenset(), repr=False)  # who was held
    made: frozenset[str] = frozenset()  # ids of entries of theirs that we made; gone since


@dataclass(frozen=True, kw_only=True)
class Plan:
    steps: tuple[Step, ...] = ()  # in the order in which they are safe
    warnings: tuple[str, ...] = field(default=(), repr=False)  # for people: they hold addresses
    notes: tuple[Note, ...] = ()  # to be written down before any step
    unread: tuple[Place, ...] = ()  # whose preferences must be read before `notes` are exact
    rows: Mapping[str, tuple[ProofRow, ...]] = field(default_factory=dict)  # sanction → its places
    covers: Mapping[str, tuple[Address, ...]] = field(default_factory=dict, repr=False)
    beside: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict, repr=False)
    # on a covered address's Mailman user, but not covered → the covered ones on it
    over: Mapping[str, frozenset[Level]] = field(default_factory=dict)
    # ending → where nothing that it took is left to be given back
    persons: Mapping[str, str] = field(default_factory=dict, repr=False)
    # sanction → a key, equal for those that bear on one person

    @property
    def as_preferred(self) -> Plan:
        """The notes alone of users who prefer by now what they should: written down at once, what
        they change from then on is theirs, and nothing that we left half done."""
        changing = {step.address for step in self.steps if step.role is Role.USER}
        return Plan(
            notes=tuple(
                Note(sanction=note.sanction, records=records)
                for note in self.notes
                if (
                    records := tuple(
                        b for b in note.records if b.role == Role.USER and b.address not in changing
                    )
                )
            )
        )

    def steps_of(self, sanction: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if sanction in step.sanctions)


def ban_text(address: Address) -> str:
    """How we ban an address. One with a "/" can be banned by REST but never unbanned (Mailman's
    router splits there), and one that begins with "^" is a pattern to Mailman, perhaps everybody's:
    such a one gets a pattern for just this address."""
    if "/" not in address and not address.startswith("^"):
        return str(address)
    return f"^{_literally(address)}$"


def banned_as_by_us(entries: Collection[str]) -> frozenset[Address]:
    """Who has both of our bans, the address and every tag of it: nobody else spells them so."""
    return frozenset(
        address
        for address in map(Address, entries)
        if "/" not in address and tags_text(address) in entries
    )


def tags_text(address: Address) -> str:
    """How we ban an address with any plus-tag (RFC 5233): Mailman takes each for somebody else."""
    return f"^{_literally(address.local)}\\+[^@]*@{_literally(address.domain)}$"


def former_texts(address: Address) -> tuple[str, ...]:
    """How cocmail once banned an address with a "/", and its plus-tags: the patterns hit others
    too. Where they are ours they are to go."""
    if "/" not in address:
        return ()
    texts = ban_text(address), tags_text(address)
    return tuple(text.replace(_SLASH, ".") for text in texts)


_SLASH = r"\x2f"


def _literally(text: str) -> str:
    return re.escape(text).replace("/", _SLASH)


def levels(records: Iterable[Before]) -> frozenset[Level]:
    """Where these are of."""
    return frozenset(Level(site=record.site, list=record.list) for record in records)


def made_ids(facts: Mapping[str, object] | None) -> frozenset[str]:
    """Of the entries that we made in a place, by its record."""
    ids = (facts or {}).get(MADE)
    return frozenset(map(str, ids)) if isinstance(ids, list | tuple) else frozenset()


def word(rows: tuple[Row, ...]) -> Word:
    if not rows:
        return Word.ABSENT
    return Word.HELD if all(row.action == HOLD for row in rows) else Word.MEMBER


def to_facts(rows: tuple[Row, ...]) -> Mapping[str, object] | None:
    """Rows as plain JSON for the ledger; None: nothing stood there."""
    if not rows:
        return None
    return {
        "rows": [
            {
                "mode": row.mode,
                "user": row.user,
                "member_id": row.member_id,
                "action": row.action,
                "verified": row.verified,
                "since": row.since.isoformat() if row.since else None,
                "display_name": str(row.display_name),
                "preferences": None if row.preferences is None else dict(row.preferences),
            }
            for row in rows
        ]
    }


def from_facts(place: Place, facts: Mapping[str, object] | None) -> tuple[Row, ...]:
    """The inverse of to_facts. What an older version wrote without a key gets its default."""
    entries = (facts or {}).get("rows")
    if place.list is None or not isinstance(entries, list | tuple):
        return ()
    return tuple(
        Row(
            list=place.list,
            address=place.address,
            role=place.role,
            mode=str(entry.get("mode", "as_address")),
            user=str(entry.get("user", "")),
            member_id=str(entry.get("member_id", "")),
            action=entry.get("action"),
            verified=bool(entry.get("verified", True)),
            since=datetime.fromisoformat(entry["since"]) if entry.get("since") else None,
            display_name=Private(entry.get("display_name", "")),
            preferences=entry.get("preferences"),
            site=place.site,
        )
        for entry in entries
        if isinstance(entry, Mapping)
    )
