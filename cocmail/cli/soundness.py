"""What `cocmail check` looks at: each thing by itself, against the real server.

Owns the order and which adapter answers for what. Refuses to change anything, except for the two
mails of ``--probe``. No look stops the next one. Called by `cocmail check`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cocmail import parts, servers
from cocmail.adapters import template_check
from cocmail.adapters.filters import Filters
from cocmail.adapters.filters import load as load_filters
from cocmail.adapters.imap import ImapInbox
from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.reading import at_once
from cocmail.adapters.roundtrip import probe as probe_roundtrip
from cocmail.adapters.signing_key import probe as probe_signing_key
from cocmail.adapters.store import schema
from cocmail.adapters.store.engine import Database
from cocmail.adapters.vault import Keys, load_keys
from cocmail.cli.unseen import for_nobody, known_to
from cocmail.config import Settings, warnings
from cocmail.config.tables import Mailman
from cocmail.core.coverage import forgotten_groups
from cocmail.core.enforcement import Observed
from cocmail.core.errors import CocmailError
from cocmail.core.filtering import SetAside, view
from cocmail.core.limits import Limits
from cocmail.core.mail import Mail
from cocmail.core.sites import claimed_twice, section, union
from cocmail.core.versions import differs, untried

# What a filter that works passes, whatever else it looks for.
_ORDINARY = (
    b"From: Anna <anna@example.net>\r\nTo: conduct@example.org\r\nSubject: A report\r\n"
    b"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <a-report@example.net>\r\n\r\n"
    b"Somebody was rude to me on the list. Please look at the thread of yesterday.\r\n"
)


class Soundness(StrEnum):
    SOUND = "sound"
    WARNING = "warning"
    UNTRIED = "not tried"
    WRONG = "not sound"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    state: Soundness
    text: str


async def findings(settings: Settings, *, probe: bool) -> AsyncIterator[Finding]:
    """Each as soon as it is known."""
    yield Finding(Soundness.SOUND, f"configuration: {settings.source} can be read")
    said: set[str] = set()  # one missing file can be in the way of several looks
    for look in (
        _policy,
        _key,
        _store,
        _mail_in,
        _mail_out,
        _signing,
        _lists,
        _postfix,
        _filters,
        _letters,
        _clock,
    ):
        async for finding in _tried(look(settings)):
            if finding.text not in said:
                said.add(finding.text)
                yield finding
    async for finding in _tried(_plus(settings, probe=probe)):
        if finding.text not in said:
            yield finding


async def _tried(look: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    """The findings of one look; its error is the last of them."""
    try:
        async for finding in look:
            yield finding
    except CocmailError as error:
        for line in str(error).splitlines():
            yield Finding(Soundness.WRONG, line)


def _of(pairs: Sequence[tuple[bool | None, str]]) -> list[Finding]:
    states = {True: Soundness.SOUND, None: Soundness.WARNING, False: Soundness.WRONG}
    return [Finding(states[sound], text) for sound, text in pairs]


async def _policy(settings: Settings) -> AsyncIterator[Finding]:
    for line in warnings(settings):
        yield Finding(Soundness.WARNING, line)
    unused = settings.unused()
    if unused:
        line = f"accepted, and not yet in use in this version: {', '.join(unused)}"
        yield Finding(Soundness.WARNING, line)


async def _key(settings: Settings) -> AsyncIterator[Finding]:
    path = settings.store.key_file
    load_keys(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    yield Finding(Soundness.SOUND, f"key file: {path} is a key, for its owner alone ({mode:04o})")


async def _store(settings: Settings) -> AsyncIterator[Finding]:
    place = settings.store
    if place.sqlite and not place.sqlite.exists():
        if os.access(place.sqlite.parent, os.W_OK):
            line = f"store: there is none yet at {place.sqlite}; `cocmail run` makes it"
            yield Finding(Soundness.SOUND, line)
        else:
            line = f"[store] url: {place.sqlite.parent} can't be written; make it, or give it to us"
            yield Finding(Soundness.WRONG, line)
        return
    try:
        keys: Keys | None = load_keys(place.key_file)
    except CocmailError:
        keys = None  # said already
    database = Database(place.url, place.password_file, create=False)
    try:
        async with database.reading() as connection:
            if await schema.standing(connection) is schema.Standing.EMPTY:
                line = f"store: {database.where} is empty; `cocmail run` makes the store"
                yield Finding(Soundness.SOUND, line)
                return
            await schema.require_current(connection, database.where)
            yield Finding(Soundness.SOUND, f"store: {database.where} has this version's schema")
            if keys is not None:
                await schema.require_key(connection, keys, database.where)
                yield Finding(Soundness.SOUND, "store: the key file is this store's")
                async for finding in _kept(settings, keys):
                    yield finding
    finally:
        await database.close()


async def _kept(settings: Settings, keys: Keys) -> AsyncIterator[Finding]:
    """What sanctions in force are on, and the configuration doesn't name any more; and mail that
    nobody may be told of."""
    store = await parts.store(settings, keys, parts.SystemClock())
    try:
        cases, _ = await store.unsettled()
        known = await known_to(store, settings, await store.quarantine())
    finally:
        await store.close()
    in_force = (s for case in cases for s in case.sanctions.values() if s.in_force)
    if lost := forgotten_groups(in_force, parts.groups(settings)):
        yield Finding(Soundness.WRONG, lost)
    if waits := for_nobody(known.values()):
        yield Finding(Soundness.WARNING, f"quarantine: {waits}")


async def _mail_in(settings: Settings) -> AsyncIterator[Finding]:
    for name, account in settings.accounts.items():
        # Each by itself: a missing password must not hide whether we could listen.
        try:
            inbox = ImapInbox(servers.imap_settings(name, account), parts.SystemClock())
            for finding in _of(await inbox.probe()):
                yield finding
        except CocmailError as error:
            yield Finding(Soundness.WRONG, str(error))
    server = servers.lmtp(settings)
    if server is not None:
        for finding in _of(await server.probe()):
            yield finding


async def _mail_out(settings: Settings) -> AsyncIterator[Finding]:
    submission = servers.submission(settings)
    try:
        for finding in _of(await submission.probe()):
            yield finding
    finally:
        await submission.close()


async def _filters(settings: Settings) -> AsyncIterator[Finding]:
    found = load_filters(settings.filters.directories)
    if not found:
        yield Finding(Soundness.WARNING, "filters: there are none; `cocmail init` writes some")
        return
    filters = Filters(found)
    try:
        judgement = await filters.judge(view(_ORDINARY, _read(_ORDINARY)))
    finally:
        await filters.close()
    for one, said in zip(found, judgement.said, strict=True):
        match said.verdict:
            case _ if said.broken:
                text = f"filter {one.name} {said.fault}. It would set every mail aside"
                text += f"; mend {one.path}, or move it away"
                yield Finding(Soundness.WRONG, text)
            case SetAside():
                text = f"filter {one.name}: sets an ordinary report aside; is it meant to?"
                yield Finding(Soundness.WARNING, text)
            case _:
                yield Finding(Soundness.SOUND, f"filter {one.name}: sha256 {one.digest}")


def _read(raw: bytes) -> Mail:
    mail = at_once(raw, None, Limits())
    assert isinstance(mail, Mail)
    return mail


async def _letters(settings: Settings) -> AsyncIterator[Finding]:
    texts = parts.templates(settings)
    wrong = template_check.problems(texts)
    for line in wrong:
        yield Finding(Soundness.WRONG, line)
    for language, lacking in template_check.incomplete(texts):
        line = f"letters in {language}: {len(lacking)} are missing and go out in English:"
        yield Finding(Soundness.WARNING, f"{line} {', '.join(lacking)}")
    if not wrong:
        own = sum(one.own for tag in texts.languages for one in texts.shelf(tag).sources.values())
        line = f"letters: in {', '.join(texts.languages)}"
        line += f"; {own} of your own, each tried with sample values" if texts.own else ""
        yield Finding(Soundness.SOUND, line)


async def _plus(settings: Settings, *, probe: bool) -> AsyncIterator[Finding]:
    if not settings.accounts:
        # By LMTP the envelope says which address a mail was for.
        line = "plus-addressing: not tried; by LMTP alone there is no inbox to look into"
        yield Finding(Soundness.UNTRIED, line)
        return
    if not probe:
        yield Finding(Soundness.UNTRIED, "plus-addressing: not tried; --probe mails itself to see")
        return
    submission = servers.submission(settings)
    try:
        pairs = await probe_roundtrip(
            submission=submission,
            inboxes=[servers.imap_settings(*one) for one in settings.accounts.items()],
            address=settings.community.address,
            delimiter=settings.community.delimiter,
        )
    finally:
        await submission.close()
    for finding in _of(pairs):
        yield finding


async def _signing(settings: Settings) -> AsyncIterator[Finding]:
    signing = settings.signing
    if signing is None:
        line = "[signing]: not set: what we send isn't signed by us; your mail server should do it"
        yield Finding(Soundness.WARNING, line)
        return
    for finding in _of(
        await probe_signing_key(
            pem=signing.key(),
            selector=signing.selector,
            domain=signing.domain,
            nameservers=settings.authentication.nameservers,
        )
    ):
        yield finding


async def _lists(settings: Settings) -> AsyncIterator[Finding]:
    seen: list[Observed] = []
    for site, server in settings.sites.items():
        async for finding in _mailman(site, server, seen):
            yield finding
    everywhere = union(seen, {})
    for line in claimed_twice(everywhere):
        yield Finding(Soundness.WRONG, line)
    away = len(seen) < len(settings.sites)
    protected = settings.postfix.addresses if settings.postfix else ()
    for one in protected:
        if one in everywhere.lists:
            line = f"[postfix] addresses: {one} is a list of Mailman's; take it out there"
            yield Finding(Soundness.WRONG, line)
    for site, server in settings.sites.items():
        for group, wanted in server.groups.items():
            missing = [one for one in wanted if one not in {*everywhere.lists, *protected}]
            if missing and not away:
                line = f"[{site or 'mailman'}.groups] {group}: Mailman has no list"
                yield Finding(Soundness.WRONG, f"{line} {', '.join(missing)}")


async def _postfix(settings: Settings) -> AsyncIterator[Finding]:
    table = servers.postfix(settings)
    if table is None or settings.postfix is None:
        return
    await table.observe([])  # says so where it can't be read
    for finding in _of(await table.ask(*settings.postfix.endpoint)):
        yield finding


async def _mailman(site: str, server: Mailman, seen: list[Observed]) -> AsyncIterator[Finding]:
    if server.retired:
        line = f"{section(site)}: shut down for good, as it says; nothing is put back there"
        seen.append(Observed(site=site, retired=True))
        yield Finding(Soundness.WARNING, line)
        return
    lists: MailmanLists | None = None
    try:
        lists = servers.mailman(site, server)
        version = await lists.version()
        yield Finding(Soundness.SOUND, f"{section(site)}: {version}, and we may use it")
        if words := untried(version):
            yield Finding(Soundness.WARNING, f"{section(site)}: {words}")
        if words := differs(version):
            yield Finding(Soundness.SOUND, f"{section(site)}: {words}")
        there = await lists.observe([])
        yield Finding(Soundness.SOUND, f"{section(site)}: {len(there.lists)} lists")
        if server.hook:
            server.hook_key(site or "mailman")
            line = f"{section(site)} hook: has a key; Mailman's plugin tells us at {server.hook}"
            yield Finding(Soundness.SOUND, line)
        seen.append(replace(there, site=site))
    except CocmailError as error:  # one must not hide what is wrong with another
        yield Finding(Soundness.WRONG, str(error))
    finally:
        if lists is not None:
            await lists.close()


async def _clock(settings: Settings) -> AsyncIterator[Finding]:
    # Ends of sanctions and votes hang on it, and so do signatures' times.
    if shutil.which("timedatectl") is None:
        yield Finding(Soundness.UNTRIED, "clock: no timedatectl here to ask whether it is right")
        return
    asked = await asyncio.create_subprocess_exec(
        *("timedatectl", "show", "--property=NTPSynchronized", "--value"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    said = (await asked.communicate())[0].strip()
    now = f"{parts.SystemClock().now():%Y-%m-%d %H:%M:%S} UTC"
    if asked.returncode:
        yield Finding(Soundness.UNTRIED, f"clock: {now}; whether it is right can't be asked here")
    elif said == b"yes":
        yield Finding(Soundness.SOUND, f"clock: {now}, kept right by NTP")
    else:
        yield Finding(Soundness.WARNING, f"clock: {now}, and nothing keeps it right; set up NTP")
