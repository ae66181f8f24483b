"""The mail of a folder, of any mix of single mails (.eml, .emlx, .msg, a maildir's) and mboxes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

CORPORA = Path(__file__).parents[3] / "shared/corpora"
APART = ("licenses", "replies")  # no mail; bodies, which `said` makes mails of
_FIELD = re.compile(rb"(?:>?From |[!-9;-~]+[ \t]*:)")
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = rb"%b[a-z]* +\d|\d +%b|(?:19|20)\d\d-\d\d" % (_MONTH, _MONTH)
# With a day, of whatever year, or in front of a header.
_SEPARATOR = re.compile(
    rb"^From (?:\S+ .*(?:%b).*|\S+@\S+[ \t\r]*(?=\n[!-9;-~]+:))\n" % _DAY, re.MULTILINE
)
# With all of what mbox writers put there, and in front of a header: also without an empty line
# before, where whoever wrote the mail above ended it within a line, or without one.
_SURE = re.compile(
    rb"^From \S+[ \t]+(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+%b[ \t]+\d{1,2}[ \t]+\d\d?:\d\d[^\n]*"
    rb"\n(?=>?From |[!-9;-~]+[ \t]*:)" % _MONTH,
    re.MULTILINE,
)
# Apple Mail's: the number of bytes, the mail, a property list
_EMLX = re.compile(rb"[ \t]*(\d{1,10})[ \t]*\r?\n")
_MMDF = re.compile(rb"^\x01{4}\r?\n", re.MULTILINE)
_MARK = codecs.BOM_UTF8
_OLE = b"\xd0\xcf\x11\xe0"  # Outlook's own .msg: no mail on the wire, and put to us all the same


def folders(corpora: Path = CORPORA) -> list[str]:
    """Those of the corpora whose files are mail as they are: all that lie there, but for two."""
    return sorted(one.name for one in corpora.iterdir() if one.is_dir() and one.name not in APART)


def mails(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every mail below it with its name; `not_mail` says what is left out."""
    return (one for _, found in _files(folder) for one in found)


def not_mail(folder: Path) -> list[str]:
    """The files below it that hold none, or can't be read."""
    return [name for name, found in _files(folder) if not found]


def _files(folder: Path) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    for path in sorted(one for one in folder.rglob("*") if not one.is_dir()):
        name = str(path.relative_to(folder))
        try:
            raw = path.read_bytes() if path.is_file() else None
        except OSError:
            raw = None
        yield name, [] if raw is None else _mails(name, path.suffix.lower(), raw)


def _mails(name: str, suffix: str, raw: bytes) -> list[tuple[str, bytes]]:
    if (counted := _EMLX.match(raw)) and _FIELD.match(raw, counted.end()):
        return [(name, raw[counted.end() : counted.end() + int(counted[1])])]
    several = list(split(raw))
    if len(several) >= (1 if suffix in (".mbox", ".mbx", ".mmdf") else 2):
        return [(f"{name}:{number}", one) for number, one in enumerate(several, 1)]
    if suffix in (".eml", ".emlx", ".msg") or _FIELD.match(_bare(raw)) or raw.startswith(_OLE):
        return [(name, raw)]
    return []


def _bare(raw: bytes) -> bytes:
    return raw.removeprefix(_MARK).lstrip(b"\r\n")


def split(raw: bytes) -> Iterator[bytes]:
    """The mails of an mbox (RFC 4155): "From ", an address and a date, after an empty line, at
    the beginning or, where nothing of them is missing, before a header; or of MMDF's kind. None
    where it is neither."""
    raw = _bare(raw)
    if _MMDF.match(raw):
        yield from filter(None, _MMDF.split(raw))
    if not raw.startswith(b"From "):
        return
    first = raw.find(b"\n") + 1 or len(raw)
    found = {m.start(): m.end() for m in _SURE.finditer(raw, first)} | {
        m.start(): m.end() for m in _SEPARATOR.finditer(raw, first)
        if raw.endswith((b"\n\n", b"\r\n\r\n"), 0, m.start())
    }  # fmt: skip
    begins = [(0, first), *sorted(found.items())]
    for (_, this), (behind, _) in zip(begins, [*begins[1:], (len(raw), 0)], strict=True):
        yield raw[this:behind]


def said() -> Iterator[tuple[str, bytes, str]]:
    """The replies as mails, each with what its writer said in it."""
    for number, path in enumerate(sorted((CORPORA / "replies/input").iterdir())):
        head = (
            f"From: Anna <anna{number}@anna.example.net>\r\nTo: conduct@example.org\r\n"
            f"Subject: Re: report\r\nMessage-ID: <{number}@anna.example.net>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        ).encode()
        expected = CORPORA / "replies/expected" / path.name
        yield f"replies/{path.name}", head + path.read_bytes(), expected.read_text("utf-8")
