"""What Postfix asks before it takes a mail to a protected address, and the table that answers.

Owns the table's lines, when two senders are the same, and the answer. Refuses to know sanctions,
and to stand in the way: whatever is wrong here (no table, a line that nobody understands), the
answer is DUNNO, and the mail goes on as if nobody had asked. Postfix's spawn(8) starts it, a
process for each connection, so that it answers whether the daemon runs or not:

    python -I -m cocmail.adapters.postfix_policy TABLE

Postfix asks in one of two protocols, and the first byte tells which: its SMTPD_POLICY_README, or
socketmap_table(5), where the map's name is the protected address and the key is the sender. Only
the standard library is loaded, for it is started often. Also called by adapters.postfix, which
writes the table and reads it back with the same function that answers Postfix.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import syslog
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, BinaryIO

EVERY = "*"
"""All protected addresses, those that are protected later included."""

PROBE = "check@cocmail.invalid"
"""Nobody's address (RFC 2606 section 2): always rejected, so that `cocmail check` can see that
Postfix asks us, and changes nothing."""

WORDS = "We can't take mail from you at this address. You can always write to {}."
NOTHING = "DUNNO"

_KEPT_OPEN = ("postmaster", "abuse")  # RFC 2142; RFC 5321 section 4.5.1
_SIGNED = re.compile(r"prvs=[0-9][0-9a-f]{9}=", re.IGNORECASE)  # BATV, put there by their server
_LONG = 320  # characters: a local part, "@" and a domain (RFC 5321 section 4.5.3.1)
_LONGEST = 1 << 16  # characters of one request; bytes, of one by socketmap
_DIGITS = len(str(_LONGEST))


def same(address: str) -> str:
    """An address in the form in which two are compared: case, composed letters and how a domain
    is written (RFC 5891) don't count."""
    text = address.strip().strip("<>")
    if len(text) > _LONG:
        return text.lower()  # nobody's, and the rest may take the square of its length
    text = unicodedata.normalize("NFC", text).lower()
    if "@" not in text:  # Postfix takes these older ways of writing local@domain, too
        text = re.sub(r"^([^!]+)!(.+)$|^(.+)%([^%]+)$", r"\2\3@\1\4", text)
    local, at, domain = text.rpartition("@")
    labels = domain.rstrip(".").split(".")
    return f"{local.strip(chr(34))}{at}{'.'.join(map(_ascii, labels))}"


def _ascii(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def tagged(address: str) -> str:
    """How a table writes an address with any detail after a "+" (RFC 5233)."""
    local, _, domain = same(address).rpartition("@")
    return f"{local}+*@{domain}"


def senders(address: str) -> tuple[str, ...]:
    """As what an envelope's sender may stand in a table: as itself, without what their server
    signed it with (BATV), and by its detail. Not at all for the null sender."""
    whole = same(address)
    if not whole.rpartition("@")[0]:
        return ()
    plain = _SIGNED.sub("", whole)
    local, _, domain = plain.rpartition("@")
    ways = {whole: None, plain: None}
    base, tag, rest = local.partition("+")
    while tag:
        ways[f"{base}+*@{domain}"] = None
        more, tag, rest = rest.partition("+")
        base = f"{base}+{more}"
    return tuple(ways)


def must_stay_open(recipient: str, conduct: str, delimiter: str) -> bool:
    """Whether everybody may always write there: the conduct address with all its details,
    postmaster and abuse."""
    address = same(recipient)
    local, _, domain = address.rpartition("@")
    if re.split(r"[+-]", local)[0] in _KEPT_OPEN:
        return True
    ours, _, our_domain = same(conduct).rpartition("@")
    base = local.partition(delimiter)[0] if delimiter else local
    return domain in ("", our_domain) and ours in (local, base)


@dataclass(frozen=True, kw_only=True)
class Table:
    """What stands in a table: its lines, and what they mean."""

    lines: tuple[str, ...] = field(default=(), repr=False)
    conduct: str = ""
    delimiter: str = "+"
    protected: frozenset[str] = frozenset()
    rejected: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    # (sender, protected address or EVERY)

    def rejects(self, sender: str, recipient: str) -> bool:
        """Whether mail from this envelope sender to this address is rejected."""
        if not self.conduct or must_stay_open(recipient, self.conduct, self.delimiter):
            return False
        to = self._protected(recipient)
        return any(
            one == same(PROBE) or {(one, where), (one, EVERY)} & self.rejected
            for where in to
            for one in senders(sender)
        )

    def _protected(self, recipient: str) -> frozenset[str]:
        """Which of the protected addresses is meant: what comes after the delimiter is delivered to
        the same people, and without a domain it is Postfix's own."""
        local, _, domain = same(recipient).rpartition("@")
        ways = {local, local.partition(self.delimiter)[0]}
        return frozenset(
            one
            for one in self.protected
            if one.rpartition("@")[0] in ways and domain in ("", one.rpartition("@")[2])
        )

    def answer(self, asked: Mapping[str, str]) -> str:
        """The action (access(5)) for one request."""
        if asked.get("request") != "smtpd_access_policy" or asked.get("protocol_state") != "RCPT":
            return NOTHING
        if self.rejects(asked.get("sender", ""), asked.get("recipient", "")):
            return f"550 5.7.1 {WORDS.format(self.conduct)}"
        return NOTHING


def understand(text: str) -> Table:
    """Lines are `conduct ADDRESS DELIMITER`, `protect ADDRESS` and `reject SENDER ADDRESS`, where
    ADDRESS may be `*`, and SENDER `local+*@domain`. Other lines mean nothing."""
    conduct, delimiter = "", "+"
    protected: set[str] = set()
    rejected: set[tuple[str, str]] = set()
    lines = tuple(text.splitlines())
    for line in lines:
        match line.split():
            case ["conduct", address, mark] if "@" in address and len(mark) == 1:
                conduct, delimiter = same(address), mark
            case ["protect", address] if "@" in address:
                protected.add(same(address))
            case ["reject", sender, where] if "@" in sender[1:]:
                rejected.add((same(sender), where if where == EVERY else same(where)))
    return Table(
        lines=lines,
        conduct=conduct,
        delimiter=delimiter,
        protected=frozenset(protected),
        rejected=frozenset(rejected),
    )


def requests(stream: IO[str]) -> Iterator[dict[str, str]]:
    """The requests on a connection: `name=value` lines, and an empty one."""
    asked: dict[str, str] = {}
    size = 0
    while line := stream.readline(_LONGEST):
        size += len(line)
        if size > _LONGEST:
            return
        if line != "\n":
            name, _, value = line.rstrip("\n").partition("=")
            asked[name] = value
            continue
        yield asked
        asked, size = {}, 0


def lookups(stream: BinaryIO) -> Iterator[dict[str, str]]:
    """The same from a socketmap: netstrings of a map's name, a space and a key. What is no
    netstring, or too long a one, ends it, as too long a request does."""
    while size := _size(stream):
        text = stream.read(size)
        if len(text) < size or stream.read(1) != b",":
            return
        name, _, key = text.decode(errors="surrogateescape").partition(" ")
        yield {
            "request": "smtpd_access_policy",
            "protocol_state": "RCPT",
            "recipient": name,
            "sender": key if all(same(key).rpartition("@")) else "",  # not a part of an address
        }


def _size(stream: BinaryIO) -> int:
    """Of the netstring that comes, in bytes; 0 where none comes that is to be read."""
    digits = b""
    while len(digits) <= _DIGITS and (one := stream.read(1)).isdigit():
        digits += one
    if not digits or len(digits) > _DIGITS or one != b":":
        return 0
    return size if (size := int(digits)) <= _LONGEST else 0


def serve(path: str, asked: IO[str], answers: IO[str]) -> None:
    """Until Postfix hangs up."""
    for one in requests(asked):
        answers.write(f"action={_action(path, one)}\n\n")
        answers.flush()


def serve_map(path: str, asked: BinaryIO, answers: BinaryIO) -> None:
    """The same, as a socketmap. What isn't rejected isn't found: Postfix knows no better way to
    say that mail goes on, and every word for trouble (TEMP, PERM) would keep it waiting."""
    for one in lookups(asked):
        action = _action(path, one)
        answer = "NOTFOUND " if action == NOTHING else f"OK {action}"
        text = answer.encode(errors="surrogateescape")
        answers.write(b"%d:%s," % (len(text), text))
        answers.flush()


def _action(path: str, asked: Mapping[str, str]) -> str:
    """From the table as it is now: nothing of it is kept from one request to the next."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return understand(file.read()).answer(asked)
    except Exception as wrong:  # what stderr says would reach Postfix as an answer
        syslog.syslog(syslog.LOG_WARNING, f"{_trouble(wrong)}; nothing is rejected")
        return NOTHING


def _trouble(wrong: Exception) -> str:
    why = getattr(wrong, "strerror", None) or type(wrong).__name__
    return f"the table of [postfix] can't be read ({why})"


def main(arguments: Iterable[str] = sys.argv[1:]) -> None:
    syslog.openlog("cocmail", facility=syslog.LOG_MAIL)
    (path,) = arguments
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")  # type: ignore[union-attr]
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        # A policy's request begins with a name, a netstring with its length.
        stream = sys.stdin.buffer
        assert isinstance(stream, io.BufferedReader)
        if stream.peek(1)[:1].isdigit():
            serve_map(path, stream, sys.stdout.buffer)
        else:
            serve(path, sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
