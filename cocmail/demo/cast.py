"""Who plays: three members, a reporter, a respondent, a forger; and how each sends mail.

Owns names, addresses and keys. Knows nothing of the plot. Called by the stage and the story.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cocmail.lab.community import Respondent
from cocmail.lab.correspondent import Correspondent, key_of_domain, make_key
from cocmail.lab.dns import Dns

COMMUNITY = "conduct@example.org"


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody on the committee."""

    handle: str
    name: str
    address: str

    @cached_property
    def client(self) -> Correspondent:
        domain = self.address.partition("@")[2]
        return Correspondent(self.address, self.name, dkim_key=key_of_domain(domain))

    @cached_property
    def forger(self) -> Correspondent:
        """Somebody else who writes in this member's name, with a key that isn't theirs."""
        return Correspondent(self.address, self.name, dkim_key=make_key())


ALICE = Member(handle="alice", name="Alice Adeyemi", address="alice@alice.example")
BOB = Member(handle="bob", name="Bob Brandt", address="bob@bob.example")
CAROL = Member(handle="carol", name="Carol Costa", address="carol@carol.example")
COMMITTEE: Sequence[Member] = (ALICE, BOB, CAROL)

RAE = Correspondent("rae@rae.example", "Rae Rivera", dkim_key=key_of_domain("rae.example"))
MALLORY = Respondent()
MALLORY_CLIENT = Correspondent(
    MALLORY.addresses[0], MALLORY.name, dkim_key=key_of_domain("mail.example.net")
)


def correspondents() -> list[Correspondent]:
    return [*(member.client for member in COMMITTEE), RAE, MALLORY_CLIENT]


def publish_keys(dns: Dns) -> None:
    for correspondent in correspondents():
        correspondent.publish(dns)
