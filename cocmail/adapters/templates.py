"""The letters' texts: Jinja2 templates, one a kind, by language.

Owns the finding and rendering of templates: a community's own first, then ours in that language,
then English. Refuses to know when a letter is written, and which words a language has (words).
The daemon hands `render` to the core as a plain function. A template is code of the community's
own, but sandboxed all the same; values are never templates.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    pass_context,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cocmail.adapters.words import Words, read
from cocmail.core.languages import choose
from cocmail.core.people import Address
from cocmail.core.spelling import spelled
from cocmail.templates import ENGLISH, SHIPPED, languages

log = structlog.get_logger("cocmail")

# People's own texts pass by the tidying of empty lines: what is shown is exactly what they wrote.
# Private-use letters stand for them meanwhile, and are taken out of all else that is filled in.
_OPEN, _CLOSE = "\ue000", "\ue001"
_STAND_IN = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_TEXTS = "texts of people"  # no template can name it: it holds spaces

WORDS = ("words.toml", "phrases.toml")
"""A language's files beside its templates."""

PER_MEASURE = "letter"
"""Templates that begin so may have a variant a measure: letter-suspend wins over letter."""


@dataclass(frozen=True)
class Source:
    """A template as it was read when we started: a later change waits for the next start."""

    text: str
    path: Path
    own: bool


class Templates:
    """All templates, in every language that there is."""

    def __init__(self, language: str = ENGLISH, own: Path | None = None) -> None:
        self.own = own
        self.languages = languages(own)
        self.language = choose((language,), self.languages) or ENGLISH
        self._words: dict[tuple[str, bool], Words] = {}
        self._shelves: dict[tuple[str, bool], _Shelf] = {}
        self._environments: dict[tuple[str, bool], Environment] = {}

    def make_ready(self) -> None:
        """Compile every template of every language: whoever writes to us chooses one, and the
        first letter in it would wait for that, and all else with it."""
        for language in self.languages:
            for shipped in (False, True) if self.own else (False,):
                environment = self.environment(language, shipped=shipped)
                for template in environment.list_templates():
                    with contextlib.suppress(TemplateError):  # ours stands in for one of theirs
                        environment.get_template(template)

    def render(self, name: str, values: Mapping[str, Any], language: str = "") -> tuple[str, str]:
        """The subject and the text of a letter; in the community's language unless another is
        named. Where a template of the community's own fails after all, ours stands in: a letter
        that somebody waits for leaves."""
        chosen = choose((language,), self.languages) if language else ""
        chosen = chosen or self.language
        try:
            return self.rendered(name, values, chosen)
        except Exception as error:
            shelf = self.shelf(chosen)
            if self.own is None or not any(s.own for s in shelf.sources.values()):
                raise
            # No text of the error: it may quote a value.
            log.error("template of your own failed; ours was used", template=name,
                      language=chosen, error=type(error).__name__)  # fmt: skip
            return self.rendered(name, values, chosen, shipped=True)

    def rendered(
        self, name: str, values: Mapping[str, Any], language: str, *, shipped: bool = False
    ) -> tuple[str, str]:
        """As `render`, for a language that there is; raises what the template raises."""
        texts: list[str] = []
        which = self.shelf(language, shipped=shipped).variant(name, values)
        template = self.environment(language, shipped=shipped).get_template(f"{which}.txt")
        whole = template.render({**values, _TEXTS: texts})
        head, _, text = whole.partition("\n")
        subject = " ".join(_filled(head, texts).split()).removeprefix("Subject:").strip()
        # A mail that belongs to no case has no reference.
        return subject.removeprefix("[] "), _filled(_tidy(text), texts)

    def shelf(self, language: str, *, shipped: bool = False) -> _Shelf:
        """Which template each name is, in this language; ``shipped``: leaving out their own."""
        key = (language, shipped)
        if key not in self._shelves:
            self._shelves[key] = _Shelf(_folders(language, None if shipped else self.own))
        return self._shelves[key]

    def words(self, language: str, *, shipped: bool = False) -> Words:
        """The words of this language, English behind them."""
        key = (language, shipped)
        if key not in self._words:
            words: Words | None = None
            for folder, own in reversed(_folders(language, None if shipped else self.own)):
                for path in (folder / name for name in WORDS):
                    if not path.is_file():
                        continue
                    try:
                        words = Words(read(path.read_text("utf-8")), words)
                    except (ValueError, OSError):
                        if not own:
                            raise
            assert words is not None, "our own English words are shipped"
            self._words[key] = words
        return self._words[key]

    def environment(self, language: str, *, shipped: bool = False) -> Environment:
        key = (language, shipped)
        if key not in self._environments:
            environment = ImmutableSandboxedEnvironment(
                loader=self.shelf(language, shipped=shipped),
                autoescape=False,
                auto_reload=False,
                undefined=StrictUndefined,
                finalize=_fill_in,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            environment.filters |= self.words(language, shipped=shipped).filters
            self._environments[key] = environment
        return self._environments[key]


class _Shelf(BaseLoader):
    """The templates of one language, from the folders that count, the first winning."""

    def __init__(self, folders: list[tuple[Path, bool]]) -> None:
        self._folders: list[dict[str, Source]] = []
        for folder, own in folders:
            here: dict[str, Source] = {}
            for path in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
                try:
                    here[path.stem] = Source(path.read_text("utf-8"), path, own)
                except (OSError, UnicodeDecodeError):
                    if not own:
                        raise  # theirs is said by `cocmail check`
            self._folders.append(here)

    @property
    def sources(self) -> dict[str, Source]:
        return {k: v for here in reversed(self._folders) for k, v in here.items()}

    def variant(self, name: str, values: Mapping[str, Any]) -> str:
        """The name of the template that counts: a measure's own where there is one. Who replaced
        `letter` means that of every measure, whatever we ship for one of them."""
        if not name.startswith(PER_MEASURE):
            return name
        measure = values.get("measure", "")
        for here in self._folders:
            for one in (f"{name}-{measure}", name):
                if one in here:
                    return one
        return name

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        name = template.removesuffix(".txt")
        for here in self._folders:
            if name in here:
                return here[name].text, str(here[name].path), lambda: True
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        return sorted(f"{name}.txt" for name in self.sources)


def _folders(language: str, own: Path | None) -> list[tuple[Path, bool]]:
    """Where a template may be, the best first: pt-BR, then pt, then English; theirs, then ours."""
    names = dict.fromkeys((language, language.partition("-")[0], ENGLISH))
    roots = ((own, True), (SHIPPED, False)) if own else ((SHIPPED, False),)
    return [(root / name, theirs) for name in names for root, theirs in roots if root]


@pass_context
def _fill_in(context: Context, value: Any) -> Any:
    """What a value becomes in the text. A text of several lines is put in at the very end."""
    if not isinstance(value, str):
        return value
    if isinstance(value, Address):
        value = spelled(value)  # nothing hides in an address that people are to recognise
    if "\n" not in value:
        return _MARKS.sub("", value)
    texts = context.get(_TEXTS)
    if texts is None:  # in a macro that was imported without its context
        return _MARKS.sub("", value)
    texts.append(value)
    return f"{_OPEN}{len(texts) - 1}{_CLOSE}"


def _filled(text: str, texts: list[str]) -> str:
    return _STAND_IN.sub(lambda found: texts[int(found.group(1))], text)


def _tidy(text: str) -> str:
    """At most one empty line in a row, none at the ends: templates may leave more."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"
