"""`cocmail enforce` beside a daemon waits for a sweep that began after it asked; a dry run says
what the sweep would fail of."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cocmail.cli import enforce as verb
from cocmail.core.enforcement import Observed
from cocmail.core.errors import Permanent, Temporary
from cocmail.core.people import Address
from cocmail.core.sanctions import Before, Measure
from tests.loops.lab import Book, Now, enforcement

LATER = timedelta(seconds=5)


class Noted:
    """A store's notes; what the daemon notes next comes at each look, the last one stays."""

    def __init__(self, *said: Callable[[datetime], dict[str, str]], running: bool = True) -> None:
        self._said, self._running, self.store = list(said), running, self
        self.looks, self._asked = 0, datetime.now(UTC)

    async def note(self, name: str, value: str) -> None:
        assert name == "sweep_wanted"
        self._asked = datetime.fromisoformat(value)

    async def notes(self) -> dict[str, str]:
        said = self._said[min(self.looks, len(self._said) - 1)]
        self.looks += 1
        return {"enforcement": json.dumps(said(self._asked))}

    async def daemon_running(self) -> bool:
        return self._running


def before(asked: datetime) -> dict[str, str]:
    """A sweep that began before it was asked for, and ended after."""
    ended = (asked + LATER).isoformat()
    return {"began": (asked - LATER).isoformat(), "last_sweep": ended}


def at_it(asked: datetime) -> dict[str, str]:
    return {**before(asked), "sweeping": asked.isoformat()}


def after(asked: datetime) -> dict[str, str]:
    return {**before(asked), "began": (asked + LATER).isoformat()}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "_PATIENCE", 0.05)
    monkeypatch.setattr(verb, "_LOOK_EVERY", 0.01)


@pytest.mark.usefixtures("quick")
async def test_a_sweep_that_began_before_is_not_the_one_that_was_asked_for() -> None:
    work: Any = Noted(before, before, after)
    await verb._ask(work)
    assert work.looks == 3
    with pytest.raises(Temporary, match="has not finished a sweep"):
        await verb._ask(Noted(before))  # type: ignore[arg-type]


@pytest.mark.usefixtures("quick")
async def test_a_slow_sweep_is_waited_for_while_the_daemon_is_at_it() -> None:
    work: Any = Noted(*[at_it] * 40, after)
    await verb._ask(work)
    assert work.looks == 41
    async with asyncio.timeout(10):
        with pytest.raises(Temporary):  # it died in the middle
            await verb._ask(Noted(at_it, running=False))  # type: ignore[arg-type]


class Nothing:
    """Lists of a Mailman on which there is nothing."""

    async def observe(self, *_: Any, **__: Any) -> Observed:
        return Observed()


async def test_a_dry_run_fails_of_what_the_sweep_would(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(Now())
    name = book.decide(Measure.SUSPEND)
    gone = Before(
        list=None, address=Address("mal@example.net"), role="ban", facts=None, site="mailmans.old"
    )
    book.sanctions[name] = replace(book.sanctions[name], before=(gone,))
    lists = enforcement(Nothing(), book, Now())  # type: ignore[arg-type]
    planned = await lists.look()
    assert any("[mailmans.old] is not in the configuration" in one for one in planned.warnings)

    @contextlib.asynccontextmanager
    async def given(*_: Any) -> AsyncIterator[Any]:
        yield lists

    shown: list[Any] = []
    monkeypatch.setattr(verb, "opened", given)
    monkeypatch.setattr(verb, "enforcement", given)
    monkeypatch.setattr(verb, "say_table", shown.append)
    with pytest.raises(Permanent, match="not in the configuration"):
        await verb.enforce(dry_run=True)
    assert any("mailmans.old" in one for one in shown[0].warnings), "said, then failed of"
