"""Settings become adapters.

Owns the one translation from cocmail.toml to the rooms that talk to the world. Refuses to start
anything. Called by the daemon, by `cocmail check` and by the verbs that look at the lists.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.adapters.html import html_to_text
from cocmail.adapters.imap import ImapInbox
from cocmail.adapters.imap_session import ImapSettings
from cocmail.adapters.lmtp import LmtpServer, LmtpSettings
from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.signing import Signer
from cocmail.adapters.store import Keys, SqlStore, load_keys, open_store
from cocmail.adapters.submission import SmtpSubmission, SubmissionSettings
from cocmail.adapters.templates import Templates
from cocmail.config import Settings
from cocmail.config.tables import Imap
from cocmail.core import events
from cocmail.core.case import Case, fold
from cocmail.core.index import Row
from cocmail.core.mail import Mail, Unreadable, read, recipients
from cocmail.core.minting import Minter, is_ours
from cocmail.core.people import Address
from cocmail.core.policy import Policy, Unsigned
from cocmail.core.rows import rows
from cocmail.core.setting import Setting


class SystemClock:
    """UTC, now."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class CaseCodec:
    """The core's pure functions, as the store wants them."""

    minter: Minter

    def encode(self, event: Any) -> bytes:
        return events.encode(event)

    def decode(self, data: bytes) -> Any:
        return events.decode(data)

    def fold(self, case: str, history: tuple[tuple[int, datetime, Any], ...]) -> Case:
        return fold(case, history)

    def rows(self, case: Case) -> frozenset[Row]:
        return rows(case, self.minter)


def community(settings: Settings) -> Address:
    return Address(settings.community.address)


def minter(settings: Settings, keys: Keys) -> Minter:
    return Minter(
        token_key=keys.token,
        lookup_key=keys.lookup,
        community=community(settings),
        delimiter=settings.community.delimiter,
    )


def policy(settings: Settings) -> Policy:
    said = settings.policy
    permanent = said.approvals_permanent
    return Policy(
        approvals=said.approvals,
        approvals_permanent=permanent if isinstance(permanent, int) else str(permanent.value),
        voting_period=said.voting_period,
        interim_for=said.interim_for,
        acknowledge_within=said.acknowledge_within,
        update_within=said.update_within,
        appeal_within=said.appeal_within,
        tell_owners=said.tell_owners,
        unsigned=Unsigned(settings.authentication.unsigned.value),
    )


def groups(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(str(Address(one)) for one in lists)
        for name, lists in settings.mailman.groups.items()
    }


def setting_maker(
    settings: Settings, keys: Keys, clock: SystemClock, templates: Templates
) -> Callable[[], Setting]:
    """The world as the core sees it, anew for each transaction."""
    fixed: dict[str, Any] = {
        "name": settings.community.name,
        "address": community(settings),
        "delimiter": settings.community.delimiter,
        "roster": settings.roster,
        "policy": policy(settings),
        "groups": groups(settings),
        "minter": minter(settings, keys),
        "render": templates.render,
    }
    return lambda: Setting(**fixed, now=clock.now(), entropy=os.urandom(32))


def ours(settings: Settings) -> Callable[[Address], bool]:
    """Whether an address is the community's, with or without a detail."""
    address, delimiter = community(settings), settings.community.delimiter
    return lambda one: is_ours(one, address, delimiter) is not None


def reader() -> Callable[[bytes, str | None], Mail | Unreadable]:
    return lambda raw, return_path: read(raw, html_to_text=html_to_text, return_path=return_path)


async def store(
    settings: Settings, keys: Keys, clock: SystemClock, *, create: bool = False
) -> SqlStore[Any, Case]:
    accepts = ours(settings)

    def recipients_of(raw: bytes) -> tuple[Address, ...]:
        return tuple(a for a in recipients(raw) if accepts(a))

    return await open_store(
        settings.store.url,
        keys=keys,
        codec=CaseCodec(minter(settings, keys)),
        clock=clock,
        recipients_of=recipients_of,
        password_file=settings.store.password_file,
        create=create,
    )


def keys_of(settings: Settings) -> Keys:
    return load_keys(settings.store.key_file)


def imap_settings(said: Imap) -> ImapSettings:
    said.password()  # so that a missing file is told at once
    return ImapSettings(
        host=said.host,
        port=said.port,
        security=said.security.value,
        username=said.username,
        password=said.password,
        mailbox=said.mailbox,
        archive=said.archive,
        archive_keep=said.archive_keep,
        junk=said.junk,
    )


def imap(settings: Settings, clock: SystemClock) -> ImapInbox | None:
    return ImapInbox(imap_settings(settings.imap), clock) if settings.imap else None


def lmtp(settings: Settings) -> LmtpServer | None:
    said = settings.lmtp
    return LmtpServer(LmtpSettings(listen=said.listen), ours(settings)) if said else None


def submission(settings: Settings) -> SmtpSubmission:
    said = settings.submission
    signing = settings.signing
    signer = Signer(signing.domain, signing.selector, signing.key().encode()) if signing else None
    return SmtpSubmission(
        SubmissionSettings(
            host=said.host,
            port=said.port,
            security=said.security.value,
            username=said.username,
            password=said.password(),
        ),
        signer=signer,
    )


def mailman(settings: Settings) -> MailmanLists:
    said = settings.mailman
    return MailmanLists(said.url, said.username, said.password())


def authenticator(settings: Settings) -> DkimAuthenticator:
    said = settings.authentication
    return DkimAuthenticator(said.nameservers, said.trusted_authserv_ids)
