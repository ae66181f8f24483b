"""What language somebody's mail asks for, and which of ours that is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.events import PartyJoined, Proposed, Received, decode, encode
from cocmail.core.languages import choose, tags
from cocmail.core.mail import Mail, read
from cocmail.core.people import Private


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("de", ("de",)),
        ("de-DE", ("de-de",)),
        ("de-DE, en-US", ("de-de", "en-us")),
        ("en;q=0.5, de;q=0.9", ("de", "en")),
        ("en; q=0.5,de", ("de", "en")),
        ("de (German), en (English)", ("de", "en")),
        ("zh-Hant-TW", ("zh-hant-tw",)),
        ("de;q=0, en", ("en",)),
        ("*", ()),
        ("de de", ()),
        ("../../etc", ()),
        ("", ()),
        ("d" * 5000, ()),
    ],
)
def test_tags(value: str, found: tuple[str, ...]) -> None:
    assert tags(value) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("de-at",), "de"),
        (("fr", "de"), "de"),
        (("pt-br",), "pt-BR"),
        (("pt",), ""),
        (("fr",), ""),
        ((), ""),
    ],
)
def test_the_first_that_we_have(wanted: tuple[str, ...], found: str) -> None:
    assert choose(wanted, ("de", "en", "pt-BR")) == found


@given(st.text(max_size=200))
def test_no_value_does_harm(value: str) -> None:
    found = tags(value)
    assert len(found) <= 20
    for tag in found:
        assert len(tag) <= 44
        assert tag.replace("-", "").isalnum()
    assert choose(found, ("de", "en")) in ("", "de", "en")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Content-Language: de-DE\r\nAccept-Language: en-US, fr\r\n", ("de-de", "en-us", "fr")),
        ("Accept-Language: de\r\n", ("de",)),
        ("X-Accept-Language: de, en\r\n", ("de", "en")),
        ("Content-Language: \r\n de\r\n", ("de",)),
        ("", ()),
    ],
)
def test_a_mail_tells_its_languages(header: str, found: tuple[str, ...]) -> None:
    mail = read(f"From: a@b.example\r\n{header}\r\nHallo\r\n".encode())
    assert isinstance(mail, Mail)
    assert mail.languages == found


def test_an_old_ledger_tells_no_language() -> None:
    joined = PartyJoined(party="reporter:1", addresses=(), name=Private(""), reference="COC-1")
    old = encode(joined).replace(b',"language":""', b"")
    assert b"language" not in old
    assert decode(old) == joined
    for kind in (Received, Proposed):
        assert kind.__dataclass_fields__["language"].default == ""
