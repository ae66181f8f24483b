"""The loader of filters: order, trust, and what a broken filter does."""

import base64
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cocmail.adapters.filters import Filters, load
from cocmail.core.errors import Permanent
from cocmail.core.filtering import (
    Incoming,
    Once,
    Pass,
    Said,
    SetAside,
    Tag,
    Urgent,
    Verdict,
    fault,
    fold,
    packed,
    unpacked,
    view,
)
from cocmail.core.mail import Mail, read

PROGRAM = base64.b64encode(b"MZ\x90\x00" * 200).decode()
# Writes where the process itself answers: the one pipe that isn't a standard stream.
SELF = (
    "import os, stat\ndef judge(mail):\n"
    "    fd = next(n for n in range(3, 20) if stat.S_ISFIFO(os.fstat(n).st_mode))\n    "
)
HEAD = "from cocmail.core.filtering import Incoming, Once, Pass, SetAside, Tag, Urgent, Verdict\n"


def incoming(text: str = "hello") -> Incoming:
    raw = (
        "From: a@b.example\nX-A: 1\nX-A: 2\nSubject: s\n"
        "Content-Type: multipart/mixed; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{text}\n"
        "--b\nContent-Type: application/octet-stream; name=a.bin\n"
        f"Content-Transfer-Encoding: base64\n\n{PROGRAM}\n--b--\n"
    ).encode()
    mail = read(raw)
    assert isinstance(mail, Mail)
    return view(raw, mail)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    tmp_path.chmod(0o755)

    def put(name: str, body: str) -> Path:
        path = tmp_path / name
        path.write_text(HEAD + body)
        path.chmod(0o644)
        return path

    return put


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Callable[..., Filters]]:
    made: list[Filters] = []

    def start(seconds: float = 60) -> Filters:
        made.append(Filters(load([tmp_path]), seconds=seconds))
        return made[-1]

    yield start
    for one in made:
        await one.close()


Write = Callable[[str, str], Path]
Ask = Callable[..., Filters]


def test_filters_load_in_the_order_of_their_names(tmp_path: Path, write: Write) -> None:
    for name in ("30-c.py", "10-a.py", "20-b_b.py"):
        write(name, "def judge(mail): return Pass()\n")
    (tmp_path / "README").write_text("x")
    (tmp_path / "__pycache__").mkdir()
    found = load([tmp_path])
    assert [one.name for one in found] == ["10-a", "20-b_b", "30-c"]
    assert found[0].digest == hashlib.sha256((tmp_path / "10-a.py").read_bytes()).hexdigest()


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_filter_that_others_may_write_is_refused(write: Write, mode: int) -> None:
    path = write("10-a.py", "def judge(mail): return Pass()\n")
    path.chmod(mode)
    with pytest.raises(Permanent, match=r"10-a\.py.*chmod go-w"):
        load([path.parent])


def test_a_directory_that_others_may_write_is_refused(write: Write) -> None:
    path = write("10-a.py", "def judge(mail): return Pass()\n")
    path.parent.chmod(0o777)
    with pytest.raises(Permanent, match="chmod go-w"):
        load([path.parent])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_filter_of_somebody_else_is_refused(write: Write) -> None:
    path = write("10-a.py", "def judge(mail): return Pass()\n")
    os.chown(path, 12345, 12345)
    with pytest.raises(Permanent, match="chown"):
        load([path.parent])


def test_a_link_into_a_folder_that_others_may_write_is_refused(
    tmp_path: Path, write: Write
) -> None:
    path = write("10-a.py", "def judge(mail): return Pass()\n")
    other = tmp_path / "open"
    other.mkdir()
    path.rename(other / "real.py")
    path.symlink_to(other / "real.py")
    other.chmod(0o755)
    assert len(load([tmp_path])) == 1
    other.chmod(0o777)
    with pytest.raises(Permanent):
        load([tmp_path])


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("10-a.py", "def judge(mail:\n"),
        ("10-a.py", "x = 1\n"),
        ("a.py", "def judge(mail): return Pass()\n"),
        ("1-a.py", "def judge(mail): return Pass()\n"),
        ("10-A b.py", "def judge(mail): return Pass()\n"),
        ("10-a.py", "def judge(): return Pass()\n"),
        ("10-a.py", "def judge(mail, store): return Pass()\n"),
        ("10-a.py", "def judge(mail, *, store): return Pass()\n"),
        ("10-a.py", "async def judge(mail): return Pass()\n"),
        ("10-a.py", "x = '\0'\n"),
        ("10-a.py", "x = " + "-" * 200_000 + "1\n"),
        ("10-a.py", "#" * 1_000_001),
        ("10-a.py", "import requests\ndef judge(mail): return Pass()\n"),
        ("10-a.py", "def judge(mail):\n    from cocmail.core import mail as m\n"),
        ("10-a.py", "from cocmail.core.filtering_more import x\ndef judge(mail): pass\n"),
        ("10-a.py", "from . import other\ndef judge(mail): return Pass()\n"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(write: Write, name: str, body: str) -> None:
    path = write(name, body)
    with pytest.raises(Permanent, match=path.name):
        load([path.parent])


def test_what_a_filter_may_not_import_is_named_with_its_line(write: Write) -> None:
    path = write("10-a.py", "import re, requests.auth\ndef judge(mail): return Pass()\n")
    with pytest.raises(Permanent, match=r"10-a\.py: line 2: .*take out requests\.auth"):
        load([path.parent])
    write("10-a.py", "import re, json.decoder\ndef judge(mail): return Pass()\n")
    assert load([path.parent])


def test_a_pipe_of_a_filters_name_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "10-a.py", 0o644)
    with pytest.raises(Permanent, match="too large for a filter"):
        load([tmp_path])
    (tmp_path / "10-a.py").unlink()
    (tmp_path / "10-a.py").mkdir()
    with pytest.raises(Permanent, match=r"10-a\.py"):
        load([tmp_path])


def test_a_folder_that_others_may_exchange_is_refused(tmp_path: Path, write: Write) -> None:
    room = tmp_path / "etc"
    inner = room / "filters.d"
    inner.mkdir(parents=True)
    for one in (room, inner):
        one.chmod(0o755)  # whatever the umask is
    write("10-a.py", "def judge(mail): return Pass()\n").rename(inner / "10-a.py")
    link = tmp_path / "link"
    link.symlink_to(inner)
    assert len(load([inner])) == 1
    room.chmod(0o777)
    for way in (inner, link):
        with pytest.raises(Permanent, match=f"others may write to {room}, .*chmod go-w"):
            load([way])
    room.chmod(0o1777)  # in such a one, as /tmp is, nobody renames what is another's
    assert len(load([link])) == 1


def test_two_filters_of_one_name_are_refused(tmp_path: Path, write: Write) -> None:
    write("10-a.py", "def judge(mail): return Pass()\n")
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    (other / "10-a.py").write_text("def judge(mail): return 1\n")
    (other / "10-a.py").chmod(0o644)
    with pytest.raises(Permanent, match="has a filter of this name too"):
        load([tmp_path, other])
    # One that is tried on purpose takes the place of the installed one.
    assert [one.path for one in load([tmp_path], [other / "10-a.py"])] == [other / "10-a.py"]
    (other / "10-a.py").rename(other / "a.py")
    with pytest.raises(Permanent, match="like 30-name"):
        load([tmp_path], [other / "a.py"])


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="filters-there"):
        load([tmp_path / "filters-there"])


async def test_verdicts_come_back_and_fold(write: Write, ask: Ask) -> None:
    write("10-a.py", 'def judge(mail): return Urgent(why="Now.")\n')
    write("20-b.py", 'def judge(mail): return SetAside(why="Not us.")\n')
    write("30-c.py", "def judge(mail): return Tag(word=mail.header('x-a') + mail.all('x-a')[1])\n")
    write("40-d.py", "def judge(mail): return Pass()\n")
    write("50-e.py", "def judge(mail): return Once()\n")
    judgement = await ask().judge(incoming())
    assert judgement.once
    assert judgement.set_aside == "Not us."
    assert judgement.urgent == "Now."
    assert judgement.tags == ("12",)
    assert [one.broken for one in judgement.said] == [False] * 5


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("def judge(mail): raise ValueError(mail.text)\n", "raised ValueError"),
        ("def judge(mail): return None\n", "returned no verdict but NoneType: Pass() says"),
        ("def judge(mail): return Pass\n", "returned Pass, not Pass(…)"),
        ("def judge(mail): return SetAside(why='')\n", "gave no why"),
        ("def judge(mail): return Urgent(why='a\\nb')\n", "a why of more than one line"),
        (
            "def judge(mail): return SetAside(why='x' * 300)\n",
            "of 300 characters: it takes 200",
        ),
        ("def judge(mail): return Tag(word='a b')\n", "a tag that isn't 1 to 31 lower-case"),
        ("1 / 0\ndef judge(mail): return Pass()\n", "raised ZeroDivisionError"),
        ("def judge(mail): return 'x' * 200_000\n", "no verdict"),
        ("class Odd(Pass):\n    pass\ndef judge(mail): return mail\n", "no verdict"),
        # Its own answer, past ours: too long a line, no JSON, a verdict that is none.
        (SELF + "os.write(fd, b'x' * 200_000)\n    return Pass()\n", "broke its process"),
        (SELF + "os.write(fd, b'nonsense\\n')\n    return Pass()\n", "broke its process"),
        (
            SELF + 'os.write(fd, b\'{"urgent": "\\\\n"}\\n\')\n    return Pass()\n',
            "broke its process",
        ),
        (SELF + "os.write(fd, b'[' * 60_000 + b'\\n')\n    return Pass()\n", "broke its process"),
        ("def judge(mail):\n    while True: pass\n", "more than 3 s"),
        (
            "import re\ndef judge(mail):\n    re.match('(a+)+$', 'a' * 64 + 'b')\n"
            "    return Pass()\n",
            "more than 3 s",
        ),
        ("import os\ndef judge(mail): os._exit(0)\n", "broke its process"),
        ("import sys\ndef judge(mail): sys.exit(0)\n", "raised SystemExit"),
        ("def judge(mail): return Pass() if [0] * 10**9 else None\n", "raised MemoryError"),
        ("def judge(mail):\n    mail.text = ''\n    return Pass()\n", "raised FrozenInstanceError"),
    ],
)
async def test_a_broken_filter_sets_the_mail_aside_and_is_named(
    write: Write, ask: Ask, body: str, what: str
) -> None:
    write("10-bad.py", body)
    write("20-good.py", 'def judge(mail): return Urgent(why="Now.")\n')
    filters = ask(3) if "more than 3 s" in what else ask()
    for _ in range(2):
        judgement = await filters.judge(incoming("a secret"))
        assert "10-bad" in judgement.set_aside
        assert what in judgement.said[0].fault
        assert what not in judgement.set_aside, "who reads that has nothing to do with its code"
        assert "secret" not in judgement.set_aside
        assert judgement.urgent == "Now."  # those behind it are asked all the same
        assert [one.broken for one in judgement.said] == [True, False]


async def test_what_a_filter_starts_holds_up_nobody(write: Write, ask: Ask) -> None:
    write(
        "10-bad.py",
        "import os, time\ndef judge(mail):\n"
        "    if os.fork() == 0:\n        time.sleep(1000)\n    while True: pass\n",
    )
    filters = ask(1)
    start = time.monotonic()
    assert "took more than 1 s" in (await filters.judge(incoming())).said[0].fault
    assert time.monotonic() - start < 60


async def test_a_full_disk_leaves_no_half_of_what_python_would_keep(write: Write, ask: Ask) -> None:
    """With half a file of bytecode no such process would ever start again."""
    write(
        "10-a.py",
        "import sys\ndef judge(mail): return Tag(word=str(sys.dont_write_bytecode).lower())\n",
    )
    assert (await ask().judge(incoming())).tags == ("true",)


@pytest.mark.parametrize("does", ["close(0)", "fork()"])  # and both of two answer
async def test_what_another_filter_broke_is_not_a_filter_s_fault(
    write: Write, ask: Ask, does: str
) -> None:
    write("10-bad.py", f"import os\ndef judge(mail):\n    os.{does}\n    return Pass()\n")
    write("20-good.py", "def judge(mail): return Tag(word=mail.text.strip())\n")
    filters = ask()
    for text in ("one", "two", "three"):
        judgement = await filters.judge(incoming(text))
        assert (judgement.set_aside, judgement.tags) == ("", (text,))


async def test_what_a_filter_prints_is_no_answer(write: Write, ask: Ask) -> None:
    write("10-a.py", 'def judge(mail):\n    print(\'{"pass": ""}\')\n    return Tag(word="t")\n')
    assert (await ask().judge(incoming())).tags == ("t",)


async def test_no_filters_ask_nobody() -> None:
    judgement = await Filters(()).judge(incoming())
    assert (judgement.set_aside, judgement.urgent, judgement.tags) == ("", "", ())


def test_a_filter_that_waits_is_told_how_to_begin(write: Write) -> None:
    path = write("10-a.py", "async def judge(mail): return Pass()\n")
    with pytest.raises(Permanent, match="judge is async; write def judge"):
        load([path.parent])


def test_a_view_survives_the_crossing_and_hides_what_is_private() -> None:
    one = incoming("secret")
    assert unpacked(json.loads(json.dumps(packed(one)))) == one
    assert one.attachments[0].begins == b"MZ\x90\x00" * 128  # no more than is promised
    assert "secret" not in repr(one)
    assert "MZ" not in repr(one)


@pytest.mark.parametrize(
    ("verdict", "good"),
    [
        (Pass(), True),
        (Once(), True),
        (SetAside(why="Because."), True),
        (SetAside(why="two\nlines"), False),
        (SetAside(why="x" * 201), False),
        (Tag(word="a-1"), True),
        (Tag(word="A"), False),
        (Verdict(), False),
        ("pass", False),
        (None, False),
    ],
)
def test_a_verdict_is_checked(verdict: object, good: bool) -> None:
    assert bool(fault(verdict)) is not good


def test_the_first_reason_of_a_kind_counts() -> None:
    said = [Said(name=n, verdict=Urgent(why=n)) for n in ("a", "b")]
    assert fold(said).urgent == "a"
