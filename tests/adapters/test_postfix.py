"""The table for Postfix: by itself, and as a real Postfix asks it, with deploy's own lines."""

from __future__ import annotations

import contextlib
import io
import os
import pwd
import shutil
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cocmail.adapters import postfix_policy
from cocmail.adapters.postfix import PostfixTable
from cocmail.adapters.postfix_policy import must_stay_open, senders, serve, understand
from cocmail.core.enforcement import Question
from cocmail.core.errors import Permanent
from cocmail.core.people import Address
from cocmail.core.sanctions import Measure, Scope
from cocmail.lab.postfix import Postfix
from cocmail.lab.process import room
from cocmail.loops.enforcement import Enforcement
from tests.loops.lab import Book, Now

DEPLOY = Path(__file__).parents[2] / "deploy" / "postfix"
CONDUCT, INFO, JOBS = map(Address, ("conduct@example.org", "info@example.org", "jobs@example.org"))
MALLORY, EVE = Address("mallory@example.net"), Address("eve@example.net")
MANY = 25  # connections at once
GROUPS = {"office": (str(JOBS), "staff@lists.example.org")}


def table(path: Path, *protected: Address) -> PostfixTable:
    return PostfixTable(path, protected or (INFO, JOBS), conduct=CONDUCT, delimiter="+")


def enforcing(lists: PostfixTable, book: Book) -> Enforcement:
    return Enforcement(lists, book, book.clock, groups=GROUPS, sweep_every=timedelta(minutes=5))


TEXT = """\
conduct conduct@example.org +
protect info@example.org
protect conduct@example.org
protect postmaster@example.org
reject mallory@example.net *
reject mallory+*@example.net *
reject mallory@example.net conduct@example.org
reject eve+y+*@example.net info@example.org
reject eve+x@example.net info@example.org
"""


@pytest.mark.parametrize(
    ("sender", "recipient", "rejected"),
    [
        ("mallory@example.net", "info@example.org", True),
        ("MALLORY@Example.NET", "Info+team@Example.org", True),
        ("mallory+lists@example.net", "info@example.org", True),
        ("prvs=1234abcdef=mallory@example.net", "info@example.org", True),
        ('"mallory"@example.net.', "example.org!info", True),
        ("eve+x@example.net", "info@example.org", True),
        ("eve+x+z@example.net", "info@example.org", False),
        ("eve+y+z+z@example.net", "info@example.org", True),
        ("eve@example.net", "info@example.org", False),
        ("notmallory@example.net", "info@example.org", False),
        ("mallory@sub.example.net", "info@example.org", False),
        ("", "info@example.org", False),
        ("<>", "info@example.org", False),
        ("mallory@example.net", "dev@lists.example.org", False),
        ("mallory@example.net", "conduct@example.org", False),
        ("mallory@example.net", "conduct", False),
        ("mallory@example.net", "Conduct+any@example.org", False),
        ("mallory@example.net", "postmaster@example.org", False),
        ("mallory@example.net", "postmaster", False),
    ],
)
def test_whom_the_table_rejects_and_where(sender: str, recipient: str, rejected: bool) -> None:
    assert understand(TEXT).rejects(sender, recipient) is rejected


def test_letters_that_are_written_in_two_ways_are_the_same() -> None:
    assert senders("é@straße.example") == senders("E\u0301@XN--STRAE-OQA.example")
    assert senders("x@strasse.example") != senders("x@straße.example")


@pytest.mark.parametrize(
    "open_to_all",
    ["conduct@example.org", "conduct+x@example.org", "CONDUCT@example.org", "abuse@example.org",
     "postmaster@lists.example.org", "postmaster+x@example.org"],
)  # fmt: skip
def test_what_must_stay_open_is_never_protected(tmp_path: Path, open_to_all: str) -> None:
    assert must_stay_open(open_to_all, CONDUCT, "+")
    with pytest.raises(Permanent, match="stay open"):
        table(tmp_path / "table", INFO, Address(open_to_all))


@pytest.mark.parametrize(
    "asked",
    [
        "request=smtpd_access_policy\nprotocol_state=RCPT\nsender=mallory@example.net\n"
        "recipient=info@example.org\n\n",
        "request=other\n\n",
        "\n",
        "no equals sign\n\n",
    ],
)
def test_without_a_table_mail_goes_on(tmp_path: Path, asked: str) -> None:
    answers = io.StringIO()
    serve(str(tmp_path / "missing"), io.StringIO(asked), answers)
    assert answers.getvalue() == "action=DUNNO\n\n"


async def test_what_others_wrote_stays_and_what_they_took_away_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "table"
    lists, book = table(path), Book(Now())
    await lists.prepare()
    empty = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    first = book.decide(Measure.SUSPEND, MALLORY)
    await enforcing(lists, book).sweep()
    path.unlink()
    await enforcing(lists, book).sweep()
    assert "reject mallory@example.net *\n" in path.read_text()
    theirs = "# since June\nreject eve@example.net jobs@example.org\nsomething else\n"
    path.write_text(path.read_text() + theirs)
    second = book.decide(Measure.BAN, EVE, scope=Scope(groups=("office",)))
    await enforcing(lists, book).sweep()
    ours = path.read_text()
    path.write_text(ours.replace("protect info@example.org\n", ""))
    await enforcing(lists, book).sweep()
    assert sorted(path.read_text().splitlines()) == sorted(ours.splitlines())
    book.end(first)
    book.end(second)
    await enforcing(lists, book).sweep()
    assert path.read_text() == empty + theirs
    assert (await enforcing(lists, book).look()).steps == ()


async def test_what_ends_while_its_address_is_not_protected_rejects_nobody_later(
    tmp_path: Path,
) -> None:
    path, book = tmp_path / "table", Book(Now())
    book.decide(Measure.SUSPEND, MALLORY, scope=Scope(lists=(str(JOBS),)))
    await enforcing(table(path), book).sweep()
    less = enforcing(table(path, INFO), book)
    await less.sweep()
    book.end("S1")
    await less.sweep()
    await less.sweep()
    await enforcing(table(path), book).sweep()
    assert "mallory" not in path.read_text()
    assert not understand(path.read_text()).rejects(MALLORY, JOBS)
    assert len(book.proofs) == len(book.returns) == 1


async def test_a_table_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    with pytest.raises(Permanent, match=r"\[postfix\] table: .* can't be read"):
        await table(tmp_path / "table").observe([Question(addresses=(MALLORY,))])
    with pytest.raises(Permanent, match="can't be written"):
        await table(tmp_path / "no" / "table").prepare()


# -- a real Postfix --------------------------------------------------------------------------


def _python(user: str) -> str:
    """One that this user can start: the environment's own may be closed to others."""
    for one in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([one, "-I", "-c", ""], user=user, check=True)
            return one
    raise AssertionError("no Python here that Postfix could start")


@contextlib.contextmanager
def _as(user: pwd.struct_passwd) -> Iterator[None]:
    """As the daemon would, who isn't root."""
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.servers
async def test_a_real_postfix_asks_the_table(tmp_path: Path) -> None:
    user = pwd.getpwnam("nobody")
    place = room(user.pw_uid)
    policy = shutil.copy(postfix_policy.__file__, place)
    services = (DEPLOY / "protect-master.cf").read_text()
    for old, new in (
        ("user=cocmail", f"user={user.pw_name}"),
        ("/opt/cocmail/bin/python -I -m cocmail.adapters.postfix_policy",
         f"{_python(user.pw_name)} -I {policy}"),
        ("/var/lib/cocmail/postfix.table", f"{place}/table"),
    ):  # fmt: skip
        assert old in services
        services = services.replace(old, new)
    postfix = Postfix(
        tmp_path,
        lmtp="inet:127.0.0.1:1",
        others=(INFO, JOBS, "team@example.org", "postmaster@example.org", "abuse@example.org"),
        extra=(DEPLOY / "protect-main.cf").read_text(),
        services=services,
    )
    lists, book = table(place / "table"), Book(Now())
    enforcement = enforcing(lists, book)
    free = ("conduct", "conduct+x", "postmaster", "abuse", "team")

    def rejected(sender: str, *locals_: str) -> list[bool]:
        codes = [postfix.asked(sender, f"{one}@example.org")[0] for one in locals_]
        assert {*codes} <= {250, 550}
        return [code == 550 for code in codes]

    try:
        with postfix:
            assert rejected(MALLORY, "info", "jobs", *free) == [False] * 7  # no table: not in doubt
            with _as(user):
                await lists.prepare()
                suspended = book.decide(Measure.SUSPEND, MALLORY)
                banned = book.decide(Measure.BAN, EVE, scope=Scope(groups=("office",)))
                await enforcement.sweep()
            code, said = postfix.asked("Mallory+tag@Example.NET", "INFO+x@example.org")
            assert (code, said.split()[0]) == (550, "5.7.1")
            assert "You can always write to conduct@example.org." in said
            # Nothing of cocmail runs now but what Postfix itself started.
            assert rejected(MALLORY, "info", "jobs", *free) == [True, True, *[False] * 5]
            assert rejected(EVE, "info", "jobs", *free) == [False, True, *[False] * 5]
            with contextlib.ExitStack() as held:
                for _ in range(MANY):
                    smtp = smtplib.SMTP("127.0.0.1", postfix.port, timeout=30)
                    held.enter_context(smtp)
                    smtp.ehlo()
                    smtp.mail(MALLORY)
                    assert smtp.rcpt(INFO)[0] == 550, "who holds many is let through at last"
            assert rejected("bob@example.net", "info", "jobs") == [False, False]
            assert rejected("", "info", "jobs") == [False, False]
            found = await table(place / "table", INFO, Address("team@example.org")).ask(
                "127.0.0.1", postfix.port
            )
            assert [sound for sound, _ in found] == [True, False]
            with _as(user):
                book.end(suspended)
                await enforcement.sweep()
            assert rejected(MALLORY, "info", "jobs") == [False, False]
            assert rejected(EVE, "jobs") == [True]
            with _as(user):
                book.end(banned)
                await enforcement.sweep()
            assert rejected(EVE, "jobs") == [False]
    finally:
        shutil.rmtree(place)


def test_what_is_too_long_for_an_address_is_not_read_as_one() -> None:
    long = "a" + "\u0301\u0327" * 33_000 + "@Example.NET"
    assert postfix_policy.same(long) == long.lower()
    assert postfix_policy.same("<Zoe\u0308@Example.NET>") == "zo\u00eb@example.net"
