"""Mail made to hurt costs little, and hurts nobody: none of it stalls the reading, swells the
process, holds up the main loop, is lost, or stops the mail behind it."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.flood import late
from cocmail.core.letters import flowed
from cocmail.lab.postgres import Postgres
from cocmail.lab.waiting import wait_until
from tests.hostile.mails import LARGE, MAILS
from tests.hostile.reading import BOUND, Cost, costs, over
from tests.hostile.stage import Result, Stage

CALLBACK = 0.050  # seconds of the main loop's own processor time
DAEMON = 500 << 20  # bytes
LARGEST = 600 << 20  # with the largest that we take
GERMAN = (
    b"From: <mallory@mallory.example.net>\nTo: conduct@example.org\nSubject: Hallo\n"
    b"Content-Language: de\n\nIch will etwas melden.\n"
)


async def test_none_takes_a_second_to_read_or_to_judge_or_swells_its_reader() -> None:
    found = [cost async for cost in costs(MAILS)]
    assert len(found) == len(MAILS)
    assert over(found) == []
    # What people might write is read; what nobody would is not opened.
    assert {cost.name for cost in found if cost.why} >= {
        "a header line of 1 MB", "100,000 parts", "parts in parts, 3,000 deep",
        "a part with 100,000 fields", "a megabyte of blanks under a signature",
    }  # fmt: skip
    assert not [
        cost.why for cost in found if cost.where == "apart" and "time or memory" in cost.why
    ]


def test_the_table_names_what_is_over_and_nothing_behind_it() -> None:
    def cost(name: str, seconds: float = 0.1, judging: float = 0.1, memory: int = 100) -> Cost:
        return Cost(
            name=name, size=1, seconds=seconds, judging=judging, where="apart", why="",
            memory=memory << 20,
        )  # fmt: skip

    large = next(iter(LARGE))
    assert over([cost("a", 1.0, 1.0, 400), cost(large, memory=450)]) == []
    assert over([cost("a", 1.1), cost("b", judging=2), cost("c", memory=401)]) == [
        "a: 1.10 s to read", "b: 2.00 s for the filters", "c: a reader of 401 MB",
    ]  # fmt: skip
    grown = [cost("a", memory=420), cost("b", memory=420), cost("c", memory=90)]
    assert over([*grown, cost("d", memory=410), cost(large, memory=451)]) == [
        "a: a reader of 420 MB", "d: a reader of 410 MB", f"{large}: a reader of 451 MB",
    ]  # fmt: skip


def test_the_measured_flood_tells_in_which_rows_a_reporter_waited_too_long() -> None:
    assert late({"nothing": [0.1, 0.2], "one": [0.1, 5.0]}) == ""
    assert late({"nothing": [0.1], "one": [0.1, 5.1, 0.1], "many": [60.01, 6]}) == (
        "a real reporter waited over 5 s: 5.10 s in 'one', 60.01 s in 'many'"
    )


def held_up(found: Result, by: float = CALLBACK) -> list[str]:
    return [what for took, what in found.longest if took > by]


def measured(folder: Path, names: Iterable[str], *, members: int, by: float = CALLBACK) -> Result:
    """What a daemon makes of these. Once more where something took long: a machine at its limits
    counts others' work in, now and then, and what is a mail's doing comes again."""
    for attempt in ("one", "two"):
        (folder / attempt).mkdir()
        with Stage(folder / attempt, road="lmtp", members=members) as stage:
            stage.put((name, MAILS[name]()) for name in names)
            stage.settled()
            found = stage.result()
        if not held_up(found, by):
            break
    return found


@pytest.mark.servers
@pytest.mark.slow
def test_none_holds_up_the_daemon_or_is_lost(tmp_path: Path) -> None:
    found = measured(tmp_path, MAILS, members=12)
    assert found.refused == []
    assert [one.name for one in found.became if not one.state or one.raised] == []
    assert len(found.became) == len(MAILS)
    assert sum(one.state == "done" for one in found.became) > 130  # all the way to a case
    assert held_up(found) == []
    assert found.callbacks > 1000
    assert found.peak < DAEMON
    assert found.peak_of_readers < BOUND
    assert "Traceback" not in found.said


@pytest.mark.servers
@pytest.mark.slow
def test_the_largest_are_handed_to_postgresql_a_little_at_a_time(tmp_path: Path) -> None:
    """Its driver takes some 0.4 s, and six times the memory, for 49 MB at once."""
    names = ("49 MB on one line", "49 MB of one file")
    with Postgres(tmp_path / "postgres") as postgres:
        for attempt in ("one", "two"):
            (tmp_path / attempt).mkdir()
            store = postgres.create_database(attempt)
            with Stage(tmp_path / attempt, road="lmtp", store=store) as stage:
                stage.put((name, LARGE[name]()) for name in names)
                stage.settled()
                found = stage.result()
            if not held_up(found):
                break
    assert [one.state for one in found.became] == ["done"] * len(names)
    assert held_up(found) == []
    assert found.peak < LARGEST


@pytest.mark.servers
def test_what_says_little_but_costs_much_is_not_written_about_in_the_loop(tmp_path: Path) -> None:
    """Nine letters of a short mail are: no committee for which that is so is larger. Where these
    are too, that takes 35 to 55 ms, by machine and hour; where they aren't, 7."""
    at_most = CALLBACK / 2
    names = (
        "ten From of 2,000 letters",
        "a name that is right to left and back again",
        "190 pictures without a name",
    )
    found = measured(tmp_path, names, members=9, by=at_most)
    assert [one.state for one in found.became] == ["done"] * len(names)
    assert held_up(found, at_most) == []


@pytest.mark.servers
def test_no_letter_waits_until_its_language_is_made_ready(tmp_path: Path) -> None:
    """A stranger chooses it, and a language's first letter took a third of a step's time."""
    with Stage(tmp_path, road="lmtp") as stage:
        stage.put([("in German", GERMAN)])
        stage.settled()
        found = stage.result()
    assert [one.answers for one in found.became] == [1]
    assert found.compiled == []


@pytest.mark.servers
def test_what_looks_signed_is_looked_at_ahead_and_then_waits_as_others_do(tmp_path: Path) -> None:
    head = b"From: mallory@mallory.example.net\r\nTo: conduct@example.org\r\n"
    field = b"DKIM-Signature: v=1; a=rsa-sha256; d=mallory.example.net; s=no; h=From; bh=YQ==; "
    field += b"b=YQ==\r\n"
    with Stage(tmp_path, road="lmtp") as stage:
        stage.put([("plain", head + b"\r\nOne.\r\n"), ("forged", field + head + b"\r\nTwo.\r\n")])
        stage.settled()
        assert stage.taken_up() == [1, 2]
        assert [one.state for one in stage.result().became] == ["done", "done"]


@pytest.mark.servers
def test_a_stop_in_the_middle_of_a_mail_takes_no_time_and_sets_nothing_aside(
    tmp_path: Path,
) -> None:
    unusual = MAILS["two million empty lines"]()
    with Stage(tmp_path, road="lmtp") as stage:
        stage.put([("first", unusual)])
        stage.settled()
        os.kill(stage.readers()[0], signal.SIGSTOP)
        stage.put([("second", unusual + b"x")])
        wait_until(stage.working, timeout=60, what="the second mail's turn")
        began = time.monotonic()
        found = stage.result()
        assert time.monotonic() - began < 8
        assert stage.readers() == []
    assert [one.state for one in found.became] == ["done", "waiting"]


@pytest.mark.servers
def test_a_reader_that_is_killed_while_idle_costs_no_mail_and_another_takes_its_place(
    tmp_path: Path,
) -> None:
    unusual = MAILS["two million empty lines"]()
    with Stage(tmp_path, road="lmtp") as stage:
        stage.put([("first", unusual)])
        stage.settled()
        os.kill(stage.readers()[0], signal.SIGKILL)
        stage.put([("second", unusual + b"x"), ("third", unusual + b"y")])
        stage.settled()
        found = stage.result()
    assert [one.state for one in found.became] == ["done", "done", "done"]


@pytest.mark.parametrize(
    "text", ["a " * 500_000, "/a " * 300_000, "\t " * 300_000, "a\u00a0" * 300_000]
)
def test_a_letter_takes_time_by_its_length_alone(text: str) -> None:
    began = time.thread_time()
    flowed(text)
    assert time.thread_time() - began < 1
