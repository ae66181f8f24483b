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
from cocmail.adapters.postfix_policy import must_stay_open, senders, serve, serve_map, understand
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


def test_a_socketmap_is_answered_as_a_policy_is(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text(TEXT)

    def found(name: str, key: str) -> bool:
        answers = io.BytesIO()
        text = f"{name} {key}".encode()
        serve_map(str(path), io.BytesIO(b"%d:%s," % (len(text), text)), answers)
        size, _, answer = answers.getvalue().partition(b":")
        assert len(answer) == int(size) + 1
        assert answer == b"NOTFOUND ," or answer.startswith(b"OK 550 5.7.1 We can't take mail ")
        return answer != b"NOTFOUND ,"

    for sender in ("mallory@example.net", "MALLORY+x@Example.NET", '"mallory"@example.net',
                   "prvs=1234abcdef=mallory@example.net"):  # fmt: skip
        assert found("info@example.org", sender)
    # Who else may be asked for: the null sender, others, and parts of an address.
    path.write_text(f"{TEXT}reject mallory@ *\nreject @example.net *\nreject example.net *\n")
    for sender in ("", "<>", "eve@example.net", "mallory@", "@example.net", "example.net",
                   "mallory", "mallory@sub.example.net", "a b@example.net"):  # fmt: skip
        assert not found("info@example.org", sender)
    # As what a map may be named, by mistake too.
    for name in ("conduct@example.org", "conduct+x@example.org", "postmaster@example.org",
                 "abuse@example.org", "jobs@example.org", "example.org", "*", ""):  # fmt: skip
        assert not found(name, "mallory@example.net")
    path.unlink()
    assert not found("info@example.org", "mallory@example.net")


ASKED = b"36:info@example.org mallory@example.net,"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (ASKED * 3, 3),
        (ASKED + b"3:a b;" + ASKED, 1),
        (b"x" + ASKED, 0),
        (b"-" + ASKED, 0),
        (b"0:," + ASKED, 0),
        (b"99:" + ASKED, 0),
        (b"9" * 5000 + b":" + ASKED, 0),
        (b"65536:" + b"a" * 65536 + b"," + ASKED, 2),
        (b"65537:" + b"a" * 65537 + b"," + ASKED, 0),
        (b"4:\xff \xfe\xff," + ASKED, 2),
        (b"", 0),
    ],
)
def test_what_is_no_netstring_ends_the_connection(
    tmp_path: Path, asked: bytes, answered: int
) -> None:
    (tmp_path / "table").write_text(TEXT)
    answers = io.BytesIO()
    serve_map(str(tmp_path / "table"), io.BytesIO(asked), answers)
    said = answers.getvalue()
    assert said.count(b":OK 550") + said.count(b":NOTFOUND ,") == answered


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


POLICY, MAP = "protect-main.cf", "protect-map-main.cf"
FREE = ("conduct", "conduct+x", "postmaster", "abuse", "team")


@contextlib.contextmanager
def asking(directory: Path, lines: str) -> Iterator[tuple[Postfix, Path, pwd.struct_passwd]]:
    """A Postfix with these lines of main.cf, where its table and its reader are, and whose."""
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
    try:
        with Postfix(
            directory,
            lmtp="inet:127.0.0.1:1",
            others=(INFO, JOBS, "team@example.org", "postmaster@example.org", "abuse@example.org"),
            extra=lines,
            services=services,
        ) as postfix:
            yield postfix, place, user
    finally:
        shutil.rmtree(place)


@pytest.mark.servers
@pytest.mark.parametrize("lines", [POLICY, MAP])
async def test_a_real_postfix_asks_the_table(tmp_path: Path, lines: str) -> None:
    with asking(tmp_path, (DEPLOY / lines).read_text()) as (postfix, place, user):
        lists, book = table(place / "table"), Book(Now())
        enforcement = enforcing(lists, book)

        def rejected(sender: str, *locals_: str) -> list[bool]:
            codes = [postfix.asked(sender, f"{one}@example.org")[0] for one in locals_]
            assert {*codes} <= {250, 550}
            return [code == 550 for code in codes]

        assert rejected(MALLORY, "info", "jobs", *FREE) == [False] * 7  # no table: not in doubt
        with _as(user):
            await lists.prepare()
            suspended = book.decide(Measure.SUSPEND, MALLORY)
            banned = book.decide(Measure.BAN, EVE, scope=Scope(groups=("office",)))
            await enforcement.sweep()
        code, said = postfix.asked("Mallory+tag@Example.NET", "INFO+x@example.org")
        assert (code, said.split()[0]) == (550, "5.7.1")
        assert "You can always write to conduct@example.org." in said
        # Nothing of cocmail runs now but what Postfix itself started.
        assert rejected(MALLORY, "info", "jobs", *FREE) == [True, True, *[False] * 5]
        assert rejected(EVE, "info", "jobs", *FREE) == [False, True, *[False] * 5]
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


@pytest.mark.servers
async def test_conduct_postmaster_and_abuse_are_never_given_a_class(tmp_path: Path) -> None:
    """Not even where somebody gives it to the whole domain: then all others have it."""
    lines = (DEPLOY / MAP).read_text()
    assert lines.endswith(" } }\n")
    lines = f"{lines[:-2]}, {{ example.org = cocmail_info }} }}\nmyorigin = example.org\n"
    with asking(tmp_path, lines) as (postfix, place, user):

        def code(recipient: str) -> int:
            return postfix.asked(MALLORY, recipient)[0]

        # Where nothing can answer: these wait, and only these.
        reader = place / "postfix_policy.py"
        reader.rename(place / "away")
        assert code(INFO) == 451
        for one in ("conduct", "conduct+x", "postmaster", "abuse"):
            assert code(f"{one}@example.org") == 250
        (place / "away").rename(reader)
        with _as(user):
            book = Book(Now())
            book.decide(Measure.BAN, MALLORY)
            await enforcing(table(place / "table"), book).sweep()
        for one in ("team", "info+x", "jobs"):
            assert code(f"{one}@example.org") == 550
        for one in ("conduct", "CONDUCT+x", "conduct+x+y", "conduct+not-bob", "postmaster",
                    "postmaster+x", "Abuse", "abuse+x"):  # fmt: skip
            for written in (f"{one}@example.org", f"example.org!{one}", one):
                assert code(written) == 250, written
        # As an operator asks by hand: nothing but the whole address is found.
        where = f"socketmap:unix:{postfix.log.parent}/queue/private/cocmail:{INFO}"
        for key, known in ((MALLORY, True), ("mallory+x@example.net", True),
                           ("example.net", False), ("mallory@", False), ("<>", False)):  # fmt: skip
            asked = subprocess.run(
                ["/usr/sbin/postmap", "-c", postfix.log.parent / "etc", "-q", key, where],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert asked.stdout.startswith("550 5.7.1 ") is known, asked
            assert asked.returncode == (0 if known else 1), asked


def test_what_is_too_long_for_an_address_is_not_read_as_one() -> None:
    long = "a" + "\u0301\u0327" * 33_000 + "@Example.NET"
    assert postfix_policy.same(long) == long.lower()
    assert postfix_policy.same("<Zoe\u0308@Example.NET>") == "zo\u00eb@example.net"
