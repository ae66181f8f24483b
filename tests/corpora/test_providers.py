"""What real providers sign, pinned: the page says of each family what this measures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpora import providers

PAGE = Path(__file__).parents[2] / "docs/security-model.md"
SIGNATURES = {
    "Google": 45, "Microsoft": 4, "Yahoo": 7, "Yahoo Japan": 4, "AOL": 5, "Apple": 3, "Mail.ru": 1,
    "Yandex": 2, "Amazon SES": 10, "all others": 23,
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> dict[str, providers.Row]:
    return providers.table()


def test_every_signature_of_the_corpora_is_in_the_table(rows: dict[str, providers.Row]) -> None:
    assert {name: row.signatures for name, row in rows.items()} == SIGNATURES
    assert sum(sum(row.came_to.values()) for row in rows.values()) == 119
    assert sum(row.came_to[providers.UNREADABLE] for row in rows.values()) == 15


def test_the_page_tells_what_was_measured(rows: dict[str, providers.Row]) -> None:
    section = PAGE.read_text().partition("## What providers sign")[2].partition("\n## ")[0]
    there = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert there == providers.lines(rows), "python -m tests.corpora.providers makes the rows anew"


def test_who_proves_enough_and_who_is_asked(rows: dict[str, providers.Row]) -> None:
    proves = {name for name, row in rows.items() if row.came_to[providers.PROVES]}
    assert {"Google", "Apple", "AOL", "Mail.ru", "Amazon SES", "Yahoo Japan"} <= proves
    assert proves.isdisjoint({"Microsoft", "Yahoo", "Yandex"})
    assert rows["Google"].proved_answers == rows["Google"].answers == 23


def test_a_corpus_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "CORPORA", tmp_path)
    with pytest.raises(AssertionError, match="bounces isn't here"):
        providers.table()
