"""The look over a mail before it is taken apart: what is beyond a limit is said in one line, what
is within is found, and no bytes make it slow."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cocmail.core.limits import Limits, TooMuchError, Usual, has_run, survey

PARTS = b"Content-Type: multipart/mixed; boundary=b\n\n"
SIGNED = b"DKIM-Signature: v=1\n\n"

BEYOND = {
    "larger than": (b"x" * 101, Limits(size=100)),
    "header is larger": (b"X: 1\n" * 50, Limits(header=100, line=50)),
    "s header is larger": (b"Xylophone: 1\n" * 30, Limits(header=100, line=50)),
    "line of its header": (b"X: 1\nY: " + b"1" * 100 + b"\n\nx", Limits(line=100)),
    "white space": (SIGNED + b"a" + b" \t" * 6 + b"b", Limits(white_space=11)),
    "more parts": (PARTS + b"--c\n" * 1001, Limits(parts=2)),
}


@pytest.mark.parametrize("what", BEYOND)
def test_beyond_a_limit_it_says_which_and_quotes_nothing(what: str) -> None:
    raw, limits = BEYOND[what]
    with pytest.raises(TooMuchError, match=what):
        survey(raw, limits)
    survey(raw)  # the usual limits let it pass


def test_white_space_counts_under_a_signature_alone() -> None:
    survey(b"Subject: x\n\n" + b" " * 100, Limits(white_space=10))
    survey(SIGNED + (b" " * 10 + b"\n") * 10, Limits(white_space=10))


@given(st.binary(max_size=12).map(lambda b: bytes(b" \ta"[c % 3] for c in b)), st.integers(1, 5))
def test_a_run_is_found_wherever_it_stands(raw: bytes, length: int) -> None:
    runs = raw.replace(b"\t", b" ").split(b"a")
    assert has_run(raw, length) == (max(map(len, runs)) >= length)


def test_borders_are_lines_that_begin_with_two_dashes() -> None:
    raw = b"A: b\n\n--b  \r\nx--b\n--b--\n --b\n--\n--b"
    found = survey(raw).borders
    places = {line: [raw[at : at + 3] for at in where] for line, where in found.items()}
    assert places == {b"b": [b"--b", b"--b"], b"b--": [b"--b"], b"": [b"--\n"]}
    assert survey(b"\n--b\n").borders == {b"b": (1,)}
    assert survey(b"--b\n").borders == {b"b": (0,)}


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\n\nShort.\n",
        b"Subject: x\nContent-Type: text/html\n\n" + b"<p>A mail</p>\n" * 500,
        b"Subject: x\n\n" + b"A long line, and no end of it. " * 5_000,
    ],
)
def test_what_people_write_is_usual(raw: bytes) -> None:
    assert survey(raw).usual


@pytest.mark.parametrize(
    "raw",
    [
        b"X: 1\n" * 4_000 + b"\n",
        b"\n" + b"x" * 200_001,
        b"\n" + b"--b\n" * 200,
        b"\n" + b"<p>" * 2_001,
        b"\n" + b" " * 501,
    ],
)
def test_what_programs_write_to_hurt_is_unusual(raw: bytes) -> None:
    assert not survey(raw).usual
    huge = 1 << 30
    assert survey(raw, usual=Usual(size=huge, header=huge, borders=huge, tags=huge,
                                   white_space=huge)).usual  # fmt: skip


@pytest.mark.parametrize(
    "piece", [b" ", b"\n", b"--", b"\n--", b"\n--b\n", b"<", b"a", b" a", b"\r", b"X: 1\n"]
)
@pytest.mark.parametrize("head", [b"", b"A: b\n\n", SIGNED, PARTS])
def test_no_bytes_make_it_slow(head: bytes, piece: bytes) -> None:
    raw = head + piece * (20_000_000 // len(piece))
    began = time.thread_time()
    with contextlib.suppress(TooMuchError):
        survey(raw)
    assert time.thread_time() - began < 0.5
