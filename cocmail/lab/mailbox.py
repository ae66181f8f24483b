"""What a mail client or an MX does to an inbox: put a message in, look at what is there.

Owns a short IMAP connection for each act, and one LMTP delivery. Knows nothing of which server it
talks to. Called by the demo and tests, through `Dovecot` and `Pymap`.
"""

import imaplib
import re
import smtplib
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """One user's mailboxes on a loopback IMAP server."""

    port: int
    username: str
    password: str = field(repr=False)

    @contextmanager
    def session(self) -> Iterator[imaplib.IMAP4]:
        """A logged-in imaplib connection."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=120) as imap:
            # imaplib sends a literal and its end apart, which Nagle would hold back.
            imap.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            imap.login(self.username, self.password)
            yield imap

    def append(self, message: bytes, *, mailbox: str = "INBOX") -> None:
        self.append_all([message], mailbox=mailbox)

    def append_all(self, messages: Iterable[bytes], *, mailbox: str = "INBOX") -> None:
        with self.session() as imap:
            for message in messages:
                now = imaplib.Time2Internaldate(time.time())
                status, answer = imap.append(mailbox, "", now, message)
                if status != "OK":
                    raise OSError(f"APPEND to {mailbox}: {answer!r}")

    def count(self, mailbox: str = "INBOX") -> int:
        """How many messages; 0 where there is no such mailbox."""
        with self.session() as imap:
            status, answer = imap.status(mailbox, "(MESSAGES)")
        if status != "OK" or not isinstance(answer[0], bytes):
            return 0
        found = re.search(rb"MESSAGES (\d+)", answer[0])
        return int(found[1]) if found else 0

    def messages(self, mailbox: str = "INBOX") -> list[bytes]:
        """Every message, oldest first; none where there is no such mailbox."""
        with self.session() as imap:
            if imap.select(mailbox, readonly=True)[0] != "OK":
                return []
            uids = imap.uid("SEARCH", "ALL")[1][0] or b""
            found = []
            for uid in uids.split():
                for part in imap.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1]:
                    if isinstance(part, tuple):
                        found.append(bytes(part[1]))
            return found


def deliver_by_lmtp(
    port: int, message: bytes, *, recipient: str, sender: str = "", host: str = "127.0.0.1"
) -> None:
    """One message to one recipient; raises smtplib.SMTPException if it is refused."""
    with smtplib.LMTP(host, port, timeout=120) as lmtp:
        lmtp.sendmail(sender, [recipient], message)
