"""What stands beside a mail's text, as people are told of it: named, and never opened.

Owns what kind of thing a part is (by its label, its name and its first bytes) and how its size is
said. Refuses to look further. Called by casework and by showing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from cocmail.core.events import Received, SetAside
from cocmail.core.letters import clean
from cocmail.core.mail import Attachment
from cocmail.core.people import Private
from cocmail.core.smime import is_signed, is_smime
from cocmail.core.spelling import spelled

# The first that fits counts: what it is by its first bytes goes before what it says it is.
_BY_BYTES = (
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"#!", "program"),
    (b"\x78\x9f\x3e\x22", "tnef"),  # MS-OXTNEF section 2.1.3.2
    (b"-----BEGIN PGP MESSAGE-----", "encrypted"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "package"),
    (b"7z\xbc\xaf\x27\x1c", "package"),
    (b"Rar!\x1a\x07", "package"),
    (b"\x1f\x8b", "package"),
)
# A picture by its first bytes, whatever it is called: it may tell where it was taken. Those of
# ISO 14496-12 say their kind in the first box, as the main one or among others; it may be empty
# before.
_PICTURE = re.compile(
    rb"\xff\xd8\xff|[\x89\x8a\x8b][PMJ]NG|GIF8|II[*+]\0|MM\0[*+]|RIFF....WEBP|BM....\0\0\0\0|8BPS"
    rb"|(?:....(?:free|skip|wide).{0,400}?)?....ftyp(?:.{4}){0,60}?"
    rb"(?:hei[cxms]|hev[cxms]|mi[fa][12f]|msf1|MA1[AB]|avi[fso]|avc[is]|j2[ki][is]|jpeg|crx "
    rb"|jp[2xm] )|\xff\x0a|\xff\x4f\xff\x51|\0\0\0\x0c(?:JXL|jP) |\0\0[\x01\x02]\0(?!\0\0)"
    rb"|II\xbc\x01|IIU\0|IIR[OS]|II\x1a\0\0\0HEAP|FUJIFILM|FOVb|\0MRM|icns|gimp xcf"
    rb"|\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF|v/1\x01|qoif|AT&TFORM"
    rb"|P[1-6]\s+(?:#[^\n]*+\n\s*+)*+[0-9]+\s+(?:#[^\n]*+\n\s*+)*+[0-9]+\s|P7\n(?:#|WIDTH|HEIGHT|DEPTH)"
    rb"|\n[\0-\x05][\0\x01][\x01\x02\x04\x08]|\xb1\x68\xde\x3a"  # PCX
    rb"|.[\0\x01][\x01-\x03\x09-\x0b].{13}[\x01\x08\x0f\x10\x18\x20][\0-\x3f]"  # TGA has no mark
    rb"|\x01\xda[\0\x01][\x01\x02]|DDS \|\0\0\0|\x59\xa6\x6a\x95|BPG\xfb"
    rb"|\(\0\0\0.{8}\x01\0[\x01\x04\x08\x10\x18\x20]\0"  # BMP without its first header
    rb"|%!PS-Adobe[^\r\n]*EPSF|\xc5\xd0\xd3\xc6|/\* XPM|#define\s\w*_?width\s+[0-9]",
    re.DOTALL,
)
_DRAWING = re.compile(
    rb"(?:[\s\xef\xbb\xbf\xff\xfe]|<\?[^>]*+>|<!--(?:(?!-->).)*+-->|<!DOCTYPE\s(?!\s*svg)[^>\[]*+>)*+"
    rb"(?:<!DOCTYPE\s[^>\[]*+\[.*?)?"  # what it defines may hold anything
    rb"<(?:!DOCTYPE\s+svg|(?:[\w.-]{1,40}:)?svg)\b",
    re.DOTALL | re.IGNORECASE,
)
_LOOKED_AT = 65_536  # bytes; above a drawing stands what its program has to say
_BY_NAME = (
    (r"winmail\.dat", "tnef"),
    (r".*\.(exe|com|scr|pif|bat|cmd|msi|vbs|vbe|js|jse|wsf|ps1|jar|lnk|hta|apk|iso|img)",
     "program"),
    (r".*\.(docx?|xlsx?|pptx?|od[tsp]|rtf|pages)", "document"),
    (r".*\.(ics|vcs)", "calendar"),
    (r".*\.eml", "forwarded"),
    (r".*\.(p7m|gpg|pgp|age)", "encrypted"),
    (r".*\.(jpe?g|png|gif|webp|hei[cf]|avif|tiff?|bmp|svgz?|dng|raw|psd|ico|jxl|jp[2x]|j2k)",
     "picture"),
    (r".*\.(html?|xhtml|mht|mhtml)", "page"),
)  # fmt: skip
_PAGE = r"text/html|application/xhtml\+xml"
_BY_TYPE = (
    (r"message/(rfc822|global)", "forwarded"),
    (r"message/(?!partial|external-body).*|text/rfc822-headers", "report"),
    (r"text/(calendar|x-vcalendar)|application/ics", "calendar"),
    (r"application/(vnd\.)?ms-tnef", "tnef"),
    (r"application/(x-)?pkcs7-signature|application/pgp-(signature|keys)", "signature"),
    (r"application/((x-)?pkcs7-mime|pgp-encrypted)", "encrypted"),
    (r"image/.*", "picture"),
    (r"audio/.*", "sound"),
    (r"video/.*", "film"),
    (_PAGE, "page"),
    (r"application/pdf", "pdf"),
    (r"text/.*", "text"),
)
OTHER = "other"
_ANEW = ("picture", "forwarded", "signed")  # doesn't go along as it came, or may not
MOST_BYTES = 6_000_000  # in one mail: 8.3 MB as it travels; many servers take 10 MB
_MOST_FILES = 20


def is_picture(data: bytes) -> bool:
    """By what it is, whatever it is called; of some its first 512 bytes tell enough."""
    if _PICTURE.match(data):
        return True
    begins = data[:_LOOKED_AT]
    return bool(_DRAWING.match(begins.replace(b"\0", b"")))  # UTF-16 is as good


def kind_of(one: Attachment) -> str:
    """A word of the languages' table [parts]."""
    if is_smime(one.content_type, one.name) and is_signed(one.begins):
        return "signed"
    for begins, kind in _BY_BYTES:
        # Office's documents are packages too, and a drawing may be packed.
        if one.begins.startswith(begins) and not (kind == "package" and _is_one_thing(one)):
            return kind
    if _runs(one):  # also what is a picture: one can be both
        return "program"
    if is_picture(one.begins):
        return "picture"
    if one.form and re.fullmatch(_PAGE, one.content_type):
        return "formatted"
    for pattern, kind in _BY_NAME:
        if re.fullmatch(pattern, one.name.strip().lower(), re.DOTALL):
            return kind
    for pattern, kind in _BY_TYPE:
        if re.fullmatch(pattern, one.content_type):
            return kind
    return OTHER


def _is_one_thing(one: Attachment) -> bool:
    return (
        _named(one, "document") or _named(one, "picture") or one.content_type.startswith("image/")
    )


def _named(one: Attachment, kind: str) -> bool:
    name = one.name.strip().lower()
    return any(k == kind and re.fullmatch(pattern, name, re.DOTALL) for pattern, k in _BY_NAME)


def _runs(one: Attachment) -> bool:
    """By any of its names: who gets it may have another mail program than we think."""
    return any(_named(replace(one, name=name), "program") for name in (one.name, *one.others))


def facts(attachments: Iterable[Attachment]) -> dict[str, Any]:
    """What an event of a mail says of its attachments."""
    every = tuple(attachments)
    return {
        "attachments": tuple(Private(clean(one.name)) for one in every),
        "digests": tuple(one.digest for one in every),
        "kinds": tuple(kind_of(one) for one in every),
        "sizes": tuple(one.size for one in every),
        "missing": tuple(one.missing for one in every),
        "shown": tuple(place for place, one in enumerate(every, 1) if one.shown),
        "also": tuple(tuple(Private(clean(name)) for name in one.others) for one in every)
        if any(one.others for one in every)
        else (),
    }


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of a list of attachments."""

    name: Private  # "" where it has none
    kind: str
    size: str
    goes: bool = False  # it goes along with the copy
    stays: bool = False  # others do
    number: int = 0  # that it is asked for by, as it came; 0: it can't be, or did
    missing: str = ""  # how much of it, a text, isn't shown
    shown: bool = False  # its text stands in the message's
    also: tuple[Private, ...] = ()  # names with another ending, that other mail programs show


def fit(kind: str, size: int) -> bool:
    """Whether a file goes through mail servers at all."""
    return kind != "program" and size <= MOST_BYTES


def going(kinds: Iterable[str], sizes: Iterable[int]) -> tuple[bool, ...]:
    """Which attachments may go along with a copy, in their order: no program, and only as many as
    mail servers take. A picture that can't be drawn anew may still stay behind, and a mail with
    pictures in it."""
    found: list[bool] = []
    room, left = MOST_BYTES, _MOST_FILES
    for kind, size in zip(kinds, sizes, strict=True):
        goes = fit(kind, size) and size <= room and left > 0
        if goes:
            room, left = room - size, left - 1
        found.append(goes)
    return tuple(found)


def texts(received: Received | SetAside) -> tuple[int, ...]:
    """The places among its attachments of what is shown of it, and not whole."""
    return tuple(place for place, missing in enumerate(received.missing, 1) if missing)


def every_name(received: Received | SetAside) -> tuple[tuple[Private, ...], ...]:
    """Of each attachment, its name first."""
    also = [*received.also, *[()] * (len(received.attachments) - len(received.also))]
    return tuple((name, *others) for name, others in zip(received.attachments, also, strict=True))


def listed(
    received: Received | SetAside, *, copying: bool = False, first: int = 0, every: bool = True
) -> tuple[Listed, ...]:
    """Every attachment of a message; of older ones only the names are known. ``copying``: the
    originals go along. ``first``: the number in the case of the first of them, where members may
    ask for one; ``every``: for any of them, and not only for what is shown in part."""
    known = list(zip(received.kinds, received.sizes, strict=True))
    goes = list(going(received.kinds, received.sizes)) if copying else []
    known += [("", -1)] * (len(received.attachments) - len(known))
    goes += [False] * (len(received.attachments) - len(goes))
    missing = [*received.missing, *[0] * (len(received.attachments) - len(received.missing))]
    return tuple(
        Listed(
            name=Private(spelled(name)),
            kind=kind,
            size=_said(size),
            goes=along,
            stays=any(goes) and not along,
            number=number
            if first and (every or lacks) and fit(kind, size) and (kind in _ANEW or not along)
            else 0,
            missing=_said(lacks) if lacks else "",
            shown=1 + number - first in received.shown,
            also=tuple(Private(spelled(one)) for one in others if _ending(one) != _ending(name)),
        )
        for number, ((name, *others), (kind, size), along, lacks) in enumerate(
            zip(every_name(received), known, goes, missing, strict=True), start=first
        )
    )


def _ending(name: str) -> str:
    """By which programs are known: what else differs is mostly the same name without accents."""
    return name.rpartition(".")[2].strip().lower()


def _said(size: int) -> str:
    """In thousands or millions of bytes, never less than 1 KB; "" where it isn't known."""
    if size < 0:
        return ""
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} KB"
