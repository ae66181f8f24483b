"""What a worker can be asked by tests alone: whatever must end its process, and what it keeps."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from cocmail.adapters.reading import JOBS as REAL


def _burn() -> bytes:
    while True:
        pass


def _swell() -> bytes:
    bytearray(b"x") * 400_000_000
    return b""


def _fall() -> bytes:
    os.abort()


def _fall_and_tell(path: str) -> bytes:
    with Path(path).open("ab") as file:
        file.write(b"x")
    return _fall()


def _raise() -> bytes:
    raise RecursionError


def _flood() -> bytes:
    os.write(1, b"x" * 1000)  # stdout is no road out
    return b"x" * 300_000_000


def _keeps() -> bytes:
    return b"nothing" if sys.dont_write_bytecode else b"bytecode"


JOBS: Mapping[str, Callable[..., bytes]] = {
    **REAL, "burn": _burn, "swell": _swell, "fall": _fall, "raise": _raise, "flood": _flood,
    "fall and tell": _fall_and_tell, "keeps": _keeps,
}  # fmt: skip
