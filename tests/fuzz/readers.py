"""What must hold of the readers of mails, whatever bytes they get: limits, and the parser."""

from __future__ import annotations

import re
from itertools import islice

from cocmail.adapters.authentication import Rules, answered, proved
from cocmail.adapters.html import html_to_text
from cocmail.adapters.reading import _FILES, _READ, JOBS, at_once
from cocmail.core import mime
from cocmail.core.attached import facts
from cocmail.core.letters import clean
from cocmail.core.limits import Limits, TooMuchError, Usual, survey
from cocmail.core.mail import Mail, Unreadable, author, files, read, recipients
from cocmail.core.people import Address, is_address

SMALL = Limits(size=3_000, header=600, line=120, white_space=20, parts=5, depth=3, text=400)
USUAL = Usual(size=1_500, header=300, borders=6, tags=20, white_space=10)
_RULES = Rules(trusted=("mx.example.org",), now=1_795_000_000, limits=Limits())
_MOST_GROWN = 8  # a letter's longest form in UTF-8, and a table's lines between cells


def limits(raw: bytes) -> None:
    """A look over a mail finds what a slower and plainer look finds."""
    try:
        found = survey(raw, SMALL, USUAL)
    except TooMuchError:
        assert _beyond(raw), "within every limit, and refused"
        return
    assert len(raw) <= SMALL.size
    head = raw[: found.header.body]
    assert len(head) <= SMALL.header
    assert all(len(line) <= SMALL.line for line in head.split(b"\n"))
    if found.header.has("dkim-signature"):
        assert not _run(raw, SMALL.white_space + 1)
    places = sorted(place for where in found.borders.values() for place in where)
    assert places == _borders(raw, found.header.body)
    for line, where in found.borders.items():
        assert all(raw[place + 2 :].startswith(line) for place in where)
    assert found.usual == (
        len(raw) <= USUAL.size
        and found.header.body <= USUAL.header
        and len(places) <= USUAL.borders
        and raw.count(b"<") <= USUAL.tags
        and not _run(raw, USUAL.white_space + 1)
    )
    try:
        top = mime.walk(raw, found, SMALL)
    except TooMuchError:
        return
    count = _within(top, 0, len(raw), depth=0)
    assert count <= SMALL.parts
    for leaf in top.leaves():
        assert len(mime.content(raw, leaf)) <= max(3, leaf.end - leaf.start)


def _beyond(raw: bytes) -> bool:
    """Whether anything of it may be beyond a limit; where a header ends is not looked at."""
    return (
        len(raw) > SMALL.size
        or len(raw) > SMALL.header
        or any(len(line) > SMALL.line for line in raw.split(b"\n"))
        or (b"dkim-signature" in raw.lower() and _run(raw, SMALL.white_space + 1))
        or len(_borders(raw, 0)) > SMALL.parts
    )


def _run(raw: bytes, length: int) -> bool:
    return re.search(rb"[ \t]{%d}" % length, raw) is not None


def _borders(raw: bytes, start: int) -> list[int]:
    found, at = [], start
    for line in raw[start:].split(b"\n"):
        if line.startswith(b"--"):
            found.append(at)
        at += len(line) + 1
    return found


def _within(part: mime.Part, start: int, end: int, depth: int) -> int:
    assert start <= part.start <= part.end <= end
    assert depth <= SMALL.depth + 1
    assert len(part.parents) == depth
    at, count = part.start, 1
    for child in sorted(part.children, key=lambda one: one.start):  # what is outside comes last
        assert at <= child.start
        at = child.end
        count += _within(child, part.start, part.end, depth + 1)
    return count


def parser(raw: bytes) -> None:
    """A mail is read or it is said why not; what is read has bounds, and crosses from a process
    to the other as it is."""
    for bounds in (Limits(), SMALL):
        found = read(raw, bounds, html_to_text=html_to_text)
        answer = JOBS["read"](raw, None, bounds)
        assert _READ.validate_json(answer) == found
        if isinstance(found, Unreadable):
            assert found.why.endswith(".")
            assert not list(files(raw, bounds))
        else:
            _sound(raw, found, bounds)
    now = at_once(raw, None, Limits())
    assert now is None or now == read(raw, html_to_text=html_to_text)
    for where in recipients(raw):
        assert is_address(where)
    whose = author(raw) or Address("anna@example.net")
    assert proved(raw, whose, answered({}), _RULES).why
    JOBS["copies"](raw, 0, Limits())
    for place, (one, data) in enumerate(islice(files(raw), 3), start=1):
        for same in _FILES.validate_json(JOBS["copies"](raw, place, Limits())):
            assert (same.was, same.data) == (one.name, data)
    JOBS["files"](raw, [raw])


def _sound(raw: bytes, mail: Mail, bounds: Limits) -> None:
    assert (mail.sender is None) == bool(mail.sender_defect)
    assert author(raw) == (mail.sender.address if mail.sender else None)
    for said in (mail.text, mail.fuller, mail.beside):
        assert len(said) <= _MOST_GROWN * bounds.text
    assert bool(mail.below) == bool(mail.fuller or mail.beside)
    assert mail.body != "html" or "html" not in mail.below
    for said in (mail.whole, mail.subject, *(one.name for one in mail.attachments)):
        said.encode()  # no lone surrogates: the store could not keep them
        assert "\0" not in clean(said)
    for line in (mail.subject, mail.sender.name if mail.sender else "", mail.message_id):
        assert len(line.splitlines()) <= 1
    for where in (*mail.to, *mail.cc, *mail.trace_recipients):
        assert is_address(where)
        assert where == Address(where)
    for one in (mail.message_id, *mail.in_reply_to, *mail.references):
        assert not one or re.fullmatch(r"<[^<>\s]+>", one)
    assert len(mail.attachments) <= bounds.parts
    assert [one for one, _ in files(raw, bounds)] == list(mail.attachments)
    assert all(len(data) == one.size for one, data in files(raw, bounds))
    assert sum(one.size for one in mail.attachments) <= len(raw) + 3 * len(mail.attachments)
    assert not any("/" in one.name or "\\" in one.name for one in mail.attachments)
    facts(mail.attachments)
    assert not mail.plain_opening or mail.body == "plain"
