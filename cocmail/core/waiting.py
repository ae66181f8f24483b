"""What waits in a case for somebody to look at it: since when, and until when.

Owns the one list of things that are reminded of, from the folded case alone, so that what is
settled waits no longer. Refuses to know who hears of it and how (reminders). Called by reminders
and by rows, which makes a due date of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cocmail.core.case import Case, reminder_key
from cocmail.core.sanctions import State

LONGEST_BALLOT_NOTICE = timedelta(days=1)
LONGEST_END_NOTICE = timedelta(days=7)
TEXT_NOTICE_AFTER = ASIDE_NOTICE_AFTER = timedelta(days=1)
LOOK_BACK_AFTER = timedelta(days=7)
LOOK_BACK_FOR = timedelta(days=2)  # twice a digest's turn: then it isn't news any more


class What(StrEnum):
    """What somebody is reminded of; also the name of its due date."""

    ACKNOWLEDGE = "acknowledge"  # a report without a first answer
    UPDATE = "update"  # a case that the reporter heard nothing of for long
    VOTE = "vote-closes"
    INTERIM = "interim-lapses"
    APPEAL = "appeal"  # it should have been answered
    COUNSEL = "counsel"  # a decision waits for it
    END = "sanction-ends"
    TEXT = "text-waits"  # for another member's /release
    LOOK_BACK = "look-back"  # a week after a sanction took effect
    ASIDE = "aside-waits"  # somebody's /accept or /drop


NOTICES = (
    What.VOTE, What.COUNSEL, What.TEXT, What.INTERIM, What.END, What.LOOK_BACK, What.ASIDE
)  # fmt: skip
"""Due dates on which people are told of something that comes, and nothing else happens."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that waits."""

    what: What
    about: str  # a proposal's or sanction's id, a text's number, or ""
    since: datetime
    until: datetime | None = None  # then it is over, one way or the other
    numbers: tuple[int, ...] = ()  # of what was set aside, as far as a member may know of it

    @property
    def key(self) -> str:
        return reminder_key(self.what, self.about)

    def waits(self, now: datetime) -> bool:
        return self.since <= now and (self.until is None or now < self.until)


def items(case: Case) -> Iterator[Item]:
    """What waits in this case, or will. Of a closed case only what goes on without it."""
    if case.is_open:
        if case.acknowledge_by is not None:
            yield Item(what=What.ACKNOWLEDGE, about="", since=case.acknowledge_by)
        if case.update_by is not None:
            yield Item(what=What.UPDATE, about="", since=case.update_by)
        for proposal in case.open_proposals:
            if proposal.counsel == "asked":
                yield Item(what=What.COUNSEL, about=proposal.id, since=proposal.at)
            closes = proposal.closes
            if closes is None:
                continue
            notice = min((closes - proposal.at) / 4, LONGEST_BALLOT_NOTICE)
            yield Item(what=What.VOTE, about=proposal.id, since=closes - notice, until=closes)
    for text in case.withheld.values():
        since = text.at + TEXT_NOTICE_AFTER
        yield Item(what=What.TEXT, about=str(text.number), since=since)
    shown = [a.mail.tell_by or a.at for a in case.asides if not a.settled and not a.untold]
    if shown:
        yield Item(what=What.ASIDE, about="", since=min(shown) + ASIDE_NOTICE_AFTER)
    for appeal in case.open_appeals:
        yield Item(what=What.APPEAL, about=appeal.id, since=appeal.opened.decide_by)
    for sanction in case.sanctions.values():
        if sanction.state is not State.IN_FORCE or sanction.start is None:
            continue
        if sanction.id in case.over:
            continue
        if sanction.interim:
            if sanction.until is not None:
                since = sanction.until - (sanction.until - sanction.start) / 3
                yield Item(what=What.INTERIM, about=sanction.id, since=since, until=sanction.until)
            continue
        looked = sanction.start + LOOK_BACK_AFTER
        if sanction.until is not None:
            notice = min((sanction.until - sanction.start) / 10, LONGEST_END_NOTICE)
            since = sanction.until - notice
            yield Item(what=What.END, about=sanction.id, since=since, until=sanction.until)
        if sanction.until is None or sanction.until > looked + LOOK_BACK_AFTER:
            until = looked + LOOK_BACK_FOR
            yield Item(what=What.LOOK_BACK, about=sanction.id, since=looked, until=until)


def due_at(case: Case, item: Item) -> datetime | None:
    """When somebody is to be told of it next; None: they were told, and once is enough."""
    again = case.reminded.get(item.key, item.since)
    return again and max(again, item.since)
