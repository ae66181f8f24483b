"""A mail as values: what the core needs to know of it, taken from its bytes within limits.

Owns the reading of headers and bodies. Refuses to know whose mail it is or what it wants: that
is for threads, verification and commands. Called by loops/intake, and by adapters that need
one field.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice

from cocmail.core import automatic, headers, languages, mime, opening, smime
from cocmail.core.body import Below, Body, Told, is_text, told
from cocmail.core.charsets import decode, of_text
from cocmail.core.claims import bare
from cocmail.core.headers import Header
from cocmail.core.limits import Limits, TooMuchError, survey
from cocmail.core.markup import strip_tags
from cocmail.core.people import Address, Mailbox, Private

_LANGUAGES = ("content-language", "accept-language", "x-accept-language")  # RFC 3282, old Mozilla
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to")
# RFC 9580 section 6.2; also where it is set in. What is quoted is another mail's.
_ARMOUR = re.compile(r"^[ \t]{0,40}-----BEGIN PGP MESSAGE-----[ \t]*$", re.MULTILINE)
_ARMOUR_ENDS = re.compile(r"^[ \t]{0,40}-----END PGP MESSAGE-----[ \t]*$", re.MULTILINE)
_MAILS = ("message/rfc822", "message/global")
_DEEP = 3  # mails in mails
_CLAIMS = ("from", "sender", "reply-to")
_MOST_CLAIMS, _LONGEST_CLAIM = 10, 2000  # lines, letters of each
_BEGINS = 512  # bytes: the marks of file formats stand there
_NAME, _ENDING = 255, 24  # characters of an attachment's name; of its end, where it is cut
_FEW = 3  # texts that are asked in which charset they are
_LINE = 20  # characters: what a line of a letter costs to write, whatever it says
# Postfix writes the null path so where it hands mail to a program.
_NULL = re.compile(r"<[ \t]*>|<?mailer-daemon(?:@[^<>@\s]*)?>?", re.IGNORECASE)
_MOST_OF_A_HEADER, _SEEN = 1 << 18, 1 << 16  # bytes of a mail that can't be read
_MAYBE_BASE64 = re.compile(rb"(?:^[A-Za-z0-9+/]{4,}={0,2}[ \t\r]*(?:\n|\Z))+", re.MULTILINE)
_SIGNATURE = re.compile(rb"\A(?:[^\r\n][^\n]*\n)*?dkim-signature[ \t]*:", re.IGNORECASE)
_REPORT_TYPE = re.compile(r"[a-z0-9\-]{1,40}")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that isn't the mail's text."""

    name: Private
    content_type: str
    size: int
    digest: str
    begins: bytes = field(default=b"", repr=False)  # its first bytes: what it really is
    form: bool = False  # a form of the mail's text, which isn't shown or not whole
    missing: int = 0  # bytes that aren't shown of what is shown of it
    shown: bool = False  # its text stands in the mail's, whole
    # Names under which another mail program may show it, see core.mime
    others: tuple[Private, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that could be read. Everything private hides itself in its repr."""

    size: int
    digest: str  # SHA-256 (hex) of the mail without the trace fields above its own header
    sender: Mailbox | None  # the one mailbox of the one From field; None where there isn't one
    sender_defect: str  # why sender is None, in words for people, else ""
    # Its From, Sender and Reply-To lines, decoded, where sender is None: whose it may be.
    claims: tuple[Private, ...] = field(default=(), repr=False, kw_only=True)
    # All of those lines, uncut and in every form in which an address of theirs may stand.
    claimants: Private = field(default=Private(""), repr=False, kw_only=True)
    subject: Private  # decoded
    date: datetime | None
    message_id: str  # with its angle brackets, "" where there is none
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...] = field(default=(), repr=False, kw_only=True)  # never written to
    delivered_to: Address | None  # the topmost of Delivered-To, X-Original-To, Envelope-To
    trace_recipients: tuple[Address, ...]  # every address in any of these three fields
    null_return_path: bool  # Return-Path: <>
    automatic: str  # why this is a machine's mail ("" if a person's): RFC 3834 and kin
    doubtful: bool = field(default=False, kw_only=True)  # a person may have written it all the same
    report: str  # report-type of multipart/report, "" if none (RFC 6522)
    body: Body
    text: Private = field(repr=False)  # the whole text as people read it, format=flowed undone
    fuller: Private = field(default=Private(""), repr=False, kw_only=True)  # shown below it
    # And below that: what came as a file beside the text or stands outside the parts, and may be
    # another's words
    beside: Private = field(default=Private(""), repr=False, kw_only=True)
    below: frozenset[Below] = field(default=frozenset(), kw_only=True)  # what these two are made of
    attachments: tuple[Attachment, ...]
    # What is attached to mails that are attached to it: for filters, people aren't told
    within: tuple[Attachment, ...] = field(default=(), repr=False, kw_only=True)
    elsewhere: int = field(default=0, kw_only=True)  # pictures on other servers, never fetched
    encrypted: bool  # PGP/MIME, S/MIME or an inline armour, and no text that could be read
    partly_encrypted: bool = field(default=False, kw_only=True)  # the same, beside a text
    counts: Mapping[str, int] = field(repr=False)  # lower-case field name -> how often it stands
    plain_opening: bool  # body reads the same without trusting Content-Type and C-T-E
    languages: tuple[str, ...] = ()  # tags its writer writes or reads, lower case, wanted first

    @property
    def own(self) -> str:
        """What its writer says to people."""
        return f"{self.text.rstrip()}\n\n{self.fuller}".lstrip() if self.fuller else self.text

    @property
    def whole(self) -> str:
        """All that it says to people."""
        return f"{self.own.rstrip()}\n\n{self.beside}".lstrip() if self.beside else self.own

    @property
    def weight(self) -> int:
        """Characters that whoever thinks about it goes through."""
        of_sender = self.claims if self.sender is None else (self.sender.name,)
        names = [name for a in self.attachments for name in (a.name, *a.others)]
        said = len(self.subject) + len(self.whole) + len(self.claimants)
        return said + weight_of(of_sender) + weight_of(names)


def weight_of(lines: Iterable[str]) -> int:
    """Characters that lines of a letter are as dear as."""
    return sum(_LINE + len(line) for line in lines)


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A mail that is kept whole and shown to a human, unread by us."""

    why: str  # one line that quotes nothing of the mail


def read(
    raw: bytes,
    limits: Limits = Limits(),
    *,
    html_to_text: Callable[[str], str] = strip_tags,
    return_path: str | None = None,
) -> Mail | Unreadable:
    """A mail's values. Never raises, whatever the bytes are.

    ``return_path``: the envelope's sender where the road tells it (LMTP), "" for ``<>``; else the
    topmost Return-Path field counts, which also tells of a null one before.
    """
    try:
        found = survey(raw, limits)
        top = mime.walk(raw, found, limits)
    except TooMuchError as error:
        return Unreadable(why=str(error))
    return _mail(raw, found.header, top, limits, html_to_text, return_path)


def files(raw: bytes, limits: Limits = Limits()) -> Iterator[tuple[Attachment, bytes]]:
    """Every attachment with its bytes; nothing of a mail that can't be read."""
    try:
        top = mime.walk(raw, survey(raw, limits), limits)
    except TooMuchError:
        return
    said = told(raw, top, limits, strip_tags)
    for part in said.listed:
        yield _attachment(raw, part, said), mime.content(raw, part)


def recipients(raw: bytes) -> tuple[Address, ...]:
    """Where a mail that came by IMAP was sent to: the topmost Delivered-To, X-Original-To or
    Envelope-To, else all of To and Cc. Looks at the header alone."""
    header = headers.split(raw[: Limits().header])
    delivered = _delivered(header)
    if delivered:
        return delivered[:1]
    return headers.addresses([f.unfolded for f in header.fields if f.name in ("to", "cc")])


def head(raw: bytes) -> bytes:
    """Its header alone, where the whole can't be read."""
    return raw[: headers.split(raw[: Limits().header]).body]


def glimpse(raw: bytes) -> str:
    """What can be seen of a mail that can't be read: its header, and the beginning of what is
    below, as it came and with whatever code its words may stand in undone. For looking for names
    alone: it says things twice, and what nobody wrote."""
    header = raw[: min(headers.split(raw[:_MOST_OF_A_HEADER]).body, _MOST_OF_A_HEADER)]
    below = raw[len(header) : len(header) + _SEEN]
    undone = b"\n".join(map(headers.unbase64, _MAYBE_BASE64.findall(below)))
    texts = [*map(decode, (below, binascii.a2b_qp(below), undone))]
    said = header.decode("utf-8", "replace")
    read = headers.readable(said, most=len(said))
    return "\n".join((said, read, *texts, *map(strip_tags, texts)))


def signed(raw: bytes) -> bool:
    """Whether it bears a DKIM signature, good or not, by a look at the header alone."""
    return _SIGNATURE.search(raw, 0, Limits().header) is not None


def same_delivery(one: bytes, other: bytes) -> bool:
    """Whether two mails that a server gave one number are one, whose bytes it wrote anew."""
    ids, others = (
        headers.message_ids(headers.split(raw[: Limits().header]).first("message-id"))
        for raw in (one, other)
    )
    return bool(ids) and ids == others and author(one) == author(other)


def author(raw: bytes) -> Address | None:
    """Whose mail it will turn out to be; looks at the header alone."""
    sender, _ = _sender(headers.split(raw[: Limits().header]))
    return sender.address if sender else None


def _mail(
    raw: bytes,
    header: Header,
    top: mime.Part,
    limits: Limits,
    html_to_text: Callable[[str], str],
    return_path: str | None,
) -> Mail:
    charset = _charset(raw, header, top)
    sender, defect = _sender(header, charset)
    null = _null(header, return_path)
    said = told(raw, top, limits, html_to_text)
    machine, doubtful = automatic.reason(
        header, sender, null_return_path=null, parts=(top, *top.leaves()), text=said.text
    )
    clear = _clear(said.text)
    hidden = len(clear) < len(said.text) or _encrypted(raw, top)
    read = Below.FILE in said.below or any(map(str.isalnum, clear + said.fuller))
    delivered = _delivered(header)
    report = top.parameters.get("report-type", "").lower()
    return Mail(
        size=len(raw),
        digest=_digest(raw, header),
        sender=sender,
        sender_defect=defect,
        claims=() if sender else _claims(header),
        claimants=Private("" if sender else _claimants(header)),
        subject=Private(headers.readable(header.said("subject", charset))),
        date=headers.instant(header.first("date")),
        message_id=next(iter(headers.message_ids(header.first("message-id"))), ""),
        in_reply_to=headers.message_ids(header.first("in-reply-to")),
        references=headers.message_ids(header.first("references")),
        to=headers.addresses([f.unfolded for f in header.all("to")]),
        cc=headers.addresses([f.unfolded for f in header.all("cc")]),
        reply_to=headers.addresses([f.unfolded for f in header.all("reply-to")]),
        delivered_to=delivered[0] if delivered else None,
        trace_recipients=delivered,
        null_return_path=null,
        automatic=machine,
        doubtful=doubtful,
        report=report
        if top.content_type == "multipart/report" and _REPORT_TYPE.fullmatch(report)
        else "",
        body=said.kind,
        text=Private(said.text),
        fuller=Private(said.fuller),
        beside=Private(said.beside),
        below=said.below,
        attachments=tuple(_attachment(raw, part, said) for part in said.listed),
        within=tuple(islice(_within(raw, top, limits, _DEEP), limits.parts)),
        elsewhere=said.elsewhere,
        encrypted=hidden and not read,
        partly_encrypted=hidden and read,
        counts=Counter(f.name for f in header.fields),
        plain_opening=said.single is not None
        and said.single.end - said.single.start <= limits.text  # all of it is shown
        and opening.reads_the_same(raw, header, top, said.single),
        languages=_languages(header),
    )


def _languages(header: Header) -> tuple[str, ...]:
    """What it is written in counts before what its writer could read as well."""
    found = [tag for name in _LANGUAGES for tag in languages.tags(header.first(name))]
    return tuple(dict.fromkeys(found))


def _charset(raw: bytes, header: Header, top: mime.Part) -> str:
    """Of its first text that says one, or tells it where the header needs it."""
    texts = [part for part in top.leaves() if part.content_type.startswith("text/")]
    said = next(filter(None, (part.parameters.get("charset") for part in texts)), "")
    if raw[: header.body].isascii():
        return said
    return next(filter(None, (of_text(mime.content(raw, one), said) for one in texts[:_FEW])), said)


def _sender(header: Header, charset: str = "") -> tuple[Mailbox | None, str]:
    fields = header.all("from")
    if len(fields) != 1:
        return None, "it has more than one From" if fields else "it has no From"
    if header.tricky:
        return None, headers.NOT_IN_A_HEADER
    if fields[0].loose:
        return None, "its From is not one plain address"
    say = partial(headers.reread, value=fields[0].value, charset=charset)
    return headers.one_mailbox(fields[0].unfolded, say)


def _claims(header: Header) -> tuple[Private, ...]:
    found = [
        f"{field.name.title()}: {headers.readable(field.unfolded)[:_LONGEST_CLAIM]}"
        for name in _CLAIMS
        for field in header.all(name)[:_MOST_CLAIMS]
    ]
    return tuple(map(Private, found[:_MOST_CLAIMS]))


def _claimants(header: Header) -> str:
    """As long as a few headers at most (limits), and linear."""
    forms: dict[str, None] = {}
    for value in (one.unfolded for name in _CLAIMS for one in header.all(name)):
        read = headers.readable(value, most=len(value))
        plain = headers.readable(bare(value), most=len(value))
        forms |= dict.fromkeys((read, plain, bare(read)))  # a comment or quotes may be encoded
    return "\n".join(forms)


def _null(header: Header, return_path: str | None) -> bool:
    if return_path is not None and (not return_path or _NULL.fullmatch(return_path)):
        return True
    # Where somebody sends a report on, with an envelope of their own, the field tells it still.
    return any(_NULL.fullmatch(f.unfolded.strip()) for f in header.all("return-path")[:1])


def _delivered(header: Header) -> tuple[Address, ...]:
    return headers.addresses([f.unfolded for f in header.fields if f.name in _DELIVERED])


def _within(raw: bytes, top: mime.Part, limits: Limits, deep: int) -> Iterator[Attachment]:
    """As far as those mails can be taken apart; all of them together are no longer than it."""
    for part in top.leaves() if deep else ():
        data: bytes | None = None
        if part.content_type in _MAILS or part.name.lower().endswith(".eml"):
            data = mime.content(raw, part)
        elif smime.is_smime(part.content_type, part.name):
            data = smime.within(mime.content(raw, part))
        if data is None:
            continue
        try:
            inner = mime.walk(data, survey(data, limits), limits)
        except TooMuchError:
            continue
        for leaf in inner.leaves():
            if not is_text(leaf):
                yield _attachment(data, leaf)
        yield from _within(data, inner, limits, deep - 1)


def _attachment(raw: bytes, part: mime.Part, said: Told | None = None) -> Attachment:
    data = mime.content(raw, part)
    lost = next((lost for one, lost in said.missing if one == part), 0) if said else 0
    return Attachment(
        name=_file_name(part.name),
        others=tuple(map(_file_name, part.others)),
        content_type=part.content_type,
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        begins=data[:_BEGINS],
        form=is_text(part),
        missing=lost,
        shown=said is not None and part in said.shown and not lost,
    )


def _file_name(name: str) -> Private:
    return Private(_short(name).replace("/", "_").replace("\\", "_"))


def _short(name: str) -> str:
    """As long as file systems take it; where it is cut it shows so, and it ends as it did."""
    return name if len(name) <= _NAME else f"{name[: _NAME - _ENDING - 1]}…{name[-_ENDING:]}"


def _clear(text: str) -> str:
    """Without what is armoured in it; without an end, that is all that follows."""
    clear: list[str] = []
    at = 0
    while begin := _ARMOUR.search(text, at):
        clear.append(text[at : begin.start()])
        end = _ARMOUR_ENDS.search(text, begin.end())
        at = end.end() if end else len(text)
    return "".join((*clear, text[at:]))


def _encrypted(raw: bytes, top: mime.Part) -> bool:
    """Whether a part of it is; also where a list or a filter has put another multipart around."""
    return any(
        "multipart/encrypted" in part.parents
        or part.content_type in ("multipart/encrypted", "application/pgp-encrypted")
        or (
            smime.is_smime(part.content_type, part.name)
            and part.parameters.get("smime-type", "").lower() != "signed-data"
            and not smime.is_signed(mime.content(raw, part))
        )
        for part in top.leaves()
    )


def _digest(raw: bytes, header: Header) -> str:
    """Of the mail as its sender's side left it: what hops put on top is cut off, and line ends
    are as one road or the other delivers them."""
    start = header.body
    for one in header.fields:
        if one.name not in headers.TRACE and not one.name.startswith("x-spam"):
            start = one.start
            break
    body = raw[start:].replace(b"\r\n", b"\n").rstrip(b"\n")
    return hashlib.sha256(body).hexdigest()
