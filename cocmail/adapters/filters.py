"""Inbound filters: found, trusted, and asked within a time limit.

Owns which files are filters and in which order, whether they may be trusted, and the process that
runs them. A filter that is broken (raises, returns no verdict, takes too long) sets the mail
aside and is named. Refuses to know what filters look for. Called by loops/examining's composition,
by `cocmail check` and by `cocmail filters`.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cocmail.core.errors import Permanent
from cocmail.core.filtering import (
    Incoming,
    Judgement,
    Once,
    Pass,
    Said,
    SetAside,
    Tag,
    Urgent,
    Verdict,
    broken,
    fault,
    fold,
    packed,
)

_NAME = re.compile(r"[0-9]{2}-[a-z0-9]+(?:[-_][a-z0-9]+)*\.py")
_MAX_SOURCE = 1_000_000
_CONTRACT = "cocmail.core.filtering"
_LONG = 20_000  # characters
_START = 30.0  # seconds for the process to come up; a filter's own time begins then
_LAST = 1.0  # seconds to wait for the end of a process that was killed


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One filter's file, as it was when it was read."""

    name: str  # "10-spam-flagged"
    path: Path
    digest: str  # SHA-256 of its source, hex
    source: str = field(repr=False)


def load(directories: Sequence[Path], also: Sequence[Path] = ()) -> tuple[Filter, ...]:
    """All filters of these directories in the order of their names. Raises Permanent, with the
    file and what would mend it, where one can't be trusted or read. ``also``: files that are in
    no directory yet; each takes the place of one of its name."""
    found: dict[str, Filter] = {}
    for directory in directories:
        try:
            _trusted(directory, directory.stat())
            _out_of_reach(directory)
            names = sorted(one.name for one in directory.iterdir())
        except OSError as error:
            raise Permanent(f"{directory}: {error.strerror}; make it, or unlist it") from error
        for name in names:
            if _is_filter(directory, name):
                if name in found:
                    raise Permanent(
                        f"{directory / name}: {found[name].path.parent} has a filter of this name"
                        " too; rename one"
                    )
                found[name] = _read(directory / name)
    for path in also:
        if not _NAME.fullmatch(path.name):
            raise Permanent(f"{path}: a filter's name is like 30-name.py; rename it")
        found[path.name] = _read(path)
    return tuple(found[name] for name in sorted(found))


def _is_filter(directory: Path, name: str) -> bool:
    if not name.endswith(".py") or name.startswith((".", "_")):
        return False
    if not _NAME.fullmatch(name):
        raise Permanent(f"{directory / name}: a filter's name is like 30-name.py; rename it")
    return True


def _read(path: Path) -> Filter:
    # Looked at and read through one descriptor: it can't be exchanged in between.
    try:
        # Not waiting: a pipe of this name would hold up the daemon's start for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            _trusted(path, status)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_SOURCE:
                raise Permanent(
                    f"{path}: is no plain file, or too large for a filter; move it away"
                )
            source = file.read(_MAX_SOURCE + 1)
        if path.is_symlink():
            real = path.resolve()
            _trusted(real.parent, real.parent.stat())
            _out_of_reach(real.parent)
    except OSError as error:
        raise Permanent(f"{path}: {error.strerror}") from error
    try:
        text = source.decode("utf-8")
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise Permanent(f"{path}: line {line} is no Python; mend it or move it away") from error
    _keeps_the_contract(path, tree)
    return Filter(name=path.stem, path=path, digest=hashlib.sha256(source).hexdigest(), source=text)


def _keeps_the_contract(path: Path, tree: ast.Module) -> None:
    """Against slips, not against malice: whoever may write this file may run what they like."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    found = [one for one in tree.body if isinstance(one, kinds) and one.name == "judge"]
    if not found:
        raise Permanent(f"{path}: has no function judge(mail); add it or move the file away")
    if isinstance(found[-1], ast.AsyncFunctionDef):
        line = found[-1].lineno
        raise Permanent(f"{path}: line {line}: judge is async; write def judge(mail)")
    takes = found[-1].args
    needed = len(takes.posonlyargs) + len(takes.args) - len(takes.defaults)
    most = len(takes.posonlyargs) + len(takes.args)
    named = sum(one is None for one in takes.kw_defaults)
    if named or needed > 1 or not (most or takes.vararg):
        line = found[-1].lineno
        raise Permanent(f"{path}: line {line}: judge takes one mail; write def judge(mail)")
    for node in ast.walk(tree):
        for name in _imported(node):
            if name != _CONTRACT and name.partition(".")[0] not in sys.stdlib_module_names:
                raise Permanent(
                    f"{path}: line {getattr(node, 'lineno', 1)}: a filter imports {_CONTRACT} and"
                    f" Python's own modules alone; take out {name or 'the relative import'}"
                )


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [one.name for one in names]
        case ast.ImportFrom(module=module, level=level):
            return ["" if level else module or ""]
        case _:
            return []


def _out_of_reach(directory: Path) -> None:
    """Nobody else can put another folder in its place, on the way there or where a link leads."""
    for one in {*directory.absolute().parents, *directory.resolve().parents}:
        mode = one.stat().st_mode
        if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
            raise Permanent(
                f"{directory}: others may write to {one}, and so exchange it; chmod go-w {one}"
            )


def _trusted(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise Permanent(f"{path}: belongs to somebody else; chown it to root or to this user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Permanent(f"{path}: others may write to it; chmod go-w it")


class Filters:
    """Asks every filter about a mail. One mail at a time; the process starts with the first."""

    def __init__(
        self, filters: Sequence[Filter], *, seconds: float = 10.0, idle: float = 20.0
    ) -> None:
        """``seconds``: how long one filter may take for one mail; generous, for what is cut off
        sets a mail aside, and a busy machine is slow. ``idle``: the process, which nobody needs
        between mails, ends after so many."""
        self._filters = tuple(filters)
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._asked = 0
        self._idle = idle
        self._ending: asyncio.Task[None] | None = None

    async def judge(self, mail: Incoming) -> Judgement:
        """What the filters say together. Raises nothing for any filter."""
        async with self._turn:
            if self._ending is not None:
                self._ending.cancel()
            try:
                # A long text takes a while to write out, and is the same for all of them.
                packing = len(mail.text) > _LONG and asyncio.to_thread(_packed, mail)
                text = await packing if packing else _packed(mail)
                return fold([await self._ask(one, text) for one in self._filters])
            finally:
                self._ending = asyncio.create_task(self._end_when_idle())

    async def _end_when_idle(self) -> None:
        await asyncio.sleep(self._idle)
        async with self._turn:
            await self._end()

    async def close(self) -> None:
        """End the process."""
        if self._ending is not None:
            self._ending.cancel()
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # With what a filter started; what left the group may hold our pipes for ever, and asyncio
        # waits for the end of these, too.
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST):
                await process.wait()

    async def _ask(self, one: Filter, mail: bytes) -> Said:
        fresh = self._process is None
        try:
            try:
                return await self._answer(one, mail)
            except (OSError, ValueError) as error:
                if fresh or isinstance(error, TimeoutError):
                    raise
                # It may have been another filter's doing, that one's of before or of the last mail.
                await self._end()
                return await self._answer(one, mail)
        except TimeoutError:
            await self._end()
            return broken(one.name, f"took more than {self._seconds:g} s")
        except (OSError, ValueError):
            await self._end()
            return broken(one.name, "broke its process")
        except asyncio.CancelledError:
            await self._end()  # else its answer would be taken for the next question's
            raise

    async def _answer(self, one: Filter, mail: bytes) -> Said:
        """Raises TimeoutError, OSError, ValueError."""
        path = json.dumps(str(one.path)).encode("ascii")
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked += 1
        asked = b'{"number": %d, "filter": ' % self._asked
        process.stdin.writelines((asked, path, b', "mail": ', mail, b"}\n"))
        async with asyncio.timeout(self._seconds):
            await process.stdin.drain()
            line = await process.stdout.readline()
        return _said(one.name, self._asked, line)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            # Nothing of our environment: a filter needs no secret of the daemon's. And no bytecode:
            # Python takes half a file for a whole one, so a full disk would break it for good (-B).
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-PB",
                "-m",
                "cocmail.adapters.filter_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": _home()},
                start_new_session=True,  # so that what a filter starts ends with it
            )
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            sources = {str(one.path): one.source for one in self._filters}
            self._process.stdin.write(json.dumps(sources).encode("ascii") + b"\n")
            async with asyncio.timeout(_START):
                ready = await self._process.stdout.readline()
            if ready != b'"ready"\n':
                raise OSError
        return self._process


def _packed(mail: Incoming) -> bytes:
    return json.dumps(packed(mail)).encode("ascii")


def _home() -> str:
    """Where the process finds this very package, installed or not."""
    return str(Path(__file__).resolve().parents[2])


def _said(name: str, asked: int, line: bytes) -> Said:
    verdict: Verdict
    try:
        number, answer = json.loads(line)
    except (TypeError, RecursionError) as error:
        raise ValueError from error
    # Else somebody answered twice, and this is about another filter or another mail.
    if number != asked:
        raise ValueError
    match answer:
        case {"pass": _}:
            verdict = Pass()
        case {"set aside": str(why)}:
            verdict = SetAside(why=why)
        case {"urgent": str(why)}:
            verdict = Urgent(why=why)
        case {"tag": str(word)}:
            verdict = Tag(word=word)
        case {"once": _}:
            verdict = Once()
        case {"broken": str(what)}:
            return broken(name, what)
        case _:
            raise ValueError
    # Looked at here too: a filter may have written to the pipe by itself.
    if fault(verdict):
        raise ValueError
    return Said(name=name, verdict=verdict)
