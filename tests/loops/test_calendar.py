"""The calendar over a real store: what is due in several cases becomes one mail a day."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cocmail.adapters.store import load_keys, make_key_file, open_store
from cocmail.core.case import Case
from cocmail.core.committee import Committee
from cocmail.core.setting import Setting
from cocmail.loops.bell import Bell
from cocmail.loops.calendar import Calendar
from cocmail.loops.deciding import Bells, Deciding, write
from cocmail.parts import CaseCodec
from tests.promises.kit import MINTER, World

ANSWER = "/reply reporter\nThank you for writing to us.\n/end"


class Moved:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


async def three_silent_cases(folder: Path) -> None:
    make_key_file(folder / "key")
    clock = Moved()
    keys = load_keys(folder / "key")
    minter = replace(MINTER, token_key=keys.token, lookup_key=keys.lookup)
    store = await open_store(
        f"sqlite:///{folder}/s.db", keys=keys, codec=CaseCodec(minter),
        clock=clock, recipients_of=lambda raw: (), create=True,
    )  # fmt: skip

    def setting(committee: Committee) -> Setting:
        return replace(World(now=clock.at).setting(), committee=committee, minter=minter)

    bells = Bells(mail=Bell(), outbox=Bell(), enforcement=Bell())
    deciding = Deciding(store, setting, bells)
    calendar = Calendar(deciding, clock)
    references = []
    for name in ("a", "b", "c"):
        world = World(case=Case(id=name), now=clock.at)
        async with store.transaction() as tx:
            await tx.open_case(name)
            await write(tx, name, world.report())
            await write(tx, name, world.say("alice", ANSWER))
        references.append(world.case.reference)
    while await store.claim_letter(clock.at, timedelta(days=99)):
        pass
    clock.at += timedelta(days=14)
    assert await calendar.look() == 6  # three clocks, then three members' digests
    told = []
    while (letter := await store.claim_letter(clock.at, timedelta(days=99))) is not None:
        told.append(email.message_from_bytes(letter.message, policy=email.policy.default))
    assert len(told) == 3
    for mail in told:
        assert mail["Cocmail-Kind"] == "reminder"
        assert mail["Cocmail-Case"] is None
        assert all(one in mail.get_content() for one in references)
        token = str(mail["Reply-To"]).partition("+")[2].partition("@")[0]
        async with store.transaction() as tx:
            found = await tx.token(token)
        assert found is not None
        assert (found.case, found.purpose) == ("committee", "reply")
    assert await calendar.look() == 0
    due = await store.all_due()
    await store.rebuild()
    assert await store.all_due() == due
    assert (await store.verify()).whole
    await store.close()


def test_three_silent_cases_are_one_mail_to_each_member(tmp_path: Path) -> None:
    asyncio.run(three_silent_cases(tmp_path))
