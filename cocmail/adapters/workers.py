"""Processes in which what may stall or fall does so alone.

Owns the pool: processes that are reused, have limits of processor time, memory and wall time, and
are replaced when they die. Refuses to know what is called there (worker_process). Called by
adapters.reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cocmail.core.errors import Temporary

_START: Final = 30.0  # seconds to come up; the time for a call begins then
_SLOWER: Final = 5  # times its processor time may pass by the wall: a busy machine is no attack
_PROGRAM: Final = "cocmail.adapters.worker_process"
_STOPPING: Final = "cocmail is being stopped"
_NO_PROCESS: Final = "no process could be started to read a mail in"
_LONGEST: Final = 256 << 20  # bytes of an answer


class DiedError(Exception):
    """The process died of this call, or was stopped because it went beyond a limit."""


class _DiedBeforeError(DiedError):
    """The process was dead before it had this call: the kernel took it, or somebody."""


class Workers:
    """Use within one event loop, and close it."""

    def __init__(
        self,
        *,
        most: int = 2,
        seconds: int = 10,
        wall: float | None = None,
        memory: int = 768 << 20,
        idle: float = 20.0,
        jobs: str = "cocmail.adapters.reading",
    ) -> None:
        """``most``: processes at once. ``seconds``: processor time for one call. ``wall``: time by
        the clock, much more where it isn't said. ``memory``: bytes
        of address space for one process. ``idle``: a process that nobody needed for so many
        seconds ends. ``jobs``: the module whose ``JOBS`` can be called."""
        self._slots = asyncio.Semaphore(most)
        self._idle = idle
        self._arguments = (jobs, str(seconds), str(memory))
        self._wall = wall or float(seconds * _SLOWER)
        self._free: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._ending: asyncio.TimerHandle | None = None
        self._closed = False

    async def call(self, job: str, *arguments: object) -> bytes:
        """What the job answers, as bytes. Raises DiedError; Temporary where no process can be
        started, or all are being ended."""
        async with self._slots:
            if self._stopping():
                raise Temporary(_STOPPING)
            if self._free:
                with contextlib.suppress(_DiedBeforeError):
                    return await self._ask(self._free.pop(), job, arguments)
            return await self._ask(_Worker(self._arguments, self._wall), job, arguments)

    async def _ask(self, worker: _Worker, job: str, arguments: tuple[object, ...]) -> bytes:
        self._busy.add(worker)
        try:
            answer = await asyncio.to_thread(worker.ask, job, arguments)
        except BaseException as error:
            worker.end()  # else its answer would be taken for the next call's
            if isinstance(error, DiedError) and self._stopping():
                raise Temporary(_STOPPING) from error  # it isn't the mail's doing
            raise
        finally:
            self._busy.discard(worker)
        self._free.append(worker)
        self._end_when_idle()
        return answer

    def _stopping(self) -> bool:
        return self._closed

    def _end_when_idle(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
        self._ending = asyncio.get_running_loop().call_later(self._idle, self._end_free)

    def _end_free(self) -> None:
        while self._free:
            self._free.pop().end()

    def close(self) -> None:
        """End all of them, in the middle of a call too."""
        self._closed = True
        if self._ending is not None:
            self._ending.cancel()
        self._end_free()
        for worker in tuple(self._busy):
            worker.end()


class _Worker:
    """One process. Blocking: each call is made in a thread."""

    def __init__(self, arguments: tuple[str, ...], wall: float) -> None:
        self._arguments, self._wall = arguments, wall
        self._turn = threading.Lock()  # held while it is asked
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False

    def ask(self, job: str, arguments: tuple[object, ...]) -> bytes:
        question = pickle.dumps((job, arguments), protocol=5)
        with self._turn:
            if self._process is None:
                self._start()
                with self._within(_START):
                    try:
                        self._read(1)
                    except DiedError as error:
                        raise Temporary(_NO_PROCESS) from error
            elif self._process.poll() is not None:
                raise _DiedBeforeError
            with self._within(self._wall):
                return self._exchange(question)

    def end(self) -> None:
        """From any thread, at any time: who is asking it gets DiedError."""
        with self._starting:
            self._ended = True
            process = self._process
        if process is None:
            return
        process.kill()
        with self._turn:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def _start(self) -> None:
        with self._starting:
            if self._ended:
                raise DiedError
            try:
                # Nothing of our environment: it needs no secret of the daemon's. And no bytecode:
                # Python takes half a file for a whole one, so a full disk would break it for good.
                self._process = subprocess.Popen(
                    [sys.executable, "-PB", "-m", _PROGRAM, *self._arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": _home()},
                )
            except OSError as error:
                raise Temporary(_NO_PROCESS) from error

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        assert self._process is not None
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _exchange(self, question: bytes) -> bytes:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            for piece in (struct.pack("!Q", len(question)), question):
                view = memoryview(piece)
                while view:
                    view = view[self._process.stdin.write(view) or 0 :]
        except (OSError, ValueError) as error:
            raise _DiedBeforeError from error
        (length,) = struct.unpack("!Q", self._read(8))
        if length > _LONGEST:
            raise DiedError
        return self._read(length)

    def _read(self, length: int) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        read = bytearray()
        try:
            while len(read) < length:
                got = self._process.stdout.read(min(length - len(read), 1 << 20))
                if not got:
                    raise DiedError
                read += got
        except (OSError, ValueError) as error:
            raise DiedError from error
        return bytes(read)


def _home() -> str:
    """Where the process finds this very package, installed or not."""
    return str(Path(__file__).resolve().parents[2])
