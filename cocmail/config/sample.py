"""The commented cocmail.toml that `cocmail init` writes and `deploy/` ships, made from the tables.

Owns the order, the examples and the words above each table; each key's line comes from the table
itself, so the sample can't forget a setting or tell another default. Refuses to write files.
Called by `cocmail init`, by the operator's guide's table, and by their tests.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from cocmail.config.loading import TABLES
from cocmail.config.settings import NOT_YET
from cocmail.config.tables import CommitteeMember, Table
from cocmail.core.durations import short


class Setting(NamedTuple):
    """One key, as the guide's table shows it."""

    table: str  # "[policy]"
    key: str
    default: str  # as it would stand in the file; "" where there is none
    description: str
    in_use: bool


_ABOVE = {
    "community": "Who you are.",
    "store": "Where everything is kept.",
    "imap": "Mail is pulled from here. Take the table out to receive by LMTP alone."
    "\n# Several mailboxes: [imaps.NAME] for each further one (or for all), with the same keys.",
    "lmtp": "Mail is pushed to here, by Postfix and the like. Optional, beside [imap] or alone.",
    "submission": "Who takes the mail that we send.",
    "signing": "Optional: sign what we send (DKIM). `cocmail check` compares the key with DNS.",
    "authentication": "How the sender of a command is checked.",
    "mailman": "The mailing lists."
    "\n# Several Mailmans: [mailmans.NAME] for each further one (or for all), with the same keys.",
    "postfix": "Optional: addresses that are no lists, which Postfix keeps sanctioned people from."
    "\n# Never conduct@, postmaster@ or abuse@. See deploy/postfix/protect-main.cf.",
    "policy": "How the committee decides.",
    "limits": "A mail beyond one of these is kept whole, set aside unread, and the committee told.",
    "filters": "What looks at incoming mail first.",
    "metrics": "Optional: figures for Prometheus.",
    "log": "The log has case references and counts, never mail.",
}

_EXAMPLES = {
    ("community", "name"): "Example Community",
    ("community", "address"): "conduct@example.org",
    ("imap", "username"): "conduct",
    ("imap", "password_file"): "imap.password",
    ("imap", "token_file"): "imap.token",
    ("imap", "token_command"): ("/usr/local/bin/token", "conduct@example.org"),
    ("imap", "ca_file"): "imap-ca.pem",
    ("imap", "only_results_of"): "microsoft",
    ("submission", "username"): "conduct",
    ("submission", "password_file"): "submission.password",
    ("submission", "ca_file"): "submission-ca.pem",
    ("store", "password_file"): "database.password",
    ("signing", "domain"): "example.org",
    ("signing", "selector"): "cocmail",
    ("signing", "key_file"): "dkim.pem",
    ("mailman", "password_file"): "mailman.password",
    ("mailman", "hook"): "127.0.0.1:8026",
    ("mailman", "hook_key_file"): "hook.key",
    ("postfix", "addresses"): ("info@example.org", "jobs@example.org"),
    ("mailman", "ca_file"): "mailman-ca.pem",
    ("community", "templates"): "letters",
    ("committee", "language"): "en",
    ("committee", "handle"): "alice",
    ("committee", "name"): "Alice Example",
    ("committee", "addresses"): ("alice@example.org",),
}

_USUAL = {("imap", "password_file")}  # one of three, so that it has no default; most set it
_OPTIONAL = ("lmtp", "signing", "postfix", "metrics")
_LATER = {(entry.table, entry.key) for entry in NOT_YET}

_HEAD = """\
# cocmail.toml. Relative paths are relative to this file. Times: 90s, 30m, 72h, 7d, 12w.
# Behind a # without a space stands a setting that is optional: its default, or an example.
# Secrets are never written here: each *_file names a file that holds one.
# After a change: `cocmail check`, then restart the daemon.
"""

_GROUPS = """\

[mailman.groups]
# scopes by name: the lists that belong together, like a special interest group's
#sig-node = ["sig-node@lists.example.org", "sig-node-bugs@lists.example.org"]
"""

_COMMITTEE = """\

# The committee: one table [[committee]] for each member.
"""


def sample() -> str:
    """The whole file. It can be loaded as it is."""
    parts = [_HEAD]
    for name, kind in TABLES.items():
        comment = "#" if name in _OPTIONAL else ""
        parts.append(f"\n# {_ABOVE[name]}\n{comment}[{name}]\n")
        parts += _lines(name, kind, hidden=name in _OPTIONAL)
        if name == "mailman":
            parts.append(_GROUPS)
    parts += (_COMMITTEE, "[[committee]]\n", *_lines("committee", CommitteeMember, hidden=False))
    return "".join(parts)


def settings() -> Iterator[Setting]:
    """Every key of every table."""
    tables: dict[str, type[Table]] = {**TABLES, "committee": CommitteeMember}
    for name, kind in tables.items():
        label = "[[committee]]" if name == "committee" else f"[{name}]"
        for key, default, description in _fields(kind):
            shown = "" if default in (..., None) or default == {} else _toml(default)
            yield Setting(label, key, shown, description, (name, key) not in _LATER)


def row(setting: Setting) -> str:
    """The setting's line in the operator's guide."""
    default = f"`{setting.default}`" if setting.default else ""
    later = "" if setting.in_use else " *(later)*"
    return f"| `{setting.table}` | `{setting.key}` | {default} | {setting.description}{later} |"


def _fields(kind: type[Table]) -> Iterator[tuple[str, Any, str]]:
    for name, field in kind.model_fields.items():
        default = ... if field.is_required() else field.get_default(call_default_factory=True)
        yield field.alias or name, default, field.description or ""


def _lines(table: str, kind: type[Table], *, hidden: bool) -> Iterator[str]:
    for key, default, description in _fields(kind):
        if key == "groups":
            continue
        later = (table, key) in _LATER
        note = " (accepted, not yet in use)" if later else ""
        example = _EXAMPLES.get((table, key))
        value = example if example is not None else "" if default is None else default
        optional = hidden or later or (default is None and (table, key) not in _USUAL)
        yield f"# {description}{note}\n{'#' if optional else ''}{key} = {_toml(value)}\n"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case timedelta():
            return f'"{short(value)}"'
        case tuple():
            return "[" + ", ".join(_toml(one) for one in value) + "]"
        case StrEnum():
            return f'"{value.value}"'
        case str() | Path():
            return f'"{value}"'
    raise TypeError(f"no way to write a {type(value).__name__} into a sample")


if __name__ == "__main__":  # what tests/deploy and tests/docs ask for when a setting changed
    print("\n".join(map(row, settings())) if "--rows" in sys.argv else sample(), end="")
