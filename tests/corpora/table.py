"""Mail that nobody here wrote, put to the daemon by both roads: what became of it, as a table."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.corpora.mails import CORPORA, folders, mails, not_mail, said
from tests.corpora.marks import mark
from tests.hostile.stage import Became, Result, Stage

ROADS = ("lmtp", "imap")
HEAD = (
    f"{'mail':<28}{'road':<6}{'put':>6}{'same':>6}{'refused':>9}{'stored':>8}{'cases':>7}{'filed':>7}"
    f"{'set aside':>11}{'answered':>10}{'machines':>10}{'lost':>6}{'raised':>8}{'slowest':>9}"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One folder by one road."""

    folder: str
    road: str
    put: int
    same: int  # the bytes of another, which are one mail
    refused: int  # by the server in front of us, so that it never was ours
    stored: int
    cases: int
    filed: int
    aside: int
    answered: int
    machines: int  # that bear a machine's mark
    wrongly: int  # and were answered
    lost: int
    raised: int
    slowest: float  # seconds

    def __str__(self) -> str:
        return (
            f"{self.folder:<28}{self.road:<6}{self.put:>6}{self.same:>6}{self.refused:>9}{self.stored:>8}"
            f"{self.cases:>7}{self.filed:>7}{self.aside:>11}{self.answered:>10}"
            f"{f'{self.wrongly}/{self.machines}':>10}{self.lost:>6}{self.raised:>8}{self.slowest:>8.2f}s"
        )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Of what people said in their replies."""

    mails: int
    whole: int  # shown with every word, in order
    words: int
    seen: int

    def __str__(self) -> str:
        share = 100 * self.seen / self.words
        return (
            f"replies: {self.whole} of {self.mails} shown with every word that was said in them, "
            f"{self.seen} of {self.words} words ({share:.1f} %); nothing is folded away"
        )


@dataclass(kw_only=True)
class Run:
    """All of it by one road."""

    rows: list[Row]
    shown: Shown
    result: Result
    trouble: list[str]  # the names of what was lost, raised, or answered to a machine


def row(folder: str, road: str, result: Result, marks: Mapping[str, str]) -> Row:
    """``marks``: by which a mail is a machine's, of those that are."""
    became = [one for one in result.became if one.name.startswith(f"{folder}/")]
    states = Counter(one.state for one in became)
    away = sum(name.startswith(f"{folder}/") for name in result.refused)
    same = sum(name.startswith(f"{folder}/") for name in result.same)
    return Row(
        folder=folder,
        road=road,
        put=len(became) + away + same,
        same=same,
        refused=away,
        stored=len(became) - states[""],
        cases=states["done"],
        filed=states["filed"],
        aside=states["quarantined"],
        answered=sum(bool(one.answers) for one in became),
        machines=sum(name.startswith(f"{folder}/") for name in marks),
        wrongly=sum(bool(one.answers) and one.name in marks for one in became),
        lost=states[""] + states["waiting"],
        raised=sum(one.raised for one in became),
        slowest=max((one.seconds for one in became), default=0.0),
    )


def run(road: str, every: Sequence[tuple[str, bytes]], timeout: float = 600) -> Run:
    """Put all of this to a fresh daemon. A name is FOLDER/FILE."""
    with tempfile.TemporaryDirectory() as scratch, Stage(Path(scratch), road=road) as stage:
        stage.put(every)
        stage.settled(timeout)
        shown = _shown(stage, [name for name, _ in every])
        result = stage.result()
    folders = dict.fromkeys(name.partition("/")[0] for name, _ in every)
    marks = {name: found for name, raw in every if (found := mark(raw))}
    rows = [row(folder, road, result, marks) for folder in folders]
    return Run(rows=rows, shown=shown, result=result, trouble=troubles(result.became, marks))


def troubles(every: Iterable[Became], marks: Mapping[str, str]) -> list[str]:
    """The names of what was lost, raised, or is a machine's and was answered."""
    found: list[str] = []
    for one in every:
        if one.raised or one.state in ("", "waiting"):
            found.append(f"{one.name}: {one.why or one.state or 'lost'}")
        elif one.answers and one.name in marks:
            found.append(f"{one.name}: a machine's by its {marks[one.name]}, and answered")
        elif one.answers and one.name.startswith("bounces/"):
            found.append(f"{one.name}: a machine's, and answered")
    return found


def _shown(stage: Stage, put: Sequence[str]) -> Shown:
    """What a member reads of the replies, in the copy that left."""
    wanted = [(raw, text) for name, raw, text in said() if name in put]
    copies = stage.copies(len(wanted), of="@anna.example.net")
    whole = words = seen = 0
    for raw, text in wanted:
        sender = raw.partition(b"<")[2].partition(b">")[0].decode()
        read = next((one for one in copies if sender in one), "").split()
        counted = _in_order(text.split(), read)
        whole += counted == len(text.split())
        words += len(text.split())
        seen += counted
    return Shown(mails=len(wanted), whole=whole, words=words, seen=seen)


def _in_order(words: Sequence[str], read: Sequence[str]) -> int:
    """How many of the words stand there, in their order."""
    at = found = 0
    for word in words:
        if word in read[at:]:
            at = read.index(word, at) + 1
            found += 1
    return found


def ours() -> list[tuple[str, bytes]]:
    """All of ../shared/corpora."""
    found = [
        (f"{folder}/{name}", raw) for folder in folders() for name, raw in mails(CORPORA / folder)
    ]
    return found + [(name, raw) for name, raw, _ in said()]


def another(folder: Path) -> list[tuple[str, bytes]]:
    return [(f"{_row_of(folder)}/{name}", raw) for name, raw in mails(folder)]


def left_out(folder: Path, ours: bool = False) -> str:
    """The files that nothing was put of, as a row."""
    name = folder.name if ours else _row_of(folder)
    return f"{name}: not mail, {len(not_mail(folder))} files"


def _row_of(folder: Path) -> str:
    """One of its own, whatever it is called."""
    return f"CORPORA={folder.name}"
