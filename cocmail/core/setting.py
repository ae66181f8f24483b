"""Everything a decision needs besides the case and the mail, as one value.

Owns nothing but the gathering: the community, its committee and policy, the instant, fresh
random bytes. Made by the daemon for each transaction; with the same setting the core always
decides the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cocmail.core.case import Case
from cocmail.core.committee import Committee
from cocmail.core.languages import choose
from cocmail.core.letters import Render
from cocmail.core.mail import Mail
from cocmail.core.minting import Minter
from cocmail.core.people import Address, Roster
from cocmail.core.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The world as the core sees it at one instant."""

    name: str  # of the community
    address: Address
    delimiter: str
    roster: Roster
    policy: Policy
    groups: Mapping[str, tuple[str, ...]]
    minter: Minter
    render: Render = field(repr=False)
    now: datetime
    entropy: bytes = field(repr=False)
    language: str = "en"  # the community's
    languages: tuple[str, ...] = ("en",)  # that there are letters in
    copying: bool = False  # members get what was attached, not only a list of it

    doubtful: bool = False  # the clock isn't believed: no time is over (core.clock)
    committee: Committee = field(default_factory=Committee)
    # The cases that the one at hand is linked with, or may belong together with, by their ids.
    near: Mapping[str, Case] = field(default_factory=dict, repr=False)

    def language_of(self, mail: Mail) -> str:
        """The language that a mail's writer asks for, if we have it; else ""."""
        return choose(mail.languages, self.languages)
