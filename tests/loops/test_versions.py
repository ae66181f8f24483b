"""Each Mailman's version is said when it first answers, whoever else is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from cocmail.core.errors import Permanent, Temporary
from cocmail.loops.versions import Versions
from cocmail.ports import Lists

OLD = "GNU Mailman 3.3.4 (Tom Sawyer)"
AWAY = Temporary("Mailman can't be reached")


class Site:
    def __init__(self, *answers: str | Exception) -> None:
        self._answers: Iterator[str | Exception] = iter(answers)

    async def version(self) -> str:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def asking(**sites: Site) -> Versions:
    return Versions(cast("dict[str, Lists]", sites), again=0)


async def told(versions: Versions) -> list[tuple[str, Any]]:
    with capture_logs() as said:
        await versions.run()
    return [(one["event"], one["log_level"]) for one in said]


async def test_one_that_is_away_keeps_nothing_from_being_said() -> None:
    answers = [AWAY, AWAY, Permanent("the login is refused"), "GNU Mailman 3.3.11 (X)"]
    versions = asking(here=Site(OLD), there=Site(*answers))
    said = await told(versions)
    assert said[0][0].startswith(f"[here]: {OLD} differs from 3.3.10: who is on a list twice")
    assert said[0][1] == "info"
    assert said[1][0].startswith("[there]: GNU Mailman 3.3.11 (X) was not tried with cocmail")
    assert said[1][1] == "warning"


async def test_a_refused_login_at_the_start_ends_it() -> None:
    versions = asking(here=Site(OLD), there=Site(Permanent("the login is refused")))
    with pytest.raises(ExceptionGroup):
        await versions.run()


async def test_all_were_asked_once_though_one_is_away() -> None:
    class Silent(Site):
        async def version(self) -> str:
            if asked:
                return await asyncio.Event().wait() and ""
            asked.append(1)
            return await super().version()

    asked: list[int] = []
    versions = asking(here=Site(OLD), there=Silent(AWAY))
    running = asyncio.ensure_future(versions.run())
    async with asyncio.timeout(30):
        await versions.asked.wait()
    running.cancel()
