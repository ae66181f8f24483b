"""What a mail says to people: which of its parts are its text, and in which form.

Owns that nothing of it is passed over: a text is shown, unless another form of it says the same,
and what isn't shown, or not whole, is listed beside it. Refuses to know headers and who wrote.
Called by core.mail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from cocmail.core import mime
from cocmail.core.charsets import decode
from cocmail.core.flowed import unflow
from cocmail.core.limits import Limits
from cocmail.core.markup import strip_tags
from cocmail.core.mime import Part
from cocmail.core.quoting import WORD

_PAGE = "text/html"
# Text to a machine; people are told that it is there.
_FOR_MACHINES = ("text/calendar", "text/x-vcalendar", "text/rfc822-headers")


class Body(StrEnum):
    """What a mail's text is made of."""

    PLAIN = "plain"  # it begins with the only text/plain part that isn't an attachment
    HTML = "html"  # it begins with text/html, or is that alone
    SEVERAL = "several"  # more than one plain part, or a multipart that can't be taken apart
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Told:
    """The text, and what is told beside it."""

    kind: Body
    text: str = field(repr=False)
    # Shown below it: what only HTML says, or for want of a text the first that is attached
    fuller: str = field(default="", repr=False)
    single: Part | None = None  # the one plain text
    listed: tuple[Part, ...]  # what isn't shown, and what isn't shown whole


def told(raw: bytes, top: Part, limits: Limits, html_to_text: Callable[[str], str]) -> Told:
    """``html_to_text`` changes the text alone, never what is listed."""
    reader = _Reader(raw, limits.text)
    texts = [part for part in top.leaves() if _is_text(part)]
    listed = [part for part in top.leaves() if not _is_text(part)]
    shown = [piece for forms in _texts(top) for piece in _said(forms, reader, html_to_text)]
    kind = _kind(texts, [part for part, _ in shown])
    first = 1 if kind is Body.PLAIN else len(shown)
    said, below = shown[:first], shown[first:]
    if not shown:
        below = _said([*filter(_could_be_text, listed)][:1], reader, html_to_text)
    return Told(
        kind=kind,
        text="\n\n".join(text for _, text in said),
        fuller="\n\n".join(text for _, text in below),
        single=next(p for p in texts if p.content_type != _PAGE) if kind is Body.PLAIN else None,
        listed=(*listed, *(part for part in reader.cut if part not in listed)),
    )


def _kind(texts: list[Part], shown: list[Part]) -> Body:
    plain = [part for part in texts if part.content_type != _PAGE]
    if len(plain) > 1 or any(part.content_type != "text/plain" for part in plain):
        return Body.SEVERAL
    if plain and shown[:1] in ([], plain):
        return Body.PLAIN
    return Body.HTML if texts else Body.NONE


def _is_text(part: Part) -> bool:
    if part.disposition == "attachment" or part.name:
        return False
    # A multipart that has no parts is read as it came.
    return part.content_type in ("text/plain", _PAGE) or part.content_type.startswith("multipart/")


def _could_be_text(part: Part) -> bool:
    return part.content_type.startswith("text/") and part.content_type not in _FOR_MACHINES


def _texts(part: Part) -> Iterator[list[Part]]:
    """Each text, with its other forms."""
    if part.children and part.content_type != "multipart/alternative":
        for child in part.children:
            yield from _texts(child)
    elif forms := [leaf for leaf in part.leaves() if _is_text(leaf)]:
        yield forms


class _Reader:
    """Undoes what a text went through on its way, up to a limit for each form."""

    def __init__(self, raw: bytes, most: int) -> None:
        self._raw = raw
        self._left = {True: most, False: most}  # bytes of pages, of other text
        self.cut: list[Part] = []

    def read(self, part: Part) -> str:
        whole = mime.text(self._raw, part)
        page = part.content_type == _PAGE
        data = whole[: self._left[page]]
        self._left[page] -= len(data)
        if len(data) < len(whole):
            self.cut.append(part)
        text = decode(data, part.parameters.get("charset", ""))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not page and part.parameters.get("format", "").lower() == "flowed":
            text = unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
        return text


def _said(
    forms: list[Part], reader: _Reader, html_to_text: Callable[[str], str]
) -> list[tuple[Part, str]]:
    """What people read of one text's forms: the plain one, and what only its HTML says (they
    should say the same: RFC 2046 section 5.1.4)."""
    read = [(part, reader.read(part)) for part in forms]
    plain = [(part, text) for part, text in read if part.content_type != _PAGE and text.strip()]
    pages = [(part, markup) for part, markup in read if part.content_type == _PAGE]
    known = Counter(_words(" ".join(text for _, text in plain))) if pages else Counter[str]()
    for part, markup in pages:
        if plain and not _says_more(strip_tags(markup), known):  # at little cost, for any mail
            continue
        text = html_to_text(markup).strip()
        if text if not plain else _says_more(text, known):
            plain.append((part, text))
    return plain


def _says_more(text: str, known: Counter[str]) -> bool:
    return any(known[word] < count for word, count in Counter(_words(text)).items())


def _words(text: str) -> list[str]:
    return WORD.findall(text.replace("\u00ad", "").casefold())
