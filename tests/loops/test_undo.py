"""Exact undo against a real Mailman: promise 9 where something changed while a sanction was in
force. Each test looks at what is true on the lists afterwards, and at what the proof says of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.enforcement import ProofRow
from cocmail.core.errors import Temporary
from cocmail.core.homes import BY_ADDRESS, PREFERS
from cocmail.core.people import Address
from cocmail.core.proof import GONE_ADDRESS, GONE_LIST, LEFT_SINCE, NEW_LIST, OTHER_BAN, THEIRS
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.mailman import Mailman
from cocmail.loops.enforcement import Enforcement
from tests.loops.lab import (
    BYSTANDER,
    DEV,
    DOMAIN,
    MAL,
    MALLORY,
    PERSON,
    QUIET,
    SIG_NODE,
    SIG_WEB,
    USERS,
    Book,
    CutLists,
    Lab,
    Now,
    enforcement,
    where,
)

pytestmark = pytest.mark.servers

Told = Mapping[tuple[str | None, str, str], ProofRow]
"""The proof of an end, by list, address and role."""

_LINKS = ("self_link", "http_etag", "member_id", "address", "user")


@pytest.fixture
def book(lab: Lab) -> Book:
    """Its clock is Mailman's: whom Mailman knew before a sanction counts."""
    clock = Now()
    clock.at = datetime.now(UTC)
    return Book(clock)


@pytest.fixture
async def loop(mailman: Mailman, book: Book) -> Any:
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    yield enforcement(lists, book, book.clock)
    await lists.close()


async def end(loop: Enforcement, book: Book, name: str) -> Told:
    book.end(name)
    await loop.sweep()
    assert [one for one, _ in book.returns].count(name) == 1
    rows = next(rows for one, rows in book.returns if one == name)
    assert not (await loop.look()).steps
    return {(row.list, row.address, row.role): row for row in rows}


def entries(lab: Lab, *people: str) -> list[Any]:
    """All that REST shows of their entries on the lists, but for links."""
    found = []
    for who in people:
        for row in lab.rows(who):
            preferences = lab.api("GET", f"members/{row['member_id']}/preferences")
            found.append(tuple(sorted(plain(one).items()) for one in (row, preferences)))
    return sorted(found, key=repr)


def plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in _LINKS}


def user_id(lab: Lab, who: str) -> str:
    return str(lab.api("GET", f"users/{who}")["user_id"])


def notes(told: Told) -> set[tuple[str | None, str, str]]:
    return {(row.list, row.address, row.note) for row in told.values() if row.note}


# -- an address that changed hands -----------------------------------------------------------------


def shown(rows: list[Any], *, but: str = "") -> list[Any]:
    """Without the name: where an entry has none, Mailman shows that of its user by now."""
    left = {"display_name", but}
    return sorted(([x for x in row if x[0] not in left], more) for row, more in rows)


@pytest.mark.parametrize("measure", [Measure.SUSPEND, Measure.MODERATE])
@pytest.mark.parametrize("moved", PERSON)
async def test_an_address_that_moved_to_another_user(
    moved: str, measure: Measure, lab: Lab, book: Book, loop: Enforcement
) -> None:
    before, innocent = entries(lab, *PERSON), lab.snapshot(BYSTANDER)
    name = book.decide(measure)
    await loop.sweep()
    lab.api("PUT", f"addresses/{moved}/user", user_id=user_id(lab, BYSTANDER))
    await loop.sweep()
    assert book.sanctions[name].addresses == PERSON, "whose user it is now is somebody else"
    assert loop.beside == {BYSTANDER: (moved,)}, "of which the members hear"
    told = await end(loop, book, name)
    taken = measure is Measure.SUSPEND and moved == MAL
    but = "subscription_mode" if taken else ""  # for their user has this address no longer
    assert shown(entries(lab, *PERSON), but=but) == shown(before, but=but)
    assert notes(told) == ({(at, MAL, BY_ADDRESS) for at in (DEV, SIG_WEB)} if taken else set())
    assert [x for x in lab.snapshot(BYSTANDER) if isinstance(x, tuple)] == [
        x for x in innocent if isinstance(x, tuple)
    ]


async def test_an_address_whose_user_is_taken_in_by_another(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    """Their whole user, and with it what they are on as that user."""
    before, innocent = entries(lab, *PERSON), shown(entries(lab, BYSTANDER))
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("POST", f"users/{BYSTANDER}/addresses", email=MAL, absorb_existing=True)
    await loop.sweep()
    assert book.sanctions[name].addresses == PERSON
    told = await end(loop, book, name)
    assert shown(entries(lab, BYSTANDER)) == innocent
    assert len(entries(lab, *PERSON)) == len(before)
    assert notes(told) == {(at, MAL, BY_ADDRESS) for at in (DEV, SIG_WEB)}


async def test_who_is_linked_later_is_covered_only_where_nobody_else_can_be_meant(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    new, newer = (Address(f"{name}@example.net") for name in ("new", "newer"))
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("POST", f"users/{MAL}/addresses", email=new)
    await loop.sweep()
    assert book.sanctions[name].addresses == (*PERSON, new)
    # Somebody whom Mailman knew before, with all that is added since.
    innocent = where(lab, BYSTANDER)
    lab.api("POST", f"users/{MAL}/addresses", email=BYSTANDER, absorb_existing=True)
    lab.api("POST", f"users/{MAL}/addresses", email=newer)
    await loop.sweep()
    assert where(lab, BYSTANDER) == innocent
    assert book.sanctions[name].addresses == (*PERSON, new)
    assert loop.beside == dict.fromkeys((BYSTANDER, newer), (*PERSON, new))
    # The members say that it is the same person.
    old = book.sanctions[name]
    book.sanctions[name] = replace(old, addresses=(*old.addresses, BYSTANDER))
    await loop.sweep()
    assert where(lab, BYSTANDER) == []
    assert {*book.sanctions[name].addresses} == {*PERSON, new, BYSTANDER, newer}
    assert loop.beside == {}
    await end(loop, book, name)
    assert where(lab, BYSTANDER) == innocent


# -- another preferred address ---------------------------------------------------------------------


@pytest.mark.parametrize("measure", [Measure.SUSPEND, Measure.MODERATE])
async def test_another_preferred_address(
    measure: Measure, lab: Lab, book: Book, loop: Enforcement
) -> None:
    lab.api("POST", f"addresses/{MALLORY}/verify")
    before = entries(lab, *PERSON)
    name = book.decide(measure)
    await loop.sweep()
    lab.api("POST", f"users/{MAL}/preferred_address", email=MALLORY)
    await loop.sweep()
    told = await end(loop, book, name)
    assert (MALLORY, "dev") in where(lab, MALLORY), "it is their user who is on the list"
    comes = measure is Measure.SUSPEND
    assert notes(told) == ({(at, MALLORY, PREFERS) for at in (DEV, SIG_WEB)} if comes else set())
    lab.api("POST", f"users/{MAL}/preferred_address", email=MAL)
    assert entries(lab, *PERSON) == before


async def test_another_preferred_address_while_one_of_two_sanctions_goes_on(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    lab.api("POST", f"addresses/{MALLORY}/verify")
    before = entries(lab, *PERSON)
    held, off = book.decide(Measure.MODERATE), book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("POST", f"users/{MAL}/preferred_address", email=MALLORY)
    await end(loop, book, off)
    assert {
        row.get("moderation_action")
        for who in PERSON
        for row in lab.rows(who)
        if row["role"] == "member"
    } == {"hold"}
    await loop.sweep()
    await end(loop, book, held)
    lab.api("POST", f"users/{MAL}/preferred_address", email=MAL)
    assert entries(lab, *PERSON) == before


async def test_another_preferred_address_and_a_crash_between_any_two_calls(
    lab: Lab, book: Book, loop: Enforcement, mailman: Mailman
) -> None:
    lab.api("POST", f"addresses/{MALLORY}/verify")
    before = lab.snapshot(*PERSON)
    for cut in itertools.count():
        name = book.decide(Measure.SUSPEND, scope=Scope(lists=(DEV,)))
        await loop.sweep()
        lab.api("POST", f"users/{MAL}/preferred_address", email=MALLORY)
        book.end(name)
        dying = CutLists(loop._lists, cut)  # type: ignore[arg-type]
        with suppress(BaseExceptionGroup):
            await enforcement(dying, book, book.clock, parallel=1).sweep()
        await loop.sweep()
        lab.api("POST", f"users/{MAL}/preferred_address", email=MAL)
        assert lab.snapshot(*PERSON) == before, f"cut at call {cut}"
        if not dying.died:
            assert cut > 2
            return


async def test_no_preferred_address_any_more(lab: Lab, book: Book, loop: Enforcement) -> None:
    before = entries(lab, *PERSON)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("DELETE", f"users/{MAL}/preferred_address")
    told = await end(loop, book, name)
    assert len(entries(lab, *PERSON)) == len(before)
    assert notes(told) == {(at, MAL, BY_ADDRESS) for at in (DEV, SIG_WEB)}


# -- lists that let nobody in by themselves --------------------------------------------------------


@pytest.mark.parametrize("policy", ["confirm", "moderate", "confirm_then_moderate"])
async def test_a_list_that_wants_confirmation_by_now(
    policy: str, lab: Lab, book: Book, loop: Enforcement
) -> None:
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    for at in (DEV, USERS, SIG_NODE, SIG_WEB):
        lab.api(
            "PATCH",
            f"lists/{at.replace('@', '.')}/config",
            subscription_policy=policy,
            unsubscription_policy=policy,
            default_member_action="reject",
            dmarc_mitigate_action="munge_from",
            dmarc_mitigate_unconditionally=True,
        )
    told = await end(loop, book, name)
    assert lab.snapshot(*PERSON) == before
    assert notes(told) == set()
    for at in (DEV, USERS, SIG_NODE, SIG_WEB):
        assert lab.api("GET", f"lists/{at.replace('@', '.')}/requests")["total_size"] == 0


# -- everything that an entry can have -------------------------------------------------------------

ENTRIES: tuple[tuple[str, object], ...] = (
    *(
        (name, value)
        for name in (
            "acknowledge_posts",
            "hide_address",
            "receive_list_copy",
            "receive_own_postings",
        )
        for value in (True, False)
    ),
    *(
        ("delivery_mode", value)
        for value in ("regular", "plaintext_digests", "mime_digests", "summary_digests")
    ),
    *(
        ("delivery_status", value)
        for value in ("enabled", "by_user", "by_bounces", "by_moderator", "unknown")
    ),
    ("preferred_language", "en"),
    ("preferred_language", "de"),
    *(("moderation_action", value) for value in ("hold", "reject", "discard", "accept", "defer")),
    ("moderation_action", ""),
)
ROLES = ("member", "owner", "moderator", "nonmember")


@pytest.mark.slow
@pytest.mark.parametrize("measure", [Measure.SUSPEND, Measure.MODERATE])
async def test_every_preference_comes_back(
    measure: Measure, lab: Lab, book: Book, loop: Enforcement
) -> None:
    """Each on a list of its own: by the user in one role, by the address in the next."""
    user = user_id(lab, MAL)
    names = [f"p{number}@{DOMAIN}" for number in range(len(ENTRIES))]
    roles = itertools.cycle(ROLES[1:])
    for at, (what, value) in zip(names, ENTRIES, strict=True):
        lab.api("POST", "lists", fqdn_listname=at)
        list_id = at.replace("@", ".")
        lab.api("POST", "members", list_id=list_id, subscriber=BYSTANDER, role="owner")
        lab.join(at, user)
        lab.join(at, MALLORY)
        lab.api("POST", "members", list_id=list_id, subscriber=MALLORY, role=next(roles))
        for row in (*lab.rows(MAL), *lab.rows(MALLORY)):
            if row["list_id"] == list_id:
                path = f"members/{row['member_id']}"
                path += "" if what == "moderation_action" else "/preferences"
                lab.api("PATCH", path, **{what: value})
    before = lab.snapshot(*PERSON)
    name = book.decide(measure, including_roles=measure is Measure.SUSPEND)
    await loop.sweep()
    if measure is Measure.SUSPEND:
        assert where(lab, *PERSON) == []
    told = await end(loop, book, name)
    assert lab.snapshot(*PERSON) == before
    assert notes(told) == set()


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("lost", ["POST members", "DELETE users", "PATCH users"])
async def test_a_user_s_own_preferences_outlast_a_call_that_fails(
    lost: str,
    killed: bool,
    lab: Lab,
    book: Book,
    loop: Enforcement,
    mailman: Mailman,
    monkeypatch: Any,
) -> None:
    """Mailman sets a user's language when a role comes back, and to take it back needs two calls;
    no observation shows it."""
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.SUSPEND, including_roles=True)
    await loop.sweep()
    book.end(name)
    connection = loop._lists._connection  # type: ignore[attr-defined]
    call = connection.call
    failed: list[str] = []

    def losing(path: str, data: Any = None, method: str | None = None) -> Any:
        is_it = f"{method} {path}".startswith(lost) and (data or {}).get("role") != "member"
        if failed or not is_it:
            return call(path, data, method)
        failed.append(path)
        if method != "PATCH":
            call(path, data, method)  # done, and nobody hears of it
        raise Temporary("lost")

    monkeypatch.setattr(connection, "call", losing)
    with pytest.raises(Temporary):
        await loop.sweep()
    assert failed
    assert lab.snapshot(*PERSON) != before
    if killed:  # what is owed has to be known from the book and from Mailman
        anew = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
        await enforcement(anew, book, book.clock).sweep()
        await anew.close()
    else:
        await loop.sweep()
    assert len(book.returns) == 1
    assert lab.snapshot(*PERSON) == before


async def test_a_user_s_own_preferences_are_theirs_to_change(
    lab: Lab, book: Book, loop: Enforcement, monkeypatch: Any
) -> None:
    """While a role that is to come back is refused, and when all is over."""
    name = book.decide(Measure.SUSPEND, including_roles=True)
    await loop.sweep()
    book.end(name)
    connection = loop._lists._connection  # type: ignore[attr-defined]
    call = connection.call

    def refusing(path: str, data: Any = None, method: str | None = None) -> Any:
        if path == "members" and (data or {}).get("role") == "owner":
            raise Temporary("refused")
        return call(path, data, method)

    monkeypatch.setattr(connection, "call", refusing)
    wanted: dict[str, Any] = {"receive_own_postings": False}
    for wish in ({"hide_address": False}, {}, {"hide_address": True, "acknowledge_posts": True}):
        with pytest.raises(Temporary):
            await loop.sweep()
        assert wanted.items() <= plain(lab.api("GET", f"users/{MAL}/preferences")).items()
        if wish:
            lab.api("PATCH", f"users/{MAL}/preferences", **wish)
        else:
            lab.api("DELETE", f"users/{MAL}/preferences")
            wanted.clear()
        wanted |= wish
    monkeypatch.setattr(connection, "call", call)
    await loop.sweep()
    assert plain(lab.api("GET", f"users/{MAL}/preferences")) == wanted
    lab.api("PATCH", f"users/{MAL}/preferences", preferred_language="en")
    await loop.sweep()
    assert plain(lab.api("GET", f"users/{MAL}/preferences"))["preferred_language"] == "en"


async def test_a_user_s_own_preferences_come_back_though_the_address_is_another_s_by_now(
    lab: Lab, book: Book, loop: Enforcement, monkeypatch: Any
) -> None:
    theirs, other = user_id(lab, MAL), user_id(lab, BYSTANDER)
    before = [plain(lab.api("GET", f"users/{one}/preferences")) for one in (theirs, other)]
    name = book.decide(Measure.SUSPEND, including_roles=True)
    await loop.sweep()
    book.end(name)
    connection = loop._lists._connection  # type: ignore[attr-defined]
    call = connection.call

    def losing(path: str, data: Any = None, method: str | None = None) -> Any:
        if path == f"users/{theirs}/preferences" and method in ("DELETE", "PATCH"):
            raise Temporary("lost")
        return call(path, data, method)

    monkeypatch.setattr(connection, "call", losing)
    with pytest.raises(Temporary):
        await loop.sweep()
    assert plain(lab.api("GET", f"users/{theirs}/preferences")) != before[0]
    for address in PERSON:
        lab.api("PUT", f"addresses/{address}/user", user_id=other)
    monkeypatch.setattr(connection, "call", call)
    await loop.sweep()
    assert before == [plain(lab.api("GET", f"users/{one}/preferences")) for one in (theirs, other)]


# -- what others did meanwhile ---------------------------------------------------------------------


async def test_who_left_mailman_meanwhile_stays_away(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("DELETE", f"users/{MAL}")
    await loop.sweep()
    told = await end(loop, book, name)
    assert all(lab.mailman.api("GET", f"addresses/{who}")[0] == 404 for who in PERSON)
    assert where(lab, *PERSON) == []
    assert lab.api("GET", "bans")["total_size"] == 0
    assert {(at, who) for at, who, note in notes(told) if note == GONE_ADDRESS} == {
        (DEV, MAL),
        (SIG_NODE, MAL),
        (SIG_WEB, MAL),
        (USERS, MALLORY),
    }


@pytest.mark.parametrize("by", ["themselves", "another sanction"])
async def test_who_left_mailman_meanwhile_and_came_back_starts_anew(
    by: str, lab: Lab, book: Book, loop: Enforcement
) -> None:
    name = book.decide(Measure.SUSPEND, scope=Scope(lists=(DEV, SIG_NODE)), including_roles=True)
    if by == "another sanction":  # which makes an entry of theirs on the other lists
        book.decide(Measure.MODERATE)
    await loop.sweep()
    lab.api("DELETE", f"users/{MAL}")
    await loop.sweep()
    if by == "themselves":
        lab.api("POST", "users", email=MAL)
    told = await end(loop, book, name)
    assert [row for row in lab.rows(MAL) if row["role"] != "nonmember"] == []
    assert {note for at, who, note in notes(told) if at in (DEV, SIG_NODE)} >= {LEFT_SINCE}


async def test_a_list_that_was_deleted(lab: Lab, book: Book, loop: Enforcement) -> None:
    before = entries(lab, *PERSON)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("DELETE", f"lists/sig-node.{DOMAIN}")
    told = await end(loop, book, name)
    gone = f"sig-node.{DOMAIN}"
    assert entries(lab, *PERSON) == [row for row in before if ("list_id", gone) not in row[0]]
    assert notes(told) == {(SIG_NODE, MAL, GONE_LIST)}


def again(lab: Lab, name: str) -> None:
    lab.api("DELETE", f"lists/{name.replace('@', '.')}")
    lab.api("POST", "lists", fqdn_listname=name)


async def test_a_list_that_was_deleted_and_made_again_gets_nothing_of_the_old_one(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    book.dated = True
    scope = Scope(lists=(DEV, SIG_NODE))
    name = book.decide(Measure.SUSPEND, scope=scope, including_roles=True)
    await loop.sweep()
    again(lab, DEV)
    assert lab.join(DEV, MALLORY)[0] == 201
    await loop.sweep()
    assert (MALLORY, "dev") not in where(lab, MALLORY)
    assert {lab.join(DEV, who)[0] for who in PERSON} == {400}, "it holds on the new one"
    # Another takes over, and knows no more of the old list than the first.
    other = book.decide(Measure.SUSPEND, scope=scope, including_roles=True)
    await loop.sweep()
    await end(loop, book, other)
    told = await end(loop, book, name)
    assert (MAL, "dev") not in where(lab, MAL)
    assert where(lab, MAL, role="owner") == where(lab, MAL, role="moderator") == []
    assert (MAL, "sig-node") in where(lab, MAL)
    assert notes(told) == {(DEV, MAL, NEW_LIST)}
    assert lab.api("GET", f"lists/dev.{DOMAIN}/bans")["total_size"] == 0


async def test_what_is_held_on_a_list_that_was_deleted_and_made_again(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    book.dated = True
    old = lab.member(QUIET, MALLORY, role="nonmember")
    lab.api("PATCH", f"members/{old}", moderation_action="accept")
    name = book.decide(Measure.MODERATE)
    await loop.sweep()
    again(lab, QUIET)
    assert lab.join(QUIET, MAL)[0] == 201
    await loop.sweep()
    rows = [row for who in PERSON for row in lab.rows(who) if row["list_id"].startswith("quiet")]
    assert {(row["email"], row["role"]): row.get("moderation_action") for row in rows} == {
        (MAL, "member"): "hold",
        (MAL, "nonmember"): "hold",
        (MALLORY, "nonmember"): "hold",
    }
    told = await end(loop, book, name)
    rows = [row for who in PERSON for row in lab.rows(who) if row["list_id"].startswith("quiet")]
    assert [(row["email"], row["role"], row.get("moderation_action")) for row in rows] == [
        (MAL, "member", None)
    ]
    assert (QUIET, MALLORY, NEW_LIST) in notes(told)


async def test_who_was_put_back_by_hand_under_other_preferences(
    lab: Lab, book: Book, loop: Enforcement
) -> None:
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    for who in PERSON:
        lab.api("DELETE", f"bans/{who}")
    lab.join(SIG_NODE, MAL)
    path = f"members/{lab.member(SIG_NODE, MAL)}/preferences"
    lab.api("PATCH", path, delivery_status="by_moderator")
    lab.join(QUIET, MAL)
    theirs = [row for row in entries(lab, MAL) if "sig-node" in str(row) or "quiet" in str(row)]
    told = await end(loop, book, name)
    now = entries(lab, MAL)
    assert all(row in now for row in theirs)
    assert (SIG_NODE, MAL, THEIRS) in notes(told)
    assert (MALLORY, "users") in where(lab, MALLORY)


async def test_a_ban_of_somebody_else_s_meanwhile(lab: Lab, book: Book, loop: Enforcement) -> None:
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("DELETE", f"bans/{MALLORY}")  # ours, by hand
    lab.api("POST", f"lists/dev.{DOMAIN}/bans", email=r"^mal@")
    lab.api("POST", f"lists/users.{DOMAIN}/bans", email=MALLORY)
    told = await end(loop, book, name)
    assert lab.api("GET", "bans")["total_size"] == 0
    assert lab.api("GET", f"lists/dev.{DOMAIN}/bans")["total_size"] == 1
    assert lab.api("GET", f"lists/users.{DOMAIN}/bans")["total_size"] == 1
    assert where(lab, *PERSON) == [(MAL, "sig-node"), (MAL, "sig-web")]
    assert {(DEV, MAL, OTHER_BAN), (USERS, MALLORY, OTHER_BAN)} <= notes(told)


async def test_our_ban_removed_by_hand(lab: Lab, book: Book, loop: Enforcement) -> None:
    before = lab.snapshot(*PERSON)
    name = book.decide(Measure.SUSPEND)
    await loop.sweep()
    lab.api("DELETE", f"bans/{MALLORY}")
    told = await end(loop, book, name)
    assert lab.snapshot(*PERSON) == before
    assert told[None, MALLORY, "ban"].now == "absent"
    assert notes(told) == set()
