"""The targets by name, each with the pieces that its inputs are often made of.

A target takes any bytes and raises AssertionError, or whatever it came to, where something doesn't
hold. Called by the tests, by `make fuzz` and by whoever looks at a finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import placing, readers, talk

CORPUS = Path(__file__).parent / "corpus"
SECONDS = 1.0  # of processor time, that an input may take
LONG = 30_000  # bytes: what is repeated up to there takes no more

_HEADER = (
    b"From: ", b"To: ", b"Cc: ", b"Subject: ", b"Date: ", b"Message-ID: <", b"\r\n", b"\r\n ",
    b"\r\n\r\n", b"=?utf-8?q?", b"=?utf-8?b?", b"?=", b"Content-Type: ", b"multipart/mixed",
    b"multipart/alternative", b"; boundary=", b"text/plain", b"text/html", b"message/rfc822",
    b"; charset=", b"utf-16", b"iso-2022-jp", b"gb18030", b"; format=flowed", b"; delsp=yes",
    b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"--b", b"--b--",
    b"Content-Disposition: attachment; filename=", b"filename*0*=utf-8''", b"DKIM-Signature: ",
    b"<html>", b"<table><tr><td>", b"<!--", b"&amp;", b"-----BEGIN PGP MESSAGE-----",
    b"multipart/report; report-type=delivery-status", b"Auto-Submitted: auto-replied",
)  # fmt: skip
_ADDRESSED = (
    b"In-Reply-To: ", b"References: ", b"Delivered-To: ", b"conduct@example.org",
    b"conduct+not-alice@example.org", b"conduct+escrow@example.org",
    b"anna@quiet.example", b"bert@hush.example", b"alice@alice.example", b"carol@carol.example",
    b"/approve", b"/close resolved", b"/reply reporter\r\n", b"/recuse carol", b"/include carol",
    b"/merge ", b"/link ", b"/split 1", b"keep this until others report",
    *(f"conduct+{token}@example.org".encode() for token in placing.TOKENS),
    *(one.encode() for one in placing.SENT),
)  # fmt: skip
_WORDS = tuple(f"/{word} ".encode() for word in talk.COMMANDS)
_COMMANDS = (
    b"9" * 5_000, b"1-1-", b"/end", b" because ", b" for ", b" until ", b" on ", b" all",
    b" including roles", b"\n",
    b"> ", b"suspend ", b"ban ", b"warn ", b"90 days", b"2027-03-31", b"mallory@example.net",
    b"Mal <mal@example.net>", b"mal@example.net<mailto:mal@example.net>", b"#1", b" 1", b" near ",
    b"\n\n", b"reporter", b"respondent", b"provided ", "\u00a0".encode(), "\u201c".encode(),
    "\u2014".encode(), "\u00b2".encode(), "\u0663".encode(), b"all", b"COC-7F3KQ2", b"S7K2QD",
)  # fmt: skip
_PEOPLE = (
    b"<", b">", b"@", b"(", b")", b'"', b"\\", b",", b":", b";", b".", b"+tag", b"=?utf-8?q?=40?=",
    b"=?utf-8?q?", b"?=", b"[", b"]", b" ",
    b"alice@alice.example", b"Alice Quillfeather", b"bela.ore", "Øre".encode(), "\u0301".encode(),
    "\u202e".encode(), "\u212a".encode(), "\u0130".encode(), "\u200b".encode(), "\u0430".encode(),
)  # fmt: skip
_RESULTS = (
    b"Authentication-Results: ", b"mx.example.org", b"; ", b"dkim=pass", b"spf=fail", b"none",
    b" header.d=", b" smtp.mailfrom=", b"reason=\"", b"\"", b"(", b")", b"\\", b"/1", b" 1", b"=",
    b" = ", b"\n ", b"From: a@b.example\n",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Target:
    name: str
    holds: Callable[[bytes], None]
    pieces: tuple[bytes, ...]
    heads: tuple[bytes, ...] = (b"",)  # what an input often begins with
    longest: int  # bytes of an input
    at_length: bool = True  # it is for long ones too

    def tried(self, data: bytes) -> None:
        """Raises what the input came to; AssertionError too where it took too long."""
        for one in (data, *(_repeated(data) if self.at_length else ())):
            began = time.thread_time()
            self.holds(one)
            took = time.thread_time() - began
            assert took < SECONDS, f"it took {took:.1f} s"

    @property
    def seeds_at(self) -> Path:
        return CORPUS / self.name

    def seeds(self) -> Iterator[Path]:
        yield from sorted(self.seeds_at.iterdir())


def _repeated(data: bytes) -> Iterator[bytes]:
    """One input in some is tried at length too, by what it holds and not by chance."""
    if data and sum(data) % 64 == 0:
        yield (data * (LONG // len(data) + 1))[:LONG]


TARGETS: Mapping[str, Target] = {
    one.name: one
    for one in (
        Target(name="limits", holds=readers.limits, pieces=_HEADER, longest=4_000),
        Target(name="parser", holds=readers.parser, pieces=_HEADER, longest=8_000),
        Target(
            name="threads",
            holds=placing.threads,
            pieces=_HEADER[:9] + _ADDRESSED,
            longest=4_000,
            at_length=False,
        ),
        Target(name="commands", holds=talk.commands, pieces=_COMMANDS, heads=_WORDS, longest=6_000),
        Target(name="addresses", holds=talk.addresses, pieces=_PEOPLE, longest=400),
        Target(name="results", holds=talk.results, pieces=_RESULTS, longest=1_000),
    )
}
