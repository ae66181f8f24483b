"""How each road onto a list is walked, by somebody who may be sanctioned on the way.

Owns one generator for each road. It yields SANCTION where the sanction comes (what is above was
there before), and THROUGH where all mail must be through first; it returns how to see where the
road led. A post can't be undone, so where a sweep may close its road one more is sent (AGAIN).
Refuses to know whether a road should be open (table.py). Called by walk.py.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import Enum, auto

from cocmail.lab import community
from tests.roads.stage import (
    FRIEND,
    GENERAL,
    HOME,
    HOST,
    MODERATED,
    PASSWORD,
    THEIRS,
    Stage,
    Walker,
)


class Pause(Enum):
    SANCTION = auto()
    THROUGH = auto()


SANCTION, THROUGH = Pause
Look = Callable[[], str]
Way = Generator[Pause, None, Look]
WAYS: dict[str, Callable[[Stage, Walker], Way]] = {}
AGAIN: dict[str, Callable[[Stage, Walker], Way]] = {}
BY_THEMSELVES = ("pre_verified", "pre_confirmed")  # they are logged in on the web pages


def way(walked: Callable[[Stage, Walker], Way]) -> Callable[[Stage, Walker], Way]:
    WAYS[walked.__name__] = walked
    return walked


# -- subscribing -------------------------------------------------------------------------------


@way
def rest(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.address, by=BY_THEMSELVES)
    return lambda: on.is_on(GENERAL, who.address)


@way
def join(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.mail(GENERAL.replace("@", "-join@"), who.address)
    yield THROUGH
    on.confirm(GENERAL, who.address)
    yield THROUGH
    return lambda: on.is_on(GENERAL, who.address)


@way
def request(on: Stage, who: Walker) -> Way:
    yield SANCTION
    to = GENERAL.replace("@", "-request@")
    on.mail(to, FRIEND, subject=f"join address={who.address}")
    yield THROUGH
    on.confirm(GENERAL, who.address)
    yield THROUGH
    return lambda: on.is_on(GENERAL, who.address)


@way
def confirm(on: Stage, who: Walker) -> Way:
    on.mail(GENERAL.replace("@", "-join@"), who.address)
    yield THROUGH
    yield SANCTION
    on.confirm(GENERAL, who.address)
    yield THROUGH
    return lambda: on.is_on(GENERAL, who.address)


@way
def invite(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.address, invitation=True)
    yield THROUGH
    on.confirm(GENERAL, who.address)
    yield THROUGH
    return lambda: on.is_on(GENERAL, who.address)


@way
def invited(on: Stage, who: Walker) -> Way:
    on.subscribe(GENERAL, who.address, invitation=True)
    yield THROUGH
    yield SANCTION
    on.confirm(GENERAL, who.address)
    yield THROUGH
    return lambda: on.is_on(GENERAL, who.address)


@way
def waiting(on: Stage, who: Walker) -> Way:
    token = on.subscribe(MODERATED, who.address, by=BY_THEMSELVES)["token"]
    yield SANCTION
    path = f"lists/{community.list_id(MODERATED)}/requests/{token}"
    on.ask("POST", path, action="accept")
    return lambda: on.is_on(MODERATED, who.address)


@way
def owner(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(MODERATED, who.address)
    return lambda: on.is_on(MODERATED, who.address)


@way
def role(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.address, role="moderator")
    return lambda: on.is_on(GENERAL, who.address, "moderator")


@way
def later(on: Stage, who: Walker) -> Way:
    yield SANCTION
    name = f"{who.name}@{HOST}"
    community.make_list(on.mailman, name)
    on.subscribe(name, who.address)
    return lambda: on.is_on(name, who.address)


@way
def linked(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    on.add_address(on.user(who.address), who.second)
    yield SANCTION
    on.subscribe(GENERAL, who.second)
    return lambda: on.is_on(GENERAL, who.second)


@way
def preferred(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    user = on.user(who.address)
    on.add_address(user, who.second)
    on.prefer(user, who.address)
    yield SANCTION
    on.prefer(user, who.second)
    on.subscribe(GENERAL, user)
    return lambda: on.is_on(GENERAL, who.second)


@way
def capitals(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.address.upper())
    return lambda: on.is_on(GENERAL, who.address)


@way
def slash(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.slashed)
    return lambda: on.is_on(GENERAL, who.slashed)


@way
def added(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    yield SANCTION
    on.add_address(on.user(who.address), who.second)
    on.subscribe(GENERAL, who.second)
    return lambda: on.is_on(GENERAL, who.second)


@way
def older(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    on.subscribe(HOME, who.second)
    yield SANCTION
    path = f"users/{on.user(who.address)}/addresses"
    on.call("POST", path, email=who.second, absorb_existing=True)
    on.subscribe(GENERAL, who.second)
    return lambda: on.is_on(GENERAL, who.second)


@way
def prefers(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    yield SANCTION
    user = on.user(who.address)
    on.add_address(user, who.second)
    on.prefer(user, who.second)
    on.subscribe(GENERAL, user)
    return lambda: on.is_on(GENERAL, who.second)


@way
def moved(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    yield SANCTION
    on.add_address(on.user(who.address), who.second)
    on.subscribe(GENERAL, who.second)
    member = community.member_id(on.mailman, GENERAL, who.second)
    on.ask("PATCH", f"members/{member}", address=who.address)
    return lambda: on.is_on(GENERAL, who.address)


@way
def lifted(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.lift(GENERAL, who.address)
    on.subscribe(GENERAL, who.address)
    return lambda: on.is_on(GENERAL, who.address)


@way
def tag(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.tagged)
    return lambda: on.is_on(GENERAL, who.tagged)


@way
def tag_before(on: Stage, who: Walker) -> Way:
    on.subscribe(GENERAL, who.tagged)
    yield SANCTION
    return lambda: on.is_on(GENERAL, who.tagged)


@way
def stranger(on: Stage, who: Walker) -> Way:
    yield SANCTION
    on.subscribe(GENERAL, who.second)
    return lambda: on.is_on(GENERAL, who.second)


@way
def deleted(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    user = on.user(who.address)
    on.add_address(user, who.second)
    yield SANCTION
    on.call("DELETE", f"users/{user}")
    on.subscribe(GENERAL, who.second)
    return lambda: on.is_on(GENERAL, who.second)


@way
def hidden(on: Stage, who: Walker) -> Way:
    name = f"{who.name}@{HOST}"
    community.make_list(on.mailman, name)
    on.subscribe(HOME, who.address)
    user = on.user(who.address)
    on.prefer(user, who.address)
    on.subscribe(name, user)
    on.call("DELETE", f"users/{user}/preferred_address")
    yield SANCTION
    on.prefer(user, who.address)
    return lambda: on.is_on(name, who.address)


# -- posting -----------------------------------------------------------------------------------


@way
def post(on: Stage, who: Walker) -> Way:
    on.subscribe(GENERAL, who.address)
    yield SANCTION
    return (yield from _posted(on, who.address))


@way
def post_capitals(on: Stage, who: Walker) -> Way:
    on.subscribe(GENERAL, who.address)
    yield SANCTION
    return (yield from _posted(on, who.address.upper()))


@way
def post_slash(on: Stage, who: Walker) -> Way:
    on.subscribe(GENERAL, who.slashed)
    yield SANCTION
    return (yield from _posted(on, who.slashed))


@way
def post_nonmember(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, who.address))


@way
def post_sender(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, FRIEND, Sender=who.address))


@way
def post_reply(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, FRIEND, Reply_To=who.address))


@way
def post_envelope(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, FRIEND, envelope=who.address))


@way
def post_two(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, f"{FRIEND}, {who.address}", envelope=FRIEND))


@way
def post_linked(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    on.add_address(on.user(who.address), who.second)
    yield SANCTION
    return (yield from _posted(on, who.second))


@way
def post_added(on: Stage, who: Walker) -> Way:
    on.subscribe(HOME, who.address)
    yield SANCTION
    on.add_address(on.user(who.address), who.second)
    return (yield from _posted(on, who.second))


@way
def post_forged(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, FRIEND, envelope=FRIEND))


@way
def post_held(on: Stage, who: Walker) -> Way:
    sent = on.mail(GENERAL, who.address)
    yield THROUGH
    yield SANCTION
    on.accept_held(GENERAL, sent)
    yield THROUGH
    return lambda: on.came_of(GENERAL, sent)


@way
def post_held_tag(on: Stage, who: Walker) -> Way:
    sent = on.mail(GENERAL, who.tagged)
    yield THROUGH
    yield SANCTION
    on.accept_held(GENERAL, sent)
    yield THROUGH
    return lambda: on.came_of(GENERAL, sent)


@way
def post_own(on: Stage, who: Walker) -> Way:
    on.subscribe(THEIRS, who.address, role="owner")
    community.subscribe(on.mailman, THEIRS, who.address, moderation_action="hold")
    sent = on.mail(THEIRS, who.address)
    yield THROUGH  # out to the list's owners' address,
    yield THROUGH  # and from there to them
    yield SANCTION
    on.accept_by_mail(THEIRS, who.address, sent)
    yield THROUGH
    return lambda: on.came_of(THEIRS, sent)


@way
def post_approved(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, who.address, Approved=PASSWORD))


@way
def post_tag(on: Stage, who: Walker) -> Way:
    yield SANCTION
    return (yield from _posted(on, who.tagged))


@way
def to_owner(on: Stage, who: Walker) -> Way:
    yield SANCTION
    sent = on.mail(GENERAL.replace("@", "-owner@"), who.address)
    yield THROUGH
    return lambda: on.reached_owner(sent)


def _posted(on: Stage, sender: str, **more: str) -> Way:
    sent = on.mail(GENERAL, sender, **more)
    yield THROUGH
    return lambda: on.came_of(GENERAL, sent)


AGAIN["post_added"] = lambda on, who: _posted(on, who.second)
AGAIN["post_tag"] = lambda on, who: _posted(on, who.tagged)
AGAIN["post_approved"] = lambda on, who: _posted(on, who.address, Approved=PASSWORD)
