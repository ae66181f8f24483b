"""Whose mail is taken next, while much of it waits."""

from __future__ import annotations

from pathlib import Path

from cocmail.core.people import Address
from tests.loops.workplace import workplace

FLOOD = 20
AT_ONCE = 4  # mails that are worked on beside each other


async def test_only_what_is_proved_goes_ahead(tmp_path: Path) -> None:
    """Promise 1: a field that looks like a signature takes nobody past the others."""
    async with workplace(tmp_path) as work:
        work.proofs.of = {Address("rae@reporter.example")}
        for number in range(FLOOD):
            await work.put("buy", sender=f"somebody@flood{number}.example")
        await work.put("buy", sender="somebody@forged.example", ahead=True)
        await work.put("help me", sender="rae@reporter.example", ahead=True)
        await work.take_in()
        rows = work.sql(
            "select mails.number from ledger join mails using (\"case\") where state = 'done' "
            'group by "case" order by min(sequence)'
        )
        order = [number for (number,) in rows]
        assert len(order) == FLOOD + 2
        reporter, forged = order.index(FLOOD + 2), order.index(FLOOD + 1)
        assert reporter <= AT_ONCE
        assert forged >= FLOOD - AT_ONCE
