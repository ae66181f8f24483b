"""What the operator is told of a Mailman's version."""

from __future__ import annotations

import pytest

from cocmail.core.versions import differs, untried


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("GNU Mailman 3.3.2 (Tom Sawyer)", True),
        ("GNU Mailman 3.3.3 (Tom Sawyer)", False),
        ("GNU Mailman 3.3.10 (Tom Sawyer)", False),
        ("GNU Mailman 3.3.11 (Tom Sawyer)", True),
        ("GNU Mailman", True),
        ("a table for Postfix", False),
    ],
)
def test_a_version_that_was_not_tried_is_named(version: str, told: bool) -> None:
    assert (untried(version) != "") is told


def test_what_differs_is_named() -> None:
    assert "comes back twice" in differs("GNU Mailman 3.3.4 (Tom Sawyer)")
    for version in ("GNU Mailman 3.3.10 (Tom Sawyer)", "GNU Mailman 3.3.11", "a table for Postfix"):
        assert not differs(version)
