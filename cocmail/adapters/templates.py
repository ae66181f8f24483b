"""The letters' texts: Jinja2 templates, one a kind, by language.

Owns the finding and rendering of templates and the words for times and spans. Refuses to know
when a letter is written. The daemon hands `render` to the core as a plain function. A template is
code of the community's own, but sandboxed all the same; values are never templates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cocmail.core.durations import words

# People's own texts pass by the tidying of empty lines: what is shown is exactly what they wrote.
# Private-use letters, which no template holds; in a text they are nothing to us.
_OPEN, _CLOSE = "\ue000", "\ue001"
_STAND_IN = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

_SHIPPED = Path(__file__).parent.parent / "templates"


class Templates:
    """Templates of one language."""

    def __init__(self, language: str = "en", folder: Path = _SHIPPED) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder / language),
            autoescape=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["when"] = when
        self._environment.filters["span"] = _span

    def render(self, name: str, values: Mapping[str, Any]) -> tuple[str, str]:
        """The subject and the text of a letter."""
        texts: list[str] = []

        def stand_in(value: Any) -> Any:
            if isinstance(value, str) and "\n" in value:
                texts.append(value)
                return f"{_OPEN}{len(texts) - 1}{_CLOSE}"
            return [stand_in(v) for v in value] if isinstance(value, list) else value

        plain = {key: stand_in(value) for key, value in values.items()}
        whole = self._environment.get_template(f"{name}.txt").render(plain)
        head, _, text = whole.partition("\n")
        text = _STAND_IN.sub(lambda found: texts[int(found.group(1))], _tidy(text))
        return head.removeprefix("Subject:").strip(), text


def _tidy(text: str) -> str:
    """At most one empty line in a row, none at the ends: templates may leave more."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"


def when(moment: datetime) -> str:
    """An instant as people say it, in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def _span(length: timedelta | float) -> str:
    return words(length if isinstance(length, timedelta) else timedelta(seconds=length))
