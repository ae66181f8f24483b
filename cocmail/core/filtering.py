"""What an inbound filter sees and says: the one module that a filter imports.

Owns the verdicts, the view of a mail that filters get, and how verdicts fold into a judgement.
Refuses to know how filters are found and run (adapters.filters). Called by filters/*, by
adapters.filters and by loops/examining.

A filter is a file ``NN-name.py`` with one function::

    from cocmail.core.filtering import Incoming, Pass, SetAside, Verdict

    def judge(mail: Incoming) -> Verdict:
        if "unsubscribe" in mail.subject.lower():
            return SetAside(why="Its subject is an advertisement's.")
        return Pass()

Filters run in the order of their names, each on every mail, whatever others said. What a filter
says in ``why`` is shown to members: it must not quote the mail.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cocmail.core.headers import split
from cocmail.core.limits import Limits
from cocmail.core.mail import Attachment, Mail
from cocmail.core.normal import normalized as normalized
from cocmail.core.people import Private

_MAX_WHY = 200
_MAX_VALUE = 4096
_TAG = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class Verdict:
    """What one filter says of one mail."""


@dataclass(frozen=True)
class Pass(Verdict):
    """Nothing to say."""


@dataclass(frozen=True, kw_only=True)
class SetAside(Verdict):
    """Kept whole and shown to humans; no case is opened and nobody is answered."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Urgent(Verdict):
    """The case is marked as urgent."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Tag(Verdict):
    """The case gets this word: lower-case letters, digits and dashes."""

    word: str


@dataclass(frozen=True)
class Once(Verdict):
    """Where the same person sent the very words before, it joins the case that they opened."""


@dataclass(frozen=True, kw_only=True)
class Attached:
    name: Private
    content_type: str
    size: int  # bytes
    begins: bytes = field(default=b"", repr=False)  # the first of its bytes, 512 at most
    # Every name that some mail program shows or saves it under, `name` the first of them
    names: tuple[Private, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A mail as filters see it. Nothing of it may be changed."""

    size: int
    sender: Private  # the address of its one From, "" where there isn't exactly one
    sender_name: Private
    subject: Private
    text: Private = field(repr=False)  # as people read it, quotations included
    automatic: str  # why it is a machine's mail, "" if a person's
    encrypted: bool
    attachments: tuple[Attached, ...]
    fields: Mapping[str, tuple[str, ...]] = field(repr=False)
    within: tuple[Attached, ...] = ()  # attached to mails that are attached

    def header(self, name: str) -> str:
        """The topmost field of this name, "" if there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every field of this name, topmost first."""
        return self.fields.get(name.lower(), ())


def view(raw: bytes, mail: Mail) -> Incoming:
    """What filters see of this mail."""
    fields: dict[str, tuple[str, ...]] = {}
    for one in split(raw[: Limits().header]).fields:
        fields[one.name] = (*fields.get(one.name, ())[:50], one.unfolded[:_MAX_VALUE])
    return Incoming(
        size=mail.size,
        sender=Private(mail.sender.address) if mail.sender else Private(""),
        sender_name=mail.sender.name if mail.sender else Private(""),
        subject=mail.subject,
        text=Private(mail.whole),
        automatic=mail.automatic,
        encrypted=mail.encrypted,
        attachments=_seen(mail.attachments),
        fields=fields,
        within=_seen(mail.within),
    )


def _seen(files: Iterable[Attachment]) -> tuple[Attached, ...]:
    return tuple(
        Attached(
            name=one.name,
            content_type=one.content_type,
            size=one.size,
            begins=one.begins,
            names=(one.name, *one.others),
        )
        for one in files
    )


def packed(mail: Incoming) -> dict[str, Any]:
    """As JSON has it, to cross into the process that runs filters."""
    return {
        **{name: getattr(mail, name) for name in _PLAIN},
        **{
            name: [
                [
                    one.name,
                    one.content_type,
                    one.size,
                    base64.b64encode(one.begins).decode("ascii"),
                    one.names,
                ]
                for one in getattr(mail, name)
            ]
            for name in _FILES
        },
        "fields": dict(mail.fields),
    }


_PLAIN = ("size", "sender", "sender_name", "subject", "text", "automatic", "encrypted")
_FILES = ("attachments", "within")


def unpacked(data: Mapping[str, Any]) -> Incoming:
    """What `packed` made of a view, a view again."""
    return Incoming(
        size=data["size"],
        sender=Private(data["sender"]),
        sender_name=Private(data["sender_name"]),
        subject=Private(data["subject"]),
        text=Private(data["text"]),
        automatic=data["automatic"],
        encrypted=data["encrypted"],
        fields={name: tuple(values) for name, values in data["fields"].items()},
        **{
            every: tuple(
                Attached(
                    name=Private(name),
                    content_type=kind,
                    size=size,
                    begins=base64.b64decode(begins),
                    names=tuple(map(Private, names)),
                )
                for name, kind, size, begins, names in data[every]
            )
            for every in _FILES
        },
    )


@dataclass(frozen=True, kw_only=True)
class Said:
    """A filter's verdict, with the filter's name. ``broken``: it said nothing that counts."""

    name: str
    verdict: Verdict
    fault: str = ""  # what is wrong with it, for who wrote it; members are told only that it is

    @property
    def broken(self) -> bool:
        return bool(self.fault)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What all filters say together."""

    set_aside: str  # why, "" if it isn't; wins over everything else
    urgent: str  # why, "" if it isn't; kept beside `set_aside`, so that humans look sooner
    tags: tuple[str, ...]
    said: tuple[Said, ...]
    once: bool = False  # it joins the case that the same report opened before


def broken(name: str, what: str) -> Said:
    """A filter that failed sets the mail aside: it may have meant to (and nothing is lost)."""
    why = f"The filter {name} doesn't work; whoever runs cocmail can mend it."
    return Said(name=name, verdict=SetAside(why=why), fault=what)


def fault(verdict: object) -> str:
    """What is wrong with what a filter returned; "" if it is a verdict as it should be. Of the
    mail it quotes nothing."""
    match verdict:
        case Pass() | Once():
            return ""
        case SetAside(why=why) | Urgent(why=why):
            if not isinstance(why, str) or not why:
                return "gave no why: it takes a text"
            if len(why) > _MAX_WHY:
                return f"gave a why of {len(why)} characters: it takes {_MAX_WHY}"
            return "" if why.isprintable() else "gave a why of more than one line of plain text"
        case Tag(word=word):
            if isinstance(word, str) and _TAG.fullmatch(word):
                return ""
            return "gave a tag that isn't 1 to 31 lower-case letters, digits and dashes"
        case type() if issubclass(verdict, Verdict):
            return f"returned {verdict.__name__}, not {verdict.__name__}(…)"
        case _:
            return f"returned no verdict but {type(verdict).__name__}: Pass() says nothing"


def fold(said: Iterable[Said]) -> Judgement:
    """The first reason of each kind counts; a tag counts once."""
    every = tuple(said)
    asides = [one.verdict.why for one in every if isinstance(one.verdict, SetAside)]
    urgent = [one.verdict.why for one in every if isinstance(one.verdict, Urgent)]
    tags = dict.fromkeys(one.verdict.word for one in every if isinstance(one.verdict, Tag))
    return Judgement(
        set_aside=next(iter(asides), ""),
        urgent=next(iter(urgent), ""),
        tags=tuple(tags),
        said=every,
        once=any(isinstance(one.verdict, Once) for one in every),
    )
