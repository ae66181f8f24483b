"""The mail of a folder, of any mix of single mails (.eml, .msg, a maildir's) and mboxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

CORPORA = Path(__file__).parents[3] / "shared/corpora"
_FIELD = re.compile(rb"(?:>?From |[!-9;-~]+[ \t]*:)")
_SEPARATOR = re.compile(rb"^From \S+ .*\b(?:19|20)\d\d\b.*\n", re.MULTILINE)
_OLE = b"\xd0\xcf\x11\xe0"  # Outlook's own .msg: no mail on the wire, and put to us all the same


def mails(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every mail below it with its name; what doesn't look like mail is left out."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = str(path.relative_to(folder))
        raw = path.read_bytes()
        if is_mbox(path, raw):
            for number, one in enumerate(split(raw), 1):
                yield f"{name}:{number}", one
        elif path.suffix in (".eml", ".msg") or _FIELD.match(raw) or raw.startswith(_OLE):
            yield name, raw


def is_mbox(path: Path, raw: bytes) -> bool:
    least = 1 if path.suffix in (".mbox", ".mbx") else 2
    return raw.startswith(b"From ") and len(list(split(raw))) >= least


def split(raw: bytes) -> Iterator[bytes]:
    """RFC 4155: "From ", an address and a date, after an empty line or at the beginning."""
    begins = [
        m for m in _SEPARATOR.finditer(raw)
        if m.start() == 0 or raw[: m.start()].endswith((b"\n\n", b"\r\n\r\n"))
    ]  # fmt: skip
    for this, behind in zip(begins, [*begins[1:], None], strict=False):
        yield raw[this.end() : behind.start() if behind else len(raw)]


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
