"""Are a community's own letters sound? Tried before one is needed, never when it should leave.

Owns what is wrong with a template, in words that name the file, the line and what would mend it;
and which variables each template may use, which is what the operator's guide says. Refuses to
mend anything. Called by `cocmail check`, by the daemon before it starts, and by the docs' test.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.environment import Environment
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from cocmail.adapters import letter_samples as samples
from cocmail.adapters import words, words_check
from cocmail.adapters.templates import PER_MEASURE, WORDS, Source, Templates
from cocmail.core.sanctions import Measure
from cocmail.templates import ENGLISH, TAG

OUTSIDE = frozenset(
    (
        "acknowledgement",
        "letter",
        "letter-interim",
        "letter-appeal",
        "appeal-received",
        "letter-ended",
        "letter-extended",
        "letter-separated",
        "moved",
        "not-moved",
        "notice",
        "outcome",
        "outcome-closed",
        "split",
        "to-outsider",
    )
)
"""Templates whose mail goes to people outside of the committee."""

_ALWAYS = frozenset(("community", "conduct_address", "policy", "reference"))
_INSIDE = frozenset(("member", "now"))
_ALSO = {
    "letter-ended": frozenset(("address", "measure", "reason", "scope")),
}
"""What the code gives a template beside what ours makes use of."""

_SUBJECT = frozenset(("community", "reference"))
"""All that a subject may hold that goes to somebody outside: neither what nor whom."""


def base(name: str) -> str:
    """letter-suspend is a letter."""
    stem, _, measure = name.rpartition("-")
    return stem if stem.startswith(PER_MEASURE) and measure in tuple(Measure) else name


def names(templates: Templates) -> tuple[str, ...]:
    """All templates that we ship, parts of others among them."""
    return tuple(sorted(templates.shelf(ENGLISH, shipped=True).sources))


def used(templates: Templates, name: str, language: str = ENGLISH) -> frozenset[str]:
    """The variables that our template of this name uses, by what it includes too."""
    environment = templates.environment(language, shipped=True)
    text = templates.shelf(language, shipped=True).sources[name].text
    tree = environment.parse(text)
    found = set(find_undeclared_variables(tree))
    for part in find_referenced_templates(tree):
        if part is not None:
            found |= used(templates, part.removesuffix(".txt"), language)
    return frozenset(found)


def may_use(templates: Templates, name: str) -> frozenset[str]:
    """The variables that a template of this name may use."""
    name = base(name)
    common = _ALWAYS if name in OUTSIDE else _ALWAYS | _INSIDE
    return used(templates, name) | common | _ALSO.get(name, frozenset())


def is_part(templates: Templates, name: str) -> bool:
    """Whether it is a part of other letters and has no subject of its own."""
    source = templates.shelf(ENGLISH, shipped=True).sources.get(base(name))
    return source is not None and not source.text.startswith("Subject:")


def problems(templates: Templates) -> tuple[str, ...]:
    """What is wrong with the community's own letters, one line each; () where they are sound."""
    return tuple(_problems(templates))


def incomplete(templates: Templates) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The languages that lack letters, which then go out in English, and which those are."""
    for language in templates.languages:
        sources = templates.shelf(language).sources
        english = {n for n in names(templates) if sources[n].path.parent.name == ENGLISH}
        lacking = tuple(sorted(english))
        if lacking and language.partition("-")[0] != ENGLISH:
            yield language, lacking


def _problems(templates: Templates) -> Iterator[str]:
    own = templates.own
    if own is None:
        return
    if not own.is_dir():
        yield f"[community] templates: there is no folder {own}; make it, or take the line out"
        return
    for path in sorted(own.iterdir()):
        if path.suffix in (".txt", ".toml"):
            yield f"{path}: stands in no language's folder; move it to one, like {own / 'en'}"
        elif path.is_dir() and not path.name.startswith(".") and not TAG.fullmatch(path.name):
            yield f"{path}: should be named for a language, like en or pt-BR"
    for language in templates.languages:
        yield from _language(templates, own, language)


def _language(templates: Templates, own: Path, language: str) -> Iterator[str]:
    folder = own / language
    if not folder.is_dir():
        return
    for path in (folder / one for one in WORDS):
        if path.exists():
            yield from (f"{path}: {line}" for line in _words(templates, path))
    sources = {
        name: source
        for name, source in templates.shelf(language).sources.items()
        if source.own and source.path.parent == folder
    }
    for path in sorted(folder.glob("*.txt")):
        if path.stem not in sources:
            yield f"{path}: can't be read as text in UTF-8; save it so, and let cocmail read it"
    environment = templates.environment(language)
    included = set[str]()
    for source in sources.values():
        try:
            tree = environment.parse(source.text)
        except TemplateSyntaxError:
            continue  # said below
        included |= {str(part).removesuffix(".txt") for part in find_referenced_templates(tree)}
    shipped = names(templates)
    for name, source in sorted(sources.items()):
        if base(name) in shipped:
            yield from _template(templates, environment, language, name, source)
        elif name in included:
            yield from _parses(environment, source)
        else:
            near = difflib.get_close_matches(name, shipped, n=1)
            mend = f"did you mean {near[0]}.txt?" if near else "the operator's guide lists them"
            yield f"{source.path}: there is no letter of this name; {mend}"


def _words(templates: Templates, path: Path) -> Iterator[str]:
    try:
        tables = words.read(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        yield f"not sound: {error}"
        return
    yield from words_check.wrong(tables, templates.words(ENGLISH, shipped=True))


def _parses(environment: Environment, source: Source) -> Iterator[str]:
    try:
        environment.parse(source.text)
    except TemplateSyntaxError as error:
        yield f"{source.path}:{error.lineno}: {_plain(error)}; mend it, or take the file out"


def _template(
    templates: Templates, environment: Environment, language: str, name: str, source: Source
) -> Iterator[str]:
    syntax = list(_parses(environment, source))
    if syntax:
        yield from syntax
        return
    tree = environment.parse(source.text)
    # Filters first: jinja's own look at the rest stops at one that it doesn't know.
    fixed = list(_filters(environment, source, tree))
    if not fixed:
        try:
            fixed = list(_fixed(templates, environment, name, source, tree))
        except TemplateSyntaxError as error:
            fixed = [f"{source.path}:{error.lineno}: {_plain(error)}; mend it"]
    yield from fixed
    if not fixed and not is_part(templates, name):
        yield from _tried(templates, language, name, source, tree)


def _filters(environment: Environment, source: Source, tree: nodes.Template) -> Iterator[str]:
    kinds = (("filter", nodes.Filter, environment.filters), ("test", nodes.Test, environment.tests))
    for word, kind, there in kinds:
        for node in tree.find_all(kind):
            if node.name not in there:
                near = difflib.get_close_matches(node.name, there, n=1)
                mend = f"did you mean {near[0]}?" if near else "take it out"
                yield f"{source.path}:{node.lineno}: there is no {word} {node.name}; {mend}"


def _fixed(
    templates: Templates, environment: Environment, name: str, source: Source, tree: nodes.Template
) -> Iterator[str]:
    """What can be seen without any value."""
    may = may_use(templates, name)
    unknown = find_undeclared_variables(tree) - may
    said = set[str]()
    for one in tree.find_all(nodes.Name):
        if one.name in unknown and one.name not in said:
            said.add(one.name)
            near = difflib.get_close_matches(one.name, may, n=1)
            mend = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(may))}"
            yield f"{source.path}:{one.lineno}: nothing is called {one.name} here; {mend}"
    for got in tree.find_all(nodes.Getattr):
        holder = got.node
        if isinstance(holder, nodes.Name) and holder.name in may:
            values = samples.values_of(holder.name)
            if values and not any(_has(value, got.attr) for value in values):
                yield f"{source.path}:{got.lineno}: {holder.name} has no {got.attr}; take it out"
    if is_part(templates, name):
        return
    head, _, _ = source.text.partition("\n")
    if not head.startswith("Subject:"):
        yield f'{source.path}:1: the first line should begin with "Subject:"'
    elif base(name) in OUTSIDE:
        # A list's owner is told which of their own lists it is.
        may = _SUBJECT | {"rows"} if base(name) == "notice" else _SUBJECT
        held = find_undeclared_variables(environment.parse(head)) - may
        if held:
            line = f"the subject should hold neither what nor whom; take out {', '.join(held)}"
            yield f"{source.path}:1: {line}"


def _has(value: Any, attribute: str) -> bool:
    return hasattr(value, attribute) or (isinstance(value, dict) and attribute in value)


def _tried(
    templates: Templates, language: str, name: str, source: Source, tree: nodes.Template
) -> Iterator[str]:
    """What shows when it is filled in with sample values, case by case."""
    wanted = find_undeclared_variables(tree) | used(templates, base(name))
    measure = name.removeprefix(base(name)).removeprefix("-")
    for values in samples.cases(wanted, base(name)):
        if measure and values.get("measure", measure) != measure:
            continue
        try:
            subject, text = templates.rendered(name, values, language)
        except Exception as error:
            yield f"{source.path}:{_line(error, source.path)}: {_plain(error)}; mend it"
            return
        if not subject or not text.strip():
            yield f"{source.path}:1: it comes out without a {'text' if subject else 'subject'}"
            return


def _line(error: Exception, path: Path) -> int:
    """The line of the template where it failed; jinja puts it into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return next((line for line in reversed(lines) if line), 1)


def _plain(error: Exception) -> str:
    said = (error.message if isinstance(error, TemplateError) else None) or str(error)
    return " ".join(said.split()).rstrip(".") or type(error).__name__


def rows(templates: Templates) -> Iterator[str]:
    """The lines of the table in the operator's guide."""
    for name in names(templates):
        who = "somebody outside" if name in OUTSIDE else "members"
        if is_part(templates, name):
            who = "a part of others"
        every = _ALWAYS if name in OUTSIDE else _ALWAYS | _INSIDE
        variables = ", ".join(f"`{one}`" for one in sorted(may_use(templates, name) - every))
        yield f"| `{name}` | {who} | {variables} |"


if __name__ == "__main__":  # what tests/docs ask for when a letter came or changed
    print("\n".join(rows(Templates())))
