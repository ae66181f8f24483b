"""Is a community's own words.toml sound?

Owns what would break a letter or never be used, in words for people. Refuses to know templates.
Called by template_check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cocmail.adapters.words import FILL, GAP, Table, Words

_KEYED_BY_CODE = ("phrases", "commands")
_SHAPES = {
    ("dates", "form"): 'text with no gaps but {day}, {month}, {year}, {time}, like "{day} {month}"',
    ("dates", "months"): "a list of twelve names",
    ("sanctions", "named"): "text with no gaps but {id}, {measure}, {address} and {scope}",
}
_FORMS: dict[tuple[str, str], dict[str, Any]] = {
    ("dates", "form"): {"day": 1, "month": "", "year": 1, "time": ""},
    ("sanctions", "named"): {"id": "", "measure": "", "address": "", "scope": ""},
}


def wrong(tables: Mapping[str, Table], english: Words) -> list[str]:
    """One line each; ``english``: what there is to be translated."""
    found: list[str] = []
    for name, table in tables.items():
        known = english.tables.get(name)
        if known is None and name not in _KEYED_BY_CODE:
            found.append(f"there is no table [{name}]; take it out")
            continue
        for key, value in table.items():
            if known is not None and key not in known:
                found.append(f"[{name}] {key}: there is no such word; take it out")
            elif not _fits(name, key, value, english):
                found.append(f"[{name}] {key}: should be {_shape(name, key)}")
    return found


def _shape(table: str, key: str) -> str:
    if table == "spans":
        return 'a list of two words, like ["day", "days"]'
    if table == "phrases":
        return "text in quotes, with no gaps but the English one's, like {0} or {0:measure}"
    return _SHAPES.get((table, key), "text in quotes")


def _fits(table: str, key: str, value: Any, english: Words) -> bool:
    if (table, key) == ("dates", "months"):
        return _texts(value, 12)
    if table == "spans":
        return _texts(value, 2)
    if not isinstance(value, str):
        return False
    if (table, key) in _FORMS:
        try:
            return bool(value.format(**_FORMS[table, key]))
        except (ValueError, LookupError, AttributeError):
            return False
    if table == "phrases":
        most = len(GAP.findall(key))
        gaps = FILL.findall(value)
        return all(int(n) < most and (not how or how in english.readings) for n, how in gaps)
    return True


def _texts(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(one, str) and one for one in value)
    )
