"""What should make a committee look twice before it acts on a person.

Owns the guards of a proposal: each is named in the ballot, and the worst need a word of their own
in the command. Refuses to know lists' roles, which the plan itself warns of (core.proof). Called by
the actions that propose or order a measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cocmail.core.case import Case
from cocmail.core.enforcement import Observed
from cocmail.core.forms import Problem
from cocmail.core.minting import is_ours
from cocmail.core.people import Address
from cocmail.core.setting import Setting

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
    for address in addresses:
        _nobody(address, setting, observed)
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


def _nobody(address: Address, setting: Setting, observed: Observed | None) -> None:
    if is_ours(address, setting.address, setting.delimiter) is not None:
        raise Problem(f"{address} is this committee's own address", "the person's own address")
    if observed and address in observed.lists:
        raise Problem(f"{address} is a mailing list", "the person's own address")


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
