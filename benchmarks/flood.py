"""How long a real reporter waits for an acknowledgement while a thousand mails a minute come in.

The baseline is the same daemon in the same run with nothing else to do. The flood comes by LMTP,
from one sender and then from a thousand, each at a domain of its own: without a signature, with one
that isn't theirs, and to a reply address, into one case. The reporters write in the midst of it,
and their provider signs.
`FLOOD=200` sends fewer (in as much less time). Ends with 1 where one waits longer than promised.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from pathlib import Path

from benchmarks._daemon import ADDRESS, daemon
from cocmail.lab.correspondent import Correspondent, key_of_domain
from cocmail.lab.dns import Dns
from cocmail.lab.dovecot import Dovecot
from cocmail.lab.mailbox import deliver_by_lmtp
from cocmail.lab.mailman import Mailman
from cocmail.lab.sink import Sink
from cocmail.lab.waiting import NotInTime

FLOOD = int(os.environ.get("FLOOD", "1000"))
EACH = 60.0 / 1000  # seconds
REPORTERS = 5
PATIENCE = 60.0
PROMISED = 5.0  # seconds, that a real reporter waits in the midst of a thousand mails a minute
DOMAIN = "reporters.example.net"


def mail(sender: str, to: str, number: int) -> bytes:
    domain = sender.partition("@")[2]
    signature = (
        f"DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=mail; h=From; bh=YQ==; b=YQ==\r\n"
        if domain.startswith("forged")
        else ""
    )
    return (
        f"{signature}From: <{sender}>\r\nTo: {to}\r\nSubject: s{number}\r\n"
        f"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}.{sender}>\r\n\r\n"
        f"Number {number}.\r\n" + "More.\r\n" * 100
    ).encode()


def flood(port: int, to: str, sender: Callable[[int], str]) -> None:
    """At its pace, or as fast as we take it."""
    begun = time.monotonic()
    for number in range(FLOOD):
        time.sleep(max(0.0, begun + number * EACH - time.monotonic()))
        who = sender(number)
        deliver_by_lmtp(port, mail(who, to, number), recipient=to, sender=who)


def reply_address(port: int, sink: Sink) -> str:
    """Of a case that is there before."""
    who = f"first@{DOMAIN}"
    first = Correspondent(who, "", dkim_key=key_of_domain(DOMAIN)).write(ADDRESS, "First", "Help.")
    deliver_by_lmtp(port, first, recipient=ADDRESS, sender=who)
    answer = sink.wait_for(lambda c: c.is_for(who), PATIENCE, what="an acknowledgement")
    return parseaddr(answer.header("Reply-To"))[1]


def waits(port: int, sink: Sink, kind: str, over: float) -> list[float]:
    """Seconds until each reporter was answered; they write one after another, ``over`` so many
    seconds."""
    found = []
    for number in range(REPORTERS):
        begun = time.monotonic()
        who = f"reporter{number}@{DOMAIN}"
        signed = Correspondent(who, f"Reporter {number}", dkim_key=key_of_domain(DOMAIN)).write(
            ADDRESS, f"{kind} {number}", "Please help."
        )
        deliver_by_lmtp(port, signed, recipient=ADDRESS, sender=who)
        with contextlib.suppress(NotInTime):  # it is late then, and the others are waited for
            sink.wait_for(lambda c, who=who: c.is_for(who), PATIENCE, what="an acknowledgement")
        took = time.monotonic() - begun
        found.append(took)
        time.sleep(max(0.0, over / REPORTERS - took))
    return found


def late(rows: Mapping[str, Sequence[float]]) -> str:
    """In which rows a reporter waited longer than promised, and how long; "" where none did."""
    worst = {kind: max(took) for kind, took in rows.items()}
    found = [f"{took:.2f} s in '{kind}'" for kind, took in worst.items() if took > PROMISED]
    return f"a real reporter waited over {PROMISED:.0f} s: {', '.join(found)}" if found else ""


def main() -> str:
    floods: dict[str, Callable[[int], str] | None] = {
        "nothing": None,
        "one": lambda number: "somebody@flood.example",
        "many": lambda number: f"somebody@flood{number}.example",
        "forged": lambda number: f"somebody@forged{number}.example",
        "a case": lambda number: f"somebody@flood{number}.example",
    }
    bare = 0.0
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        with (
            Dovecot(base / "dovecot") as dovecot,
            Mailman(base / "mailman") as mailman,
            Dns() as dns,
        ):
            Correspondent(f"reporter@{DOMAIN}", "", dkim_key=key_of_domain(DOMAIN)).publish(dns)
            asks = f'[authentication]\nnameservers = ["{dns.address}"]\n'
            for kind, sender in floods.items():
                with Sink() as sink, daemon(base / kind, dovecot, mailman, sink, asks) as running:
                    port = running.lmtp_port
                    to = reply_address(port, sink) if kind == "a case" else ADDRESS
                    beside = threading.Thread(
                        target=flood if sender else time.sleep,
                        args=(port, to, sender) if sender else (0,),
                    )
                    begun = time.monotonic()
                    beside.start()
                    took = waits(port, sink, kind, FLOOD * EACH if sender else 5.0)
                    beside.join()
                    rows[kind] = took
                    lasted = time.monotonic() - begun
                    middle, worst = statistics.median(took), max(took)
                    bare = bare or middle
                    letters = len(sink.messages)
                    print(
                        f"{kind:8} {middle:6.2f} s (worst {worst:.2f})  {middle / bare:5.1f} times"
                        f"  {letters} letters in {lasted:.0f} s",
                        flush=True,
                    )
    return late(rows)


if __name__ == "__main__":
    sys.exit(main() or 0)
