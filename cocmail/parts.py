"""Settings become the store, and the world as the core sees it.

Owns the one translation from cocmail.toml to what every verb needs; what talks to servers is
next door (servers), so that a verb that only reads need not load it. Refuses to start anything.
Called by the daemon and the command line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cocmail.adapters import template_check
from cocmail.adapters.store import Keys, SqlStore, load_keys, open_store
from cocmail.adapters.templates import Templates
from cocmail.config import ConfigurationError, Settings
from cocmail.config.values import Attachments, Return
from cocmail.core import events
from cocmail.core.case import Case
from cocmail.core.committee import Committee
from cocmail.core.folding import fold
from cocmail.core.index import Row
from cocmail.core.mail import recipients
from cocmail.core.minting import Minter, is_ours
from cocmail.core.people import Address
from cocmail.core.policy import Policy, Unsigned
from cocmail.core.roster import in_force
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

    def fold(
        self,
        case: str,
        history: tuple[tuple[int, datetime, Any], ...],
        before: Case | None = None,
    ) -> Case:
        return fold(case, history, before)

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
        urgent_within=said.urgent_within,
        escalate_to=tuple(Address(one) for one in said.escalate_to),
        roster_delay=said.roster_delay,
        objection_within=said.objection_within,
        counsel_after=said.counsel_after,
        tell_owners=said.tell_owners,
        on_request=said.return_ is Return.ON_REQUEST,
        history=said.history,
        watch_for=said.watch_for,
        unsigned=Unsigned(settings.authentication.unsigned.value),
    )


def templates(settings: Settings) -> Templates:
    """The texts of all letters, not yet looked at: a verb that only reads doesn't need them."""
    return Templates(settings.community.language, settings.community.templates)


def require_sound(texts: Templates) -> None:
    """Raises ConfigurationError with a line for everything that is wrong with their own letters,
    so that it shows now and not when somebody waits for one."""
    wrong = template_check.problems(texts)
    if wrong:
        raise ConfigurationError(*wrong)


def groups(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(str(Address(one)) for one in lists) for name, lists in settings.groups.items()
    }


def setting_maker(
    settings: Settings, keys: Keys, clock: SystemClock, templates: Templates
) -> Callable[[Committee], Setting]:
    """The world as the core sees it, anew for each transaction."""
    fixed: dict[str, Any] = {
        "name": settings.community.name,
        "address": community(settings),
        "delimiter": settings.community.delimiter,
        "policy": policy(settings),
        "groups": groups(settings),
        "minter": minter(settings, keys),
        "render": templates.render,
        "language": templates.language,
        "languages": templates.languages,
        "copying": settings.community.attachments is Attachments.COPY,
    }

    def now(committee: Committee) -> Setting:
        instant = clock.now()
        roster = in_force(committee, settings.roster, instant)
        return Setting(
            **fixed, roster=roster, committee=committee, now=instant, entropy=os.urandom(32)
        )

    return now


def ours(settings: Settings) -> Callable[[Address], bool]:
    """Whether an address is the community's, with or without a detail."""
    address, delimiter = community(settings), settings.community.delimiter
    return lambda one: is_ours(one, address, delimiter) is not None


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
