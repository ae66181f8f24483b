"""Everything that can happen, and how it is written in the ledger.

Owns the events' shapes and their JSON. An event says what happened, with all that folding the
case needs; it never says what to do. Fields are only ever added, with a default, so that an old
ledger can be read by a new version. Refuses to know sealing and chaining (the store). Called by
casework, which makes events, and by case, which folds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from cocmail.core.people import Address, Private
from cocmail.core.sanctions import Measure


@dataclass(frozen=True, kw_only=True)
class CaseOpened:
    reference: str
    acknowledge_by: datetime | None
    update_by: datetime | None
    kind: Literal["case-opened"] = "case-opened"


@dataclass(frozen=True, kw_only=True)
class PartyJoined:
    """An outsider has a place in the case: a reporter, the respondent, a witness, a list owner."""

    party: str
    addresses: tuple[Address, ...]  # empty: we have no way to write to them
    name: Private
    reference: str  # their own, so that no two outsiders can tell that they share a case
    language: str = ""  # what their mail asked for, of those we had; "": the community's
    kind: Literal["party-joined"] = "party-joined"


@dataclass(frozen=True, kw_only=True)
class PartyNamed:
    """Further addresses of a party are known, or a stranger was taken in under another role."""

    party: str
    addresses: tuple[Address, ...]
    by: str
    kind: Literal["party-named"] = "party-named"


@dataclass(frozen=True, kw_only=True)
class PartyMoved:
    """A party named an address at which it is safe to reach them: nothing goes to the old one."""

    party: str
    address: Address
    kind: Literal["party-moved"] = "party-moved"


@dataclass(frozen=True, kw_only=True)
class PartySilenced:
    """A party wants no mail from us, or wants it again."""

    party: str
    silent: bool
    kind: Literal["party-silenced"] = "party-silenced"


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """The person gave their word to leave, in a mail that is proved to be theirs."""

    sanction: str
    mail: str
    kind: Literal["agreed"] = "agreed"


@dataclass(frozen=True, kw_only=True)
class AppealOpened:
    """The person appeals against a sanction, by their own word or by the committee's."""

    appeal: str
    sanction: str
    party: str
    by: str
    decide_by: datetime
    what: Literal["appeal", "return"] = "appeal"  # return: they ask to come back
    kind: Literal["appeal-opened"] = "appeal-opened"


@dataclass(frozen=True, kw_only=True)
class AppealEnded:
    appeal: str
    result: Literal["granted", "denied"]
    kind: Literal["appeal-ended"] = "appeal-ended"


@dataclass(frozen=True, kw_only=True)
class Received:
    """A mail became a message of the case."""

    number: int
    mail: str  # the vault's id
    party: str
    sender: Address
    name: Private
    proof: str  # "verified", "signed", "unsigned"
    subject: Private
    text: Private
    attachments: tuple[Private, ...]
    sent: datetime | None
    message_id: str
    note: Private = Private("")  # what members should know of it, in one line
    language: str = ""  # what it asks for, of those we had
    digests: tuple[str, ...] = ()  # SHA-256 of each attachment
    kinds: tuple[str, ...] = ()  # what each attachment is, see core.attached
    sizes: tuple[int, ...] = ()  # of each attachment, bytes
    waits: bool = False  # more than is passed on one by one: told together with others
    claims: tuple[Private, ...] = ()  # what it says of its sender, where there is none
    claimants: Private = Private("")  # all of that, in every form; it isn't shown
    missing: tuple[int, ...] = ()  # of each attachment that is shown in part, the bytes that aren't
    shown: tuple[int, ...] = ()  # places among the attachments: their text stands in the message's
    also: tuple[tuple[Private, ...], ...] = ()  # of each attachment, its other names
    kind: Literal["received"] = "received"


@dataclass(frozen=True, kw_only=True)
class PassedOn:
    """The members were shown these messages, which waited, in one mail; or nobody may read them
    now, and whoever comes in is shown them."""

    numbers: tuple[int, ...]
    kind: Literal["passed-on"] = "passed-on"


@dataclass(frozen=True, kw_only=True)
class Filed:
    """A machine's mail was put in the case's file; nobody was told."""

    mail: str
    party: str
    why: str
    kind: Literal["filed"] = "filed"


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A mail that came to an address of this case, but not from whom that address is for."""

    number: int
    mail: str
    party: str  # whose reply address was used
    stranger: str  # the party made for the sender, or ""
    sender: Address
    name: Private
    subject: Private
    text: Private
    why: str
    named: tuple[str, ...] = ()  # members whom it names, who aren't shown it
    attachments: tuple[Private, ...] = ()  # this and what follows as in Received
    digests: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    claims: tuple[Private, ...] = ()
    claimants: Private = Private("")
    sent: datetime | None = None
    note: Private = Private("")
    missing: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    also: tuple[tuple[Private, ...], ...] = ()
    tell_by: datetime | None = None  # when the members are told of it; None: at once
    program: bool = False  # perhaps: the member whose address it came to isn't told
    beginning: bool = False  # no more of it is kept here, and its mail isn't gone
    kind: Literal["set-aside"] = "set-aside"


@dataclass(frozen=True, kw_only=True)
class AsidesTold:
    """The members were told of these mails, which were set aside and waited for that, in one mail;
    or nobody may know of the case now, and whoever comes in is shown them."""

    numbers: tuple[int, ...]
    kind: Literal["asides-told"] = "asides-told"


@dataclass(frozen=True, kw_only=True)
class TakenIn:
    number: int  # of the SetAside
    by: str
    kind: Literal["taken-in"] = "taken-in"


@dataclass(frozen=True, kw_only=True)
class LeftAside:
    number: int
    by: str
    kind: Literal["left-aside"] = "left-aside"


@dataclass(frozen=True, kw_only=True)
class Recused:
    handle: str
    by: str  # the member, "reporter", or "cocmail" where a rule did it
    because: Private
    kind: Literal["recused"] = "recused"


@dataclass(frozen=True, kw_only=True)
class Named:
    """A report names members: they are out, until the others clear them."""

    handles: tuple[str, ...]
    kind: Literal["named"] = "named"


@dataclass(frozen=True, kw_only=True)
class Included:
    """The others let a member in, or back in."""

    handle: str
    kind: Literal["included"] = "included"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Whom the reporter wants left out, in the reporter's own words (`conduct+not-…`)."""

    words: tuple[Private, ...]
    kind: Literal["left-out"] = "left-out"


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Somebody outside the committee who is asked to help in this case."""

    handle: str
    address: Address


@dataclass(frozen=True, kw_only=True)
class Escalated:
    """Too few members may act, or nobody did: these people were told, and nothing of the case."""

    why: Literal["too-few", "untouched"]
    guests: tuple[Guest, ...]
    kind: Literal["escalated"] = "escalated"


@dataclass(frozen=True, kw_only=True)
class GuestCame:
    """One of them answered, and acts in the case as a member does."""

    handle: str
    kind: Literal["guest-came"] = "guest-came"


@dataclass(frozen=True, kw_only=True)
class Provisional:
    """Members are kept out until the author or reporter answers, or until a time."""

    handles: tuple[str, ...]
    why: str  # "own-matter" (a member wrote to the plain address), "who-was-meant"
    until: datetime | None
    kind: Literal["provisional"] = "provisional"


@dataclass(frozen=True, kw_only=True)
class Released:
    """What was provisional is over: for this reason these members are out no longer."""

    handles: tuple[str, ...]
    why: str = ""  # they were out; "": whatever it was
    kind: Literal["released"] = "released"


@dataclass(frozen=True, kw_only=True)
class Proposed:
    proposal: str
    what: Literal["sanction", "lift", "recuse", "include", "grant", "deny", "extend", "separate"]
    by: str
    because: Private
    closes: datetime
    sanction: str = ""  # the sanction's id: of the new one, or of the one to be lifted
    target: str = ""  # whom or what else it is about: a handle, an appeal
    measure: Measure | None = None
    address: Address = Address("")
    addresses: tuple[Address, ...] = ()
    groups: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    seconds: float | None = None
    until: datetime | None = None
    permanent: bool = False
    including_roles: bool = False
    including: tuple[str, ...] = ()  # what else was said with “including”
    replaces: str = ""  # the proposal that this one amends
    language: str = ""  # the letter's, so that what was voted on is what leaves
    conditions: Private = Private("")  # of a return
    sanctions: tuple[str, ...] = ()  # all that are extended, or narrowed: the strictest first
    unseen: bool = False  # whether these may be a list's addresses: Mailman couldn't be asked
    kind: Literal["proposed"] = "proposed"


@dataclass(frozen=True, kw_only=True)
class Voted:
    proposal: str
    handle: str
    vote: Literal["approve", "object", "abstain"]
    because: Private = Private("")
    kind: Literal["voted"] = "voted"


@dataclass(frozen=True, kw_only=True)
class Decided:
    proposal: str
    result: Literal["approved", "rejected", "expired", "withdrawn", "amended"]
    approvals: int
    needed: int
    kind: Literal["decided"] = "decided"


@dataclass(frozen=True, kw_only=True)
class WindowOpened:
    """The approvals are in; until then an objection keeps the vote open."""

    proposal: str
    until: datetime
    kind: Literal["window-opened"] = "window-opened"


@dataclass(frozen=True, kw_only=True)
class WindowClosed:
    proposal: str
    kind: Literal["window-closed"] = "window-closed"


@dataclass(frozen=True, kw_only=True)
class CounselAsked:
    """The approvals are in; it waits until a member says that counsel was heard."""

    proposal: str
    kind: Literal["counsel-asked"] = "counsel-asked"


@dataclass(frozen=True, kw_only=True)
class CounselHeard:
    proposal: str
    by: str
    kind: Literal["counsel-heard"] = "counsel-heard"


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """One member ordered an interim measure: it is in force from now on."""

    sanction: str
    by: str
    because: Private
    measure: Measure
    address: Address
    addresses: tuple[Address, ...]
    groups: tuple[str, ...]
    lists: tuple[str, ...]
    until: datetime
    letter: str
    kind: Literal["ordered"] = "ordered"


@dataclass(frozen=True, kw_only=True)
class InForce:
    sanction: str
    start: datetime
    until: datetime | None
    letter: str
    not_before: datetime | None
    kind: Literal["in-force"] = "in-force"


@dataclass(frozen=True, kw_only=True)
class Ended:
    sanction: str
    how: Literal["ended", "lifted"]
    kind: Literal["ended"] = "ended"


@dataclass(frozen=True, kw_only=True)
class TermOver:
    """The sanction's time is over, and the community wants the person to ask before they return:
    it holds until that is granted."""

    sanction: str
    kind: Literal["term-over"] = "term-over"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What stood in one place of Mailman before we changed it (sanctions.Before)."""

    list: str | None
    address: Address
    role: str
    facts: dict[str, Any] | None = field(repr=False)
    site: str = ""  # added when a community could have several
    seen: str = ""  # how its sanction found it; added when proofs told of another's changes


@dataclass(frozen=True, kw_only=True)
class BeforeNoted:
    sanction: str
    places: tuple[Place, ...]
    kind: Literal["before-noted"] = "before-noted"


@dataclass(frozen=True, kw_only=True)
class ProofLine:
    list: str | None
    address: Address
    role: str
    was: str
    now: str
    note: str = ""
    site: str = ""


@dataclass(frozen=True, kw_only=True)
class Enforced:
    sanction: str
    lines: tuple[ProofLine, ...]
    addresses: tuple[Address, ...]
    kind: Literal["enforced"] = "enforced"


@dataclass(frozen=True, kw_only=True)
class DriftLine:
    """One place that was found changed, and put right."""

    list: str | None
    address: Address
    role: str
    was: str  # as it was found
    now: str  # read back
    note: str = ""
    times: int = 1
    after: datetime | None = None  # when it was last seen as it should be
    owners: tuple[Address, ...] = ()  # of that list, but for this person
    own: bool = False  # the person looks after that list
    site: str = ""


@dataclass(frozen=True, kw_only=True)
class Drifted:
    sanction: str
    lines: tuple[DriftLine, ...]
    addresses: tuple[Address, ...]
    kind: Literal["drifted"] = "drifted"


@dataclass(frozen=True, kw_only=True)
class DriftTold:
    """The committee knows of all that was undone until now."""

    sanction: str
    kind: Literal["drift-told"] = "drift-told"


@dataclass(frozen=True, kw_only=True)
class WaitingDiscarded:
    """What waited of whom it keeps off was discarded: requests, and so many posts, by list."""

    sanction: str
    posts: dict[str, int]
    done: bool = True  # everywhere; else a site that was away has its turn
    kind: Literal["waiting-discarded"] = "waiting-discarded"


@dataclass(frozen=True, kw_only=True)
class Level:
    """A list, or what holds on all of a site (enforcement.Level)."""

    list: str | None
    site: str = ""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What an ended sanction took was given back, there at least."""

    sanction: str
    lines: tuple[ProofLine, ...]
    levels: tuple[Level, ...] | None = None  # None: everywhere, as when it was all or nothing
    told: bool = False  # the members heard of it, and of what still waits
    kind: Literal["restored"] = "restored"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A member wrote to outsiders, in the committee's name."""

    by: str
    parties: tuple[str, ...]
    text: Private
    update_by: datetime | None = None
    files: tuple[Private, ...] = ()  # the names, in the member's mail, of what went along
    kind: Literal["said"] = "said"


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """A member's text for outsiders seems to tell what they must not know: it waits for another
    member's word."""

    number: int
    by: str
    parties: tuple[str, ...]
    text: Private
    why: tuple[Private, ...]
    at: datetime
    mail: str = ""  # whose files go along
    kind: Literal["withheld"] = "withheld"


@dataclass(frozen=True, kw_only=True)
class LetGo:
    """Another member looked at it, and it left."""

    number: int  # of the Withheld
    by: str
    kind: Literal["let-go"] = "let-go"


@dataclass(frozen=True, kw_only=True)
class LetterNote:
    letter: str
    what: str  # the Cocmail-Kind
    party: str
    message_id: str
    purpose: str = "reply"
    about: str = ""
    epoch: int = 0
    origin: str = ""  # the case that it was written in, where that one goes on in this
    originals: str = ""  # the mail whose attachments go along
    original: int = 0  # the place there of the one that goes along as it came; 0: all, as copies
    mails: tuple[str, ...] = ()  # whose words it shows to a member
    cases: tuple[str, ...] = ()  # that a digest, or a list of what is set aside, tells of


@dataclass(frozen=True, kw_only=True)
class Told:
    """These letters were written (queued in the same transaction)."""

    letters: tuple[LetterNote, ...]
    kind: Literal["told"] = "told"


@dataclass(frozen=True, kw_only=True)
class LetterLeft:
    letter: str
    kind: Literal["letter-left"] = "letter-left"


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A letter of ours did not arrive: refused by our submission server, or bounced."""

    party: str
    letter: str  # "": it isn't known which
    why: str
    told: bool = False  # the members were told of it
    sure: bool = True  # False: it may have arrived
    kind: Literal["undelivered"] = "undelivered"


@dataclass(frozen=True, kw_only=True)
class Held:
    """Commands wait for a `/confirm` that is bound to exactly what was shown."""

    confirmation: str
    handle: str
    mail: str
    text: Private  # the text that was read as commands
    digest: str  # of what the confirmation shows
    proposal: str  # the ballot through which the mail came, or ""
    marks: tuple[str, ...]
    kind: Literal["held"] = "held"


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    confirmation: str
    kind: Literal["confirmed"] = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A member's commands took effect."""

    handle: str
    mail: str
    commands: tuple[Private, ...]
    marks: tuple[str, ...]  # signatures and Message-ID, so that neither counts twice
    kind: Literal["ran"] = "ran"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A member's commands did not run, and the member was told why."""

    handle: str
    mail: str
    why: Private
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, kw_only=True)
class Closed:
    by: str
    outcome: str
    because: Private
    kind: Literal["closed"] = "closed"


@dataclass(frozen=True, kw_only=True)
class Reopened:
    by: str
    update_by: datetime | None
    kind: Literal["reopened"] = "reopened"


@dataclass(frozen=True, kw_only=True)
class Assigned:
    by: str
    handle: str
    kind: Literal["assigned"] = "assigned"


@dataclass(frozen=True, kw_only=True)
class Tagged:
    by: str
    tag: str
    kind: Literal["tagged"] = "tagged"


@dataclass(frozen=True, kw_only=True)
class MarkedUrgent:
    by: str
    escalate_by: datetime | None = None  # then others are asked, where nobody has acted
    kind: Literal["urgent"] = "urgent"


@dataclass(frozen=True, kw_only=True)
class Reminded:
    what: str
    about: str
    again: datetime | None
    kind: Literal["reminded"] = "reminded"


@dataclass(frozen=True, kw_only=True)
class InterimOrdered:
    """Told to the committee's record: how often a member did so is limited."""

    handle: str
    kind: Literal["interim-ordered"] = "interim-ordered"


@dataclass(frozen=True, kw_only=True)
class PersonProposed:
    """Told to the committee's record: how many people a day brings is looked at."""

    person: str  # a keyed digest of the address
    kind: Literal["person-proposed"] = "person-proposed"


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A member's mailbox is taken for stolen."""

    handle: str
    by: str
    kind: Literal["locked"] = "locked"


@dataclass(frozen=True, kw_only=True)
class UnlockAsked:
    handle: str
    by: str
    kind: Literal["unlock-asked"] = "unlock-asked"


@dataclass(frozen=True, kw_only=True)
class Unlocked:
    handle: str
    kind: Literal["unlocked"] = "unlocked"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A member as the configuration names them."""

    handle: str
    name: Private
    addresses: tuple[Address, ...]


@dataclass(frozen=True, kw_only=True)
class RosterNoted:
    """The committee of the configuration; in force then, or at once."""

    seats: tuple[Seat, ...]
    at: datetime | None
    kind: Literal["roster-noted"] = "roster-noted"


@dataclass(frozen=True, kw_only=True)
class RosterInForce:
    """What was noted is in force now."""

    kind: Literal["roster-in-force"] = "roster-in-force"


@dataclass(frozen=True, kw_only=True)
class WentAway:
    """A member is away: no reminders, and not counted among those who could vote."""

    handle: str
    until: datetime
    kind: Literal["went-away"] = "went-away"


@dataclass(frozen=True, kw_only=True)
class DigestWanted:
    """Something waits in this case, of which these members are to hear in their next digest."""

    case: str
    handles: tuple[str, ...]
    kind: Literal["digest-wanted"] = "digest-wanted"


@dataclass(frozen=True, kw_only=True)
class Digested:
    """A member's digest was made; nothing was sent where nothing waited any more."""

    handle: str
    sent: bool
    kind: Literal["digested"] = "digested"


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A mail that belongs to no case was set aside. Nothing of what it says stands here."""

    number: int  # by which members name it: random, so that it tells nothing of others
    mail: str
    handles: tuple[str, ...]  # who hears of it; empty: only who runs the machine
    outside: tuple[Address, ...] = ()  # else whom of `escalate_to` nothing ties to it
    why: str
    size: int  # bytes
    tell_from: datetime
    tell_by: datetime  # even if what was told before it is not long ago
    hidden_until: datetime | None = None  # before that not even that it is there
    urgent: bool = False  # a filter found words of danger in it
    readable: bool = True  # else no case can be made of it
    cases: tuple[str, ...] = ()  # that it came to an address of: whom one keeps out hears nothing
    kind: Literal["quarantined"] = "quarantined"


@dataclass(frozen=True, kw_only=True)
class QuarantineOpened:
    """Nobody was left who could know of a mail that was set aside, so that it was asked anew who
    may: these instead. What the words mean: see Quarantined."""

    number: int
    handles: tuple[str, ...]
    outside: tuple[Address, ...] = ()
    tell_from: datetime
    tell_by: datetime
    hidden_until: datetime | None = None
    cases: tuple[str, ...] = ()
    kind: Literal["quarantine-opened"] = "quarantine-opened"


@dataclass(frozen=True, kw_only=True)
class QuarantineNarrowed:
    """A case that a mail which was set aside came to an address of keeps somebody out since, or
    lets them in again: these may know of it now."""

    number: int
    handles: tuple[str, ...]
    kind: Literal["quarantine-narrowed"] = "quarantine-narrowed"


@dataclass(frozen=True, kw_only=True)
class QuarantineTold:
    """A member was told of everything in it that they may know of, or couldn't be."""

    handle: str
    numbers: tuple[int, ...]  # that were listed
    sent: bool
    counted: tuple[int, ...] = ()  # that the mail had no room for: it said how many there are
    fellows: tuple[str, ...] | None = None  # who may know of all of it; None: of an earlier version
    kind: Literal["quarantine-told"] = "quarantine-told"


@dataclass(frozen=True, kw_only=True)
class QuarantineUntold:
    """A letter that told a member of it was taken back before it left."""

    handle: str
    kind: Literal["quarantine-untold"] = "quarantine-untold"


@dataclass(frozen=True, kw_only=True)
class QuarantinePutOff:
    """A member was told of what is in other records a short while ago: of what is new in this one
    they are told from then on."""

    handle: str
    until: datetime
    kind: Literal["quarantine-put-off"] = "quarantine-put-off"


@dataclass(frozen=True, kw_only=True)
class QuarantineMoreAsked:
    """A member has dropped all that was listed; what only was counted is listed next."""

    handle: str
    kind: Literal["quarantine-more-asked"] = "quarantine-more-asked"


@dataclass(frozen=True, kw_only=True)
class QuarantineRenumbered:
    """A mail that was set aside has a number now that no other record has."""

    number: int
    fresh: int
    kind: Literal["quarantine-renumbered"] = "quarantine-renumbered"


@dataclass(frozen=True, kw_only=True)
class QuarantineSettled:
    """Somebody saw to a mail that was set aside."""

    number: int
    by: str  # a handle, or "operator"
    how: Literal["accepted", "dropped", "discarded"]
    kind: Literal["quarantine-settled"] = "quarantine-settled"


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A member says that another case belongs together with this one."""

    case: str
    reference: str
    by: str
    kind: Literal["linked"] = "linked"


@dataclass(frozen=True, kw_only=True)
class LinkAgreed:
    """A second member agrees that two cases, linked or merged, belong together: the reporters of
    each hear the outcomes of both."""

    case: str
    by: str
    kind: Literal["link-agreed"] = "link-agreed"


@dataclass(frozen=True, kw_only=True)
class Past:
    """An event of another case, as it was written there."""

    at: datetime
    event: Private  # its JSON


@dataclass(frozen=True, kw_only=True)
class Absorbed:
    """Another case goes on in this one: all that happened in it, so that this ledger is whole."""

    case: str
    by: str
    places: dict[str, str]  # a party there -> the party that it is here
    entitled: tuple[str, ...]  # of those who joined the committee later: who may know both
    history: tuple[Past, ...] = field(repr=False)
    kind: Literal["absorbed"] = "absorbed"


@dataclass(frozen=True, kw_only=True)
class MergedInto:
    """This case goes on in another; nothing more happens in it."""

    case: str
    by: str
    kind: Literal["merged-into"] = "merged-into"


@dataclass(frozen=True, kw_only=True)
class SplitOff:
    """A message of this case became a case of its own."""

    number: int
    case: str
    by: str
    kind: Literal["split-off"] = "split-off"


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """Another case may belong together with this one; who may know both is told so."""

    case: str
    why: Literal["return", "same-person", "same-words"]
    kind: Literal["suggested"] = "suggested"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The reporter wants it kept until somebody else reports the same person: nobody reads it."""

    about: tuple[Private, ...]  # the names and addresses that they gave for that person
    kind: Literal["kept"] = "kept"


@dataclass(frozen=True, kw_only=True)
class Surfaced:
    """It is kept no longer: the members read it from now on."""

    why: Literal["same-person", "asked"]
    acknowledge_by: datetime
    update_by: datetime
    kind: Literal["surfaced"] = "surfaced"


@dataclass(frozen=True, kw_only=True)
class PriorNoted:
    """What a member was told of a person's earlier behaviour, elsewhere or before."""

    address: Address
    text: Private
    by: str
    kind: Literal["prior-noted"] = "prior-noted"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A member wants to be told when one person joins a list that another is on."""

    watch: str
    address: Address
    near: Address
    by: str
    lists: tuple[str, ...]  # that both are on already
    until: datetime
    asks: datetime | None = None  # when the members are asked whether it should go on
    kind: Literal["watched"] = "watched"


@dataclass(frozen=True, kw_only=True)
class WatchSeen:
    """The lists that both are on are others now."""

    watch: str
    lists: tuple[str, ...]
    kind: Literal["watch-seen"] = "watch-seen"


@dataclass(frozen=True, kw_only=True)
class WatchEnded:
    watch: str
    kind: Literal["watch-ended"] = "watch-ended"


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What speaks for a lead (core.leads.Clue)."""

    evidence: str
    like: Private  # of the person under sanction: an address, or a name


@dataclass(frozen=True, kw_only=True)
class LeadFound:
    """Somebody on the lists may be a person under sanction; the members were asked."""

    number: int
    address: Address  # on the lists
    name: Private
    like: Address  # of the person under sanction
    sanctions: tuple[str, ...]  # that they are under, the strictest first
    lists: tuple[str, ...]
    hints: tuple[Hint, ...]
    others: tuple[Address, ...] = ()  # of the same Mailman user as the address
    kind: Literal["lead-found"] = "lead-found"


@dataclass(frozen=True, kw_only=True)
class LeadAnswered:
    """A member says whether it is the same person; if so, a vote on it is open."""

    number: int
    by: str
    answer: Literal["same", "different"]
    kind: Literal["lead-answered"] = "lead-answered"


@dataclass(frozen=True, kw_only=True)
class Extended:
    """The sanction covers these addresses too, from now on."""

    sanction: str
    addresses: tuple[Address, ...]
    proposal: str
    kind: Literal["extended"] = "extended"


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """The sanction covers these addresses no longer. What it did to them is of a sanction by
    itself from now on, which is lifted, so that exactly that is put back."""

    sanction: str
    addresses: tuple[Address, ...]
    part: str  # the id of that sanction
    kind: Literal["narrowed"] = "narrowed"


@dataclass(frozen=True, kw_only=True)
class WatchAsked:
    """Somebody who is watched asks to join these lists, which the other is on."""

    watch: str
    requests: tuple[tuple[str, Address], ...]  # (list, who asks): all that wait now
    kind: Literal["watch-asked"] = "watch-asked"


@dataclass(frozen=True, kw_only=True)
class WasRead:
    """An operator read the case on the machine."""

    by: str
    kind: Literal["was-read"] = "was-read"


# What happens to the sanction that the detail names. Its members hear of the first two.
END_WAITS, GROUP_LOST, GROUP_KNOWN = "end-waits", "group-lost", "group-known"
PROVED_ENDED = "proof-ended"  # they heard of its end; what still waits, another one keeps


@dataclass(frozen=True, kw_only=True)
class Happened:
    """Something of the machine as a whole (the case "system"): words that name nobody."""

    what: str
    detail: str = ""
    mail: str = ""
    kind: Literal["happened"] = "happened"


Event = Annotated[
    CaseOpened
    | PartyJoined
    | PartyNamed
    | PartyMoved
    | PartySilenced
    | Agreed
    | AppealOpened
    | AppealEnded
    | Received
    | PassedOn
    | AsidesTold
    | Filed
    | SetAside
    | TakenIn
    | LeftAside
    | Recused
    | Named
    | Included
    | LeftOut
    | Escalated
    | GuestCame
    | Provisional
    | Released
    | Proposed
    | Voted
    | Decided
    | WindowOpened
    | WindowClosed
    | CounselAsked
    | CounselHeard
    | Ordered
    | InForce
    | Ended
    | TermOver
    | BeforeNoted
    | Enforced
    | Drifted
    | DriftTold
    | WaitingDiscarded
    | Restored
    | Said
    | Withheld
    | LetGo
    | Told
    | LetterLeft
    | Undelivered
    | Held
    | Confirmed
    | Ran
    | Refused
    | Closed
    | Reopened
    | Assigned
    | Tagged
    | MarkedUrgent
    | Reminded
    | InterimOrdered
    | PersonProposed
    | Locked
    | UnlockAsked
    | Unlocked
    | RosterNoted
    | RosterInForce
    | WentAway
    | DigestWanted
    | Digested
    | Quarantined
    | QuarantineOpened
    | QuarantineNarrowed
    | QuarantineTold
    | QuarantineUntold
    | QuarantinePutOff
    | QuarantineMoreAsked
    | QuarantineRenumbered
    | QuarantineSettled
    | Linked
    | LinkAgreed
    | Absorbed
    | MergedInto
    | SplitOff
    | PriorNoted
    | Suggested
    | Kept
    | Surfaced
    | Watched
    | WatchSeen
    | WatchEnded
    | WatchAsked
    | LeadFound
    | LeadAnswered
    | Extended
    | Narrowed
    | WasRead
    | Happened,
    Field(discriminator="kind"),
]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Event, config=ConfigDict(ser_json_inf_nan="null"))


def encode(event: Any) -> bytes:
    """An event as UTF-8 JSON."""
    return _ADAPTER.dump_json(event)


def decode(data: bytes) -> Any:
    """The event again. Raises pydantic.ValidationError for bytes that are none."""
    return _ADAPTER.validate_json(data)
