"""Who may be a person under sanction at another address: what is found, what never is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.leads import Bearers, Evidence, Lead, Person, Subscription, canonical, leads
from cocmail.core.leads.canonical import PROVIDERS, spellings
from cocmail.core.leads.names import name_key
from cocmail.core.people import Address, Private
from tests.core.lead_check import counts, rows, tried

LOCAL = st.text("abcdexyz0189.-_", min_size=1, max_size=12).filter(lambda x: x.strip("."))
DOMAIN = st.sampled_from(
    [*(d for one in PROVIDERS for d in one.domains), "d.example", "bücher.example", "fastmail.com"]
)
FORMS = ("written", "untagged", "mailbox", "drawn")


def look(*subscriptions: tuple[str, str], names: tuple[str, ...] = (), **more: str) -> list[Lead]:
    person = Person(
        key="p",
        covered=(Address(more.get("of", "mallory.example@gmail.com")),),
        known=tuple(Address(a) for a in more.get("known", "").split()),
        names=tuple(Private(n) for n in names),
        different=frozenset(Address(a) for a in more.get("different", "").split()),
    )
    seen = [Subscription(address=Address(a), name=Private(n)) for a, n in subscriptions]
    bearers = Bearers([person])
    bearers.seen(seen)
    return list(leads([person], seen, bearers))


def kinds(found: list[Lead]) -> list[Evidence]:
    return [clue.evidence for lead in found for clue in lead.clues]


# -- one spelling ----------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_any_text_has_its_spellings(text: str) -> None:
    found = spellings(text)
    assert spellings(found.mailbox) == spellings(found.mailbox)
    assert canonical(canonical(text)) == canonical(text)


@given(LOCAL, DOMAIN, st.sampled_from(FORMS))
def test_each_spelling_is_itself_when_read_again(local: str, domain: str, form: str) -> None:
    once = getattr(spellings(f"{local}@{domain}"), form)
    assert getattr(spellings(once), form) == once


@given(LOCAL, DOMAIN, st.text("abc.+-1", max_size=8))
def test_capitals_and_a_tag_are_the_same_mailbox(local: str, domain: str, tag: str) -> None:
    plain = canonical(f"{local}@{domain}")
    assert canonical(f"{local.upper()}@{domain.upper()}") == plain
    assert canonical(f"{local}+{tag}@{domain}") == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mal.lory@gmail.com", "mallory@googlemail.com"),
        ("mal.lory@proton.me", "mal_lory@pm.me"),
        ("mallory@me.com", "mallory@icloud.com"),
        ("mal.lory@ya.ru", "mal-lory@yandex.com"),
        ("anything@mallory.fastmail.com", "mallory@fastmail.com"),
        ("mallory@bücher.example", "mallory@xn--bcher-kva.example"),
        ("mallory@BÜCHER.example", "mallory@bücher。example"),
    ],
)
def test_one_mailbox(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mal.lory@work.example", "mallory@work.example"),
        ("mallory@outlook.com", "mallory@hotmail.com"),
        ("mal.lory@icloud.com", "mallory@icloud.com"),
        ("mallory@gmail.com", "mallory1@gmail.com"),
        ("mallory@fastmail.com", "mallory@fastmail.fm"),
        ("straße@straße.example", "strasse@strasse.example"),
    ],
)
def test_two_mailboxes(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


# -- leads -----------------------------------------------------------------------------------


def test_the_strongest_reason_is_told_and_the_name_beside_it() -> None:
    found = look(("Mallory.Exa.mple+x@googlemail.com", "M. Gale"), names=("Mallory Gale",))
    assert kinds(found) == [Evidence.PROVIDER]
    found = look(("malloryexample@gmail.com", "Gale, Mallory"), names=("Mallory Gale",))
    assert kinds(found) == [Evidence.PROVIDER, Evidence.NAME]
    assert kinds(look(("mallory.example+x@gmail.com", ""))) == [Evidence.TAG]
    assert kinds(look(("mal1ory.example@gmail.com", ""))) == [Evidence.LOOKALIKE]


def test_what_is_covered_or_was_answered_is_none() -> None:
    assert not look(("mallory.example@gmail.com", "Mallory Gale"), names=("Mallory Gale",))
    one = ("malloryexample@gmail.com", "")
    assert look(one)
    assert not look(one, different="malloryexample@gmail.com")


def test_an_address_that_another_sanction_names_is_its_own_persons() -> None:
    mallory = Person(key="m", covered=(Address("mallory@d.example"),))
    other = Person(key="o", covered=(Address("mall0ry@d.example"),))
    seen = [Subscription(address=Address("mall0ry@d.example"))]
    assert leads([mallory], seen, Bearers(()))
    assert not leads([mallory, other], seen, Bearers(()))


def test_what_the_case_knows_and_no_sanction_covers_is_one() -> None:
    known = Address("quite.other@d.example")
    assert kinds(look((known, ""), known=known)) == [Evidence.NAMED]
    person = Person(key="p", covered=(Address("a@b.example"),), known=(known,))
    third = Subscription(address=Address("third@d.example"), others=(known,))
    (lead,) = leads([person], [third], Bearers(()))
    assert [c.evidence for c in lead.clues] == [Evidence.USER]


def test_a_name_is_the_weakest_and_often_none() -> None:
    assert kinds(look(("m@d.example", "GALE Mallory"), names=("Mallory Gale",))) == [Evidence.NAME]
    for name in ("Anna", "Support Team", "A. B.", "anna@b.example", "Gale 7"):
        assert not look(("m@d.example", name), names=(name,)), name
    crowd = [(f"m{n}@d{n}.example", "Mallory Gale") for n in range(3)]
    assert not look(*crowd, names=("Mallory Gale",)), "three people are called so"
    assert len(look(*crowd[:2], names=("Mallory Gale",))) == 2
    assert kinds(look(("m@d.example", "Anna Schmidt"), names=("Anna Schmidt",))) == [Evidence.NAME]
    frequent = [(f"m{n}@d{n}.example", "Anna Schmidt") for n in range(2)]
    assert not look(*frequent, names=("Anna Schmidt",)), "there are many, and two are here"


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_none(name: str) -> None:
    assert name_key(name) == name_key(" ".join(reversed(name.split()))) or "@" in name
    look(("m@d.example", name), names=(name, "Mallory Gale"))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_makes_the_look_fail(one: str, other: str) -> None:
    look((one, other), (other, one), names=(one,), of=other or "a@b")


# -- figures ---------------------------------------------------------------------------------


def test_the_figures_of_the_docs_are_the_code_s() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security-model.md").read_text(encoding="utf-8")
    everybody = tried()
    missing = [row for row in rows(counts(everybody)) if row not in page]
    assert not missing, "make leads shows what changed; is it better or worse?"
    for one in everybody:
        if one.lead and not one.evasion:
            name = str(one.subscription.name)
            assert name in " ".join(page.split()), "each wrong one is looked at"
