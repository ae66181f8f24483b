"""How long three hundred reports take from the inbox to their acknowledgements.

The baseline is what a volunteer would write in an evening, in the same run on the same Dovecot:
IMAPClient, `email.policy.default`, one SQLite insert and commit and one acknowledgement a mail,
then a move. It seals nothing, checks no signature, writes to no committee (we do, to two members),
keeps no ledger, and loses what it was at when it dies. `MAILS=50 python -m benchmarks.intake` makes
it shorter.
"""

from __future__ import annotations

import os
import smtplib
import sqlite3
import tempfile
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

from imapclient import IMAPClient

from benchmarks._daemon import daemon
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Sink

MAILS = int(os.environ.get("MAILS", "300"))
PATIENCE = 300.0


def reports(to: str) -> list[bytes]:
    return [
        (
            f"From: R{n} <r{n}@r.example.net>\r\nTo: {to}\r\nDelivered-To: {to}\r\n"
            f"Subject: s{n}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
            f"Message-ID: <m{n}@r.example.net>\r\n\r\nReport number {n}.\r\n" + "More.\r\n" * 300
        ).encode()
        for n in range(MAILS)
    ]


def naive(dovecot: Dovecot, sink: Sink, folder: Path) -> float:
    store = sqlite3.connect(folder / "naive.db")
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE reports (sender TEXT, subject TEXT, body TEXT, raw BLOB)")
    begun = time.perf_counter()
    with (
        IMAPClient("127.0.0.1", dovecot.imap_port, ssl=False) as imap,
        smtplib.SMTP("127.0.0.1", sink.port) as smtp,
    ):
        imap.login("naive", dovecot.password)
        imap.create_folder("Archive")
        imap.select_folder("INBOX")
        for uid in imap.search("ALL"):
            raw = imap.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
            mail = message_from_bytes(raw, policy=default)
            body = mail.get_body(("plain",))
            assert body is not None
            sender = parseaddr(str(mail["From"]))[1]
            row = (sender, str(mail["Subject"]), body.get_content(), raw)
            store.execute("INSERT INTO reports VALUES (?, ?, ?, ?)", row)
            store.commit()
            answer = EmailMessage()
            answer["From"], answer["To"] = "naive@example.org", sender
            answer["Subject"] = "We got your report"
            answer.set_content("Thank you.")
            smtp.send_message(answer)
            imap.move([uid], "Archive")
    took = time.perf_counter() - begun
    store.close()
    return took


def ours(dovecot: Dovecot, mailman: Mailman, sink: Sink, folder: Path) -> tuple[float, float]:
    """Until the last acknowledgement left, and until the last letter did."""
    no_flood = "[limits]\nfrom_domain = 1000000\nin_all = 1000000\n"
    with daemon(folder, dovecot, mailman, sink, no_flood):
        begun = time.perf_counter()
        sink.wait_for_all(lambda c: c.header("Cocmail-Kind") == "acknowledgement", MAILS, PATIENCE)
        acknowledged = time.perf_counter() - begun
        sink.wait_for_all(lambda c: True, 3 * MAILS, PATIENCE)
        return acknowledged, time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        with Dovecot(base / "dovecot") as dovecot, Mailman(base / "mailman") as mailman:
            dovecot.mailbox("naive").append_all(reports("naive@example.org"))
            with Sink() as sink:
                theirs = naive(dovecot, sink, base)
                assert len(sink.messages) == MAILS
            dovecot.mailbox().append_all(reports("conduct@example.org"))
            with Sink() as sink:
                acknowledged, all_told = ours(dovecot, mailman, sink, base / "cocmail")
    print(f"a naive script            {theirs:6.1f} s for {MAILS} mails  1.00")
    print(f"cocmail, acknowledged     {acknowledged:6.1f} s  {acknowledged / theirs:.2f} times")
    print(f"cocmail, committee told   {all_told:6.1f} s  {all_told / theirs:.2f} times")


if __name__ == "__main__":
    main()
