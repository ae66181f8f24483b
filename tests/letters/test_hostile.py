"""What people write is filled in as text: never template code, never a header, never lost."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocmail.adapters import letter_samples as samples
from cocmail.adapters.template_check import is_part, names, used
from cocmail.adapters.templates import Templates
from cocmail.core.attached import Listed
from cocmail.core.letters import Envelope, Kind, build, clean
from cocmail.core.people import Address, Private
from cocmail.templates import languages

TEMPLATES = Templates()
WHOLE = tuple(name for name in names(TEMPLATES) if not is_part(TEMPLATES, name))
PIECES = (
    "{{ 6789 * 9876 }}", "{{ case.parties }}",
    "{% include 'letter.txt' %}", "{# gone #}", "{%", "}}",
    "\nBcc: thief@evil.example", "\r\nSubject: other\r\n\r\nbody", "\n\n\n\n", "\x00", "\x1b[31m",
    "\u202e", "\u2066", "\u2028", "\x85", "\ue0000\ue001", "\ue00099\ue001", "\ue000", "\ud800",
    "/approve", "\n/approve\n", "> quoted", "From here", "-- \n", " ", "word", "ß",
    "=?utf-8?q?=0A?=",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=8).map("".join)
ENVELOPE = Envelope(
    community_name="Example Community",
    community=Address("conduct@example.org"),
    to=Address("a@b.example"),
    reply_to=Address("conduct+x@example.org"),
    return_path="",
    reference="COC-7F3KQ2",
    message_id="<1@example.org>",
    in_reply_to="",
    references=(),
    at=datetime(2026, 11, 21, tzinfo=UTC),
)
FIELDS = {
    "from", "to", "reply-to", "subject", "date", "message-id", "auto-submitted", "mime-version",
    "x-auto-response-suppress", "cocmail-kind", "cocmail-case", "content-type",
    "content-transfer-encoding",
}  # fmt: skip


def poisoned(values: dict[str, Any], said: str) -> dict[str, Any]:
    """These values with somebody's text wherever people's texts can stand."""
    texts = ("text", "subject", "shown", "reason", "letter", "line", "why", "words", "by", "name")
    found = {
        key: Private(said) if key in texts and isinstance(value, str) else value
        for key, value in values.items()
    }
    for key in ("received", "aside"):
        if key in found:
            found[key] = replace(found[key], name=Private(said), subject=Private(said))
    for key in ("doubts", "reasons", "done", "claims"):
        if key in found:
            found[key] = [said, "harmless"]
    if "proposal" in found:
        found["proposal"] = replace(found["proposal"], because=Private(said))
    return found


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=25, deadline=None)
@given(said=HOSTILE, which=st.integers(min_value=0, max_value=50))
def test_a_letter_is_a_letter_whatever_people_write(name: str, said: str, which: int) -> None:
    cases = list(samples.cases(used(TEMPLATES, name), name))
    values = poisoned(cases[which % len(cases)], said)
    for language in languages():
        subject, text = TEMPLATES.rendered(name, values, language)
        message = email.message_from_bytes(
            build(Kind.MESSAGE, ENVELOPE, subject, text), policy=email.policy.default
        )
        assert isinstance(message, EmailMessage)
        assert {one.lower() for one in message} == FIELDS
        assert len(message.keys()) == len(FIELDS)
        body = str(message.get_content())
        assert not any(line.startswith("/") for line in body.split("\n"))
        assert "67048164" not in body.replace(said, "")


@given(HOSTILE)
def test_a_text_of_several_lines_arrives_as_it_is(said: str) -> None:
    said = clean(said) + "\nend"
    _, text = TEMPLATES.rendered(
        "to-outsider", {"reference": "R", "community": "C", "text": said}, "en"
    )
    assert said in text


@given(HOSTILE, HOSTILE)
def test_nobody_s_text_can_call_for_another_s(secret: str, said: str) -> None:
    """The marks that stand for texts of several lines are nothing in a text of one line."""
    values = samples.values_of("received")[0]
    first = f"secret\n{clean(secret)}"
    _, text = TEMPLATES.rendered(
        "from-member",
        {"reference": "R", "author": samples.values_of("author")[0], "text": first,
         "received": replace(values, proof="signed"),
         "attached": (Listed(name=Private(f"\ue0000\ue001{clean(said)}"[:60]), kind="", size=""),)},
        "en",
    )  # fmt: skip
    assert text.count(first) == 1 or first in said
