"""A member's plain mail may be about any case that they are in: whoever is kept out of one gets
nothing of it, however the member's client writes their address (promise 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocmail.core.case import Case
from cocmail.core.people import Address
from tests.loops.workplace import Workplace, workplace
from tests.promises.kit import member

ALICE, BOB, CAROL = (member(handle).address for handle in ("alice", "bob", "carol"))
NOT_BOB = "conduct+not-bob@example.org"
LIST = "dev@lists.example"


OTHERS = "".join(f"\r\nFrom: o{n}@other.example" for n in range(11))
LONG = "".join(f",\r\n o{n}@other.example" for n in range(300))
LATE = [
    f"{OTHERS}\r\nFrom: {ALICE}",
    f"{OTHERS}\r\nSender: {ALICE}",
    f"{LONG}, {ALICE}",
    f"{LONG * 8}, Alice Example <a@a.example>",
]
"""What stands below or behind more than is shown of it."""


async def mails(work: Workplace, sender: str) -> tuple[list[Address], Case]:
    """Who is written to when this comes, after a report that bob is left out of; and its case."""
    await work.put("He shouted at me.", to=NOT_BOB)
    await work.take_in()
    await work.send_all()
    assert BOB not in work.sending.to
    work.sending.to.clear()
    await work.put("About that: the mauve flute.", sender=sender)
    await work.take_in()
    await work.send_all()
    async with work.store.transaction() as tx:
        cases = [await tx.case(name) for name in await tx.open_cases()]
    (case,) = (case for case in cases if "mauve flute" in case.messages[0].received.text)
    return sorted(work.sending.to), case


@pytest.mark.parametrize(
    "sender",
    [
        f"Alice <{ALICE}>",
        f"Alice (she/her) <{ALICE}>",
        f"{ALICE} <{ALICE}>",
        f"'{ALICE}' <{ALICE}>",
        f'Alice "Al" Example <{ALICE}>',
        f"<{ALICE}> (Alice)",
        f"(Alice) {ALICE}",
        "Alice <alice+conduct@alice.example>",
    ],
)
async def test_she_is_asked_and_others_than_bob_get_it(tmp_path: Path, sender: str) -> None:
    async with workplace(tmp_path) as work:
        theirs = sender[sender.find("<") + 1 : sender.find(">")] if "<" in sender else ALICE
        told, case = await mails(work, sender)
        assert told == sorted([ALICE, Address(theirs), CAROL])
        assert case.provisional == {"bob"}


@pytest.mark.parametrize(
    "sender",
    [
        f"Alice ((((she)))) <{ALICE}>",
        f"{ALICE}, {LIST}",
        f"Alice\r\nFrom: <{ALICE}>",
        f"=?utf-8?q?alice=40alice.example?=\r\nX: {ALICE}",
        f"{LIST} <{ALICE}>",
        f"Alice via dev, {LIST}\r\nReply-To: {ALICE}",
        f"dev: {LIST};\r\nSender: Alice <{ALICE}>",
        "Alice Example <alice at alice.example>",
        '"alice" @alice.example',
        'Al <"al\\ice"@alice.example>',
        "alice(c)@alice.example",
        "alice@(a (nested) one)alice.example",
        "alice (c) @ alice . example",
        '"(" <"alice"@alice.example> ")"',
        '( "alice"@alice.example',
        '" <"alice"@alice.example>',
        "=?utf-8?q?=22alice=22?=@alice.example",
        *(f"{LIST}{one}" for one in LATE),
    ],
)
async def test_who_may_have_written_it_counts_as_if_they_had(tmp_path: Path, sender: str) -> None:
    async with workplace(tmp_path) as work:
        told, case = await mails(work, sender)
        assert told == [CAROL]
        assert case.recused == {"alice", "bob"}


async def test_others_who_cannot_be_told_keep_nobody_out(tmp_path: Path) -> None:
    async with workplace(tmp_path) as work:
        told, case = await mails(work, f"Rae ((((she)))) <rae@{ALICE.domain}>")
        assert told == [ALICE, BOB, CAROL]
        assert not case.out
