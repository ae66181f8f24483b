"""What should make a committee look twice before it acts on a person.

Owns the guards of a proposal: each is named in the ballot, and the worst need a word of their own
in the command. Refuses to know lists' roles, which the plan itself warns of (core.proof). Called by
the actions that propose or order a measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from cocmail.core.case import Case
from cocmail.core.enforcement import Observed
from cocmail.core.forms import Problem
from cocmail.core.minting import is_ours
from cocmail.core.people import Address
from cocmail.core.setting import Setting

# What Mailman makes beside each list, for programs and those who look after it.
_BESIDE = (
    "bounces", "confirm", "join", "leave", "owner", "request", "subscribe", "unsubscribe",
)  # fmt: skip

MOST_PEOPLE = 5
"""About so many people a committee proposes something on a usual day, at most: it is named."""
FAR_TOO_MANY = 20
"""And from here on it has to be said that so many are meant."""

# RFC 2142, and what else is read by several people or by none.
_ROLES = frozenset(
    {
        "abuse", "admin", "contact", "help", "hostmaster", "info", "mailer-daemon", "mail", "news",
        "no-reply", "noreply", "office", "postmaster", "root", "security", "support", "team",
        "webmaster",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Guard:
    text: str = field(repr=False)  # for members: it holds addresses
    word: str = ""  # what has to be said with “including”; "": nothing


def guards(
    addresses: tuple[Address, ...],
    setting: Setting,
    cases: Iterable[Case],
    observed: Observed | None,
) -> tuple[Guard, ...]:
    """All that stands out about these addresses. Raises Problem where they can't be anybody's."""
    found: list[Guard] = []
    require_persons(addresses, setting, observed)
    if (one := unseen(addresses, setting, observed)) is not None:
        text = (
            f"whether {one} is a mailing list's can't be seen before Mailman can be asked; until"
            " then nobody can approve"
        )
        found.append(Guard(text=text))
    for address in addresses:
        member = setting.roster.whose(address)
        if member:
            text = f"{address} is {member.handle}'s, who is on the committee"
            found.append(Guard(text=text))
        if why := _shared(address, cases, observed):
            found.append(Guard(text=why, word="shared"))
    found += _many(addresses[0], setting)
    return tuple(found)


def must_be_said(found: Iterable[Guard], said: tuple[str, ...]) -> None:
    """Raises Problem for the first guard that wants a word which wasn't said."""
    for guard in found:
        if guard.word and guard.word not in said:
            words = ", ".join((*said, guard.word))
            raise Problem(guard.text, f"the same with “including {words}” before “because”")


def require_persons(
    addresses: Iterable[Address], setting: Setting, observed: Observed | None
) -> None:
    """Raises Problem where one of these is nobody's: ours, or a list's."""
    lists = {*(observed.lists if observed else ()), *chain(*setting.groups.values())}
    for address in addresses:
        if is_ours(address, setting.address, setting.delimiter) is not None:
            raise Problem(f"{address} is this committee's own address", "the person's own address")
        if _list_of(address) in lists or address in lists:
            raise Problem(f"{address} is a mailing list's", "the person's own address")


def _list_of(address: Address) -> str:
    """The list that it would be beside."""
    local, _, word = address.untagged.local.rpartition("-")
    return f"{local}@{address.domain}" if word in _BESIDE else ""


def unseen(
    addresses: Iterable[Address], setting: Setting, observed: Observed | None
) -> Address | None:
    """One of these that may be a list's, as its domain is the community's or near it, while not
    all lists are known."""
    if observed is not None and not observed.away:
        return None
    groups = chain(*setting.groups.values())
    domains = {setting.address.domain, *(Address(name).domain for name in groups)}
    return next((a for a in addresses if any(_near(a.domain, one) for one in domains)), None)


def _near(one: str, other: str) -> bool:
    """Whether these domains are the same, or one is within the other."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def require_seen(addresses: Iterable[Address], setting: Setting, observed: Observed | None) -> None:
    """Raises Problem while it can't be told whether one of these is a list's."""
    addresses = tuple(addresses)
    require_persons(addresses, setting, observed)
    if (one := unseen(addresses, setting, observed)) is not None:
        raise Problem(
            f"Mailman can't be asked just now, so it can't be seen whether {one} is a mailing"
            " list's",
            "the same in a few minutes",
        )


def _shared(address: Address, cases: Iterable[Case], observed: Observed | None) -> str:
    """Why this address may be more than one person's."""
    if address.local in _ROLES:
        return f"{address} looks like an address that several people read"
    names = {_plain(p.name) for c in cases for p in c.parties.values() if address in p.addresses}
    rows = observed.rows if observed else ()
    names |= {_plain(r.display_name) for r in rows if r.address == address}
    names -= {""}
    if len(names) > 1:
        return f"{address} goes by {len(names)} different names"
    return ""


def _plain(name: str) -> str:
    """A name without what doesn't tell two people apart: case, order, commas."""
    return " ".join(sorted(name.casefold().replace(",", " ").split()))


def _many(address: Address, setting: Setting) -> list[Guard]:
    people = setting.committee.people(setting.now)
    if setting.minter.digest(address) in people or len(people) < MOST_PEOPLE:
        return []
    text = f"within a day something was proposed about {len(people)} people already"
    return [Guard(text=text, word="many" if len(people) >= FAR_TOO_MANY else "")]
