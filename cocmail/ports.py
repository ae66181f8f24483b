"""What the loops need of the world, as Protocols. Adapters fulfil them; the core never sees them.

Owns the shapes that cross between loops and adapters. All times are UTC and aware; all errors
are those of core.errors.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from cocmail.core.enforcement import Level, Observed, Past, Place, Question, Step
from cocmail.core.enforcement import ProofRow as ProofRow
from cocmail.core.enforcement import Standing as Standing
from cocmail.core.errors import SoundnessError
from cocmail.core.leads import Subscription
from cocmail.core.people import Address
from cocmail.core.quarantine import LEFT as LEFT
from cocmail.core.quarantine import RELEASED as RELEASED
from cocmail.core.sanctions import Before, Sanction
from cocmail.core.verification import Authentication

if TYPE_CHECKING:
    from cocmail.core.case import Case
    from cocmail.core.events import Event
    from cocmail.core.letters import Letter


class Clock(Protocol):
    def now(self) -> datetime: ...


# -- mail in ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A mail as it reached us, before anything is made of it."""

    raw: bytes = field(repr=False)
    road: str  # "imap", "lmtp" or LEFT
    source: str | None  # unique for this delivery: "account/mailbox/uidvalidity/uid"; None for LMTP
    recipients: tuple[Address, ...] = field(repr=False)  # LMTP: RCPT TO; IMAP: () (headers decide)
    return_path: str | None = field(default=None, repr=False)  # LMTP: MAIL FROM ("" for <>)
    junk: bool = False  # it lay in the spam folder
    ahead: bool = False  # it goes before what came a little earlier (core.floods.HEAD_START)


Keep = Callable[[Arrival], Awaitable[None]]
"""Stores an arrival durably. Returning means committed; Temporary means that it was not kept."""


class Inbox(Protocol):
    """An IMAP mailbox, or an LMTP server: hands every mail to ``keep`` and only then lets go."""

    async def run(self, keep: Keep) -> None:
        """Run until cancelled. Never ends because a server went away; raises Permanent where a
        human must act (a refused login)."""
        ...

    @property
    def trouble(self) -> str:
        """What is wrong just now, in one line; "" if nothing."""
        ...


Keys = Mapping[str, tuple[bytes, ...]]
"""What DNS has at the names where a mail's keys may be. It is silent on what isn't in it."""


MOST_ASKING = 64  # mails whose keys are asked for beside each other


class Authenticator(Protocol):
    async def keys(self, raw: bytes, sender: Address, account: str = "") -> Keys:
        """Asks DNS for what `authenticate` needs, which may take seconds. The header is enough of
        ``raw``; ``account``: see Waiting."""
        ...

    async def authenticate(
        self, raw: bytes, sender: Address, account: str = "", keys: Keys | None = None
    ) -> Authentication:
        """What is proved of a mail. None: the keys are asked for now."""
        ...


# -- mail out --------------------------------------------------------------------------------


class Submission(Protocol):
    async def send(self, return_path: str, recipient: Address, message: bytes) -> None:
        """Hand one message over. Raises Away (for all), Temporary or Permanent (for this one)."""
        ...

    async def close(self) -> None: ...


# -- lists -----------------------------------------------------------------------------------


class Lists(Protocol):
    """The community's mailing lists (Mailman)."""

    async def observe(
        self, questions: Collection[Question], *, known_lists: bool = False
    ) -> Observed:
        """All that stands on the lists for these addresses and for every other address of the
        same Mailman users, and which lists there are. ``known_lists``: those that were seen last
        will do, unless one of them is on another. Raises Temporary or Permanent."""
        ...

    async def tagged(
        self, addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> tuple[Address, ...]:
        """These with a plus-tag, as they are on lists: dear. ``but``: sites that are away. Raises
        Temporary or Permanent."""
        ...

    async def read_exactly(self, observed: Observed, places: Collection[Place]) -> Observed:
        """The same, with what is explicitly set for each row in these places."""
        ...

    async def apply(self, step: Step) -> bool:
        """Make one step true. May be repeated. False: a ban of somebody else's stood there
        already, so this one isn't ours. Raises Temporary or Permanent."""
        ...

    async def discard_waiting(
        self, lists: Collection[str], addresses: Collection[Address], *, but: Collection[str] = ()
    ) -> Mapping[str, int]:
        """Discard what waits of these addresses on these lists (posting addresses), silently:
        subscriptions, and held posts, which an owner could still accept. How many posts there
        were, for each list that had some. ``but``: sites that are away. Raises Temporary while
        something still waits on another."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """How many members each list has, by posting address: one call for all."""
        ...

    async def rosters(self, lists: Collection[str]) -> Sequence[Subscription]:
        """Who is on these lists as a member, with the name they go by there: a call for each
        list, an entry for each membership. A list that is gone has none."""
        ...

    async def requests(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        """Who waits to be let onto these lists: a call for each. ``but``: sites that aren't
        asked."""

    async def queues(self, *, within: float) -> Mapping[str, Mapping[str, int]]:
        """How many messages wait in each queue of each site that answers within so many seconds,
        by Mailman's names for them: `in`, `pipeline`, `shunt` … Of another nothing is known, which
        isn't that none wait; a site without queues isn't there either."""
        ...

    async def owners(
        self, lists: Collection[str], *, but: Collection[str] = ()
    ) -> Mapping[str, tuple[Address, ...]]:
        """All owners of these lists, by posting address. ``but``: sites that are away. Raises
        Temporary or Permanent."""
        ...

    async def version(self) -> str: ...

    async def close(self) -> None: ...


class Book(Protocol):
    """The enforcement's view of the ledger. Every call is one transaction."""

    async def standing(self) -> Standing: ...

    async def note_before(self, sanction: Sanction, records: Sequence[Before]) -> None:
        """Write down what stands in these places, before they are changed for this sanction.
        A record replaces the same sanction's earlier one for the same (list, address, role)."""
        ...

    async def note_enforced(
        self, sanction: Sanction, rows: Sequence[ProofRow], addresses: Sequence[Address]
    ) -> None:
        """The sanction was read back as true everywhere: the first proof, or the proof after
        drift was put right. ``addresses``: all that it covers now. Ends a `remove`."""
        ...

    async def note_discarded(
        self, sanction: Sanction, posts: Mapping[str, int], *, done: bool
    ) -> None:
        """What waited of whom it keeps off was discarded: so many posts, by list. ``done``:
        everywhere."""
        ...

    async def note_restored(
        self,
        sanction: Sanction,
        rows: Sequence[ProofRow],
        over: Collection[Level],
        *,
        done: bool,
    ) -> None:
        """The ended sanction's places on these lists and sites are read back as they should be;
        its records of them close. ``rows``: of all that is open, by what was read back; ``done``:
        the others wait for what no sweep can change, which is told once."""
        ...

    async def past(self) -> Past:
        """What would show that a sanction which is over came back with a backup."""
        ...

    async def recall(self, strays: Collection[Place], rows: Collection[str]) -> bool:
        """These have our bans, and these ids are of entries that we made, and no sanction of ours
        bears on them any more. Whether one did, and has to be put back once more."""
        ...

    async def note_shunted(self, sanctions: Collection[Sanction], count: int) -> None:
        """While these were made true, so many posts of others got stuck in Mailman."""
        ...

    async def note_trouble(self, words: str) -> None:
        """Mailman has failed us for long; tell the committee (once until it is over)."""
        ...

    async def note_groups_lost(self, sanction: Sanction, groups: Collection[str]) -> None:
        """These groups of lists that it is on the configuration doesn't name any more, or it names
        all again; tell the members of its case alone, for in another nobody may know of it, and
        once for each time."""
        ...

    async def note_waiting(self, sanction: Sanction) -> None:
        """This one is over, and nothing of it is given back before what was decided elsewhere can
        be read again; tell the committee, once."""
        ...

    async def letter_left(self, letter: str) -> bool: ...


# -- the store -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A stored mail that is leased to us for processing."""

    id: str
    raw: bytes = field(repr=False)
    road: str  # "imap", "lmtp", LEFT, or RELEASED: let in by a human, whatever filters say
    recipients: tuple[Address, ...] = field(repr=False)
    return_path: str | None = field(repr=False)
    junk: bool
    received: datetime
    attempts: int
    account: str = ""  # which mailbox it came from, the first word of its source; "" for LMTP
    ahead: bool = False  # it was taken before its turn
    whole: bool = True  # else ``raw`` is its header alone


@dataclass(frozen=True, kw_only=True)
class Queued:
    """A letter that is leased to us for sending."""

    id: str
    case: str
    kind: str
    party: str
    recipient: Address
    return_path: str = field(repr=False)
    message: bytes = field(repr=False)
    queued: datetime
    turn: datetime  # since when it was to be sent: its place among the others
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a reply address or a Message-ID of ours leads."""

    case: str
    party: str
    purpose: str = "reply"
    about: str = ""


class Transaction(Protocol):
    """One deciding transaction: serial (BEGIN IMMEDIATE, or the case's row locked)."""

    async def open_case(self, case: str) -> None:
        """Make the case's key. Raises Permanent if the case exists."""
        ...

    async def case(self, case: str) -> Case | None:
        """The folded case, its row locked until the end of the transaction."""
        ...

    async def glance(self, case: str) -> Case | None:
        """The folded case as it stands, not locked: for what is only looked at."""
        ...

    async def past(self, case: str) -> Sequence[tuple[datetime, Event]]:
        """All events of the case, in their order; its row is locked as for ``case``."""
        ...

    async def ensure_case(self, case: str) -> None:
        """Make the case's key where the case doesn't exist yet."""
        ...

    async def record(self, case: str, events: Sequence[Event]) -> Case:
        """Append to the ledger and bring the index rows up; returns the case as it is then."""
        ...

    async def queue(self, letters: Sequence[Letter]) -> None: ...

    async def settle_mail(
        self, mail: str, *, state: str, case: str | None, why: str = "", leased: bool = False
    ) -> bool:
        """A waiting (or quarantined) mail becomes "done", "filed" or "quarantined"; its key is
        wrapped by the case's from then on. ``leased``: it must be waiting. False if it was neither,
        and then nothing is changed."""
        ...

    async def release_mail(self, mail: str) -> bool:
        """A mail that was set aside, or dropped then, waits again, as if it had just come. False
        where it is neither."""
        ...

    async def settle_letter(self, letter: str, *, state: str) -> bool:
        """A waiting letter becomes "sent", "failed" or "withdrawn"; False if it wasn't waiting."""
        ...

    async def mail_raw(self, mail: str) -> bytes: ...

    async def token(self, token: str) -> Found | None: ...

    async def minted(self, message_id: str) -> Found | None: ...

    async def seen(self, marks: Collection[str]) -> bool: ...

    async def duplicate_of(self, content: str, target: str) -> str | None:
        """The id of a settled mail with this content digest that was handled for this target
        (a digest of the address that counted); remembers the pair otherwise for this mail."""
        ...

    async def reference(self, reference: str) -> str | None: ...

    async def cases_of_address(self, address: Address) -> tuple[Found, ...]: ...

    async def sanction_case(self, sanction: str) -> str | None: ...

    async def recused_with(self, handle: str) -> frozenset[str]:
        """Handles that are recused in any case that this member is not recused from."""
        ...

    async def open_cases(self) -> tuple[str, ...]: ...

    async def aside_in(self) -> tuple[str, ...]:
        """As the store's."""
        ...


class Store(Protocol):
    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def keep(self, arrival: Arrival, at: datetime) -> bool:
        """Seal and commit a mail. False where it was there already (same source, or equal bytes
        to equal recipients). Raises Temporary when the store can't take it."""
        ...

    async def claim_mail(self, now: datetime, lease: timedelta) -> Waiting | None: ...

    async def aside_in(self) -> tuple[str, ...]:
        """The cases and records of the ledger that mail which is set aside belongs to."""
        ...

    async def mail_aside(self, mail: str) -> Waiting | None:
        """A mail that is set aside, as it came; None where it isn't (any more). Raises
        SoundnessError where it was changed in the store."""
        ...

    async def postpone_mail(self, mail: str, until: datetime, *, begun: bool = True) -> bool:
        """False where it doesn't wait any more. ``begun``: whether being claimed counts as an
        attempt; not where it went back unread."""
        ...

    async def claim_letter(self, now: datetime, lease: timedelta) -> Queued | None: ...

    async def postpone_letter(self, letter: str, until: datetime) -> None: ...

    async def due(self, now: datetime) -> tuple[tuple[str, str, str, datetime], ...]:
        """What is due: (case, what, about, at), earliest first."""
        ...

    async def unsettled(self) -> tuple[tuple[Case, ...], Mapping[str, SoundnessError]]:
        """Those with a sanction that isn't over and put back, as they stand, in one reading; and
        by their ids why some of them can't be read."""
        ...

    async def past_cases(self) -> tuple[str, ...]:
        """Those with a sanction that is over."""
        ...

    async def letter_state(self, letter: str) -> str | None: ...

    async def note(self, name: str, value: str) -> None:
        """Something small that is to be known later, in the clear: never a name or an address."""
        ...

    async def notes(self) -> Mapping[str, str]: ...

    async def close(self) -> None: ...
