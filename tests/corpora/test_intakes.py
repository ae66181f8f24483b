"""A part of the corpora by both roads, to the daemon itself; `make corpora` puts all of it."""

from pathlib import Path

import pytest

from tests.corpora.mails import APART, CORPORA, folders, mails, not_mail, split
from tests.corpora.marks import mark
from tests.corpora.table import ROADS, another, left_out, ours, row, run, troubles
from tests.hostile.stage import Became, Result

A_PART = 5  # every fifth; another one for each road


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("road", ROADS)
def test_nothing_is_lost_raises_or_answers_a_machine(road: str) -> None:
    every = ours()[ROADS.index(road) :: A_PART]
    every += [one for one in ours() if one[0] == "bounces/lhost-verizon-01.eml"]
    done = run(road, every, timeout=120)
    assert done.trouble == []
    assert {one.folder for one in done.rows} == {*folders(), "replies"}
    assert sum(one.put for one in done.rows) == len(every)
    for one in done.rows:
        assert (one.lost, one.raised) == (0, 0)
        assert one.stored == one.put - one.same - one.refused
        assert one.cases + one.filed + one.aside == one.stored
        assert one.slowest < 5
    bounces = next(one for one in done.rows if one.folder == "bounces")
    assert (bounces.answered, bounces.cases) == (0, 0)
    assert bounces.machines > 20
    assert all(one.wrongly == 0 for one in done.rows)
    assert done.shown.mails > 10
    assert (done.shown.whole, done.shown.seen) == (done.shown.mails, done.shown.words)
    assert "Traceback" not in done.result.said


def test_no_folder_of_the_corpora_is_passed_over(tmp_path: Path) -> None:
    there = {one.name for one in CORPORA.iterdir() if one.is_dir()}
    assert {name.partition("/")[0] for name, _ in ours()} == there - {"licenses"}
    for name in (*APART, "bounces", "another"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").touch()
    assert folders(tmp_path) == ["another", "bounces"]


def test_a_folder_of_any_mix_is_read(tmp_path: Path) -> None:
    one, two = b"Subject: one\n\nFrom here on\n", b"Subject: two\n\nIt begins:\n>From x\n"
    box = b"From a@b.example Sat Nov 21 10:00:00 2026\n" + one + b"\nFrom c Sat Nov 21 2026\n" + two
    (tmp_path / "deep").mkdir()
    for name, raw in {
        "a.mbox": box, "b.eml": one, "c.msg": b"\xd0\xcf\x11\xe0\xa1\xb1", "deep/Inbox": box,
        "deep/1732.M1.host:2,S": two, "e.eml": b"From a@b.example Sat\n" + one, "f.eml": b"",
        "notes.png": b"\x89PNG",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(raw)
    found = dict(mails(tmp_path))
    assert set(found) == {
        "a.mbox:1", "a.mbox:2", "b.eml", "c.msg", "deep/Inbox:1", "deep/Inbox:2",
        "deep/1732.M1.host:2,S", "e.eml", "f.eml",
    }  # fmt: skip
    assert found["a.mbox:1"] == one + b"\n"
    assert found["a.mbox:2"] == two
    assert list(split(box.replace(b"\n", b"\r\n")))[1] == two.replace(b"\n", b"\r\n")


def test_a_box_is_taken_apart_however_it_begins(tmp_path: Path) -> None:
    one, two = b"Subject: one\n\nIn 2024,\n\nFrom what I saw in 2024 on\n", b"Subject: two\n\nx\n"
    box = (
        b"From a@b.example Sat Nov 21 10:00:00 2026\n%b\nFrom c@d.example Sat Nov 21 10:00\n" % one
    )
    mmdf = b"\x01\x01\x01\x01\n%b\x01\x01\x01\x01\n"
    for name, raw in {
        "empty-line.mbox": b"\n" + box + two, "mark.mbox": b"\xef\xbb\xbf" + box + two,
        "no-date": b"From -\n%b\nFrom c@d.example\n" % one + two, "ISO.MBOX": box + two,
        "mmdf": mmdf % one + mmdf % two,
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(raw)
        found = {key: raw.rstrip() for key, raw in mails(tmp_path)}
        assert found[f"{name}:1"] == one.rstrip(), name
        assert found[f"{name}:2"] == two.rstrip(), name
    assert len(found) == 10


def test_apple_s_mail_is_mail(tmp_path: Path) -> None:
    one = b"Subject: one\n\nHello.\n"
    box = b'<?xml version="1.0"?>\n<plist><dict><key>flags</key></dict></plist>\n'
    (tmp_path / "1.emlx").write_bytes(b"%-10d\n%b%b" % (len(one), one, box))
    (tmp_path / "2.partial.emlx").write_bytes(b"%d\r\n%b%b" % (len(one), one, box))
    (tmp_path / "3").write_bytes(b"42\nis the answer\n")
    assert dict(mails(tmp_path)) == {"1.emlx": one, "2.partial.emlx": one}
    assert not_mail(tmp_path) == ["3"]


def test_a_mail_begins_without_an_empty_line_before_it() -> None:
    line = b"From b@c.example Sat Nov 21 10:00:00 2026\n"
    one, two = b"Subject: one\n\nHello.\n", b"X-Status: R\nSubject: two\n\nx\n"
    assert list(split(line + one + line + two)) == [one, two]
    assert list(split(line + one + line.rstrip() + b" +0100\r\n" + two)) == [one, two]
    for said in (line + b"is how an mbox begins.\n", b"From b@c.example on Sat\nNote: no date\n"):
        assert list(split(line + one + said)) == [one + said]


def test_whoever_answers_a_machine_of_any_folder_is_told() -> None:
    plain = b"From: a@b.example\nSubject: s\n"
    marked = {
        "x/reply": b"Auto-Submitted:\n auto-replied\n" + plain, "x/list": b"PRECEDENCE: List\n",
        "x/report": b"Content-Type: Multipart/Report;\n boundary=b\n",
        "x/null": b"Return-Path: <>\n",
    }  # fmt: skip
    unmarked = {
        "x/no": plain + b"Auto-Submitted: no (really)\n",
        "x/body": plain + b"\nAuto-Submitted: auto-replied\n",
        "x/path": b"Return-Path: <a@b.example>\nReturn-Path: <>\n" + plain,
    }
    marks = {name: mark(raw) for name, raw in (marked | unmarked).items() if mark(raw)}
    assert list(marks) == list(marked)
    became = [Became(name=name, state="done", answers=1) for name in marked | unmarked]
    assert troubles(became, marks) == [
        f"{name}: a machine's by its {marks[name]}, and answered" for name in marked
    ]
    shown = row("x", "lmtp", Result(became=became), marks)
    assert (shown.machines, shown.wrongly) == (4, 4)
    assert "4/4" in str(shown)
    quiet = [Became(name=name, state="filed") for name in marked]
    assert troubles(quiet, marks) == []
    assert troubles([Became(name="bounces/x", state="done", answers=1)], {}) != []


def test_every_file_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "bounces"
    (folder / "deep").mkdir(parents=True)
    for name, raw in {
        "A.EML": b"", "B.MSG": b"\xd0\xcf\x11\xe0", "c": b"\xef\xbb\xbf\r\nSubject: c\n\nx",
        "deep/d.png": b"\x89PNG", "e.mbox": b"", "f.txt": b"said nothing",
    }.items():  # fmt: skip
        (folder / name).write_bytes(raw)
    (folder / "gone.eml").symlink_to(folder / "nowhere")
    assert {name for name, _ in mails(folder)} == {"A.EML", "B.MSG", "c"}
    assert set(not_mail(folder)) == {"deep/d.png", "e.mbox", "f.txt", "gone.eml"}
    rows = {name.partition("/")[0] for name, _ in another(folder)}
    assert not rows & {name.partition("/")[0] for name, _ in ours()}, "a row of its own"
    assert left_out(folder) == "CORPORA=bounces: not mail, 4 files"
    assert left_out(folder, ours=True) == "bounces: not mail, 4 files"
