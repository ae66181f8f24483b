"""Who on the lists may be a person under sanction, at another address: a lead, for humans.

Owns what is evidence, how strong it is and what it may be instead. A lead is a question: nothing
follows from it but a letter to the committee. Compared are the Mailman user, the address and the
display name. Nothing is taken from machines or mail headers, for people share both, and nothing
from writing style. Refuses to know cases, letters and lists' calls. Called by loops/leading, whose
finds core.leading tells, and by `make leads`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from cocmail.core.leads.canonical import Spellings, canonical, spellings
from cocmail.core.leads.names import most_bearers, name_key
from cocmail.core.people import Address, Private

__all__ = [
    "Bearers",
    "Clue",
    "Evidence",
    "Lead",
    "Person",
    "Subscription",
    "canonical",
    "leads",
    "merged",
]


class Evidence(StrEnum):
    """What speaks for it, the strongest first."""

    NAMED = "named"  # the case has this address as theirs; only no sanction covers it
    USER = "user"  # the same Mailman user as an address of theirs
    IDNA = "idna"  # the same address, its domain in another notation
    TAG = "tag"  # the same but for a detail after "+"
    PROVIDER = "provider"  # one mailbox by its provider's own rules
    LOOKALIKE = "lookalike"  # another mailbox that looks the same to the eye
    NAME = "name"  # the same display name


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody under sanction, as far as they are known."""

    key: str  # for the caller
    covered: tuple[Address, ...] = field(repr=False)  # by the sanction; the named one first
    known: tuple[Address, ...] = field(default=(), repr=False)  # theirs, and not covered
    names: tuple[Private, ...] = field(default=(), repr=False)
    different: frozenset[Address] = field(default=frozenset(), repr=False)  # was answered

    @property
    def addresses(self) -> tuple[Address, ...]:
        return tuple(dict.fromkeys((*self.covered, *self.known)))


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Somebody on the lists."""

    address: Address
    name: Private = field(default=Private(""))
    lists: tuple[str, ...] = ()
    others: tuple[Address, ...] = field(default=(), repr=False)  # of the same Mailman user


@dataclass(frozen=True, kw_only=True)
class Clue:
    """One thing that speaks for it: what of theirs it is like."""

    evidence: Evidence
    like: Private  # an address of theirs, or a name


@dataclass(frozen=True, kw_only=True)
class Lead:
    """This subscription may be this person's."""

    person: str
    address: Address
    name: Private
    lists: tuple[str, ...]
    clues: tuple[Clue, ...]


class Bearers:
    """By how many addresses each of some names is borne: who shares a name is nobody's lead."""

    def __init__(self, persons: Iterable[Person]) -> None:
        self._addresses: dict[tuple[str, ...], set[Address]] = {
            key: set() for one in persons for name in one.names if (key := name_key(name))
        }

    def __repr__(self) -> str:
        return f"<Bearers of {len(self._addresses)} names>"

    def seen(self, subscriptions: Iterable[Subscription]) -> None:
        if self._addresses:
            for one in subscriptions:
                bearers = self._addresses.get(name_key(one.name)) if one.name else None
                if bearers is not None:
                    bearers.add(one.address)

    def others(self, key: tuple[str, ...], person: Person) -> int:
        """How many people beside this person bear the name. Several addresses of one mailbox are
        one; so are those that the committee said are somebody else's."""
        own = {canonical(a) for a in person.addresses}
        return len({canonical(a) for a in self._addresses.get(key, ())} - own)


def leads(
    persons: Collection[Person],
    subscriptions: Iterable[Subscription],
    bearers: Bearers,
) -> tuple[Lead, ...]:
    """What these subscriptions give; a look up each, however many the persons are."""
    index = _Index(persons)
    found = []
    for one in subscriptions:
        if one.address in index.covered:
            continue
        for person, clues in index.clues(one, bearers).items():
            if one.address not in person.different:
                found.append(
                    Lead(
                        person=person.key,
                        address=one.address,
                        name=one.name,
                        lists=one.lists,
                        clues=clues,
                    )
                )
    return tuple(found)


def merged(subscriptions: Iterable[Subscription]) -> tuple[Subscription, ...]:
    """One an address, with all its lists."""
    found: dict[Address, Subscription] = {}
    for one in subscriptions:
        there = found.get(one.address)
        if there is None:
            found[one.address] = one
        else:
            found[one.address] = Subscription(
                address=one.address,
                name=there.name or one.name,
                lists=tuple(dict.fromkeys((*there.lists, *one.lists))),
                others=tuple(dict.fromkeys((*there.others, *one.others))),
            )
    return tuple(found.values())


_FORMS = (
    (Evidence.IDNA, "written"),
    (Evidence.TAG, "untagged"),
    (Evidence.PROVIDER, "mailbox"),
    (Evidence.LOOKALIKE, "drawn"),
)


class _Index:
    """The persons by everything that a subscription is compared with."""

    def __init__(self, persons: Collection[Person]) -> None:
        # Whoever a sanction names is nobody else's second address.
        self.covered = frozenset(a for one in persons for a in one.covered)
        self._known: dict[Address, list[Person]] = {}
        self._forms: dict[tuple[Evidence, str], list[tuple[Person, Address]]] = {}
        self._names: dict[tuple[str, ...], list[tuple[Person, Private]]] = {}
        for person in persons:
            for address in person.addresses:
                self._known.setdefault(address, []).append(person)
                for evidence, form in _keys(spellings(address)):
                    self._forms.setdefault((evidence, form), []).append((person, address))
            for key, name in {name_key(n): n for n in reversed(person.names)}.items():
                if key:
                    self._names.setdefault(key, []).append((person, name))

    def clues(self, one: Subscription, bearers: Bearers) -> dict[Person, tuple[Clue, ...]]:
        found: dict[Person, dict[Evidence, Clue]] = {}

        def add(person: Person, evidence: Evidence, like: str) -> None:
            clue = Clue(evidence=evidence, like=Private(like))
            found.setdefault(person, {}).setdefault(evidence, clue)

        for person in self._known.get(one.address, ()):
            add(person, Evidence.NAMED, person.covered[0])
        for other in one.others:
            for person in self._known.get(other, ()):
                add(person, Evidence.USER, other)
        alike: set[Person] = set()  # what is alike by one rule is alike by all that follow
        for evidence, form in _keys(spellings(one.address)):
            for person, address in self._forms.get((evidence, form), ()):
                if person not in alike and address != one.address:
                    alike.add(person)
                    add(person, evidence, address)
        key = name_key(one.name) if self._names and one.name else ()
        for person, name in self._names.get(key, ()) if key else ():
            if person in found or bearers.others(key, person) <= most_bearers(key):
                add(person, Evidence.NAME, name)
        return {
            person: tuple(clues[kind] for kind in Evidence if kind in clues)
            for person, clues in found.items()
        }


def _keys(forms: Spellings) -> tuple[tuple[Evidence, str], ...]:
    return tuple((evidence, getattr(forms, form)) for evidence, form in _FORMS)
