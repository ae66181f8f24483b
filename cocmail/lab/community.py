"""Domain, lists and members made over Mailman's REST, and a person's whole state read back by it.

Owns the demo's community and the definition of "exactly as before": `snapshot`. Knows nothing of
sanctions. Called by the demo and tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cocmail.lab.mailman import Mailman

DOMAIN = "lists.example.org"
LISTS = ("announce", "general", "dev", "sig-node", "sig-node-bugs")
PEOPLE = (
    "amara", "bjorn", "chidi", "dalia", "emeka", "farah", "goran", "hana", "ines", "jonas",
    "kwame", "leila", "mateo", "nadia", "olu", "priya", "quentin", "rosa", "sanjay",
    "tomoko", "uma", "viktor", "wanda", "ximena", "yusuf", "zoe",
)  # fmt: skip
# What a snapshot leaves out: it changes by itself when a membership is made again.
UNSTABLE = {"self_link", "http_etag", "member_id", "address", "user", "last_warning_sent"}


class Refused(Exception):
    """Mailman refused what the lab asked of it."""


def _done(answer: tuple[int, Any], *, allowed: Iterable[int] = (200, 201, 204)) -> Any:
    status, body = answer
    if status not in allowed:
        raise Refused(f"{status}: {body}")
    return body


def list_id(address: str) -> str:
    return address.replace("@", ".", 1)


def make_domain(mailman: Mailman, host: str = DOMAIN) -> None:
    _done(mailman.api("POST", "domains", mail_host=host))


def make_list(mailman: Mailman, address: str, **settings: Any) -> None:
    """A list that says neither welcome nor goodbye, unless `settings` of its config do."""
    _done(mailman.api("POST", "lists", fqdn_listname=address))
    quiet = {"send_welcome_message": False, "send_goodbye_message": False} | settings
    _done(mailman.api("PATCH", f"lists/{list_id(address)}/config", **quiet))


def subscribe(
    mailman: Mailman,
    mailing_list: str,
    address: str,
    *,
    name: str = "",
    role: str = "member",
    moderation_action: str | None = None,
    preferences: Mapping[str, str] | None = None,
) -> str:
    """The new member's id. `preferences`: `delivery_mode`, `hide_address` and their like."""
    found = {
        "list_id": list_id(mailing_list),
        "subscriber": address,
        "display_name": name,
        "role": role,
        "pre_verified": True,
        "pre_confirmed": True,
        "pre_approved": True,
        "send_welcome_message": False,
    }
    _done(mailman.api("POST", "members", **found), allowed=(201,))
    member = member_id(mailman, mailing_list, address, role=role)
    if moderation_action is not None:
        action = {"moderation_action": moderation_action}
        _done(mailman.api("PATCH", f"members/{member}", **action))
    if preferences:
        _done(mailman.api("PATCH", f"members/{member}/preferences", **preferences))
    return member


def memberships(mailman: Mailman, address: str, **narrower: str) -> list[dict[str, Any]]:
    """Every role of this address, on every list."""
    body = _done(mailman.api("GET", "members/find", subscriber=address, **narrower))
    return list(body.get("entries", []))


def member_id(mailman: Mailman, mailing_list: str, address: str, *, role: str = "member") -> str:
    found = memberships(mailman, address, list_id=list_id(mailing_list), role=role)
    if not found:
        raise Refused(f"no {role} of {mailing_list} has that address")
    return str(found[0]["member_id"])


def unsubscribe(mailman: Mailman, mailing_list: str, address: str) -> None:
    path = f"lists/{list_id(mailing_list)}/roster/member"
    _done(mailman.api("DELETE", path, emails=address.lower()))


def give_address(mailman: Mailman, owner: str, address: str) -> None:
    """A second address for the user who has the first."""
    path = f"users/{quote(owner)}/addresses"
    _done(mailman.api("POST", path, email=address), allowed=(201,))
    _done(mailman.api("POST", f"addresses/{quote(address)}/verify"))


def is_banned(mailman: Mailman, address: str, mailing_list: str | None = None) -> bool:
    """By any ban that covers the address there; site-wide where no list is named."""
    where = f"lists/{list_id(mailing_list)}/" if mailing_list else ""
    return mailman.api("GET", f"{where}bans/{quote(address)}")[0] == 200


def lists(mailman: Mailman) -> list[str]:
    body = _done(mailman.api("GET", "lists"))
    return sorted(str(entry["fqdn_listname"]) for entry in body.get("entries", []))


def snapshot(mailman: Mailman, addresses: Iterable[str]) -> dict[str, Any]:
    """All that Mailman knows of a person, by GET: equal before and after means an exact return."""
    addresses = sorted(addresses)
    found: dict[str, Any] = {"memberships": [], "addresses": {}, "bans": {}}
    for address in addresses:
        for entry in memberships(mailman, address):
            kept = {key: value for key, value in entry.items() if key not in UNSTABLE}
            path = f"members/{entry['member_id']}/preferences"
            # Gone since it was found: then its preferences are what Mailman says of that.
            preferences = _done(mailman.api("GET", path), allowed=(200, 404))
            kept["preferences"] = {k: v for k, v in preferences.items() if k not in UNSTABLE}
            if kept not in found["memberships"]:
                found["memberships"].append(kept)
        status, user = mailman.api("GET", f"addresses/{quote(address)}/user")
        found["addresses"][address] = user.get("display_name", "") if status == 200 else None
    found["memberships"].sort(key=lambda one: (one["list_id"], one["role"], one["email"]))
    found["bans"][""] = _bans(mailman, "bans")
    for mailing_list in lists(mailman):
        found["bans"][mailing_list] = _bans(mailman, f"lists/{list_id(mailing_list)}/bans")
    return found


def _bans(mailman: Mailman, path: str) -> list[str]:
    body = _done(mailman.api("GET", path))
    return sorted(str(entry["email"]) for entry in body.get("entries", []))


@dataclass(frozen=True, kw_only=True)
class Respondent:
    """The one whom the story is about: two addresses, four lists, owner of one of them."""

    name: str = "Mallory Vance"
    addresses: tuple[str, str] = ("mallory@mail.example.net", "mvance@home.example.net")
    on: tuple[str, ...] = ("general", "dev", "sig-node", "sig-node-bugs")
    owns: str = "sig-node-bugs"


def full_name(mailing_list: str) -> str:
    return f"{mailing_list}@{DOMAIN}"


def make_community(mailman: Mailman, respondent: Respondent) -> None:
    """Five lists and some thirty people; the respondent's memberships have options of their own."""
    make_domain(mailman)
    for mailing_list in LISTS:
        make_list(mailman, full_name(mailing_list))
    for number, person in enumerate(PEOPLE):
        address = f"{person}@members.example.net"
        for mailing_list in {LISTS[0], LISTS[1 + number % 4]}:
            subscribe(mailman, full_name(mailing_list), address, name=person.title())
    for mailing_list in LISTS:
        owner = "amara@members.example.net"
        subscribe(mailman, full_name(mailing_list), owner, name="Amara", role="owner")
    first, second = respondent.addresses
    general, dev, node, bugs = (full_name(mailing_list) for mailing_list in respondent.on)
    name = respondent.name
    digest = {"delivery_mode": "mime_digests", "receive_own_postings": "false"}
    quiet = {"delivery_status": "by_user", "hide_address": "true"}
    subscribe(mailman, general, first, name=name, preferences=digest)
    give_address(mailman, first, second)
    subscribe(mailman, dev, second, name=name, moderation_action="hold")
    subscribe(mailman, node, first, name=name, preferences=quiet)
    subscribe(mailman, bugs, second, name=name)
    subscribe(mailman, full_name(respondent.owns), first, name=name, role="owner")
