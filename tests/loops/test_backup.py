"""A Mailman set back to its backup of last week: what was decided since is made true again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cocmail.adapters.mailman import MailmanLists
from cocmail.core.sanctions import Measure
from cocmail.lab.mailman import Mailman
from tests.loops.test_enforcement import DOMAIN, PERSON, Book, Lab, Now, enforcement, where

pytestmark = pytest.mark.servers


async def test_a_backup_from_before_the_sanction(tmp_path: Path) -> None:
    with Mailman(tmp_path / "mailman") as mailman:
        lists = MailmanLists(mailman.url, mailman.username, mailman.password, timeout=10)
        lab = Lab(mailman)
        lab.api("POST", "domains", mail_host=DOMAIN)
        lab.people()
        before = lab.snapshot(*PERSON)
        data = mailman.directory / "var" / "data"
        mailman.stop()
        shutil.copytree(data, tmp_path / "backup")
        mailman.start()
        clock = Now()
        book = Book(clock)
        loop = enforcement(lists, book, clock)
        name = book.decide(Measure.SUSPEND)
        await loop.sweep()
        assert where(lab, *PERSON) == []

        mailman.stop()
        shutil.rmtree(data)
        shutil.copytree(tmp_path / "backup", data)
        mailman.start()
        assert where(lab, *PERSON) != []
        await loop.sweep()
        assert where(lab, *PERSON) == []
        assert [one for one, _ in book.proofs] == [name, name], "and the committee is told"
        book.end(name)
        await loop.sweep()
        assert lab.snapshot(*PERSON) == before
        await lists.close()
