"""What our own mail server says it has checked (Authentication-Results, RFC 8601).

Owns the grammar of the field and which one field of a mail may be believed. Refuses to believe a
field by its content alone: anybody can write one. Called by adapters.authentication.

The one field: the topmost Authentication-Results of the mail, if its authserv-id is one of those
that the operator trusts, and if nothing that a sender's own system writes (From, Subject, a
DKIM-Signature, ...) stands above it. Every further one, of the same id too, may be a forgery that
came with the mail (section 5 asks servers to remove those, and not all do), so none is looked at.
Where an untrusted one stands on top, another hop came after our server, or our server added
nothing; then none is believed. A server that writes no authserv-id (MICROSOFT) is believed for
that place alone, and only where the operator said so of the account that the mail came from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cocmail.core.headers import Header

_MAX_FIELD = 16_384

MICROSOFT = "microsoft"
"""Stands for a field without an authserv-id, which section 2.2 forbids and Microsoft 365 and
outlook.com write. Nobody's id: a field that names itself so isn't meant."""

# No hop on our side puts these on top of a mail that it takes in.
_SENDERS_OWN = frozenset(
    {
        "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id",
        "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding",
        "dkim-signature", "user-agent", "x-mailer",
    }
)  # fmt: skip


_Words = list[tuple[str, bool]]  # a word, and whether it holds anything that was quoted


@dataclass(frozen=True, kw_only=True)
class MethodResult:
    """``dkim=pass header.d=example.org``: one method's result, all in lower case but values."""

    method: str
    result: str
    properties: Mapping[str, str] = field(repr=False)  # "header.d" -> its value


@dataclass(frozen=True, kw_only=True)
class Results:
    authserv_id: str
    results: tuple[MethodResult, ...]


def trusted(
    header: Header, authserv_ids: Collection[str], *, nameless: bool = False
) -> tuple[MethodResult, ...]:
    """What the one field that may be believed says; () where there is none. ``nameless``: the
    field has no authserv-id, and is believed for its place alone."""
    wanted = {""} if nameless else {one.lower() for one in authserv_ids}
    if not wanted:
        return ()
    for one in header.fields:
        if one.name in _SENDERS_OWN:
            return ()
        if one.name == "authentication-results":
            read = None if one.loose else parse(one.unfolded, nameless=nameless)
            return read.results if read is not None and read.authserv_id in wanted else ()
    return ()


def parse(value: str, *, nameless: bool = False) -> Results | None:
    """The field's value by section 2.2's grammar, or None where it isn't that. ``nameless``: by
    that grammar without its authserv-id."""
    statements = _statements(value) if len(value) <= _MAX_FIELD else None
    if statements is None or not statements[0] or not statements[0][0][0]:
        return None
    head = statements[0]
    if nameless:
        return _results("", statements)
    # authserv-id [ CFWS version ]
    if len(head) > 2 or "=" in head[0][0] or (len(head) == 2 and not head[1][0].isdigit()):
        return None
    return _results(head[0][0].lower(), statements[1:])


def _results(authserv_id: str, statements: Sequence[_Words]) -> Results | None:
    results: list[MethodResult] = []
    for words in statements:
        if not words:
            continue  # a trailing semicolon
        if words == [("none", False)]:
            continue
        read = _method(words)
        if read is None:
            return None
        results.append(read)
    return Results(authserv_id=authserv_id, results=tuple(results))


def _statements(value: str) -> list[_Words] | None:
    """Words between semicolons; comments left out, quoted strings taken for what they hold.
    None where a comment or a string doesn't end."""
    value = " ".join(value.split()).replace(" =", "=").replace("= ", "=")
    statements: list[_Words] = [[]]
    word: list[str] = []
    quoted_word = False
    position, length = 0, len(value)

    def finish() -> None:
        nonlocal quoted_word
        if word or quoted_word:
            statements[-1].append(("".join(word), quoted_word))
        word.clear()
        quoted_word = False

    while position < length:
        char = value[position]
        position += 1
        if char == "(":
            if word[-1:] != ["="]:
                finish()
            depth = 1
            while depth and position < length:
                inner = value[position]
                position += 2 if inner == "\\" else 1
                depth += (inner == "(") - (inner == ")")
            if depth:
                return None
        elif char == '"':
            quoted_word = True
            while position < length and value[position] != '"':
                position += value[position] == "\\"
                word.append(value[position : position + 1])
                position += 1
            if position >= length:
                return None
            position += 1
        elif char == ";":
            finish()
            statements.append([])
        elif char == " ":
            finish()
        else:
            word.append(char)
    finish()
    return statements


def _method(words: _Words) -> MethodResult | None:
    method, equals, result = words[0][0].partition("=")
    if not equals or not method.partition("/")[0].strip() or not result.strip():
        return None
    properties: dict[str, str] = {}
    for word, quoted in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or not name or (not value and not quoted):
            return None
        # Of two, none can be preferred.
        key = name.lower()
        properties[key] = "" if properties.get(key, value) != value else value
    return MethodResult(
        method=method.partition("/")[0].strip().lower(),
        result=result.strip().lower(),
        properties=properties,
    )
