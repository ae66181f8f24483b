"""What must agree between the tables, and what should.

Owns the rules that look at more than one key. Each gets the tables that could be read and says
what is wrong at which key, so that one mistake doesn't hide another. Refuses to know lines and
files. Called by the loader; `warnings` by `cocmail check` and the daemon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cocmail.config.settings import Settings
from cocmail.config.tables import (
    CommitteeMember,
    Community,
    Imap,
    Lmtp,
    Mailman,
    Policy,
    Postfix,
    Store,
    Submission,
    Table,
)
from cocmail.config.values import Security, is_local
from cocmail.core.languages import choose
from cocmail.core.people import Address
from cocmail.templates import languages

DETAIL_OCTETS = 32
"""The longest detail of ours: a token of 26 letters and digits, and what tells return paths."""

LOCAL_PART_OCTETS = 64  # RFC 5321 section 4.5.3.1.1


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The tables that could be read, and which stand in the file at all."""

    tables: Mapping[str, Table]
    mailmans: Mapping[str, Mailman]
    imaps: Mapping[str, Imap]
    committee: Mapping[int, CommitteeMember]  # by place in the file, from 0
    present: frozenset[str]


Problem = tuple[tuple[str | int, ...], str]
"""A key's path and what is wrong there."""


def problems(draft: Draft) -> Iterator[Problem]:
    yield from _missing(draft)
    yield from _community(draft)
    yield from _languages(draft)
    yield from _committee(draft)
    yield from _escalation(draft)
    yield from _postfix(draft)
    yield from _store(draft)
    yield from _mailmans(draft)
    yield from _mailboxes(draft)


def _missing(draft: Draft) -> Iterator[Problem]:
    if not {"imap", "imaps", "lmtp"} & draft.present:
        yield ("imap",), "missing; say where mail comes in: [imap], [lmtp] or both"
    if not {"mailman", "mailmans"} & draft.present:
        yield ("mailman",), "missing; say where Mailman's REST API is"
    if "submission" not in draft.present:
        yield ("submission",), "missing; say which server takes our mail"
    if "community" not in draft.present:
        yield ("community",), "missing; say who you are: name and address"
    if "committee" not in draft.present:
        yield ("committee",), "missing; name at least one member in a table [[committee]]"


def _community(draft: Draft) -> Iterator[Problem]:
    community = draft.tables.get("community")
    if not isinstance(community, Community):
        return
    local = community.address.local
    if community.delimiter in local:
        yield (
            ("community", "delimiter"),
            "stands in the address itself, so details could not be told from it; choose another",
        )
    spare = LOCAL_PART_OCTETS - len(local.encode()) - 1 - DETAIL_OCTETS
    if spare < 0:
        yield (
            ("community", "address"),
            f"its part before the @ is {-spare} octets too long for the secrets that come after"
            " the delimiter (64 octets in all, RFC 5321); choose a shorter one",
        )


def _languages(draft: Draft) -> Iterator[Problem]:
    community = draft.tables.get("community")
    if not isinstance(community, Community):
        return
    have = languages(community.templates)
    words = f"there are no letters in this language; there are: {', '.join(have)}"
    if not choose((community.language,), have):
        yield ("community", "language"), words
    for place, member in draft.committee.items():
        if member.language and not choose((member.language,), have):
            yield ("committee", place, "language"), words


def _is_ours(community: Community, address: Address) -> bool:
    local = address.local.partition(community.delimiter)[0]
    return (local, address.domain) == (community.address.local, community.address.domain)


def _committee(draft: Draft) -> Iterator[Problem]:
    community = draft.tables.get("community")
    handles: dict[str, int] = {}
    owners: dict[Address, int] = {}
    for place, member in draft.committee.items():
        if member.handle in handles:
            yield (
                ("committee", place, "handle"),
                f"member {handles[member.handle] + 1} has this handle too; each needs their own",
            )
        handles.setdefault(member.handle, place)
        for address in dict.fromkeys(member.addresses):
            if owners.setdefault(address, place) != place:
                yield (
                    ("committee", place, "addresses"),
                    f"member {owners[address] + 1} has one of these addresses too; an address"
                    " belongs to one member only",
                )
            if isinstance(community, Community) and _is_ours(community, address):
                yield (
                    ("committee", place, "addresses"),
                    "this is the community's own address; name the member's personal one",
                )


def _escalation(draft: Draft) -> Iterator[Problem]:
    policy = draft.tables.get("policy")
    community = draft.tables.get("community")
    if not isinstance(policy, Policy):
        return
    members = {a for member in draft.committee.values() for a in member.addresses}
    servers = (draft.tables.get("mailman"), *draft.mailmans.values())
    lists = {
        a
        for server in servers
        if isinstance(server, Mailman)
        for group in server.groups.values()
        for a in group
    }
    for address in policy.escalate_to:
        ours = isinstance(community, Community) and _is_ours(community, address)
        if address in members or ours:
            yield (
                ("policy", "escalate_to"),
                "one of these is a member's or the community's own; name people outside",
            )
        if address in lists:
            yield ("policy", "escalate_to"), "one of these is a list; name people, never a list"


def _postfix(draft: Draft) -> Iterator[Problem]:
    postfix = draft.tables.get("postfix")
    community = draft.tables.get("community")
    if not isinstance(postfix, Postfix):
        return
    for address in postfix.addresses:
        if re.split("[+-]", address.local)[0] in ("postmaster", "abuse") or (
            isinstance(community, Community) and _is_ours(community, address)
        ):
            yield (
                ("postfix", "addresses"),
                "everybody may always write to the conduct address, postmaster and abuse;"
                " take that one out",
            )


def _store(draft: Draft) -> Iterator[Problem]:
    store = draft.tables.get("store")
    if isinstance(store, Store) and store.sqlite and store.password_file:
        yield ("store", "password_file"), "SQLite has no password; leave it out"


def _mailmans(draft: Draft) -> Iterator[Problem]:
    servers: dict[tuple[str, ...], Mailman] = {}
    plain = draft.tables.get("mailman")
    if isinstance(plain, Mailman):
        servers["mailman",] = plain
    servers |= {("mailmans", name): server for name, server in draft.mailmans.items()}
    urls: dict[str, str] = {}
    hooks: dict[str, str] = {}
    homes: dict[str, str] = {}
    for at, server in servers.items():
        here = f"[{'.'.join(at)}]"
        other = urls.setdefault(server.url.rstrip("/"), here)
        if other != here:
            yield (*at, "url"), f"{other} has this url too; each Mailman gets one table"
        if server.hook and hooks.setdefault(server.hook, here) != here:
            other = hooks[server.hook]
            yield (
                (*at, "hook"),
                f"{other} has this hook too; each Mailman's plugin has its own port",
            )
        for name in sorted({one for lists in server.groups.values() for one in lists}):
            home = homes.setdefault(name, here)
            if home != here:
                yield (
                    (*at, "groups"),
                    f"one of these lists stands under {home} too; a list belongs to one Mailman",
                )
    if servers and all(server.retired for server in servers.values()):
        yield (*next(iter(servers)), "retired"), "no Mailman is left; one has to be in use"


def _mailboxes(draft: Draft) -> Iterator[Problem]:
    """Of one account, each folder is swept once, and none that mail is filed in."""
    tables: dict[tuple[str, ...], Imap] = {}
    plain = draft.tables.get("imap")
    if isinstance(plain, Imap):
        tables["imap",] = plain
    tables |= {("imaps", name): one for name, one in draft.imaps.items()}
    swept: dict[tuple[str, ...], str] = {}
    for at, one in tables.items():
        for key, folder in (("mailbox", one.mailbox), ("junk", one.junk)):
            here = f"[{'.'.join(at)}] {key}"
            if folder and swept.setdefault((*_account(one), _folder(folder)), here) != here:
                other = swept[(*_account(one), _folder(folder))]
                yield (*at, key), f"{other} is this folder of this account too; keep one of them"
    for at, one in tables.items():
        other = swept.get((*_account(one), _folder(one.archive)), "")
        if other and not other.startswith(f"[{'.'.join(at)}]"):  # its own are said by the table
            yield (*at, "archive"), f"{other} is this folder: mail would go round for ever"


def _account(one: Imap) -> tuple[str, str, str]:
    return one.host.lower(), str(one.port), one.username.lower()


def _folder(name: str) -> str:
    return name.upper() if name.upper() == "INBOX" else name  # RFC 9051 section 5.1


# -- what is allowed and perhaps not meant ----------------------------------------------------


def warnings(settings: Settings) -> tuple[str, ...]:
    """What `cocmail check` and the log of a starting daemon say, one line each."""
    return tuple(_warnings(settings))


def _warnings(settings: Settings) -> Iterator[str]:
    needed, there = settings.policy.approvals, len(settings.committee)
    if needed > there:
        yield (
            f"[policy] approvals: {needed} are needed and the committee has {there}:"
            " no sanction can be decided"
        )
    permanent = settings.policy.approvals_permanent
    if isinstance(permanent, int) and permanent > there:
        yield (
            f"[policy] approvals_permanent: {permanent} are needed and the committee has {there}:"
            " no permanent sanction can be decided"
        )
    elif not isinstance(permanent, int) and there < 2:
        yield "[[committee]]: no majority is less than two: nothing permanent can be decided"
    if not settings.policy.escalate_to:
        yield (
            "[policy] escalate_to: empty: when too few members may act, nobody is told;"
            " name somebody outside the committee"
        )
    signing, domain = settings.signing, settings.community.address.domain
    if signing and domain != signing.domain and not domain.endswith("." + signing.domain):
        yield (
            "[signing] domain: isn't the community address's domain, so the signature"
            " proves nothing to most receivers (DMARC)"
        )
    connections: dict[str, Imap | Submission] = {
        **settings.accounts,
        "submission": settings.submission,
    }
    for name, server in connections.items():
        unprotected = server.username and server.security is Security.NONE
        if unprotected and not is_local(server.host):
            yield f"[{name}] security: the password crosses the network unprotected"
    for site, mailman in settings.sites.items():
        if mailman.url.startswith("http:") and not is_local(_host(mailman.url)):
            section = site or "mailman"
            yield f"[{section}] url: the password crosses the network unprotected; use https"
    lmtp = settings.lmtp
    if isinstance(lmtp, Lmtp) and lmtp.endpoint and not is_local(lmtp.endpoint[0]):
        yield "[lmtp] listen: open to the network, and LMTP asks nobody who they are"


def _host(url: str) -> str:
    authority = url.partition("://")[2].partition("/")[0]
    return authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
