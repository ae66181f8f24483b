"""HTML to text in the crudest way that is safe, for where no better one is handed in.

Owns nothing but this stand-in and what stands in the tags themselves: one pass, no tree, no
fetching. The daemon hands `read` the adapter's (adapters.html). Called by core.mail and core.body.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_BREAKS = frozenset({"br", "p", "/p", "div", "/div", "tr", "li", "blockquote", "/blockquote"})
_HIDDEN = ("script", "style", "title")
_COMMENT_ENDS = re.compile(r"--!?>")
_MANY = re.compile(r"\n{3,}")
# Behind = a value may be quoted, with > in it. A tag with so many of them is long enough.
_OPENED = re.compile(
    r"""<!(?=--)(?:.*?--!?>|.*)|(<[a-z](?:[^>=]+|=\s*(?:"[^"]*"?|'[^']*'?)?){0,4096})""",
    re.IGNORECASE | re.DOTALL,
)
_HOLDER = re.compile(r"<(?:a|area|img|input)[\s/]", re.IGNORECASE)
_UNSEEN = re.compile(r"""(?<![\w-])type\s*=\s*["']?hidden""", re.IGNORECASE)
_HELD = re.compile(
    r"""(?<![\w-])(?:(href)|alt|value)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)

_SHOWS = re.compile(r"<(?:img|image|input|table|t[dhr]|body|div|video)[\s/]", re.IGNORECASE)
_SHOWN = re.compile(
    r"""(?<![\w-])(?:src|background|poster|style|href)\s*=\s*"""
    r"""(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"""(?:^|url\(["']?)((?:https?:)?//[^"')]+)""", re.IGNORECASE)
_DOT = re.compile(
    r"""(?<![\w-])(?:width|height)\s*[=:]\s*["']?[01](?:px)?["'\s;/>]""", re.IGNORECASE
)

_STYLE = re.compile(r"""(?<![\w-])style\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_MOST_STYLES = 5_000
_MAY_HIDE = re.compile(r"display|&", re.IGNORECASE)
_WITHOUT_WORDS = re.compile(r"<(?:img|br|hr|input)\b", re.IGNORECASE)
_ENDS_AT_ONCE = re.compile(r"[^<>]{0,9}>\s*+</")
# No declarations in a style (CSS Syntax, section 4): comments; strings and what is in brackets
_ASIDE = re.compile(
    r"""(/\*.*?(?:\*/|\Z))|"[^"\n]*"|'[^'\n]*'|\((?:[^()"'\n]|"[^"\n]*"|'[^'\n]*')*+\)""", re.DOTALL
)
_HARD_TO_READ = re.compile(r"""["'(){}\[\]]""")
_BLANKS = " \t\n\r\f"

# A picture that stands in the tag itself (RFC 2397), from some size on
_LIKE = rb"data:[a-z]{1,20}/[\w.+-]{1,80}(?:;[\w=.+-]{1,80}){0,5},"
_WITHIN = re.compile(
    rb"(?<=[\"'])" + _LIKE + rb"[!#-&*-;=?-~\r\n]{1000,}+"
    rb"|(?<=[=(])" + _LIKE + rb"[!#-&*-;=?-~]{1000,}+",
    re.IGNORECASE,
)  # fmt: skip

# Of thousands of digits Python makes no number.
_ZEROS = re.compile(r"(&#[xX]?0)0+")
_NO_LETTER = re.compile(r"&#(?:0?[1-9][0-9]{7,}|[xX]0?[1-9a-fA-F][0-9a-fA-F]{6,});?")


def unescape(text: str) -> str:
    """With the letters that are written as entities. Never raises."""
    return html.unescape(_NO_LETTER.sub("\ufffd", _ZEROS.sub(r"\1", text)))


def strip_tags(markup: str) -> str:
    """The text between the tags, with line breaks where a block begins or ends."""
    out: list[str] = []
    lower = markup.lower()
    if len(lower) != len(markup):  # some letters have no lower case of their own length
        lower = markup
    position = 0
    while (begin := markup.find("<", position)) >= 0:
        out.append(" ".join(markup[position:begin].split()) + " ")
        if markup.startswith("<!--", begin):
            ends = _COMMENT_ENDS.search(markup, begin + 2)
            position = ends.end() if ends else len(markup)
            continue
        if (
            not markup[begin + 1 : begin + 2].isalpha()
            and markup[begin + 1 : begin + 2] not in "/!?"
        ):
            out.append("<")
            position = begin + 1
            continue
        end = markup.find(">", begin)
        if end < 0:
            position = begin
            out.append(markup[begin : begin + 1])
            position += 1
            break
        tag = lower[begin + 1 : end].split(maxsplit=1)
        name = tag[0].rstrip("/") if tag else ""
        position = end + 1
        if name in _HIDDEN:
            close = lower.find(f"</{name}", position)
            position = len(markup) if close < 0 else close
        elif name in _BREAKS:
            out.append("\n")
    out.append(markup[position:])
    lines = (" ".join(line.split()) for line in unescape("".join(out)).split("\n"))
    return _MANY.sub("\n\n", "\n".join(lines)).strip()


def without_pictures(page: bytes) -> bytes:
    """Without the bytes of pictures that stand in its tags: behind them the page's text goes on,
    and nobody reads them."""
    return _WITHIN.sub(b"data:,", page) if b"data:" in page.lower() else page


def opened(markup: str) -> Iterator[str]:
    """The tags that open something, each with what stands in it."""
    return (found[1] for found in _OPENED.finditer(markup) if found[1])


def held(markup: str) -> Iterator[tuple[str, bool]]:
    """What its tags hold for people, and whether that is where a link leads; else it is what
    stands in for a picture, or in a field of a form."""
    for begin, end in _tags(markup):
        if _HOLDER.match(markup, begin) and not _UNSEEN.search(markup, begin, end):
            for found in _HELD.finditer(markup, begin, end):
                value = unescape(found[2] or found[3] or found[4] or "")
                yield " ".join(value.split()), bool(found[1])


def display(style: str) -> str:
    """How a style has its element displayed: the last that it says of it, or of what it says to be
    important (CSS Cascade, section 6); "" where it says nothing, or is hard to read."""
    if "\\" in style:
        return ""
    plain = _ASIDE.sub(lambda found: " " if found[1] else "?", style.lower())
    said, important = "", False
    for declaration in () if _HARD_TO_READ.search(plain) else plain.split(";"):
        name, _, value = declaration.partition(":")
        value, flagged, mark = value.partition("!")
        matters = mark.strip(_BLANKS) == "important"
        if name.strip(_BLANKS) == "display" and (matters or not (flagged or important)):
            said, important = value.strip(_BLANKS), matters
    return said


def hides(markup: str) -> bool:
    """Whether a style of its may keep words from being shown; one of very many may."""
    return any(
        number > _MOST_STYLES
        or (display(unescape(style)) == "none" and not _ENDS_AT_ONCE.match(markup, end))
        for number, (style, end) in enumerate(_styles(markup))
    )


def _styles(markup: str) -> Iterator[tuple[str, int]]:
    """Those of elements that have words, which may hide them."""
    for found in _OPENED.finditer(markup):
        tag = found[1]
        if not tag or _WITHOUT_WORDS.match(tag) or not _MAY_HIDE.search(tag):
            continue
        if style := _STYLE.search(tag):
            yield style[1] or style[2] or style[3] or "", found.end()


def pictures_elsewhere(markup: str) -> set[str]:
    """Where the pictures lie that it shows and that don't come with it; not the dots by which
    programs see that a mail is read."""
    places: set[str] = set()
    for begin, end in _tags(markup):
        if _SHOWS.match(markup, begin) and not _DOT.search(markup, begin, end):
            for found in _SHOWN.finditer(markup, begin, end):
                value = "".join(unescape(found[1] or found[2] or found[3] or "").split())
                places.update(place[1].casefold() for place in _ELSEWHERE.finditer(value))
    return places


def _tags(markup: str) -> Iterator[tuple[int, int]]:
    """Where each tag begins and ends."""
    position = 0
    while (begin := markup.find("<", position)) >= 0:
        if markup.startswith("<!--", begin):
            ends = _COMMENT_ENDS.search(markup, begin + 2)
            position = ends.end() if ends else len(markup)
            continue
        end = markup.find(">", begin)
        if end < 0:
            return
        yield begin, end
        position = end + 1
