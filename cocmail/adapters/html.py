"""HTML to text by inscriptis, handed to core.mail's `read`.

Owns the translation of inscriptis' and lxml's errors into the core's crude stand-in, and the
limits under which they are asked. Nothing is ever fetched. Called by whoever composes `read`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.canvas import Canvas
from inscriptis.model.config import ParserConfig
from inscriptis.model.css import CssParse
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.table import Table
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from inscriptis.model.tag.list_tag import li_start_handler, ol_start_handler, ul_start_handler
from lxml.etree import LxmlError  # type: ignore[import-untyped]
from lxml.html import HTMLParser, document_fromstring  # type: ignore[import-untyped]

from cocmail.core.markup import display, opened, strip_tags

_MOST = 500_000  # characters
_MOST_TAGS = 20_000
_LONGEST_TAG = 8_192  # characters: each attribute is compared with those in front of it
_MOST_ATTRIBUTES = 200
_MOST_BLANK = 2_000_000  # characters of tables: nearly all of them blanks
_MOST_FOR_EACH = 4  # characters of the text for each of the page's, but for some
_SOME = 10_000
_FARTHEST = 20  # blanks before a line: so many are five lists
_LONGEST_NUMBER = 9  # digits of a list's item
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
# What stands behind them belongs to the body as well (HTML, section 13.2.6.4.19), and libxml2
# leaves it out: a second page, say, or a footer.
_ENDS = re.compile(r"</(?:html|body)\b[^<>]*>", re.IGNORECASE)
# Lines of their own (HTML, section 15.3), which inscriptis doesn't know: words ran together.
_BLOCKS = (
    "caption", "center", "dd", "details", "dialog", "dir", "dl", "dt", "fieldset", "form", "hr",
    "legend", "menu", "optgroup", "option", "search", "section", "summary",
)  # fmt: skip
_CSS = {
    **CSS_PROFILES["relaxed"],
    **{name: HtmlElement(display=Display.block) for name in _BLOCKS},
}
_DISPLAYS = {
    "none": Display.none, "block": Display.block, "inline": Display.inline,
    "inline-block": Display.inline, "contents": Display.inline,
}  # fmt: skip
_MANY = re.compile(r"\n{3,}")


class _Tables:
    """The tables of one page. Each of their cells is as wide as its column and as high as its row:
    of a page of 30 KB that made 8 MB."""

    def __init__(self) -> None:
        self.room = _MOST_BLANK

    def start(self, state: HtmlDocumentState, _: object) -> None:
        canvas = Canvas()
        state.tags[-1].set_canvas(canvas)
        state.current_table.append(_Bounded(self, canvas.left_margin, state.config))


class _Bounded(Table):  # type: ignore[misc]  # inscriptis has no types
    def __init__(self, tables: _Tables, left_margin: int, config: ParserConfig) -> None:
        super().__init__(left_margin_len=left_margin, cell_separator=config.table_cell_separator)
        self._tables = tables

    def _set_column_width(self) -> None:
        """The last that is done before it is written."""
        super()._set_column_width()
        for row in self.rows:
            self._tables.room -= row.width * (row.columns[0].height if row.columns else 0)
        if self._tables.room < 0:
            raise ValueError("its tables are larger than we write")


def _style(value: str, element: HtmlElement) -> None:
    """What hides text, and what keeps its lines. Widths are the page's own: of 3 KB they made 190
    million blanks, and stopped the daemon. Other ways to hide, which some mail programs don't
    follow, hide nothing."""
    shown = display(value)
    if shown in _DISPLAYS:
        element.display = _DISPLAYS[shown]
    for directive in value.lower().split(";"):
        name, _, said = directive.partition(":")
        if name.strip() == "white-space":
            CssParse.attr_white_space(said.strip(), element)


def _set_in(state: HtmlDocumentState, _: object) -> None:
    """Each line costs as many blanks as it is set in: 130 KB of short lines in many lists made
    60 million, and stopped the daemon for 40 s."""
    if state.tags[-1].canvas.left_margin >= _FARTHEST:
        state.tags[-1].padding_inline = 0


def _bullets(state: HtmlDocumentState, _: object) -> None:
    _set_in(state, _)
    ul_start_handler(state, {})


def _numbers(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
    """From the number that it starts at: mail programs begin a list anew behind words between."""
    _set_in(state, attributes)
    ol_start_handler(state, {})
    start = attributes.get("start", "").strip()
    if start.isascii() and start.isdigit() and len(start) <= _LONGEST_NUMBER:
        state.li_counter[-1] = int(start)


def _item(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
    """Those behind it count on from its number."""
    long = len(attributes.get("value", "")) > _LONGEST_NUMBER
    li_start_handler(state, {} if long else attributes)


def _as_shown() -> ParserConfig:
    starts = {
        "table": _Tables().start, "div": _set_in, "ul": _bullets, "ol": _numbers, "li": _item,
    }  # fmt: skip
    tags = CustomHtmlTagHandlerMapping(starts, {})
    config = ParserConfig(css=_CSS, custom_html_tag_handler_mapping=tags)
    handler = config.attribute_handler
    handler.attribute_mapping = {**handler.attribute_mapping, "style": _style}
    return config


def _is_long(tag: str) -> bool:
    return len(tag) > _LONGEST_TAG or tag.count("=") > _MOST_ATTRIBUTES


def html_to_text(markup: str) -> str:
    """The text as a browser would show it, roughly. Never raises."""
    if len(markup) > _MOST or markup.count("<") > _MOST_TAGS:
        return strip_tags(markup)
    if any(map(_is_long, opened(markup))):
        return strip_tags(markup)
    try:
        # lxml refuses text that declares an encoding.
        page = _ENDS.sub("<div></div>", _DECLARATION.sub("", markup))
        parser = HTMLParser()
        tree = document_fromstring(page, parser=parser)
        if parser.error_log.filter_from_fatals():  # it stopped there: at what is nested too deep
            return strip_tags(markup)
        text = str(Inscriptis(tree, _as_shown()).get_text())
    except (LxmlError, LookupError, RecursionError, TypeError, ValueError, AttributeError):
        return strip_tags(markup)
    crude = strip_tags(markup)
    if len(text) > _MOST_FOR_EACH * len(markup) + _SOME:
        return crude
    # A report is shown whole, whatever else libxml2 leaves out.
    if len("".join(text.split())) * 2 < len("".join(crude.split())):
        return crude
    lines = (line.rstrip() for line in text.split("\n"))
    return _MANY.sub("\n\n", "\n".join(lines)).strip("\n")
