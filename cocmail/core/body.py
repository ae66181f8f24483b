"""What a mail says to people: which of its parts are its text, and in which form.

Owns that nothing of it is passed over: a text is shown, unless another form of it says the same,
and what isn't shown, or not whole, is listed beside it. Refuses to know headers and who wrote.
Called by core.mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote

from cocmail.core import mime, smime
from cocmail.core.charsets import decode, of_page
from cocmail.core.flowed import unflow
from cocmail.core.limits import Limits, TooMuchError, survey
from cocmail.core.markup import held, hides, pictures_elsewhere, strip_tags, without_pictures
from cocmail.core.mime import Part
from cocmail.core.quoting import WORD, in_lines

_PAGES = ("text/html", "application/xhtml+xml")
_EMOJI = r"[\u203c\u2049\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_WORD = re.compile(f"{WORD.pattern}|{_EMOJI}")
# Where a link leads, a picture, the number of an item
_BY_OTHER_MEANS = re.compile(
    r"<?(?:https?://|mailto:|tel:|www\.)[^\s<>]{1,2000}>?|<[^\s<>@]{1,64}@[^\s<>@]{1,255}>"
    r"|\[(?:(?:image|cid):[^\[\]\n]{0,200}|[^\[\]\s]{1,80}\.(?:png|jpe?g|gif))\]"
    rf"|(?m:^[ \t>]{{0,40}}[0-9]{{1,3}}[.)](?=[ \t]))|{_EMOJI}"
)
# What a link leads to; a number to call is written in too many ways.
_PLACE = re.compile(r"(?!cid:|data:|javascript:|tel:)(?:[a-z][a-z0-9+-]+:|//|www\.)\S")
_ROAD = re.compile(r"(?:[a-z][a-z0-9+-]*:)?(?://)?(?:www\.)?")  # to it: a text may leave it out
_WITHOUT_SPACE = re.compile(r"[^\s<>\"()\[\]]+")
_LIKE_A_PLACE = re.compile(r"[.:@]")
_PICTURE = re.compile(r"\S+\.(?:png|jpe?g|gif)")  # no words: a file's name
# Text to a machine; people are told that it is there.
_FOR_MACHINES = re.compile(
    r"text/(?:(?:x-)?v(?:calendar|card)|calendar|directory|rfc822-headers|css|(?:java|ecma)script)"
)
# What somebody wrote, as gateways of MMS call it, and Exchange what stands behind a picture,
# whatever they say that it is.
_BY_A_GATEWAY = re.compile(r"text_?[0-9]{1,3}\.txt|att[0-9]{5}\.(?:txt|html?)", re.IGNORECASE)


class Body(StrEnum):
    """What a mail's text is made of."""

    PLAIN = "plain"  # it begins with the only text/plain part that isn't an attachment
    HTML = "html"  # it begins with text/html, or is that alone
    SEVERAL = "several"  # more than one plain part, or a multipart that can't be taken apart
    NONE = "none"


class Below(StrEnum):
    """What is shown below a mail's text."""

    HTML = "html"  # what only its HTML says, or a text behind the first
    FILE = "file"  # texts that came as files, or for want of any other, that are attached
    SIGNED = "signed"  # what is within a signature
    OUTSIDE = "outside"  # what stands before, between or behind its parts


@dataclass(frozen=True, kw_only=True)
class Told:
    """The text, and what is told beside it."""

    kind: Body
    text: str = field(repr=False)
    fuller: str = field(default="", repr=False)  # shown below it, and no command is there
    beside: str = field(default="", repr=False)  # and below that: perhaps another's words
    below: frozenset[Below] = frozenset()  # what these two are made of
    single: Part | None = None  # the one plain text
    listed: tuple[Part, ...]  # what came as a file, isn't shown, or isn't shown whole
    shown: tuple[Part, ...]  # of these, what is shown all the same, whole or not
    missing: tuple[tuple[Part, int], ...]  # how many bytes of these texts aren't shown
    elsewhere: int  # pictures that it shows and that don't come with it


def told(
    raw: bytes,
    top: Part,
    limits: Limits,
    html_to_text: Callable[[str], str],
    *,
    signed_too: bool = True,
) -> Told:
    """``html_to_text`` changes the text alone, never what is listed. ``signed_too``: below it
    stands what is within signatures."""
    reader = _Reader(raw, limits.text)
    leaves = [*top.leaves()]
    texts = [part for part in leaves if is_text(part) and not part.outside]
    listed = [part for part in leaves if not is_text(part)]
    groups = [*_texts(top)]
    said = [piece for forms in groups for piece in _said(forms, reader, html_to_text)]
    kind = _kind(texts, [part for part, _ in said])
    said = _up_to_the_cut(said, groups, reader)
    first = 1 if kind is Body.PLAIN else len(said)
    files = _in_turn([*filter(_comes_as_text, listed)], reader, html_to_text)
    if not said and not files:
        files = _in_turn(_attached_texts(listed), reader, html_to_text)
    signed = [
        piece
        for part in (listed if signed_too else ())
        for piece in _signed(raw, part, limits, html_to_text, reader)
    ]
    outside = [part for part in leaves if is_text(part) and part.outside]
    pieces = [_Piece(None if n < first else Below.HTML, text) for n, (_, text) in enumerate(said)]
    for part, text in files:
        others = said and not _BY_A_GATEWAY.fullmatch(part.name)
        pieces.append(_Piece(Below.FILE, text, beside=bool(others) or part.outside))
    pieces += [_Piece(Below.SIGNED, text, beside=part.outside) for part, text in signed]
    pieces += [
        _Piece(Below.OUTSIDE, text, beside=True)
        for _, text in _in_turn(outside, reader, html_to_text)
    ]
    return Told(
        kind=kind,
        text=_joined(one for one in pieces if one.below is None),
        fuller=_joined(one for one in pieces if one.below and not one.beside),
        beside=_joined(one for one in pieces if one.beside),
        below=frozenset(one.below for one in pieces if one.below),
        single=next(p for p in texts if not _is_page(p)) if kind is Body.PLAIN else None,
        listed=(*listed, *(part for part in reader.passed_over if part not in listed)),
        shown=tuple(part for part, _ in files),
        elsewhere=len(reader.elsewhere),
        missing=tuple(reader.missing),
    )


@dataclass(frozen=True)
class _Piece:
    """One text that is shown: where, and whether these are perhaps another's words."""

    below: Below | None  # why it stands below the text; None: it is the text
    text: str
    beside: bool = False


def _joined(pieces: Iterable[_Piece]) -> str:
    return "\n\n".join(one.text for one in pieces)


def _in_turn(
    parts: list[Part], reader: _Reader, html_to_text: Callable[[str], str]
) -> list[tuple[Part, str]]:
    """Texts, each by itself, up to the first that isn't shown whole."""
    found: list[tuple[Part, str]] = []
    for part in parts:
        if reader.missing:
            reader.miss(part)
        else:
            found += _said([part], reader, html_to_text)
    return found


def _signed(
    raw: bytes,
    part: Part,
    limits: Limits,
    html_to_text: Callable[[str], str],
    reader: _Reader,
) -> list[tuple[Part, str]]:
    """What the mail within a signature says, as text alone: no command is there."""
    if not smime.is_smime(part.content_type, part.name):
        return []
    inner = smime.within(mime.content(raw, part))
    if inner is None:
        return []
    try:
        top = mime.walk(inner, survey(inner, limits), limits)
    except TooMuchError:
        return []
    said = told(inner, top, limits, html_to_text, signed_too=False)
    if lost := sum(missing for _, missing in said.missing):
        reader.missing.append((part, lost))
    text = "\n\n".join(filter(str.strip, (said.text, said.fuller, said.beside)))
    return [(part, text)] if text else []


def _up_to_the_cut(
    shown: list[tuple[Part, str]], groups: list[list[Part]], reader: _Reader
) -> list[tuple[Part, str]]:
    """Nothing stands below a text that isn't shown whole, or nobody would see where it was cut.
    What is passed over so goes by the parts alone, not by what is read of a page."""
    cut = [part for part, _ in reader.missing]
    order = [part for forms in groups for part in sorted(forms, key=_is_page)]
    first = next((n for n, part in enumerate(order, 1) if part in cut), len(order))
    for part in order[first:]:
        reader.pass_over(part)
    return [(part, text) for part, text in shown if part in order[:first]]


def _is_page(part: Part) -> bool:
    return part.content_type in _PAGES


def _kind(texts: list[Part], shown: list[Part]) -> Body:
    plain = [part for part in texts if not _is_page(part)]
    if len(plain) > 1 or any(part.content_type != "text/plain" for part in plain):
        return Body.SEVERAL
    if plain and shown[:1] in ([], plain):
        return Body.PLAIN
    return Body.HTML if texts else Body.NONE


def is_text(part: Part) -> bool:
    """Whether it is what the mail says, or a form of that, and not attached to it."""
    if part.disposition == "attachment" or part.name:
        return False
    # A multipart that has no parts is read as it came.
    return (
        part.content_type == "text/plain"
        or _is_page(part)
        or part.content_type.startswith("multipart/")
    )


def _comes_as_text(part: Part) -> bool:
    """Whether mail programs show it among what the mail says, though it has a file's name or is a
    text of another kind; unless that kind is one more form of what is said (RFC 2046 section
    5.1.4)."""
    if not _could_be_text(part) or (
        part.disposition == "attachment" and not _BY_A_GATEWAY.fullmatch(part.name)
    ):
        return False
    one_more = "multipart/alternative" in part.parents[-1:]
    return part.content_type == "text/plain" or _is_page(part) or not one_more


def _attached_texts(listed: list[Part]) -> list[Part]:
    """What a mail says that says nothing else: its plain texts, or the first of another kind."""
    could_be = [*filter(_could_be_text, listed)]
    return [part for part in could_be if part.content_type == "text/plain"] or could_be[:1]


def _could_be_text(part: Part) -> bool:
    kind = part.content_type
    return _is_page(part) or (kind.startswith("text/") and not _FOR_MACHINES.fullmatch(kind))


def _texts(part: Part) -> Iterator[list[Part]]:
    """Each text, with its other forms."""
    if part.children and part.content_type != "multipart/alternative":
        for child in part.children:
            yield from _texts(child)
    elif forms := [leaf for leaf in part.leaves() if is_text(leaf) and not leaf.outside]:
        yield forms


class _Reader:
    """Undoes what a text went through on its way, up to a limit for each form."""

    def __init__(self, raw: bytes, most: int) -> None:
        self._raw = raw
        self._left = {True: most, False: most}  # bytes of pages, of other text
        self.elsewhere: set[str] = set()
        self.passed_over: list[Part] = []  # pages that hold more, and what isn't shown whole
        self.missing: list[tuple[Part, int]] = []  # bytes

    def pass_over(self, part: Part) -> None:
        if part not in self.passed_over:
            self.passed_over.append(part)

    def miss(self, part: Part) -> None:
        """None of it is shown."""
        self.pass_over(part)
        self.missing.append((part, len(mime.text(self._raw, part))))

    def read(self, part: Part) -> str:
        whole = mime.text(self._raw, part)
        page = _is_page(part)
        if page and len(light := without_pictures(whole)) < len(whole):
            self.pass_over(part)  # the list says that there is more to see
            whole = light
        data = whole[: self._left[page]]
        self._left[page] -= len(data)
        if len(data) < len(whole):
            self.pass_over(part)
            self.missing.append((part, len(whole) - len(data)))
        label = part.parameters.get("charset", "")
        text = decode(data, of_page(data, label) if page else label)
        text = in_lines(text)
        if not page and part.parameters.get("format", "").lower() == "flowed":
            text = unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
        return text


def _said(
    forms: list[Part], reader: _Reader, html_to_text: Callable[[str], str]
) -> list[tuple[Part, str]]:
    """What people read of one text's forms: the plain one, and what only its HTML says (they
    should say the same: RFC 2046 section 5.1.4)."""
    read = [(part, reader.read(part)) for part in forms]
    plain = [(part, text) for part, text in read if not _is_page(part) and text.strip()]
    pages = [(part, markup) for part, markup in read if _is_page(part)]
    told = "\n".join(text for _, text in plain)
    known = [*_pieces(told)] if pages and plain else []
    named = _named(told) if pages else ()
    # Apple Mail begins a page anew behind each picture.
    together = "\n".join(html_to_text(markup) for _, markup in pages) if len(pages) > 1 else ""
    same = bool(plain and together) and _says_the_same(together, known)
    for part, markup in pages:
        reader.elsewhere |= pictures_elsewhere(markup)
        crude = strip_tags(markup)  # at little cost, for any mail
        if not _words(crude) or _says_more(markup, (*named, *_named(crude))):
            reader.pass_over(part)
        if same or (plain and _says_the_same(crude, known)):
            continue
        if hides(markup):
            reader.pass_over(
                part
            )  # what no mail program shows isn't shown; that it is there is told
        text = html_to_text(markup).strip()
        if text if not plain else _words(text) and not _says_the_same(text, known):
            plain.append((part, text))
    return plain


def _says_more(markup: str, told: tuple[frozenset[str], ...]) -> bool:
    """Whether its tags hold what isn't told: where a link leads, or words for a picture."""
    return any(
        _PLACE.match(value.casefold()) and not any(_place(value) in one for one in told)
        if leads
        else not _PICTURE.fullmatch(value.casefold())
        and not all(any(word in one for one in told) for word in _words(value))
        for value, leads in held(markup)
    )


def _named(text: str) -> tuple[frozenset[str], ...]:
    """Its words, and what could be a link."""
    long = filter(_LIKE_A_PLACE.search, _WITHOUT_SPACE.findall(text))
    return frozenset(_words(text)), frozenset(map(_place, long))


def _place(link: str) -> str:
    """What is left of a link when it is written shortly, and of any other word."""
    place = _ROAD.sub("", link.casefold(), count=1)
    if link.casefold().startswith("mailto:"):
        place = place.partition("?")[0]
    return unquote(place).strip("/.,;:!?'*_")


def _pieces(plain: str) -> Iterator[tuple[list[str], bool]]:
    """The words of a plain text, in order, and whether their HTML may say them by other means."""
    at = 0
    for found in _BY_OTHER_MEANS.finditer(plain):
        yield _words(plain[at : found.start()]), False
        yield _words(found[0]), True
        at = found.end()
    yield _words(plain[at:]), False


def _says_the_same(text: str, plain: list[tuple[list[str], bool]]) -> bool:
    words = _words(text)
    at = 0
    for piece, by_other_means in plain:
        if words[at : at + len(piece)] == piece:
            at += len(piece)
        elif not by_other_means:
            return False
    return at == len(words)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("\u00ad", "").casefold())
