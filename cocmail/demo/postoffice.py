"""The world's mail between the daemon and people who joined a demo that was kept running.

Owns who gets what: mail to the community goes into the daemon's inbox, signed as the provider of a
known sender would; all other mail into its recipient's own mailbox. Knows no plot. Called by the
stage, for `--keep`.
"""

from email.parser import BytesParser
from email.utils import parseaddr

from cocmail.demo.cast import COMMUNITY, correspondents
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.pymap_server import Pymap
from cocmail.lab.sink import Caught


class PostOffice:
    """A sink's `forward`: called for each message, in the sink's thread."""

    def __init__(self, imap: Dovecot | Pymap) -> None:
        self._imap = imap
        self._people = {one.address: one for one in correspondents()}

    def __call__(self, caught: Caught) -> None:
        for recipient in caught.recipients:
            if is_ours(recipient):
                self._imap.deliver(
                    self._signed(caught.data), recipient=recipient, sender=caught.sender
                )
            elif isinstance(self._imap, Dovecot):
                self._imap.deliver(caught.data, recipient=recipient, sender=caught.sender)

    def _signed(self, mail: bytes) -> bytes:
        headers = BytesParser().parsebytes(mail, headersonly=True)
        sender = self._people.get(parseaddr(str(headers["From"]))[1].lower())
        if sender is None or headers["DKIM-Signature"] is not None:
            return mail
        return sender.sign(mail)


def is_ours(recipient: str) -> bool:
    """Does this address reach the community's inbox?"""
    local, _, domain = recipient.lower().rpartition("@")
    our_local, _, our_domain = COMMUNITY.partition("@")
    return domain == our_domain and local.partition("+")[0] == our_local
