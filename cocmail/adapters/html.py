"""HTML to text by inscriptis, handed to core.mail's `read`.

Owns the translation of inscriptis' and lxml's errors into the core's crude stand-in, and the
limits under which they are asked. Nothing is ever fetched. Called by whoever composes `read`.
"""

from __future__ import annotations

import re

import inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml.etree import LxmlError  # type: ignore[import-untyped]

from cocmail.core.markup import strip_tags

_MOST = 500_000  # characters
_MOST_TAGS = 20_000
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
# What stands behind them belongs to the body as well (HTML, section 13.2.6.4.19), and libxml2
# leaves it out: a second page, say, or a footer.
_ENDS = re.compile(r"</(?:html|body)\b[^<>]*>", re.IGNORECASE)
# Lines of their own (HTML, section 15.3), which inscriptis doesn't know: words ran together.
_BLOCKS = (
    "caption", "center", "dd", "details", "dialog", "dir", "dl", "dt", "fieldset", "form", "hr",
    "legend", "menu", "optgroup", "option", "search", "section", "summary",
)  # fmt: skip
_AS_SHOWN = ParserConfig(
    css={
        **CSS_PROFILES["relaxed"],
        **{name: HtmlElement(display=Display.block) for name in _BLOCKS},
    }
)
_MANY = re.compile(r"\n{3,}")


def html_to_text(markup: str) -> str:
    """The text as a browser would show it, roughly. Never raises."""
    if len(markup) > _MOST or markup.count("<") > _MOST_TAGS:
        return strip_tags(markup)
    try:
        # lxml refuses text that declares an encoding.
        page = _ENDS.sub("<div></div>", _DECLARATION.sub("", markup))
        text = str(inscriptis.get_text(page, _AS_SHOWN))
    except (LxmlError, LookupError, RecursionError, TypeError, ValueError, AttributeError):
        return strip_tags(markup)
    crude = strip_tags(markup)
    # libxml2 leaves out what is nested too deep for it; a report is shown whole.
    if len("".join(text.split())) * 2 < len("".join(crude.split())):
        return crude
    lines = (line.rstrip() for line in text.split("\n"))
    return _MANY.sub("\n\n", "\n".join(lines)).strip("\n")
