"""`cocmail init DIR`: a folder to start from.

Owns which files are written and how readable they are. Refuses to overwrite anything, and to
ask: what is to be filled in stands in the file. Called by an operator, once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cocmail.adapters.vault import make_key_file
from cocmail.cli import output
from cocmail.cli.shipped import shipped
from cocmail.config.sample import sample
from cocmail.core.errors import Permanent

_NEXT = """
Next:
  1. Open {toml} and fill in your servers, lists, policy and committee.
  2. Write each password into the file that the configuration names, for cocmail alone:
     (umask 077; cat > {folder}/imap.password)
  3. Keep a copy of {key} somewhere else, in safety. Without it nothing that is kept can be read.
  4. cocmail check --config {toml}
  5. cocmail run --config {toml}
Until then the committee in it is an example."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made if missing.")],
) -> None:
    """Write a commented cocmail.toml, a key and the shipped filters. Overwrites nothing."""
    written: list[Path] = []
    left: list[Path] = []

    def put(path: Path, write: Callable[[Path], None]) -> None:
        try:
            write(path)
        except FileExistsError:
            left.append(path)
        else:
            written.append(path)

    toml, key, filters = (folder / name for name in ("cocmail.toml", "cocmail.key", "filters.d"))
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        put(toml, _content(sample().encode(), 0o640))
        put(key, make_key_file)
        if not filters.exists():
            filters.mkdir()
            filters.chmod(0o755)
        for path in shipped("filters"):
            if path.suffix == ".py":
                put(filters / path.name, _content(path.read_bytes(), 0o644))
    except OSError as error:
        why = (error.strerror or "can't be written").lower()
        raise Permanent(
            f"{error.filename or folder}: {why}; name a folder that you may write"
        ) from None
    if output.call().json:
        output.say_json({"written": written, "left": left})
        return
    for path in written:
        output.say(f"wrote {path}")
    for path in left:
        output.say(f"left  {path} (it was there already)")
    output.say(_NEXT.format(toml=toml, key=key, folder=folder))


def _content(content: bytes, mode: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(made, "wb") as file:
            os.fchmod(made, mode)  # whatever the umask is: the daemon reads it as another user
            file.write(content)
            file.flush()
            os.fsync(made)

    return write
