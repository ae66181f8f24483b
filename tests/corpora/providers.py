"""What providers really sign: every DKIM-Signature of the corpora against the rule "Verified".

Owns the families of signers and the table; tells nothing of single mails. A signature counts with
the header it stands in, also where a bounce quotes that header; whether its arithmetic holds can't
be known any more (keys change), so it is taken for sound. Run as
`python -m tests.corpora.providers`; tests/corpora/test_providers.py pins what it prints.
"""

from __future__ import annotations

import dataclasses
import quopri
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cocmail.adapters.dkim_check import SignatureField, signature_fields, weakness
from cocmail.core.headers import Header, split
from cocmail.core.mail import Mail, read
from cocmail.core.verification import Authentication, Signature, shortfall

CORPORA = Path(__file__).parents[3] / "shared/corpora"
FOLDERS = ("bounces", "malformed", "authentication-results")
# The corpora's makers wrote example.com for some names, and left the provider's in front of it.
FAMILIES = (
    ("Google", r"(?:gmail|googlemail|google)(?:\.example)?\.com"),
    ("Microsoft", r"(?:outlook|hotmail|live)\.com|(?:.+\.)?onmicrosoft\.com"),
    ("Yahoo", r"(?:.+\.)?yahoo\.com"),
    ("Yahoo Japan", r"yahoo\.co\.jp|y\.example\.co\.jp"),
    ("AOL", r"(?:mx\.)?aol(?:\.example)?\.com"),
    ("Apple", r"icloud\.com"),
    ("Mail.ru", r"mail\.ru"),
    ("Yandex", r"yandex\.(?:ru|example\.com)"),
    ("Amazon SES", r"amazonses\.com"),
)
OTHERS = "all others"
PROVES, UNREADABLE = "", "can't be read: masked or cut"
_FIELD = re.compile(rb"^dkim-signature[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass
class Row:
    """What one family's signatures came to."""

    signatures: int = 0
    lists: set[frozenset[str]] = field(default_factory=set)  # different h=
    came_to: Counter[str] = field(default_factory=Counter)  # "" or what is lacking
    answers: int = 0  # the mail has In-Reply-To or References
    proved_answers: int = 0


def family(domain: str) -> str:
    for name, pattern in FAMILIES:
        if re.fullmatch(pattern, domain):
            return name
    return OTHERS


def headers() -> Iterator[bytes]:
    """Every header with a signature, of a mail itself or of one that it quotes."""
    for folder in FOLDERS:
        assert (CORPORA / folder).is_dir(), f"the corpus {CORPORA / folder} isn't here"
        for path in sorted((CORPORA / folder).iterdir()):
            raw = path.read_bytes().replace(b"\r\n", b"\n")
            starts = {_start(raw, one.start()) for one in _FIELD.finditer(raw)}
            for start in sorted(starts):
                block = raw[start:].partition(b"\n\n")[0]
                yield quopri.decodestring(block) if b"=3D" in block else block


def _start(raw: bytes, position: int) -> int:
    """Where the header begins that holds this position."""
    empty = raw.rfind(b"\n\n", 0, position)
    return 0 if empty < 0 else empty + 2


def lacking(raw: bytes, header: Header, signature: SignatureField) -> str:
    """What a member's mail with this signature would lack, were it sound."""
    mail = read(raw)
    assert isinstance(mail, Mail)
    counts = Counter(one.name for one in header.fields)
    proof = Authentication(
        signature=Signature.SOUND, covered=signature.covered(counts), marks=(), why=""
    )
    # As mail programs write an answer: its body reads the same, however it is declared.
    mail = dataclasses.replace(mail, plain_opening=True)
    return weakness(signature) or shortfall(mail, proof, holding="to", replayed=False)


def table() -> dict[str, Row]:
    rows = {name: Row() for name in (*(name for name, _ in FAMILIES), OTHERS)}
    for block in headers():
        raw = block + b"\n\n/approve\n"
        header = split(raw)
        found = signature_fields(header)
        rows[OTHERS].came_to[UNREADABLE] += len(header.all("dkim-signature")) - len(found)
        for one in found:
            row = rows[family(one.domain)]
            why = lacking(raw, header, one)
            row.signatures += 1
            row.lists.add(frozenset(one.signed))
            row.came_to[why] += 1
            if header.has("in-reply-to", "references"):
                row.answers += 1
                row.proved_answers += why == PROVES
    return rows


def lines(rows: dict[str, Row]) -> list[str]:
    """The rows of the page's table."""
    found: list[str] = []
    for name, row in rows.items():
        open_ = [f"{count}: {why}" for why, count in sorted(row.came_to.items()) if why and count]
        found.append(
            f"| {name} | {row.signatures} | {len(row.lists)} | {row.came_to[PROVES]}"
            f" | {row.proved_answers} of {row.answers} | {' '.join(open_)} |"
        )
    return found


if __name__ == "__main__":
    print("\n".join(lines(table())))
