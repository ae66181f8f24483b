"""A Mailman for each file, cleared for each test; and a book and loop beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.lab.mailman import Mailman
from cocmail.loops.enforcement import Enforcement
from tests.loops.lab import Book, Lab, Now, enforcement


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    with Mailman(tmp_path_factory.mktemp("mailman")) as running:
        yield running


@pytest.fixture
def lab(mailman: Mailman) -> Lab:
    lab = Lab(mailman)
    lab.clear()
    return lab


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def book(clock: Now) -> Book:
    return Book(clock)


@pytest.fixture
async def lists(mailman: Mailman) -> Any:
    lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=60)
    yield lists
    await lists.close()


@pytest.fixture
def loop(lists: MailmanLists, book: Book, clock: Now) -> Enforcement:
    return enforcement(lists, book, clock)
