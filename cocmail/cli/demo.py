"""`cocmail demo`: the whole story on real parts in a scratch folder, told and checked.

Owns the verb's options and exit status. Everything else is `cocmail.demo`'s, which is imported only
when it is played: nobody else needs the lab's servers. Called by somebody who has just met cocmail.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave it running, to join in with a mail client.")
    ] = False,
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where; else a scratch folder.")
    ] = None,
) -> None:
    """Play the whole story on servers of its own, and check that all of it holds."""
    from cocmail.demo.story import play

    if directory is not None and directory.exists() and any(directory.iterdir()):
        raise typer.BadParameter(f"{directory} is not empty", param_hint="--dir")
    # So that `kill` stops the servers in order, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not play(directory, keep=keep):
        raise typer.Exit(1)
