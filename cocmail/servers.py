"""Settings become the adapters that talk to servers.

Owns the one translation from cocmail.toml to IMAP, LMTP, submission, DNS, Mailman and
Postfix. Refuses to start anything. Called by the daemon, by `cocmail check` and by the verbs that
look at the lists.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cocmail.adapters.alignment import organizations
from cocmail.adapters.authentication import DkimAuthenticator
from cocmail.adapters.hook import Changed, Hook, ToHold
from cocmail.adapters.imap import ImapInbox
from cocmail.adapters.imap_session import ImapSettings
from cocmail.adapters.lmtp import LmtpServer, LmtpSettings
from cocmail.adapters.mailman import MailmanLists
from cocmail.adapters.postfix import PostfixTable
from cocmail.adapters.reading import Reader
from cocmail.adapters.room import Room
from cocmail.adapters.signing import Signer
from cocmail.adapters.submission import SmtpSubmission, SubmissionSettings
from cocmail.adapters.token_command import TokenCommand
from cocmail.adapters.venues import Venues
from cocmail.adapters.workers import Workers
from cocmail.config import Settings
from cocmail.config.tables import Imap, Mailman
from cocmail.core.floods import Rates
from cocmail.core.limits import Limits
from cocmail.parts import SystemClock, community, ours
from cocmail.ports import Lists


def rates(settings: Settings) -> Rates:
    said = settings.limits
    return Rates(
        sender=said.from_sender,
        domain=said.from_domain,
        everybody=said.in_all,
        organization=organizations(),
    )


def limits(settings: Settings) -> Limits:
    said = settings.limits
    return Limits(
        size=said.size,
        header=said.header,
        line=said.header_line,
        white_space=said.white_space,
        parts=said.parts,
        depth=said.depth,
    )


def room(settings: Settings) -> Room:
    """On the disk of the store; of another machine's, its database tells."""
    file = settings.store.sqlite
    return Room(None if file is None else file.parent, settings.limits.disk_free << 20)


def workers(settings: Settings) -> Workers:
    """The processes that unusual mail is read in; none runs yet."""
    said = settings.limits
    return Workers(most=said.readers, seconds=said.seconds, memory=said.memory << 20)


def reader(settings: Settings, workers: Workers) -> Reader:
    return Reader(limits(settings), workers)


def imap_settings(section: str, said: Imap) -> ImapSettings:
    password: Callable[[], str]
    if said.token_command is None:
        said.secret(section)  # so that a missing file is told at once
        password = partial(said.secret, section)
    else:
        password = TokenCommand(said.token_command, f"[{section}] token_command")
    return ImapSettings(
        account=section,
        host=said.host,
        port=said.port,
        security=said.security.value,
        username=said.username,
        password=password,
        authentication="password" if said.password_file else "xoauth2",
        login_key=said.login_key,
        ca_file=said.ca_file,
        mailbox=said.mailbox,
        archive=said.archive,
        archive_keep=said.archive_keep,
        junk=said.junk,
    )


def imaps(settings: Settings, clock: SystemClock) -> tuple[ImapInbox, ...]:
    """One for each mailbox."""
    return tuple(ImapInbox(imap_settings(*one), clock) for one in settings.accounts.items())


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
            ca_file=said.ca_file,
        ),
        signer=signer,
    )


def lists(settings: Settings) -> Venues:
    """Every venue of the community, as one."""
    venues: dict[str, Lists] = {
        site: mailman(site, said) for site, said in settings.sites.items() if not said.retired
    }
    retired = [site for site, said in settings.sites.items() if said.retired]
    if settings.postfix and settings.postfix.retired:
        retired.append(POSTFIX)
    elif table := postfix(settings):
        venues[POSTFIX] = table
    return Venues(venues, retired=retired)


POSTFIX = "postfix"
"""The site of the table for Postfix."""


def postfix(settings: Settings) -> PostfixTable | None:
    said = settings.postfix
    if said is None or said.retired:
        return None
    return PostfixTable(
        said.table,
        said.addresses,
        conduct=community(settings),
        delimiter=settings.community.delimiter,
    )


def hooks(settings: Settings, changed: Changed, to_hold: ToHold) -> tuple[Hook, ...]:
    """Where each Mailman's plugin tells of changes."""
    return tuple(
        Hook(
            said.hook_endpoint,
            said.hook_key(site or "mailman").encode(),
            changed,
            to_hold,
            site=site,
        )
        for site, said in settings.sites.items()
        if said.hook_endpoint and not said.retired
    )


def mailman(site: str, said: Mailman) -> MailmanLists:
    section = site or "mailman"
    return MailmanLists(
        said.url,
        said.username,
        said.password(section),
        section=section,
        ca_file=said.ca_file,
    )


def authenticator(settings: Settings, reader: Reader) -> DkimAuthenticator:
    said = settings.authentication
    return DkimAuthenticator(
        said.nameservers,
        said.trusted_authserv_ids,
        only_results_of={
            section: one.only_results_of
            for section, one in settings.accounts.items()
            if one.only_results_of
        },
        limits=limits(settings),
        elsewhere=reader.check,
    )
