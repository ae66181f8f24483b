"""A part of the corpora by both roads, to the daemon itself; `make corpora` puts all of it."""

from pathlib import Path

import pytest

from tests.corpora.mails import APART, CORPORA, folders, mails, not_mail, split
from tests.corpora.table import ROADS, another, left_out, ours, run

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
